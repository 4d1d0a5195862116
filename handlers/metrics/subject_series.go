package metrics

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// families are the metrics of a [Subject]. Those of alerts as cases, such as the
// number of open ones by rule, belong beside them.
type families struct {
	current, progress, leftOut *prometheus.Desc
	year, unit, project        family
	unitStatus, projectStatus  *prometheus.Desc
}

// family are the figures of one kind of row.
type family struct{ initial, fullYear, executed, available, ratio, gap *prometheus.Desc }

func newFamilies() families {
	unit, project := []string{"year", "unit"}, []string{"year", "project", "unit", "kind"}
	return families{
		current:  prometheus.NewDesc("outturn_year_current", "1 for the fiscal year that today lies in, 0 for others that have figures here.", []string{"year"}, nil),
		progress: prometheus.NewDesc("outturn_year_time_progress_ratio", "Share of the year that has passed, by month (序时进度).", []string{"year"}, nil),
		leftOut:  prometheus.NewDesc("outturn_subject_left_out", "Rows without series of their own because there are too many: those with the smallest full-year budgets.", []string{"year", "by"}, nil),
		year:     newFamily("year", "all lines of the year", []string{"year"}),
		unit:     newFamily("unit", "a unit's own lines, without the units under it", unit),
		project:  newFamily("project", "a project or basic expenditure", project),
		unitStatus: prometheus.NewDesc("outturn_unit_status", "1 for the status that a unit's execution has: far_behind, behind, watch, on_pace, over or none.",
			append(unit, "name", "status"), nil),
		projectStatus: prometheus.NewDesc("outturn_project_status", "1 for the status that a project's execution has: far_behind, behind, watch, on_pace, over or none.",
			append(project, "name", "status"), nil),
	}
}

func newFamily(of, meaning string, labels []string) family {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("outturn_"+of+"_"+name, fmt.Sprintf(help, meaning), labels, nil)
	}
	return family{
		initial:   desc("initial_yuan", "Initial budget of %s (年初预算数)."),
		fullYear:  desc("full_year_yuan", "Full-year budget of %s (全年预算数)."),
		executed:  desc("executed_yuan", "Executed, which is paid less refunded, of %s (执行数)."),
		available: desc("available_yuan", "Available balance of %s (可用余额)."),
		ratio:     desc("execution_ratio", "Executed / full-year budget of %s (执行率); no sample without a budget."),
		gap:       desc("gap_points", "Execution rate of %s less the progress that its pace rule expects, in percentage points, negative when behind; no sample without a budget."),
	}
}

func (f families) describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{f.current, f.progress, f.leftOut, f.unitStatus, f.projectStatus} {
		out <- desc
	}
	for _, one := range []family{f.year, f.unit, f.project} {
		for _, desc := range []*prometheus.Desc{one.initial, one.fullYear, one.executed, one.available, one.ratio, one.gap} {
			out <- desc
		}
	}
}

// measurement gathers what a reading finds.
type measurement struct {
	families
	rule  func(pace.Covered, events.UnitID) pace.Rule
	today fiscal.Date
	units map[string]budget.Unit
	out   []prometheus.Metric
}

func (m *measurement) addYear(year fiscal.Year, byUnit, byProject projections.Report, projects []budget.Project) {
	label, current := strconv.Itoa(int(year)), 0.0
	if year == m.today.Year {
		current = 1
	}
	inAll := m.stand(year, byUnit.Total, pace.Proportional())
	m.add(m.current, current, label)
	m.add(m.progress, float(inAll.Progress), label)
	m.addFigures(m.year, inAll, label)

	for _, row := range m.largest(byUnit.Rows, MaxSubjectUnits, label, "unit") {
		unit := m.units[row.Key]
		rule := m.rule(pace.Covered{}, unit.ID)
		standing := m.stand(year, row.Figures, rule)
		m.addFigures(m.unit, standing, label, row.Key)
		m.add(m.unitStatus, 1, label, row.Key, string(unit.Name), string(standing.Status(rule)))
	}
	registered := map[string]budget.Project{}
	for _, project := range projects {
		registered[string(project.Key.ID)] = project
	}
	for _, row := range m.largest(byProject.Rows, MaxSubjectProjects, label, "project") {
		project := registered[row.Key]
		rule := m.rule(pace.Covered{Project: project.Key.ID, Kind: project.Kind}, project.Unit)
		standing := m.stand(year, row.Figures, rule)
		labels := []string{label, row.Key, string(project.Unit), string(project.Kind)}
		m.addFigures(m.project, standing, labels...)
		m.add(m.projectStatus, 1, append(labels, string(project.Name), string(standing.Status(rule)))...)
	}
}

// stand is how figures stand by a rule's curve. A curve that follows a use plan
// counts months here: plans are not read for Prometheus, and neither are the days
// without a payment, so nothing counts as stalled.
func (m *measurement) stand(year fiscal.Year, figures budget.Figures, rule pace.Rule) pace.Standing {
	return pace.Standing{Figures: figures, Progress: rule.Curve.Progress(year, dayIn(year, m.today), nil)}
}

// largest are the rows with the largest full-year budgets; it tells how many
// others there are.
func (m *measurement) largest(rows []projections.Row, limit int, year, by string) []projections.Row {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b projections.Row) int {
		return cmp.Or(cmp.Compare(b.Figures.FullYear, a.Figures.FullYear), cmp.Compare(a.Key, b.Key))
	})
	rest := max(0, len(rows)-limit)
	m.add(m.leftOut, float64(rest), year, by)
	return rows[:len(rows)-rest]
}

func (m *measurement) addFigures(f family, s pace.Standing, labels ...string) {
	m.add(f.initial, yuan(s.Figures.Initial), labels...)
	m.add(f.fullYear, yuan(s.Figures.FullYear), labels...)
	m.add(f.executed, yuan(s.Figures.Executed), labels...)
	m.add(f.available, yuan(s.Figures.Available), labels...)
	if s.Rated() {
		m.add(f.ratio, float(s.Figures.Rate().Rat()), labels...)
		m.add(f.gap, float(s.Gap()), labels...)
	}
}

func (m *measurement) add(desc *prometheus.Desc, value float64, labels ...string) {
	m.out = append(m.out, prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...))
}

// yuan leaves exact fen for a float: Prometheus knows nothing else, so money may
// be one here, at its edge, and nowhere before. A float64 still tells fen apart
// up to 45 trillion yuan (2^52 fen).
func yuan(a money.Amount) float64 { return float64(a) / 100 }

// float leaves an exact fraction for the nearest float, for the same reason.
func float(exact *big.Rat) float64 {
	nearest, _ := exact.Float64()
	return nearest
}
