package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Days of the calendar that the report does not give.
const (
	paymentDay   = 25 // of each month
	changeMonths = 4  // supplements fall in February to May
)

var (
	opening   = day(time.January, 1)
	allocated = day(time.January, 15)
	reduced   = day(time.June, 30)
)

// event is a CloudEvent in the order in which its members are written.
type event struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject"`
	Time            string `json:"time"`
	DataContentType string `json:"datacontenttype"`
	Data            any    `json:"data"`
}

type unitData struct {
	Name   string  `json:"name"`
	Parent *string `json:"parent"`
	Memo   string  `json:"memo"`
}

type yearData struct {
	Year   int    `json:"year"`
	Date   string `json:"date"`
	Reason string `json:"reason"`
	Memo   string `json:"memo"`
}

type projectData struct {
	Unit             string `json:"unit"`
	Year             int    `json:"year"`
	Name             string `json:"name"`
	Kind             string `json:"kind"`
	ImplementingUnit string `json:"implementing_unit"`
	Memo             string `json:"memo"`
}

type lineData struct {
	Year          int    `json:"year"`
	Unit          string `json:"unit"`
	Project       string `json:"project"`
	Name          string `json:"name"`
	Fund          string `json:"fund"`
	Vintage       int    `json:"vintage"`
	FunctionClass string `json:"function_class"`
	EconomicClass string `json:"economic_class"`
	Memo          string `json:"memo"`
}

type budgetData struct {
	Amount   fen    `json:"amount"`
	Date     string `json:"date"`
	Document string `json:"document"`
	Reason   string `json:"reason"`
	Memo     string `json:"memo"`
}

type carryoverData struct {
	Amount   fen    `json:"amount"`
	Date     string `json:"date"`
	FromYear int    `json:"from_year"`
	Document string `json:"document"`
	Memo     string `json:"memo"`
}

type paymentData struct {
	Amount        fen    `json:"amount"`
	Date          string `json:"date"`
	Document      string `json:"document"`
	Payee         string `json:"payee"`
	Purpose       string `json:"purpose"`
	EconomicClass string `json:"economic_class,omitempty"`
	Memo          string `json:"memo"`
}

func day(month time.Month, dayOfMonth int) time.Time {
	return time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC)
}

// newEvent makes an event that was said at nine in the morning, Beijing time,
// of its business date: one o'clock UTC.
func newEvent(id, noun, subject string, date time.Time, data any) event {
	return event{
		SpecVersion: "1.0", ID: id, Source: "/examples/yueyang-2023", Type: "outturn." + noun + ".v1", Subject: subject,
		Time: date.Format(time.DateOnly) + "T01:00:00Z", DataContentType: "application/json", Data: data,
	}
}

// register enters the units, opens the year, and enters projects and lines.
func register(projects []project) []event {
	parent, memo := bureau, "illustrative: code and date"
	events := []event{
		newEvent("unit-"+bureau, "unit.registered", bureau, opening, unitData{bureauName, nil, memo}),
		newEvent("unit-"+station, "unit.registered", station, opening, unitData{stationName, &parent, memo}),
		newEvent(fmt.Sprintf("year-%d-%s", year, bureau), "year.opened", bureau, opening,
			yearData{year, opening.Format(time.DateOnly), fmt.Sprintf("%d年度开账", year), "illustrative: date and reason"}),
	}
	for _, p := range projects {
		events = append(events, newEvent("project-"+p.id, "project.registered", p.id, opening,
			projectData{p.unit, year, p.name, p.kind, p.implementingUnit, p.memo}))
	}
	for _, p := range projects {
		for _, l := range p.lines {
			events = append(events, newEvent("line-"+l.id, "line.opened", l.id, opening,
				lineData{year, p.unit, p.id, l.name, l.fund, l.vintage, l.classes.function, l.classes.economic, l.memos.opened}))
		}
	}
	return events
}

// budget carries a line from nothing to its full-year budget: what was carried
// over, the initial budget, and one change of the difference.
func budget(l line) []event {
	var events []event
	on := func(date time.Time) string { return date.Format(time.DateOnly) }
	if l.carried > 0 {
		events = append(events, newEvent("carried-"+l.id, "carryover.received", l.id, allocated,
			carryoverData{l.carried, on(allocated), year - 1, document("结转", l), l.memos.carried}))
	}
	if l.initial > 0 {
		events = append(events, newEvent("allocated-"+l.id, "budget.allocated", l.id, allocated,
			budgetData{l.initial, on(allocated), document("预算", l), "年初预算下达", l.memos.initial}))
	}
	switch change := l.fullYear - l.carried - l.initial; {
	case change > 0:
		events = append(events, newEvent("supplemented-"+l.id, "budget.supplemented", l.id, l.supplemented(),
			budgetData{change, on(l.supplemented()), document("预调", l), "年中追加：按实际需要安排", l.memos.change}))
	case change < 0:
		events = append(events, newEvent("reduced-"+l.id, "budget.reduced", l.id, reduced,
			budgetData{-change, on(reduced), document("预调", l), "年中调整：按实际需要核减", l.memos.change}))
	}
	return events
}

// supplemented is the day of a line's supplement: its number spreads it over
// February to May, always before the month's payments.
func (l line) supplemented() time.Time {
	return day(time.February+time.Month(l.number%changeMonths), 3+l.number)
}

// document is the number of a paper that moves budget; it says itself that it
// is made up.
func document(kind string, l line) string {
	return fmt.Sprintf("示例〔%d〕%s %s 号", year, kind, l.mark)
}

// pay spends a line's money: by the end of month m of n months floor(E×m/n)
// of the amount E is paid. Months before the line had money are caught up by
// its first payment, and the last month takes the remainder.
func pay(l line) []event {
	first := time.January
	if l.initial+l.carried == 0 {
		first = l.supplemented().Month()
	}
	var events []event
	for _, s := range l.payments {
		var paid fen
		for month := first; int(month) <= s.months; month++ {
			due := s.executed*fen(month)/fen(s.months) - paid
			if due > 0 {
				events = append(events, payment(l, s, month, due))
			}
			paid += due
		}
	}
	return events
}

func payment(l line, s stream, month time.Month, amount fen) event {
	date := day(month, paymentDay)
	id, mark := fmt.Sprintf("paid-%s-%02d", l.id, month), l.mark
	if s.item != "" {
		id, mark = fmt.Sprintf("paid-%s-%s-%02d", l.id, s.item, month), s.item
	}
	return newEvent(id, "disbursement.paid", l.id, date, paymentData{
		Amount: amount, Date: date.Format(time.DateOnly), Document: fmt.Sprintf("示例-%d-%s-%02d", year, mark, month),
		Payee: "示例收款单位", Purpose: s.purpose, EconomicClass: s.item, Memo: l.memos.paid,
	})
}

// encode writes all events as NDJSON: the registers first, and then everything
// by date, money before performance.
func encode(projects []project, performance []event) ([]byte, error) {
	var dated []event
	for _, p := range projects {
		for _, l := range p.lines {
			dated = append(dated, budget(l)...)
			dated = append(dated, pay(l)...)
		}
	}
	dated = append(dated, performance...)
	slices.SortStableFunc(dated, func(a, b event) int { return cmp.Compare(a.Time, b.Time) })
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	for _, e := range append(register(projects), dated...) {
		if err := encoder.Encode(e); err != nil {
			return nil, fmt.Errorf("event %s: %w", e.ID, err)
		}
	}
	return body.Bytes(), nil
}
