package control_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/control"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// tester is what testing.TB and rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// world is books and controls with everything that was recorded on them.
type world struct {
	t        tester
	books    *budget.Books
	state    *control.State
	log      []events.Event
	postings []budget.Posting
}

func newWorld(t tester, given ...said) *world {
	w := &world{t: t, books: budget.NewBooks(), state: new(control.State)}
	for _, s := range given {
		w.accepts(s)
	}
	return w
}

// said is the subject and the data of an event.
type said struct {
	subject string
	data    events.Data
}

// event takes what is said the way that it comes in, under the next sequence.
func (w *world) event(s said) events.Event {
	w.t.Helper()
	sequence := uint64(len(w.log) + 1)
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": "e" + strconv.Itoa(int(sequence)), "source": "/test", "type": s.data.Type(), "subject": s.subject, "data": s.data,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	event, err := events.Parse(raw)
	if err != nil {
		w.t.Fatalf("%s: %v", raw, err)
	}
	event, err = event.Record(events.Stamp{Sequence: sequence, RecordedTime: time.Unix(1_700_000_000+int64(sequence), 0), Actor: "tester"})
	if err != nil {
		w.t.Fatal(err)
	}
	return event
}

func (w *world) record(e events.Event) {
	w.t.Helper()
	posted, err := budget.Evolve(w.books, e)
	if err != nil {
		w.t.Fatal(err)
	}
	w.state.Evolve(w.books, e, posted)
	w.log, w.postings = append(w.log, e), append(w.postings, posted...)
}

func (w *world) accepts(s said) {
	w.t.Helper()
	event := w.event(s)
	if _, err := w.state.Decide(w.books, event); err != nil {
		w.t.Fatalf("%s is refused: %v", event.Raw(), err)
	}
	w.record(event)
}

func (w *world) line(id string) budget.Line {
	line, _ := w.books.Line(events.LineID(id))
	return line
}

