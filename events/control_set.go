package events

import (
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// ControlSet (额度控制) says that payments and other uses of the lines that it
// covers are controlled so, in place of any earlier control of the same code.
// It covers the lines of the unit and all under it that have the project, kind,
// fund and economic class (or begin with it) that it names.
type ControlSet struct {
	Control          ControlID     `json:"control"`
	Project          ProjectID     `json:"project,omitempty"`
	ProjectKind      ProjectKind   `json:"kind,omitempty"`
	Fund             Fund          `json:"fund,omitempty"`
	EconomicClass    EconomicClass `json:"economic_class,omitempty"`
	Availability     Availability  `json:"availability"`
	ToleranceAmount  money.Amount  `json:"tolerance_amount,omitempty" zero:"allowed"`
	TolerancePercent Points        `json:"tolerance_percent,omitempty"`
	Pool             Pool          `json:"pool,omitempty"`
	Plan             PlanLimit     `json:"plan,omitempty"`
	Date             fiscal.Date   `json:"date"`
	Document         Text          `json:"document,omitempty"`
	Reason           Note          `json:"reason,omitempty"`
	Memo             Note          `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (ControlSet) Type() Type { return "outturn.control.set.v1" }

// About says what the subject names.
func (ControlSet) About() Subject { return OfUnit }

// On is the business date.
func (e ControlSet) On() fiscal.Date { return e.Date }
