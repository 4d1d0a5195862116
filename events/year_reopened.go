package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// YearReopened (年度重开) says that a closed year takes money events again, its
// closed months too, for the reason given.
type YearReopened struct {
	Year   fiscal.Year `json:"year"`
	Date   fiscal.Date `json:"date"`
	Reason Note        `json:"reason"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (YearReopened) Type() Type { return "outturn.year.reopened.v1" }

// About says what the subject names.
func (YearReopened) About() Subject { return OfUnit }

// On is the business date.
func (e YearReopened) On() fiscal.Date { return e.Date }
