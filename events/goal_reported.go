package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// GoalReported (目标完成情况) says that this is how far a goal is reached.
type GoalReported struct {
	Kind   Subject     `json:"about"`
	Year   fiscal.Year `json:"year"`
	Date   fiscal.Date `json:"date"`
	Actual Note        `json:"actual"`
	Memo   Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (GoalReported) Type() Type { return "outturn.goal.reported.v1" }

// About says what the subject names, as the event itself states.
func (e GoalReported) About() Subject { return e.Kind }

// On is the business date.
func (e GoalReported) On() fiscal.Date { return e.Date }

func (e GoalReported) check() error { return checkAbout(e.Kind, OfUnit, OfProject) }
