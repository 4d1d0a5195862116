package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// TokenIssued (签发令牌) says that a user has an API token, of which the log keeps
// the hash. It is good through the day that it expires.
type TokenIssued struct {
	Token   TokenID     `json:"token"`
	Hash    Digest      `json:"hash"`
	Expires fiscal.Date `json:"expires"`
	Label   Text        `json:"label,omitempty"`
	Memo    Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (TokenIssued) Type() Type { return "outturn.token.issued.v1" }

// About says what the subject names.
func (TokenIssued) About() Subject { return OfUser }
