package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/projections"
)

// Past is where the recorder starts from and recalls what it does not keep in
// memory: the projection. *projections.Store is one.
type Past interface {
	// Start is all that a recorder keeps in memory, at the projection's checkpoint.
	Start(ctx context.Context) (projections.Start, error)
	// Recall finds entries. They stand at one sequence.
	Recall(ctx context.Context, wanted projections.Wanted) (projections.Recalled, error)
	// Known yields the keys of all events and, as projections.PaymentKey makes them,
	// of all payments up to a sequence.
	Known(ctx context.Context, yield func(events.Key)) (sequence uint64, err error)
	// Position is the checkpoint.
	Position(ctx context.Context) (sequence uint64, recorded time.Time, err error)
}

var _ Past = (*projections.Store)(nil)

// How long a recorder waits for the projection.
const (
	// recallTimeout bounds one look-up in the past.
	recallTimeout = 5 * time.Second
	// startPoll is how often a start looks how far the projection has come.
	startPoll = 500 * time.Millisecond
	// maxRestarts is how often in a row a recorder begins anew because the projection
	// overtook it.
	maxRestarts = 20
)

// ErrOtherLog: the projection was not made from this log, so its figures say
// nothing about it.
var ErrOtherLog = errors.New("the projection was not made from this log; run \"outturn rebuild\" to make it anew")

// load begins at the projection's checkpoint and reads what the log has beyond.
func (r *Recorder) load(ctx context.Context) error {
	if r.config.Past != nil {
		if err := r.awaitTail(ctx); err != nil {
			return err
		}
		s, err := r.checkpoint(ctx)
		if err != nil {
			return err
		}
		r.begin(s)
	}
	return r.catchUp(ctx)
}

// awaitTail waits until the log goes on for at most MaxTail events behind the
// projection: it reads the log faster than a recorder does.
func (r *Recorder) awaitTail(ctx context.Context) error {
	for {
		last, err := r.config.Log.Last(ctx)
		if err != nil {
			return err
		}
		at, _, err := r.config.Past.Position(ctx)
		if err != nil {
			return err
		}
		if last <= at+r.limits.tail {
			return nil
		}
		r.config.Logger.InfoContext(ctx, "waiting for the projection to come nearer to the log's end",
			"projection", at, "log", last, "behind", last-at, "wanted", r.limits.tail)
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the projection, which stands at %d of %d: %w", at, last, ctx.Err())
		case <-time.After(startPoll):
		}
	}
}

// checkpoint is the state that the projection stands at.
func (r *Recorder) checkpoint(ctx context.Context) (*state, error) {
	start, err := r.config.Past.Start(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the projection's checkpoint: %w", err)
	}
	if err := r.liesOnLog(ctx, start); err != nil {
		return nil, err
	}
	s := newState()
	s.sequence, s.recorded = start.Sequence, start.Recorded
	s.books.Load(start.Books)
	s.controls.Load(start.Books.Lines, start.Spent)
	for _, event := range start.Standing {
		if err := s.putStanding(event); err != nil {
			return nil, fmt.Errorf("event %d: %w", event.Sequence, err)
		}
	}
	return s, nil
}

// begin makes a checkpoint what the recorder goes on from.
func (r *Recorder) begin(s *state) {
	r.settled = s
	r.floor, r.laid = s.sequence, s.sequence
	r.projected = max(r.projected, s.sequence)
	r.era++
}

// liesOnLog checks that the checkpoint's event is the log's.
func (r *Recorder) liesOnLog(ctx context.Context, start projections.Start) error {
	if start.Sequence == 0 {
		return nil
	}
	if identity := r.config.Log.Identity(); start.Identity != identity {
		return fmt.Errorf("%w: it comes from log %s, this is %s", ErrOtherLog, start.Identity, identity)
	}
	record, err := r.config.Log.At(ctx, start.Sequence)
	if errors.Is(err, eventlog.ErrNotFound) {
		return fmt.Errorf("%w: it stands at event %d, which the log does not have; the log may have lost its end", ErrOtherLog, start.Sequence)
	}
	if err != nil {
		return err
	}
	event, err := events.Decode(record.Body)
	if err != nil {
		return err
	}
	if hash := event.Hash(); hash != start.Hash {
		return fmt.Errorf("%w: event %d has the hash %s there and %s in the log", ErrOtherLog, start.Sequence, start.Hash, hash)
	}
	return nil
}
