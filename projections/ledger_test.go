package projections_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, arguments ...any)
}

// object is the data of an event.
type object map[string]any

// ledger is a log whose events were decided one after the other, and what the
// rules in Go make of it: the truth that projections are compared with.
type ledger struct {
	log      *eventlog.Memory
	books    *budget.Books
	events   []events.Event
	postings []budget.Posting
	// now is the time of the last event, and pause what passes until the next.
	now   time.Time
	pause time.Duration
}

func newLedger() *ledger {
	return &ledger{log: eventlog.NewMemory(), books: budget.NewBooks(), now: firstRecorded, pause: time.Minute}
}

var firstRecorded = time.Date(2023, 1, 3, 1, 0, 0, 0, time.UTC)

// parse makes an event as a client submits it.
func parse(t failer, id, noun, subject string, data object) events.Event {
	t.Helper()
	raw, err := json.Marshal(object{
		"specversion": "1.0", "id": id, "source": "test", "type": "outturn." + noun + ".v1", "subject": subject, "data": data,
	})
	if err != nil {
		t.Fatalf("marshal %s: %v", id, err)
	}
	event, err := events.Parse(raw)
	if err != nil {
		t.Fatalf("parse %s: %v", raw, err)
	}
	return event
}

// record stamps an event for the place after the ledger's last.
func (l *ledger) record(t failer, event events.Event) events.Event {
	t.Helper()
	recorded, err := event.Record(events.Stamp{Sequence: l.last() + 1, RecordedTime: l.now, Actor: "finance"})
	if err != nil {
		t.Fatalf("record: %v", err)
	}
	return recorded
}

// offer records an event if the rules take it.
func (l *ledger) offer(t failer, noun, subject string, data object) bool {
	t.Helper()
	event := parse(t, fmt.Sprintf("E%d", len(l.events)+1), noun, subject, data)
	if budget.Decide(l.books, event) != nil {
		return false
	}
	l.appendAll(t, event)
	return true
}

// post records an event that the rules must take.
func (l *ledger) post(t failer, noun, subject string, data object) {
	t.Helper()
	event := parse(t, fmt.Sprintf("E%d", len(l.events)+1), noun, subject, data)
	if err := budget.Decide(l.books, event); err != nil {
		t.Fatalf("%s about %s: %v", noun, subject, err)
	}
	l.appendAll(t, event)
}

// appendAll records parsed events as one batch.
func (l *ledger) appendAll(t failer, parsed ...events.Event) {
	t.Helper()
	after := uint64(len(l.events))
	var records []eventlog.Record
	for _, event := range parsed {
		recorded := l.record(t, event)
		posted, err := budget.Evolve(l.books, recorded)
		if err != nil {
			t.Fatalf("evolve: %v", err)
		}
		l.now = l.now.Add(l.pause)
		l.events, l.postings = append(l.events, recorded), append(l.postings, posted...)
		records = append(records, recordOf(recorded))
	}
	if err := l.log.Append(context.Background(), after, records); err != nil {
		t.Fatalf("append: %v", err)
	}
}

func recordOf(event events.Event) eventlog.Record {
	return eventlog.Record{Subject: string(event.About()) + "." + event.Subject, Key: event.Key().String(), Body: event.Raw()}
}

func (l *ledger) last() uint64 { return uint64(len(l.events)) }

// keeps says whether an AsOf keeps a posting.
func keeps(at projections.AsOf, p budget.Posting) bool {
	return (at.Date.IsZero() || p.Date.Compare(at.Date) <= 0) &&
		(at.KnownAt.IsZero() || !p.RecordedTime.After(at.KnownAt)) &&
		(at.Through == 0 || p.Sequence <= at.Through)
}

// linesAsOf are the lines that were open then, by code.
func (l *ledger) linesAsOf(at projections.AsOf) []budget.Line {
	var lines []budget.Line
	for _, event := range l.events {
		_, opened := event.Data.(events.LineOpened)
		known := at.KnownAt.IsZero() || !event.RecordedTime.After(at.KnownAt)
		if opened && known && (at.Through == 0 || event.Sequence <= at.Through) {
			line, _ := l.books.Line(events.LineID(event.Subject))
			lines = append(lines, line)
		}
	}
	return lines
}

