package projections

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

const postingColumns = "p.sequence, p.ordinal, p.line, p.measure, p.amount_fen, p.date, p.economic_class, p.recorded_at"

// postingRow is a posting as Postgres has it.
type postingRow struct {
	budget.Posting
	measure string
	date    time.Time
}

// targets are where postingColumns are scanned to.
func (r *postingRow) targets() []any {
	return []any{&r.Sequence, &r.Ordinal, &r.Line, &r.measure, (*int64)(&r.Amount), &r.date, &r.EconomicClass, &r.RecordedTime}
}

func (r *postingRow) posting() (budget.Posting, error) {
	p := r.Posting
	measure, known := budget.ParseMeasure(r.measure)
	if !known {
		return p, fmt.Errorf("%w: posting %d of event %d has the measure %q, which this program does not know", ErrSums, p.Ordinal, p.Sequence, r.measure)
	}
	p.Measure, p.Date, p.RecordedTime = measure, fiscal.DateOf(r.date), r.RecordedTime.UTC()
	return p, nil
}

// postingsOf reads the postings of events, by sequence.
func postingsOf(ctx context.Context, tx pgx.Tx, sequences []int64) (map[uint64][]budget.Posting, error) {
	rows, err := tx.Query(ctx, "SELECT "+postingColumns+" FROM posting p WHERE sequence = ANY($1) ORDER BY sequence, ordinal", sequences)
	if err != nil {
		return nil, err
	}
	found := map[uint64][]budget.Posting{}
	var row postingRow
	_, err = pgx.ForEachRow(rows, row.targets(), func() error {
		p, err := row.posting()
		found[p.Sequence] = append(found[p.Sequence], p)
		return err
	})
	return found, err
}

// found keeps the postings of a PostingsQuery, whatever the page.
const found = `, found AS (
	SELECT * FROM posting WHERE ` + postingsAsOf + `
	AND (cardinality(@measures::text[]) = 0 OR measure = ANY(@measures))
	AND (@month::int = 0 OR extract(month FROM date) = @month))`

// Postings implements [Reader].
func (s *Store) Postings(ctx context.Context, q PostingsQuery) (Postings, error) {
	var page Postings
	err := s.snapshot(ctx, "postings", func(tx pgx.Tx) (err error) {
		if page.Sequence, err = position(ctx, tx, q.AsOf); err != nil {
			return err
		}
		return page.read(ctx, tx, q)
	})
	return page, err
}

func (p *Postings) read(ctx context.Context, tx pgx.Tx, q PostingsQuery) error {
	arguments := q.arguments(p.Sequence)
	maps.Copy(arguments, pgx.NamedArgs{
		"measures": measureNames(q.Measures), "month": int32(q.Month), "before": int64(q.Before), "limit": pageSize(q.Limit),
	})
	var oldest uint64
	err := tx.QueryRow(ctx, "WITH "+lineScope+found+" SELECT count(*), coalesce(min(sequence), 0), "+sumPostings+" FROM found", arguments).
		Scan(append([]any{&p.Count, &oldest}, scanSums(&p.Sums)...)...)
	if err != nil {
		return err
	}
	if p.Rows, err = postingsPage(ctx, tx, arguments); err != nil {
		return err
	}
	p.More = len(p.Rows) > 0 && p.Rows[len(p.Rows)-1].Posting.Sequence > oldest
	return nil
}

func postingsPage(ctx context.Context, tx pgx.Tx, arguments pgx.NamedArgs) ([]PostingView, error) {
	rows, err := tx.Query(ctx, "WITH "+lineScope+found+`, page AS (
			SELECT * FROM found WHERE @before = 0 OR sequence < @before
			ORDER BY sequence DESC FETCH FIRST (@limit) ROWS WITH TIES)
		SELECT `+postingColumns+`, s.name, e.id, e.type, e.document, e.says, e.actor
		FROM page p JOIN scope s ON s.id = p.line JOIN event e ON e.sequence = p.sequence
		ORDER BY p.sequence DESC, p.ordinal`, arguments)
	if err != nil {
		return nil, err
	}
	var all []PostingView
	var row postingRow
	var view PostingView
	targets := append(row.targets(), &view.LineName, &view.EventID, &view.Type, &view.Document, &view.Says, &view.Actor)
	_, err = pgx.ForEachRow(rows, targets, func() (err error) {
		view.Posting, err = row.posting()
		all = append(all, view)
		return err
	})
	return all, err
}

func measureNames(measures []budget.Measure) []string {
	names := make([]string, len(measures))
	for i, m := range measures {
		names[i] = m.String()
	}
	return names
}
