package events

// UserRetired (用户停用) says that a user is let in no more: its roles and tokens
// are void.
type UserRetired struct {
	Reason Note `json:"reason"`
	Memo   Note `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (UserRetired) Type() Type { return "outturn.user.retired.v1" }

// About says what the subject names.
func (UserRetired) About() Subject { return OfUser }
