package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/reach"
	"github.com/outturn/outturn/projections"
)

// EventPage is the page of a recorded event.
type EventPage struct {
	Shell
	Envelope, Data []Fact
	Rows           []PostingRow
	Hash, PrevHash string // PrevHash is empty for the first event of a subject
	JSON           string
	Before, After  string
	// Tasks lead to what whoever asks may do about a payment.
	Tasks []Link
}

func (*EventPage) template() string { return "event" }

func (s *server) event(v *visit) (page, error) {
	if err := v.filters.end(); err != nil {
		return nil, err
	}
	sequence, err := strconv.ParseUint(v.PathValue("sequence"), 10, 64)
	if err != nil || sequence == 0 || sequence > math.MaxInt64 {
		return nil, projections.ErrNotFound
	}
	if err := s.standAt(v); err != nil {
		return nil, err
	}
	view, err := s.Reader.Event(v.Context(), sequence)
	if err != nil {
		return nil, err
	}
	e := view.Event
	if err := reach.PlacesIn(s.Reader).Event(v.Context(), s.reach(v), e); err != nil {
		return nil, err
	}
	p := &EventPage{
		Shell:    Shell{Heading: v.Text("event.title", "type", v.Type(e.Type), "sequence", v.sequence(e.Sequence)), Section: sectionPostings, FormStyle: s.assets.address("post.css")},
		Envelope: v.envelope(e), Data: v.data(e.Data), Hash: view.Hash.String(), JSON: indented(e.Raw()),
	}
	if e.PrevHash != (events.Hash{}) {
		p.PrevHash = e.PrevHash.String()
	}
	sheet := sheet{visit: v, unit: money.Yuan}
	for _, posting := range view.Postings {
		row, err := sheet.posting(projections.PostingView{Posting: posting, Type: e.Type}, signs{posting.Measure: plus})
		if err != nil {
			return nil, err
		}
		p.Rows = append(p.Rows, row)
	}
	if p.Tasks, err = s.paymentTasks(v, e); err != nil {
		return nil, err
	}
	if sequence > 1 {
		p.Before = eventHref(sequence - 1)
	}
	if sequence < v.at.sequence {
		p.After = eventHref(sequence + 1)
	}
	return p, nil
}

// paymentTasks lead to what can be done about a payment.
func (s *server) paymentTasks(v *visit, e events.Event) ([]Link, error) {
	if _, paid := e.Data.(events.DisbursementPaid); !paid || s.Recorder == nil {
		return nil, nil
	}
	line, err := s.Reader.Line(v.Context(), events.LineID(e.Subject), projections.AsOf{})
	if err != nil || !s.posts(v, line.Line.Unit) {
		return nil, err
	}
	at := address{}.with("line", e.Subject, "payment", string(e.ID))
	return []Link{{Label: v.Text("task.refund"), Href: at.at("/desk/refund")}, {Label: v.Text("task.correct"), Href: at.at("/desk/correct")}}, nil
}

func (v *visit) sequence(n uint64) string { return language.Group(strconv.FormatUint(n, 10)) }

// envelope is who said what when, about what.
func (v *visit) envelope(e events.Event) []Fact {
	facts := []Fact{
		{v.Text("event.type"), string(e.Type), ""},
		{v.Text("event.subject"), e.Subject, subjectHref(e)},
	}
	if !e.Time.IsZero() {
		facts = append(facts, Fact{v.Text("event.time"), v.Time(e.Time), ""})
	}
	facts = append(facts,
		Fact{v.Text("event.recorded"), v.Time(e.RecordedTime), ""},
		Fact{v.Text("event.actor"), e.Actor, ""},
	)
	if e.Approver != "" {
		facts = append(facts, Fact{v.Text("event.approver"), e.Approver, ""})
	}
	return append(facts,
		Fact{v.Text("event.id"), string(e.ID), ""},
		Fact{v.Text("event.source"), e.Source, ""},
	)
}

// subjectHref opens what the event is about.
func subjectHref(e events.Event) string {
	switch e.About() {
	case events.OfLine:
		return "/lines/" + e.Subject
	case events.OfUnit:
		return address{}.with("unit", e.Subject).at("/")
	}
	if project, ok := e.Data.(events.ProjectRegistered); ok {
		return address{}.with("project", e.Subject, "by", "line", "year", strconv.Itoa(int(project.Year))).at("/")
	}
	return ""
}

// data lists what the event says, member by member in the order of its type.
// Members that it leaves out are left out here.
func (v *visit) data(data events.Data) []Fact {
	value := reflect.ValueOf(data)
	var facts []Fact
	for i := range value.NumField() {
		member := value.Field(i)
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		if member.IsZero() && member.Kind() != reflect.Array {
			continue
		}
		if member.Kind() == reflect.Pointer {
			member = member.Elem()
		}
		text, href := v.member(member.Interface())
		facts = append(facts, Fact{v.Member(name), text, href})
	}
	return facts
}

// member writes one value of an event's data for people.
func (v *visit) member(value any) (text, href string) {
	switch x := value.(type) {
	case money.Amount:
		return v.Money(x, money.Yuan), ""
	case [12]money.Amount:
		months := make([]string, len(x))
		for i, amount := range x {
			months[i] = v.Text("chart.month", "month", i+1) + " " + v.Money(amount, money.Yuan)
		}
		return strings.Join(months, " · "), ""
	case fiscal.Date:
		return v.Date(x), ""
	case events.Fund:
		return v.Fund(x), ""
	case events.ProjectKind:
		return v.Kind(x), ""
	case events.LineID:
		return string(x), "/lines/" + string(x)
	case events.UnitID:
		return string(x), address{}.with("unit", string(x)).at("/")
	}
	return fmt.Sprint(value), ""
}

// indented is canonical JSON with line breaks, for reading; the hash is of the
// bytes without them.
func indented(raw []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return string(raw)
	}
	return out.String()
}
