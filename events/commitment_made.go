package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// CommitmentMade (合同占用) says that a contract or order takes up money of a
// line before it is paid.
type CommitmentMade struct {
	Commitment   CommitmentID `json:"commitment"`
	Amount       money.Amount `json:"amount"`
	Date         fiscal.Date  `json:"date"`
	Counterparty Text         `json:"counterparty,omitempty"`
	Document     Text         `json:"document,omitempty"`
	Memo         Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (CommitmentMade) Type() Type { return "outturn.commitment.made.v1" }

// About says what the subject names.
func (CommitmentMade) About() Subject { return OfLine }

// On is the business date.
func (e CommitmentMade) On() fiscal.Date { return e.Date }
