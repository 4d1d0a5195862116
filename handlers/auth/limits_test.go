package auth_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/auth"
)

func TestSignInsFromOneAddressAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sessions := auth.NewSessions(auth.SessionsConfig{Tokens: w.tokens(), Audit: &w.heard})
	from := func(address string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = address } }
	for i := range auth.SignInRate.Burst {
		if _, refusal := trySignIn(sessions, "wrong", from("192.0.2.7:"+strconv.Itoa(4000+i))); refusal == nil || refusal.Code != access.CodeUnauthenticated {
			t.Fatalf("attempt %d: %v", i, refusal)
		}
	}
	r, answer := httptest.NewRequest(http.MethodPost, "/signin", nil), httptest.NewRecorder()
	r.RemoteAddr = "192.0.2.7:5000"
	refusal := sessions.SignIn(answer, r, deskToken) // also with a good token: guessing must not tell
	if refusal == nil || refusal.Code != auth.CodeRateLimited || answer.Header().Get("Retry-After") != "6" || refusal.Params["seconds"] != "6" {
		t.Fatalf("one more: %v, to be tried again after %q", refusal, answer.Header().Get("Retry-After"))
	}
	if got := w.heard.last(); got != `"" refused by token: sign_in_limit` {
		t.Errorf("the audit heard %q", got)
	}
	w.signIn(sessions, deskToken, from("192.0.2.8:4000"))
	w.pass(6 * time.Second)
	w.signIn(sessions, deskToken, from("192.0.2.7:4000"))
	if _, refusal := trySignIn(sessions, deskToken, from("192.0.2.7:4000")); refusal == nil {
		t.Error("after a wait for one there are two")
	}
}

func TestRequestsOfOneUserAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limited := auth.Bearer(w.tokens(), refuse, auth.Limit(auth.NewLimits(auth.Rate{Count: 2, Per: time.Second, Burst: 3}, w.now), refuse, tellActor))
	get := func(token string) *httptest.ResponseRecorder {
		return ask(limited, "/v1/execution", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
	}
	for range 3 {
		if answer := get(deskToken); answer.Code != http.StatusOK {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
	}
	if answer := get(deskToken); answer.Code != http.StatusTooManyRequests || answer.Body.String() != "request_limit" || answer.Header().Get("Retry-After") != "1" {
		t.Errorf("one more: %d %s, %q", answer.Code, answer.Body, answer.Header().Get("Retry-After"))
	}
	if answer := get(tillToken); answer.Code != http.StatusOK {
		t.Errorf("another user: %d", answer.Code)
	}
	for range 20 {
		if answer := get(operatorToken); answer.Code != http.StatusOK {
			t.Fatalf("the operator: %d", answer.Code)
		}
	}
	w.pass(500 * time.Millisecond)
	if first, second := get(deskToken), get(deskToken); first.Code != http.StatusOK || second.Code != http.StatusTooManyRequests {
		t.Errorf("after half a second: %d, %d", first.Code, second.Code)
	}
}

// TestLimitsForgetOnlyThoseNotSeen: whoever goes on trying is never forgotten,
// whatever number of others comes by.
func TestLimitsForgetOnlyThoseNotSeen(t *testing.T) {
	t.Parallel()
	w := newClock()
	limits := auth.NewLimits(auth.Rate{Count: 1, Per: time.Hour, Burst: 1}, w.now)
	if limits.Take("busy") != 0 || limits.Take("once") != 0 {
		t.Fatal("the first time has to wait")
	}
	for i := range 3 * auth.MaxLimited {
		limits.Take(strconv.Itoa(i))
		if i%1000 == 0 && limits.Take("busy") == 0 {
			t.Fatalf("after %d others the limit is forgotten", i)
		}
	}
	if limits.Take("once") != 0 {
		t.Error("who was not seen for long is remembered: the memory is not bounded")
	}
}

func TestAddressesAreToldBehindProxies(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, c := range map[string]struct {
		proxies           []netip.Prefix
		remote, forwarded string
		want              string
	}{
		"no proxy":                        {nil, "192.0.2.7:4000", "", "192.0.2.7"},
		"nobody is believed":              {nil, "10.0.0.1:4000", "192.0.2.9", "10.0.0.1"},
		"a proxy is believed":             {proxies, "10.0.0.1:4000", "192.0.2.9", "192.0.2.9"},
		"a stranger is not":               {proxies, "192.0.2.7:4000", "192.0.2.9", "192.0.2.7"},
		"what a client put before is not": {proxies, "10.0.0.1:4000", "203.0.113.5, 192.0.2.9", "192.0.2.9"},
		"through two proxies":             {proxies, "10.0.0.1:4000", "203.0.113.5, 192.0.2.9, 10.0.0.2", "192.0.2.9"},
		"nonsense":                        {proxies, "10.0.0.1:4000", "unknown", "10.0.0.1"},
		"proxies all the way":             {proxies, "10.0.0.1:4000", "10.0.0.3", "10.0.0.3"},
		"IPv6 by its network":             {nil, "[2001:db8:1:2:3::4]:4000", "", "2001:db8:1:2::/64"},
		"IPv4 within IPv6":                {proxies, "[::ffff:10.0.0.1]:4000", "::ffff:192.0.2.9", "192.0.2.9"},
		"no address":                      {proxies, "pipe", "192.0.2.9", "pipe"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := auth.AddressBehind(c.proxies)(r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
