package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/fiscal"
)

// Directory knows the users that are let in; *access.State is one. Of a known user
// who is refused, the principal is told beside the error.
type Directory interface {
	// Authenticate finds whose token has this SHA-256.
	Authenticate(hash events.Digest, today fiscal.Date) (access.Principal, error)
	// Admit finds a user whom somebody else vouches for.
	Admit(user events.UserID, today fiscal.Date) (access.Principal, error)
}

var _ Directory = (*access.State)(nil)

// Tokens knows whose token it is: the operator's or a user's.
type Tokens struct {
	// Keyring holds the operator's own tokens.
	Keyring *Keyring
	// Directory returns who the users are at this moment. Nil: there are none.
	Directory func() Directory
	// Now is the clock that tokens expire by. Defaults to time.Now.
	Now func() time.Time
}

// Find returns whose token it is, or why it lets nobody in. Beside a refusal
// stands the user that the token was once good for, if there is one.
func (t Tokens) Find(token string) (access.Principal, *events.Refusal) {
	if token == "" {
		return access.Principal{}, events.Refuse(access.CodeUnauthenticated, ReasonTokenMissing, "")
	}
	if actor, ok := t.Keyring.Find(token); ok {
		return access.Principal{Name: actor, Root: true}, nil
	}
	return t.authenticate(Hash(token))
}

func (t Tokens) authenticate(hash events.Digest) (access.Principal, *events.Refusal) {
	if t.Directory == nil {
		return access.Principal{}, events.Refuse(access.CodeUnauthenticated, access.ReasonTokenUnknown, "")
	}
	by, err := t.Directory().Authenticate(hash, fiscal.Today(t.now()))
	return by, unauthenticated(err)
}

func (t Tokens) admit(user events.UserID) (access.Principal, *events.Refusal) {
	if t.Directory == nil {
		return access.Principal{}, events.Refuse(access.CodeUnauthenticated, access.ReasonUnknownUser, "", "user", string(user))
	}
	by, err := t.Directory().Admit(user, fiscal.Today(t.now()))
	return by, unauthenticated(err)
}

func (t Tokens) now() time.Time {
	if t.Now == nil {
		return time.Now()
	}
	return t.Now()
}

// Hash is what is kept of a user's token. A token is random, so that one round of
// SHA-256 is enough.
func Hash(token string) events.Digest {
	hash := sha256.Sum256([]byte(token))
	return events.Digest(hex.EncodeToString(hash[:]))
}
