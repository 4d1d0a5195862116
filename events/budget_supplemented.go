package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// BudgetSupplemented (预算追加) says that money was added to a line in the
// course of the year.
type BudgetSupplemented struct {
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	Document Text         `json:"document"`
	Reason   Note         `json:"reason"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (BudgetSupplemented) Type() Type { return "outturn.budget.supplemented.v1" }

// About says what the subject names.
func (BudgetSupplemented) About() Subject { return OfLine }

// On is the business date.
func (e BudgetSupplemented) On() fiscal.Date { return e.Date }
