package projections_test

import (
	"slices"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/projections"
)

// TestLinesHaveTheFiguresOfTheReportByLine reads the lines of many queries both
// ways, now and as of earlier.
func TestLinesHaveTheFiguresOfTheReportByLine(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	for _, q := range []projections.Query{
		{Year: 2023}, {Year: 2022}, {Year: 2023, Unit: "GX"}, {Year: 2023, Project: "TRAIN"}, {Year: 2023, Kind: events.KindBasic},
		{Year: 2023, Lines: []events.LineID{"L1", "L4"}}, {Year: 2023, Unit: "SME", Lines: []events.LineID{"L1", "L4"}},
	} {
		for _, at := range []projections.AsOf{{}, {Date: date("2023-06-30")}, {Through: l.last() / 2}} {
			q.AsOf, q.By = at, projections.ByLine
			report, err := store.Execution(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			sequence, lines, err := store.Lines(t.Context(), q)
			if err != nil || sequence != report.Sequence || len(lines) != len(report.Rows) {
				t.Fatalf("%+v: %d lines at %d, %v; the report has %d at %d", q, len(lines), sequence, err, len(report.Rows), report.Sequence)
			}
			for i, line := range lines {
				if row := report.Rows[i]; string(line.Line.ID) != row.Key || line.Figures != row.Figures || line.ProjectName == "" {
					t.Errorf("%+v: line %s has %+v; the report says %+v", q, line.Line.ID, line.Figures, row)
				}
			}
		}
	}
}

func TestPostingsOfSomeLines(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	page, err := store.Postings(t.Context(), projections.PostingsQuery{
		Query: projections.Query{Year: 2023, Lines: []events.LineID{"L1", "L3"}}, Limit: projections.MaxPage,
	})
	if err != nil {
		t.Fatal(err)
	}
	var want budget.Sums
	count := 0
	for _, p := range l.postings {
		if p.Line == "L1" || p.Line == "L3" {
			want[p.Measure] += p.Amount
			count++
		}
	}
	if page.Sums != want || page.Count != count || len(page.Rows) != count {
		t.Errorf("%d postings with the sums %v; want %d with %v", page.Count, page.Sums, count, want)
	}
}

func TestEventsAboutSubjects(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	types := []events.Type{events.GoalSet{}.Type(), events.ProjectRegistered{}.Type()}
	for name, c := range map[string]struct {
		subjects []string
		at       projections.AsOf
		want     []events.Type
	}{
		"now":                   {[]string{"TRAIN"}, projections.AsOf{}, []events.Type{types[1], types[1], types[0]}}, // of two years
		"before its date":       {[]string{"TRAIN"}, projections.AsOf{Date: date("2023-01-31")}, []events.Type{types[1], types[1]}},
		"before anything":       {[]string{"TRAIN"}, projections.AsOf{Through: 1}, nil},
		"of a subject not here": {[]string{"NONE"}, projections.AsOf{}, nil},
		"of no subject":         {nil, projections.AsOf{}, nil},
	} {
		_, all, err := store.EventsAbout(t.Context(), c.subjects, types, c.at)
		var got []events.Type
		for _, e := range all {
			got = append(got, e.Type)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func TestSumsByEconomicClass(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	classes := []events.EconomicClass{"30216", "30102"}
	_, all, err := store.SumsByClass(t.Context(), projections.Query{Year: 2023}, classes)
	if err != nil {
		t.Fatal(err)
	}
	got := map[events.EconomicClass]budget.Sums{}
	for _, row := range all {
		sums := got[row.Class]
		if err := sums.Add(row.Sums); err != nil {
			t.Fatal(err)
		}
		got[row.Class] = sums
	}
	want := map[events.EconomicClass]budget.Sums{}
	for _, p := range l.postings {
		if p.Date.Year == 2023 && slices.Contains(classes, p.EconomicClass) {
			sums := want[p.EconomicClass]
			sums[p.Measure] += p.Amount
			want[p.EconomicClass] = sums
		}
	}
	for _, class := range classes {
		if got[class] != want[class] || got[class] == (budget.Sums{}) {
			t.Errorf("class %s: %v; want %v", class, got[class], want[class])
		}
	}
}
