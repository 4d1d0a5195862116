package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/metrics"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// books are a projection in memory.
type books struct {
	mu       sync.Mutex
	sequence uint64
	years    []fiscal.Year
	units    []budget.Unit
	projects []budget.Project
	rows     map[projections.By][]projections.Row
	fault    error
	asked    []projections.Query
}

func (b *books) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *books) Position(context.Context) (uint64, time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sequence, time.Time{}, b.fault
}

func (b *books) Years(context.Context) ([]fiscal.Year, error) { return b.years, nil }

func (b *books) Units(context.Context) ([]budget.Unit, error) { return b.units, nil }

func (b *books) Projects(context.Context, fiscal.Year) ([]budget.Project, error) {
	return b.projects, nil
}

func (b *books) Execution(_ context.Context, q projections.Query) (projections.Report, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, q)
	report := projections.Report{Query: q, Rows: b.rows[q.By]}
	for _, row := range report.Rows {
		report.Total.Initial += row.Figures.Initial
		report.Total.FullYear += row.Figures.FullYear
		report.Total.Executed += row.Figures.Executed
		report.Total.Available += row.Figures.Available
	}
	return report, nil
}

// bureau has two projects of one unit: training far behind, and one without a
// budget.
func bureau() *books {
	training := budget.Figures{Initial: 80_000_00, FullYear: 80_000_00, Executed: 34_283_33, Available: 45_716_67}
	return &books{
		sequence: 1, years: []fiscal.Year{2024, 2023, 2022, 2021},
		units:    []budget.Unit{{ID: "U1", Name: "市工信局"}},
		projects: []budget.Project{{Key: budget.ProjectKey{ID: "P1"}, Unit: "U1", Name: "培训\"费\"", Kind: events.KindProject}},
		rows: map[projections.By][]projections.Row{
			projections.ByUnit:    {{Key: "U1", Figures: training}},
			projections.ByProject: {{Key: "P1", Figures: training}, {Key: "P2"}},
		},
	}
}

// october is a day in 2023 in China, though not yet in Greenwich.
var october = time.Date(2023, 9, 30, 17, 0, 0, 0, time.UTC)

func figuresOf(b *books, now func() time.Time) *metrics.Subject {
	return metrics.NewSubject(metrics.SubjectConfig{Reader: b, Now: now, Logger: slog.New(slog.DiscardHandler)})
}

func read(t *testing.T, s *metrics.Subject) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics/execution", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// refreshed runs the collector until it has read once. It must be called in a
// bubble of synctest.
func refreshed(t *testing.T, s *metrics.Subject) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	}
}

func expect(t *testing.T, said string, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if !strings.Contains(said, want+"\n") {
			t.Errorf("Prometheus is not told %s", want)
		}
	}
}

func TestSubjectTellsHowTheBudgetIsExecuted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bureau()
		s := figuresOf(b, func() time.Time { return october })
		defer refreshed(t, s)()
		said := read(t, s)
		expect(t, said,
			`outturn_year_current{year="2023"} 1`,
			`outturn_year_current{year="2022"} 0`,
			`outturn_year_time_progress_ratio{year="2023"} 0.8333333333333334`,
			`outturn_year_time_progress_ratio{year="2022"} 1`,
			`outturn_year_full_year_yuan{year="2023"} 80000`,
			`outturn_unit_executed_yuan{unit="U1",year="2023"} 34283.33`,
			`outturn_unit_status{name="市工信局",status="far_behind",unit="U1",year="2023"} 1`,
			`outturn_project_initial_yuan{kind="project",project="P1",unit="U1",year="2023"} 80000`,
			`outturn_project_executed_yuan{kind="project",project="P1",unit="U1",year="2023"} 34283.33`,
			`outturn_project_available_yuan{kind="project",project="P1",unit="U1",year="2023"} 45716.67`,
			`outturn_project_execution_ratio{kind="project",project="P1",unit="U1",year="2023"} 0.428541625`,
			`outturn_project_gap_points{kind="project",project="P1",unit="U1",year="2023"} -40.479170833333335`,
			`outturn_project_status{kind="project",name="培训\"费\"",project="P1",status="far_behind",unit="U1",year="2023"} 1`,
			`outturn_project_status{kind="",name="",project="P2",status="none",unit="",year="2023"} 1`,
			`outturn_subject_left_out{by="project",year="2023"} 0`,
			`outturn_subject_refresh_errors_total 0`,
		)
		for _, unwanted := range []string{`year="2024"`, `year="2021"`, `outturn_project_gap_points{kind="",`, `outturn_project_execution_ratio{kind="",`} {
			if strings.Contains(said, unwanted) {
				t.Errorf("Prometheus is told of %s", unwanted)
			}
		}
		var days []string
		for _, q := range b.asked {
			days = append(days, fmt.Sprint(q.Year, " by ", q.By, " on ", q.AsOf.Date))
		}
		want := []string{"2023 by unit on 2023-10-01", "2023 by project on 2023-10-01", "2022 by unit on 2022-12-31", "2022 by project on 2022-12-31"}
		if diff := cmp.Diff(want, days); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	})
}

func TestSubjectJudgesByTheRuleThatHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		s := metrics.NewSubject(metrics.SubjectConfig{
			Reader: bureau(), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return october.AddDate(0, -2, 0) },
			Rule: func(c pace.Covered, unit events.UnitID) pace.Rule {
				asked = append(asked, fmt.Sprint(unit, c))
				return pace.Sets()[1] // 40 % by the end of June
			},
		})
		defer refreshed(t, s)()
		expect(t, read(t, s),
			`outturn_project_gap_points{kind="project",project="P1",unit="U1",year="2023"} 2.8541625`,
			`outturn_project_status{kind="project",name="培训\"费\"",project="P1",status="on_pace",unit="U1",year="2023"} 1`,
			`outturn_unit_status{name="市工信局",status="on_pace",unit="U1",year="2023"} 1`)
		if want := []string{"U1{  }", "U1{P1 project }", "{  }"}; !slices.Equal(asked[:3], want) {
			t.Errorf("asked for the rules of %q; want %q", asked[:3], want)
		}
	})
}

func TestSubjectReadsOnlyWhatCanHaveChanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, began := bureau(), time.Now()
		now := func() time.Time { return october.Add(time.Since(began)) }
		s := figuresOf(b, now)
		defer refreshed(t, s)()
		const reading = 4 // reports: two years, by unit and by project
		asked := func() (n int) { b.set(func() { n = len(b.asked) }); return n }
		pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() }

		pass(time.Hour)
		read(t, s)
		if asked() != reading {
			t.Errorf("%d reports though nothing moved", asked())
		}
		expect(t, read(t, s), "outturn_subject_refresh_age_seconds 0")
		b.set(func() { b.sequence++ })
		pass(metrics.DefaultSubjectEvery)
		if asked() != 2*reading {
			t.Errorf("%d reports after an event; want %d", asked(), 2*reading)
		}
		pass(24 * time.Hour)
		if asked() != 3*reading {
			t.Errorf("%d reports after a day; want %d", asked(), 3*reading)
		}
	})
}

func TestSubjectServesOldFiguresOnWithTheirAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, began := bureau(), time.Now()
		s := figuresOf(b, func() time.Time { return october.Add(time.Since(began)) })
		defer refreshed(t, s)()
		b.set(func() { b.fault = projections.ErrUnavailable })
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		expect(t, read(t, s), "outturn_subject_refresh_age_seconds 300", "outturn_subject_refresh_errors_total 10",
			`outturn_unit_executed_yuan{unit="U1",year="2023"} 34283.33`)
		b.set(func() { b.fault = nil })
		time.Sleep(metrics.DefaultSubjectEvery)
		synctest.Wait()
		expect(t, read(t, s), "outturn_subject_refresh_age_seconds 0", "outturn_subject_refresh_errors_total 10")
	})
}

func TestSubjectBoundsItsSeries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bureau()
		rows := func(n int) []projections.Row {
			all := make([]projections.Row, n)
			for i := range all {
				all[i] = projections.Row{Key: "K" + strconv.Itoa(i), Figures: budget.Figures{FullYear: money.Amount(i + 1), Executed: 1}}
			}
			return all
		}
		b.rows = map[projections.By][]projections.Row{
			projections.ByUnit: rows(metrics.MaxSubjectUnits + 1), projections.ByProject: rows(metrics.MaxSubjectProjects + 20),
		}
		s := figuresOf(b, func() time.Time { return october })
		defer refreshed(t, s)()
		said := read(t, s)
		expect(t, said,
			`outturn_subject_left_out{by="unit",year="2023"} 1`, `outturn_subject_left_out{by="project",year="2023"} 20`,
			`outturn_unit_executed_yuan{unit="K1",year="2023"} 0.01`, `outturn_project_executed_yuan{kind="",project="K20",unit="",year="2022"} 0.01`)
		for _, unwanted := range []string{`unit="K0"`, `project="K19"`} {
			if strings.Contains(said, unwanted) {
				t.Errorf("%s has a smaller budget than all that have series", unwanted)
			}
		}
		series := 0
		for line := range strings.Lines(said) {
			if !strings.HasPrefix(line, "#") {
				series++
			}
		}
		const want = 21_022 // what the package says
		if series != want {
			t.Errorf("%d series at the bound; want %d", series, want)
		}
	})
}

func TestSubjectIsSilentBeforeThereAreLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := figuresOf(&books{}, func() time.Time { return october })
		defer refreshed(t, s)()
		if said := read(t, s); strings.Contains(said, "outturn_year") || !strings.Contains(said, "outturn_subject_refresh_age_seconds 0\n") {
			t.Errorf("of nothing Prometheus is told:\n%s", said)
		}
	})
}

func TestSubjectKeepsToTheCustomsOfPrometheus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := figuresOf(bureau(), func() time.Time { return october })
		defer refreshed(t, s)()
		problems, err := promlint.New(strings.NewReader(read(t, s))).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range problems {
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
	})
}

const monitoringFile = "../../docs/monitoring.md"

func TestEveryFigureIsInItsDocument(t *testing.T) {
	t.Parallel()
	var said string
	synctest.Test(t, func(t *testing.T) {
		s := figuresOf(bureau(), func() time.Time { return october })
		defer refreshed(t, s)()
		said = read(t, s)
	})
	table := "| metric | type | labels | meaning |\n|---|---|---|---|\n"
	for _, found := range own.FindAllStringSubmatch(said, -1) {
		table += fmt.Sprintf("| `%s` | %s | %s | %s |\n", found[1], found[3], labels(found[4]), found[2])
	}
	doc, err := os.ReadFile(monitoringFile)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin figures -->\n", "<!-- end figures -->"
	head, rest, begun := strings.Cut(string(doc), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !begun || !ended {
		t.Fatalf("%s does not have its marks %q and %q", monitoringFile, begin, end)
	}
	want := head + begin + table + end + tail
	if *update {
		if err := os.WriteFile(monitoringFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(doc) {
		t.Errorf("%s is not in step with the figures; run this test with -update", monitoringFile)
	}
}
