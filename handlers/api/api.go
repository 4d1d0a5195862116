package api

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/auth"
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
	// View is what it knows of people and rules.
	View() *commands.View
}

var _ Recorder = (*commands.Recorder)(nil)

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
	// Desk is what finance looks up beside the figures.
	Desk projections.DeskReader
	// Imports takes files.
	Imports Imports
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
	rule         rule
	serve        func(a *API, w http.ResponseWriter, r *http.Request)
}

// routes lists the calls. Each row is written without names, so that a call
// without a rule does not compile.
func routes() []route {
	sealers := []events.Role{events.Auditor, events.Approver, events.Admin}
	overseers := []events.Role{events.Auditor, events.Admin}
	admins := []events.Role{events.Admin}
	posters := []events.Role{events.Poster}
	return []route{
		{http.MethodPost, "/v1/events", rule{byRecorder, nil}, (*API).postEvents},
		{http.MethodGet, "/v1/events/{sequence}", rule{bySubject, nil}, (*API).getEvent},
		{http.MethodGet, "/v1/execution", rule{byUnits, nil}, (*API).getExecution},
		{http.MethodGet, "/v1/lagging", rule{byUnits, nil}, (*API).getLagging},
		{http.MethodGet, "/v1/lines", rule{byUnits, nil}, (*API).getLines},
		{http.MethodGet, "/v1/lines/{line}", rule{bySubject, nil}, (*API).getLine},
		{http.MethodGet, "/v1/lines/{line}/events", rule{bySubject, nil}, (*API).getLineEvents},
		{http.MethodGet, "/v1/lines/{line}/control", rule{bySubject, nil}, (*API).getControl},
		{http.MethodGet, "/v1/commitments", rule{byUnits, nil}, (*API).getCommitments},
		{http.MethodGet, "/v1/carryover", rule{byUnits, nil}, (*API).getCarryover},
		{http.MethodGet, "/v1/cases", rule{byUnits, nil}, (*API).getCases},
		{http.MethodGet, "/v1/cases/{alert}", rule{bySubject, nil}, (*API).getCase},
		{http.MethodGet, "/v1/paces", rule{byUnits, nil}, (*API).getPaces},
		{http.MethodGet, "/v1/stream", rule{byUnits, nil}, (*API).getStream},
		{http.MethodGet, "/v1/proposals", rule{byUnits, nil}, (*API).getProposals},
		{http.MethodGet, "/v1/proposals/{proposal}", rule{bySubject, nil}, (*API).getProposal},
		{http.MethodGet, "/v1/forms/{year}/{subject}", rule{bySubject, nil}, (*API).getForm},
		{http.MethodGet, "/v1/forms/{year}/{subject}/cells/{cell}/events", rule{bySubject, nil}, (*API).getCell},
		{http.MethodPost, "/v1/audit", rule{byNobody, nil}, (*API).postAudit},
		{http.MethodGet, "/v1/datasets/{year}/{unit}", rule{bySubject, nil}, (*API).getDataset},
		{http.MethodPost, "/v1/snapshots", rule{bySubject, sealers}, (*API).postSnapshot},
		{http.MethodGet, "/v1/snapshots/{file}", rule{bySubject, nil}, (*API).getSnapshot},
		{http.MethodPost, "/v1/imports", rule{byRecorder, posters}, (*API).postImport},
		{http.MethodGet, "/v1/imports", rule{byOwner, posters}, (*API).getImports},
		{http.MethodGet, "/v1/imports/{import}", rule{byOwner, posters}, (*API).getImport},
		{http.MethodPost, "/v1/imports/{import}/record", rule{byRecorder, posters}, (*API).postImportRecord},
		{http.MethodGet, "/v1/imports/{import}/report.json", rule{byOwner, posters}, (*API).getImportReport},
		{http.MethodGet, "/v1/imports/{import}/report.csv", rule{byOwner, posters}, (*API).getImportFile},
		{http.MethodGet, "/v1/imports/{import}/report.xlsx", rule{byOwner, posters}, (*API).getImportFile},
		{http.MethodGet, "/v1/imports/template.csv", rule{byNobody, nil}, (*API).getImportTemplate},
		{http.MethodGet, "/v1/imports/template.xlsx", rule{byNobody, nil}, (*API).getImportTemplate},
		{http.MethodGet, "/v1/me", rule{byOwner, nil}, (*API).getMe},
		{http.MethodGet, "/v1/users", rule{byPeople, overseers}, (*API).getUsers},
		{http.MethodGet, "/v1/users/{user}", rule{byPeople, overseers}, (*API).getUser},
		{http.MethodPost, "/v1/users/{user}/tokens", rule{byPeople, admins}, (*API).postToken},
		{http.MethodGet, "/v1/signins", rule{byPeople, overseers}, (*API).getSignIns},
	}
}

// Register puts every call on the mux, each behind the guard; what is under /v1
// and is no call gets a problem.
func (a *API) Register(mux *http.ServeMux, guard func(http.Handler) http.Handler) {
	methods := map[string][]string{}
	for _, route := range routes() {
		methods[route.path] = append(methods[route.path], route.method)
		mux.Handle(route.method+" "+route.path, guard(a.call(route)))
	}
	for path, allowed := range methods {
		for _, method := range refusable() {
			// Each by its name: a path for all methods would clash with a wider path for
			// one.
			if !slices.Contains(allowed, method) {
				mux.Handle(method+" "+path, guard(a.methodNotAllowed(strings.Join(allowed, ", "))))
			}
		}
	}
	mux.Handle("/v1/", guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, r, events.Refuse(CodeNotFound, ReasonNotFound, "", "path", r.URL.Path))
	})))
}

// call serves a call to those whom its rule lets make it.
func (a *API) call(route route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := a.allow(route.rule, a.reach(r)); err != nil {
			a.fail(w, r, err)
			return
		}
		route.serve(a, w, r)
	}
}

// refusable are the methods that a path is refused for by name. GET stands for
// HEAD, too.
func refusable() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace}
}

func (a *API) methodNotAllowed(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allowed)
		a.refuse(w, r, events.Refuse(CodeMethodNotAllowed, ReasonMethodNotAllowed, "", "method", r.Method, "allowed", allowed))
	}
}

// Refuse answers with the problem of a refusal: what the middlewares before the
// calls refuse a request with. A Retry-After that is set already stays.
func (a *API) Refuse(w http.ResponseWriter, r *http.Request, refusal *events.Refusal) {
	a.refuse(w, r, a.presentable(w, r, refusal))
}

var _ auth.Refuse = (*API)(nil).Refuse
