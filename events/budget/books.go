package budget

import (
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/shelf"
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
	units       shelf.Shelf[events.UnitID, Unit]
	projects    shelf.Shelf[ProjectKey, Project]
	lines       shelf.Shelf[events.LineID, Line]
	commitments shelf.Shelf[CommitmentKey, Commitment]
	payments    shelf.Shelf[PaymentKey, Payment]
	closings    shelf.Shelf[YearKey, Closing]
}

// NewBooks returns empty books.
func NewBooks() *Books { return &Books{} }

// Fork returns books that begin as b is. b must not change while the fork is
// used.
func (b *Books) Fork() *Books {
	return &Books{
		units:       shelf.On(&b.units),
		projects:    shelf.On(&b.projects),
		lines:       shelf.On(&b.lines),
		commitments: shelf.On(&b.commitments),
		payments:    shelf.On(&b.payments),
		closings:    shelf.On(&b.closings),
	}
}

// Merge makes a fork's changes those of the books that it was forked from, and
// leaves the fork without any.
func (b *Books) Merge() {
	b.units.Merge()
	b.projects.Merge()
	b.lines.Merge()
	b.commitments.Merge()
	b.payments.Merge()
	b.closings.Merge()
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
	return Changes{b.units.Own(), b.projects.Own(), b.lines.Own(), b.commitments.Own(), b.payments.Own(), b.closings.Own()}
}

// Load puts entries that were stored before into the books.
func (b *Books) Load(stored Changes) {
	b.units.Load(stored.Units)
	b.projects.Load(stored.Projects)
	b.lines.Load(stored.Lines)
	b.commitments.Load(stored.Commitments)
	b.payments.Load(stored.Payments)
	b.closings.Load(stored.Closings)
}

// Line finds an open line.
func (b *Books) Line(id events.LineID) (Line, bool) { return b.lines.Get(id) }

// Unit finds a registered unit.
func (b *Books) Unit(id events.UnitID) (Unit, bool) { return b.units.Get(id) }

// Project finds a registered project of a year.
func (b *Books) Project(key ProjectKey) (Project, bool) { return b.projects.Get(key) }

// Commitment finds a commitment, also a released one.
func (b *Books) Commitment(key CommitmentKey) (Commitment, bool) { return b.commitments.Get(key) }

// Payment finds a payment, also one that was refunded or moved.
func (b *Books) Payment(key PaymentKey) (Payment, bool) { return b.payments.Get(key) }
