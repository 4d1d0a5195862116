package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// CommitmentChanged (合同占用变更) says that an open commitment has a new total
// amount, what was paid against it included.
type CommitmentChanged struct {
	Commitment CommitmentID `json:"commitment"`
	Amount     money.Amount `json:"amount"`
	Date       fiscal.Date  `json:"date"`
	Reason     Note         `json:"reason,omitempty"`
	Memo       Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (CommitmentChanged) Type() Type { return "outturn.commitment.changed.v1" }

// About says what the subject names.
func (CommitmentChanged) About() Subject { return OfLine }

// On is the business date.
func (e CommitmentChanged) On() fiscal.Date { return e.Date }
