package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// IndicatorReported (指标完成值) says that this is an indicator's value on a
// date.
type IndicatorReported struct {
	Kind      Subject     `json:"about"`
	Year      fiscal.Year `json:"year"`
	Indicator IndicatorID `json:"indicator"`
	Date      fiscal.Date `json:"date"`
	Actual    Text        `json:"actual"`
	Note      Note        `json:"note,omitempty"`
	Memo      Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (IndicatorReported) Type() Type { return "outturn.indicator.reported.v1" }

// About says what the subject names, as the event itself states.
func (e IndicatorReported) About() Subject { return e.Kind }

// On is the business date.
func (e IndicatorReported) On() fiscal.Date { return e.Date }

func (e IndicatorReported) check() error { return checkAbout(e.Kind, OfUnit, OfProject) }
