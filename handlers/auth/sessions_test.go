package auth_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth"
)

func TestEachSignInHasASessionOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := w.sessions()
	first, second := w.signIn(sessions, deskToken), w.signIn(sessions, deskToken)
	if first.Value == second.Value || first.Value == deskToken {
		t.Errorf("the sessions are %q and %q", first.Value, second.Value)
	}
	if !signedIn(sessions, first) || !signedIn(sessions, second) {
		t.Error("a session does not open the pages")
	}
	for _, made := range []string{"made-up", deskToken, string(auth.Hash(deskToken)), ""} {
		if signedIn(sessions, &http.Cookie{Name: first.Name, Value: made}) {
			t.Errorf("a session that nobody opened opens the pages: %q", made)
		}
	}
	if got := w.heard.last(); got != "desk opened by token" {
		t.Errorf("the audit heard %q", got)
	}
}

func TestTheCookieIsOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func(*http.Request)
		secure bool
	}{
		"over HTTP":            {func(*http.Request) {}, false},
		"over HTTPS":           {func(r *http.Request) { r.TLS = &tls.ConnectionState{} }, true},
		"behind an HTTPS door": {func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }, true},
	} {
		cookie := w.signIn(w.sessions(), deskToken, c.change)
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Secure != c.secure || cookie.MaxAge != int(auth.SessionLength.Seconds()) {
			t.Errorf("%s the cookie is %+v", name, cookie)
		}
	}
}

// TestASignInTakesOverNoSession: what somebody planted in a browser before its
// user signed in is worth nothing afterwards.
func TestASignInTakesOverNoSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := w.sessions()
	planted := w.signIn(sessions, tillToken)
	own := w.signIn(sessions, deskToken, with(planted))
	if own.Value == planted.Value || signedIn(sessions, planted) || !signedIn(sessions, own) {
		t.Error("the session that the browser brought along goes on")
	}
	made := w.signIn(sessions, deskToken, with(&http.Cookie{Name: own.Name, Value: "chosen-by-somebody"}))
	if made.Value == "chosen-by-somebody" {
		t.Error("a browser chooses its session's id")
	}
}

func TestAWrongTokenDoesNotSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := w.sessions()
	w.say("till", events.TokenRevoked{Token: "t1"})
	for _, c := range []struct {
		token  string
		reason events.Reason
		heard  string
	}{
		{"", auth.ReasonTokenMissing, `"" refused by token: token_missing`},
		{deskToken + "x", access.ReasonTokenUnknown, `"" refused by token: token_unknown`},
		{tillToken, access.ReasonTokenRevoked, `"till" refused by token: token_revoked`},
	} {
		cookie, refusal := trySignIn(sessions, c.token)
		if cookie != nil || refusal == nil || refusal.Code != access.CodeUnauthenticated || refusal.Reason != c.reason || w.heard.last() != c.heard {
			t.Errorf("%q: %v, heard %s", c.token, refusal, w.heard.last())
		}
	}
	if cookie := w.signIn(sessions, " "+deskToken+"\n"); !signedIn(sessions, cookie) {
		t.Error("a token that was pasted with white space does not sign in")
	}
}

func TestASessionEndsByItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []time.Duration // between requests
		want  bool
	}{
		"used in time":         {[]time.Duration{auth.SessionIdle, auth.SessionIdle, auth.SessionIdle}, true},
		"not used in time":     {[]time.Duration{auth.SessionIdle, auth.SessionIdle + 1}, false},
		"to its very end":      {[]time.Duration{2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour}, true},
		"used, but at its end": {[]time.Duration{2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 1}, false},
	} {
		w := newWorld(t)
		sessions := w.sessions()
		cookie, in := w.signIn(sessions, deskToken), true
		for _, step := range c.steps {
			w.pass(step)
			in = signedIn(sessions, cookie)
		}
		if in != c.want {
			t.Errorf("%s: it is open: %v", name, in)
		}
	}
}

