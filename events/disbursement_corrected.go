package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// DisbursementCorrected (更正) says that what is left of a payment counts for
// another line, another economic class, or both.
type DisbursementCorrected struct {
	Payment         EventID       `json:"payment"`
	ToLine          LineID        `json:"to_line,omitempty"`
	ToEconomicClass EconomicClass `json:"to_economic_class,omitempty"`
	Date            fiscal.Date   `json:"date"`
	Reason          Note          `json:"reason"`
	Memo            Note          `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (DisbursementCorrected) Type() Type { return "outturn.disbursement.corrected.v1" }

// About says what the subject names.
func (DisbursementCorrected) About() Subject { return OfLine }

// On is the business date.
func (e DisbursementCorrected) On() fiscal.Date { return e.Date }

func (e DisbursementCorrected) check() error {
	if e.ToLine == "" && e.ToEconomicClass == "" {
		return Refuse(CodeInvalidEvent, ReasonNothingToCorrect, "/data")
	}
	return nil
}
