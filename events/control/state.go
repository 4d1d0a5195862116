package control

import (
	"cmp"
	"iter"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/shelf"
)

// State is the controls, overrides and use plans, with what the books do not
// keep and control needs: which lines make a pool, and what was executed in each
// month. The zero value is a state without any. It is not safe for concurrent
// use.
type State struct {
	rules     shelf.Shelf[events.UnitID, []Rule]     // by code
	overrides shelf.Shelf[events.LineID, []Override] // by code
	plans     shelf.Shelf[planKey, Months]
	spent     shelf.Shelf[planKey, Months]
	pools     shelf.Shelf[poolKey, []events.LineID]
	siblings  shelf.Shelf[siblingKey, []sibling] // oldest vintage first, then by code
}

// Months are the amounts of January to December.
type Months [12]money.Amount

// planKey names what a use plan is for: a line, or a project.
type planKey struct {
	about   events.Subject
	subject string
	year    fiscal.Year
}

// poolKey names the lines that a pool may hold at most.
type poolKey struct {
	year    fiscal.Year
	unit    events.UnitID
	project events.ProjectID
	fund    events.Fund
	vintage fiscal.Year
}

// siblingKey names lines that are the same but for their vintage.
type siblingKey struct {
	year    fiscal.Year
	unit    events.UnitID
	project events.ProjectID
	fund    events.Fund
	funct   events.FunctionClass
	class   events.EconomicClass
}

type sibling struct {
	vintage fiscal.Year
	line    events.LineID
}

func lineKey(line budget.Line) planKey {
	return planKey{events.OfLine, string(line.ID), line.Year}
}

func projectKey(line budget.Line) planKey {
	return planKey{events.OfProject, string(line.Project), line.Year}
}

func poolOf(line budget.Line) poolKey {
	return poolKey{line.Year, line.Unit, line.Project, line.Fund, line.Vintage}
}

func siblingsOf(line budget.Line) siblingKey {
	return siblingKey{line.Year, line.Unit, line.Project, line.Fund, line.FunctionClass, line.EconomicClass}
}

// Fork returns a state that begins as s is; s must not change while it is used.
func (s *State) Fork() *State {
	return &State{
		rules: shelf.On(&s.rules), overrides: shelf.On(&s.overrides), plans: shelf.On(&s.plans),
		spent: shelf.On(&s.spent), pools: shelf.On(&s.pools), siblings: shelf.On(&s.siblings),
	}
}

// Merge makes a fork's changes those of the state that it was forked from, and
// leaves the fork without any.
func (s *State) Merge() {
	s.rules.Merge()
	s.overrides.Merge()
	s.plans.Merge()
	s.spent.Merge()
	s.pools.Merge()
	s.siblings.Merge()
}

// Load puts in what was stored of lines: that they are open, and what each
// executed by month. Controls, overrides and plans are put in by evolving their
// events.
func (s *State) Load(lines map[events.LineID]budget.Line, spent map[events.LineID][12]money.Amount) {
	for _, line := range lines {
		s.open(line)
		s.spend(line, spent[line.ID])
	}
}

// Evolve records an event that the books recorded with these postings. The books
// are those before or after it. Events that are not about control change what
// was spent, or nothing.
func (s *State) Evolve(b *budget.Books, e events.Event, posted []budget.Posting) {
	switch data := e.Data.(type) {
	case events.LineOpened:
		s.open(budget.Line{
			ID: events.LineID(e.Subject), Year: data.Year, Unit: data.Unit, Project: data.Project,
			Fund: data.Fund, Vintage: data.Vintage, FunctionClass: data.FunctionClass, EconomicClass: data.EconomicClass,
		})
	case events.ControlSet:
		s.setRule(ruleOf(e, data))
	case events.ControlRemoved:
		unit := events.UnitID(e.Subject)
		rules, _ := s.rules.Get(unit)
		s.rules.Put(unit, slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return r.ID == data.Control }))
	case events.OverrideGranted:
		line := events.LineID(e.Subject)
		overrides, _ := s.overrides.Get(line)
		s.overrides.Put(line, append(slices.Clip(overrides), Override{
			ID: data.Override, Line: line, Amount: data.Amount, Until: data.Until, Reason: data.Reason,
		}))
	case events.OverrideEnded:
		line := events.LineID(e.Subject)
		overrides, _ := s.overrides.Get(line)
		overrides = slices.Clone(overrides)
		for i := range overrides {
			overrides[i].Ended = overrides[i].Ended || overrides[i].ID == data.Override
		}
		s.overrides.Put(line, overrides)
	case events.PlanSet:
		s.plans.Put(planKey{data.Kind, e.Subject, data.Year}, data.Months)
	}
	for _, p := range posted {
		if amount := paid(p); amount != 0 {
			line, _ := b.Line(p.Line)
			var months Months
			months[p.Date.Month-1] = amount
			s.spend(line, months)
		}
	}
}

