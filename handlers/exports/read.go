package exports

import (
	"context"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

// Reader is what the lines of a data set are read from.
type Reader interface {
	Units(ctx context.Context) ([]budget.Unit, error)
	Execution(ctx context.Context, q projections.Query) (projections.Report, error)
	Line(ctx context.Context, id events.LineID, at projections.AsOf) (projections.LineView, error)
}

// ReadLines reads the lines of a year with their departments, all at the log
// position that it returns, by code. An empty unit reads all units. Errors:
// those of the reader.
func ReadLines(ctx context.Context, r Reader, year fiscal.Year, unit events.UnitID, at projections.AsOf) ([]ExecutionLine, uint64, error) {
	units, err := r.Units(ctx)
	if err != nil {
		return nil, 0, err
	}
	report, err := r.Execution(ctx, projections.Query{Year: year, By: projections.ByLine, Unit: unit, AsOf: at})
	if err != nil {
		return nil, 0, err
	}
	if at.Through == 0 {
		at.Through = report.Sequence
	}
	tops := departments(units)
	lines := make([]ExecutionLine, 0, len(report.Rows))
	for _, row := range report.Rows {
		view, err := r.Line(ctx, events.LineID(row.Key), at)
		if err != nil {
			return nil, 0, err
		}
		top := tops[view.Line.Unit]
		lines = append(lines, ExecutionLine{view, top.ID, top.Name})
	}
	return lines, at.Through, nil
}

// departments finds the top of the tree above each unit. Parents come before
// their children.
func departments(units []budget.Unit) map[events.UnitID]budget.Unit {
	tops := make(map[events.UnitID]budget.Unit, len(units))
	for _, unit := range units {
		top, below := tops[unit.Parent]
		if !below {
			top = unit
		}
		tops[unit.ID] = top
	}
	return tops
}
