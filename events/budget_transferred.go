package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// BudgetTransferred (预算调剂) says that money moved from the subject's line to
// another line of the same year. It is one event with two postings that
// cancel.
type BudgetTransferred struct {
	To       LineID       `json:"to"`
	Amount   money.Amount `json:"amount"`
	Date     fiscal.Date  `json:"date"`
	Document Text         `json:"document"`
	Reason   Note         `json:"reason"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (BudgetTransferred) Type() Type { return "outturn.budget.transferred.v1" }

// About says what the subject names.
func (BudgetTransferred) About() Subject { return OfLine }

// On is the business date.
func (e BudgetTransferred) On() fiscal.Date { return e.Date }
