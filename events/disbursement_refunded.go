package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// DisbursementRefunded (退回) says that money of a payment came back to the
// line.
type DisbursementRefunded struct {
	Payment EventID      `json:"payment"`
	Amount  money.Amount `json:"amount"`
	Date    fiscal.Date  `json:"date"`
	Reason  Note         `json:"reason"`
	Memo    Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (DisbursementRefunded) Type() Type { return "outturn.disbursement.refunded.v1" }

// About says what the subject names.
func (DisbursementRefunded) About() Subject { return OfLine }

// On is the business date.
func (e DisbursementRefunded) On() fiscal.Date { return e.Date }
