package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bits-and-blooms/bloom/v3"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
)

// Limits of the recorder.
const (
	// MaxAtomic is the most events that can be recorded all or nothing.
	MaxAtomic = eventlog.MaxBatch
	// MaxPart is the most events that are decided in one turn: a long submission is
	// taken in parts, between which others have their turns.
	MaxPart = 500
	// MaxWaiting is how many submissions may wait; more get [ErrOverloaded].
	MaxWaiting = 4096
	// MaxAttempts is how often a submission is decided anew after a conflict before
	// it gets [ErrConflict].
	MaxAttempts = 10
	// MaxTail is how far the log may go on behind the projection for a recorder to
	// start; if it goes on further the start waits for the projection.
	MaxTail = 200_000
	// MaxUnprojected is how far the log may go on behind the projection before new
	// submissions get [ErrPastBehind]: all of it is kept in memory.
	MaxUnprojected = 500_000
	// generation is how many entries are kept in memory at least, and about half of
	// how many at most.
	generation = 100_000
	// followEvery is how often an idle recorder looks what others appended.
	followEvery = time.Second
	// maxSingle is the most events of a submission that goes before the parts of
	// long ones.
	maxSingle = 20
)

// Errors of submitting. They concern the whole submission.
var (
	ErrConflict       = errors.New("other writers were faster every time")
	ErrOverloaded     = errors.New("too many submissions are waiting")
	ErrPastBehind     = errors.New("the projection is behind or cannot be reached, and what this rests on has to be recalled from it; nothing was recorded")
	ErrOutcomeUnknown = errors.New("the log did not answer: the events may or may not be recorded")
	ErrLogUnavailable = errors.New("the log cannot be reached; nothing was recorded")
	ErrTooMany        = fmt.Errorf("more than %d events cannot be recorded all or nothing", MaxAtomic)
	ErrStopped        = errors.New("the recorder has stopped")
)

