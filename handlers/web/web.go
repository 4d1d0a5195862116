package web

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth/oidc"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Config is what the pages are made of.
type Config struct {
	Reader projections.Reader
	// Forms is what self-evaluation forms are derived from. Nil: there are no
	// pages of forms, and audits know no events.
	Forms forms.Source
	// Now is the clock that the default as-of date is read from. Defaults to
	// time.Now.
	Now func() time.Time
	// Entrance opens sessions for tokens. Nil: the pages are open, and there is no
	// sign-in page. Sending strangers to it is the work of a middleware.
	Entrance Entrance
	// Provider signs people in by OpenID Connect. Nil: there is none.
	Provider Provider
	// Recorder takes what the finance desk posts, and knows the rules and people.
	// Nil: the pages only read.
	Recorder Recorder
	// Desk looks up what is posted about. It is needed if Recorder is set.
	Desk projections.DeskReader
	// Imports reads and records files of payments. Nil: there is no import page.
	Imports *intake.Desk
	// Templates are those that forms may follow.
	Templates forms.Catalogue
	// Calendar counts the working days to answer a case. Defaults to fiscal.China.
	Calendar *fiscal.Calendar
	// Logger takes what people must not see of a failure. Defaults to
	// slog.Default.
	Logger *slog.Logger
}

// Recorder is the write side; *commands.Recorder is one.
type Recorder interface {
	Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error)
	Position() uint64
	View() *commands.View
}

// Entrance opens and ends sessions; *auth.Sessions is one.
type Entrance interface {
	SignIn(w http.ResponseWriter, r *http.Request, token string) *events.Refusal
	SignOut(w http.ResponseWriter, r *http.Request)
}

// Provider sends people to an identity provider and takes them back;
// *oidc.Client is one.
type Provider interface {
	Start(w http.ResponseWriter, r *http.Request, next string) *events.Refusal
	Callback(w http.ResponseWriter, r *http.Request) (next string, refusal *events.Refusal)
}

// Limits of the pages.
const (
	readTimeout  = 10 * time.Second // of all that one page reads
	postingsPage = 100              // rows of postings on a page
	maxSignIn    = 4 << 10          // bytes of a sign-in form
	maxUpload    = 64 << 20         // bytes of a sent form; of the file in it, formimport.MaxFileBytes are read
)

// RequestIDHeader is where the server puts the id of a request; the pages for
// errors show it.
const RequestIDHeader = "X-Request-Id"

// contentSecurityPolicy lets a page load its own style, script and icon, and
// nothing else.
const contentSecurityPolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

//go:embed templates/*.html
var templateFiles embed.FS

// server is the handler's state: all of it is read-only.
type server struct {
	Config
	pages  map[string]*template.Template
	assets assets
}

// New makes the handler of all pages. It panics if a template is broken, which
// the tests rule out.
func New(config Config) http.Handler {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Calendar == nil {
		config.Calendar = fiscal.China()
	}
	s := &server{Config: config, pages: parseTemplates(), assets: loadAssets()}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.page(s.overview))
	mux.Handle("GET /postings", s.page(s.postings))
	mux.Handle("GET /lines/{line}", s.page(s.line))
	mux.Handle("GET /lines/{line}/statement.csv", s.page(s.statementFile))
	mux.Handle("GET /events/{sequence}", s.page(s.event))
	mux.HandleFunc("GET /position", s.position)
	mux.Handle("GET /audit", s.page(s.auditForm))
	mux.Handle("POST /audit", http.MaxBytesHandler(s.page(s.audit), maxUpload))
	mux.Handle("GET /audit/rules", s.page(s.rules))
	if config.Forms != nil {
		mux.Handle("GET /forms", s.page(s.forms))
		mux.Handle("GET /forms/{year}", s.page(s.forms))
		mux.Handle("GET /forms/{year}/{subject}", s.formOrFile())
	}
	if config.Recorder != nil {
		s.deskRoutes(mux)
		s.officeRoutes(mux)
	}
	mux.Handle("GET /static/{name}", s.assets)
	if config.Entrance != nil {
		mux.Handle("GET /signin", s.page(s.signInForm))
		mux.HandleFunc("POST /signin", s.signIn)
		mux.HandleFunc("POST /signout", s.signOut)
	}
	if config.Provider != nil {
		mux.HandleFunc("GET "+oidc.StartPath, s.signInElsewhere)
		mux.HandleFunc("GET "+oidc.CallbackPath, s.signedInElsewhere)
	}
	return s.guard(mux)
}

