// Package control is the control of availability (额度控制): what happens to a
// use of money that is more than is available. It is pure.
//
// Without any control every line is held to itself and a use beyond its
// available balance is refused, as package budget says. A control.set event says
// otherwise for the lines that it covers; see [Rule]:
//
//   - the balance is that of a pool of lines, which never mixes years, units,
//     projects, funds or vintages;
//   - it may fall below zero by a tolerance, and by the overrides of the pool's
//     lines that hold on the event's business date;
//   - beyond that the event is refused, or taken with a warning, or taken;
//   - payments may be held to the use plan (用款计划), too: what is paid by the end
//     of a month or quarter is at most what is planned by then.
//
// An event that makes a negative balance less negative is always taken. Money
// that goes on to another line, to another year or back to finance (a transfer,
// carryover, surplus) must be there whatever a control says: it would else be
// made out of nothing.
//
//	warnings, err := state.Decide(books, event) // err: an *events.Refusal
//	posted, _ := budget.Evolve(books, recorded)
//	state.Evolve(books, recorded, posted)
package control

import (
	"cmp"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Rule is a control: which lines it covers and how they are held.
//
// Of several rules that cover a line one holds: that of the unit nearest to the
// line's; of one unit's, the one with the longest economic class, then one that
// names the project, the fund, the kind; then the one set last.
type Rule struct {
	ID   events.ControlID
	Unit events.UnitID
	// Project, Kind, Fund and EconomicClass narrow it; empty covers all. A class of
	// three digits covers its items.
	Project       events.ProjectID
	Kind          events.ProjectKind
	Fund          events.Fund
	EconomicClass events.EconomicClass

	Availability events.Availability
	// Tolerance is an amount, TolerancePercent a share of the full-year budget of the
	// pool, by which the available balance may be exceeded; the larger one holds.
	Tolerance        money.Amount
	TolerancePercent events.Points
	Pool             events.Pool
	Plan             events.PlanLimit
	// Sequence of the event that set it; 0 for the rule that holds without any.
	Sequence uint64
}

// Override lets a line be overspent by up to Amount through Until.
type Override struct {
	ID     events.OverrideID
	Line   events.LineID
	Amount money.Amount
	Until  fiscal.Date
	Ended  bool
	Reason events.Note
}

// holds says whether the override is good for a business date.
func (o Override) holds(on fiscal.Date) bool { return !o.Ended && on.Compare(o.Until) <= 0 }

// uncontrolled is how a line is held that no rule covers: to itself, strictly.
func uncontrolled() Rule {
	return Rule{Availability: events.Reject, Pool: events.PoolLine, Plan: events.PlanNone}
}

// Covers says whether a rule is about a line of that kind; that the rule's unit
// is over the line is for the caller to know.
func (r Rule) Covers(line budget.Line, kind events.ProjectKind) bool {
	return (r.Project == "" || r.Project == line.Project) && (r.Kind == "" || r.Kind == kind) &&
		(r.Fund == "" || r.Fund == line.Fund) && strings.HasPrefix(string(line.EconomicClass), string(r.EconomicClass))
}

// closerThan orders the rules of one unit that cover the same line.
func (r Rule) closerThan(other Rule) bool {
	return cmp.Or(
		cmp.Compare(len(r.EconomicClass), len(other.EconomicClass)),
		cmp.Compare(len(r.Project), len(other.Project)),
		cmp.Compare(len(r.Fund), len(other.Fund)),
		cmp.Compare(len(r.Kind), len(other.Kind)),
		cmp.Compare(r.Sequence, other.Sequence),
	) > 0
}
