package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// Limits of a [Subject]. With them it serves at most 21,022 series: seven of each
// unit and project of two years, and those of the years and of itself.
const (
	// MaxSubjectYears is how many years have figures: the newest that have lines,
	// none later than the current one.
	MaxSubjectYears = 2
	// MaxSubjectUnits and MaxSubjectProjects are how many units and projects of a
	// year have figures: those with the largest full-year budgets.
	MaxSubjectUnits    = 500
	MaxSubjectProjects = 1000
	// DefaultSubjectEvery is how often the projection is read.
	DefaultSubjectEvery = 30 * time.Second
	// subjectTimeout bounds one reading.
	subjectTimeout = 20 * time.Second
)

// SubjectReader is what a [Subject] reads.
type SubjectReader interface {
	Position(ctx context.Context) (sequence uint64, recorded time.Time, err error)
	Years(ctx context.Context) ([]fiscal.Year, error)
	Units(ctx context.Context) ([]budget.Unit, error)
	Projects(ctx context.Context, year fiscal.Year) ([]budget.Project, error)
	Execution(ctx context.Context, q projections.Query) (projections.Report, error)
}

var _ SubjectReader = projections.Reader(nil)

// SubjectConfig is what a [Subject] is made of.
type SubjectConfig struct {
	Reader SubjectReader
	Now    func() time.Time
	// Rule finds the pace rule that holds for a unit or for a project of it. Nil
	// judges all by [pace.Proportional].
	Rule func(pace.Covered, events.UnitID) pace.Rule
	// Every is how often the projection is read. Defaults to
	// [DefaultSubjectEvery].
	Every  time.Duration
	Logger *slog.Logger
}

// Subject tells Prometheus what the program is about: how the budget is executed
// in all, by unit and by project. It reads the projection in the background and
// only when that has moved or the day has changed; a scrape gets what was read
// last. These are everybody's figures: serve them to who may read everything.
type Subject struct {
	config    SubjectConfig
	registry  *prometheus.Registry
	families  families
	age       *prometheus.Desc
	failures  prometheus.Counter
	figures   atomic.Pointer[[]prometheus.Metric]
	refreshed atomic.Pointer[time.Time]
	read      stand // by Run alone
}

// stand is what figures depend on.
type stand struct {
	sequence uint64
	today    fiscal.Date
}

var _ prometheus.Collector = (*Subject)(nil)

// NewSubject makes the collector, without figures until [Subject.Run] has read
// some.
func NewSubject(c SubjectConfig) *Subject {
	if c.Every == 0 {
		c.Every = DefaultSubjectEvery
	}
	if c.Rule == nil {
		c.Rule = func(pace.Covered, events.UnitID) pace.Rule { return pace.Proportional() }
	}
	s := &Subject{
		config: c, registry: prometheus.NewRegistry(), families: newFamilies(),
		age: prometheus.NewDesc("outturn_subject_refresh_age_seconds",
			"Time since the figures were last read or found unchanged; since the start while they never were.", nil, nil),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "outturn_subject_refresh_errors_total", Help: "Readings of the figures that failed; the ones before are served on."}),
	}
	began := c.Now()
	s.refreshed.Store(&began)
	s.figures.Store(&[]prometheus.Metric{})
	s.registry.MustRegister(s)
	return s
}

// Handler serves the figures alone.
func (s *Subject) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}

// Run reads the figures at once and then every so often until ctx ends, and
// returns why it did. What fails is counted and logged, and tried again.
func (s *Subject) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.config.Every)
	defer ticker.Stop()
	for {
		if err := s.refresh(ctx); err != nil && ctx.Err() == nil {
			s.failures.Inc()
			s.config.Logger.WarnContext(ctx, "figures for Prometheus could not be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// refresh reads the figures again if they can have changed.
func (s *Subject) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, subjectTimeout)
	defer cancel()
	now := s.config.Now()
	// The position is read before the figures: what comes in between is found to
	// be new next time.
	sequence, _, err := s.config.Reader.Position(ctx)
	if err != nil {
		return err
	}
	if at := (stand{sequence, fiscal.Today(now)}); at != s.read {
		figures, err := s.measure(ctx, at.today)
		if err != nil {
			return err
		}
		s.figures.Store(&figures)
		s.read = at
	}
	s.refreshed.Store(&now)
	return nil
}

// measure reads all figures as of a day.
func (s *Subject) measure(ctx context.Context, today fiscal.Date) ([]prometheus.Metric, error) {
	years, err := s.config.Reader.Years(ctx)
	if err != nil {
		return nil, err
	}
	units, err := s.config.Reader.Units(ctx)
	if err != nil {
		return nil, err
	}
	years = slices.DeleteFunc(slices.Clone(years), func(year fiscal.Year) bool { return year > today.Year })
	m := measurement{families: s.families, rule: s.config.Rule, today: today, units: map[string]budget.Unit{}}
	for _, unit := range units {
		m.units[string(unit.ID)] = unit
	}
	for _, year := range years[:min(len(years), MaxSubjectYears)] {
		if err := s.year(ctx, &m, year); err != nil {
			return nil, err
		}
	}
	return m.out, nil
}

// year reads the figures of a year.
func (s *Subject) year(ctx context.Context, m *measurement, year fiscal.Year) error {
	q := projections.Query{Year: year, By: projections.ByUnit, AsOf: projections.AsOf{Date: dayIn(year, m.today)}}
	byUnit, err := s.config.Reader.Execution(ctx, q)
	if err != nil {
		return err
	}
	q.By = projections.ByProject
	byProject, err := s.config.Reader.Execution(ctx, q)
	if err != nil {
		return err
	}
	projects, err := s.config.Reader.Projects(ctx, year)
	if err != nil {
		return err
	}
	m.addYear(year, byUnit, byProject, projects)
	return nil
}

// dayIn is today, or the year's last day once it is over: the day that pages and
// /v1/lagging judge a year by.
func dayIn(year fiscal.Year, today fiscal.Date) fiscal.Date {
	if last := year.Last(); today.Compare(last) > 0 {
		return last
	}
	return today
}

// Describe makes Subject a collector.
func (s *Subject) Describe(out chan<- *prometheus.Desc) {
	s.families.describe(out)
	out <- s.age
	s.failures.Describe(out)
}

// Collect makes Subject a collector; it reads memory only.
func (s *Subject) Collect(out chan<- prometheus.Metric) {
	for _, figure := range *s.figures.Load() {
		out <- figure
	}
	age := s.config.Now().Sub(*s.refreshed.Load())
	out <- prometheus.MustNewConstMetric(s.age, prometheus.GaugeValue, age.Seconds())
	s.failures.Collect(out)
}
