// Package monitoring_test holds deploy/prometheus and deploy/grafana to what the
// program serves: rules are run by promtool, every query of a dashboard by a real
// Prometheus or a real Postgres, over the example of 2023 on its 31st of October.
package monitoring_test

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/metrics"
	"github.com/outturn/outturn/projections"
)

// The folders under test, and the document that goes with them.
const (
	prometheusDir  = "../prometheus"
	grafanaDir     = "../grafana"
	monitoringFile = "../../docs/monitoring.md"
	viewsFile      = "../../docs/sql-views.md"
)

// patience bounds what must happen in a test.
const patience = time.Minute

// token lets Prometheus read the figures.
const token = "token-of-the-test"

// installed finds a program, or says how to get it.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: run deploy/local/ensure promtool", name)
	}
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: nothing is there (%v)", pattern, err)
	}
	return paths
}

// program is a server's metrics over the projected example.
type program struct {
	dsn    string
	server *httptest.Server
}

// start projects the example of 2023 and serves its metrics as the program does.
func start(t *testing.T) *program {
	t.Helper()
	log, last := logOf(t, "yueyang-2023")
	quiet := slog.New(slog.DiscardHandler)
	dsn := localtest.Postgres(t)
	store, err := projections.Open(t.Context(), dsn, projections.Options{Logger: quiet, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	projector := projections.NewProjector(store, log, projections.ProjectorOptions{Logger: quiet})
	run(t, projector.Run)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := store.WaitFor(ctx, last); err != nil {
		t.Fatal(err)
	}
	at := metrics.Positions{
		Log: func() uint64 { return last }, Projection: func() uint64 { return projector.Status().Sequence },
		Stopped: func() bool { return projector.Status().Problem != nil },
	}
	began := time.Now()
	october := time.Date(2023, 10, 31, 12, 0, 0, 0, time.UTC)
	subject := metrics.NewSubject(metrics.SubjectConfig{
		Reader: store, Logger: quiet, Now: func() time.Time { return october.Add(time.Since(began)) },
	})
	run(t, subject.Run)
	p := &program{dsn: dsn, server: httptest.NewServer(served(at, subject))}
	t.Cleanup(p.server.Close)
	p.await(t, "outturn_year_current")
	return p
}

// served are the two addresses that Prometheus scrapes. Something of each kind
// happens with every scrape, so that there are rates.
func served(at metrics.Positions, subject *metrics.Subject) http.Handler {
	m := metrics.New(at)
	m.Register(metrics.NewLag(at, time.Now))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		m.Appended(3, 4*time.Millisecond)
		m.Conflicted()
		m.Rejected(events.CodeInsufficientFunds)
		m.Duplicated()
		m.Answered("POST /v1/events", http.MethodPost, http.StatusCreated, 7*time.Millisecond)
		m.Answered("POST /v1/events", http.MethodPost, http.StatusServiceUnavailable, time.Second)
		m.Refused(auth.CodeRateLimited)
		m.SignedIn(events.SignInToken, access.ReasonTokenExpired)
		m.Imported(intake.Progress{Stage: intake.Done, Accepted: 5})
		m.Handler().ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /metrics/execution", func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) == 0 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		subject.Handler().ServeHTTP(w, r)
	})
	return mux
}

// logOf records an example in a log in memory.
func logOf(t *testing.T, example string) (log *eventlog.Memory, last uint64) {
	t.Helper()
	body, err := examples.Events(example)
	if err != nil {
		t.Fatal(err)
	}
	books, recorded := budget.NewBooks(), time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	var records []eventlog.Record
	for line := range bytes.Lines(body) {
		event, err := events.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		last++
		event, err = event.Record(events.Stamp{Sequence: last, RecordedTime: recorded.Add(time.Duration(last) * time.Minute), Actor: "finance"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := budget.Evolve(books, event); err != nil {
			t.Fatal(err)
		}
		records = append(records, eventlog.Record{
			Subject: string(event.About()) + "." + event.Subject, Key: event.Key().String(), Body: event.Raw(),
		})
	}
	log = eventlog.NewMemory()
	for len(records) > 0 {
		n := min(len(records), eventlog.MaxBatch)
		end, err := log.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Append(t.Context(), end, records[:n]); err != nil {
			t.Fatal(err)
		}
		records = records[n:]
	}
	return log, last
}

// run runs something until the test ends.
func run(t *testing.T, what func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- what(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

// scrape is what Prometheus reads, of both addresses.
func (p *program) scrape(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, path := range []string{"/metrics", "/metrics/execution"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, answer.Status)
		}
		if _, err := fmt.Fprint(&all, body(t, answer)); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// await polls until the program serves a metric.
func (p *program) await(t *testing.T, metric string) {
	t.Helper()
	eventually(t, func() error {
		if !strings.Contains(p.scrape(t), "\n"+metric+"{") {
			return fmt.Errorf("%s is not served", metric)
		}
		return nil
	})
}

// eventually polls until a check finds nothing wrong.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// catalogue knows the served metrics with their labels.
type catalogue map[string]map[string]bool

var sample = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? \S+$`)

var label = regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)

func (p *program) catalogue(t *testing.T) catalogue {
	t.Helper()
	c := catalogue{}
	for _, found := range sample.FindAllStringSubmatch(p.scrape(t), -1) {
		labels := map[string]bool{"job": true, "instance": true}
		for _, pair := range label.FindAllStringSubmatch(found[2], -1) {
			labels[pair[1]] = true
		}
		c[found[1]] = labels
	}
	return c
}

var (
	quoted     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	identifier = regexp.MustCompile(`[a-zA-Z_:][\w:]*`)
	ours       = regexp.MustCompile(`^(outturn|go|process|promhttp)_`)
)

// unserved are the metrics in a text of PromQL that are neither served nor
// recorded by a rule.
func (c catalogue) unserved(text string, recorded map[string]bool) (names []string) {
	for _, name := range identifier.FindAllString(quoted.ReplaceAllString(text, `""`), -1) {
		inner := strings.Contains(strings.Trim(name, ":"), ":")
		if inner && !recorded[name] || !inner && ours.MatchString(name) && c[name] == nil {
			names = append(names, name)
		}
	}
	return names
}
