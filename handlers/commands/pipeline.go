package commands

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/outturn/outturn/events/eventlog"
)

// How far the recorder works ahead of the log.
const (
	// pipelineDepth is how many batches there are at most: one that is being
	// committed, and others that are sent meanwhile and wait for it.
	pipelineDepth = 3
	// maxDepth is how many states may rest on each other before the recorder lets
	// the log come up.
	maxDepth = 16
	// A batch costs much the same whatever its size. So when one is done the next,
	// if it is not full, lingers until as many requests have come as were answered,
	// for at most this share of what the last one took, and this long.
	lingerShare = 8
	maxLinger   = 2 * time.Millisecond
	// maxDecided is how many items are decided for one batch at most; what is
	// refused takes up no place in it.
	maxDecided = 4 * eventlog.MaxBatch
)

// stage is a batch of decided requests on its way to the log.
type stage struct {
	*state
	after    uint64
	requests []*request // each gets its answer when the batch is settled
	records  []eventlog.Record
	decided  int  // items
	parts    bool // some of the requests are parts of long submissions
	together bool // the records stand or fall together
	staged   eventlog.Staged
	sent     int // records that were staged
}

func (r *Recorder) newStage(on *state) *stage { return &stage{state: on.fork(), after: on.sequence} }

// hasRoom says whether more can be decided now.
func (r *Recorder) hasRoom() bool {
	busy := r.inflight != nil
	return len(r.again) == 0 && len(r.open.records) < eventlog.MaxBatch && r.open.decided < maxDecided &&
		(!busy || r.open.depth <= maxDepth)
}

// slice is the range of items that is decided in the request's next turn.
func (q *request) slice() (from, to int) {
	if q.DryRun {
		return q.next, min(q.next+MaxPart, len(q.Items))
	}
	return 0, len(q.Items)
}

// decide decides a request into the open batch. One that does not fit there waits
// for the next.
func (r *Recorder) decide(q *request) {
	if q.DryRun {
		r.rehearse(q)
		return
	}
	s := r.open
	if len(s.records) > 0 && len(s.records)+len(q.Items) > eventlog.MaxBatch {
		r.again = append(r.again, q)
		return
	}
	own := r.newTrial(s.state, q)
	refused := own.decideRange(q, 0, len(q.Items))
	if len(s.records)+len(own.records) > eventlog.MaxBatch { // an approval takes two places
		if len(s.records) == 0 {
			r.answer([]*request{q}, ErrTooMany)
			return
		}
		r.again = append(r.again, q)
		return
	}
	if q.Mode == AllOrNothing && refused {
		q.withhold(s.sequence)
	} else {
		own.merge()
		s.records = append(s.records, own.records...)
		s.together = s.together || own.together || q.Mode == AllOrNothing
	}
	r.admit(q, len(q.Items))
}

// rehearse decides the next items of a dry run on what was decided before. A
// long one lets others have their turn in between.
func (r *Recorder) rehearse(q *request) {
	if q.trial == nil {
		q.trial = r.newTrial(r.open.state, q)
	}
	from, to := q.slice()
	q.trial.decideRange(q, from, to)
	q.next, q.asked = to, false
	if to < len(q.Items) {
		r.parts <- q // has room for as many as may wait
		return
	}
	for _, result := range q.results {
		if q.Mode == AllOrNothing && result.Status == Rejected {
			q.withhold(q.trial.began)
			break
		}
	}
	q.forgetSequences(q.trial.began)
	r.admit(q, to-from)
}

// admit makes a decided request part of the open batch.
func (r *Recorder) admit(q *request, items int) {
	r.open.requests = append(r.open.requests, q)
	r.open.decided += items
	r.open.parts = r.open.parts || len(q.Items) > maxSingle
}

// advance decides what has to be decided again, commits the next batch if none
// is being committed, and sends ahead what will come after it.
func (r *Recorder) advance(ctx context.Context) error {
	r.retake()
	if err := r.takeHeld(ctx); err != nil {
		return err
	}
	if r.inflight == nil && !r.lingers() {
		if s := r.next(); s != nil {
			r.commit(ctx, s)
			r.retake()
		}
	}
	if r.inflight == nil {
		return nil
	}
	r.sendAhead(ctx)
	if (r.open.full() || len(r.again) > 0) && len(r.sealed)+2 < r.limits.depth {
		r.sealed = append(r.sealed, r.open)
		r.open = r.newStage(r.open.state)
		r.retake()
	}
	return nil
}

// idle says whether nothing rests on the settled state.
func (r *Recorder) idle() bool {
	return r.inflight == nil && len(r.sealed) == 0 && len(r.open.requests) == 0
}

// lingers says whether the open batch waits for the clients that were just
// answered.
func (r *Recorder) lingers() bool {
	return r.expected > 0 && len(r.sealed) == 0 && !r.open.full() && len(r.again) == 0
}

// takeHeld takes what was looked up once the recorder has come as far.
func (r *Recorder) takeHeld(ctx context.Context) error {
	c := r.held
	if c == nil || c.got.Sequence > r.settled.sequence && !r.idle() {
		return nil
	}
	r.held = nil
	if err := r.recollect(ctx, c); err != nil {
		return err
	}
	r.retake()
	return nil
}

// retake takes what was put off, in its order, as far as it fits.
func (r *Recorder) retake() {
	waiting := r.again
	r.again = nil
	for i, q := range waiting {
		if r.open.full() || len(r.again) > 0 {
			r.again = append(r.again, waiting[i:]...)
			return
		}
		r.take(q)
	}
}

