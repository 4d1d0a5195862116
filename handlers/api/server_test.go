package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
)

func TestMain(m *testing.M) {
	// The tests' Postgres ends with the process.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/outturn/outturn/deploy/local.(*process).run"),
		goleak.IgnoreAnyFunction("os/exec.(*Cmd).writerDescriptor.func1"))
}

const (
	token     = "outturn_a-token-of-the-tests"
	maxAtomic = commands.MaxAtomic
	// patience bounds what a test waits for.
	patience = 20 * time.Second

	mediaEvent  = "application/cloudevents+json"
	mediaBatch  = "application/cloudevents-batch+json"
	mediaNDJSON = "application/x-ndjson"
	mediaJSON   = "application/json"
)

// texts is a catalogue whose sentences are the refusals' own words.
type texts struct{}

func (texts) Title(code string) string         { return "title of " + code }
func (texts) Refusal(r *events.Refusal) string { return r.Error() }

// brokenLog can be told not to answer.
type brokenLog struct {
	*eventlog.Memory
	broken atomic.Bool
}

func (l *brokenLog) Last(ctx context.Context) (uint64, error) {
	if l.broken.Load() {
		return 0, eventlog.ErrUnavailable
	}
	return l.Memory.Last(ctx)
}

func (l *brokenLog) Append(ctx context.Context, after uint64, records []eventlog.Record) error {
	if l.broken.Load() {
		return eventlog.ErrUnavailable
	}
	return l.Memory.Append(ctx, after, records)
}

// server is the API behind its token, over a log in memory.
type server struct {
	t       *testing.T
	http    *httptest.Server
	log     *brokenLog
	reader  *reader
	closing chan struct{}
	rate    auth.Rate // of a user's requests; auth.RequestRate if it is zero
}

// start serves until the test ends.
func start(t *testing.T) *server {
	t.Helper()
	return startWith(t, func(*http.Server) {})
}

func startWith(t *testing.T, configure func(*http.Server)) *server {
	t.Helper()
	s := &server{t: t, log: &brokenLog{Memory: eventlog.NewMemory()}, closing: make(chan struct{})}
	s.reader = newReader(s.log.Memory)
	s.serve(api.Config{Recorder: s.open(), Reader: s.reader}, configure)
	return s
}

// open starts the recorder of the server's log.
func (s *server) open() *commands.Recorder {
	s.t.Helper()
	recorder, err := commands.Open(s.t.Context(), commands.Config{Log: s.log, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = recorder.Run(ctx) }()
	s.t.Cleanup(func() { cancel(); <-done })
	return recorder
}

// serve serves the API behind the tests' token.
func (s *server) serve(config api.Config, configure func(*http.Server)) {
	s.t.Helper()
	config.Log, config.Logger, config.Closing = s.log, slog.New(slog.DiscardHandler), s.closing
	config.Now = func() time.Time { return time.Date(2024, time.March, 1, 0, 0, 0, 0, time.UTC) }
	config.Texts = func(*http.Request) api.Texts { return texts{} }
	calls := api.New(config)
	keyring := &auth.Keyring{}
	if err := keyring.Add("tester", token); err != nil {
		s.t.Fatal(err)
	}
	tokens := auth.Tokens{Keyring: keyring, Directory: func() auth.Directory { return config.Recorder.View().Access }, Now: config.Now}
	if s.rate.Count == 0 {
		s.rate = auth.RequestRate
	}
	limits := auth.NewLimits(s.rate, time.Now)
	mux := http.NewServeMux()
	mux.Handle("GET /openapi.json", calls.OpenAPI())
	calls.Register(mux, func(call http.Handler) http.Handler {
		return auth.Bearer(tokens, calls.Refuse, auth.Limit(limits, calls.Refuse, call))
	})
	s.http = httptest.NewUnstartedServer(mux)
	configure(s.http.Config)
	s.http.Start()
	s.t.Cleanup(s.http.Close)
}

// request is one call; its zero values are a GET under the tests' token.
type request struct {
	method, path, media, body string
	header                    map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s *server) new(ctx context.Context, r request) *http.Request {
	s.t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
	}
	built, err := http.NewRequestWithContext(ctx, r.method, s.http.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		s.t.Fatal(err)
	}
	built.Header.Set("Authorization", "Bearer "+token)
	if r.media != "" {
		built.Header.Set("Content-Type", r.media)
	}
	for name, value := range r.header {
		built.Header.Set(name, value)
	}
	return built
}

// do makes a call and holds its answer to the contract.
func (s *server) do(r request) answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	built := s.new(ctx, r)
	response, err := s.http.Client().Do(built)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{response.StatusCode, response.Header, body}
	if err := contractOf(s.t).checkAnswer(built.Method, built.URL.Path, a); err != nil {
		s.t.Error(err)
	}
	return a
}

func (s *server) get(path string) answer { s.t.Helper(); return s.do(request{path: path}) }

func (s *server) post(path, media, body string) answer {
	s.t.Helper()
	return s.do(request{method: http.MethodPost, path: path, media: media, body: body})
}

// last is the log's last sequence.
func (s *server) last() uint64 {
	s.t.Helper()
	last, err := s.log.Memory.Last(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return last
}

// read decodes an answer of the wanted status.
func read[T any](t *testing.T, a answer, status int) T {
	t.Helper()
	var into T
	if a.status != status {
		t.Fatalf("the answer is %d, not %d: %.1000s", a.status, status, a.body)
	}
	if err := json.Unmarshal(a.body, &into); err != nil {
		t.Fatalf("%v: %.1000s", err, a.body)
	}
	return into
}

// event writes an event as a client sends it.
func event(id, noun, subject, data string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/test","type":"outturn.%s.v1","subject":%q,"data":%s}`, id, noun, subject, data)
}

// pay is a payment from line L1; the amount is JSON.
func pay(id, amount string) string {
	return event(id, "disbursement.paid", "L1", `{"amount":`+amount+`,"date":"2023-05-01","document":"D-1"}`)
}

const lineData = `{"year":2023,"unit":"U1","project":"P1","name":"线","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}`

// registers opens lines L1, with 1000.00 to spend, and L2, with nothing.
func registers() []string {
	return []string{
		event("u1", "unit.registered", "U1", `{"name":"局"}`),
		event("p1", "project.registered", "P1", `{"unit":"U1","year":2023,"name":"项目","kind":"project"}`),
		event("l1", "line.opened", "L1", lineData),
		event("l2", "line.opened", "L2", lineData),
		event("b1", "budget.allocated", "L1", `{"amount":"1000.00","date":"2023-01-01","document":"B-1"}`),
	}
}

// record posts events and insists that each is accepted.
func (s *server) record(all ...string) {
	s.t.Helper()
	batch := read[api.BatchAnswer](s.t, s.post("/v1/events", mediaNDJSON, strings.Join(all, "\n")), http.StatusOK)
	if batch.Accepted != len(all) {
		for _, result := range batch.Results {
			if result.Status != commands.Accepted {
				s.t.Fatalf("event %d (%s) is %s: %s", result.Index, result.ID, result.Status, result.Detail)
			}
		}
	}
}

// stored is the bytes of an event in the log.
func (s *server) stored(sequence uint64) []byte {
	s.t.Helper()
	record, err := s.log.At(s.t.Context(), sequence)
	if err != nil {
		s.t.Fatal(err)
	}
	return bytes.Clone(record.Body)
}
