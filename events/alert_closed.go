package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// AlertClosed (预警关闭) says that an alert needs no more attention.
type AlertClosed struct {
	Kind   Subject     `json:"about"`
	Alert  AlertID     `json:"alert"`
	Date   fiscal.Date `json:"date"`
	Reason Note        `json:"reason,omitempty"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (AlertClosed) Type() Type { return "outturn.alert.closed.v1" }

// About says what the subject names, as the event itself states.
func (e AlertClosed) About() Subject { return e.Kind }

// On is the business date.
func (e AlertClosed) On() fiscal.Date { return e.Date }

func (e AlertClosed) check() error { return checkAbout(e.Kind, OfLine, OfProject, OfUnit) }
