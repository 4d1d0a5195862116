package oidc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"
)

// cookieName is the cookie of a sign-in that has begun, and signInLength how long
// somebody may take at the provider.
const (
	cookieName   = "outturn_signin"
	signInLength = 10 * time.Minute
)

// begun is a sign-in that has begun.
type begun struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Next     string    `json:"next"`
	Ends     time.Time `json:"ends"`
}

// sealKey is the length of a key in bytes: AES-256.
const sealKey = 32

// seal encrypts what a cookie keeps, under a key that ends with the process.
type seal struct{ aead cipher.AEAD }

func newSeal() (*seal, error) {
	key := make([]byte, sealKey)
	rand.Read(key) // never fails; see crypto/rand
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &seal{aead}, nil
}

func (s *seal) close(b begun) string {
	plain, err := json.Marshal(b)
	if err != nil {
		panic(err) // strings and a time of this century
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, nil))
}

// open reads what close wrote; nothing else is ok.
func (s *seal) open(value string) (b begun, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return begun{}, false
	}
	plain, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return begun{}, false
	}
	return b, json.Unmarshal(plain, &b) == nil
}
