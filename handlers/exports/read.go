package exports

import (
	"context"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

// Reader is what the lines of a data set are read from; a [projections.Store] is
// one.
type Reader interface {
	Units(ctx context.Context) ([]budget.Unit, error)
	Lines(ctx context.Context, q projections.Query) (sequence uint64, lines []projections.LineView, err error)
}

var _ Reader = (*projections.Store)(nil)

// ReadLines reads the lines of a year with their departments, all at the log
// position that it returns, by code. An empty unit reads all units. Errors:
// those of the reader.
func ReadLines(ctx context.Context, r Reader, year fiscal.Year, unit events.UnitID, at projections.AsOf) ([]ExecutionLine, uint64, error) {
	units, err := r.Units(ctx)
	if err != nil {
		return nil, 0, err
	}
	sequence, views, err := r.Lines(ctx, projections.Query{Year: year, Unit: unit, AsOf: at})
	if err != nil {
		return nil, 0, err
	}
	tops := departments(units)
	lines := make([]ExecutionLine, len(views))
	for i, view := range views {
		top := tops[view.Line.Unit]
		lines[i] = ExecutionLine{view, top.ID, top.Name}
	}
	return lines, sequence, nil
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
