package control_test

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/control"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// TestWithoutControlsBudgetDecides: where no control is set, package budget says
// the same, with the same figures.
func TestWithoutControlsBudgetDecides(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		live(rt, false, func(w *world, e events.Event, _ []*events.Refusal, err error) {
			if alone := budget.Decide(w.books, e); fmt.Sprint(alone) != fmt.Sprint(err) {
				rt.Fatalf("%s: %v, by budgets alone %v", e.Raw(), err, alone)
			}
		})
	})
}

// said by the rules as this test knows them: what an event breaks, and what the
// control makes of it.
type broken struct {
	reason events.Reason
	policy events.Availability
}

// breaks finds what an event breaks by looking at all lines and all postings,
// after it was recorded on a fork.
func breaks(w *world, e events.Event) []broken {
	after := w.books.Fork()
	posted, err := budget.Evolve(after, e)
	if err != nil {
		w.t.Fatal(err)
	}
	date, _ := e.On()
	var all []broken
	for _, line := range w.lines() {
		is, _ := after.Line(line.ID)
		rule := w.state.Rule(w.books, line)
		if available(is) < available(line) {
			was, left, fullYear, lines := balance(w, after, rule, line)
			policy, slack := rule.Availability, tolerated(w, rule, fullYear, lines, date)
			if goesOn(e) {
				policy, slack = events.Reject, 0
			}
			if left < was && left < -slack {
				all = append(all, broken{events.ReasonInsufficientFunds, policy})
			}
		}
		if executed(is) > executed(line) && rule.Plan != events.PlanNone {
			all = append(all, breaksPlan(w, append(slices.Clone(w.postings), posted...), rule, line, date)...)
		}
	}
	return slices.DeleteFunc(all, func(b broken) bool { return b.policy == events.Allow })
}

func goesOn(e events.Event) bool {
	switch e.Data.(type) {
	case events.BudgetTransferred, events.CarryoverSent, events.SurplusReturned:
		return true
	}
	return false
}

func available(line budget.Line) money.Amount {
	figures, _ := line.Sums.Figures()
	return figures.Available
}

func executed(line budget.Line) money.Amount {
	figures, _ := line.Sums.Figures()
	return figures.Executed
}

// balance sums the pool of a line before and after.
func balance(w *world, after *budget.Books, rule control.Rule, line budget.Line) (was, is, fullYear money.Amount, lines []events.LineID) {
	for _, other := range w.lines() {
		together := other.Unit == line.Unit && other.Project == line.Project && other.Fund == line.Fund && other.Vintage == line.Vintage
		switch rule.Pool {
		case events.PoolLine:
			together = other.ID == line.ID
		case events.PoolClass:
			together = together && other.EconomicClass[:3] == line.EconomicClass[:3]
		}
		if together {
			now, _ := after.Line(other.ID)
			figures, _ := now.Sums.Figures()
			was, is, fullYear, lines = was+available(other), is+figures.Available, fullYear+figures.FullYear, append(lines, other.ID)
		}
	}
	return was, is, fullYear, lines
}

// tolerated is the larger tolerance and the overrides of that day.
func tolerated(w *world, rule control.Rule, fullYear money.Amount, lines []events.LineID, date fiscal.Date) money.Amount {
	most := int64(rule.Tolerance)
	if percent, ok := new(big.Rat).SetString(string(rule.TolerancePercent)); ok && fullYear > 0 {
		share := percent.Mul(percent, big.NewRat(int64(fullYear), 100))
		most = max(most, new(big.Int).Quo(share.Num(), share.Denom()).Int64())
	}
	for _, o := range w.state.Overrides() {
		if slices.Contains(lines, o.Line) && date.Compare(o.Until) <= 0 {
			most += int64(o.Amount)
		}
	}
	return money.Amount(most)
}

