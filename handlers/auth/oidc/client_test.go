package oidc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/auth/oidc"
)

// outturn is a server with nothing but the sign-in, and a browser at it. The user
// desk has a role, bare has none.
type outturn struct {
	*provider
	client *oidc.Client
	server *httptest.Server
	http   *http.Client
	log    *bytes.Buffer

	mu    sync.Mutex
	heard []string
	late  time.Duration // how far its clock runs ahead
}

func newOutturn(t *testing.T, p *provider, change ...func(*oidc.Config)) *outturn {
	t.Helper()
	o := &outturn{provider: p, log: &bytes.Buffer{}}
	users := &access.State{}
	for user, data := range map[string][]events.Data{
		"desk": {events.UserRegistered{}, events.RoleGranted{Role: events.Poster}}, "bare": {events.UserRegistered{}},
		"gone": {events.UserRegistered{}, events.RoleGranted{Role: events.Poster}, events.UserRetired{Reason: "r"}},
	} {
		for _, one := range data {
			users.Evolve(events.Event{Subject: user, Type: one.Type(), Data: one})
		}
	}
	sessions := auth.NewSessions(auth.SessionsConfig{
		Tokens: auth.Tokens{Keyring: &auth.Keyring{}, Directory: func() auth.Directory { return users }}, Audit: o,
		Attempts: auth.NewLimits(auth.Rate{Count: 1, Per: time.Minute, Burst: 8}, time.Now),
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+oidc.StartPath, func(w http.ResponseWriter, r *http.Request) {
		if refusal := o.client.Start(w, r, r.FormValue("next")); refusal != nil {
			fmt.Fprint(w, refusal)
		}
	})
	mux.HandleFunc("GET "+oidc.CallbackPath, func(w http.ResponseWriter, r *http.Request) {
		next, refusal := o.client.Callback(w, r)
		if refusal != nil {
			fmt.Fprint(w, refusal)
			return
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s at %s", auth.Principal(r.Context()).Name, r.URL.Path)
	})
	o.server = httptest.NewServer(auth.Pages(sessions, mux))
	t.Cleanup(o.server.Close)
	p.redirect = o.server.URL + oidc.CallbackPath
	config := oidc.Config{
		Issuer: p.server.URL, ClientID: clientID, ClientSecret: clientSecret, RedirectURL: p.redirect, Audit: o,
		Now: o.now, Logger: slog.New(slog.NewTextHandler(o.log, nil)),
	}
	for _, change := range change {
		change(&config)
	}
	var err error
	if o.client, err = oidc.New(config, sessions); err != nil {
		t.Fatal(err)
	}
	o.http = newBrowser(t)
	return o
}

func newBrowser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func (o *outturn) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Now().Add(o.late)
}

func (o *outturn) Opened(_ context.Context, by access.Principal, method events.SignInMethod) {
	o.hear(fmt.Sprintf("%s opened by %s", by.Name, method))
}

func (o *outturn) Refused(_ context.Context, user events.UserID, method events.SignInMethod, cause events.Reason) {
	o.hear(fmt.Sprintf("%q refused by %s: %s", user, method, cause))
}

func (o *outturn) hear(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.heard = append(o.heard, what)
}

// get opens a page and follows where it leads.
func (o *outturn) get(client *http.Client, address string) string {
	o.Helper()
	answer, err := client.Get(address)
	if err != nil {
		o.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		o.Fatal(err)
	}
	return string(body)
}

func (o *outturn) signIn() string {
	o.Helper()
	return o.get(o.http, o.server.URL+oidc.StartPath+"?next=/lines/L1")
}

// begin goes to the provider and stops when it sends the browser back; what it
// returns is where to.
func (o *outturn) begin(client *http.Client) *url.URL {
	o.Helper()
	stopped := errors.New("stopped")
	stopping := *client
	var back *url.URL
	stopping.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), o.redirect) {
			back = r.URL
			return stopped
		}
		return nil
	}
	answer, err := stopping.Get(o.server.URL + oidc.StartPath + "?next=/lines/L1")
	if answer != nil {
		answer.Body.Close()
	}
	if !errors.Is(err, stopped) {
		o.Fatalf("the provider does not send the browser back: %v", err)
	}
	return back
}

func TestAUserOfTheProviderSignsIn(t *testing.T) {
	t.Parallel()
	o := newOutturn(t, newProvider(t))
	if got := o.signIn(); got != "desk at /lines/L1" {
		t.Fatalf("it ends with %s; the log says %s", got, o.log)
	}
	if got := o.get(o.http, o.server.URL+"/execution"); got != "desk at /execution" {
		t.Errorf("another page: %s", got)
	}
	if len(o.heard) != 1 || o.heard[0] != "desk opened by oidc" {
		t.Errorf("the audit heard %q", o.heard)
	}
	for _, asked := range o.codes {
		if asked != nil {
			t.Error("the code was not redeemed")
		}
	}
}

