package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
)

// groups are the key and the name of a report's rows, by what it is by.
var groups = map[By]struct{ key, name string }{
	ByLine:     {"s.id", "s.name"},
	ByProject:  {"s.project", "s.project_name"},
	ByUnit:     {"s.unit", "s.unit_name"},
	ByFund:     {"s.fund", "''"},
	BySource:   {"s.source", "''"},
	ByFunction: {"s.function_class", "''"},
	ByEconomic: {"s.economic_class", "''"},
	ByMonth:    {`to_char(f.month, 'YYYY-MM') COLLATE "C"`, "''"},
}

// Execution implements [Reader]. A row by economic class is that of the lines'
// own class, on which the money is controlled.
func (s *Store) Execution(ctx context.Context, q Query) (Report, error) {
	report := Report{Query: q}
	if _, known := groups[q.By]; !known {
		return report, fmt.Errorf("an execution report by %q: there is no such report", q.By)
	}
	err := s.snapshot(ctx, fmt.Sprintf("execution of %d by %s", q.Year, q.By), func(tx pgx.Tx) (err error) {
		var changed time.Time
		if report.Sequence, changed, err = stand(ctx, tx, q.AsOf); err != nil {
			return err
		}
		name := q.nameOf(report.Sequence, changed)
		if known, ok := s.remembered.find(name); ok {
			report = known
			return nil
		}
		if err = report.read(ctx, tx); err == nil {
			s.remembered.keep(name, report)
		}
		return err
	})
	return report, err
}

func (r *Report) read(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, executionSQL(r.Query), r.Query.arguments(r.Sequence))
	if err != nil {
		return err
	}
	var row Row
	var sums, total budget.Sums
	targets := []any{&row.Key, &row.Name}
	for _, m := range reported {
		targets = append(targets, (*int64)(&sums[m.as]))
	}
	_, err = pgx.ForEachRow(rows, targets, func() (err error) {
		if row.Figures, err = sums.Figures(); err != nil {
			return err
		}
		r.Rows = append(r.Rows, row)
		return total.Add(sums)
	})
	if err != nil {
		return err
	}
	r.Total, err = total.Figures()
	return err
}

// reported are the sums that the figures of a report are made of, in SQL, and the
// measures that they count as: fewer than there are measures, as adding up costs
// more than adding.
var reported = []struct {
	as  budget.Measure
	sum string
}{
	{budget.Initial, "f.initial_fen"},
	{budget.Supplement, "f.supplement_fen + f.transfer_in_fen + f.carryover_in_fen - f.reduction_fen - f.transfer_out_fen - f.recalled_fen"},
	{budget.Frozen, "f.frozen_fen"},
	{budget.Committed, "f.committed_fen"},
	{budget.Executed, "f.executed_fen - f.refunded_fen"},
	{budget.Returned, "f.carryover_out_fen + f.returned_fen"},
}

// executionSQL sums the figures of the scope's lines by the key of a report.
// Lines without any posting count as zero; months without any are not there.
func executionSQL(q Query) string {
	group, join, keys := groups[q.By], "LEFT JOIN", "1, 2"
	if q.By == ByMonth {
		join, keys = "JOIN", "f.month"
	}
	sql := "WITH " + lineScope + ", figures AS (" + termsSQL(q) + ") SELECT " + group.key + " AS key, " + group.name + " AS name"
	for _, m := range reported {
		sql += ", coalesce(sum(" + m.sum + "), 0)::bigint"
	}
	return sql + " FROM scope s " + join + " figures f ON f.line = s.id GROUP BY " + keys + " ORDER BY 1"
}

// Line implements [Reader].
func (s *Store) Line(ctx context.Context, id events.LineID, at AsOf) (LineView, error) {
	var view LineView
	err := s.snapshot(ctx, fmt.Sprintf("line %s", id), func(tx pgx.Tx) (err error) {
		if view.Sequence, err = position(ctx, tx, at); err != nil {
			return err
		}
		q := Query{By: ByLine, Line: id, AsOf: at}
		sql := "WITH " + lineScope + ", figures AS (" + figuresSQL(q) + ") SELECT " + lineColumns + ", " +
			forMeasures("coalesce(f.%[1]s, 0)") + `, l.unit_name, l.project_name, l.kind
			FROM scope l LEFT JOIN figures f ON f.line = l.id WHERE l.id = @line`
		targets := append(scanLine(&view.Line), &view.UnitName, &view.ProjectName, &view.ProjectKind)
		if err := tx.QueryRow(ctx, sql, q.arguments(view.Sequence)).Scan(targets...); err != nil {
			return err
		}
		view.Figures, err = view.Line.Sums.Figures()
		return err
	})
	return view, err
}
