package events

// TokenRevoked (吊销令牌) says that a token lets nobody in any more.
type TokenRevoked struct {
	Token  TokenID `json:"token"`
	Reason Note    `json:"reason,omitempty"`
	Memo   Note    `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (TokenRevoked) Type() Type { return "outturn.token.revoked.v1" }

// About says what the subject names.
func (TokenRevoked) About() Subject { return OfUser }
