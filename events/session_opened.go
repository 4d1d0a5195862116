package events

// SessionOpened (登录) says that a user signed in at a browser.
type SessionOpened struct {
	Method SignInMethod `json:"method"`
	Token  TokenID      `json:"token,omitempty"`
	Memo   Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (SessionOpened) Type() Type { return "outturn.session.opened.v1" }

// About says what the subject names.
func (SessionOpened) About() Subject { return OfUser }
