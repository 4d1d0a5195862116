package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// PaceSet (序时进度规则) says by which curve and thresholds the lines that it
// covers are watched, in place of any earlier rule of the same code. It covers
// the lines of the unit and all under it that have the project, kind and fund
// that it names.
type PaceSet struct {
	Pace        PaceID      `json:"pace"`
	Project     ProjectID   `json:"project,omitempty"`
	ProjectKind ProjectKind `json:"kind,omitempty"`
	Fund        Fund        `json:"fund,omitempty"`
	Curve       Curve       `json:"curve"`
	Steps       Steps       `json:"steps,omitempty"`
	Watch       Points      `json:"watch"`
	Behind      Points      `json:"behind"`
	StalledDays Days        `json:"stalled_days,omitempty"`
	GoalGap     Points      `json:"goal_gap,omitempty"`
	AnswerDays  Days        `json:"answer_days,omitempty"`
	Date        fiscal.Date `json:"date"`
	Document    Text        `json:"document,omitempty"`
	Reason      Note        `json:"reason,omitempty"`
	Memo        Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (PaceSet) Type() Type { return "outturn.pace.set.v1" }

// About says what the subject names.
func (PaceSet) About() Subject { return OfUnit }

// On is the business date.
func (e PaceSet) On() fiscal.Date { return e.Date }

// check asks for steps where the curve is made of them and nowhere else, and
// for thresholds in their order.
func (e PaceSet) check() error {
	switch stepped := e.Curve == CurveSteps; {
	case stepped && len(e.Steps) == 0:
		return Refuse(CodeInvalidEvent, ReasonFieldRequired, "/data/steps", "field", "steps")
	case !stepped && len(e.Steps) > 0:
		return Refuse(CodeInvalidEvent, ReasonFieldInvalid, "/data/steps", "field", "steps", "want", wantNoSteps)
	case e.Behind.Rat().Cmp(e.Watch.Rat()) < 0:
		return Refuse(CodeInvalidEvent, ReasonFieldInvalid, "/data/behind", "field", "behind", "want", wantBehind)
	}
	return nil
}
