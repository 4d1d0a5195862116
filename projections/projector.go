package projections

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/outturn/outturn/events/eventlog"
)

const (
	// retryMin and retryMax bound the pause before the next attempt when
	// Postgres or the log cannot be reached; it doubles in between.
	retryMin = 50 * time.Millisecond
	retryMax = 5 * time.Second
	// fencedPause lets the projector go ahead that moved the checkpoint.
	fencedPause = 100 * time.Millisecond
)

// ProjectorOptions says how a projector reports.
type ProjectorOptions struct {
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Observe is called after each transaction, by the goroutine of Run.
	// Defaults to nothing.
	Observe func(Applied)
}

// Applied is what one transaction of a projector did.
type Applied struct {
	Events, Postings int
	// Sequence is the last one, and Recorded when the log took that event.
	Sequence uint64
	Recorded time.Time
	// Took is the time from the decoded events to the commit.
	Took time.Duration
}

// Status is how a projector is doing.
type Status struct {
	// Sequence is the last one that this projector knows to be projected.
	Sequence uint64
	// Problem is why it stopped; nil while it runs.
	Problem error
	// Waiting is what it is waiting for while Postgres or the log is away; nil
	// otherwise.
	Waiting error
}

// Projector keeps a projection at its log. Several may run on one projection;
// they fence each other and each event is applied once.
type Projector struct {
	store   *Store
	log     Log
	logger  *slog.Logger
	observe func(Applied)
	kept    kept // used by Run alone

	mu     sync.Mutex
	status Status
}

// NewProjector makes a projector. It does nothing until Run.
func NewProjector(store *Store, log Log, o ProjectorOptions) *Projector {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Observe == nil {
		o.Observe = func(Applied) {}
	}
	return &Projector{store: store, log: log, logger: o.Logger, observe: o.Observe}
}

// Status may be called at any time.
func (p *Projector) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

func (p *Projector) note(change func(*Status)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.status)
}

// Run follows the log until ctx ends, and returns ctx's error then. It waits,
// as long as it takes, for a Postgres or a log that is away. It returns any
// other problem, which is stored in the checkpoint as well: [ErrOtherLog],
// [ErrAheadOfLog], an event that cannot be read ([events.ErrBroken]) or
// applied, eventlog.ErrGap, eventlog.ErrTorn. Call it once at a time.
func (p *Projector) Run(ctx context.Context) error {
	p.note(func(s *Status) { s.Problem = nil })
	pause := retryMin
	for {
		before := p.Status().Sequence
		at, err := p.follow(ctx)
		if p.Status().Sequence != before {
			pause = retryMin
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errFenced):
			p.logger.InfoContext(ctx, "the checkpoint was moved by another projector or a rebuild; going on from there", "sequence", at.sequence)
			sleep(ctx, fencedPause)
		case errors.Is(err, ErrUnavailable), errors.Is(err, eventlog.ErrUnavailable):
			p.note(func(s *Status) { s.Waiting = err })
			p.logger.WarnContext(ctx, "the projection waits", "error", err, "pause", pause)
			sleep(ctx, pause)
			pause = min(2*pause, retryMax)
		default:
			if p.halt(ctx, at, err) {
				return err
			}
		}
	}
}

// halt stores a problem and says whether it is one: a projector that was fenced
// may have read what does not fit together.
func (p *Projector) halt(ctx context.Context, at checkpoint, problem error) bool {
	if errors.Is(p.store.stop(ctx, at, problem), errFenced) {
		return false
	}
	p.note(func(s *Status) { s.Problem, s.Waiting = problem, nil })
	p.logger.ErrorContext(ctx, "the projection stopped", "sequence", at.sequence, "error", problem)
	return true
}

func sleep(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// follow projects from the checkpoint on until something fails, and returns
// where it stood then.
func (p *Projector) follow(ctx context.Context) (checkpoint, error) {
	at, err := p.store.adopt(ctx, p.log)
	if err != nil {
		return at, err
	}
	p.note(func(s *Status) { s.Sequence, s.Waiting = at.sequence, nil })
	err = p.project(ctx, &at, func(ctx context.Context, deliver func([]eventlog.Record) error) error {
		return p.log.Follow(ctx, at.sequence+1, deliver)
	})
	return at, err
}

// catchUp projects up to a sequence of the log.
func (p *Projector) catchUp(ctx context.Context, upTo uint64) error {
	at, err := p.store.adopt(ctx, p.log)
	if err != nil || at.sequence >= upTo {
		return err
	}
	return p.project(ctx, &at, func(ctx context.Context, deliver func([]eventlog.Record) error) error {
		return p.log.Read(ctx, at.sequence+1, upTo, deliver)
	})
}

// apply applies deliveries in order until one has a problem or they end.
func (p *Projector) apply(ctx context.Context, at *checkpoint, deliveries <-chan delivery) error {
	for d := range deliveries {
		if err := p.applyAll(ctx, at, d.events); err != nil {
			return err
		}
		if d.problem != nil {
			return d.problem
		}
	}
	return nil
}
