package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// SurplusReturned (结余上缴) says that money that is no longer needed went back
// to finance.
type SurplusReturned struct {
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	Document Text         `json:"document"`
	Reason   Note         `json:"reason,omitempty"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (SurplusReturned) Type() Type { return "outturn.surplus.returned.v1" }

// About says what the subject names.
func (SurplusReturned) About() Subject { return OfLine }

// On is the business date.
func (e SurplusReturned) On() fiscal.Date { return e.Date }
