// Package metrics is what Outturn tells Prometheus about itself. Every metric
// is listed in docs/metrics.md; a test holds the two together.
package metrics

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
)

// Metrics holds the program's metrics in a registry of its own.
type Metrics struct {
	registry *prometheus.Registry

	appended   prometheus.Counter
	batch      prometheus.Histogram
	append     prometheus.Histogram
	conflicts  prometheus.Counter
	rejected   *prometheus.CounterVec
	duplicates prometheus.Counter
	requests   *prometheus.HistogramVec
	refused    *prometheus.CounterVec
	signIns    *prometheus.CounterVec
	imports    *prometheus.CounterVec
	importRows *prometheus.CounterVec
}

// Positions tells where the log and the projection stand.
type Positions struct {
	// Log is the last sequence that this server has seen in the log.
	Log func() uint64
	// Projection is the sequence that this server's projector stands at.
	Projection func() uint64
	// Proposals counts what waits for a second person; nil counts none.
	Proposals func() int
	// Stopped says whether the projection has stopped at an event that it cannot
	// read.
	Stopped func() bool
}

// New makes the metrics.
func New(at Positions) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		appended: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "outturn_append_events_total", Help: "Events appended to the log."}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "outturn_append_batch_events", Help: "Events in one append.",
			Buckets: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}}),
		append: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "outturn_append_seconds", Help: "Time from an append to its acknowledgement after the sync.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 5}}),
		conflicts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "outturn_append_conflicts_total", Help: "Appends that found that another server had been faster."}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "outturn_rejected_events_total", Help: "Events refused, by problem code."}, []string{"code"}),
		duplicates: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "outturn_duplicate_events_total", Help: "Events that were recorded before and got the first answer."}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "outturn_http_request_seconds", Help: "Time to answer a request, by route, method and status.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5}}, []string{"route", "method", "status"}),
	}
	m.people()
	m.registry.MustRegister(m.appended, m.batch, m.append, m.conflicts, m.rejected, m.duplicates, m.requests,
		gauge("outturn_proposals_open", "Events that wait for a second person.", func() uint64 {
			if at.Proposals == nil {
				return 0
			}
			return uint64(at.Proposals())
		}),
		gauge("outturn_log_sequence", "The last sequence that this server has seen in the log.", at.Log),
		gauge("outturn_projection_sequence", "The sequence that the projection stands at.", at.Projection),
		gauge("outturn_projection_stopped", "1 if the projection has stopped at an event that it cannot read.", func() uint64 {
			if at.Stopped() {
				return 1
			}
			return 0
		}),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// people makes the metrics of what people do: sign in, bring files, ask too often.
func (m *Metrics) people() {
	m.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "outturn_refused_requests_total", Help: "Requests that were not let in, by problem code: without a good token, or too many of one caller."}, []string{"code"})
	m.signIns = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "outturn_sign_ins_total", Help: "Attempts to sign in at a browser, by method and result: opened, or why not."}, []string{"method", "result"})
	m.imports = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "outturn_imports_total", Help: "Imports of files that ended, by result: tried, recorded or failed."}, []string{"result"})
	m.importRows = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "outturn_import_rows_total", Help: "Rows of files that were recorded, by what became of them."}, []string{"status"})
	m.registry.MustRegister(m.refused, m.signIns, m.imports, m.importRows)
}

func gauge(name, help string, value func() uint64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Appended counts an append; it makes Metrics an observer of the recorder.
func (m *Metrics) Appended(events int, took time.Duration) {
	m.appended.Add(float64(events))
	m.batch.Observe(float64(events))
	m.append.Observe(took.Seconds())
}

// Conflicted counts a conflict.
func (m *Metrics) Conflicted() { m.conflicts.Inc() }

// Rejected counts a refusal.
func (m *Metrics) Rejected(code events.Code) { m.rejected.WithLabelValues(string(code)).Inc() }

// Duplicated counts a repeat.
func (m *Metrics) Duplicated() { m.duplicates.Inc() }

// Answered counts a request. The route is the pattern that matched it, so that
// the number of series is bounded.
func (m *Metrics) Answered(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// Refused counts a request that was not let in, by the code of its problem.
func (m *Metrics) Refused(code events.Code) { m.refused.WithLabelValues(string(code)).Inc() }

// The results of sign-ins that are no reason of a refusal.
const (
	opened = "opened"
	other  = "other"
)

// causes are the reasons of refused sign-ins that have a series of their own.
var causes = []events.Reason{
	access.ReasonTokenUnknown, access.ReasonTokenExpired, access.ReasonTokenRevoked,
	access.ReasonUnknownUser, access.ReasonUserRetired, access.ReasonNoRole, auth.ReasonSignInLimit,
}

// SignedIn counts an attempt to sign in; an empty cause is one that opened a
// session. It is what an [auth.JournalConfig] observes.
func (m *Metrics) SignedIn(method events.SignInMethod, cause events.Reason) {
	result := other
	switch {
	case cause == "":
		result = opened
	case slices.Contains(causes, cause):
		result = string(cause)
	}
	m.signIns.WithLabelValues(string(method), result).Inc()
}

// Imported counts an import that is done or failed, and its rows if they were to
// be recorded.
func (m *Metrics) Imported(p intake.Progress) {
	switch {
	case p.Stage == intake.Failed:
		m.imports.WithLabelValues("failed").Inc()
	case p.DryRun:
		m.imports.WithLabelValues("tried").Inc()
		return
	default:
		m.imports.WithLabelValues("recorded").Inc()
	}
	for status, rows := range map[commands.Status]int{
		commands.Accepted: p.Accepted, commands.Duplicate: p.Duplicates, commands.Rejected: p.Rejected, commands.Proposed: p.Proposed,
	} {
		m.importRows.WithLabelValues(string(status)).Add(float64(rows))
	}
}
