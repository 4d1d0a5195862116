package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// CarryoverConfirmed (结转数决算确认) says that the final accounts (决算) fixed what
// a line received; the figure replaces the estimate.
type CarryoverConfirmed struct {
	Amount   money.Amount `json:"amount" zero:"allowed"`
	Date     fiscal.Date  `json:"date"`
	FromYear fiscal.Year  `json:"from_year"`
	FromLine LineID       `json:"from_line,omitempty"`
	Document Text         `json:"document"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (CarryoverConfirmed) Type() Type { return "outturn.carryover.confirmed.v1" }

// About says what the subject names.
func (CarryoverConfirmed) About() Subject { return OfLine }

// On is the business date.
func (e CarryoverConfirmed) On() fiscal.Date { return e.Date }
