package handlers

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/metrics"
	"github.com/outturn/outturn/handlers/web"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Config is what the server's handler is made of.
type Config struct {
	Recorder *commands.Recorder
	Reader   projections.Reader
	Forms    forms.Source
	// Snapshots seals forms; nil where there is no key to sign with.
	Snapshots api.Snapshots
	Log       eventlog.Log
	Keyring   *auth.Keyring
	Metrics   *metrics.Metrics
	// ProjectionProblem is why the projection has stopped, or nil.
	ProjectionProblem func() error
	// Templates are those that forms may follow.
	Templates forms.Catalogue
	// Pages says who may see the pages.
	Pages  Access
	Now    func() time.Time
	Logger *slog.Logger
	// Closing is closed when the server begins to stop; streams end then.
	Closing <-chan struct{}
}

// Access says who may see the pages.
type Access int

// Pages are for those who sign in or, on a machine of one's own, for everybody
// who can reach them.
const (
	SignedIn Access = iota
	Everybody
)

// New makes the handler of the whole server.
func New(c Config) http.Handler {
	calls := api.New(api.Config{
		Recorder: c.Recorder, Reader: c.Reader, Forms: c.Forms, Templates: c.Templates, Snapshots: c.Snapshots, Log: c.Log, Now: c.Now, Logger: c.Logger, Closing: c.Closing,
		Texts: func(r *http.Request) api.Texts { return language.Of(r) },
	})
	mux := http.NewServeMux()
	calls.Register(mux, func(call http.Handler) http.Handler { return auth.Bearer(c.Keyring, calls.Unauthenticated(), call) })
	mux.Handle("GET /openapi.json", calls.OpenAPI())
	mux.Handle("GET /metrics", c.Metrics.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { writeHealth(w, c.problems(r.Context())) })
	mux.Handle("/", pages(c))
	return observed(c, mux)
}

func pages(c Config) http.Handler {
	config := web.Config{Reader: c.Reader, Forms: c.Forms, Templates: c.Templates, Now: c.Now, Logger: c.Logger}
	if c.Pages == Everybody {
		return web.New(config)
	}
	sessions := auth.NewSessions(c.Keyring, c.Now)
	config.SignIn, config.SignOut = sessions.SignIn, sessions.SignOut
	return auth.Pages(sessions, http.NewCrossOriginProtection().Handler(web.New(config)))
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
