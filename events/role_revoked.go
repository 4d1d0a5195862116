package events

// RoleRevoked (撤销角色) says that a user no longer has a role that was granted for
// exactly this unit.
type RoleRevoked struct {
	Role   Role   `json:"role"`
	Unit   UnitID `json:"unit,omitempty"`
	Reason Note   `json:"reason,omitempty"`
	Memo   Note   `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (RoleRevoked) Type() Type { return "outturn.role.revoked.v1" }

// About says what the subject names.
func (RoleRevoked) About() Subject { return OfUser }
