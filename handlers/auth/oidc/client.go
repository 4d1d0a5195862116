package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"

	coreos "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/auth"
)

// Where a sign-in begins and where the provider sends the browser back to.
const (
	StartPath    = auth.SignInPath + "/oidc"
	CallbackPath = StartPath + "/callback"
)

// DefaultClaim is the claim of an ID token that names the user.
const DefaultClaim = "preferred_username"

// providerTimeout bounds what one request asks of the provider.
const providerTimeout = 10 * time.Second

// Config is what a client is made of.
type Config struct {
	// Issuer is the provider's address, as its ID tokens name it. HTTPS, but for a
	// provider on this machine.
	Issuer string
	// ClientID and ClientSecret are those that the provider gave to Outturn. A public
	// client has no secret.
	ClientID, ClientSecret string
	// RedirectURL is the address of CallbackPath as browsers see it; the provider has
	// to know it.
	RedirectURL string
	// Claim names the user's code. Defaults to DefaultClaim.
	Claim string
	// Scopes are asked for beside openid. Defaults to profile.
	Scopes []string
	// Audit is told of failures that have no user. Nil: nobody is.
	Audit auth.Audit
	// HTTP speaks to the provider. Defaults to a client that gives up after ten seconds.
	HTTP *http.Client
	// Now is the clock that ID tokens expire by. Defaults to time.Now.
	Now func() time.Time
	// Logger takes what the provider did wrong. Defaults to slog.Default.
	Logger *slog.Logger
}

// Client signs people in. It is safe for concurrent use.
type Client struct {
	config   Config
	sessions *auth.Sessions
	seal     *seal
	provider atomic.Pointer[coreos.Provider] // nil until it was reached for the first time
}

// New makes a client. The provider need not be up yet. Error: a setting that
// cannot be right.
func New(c Config, sessions *auth.Sessions) (*Client, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Claim == "" {
		c.Claim = DefaultClaim
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"profile"}
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: providerTimeout}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	sealer, err := newSeal()
	if err != nil {
		return nil, err
	}
	return &Client{config: c, sessions: sessions, seal: sealer}, nil
}

func (c Config) check() error {
	if c.ClientID == "" {
		return errors.New("OIDC: the client id is missing; the provider gives one when Outturn is registered there")
	}
	for _, address := range []struct{ name, value string }{{"issuer", c.Issuer}, {"redirect URL", c.RedirectURL}} {
		if !isSafe(address.value) {
			return fmt.Errorf("OIDC: the %s is %q; it must be an https:// address (http:// only on this machine)", address.name, address.value)
		}
	}
	if redirect, err := url.Parse(c.RedirectURL); err != nil || redirect.Path != CallbackPath {
		return fmt.Errorf("OIDC: the redirect URL is %q; it must end with %s, where the browser comes back", c.RedirectURL, CallbackPath)
	}
	return nil
}

func isSafe(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return false
	}
	host := parsed.Hostname()
	here := host == "localhost" || net.ParseIP(host).IsLoopback()
	return parsed.Scheme == "https" || parsed.Scheme == "http" && here
}

// Start sends the browser to the provider. Next is the page that was asked for, a
// path on this server: the caller's to check. Refusals: oidc_unavailable, and of
// code rate_limited.
func (c *Client) Start(w http.ResponseWriter, r *http.Request, next string) *events.Refusal {
	if refusal := c.sessions.Attempt(w, r); refusal != nil {
		return c.refuse(r, refusal)
	}
	ctx, cancel := c.asking(r)
	defer cancel()
	provider, err := c.discover(ctx)
	if err != nil {
		return c.fail(r, ReasonUnavailable, err)
	}
	begun := begun{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(),
		Next: next, Ends: c.config.Now().Add(signInLength)}
	http.SetCookie(w, auth.Cookie(r, cookieName, StartPath, c.seal.close(begun), signInLength))
	http.Redirect(w, r, c.oauth(provider).AuthCodeURL(begun.State, coreos.Nonce(begun.Nonce), oauth2.S256ChallengeOption(begun.Verifier)), http.StatusSeeOther)
	return nil
}

// Callback takes the provider's answer and opens a session. Next is the page that
// Start was told. Refusals: of code unauthenticated, with the reasons of this
// package and of auth.Sessions.Admit; of code rate_limited.
func (c *Client) Callback(w http.ResponseWriter, r *http.Request) (next string, refusal *events.Refusal) {
	if refusal := c.sessions.Attempt(w, r); refusal != nil {
		return "", c.refuse(r, refusal)
	}
	begun, ok := c.begun(r)
	http.SetCookie(w, auth.Cookie(r, cookieName, StartPath, "", -1)) // one answer to one question
	if !ok {
		return "", c.refuse(r, events.Refuse(access.CodeUnauthenticated, ReasonStale, ""))
	}
	if problem := r.FormValue("error"); problem != "" {
		return "", c.refuse(r, events.Refuse(access.CodeUnauthenticated, ReasonDenied, "", "problem", visible(problem)))
	}
	token, refusal := c.redeem(r, begun)
	if refusal != nil {
		return "", refusal
	}
	user, refusal := c.user(r, token)
	if refusal != nil {
		return "", refusal
	}
	return begun.Next, c.sessions.Admit(w, r, user)
}

