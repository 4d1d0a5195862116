package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/language"
)

// Shell is what surrounds every page.
type Shell struct {
	language.Printer
	// Heading is the page's own name.
	Heading string
	// Section is the part of the navigation that the page belongs to.
	Section string
	Nav     []Link
	// Languages and Themes are switches that keep the address.
	Languages, Themes []Link
	Theme             string
	Style, Script     string
	FormStyle         string // empty where there are no forms
	Icon              string
	Fresh             *Fresh
	CanSignOut        bool
	// Failed says that the page reports a problem; its title begins with it.
	Failed bool
}

func (s *Shell) shell() *Shell { return s }

// Link is a link or, when it is On, where one is already.
type Link struct {
	Label, Href string
	On          bool
	// ID is what the link stands for: a language's tag, a theme.
	ID string
}

// Fresh is the log position that a page stands at.
type Fresh struct {
	Sequence uint64
	Time     string
	Instant  string // RFC 3339
}

// position is where the projection stands.
type position struct {
	sequence uint64
	recorded time.Time
}

// standAt pins everything that the visit reads to one log position.
func (s *server) standAt(v *visit) error {
	sequence, recorded, err := s.Reader.Position(v.Context())
	v.at = position{sequence, recorded}
	return err
}

// dress fills in what every page has around it.
func (s *server) dress(v *visit, shell *Shell) {
	shell.Printer = v.Printer
	shell.Style, shell.Script, shell.Icon = s.assets.address("outturn.css"), s.assets.address("outturn.js"), s.assets.address("icon.svg")
	if shell.Section == sectionForms || shell.Section == sectionAudit {
		shell.FormStyle = s.assets.address("forms.css")
	}
	shell.Theme = themeOf(v.Request)
	shell.CanSignOut = s.Entrance != nil && shell.Section != sectionSignIn
	if v.at.sequence > 0 {
		shell.Fresh = &Fresh{v.at.sequence, v.Time(v.at.recorded), v.at.recorded.In(fiscal.Zone).Format(time.RFC3339)}
	}
	for _, tag := range language.Tags() {
		shell.Languages = append(shell.Languages, Link{
			Label: language.In(tag).Text("language.name"), Href: same(v.URL, language.Parameter, string(tag)), On: tag == v.Tag(), ID: string(tag),
		})
	}
	for _, theme := range themes() {
		shell.Themes = append(shell.Themes, Link{
			Label: v.Text("theme." + theme), Href: same(v.URL, themeParameter, theme), On: theme == shell.Theme, ID: theme,
		})
	}
	if shell.Section == sectionSignIn {
		return
	}
	shell.Nav = []Link{
		{Label: v.Text("nav.overview"), Href: "/", On: shell.Section == sectionOverview},
		{Label: v.Text("nav.months"), Href: "/?by=month", On: shell.Section == sectionMonths},
		{Label: v.Text("nav.lines"), Href: "/?by=line", On: shell.Section == sectionLines},
		{Label: v.Text("nav.postings"), Href: "/postings?figure=executed", On: shell.Section == sectionPostings},
	}
	if s.Forms != nil {
		shell.Nav = append(shell.Nav, Link{Label: v.Text("nav.forms"), Href: "/forms", On: shell.Section == sectionForms})
	}
	shell.Nav = append(shell.Nav, s.workNav(v, shell.Section)...)
	shell.Nav = append(shell.Nav, Link{Label: v.Text("nav.audit"), Href: "/audit", On: shell.Section == sectionAudit})
}

// workNav leads to where things are recorded and decided, as far as whoever asks
// may go.
func (s *server) workNav(v *visit, section string) []Link {
	if s.Recorder == nil {
		return nil
	}
	var links []Link
	if s.reach(v).Holds(events.Poster) {
		links = append(links, Link{Label: v.Text("nav.desk"), Href: deskPath, On: section == sectionDesk})
	}
	if office := s.officeNav(v); len(office) > 0 {
		links = append(links, Link{Label: v.Text("nav.office"), Href: office[0].Href, On: section == sectionOffice})
	}
	return links
}

// The sections of the navigation.
const (
	sectionOverview = "overview"
	sectionMonths   = "months"
	sectionLines    = "lines"
	sectionPostings = "postings"
	sectionForms    = "forms"
	sectionAudit    = "audit"
	sectionSignIn   = "signin"
)

// pathOf is the path of an address with one slash in front: with two, a link to
// it would lead to another server.
func pathOf(u *url.URL) string { return "/" + strings.TrimLeft(u.EscapedPath(), "/") }

// same is the address of this page with one parameter set.
func same(at *url.URL, name, value string) string {
	values := at.Query()
	values.Set(name, value)
	return pathOf(at) + "?" + values.Encode()
}

const (
	themeParameter = "theme"
	themeCookie    = "outturn_theme"
	themeSeconds   = 365 * 24 * 60 * 60
	themeSystem    = "system"
)

func themes() []string { return []string{themeSystem, "light", "dark"} }

// themeOf is the theme that the address or else the cookie asks for.
func themeOf(r *http.Request) string {
	asked := r.URL.Query().Get(themeParameter)
	if cookie, err := r.Cookie(themeCookie); err == nil && asked == "" {
		asked = cookie.Value
	}
	for _, theme := range themes() {
		if theme == asked {
			return theme
		}
	}
	return themeSystem
}

func rememberTheme(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get(themeParameter) == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: themeCookie, Value: themeOf(r), Path: "/", MaxAge: themeSeconds, SameSite: http.SameSiteLaxMode,
	})
}

// position answers where the projection stands, for the script that offers to
// show new events.
func (s *server) position(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	sequence, _, err := s.Reader.Position(ctx)
	if err != nil {
		http.Error(w, language.Of(r).Title("projection_unavailable"), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]uint64{"sequence": sequence}) // a client that is gone is no error of ours
}
