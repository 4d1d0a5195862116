package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// CarryoverSent (结转下年) says that unspent money of a line goes on to a later
// year.
type CarryoverSent struct {
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	ToYear   fiscal.Year  `json:"to_year"`
	ToLine   LineID       `json:"to_line,omitempty"`
	Document Text         `json:"document,omitempty"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (CarryoverSent) Type() Type { return "outturn.carryover.sent.v1" }

// About says what the subject names.
func (CarryoverSent) About() Subject { return OfLine }

// On is the business date.
func (e CarryoverSent) On() fiscal.Date { return e.Date }