// begun finds the sign-in that the answer belongs to: the browser has its cookie,
// and the provider gave back its state.
func (c *Client) begun(r *http.Request) (begun, bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return begun{}, false
	}
	opened, ok := c.seal.open(cookie.Value)
	same := subtle.ConstantTimeCompare([]byte(r.FormValue("state")), []byte(opened.State)) == 1
	return opened, ok && same && !c.config.Now().After(opened.Ends)
}

// redeem changes the code for an ID token, and checks that the token is of the
// provider, for this client, good at this time, and the answer to this sign-in.
func (c *Client) redeem(r *http.Request, begun begun) (*coreos.IDToken, *events.Refusal) {
	ctx, cancel := c.asking(r)
	defer cancel()
	provider, err := c.discover(ctx)
	if err != nil {
		return nil, c.fail(r, ReasonUnavailable, err)
	}
	answer, err := c.oauth(provider).Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(begun.Verifier))
	if refused := new(oauth2.RetrieveError); errors.As(err, &refused) {
		return nil, c.fail(r, ReasonUntrusted, err)
	} else if err != nil {
		return nil, c.fail(r, ReasonUnavailable, err)
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := provider.Verifier(&coreos.Config{ClientID: c.config.ClientID, Now: c.config.Now}).Verify(ctx, raw)
	if err == nil && subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(begun.Nonce)) != 1 {
		err = errors.New("the nonce of the ID token is that of another sign-in")
	}
	if err != nil {
		return nil, c.fail(r, ReasonUntrusted, err)
	}
	return token, nil
}

// codePattern is what a user's code looks like.
var codePattern = regexp.MustCompile(fmt.Sprintf(`^[A-Za-z0-9_-]{1,%d}$`, events.MaxCode))

// user reads whom the ID token names.
func (c *Client) user(r *http.Request, token *coreos.IDToken) (events.UserID, *events.Refusal) {
	claims := make(map[string]any)
	if err := token.Claims(&claims); err != nil {
		return "", c.fail(r, ReasonUntrusted, err)
	}
	code, _ := claims[c.config.Claim].(string)
	if !codePattern.MatchString(code) {
		return "", c.refuse(r, events.Refuse(access.CodeUnauthenticated, ReasonNotACode, "", "claim", c.config.Claim))
	}
	return events.UserID(code), nil
}

// discover asks the provider where its parts are, until it was told once.
func (c *Client) discover(ctx context.Context) (*coreos.Provider, error) {
	if provider := c.provider.Load(); provider != nil {
		return provider, nil
	}
	provider, err := coreos.NewProvider(ctx, c.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover %s: %w", c.config.Issuer, err)
	}
	c.provider.Store(provider)
	return provider, nil
}

// asking is the context of what a request asks of the provider.
func (c *Client) asking(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(coreos.ClientContext(r.Context(), c.config.HTTP), providerTimeout)
}

func (c *Client) oauth(provider *coreos.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: c.config.ClientID, ClientSecret: c.config.ClientSecret, RedirectURL: c.config.RedirectURL,
		Endpoint: provider.Endpoint(), Scopes: append([]string{coreos.ScopeOpenID}, c.config.Scopes...),
	}
}

// fail refuses for what the provider did, and keeps the details for the log.
func (c *Client) fail(r *http.Request, reason events.Reason, err error) *events.Refusal {
	c.config.Logger.WarnContext(r.Context(), "identity provider", "reason", reason, "error", err)
	return c.refuse(r, events.Refuse(access.CodeUnauthenticated, reason, ""))
}

// refuse tells the audit of a refusal that has no user.
func (c *Client) refuse(r *http.Request, refusal *events.Refusal) *events.Refusal {
	if c.config.Audit != nil {
		c.config.Audit.Refused(r.Context(), "", events.SignInOIDC, refusal.Reason)
	}
	return refusal
}

// maxProblem bounds what is shown of a provider's error.
const maxProblem = 60

// visible keeps of an error's code what may stand on a page (RFC 6749, section
// 4.1.2.1): whoever sends the browser here chooses it.
func visible(problem string) string {
	kept := make([]rune, 0, maxProblem)
	for _, r := range problem {
		if len(kept) < maxProblem && (r == '_' || r >= 'a' && r <= 'z') {
			kept = append(kept, r)
		}
	}
	return string(kept)
}