// full says whether no more is to be decided into the batch.
func (s *stage) full() bool {
	return len(s.records) >= eventlog.MaxBatch || s.decided >= maxDecided
}

// next is the batch that is to be committed next, or nil.
func (r *Recorder) next() *stage {
	if len(r.sealed) > 0 {
		s := r.sealed[0]
		r.sealed = r.sealed[1:]
		return s
	}
	if len(r.open.requests) == 0 {
		return nil
	}
	s := r.open
	r.owed = !s.parts && len(r.parts) > 0
	r.open = r.newStage(s.state)
	return s
}

// ahead are the batches behind the one that is being committed, in their order.
func (r *Recorder) ahead() []*stage { return slices.Concat(r.sealed, []*stage{r.open}) }

// sendAhead sends what was decided while another batch is being committed, once
// it is enough for a batch of the log.
func (r *Recorder) sendAhead(ctx context.Context) {
	for _, s := range r.ahead() {
		if len(s.records) <= eventlog.FewRecords || s.sent == len(s.records) {
			continue
		}
		if s.staged == nil {
			s.staged = r.config.Log.Stage(s.after)
		}
		_ = s.staged.Add(ctx, s.records[s.sent:]) // an error comes again with the commit
		s.sent = len(s.records)
	}
}

// outcome is what became of a batch.
type outcome struct {
	stage *stage
	took  time.Duration
	err   error
}

// commit has a batch recorded. Its outcome comes over the channel.
func (r *Recorder) commit(ctx context.Context, s *stage) {
	r.inflight = s
	if s.staged != nil && s.sent < len(s.records) {
		_ = s.staged.Add(ctx, s.records[s.sent:]) // an error comes again with the commit
	}
	r.work.Go(func() {
		began := time.Now()
		err := r.append(ctx, s)
		r.outcomes <- outcome{s, time.Since(began), err}
	})
}

// append appends the records together or, if they are few and may be apart, one
// after the other, which is faster then. Of no records it makes sure that what
// was refused was decided on the log's end.
func (r *Recorder) append(ctx context.Context, s *stage) error {
	switch {
	case s.staged != nil:
		return s.staged.Commit(ctx)
	case len(s.records) == 0:
		last, err := r.config.Log.Last(ctx)
		if err == nil && last != s.after {
			return eventlog.ErrConflict
		}
		return err
	case len(s.records) == 1 || len(s.records) > eventlog.FewRecords || s.together:
		return r.config.Log.Append(ctx, s.after, s.records)
	}
	appended, err := r.config.Log.AppendEach(ctx, s.after, s.records)
	if err != nil && appended > 0 {
		return errors.Join(eventlog.ErrUncertain, err)
	}
	return err
}

// conclude answers the requests of a batch that was recorded, or has them decided
// again. It returns an error only when the recorder cannot go on.
func (r *Recorder) conclude(ctx context.Context, o outcome) error {
	if o.err == nil {
		r.settle(o)
		return nil
	}
	r.inflight = nil
	failed, rest := o.stage.requests, r.withdraw()
	switch {
	case errors.Is(o.err, eventlog.ErrUncertain), errors.Is(o.err, eventlog.ErrConflict), errors.Is(o.err, eventlog.ErrDuplicate):
		for _, record := range o.stage.records {
			r.claimed[sha256.Sum256(record.Body)] = true
		}
		if !errors.Is(o.err, eventlog.ErrUncertain) {
			r.config.Observer.Conflicted()
		}
	default:
		r.answer(failed, r.afterLoss(o.err))
		r.again = rest
		return nil
	}
	failed = r.tryAgain(failed)
	if err := r.catchUp(ctx); err != nil {
		r.answer(failed, r.afterLoss(err))
		r.again = rest
		return asFatal(err)
	}
	r.again = append(failed, rest...)
	return nil
}

// withdraw takes back everything that was decided on top of a batch that failed.
func (r *Recorder) withdraw() (requests []*request) {
	for _, s := range r.ahead() {
		requests = append(requests, s.requests...)
	}
	requests = append(requests, r.again...)
	r.discard()
	r.sealed, r.again = nil, nil
	r.open = r.newStage(r.settled)
	r.era++ // what memory seemed to have may have been theirs
	return requests
}

// discard gives up what was sent ahead.
func (r *Recorder) discard() {
	for _, s := range r.ahead() {
		if s.staged != nil {
			s.staged.Discard()
		}
	}
}

// tryAgain counts the attempts of requests and returns those that may have one
// more; the others are told that there was a conflict every time.
func (r *Recorder) tryAgain(requests []*request) (again []*request) {
	for _, q := range requests {
		if q.attempts++; q.attempts == 1 {
			r.doubtful++
		}
		if q.attempts >= MaxAttempts {
			r.answer([]*request{q}, ErrConflict)
			continue
		}
		again = append(again, q)
	}
	return again
}

// settle makes a batch that was recorded part of what everybody sees, and
// answers its requests.
func (r *Recorder) settle(o outcome) {
	s := o.stage
	r.inflight = nil
	s.state.settle()
	if r.idle() {
		r.open = r.newStage(r.settled) // what it rested on has nothing of its own any more
	}
	if len(s.records) > 0 {
		r.config.Observer.Appended(len(s.records), o.took)
	}
	r.expected = 0
	if len(s.records) > eventlog.FewRecords {
		r.expected = len(s.requests)
		r.linger.Reset(min(o.took/lingerShare, maxLinger))
	}
	r.publish()
	r.answer(s.requests, nil)
}

// afterLoss is what callers are told when the log went away in between.
func (r *Recorder) afterLoss(err error) error {
	if len(r.claimed) > 0 {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return unavailable(err)
}
