package auth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

type actorKey struct{}

// Actor is who the request comes from; empty on open pages.
func Actor(ctx context.Context) string {
	actor, _ := ctx.Value(actorKey{}).(string)
	return actor
}

func withActor(r *http.Request, actor string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), actorKey{}, actor))
}

// Bearer lets a request through that brings a token of the keyring in its
// Authorization header (RFC 6750), and answers all others by refuse, with the
// challenge that the RFC asks for.
func Bearer(keyring *Keyring, refuse http.Handler, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		actor, known := keyring.Find(strings.TrimSpace(token))
		if !strings.EqualFold(scheme, "Bearer") || !known {
			w.Header().Set("WWW-Authenticate", `Bearer realm="outturn"`)
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, withActor(r, actor))
	})
}

// SignInPath is where Pages sends those who are not signed in.
const SignInPath = "/signin"

// Pages lets a browser through that has a session, and sends others to the
// sign-in page. The sign-in page itself and what it is made of stay open.
func Pages(sessions *Sessions, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, signedIn := sessions.find(r)
		switch {
		case signedIn:
			next.ServeHTTP(w, withActor(r, actor))
		case r.URL.Path == SignInPath || strings.HasPrefix(r.URL.Path, "/static/"):
			next.ServeHTTP(w, r)
		default:
			http.Redirect(w, r, SignInPath+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		}
	})
}