// paid is what a posting adds to what its line executed.
func paid(p budget.Posting) money.Amount {
	switch p.Measure {
	case budget.Executed:
		return p.Amount
	case budget.Refunded:
		return -p.Amount
	}
	return 0
}

// open makes a line one of its pool and of its siblings.
func (s *State) open(line budget.Line) {
	pool, _ := s.pools.Get(poolOf(line))
	s.pools.Put(poolOf(line), append(slices.Clip(pool), line.ID))

	siblings, _ := s.siblings.Get(siblingsOf(line))
	this := sibling{line.Vintage, line.ID}
	at, _ := slices.BinarySearchFunc(siblings, this, func(a, b sibling) int {
		return cmp.Or(cmp.Compare(a.vintage, b.vintage), cmp.Compare(a.line, b.line))
	})
	s.siblings.Put(siblingsOf(line), slices.Insert(slices.Clip(siblings), at, this))
}

// spend adds what a line executed to its own months and its project's.
func (s *State) spend(line budget.Line, months Months) {
	for _, key := range []planKey{lineKey(line), projectKey(line)} {
		spent, _ := s.spent.Get(key)
		for i := range spent {
			spent[i] += months[i]
		}
		s.spent.Put(key, spent)
	}
}

func ruleOf(e events.Event, data events.ControlSet) Rule {
	return Rule{
		ID: data.Control, Unit: events.UnitID(e.Subject),
		Project: data.Project, Kind: data.ProjectKind, Fund: data.Fund, EconomicClass: data.EconomicClass,
		Availability: data.Availability, Tolerance: data.ToleranceAmount, TolerancePercent: data.TolerancePercent,
		Pool: cmp.Or(data.Pool, events.PoolLine), Plan: cmp.Or(data.Plan, events.PlanNone), Sequence: e.Sequence,
	}
}

func (s *State) setRule(rule Rule) {
	rules, _ := s.rules.Get(rule.Unit)
	at, there := slices.BinarySearchFunc(rules, rule.ID, func(r Rule, id events.ControlID) int { return cmp.Compare(r.ID, id) })
	rules = slices.Clone(rules)
	if there {
		rules[at] = rule
	} else {
		rules = slices.Insert(rules, at, rule)
	}
	s.rules.Put(rule.Unit, rules)
}

// Rule is the control that holds for a line; see [Holding].
func (s *State) Rule(b *budget.Books, line budget.Line) Rule {
	of := func(unit events.UnitID) []Rule {
		rules, _ := s.rules.Get(unit)
		return rules
	}
	return Holding(of, b.Upwards(line.Unit), func(rule Rule) bool {
		project, _ := b.Project(budget.ProjectKey{ID: line.Project, Year: line.Year})
		return rule.Covers(line, project.Kind)
	})
}

// Holding finds the control that holds for a line, among those of its unit and of
// the units above it that cover it, in the order that [Rule] states. Where there
// is none it is a rule without a code that rejects what is more than the line has
// available.
func Holding(of func(events.UnitID) []Rule, upwards iter.Seq[events.UnitID], covers func(Rule) bool) Rule {
	for unit := range upwards {
		var closest Rule
		for _, rule := range of(unit) {
			if covers(rule) && (closest.ID == "" || rule.closerThan(closest)) {
				closest = rule
			}
		}
		if closest.ID != "" {
			return closest
		}
	}
	return uncontrolled()
}

// Rules lists the controls by unit and code.
func (s *State) Rules() []Rule {
	var all []Rule
	for _, rules := range s.rules.All() {
		all = append(all, rules...)
	}
	slices.SortFunc(all, func(a, b Rule) int { return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Overrides lists the overrides that have not ended, by line and code.
func (s *State) Overrides() []Override {
	var all []Override
	for _, overrides := range s.overrides.All() {
		for _, override := range overrides {
			if !override.Ended {
				all = append(all, override)
			}
		}
	}
	slices.SortFunc(all, func(a, b Override) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Plan is a use plan (用款计划) and what was paid under it, month by month of the
// business dates, refunds taken off.
type Plan struct {
	// About says whether it is the line's own or its project's, which is for all
	// lines of the project together.
	About          events.Subject
	Planned, Spent Months
}

// Plan finds the use plan that a line is held to: its own or, if it has none,
// its project's.
func (s *State) Plan(line budget.Line) (Plan, bool) {
	for _, key := range []planKey{lineKey(line), projectKey(line)} {
		if planned, ok := s.plans.Get(key); ok {
			spent, _ := s.spent.Get(key)
			return Plan{key.about, planned, spent}, true
		}
	}
	return Plan{}, false
}
