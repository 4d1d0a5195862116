package auth

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
)

type principalKey struct{}

// Principal is who the request comes from; the zero value if nobody is signed in.
func Principal(ctx context.Context) access.Principal {
	by, _ := ctx.Value(principalKey{}).(access.Principal)
	return by
}

// With returns the request as one that comes from by.
func With(r *http.Request, by access.Principal) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), principalKey{}, by))
}

// Bearer lets a request through that brings a good token in its Authorization
// header (RFC 6750), and answers all others by refuse, with the challenge that the
// RFC asks for.
func Bearer(tokens Tokens, refuse Refuse, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by, refusal := tokens.Find(bearerToken(r))
		if refusal != nil {
			w.Header().Set("WWW-Authenticate", challenge(refusal))
			refuse(w, r, refusal)
			return
		}
		next.ServeHTTP(w, With(r, by))
	})
}

// bearerToken is the token that a request brings; empty if it brings none.
func bearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// challenge says which scheme is asked for and, if a token was brought, that it is
// no good (RFC 6750, section 3.1).
func challenge(refusal *events.Refusal) string {
	if refusal.Reason == ReasonTokenMissing {
		return `Bearer realm="outturn"`
	}
	return `Bearer realm="outturn", error="invalid_token"`
}

// SignInPath is where Pages sends those who are not signed in. What lies under it
// is open, too.
const SignInPath = "/signin"

// Pages lets a browser through that has a session, and sends others to the
// sign-in page. The sign-in page itself and what it is made of stay open.
func Pages(sessions *Sessions, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by, signedIn := sessions.find(r)
		switch {
		case signedIn:
			next.ServeHTTP(w, With(r, by))
		case isOpen(r.URL.Path):
			next.ServeHTTP(w, r)
		default:
			http.Redirect(w, r, SignInPath+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		}
	})
}

func isOpen(path string) bool {
	return path == SignInPath || strings.HasPrefix(path, SignInPath+"/") || strings.HasPrefix(path, "/static/")
}

// Open lets every browser through as one principal, for a machine of one's own.
// Listen is the address that the server listens at. A request for another host's
// name is refused: a page of a stranger whose name was made to point here (DNS
// rebinding) would come from the same origin, and could do everything.
func Open(by access.Principal, listen string, refuse Refuse, next http.Handler) http.Handler {
	own := hostname(listen)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostname(r.Host); !isOwn(host, own) {
			refuse(w, r, events.Refuse(access.CodeForbidden, ReasonForeignHost, "", "host", host))
			return
		}
		next.ServeHTTP(w, With(r, by))
	})
}

// hostname is an address without its port.
func hostname(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// isOwn says whether a host is this machine: a name of loopback, or where the
// server listens. A server that listens everywhere is reached by any number, which
// nobody can make point elsewhere, and by no other name.
func isOwn(host, own string) bool {
	if host == "localhost" || host != "" && host == own {
		return true
	}
	number, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	everywhere, err := netip.ParseAddr(own)
	return number.IsLoopback() || own == "" || err == nil && everywhere.IsUnspecified()
}
