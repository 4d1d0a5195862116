package commands

import (
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/control"
	"github.com/outturn/outturn/events/performance"
	"github.com/outturn/outturn/events/review"
	"github.com/outturn/outturn/events/shelf"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// state is all that a decision rests on, at one place of the log. It rests on
// the recorder's or on that of a batch before it, and changes neither until it
// is merged down.
type state struct {
	base  *state
	depth int // how many states it rests on

	sequence uint64
	recorded time.Time
	books    *budget.Books
	controls *control.State
	people   *access.State
	reviews  *review.State
	alerts   *alert.State
	paces    *pace.Rules
	goals    shelf.Shelf[performance.Key, *performance.Record] // nil: nothing was said
	heads    shelf.Shelf[projections.Subject, events.Hash]     // the last event about each; zero: none
	known    shelf.Shelf[events.Key, entry]                    // recorded lately
	changed  facets
}

// entry is what is known of a recorded event.
type entry struct {
	sequence uint64
	content  events.Hash // of what was submitted; zero: not read yet
}

// facets are the parts of a View.
type facets uint8

const (
	ofUnits facets = 1 << iota
	ofPeople
	ofReviews
	ofControls
	ofAlerts
	ofPaces
	allFacets = ofUnits | ofPeople | ofReviews | ofControls | ofAlerts | ofPaces
)

func newState() *state {
	return &state{
		books: budget.NewBooks(), controls: &control.State{}, people: &access.State{}, reviews: &review.State{},
		alerts: &alert.State{}, paces: &pace.Rules{},
		changed: allFacets,
	}
}

func (s *state) fork() *state {
	return &state{
		base: s, depth: s.depth + 1, sequence: s.sequence, recorded: s.recorded,
		books: s.books.Fork(), controls: s.controls.Fork(), people: s.people.Fork(), reviews: s.reviews.Fork(),
		alerts: s.alerts.Fork(), paces: s.paces.Fork(),
		goals: shelf.On(&s.goals), heads: shelf.On(&s.heads), known: shelf.On(&s.known),
	}
}

// merge makes its changes those of the state that it rests on, and leaves it
// without any: what rests on it sees the same as before.
func (s *state) merge() {
	s.books.Merge()
	s.controls.Merge()
	s.people.Merge()
	s.reviews.Merge()
	s.alerts.Merge()
	s.paces.Merge()
	s.goals.Merge()
	s.heads.Merge()
	s.known.Merge()
	s.base.sequence, s.base.recorded = s.sequence, s.recorded
	s.base.changed |= s.changed
	s.changed = 0
}

// settle merges it down to the recorder's own.
func (s *state) settle() {
	for at := s; at.base != nil; at = at.base {
		at.merge()
	}
}

// put adds a recorded event.
func (s *state) put(e events.Event, key events.Key, content events.Hash) error {
	posted, err := budget.Evolve(s.books, e)
	if err != nil {
		return err
	}
	if err := s.putRules(e, posted); err != nil {
		return err
	}
	if err := s.putGoal(e); err != nil {
		return err
	}
	s.heads.Put(subjectOf(e), e.Hash())
	s.known.Put(key, entry{e.Sequence, content})
	s.sequence, s.recorded = e.Sequence, e.RecordedTime
	s.changed |= facetOf(e)
	return nil
}

// putStanding adds an event from before the books' beginning, whose effect lasts.
func (s *state) putStanding(e events.Event) error { return s.putRules(e, nil) }

// putRules adds what an event says about rules, people and cases.
func (s *state) putRules(e events.Event, posted []budget.Posting) error {
	s.controls.Evolve(s.books, e, posted)
	s.people.Evolve(e)
	s.alerts.Evolve(s.books, e)
	s.paces.Evolve(e)
	return s.reviews.Evolve(s.books, e)
}

// putGoal adds an event to a copy of its subject's record.
func (s *state) putGoal(e events.Event) error {
	key, ok := performance.KeyOf(e)
	if !ok {
		return nil
	}
	was, _ := s.goals.Get(key)
	record := was.Clone()
	if record == nil {
		record = &performance.Record{Key: key}
	}
	s.goals.Put(key, record)
	return performance.Evolve(record, e)
}

// age drops what was not put lately; see shelf.Shelf.Age. The lines stay, and so
// do the heads of what the events are about: there are as many as lines.
func (s *state) age() {
	s.books.Age()
	s.goals.Age()
	s.known.Age()
}

// young counts what was put since it was last aged.
func (s *state) young() int {
	changes := s.books.Changes()
	return len(s.known.Own()) + len(changes.Payments) + len(changes.Commitments) + len(s.goals.Own())
}

// subjectOf names what an event is about.
func subjectOf(e events.Event) projections.Subject {
	return projections.Subject{Kind: e.About(), Code: e.Subject}
}

// facetOf says which part of a View an event changes.
func facetOf(e events.Event) facets {
	switch e.Data.(type) {
	case events.UnitRegistered:
		return ofUnits
	case events.UserRegistered, events.UserRetired, events.RoleGranted, events.RoleRevoked, events.TokenIssued, events.TokenRevoked:
		return ofPeople
	case events.ReviewSet, events.ReviewRemoved,
		events.ProposalMade, events.ProposalApproved, events.ProposalDeclined, events.ProposalWithdrawn:
		return ofReviews
	case events.ControlSet, events.ControlRemoved, events.OverrideGranted, events.OverrideEnded:
		return ofControls
	case events.AlertRaised, events.AlertAnswered, events.AlertEscalated, events.AlertClosed:
		return ofAlerts
	case events.PaceSet, events.PaceRemoved:
		return ofPaces
	}
	return 0
}

// parents are the units that units lie under.
func parents(units map[events.UnitID]budget.Unit) map[events.UnitID]events.UnitID {
	above := make(map[events.UnitID]events.UnitID, len(units))
	for id, unit := range units {
		above[id] = unit.Parent
	}
	return above
}
