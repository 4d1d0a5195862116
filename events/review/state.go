package review

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/shelf"
)

// Fork returns a state that begins as s is; s must not change while it is used.
func (s *State) Fork() *State {
	return &State{base: s, rules: shelf.On(&s.rules), proposals: shelf.On(&s.proposals), byKey: shelf.On(&s.byKey)}
}

// Merge makes a fork's changes those of the state that it was forked from.
func (s *State) Merge() {
	s.rules.Merge()
	s.proposals.Merge()
	s.byKey.Merge()
}

// Evolve records an event; those about other things change nothing. The event
// was decided and recorded before, so an error means that the log is not the one
// that it was decided on.
func (s *State) Evolve(b *budget.Books, e events.Event) error {
	switch data := e.Data.(type) {
	case events.ReviewSet:
		rule := Rule{ID: data.Review, Unit: events.UnitID(e.Subject), Types: data.Types, Over: data.Over}
		rules := append(s.without(rule.Unit, rule.ID), rule)
		slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
		s.rules.Put(rule.Unit, rules)
	case events.ReviewRemoved:
		unit := events.UnitID(e.Subject)
		s.rules.Put(unit, s.without(unit, data.Review))
	case events.ProposalMade:
		return s.propose(b, e, data)
	case events.ProposalApproved:
		s.end(data.Proposal)
	case events.ProposalDeclined:
		s.end(data.Proposal)
	case events.ProposalWithdrawn:
		s.end(data.Proposal)
	}
	return nil
}

// without copies a unit's rules, but for one.
func (s *State) without(unit events.UnitID, id events.ReviewID) []Rule {
	rules, _ := s.rules.Get(unit)
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return r.ID == id })
}

func (s *State) propose(b *budget.Books, e events.Event, data events.ProposalMade) error {
	proposed, err := events.Parse(data.Event)
	if err != nil {
		return fmt.Errorf("proposal %s, event %d: what it proposes cannot be read: %w", data.Proposal, e.Sequence, err)
	}
	p := Proposal{ID: data.Proposal, Sequence: e.Sequence, Recorded: e.RecordedTime, Review: data.Review, By: e.Actor, Event: proposed}
	if units := access.Units(b, proposed); len(units) > 0 {
		p.Unit = units[0]
	}
	s.proposals.Put(p.ID, p)
	s.byKey.Put(proposed.Key(), p.ID)
	return nil
}

// end keeps a proposal's code, so that it stays taken, and forgets the rest.
func (s *State) end(id events.ProposalID) {
	if p, ok := s.Proposal(id); ok {
		s.byKey.Put(p.Event.Key(), "")
	}
	s.proposals.Put(id, Proposal{ID: id})
}

// Proposal finds an open proposal.
func (s *State) Proposal(id events.ProposalID) (Proposal, bool) {
	p, ok := s.proposals.Get(id)
	if !ok || !p.open() {
		return Proposal{}, false
	}
	return p, true
}

// Waiting finds the open proposal of an event's key.
func (s *State) Waiting(key events.Key) (Proposal, bool) {
	id, ok := s.byKey.Get(key)
	if !ok || id == "" {
		return Proposal{}, false
	}
	return s.Proposal(id)
}

// Open lists the open proposals, oldest first.
func (s *State) Open() []Proposal {
	all := make(map[events.ProposalID]Proposal)
	s.gather(func(at *State) { maps.Copy(all, at.proposals.Own()) })
	maps.DeleteFunc(all, func(_ events.ProposalID, p Proposal) bool { return !p.open() })
	return slices.SortedFunc(maps.Values(all), func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.ID, b.ID))
	})
}

// Rules lists the rules by unit and code.
func (s *State) Rules() []Rule {
	all := make(map[events.UnitID][]Rule)
	s.gather(func(at *State) { maps.Copy(all, at.rules.Own()) })
	var rules []Rule
	for _, unit := range slices.Sorted(maps.Keys(all)) {
		rules = append(rules, all[unit]...)
	}
	return rules
}

// gather visits the states that s rests on, from the bottom up, and s itself.
func (s *State) gather(visit func(*State)) {
	if s.base != nil {
		s.base.gather(visit)
	}
	visit(s)
}
