package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/auth"
)

func keyring(t *testing.T, keys map[string]string) *auth.Keyring {
	t.Helper()
	ring := &auth.Keyring{}
	for actor, token := range keys {
		if err := ring.Add(actor, token); err != nil {
			t.Fatal(err)
		}
	}
	return ring
}

func TestAKeyringFindsWhoseTokenItIs(t *testing.T) {
	t.Parallel()
	ring := keyring(t, map[string]string{"treasury": "outturn_treasury-token", "desk": deskToken})
	for _, want := range []struct {
		token, actor string
		ok           bool
	}{
		{"outturn_treasury-token", "treasury", true},
		{deskToken, "desk", true},
		{"outturn_treasury-toke", "", false},
		{"outturn_treasury-token ", "", false},
		{"OUTTURN_TREASURY-TOKEN", "", false},
		{"", "", false},
	} {
		if actor, ok := ring.Find(want.token); actor != want.actor || ok != want.ok {
			t.Errorf("%q is %q (%v); want %q (%v)", want.token, actor, ok, want.actor, want.ok)
		}
	}
	if actor, ok := new(auth.Keyring).Find(""); ok {
		t.Errorf("an empty keyring lets %q in", actor)
	}
}

func TestWeakTokensAreRefused(t *testing.T) {
	t.Parallel()
	ring := &auth.Keyring{}
	for _, weak := range []string{"", "secret", strings.Repeat("x", 15), "sixteen and more with spaces", "a-token-with-a-line\nbreak", "a-token-with-a-tab\t"} {
		if err := ring.Add("somebody", weak); !errors.Is(err, auth.ErrWeakToken) {
			t.Errorf("%q is taken: %v", weak, err)
		}
		if _, ok := ring.Find(weak); ok {
			t.Errorf("%q is refused and lets in all the same", weak)
		}
	}
	if err := ring.Add("somebody", strings.Repeat("x", 16)); err != nil {
		t.Errorf("16 characters are refused: %v", err)
	}
}

func TestNewTokensDifferAndAreTaken(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		token := auth.NewToken()
		if seen[token] || !strings.HasPrefix(token, auth.TokenPrefix) || len(token) < len(auth.TokenPrefix)+43 {
			t.Fatalf("the token %q is not new, or short", token)
		}
		seen[token] = true
		if err := new(auth.Keyring).Add("somebody", token); err != nil {
			t.Fatal(err)
		}
	}
}