// breaksPlan sums postings month by month.
func breaksPlan(w *world, postings []budget.Posting, rule control.Rule, line budget.Line, date fiscal.Date) []broken {
	plan, ok := w.state.Plan(line)
	if !ok {
		return []broken{{events.ReasonPlanMissing, rule.Availability}}
	}
	under := func(id events.LineID) bool {
		return id == line.ID || plan.About == events.OfProject && w.line(string(id)).Project == line.Project
	}
	length := map[events.PlanLimit]int{events.PlanMonth: 1, events.PlanQuarter: 3}[rule.Plan]
	sequence := postings[len(postings)-1].Sequence
	var planned, spent, asked money.Amount
	for month := 1; month <= 12; month++ {
		planned += plan.Planned[month-1]
		for _, p := range postings {
			if under(p.Line) && int(p.Date.Month) == month {
				amount := map[budget.Measure]money.Amount{budget.Executed: p.Amount, budget.Refunded: -p.Amount}[p.Measure]
				spent += amount
				if p.Sequence == sequence {
					asked += amount
				}
			}
		}
		if month%length == 0 && month >= int(date.Month) && asked > 0 && spent > planned {
			return []broken{{events.ReasonPlanExceeded, rule.Availability}}
		}
	}
	return nil
}

// TestDecidedAsTheRulesSay: whatever is set, an event is refused if it breaks a
// rule that rejects, and only then; what it breaks under a rule that warns is
// said. So no pool that rejects is ever brought below what is tolerated.
func TestDecidedAsTheRulesSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		live(rt, true, func(w *world, e events.Event, warnings []*events.Refusal, err error) {
			if budget.Holds(w.books, e) != nil || standing(e) {
				return
			}
			all := breaks(w, e)
			var want, got []events.Reason
			for _, b := range all {
				if b.policy == events.Warn {
					want = append(want, b.reason)
				}
			}
			for _, warning := range warnings {
				if warning.Reason != events.ReasonOlderVintageFirst && warning.Reason != events.ReasonCarryoverLapsed {
					got = append(got, warning.Reason)
				}
			}
			refused := slices.ContainsFunc(all, func(b broken) bool { return b.policy == events.Reject })
			if (err != nil) != refused {
				rt.Fatalf("%s: %v; it breaks %v under\n%s", e.Raw(), err, all, shows(w, w.state))
			}
			if refusal := events.AsRefusal(err); refusal != nil && !slices.Contains(all, broken{refusal.Reason, events.Reject}) {
				rt.Fatalf("%s: %v; it breaks %v", e.Raw(), err, all)
			}
			slices.Sort(want)
			slices.Sort(got)
			if err == nil && !slices.Equal(want, got) {
				rt.Fatalf("%s: warnings %v, want %v under\n%s", e.Raw(), got, want, shows(w, w.state))
			}
		})
	})
}

// TestARefusalAddsUp: what could be taken and what is missing make what is asked,
// and exactly that much would be taken.
func TestARefusalAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		live(rt, true, func(w *world, e events.Event, _ []*events.Refusal, err error) {
			refusal := events.AsRefusal(err)
			paid, ok := e.Data.(events.DisbursementPaid)
			if refusal == nil || !ok || paid.Commitment != "" {
				return
			}
			missing := refusal.Params["missing"]
			if missing == "" || yuan(missing) >= paid.Amount {
				return // no smaller payment would be taken
			}
			paid.Amount -= yuan(missing)
			again := events.AsRefusal(second(w.state.Decide(w.books, w.event(said{e.Subject, paid}))))
			if again != nil && again.Reason == refusal.Reason && again.Params["period"] == refusal.Params["period"] {
				rt.Fatalf("%s: %v; of %s, %v", e.Raw(), refusal, paid.Amount, again)
			}
		})
	})
}

func second[A any](_ A, err error) error { return err }

