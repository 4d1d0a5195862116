package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// PeriodClosed (月结) says that a month and all before it take no more money
// events, for a unit and all under it.
type PeriodClosed struct {
	Year   fiscal.Year `json:"year"`
	Month  Month       `json:"month"`
	Reason Note        `json:"reason,omitempty"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (PeriodClosed) Type() Type { return "outturn.period.closed.v1" }

// About says what the subject names.
func (PeriodClosed) About() Subject { return OfUnit }
