// Package review is the rule of two people (经办/复核): which events wait for a
// second person, and what became of those that were proposed. It is pure.
//
// An event that a [Rule] covers is not recorded when it is submitted. A
// proposal.made that holds it is recorded in its place, and decides nothing: no
// money is reserved. When somebody else approves, proposal.approved and the event
// itself are recorded together, the event decided then and there, with the
// proposer as its actor and the other one as its approver.
//
// A rule of a unit holds for all units under it, and a unit under it may have
// stricter ones but cannot loosen it.
package review

import (
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/shelf"
)

// Rule says that events of some types over an amount wait for a second person,
// in a unit and all under it.
type Rule struct {
	ID    events.ReviewID
	Unit  events.UnitID
	Types events.Types
	// Over is the amount above which it holds; 0 for every amount. An event that
	// states no amount, such as a correction, counts as above every amount.
	Over money.Amount
}

// Proposal is an event that waits for a second person.
type Proposal struct {
	ID events.ProposalID
	// Sequence and Recorded say where and when the proposal stands in the log.
	Sequence uint64
	Recorded time.Time
	Review   events.ReviewID
	// Unit is the unit of the event's line, project or unit: who approves needs the
	// role there.
	Unit events.UnitID
	// By is the actor who proposed it.
	By string
	// Event is what is proposed, as submitted.
	Event events.Event
}

// open says whether the proposal still waits: one that was closed keeps its code
// and nothing else.
func (p Proposal) open() bool { return p.Event.Data != nil }

// State is the rules and the open proposals. The zero value has none. It is not
// safe for concurrent use.
type State struct {
	base      *State                             // what a fork rests on
	rules     shelf.Shelf[events.UnitID, []Rule] // a unit's own, by code; a slice is never changed
	proposals shelf.Shelf[events.ProposalID, Proposal]
	byKey     shelf.Shelf[events.Key, events.ProposalID]
}
