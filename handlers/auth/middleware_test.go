package auth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/outturn/outturn/handlers/auth"
)

const deskToken = "outturn_finance-desk"

// tellActor answers who is asking.
var tellActor = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "actor:"+auth.Actor(r.Context()))
})

func ask(h http.Handler, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestBearerLetsInWhoBringsAToken(t *testing.T) {
	t.Parallel()
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	guarded := auth.Bearer(keyring(t, map[string]string{"desk": deskToken}), refuse, tellActor)
	for header, in := range map[string]bool{
		"Bearer " + deskToken:              true,
		"bearer " + deskToken:              true,
		"Bearer  " + deskToken:             true,
		"":                                 false,
		"Bearer":                           false,
		"Bearer ":                          false,
		deskToken:                          false,
		"Basic " + deskToken:               false,
		"Bearer " + deskToken + "x":        false,
		"Bearer " + deskToken + ", Bearer": false,
	} {
		w := ask(guarded, "/v1/events", func(r *http.Request) { r.Header.Set("Authorization", header) })
		challenged := w.Header().Get("WWW-Authenticate") == `Bearer realm="outturn"`
		if let := w.Code == http.StatusOK; let != in || challenged == in {
			t.Errorf("%q gets %d, challenge %v", header, w.Code, challenged)
		}
		if in && w.Body.String() != "actor:desk" {
			t.Errorf("%q comes from %q", header, w.Body)
		}
	}
}

func TestARequestThatNobodySignedHasNoActor(t *testing.T) {
	t.Parallel()
	if w := ask(tellActor, "/", nil); w.Body.String() != "actor:" {
		t.Errorf("it comes from %q", w.Body)
	}
}

func TestPagesSendToTheSignInPageAndBack(t *testing.T) {
	t.Parallel()
	sessions := auth.NewSessions(keyring(t, map[string]string{"desk": deskToken}), now)
	pages := auth.Pages(sessions, tellActor)
	for path, location := range map[string]string{
		"/":                              "/signin?next=%2F",
		"/execution?year=2023&unit=U1":   "/signin?next=%2Fexecution%3Fyear%3D2023%26unit%3DU1",
		"/signinx":                       "/signin?next=%2Fsigninx",
		"/staticx":                       "/signin?next=%2Fstaticx",
		"/?next=%2F%2Felsewhere.example": "/signin?next=%2F%3Fnext%3D%252F%252Felsewhere.example",
	} {
		w := ask(pages, path, nil)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != location {
			t.Errorf("%s: %d to %s; want %s", path, w.Code, w.Header().Get("Location"), location)
		}
	}
	for _, open := range []string{"/signin", "/signin?next=%2F", "/static/style.css"} {
		if w := ask(pages, open, nil); w.Code != http.StatusOK || w.Body.String() != "actor:" {
			t.Errorf("%s: %d %s", open, w.Code, w.Body)
		}
	}
	cookie, ok := sessions.SignIn(deskToken)
	if !ok {
		t.Fatal("the token does not sign in")
	}
	if w := ask(pages, "/execution", func(r *http.Request) { r.AddCookie(cookie) }); w.Body.String() != "actor:desk" {
		t.Errorf("signed in: %d %s", w.Code, w.Body)
	}
}
