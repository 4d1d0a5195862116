package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// YearOpened (年度开账) says that a unit and all under it keep books of a year.
type YearOpened struct {
	Year   fiscal.Year `json:"year"`
	Date   fiscal.Date `json:"date"`
	Reason Note        `json:"reason,omitempty"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (YearOpened) Type() Type { return "outturn.year.opened.v1" }

// About says what the subject names.
func (YearOpened) About() Subject { return OfUnit }

// On is the business date.
func (e YearOpened) On() fiscal.Date { return e.Date }
