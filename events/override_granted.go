package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// OverrideGranted (超额特批) says that a line may be overspent by up to this amount
// until a day.
type OverrideGranted struct {
	Override OverrideID   `json:"override"`
	Amount   money.Amount `json:"amount"`
	Until    fiscal.Date  `json:"until"`
	Date     fiscal.Date  `json:"date"`
	Document Text         `json:"document,omitempty"`
	Reason   Note         `json:"reason"`
	Memo     Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (OverrideGranted) Type() Type { return "outturn.override.granted.v1" }

// About says what the subject names.
func (OverrideGranted) About() Subject { return OfLine }

// On is the business date.
func (e OverrideGranted) On() fiscal.Date { return e.Date }
