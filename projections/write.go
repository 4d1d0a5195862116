package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
)

// write stores a batch and moves the checkpoint, in one transaction. It returns
// errFenced, and stores nothing, if the checkpoint is not at at.
//
// The checkpoint moves first: its row lock holds up every other projector and
// the swap of a rebuild until this transaction ends. The commit is not synced:
// a crash of Postgres may lose it, rows and checkpoint together, and the log has
// the events.
func (s *Store) write(ctx context.Context, at *checkpoint, b batch) error {
	last := b.events[len(b.events)-1]
	hash := last.Hash()
	to := checkpoint{identity: at.identity, sequence: last.Sequence, hash: hash[:]}
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: "begin; set local synchronous_commit = off"}, func(tx pgx.Tx) error {
		if err := moveCheckpoint(ctx, tx, *at, to); err != nil {
			return err
		}
		if err := copyEvents(ctx, tx, b); err != nil {
			return err
		}
		if err := copyPostings(ctx, tx, b); err != nil {
			return err
		}
		return upsert(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("write events %d to %d: %w", b.events[0].Sequence, last.Sequence, written(err))
	}
	*at = to
	return nil
}

// written is the error of a transaction that may be tried again, or errFenced.
func written(err error) error {
	if errors.Is(err, errFenced) {
		return err
	}
	return unavailable(err)
}

func moveCheckpoint(ctx context.Context, tx pgx.Tx, from, to checkpoint) error {
	tag, err := tx.Exec(ctx, `UPDATE checkpoint SET sequence = $1, hash = $2, updated_at = now()
		WHERE sequence = $3 AND log_identity = $4`, int64(to.sequence), to.hash, int64(from.sequence), from.identity)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return errFenced
	}
	return nil
}

func copyEvents(ctx context.Context, tx pgx.Tx, b batch) error {
	columns := []string{
		"sequence", "key", "source", "id", "type", "subject_kind", "subject", "time", "date",
		"recorded_at", "actor", "document", "says", "body", "hash", "prevhash", "posted",
	}
	posted := b.posted()
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"event"}, columns, pgx.CopyFromSlice(len(b.events), func(i int) ([]any, error) {
		return eventRow(&b.events[i], posted[i]), nil
	}))
	return err
}

// posted says of each event whether one of its postings is on its subject.
func (b batch) posted() []bool {
	posted := make([]bool, len(b.events))
	first := b.events[0].Sequence
	for _, p := range b.postings {
		i := p.Sequence - first
		if string(p.Line) == b.events[i].Subject {
			posted[i] = true
		}
	}
	return posted
}

func eventRow(e *events.Event, posted bool) []any {
	key, hash := e.Key(), e.Hash()
	document, says := paper(e.Data)
	return []any{
		int64(e.Sequence), key[:], e.Source, string(e.ID), string(e.Type), string(e.About()), e.Subject,
		timeOrNull(e.Time), dateOrNull(e), e.RecordedTime, e.Actor, string(document), string(says),
		e.Raw(), hash[:], e.PrevHash[:], posted,
	}
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func dateOrNull(e *events.Event) any {
	date, ok := e.On()
	if !ok {
		return nil
	}
	return date.Time()
}

func copyPostings(ctx context.Context, tx pgx.Tx, b batch) error {
	if len(b.postings) == 0 {
		return nil
	}
	columns := []string{"sequence", "ordinal", "line", "measure", "amount_fen", "date", "economic_class", "recorded_at"}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"posting"}, columns, pgx.CopyFromSlice(len(b.postings), func(i int) ([]any, error) {
		p := &b.postings[i]
		return []any{
			int64(p.Sequence), int16(p.Ordinal), string(p.Line), p.Measure.String(), int64(p.Amount),
			p.Date.Time(), string(p.EconomicClass), p.RecordedTime,
		}, nil
	}))
	return err
}