// TestAForkIsMergedOrForgotten: merged it is as if there had been none, at any
// depth; dropped as if nothing had happened.
func TestAForkIsMergedOrForgotten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := live(rt, true, ignore)
		first := rapid.IntRange(0, len(w.log)).Draw(rt, "fork after")
		second := rapid.IntRange(first, len(w.log)).Draw(rt, "fork again after")
		base := new(control.State)
		replay(w, base, w.log[:first])
		before := shows(w, base)
		fork := base.Fork()
		replay(w, fork, w.log[first:second])
		inner := fork.Fork()
		replay(w, inner, w.log[second:])
		if got := shows(w, base); got != before {
			rt.Fatalf("the fork shows in its base:\n%s\nwas\n%s", got, before)
		}
		if got, want := shows(w, inner), shows(w, w.state); got != want {
			rt.Fatalf("the fork shows\n%s\nwant\n%s", got, want)
		}
		inner.Merge()
		fork.Merge()
		same(rt, w, base)
	})
}

// replay evolves a state by recorded events.
func replay(w *world, s *control.State, log []events.Event) {
	for _, e := range log {
		s.Evolve(w.books, e, slices.DeleteFunc(slices.Clone(w.postings), func(p budget.Posting) bool { return p.Sequence != e.Sequence }))
	}
}

// same wants a state to show and decide what the world's own does.
func same(t *rapid.T, w *world, s *control.State) {
	t.Helper()
	if got, want := shows(w, s), shows(w, w.state); got != want {
		t.Fatalf("it shows\n%s\nwant\n%s", got, want)
	}
	for range 10 {
		e := w.event(drawMoney(t, w))
		warnings, err := s.Decide(w.books, e)
		wantWarnings, want := w.state.Decide(w.books, e)
		if fmt.Sprint(warnings, err) != fmt.Sprint(wantWarnings, want) {
			t.Fatalf("%s: %v, %v; want %v, %v", e.Raw(), warnings, err, wantWarnings, want)
		}
	}
}

// TestLoadedIsAsLived: lines with what they spent, and the standing events, are
// all that a state needs to go on.
func TestLoadedIsAsLived(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := live(rt, true, ignore)
		spent := map[events.LineID][12]money.Amount{}
		for _, p := range w.postings {
			months := spent[p.Line]
			switch p.Measure {
			case budget.Executed:
				months[p.Date.Month-1] += p.Amount
			case budget.Refunded:
				months[p.Date.Month-1] -= p.Amount
			}
			spent[p.Line] = months
		}
		loaded := new(control.State)
		for _, e := range w.log {
			if standing(e) {
				loaded.Evolve(w.books, e, nil)
			}
		}
		loaded.Load(w.books.Changes().Lines, spent)
		same(rt, w, loaded)
	})
}

// TestHistoriesMeetEveryRule keeps the generator honest.
func TestHistoriesMeetEveryRule(t *testing.T) {
	t.Parallel()
	refused, warned := map[events.Reason]int{}, map[events.Reason]int{}
	for seed := range 60 {
		rapid.Custom(func(rt *rapid.T) bool {
			live(rt, true, func(_ *world, _ events.Event, warnings []*events.Refusal, err error) {
				if refusal := events.AsRefusal(err); refusal != nil {
					refused[refusal.Reason]++
				}
				for _, warning := range warnings {
					warned[warning.Reason]++
				}
			})
			return true
		}).Example(seed)
	}
	for _, reason := range []events.Reason{
		events.ReasonInsufficientFunds, events.ReasonPlanExceeded, events.ReasonPlanMissing,
		events.ReasonUnknownControl, events.ReasonUnknownOverride, events.ReasonOverrideTaken,
	} {
		if refused[reason] == 0 {
			t.Errorf("no history is refused with %s", reason)
		}
	}
	for _, reason := range []events.Reason{
		events.ReasonInsufficientFunds, events.ReasonPlanExceeded, events.ReasonPlanMissing, events.ReasonOlderVintageFirst, events.ReasonCarryoverLapsed,
	} {
		if warned[reason] == 0 {
			t.Errorf("no history is warned of %s", reason)
		}
	}
}
