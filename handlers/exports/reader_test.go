package exports_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/projections"
)

var _ exports.Reader = projections.Reader(nil)

// books is a reader of lines that are given.
type books struct {
	units []budget.Unit
	lines []projections.LineView
	asked []projections.AsOf
	fails error
}

func (b *books) Units(context.Context) ([]budget.Unit, error) { return b.units, nil }

func (b *books) Execution(_ context.Context, q projections.Query) (projections.Report, error) {
	report := projections.Report{Sequence: 77}
	for _, line := range b.lines {
		if line.Line.Year == q.Year && q.By == projections.ByLine {
			report.Rows = append(report.Rows, projections.Row{Key: string(line.Line.ID)})
		}
	}
	return report, nil
}

func (b *books) Line(_ context.Context, id events.LineID, at projections.AsOf) (projections.LineView, error) {
	b.asked = append(b.asked, at)
	i := slices.IndexFunc(b.lines, func(l projections.LineView) bool { return l.Line.ID == id })
	return b.lines[i], b.fails
}

func reader() *books {
	b := &books{units: []budget.Unit{{ID: "A", Name: "department"}, {ID: "B", Name: "bureau", Parent: "A"}, {ID: "C", Name: "station", Parent: "B"}}}
	for _, line := range dataset().Lines {
		b.lines = append(b.lines, line.LineView)
	}
	b.lines[0].Line.Unit, b.lines[1].Line.Unit = "C", "A"
	return b
}

func TestLinesAreReadAtOnePositionWithTheirDepartment(t *testing.T) {
	t.Parallel()
	b := reader()
	lines, sequence, err := exports.ReadLines(t.Context(), b, 2023, "", projections.AsOf{})
	if err != nil {
		t.Fatal(err)
	}
	want := []exports.ExecutionLine{
		{LineView: b.lines[0], Department: "A", DepartmentName: "department"},
		{LineView: b.lines[1], Department: "A", DepartmentName: "department"},
	}
	if diff := cmp.Diff(want, lines); diff != "" || sequence != 77 {
		t.Errorf("at %d: %s", sequence, diff)
	}
	for _, at := range b.asked {
		if at.Through != 77 {
			t.Errorf("a line was read through %d, the report stands at 77", at.Through)
		}
	}
}

func TestALineThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	b := reader()
	b.fails = projections.ErrUnavailable
	if _, _, err := exports.ReadLines(t.Context(), b, 2023, "", projections.AsOf{}); !errors.Is(err, projections.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}
