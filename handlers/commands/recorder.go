package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/performance"
)

// Limits of the recorder.
const (
	// MaxAtomic is the most events that can be recorded all or nothing.
	MaxAtomic = eventlog.MaxBatch
	// MaxWaiting is how many submissions may wait; more get [ErrOverloaded].
	MaxWaiting = 4096
	// MaxAttempts is how often a batch is decided anew after a conflict before
	// its submissions get [ErrConflict].
	MaxAttempts = 10
)

// Errors of submitting. They concern the whole submission.
var (
	ErrConflict       = errors.New("other writers were faster every time")
	ErrOverloaded     = errors.New("too many submissions are waiting")
	ErrOutcomeUnknown = errors.New("the log did not answer: the events may or may not be recorded")
	ErrLogUnavailable = errors.New("the log cannot be reached; nothing was recorded")
	ErrTooMany        = fmt.Errorf("more than %d events cannot be recorded all or nothing", MaxAtomic)
	ErrStopped        = errors.New("the recorder has stopped")
)

// Log is what the recorder needs of the log.
type Log interface {
	Append(ctx context.Context, after uint64, records []eventlog.Record) error
	AppendEach(ctx context.Context, after uint64, records []eventlog.Record) (int, error)
	Last(ctx context.Context) (uint64, error)
	At(ctx context.Context, sequence uint64) (eventlog.Record, error)
	Read(ctx context.Context, from, upTo uint64, deliver func([]eventlog.Record) error) error
}

var _ Log = (eventlog.Log)(nil)

// Observer is told what the recorder does, for metrics. Its methods must not
// block.
type Observer interface {
	Appended(events int, took time.Duration)
	Conflicted()
	Rejected(code events.Code)
	Duplicated()
}

// Config is what a recorder is made of.
type Config struct {
	Log Log
	// Now is the clock that events are stamped by. Defaults to time.Now.
	Now func() time.Time
	// Observer defaults to none.
	Observer Observer
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// Recorder decides and records events. Make one with [Open], and run it.
type Recorder struct {
	config   Config
	requests chan *request
	stopped  chan struct{}
	why      atomic.Pointer[error] // why it stopped, set before stopped is closed
	position atomic.Uint64         // the last sequence on the books, for readers

	// Owned by Run's goroutine.
	books    *budget.Books
	sequence uint64
	recorded time.Time
	chain    map[string]events.Hash // by subject of the log: its last event
	index    map[events.Key]uint64  // every key ever recorded: its sequence
	goals    map[performance.Key]*performance.Record
}

// Open reads the whole log into the books. Errors: those of the log, and any
// event in it that cannot be read or does not fit.
func Open(ctx context.Context, config Config) (*Recorder, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Observer == nil {
		config.Observer = unobserved{}
	}
	r := &Recorder{
		config:   config,
		requests: make(chan *request, MaxWaiting),
		stopped:  make(chan struct{}),
		books:    budget.NewBooks(),
		chain:    make(map[string]events.Hash),
		index:    make(map[events.Key]uint64),
		goals:    make(map[performance.Key]*performance.Record),
	}
	if err := r.catchUp(ctx); err != nil {
		return nil, fmt.Errorf("read the log into the books: %w", err)
	}
	return r, nil
}

// Position is the last sequence that this recorder has seen in the log.
func (r *Recorder) Position() uint64 { return r.position.Load() }

// Stopped is why the recorder takes no more submissions, or nil.
func (r *Recorder) Stopped() error {
	if why := r.why.Load(); why != nil {
		return *why
	}
	return nil
}

// Run takes submissions until ctx ends, or until the log shows something that
// the books cannot follow. A batch that is being appended then is finished;
// submissions that still wait get ErrStopped.
func (r *Recorder) Run(ctx context.Context) (err error) {
	defer func() {
		r.why.Store(&err)
		close(r.stopped)
	}()
	work := context.WithoutCancel(ctx)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case first := <-r.requests:
			if err := r.serve(work, r.gather(first)); err != nil {
				r.config.Logger.ErrorContext(ctx, "the recorder stops", "error", err, "sequence", r.sequence)
				return err
			}
		}
	}
}

// gather takes what waits behind the first request, as far as one batch goes.
func (r *Recorder) gather(first *request) []*request {
	batch, size := []*request{first}, len(first.items)
	for size < eventlog.MaxBatch {
		select {
		case next := <-r.requests:
			batch = append(batch, next)
			size += len(next.items)
		default:
			return batch
		}
	}
	return batch
}

