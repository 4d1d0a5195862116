package web

import (
	"math/big"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
)

// The thresholds of the status, in percentage points behind time progress.
const (
	watchWithin  = 5  // not on pace, but within these
	behindWithin = 20 // behind, and far behind beyond these
)

// The statuses, from good to bad. none has no rate that could be judged.
const (
	statusOnPace = "on_pace"
	statusWatch  = "watch"
	statusBehind = "behind"
	statusFar    = "far_behind"
	statusOver   = "over"
	statusNone   = "none"
)

func statuses() []string {
	return []string{statusFar, statusBehind, statusWatch, statusOnPace, statusOver, statusNone}
}

// pace is how figures stand against time progress.
type pace struct {
	figures  budget.Figures
	progress *big.Rat // 0 to 1
}

var hundred = big.NewRat(100, 1)

// rated says whether there is a rate: without a budget there is none (不适用).
func (p pace) rated() bool { return p.figures.FullYear > 0 }

// gap is the rate less time progress in percentage points, exactly; nil without
// a rate.
func (p pace) gap() *big.Rat {
	if !p.rated() {
		return nil
	}
	gap := new(big.Rat).Sub(p.figures.Rate().Rat(), p.progress)
	return gap.Mul(gap, hundred)
}

// printedGap is the gap as it is printed. The status is judged by it too, so
// that a gap that reads 0.00 never counts as behind for a fen.
func (p pace) printedGap() string { return money.Print(p.gap(), pointDecimals, money.HalfUp) }

const pointDecimals = 2

func (p pace) status() string {
	if p.figures.Executed > p.figures.FullYear {
		return statusOver
	}
	if !p.rated() {
		return statusNone
	}
	gap, _ := new(big.Rat).SetString(p.printedGap())
	behind := gap.Neg(gap)
	switch {
	case behind.Sign() <= 0:
		return statusOnPace
	case behind.Cmp(big.NewRat(watchWithin, 1)) <= 0:
		return statusWatch
	case behind.Cmp(big.NewRat(behindWithin, 1)) <= 0:
		return statusBehind
	}
	return statusFar
}

// Status is a status in words; its shape and colour hang on ID.
type Status struct{ ID, Label string }

func (v *visit) status(p pace) Status {
	id := p.status()
	return Status{id, v.Text("status." + id)}
}

// Gap is the gap for the eye and in words.
type Gap struct {
	Points string // "−61.33", "+2.70"; empty without a rate
	Words  string
}

func (v *visit) gap(p pace) Gap {
	if !p.rated() {
		return Gap{Words: v.Text("gap.none")}
	}
	points := language.Group(p.printedGap())
	size := new(big.Rat).Abs(p.gap())
	words := language.Group(money.Print(size, pointDecimals, money.HalfUp))
	zero, _ := new(big.Rat).SetString(p.printedGap())
	switch zero.Sign() {
	case 0:
		return Gap{points, v.Text("gap.level")}
	case 1:
		return Gap{"+" + points, v.Text("gap.ahead", "points", words)}
	}
	return Gap{points, v.Text("gap.behind", "points", words)}
}

// The bullet bar is barWidth units wide for 0 to 100 %.
const barWidth = 200

// Bar is the geometry of a bullet bar: executed share, the mark of time
// progress, and pale bands that end where the status changes.
type Bar struct {
	Executed, Tick string // units
	Far, Behind    string // where the bands end
	Over           bool
	Label          string
}

func (v *visit) bar(p pace) Bar {
	tick := new(big.Rat).Mul(p.progress, hundred)
	bar := Bar{
		Executed: units(new(big.Rat)), Tick: units(tick),
		Far:    units(new(big.Rat).Sub(tick, big.NewRat(behindWithin, 1))),
		Behind: units(tick),
		Over:   p.status() == statusOver,
		Label:  v.Text("bar.none", "progress", v.progress(p.progress)),
	}
	if p.rated() {
		bar.Executed = units(new(big.Rat).Mul(p.figures.Rate().Rat(), hundred))
		bar.Label = v.Text("bar.label", "rate", v.Percent(p.figures.Rate()), "progress", v.progress(p.progress))
	}
	return bar
}

// units places a percentage on the bar; what is off the scale stands at its
// end.
func units(percent *big.Rat) string {
	switch {
	case percent.Sign() < 0:
		percent = new(big.Rat)
	case percent.Cmp(hundred) > 0:
		percent = hundred
	}
	return money.Print(new(big.Rat).Mul(percent, big.NewRat(barWidth, 100)), 1, money.HalfUp)
}

// progress writes a share in percent.
func (v *visit) progress(share *big.Rat) string {
	return money.Print(new(big.Rat).Mul(share, hundred), 2, money.HalfUp) + "%"
}

// timeProgress is the pace that the pages measure by.
func timeProgress(year fiscal.Year, on fiscal.Date) *big.Rat {
	return fiscal.ByMonth.Progress(year, on)
}
