package metrics_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/metrics"
)

var update = flag.Bool("update", false, "rewrite the table of docs/metrics.md")

// used are metrics with a value for each label.
func used() *metrics.Metrics {
	at := metrics.Positions{
		Log: func() uint64 { return 412 }, Projection: func() uint64 { return 410 }, Stopped: func() bool { return true },
		Proposals: func() int { return 3 },
	}
	m := metrics.New(at)
	m.Register(metrics.NewLag(at, time.Now))
	m.Appended(3, 4*time.Millisecond)
	m.Conflicted()
	m.Rejected(events.CodeInsufficientFunds)
	m.Duplicated()
	m.Answered("POST /v1/events", http.MethodPost, http.StatusCreated, 7*time.Millisecond)
	m.Refused(auth.CodeRateLimited)
	m.SignedIn(events.SignInToken, "")
	m.SignedIn(events.SignInToken, access.ReasonTokenExpired)
	m.SignedIn(events.SignInOIDC, "a reason of another's making")
	m.Imported(intake.Progress{Stage: intake.Done, DryRun: true, Accepted: 7})
	m.Imported(intake.Progress{Stage: intake.Done, Accepted: 5, Duplicates: 2, Rejected: 1, Proposed: 4})
	m.Imported(intake.Progress{Stage: intake.Failed, Accepted: 1})
	return m
}

// scrape is what Prometheus reads.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Fatalf("%d as %s", w.Code, w.Header().Get("Content-Type"))
	}
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	said := scrape(t, used())
	for _, want := range []string{
		"outturn_append_events_total 3",
		`outturn_append_batch_events_bucket{le="2"} 0`,
		`outturn_append_batch_events_bucket{le="5"} 1`,
		`outturn_append_seconds_bucket{le="0.002"} 0`,
		`outturn_append_seconds_bucket{le="0.005"} 1`,
		"outturn_append_conflicts_total 1",
		`outturn_rejected_events_total{code="insufficient_funds"} 1`,
		"outturn_duplicate_events_total 1",
		`outturn_http_request_seconds_count{method="POST",route="POST /v1/events",status="201"} 1`,
		`outturn_refused_requests_total{code="rate_limited"} 1`,
		`outturn_sign_ins_total{method="token",result="opened"} 1`,
		`outturn_sign_ins_total{method="token",result="token_expired"} 1`,
		`outturn_sign_ins_total{method="oidc",result="other"} 1`,
		`outturn_imports_total{result="tried"} 1`,
		`outturn_imports_total{result="recorded"} 1`,
		`outturn_imports_total{result="failed"} 1`,
		`outturn_import_rows_total{status="accepted"} 6`,
		`outturn_import_rows_total{status="rejected"} 1`,
		"outturn_proposals_open 3",
		"outturn_log_sequence 412",
		"outturn_projection_sequence 410",
		"outturn_projection_stopped 1",
	} {
		if !strings.Contains(said, want+"\n") {
			t.Errorf("Prometheus is not told %s", want)
		}
	}
}

func TestMetricsKeepToTheCustomsOfPrometheus(t *testing.T) {
	t.Parallel()
	problems, err := promlint.New(strings.NewReader(scrape(t, used()))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

const docsFile = "../../docs/metrics.md"

// own finds the help and type of each metric, and the labels of a sample.
var own = regexp.MustCompile(`(?m)^# HELP (\S+) (.+)\n# TYPE \S+ (\S+)\n(?:\S+?)(?:\{(.*)\})? \S+$`)

func TestEveryMetricIsInItsDocument(t *testing.T) {
	t.Parallel()
	table := "| metric | type | labels | meaning |\n|---|---|---|---|\n"
	others := map[string]bool{}
	for _, found := range own.FindAllStringSubmatch(scrape(t, used()), -1) {
		name, help, kind := found[1], found[2], found[3]
		if family, _, _ := strings.Cut(name, "_"); family != "outturn" {
			others[family] = true
			continue
		}
		table += fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, kind, labels(found[4]), help)
	}
	doc, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin metrics -->\n", "<!-- end metrics -->"
	head, rest, begun := strings.Cut(string(doc), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !begun || !ended {
		t.Fatalf("%s does not have its marks %q and %q", docsFile, begin, end)
	}
	want := head + begin + table + end + tail
	if *update {
		if err := os.WriteFile(docsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(doc) {
		t.Errorf("%s is not in step with the metrics; run this test with -update", docsFile)
	}
	for family := range others {
		if !strings.Contains(want, "`"+family+"_*`") {
			t.Errorf("%s does not mention the metrics %s_*", docsFile, family)
		}
	}
}

// labels are the label names of a sample but the buckets' own.
func labels(sample string) string {
	var names []string
	for _, pair := range strings.Split(sample, `",`) {
		if name, _, ok := strings.Cut(pair, "="); ok && name != "le" {
			names = append(names, "`"+name+"`")
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
