package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// AlertEscalated (预警升级) says that nobody answered an alert in time.
type AlertEscalated struct {
	Kind   Subject     `json:"about"`
	Alert  AlertID     `json:"alert"`
	Date   fiscal.Date `json:"date"`
	Reason Note        `json:"reason,omitempty"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (AlertEscalated) Type() Type { return "outturn.alert.escalated.v1" }

// About says what the subject names, as the event itself states.
func (e AlertEscalated) About() Subject { return e.Kind }

// On is the business date.
func (e AlertEscalated) On() fiscal.Date { return e.Date }

func (e AlertEscalated) check() error { return checkAbout(e.Kind, OfLine, OfProject, OfUnit) }
