package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// PlanSet (用款计划) says that the monthly use plan of a line or a project is
// this, in place of any earlier one.
type PlanSet struct {
	Kind     Subject          `json:"about"`
	Year     fiscal.Year      `json:"year"`
	Months   [12]money.Amount `json:"months" zero:"allowed"`
	Date     fiscal.Date      `json:"date"`
	Document Text             `json:"document,omitempty"`
	Reason   Note             `json:"reason,omitempty"`
	Memo     Note             `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (PlanSet) Type() Type { return "outturn.plan.set.v1" }

// About says what the subject names, as the event itself states.
func (e PlanSet) About() Subject { return e.Kind }

// On is the business date.
func (e PlanSet) On() fiscal.Date { return e.Date }

func (e PlanSet) check() error { return checkAbout(e.Kind, OfLine, OfProject) }
