package projections_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

var allBy = []projections.By{
	projections.ByLine, projections.ByProject, projections.ByUnit, projections.ByFund,
	projections.BySource, projections.ByFunction, projections.ByEconomic, projections.ByMonth,
}

// sameReport compares a report with the one made in Go.
func sameReport(t failer, store projections.Reader, l *ledger, q projections.Query) {
	t.Helper()
	got, err := store.Execution(background, q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	if diff := cmp.Diff(l.report(t, q), got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("execution %+v (−Go +SQL):\n%s", q, diff)
	}
}

func TestExecutionIsTheFoldOfTheEvents(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	asOfs := map[string]projections.AsOf{
		"now":             {},
		"a date":          {Date: date("2023-06-30")},
		"before it all":   {Date: date("2020-01-01")},
		"a sequence":      {Through: l.last() / 2},
		"the first":       {Through: 1},
		"beyond the end":  {Through: l.last() + 10},
		"a time":          {KnownAt: l.events[30].RecordedTime},
		"an earlier time": {KnownAt: l.events[12].RecordedTime.Add(time.Second)},
		"before the log":  {KnownAt: firstRecorded.Add(-time.Hour)},
		"all three":       {Date: date("2023-03-31"), Through: 40, KnownAt: l.events[36].RecordedTime},
	}
	queries := map[string]projections.Query{
		"everything": {Year: 2023},
		"last year":  {Year: 2022},
		"no lines":   {Year: 2030},
		"a subtree":  {Year: 2023, Unit: "RADIO"},
		"a top":      {Year: 2023, Unit: "GX"},
		"a project":  {Year: 2023, Project: "TRAIN"},
		"a line":     {Year: 2023, Line: "L1"},
		"a fund":     {Year: 2023, Fund: events.UnitFunds},
		"a kind":     {Year: 2023, Kind: events.KindBasic},
		"a cut":      {Year: 2023, Cut: projections.Cut{By: projections.ByUnit, Key: "GX"}},
		"a source":   {Year: 2023, Cut: projections.Cut{By: projections.BySource, Key: "carryover"}},
		"a function": {Year: 2023, Cut: projections.Cut{By: projections.ByFunction, Key: "2150501"}},
		"a class":    {Year: 2023, Cut: projections.Cut{By: projections.ByEconomic, Key: "302"}},
		"no match":   {Year: 2023, Unit: "NOBODY"},
	}
	for asOfName, asOf := range asOfs {
		for name, q := range queries {
			t.Run(asOfName+"/"+name, func(t *testing.T) {
				for _, by := range allBy {
					q.By, q.AsOf = by, asOf
					sameReport(t, store, l, q)
				}
			})
		}
	}
}

func TestExecutionOfTheScenarioByHand(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	report, err := store.Execution(t.Context(), projections.Query{Year: 2023, By: projections.BySource})
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ key, initial, fullYear, frozen, committed, executed, available string }
	var got []row
	for _, r := range report.Rows {
		f := r.Figures
		got = append(got, row{r.Key, f.Initial.String(), f.FullYear.String(), f.Frozen.String(), f.Committed.String(), f.Executed.String(), f.Available.String()})
	}
	want := []row{
		{"carryover", "0.00", "55000.00", "0.00", "0.00", "0.00", "54000.00"},
		{"current_appropriation", "920000.10", "950000.05", "5000.00", "0.00", "453000.00", "492000.05"},
		{"other", "50000.00", "80000.00", "0.00", "500.00", "5000.00", "67500.00"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Error(diff)
	}
}

func TestExecutionByWhatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	store, _ := newDatabase(t).fresh()
	if _, err := store.Execution(t.Context(), projections.Query{Year: 2023, By: "weather"}); err == nil {
		t.Error("a report by weather was made")
	}
}

func TestLineIsTheFoldOfTheEvents(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	want, _ := l.books.Line("L1")
	for name, at := range map[string]projections.AsOf{"now": {}, "through the end": {Through: l.last()}, "by its last day": {Date: fiscal.Year(2023).Last()}} {
		view, err := store.Line(t.Context(), "L1", at)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		figures, _ := want.Sums.Figures()
		whole := projections.LineView{Line: want, UnitName: "中小企业服务中心", ProjectName: "培训", ProjectKind: events.KindProject, Figures: figures, Sequence: l.last()}
		if diff := cmp.Diff(whole, view); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	early, err := store.Line(t.Context(), "L1", projections.AsOf{Date: date("2023-01-31")})
	if err != nil || early.Figures.FullYear.String() != "800000.00" || early.Figures.Executed != 0 {
		t.Errorf("as of January: %+v, %v", early.Figures, err)
	}
	for name, at := range map[string]projections.AsOf{"before it was opened": {Through: 5}, "before it was known": {KnownAt: firstRecorded}} {
		if _, err := store.Line(t.Context(), "L1", at); !isNotFound(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := store.Line(t.Context(), "NONE", projections.AsOf{}); !isNotFound(err) {
		t.Errorf("an unknown line: %v", err)
	}
}
