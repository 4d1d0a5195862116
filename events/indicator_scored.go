package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// IndicatorScored (指标得分) says that an indicator got these points, with the
// reason for a deviation.
type IndicatorScored struct {
	Kind      Subject     `json:"about"`
	Year      fiscal.Year `json:"year"`
	Indicator IndicatorID `json:"indicator"`
	Date      fiscal.Date `json:"date"`
	Score     Points      `json:"score"`
	Grade     Text        `json:"grade,omitempty"`
	Reason    Note        `json:"reason,omitempty"`
	Memo      Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (IndicatorScored) Type() Type { return "outturn.indicator.scored.v1" }

// About says what the subject names, as the event itself states.
func (e IndicatorScored) About() Subject { return e.Kind }

// On is the business date.
func (e IndicatorScored) On() fiscal.Date { return e.Date }

func (e IndicatorScored) check() error { return checkAbout(e.Kind, OfUnit, OfProject) }
