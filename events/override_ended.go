package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// OverrideEnded (特批终止) says that an override holds no more, for what is posted
// from now on.
type OverrideEnded struct {
	Override OverrideID  `json:"override"`
	Date     fiscal.Date `json:"date"`
	Reason   Note        `json:"reason,omitempty"`
	Memo     Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (OverrideEnded) Type() Type { return "outturn.override.ended.v1" }

// About says what the subject names.
func (OverrideEnded) About() Subject { return OfLine }

// On is the business date.
func (e OverrideEnded) On() fiscal.Date { return e.Date }
