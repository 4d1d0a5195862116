// Package pace knows how execution stands against time: the gap between the
// execution rate and time progress (序时进度), a status in a word, what the year
// will come to, and how far such forecasts were off. It is pure, and exact until
// it prints.
//
// A [Rule] says how money is watched: by which [Curve] the year goes on, and how
// far behind it is too far. Rules are set for units by pace.set events; [Rules]
// finds the one that holds for a line, a project or a unit, as known at any
// sequence:
//
//	rule := rules.For(pace.Covered{Project: p, Kind: k, Fund: f}, books.Upwards(unit))
//	standing := pace.Standing{Figures: figures, Progress: rule.Curve.Progress(year, on, plan), Idle: idle}
//	status := standing.Status(rule)
//
// A [Course] is the months of a year so far, and its [Course.Forecast] the year's
// outturn by whichever [Method] there is data for, in an interval that is as wide
// as the methods differ and as [BackTest] found them off.
package pace

import (
	"math/big"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Status says in a word how figures stand.
type Status string

// The statuses. None is for figures without a budget, whose rate is not
// applicable.
const (
	FarBehind Status = "far_behind" // 严重滞后
	Stalled   Status = "stalled"    // 停滞: behind, with money, and long without a payment
	Behind    Status = "behind"     // 滞后
	Watch     Status = "watch"      // 关注
	OnPace    Status = "on_pace"    // 正常
	Over      Status = "over"       // executed more than the budget
	None      Status = "none"
)

// Statuses lists the statuses, the ones that ask for attention first.
func Statuses() []Status { return []Status{FarBehind, Stalled, Behind, Watch, OnPace, Over, None} }

// Digits is how many decimals a gap in percentage points is printed with.
const Digits = 2

// Standing is figures on a day.
type Standing struct {
	Figures budget.Figures
	// Progress is the share of the year that has passed, from 0 to 1.
	Progress *big.Rat
	// Idle is how many days up to and including the day nothing was paid; 0 if
	// nobody counted. See [IdleDays].
	Idle int
}

var hundred = big.NewRat(100, 1)

// Rated says whether there is a rate to judge: without a budget there is none
// (不适用).
func (s Standing) Rated() bool { return s.Figures.FullYear > 0 }

// Gap is the rate less time progress in percentage points, exactly; negative is
// behind, nil is without a rate.
func (s Standing) Gap() *big.Rat {
	if !s.Rated() {
		return nil
	}
	gap := new(big.Rat).Sub(s.Figures.Rate().Rat(), s.Progress)
	return gap.Mul(gap, hundred)
}

// PrintedGap is the gap of rated figures as it is printed. The status is judged
// by it too, so that a gap that reads 0.00 never counts as behind for a fen.
func (s Standing) PrintedGap() string { return money.Print(s.Gap(), Digits, money.HalfUp) }

// printed is a number of points as it is printed.
func printed(points *big.Rat) *big.Rat {
	rounded, _ := new(big.Rat).SetString(money.Print(points, Digits, money.HalfUp))
	return rounded
}

// Status judges the standing by a rule. Who is far behind is that, stalled or
// not: see [Standing.Stalled].
func (s Standing) Status(r Rule) Status {
	switch {
	case s.Figures.Executed > s.Figures.FullYear:
		return Over
	case !s.Rated():
		return None
	}
	behind := printed(s.Gap())
	behind.Neg(behind)
	switch {
	case behind.Sign() <= 0:
		return OnPace
	case behind.Cmp(r.Behind) > 0:
		return FarBehind
	case s.Stalled(r):
		return Stalled
	case behind.Cmp(r.Watch) <= 0:
		return Watch
	}
	return Behind
}

// Stalled says whether nothing was paid for as many days as the rule says,
// although there is money to be paid, under contract or free, and the curve
// expects more than is executed.
func (s Standing) Stalled(r Rule) bool {
	payable := s.Figures.Available > 0 || s.Figures.Committed > 0
	return r.StalledDays > 0 && s.Idle >= r.StalledDays && payable && s.Rated() && printed(s.Gap()).Sign() < 0
}

// IdleDays counts the days of a year without a payment, up to and including a
// day: those after the last payment or, before the first one, after the day that
// the money came on. A zero date is no payment, or money of the year's first day.
func IdleDays(on, lastPaid, funded fiscal.Date) int {
	since := on.Year.First().AddDays(-1)
	switch {
	case !lastPaid.IsZero():
		since = lastPaid
	case !funded.IsZero():
		since = funded
	}
	const day = 24 * 60 * 60 // seconds; dates are midnights in UTC
	return max(0, int((on.Time().Unix()-since.Time().Unix())/day))
}

// GoalGap is how much of its goals figures have attained, a share from 0 to 1,
// less the execution rate, in percentage points; nil is without a rate. Positive
// is more goal than money.
func (s Standing) GoalGap(attained *big.Rat) *big.Rat {
	if !s.Rated() {
		return nil
	}
	gap := new(big.Rat).Sub(attained, s.Figures.Rate().Rat())
	return gap.Mul(gap, hundred)
}

// Apart says whether goals and money are further apart than the rule allows, as
// printed. A gap of nil is not, nor is any where the rule does not compare.
func (r Rule) Apart(goalGap *big.Rat) bool {
	if r.GoalGap == nil || goalGap == nil {
		return false
	}
	size := printed(goalGap)
	return size.Abs(size).Cmp(r.GoalGap) > 0
}

// tooEarly is the share of the year up to which a run rate says too little: two
// months.
var tooEarly = big.NewRat(2, 12)

// Forecast is the year's outturn if money goes on at the present pace: executed
// divided by time progress, to the fen, and never more than is to be had. ok is
// false when too little of the year has passed to say. [Course.Forecast] knows
// more.
func (s Standing) Forecast() (outturn money.Amount, ok bool) {
	if s.Progress.Cmp(tooEarly) < 0 || s.Figures.Executed < 0 {
		return 0, false
	}
	run := new(big.Rat).SetInt64(int64(s.Figures.Executed))
	run.Quo(run, s.Progress)
	if limit := new(big.Rat).SetInt64(int64(max(s.Figures.FullYear, s.Figures.Executed))); run.Cmp(limit) > 0 {
		run = limit
	}
	return money.Amount(new(big.Int).Quo(run.Num(), run.Denom()).Int64()), true
}

// Compare orders standings worst first: by the gap, and those without a rate
// last.
func Compare(a, b Standing) int {
	switch {
	case a.Rated() && b.Rated():
		return a.Gap().Cmp(b.Gap())
	case a.Rated():
		return -1
	case b.Rated():
		return 1
	}
	return 0
}
