package api

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// RequestIDHeader carries the request's id in the answer.
const RequestIDHeader = "X-Request-Id"

// Limits of the API.
const (
	// MaxBody is the largest request body in bytes.
	MaxBody = 16 << 20
	// MaxEvents is the most events in one request.
	MaxEvents = 10_000
	// MaxStreams is how many /v1/stream connections are served at once.
	MaxStreams = 200
	// WaitExplicit is how long a read waits for the sequence that it names.
	WaitExplicit = 5 * time.Second
	// WaitOwn is how long any read waits for what this server recorded itself.
	WaitOwn = 2 * time.Second
)

// Recorder is the write side.
type Recorder interface {
	Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error)
	// Position is the last sequence that the server has seen in the log.
	Position() uint64
}

// Log is what the stream needs of the log.
type Log interface {
	Last(ctx context.Context) (uint64, error)
	Follow(ctx context.Context, from uint64, deliver func([]eventlog.Record) error) error
}

// Texts are the sentences of one language.
type Texts interface {
	Title(code string) string
	Refusal(*events.Refusal) string
}

// Config is what the API is made of.
type Config struct {
	Recorder Recorder
	Reader   projections.Reader
	Forms    forms.Source
	// Snapshots seals forms; nil where there is no key to sign with.
	Snapshots Snapshots
	// Templates are those that forms may follow.
	Templates forms.Catalogue
	Log       Log
	// Texts picks the language that a request asks for.
	Texts func(*http.Request) Texts
	// Now is the clock that "today" is read from.
	Now    func() time.Time
	Logger *slog.Logger
	// Closing is closed when the server begins to stop; streams end then. Nil
	// never closes.
	Closing <-chan struct{}
}

// API serves the calls under /v1.
type API struct {
	config  Config
	streams chan struct{} // a place for each connection
}

// New makes the API.
func New(config Config) *API {
	return &API{config: config, streams: make(chan struct{}, MaxStreams)}
}

//go:embed openapi.json
var openAPI []byte

// OpenAPI serves the contract.
func (a *API) OpenAPI() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Write(openAPI) // a client that is gone is no error of ours
	})
}

// route is one call of the API.
type route struct {
	method, path string
	serve        func(a *API, w http.ResponseWriter, r *http.Request)
}

func routes() []route {
	return []route{
		{http.MethodPost, "/v1/events", (*API).postEvents},
		{http.MethodGet, "/v1/events/{sequence}", (*API).getEvent},
		{http.MethodGet, "/v1/execution", (*API).getExecution},
		{http.MethodGet, "/v1/lagging", (*API).getLagging},
		{http.MethodGet, "/v1/lines/{line}", (*API).getLine},
		{http.MethodGet, "/v1/lines/{line}/events", (*API).getLineEvents},
		{http.MethodGet, "/v1/stream", (*API).getStream},
		{http.MethodGet, "/v1/forms/{year}/{subject}", (*API).getForm},
		{http.MethodGet, "/v1/forms/{year}/{subject}/cells/{cell}/events", (*API).getCell},
		{http.MethodPost, "/v1/audit", (*API).postAudit},
		{http.MethodGet, "/v1/datasets/{year}/{unit}", (*API).getDataset},
		{http.MethodPost, "/v1/snapshots", (*API).postSnapshot},
		{http.MethodGet, "/v1/snapshots/{file}", (*API).getSnapshot},
	}
}

// Register puts every call on the mux, each behind the guard; what is under /v1
// and is no call gets a problem.
func (a *API) Register(mux *http.ServeMux, guard func(http.Handler) http.Handler) {
	methods := map[string][]string{}
	for _, route := range routes() {
		methods[route.path] = append(methods[route.path], route.method)
		mux.Handle(route.method+" "+route.path, guard(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) { route.serve(a, w, r) })))
	}
	for path, allowed := range methods {
		mux.Handle(path, guard(a.methodNotAllowed(strings.Join(allowed, ", "))))
	}
	mux.Handle("/v1/", guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, r, events.Refuse(CodeNotFound, ReasonNotFound, "", "path", r.URL.Path))
	})))
}

func (a *API) methodNotAllowed(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allowed)
		a.refuse(w, r, events.Refuse(CodeMethodNotAllowed, ReasonMethodNotAllowed, "", "method", r.Method, "allowed", allowed))
	}
}

// Unauthenticated answers a request without a valid token.
func (a *API) Unauthenticated() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, r, events.Refuse(CodeUnauthenticated, ReasonTokenMissing, ""))
	})
}
