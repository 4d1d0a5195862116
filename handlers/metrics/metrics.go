// Package metrics is what Outturn tells Prometheus about itself. Every metric
// is listed in docs/metrics.md; a test holds the two together.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/outturn/outturn/events"
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
}

// Positions tells where the log and the projection stand.
type Positions struct {
	// Log is the last sequence that this server has seen in the log.
	Log func() uint64
	// Projection is the sequence that this server's projector stands at.
	Projection func() uint64
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
	m.registry.MustRegister(m.appended, m.batch, m.append, m.conflicts, m.rejected, m.duplicates, m.requests,
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
