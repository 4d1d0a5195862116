package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// ReviewRemoved (取消复核规则) says that a review rule holds no more.
type ReviewRemoved struct {
	Review ReviewID    `json:"review"`
	Date   fiscal.Date `json:"date"`
	Reason Note        `json:"reason,omitempty"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (ReviewRemoved) Type() Type { return "outturn.review.removed.v1" }

// About says what the subject names.
func (ReviewRemoved) About() Subject { return OfUnit }

// On is the business date.
func (e ReviewRemoved) On() fiscal.Date { return e.Date }
