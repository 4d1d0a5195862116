package projections

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
)

// Errors that say that log and projection do not belong together. Rebuilding
// the projection mends both, once it is clear how they came about.
var (
	// ErrOtherLog: the projection was derived from another log.
	ErrOtherLog = errors.New("the projection was derived from another log; if this log is the right one, run: outturn rebuild")
	// ErrAheadOfLog: the log ends before the projection. It lost events that
	// were acknowledged; find out how before the projection is rebuilt.
	ErrAheadOfLog = errors.New("the log ends before the projection: it lost events that the projection has seen; keep a copy of both before running: outturn rebuild")
	// errFenced: the checkpoint is not where this projector left it.
	errFenced = errors.New("another projector or a rebuild moved the checkpoint")
)

// Log is what a projection needs of the log.
type Log interface {
	Identity() string
	Last(ctx context.Context) (uint64, error)
	At(ctx context.Context, sequence uint64) (eventlog.Record, error)
	Read(ctx context.Context, from, upTo uint64, deliver func([]eventlog.Record) error) error
	Follow(ctx context.Context, from uint64, deliver func([]eventlog.Record) error) error
}

// checkpoint is where a projection stands.
type checkpoint struct {
	identity string // empty: it was never derived from any log
	sequence uint64
	hash     []byte // of the event at the sequence; nil at 0
}

func (s *Store) checkpoint(ctx context.Context) (checkpoint, error) {
	var c checkpoint
	err := s.pool.QueryRow(ctx, "SELECT coalesce(log_identity, ''), sequence, hash FROM checkpoint").
		Scan(&c.identity, &c.sequence, &c.hash)
	if err != nil {
		return checkpoint{}, fmt.Errorf("read the checkpoint: %w", unavailable(err))
	}
	return c, nil
}

// adopt reads the checkpoint, which a new projection gets here, and checks that
// it lies on the log.
func (s *Store) adopt(ctx context.Context, log Log) (checkpoint, error) {
	_, err := s.pool.Exec(ctx, "UPDATE checkpoint SET log_identity = $1 WHERE log_identity IS NULL", log.Identity())
	if err != nil {
		return checkpoint{}, fmt.Errorf("adopt the log: %w", unavailable(err))
	}
	at, err := s.checkpoint(ctx)
	if err != nil {
		return checkpoint{}, err
	}
	if err := at.liesOn(ctx, log); err != nil {
		return at, err
	}
	// What stopped the last projector stops this one as well, or is mended.
	if _, err := s.pool.Exec(ctx, "UPDATE checkpoint SET problem = NULL WHERE problem IS NOT NULL"); err != nil {
		return at, fmt.Errorf("forget the last problem: %w", unavailable(err))
	}
	return at, nil
}

// liesOn compares a checkpoint with the log. A log that was set up anew under
// the same name has another identity; one that was restored from an older copy
// and went on from there has another event at the checkpoint.
func (c checkpoint) liesOn(ctx context.Context, log Log) error {
	if c.identity != log.Identity() {
		return fmt.Errorf("%w (it has %q, the log is %q)", ErrOtherLog, c.identity, log.Identity())
	}
	last, err := log.Last(ctx)
	if err != nil {
		return fmt.Errorf("find the end of the log: %w", err)
	}
	if last < c.sequence {
		return fmt.Errorf("%w (it ends at %d, the projection stands at %d)", ErrAheadOfLog, last, c.sequence)
	}
	if c.sequence == 0 {
		return nil
	}
	record, err := log.At(ctx, c.sequence)
	if err != nil {
		return fmt.Errorf("read event %d of the log: %w", c.sequence, err)
	}
	if events.Hash(sha256.Sum256(record.Body)) != events.Hash(c.hash) {
		return fmt.Errorf("%w (event %d differs)", ErrOtherLog, c.sequence)
	}
	return nil
}

// stop stores why the projection stands still at a checkpoint.
func (s *Store) stop(ctx context.Context, at checkpoint, problem error) error {
	tag, err := s.pool.Exec(ctx, "UPDATE checkpoint SET problem = $1, updated_at = now() WHERE sequence = $2 AND log_identity = $3",
		problem.Error(), int64(at.sequence), at.identity)
	if err != nil {
		return fmt.Errorf("store the problem: %w", unavailable(err))
	}
	if tag.RowsAffected() == 0 {
		return errFenced
	}
	return nil
}
