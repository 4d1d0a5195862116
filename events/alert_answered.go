package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// AlertAnswered (预警处理) says that the unit said what it will do about an
// alert.
type AlertAnswered struct {
	Kind   Subject     `json:"about"`
	Alert  AlertID     `json:"alert"`
	Answer Answer      `json:"answer"`
	Date   fiscal.Date `json:"date"`
	Reason Note        `json:"reason"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (AlertAnswered) Type() Type { return "outturn.alert.answered.v1" }

// About says what the subject names, as the event itself states.
func (e AlertAnswered) About() Subject { return e.Kind }

// On is the business date.
func (e AlertAnswered) On() fiscal.Date { return e.Date }

func (e AlertAnswered) check() error { return checkAbout(e.Kind, OfLine, OfProject, OfUnit) }
