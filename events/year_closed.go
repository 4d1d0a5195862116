package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// YearClosed (年结) says that a year takes no more money events, for a unit
// and all under it.
type YearClosed struct {
	Year   fiscal.Year `json:"year"`
	Date   fiscal.Date `json:"date"`
	Reason Note        `json:"reason,omitempty"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (YearClosed) Type() Type { return "outturn.year.closed.v1" }

// About says what the subject names.
func (YearClosed) About() Subject { return OfUnit }

// On is the business date.
func (e YearClosed) On() fiscal.Date { return e.Date }
