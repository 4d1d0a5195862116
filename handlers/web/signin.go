package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/outturn/outturn/handlers/language"
)

// SignIn is the sign-in page.
type SignIn struct {
	Shell
	Next  string
	Wrong bool
}

func (*SignIn) template() string { return "signin" }

func (s *server) signInForm(v *visit) (page, error) {
	return signInPage(v, v.filters.get("next"), false), nil
}

func signInPage(v *visit, next string, wrong bool) *SignIn {
	return &SignIn{
		Shell: Shell{Heading: v.Text("signin.title"), Section: sectionSignIn, Failed: wrong},
		Next:  insidePath(next), Wrong: wrong,
	}
}

// signIn takes a token and sends the browser on to the page that it wanted.
func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxSignIn)
	token, next := strings.TrimSpace(r.PostFormValue("token")), r.PostFormValue("next")
	if cookie, ok := s.SignIn(token); ok {
		cookie.Secure = overTLS(r)
		http.SetCookie(w, cookie)
		http.Redirect(w, r, insidePath(next), http.StatusSeeOther)
		return
	}
	printer := language.Of(r)
	v := &visit{Request: r, Printer: printer, filters: readFilters(url.Values{}, printer)}
	s.render(w, v, http.StatusUnauthorized, signInPage(v, next, true))
}

func (s *server) signOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, s.SignOut(r))
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}

// insidePath is a path on this server, or its front page: an address that
// somebody sends must not lead elsewhere after the sign-in.
func insidePath(next string) string {
	parsed, err := url.Parse(next)
	inside := err == nil && parsed.Scheme == "" && parsed.Host == "" && strings.HasPrefix(next, "/") &&
		!strings.HasPrefix(next, "//") && !strings.ContainsAny(next, "\\\r\n\t")
	if !inside {
		return "/"
	}
	return next
}

// overTLS says whether the browser speaks to us by HTTPS, or to the proxy before
// us. One who lies about it only makes a cookie that his own browser keeps back.
func overTLS(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}