// Log is what the recorder needs of the log.
type Log interface {
	Append(ctx context.Context, after uint64, records []eventlog.Record) error
	AppendEach(ctx context.Context, after uint64, records []eventlog.Record) (int, error)
	Stage(after uint64) eventlog.Staged
	Last(ctx context.Context) (uint64, error)
	At(ctx context.Context, sequence uint64) (eventlog.Record, error)
	Read(ctx context.Context, from, upTo uint64, deliver func([]eventlog.Record) error) error
	Identity() string
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
	// Past is the projection of the log. Without one the recorder reads the whole
	// log at its start and keeps everything in memory.
	Past Past
	// Now is the clock that events are stamped by. Defaults to time.Now.
	Now func() time.Time
	// Observer defaults to none.
	Observer Observer
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// limits are the sizes that tests make small.
type limits struct {
	tail, unprojected uint64
	generation        int
	filterBits        uint
	follow            time.Duration
	depth             int
}

// Recorder decides and records events. Make one with [Open], and run it.
type Recorder struct {
	config   Config
	limits   limits
	singles  chan *request
	parts    chan *request // of long submissions
	waiting  atomic.Int64  // submissions without an answer
	stopped  chan struct{}
	why      atomic.Pointer[error] // why it stopped, set before stopped is closed
	position atomic.Uint64         // the last sequence on the books, for readers
	view     atomic.Pointer[View]
	work     sync.WaitGroup // what runs beside Run

	// All below is owned by Run's goroutine.
	settled  *state // what the log is known to hold
	inflight *stage // the batch that is being committed
	sealed   []*stage
	open     *stage // the batch that is being decided, on top of all others
	outcomes chan outcome
	again    []*request // to be decided before those that come new
	expected int        // requests that may come back soon from clients that were answered
	linger   *time.Timer
	owed     bool // a part has waited for a whole batch
	claimed  map[events.Hash]bool
	landed   map[events.Key]bool // recorded by a batch whose answer was lost
	doubtful int                 // requests without an answer that were in such a batch

	filter    filter
	filled    chan *bloom.BloomFilter
	parked    []parked // what waits for the next look-up
	recalling bool
	recalled  chan *recollection
	held      *recollection // looked up, and ahead of what is settled
	floor     uint64        // what was dropped from memory last changed up to here
	laid      uint64        // what is dropped next last changed up to here
	era       uint64        // counts what makes an earlier look-up useless
	projected uint64        // where the projection was last
	positions chan uint64
	asking    bool
}

// Open starts from the projection's checkpoint and reads what the log has beyond
// or, without a projection, reads the whole log. It waits while the projection is
// further behind than MaxTail: somebody has to be making it. Errors: those of the
// log and of the projection, [ErrOtherLog], and any event that cannot be read or
// does not fit.
func Open(ctx context.Context, config Config) (*Recorder, error) {
	return open(ctx, config, limits{
		tail: MaxTail, unprojected: MaxUnprojected, generation: generation, filterBits: filterBits,
		follow: followEvery, depth: pipelineDepth,
	})
}

func open(ctx context.Context, config Config, limits limits) (*Recorder, error) {
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
		config: config, limits: limits,
		singles: make(chan *request, MaxWaiting), parts: make(chan *request, MaxWaiting),
		stopped: make(chan struct{}), outcomes: make(chan outcome, 1),
		settled: newState(), recalled: make(chan *recollection, 1),
		claimed: make(map[events.Hash]bool), landed: make(map[events.Key]bool),
		filled: make(chan *bloom.BloomFilter, 1), positions: make(chan uint64, 1),
		linger: time.NewTimer(0),
	}
	if config.Past != nil {
		r.filter = newFilter(limits.filterBits)
	}
	if err := r.load(ctx); err != nil {
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
	beside, stop := context.WithCancel(ctx)
	defer func() {
		stop()
		r.work.Wait()
		r.why.Store(&err)
		close(r.stopped)
	}()
	r.fill(beside)
	tick := time.NewTicker(r.limits.follow)
	defer tick.Stop()
	for {
		if err := r.turn(ctx, beside, tick.C); err != nil {
			if ctx.Err() == nil {
				r.config.Logger.ErrorContext(ctx, "the recorder stops", "error", err, "sequence", r.settled.sequence)
			}
			r.discard()
			return err
		}
	}
}

// turn sends what can be sent and waits for the next thing to happen.
func (r *Recorder) turn(ctx, beside context.Context, tick <-chan time.Time) error {
	work := context.WithoutCancel(ctx)
	if err := r.advance(work); err != nil {
		return err
	}
	r.recall(beside)
	singles, parts := r.doors()
	select {
	case <-ctx.Done():
		return r.finish(ctx)
	case q := <-singles:
		r.receive(q)
	case q := <-parts:
		r.owed = false
		r.receive(q)
	case o := <-r.outcomes:
		return r.conclude(work, o)
	case <-r.linger.C:
		r.expected = 0
	case c := <-r.recalled:
		r.recalling = false
		return r.recollect(work, c)
	case before := <-r.filled:
		return r.filter.complete(before)
	case at := <-r.positions:
		r.asking = false
		r.projected = max(r.projected, at)
		r.age()
	case <-tick:
		r.ask(beside)
		return r.follows(work)
	}
	return nil
}

// doors are where new requests come in; none when there is no room. Single
// events go before parts of long submissions, but for one part that has waited
// for a whole batch.
func (r *Recorder) doors() (singles, parts <-chan *request) {
	if !r.hasRoom() {
		return nil, nil
	}
	switch {
	case r.owed && len(r.parts) > 0:
		return nil, r.parts
	case len(r.singles) > 0:
		return r.singles, nil
	}
	return r.singles, r.parts
}

// receive takes a new request and what waits behind it, as far as there is room.
func (r *Recorder) receive(q *request) {
	for {
		r.expected--
		r.take(q)
		singles, parts := r.doors()
		select {
		case q = <-singles:
		case q = <-parts:
			r.owed = false
		default:
			return
		}
	}
}

// take decides a request into the open batch, or parks it until what memory
// lacks for it is recalled.
func (r *Recorder) take(q *request) {
	if r.settled.sequence > r.projected+r.limits.unprojected && r.config.Past != nil {
		r.answer([]*request{q}, fmt.Errorf("%w: it stands at %d of %d", ErrPastBehind, r.projected, r.settled.sequence))
		return
	}
	if !q.asked || q.era != r.era {
		from, to := q.slice()
		if l := r.lacking(r.open.state, q, from, to); l.size() > 0 {
			r.park(q, l)
			return
		}
	}
	r.decide(q)
}

// finish ends the batch that is being appended.
func (r *Recorder) finish(ctx context.Context) error {
	if r.inflight != nil {
		switch o := <-r.outcomes; {
		case o.err == nil:
			r.settle(o)
		case errors.Is(o.err, eventlog.ErrUncertain):
			r.answer(o.stage.requests, fmt.Errorf("%w: %w", ErrOutcomeUnknown, o.err))
		}
	}
	return ctx.Err()
}

// follows catches up with others, if nothing is on its way, which shows where
// the log ends in any case.
func (r *Recorder) follows(ctx context.Context) error {
	if !r.idle() {
		return nil
	}
	if err := r.catchUp(ctx); err != nil {
		r.config.Logger.DebugContext(ctx, "cannot follow the log", "error", err)
		return asFatal(err)
	}
	return nil
}

// fill reads all keys that were ever recorded into a filter, which is then
// joined to the recorder's own; until then every key is looked up.
func (r *Recorder) fill(ctx context.Context) {
	if r.config.Past == nil {
		return
	}
	from := r.settled.sequence
	r.work.Go(func() {
		for ctx.Err() == nil {
			before := newFilter(r.limits.filterBits)
			upTo, err := r.config.Past.Known(ctx, before.add)
			if err == nil && upTo >= from {
				r.filled <- before.keys
				return
			}
			r.config.Logger.WarnContext(ctx, "cannot read the known keys yet; every key is looked up", "error", err, "position", upTo)
			select {
			case <-ctx.Done():
			case <-time.After(r.limits.follow):
			}
		}
	})
}

// ask asks how far the projection has come.
func (r *Recorder) ask(ctx context.Context) {
	if r.config.Past == nil || r.asking {
		return
	}
	r.asking = true
	r.work.Go(func() {
		bounded, cancel := context.WithTimeout(ctx, recallTimeout)
		defer cancel()
		at, _, _ := r.config.Past.Position(bounded) // zero when it cannot be said
		select {
		case r.positions <- at:
		case <-ctx.Done():
		}
	})
}

// age drops what was not used lately from memory, if the projection has it.
func (r *Recorder) age() {
	if r.settled.young() < r.limits.generation || r.projected < r.laid {
		return
	}
	r.settled.age()
	r.floor, r.laid = max(r.floor, r.laid), r.settled.sequence
	r.era++
}

func (r *Recorder) answer(batch []*request, err error) {
	for _, q := range batch {
		if err == nil {
			q.observe(r.config.Observer)
		}
		if q.attempts > 0 {
			r.doubtful--
		}
		r.waiting.Add(-1)
		q.done <- err
	}
	if r.doubtful == 0 && len(r.claimed) > 0 {
		clear(r.claimed)
		clear(r.landed)
	}
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
	if errors.Is(err, eventlog.ErrTooLarge) || errors.Is(err, ErrPastBehind) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrLogUnavailable, err)
}

type unobserved struct{}

func (unobserved) Appended(int, time.Duration) {}
func (unobserved) Conflicted()                 {}
func (unobserved) Rejected(events.Code)        {}
func (unobserved) Duplicated()                 {}
