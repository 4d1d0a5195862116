package auth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/outturn/outturn/handlers/auth"
)

func now() time.Time { return time.Date(2023, 10, 31, 9, 0, 0, 0, time.UTC) }

// signedIn says whether a cookie opens the pages.
func signedIn(sessions *auth.Sessions, cookie *http.Cookie) bool {
	w := ask(auth.Pages(sessions, tellActor), "/", func(r *http.Request) { r.AddCookie(cookie) })
	return w.Code == http.StatusOK
}

func signIn(t *testing.T, sessions *auth.Sessions) *http.Cookie {
	t.Helper()
	cookie, ok := sessions.SignIn(deskToken)
	if !ok {
		t.Fatal("the token does not sign in")
	}
	return cookie
}

func TestEachSignInHasASessionOfItsOwn(t *testing.T) {
	t.Parallel()
	sessions := auth.NewSessions(keyring(t, map[string]string{"desk": deskToken}), now)
	first, second := signIn(t, sessions), signIn(t, sessions)
	if first.Value == second.Value || first.Value == deskToken {
		t.Errorf("the sessions are %q and %q", first.Value, second.Value)
	}
	if !first.HttpOnly || first.SameSite != http.SameSiteStrictMode || first.Path != "/" || first.MaxAge != int(auth.SessionLength.Seconds()) {
		t.Errorf("the cookie is %+v", first)
	}
	if !signedIn(sessions, first) || !signedIn(sessions, second) {
		t.Error("a session does not open the pages")
	}
	if signedIn(sessions, &http.Cookie{Name: first.Name, Value: "made-up"}) || signedIn(sessions, &http.Cookie{Name: first.Name, Value: deskToken}) {
		t.Error("a session that nobody opened opens the pages")
	}
}

func TestAWrongTokenDoesNotSignIn(t *testing.T) {
	t.Parallel()
	sessions := auth.NewSessions(keyring(t, map[string]string{"desk": deskToken}), now)
	for _, wrong := range []string{"", deskToken + "x", "outturn_"} {
		if cookie, ok := sessions.SignIn(wrong); ok || cookie != nil {
			t.Errorf("%q signs in", wrong)
		}
	}
}

func TestASessionEndsByItself(t *testing.T) {
	t.Parallel()
	at := now()
	sessions := auth.NewSessions(keyring(t, map[string]string{"desk": deskToken}), func() time.Time { return at })
	cookie := signIn(t, sessions)
	at = now().Add(auth.SessionLength)
	if !signedIn(sessions, cookie) {
		t.Error("the session ends before its time")
	}
	at = at.Add(time.Nanosecond)
	if signedIn(sessions, cookie) {
		t.Error("the session outlives its time")
	}
}

func TestSigningOutEndsTheSessionAndNoOther(t *testing.T) {
	t.Parallel()
	sessions := auth.NewSessions(keyring(t, map[string]string{"desk": deskToken}), now)
	mine, other := signIn(t, sessions), signIn(t, sessions)
	r, err := http.NewRequest(http.MethodPost, "/signout", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(mine)
	cleared := sessions.SignOut(r)
	if cleared.Name != mine.Name || cleared.MaxAge >= 0 || cleared.Value != "" || cleared.Path != mine.Path {
		t.Errorf("the cookie that clears is %+v", cleared)
	}
	if signedIn(sessions, mine) || !signedIn(sessions, other) {
		t.Error("the wrong session was ended")
	}
}

func TestThereAreOnlySoManySessions(t *testing.T) {
	t.Parallel()
	at := now()
	sessions := auth.NewSessions(keyring(t, map[string]string{"desk": deskToken}), func() time.Time { return at })
	for range auth.MaxSessions {
		signIn(t, sessions)
	}
	if _, ok := sessions.SignIn(deskToken); ok {
		t.Errorf("there are more than %d sessions", auth.MaxSessions)
	}
	at = at.Add(auth.SessionLength + time.Nanosecond)
	if !signedIn(sessions, signIn(t, sessions)) {
		t.Error("sessions that ended keep their place")
	}
}