// TestASessionEndsWithItsUser: whoever is let in no more is out at once.
func TestASessionEndsWithItsUser(t *testing.T) {
	t.Parallel()
	vouched := func(w *world, sessions *auth.Sessions) *http.Cookie {
		answer := httptest.NewRecorder()
		if refusal := sessions.Admit(answer, httptest.NewRequest(http.MethodGet, "/signin/oidc/callback", nil), "desk"); refusal != nil {
			w.Fatal(refusal)
		}
		if got := w.heard.last(); got != "desk opened by oidc" {
			w.Errorf("the audit heard %q", got)
		}
		return answer.Result().Cookies()[0]
	}
	byToken := func(w *world, sessions *auth.Sessions) *http.Cookie { return w.signIn(sessions, deskToken) }
	operatorIn := func(w *world, sessions *auth.Sessions) *http.Cookie { return w.signIn(sessions, operatorToken) }
	retire := func(w *world) { w.say("desk", events.UserRetired{Reason: "r"}) }
	revokeToken := func(w *world) { w.say("desk", events.TokenRevoked{Token: "t1"}) }
	revokeRole := func(w *world) { w.say("desk", events.RoleRevoked{Role: events.Viewer}) }
	reissue := func(w *world) {
		w.say("desk", events.TokenIssued{Token: "t1", Hash: auth.Hash(deskToken), Expires: fiscal.Date{Year: 2023, Month: 10, Day: 30}})
	}
	for name, c := range map[string]struct {
		in     func(*world, *auth.Sessions) *http.Cookie
		change func(*world)
		open   bool
	}{
		"by token, retired":         {byToken, retire, false},
		"by token, revoked":         {byToken, revokeToken, false},
		"vouched for, retired":      {vouched, retire, false},
		"vouched for, without role": {vouched, revokeRole, false},
		"vouched for, its token":    {vouched, revokeToken, true},
		"the operator":              {operatorIn, retire, true},
		"by a token of another day": {byToken, reissue, true}, // the first of a code counts, which is the good one
	} {
		w := newWorld(t)
		sessions := w.sessions()
		cookie := c.in(w, sessions)
		if !signedIn(sessions, cookie) {
			t.Fatalf("%s: not signed in", name)
		}
		c.change(w)
		if got := signedIn(sessions, cookie); got != c.open {
			t.Errorf("%s: open is %v", name, got)
		}
	}
}

func TestOnlyUsersWithARoleAreAdmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := w.sessions()
	w.say("bare", events.UserRegistered{})
	for user, want := range map[events.UserID]struct {
		reason events.Reason
		heard  string
	}{
		"stranger": {access.ReasonUnknownUser, `"" refused by oidc: unknown_user`},
		"bare":     {access.ReasonNoRole, `"bare" refused by oidc: no_role`},
		"operator": {access.ReasonUnknownUser, `"" refused by oidc: unknown_user`}, // nobody becomes the operator by a name
	} {
		answer := httptest.NewRecorder()
		refusal := sessions.Admit(answer, httptest.NewRequest(http.MethodGet, "/signin/oidc/callback", nil), user)
		if refusal == nil || refusal.Reason != want.reason || w.heard.last() != want.heard || len(answer.Result().Cookies()) != 0 {
			t.Errorf("%s: %v, heard %s", user, refusal, w.heard.last())
		}
	}
}

func TestSigningOutEndsTheSessionAndNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := w.sessions()
	mine, other := w.signIn(sessions, deskToken), w.signIn(sessions, deskToken)
	r, answer := httptest.NewRequest(http.MethodPost, "/signout", nil), httptest.NewRecorder()
	r.AddCookie(mine)
	sessions.SignOut(answer, r)
	cleared := answer.Result().Cookies()[0]
	if cleared.Name != mine.Name || cleared.MaxAge >= 0 || cleared.Value != "" || cleared.Path != mine.Path {
		t.Errorf("the cookie that clears is %+v", cleared)
	}
	if signedIn(sessions, mine) || !signedIn(sessions, other) {
		t.Error("the wrong session was ended")
	}
}

func TestOneUserHasOnlySoManySessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := w.sessions()
	other := w.signIn(sessions, tillToken)
	first, second := w.signIn(sessions, deskToken), w.signIn(sessions, deskToken)
	w.pass(time.Second)
	for range auth.MaxSessionsEach - 2 {
		w.signIn(sessions, deskToken)
	}
	w.pass(time.Second)
	if !signedIn(sessions, first) { // it is used, and the second is not
		t.Fatal("a session ends before there are too many")
	}
	newest := w.signIn(sessions, deskToken)
	if signedIn(sessions, second) || !signedIn(sessions, first) || !signedIn(sessions, newest) || !signedIn(sessions, other) {
		t.Error("the one that was not used for the longest time is not the one that ends")
	}
}

func TestThereAreOnlySoManySessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := w.sessions()
	var oldest *http.Cookie
	for i := range auth.MaxSessions / auth.MaxSessionsEach {
		user, token := "u"+strconv.Itoa(i), "outturn_token-of-user-"+strconv.Itoa(i)
		w.say(user, events.UserRegistered{})
		w.say(user, events.TokenIssued{Token: "t1", Hash: auth.Hash(token), Expires: fiscal.Date{Year: 2023, Month: 11, Day: 30}})
		for range auth.MaxSessionsEach {
			if cookie := w.signIn(sessions, token); oldest == nil {
				oldest = cookie
				w.pass(time.Second)
			}
		}
	}
	if !signedIn(sessions, oldest) {
		t.Fatalf("there are fewer than %d sessions", auth.MaxSessions)
	}
	second := w.signIn(sessions, "outturn_token-of-user-0") // in place of another of the same user
	w.pass(time.Second)
	if !signedIn(sessions, oldest) || !signedIn(sessions, w.signIn(sessions, deskToken)) || !signedIn(sessions, second) {
		t.Error("one more does not end one that was not used for the longest time")
	}
}
