package projections_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/projections"
)

// TestRememberedReportsAreThoseOfTheirSequence: a report that was asked for
// before comes again, unharmed by what its first reader did to it, until
// something was posted.
func TestRememberedReportsAreThoseOfTheirSequence(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	query := projections.Query{Year: 2023, By: projections.ByLine}
	read := func() projections.Report {
		t.Helper()
		report, err := store.Execution(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	first := read()
	want := append([]projections.Row{}, first.Rows...)
	if len(want) < 2 {
		t.Fatalf("there are %d rows", len(want))
	}
	first.Rows[0] = projections.Row{}
	if diff := cmp.Diff(want, read().Rows); diff != "" {
		t.Errorf("asked again:\n%s", diff)
	}
	l.post(t, "budget.supplemented", want[0].Key, object{"amount": "1.00", "date": "2023-11-01", "document": "追加", "reason": "新增"})
	project(t, store, l.log)
	if got := read(); got.Sequence != l.last() || got.Rows[0].Figures.FullYear != want[0].Figures.FullYear+100 {
		t.Errorf("after a supplement of 1.00 the line stands at %s, before at %s", got.Rows[0].Figures.FullYear, want[0].Figures.FullYear)
	}
}
