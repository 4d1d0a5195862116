package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// CarryoverReceived (上年结转转入) says that unspent money of an earlier year came
// into a line of that vintage, as estimated at budget time.
type CarryoverReceived struct {
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	FromYear fiscal.Year  `json:"from_year"`
	FromLine LineID       `json:"from_line,omitempty"`
	Document Text         `json:"document,omitempty"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (CarryoverReceived) Type() Type { return "outturn.carryover.received.v1" }

// About says what the subject names.
func (CarryoverReceived) About() Subject { return OfLine }

// On is the business date.
func (e CarryoverReceived) On() fiscal.Date { return e.Date }
