package projections

import (
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
)

// Start is what a writer needs to go on from a checkpoint instead of from the
// beginning of the log. All of it stands at one sequence.
type Start struct {
	// Identity is the log's, and Hash that of the event at Sequence; zero at 0.
	Identity string
	Sequence uint64
	Hash     events.Hash
	// Recorded is when the log took the event at Sequence.
	Recorded time.Time
	// Books are all units, projects, lines with their sums, and closings; no
	// commitments and no payments.
	Books budget.Changes
	// Spent is what each line executed in each month, by business date: paid,
	// less refunded, corrections included.
	Spent map[events.LineID][12]money.Amount
	// Standing are the events whose effect lasts and is small, in the order of the
	// log: controls, overrides, plans, pace rules, alerts, review rules, users, roles, tokens, and the
	// open proposals' proposal.made.
	Standing []events.Event
}

// Subject names what events are about.
type Subject struct {
	Kind events.Subject
	Code string
}

// Wanted names what a writer wants to recall.
type Wanted struct {
	Keys        []events.Key
	Subjects    []Subject
	Payments    []budget.PaymentKey
	Commitments []budget.CommitmentKey
	Goals       []performance.Key
}

// Recalled is what the projection has of a Wanted, at one sequence. What it does
// not have is not in the maps.
type Recalled struct {
	Sequence uint64
	// Keys are the sequences of the events of these keys.
	Keys map[events.Key]uint64
	// Heads are the hashes of the last event about each subject.
	Heads       map[Subject]events.Hash
	Payments    map[budget.PaymentKey]budget.Payment
	Commitments map[budget.CommitmentKey]budget.Commitment
	// Goals are the events of each performance record, in the order of the log.
	Goals map[performance.Key][]events.Event
}
