package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// BudgetReduced (预算追减) says that money was taken off a line's budget in the
// course of the year.
type BudgetReduced struct {
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	Document Text         `json:"document"`
	Reason   Note         `json:"reason"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (BudgetReduced) Type() Type { return "outturn.budget.reduced.v1" }

// About says what the subject names.
func (BudgetReduced) About() Subject { return OfLine }

// On is the business date.
func (e BudgetReduced) On() fiscal.Date { return e.Date }
