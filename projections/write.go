package projections

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
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
	postings := make(chan []*budget.Posting, 1)
	go func() { postings <- b.postingsByKey() }() // while Postgres writes the events
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: "begin; set local synchronous_commit = off"}, func(tx pgx.Tx) error {
		if err := moveCheckpoint(ctx, tx, *at, to); err != nil {
			return err
		}
		if err := copyEvents(ctx, tx, b); err != nil {
			return err
		}
		if err := copyPostings(ctx, tx, <-postings); err != nil {
			return err
		}
		changed, err := copyPayments(ctx, tx, b)
		if err != nil {
			return err
		}
		if err := upsert(ctx, tx, b, changed); err != nil || !s.keep.due(at.sequence, to.sequence) {
			return err
		}
		return s.keep.balances(ctx, tx, to.sequence)
	})
	if err != nil {
		return fmt.Errorf("write events %d to %d: %w", b.events[0].Sequence, last.Sequence, written(err))
	}
	*at = to
	return nil
}

const (
	// balancesEvery is after how many events the balances are kept as they are
	// then: what figures as known earlier are away from those, at most by half.
	balancesEvery = 50_000
	// eventsPerBalance bounds the rows kept: there are that many events for each.
	eventsPerBalance = 4
)

// keeping says when the balances are kept as they are then.
type keeping struct{ every, perBalance uint64 }

// due says whether a multiple of every lies between two sequences.
func (k keeping) due(from, to uint64) bool { return from/k.every != to/k.every }

// balances copies the table balance, unless it is large beside the events since
// the last copy.
func (k keeping) balances(ctx context.Context, tx pgx.Tx, sequence uint64) error {
	columns := columnsOf("line", budget.Measures())
	_, err := tx.Exec(ctx, "INSERT INTO balance_then (sequence, "+columns+") SELECT $1, "+columns+` FROM balance
		WHERE $1 - (SELECT coalesce(max(sequence), 0) FROM balance_then) >= $2 * (SELECT count(*) FROM balance)`, int64(sequence), int64(k.perBalance))
	return err
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

// copyEvents writes the events in the order of their keys: these are random, and
// so neighbours in their index are written together.
func copyEvents(ctx context.Context, tx pgx.Tx, b batch) error {
	columns := []string{"sequence", "key", "type", "subject_kind", "subject", "date", "recorded_at", "posted", "body"}
	posted, order := b.posted(), b.byKey()
	return copyRows(ctx, tx, "event", columns, len(order), func(f *fields, i int) {
		at := order[i].event
		e := &b.events[at]
		f.bigint(int64(e.Sequence))
		f.bytea(order[i].key[:])
		f.text(string(e.Type))
		f.text(string(e.About()))
		f.text(e.Subject)
		if date, dated := e.On(); dated {
			f.date(date)
		} else {
			f.null()
		}
		f.timestamptz(e.RecordedTime)
		f.boolean(posted[at])
		f.bytea(e.Raw())
	})
}

// keyed is a key and the place of its event in a batch.
type keyed struct {
	key   events.Key
	event int
}

func (b batch) byKey() []keyed {
	order := make([]keyed, len(b.events))
	for i := range b.events {
		order[i] = keyed{b.events[i].Key(), i}
	}
	slices.SortFunc(order, func(x, y keyed) int { return bytes.Compare(x.key[:], y.key[:]) })
	return order
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

// postingsByKey are the postings in the order of their index.
func (b batch) postingsByKey() []*budget.Posting {
	sorted := make([]*budget.Posting, len(b.postings))
	for i := range b.postings {
		sorted[i] = &b.postings[i]
	}
	slices.SortFunc(sorted, func(x, y *budget.Posting) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Sequence, y.Sequence), cmp.Compare(x.Ordinal, y.Ordinal))
	})
	return sorted
}

func copyPostings(ctx context.Context, tx pgx.Tx, sorted []*budget.Posting) error {
	columns := []string{"line", "sequence", "ordinal", "measure", "amount_fen", "date", "economic_class", "recorded_at"}
	return copyRows(ctx, tx, "posting", columns, len(sorted), func(f *fields, i int) {
		p := sorted[i]
		f.text(string(p.Line))
		f.bigint(int64(p.Sequence))
		f.smallint(p.Ordinal)
		f.text(p.Measure.String())
		f.bigint(int64(p.Amount))
		f.date(p.Date)
		f.text(string(p.EconomicClass))
		f.timestamptz(p.RecordedTime)
	})
}

// copyPayments writes the payments that are new, in the order of their index,
// and returns the others that the batch changed. A payment's place on its line
// was free when it was decided.
func copyPayments(ctx context.Context, tx pgx.Tx, b batch) (changed map[budget.PaymentKey]budget.Payment, err error) {
	all := b.books.Changes().Payments
	paid := make([]budget.PaymentKey, 0, len(all))
	for i := range b.events {
		if _, is := b.events[i].Data.(events.DisbursementPaid); is {
			paid = append(paid, budget.PaymentKey{Line: events.LineID(b.events[i].Subject), ID: b.events[i].ID})
		}
	}
	slices.SortFunc(paid, comparePayments)
	columns := []string{"line", "id", "amount_fen", "refunded_fen", "economic_class", "moved"}
	err = copyRows(ctx, tx, "payment", columns, len(paid), func(f *fields, i int) {
		p := all[paid[i]]
		f.text(string(paid[i].Line))
		f.text(string(paid[i].ID))
		f.bigint(int64(p.Amount))
		f.bigint(int64(p.Refunded))
		f.text(string(p.EconomicClass))
		f.boolean(p.Moved)
	})
	if err != nil || len(paid) == len(all) {
		return nil, err
	}
	changed = maps.Clone(all)
	for _, key := range paid {
		delete(changed, key)
	}
	return changed, nil
}

func comparePayments(a, b budget.PaymentKey) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.ID, b.ID))
}
