package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// DisbursementPaid (支付) says that money was paid from a line. A payment
// against a commitment uses it up and is never counted twice.
type DisbursementPaid struct {
	Amount        money.Amount  `json:"amount"`
	Date          fiscal.Date   `json:"date"`
	Document      Text          `json:"document"`
	Payee         Text          `json:"payee,omitempty"`
	Purpose       Note          `json:"purpose,omitempty"`
	EconomicClass EconomicClass `json:"economic_class,omitempty"`
	Commitment    CommitmentID  `json:"commitment,omitempty"`
	Memo          Note          `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (DisbursementPaid) Type() Type { return "outturn.disbursement.paid.v1" }

// About says what the subject names.
func (DisbursementPaid) About() Subject { return OfLine }

// On is the business date.
func (e DisbursementPaid) On() fiscal.Date { return e.Date }