// serve decides and appends a batch of requests and answers each. It returns
// an error only when the recorder cannot go on.
func (r *Recorder) serve(ctx context.Context, batch []*request) error {
	mine := make(map[events.Hash]bool) // appended by this batch, perhaps, before it failed
	for range MaxAttempts {
		stage := newStage(r)
		fitting := stage.decideAll(ctx, batch, mine)
		err := stage.err
		if err == nil {
			err = r.settle(ctx, stage, mayBeApart(fitting))
		}
		switch {
		case err == nil:
			r.answer(fitting, nil)
			if rest := batch[len(fitting):]; len(rest) > 0 {
				return r.serve(ctx, rest)
			}
			return nil
		case errors.Is(err, eventlog.ErrUncertain):
			stage.claim(mine)
		case errors.Is(err, eventlog.ErrConflict), errors.Is(err, eventlog.ErrDuplicate):
			stage.claim(mine) // the first of them may have been appended, each alone
			r.config.Observer.Conflicted()
		default:
			r.answer(batch, unavailable(err))
			return nil
		}
		if err := r.catchUp(ctx); err != nil {
			r.answer(batch, afterLoss(mine, err))
			return asFatal(err)
		}
	}
	r.answer(batch, ErrConflict)
	return nil
}

// settle appends what the stage recorded, or makes sure that what it rejected
// was decided on the log's end. ErrConflict means: catch up, decide again.
func (r *Recorder) settle(ctx context.Context, s *stage, apart bool) error {
	if len(s.records) == 0 {
		last, err := r.config.Log.Last(ctx)
		if err == nil && last != r.sequence {
			return eventlog.ErrConflict
		}
		return err
	}
	began := time.Now()
	if err := r.append(ctx, s.records, apart); err != nil {
		return err
	}
	r.config.Observer.Appended(len(s.records), time.Since(began))
	s.merge()
	return nil
}

// append appends the records together or, if they are few and may be apart, one
// after the other, which is faster then.
func (r *Recorder) append(ctx context.Context, records []eventlog.Record, apart bool) error {
	if len(records) == 1 || len(records) > eventlog.FewRecords || !apart {
		return r.config.Log.Append(ctx, r.sequence, records)
	}
	_, err := r.config.Log.AppendEach(ctx, r.sequence, records)
	return err
}

// mayBeApart says whether none of the requests is all or nothing.
func mayBeApart(batch []*request) bool {
	return !slices.ContainsFunc(batch, func(q *request) bool { return q.Mode == AllOrNothing })
}

func (r *Recorder) answer(batch []*request, err error) {
	for _, request := range batch {
		if err == nil {
			request.observe(r.config.Observer)
		}
		request.done <- err
	}
}

// catchUp reads what others appended since.
func (r *Recorder) catchUp(ctx context.Context) error {
	last, err := r.config.Log.Last(ctx)
	if err != nil || last == r.sequence {
		return err
	}
	if last < r.sequence {
		return fatal{fmt.Errorf("the log ends at %d, but %d was read from it before: it is not the same log any more", last, r.sequence)}
	}
	return r.config.Log.Read(ctx, r.sequence+1, last, func(records []eventlog.Record) error {
		for _, record := range records {
			if err := r.follow(record); err != nil {
				return fatal{fmt.Errorf("event %d in the log: %w", record.Sequence, err)}
			}
		}
		return nil
	})
}

// follow puts one event of the log on the books.
func (r *Recorder) follow(record eventlog.Record) error {
	event, err := events.Decode(record.Body)
	if err != nil {
		return err
	}
	if event.Sequence != record.Sequence {
		return fmt.Errorf("it says of itself that it is event %d", event.Sequence)
	}
	if before := r.chain[record.Subject]; event.PrevHash != before {
		return fmt.Errorf("its prevhash is %s, but the event before it on %s hashes to %s", event.PrevHash, record.Subject, before)
	}
	if _, err := budget.Evolve(r.books, event); err != nil {
		return err
	}
	if err := r.followGoal(event); err != nil {
		return err
	}
	r.chain[record.Subject] = event.Hash()
	r.index[event.Key()] = event.Sequence
	r.sequence, r.recorded = event.Sequence, event.RecordedTime
	r.position.Store(r.sequence)
	return nil
}

// read reads one event back from the log.
func (r *Recorder) read(ctx context.Context, sequence uint64) (events.Event, error) {
	record, err := r.config.Log.At(ctx, sequence)
	if err != nil {
		return events.Event{}, err
	}
	return events.Decode(record.Body)
}

// followGoal adds an event of the log to the record of its subject's performance.
func (r *Recorder) followGoal(event events.Event) error {
	key, ok := performance.KeyOf(event)
	if !ok {
		return nil
	}
	if r.goals[key] == nil {
		r.goals[key] = &performance.Record{Key: key}
	}
	return performance.Evolve(r.goals[key], event)
}

// fatal marks an error after which the books are not to be trusted.
type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

func asFatal(err error) error {
	var f fatal
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// unavailable is what callers are told when nothing was appended.
func unavailable(err error) error {
	if errors.Is(err, eventlog.ErrTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrLogUnavailable, err)
}

// afterLoss is what callers are told when the log went away in between.
func afterLoss(mine map[events.Hash]bool, err error) error {
	if len(mine) > 0 {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return unavailable(err)
}

type unobserved struct{}

func (unobserved) Appended(int, time.Duration) {}
func (unobserved) Conflicted()                 {}
func (unobserved) Rejected(events.Code)        {}
func (unobserved) Duplicated()                 {}
