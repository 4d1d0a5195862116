package auth_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth"
)

const (
	operatorToken = "outturn_operators-own"
	deskToken     = "outturn_finance-desk"
	tillToken     = "outturn_cashiers-till"
)

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2023, 10, 31, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world has the operator's token and the users desk and till with a token each,
// both viewers; desk's token is t1 and good through 2023-11-30.
type world struct {
	*testing.T
	*clock
	keyring *auth.Keyring
	mu      sync.Mutex
	users   *access.State
	heard   audit
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, clock: newClock(), keyring: &auth.Keyring{}, users: &access.State{}}
	if err := w.keyring.Add("operator", operatorToken); err != nil {
		t.Fatal(err)
	}
	expires := fiscal.Date{Year: 2023, Month: 11, Day: 30}
	for user, token := range map[string]string{"desk": deskToken, "till": tillToken} {
		w.say(user, events.UserRegistered{})
		w.say(user, events.RoleGranted{Role: events.Viewer})
		w.say(user, events.TokenIssued{Token: "t1", Hash: auth.Hash(token), Expires: expires})
	}
	return w
}

// say records an event about a user.
func (w *world) say(user string, data events.Data) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := w.users.Clone()
	next.Evolve(events.Event{Subject: user, Type: data.Type(), Data: data})
	w.users = next
}

func (w *world) directory() auth.Directory {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.users
}

func (w *world) tokens() auth.Tokens {
	return auth.Tokens{Keyring: w.keyring, Directory: w.directory, Now: w.now}
}

// often is a rate that no test reaches.
var often = auth.Rate{Count: 1000, Per: time.Millisecond, Burst: 1_000_000}

func (w *world) sessions() *auth.Sessions {
	return auth.NewSessions(auth.SessionsConfig{Tokens: w.tokens(), Audit: &w.heard, Attempts: auth.NewLimits(often, w.now)})
}

// signIn opens a session and returns its cookie.
func (w *world) signIn(sessions *auth.Sessions, token string, change ...func(*http.Request)) *http.Cookie {
	w.Helper()
	cookie, refusal := trySignIn(sessions, token, change...)
	if refusal != nil {
		w.Fatalf("it does not sign in: %v", refusal)
	}
	return cookie
}

func trySignIn(sessions *auth.Sessions, token string, change ...func(*http.Request)) (*http.Cookie, *events.Refusal) {
	r, answer := httptest.NewRequest(http.MethodPost, "/signin", nil), httptest.NewRecorder()
	for _, change := range change {
		change(r)
	}
	if refusal := sessions.SignIn(answer, r, token); refusal != nil {
		return nil, refusal
	}
	return answer.Result().Cookies()[0], nil
}

// tellActor answers who is asking.
var tellActor = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	by := auth.Principal(r.Context())
	fmt.Fprintf(w, "%s root=%v token=%s", by.Name, by.Root, by.Token)
})

// What tellActor answers of the three tokens, and of nobody.
const (
	operator = "operator root=true token="
	desk     = "desk root=false token=t1"
	nobody   = " root=false token="
)

// refuse answers with the reason.
func refuse(w http.ResponseWriter, _ *http.Request, refusal *events.Refusal) {
	w.WriteHeader(map[events.Code]int{access.CodeUnauthenticated: 401, access.CodeForbidden: 403, auth.CodeRateLimited: 429}[refusal.Code])
	io.WriteString(w, string(refusal.Reason))
}

func ask(h http.Handler, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for _, change := range change {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func with(cookie *http.Cookie) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(cookie) }
}

// signedIn says whether a cookie opens the pages.
func signedIn(sessions *auth.Sessions, cookie *http.Cookie) bool {
	return ask(auth.Pages(sessions, tellActor), "/", with(cookie)).Code == http.StatusOK
}

// audit remembers what it was told.
type audit struct {
	mu   sync.Mutex
	said []string
}

func (a *audit) tell(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said = append(a.said, what)
}

func (a *audit) Opened(_ context.Context, by access.Principal, method events.SignInMethod) {
	a.tell(fmt.Sprintf("%s opened by %s", by.Name, method))
}

func (a *audit) Refused(_ context.Context, user events.UserID, method events.SignInMethod, cause events.Reason) {
	a.tell(fmt.Sprintf("%q refused by %s: %s", user, method, cause))
}

// last is what it was told last.
func (a *audit) last() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.said) == 0 {
		return ""
	}
	return a.said[len(a.said)-1]
}

// logger writes to a buffer that may be read when all has been written.
func logger() (*slog.Logger, *bytes.Buffer) {
	var written bytes.Buffer
	return slog.New(slog.NewTextHandler(&written, nil)), &written
}
