package auth

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
)

// Limits of sessions. One more session of somebody ends the one that they have not
// used for the longest time, and so does one more session of all.
const (
	SessionLength   = 12 * time.Hour
	SessionIdle     = 2 * time.Hour // without a request
	MaxSessions     = 10_000
	MaxSessionsEach = 20
)

// cookieName is the session's cookie. The name does not have the __Host- prefix
// because dev serves plain HTTP on loopback.
const cookieName = "outturn_session"

// SessionsConfig is what sessions are made of.
type SessionsConfig struct {
	Tokens Tokens
	// Audit is told who signs in and who is refused. Nil: nobody is.
	Audit Audit
	// Attempts bounds sign-ins by address. Defaults to SignInRate.
	Attempts *Limits
	// Address tells where a request comes from. Defaults to AddressBehind no proxy.
	Address func(*http.Request) string
}

// Sessions are the signed-in browsers. It is safe for concurrent use.
type Sessions struct {
	config SessionsConfig

	mu   sync.Mutex
	open map[string]*session
	each map[access.Principal]int // how many are whose
}

// session is one signed-in browser.
type session struct {
	by   access.Principal
	hash events.Digest // of the user's token that let it in; empty otherwise
	ends time.Time
	used time.Time
}

// owner is whose session it is, by whichever token.
func (one *session) owner() access.Principal {
	return access.Principal{Name: one.by.Name, Root: one.by.Root}
}

// NewSessions makes an empty set of sessions.
func NewSessions(c SessionsConfig) *Sessions {
	if c.Audit == nil {
		c.Audit = unaudited{}
	}
	if c.Attempts == nil {
		c.Attempts = NewLimits(SignInRate, c.Tokens.now)
	}
	if c.Address == nil {
		c.Address = AddressBehind(nil)
	}
	return &Sessions{config: c, open: make(map[string]*session), each: make(map[access.Principal]int)}
}

// SignIn opens a session for a token and sets its cookie. Refusals: of code
// unauthenticated, with the reasons of Tokens.Find; of code rate_limited, with a
// Retry-After in the answer.
func (s *Sessions) SignIn(w http.ResponseWriter, r *http.Request, token string) *events.Refusal {
	refusal := s.Attempt(w, r)
	var by access.Principal
	if refusal == nil {
		token = strings.TrimSpace(token)
		by, refusal = s.config.Tokens.Find(token)
	}
	if refusal != nil {
		s.config.Audit.Refused(r.Context(), events.UserID(by.Name), events.SignInToken, refusal.Reason)
		return refusal
	}
	opened := session{by: by}
	if !by.Root {
		opened.hash = Hash(token)
	}
	s.begin(w, r, opened)
	s.config.Audit.Opened(r.Context(), by, events.SignInToken)
	return nil
}

// Admit opens a session for a user that an identity provider vouches for, and sets
// its cookie. Refusals: of code unauthenticated, when the user is not registered,
// is retired or has no role.
func (s *Sessions) Admit(w http.ResponseWriter, r *http.Request, user events.UserID) *events.Refusal {
	by, refusal := s.config.Tokens.admit(user)
	if refusal != nil {
		s.config.Audit.Refused(r.Context(), events.UserID(by.Name), events.SignInOIDC, refusal.Reason)
		return refusal
	}
	s.begin(w, r, session{by: by})
	s.config.Audit.Opened(r.Context(), by, events.SignInOIDC)
	return nil
}

// SignOut ends the request's session and clears its cookie.
func (s *Sessions) SignOut(w http.ResponseWriter, r *http.Request) {
	s.end(idOf(r))
	http.SetCookie(w, Cookie(r, cookieName, "/", "", -1))
}

// begin opens a session under a new id. One that the browser brings along is
// ended, never taken over.
func (s *Sessions) begin(w http.ResponseWriter, r *http.Request, opened session) {
	now := s.config.Tokens.now()
	opened.ends, opened.used = now.Add(SessionLength), now
	id := NewToken()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(idOf(r))
	s.makeRoom(opened.owner())
	s.open[id] = &opened
	s.each[opened.owner()]++
	http.SetCookie(w, Cookie(r, cookieName, "/", id, SessionLength))
}

// makeRoom ends a session where there is no room for one more. Those that are over
// have not been used for the longest time, so that they go first.
func (s *Sessions) makeRoom(owner access.Principal) {
	switch {
	case s.each[owner] >= MaxSessionsEach:
		s.drop(s.leastUsed(func(one *session) bool { return one.owner() == owner }))
	case len(s.open) >= MaxSessions:
		s.drop(s.leastUsed(func(*session) bool { return true }))
	}
}

// leastUsed finds the session that was not used for the longest time.
func (s *Sessions) leastUsed(among func(*session) bool) (id string) {
	for candidate, one := range s.open {
		if among(one) && (id == "" || one.used.Before(s.open[id].used)) {
			id = candidate
		}
	}
	return id
}

// drop forgets a session, if there is one of that id.
func (s *Sessions) drop(id string) {
	one, ok := s.open[id]
	if !ok {
		return
	}
	delete(s.open, id)
	if s.each[one.owner()]--; s.each[one.owner()] == 0 {
		delete(s.each, one.owner())
	}
}

func (one *session) over(now time.Time) bool {
	return now.After(one.ends) || now.After(one.used.Add(SessionIdle))
}

// find returns whose session the request belongs to. A user who is no longer let
// in has none.
func (s *Sessions) find(r *http.Request) (by access.Principal, ok bool) {
	id := idOf(r)
	found, ok := s.use(id)
	if !ok {
		return access.Principal{}, false
	}
	if s.recheck(found) != nil {
		s.end(id)
		return access.Principal{}, false
	}
	return found.by, true
}

// use finds a session that is not over, and marks it as used.
func (s *Sessions) use(id string) (session, bool) {
	now := s.config.Tokens.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[id]
	if !ok {
		return session{}, false
	}
	if found.over(now) {
		s.drop(id)
		return session{}, false
	}
	found.used = now
	return *found, true
}

// recheck asks again whether who signed in would be let in.
func (s *Sessions) recheck(one session) (refusal *events.Refusal) {
	switch {
	case one.by.Root:
	case one.hash != "":
		_, refusal = s.config.Tokens.authenticate(one.hash)
	default:
		_, refusal = s.config.Tokens.admit(events.UserID(one.by.Name))
	}
	return refusal
}

func (s *Sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(id)
}

// idOf is the id of a session that a browser brings; empty if it brings none.
func idOf(r *http.Request) string {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Cookie makes a cookie that scripts cannot read, that other sites' forms do not
// send, and that a browser which speaks HTTPS sends by HTTPS only. A negative age
// clears it.
func Cookie(r *http.Request, name, path, value string, age time.Duration) *http.Cookie {
	seconds := int(age.Seconds())
	if age < 0 {
		seconds = -1
	}
	return &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: overTLS(r),
	}
}

// overTLS says whether the browser speaks to us by HTTPS, or to the proxy before
// us. One who lies about it only makes a cookie that his own browser keeps back.
func overTLS(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}