// lines are all open lines by code.
func (w *world) lines() []budget.Line {
	var all []budget.Line
	for _, line := range w.books.Changes().Lines {
		all = append(all, line)
	}
	slices.SortFunc(all, func(a, b budget.Line) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

func yuan(text string) money.Amount {
	amount, err := money.Parse(text)
	if err != nil {
		panic(err) // the scenario is written wrongly
	}
	return amount
}

func on(month time.Month, day int) fiscal.Date {
	return fiscal.Date{Year: 2023, Month: month, Day: day}
}

func unit(id, parent events.UnitID) said {
	data := events.UnitRegistered{Name: "单位"}
	if parent != "" {
		data.Parent = &parent
	}
	return said{string(id), data}
}

func project(id string, kind events.ProjectKind) said {
	return said{id, events.ProjectRegistered{Unit: "city", Year: 2023, Name: "项目", Kind: kind}}
}

func line(id string, unit events.UnitID, project events.ProjectID, fund events.Fund, vintage fiscal.Year, class events.EconomicClass) said {
	return said{id, events.LineOpened{Year: 2023, Unit: unit, Project: project, Fund: fund, Vintage: vintage, FunctionClass: "2150510", EconomicClass: class}}
}

func supplement(line, amount string) said {
	return said{line, events.BudgetSupplemented{Amount: yuan(amount), Date: on(1, 2), Document: "1号", Reason: "追加"}}
}

// town is where the scenarios play: 50.00 yuan on each line of 2023.
//
//	city ── bureau ── station
//	  └──── school
func town() []said {
	all := []said{
		unit("city", ""), unit("bureau", "city"), unit("station", "bureau"), unit("school", "city"),
		project("works", events.KindProject), project("staff", events.KindBasic),
		line("a", "station", "works", events.GeneralPublic, 2023, "302"), line("a5", "station", "works", events.GeneralPublic, 2023, "30216"),
		line("b", "station", "works", events.GeneralPublic, 2023, "310"), line("c", "school", "works", events.GeneralPublic, 2023, "302"),
		line("fees", "station", "works", events.SpecialAccount, 2023, "302"), line("old", "station", "works", events.GeneralPublic, 2022, "302"),
		line("pay", "station", "staff", events.GeneralPublic, 2023, "301"),
	}
	for _, line := range townLines() {
		all = append(all, supplement(line, "50.00"))
	}
	return all
}

func townLines() []string { return []string{"a", "a5", "b", "c", "fees", "old", "pay"} }

// drawMoney draws something that happens to the money of the town. Amounts are
// near what there is.
func drawMoney(t *rapid.T, w *world) said {
	draw := func(label string, from []string) string { return rapid.SampledFrom(from).Draw(t, label) }
	subject, to := draw("line", townLines()), draw("to", townLines())
	amount := money.Amount(rapid.Int64Range(1, 40_00).Draw(t, "fen"))
	date := on(time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"))
	payment, at := events.EventID("none"), subject
	for key, p := range w.books.Changes().Payments {
		if p.Left() > 0 && (payment == "none" || key.ID < payment) {
			payment, at = key.ID, string(key.Line)
		}
	}
	commitment := events.CommitmentID(draw("commitment", []string{"c1", "c2"}))
	return rapid.SampledFrom([]said{
		{subject, events.DisbursementPaid{Amount: amount, Date: date, Document: "1"}},
		{subject, events.DisbursementPaid{Amount: amount, Date: date, Document: "2"}},
		{subject, events.DisbursementPaid{Amount: amount, Date: date, Document: "3", Commitment: commitment}},
		{at, events.DisbursementRefunded{Payment: payment, Amount: amount, Date: date, Reason: "退回"}},
		{at, events.DisbursementCorrected{Payment: payment, ToLine: events.LineID(to), Date: date, Reason: "更正"}},
		{subject, events.CommitmentMade{Commitment: commitment, Amount: amount, Date: date}},
		{subject, events.CommitmentChanged{Commitment: commitment, Amount: amount, Date: date}},
		{subject, events.CommitmentReleased{Commitment: commitment, Date: date}},
		{subject, events.BudgetSupplemented{Amount: amount, Date: date, Document: "3", Reason: "追加"}},
		{subject, events.BudgetReduced{Amount: amount, Date: date, Document: "4", Reason: "追减"}},
		{subject, events.BudgetFrozen{Amount: amount, Date: date, Document: "5", Reason: "冻结"}},
		{subject, events.BudgetTransferred{To: events.LineID(to), Amount: amount, Date: date, Document: "6", Reason: "调剂"}},
		{subject, events.CarryoverSent{Amount: amount, Date: date, ToYear: 2024}},
		{subject, events.SurplusReturned{Amount: amount, Date: date, Document: "7"}},
	}).Draw(t, "money")
}

// drawPolicy draws something about controls, overrides or plans.
func drawPolicy(t *rapid.T) said {
	unit := rapid.SampledFrom([]string{"city", "bureau", "station", "school"}).Draw(t, "unit")
	id := events.ControlID(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "control"))
	subject := rapid.SampledFrom(townLines()).Draw(t, "line")
	amount := money.Amount(rapid.Int64Range(1, 20_00).Draw(t, "fen"))
	override := events.OverrideID("o" + strconv.Itoa(rapid.IntRange(1, 3).Draw(t, "override")))
	plan := events.PlanSet{Kind: events.OfLine, Year: 2023, Date: on(1, 1)}
	for i := range plan.Months {
		plan.Months[i] = money.Amount(rapid.Int64Range(0, 20_00).Draw(t, "planned"))
	}
	ofProject := plan
	ofProject.Kind = events.OfProject
	return rapid.SampledFrom([]said{
		{unit, drawControl(t, id)}, {unit, drawControl(t, id)}, {unit, drawControl(t, id)},
		{unit, events.ControlRemoved{Control: id, Date: on(1, 1)}},
		{subject, events.OverrideGranted{Override: override, Amount: amount, Until: on(6, 30), Date: on(1, 1), Reason: "抢险"}},
		{subject, events.OverrideEnded{Override: override, Date: on(1, 1)}},
		{subject, plan}, {"works", ofProject},
	}).Draw(t, "policy")
}

func drawControl(t *rapid.T, id events.ControlID) events.ControlSet {
	return events.ControlSet{
		Control: id, Date: on(1, 1), Availability: rapid.SampledFrom(events.Availabilities()).Draw(t, "availability"),
		Project:          rapid.SampledFrom([]events.ProjectID{"", "", "works"}).Draw(t, "project"),
		ProjectKind:      rapid.SampledFrom([]events.ProjectKind{"", "", events.KindBasic}).Draw(t, "kind"),
		Fund:             rapid.SampledFrom([]events.Fund{"", "", events.GeneralPublic}).Draw(t, "fund"),
		EconomicClass:    rapid.SampledFrom([]events.EconomicClass{"", "", "302", "30216"}).Draw(t, "class"),
		ToleranceAmount:  money.Amount(rapid.Int64Range(0, 10_00).Draw(t, "tolerance")),
		TolerancePercent: rapid.SampledFrom([]events.Points{"", "7.5", "0.3333", "20"}).Draw(t, "percent"),
		Pool:             rapid.SampledFrom(append(events.Pools(), "")).Draw(t, "pool"),
		Plan:             rapid.SampledFrom(append(events.PlanLimits(), "", "")).Draw(t, "plan"),
	}
}

// historyLength is how much is tried in a history.
const historyLength = 60

// live lets things happen in the town. Before each event that the books allow,
// check may look at what was decided.
func live(t *rapid.T, policies bool, check func(w *world, e events.Event, warnings []*events.Refusal, err error)) *world {
	w := newWorld(t, town()...)
	for i := range historyLength {
		s := drawMoney(t, w)
		if policies && i%3 == 0 {
			s = drawPolicy(t)
		}
		event := w.event(s)
		warnings, err := w.state.Decide(w.books, event)
		if err != nil && events.AsRefusal(err) == nil {
			t.Fatalf("%s gives %v, which is no refusal", event.Raw(), err)
		}
		check(w, event, warnings, err)
		if err == nil {
			w.record(event)
		}
	}
	return w
}

func ignore(*world, events.Event, []*events.Refusal, error) {}

// standing says whether an event's effect on controls lasts beyond the lines'
// sums.
func standing(e events.Event) bool {
	switch e.Data.(type) {
	case events.ControlSet, events.ControlRemoved, events.OverrideGranted, events.OverrideEnded, events.PlanSet:
		return true
	}
	return false
}

// shows writes what can be seen of a state.
func shows(w *world, s *control.State) string {
	out := fmt.Sprintln(s.Rules(), s.Overrides())
	for _, line := range w.lines() {
		plan, ok := s.Plan(line)
		out += fmt.Sprintln(line.ID, s.Rule(w.books, line), plan, ok)
	}
	return out
}
