package projections_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// monitored are the reports that Months makes.
var monitored = []projections.By{projections.ByLine, projections.ByProject, projections.ByUnit, projections.ByFund, projections.BySource}

// months makes by hand what Months should answer.
func (l *ledger) months(t failer, q projections.Query) []projections.Series {
	t.Helper()
	rows, lines := map[string]*projections.Series{}, map[string][]budget.Line{}
	for _, line := range l.linesAsOf(q.AsOf) {
		if l.matches(q, line) {
			key, name := l.key(q.By, line)
			rows[key] = &projections.Series{Key: key, Name: name}
			lines[key] = append(lines[key], line)
		}
	}
	for key, row := range rows {
		l.describe(q, row, lines[key])
		var sums budget.Sums
		var months [12]budget.Sums
		for _, line := range lines[key] {
			var own budget.Sums
			for _, p := range l.postings {
				if p.Line != line.ID || !keeps(q.AsOf, p) {
					continue
				}
				own[p.Measure] += p.Amount
				months[p.Date.Month-1][p.Measure] += p.Amount
				if p.Measure == budget.Executed && p.Amount > 0 && p.Date.Compare(row.LastPaid) > 0 {
					row.LastPaid = p.Date
				}
			}
			if figures := figuresOf(t, own); line.Vintage < line.Year {
				row.Old += figures.Available + figures.Frozen + figures.Committed
			}
			if err := sums.Add(own); err != nil {
				t.Fatalf("%v", err)
			}
		}
		row.Old, row.Figures = max(row.Old, 0), figuresOf(t, sums)
		for i, month := range months {
			figures := figuresOf(t, month)
			row.Executed[i], row.FullYear[i], row.Committed[i] = figures.Executed, figures.FullYear, figures.Committed
		}
	}
	l.plan(q, rows)
	var all []projections.Series
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		all = append(all, *rows[key])
	}
	return all
}

func figuresOf(t failer, sums budget.Sums) budget.Figures {
	t.Helper()
	figures, err := sums.Figures()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return figures
}

// describe says what a row's lines have in common.
func (l *ledger) describe(q projections.Query, row *projections.Series, lines []budget.Line) {
	for i, line := range lines {
		project, _ := l.books.Project(budget.ProjectKey{ID: line.Project, Year: line.Year})
		covered := pace.Covered{Project: line.Project, Kind: project.Kind, Fund: line.Fund}
		switch q.By {
		case projections.ByLine, projections.ByUnit:
			row.Unit = line.Unit
		case projections.ByProject:
			row.Unit = project.Unit
		}
		if i == 0 {
			row.Covered = covered
		}
		if row.Covered.Project != covered.Project {
			row.Covered.Project = ""
		}
		if row.Covered.Kind != covered.Kind {
			row.Covered.Kind = ""
		}
		if row.Covered.Fund != covered.Fund {
			row.Covered.Fund = ""
		}
	}
}

// plan adds the use plans that were the last ones then.
func (l *ledger) plan(q projections.Query, rows map[string]*projections.Series) {
	lines, projects := map[string]pace.Months{}, map[string]pace.Months{}
	for _, event := range l.events {
		set, is := event.Data.(events.PlanSet)
		if !is || set.Year != q.Year || !keeps(q.AsOf, budget.Posting{Date: set.Date, Sequence: event.Sequence, RecordedTime: event.RecordedTime}) {
			continue
		}
		if set.Kind == events.OfLine {
			lines[event.Subject] = set.Months
		} else {
			projects[event.Subject] = set.Months
		}
	}
	add := func(key string, months pace.Months) {
		row, there := rows[key]
		if !there {
			return
		}
		if row.Plan == nil {
			row.Plan = new(pace.Months)
		}
		for i := range months {
			row.Plan[i] += months[i]
		}
	}
	counted := map[string]bool{}
	for _, line := range l.linesAsOf(q.AsOf) {
		if !l.matches(q, line) {
			continue
		}
		own, planned := lines[string(line.ID)]
		months, covered := projects[string(line.Project)]
		project, _ := l.books.Project(budget.ProjectKey{ID: line.Project, Year: line.Year})
		byProject := map[projections.By]string{projections.ByProject: string(line.Project), projections.ByUnit: string(project.Unit)}[q.By]
		byLine := map[projections.By]string{projections.ByLine: string(line.ID), projections.ByProject: string(line.Project), projections.ByUnit: string(line.Unit)}[q.By]
		switch {
		case covered && q.By != projections.ByLine:
			if !counted[string(line.Project)] {
				add(byProject, months)
			}
			counted[string(line.Project)] = true
		case planned:
			add(byLine, own)
		}
	}
}

