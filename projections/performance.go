package projections

import (
	"context"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
)

// Lines reads the lines of a query with their figures, by code, and the log
// position that they stand at. By is ignored.
func (s *Store) Lines(ctx context.Context, q Query) (sequence uint64, lines []LineView, err error) {
	err = s.snapshot(ctx, fmt.Sprintf("the lines of %d", q.Year), func(tx pgx.Tx) (err error) {
		if sequence, err = position(ctx, tx, q.AsOf); err != nil {
			return err
		}
		lines, err = linesOf(ctx, tx, q, sequence)
		return err
	})
	return sequence, lines, err
}

// linesOf reads the lines of a query by code, for a reader that stands at a
// position.
func linesOf(ctx context.Context, tx pgx.Tx, q Query, through uint64) ([]LineView, error) {
	q.By = ByLine
	rows, err := tx.Query(ctx, "WITH "+lineScope+", figures AS ("+figuresSQL(q)+") SELECT "+viewColumns+
		" FROM scope l LEFT JOIN figures f ON f.line = l.id ORDER BY l.id", q.arguments(through))
	if err != nil {
		return nil, err
	}
	return collectViews(rows, through)
}

// viewColumns are those of a LineView, of the scope as l and its figures as f.
var viewColumns = lineColumns + ", " + forMeasures("coalesce(f.%[1]s, 0)") + ", l.unit_name, l.project_name, l.kind"

// scanView are the targets for scanning viewColumns.
func scanView(v *LineView) []any {
	return append(scanLine(&v.Line), &v.UnitName, &v.ProjectName, &v.ProjectKind)
}

func collectViews(rows pgx.Rows, sequence uint64) ([]LineView, error) {
	var lines []LineView
	view := LineView{Sequence: sequence}
	_, err := pgx.ForEachRow(rows, scanView(&view), func() (err error) {
		view.Figures, err = view.Line.Sums.Figures()
		lines = append(lines, view)
		return err
	})
	return lines, err
}

// EventsAbout reads the events of some types about some units, projects or
// lines, in the order of the log, and the position that they stand at: those
// recorded up to it with a business date, if they have one, up to at's. It is
// for types without postings, such as goals and indicators; one that posts to
// its own subject is not found here but by [Reader.LineEvents].
func (s *Store) EventsAbout(ctx context.Context, subjects []string, types []events.Type, at AsOf) (sequence uint64, all []events.Event, err error) {
	err = s.snapshot(ctx, "events about subjects", func(tx pgx.Tx) (err error) {
		if sequence, err = position(ctx, tx, at); err != nil {
			return err
		}
		arguments := Query{AsOf: at}.arguments(sequence)
		maps.Copy(arguments, pgx.NamedArgs{"subjects": subjects, "types": texts(types)})
		rows, err := tx.Query(ctx, `SELECT body FROM event
			WHERE NOT posted AND subject = ANY(@subjects::text[]) AND type = ANY(@types::text[])
			AND sequence <= @through AND (@date::date IS NULL OR date IS NULL OR date <= @date)
			ORDER BY sequence`, arguments)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, bodyOf)
		return err
	})
	return sequence, all, err
}

// ClassSums are the sums of the postings of one economic class on one line.
type ClassSums struct {
	Line  events.LineID
	Class events.EconomicClass
	Sums  budget.Sums
}

// SumsByClass sums the postings of some economic classes on the lines of a query,
// by the payment's own class where it is finer than the line's.
func (s *Store) SumsByClass(ctx context.Context, q Query, classes []events.EconomicClass) (sequence uint64, all []ClassSums, err error) {
	err = s.snapshot(ctx, fmt.Sprintf("the economic classes of %d", q.Year), func(tx pgx.Tx) (err error) {
		if sequence, err = position(ctx, tx, q.AsOf); err != nil {
			return err
		}
		arguments := q.arguments(sequence)
		arguments["classes"] = texts(classes)
		rows, err := tx.Query(ctx, "WITH "+lineScope+" SELECT line, economic_class, "+sumPostings+" FROM posting WHERE "+postingsAsOf+
			" AND economic_class = ANY(@classes) GROUP BY 1, 2 ORDER BY 1, 2", arguments)
		if err != nil {
			return err
		}
		var row ClassSums
		_, err = pgx.ForEachRow(rows, append([]any{&row.Line, &row.Class}, scanSums(&row.Sums)...), func() error {
			all = append(all, row)
			return nil
		})
		return err
	})
	return sequence, all, err
}
