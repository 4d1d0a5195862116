package events

// SessionRefused (登录被拒) says that somebody who could be recognised as a user
// was not let in.
type SessionRefused struct {
	Method SignInMethod `json:"method"`
	Cause  Text         `json:"cause"`
	Memo   Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (SessionRefused) Type() Type { return "outturn.session.refused.v1" }

// About says what the subject names.
func (SessionRefused) About() Subject { return OfUser }
