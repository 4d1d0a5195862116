package control

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Decide says whether an event may be recorded: all rules of package budget, and
// availability as it is controlled. Warnings say what it is taken in spite of; an
// error is an *events.Refusal. It changes neither the state nor the books.
func (s *State) Decide(b *budget.Books, e events.Event) (warnings []*events.Refusal, err error) {
	if err := budget.Holds(b, e); err != nil {
		return nil, err
	}
	if err := s.refersToWhatIsThere(e); err != nil {
		return nil, err
	}
	effects, posted, err := budget.Effects(b, e)
	if err != nil {
		return nil, err
	}
	d := &decision{state: s, books: b, event: e, effects: effects, posted: posted}
	for _, effect := range effects {
		if err := d.leavesEnough(effect); err != nil {
			return nil, err
		}
		if err := d.keepsToThePlan(effect); err != nil {
			return nil, err
		}
	}
	d.advise()
	return d.warnings, nil
}

// refersToWhatIsThere checks the codes of controls and overrides.
func (s *State) refersToWhatIsThere(e events.Event) error {
	switch data := e.Data.(type) {
	case events.ControlRemoved:
		rules, _ := s.rules.Get(events.UnitID(e.Subject))
		if !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == data.Control }) {
			return events.Refuse(events.CodeUnknownControl, events.ReasonUnknownControl, "/data/control",
				"control", string(data.Control), "unit", e.Subject)
		}
	case events.OverrideGranted:
		if _, taken := s.override(events.LineID(e.Subject), data.Override); taken {
			return events.Refuse(events.CodeAlreadyRegistered, events.ReasonOverrideTaken, "/data/override",
				"override", string(data.Override), "line", e.Subject)
		}
	case events.OverrideEnded:
		if override, ok := s.override(events.LineID(e.Subject), data.Override); !ok || override.Ended {
			return events.Refuse(events.CodeUnknownOverride, events.ReasonUnknownOverride, "/data/override",
				"override", string(data.Override), "line", e.Subject)
		}
	}
	return nil
}

// override finds one of a line, also one that has ended.
func (s *State) override(line events.LineID, id events.OverrideID) (Override, bool) {
	overrides, _ := s.overrides.Get(line)
	for _, override := range overrides {
		if override.ID == id {
			return override, true
		}
	}
	return Override{}, false
}

// decision is one event against one state.
type decision struct {
	state    *State
	books    *budget.Books
	event    events.Event
	effects  []budget.Effect
	posted   []budget.Posting
	warnings []*events.Refusal
}

// settle does with a refusal what the rule says.
func (d *decision) settle(rule Rule, refusal *events.Refusal) error {
	if rule.Availability == events.Warn {
		d.warnings = append(d.warnings, refusal)
		return nil
	}
	return refusal
}

// leavesEnough: the available balance of the line's pool does not fall by the
// event and end below what is tolerated.
func (d *decision) leavesEnough(effect budget.Effect) error {
	if effect.Is.Available >= effect.Was.Available {
		return nil
	}
	rule := d.state.Rule(d.books, effect.After)
	if goesOn(d.event.Data) {
		rule.Availability, rule.Tolerance, rule.TolerancePercent = events.Reject, 0, ""
	}
	if rule.Availability == events.Allow {
		return nil
	}
	p, err := d.pool(rule, effect)
	if err != nil {
		return err
	}
	slack := d.slack(rule, p)
	if p.is >= p.was || p.is >= -slack {
		return nil
	}
	// What could still have been taken; p.is < −slack, so that this fits.
	refusal := budget.Insufficient(effect.After.ID, p.was+slack, p.was-p.is)
	if rule.Pool != events.PoolLine {
		refusal.Params["pool"] = string(rule.Pool)
	}
	return d.settle(rule, refusal)
}