// guard sets the headers of every answer, and answers in people's words what
// no route takes.
func (s *server) guard(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cache-Control", "private, no-cache")
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		refusal := answerOnly{header: http.Header{}}
		handler.ServeHTTP(&refusal, r)
		s.page(func(v *visit) (page, error) {
			return nil, unrouted(r, refusal.status, refusal.header.Get("Allow"))
		}).ServeHTTP(w, r)
	})
}

// answerOnly takes down the mux's own answer without sending it.
type answerOnly struct {
	header http.Header
	status int
}

func (a *answerOnly) Header() http.Header         { return a.header }
func (a *answerOnly) WriteHeader(status int)      { a.status = status }
func (a *answerOnly) Write(b []byte) (int, error) { return len(b), nil }

// visit is one request for a page.
type visit struct {
	*http.Request
	language.Printer
	filters *filters
	at      position
}

// page is a view model: what a template of its name is filled with.
type page interface {
	template() string
	shell() *Shell
}

// page serves what build makes of a visit, or the problem that it returns.
func (s *server) page(build func(*visit) (page, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clean, found := withoutEmpty(r.URL); found && r.Method == http.MethodGet {
			http.Redirect(w, r, clean, http.StatusSeeOther)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
		defer cancel()
		printer := language.Of(r)
		v := &visit{Request: r.WithContext(ctx), Printer: printer, filters: readFilters(r.URL.Query(), printer)}
		language.Remember(w, r)
		rememberTheme(w, r)
		built, err := build(v)
		status := statusOf(built)
		if err != nil {
			if r.Context().Err() != nil {
				return // nobody is there to read it
			}
			built, status = s.problem(v, err, w.Header().Get(RequestIDHeader))
		}
		if file, ok := built.(download); ok {
			file.serve(w)
			return
		}
		s.render(w, v, status, built)
	})
}

// statusOf is the HTTP status of a page: 200, unless it says another.
func statusOf(p page) int {
	if other, ok := p.(interface{ status() int }); ok {
		return other.status()
	}
	return http.StatusOK
}

// render fills a page's template into memory first, so that a fault never
// leaves half a page.
func (s *server) render(w http.ResponseWriter, v *visit, status int, p page) {
	s.dress(v, p.shell())
	var body bytes.Buffer
	if err := s.pages[p.template()].ExecuteTemplate(&body, "layout", p); err != nil {
		s.Logger.ErrorContext(v.Context(), "page failed", "template", p.template(), "error", err)
		http.Error(w, v.Title("internal"), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", string(v.Tag()))
	header.Set("Vary", "Cookie, Accept-Language")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	if status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	_, _ = io.Copy(w, &body) // a client that is gone is no error of ours
}

// parseTemplates reads one set for each page: the layout, the shared parts and
// the page's own file.
func parseTemplates() map[string]*template.Template {
	functions := template.FuncMap{
		"row":      func(p *Overview, r Row) rowOf { return rowOf{p, r} },
		"compared": func(p *AuditPage, c *Comparison) comparisonOf { return comparisonOf{p, c} },
	}
	shared := template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/*parts.html"))
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err) // the pattern is ours
	}
	sets := make(map[string]*template.Template)
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || strings.HasSuffix(name, "parts") {
			continue
		}
		set := template.Must(shared.Clone())
		sets[name] = template.Must(set.ParseFS(templateFiles, file))
	}
	return sets
}

// rowOf is a row with the page that it stands on.
type rowOf struct {
	Page *Overview
	Row  Row
}

// comparisonOf is a comparison with the page that it stands on.
type comparisonOf struct {
	Page       *AuditPage
	Comparison *Comparison
}