// sameMonths compares months with those made in Go.
func sameMonths(t failer, store projections.MonitorReader, l *ledger, q projections.Query) {
	t.Helper()
	got, err := store.Months(background, q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	if diff := cmp.Diff(l.months(t, q), got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("months %+v (−Go +SQL):\n%s", q, diff)
	}
}

func planOf(first string) []string {
	return append([]string{first}, slices.Repeat([]string{"1.00"}, 11)...)
}

func TestMonthsAreTheFoldOfTheEvents(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	l.post(t, "plan.set", "L1", object{"about": "line", "year": 2023, "date": "2023-01-06", "months": planOf("5.00")})
	l.post(t, "plan.set", "L1", object{"about": "line", "year": 2023, "date": "2023-07-01", "months": planOf("6.00")})
	l.post(t, "plan.set", "L4", object{"about": "line", "year": 2023, "date": "2023-01-06", "memo": `"months":["9.00"],"year":1999`, "months": planOf("7.00")})
	l.post(t, "plan.set", "L5", object{"about": "line", "year": 2023, "date": "2023-02-06", "months": planOf("8.00"), "reason": `改"year":1999`})
	l.post(t, "plan.set", "TRAIN", object{"about": "project", "year": 2022, "date": "2023-02-06", "months": planOf("9.00")})
	middle := l.last()
	l.post(t, "plan.set", "TRAIN", object{"about": "project", "year": 2023, "date": "2023-03-06", "months": planOf("10.00")})
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	for asOfName, asOf := range map[string]projections.AsOf{
		"now":                 {},
		"a month's end":       {Date: date("2023-10-31")},
		"early in a month":    {Date: date("2023-11-01")},
		"late in a month":     {Date: date("2023-11-29")},
		"before it all":       {Date: date("2020-01-01")},
		"after it all":        {Date: date("2030-01-01")},
		"before the last":     {Through: middle},
		"a sequence":          {Through: l.last() * 3 / 4, Date: date("2023-03-15")},
		"an early one":        {Through: l.last() / 3},
		"beyond the end":      {Through: l.last() + 10, Date: date("2023-12-31")},
		"a time":              {KnownAt: l.events[45].RecordedTime},
		"a sequence and time": {Through: 60, KnownAt: l.events[50].RecordedTime, Date: date("2023-10-31")},
	} {
		for name, q := range map[string]projections.Query{
			"everything": {Year: 2023},
			"last year":  {Year: 2022},
			"no lines":   {Year: 2030},
			"a subtree":  {Year: 2023, Unit: "RADIO"},
			"a project":  {Year: 2023, Project: "TRAIN"},
			"a line":     {Year: 2023, Line: "L4"},
			"a fund":     {Year: 2023, Fund: events.UnitFunds},
			"no match":   {Year: 2023, Unit: "NOBODY"},
		} {
			t.Run(asOfName+"/"+name, func(t *testing.T) {
				for _, by := range monitored {
					q.By, q.AsOf = by, asOf
					sameMonths(t, store, l, q)
				}
			})
		}
	}
}

func TestMonthsOfRandomLedgers(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	rapid.Check(t, func(t *rapid.T) {
		db.empty(schema)
		l := registered(t)
		grow(t, l, rapid.IntRange(10, 60).Draw(t, "events"))
		for i := range rapid.IntRange(0, 3).Draw(t, "plans") {
			subject := rapid.SampledFrom([]string{"L1", "L2", "P1", "P2"}).Draw(t, "planned")
			about := map[byte]string{'L': "line", 'P': "project"}[subject[0]]
			l.post(t, "plan.set", subject, object{"about": about, "year": 2023, "date": "2023-01-0" + fmt.Sprint(i+1), "months": planOf(fmt.Sprint(i))})
		}
		project(t, store, l.log)
		for range 3 {
			q := projections.Query{Year: 2023, By: rapid.SampledFrom(monitored).Draw(t, "by"), AsOf: randomAsOf(t, l)}
			sameMonths(t, store, l, q)
		}
	})
}

func TestMonthsAgreeWithExecution(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	q := projections.Query{Year: 2023, By: projections.ByProject, AsOf: projections.AsOf{Date: date("2023-11-15")}}
	report, err := store.Execution(background, q)
	if err != nil {
		t.Fatal(err)
	}
	series, err := store.Months(background, q)
	if err != nil || len(series) != len(report.Rows) {
		t.Fatalf("%d series for %d rows: %v", len(series), len(report.Rows), err)
	}
	for i, row := range report.Rows {
		if series[i].Key != row.Key || series[i].Figures != row.Figures {
			t.Errorf("%s: %+v, and by Execution %+v", row.Key, series[i].Figures, row.Figures)
		}
	}
}

func TestMonthsOfNoYearAndOfMonthsAreRefused(t *testing.T) {
	t.Parallel()
	store, _ := newDatabase(t).fresh()
	for name, q := range map[string]projections.Query{
		"no year":    {By: projections.ByLine},
		"by month":   {Year: 2023, By: projections.ByMonth},
		"by nothing": {Year: 2023},
	} {
		if _, err := store.Months(background, q); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRulesAreThoseOfASequence(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	rule := func(pace, watch string) object {
		return object{"pace": pace, "curve": "day", "watch": watch, "behind": "20", "date": "2023-01-01"}
	}
	l.say(t, "pace.set", "GX", rule("a", "1"))
	first := l.last()
	l.say(t, "pace.set", "GX", rule("a", "2"))
	l.say(t, "pace.set", "SME", rule("b", "3"))
	l.say(t, "pace.removed", "GX", object{"pace": "a", "date": "2023-02-01"})
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	for through, want := range map[uint64]string{first - 1: "[]", first: "[GX a 1/1]", first + 1: "[GX a 2/1]", first + 2: "[GX a 2/1 SME b 3/1]", first + 3: "[SME b 3/1]", 0: "[SME b 3/1]"} {
		rules, err := store.Rules(background, through)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rules.All() {
			got = append(got, string(r.Unit), string(r.ID), r.Watch.String())
		}
		if fmt.Sprint(got) != want {
			t.Errorf("through %d: %v, want %s", through, got, want)
		}
	}
}

func TestMoneyIsThereFromTheEndOfItsMonth(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes pace.Months
		want    fiscal.Date
	}{
		"in January":          {pace.Months{100}, fiscal.Date{}},
		"in February":         {pace.Months{0, 100}, date("2024-02-29")},
		"taken and given":     {pace.Months{100, -100, 0, 5}, fiscal.Date{}},
		"in December":         {pace.Months{11: 1}, date("2024-12-31")},
		"never":               {pace.Months{}, fiscal.Date{}},
		"nothing, then money": {pace.Months{3: -1, 5: 2}, date("2024-06-30")},
	} {
		if got := (projections.Series{FullYear: c.changes}).Funded(2024); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// yueyang is the projection of the report of 2023.
func yueyang(t *testing.T) *projections.Store {
	t.Helper()
	l := newLedger()
	l.appendAll(t, exampleEvents(t)...)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	return store
}

// TestWhoWasBehindOnTheLastOfOctober2023 finds what the report of 2023 found in
// January.
func TestWhoWasBehindOnTheLastOfOctober2023(t *testing.T) {
	t.Parallel()
	store, on := yueyang(t), date("2023-10-31")
	series, err := store.Months(background, projections.Query{Year: 2023, By: projections.ByProject, Kind: events.KindProject, AsOf: projections.AsOf{Date: on}})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := store.Rules(background, 0)
	if err != nil {
		t.Fatal(err)
	}
	standing := func(s projections.Series) pace.Standing {
		return s.Standing(2023, on, rules.For(s.Covered, func(func(events.UnitID) bool) {}))
	}
	slices.SortStableFunc(series, func(a, b projections.Series) int { return pace.Compare(standing(a), standing(b)) })
	for i, want := range []struct {
		key, gap string
		status   pace.Status
	}{{"yueyang-2023-04", "-40.48", pace.FarBehind}, {"yueyang-2023-15", "-7.55", pace.Behind}} {
		s := standing(series[i])
		if series[i].Key != want.key || s.PrintedGap() != want.gap || s.Status(pace.Proportional()) != want.status {
			t.Errorf("place %d: %s at %s is %s, want %+v", i, series[i].Key, s.PrintedGap(), s.Status(pace.Proportional()), want)
		}
	}
	// The guiding fund's projects are fine against what was left of their budgets.
	want := map[string]string{"yueyang-2023-01": "14", "yueyang-2023-06": "2", "yueyang-2023-11": "8", "yueyang-2023-12": "34", "yueyang-2023-13": "18"}
	got := map[string]string{}
	for _, s := range series {
		if s.Figures.Initial <= s.Figures.FullYear {
			continue
		}
		got[s.Key] = s.Figures.RateInitial().Percent(0, money.HalfUp)
		if status := standing(s).Status(pace.Proportional()); status != pace.OnPace {
			t.Errorf("%s is %s against the full-year budget", s.Key, status)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("percent of the initial budget (-want +got):\n%s", diff)
	}
}

// exampleEvents parses the events of the report of 2023.
func exampleEvents(t *testing.T) []events.Event {
	t.Helper()
	raw, err := examples.Events("yueyang-2023")
	if err != nil {
		t.Fatal(err)
	}
	var all []events.Event
	for line := range bytes.Lines(raw) {
		event, err := events.Parse(bytes.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, event)
	}
	return all
}
