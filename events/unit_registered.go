package events

// UnitRegistered (预算单位登记) says that a budget unit exists, at the top or
// under a parent. Units form a tree.
type UnitRegistered struct {
	Name   Text    `json:"name"`
	Parent *UnitID `json:"parent,omitempty"`
	Memo   Note    `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (UnitRegistered) Type() Type { return "outturn.unit.registered.v1" }

// About says what the subject names.
func (UnitRegistered) About() Subject { return OfUnit }
