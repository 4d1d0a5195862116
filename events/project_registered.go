package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// ProjectRegistered (项目登记) says that a project, or a unit's basic
// expenditure, exists in a year.
type ProjectRegistered struct {
	Unit             UnitID      `json:"unit"`
	Year             fiscal.Year `json:"year"`
	Name             Text        `json:"name"`
	Kind             ProjectKind `json:"kind"`
	ImplementingUnit Text        `json:"implementing_unit,omitempty"`
	Memo             Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (ProjectRegistered) Type() Type { return "outturn.project.registered.v1" }

// About says what the subject names.
func (ProjectRegistered) About() Subject { return OfProject }
