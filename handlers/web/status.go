package web

import (
	"math/big"

	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections/pace"
)

// standing is how figures stand against time progress.
type standing = pace.Standing

var hundred = big.NewRat(100, 1)

// judged is the status of a standing by the thresholds of the pages.
func judged(p standing) pace.Status { return p.Status(pace.Proportional()) }

// Status is a status in words; its shape and colour hang on ID.
type Status struct{ ID, Label string }

func (v *visit) status(p standing) Status {
	id := string(judged(p))
	return Status{id, v.Text("status." + id)}
}

// Gap is the gap for the eye and in words.
type Gap struct {
	Points string // "−61.33", "+2.70"; empty without a rate
	Words  string
}

func (v *visit) gap(p standing) Gap {
	if !p.Rated() {
		return Gap{Words: v.Text("gap.none")}
	}
	points := language.Group(p.PrintedGap())
	size := new(big.Rat).Abs(p.Gap())
	words := language.Group(money.Print(size, pace.Digits, money.HalfUp))
	zero, _ := new(big.Rat).SetString(p.PrintedGap())
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

func (v *visit) bar(p standing) Bar {
	tick := new(big.Rat).Mul(p.Progress, hundred)
	bar := Bar{
		Executed: units(new(big.Rat)), Tick: units(tick),
		Far:    units(new(big.Rat).Sub(tick, pace.Proportional().Behind)),
		Behind: units(tick),
		Over:   judged(p) == pace.Over,
		Label:  v.Text("bar.none", "progress", v.progress(p.Progress)),
	}
	if p.Rated() {
		bar.Executed = units(new(big.Rat).Mul(p.Figures.Rate().Rat(), hundred))
		bar.Label = v.Text("bar.label", "rate", v.Percent(p.Figures.Rate()), "progress", v.progress(p.Progress))
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
