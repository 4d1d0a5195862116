package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// PaceRemoved (取消序时进度规则) says that a pace rule holds no more.
type PaceRemoved struct {
	Pace   PaceID      `json:"pace"`
	Date   fiscal.Date `json:"date"`
	Reason Note        `json:"reason,omitempty"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (PaceRemoved) Type() Type { return "outturn.pace.removed.v1" }

// About says what the subject names.
func (PaceRemoved) About() Subject { return OfUnit }

// On is the business date.
func (e PaceRemoved) On() fiscal.Date { return e.Date }
