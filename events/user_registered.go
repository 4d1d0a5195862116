package events

// UserRegistered (用户登记) says that somebody may be let in under this code. The
// code and the label name a post or a desk, never a person.
type UserRegistered struct {
	Label Text `json:"label,omitempty"`
	Memo  Note `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (UserRegistered) Type() Type { return "outturn.user.registered.v1" }

// About says what the subject names.
func (UserRegistered) About() Subject { return OfUser }
