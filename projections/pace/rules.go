package pace

import (
	"cmp"
	"iter"
	"math/big"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/shelf"
)

// Thresholds say how many percentage points behind the curve are still to be
// watched, and how many are behind and not yet far behind.
type Thresholds struct{ Watch, Behind *big.Rat }

// Rule says how money is watched, and whose.
//
// Of several rules that cover something one holds: that of the nearest unit
// upwards; of one unit's, one that names the project, then the fund, then the
// kind; then the one set last.
type Rule struct {
	ID   events.PaceID
	Unit events.UnitID
	// Project, Kind and Fund narrow it; empty covers all.
	Project events.ProjectID
	Kind    events.ProjectKind
	Fund    events.Fund

	Curve Curve
	Thresholds
	// StalledDays is after how many days without a payment execution stands still;
	// 0 never.
	StalledDays int
	// GoalGap is how many percentage points goals and money may be apart; nil is
	// any number.
	GoalGap *big.Rat
	// AnswerDays is in how many working days an alert is to be answered.
	AnswerDays int
	// Sequence of the event that set it; 0 for a built-in one.
	Sequence uint64
}

// DefaultAnswerDays is in how many working days an alert is to be answered where
// a rule does not say (川财绩〔2025〕10号).
const DefaultAnswerDays = 10

// The built-in rules, by their codes.
const (
	SetProportional events.PaceID = "proportional"
	SetSichuan2025  events.PaceID = "sichuan_2025"
	SetJulyNovember events.PaceID = "july_november"
)

// defaultStalledDays is a quarter without a payment. No regulation says so.
const defaultStalledDays = 90

// Proportional is the rule that holds where none is set: months of twelve, 5 and
// 20 points.
func Proportional() Rule {
	return Rule{
		ID: SetProportional, Curve: Curve{Kind: events.CurveMonth}, Thresholds: Thresholds{big.NewRat(5, 1), big.NewRat(20, 1)},
		StalledDays: defaultStalledDays, GoalGap: big.NewRat(10, 1), AnswerDays: DefaultAnswerDays,
	}
}

// Sets lists the built-in rules:
//
//   - proportional: see [Proportional];
//   - sichuan_2025: 25, 40, 60 and 80 % by the ends of April, June, August and
//     October, less is warned of, and goals and money more than 10 points apart
//     (川财绩〔2025〕10号);
//   - july_november: 40 % by the end of July and 80 % by the end of November, as
//     an inspection bureau's form asks.
func Sets() []Rule {
	stepped := func(id events.PaceID, steps events.Steps) Rule {
		rule := Proportional()
		rule.ID, rule.Curve, rule.Watch = id, Curve{events.CurveSteps, steps}, new(big.Rat)
		return rule
	}
	return []Rule{
		Proportional(),
		stepped(SetSichuan2025, events.Steps{{On: "04-30", Percent: "25"}, {On: "06-30", Percent: "40"}, {On: "08-31", Percent: "60"}, {On: "10-31", Percent: "80"}}),
		stepped(SetJulyNovember, events.Steps{{On: "07-31", Percent: "40"}, {On: "11-30", Percent: "80"}}),
	}
}

// Covered is what a rule may name of a line, a project or a unit; what is not
// the same for all of it is empty, and no rule that names it covers it.
type Covered struct {
	Project events.ProjectID
	Kind    events.ProjectKind
	Fund    events.Fund
}

func (r Rule) covers(c Covered) bool {
	return (r.Project == "" || r.Project == c.Project) && (r.Kind == "" || r.Kind == c.Kind) && (r.Fund == "" || r.Fund == c.Fund)
}

// closerThan orders the rules of one unit that cover the same.
func (r Rule) closerThan(other Rule) bool {
	return cmp.Or(
		cmp.Compare(min(len(r.Project), 1), min(len(other.Project), 1)),
		cmp.Compare(min(len(r.Fund), 1), min(len(other.Fund), 1)),
		cmp.Compare(min(len(r.Kind), 1), min(len(other.Kind), 1)),
		cmp.Compare(r.Sequence, other.Sequence),
	) > 0
}

