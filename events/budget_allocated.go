package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// BudgetAllocated (年初预算下达) says that the initial budget (年初预算数) of a line
// was approved.
type BudgetAllocated struct {
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	Document Text         `json:"document"`
	Reason   Note         `json:"reason,omitempty"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (BudgetAllocated) Type() Type { return "outturn.budget.allocated.v1" }

// About says what the subject names.
func (BudgetAllocated) About() Subject { return OfLine }

// On is the business date.
func (e BudgetAllocated) On() fiscal.Date { return e.Date }
