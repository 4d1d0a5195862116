package metrics

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Limits of a [Lag].
const (
	// lagTick is how often the log's end is marked: the precision of the seconds.
	lagTick = time.Second
	// maxMarks bounds the marks of a projection that stands still: an hour of them.
	maxMarks = 3600
)

// Lag tells Prometheus how far the projection stands behind the log, in events
// and in seconds. It marks every second where the log ends; the oldest mark that
// the projection has not reached says since when it is behind. Both are 0 when
// it has everything.
type Lag struct {
	at              Positions
	now             func() time.Time
	events, seconds *prometheus.Desc

	mu    sync.Mutex
	marks []mark // oldest first, all of them beyond the projection
}

// mark says that the log ended at a sequence at a time.
type mark struct {
	sequence uint64
	seen     time.Time
}

var _ prometheus.Collector = (*Lag)(nil)

// NewLag makes the collector; give it to [Metrics.Register] and call [Lag.Run].
func NewLag(at Positions, now func() time.Time) *Lag {
	return &Lag{
		at: at, now: now,
		events:  prometheus.NewDesc("outturn_projection_lag_events", "Events of the log that the projection does not have yet.", nil, nil),
		seconds: prometheus.NewDesc("outturn_projection_lag_seconds", "How long the oldest event that the projection does not have yet has been in the log, to a second.", nil, nil),
	}
}

// Run marks the log's end until ctx ends, and returns why it did.
func (l *Lag) Run(ctx context.Context) error {
	ticker := time.NewTicker(lagTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			l.measure()
		}
	}
}

// measure marks the log's end, forgets the marks that the projection has passed,
// and returns how far it is behind.
func (l *Lag) measure() (events uint64, behind time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// The projection first: what it reaches meanwhile must not count as behind.
	projected, end, now := l.at.Projection(), l.at.Log(), l.now()
	l.marks = slices.DeleteFunc(l.marks, func(m mark) bool { return m.sequence <= projected })
	if end <= projected {
		return 0, 0
	}
	switch last := len(l.marks) - 1; {
	case last < 0 || l.marks[last].sequence < end && len(l.marks) < maxMarks:
		l.marks = append(l.marks, mark{end, now})
	case l.marks[last].sequence < end:
		// Full: the last mark takes in what came after it, and so says too much
		// rather than too little.
		l.marks[last].sequence = end
	}
	return end - projected, now.Sub(l.marks[0].seen)
}

// Describe makes Lag a collector.
func (l *Lag) Describe(out chan<- *prometheus.Desc) { out <- l.events; out <- l.seconds }

// Collect makes Lag a collector; it reads memory only.
func (l *Lag) Collect(out chan<- prometheus.Metric) {
	events, behind := l.measure()
	out <- prometheus.MustNewConstMetric(l.events, prometheus.GaugeValue, float64(events))
	out <- prometheus.MustNewConstMetric(l.seconds, prometheus.GaugeValue, behind.Seconds())
}
