package auth

import (
	"net/http"
	"sync"
	"time"
)

// Limits of sessions.
const (
	SessionLength = 12 * time.Hour
	MaxSessions   = 10_000
)

// cookieName is the session's cookie. The name does not have the __Host- prefix
// because dev serves plain HTTP on loopback.
const cookieName = "outturn_session"

// Sessions are the signed-in browsers. It is safe for concurrent use.
type Sessions struct {
	keyring *Keyring
	now     func() time.Time

	mu   sync.Mutex
	open map[string]session
}

type session struct {
	actor string
	ends  time.Time
}

// NewSessions makes an empty set of sessions over a keyring.
func NewSessions(keyring *Keyring, now func() time.Time) *Sessions {
	return &Sessions{keyring: keyring, now: now, open: make(map[string]session)}
}

// SignIn opens a session for a token and returns its cookie. A session's id is
// always new: one that a browser brings along is never taken over.
func (s *Sessions) SignIn(token string) (*http.Cookie, bool) {
	actor, ok := s.keyring.Find(token)
	if !ok {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetEnded()
	if len(s.open) >= MaxSessions {
		return nil, false
	}
	id := NewToken()
	s.open[id] = session{actor, s.now().Add(SessionLength)}
	return &http.Cookie{
		Name: cookieName, Value: id, Path: "/", MaxAge: int(SessionLength.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}, true
}

// SignOut ends the request's session and returns the cookie that clears it.
func (s *Sessions) SignOut(r *http.Request) *http.Cookie {
	if cookie, err := r.Cookie(cookieName); err == nil {
		s.mu.Lock()
		delete(s.open, cookie.Value)
		s.mu.Unlock()
	}
	return &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

// find returns whose session the request belongs to.
func (s *Sessions) find(r *http.Request) (actor string, ok bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[cookie.Value]
	if !ok || s.now().After(found.ends) {
		return "", false
	}
	return found.actor, true
}

func (s *Sessions) forgetEnded() {
	for id, session := range s.open {
		if s.now().After(session.ends) {
			delete(s.open, id)
		}
	}
}