// Rules are the rules that units have set. The zero value is none. It is not safe
// for concurrent use, but may be read by several once it does not change any
// more.
type Rules struct {
	units shelf.Shelf[events.UnitID, []Rule] // by code
}

// Fork returns rules that begin as r are; r must not change while they are used.
func (r *Rules) Fork() *Rules { return &Rules{units: shelf.On(&r.units)} }

// Clone returns a copy that shares nothing that changes, for others to read.
func (r *Rules) Clone() *Rules {
	clone := &Rules{}
	for unit, rules := range r.units.All() {
		clone.units.Put(unit, rules)
	}
	return clone
}

// Merge makes a fork's changes those of the rules that it was forked from.
func (r *Rules) Merge() { r.units.Merge() }

// Decide says whether an event about pace rules fits them: nil, or an
// *events.Refusal of the code unknown_pace. Events about anything else fit.
func (r *Rules) Decide(e events.Event) error {
	data, ok := e.Data.(events.PaceRemoved)
	if !ok {
		return nil
	}
	rules, _ := r.units.Get(events.UnitID(e.Subject))
	if !slices.ContainsFunc(rules, func(rule Rule) bool { return rule.ID == data.Pace }) {
		return events.Refuse(CodeUnknownPace, ReasonUnknownPace, "/data/pace", "pace", string(data.Pace), "unit", e.Subject)
	}
	return nil
}

// Evolve records an event. Folded over the log up to a sequence, the rules are
// those of that time. Events about anything else change nothing.
func (r *Rules) Evolve(e events.Event) {
	unit := events.UnitID(e.Subject)
	switch data := e.Data.(type) {
	case events.PaceSet:
		r.put(unit, data.Pace, ruleOf(e, data))
	case events.PaceRemoved:
		r.put(unit, data.Pace)
	}
}

// put replaces the rule of a code by others, of which there is one or none.
func (r *Rules) put(unit events.UnitID, id events.PaceID, by ...Rule) {
	rules, _ := r.units.Get(unit)
	at, there := slices.BinarySearchFunc(rules, id, func(rule Rule, id events.PaceID) int { return cmp.Compare(rule.ID, id) })
	end := at
	if there {
		end++
	}
	r.units.Put(unit, slices.Replace(slices.Clone(rules), at, end, by...))
}

func ruleOf(e events.Event, data events.PaceSet) Rule {
	rule := Rule{
		ID: data.Pace, Unit: events.UnitID(e.Subject), Project: data.Project, Kind: data.ProjectKind, Fund: data.Fund,
		Curve: Curve{data.Curve, data.Steps}, Thresholds: Thresholds{data.Watch.Rat(), data.Behind.Rat()},
		StalledDays: int(data.StalledDays), AnswerDays: cmp.Or(int(data.AnswerDays), DefaultAnswerDays), Sequence: e.Sequence,
	}
	if data.GoalGap != "" {
		rule.GoalGap = data.GoalGap.Rat()
	}
	return rule
}

// For finds the rule that holds for something, by the units from its own upwards.
// Where there is none it is [Proportional].
func (r *Rules) For(c Covered, upwards iter.Seq[events.UnitID]) Rule {
	for unit := range upwards {
		rules, _ := r.units.Get(unit)
		var closest *Rule
		for i := range rules {
			if rules[i].covers(c) && (closest == nil || rules[i].closerThan(*closest)) {
				closest = &rules[i]
			}
		}
		if closest != nil {
			return *closest
		}
	}
	return Proportional()
}

// All lists the rules that are set, by unit and code.
func (r *Rules) All() []Rule {
	var all []Rule
	for _, rules := range r.units.All() {
		all = append(all, rules...)
	}
	slices.SortFunc(all, func(a, b Rule) int { return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.ID, b.ID)) })
	return all
}
