package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// GoalSet (绩效目标) says that a unit or a project has this performance goal for
// a year.
type GoalSet struct {
	Kind Subject     `json:"about"`
	Year fiscal.Year `json:"year"`
	Date fiscal.Date `json:"date"`
	Goal Note        `json:"goal"`
	Memo Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (GoalSet) Type() Type { return "outturn.goal.set.v1" }

// About says what the subject names, as the event itself states.
func (e GoalSet) About() Subject { return e.Kind }

// On is the business date.
func (e GoalSet) On() fiscal.Date { return e.Date }

func (e GoalSet) check() error { return checkAbout(e.Kind, OfUnit, OfProject) }
