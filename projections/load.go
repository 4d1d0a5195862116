package projections

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

// load puts the stored entries that events rest on into books, in one round
// trip. The lines that the books have stay as they are.
func (s *Store) load(ctx context.Context, all []events.Event, books *budget.Books) error {
	var touched budget.Touched
	for _, event := range all {
		touched.Touch(event)
	}
	touched.Lines = slices.DeleteFunc(touched.Lines, func(id events.LineID) bool {
		_, known := books.Line(id)
		return known
	})
	stored := budget.Changes{
		Lines:       map[events.LineID]budget.Line{},
		Commitments: map[budget.CommitmentKey]budget.Commitment{},
		Payments:    map[budget.PaymentKey]budget.Payment{},
		Closings:    map[budget.YearKey]budget.Closing{},
	}
	queries := &pgx.Batch{}
	queueLines(queries, touched.Lines, stored.Lines)
	queueCommitments(queries, touched.Commitments, stored.Commitments)
	queuePayments(queries, touched.Payments, stored.Payments)
	queueClosings(queries, touched.Closings, stored.Closings)
	if err := s.pool.SendBatch(ctx, queries).Close(); err != nil {
		return fmt.Errorf("load what events %d to %d rest on: %w", all[0].Sequence, all[len(all)-1].Sequence, unavailable(err))
	}
	books.Load(stored)
	return nil
}

const lineColumns = "l.id, l.year, l.unit, l.project, l.name, l.fund, l.vintage, l.function_class, l.economic_class"

// scanLine are the targets for scanning lineColumns and the measures.
func scanLine(l *budget.Line) []any {
	return append([]any{&l.ID, &l.Year, &l.Unit, &l.Project, &l.Name, &l.Fund, &l.Vintage, &l.FunctionClass, &l.EconomicClass},
		scanSums(&l.Sums)...)
}

func queueLines(queries *pgx.Batch, ids []events.LineID, into map[events.LineID]budget.Line) {
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	sql := "SELECT " + lineColumns + ", " + forMeasures("b.%[1]s") + " FROM line l JOIN balance b ON b.line = l.id WHERE l.id = ANY($1)"
	queries.Queue(sql, texts(slices.Compact(ids))).Query(func(rows pgx.Rows) error {
		var line budget.Line
		_, err := pgx.ForEachRow(rows, scanLine(&line), func() error {
			into[line.ID] = line
			return nil
		})
		return err
	})
}

func queueCommitments(queries *pgx.Batch, keys []budget.CommitmentKey, into map[budget.CommitmentKey]budget.Commitment) {
	if len(keys) == 0 {
		return
	}
	var lines, ids []string
	for _, key := range keys {
		lines, ids = append(lines, string(key.Line)), append(ids, string(key.ID))
	}
	sql := "SELECT line, id, amount_fen, used_fen, released FROM commitment JOIN unnest($1::text[], $2::text[]) AS k (line, id) USING (line, id)"
	queries.Queue(sql, lines, ids).Query(func(rows pgx.Rows) error {
		var key budget.CommitmentKey
		var c budget.Commitment
		targets := []any{&key.Line, &key.ID, (*int64)(&c.Amount), (*int64)(&c.Used), &c.Released}
		_, err := pgx.ForEachRow(rows, targets, func() error {
			into[key] = c
			return nil
		})
		return err
	})
}

func queuePayments(queries *pgx.Batch, keys []budget.PaymentKey, into map[budget.PaymentKey]budget.Payment) {
	if len(keys) == 0 {
		return
	}
	var lines, ids []string
	for _, key := range keys {
		lines, ids = append(lines, string(key.Line)), append(ids, string(key.ID))
	}
	sql := "SELECT line, id, amount_fen, refunded_fen, economic_class, moved FROM payment JOIN unnest($1::text[], $2::text[]) AS k (line, id) USING (line, id)"
	queries.Queue(sql, lines, ids).Query(func(rows pgx.Rows) error {
		var key budget.PaymentKey
		var p budget.Payment
		targets := []any{&key.Line, &key.ID, (*int64)(&p.Amount), (*int64)(&p.Refunded), &p.EconomicClass, &p.Moved}
		_, err := pgx.ForEachRow(rows, targets, func() error {
			into[key] = p
			return nil
		})
		return err
	})
}

func queueClosings(queries *pgx.Batch, keys []budget.YearKey, into map[budget.YearKey]budget.Closing) {
	if len(keys) == 0 {
		return
	}
	var units []string
	var years []int32
	for _, key := range keys {
		units, years = append(units, string(key.Unit)), append(years, int32(key.Year))
	}
	sql := "SELECT unit, year, month, whole FROM closing JOIN unnest($1::text[], $2::int[]) AS k (unit, year) USING (unit, year)"
	queries.Queue(sql, units, years).Query(func(rows pgx.Rows) error {
		var unit events.UnitID
		var year, month int
		var whole bool
		_, err := pgx.ForEachRow(rows, []any{&unit, &year, &month, &whole}, func() error {
			into[budget.YearKey{Unit: unit, Year: fiscal.Year(year)}] = budget.Closing{Month: events.Month(month), Year: whole}
			return nil
		})
		return err
	})
}

// texts turns codes into what Postgres takes as text[].
func texts[T ~string](codes []T) []string {
	out := make([]string, len(codes))
	for i, code := range codes {
		out[i] = string(code)
	}
	return out
}
