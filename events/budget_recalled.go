package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// BudgetRecalled (预算收回) says that finance took money of a line back.
type BudgetRecalled struct {
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	Document Text         `json:"document"`
	Reason   Note         `json:"reason"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (BudgetRecalled) Type() Type { return "outturn.budget.recalled.v1" }

// About says what the subject names.
func (BudgetRecalled) About() Subject { return OfLine }

// On is the business date.
func (e BudgetRecalled) On() fiscal.Date { return e.Date }
