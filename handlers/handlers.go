package handlers

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/auth/oidc"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/metrics"
	"github.com/outturn/outturn/handlers/reach"
	"github.com/outturn/outturn/handlers/web"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Config is what the server's handler is made of.
type Config struct {
	Recorder *commands.Recorder
	Reader   Reader
	Forms    forms.Source
	// Imports takes files of payments.
	Imports *intake.Desk
	// Snapshots seals forms; nil where there is no key to sign with.
	Snapshots api.Snapshots
	Log       eventlog.Log
	// Tokens knows who is let in.
	Tokens  auth.Tokens
	Metrics *metrics.Metrics
	// Figures are the metrics of the subject, for monitors that may read everything.
	Figures *metrics.Subject
	// ProjectionProblem is why the projection has stopped, or nil.
	ProjectionProblem func() error
	// Templates are those that forms may follow.
	Templates forms.Catalogue
	// Pages says who may see the pages.
	Pages Access
	// Listen is the address that the server listens at.
	Listen string
	// Calendar counts working days; nil is the built-in one.
	Calendar *fiscal.Calendar
	// OIDC signs people in at the pages; nil without an identity provider.
	OIDC *oidc.Config
	// Proxies are believed when they say where a request comes from.
	Proxies []netip.Prefix
	Now     func() time.Time
	Logger  *slog.Logger
	// Closing is closed when the server begins to stop; streams end then.
	Closing <-chan struct{}
}

// Reader is everything that can be read from a projection.
type Reader interface {
	projections.Reader
	projections.DeskReader
}

// Access says who may see the pages.
type Access int

// Pages are for those who sign in or, on a machine of one's own, for everybody
// who can reach them, who then is the operator.
const (
	SignedIn Access = iota
	Everybody
)

// Operator is the actor of the operator's own token, and of pages that are open
// to everybody.
const Operator = "admin"

// New makes the handler of the whole server. Error: settings of the identity
// provider that cannot be right.
func New(c Config) (http.Handler, error) {
	calls := api.New(api.Config{
		Recorder: c.Recorder, Reader: c.Reader, Desk: c.Reader, Forms: c.Forms, Imports: c.Imports, Templates: c.Templates,
		Snapshots: c.Snapshots, Log: c.Log, Now: c.Now, Logger: c.Logger, Closing: c.Closing,
		Texts: func(r *http.Request) api.Texts { return language.Of(r) },
	})
	refuse := func(w http.ResponseWriter, r *http.Request, refusal *events.Refusal) {
		c.Metrics.Refused(refusal.Code)
		calls.Refuse(w, r, refusal)
	}
	limits := auth.NewLimits(auth.RequestRate, c.Now)
	mux := http.NewServeMux()
	calls.Register(mux, func(call http.Handler) http.Handler {
		return auth.Bearer(c.Tokens, refuse, auth.Limit(limits, refuse, call))
	})
	pages, err := c.pages(refuse)
	if err != nil {
		return nil, err
	}
	mux.Handle("GET /openapi.json", calls.OpenAPI())
	mux.Handle("GET /metrics", c.Metrics.Handler())
	mux.Handle("GET /metrics/execution", auth.Bearer(c.Tokens, refuse, c.overseers(refuse, c.Figures.Handler())))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { writeHealth(w, c.problems(r.Context())) })
	mux.Handle("/", pages)
	return observed(c, mux), nil
}

// overseers lets those through who may read everything.
func (c Config) overseers(refuse auth.Refuse, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !reach.Of(c.Recorder.View(), auth.Principal(r.Context()), fiscal.Today(c.Now())).Everything() {
			refuse(w, r, events.Refuse(access.CodeForbidden, api.ReasonEverythingNeeded, ""))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// pages are the pages behind who may see them. A form that another site sends is
// refused.
func (c Config) pages(refuse auth.Refuse) (http.Handler, error) {
	config := web.Config{
		Reader: c.Reader, Desk: c.Reader, Forms: c.Forms, Recorder: c.Recorder, Imports: c.Imports,
		Templates: c.Templates, Calendar: c.Calendar, Now: c.Now, Logger: c.Logger,
	}
	guard := http.NewCrossOriginProtection()
	if c.Pages == Everybody {
		by := access.Principal{Name: Operator, Root: true}
		return auth.Open(by, c.Listen, refuse, guard.Handler(web.New(config))), nil
	}
	journal := auth.NewJournal(auth.JournalConfig{Recorder: c.Recorder, Now: c.Now, Logger: c.Logger, Observe: c.Metrics.SignedIn})
	sessions := auth.NewSessions(auth.SessionsConfig{Tokens: c.Tokens, Audit: journal, Address: auth.AddressBehind(c.Proxies)})
	config.Entrance = sessions
	if c.OIDC != nil {
		settings := *c.OIDC
		settings.Audit, settings.Now, settings.Logger = journal, c.Now, c.Logger
		client, err := oidc.New(settings, sessions)
		if err != nil {
			return nil, err
		}
		config.Provider = client
	}
	return auth.Pages(sessions, guard.Handler(web.New(config))), nil
}

// readyTimeout bounds the look at what the server stands on.
const readyTimeout = 2 * time.Second

// problems says what keeps the server from its work, by part.
func (c Config) problems(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	problems := map[string]string{}
	if _, err := c.Log.Last(ctx); err != nil {
		problems["log"] = err.Error()
	}
	if _, _, err := c.Reader.Position(ctx); err != nil {
		problems["projection"] = err.Error()
	}
	if err := c.ProjectionProblem(); err != nil {
		problems["projection"] = err.Error()
	}
	if err := c.Recorder.Stopped(); err != nil {
		problems["recorder"] = err.Error()
	}
	return problems
}

func writeHealth(w http.ResponseWriter, problems map[string]string) {
	status, word := http.StatusOK, "ok"
	if len(problems) > 0 {
		status, word = http.StatusServiceUnavailable, "not ready"
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that is gone is no error of ours.
	_ = json.NewEncoder(w).Encode(map[string]any{"status": word, "problems": problems})
}
