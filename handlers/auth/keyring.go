package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
)

// TokenPrefix begins every token, so that a leaked one can be recognised.
const TokenPrefix = "outturn_"

// tokenBytes is the randomness of a token.
const tokenBytes = 32

// minToken is the shortest secret that is taken as a token.
const minToken = 16

// ErrWeakToken is returned for a token that could be guessed.
var ErrWeakToken = errors.New("a token has at least 16 characters and no spaces; `outturn token create` makes one")

// NewToken makes a random token.
func NewToken() string {
	secret := make([]byte, tokenBytes)
	rand.Read(secret) // never fails; see crypto/rand
	return TokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
}

// Keyring knows the tokens that are let in, by their hashes.
type Keyring struct{ keys []key }

type key struct {
	hash  [sha256.Size]byte
	actor string
}

// Add lets a token in under the name of an actor. Error: ErrWeakToken.
func (k *Keyring) Add(actor, token string) error {
	if len(token) < minToken || strings.ContainsAny(token, " \t\r\n") {
		return ErrWeakToken
	}
	k.keys = append(k.keys, key{sha256.Sum256([]byte(token)), actor})
	return nil
}

// Find returns whose token it is. It takes the same time for every token.
func (k *Keyring) Find(token string) (actor string, ok bool) {
	hash := sha256.Sum256([]byte(token))
	for _, candidate := range k.keys {
		if subtle.ConstantTimeCompare(hash[:], candidate.hash[:]) == 1 {
			actor, ok = candidate.actor, true
		}
	}
	return actor, ok
}
