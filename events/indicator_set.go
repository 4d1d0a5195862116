package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// IndicatorSet (绩效指标) says that a unit or a project is measured by this
// indicator, in place of any earlier one of the same code. An adjusted target
// (调整指标值) takes the place of the target, which forms go on to show. The
// actual value of a computed indicator is a figure of the books, so that nobody
// reports it.
type IndicatorSet struct {
	Kind           Subject     `json:"about"`
	Year           fiscal.Year `json:"year"`
	Indicator      IndicatorID `json:"indicator"`
	Level1         Text        `json:"level1"`
	Level2         Text        `json:"level2"`
	Level3         Text        `json:"level3"`
	Operator       Operator    `json:"operator"`
	Target         Text        `json:"target"`
	AdjustedTarget Text        `json:"adjusted_target,omitempty"`
	MeasuringUnit  Text        `json:"measuring_unit,omitempty"`
	Weight         Points      `json:"weight"`
	Core           bool        `json:"core,omitempty"`
	Computed       Computation `json:"computed,omitempty"`
	Date           fiscal.Date `json:"date"`
	Memo           Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (IndicatorSet) Type() Type { return "outturn.indicator.set.v1" }

// About says what the subject names, as the event itself states.
func (e IndicatorSet) About() Subject { return e.Kind }

// On is the business date.
func (e IndicatorSet) On() fiscal.Date { return e.Date }

func (e IndicatorSet) check() error { return checkAbout(e.Kind, OfUnit, OfProject) }
