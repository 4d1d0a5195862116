package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// BudgetUnfrozen (预算解冻) says that frozen money may be spent again.
type BudgetUnfrozen struct {
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	Document Text         `json:"document"`
	Reason   Note         `json:"reason"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (BudgetUnfrozen) Type() Type { return "outturn.budget.unfrozen.v1" }

// About says what the subject names.
func (BudgetUnfrozen) About() Subject { return OfLine }

// On is the business date.
func (e BudgetUnfrozen) On() fiscal.Date { return e.Date }
