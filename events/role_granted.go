package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// RoleGranted (授予角色) says that a user has a role for a unit and all under it
// or, without a unit, everywhere.
type RoleGranted struct {
	Role   Role         `json:"role"`
	Unit   UnitID       `json:"unit,omitempty"`
	Until  *fiscal.Date `json:"until,omitempty"`
	Reason Note         `json:"reason,omitempty"`
	Memo   Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (RoleGranted) Type() Type { return "outturn.role.granted.v1" }

// About says what the subject names.
func (RoleGranted) About() Subject { return OfUser }