func TestAnotherClaimMayNameTheUser(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.change = func(claims map[string]any) { claims["preferred_username"], claims["post"] = "张三", "desk" }
	o := newOutturn(t, p, func(c *oidc.Config) { c.Claim = "post" })
	if got := o.signIn(); got != "desk at /lines/L1" {
		t.Errorf("it ends with %s", got)
	}
}

// TestWhoIsNotLetIn: each is one fault in an otherwise right sign-in.
func TestWhoIsNotLetIn(t *testing.T) {
	t.Parallel()
	stranger, err := strangerKey()
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, value any) func(*provider) {
		return func(p *provider) { p.change = func(claims map[string]any) { claims[name] = value } }
	}
	user := func(code string) func(*provider) { return func(p *provider) { p.user = code } }
	for name, c := range map[string]struct {
		fault  func(*provider)
		reason events.Reason
		user   string // whom the audit is told of
	}{
		"the nonce of another sign-in":   {claim("nonce", "another"), oidc.ReasonUntrusted, ""},
		"no nonce":                       {claim("nonce", ""), oidc.ReasonUntrusted, ""},
		"an expired ID token":            {claim("exp", time.Now().Add(-time.Minute).Unix()), oidc.ReasonUntrusted, ""},
		"an ID token for another client": {claim("aud", "another"), oidc.ReasonUntrusted, ""},
		"an ID token of another issuer":  {claim("iss", "https://id.example"), oidc.ReasonUntrusted, ""},
		"a stranger's signature": {func(p *provider) {
			p.sign = func(head, body string) string { return p.signed(stranger, head+"."+body) }
		}, oidc.ReasonUntrusted, ""},
		"no signature": {func(p *provider) {
			p.sign = func(_, body string) string { return encode([]byte(`{"alg":"none"}`)) + "." + body + "." }
		}, oidc.ReasonUntrusted, ""},
		"no ID token":              {func(p *provider) { p.sign = func(string, string) string { return "" } }, oidc.ReasonUntrusted, ""},
		"a claim that is no code":  {claim("preferred_username", "desk@example.gov.cn"), oidc.ReasonNotACode, ""},
		"a claim that is a number": {claim("preferred_username", 7), oidc.ReasonNotACode, ""},
		"an unknown user":          {user("stranger"), access.ReasonUnknownUser, ""},
		"the operator's name":      {user("admin"), access.ReasonUnknownUser, ""},
		"a retired user":           {user("gone"), access.ReasonUserRetired, "gone"},
		"a user without a role":    {user("bare"), access.ReasonNoRole, "bare"},
		"the provider says no":     {func(p *provider) { p.deny = "access_denied<b>" }, oidc.ReasonDenied, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			c.fault(p)
			o := newOutturn(t, p)
			got := o.signIn()
			if !strings.HasPrefix(got, "unauthenticated: "+string(c.reason)) || strings.Contains(got, "<") {
				t.Errorf("it ends with %s, want %s; the log says %s", got, c.reason, o.log)
			}
			if want := fmt.Sprintf("%q refused by oidc: %s", c.user, c.reason); len(o.heard) != 1 || o.heard[0] != want {
				t.Errorf("the audit heard %q, want %s", o.heard, want)
			}
			if got := o.get(o.http, o.server.URL+"/execution"); strings.HasPrefix(got, "desk") || !strings.Contains(got, "/signin") {
				t.Errorf("the pages are open: %s", got)
			}
		})
	}
}

