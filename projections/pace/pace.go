// Package pace knows how execution stands against time: the gap between the
// execution rate and time progress (序时进度), a status in a word, and what the
// year will come to at the present pace. It is pure, and exact until it prints.
package pace

import (
	"math/big"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
)

// Status says in a word how figures stand.
type Status string

// The statuses. None is for figures without a budget, whose rate is not
// applicable.
const (
	FarBehind Status = "far_behind" // 严重滞后
	Behind    Status = "behind"     // 滞后
	Watch     Status = "watch"      // 关注
	OnPace    Status = "on_pace"    // 正常
	Over      Status = "over"       // executed more than the budget
	None      Status = "none"
)

// Statuses lists the statuses, the ones that ask for attention first.
func Statuses() []Status { return []Status{FarBehind, Behind, Watch, OnPace, Over, None} }

// Digits is how many decimals a gap in percentage points is printed with.
const Digits = 2

// Thresholds say how many percentage points behind time progress are still to be
// watched, and how many are behind and not yet far behind.
type Thresholds struct{ Watch, Behind int64 }

// Proportional are the thresholds that are used where none are set.
func Proportional() Thresholds { return Thresholds{Watch: 5, Behind: 20} }

// Standing is figures on a day. Progress is the share of the year that has
// passed, from 0 to 1.
type Standing struct {
	Figures  budget.Figures
	Progress *big.Rat
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

// Status judges the standing.
func (s Standing) Status(t Thresholds) Status {
	switch {
	case s.Figures.Executed > s.Figures.FullYear:
		return Over
	case !s.Rated():
		return None
	}
	behind, _ := new(big.Rat).SetString(s.PrintedGap())
	behind.Neg(behind)
	switch {
	case behind.Sign() <= 0:
		return OnPace
	case behind.Cmp(big.NewRat(t.Watch, 1)) <= 0:
		return Watch
	case behind.Cmp(big.NewRat(t.Behind, 1)) <= 0:
		return Behind
	}
	return FarBehind
}

// tooEarly is the share of the year up to which a run rate says too little: two
// months.
var tooEarly = big.NewRat(2, 12)

// Forecast is the year's outturn if money goes on at the present pace: executed
// divided by time progress, to the fen, and never more than is to be had. ok is
// false when too little of the year has passed to say.
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
