package projections

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/performance"
)

// Recall finds what a writer has not in memory, in one round trip between those
// that begin and end a snapshot. What it finds stands at one sequence, which may
// lie behind the log: whoever asks goes on from there. Errors: [ErrUnavailable],
// or that an event cannot be read.
func (s *Store) Recall(ctx context.Context, wanted Wanted) (Recalled, error) {
	recalled := Recalled{
		Keys:        map[events.Key]uint64{},
		Heads:       map[Subject]events.Hash{},
		Payments:    map[budget.PaymentKey]budget.Payment{},
		Commitments: map[budget.CommitmentKey]budget.Commitment{},
		Goals:       map[performance.Key][]events.Event{},
	}
	err := s.snapshot(ctx, "what a writer wants to recall", func(tx pgx.Tx) error {
		queries := &pgx.Batch{}
		queries.Queue("SELECT sequence FROM checkpoint").QueryRow(func(row pgx.Row) error { return row.Scan(&recalled.Sequence) })
		queueKeys(queries, wanted.Keys, recalled.Keys)
		queueHeads(queries, wanted.Subjects, recalled.Heads)
		queuePayments(queries, wanted.Payments, recalled.Payments)
		queueCommitments(queries, wanted.Commitments, recalled.Commitments)
		queueGoals(queries, wanted.Goals, recalled.Goals)
		return tx.SendBatch(ctx, queries).Close()
	})
	if err != nil {
		return Recalled{}, err
	}
	return recalled, nil
}

func queueKeys(queries *pgx.Batch, keys []events.Key, into map[events.Key]uint64) {
	if len(keys) == 0 {
		return
	}
	wanted := make([][]byte, len(keys))
	for i := range keys {
		wanted[i] = keys[i][:]
	}
	queries.Queue("SELECT key, sequence FROM event WHERE key = ANY($1::bytea[])", wanted).Query(func(rows pgx.Rows) error {
		var key pgtype.DriverBytes
		var sequence uint64
		_, err := pgx.ForEachRow(rows, []any{&key, &sequence}, func() error {
			into[events.Key(key)] = sequence
			return nil
		})
		return err
	})
}

// headSQL finds the last event about each subject: one that posts to its own
// line by its posting, any other by its subject. What is posted to a line may be
// about another one, such as a transfer. All but the list is in scalar subqueries:
// each is a descent in an index, whatever Postgres guesses of the sizes.
const headSQL = `
	SELECT kind, code, (SELECT sha256(e.body) FROM event e WHERE e.sequence = head)
	FROM (SELECT k.kind, k.code, greatest(
		(SELECT e.sequence FROM event e WHERE NOT e.posted AND e.subject = k.code AND e.subject_kind = k.kind ORDER BY e.sequence DESC LIMIT 1),
		(SELECT p.sequence FROM posting p WHERE k.kind = 'line' AND p.line = k.code
			AND (SELECT e.subject = k.code AND e.subject_kind = 'line' FROM event e WHERE e.sequence = p.sequence)
			ORDER BY p.sequence DESC LIMIT 1)) AS head
		FROM unnest($1::text[], $2::text[]) AS k (kind, code) OFFSET 0) AS heads
	WHERE head IS NOT NULL`

func queueHeads(queries *pgx.Batch, subjects []Subject, into map[Subject]events.Hash) {
	if len(subjects) == 0 {
		return
	}
	kinds, codes := make([]string, len(subjects)), make([]string, len(subjects))
	for i, subject := range subjects {
		kinds[i], codes[i] = string(subject.Kind), subject.Code
	}
	queries.Queue(headSQL, kinds, codes).Query(func(rows pgx.Rows) error {
		var subject Subject
		var hash pgtype.DriverBytes
		_, err := pgx.ForEachRow(rows, []any{&subject.Kind, &subject.Code, &hash}, func() error {
			into[subject] = events.Hash(hash)
			return nil
		})
		return err
	})
}

// performanceTypes are those that [performance.KeyOf] has a key for.
func performanceTypes() []events.Type {
	return []events.Type{
		events.GoalSet{}.Type(), events.GoalReported{}.Type(),
		events.IndicatorSet{}.Type(), events.IndicatorReported{}.Type(), events.IndicatorScored{}.Type(),
	}
}

// queueGoals reads the events of all years of the subjects, and keeps those of
// the wanted ones: a subject has few.
func queueGoals(queries *pgx.Batch, keys []performance.Key, into map[performance.Key][]events.Event) {
	if len(keys) == 0 {
		return
	}
	subjects, wanted := make([]string, len(keys)), map[performance.Key]bool{}
	for i, key := range keys {
		subjects[i], wanted[key] = key.ID, true
	}
	sql := "SELECT body FROM event WHERE NOT posted AND subject = ANY($1) AND type = ANY($2) ORDER BY sequence"
	queries.Queue(sql, subjects, texts(performanceTypes())).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, bodyOf)
		for _, event := range found {
			if key, _ := performance.KeyOf(event); wanted[key] {
				into[key] = append(into[key], event)
			}
		}
		return err
	})
}

// PaymentKey is the key of a payment among the keys of events: [Store.Known]
// yields both, so that one filter knows what is certainly new.
func PaymentKey(key budget.PaymentKey) events.Key {
	return events.KeyOf("payment:"+string(key.Line), key.ID)
}

// Known yields the keys of all events and then those of all payments, as
// [PaymentKey] makes them, as they come from Postgres: it holds none of them. The
// sequence is what they are complete up to. Error: [ErrUnavailable]; some keys
// may have been yielded by then.
func (s *Store) Known(ctx context.Context, yield func(events.Key)) (sequence uint64, err error) {
	err = s.snapshot(ctx, "the keys of all events", func(tx pgx.Tx) (err error) {
		if sequence, err = position(ctx, tx, AsOf{}); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "SELECT key FROM event")
		if err != nil {
			return err
		}
		var key pgtype.DriverBytes
		if _, err = pgx.ForEachRow(rows, []any{&key}, func() error {
			yield(events.Key(key))
			return nil
		}); err != nil {
			return err
		}
		if rows, err = tx.Query(ctx, "SELECT line, id FROM payment"); err != nil {
			return err
		}
		var payment budget.PaymentKey
		_, err = pgx.ForEachRow(rows, []any{&payment.Line, &payment.ID}, func() error {
			yield(PaymentKey(payment))
			return nil
		})
		return err
	})
	return sequence, err
}