// goesOn says whether the money of a type appears elsewhere as somebody's to
// spend or keep.
func goesOn(data events.Data) bool {
	switch data.(type) {
	case events.BudgetTransferred, events.CarryoverSent, events.SurplusReturned:
		return true
	}
	return false
}

// pool is the balance that a line is held to, before and after the event.
type pool struct {
	lines             []events.LineID
	was, is, fullYear money.Amount
}

func (d *decision) pool(rule Rule, effect budget.Effect) (pool, error) {
	if rule.Pool == events.PoolLine {
		return pool{[]events.LineID{effect.After.ID}, effect.Was.Available, effect.Is.Available, effect.Is.FullYear}, nil
	}
	var p pool
	members, _ := d.state.pools.Get(poolOf(effect.After))
	for _, id := range members {
		was, is, line, err := d.figures(id)
		if err != nil {
			return pool{}, err
		}
		if rule.Pool == events.PoolClass && classOf(line.EconomicClass) != classOf(effect.After.EconomicClass) {
			continue
		}
		p.lines = append(p.lines, id)
		for _, term := range []struct {
			sum *money.Amount
			of  money.Amount
		}{{&p.was, was.Available}, {&p.is, is.Available}, {&p.fullYear, is.FullYear}} {
			if *term.sum, err = term.sum.Add(term.of); err != nil {
				return pool{}, budget.Overflow(id)
			}
		}
	}
	return p, nil
}

// classOf is the 类 of an economic class: its first three digits.
func classOf(class events.EconomicClass) events.EconomicClass { return class[:min(len(class), 3)] }

// figures are those of a line before and after the event.
func (d *decision) figures(id events.LineID) (was, is budget.Figures, line budget.Line, err error) {
	for _, effect := range d.effects {
		if effect.After.ID == id {
			return effect.Was, effect.Is, effect.After, nil
		}
	}
	line, _ = d.books.Line(id)
	if was, err = line.Sums.Figures(); err != nil {
		return was, is, line, budget.Overflow(id)
	}
	return was, was, line, nil
}

// slack is how far below zero the pool's balance may fall: the tolerance, and
// the overrides of its lines that hold on the event's date. An override makes no
// money that could go on.
func (d *decision) slack(rule Rule, p pool) money.Amount {
	if goesOn(d.event.Data) {
		return 0
	}
	slack := max(rule.Tolerance, percentOf(rule.TolerancePercent, p.fullYear))
	date, _ := d.event.On()
	for _, line := range p.lines {
		overrides, _ := d.state.overrides.Get(line)
		for _, override := range overrides {
			if override.holds(date) {
				slack = min(slack, money.MaxSum-override.Amount) + override.Amount
			}
		}
	}
	return slack
}

// percentOf is a share of an amount, whole fen rounded down; nothing of less
// than nothing.
func percentOf(percent events.Points, of money.Amount) money.Amount {
	if percent == "" || of <= 0 {
		return 0
	}
	const decimals, whole = 4, 100 * 10_000 // Points have at most four decimals
	units, fraction, _ := strings.Cut(string(percent), ".")
	scaled, ok := new(big.Int).SetString(units+fraction+strings.Repeat("0", decimals-len(fraction)), 10)
	if !ok {
		return 0 // no such rule passes the events' own check
	}
	share := scaled.Mul(scaled, big.NewInt(int64(of)))
	share.Quo(share, big.NewInt(whole))
	if !share.IsInt64() {
		return money.MaxSum
	}
	return money.Amount(share.Int64())
}

