package exports_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/projections"
)

// books is a reader of lines that are given.
type books struct {
	units []budget.Unit
	lines []projections.LineView
	asked []projections.Query
	fails error
}

func (b *books) Units(context.Context) ([]budget.Unit, error) { return b.units, nil }

func (b *books) Lines(_ context.Context, q projections.Query) (uint64, []projections.LineView, error) {
	b.asked = append(b.asked, q)
	var lines []projections.LineView
	for _, line := range b.lines {
		if line.Line.Year == q.Year {
			lines = append(lines, line)
		}
	}
	return 77, lines, b.fails
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
	if len(b.asked) != 1 {
		t.Errorf("the lines were read %d times; once is at one position", len(b.asked))
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
