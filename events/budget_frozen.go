package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// BudgetFrozen (预算冻结) says that part of a line's money may not be spent for
// now.
type BudgetFrozen struct {
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	Document Text         `json:"document"`
	Reason   Note         `json:"reason"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (BudgetFrozen) Type() Type { return "outturn.budget.frozen.v1" }

// About says what the subject names.
func (BudgetFrozen) About() Subject { return OfLine }

// On is the business date.
func (e BudgetFrozen) On() fiscal.Date { return e.Date }
