package budget

import (
	"maps"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Unit is a registered budget unit. Parent is empty at the top.
type Unit struct {
	ID     events.UnitID
	Name   events.Text
	Parent events.UnitID
}

// ProjectKey names a project: one code may be registered for several years.
type ProjectKey struct {
	ID   events.ProjectID
	Year fiscal.Year
}

// Project is a registered project of a year.
type Project struct {
	Key              ProjectKey
	Unit             events.UnitID
	Name             events.Text
	Kind             events.ProjectKind
	ImplementingUnit events.Text
}

// Line is an open budget line with the sums of its postings.
type Line struct {
	ID            events.LineID
	Year          fiscal.Year
	Unit          events.UnitID
	Project       events.ProjectID
	Name          events.Text
	Fund          events.Fund
	Vintage       fiscal.Year
	FunctionClass events.FunctionClass
	EconomicClass events.EconomicClass
	Sums          Sums
}

// CommitmentKey names a commitment: its code is its line's own.
type CommitmentKey struct {
	Line events.LineID
	ID   events.CommitmentID
}

// Commitment is money taken up by a contract. What is left of it is
// Amount − Used, or nothing once it is released.
type Commitment struct {
	Amount, Used money.Amount
	Released     bool
}

// Left is what may still be paid against the commitment.
func (c Commitment) Left() money.Amount {
	if c.Released {
		return 0
	}
	return c.Amount - c.Used
}

// PaymentKey names a payment: the id of its event, on the line that it counts
// for.
type PaymentKey struct {
	Line events.LineID
	ID   events.EventID
}

// Payment is what refunds and corrections need to know of a payment.
type Payment struct {
	Amount, Refunded money.Amount
	EconomicClass    events.EconomicClass
	// Moved says that a correction took the rest to another line.
	Moved bool
}

// Left is what may still be refunded or corrected.
func (p Payment) Left() money.Amount {
	if p.Moved {
		return 0
	}
	return p.Amount - p.Refunded
}

// YearKey names a unit's books of a year.
type YearKey struct {
	Unit events.UnitID
	Year fiscal.Year
}

// Closing says how far a unit's year is closed. Months up to Month are closed;
// 0 is none.
type Closing struct {
	Month events.Month
	Year  bool
}

// Books is the state that decisions rest on. It is not safe for concurrent
// use. A fork reads through to the books that it was forked from and keeps its
// changes to itself until they are merged or dropped.
type Books struct {
	units       shelf[events.UnitID, Unit]
	projects    shelf[ProjectKey, Project]
	lines       shelf[events.LineID, Line]
	commitments shelf[CommitmentKey, Commitment]
	payments    shelf[PaymentKey, Payment]
	closings    shelf[YearKey, Closing]
}

// NewBooks returns empty books.
func NewBooks() *Books { return &Books{} }

// Fork returns books that begin as b is. b must not change while the fork is
// used.
func (b *Books) Fork() *Books {
	return &Books{
		units:       shelf[events.UnitID, Unit]{base: &b.units},
		projects:    shelf[ProjectKey, Project]{base: &b.projects},
		lines:       shelf[events.LineID, Line]{base: &b.lines},
		commitments: shelf[CommitmentKey, Commitment]{base: &b.commitments},
		payments:    shelf[PaymentKey, Payment]{base: &b.payments},
		closings:    shelf[YearKey, Closing]{base: &b.closings},
	}
}

// Merge makes a fork's changes those of the books that it was forked from, and
// leaves the fork without any.
func (b *Books) Merge() {
	b.units.merge()
	b.projects.merge()
	b.lines.merge()
	b.commitments.merge()
	b.payments.merge()
	b.closings.merge()
}

// Changes are the entries of books: of a fork, those that it changed; of other
// books, all.
type Changes struct {
	Units       map[events.UnitID]Unit
	Projects    map[ProjectKey]Project
	Lines       map[events.LineID]Line
	Commitments map[CommitmentKey]Commitment
	Payments    map[PaymentKey]Payment
	Closings    map[YearKey]Closing
}

// Changes returns the entries that these books hold themselves. The maps are
// the books' own: read them before the books change again.
func (b *Books) Changes() Changes {
	return Changes{b.units.own, b.projects.own, b.lines.own, b.commitments.own, b.payments.own, b.closings.own}
}

// Load puts entries that were stored before into the books.
func (b *Books) Load(stored Changes) {
	b.units.load(stored.Units)
	b.projects.load(stored.Projects)
	b.lines.load(stored.Lines)
	b.commitments.load(stored.Commitments)
	b.payments.load(stored.Payments)
	b.closings.load(stored.Closings)
}

// Line finds an open line.
func (b *Books) Line(id events.LineID) (Line, bool) { return b.lines.get(id) }

// Unit finds a registered unit.
func (b *Books) Unit(id events.UnitID) (Unit, bool) { return b.units.get(id) }

// Project finds a registered project of a year.
func (b *Books) Project(key ProjectKey) (Project, bool) { return b.projects.get(key) }

// Commitment finds a commitment, also a released one.
func (b *Books) Commitment(key CommitmentKey) (Commitment, bool) { return b.commitments.get(key) }

// Payment finds a payment, also one that was refunded or moved.
func (b *Books) Payment(key PaymentKey) (Payment, bool) { return b.payments.get(key) }

// shelf is a map that may rest on another one.
type shelf[K comparable, V any] struct {
	base *shelf[K, V]
	own  map[K]V
}

func (s *shelf[K, V]) get(key K) (V, bool) {
	for at := s; at != nil; at = at.base {
		if value, ok := at.own[key]; ok {
			return value, true
		}
	}
	var none V
	return none, false
}

func (s *shelf[K, V]) put(key K, value V) {
	if s.own == nil {
		s.own = make(map[K]V)
	}
	s.own[key] = value
}

func (s *shelf[K, V]) load(entries map[K]V) {
	for key, value := range entries {
		s.put(key, value)
	}
}

func (s *shelf[K, V]) merge() {
	if s.base.own == nil {
		s.base.own = make(map[K]V, len(s.own))
	}
	maps.Copy(s.base.own, s.own)
	clear(s.own)
}