// keepsToThePlan: what is paid by the end of the event's period, and of each
// later one, is at most what is planned by then.
func (d *decision) keepsToThePlan(effect budget.Effect) error {
	if effect.Is.Executed <= effect.Was.Executed {
		return nil
	}
	line := effect.After
	rule := d.state.Rule(d.books, line)
	if rule.Plan == events.PlanNone || rule.Availability == events.Allow {
		return nil
	}
	plan, ok := d.state.Plan(line)
	if !ok {
		return d.settle(rule, events.Refuse(events.CodePlanExceeded, events.ReasonPlanMissing, "/subject",
			"line", string(line.ID), "year", strconv.Itoa(int(line.Year))))
	}
	date, _ := d.event.On()
	asked := d.paidUnder(plan, line)
	end, planned, after := plan.exceeded(rule.Plan, date.Month, asked)
	if asked <= 0 || end == 0 {
		return nil
	}
	return d.settle(rule, events.Refuse(events.CodePlanExceeded, events.ReasonPlanExceeded, "/data/amount",
		"line", string(line.ID), "period", periodOf(rule.Plan, line.Year, end), "planned", planned.String(),
		"spent", (after-asked).String(), "asked", asked.String(), "missing", (after-planned).String()))
}

// paidUnder is what the event adds to what is paid under a line's plan.
func (d *decision) paidUnder(plan Plan, line budget.Line) money.Amount {
	var asked money.Amount
	for _, p := range d.posted {
		other, _ := d.books.Line(p.Line)
		if p.Line == line.ID || plan.About == events.OfProject && projectKey(other) == projectKey(line) {
			asked += paid(p)
		}
	}
	return asked
}

// monthsOf is how many months each period of a limit has.
func monthsOf(limit events.PlanLimit) int {
	if limit == events.PlanQuarter {
		return 3
	}
	return 1
}

// periodOf writes the period that a month ends: "2023-03" or "2023-Q1".
func periodOf(limit events.PlanLimit, year fiscal.Year, end int) string {
	if limit == events.PlanQuarter {
		return fmt.Sprintf("%d-Q%d", year, end/monthsOf(limit))
	}
	return fmt.Sprintf("%d-%02d", year, end)
}

// exceeded finds the first period from a month on by whose end more would be
// paid than is planned by then: its last month, or 0 if there is none.
func (p Plan) exceeded(limit events.PlanLimit, month time.Month, asked money.Amount) (end int, planned, after money.Amount) {
	length := monthsOf(limit)
	for end := (int(month) + length - 1) / length * length; end <= len(p.Planned); end += length {
		planned, _ := money.Sum(p.Planned[:end]...) // twelve stated amounts always fit
		after, err := money.Sum(append(slices.Clone(p.Spent[:end]), asked)...)
		if err != nil {
			after = money.MaxSum
		}
		if after > planned {
			return end, planned, after
		}
	}
	return 0, 0, 0
}

// advise warns of what no control refuses.
func (d *decision) advise() {
	switch data := d.event.Data.(type) {
	case events.DisbursementPaid:
		d.adviseOlder()
	case events.CarryoverSent:
		line := d.effects[0].After
		if until := line.Lapses(); data.ToYear > until.Year {
			d.warnings = append(d.warnings, events.Refuse(events.CodeCarryoverLapsed, events.ReasonCarryoverLapsed, "/data/to_year",
				"line", string(line.ID), "vintage", strconv.Itoa(int(line.Vintage)), "until", until.String(), "year", strconv.Itoa(int(data.ToYear))))
		}
	}
}

// adviseOlder warns of a payment where the oldest money of the same purpose is
// on another line.
func (d *decision) adviseOlder() {
	line := d.effects[0].After
	siblings, _ := d.state.siblings.Get(siblingsOf(line))
	for _, s := range siblings {
		if s.vintage >= line.Vintage {
			return
		}
		older, _ := d.books.Line(s.line)
		if figures, err := older.Sums.Figures(); err == nil && figures.Available > 0 {
			d.warnings = append(d.warnings, events.Refuse(events.CodeOlderVintageFirst, events.ReasonOlderVintageFirst, "/subject",
				"line", string(line.ID), "vintage", strconv.Itoa(int(line.Vintage)),
				"other", string(older.ID), "older", strconv.Itoa(int(older.Vintage)), "available", figures.Available.String()))
			return
		}
	}
}
