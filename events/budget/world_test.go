package budget_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

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
	Errorf(format string, args ...any)
}

// said is an event as a client says it: the data of its Go type, and what is
// different this time.
type said struct {
	subject string
	data    events.Data
	id      string         // running numbers if empty
	source  string         // "/test" if empty
	members map[string]any // of data, in place of those of the Go type
}

// with puts another value in the place of a member of the data.
func (s said) with(member string, value any) said {
	s.members = maps.Clone(s.members)
	if s.members == nil {
		s.members = map[string]any{}
	}
	s.members[member] = value
	return s
}

func (s said) on(date string) said { return s.with("date", date) }

func (s said) about(subject string) said {
	s.subject = subject
	return s
}

func (s said) from(source string) said {
	s.source = source
	return s
}

// json writes the event as a client submits it.
func (s said) json(t tester, id string) []byte {
	t.Helper()
	raw, err := json.Marshal(s.data)
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]any{}
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	maps.Copy(members, s.members)
	source := s.source
	if source == "" {
		source = "/test"
	}
	raw, err = json.Marshal(map[string]any{
		"specversion": "1.0", "id": id, "source": source, "type": s.data.Type(), "subject": s.subject, "data": members,
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// world is books and controls with everything that was recorded on them.
type world struct {
	t        tester
	books    *budget.Books
	controls *control.State
	log      []events.Event
	postings []budget.Posting
}

func newWorld(t tester, given ...said) *world {
	return (&world{t: t, books: budget.NewBooks(), controls: new(control.State)}).given(given...)
}

// parsed takes an event the way that it comes in.
func (w *world) parsed(s said) events.Event {
	w.t.Helper()
	id := s.id
	if id == "" {
		id = "event-" + strconv.Itoa(len(w.log)+1)
	}
	raw := s.json(w.t, id)
	event, err := events.Parse(raw)
	if err != nil {
		w.t.Fatalf("%s is not an event: %v", raw, err)
	}
	return event
}

// record stamps an event that was decided and evolves the books by it.
func (w *world) record(event events.Event) []budget.Posting {
	w.t.Helper()
	sequence := uint64(len(w.log) + 1)
	recorded, err := event.Record(events.Stamp{
		Sequence: sequence, RecordedTime: time.Unix(1_700_000_000+int64(sequence), 0), Actor: "tester",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	posted, err := budget.Evolve(w.books, recorded)
	if err != nil {
		w.t.Fatalf("evolve %s: %v", recorded.Raw(), err)
	}
	w.controls.Evolve(w.books, recorded, posted)
	w.log = append(w.log, recorded)
	w.postings = append(w.postings, posted...)
	return posted
}

// decide decides with the controls that are set. While there are none, it wants
// package budget to say the same.
func (w *world) decide(event events.Event) (warnings []*events.Refusal, err error) {
	w.t.Helper()
	warnings, err = w.controls.Decide(w.books, event)
	switch event.Data.(type) {
	case events.ControlRemoved, events.OverrideGranted, events.OverrideEnded:
		return warnings, err // their codes are for package control alone to know
	}
	if len(w.controls.Rules()) == 0 && len(w.controls.Overrides()) == 0 {
		if alone := budget.Decide(w.books, event); fmt.Sprint(alone) != fmt.Sprint(err) {
			w.t.Fatalf("%s: without controls %v, and by the rules of budgets alone %v", event.Raw(), err, alone)
		}
	}
	return warnings, err
}

// given records what has to be there for what follows.
func (w *world) given(all ...said) *world {
	w.t.Helper()
	for _, s := range all {
		w.accepts(s)
	}
	return w
}

// accepts wants the event to be accepted, and records it.
func (w *world) accepts(s said) []budget.Posting {
	w.t.Helper()
	event := w.parsed(s)
	if _, err := w.decide(event); err != nil {
		w.t.Fatalf("%s is refused: %v", event.Raw(), err)
	}
	return w.record(event)
}

// warned says whether the event is accepted with this warning.
func (w *world) warned(s said, code events.Code, reason events.Reason) bool {
	w.t.Helper()
	event := w.parsed(s)
	warnings, err := w.decide(event)
	if err != nil {
		w.t.Fatalf("%s is refused: %v", event.Raw(), err)
	}
	return slices.ContainsFunc(warnings, func(r *events.Refusal) bool {
		w.filled(r)
		return r.Code == code && r.Reason == reason
	})
}

// filled wants no parameter of a refusal to be blank.
func (w *world) filled(r *events.Refusal) {
	w.t.Helper()
	for name, value := range r.Params {
		if value == "" {
			w.t.Errorf("%v leaves %s blank", r, name)
		}
	}
}

// posts wants the event to be accepted with these postings, each written as
// "line measure amount class".
func (w *world) posts(s said, want ...string) {
	w.t.Helper()
	var got []string
	for i, p := range w.accepts(s) {
		got = append(got, fmt.Sprintf("%s %s %s %s", p.Line, p.Measure, p.Amount, p.EconomicClass))
		event := w.log[len(w.log)-1]
		if date, _ := event.On(); p.Date != date || p.Sequence != event.Sequence || p.Ordinal != i || !p.RecordedTime.Equal(event.RecordedTime) {
			w.t.Errorf("posting %+v does not point to the event %+v", p, event)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Fatalf("postings of %s (-want +got):\n%s", w.log[len(w.log)-1].Raw(), diff)
	}
}

// refuses wants the event to be refused for this reason.
func (w *world) refuses(s said, code events.Code, reason events.Reason) *events.Refusal {
	w.t.Helper()
	event := w.parsed(s)
	_, err := w.decide(event)
	refusal := events.AsRefusal(err)
	if refusal == nil {
		w.t.Fatalf("%s gives %v, want it refused: %s, %s", event.Raw(), err, code, reason)
	}
	if refusal.Code != code || refusal.Reason != reason {
		w.t.Fatalf("%s is refused with %v, want %s, %s", event.Raw(), refusal, code, reason)
	}
	w.filled(refusal)
	return refusal
}

// has wants figures of a line, written as "available 60.00 committed 0.00".
func (w *world) has(line, want string) {
	w.t.Helper()
	entry, _ := w.books.Line(events.LineID(line))
	figures, err := entry.Sums.Figures()
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]money.Amount{}
	for _, measure := range budget.Measures() {
		all[measure.String()] = entry.Sums[measure]
	}
	all["full_year"], all["executed"], all["available"] = figures.FullYear, figures.Executed, figures.Available
	words := strings.Fields(want)
	for pair := range slices.Chunk(words, 2) {
		got, known := all[pair[0]]
		if !known || got.String() != pair[1] {
			w.t.Fatalf("%s of line %s is %s, want %s", pair[0], line, got, pair[1])
		}
	}
}

// The words of the scenarios. Amounts are in yuan; where no date is given it is
// the 15th of June 2023.

const day = "2023-06-15"

func yuan(text string) money.Amount {
	amount, err := money.Parse(text)
	if err != nil {
		panic(err) // the scenario is written wrongly
	}
	return amount
}

func date(text string) fiscal.Date {
	d, err := fiscal.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func unit(id, parent string) said {
	data := events.UnitRegistered{Name: "单位"}
	if parent != "" {
		under := events.UnitID(parent)
		data.Parent = &under
	}
	return said{subject: id, data: data}
}

func project(id string, year fiscal.Year) said {
	return said{subject: id, data: events.ProjectRegistered{Unit: "bureau", Year: year, Name: "项目", Kind: events.KindProject}}
}

func line(id, unit string, year, vintage fiscal.Year) said {
	return said{subject: id, data: events.LineOpened{
		Year: year, Unit: events.UnitID(unit), Project: "monitoring", Fund: events.GeneralPublic, Vintage: vintage,
		FunctionClass: "2150510", EconomicClass: "302",
	}}
}

func allocate(line, amount string) said {
	return said{subject: line, data: events.BudgetAllocated{Amount: yuan(amount), Date: date(day), Document: "岳财预〔2023〕1号"}}
}

func supplement(line, amount string) said {
	return said{subject: line, data: events.BudgetSupplemented{Amount: yuan(amount), Date: date(day), Document: "2号", Reason: "追加"}}
}

func reduce(line, amount string) said {
	return said{subject: line, data: events.BudgetReduced{Amount: yuan(amount), Date: date(day), Document: "3号", Reason: "追减"}}
}

func recall(line, amount string) said {
	return said{subject: line, data: events.BudgetRecalled{Amount: yuan(amount), Date: date(day), Document: "4号", Reason: "收回"}}
}

func freeze(line, amount string) said {
	return said{subject: line, data: events.BudgetFrozen{Amount: yuan(amount), Date: date(day), Document: "5号", Reason: "冻结"}}
}

func unfreeze(line, amount string) said {
	return said{subject: line, data: events.BudgetUnfrozen{Amount: yuan(amount), Date: date(day), Document: "6号", Reason: "解冻"}}
}

func transfer(line, to, amount string) said {
	return said{subject: line, data: events.BudgetTransferred{
		To: events.LineID(to), Amount: yuan(amount), Date: date(day), Document: "7号", Reason: "调剂",
	}}
}

func receive(line, amount string, from fiscal.Year) said {
	return said{subject: line, data: events.CarryoverReceived{Amount: yuan(amount), Date: date(day), FromYear: from}}
}

func confirm(line, amount string, from fiscal.Year) said {
	return said{subject: line, data: events.CarryoverConfirmed{Amount: yuan(amount), Date: date(day), FromYear: from, Document: "决算"}}
}

func send(line, amount string, to fiscal.Year) said {
	return said{subject: line, data: events.CarryoverSent{Amount: yuan(amount), Date: date(day), ToYear: to}}
}

func returnSurplus(line, amount string) said {
	return said{subject: line, data: events.SurplusReturned{Amount: yuan(amount), Date: date(day), Document: "8号"}}
}

func commit(id, line, amount string) said {
	return said{subject: line, data: events.CommitmentMade{Commitment: events.CommitmentID(id), Amount: yuan(amount), Date: date(day)}}
}

func change(id, line, amount string) said {
	return said{subject: line, data: events.CommitmentChanged{Commitment: events.CommitmentID(id), Amount: yuan(amount), Date: date(day)}}
}

func release(id, line string) said {
	return said{subject: line, data: events.CommitmentReleased{Commitment: events.CommitmentID(id), Date: date(day)}}
}

func pay(id, line, amount string) said {
	return said{id: id, subject: line, data: events.DisbursementPaid{Amount: yuan(amount), Date: date(day), Document: "凭证1"}}
}

func (s said) against(commitment string) said { return s.with("commitment", commitment) }

func refund(payment, line, amount string) said {
	return said{subject: line, data: events.DisbursementRefunded{
		Payment: events.EventID(payment), Amount: yuan(amount), Date: date(day), Reason: "退回",
	}}
}

// move corrects a payment to another line.
func move(payment, line, to string) said {
	return said{subject: line, data: events.DisbursementCorrected{
		Payment: events.EventID(payment), ToLine: events.LineID(to), Date: date(day), Reason: "更正",
	}}
}

// reclassify corrects a payment to another economic class.
func reclassify(payment, line, class string) said {
	return said{subject: line, data: events.DisbursementCorrected{
		Payment: events.EventID(payment), ToEconomicClass: events.EconomicClass(class), Date: date(day), Reason: "更正",
	}}
}

func openYear(unit string, year fiscal.Year) said {
	return said{subject: unit, data: events.YearOpened{Year: year, Date: year.First()}}
}

func closeMonth(unit string, year fiscal.Year, month events.Month) said {
	return said{subject: unit, data: events.PeriodClosed{Year: year, Month: month}}
}

func closeYear(unit string, year fiscal.Year) said {
	return said{subject: unit, data: events.YearClosed{Year: year, Date: year.Last()}}
}

func reopenYear(unit string, year fiscal.Year) said {
	return said{subject: unit, data: events.YearReopened{Year: year, Date: year.Last(), Reason: "审计调整"}}
}

// fromLine and toLine name the line at the other end of a carryover.
func (s said) fromLine(line string) said { return s.with("from_line", line) }

func (s said) toLine(line string) said { return s.with("to_line", line) }

// setControl sets a control of a unit, on the year's first day.
func setControl(unit, id string, availability events.Availability) said {
	return said{subject: unit, data: events.ControlSet{Control: events.ControlID(id), Availability: availability, Date: date("2023-01-01")}}
}

func removeControl(unit, id string) said {
	return said{subject: unit, data: events.ControlRemoved{Control: events.ControlID(id), Date: date(day)}}
}

// override grants one until a day.
func override(id, line, amount, until string) said {
	return said{subject: line, data: events.OverrideGranted{
		Override: events.OverrideID(id), Amount: yuan(amount), Until: date(until), Date: date(day), Reason: "抢险",
	}}
}

func endOverride(id, line string) said {
	return said{subject: line, data: events.OverrideEnded{Override: events.OverrideID(id), Date: date(day)}}
}

// plan sets a use plan of 2023: amounts of January, February, …
func plan(kind events.Subject, subject string, months ...string) said {
	data := events.PlanSet{Kind: kind, Year: 2023, Date: date("2023-01-01")}
	for i, amount := range months {
		data.Months[i] = yuan(amount)
	}
	return said{subject: subject, data: data}
}

// city is where the scenarios play: a bureau with a station and an archive,
// and a school; lines of three years; 100.00 yuan on each of the lines a and b
// and 13.98 carried over on the line old.
//
//	city ── bureau ── station   lines a, a2, old (2023), last (2022), next (2024)
//	  │        └───── archive
//	  └──── school              line b (2023)
func city() []said {
	return []said{
		unit("city", ""), unit("bureau", "city"), unit("station", "bureau"), unit("archive", "bureau"), unit("school", "city"),
		project("monitoring", 2022), project("monitoring", 2023), project("monitoring", 2024),
		line("a", "station", 2023, 2023), line("a2", "station", 2023, 2023).with("economic_class", "310"),
		line("b", "school", 2023, 2023).with("economic_class", "303"),
		line("old", "station", 2023, 2022), line("last", "station", 2022, 2022), line("next", "station", 2024, 2024),
		allocate("a", "100.00"), allocate("b", "100.00"), receive("old", "13.98", 2022),
	}
}
