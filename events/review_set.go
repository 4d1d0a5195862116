package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// ReviewSet (复核规则) says that events of these types over an amount wait for a
// second person, in a unit and all under it, in place of any earlier rule of
// the same code.
type ReviewSet struct {
	Review ReviewID     `json:"review"`
	Types  Types        `json:"types"`
	Over   money.Amount `json:"over" zero:"allowed"`
	Date   fiscal.Date  `json:"date"`
	Reason Note         `json:"reason,omitempty"`
	Memo   Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (ReviewSet) Type() Type { return "outturn.review.set.v1" }

// About says what the subject names.
func (ReviewSet) About() Subject { return OfUnit }

// On is the business date.
func (e ReviewSet) On() fiscal.Date { return e.Date }
