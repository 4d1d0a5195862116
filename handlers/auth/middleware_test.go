package auth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/auth"
)

func TestBearerLetsInWhoBringsAToken(t *testing.T) {
	t.Parallel()
	guarded := auth.Bearer(newWorld(t).tokens(), refuse, tellActor)
	for header, want := range map[string]string{
		"Bearer " + operatorToken:                operator,
		"Bearer " + deskToken:                    desk,
		"bearer " + deskToken:                    desk,
		"Bearer  " + deskToken:                   desk,
		"":                                       "token_missing",
		"Bearer":                                 "token_missing",
		"Bearer ":                                "token_missing",
		deskToken:                                "token_missing",
		"Basic " + deskToken:                     "token_missing",
		"Bearer " + deskToken + "x":              "token_unknown",
		"Bearer " + deskToken + ", Bearer":       "token_unknown",
		"Bearer " + string(auth.Hash(deskToken)): "token_unknown",
	} {
		w := ask(guarded, "/v1/events", func(r *http.Request) { r.Header.Set("Authorization", header) })
		if w.Body.String() != want {
			t.Errorf("%q gets %d %s; want %s", header, w.Code, w.Body, want)
		}
		challenge := map[string]string{"token_missing": `Bearer realm="outturn"`, "token_unknown": `Bearer realm="outturn", error="invalid_token"`}[want]
		if got := w.Header().Get("WWW-Authenticate"); got != challenge {
			t.Errorf("%q is challenged by %s; want %s", header, got, challenge)
		}
	}
}

func TestBearerSaysWhyATokenIsNoGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guarded := auth.Bearer(w.tokens(), refuse, tellActor)
	get := func(token string) string {
		return ask(guarded, "/v1/events", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }).Body.String()
	}
	w.say("till", events.UserRetired{Reason: "r"})
	if got := get(tillToken); got != "user_retired" {
		t.Errorf("a retired user gets %s", got)
	}
	if got := get(deskToken); got != desk {
		t.Errorf("another one gets %s", got)
	}
	w.pass(31 * 24 * 60 * 60 * 1e9)
	if got := get(deskToken); got != "token_expired" {
		t.Errorf("after its last day a token gets %s", got)
	}
	w.say("desk", events.TokenRevoked{Token: "t1"})
	if got := get(deskToken); got != "token_revoked" {
		t.Errorf("a revoked token gets %s", got)
	}
}

func TestWithoutUsersOnlyTheOperatorIsLetIn(t *testing.T) {
	t.Parallel()
	tokens := auth.Tokens{Keyring: newWorld(t).keyring}
	if by, refusal := tokens.Find(operatorToken); refusal != nil || by != (access.Principal{Name: "operator", Root: true}) {
		t.Errorf("the operator: %+v, %v", by, refusal)
	}
	if _, refusal := tokens.Find(deskToken); refusal == nil || refusal.Reason != access.ReasonTokenUnknown {
		t.Errorf("a user: %v", refusal)
	}
}

func TestARequestThatNobodySignedHasNoActor(t *testing.T) {
	t.Parallel()
	if w := ask(tellActor, "/"); w.Body.String() != nobody {
		t.Errorf("it comes from %q", w.Body)
	}
}

func TestPagesSendToTheSignInPageAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := w.sessions()
	pages := auth.Pages(sessions, tellActor)
	for path, location := range map[string]string{
		"/":                              "/signin?next=%2F",
		"/execution?year=2023&unit=U1":   "/signin?next=%2Fexecution%3Fyear%3D2023%26unit%3DU1",
		"/signinx":                       "/signin?next=%2Fsigninx",
		"/staticx":                       "/signin?next=%2Fstaticx",
		"/?next=%2F%2Felsewhere.example": "/signin?next=%2F%3Fnext%3D%252F%252Felsewhere.example",
	} {
		answer := ask(pages, path)
		if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != location {
			t.Errorf("%s: %d to %s; want %s", path, answer.Code, answer.Header().Get("Location"), location)
		}
	}
	for _, open := range []string{"/signin", "/signin?next=%2F", "/signin/oidc", "/signin/oidc/callback?code=1", "/static/style.css"} {
		if answer := ask(pages, open); answer.Code != http.StatusOK || answer.Body.String() != nobody {
			t.Errorf("%s: %d %s", open, answer.Code, answer.Body)
		}
	}
	for token, want := range map[string]string{deskToken: desk, operatorToken: operator} {
		if answer := ask(pages, "/execution", with(w.signIn(sessions, token))); answer.Body.String() != want {
			t.Errorf("signed in: %d %s; want %s", answer.Code, answer.Body, want)
		}
	}
}

