package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/auth/oidc"
	"github.com/outturn/outturn/handlers/language"
)

// SignIn is the sign-in page. Wrong is why somebody was not let in; empty at first.
type SignIn struct {
	Shell
	Next  string
	Wrong string
	// Elsewhere is where an identity provider lets people in; empty without one.
	Elsewhere string
}

func (*SignIn) template() string { return "signin" }

func (s *server) signInForm(v *visit) (page, error) {
	return s.signInPage(v, v.filters.get("next"), nil), nil
}

func (s *server) signInPage(v *visit, next string, refusal *events.Refusal) *SignIn {
	p := &SignIn{
		Shell: Shell{Heading: v.Text("signin.title"), Section: sectionSignIn, Failed: refusal != nil},
		Next:  insidePath(next),
	}
	if refusal != nil {
		p.Wrong = v.Refusal(refusal)
	}
	if s.Provider != nil {
		p.Elsewhere = oidc.StartPath + "?next=" + url.QueryEscape(p.Next)
	}
	return p
}

// signIn takes a token and sends the browser on to the page that it wanted.
func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxSignIn)
	next := r.PostFormValue("next")
	s.letIn(w, r, next, s.Entrance.SignIn(w, r, strings.TrimSpace(r.PostFormValue("token"))))
}

// signInElsewhere sends the browser to the identity provider.
func (s *server) signInElsewhere(w http.ResponseWriter, r *http.Request) {
	next := insidePath(r.URL.Query().Get("next"))
	if refusal := s.Provider.Start(w, r, next); refusal != nil {
		s.letIn(w, r, next, refusal)
	}
}

// signedInElsewhere takes the browser back from the identity provider.
func (s *server) signedInElsewhere(w http.ResponseWriter, r *http.Request) {
	next, refusal := s.Provider.Callback(w, r)
	s.letIn(w, r, next, refusal)
}

// letIn sends the browser on, or back to the sign-in page with the reason.
func (s *server) letIn(w http.ResponseWriter, r *http.Request, next string, refusal *events.Refusal) {
	if refusal == nil {
		http.Redirect(w, r, insidePath(next), http.StatusSeeOther)
		return
	}
	status := http.StatusUnauthorized
	if refusal.Code == auth.CodeRateLimited {
		status = http.StatusTooManyRequests
	}
	printer := language.Of(r)
	v := &visit{Request: r, Printer: printer, filters: readFilters(url.Values{}, printer)}
	s.render(w, v, status, s.signInPage(v, next, refusal))
}

func (s *server) signOut(w http.ResponseWriter, r *http.Request) {
	s.Entrance.SignOut(w, r)
	http.Redirect(w, r, auth.SignInPath, http.StatusSeeOther)
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