// TestAnAnswerBelongsToItsQuestion: what comes back must be the answer to what this
// very browser asked, once, and not long ago.
func TestAnAnswerBelongsToItsQuestion(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(*outturn, *url.URL) {
		return func(_ *outturn, back *url.URL) {
			query := back.Query()
			query.Set(name, value)
			back.RawQuery = query.Encode()
		}
	}
	for name, c := range map[string]struct {
		change func(*outturn, *url.URL)
		reason events.Reason
	}{
		"another state":       {set("state", "another"), oidc.ReasonStale},
		"no state":            {set("state", ""), oidc.ReasonStale},
		"a code made up":      {set("code", "code-99"), oidc.ReasonUntrusted},
		"another browser":     {func(o *outturn, _ *url.URL) { o.http = newBrowser(o.T) }, oidc.ReasonStale},
		"after ten minutes":   {func(o *outturn, _ *url.URL) { o.late = 10*time.Minute + time.Second }, oidc.ReasonStale},
		"a cookie made up":    {func(o *outturn, _ *url.URL) { o.plant("bm90IHNlYWxlZA") }, oidc.ReasonStale},
		"a cookie not base64": {func(o *outturn, _ *url.URL) { o.plant("%%%") }, oidc.ReasonStale},
		// PKCE: the code of somebody else's sign-in, planted into one's own.
		"a code of another sign-in": {func(o *outturn, back *url.URL) {
			stolen := o.begin(newBrowser(o.T))
			set("code", stolen.Query().Get("code"))(o, back)
		}, oidc.ReasonUntrusted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutturn(t, newProvider(t))
			back := o.begin(o.http)
			c.change(o, back)
			if got := o.get(o.http, back.String()); !strings.HasPrefix(got, "unauthenticated: "+string(c.reason)) {
				t.Errorf("it ends with %s, want %s", got, c.reason)
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		o := newOutturn(t, newProvider(t))
		back := o.begin(o.http).String()
		if got := o.get(o.http, back); got != "desk at /lines/L1" {
			t.Fatalf("the first time: %s", got)
		}
		if got := o.get(o.http, back); !strings.HasPrefix(got, "unauthenticated: "+string(oidc.ReasonStale)) {
			t.Errorf("the second time: %s", got)
		}
	})
}

// plant puts another cookie in place of the one of the sign-in.
func (o *outturn) plant(value string) {
	address, err := url.Parse(o.redirect)
	if err != nil {
		o.Fatal(err)
	}
	cookies := o.http.Jar.Cookies(address)
	if len(cookies) != 1 {
		o.Fatalf("the browser has %v", cookies)
	}
	o.http.Jar.SetCookies(address, []*http.Cookie{{Name: cookies[0].Name, Value: value, Path: oidc.StartPath}})
}

// TestTheBrowserCarriesNothingToRead: neither the code verifier nor the nonce can
// be read from the cookie, and PKCE is asked for.
func TestTheBrowserCarriesNothingToRead(t *testing.T) {
	t.Parallel()
	o := newOutturn(t, newProvider(t))
	r, answer := httptest.NewRequest(http.MethodGet, oidc.StartPath, nil), httptest.NewRecorder()
	if refusal := o.client.Start(answer, r, "/lines/L1"); refusal != nil {
		t.Fatal(refusal)
	}
	cookie := answer.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != oidc.StartPath || cookie.MaxAge != 600 {
		t.Errorf("the cookie is %+v", cookie)
	}
	asked, err := url.Parse(answer.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	query := asked.Query()
	if query.Get("code_challenge_method") != "S256" || query.Get("code_challenge") == "" || len(query.Get("state")) < 43 || len(query.Get("nonce")) < 43 || query.Get("state") == query.Get("nonce") {
		t.Errorf("it asks for %s", asked)
	}
	for _, secret := range []string{query.Get("state"), query.Get("nonce"), "/lines/L1"} {
		if strings.Contains(cookie.Value, secret) || strings.Contains(cookie.Value, encode([]byte(secret))) {
			t.Errorf("the cookie tells %s", secret)
		}
	}
}

// TestAProviderMayComeUpLater: Outturn starts without it, and says what is missing.
func TestAProviderMayComeUpLater(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	down := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		p.mu.Lock()
		isDown := p.deny == "down"
		p.mu.Unlock()
		if isDown {
			return nil, errors.New("connection refused")
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
	p.deny = "down"
	o := newOutturn(t, p, func(c *oidc.Config) { c.HTTP = down })
	if got := o.signIn(); got != "unauthenticated: oidc_unavailable" {
		t.Errorf("while it is down: %s", got)
	}
	p.mu.Lock()
	p.deny = ""
	p.mu.Unlock()
	if got := o.signIn(); got != "desk at /lines/L1" {
		t.Errorf("when it is up: %s", got)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	o := newOutturn(t, newProvider(t))
	for range 8 {
		o.get(o.http, o.redirect+"?code=1&state=1")
	}
	for _, path := range []string{oidc.StartPath, oidc.CallbackPath + "?code=1&state=1"} {
		if got := o.get(o.http, o.server.URL+path); !strings.HasPrefix(got, "rate_limited: sign_in_limit") {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestSettingsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	right := oidc.Config{Issuer: "https://id.example", ClientID: "outturn", RedirectURL: "https://outturn.example" + oidc.CallbackPath}
	if _, err := oidc.New(right, nil); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*oidc.Config){
		"no issuer":                func(c *oidc.Config) { c.Issuer = "" },
		"an issuer in the clear":   func(c *oidc.Config) { c.Issuer = "http://id.example" },
		"an issuer without a host": func(c *oidc.Config) { c.Issuer = "https://" },
		"no client":                func(c *oidc.Config) { c.ClientID = "" },
		"a redirect in the clear":  func(c *oidc.Config) { c.RedirectURL = "http://outturn.example" + oidc.CallbackPath },
		"a redirect elsewhere":     func(c *oidc.Config) { c.RedirectURL = "https://outturn.example/callback" },
	} {
		config := right
		change(&config)
		if _, err := oidc.New(config, nil); err == nil || !strings.HasPrefix(err.Error(), "OIDC: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
