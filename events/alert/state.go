package alert

import (
	"cmp"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/shelf"
)

// State is all cases. The zero value has none. It is not safe for concurrent
// use; see Clone.
type State struct {
	cases shelf.Shelf[events.AlertID, Case]
	open  shelf.Shelf[Key, events.AlertID] // empty: was open, and is not
}

// Key names what a rule raises at most one case about at a time.
type Key struct {
	About   events.Subject
	Subject string
	Year    fiscal.Year
	Rule    events.AlertRule
}

// Key is what the case is the one open case of, while it is open.
func (c Case) Key() Key { return Key{c.About, c.Subject, c.Year, c.Rule} }

// Fork returns a state that begins as s is; s must not change while it is used.
func (s *State) Fork() *State { return &State{cases: shelf.On(&s.cases), open: shelf.On(&s.open)} }

// Merge makes a fork's changes those of the state that it was forked from, and
// leaves the fork without any.
func (s *State) Merge() {
	s.cases.Merge()
	s.open.Merge()
}

// Clone returns a state of its own, which others may read while s goes on.
func (s *State) Clone() *State {
	clone := &State{}
	for id, c := range s.cases.All() {
		clone.cases.Put(id, c)
	}
	for key, id := range s.open.All() {
		clone.open.Put(key, id)
	}
	return clone
}

// Evolve records an event; those about other things change nothing, nor do those
// about a case that nobody raised. The books say which unit a case belongs to.
func (s *State) Evolve(b *budget.Books, e events.Event) {
	switch data := e.Data.(type) {
	case events.AlertRaised:
		s.put(raised(b, e, data), e)
	case events.AlertAnswered:
		s.change(data.Alert, e, func(c *Case) { c.Answer, c.Answered, c.Remedy = data.Answer, data.Date, data.Reason })
	case events.AlertEscalated:
		s.change(data.Alert, e, func(c *Case) { c.Escalated = data.Date })
	case events.AlertClosed:
		s.change(data.Alert, e, func(c *Case) { c.Closed, c.Outcome = data.Date, data.Reason })
	}
}

func raised(b *budget.Books, e events.Event, data events.AlertRaised) Case {
	c := Case{
		ID: data.Alert, About: data.Kind, Subject: e.Subject, Year: data.Year, Rule: data.Rule,
		Raised: data.Date, Rate: data.Rate, Progress: data.Progress, Detail: data.Detail,
	}
	if data.Due != nil {
		c.Due = *data.Due
	}
	if units := access.Units(b, e); len(units) > 0 {
		c.Unit = units[0]
	}
	c.Name = nameOf(b, c)
	return c
}

func nameOf(b *budget.Books, c Case) events.Text {
	switch c.About {
	case events.OfLine:
		line, _ := b.Line(events.LineID(c.Subject))
		return line.Name
	case events.OfProject:
		project, _ := b.Project(budget.ProjectKey{ID: events.ProjectID(c.Subject), Year: c.Year})
		return project.Name
	}
	unit, _ := b.Unit(events.UnitID(c.Subject))
	return unit.Name
}

func (s *State) change(id events.AlertID, e events.Event, change func(*Case)) {
	if c, known := s.cases.Get(id); known {
		change(&c)
		s.put(c, e)
	}
}

// put keeps a case as the event left it.
func (s *State) put(c Case, e events.Event) {
	c.History = append(slices.Clip(c.History), Step{e.Sequence, e.RecordedTime, e.Type, e.Actor})
	s.cases.Put(c.ID, c)
	if c.Stage() != Closed {
		s.open.Put(c.Key(), c.ID)
	} else if id, _ := s.open.Get(c.Key()); id == c.ID {
		s.open.Put(c.Key(), "")
	}
}

// Case finds a case, also one that is closed.
func (s *State) Case(id events.AlertID) (Case, bool) { return s.cases.Get(id) }

// Waiting finds the open case that a rule has raised about something.
func (s *State) Waiting(key Key) (Case, bool) {
	id, _ := s.open.Get(key)
	if id == "" {
		return Case{}, false
	}
	return s.Case(id)
}

// Open lists the cases that are not closed, in the order of the log.
func (s *State) Open() []Case { return s.list(func(c Case) bool { return c.Stage() != Closed }) }

// All lists all cases, in the order of the log.
func (s *State) All() []Case { return s.list(func(Case) bool { return true }) }

func (s *State) list(wanted func(Case) bool) []Case {
	var all []Case
	for _, c := range s.cases.All() {
		if wanted(c) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b Case) int {
		return cmp.Or(cmp.Compare(a.History[0].Sequence, b.History[0].Sequence), cmp.Compare(a.ID, b.ID))
	})
	return all
}
