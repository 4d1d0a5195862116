package control_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/control"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

func set(unit string, id events.ControlID, narrow func(*events.ControlSet)) said {
	data := events.ControlSet{Control: id, Availability: events.Warn, Date: on(1, 1)}
	narrow(&data)
	return said{unit, data}
}

func TestTheClosestControlHolds(t *testing.T) {
	t.Parallel()
	all := func(*events.ControlSet) {}
	basic := func(c *events.ControlSet) { c.ProjectKind = events.KindBasic }
	public := func(c *events.ControlSet) { c.Fund = events.GeneralPublic }
	works := func(c *events.ControlSet) { c.Project = "works" }
	services := func(c *events.ControlSet) { c.EconomicClass = "302" }
	training := func(c *events.ControlSet) { c.EconomicClass = "30216" }
	for name, c := range map[string]struct {
		given []said
		line  string
		want  events.ControlID
	}{
		"none is set":                           {nil, "a", ""},
		"one of the unit":                       {[]said{set("station", "x", all)}, "a", "x"},
		"one above the unit":                    {[]said{set("city", "x", all)}, "a", "x"},
		"none beside the unit":                  {[]said{set("school", "x", all)}, "a", ""},
		"the nearer unit's, however wide":       {[]said{set("city", "x", training), set("bureau", "y", all)}, "a5", "y"},
		"the one above, where the nearer fails": {[]said{set("city", "x", all), set("station", "y", basic)}, "a", "x"},
		"the longer class":                      {[]said{set("city", "y", training), set("city", "x", services)}, "a5", "y"},
		"a class covers its items":              {[]said{set("city", "x", services)}, "a5", "x"},
		"an item does not cover its class":      {[]said{set("city", "x", training)}, "a", ""},
		"the class before the project":          {[]said{set("city", "y", services), set("city", "x", works)}, "a", "y"},
		"the project before the fund":           {[]said{set("city", "y", works), set("city", "x", public)}, "a", "y"},
		"the fund before the kind":              {[]said{set("city", "y", public), set("city", "x", basic)}, "pay", "y"},
		"the kind before all":                   {[]said{set("city", "y", basic), set("city", "x", all)}, "pay", "y"},
		"of equal ones, the later":              {[]said{set("city", "x", all), set("city", "y", all)}, "a", "y"},
		"of equal ones that set last":           {[]said{set("city", "x", all), set("city", "y", all), set("city", "x", all)}, "a", "x"},
		"set again it is another one":           {[]said{set("city", "x", all), set("city", "x", basic)}, "a", ""},
		"not one that was removed":              {[]said{set("city", "x", all), {"city", events.ControlRemoved{Control: "x", Date: on(1, 1)}}}, "a", ""},
	} {
		w := newWorld(t, append(town(), c.given...)...)
		if got := w.state.Rule(w.books, w.line(c.line)); got.ID != c.want {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}

func TestWhatAControlLeavesOutIsTheDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, append(town(), set("city", "x", func(*events.ControlSet) {}))...)
	rule := w.state.Rule(w.books, w.line("a"))
	if rule.Pool != events.PoolLine || rule.Plan != events.PlanNone || rule.Availability != events.Warn || rule.Sequence != uint64(len(w.log)) {
		t.Errorf("%+v", rule)
	}
	none := new(control.State).Rule(w.books, w.line("a"))
	if none != (control.Rule{Availability: events.Reject, Pool: events.PoolLine, Plan: events.PlanNone}) {
		t.Errorf("without controls: %+v", none)
	}
}

func TestListsAreInOrder(t *testing.T) {
	t.Parallel()
	all := func(*events.ControlSet) {}
	grant := func(line string, id events.OverrideID) said {
		return said{line, events.OverrideGranted{Override: id, Amount: 1, Until: on(12, 31), Date: on(1, 1), Reason: "抢险"}}
	}
	w := newWorld(t, append(town(), set("school", "b", all), set("city", "z", all), set("city", "a", all),
		grant("b", "two"), grant("a", "two"), grant("a", "one"), grant("a", "gone"), said{"a", events.OverrideEnded{Override: "gone", Date: on(2, 1)}})...)
	var got []string
	for _, rule := range w.state.Rules() {
		got = append(got, string(rule.Unit)+" "+string(rule.ID))
	}
	for _, override := range w.state.Overrides() {
		got = append(got, string(override.Line)+" "+string(override.ID))
	}
	if want := []string{"city a", "city z", "school b", "a one", "a two", "b two"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestARefusalSaysTheFigures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, append(town(), set("city", "x", func(c *events.ControlSet) {
		c.Availability, c.Pool, c.ToleranceAmount, c.Plan = events.Reject, events.PoolProject, yuan("10.00"), events.PlanQuarter
	}), said{"works", events.PlanSet{Kind: events.OfProject, Year: 2023, Date: on(1, 1), Months: [12]money.Amount{1: yuan("200.00"), 4: yuan("5.00")}}},
		said{"c", events.DisbursementPaid{Amount: yuan("30.00"), Date: on(1, 5), Document: "1"}})...)
	paid := func(amount string, date fiscal.Date) said {
		return said{"a", events.DisbursementPaid{Amount: yuan(amount), Date: date, Document: "2"}}
	}
	refusedWith(t, w, paid("200.00", on(2, 1)), events.CodeInsufficientFunds, map[string]string{
		"line": "a", "available": "160.00", "asked": "200.00", "missing": "40.00", "pool": "project"})
	w.accepts(said{"fees", events.DisbursementPaid{Amount: yuan("50.00"), Date: on(3, 1), Document: "1"}})
	refusedWith(t, w, paid("150.00", on(3, 31)), events.CodePlanExceeded, map[string]string{
		"line": "a", "period": "2023-Q1", "planned": "200.00", "spent": "80.00", "asked": "150.00", "missing": "30.00"})
}

func refusedWith(t *testing.T, w *world, s said, code events.Code, params map[string]string) {
	t.Helper()
	_, err := w.state.Decide(w.books, w.event(s))
	if refusal := events.AsRefusal(err); refusal == nil || refusal.Code != code || !maps.Equal(refusal.Params, params) {
		t.Errorf("%v, want %s %v", err, code, params)
	}
}

// A tolerance of ten times a budget that is as large as a sum may be does not
// wrap around to a negative one.
func TestAHugeToleranceTolerates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, append(town(), set("city", "x", func(c *events.ControlSet) {
		c.Availability, c.TolerancePercent = events.Reject, "1000"
	}))...)
	for range money.MaxSum/money.MaxStated - 1 {
		w.accepts(supplement("a", money.MaxStated.String()))
	}
	w.accepts(said{"a", events.OverrideGranted{Override: "o", Amount: money.MaxStated, Until: on(12, 31), Date: on(1, 1), Reason: "抢险"}})
	for range money.MaxSum/money.MaxStated - 1 {
		w.accepts(said{"a", events.BudgetFrozen{Amount: money.MaxStated, Date: on(1, 2), Document: "1", Reason: "冻结"}})
	}
	w.accepts(said{"a", events.BudgetFrozen{Amount: yuan("100.00"), Date: on(1, 2), Document: "1", Reason: "冻结"}})
}
