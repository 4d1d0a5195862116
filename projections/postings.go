package projections

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
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
		return p, fmt.Errorf("posting %d of event %d: %w", p.Ordinal, p.Sequence, unknownMeasure(r.measure))
	}
	p.Measure, p.Date, p.RecordedTime = measure, fiscal.DateOf(r.date), r.RecordedTime.UTC()
	return p, nil
}

func unknownMeasure(name string) error {
	return fmt.Errorf("%w: there is a posting of the measure %q, which this program does not know", ErrSums, name)
}

// postingsOf reads the postings of events, by sequence.
func postingsOf(ctx context.Context, tx pgx.Tx, all []EventView) (map[uint64][]budget.Posting, error) {
	var sequences []int64
	var lines []string
	for i := range all {
		var touched budget.Touched
		touched.Touch(all[i].Event)
		for _, line := range touched.Lines {
			sequences, lines = append(sequences, int64(all[i].Event.Sequence)), append(lines, string(line))
		}
	}
	rows, err := tx.Query(ctx, "SELECT "+postingColumns+` FROM posting p
		WHERE (line, sequence) IN (SELECT * FROM unnest($1::text[], $2::bigint[])) ORDER BY sequence, ordinal`, lines, sequences)
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
	rows, err := tx.Query(ctx, "WITH "+lineScope+found+" SELECT measure, count(*), min(sequence), sum(amount_fen)::bigint FROM found GROUP BY 1", arguments)
	if err != nil {
		return err
	}
	var name string
	var count int
	var first, oldest uint64
	var sum money.Amount
	_, err = pgx.ForEachRow(rows, []any{&name, &count, &first, (*int64)(&sum)}, func() error {
		measure, known := budget.ParseMeasure(name)
		if !known {
			return unknownMeasure(name)
		}
		if p.Count == 0 || first < oldest {
			oldest = first
		}
		p.Count += count
		p.Sums[measure] = sum
		return nil
	})
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
			SELECT * FROM found WHERE (@before = 0 OR sequence < @before) AND sequence >= (
				SELECT min(sequence) FROM (
					SELECT sequence FROM found WHERE @before = 0 OR sequence < @before ORDER BY sequence DESC LIMIT @limit) last))
		SELECT `+postingColumns+`, s.name, e.body
		FROM page p JOIN scope s ON s.id = p.line JOIN event e ON e.sequence = p.sequence
		ORDER BY p.sequence DESC, p.ordinal`, arguments)
	if err != nil {
		return nil, err
	}
	var all []PostingView
	var row postingRow
	var line budget.Line
	var body []byte
	_, err = pgx.ForEachRow(rows, append(row.targets(), &line.Name, &body), func() error {
		p, err := row.posting()
		if err != nil {
			return err
		}
		event, err := events.Decode(body)
		all = append(all, View(p, line, event))
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
