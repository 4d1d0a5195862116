package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// ControlRemoved (取消额度控制) says that a control holds no more.
type ControlRemoved struct {
	Control ControlID   `json:"control"`
	Date    fiscal.Date `json:"date"`
	Reason  Note        `json:"reason,omitempty"`
	Memo    Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (ControlRemoved) Type() Type { return "outturn.control.removed.v1" }

// About says what the subject names.
func (ControlRemoved) About() Subject { return OfUnit }

// On is the business date.
func (e ControlRemoved) On() fiscal.Date { return e.Date }