// within says whether a unit is top or under it.
func (l *ledger) within(unit, top events.UnitID) bool {
	for at := unit; at != ""; {
		if at == top {
			return true
		}
		entry, _ := l.books.Unit(at)
		at = entry.Parent
	}
	return false
}

func (l *ledger) matches(q projections.Query, line budget.Line) bool {
	project, _ := l.books.Project(budget.ProjectKey{ID: line.Project, Year: line.Year})
	return line.Year == q.Year &&
		(q.Unit == "" || l.within(line.Unit, q.Unit)) &&
		(q.Project == "" || line.Project == q.Project) &&
		(q.Line == "" || line.ID == q.Line) &&
		(q.Fund == "" || line.Fund == q.Fund) &&
		(q.Kind == "" || project.Kind == q.Kind) &&
		(q.Cut.By == "" || l.keyOf(q.Cut.By, line) == q.Cut.Key)
}

func (l *ledger) keyOf(by projections.By, line budget.Line) string {
	key, _ := l.key(by, line)
	return key
}

// key is what a line, or a posting on it, is grouped by.
func (l *ledger) key(by projections.By, line budget.Line) (key, name string) {
	switch by {
	case projections.ByLine:
		return string(line.ID), string(line.Name)
	case projections.ByProject:
		project, _ := l.books.Project(budget.ProjectKey{ID: line.Project, Year: line.Year})
		return string(line.Project), string(project.Name)
	case projections.ByUnit:
		unit, _ := l.books.Unit(line.Unit)
		return string(line.Unit), string(unit.Name)
	case projections.ByFund:
		return string(line.Fund), ""
	case projections.ByFunction:
		return string(line.FunctionClass), ""
	case projections.ByEconomic:
		return string(line.EconomicClass), ""
	}
	switch {
	case line.Fund == events.UnitFunds:
		return "other", ""
	case line.Vintage < line.Year:
		return "carryover", ""
	}
	return "current_appropriation", ""
}

// report makes by hand what Execution should answer when the projection stands
// at the ledger's end, or at q.AsOf.Through.
func (l *ledger) report(t failer, q projections.Query) projections.Report {
	t.Helper()
	sums, names := map[string]*budget.Sums{}, map[string]string{}
	row := func(key, name string) *budget.Sums {
		if sums[key] == nil {
			sums[key], names[key] = &budget.Sums{}, name
		}
		return sums[key]
	}
	for _, line := range l.linesAsOf(q.AsOf) {
		if !l.matches(q, line) {
			continue
		}
		if q.By != projections.ByMonth {
			row(l.key(q.By, line))
		}
		for _, p := range l.postings {
			if p.Line != line.ID || !keeps(q.AsOf, p) {
				continue
			}
			key, name := fmt.Sprintf("%04d-%02d", p.Date.Year, p.Date.Month), ""
			if q.By != projections.ByMonth {
				key, name = l.key(q.By, line)
			}
			row(key, name)[p.Measure] += p.Amount
		}
	}
	return l.assemble(t, q, sums, names)
}

func (l *ledger) assemble(t failer, q projections.Query, sums map[string]*budget.Sums, names map[string]string) projections.Report {
	t.Helper()
	report := projections.Report{Query: q, Sequence: l.standsAt(q.AsOf)}
	var total budget.Sums
	for key, s := range sums {
		figures, err := s.Figures()
		if err != nil {
			t.Fatalf("figures of %s: %v", key, err)
		}
		report.Rows = append(report.Rows, projections.Row{Key: key, Name: names[key], Figures: figures})
		if err := total.Add(*s); err != nil {
			t.Fatalf("total: %v", err)
		}
	}
	slices.SortFunc(report.Rows, func(a, b projections.Row) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	report.Total, _ = total.Figures()
	return report
}

// standsAt is the sequence of what an AsOf keeps.
func (l *ledger) standsAt(at projections.AsOf) uint64 {
	var sequence uint64
	for _, event := range l.events {
		if (at.Through == 0 || event.Sequence <= at.Through) && (at.KnownAt.IsZero() || !event.RecordedTime.After(at.KnownAt)) {
			sequence = event.Sequence
		}
	}
	return sequence
}

func date(text string) fiscal.Date {
	d, err := fiscal.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}