// TestAnotherSiteCannotPostInASession: a browser that is signed in and visits
// another site does not post in its session's name.
func TestAnotherSiteCannotPostInASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := w.sessions()
	pages := auth.Pages(sessions, http.NewCrossOriginProtection().Handler(tellActor))
	cookie := w.signIn(sessions, deskToken)
	for name, c := range map[string]struct {
		method, fetchSite, origin string
		status                    int
	}{
		"another site's form":            {http.MethodPost, "cross-site", "https://elsewhere.example", 403},
		"a neighbour's form":             {http.MethodPost, "same-site", "https://other.outturn.example", 403},
		"an old browser, another origin": {http.MethodPost, "", "https://elsewhere.example", 403},
		"an old browser, no origin":      {http.MethodPost, "", "null", 403},
		"our own form":                   {http.MethodPost, "same-origin", "http://outturn.example", 200},
		"another site's link":            {http.MethodGet, "cross-site", "", 200},
	} {
		r := httptest.NewRequest(c.method, "http://outturn.example/pay", nil)
		r.AddCookie(cookie)
		if c.fetchSite != "" {
			r.Header.Set("Sec-Fetch-Site", c.fetchSite)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		answer := httptest.NewRecorder()
		pages.ServeHTTP(answer, r)
		if answer.Code != c.status {
			t.Errorf("%s: %d, want %d", name, answer.Code, c.status)
		}
	}
}

func TestOpenPagesAreForThisMachine(t *testing.T) {
	t.Parallel()
	admin := access.Principal{Name: "admin", Root: true}
	for listen, hosts := range map[string]map[string]bool{
		"127.0.0.1:8080": {
			"127.0.0.1:8080": true, "localhost:8080": true, "LOCALHOST": true, "[::1]:8080": true, "127.0.0.2:8080": true,
			"elsewhere.example": false, "elsewhere.example:8080": false, "localhost.elsewhere.example": false, "10.0.0.7:8080": false, "": false,
		},
		"finance-box:8080": {"finance-box:8080": true, "Finance-Box": true, "localhost:8080": true, "elsewhere.example:8080": false, "10.0.0.7:8080": false},
		"10.0.0.7:8080":    {"10.0.0.7:8080": true, "localhost:8080": true, "10.0.0.8:8080": false, "elsewhere.example": false},
		"0.0.0.0:8080":     {"10.0.0.7:8080": true, "localhost:8080": true, "[fe80::1]:8080": true, "elsewhere.example": false, "": false},
		"[::]:8080":        {"10.0.0.7:8080": true, "elsewhere.example": false},
		":8080":            {"10.0.0.7:8080": true, "elsewhere.example": false, "": false},
	} {
		pages := auth.Open(admin, listen, refuse, tellActor)
		for host, in := range hosts {
			answer := ask(pages, "/", func(r *http.Request) { r.Host = host })
			want := map[bool]string{true: "admin root=true token=", false: "foreign_host"}[in]
			if answer.Body.String() != want || in != (answer.Code == http.StatusOK) {
				t.Errorf("listening at %s, host %q: %d %s", listen, host, answer.Code, answer.Body)
			}
		}
	}
}

func TestTokensStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, written := logger()
	journal := auth.NewJournal(auth.JournalConfig{Recorder: &recorder{}, Now: w.now, Logger: out})
	sessions := auth.NewSessions(auth.SessionsConfig{Tokens: w.tokens(), Audit: journal})
	cookie := w.signIn(sessions, deskToken)
	if _, refusal := trySignIn(sessions, deskToken+"x"); refusal == nil {
		t.Fatal("a wrong token signs in")
	}
	text := written.String()
	for _, secret := range []string{deskToken, string(auth.Hash(deskToken)), cookie.Value} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has the secret %s: %s", secret, text)
		}
	}
	if strings.Count(text, "\n") != 2 {
		t.Errorf("the log has not one line for each: %s", text)
	}
}
