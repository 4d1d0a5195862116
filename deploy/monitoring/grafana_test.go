package monitoring_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/projections/pace"
)

// The data sources' types.
const (
	postgresType   = "grafana-postgresql-datasource"
	prometheusType = "prometheus"
)

// dashboard is what the tests look at in a dashboard's file.
type dashboard struct {
	UID, Title, Description string
	Panels                  []panel
	Templating              struct{ List []variable }
	Links                   []struct{ URL string }
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	FieldConfig              struct {
		Defaults struct {
			Unit       string
			Thresholds struct{ Steps []struct{ Value *float64 } }
		}
	}
	Targets []target
}

type target struct {
	RefID        string
	Datasource   source
	Expr, RawSQL string
}

type source struct{ Type, UID string }

type variable struct {
	Name, Type, Definition string
	Multi                  bool
	Datasource             source
}

func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	all := map[string]dashboard{}
	for _, path := range glob(t, grafanaDir+"/dashboards/*.json") {
		var d dashboard
		if err := json.Unmarshal([]byte(readFile(t, path)), &d); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all[filepath.Base(path)] = d
	}
	return all
}

func TestPanelsSayWhatTheyShow(t *testing.T) {
	t.Parallel()
	bilingual := regexp.MustCompile(`\p{Han}.*[A-Za-z]`)
	for file, d := range dashboards(t) {
		ids := map[int]string{}
		for _, p := range d.Panels {
			if other, taken := ids[p.ID]; taken {
				t.Errorf("%s: %s has the id of %s", file, p.Title, other)
			}
			ids[p.ID] = p.Title
			if !bilingual.MatchString(p.Title) {
				t.Errorf("%s: the title %q is not in both languages", file, p.Title)
			}
			if p.Type == "row" {
				continue
			}
			if !bilingual.MatchString(p.Description) {
				t.Errorf("%s: %s has no description in both languages", file, p.Title)
			}
			if p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
				t.Errorf("%s: %s lacks a unit or a query", file, p.Title)
			}
		}
	}
}

func TestPanelsDoNotCoverEachOther(t *testing.T) {
	t.Parallel()
	const columns = 24
	for file, d := range dashboards(t) {
		for i, p := range d.Panels {
			a := p.GridPos
			if a.X+a.W > columns || a.W*a.H == 0 {
				t.Errorf("%s: %s does not fit", file, p.Title)
			}
			for _, other := range d.Panels[:i] {
				b := other.GridPos
				if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					t.Errorf("%s: %s covers %s", file, p.Title, other.Title)
				}
			}
		}
	}
}

func TestGapsAreColouredByTheThresholdsOfTheProgram(t *testing.T) {
	t.Parallel()
	set, found := pace.Proportional(), 0
	watch, _ := set.Watch.Float64()
	behind, _ := set.Behind.Float64()
	want := []float64{-behind, -watch, 0}
	for file, d := range dashboards(t) {
		for _, p := range d.Panels {
			if p.FieldConfig.Defaults.Unit != "suffix:个百分点" {
				continue
			}
			found++
			var steps []float64
			for _, step := range p.FieldConfig.Defaults.Thresholds.Steps {
				if step.Value != nil {
					steps = append(steps, *step.Value)
				}
			}
			if diff := cmp.Diff(want, steps); diff != "" {
				t.Errorf("%s: thresholds of %s (-want +got):\n%s", file, p.Title, diff)
			}
		}
	}
	if found == 0 {
		t.Error("no panel shows a gap")
	}
}

func TestDashboardsReadWhatIsProvisioned(t *testing.T) {
	t.Parallel()
	sources := readFile(t, grafanaDir+"/provisioning/datasources/outturn.yml")
	provisioned := func(s source) bool {
		return regexp.MustCompile(`uid: ` + s.UID + `\n +type: ` + s.Type + `\n`).MatchString(sources)
	}
	all := dashboards(t)
	for file, d := range all {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				if !provisioned(target.Datasource) {
					t.Errorf("%s: %s reads %v, which is not provisioned", file, p.Title, target.Datasource)
				}
			}
		}
		for _, v := range d.Templating.List {
			if v.Type == "query" && !provisioned(v.Datasource) {
				t.Errorf("%s: variable %s reads %v, which is not provisioned", file, v.Name, v.Datasource)
			}
		}
		for _, link := range d.Links {
			if !slices.ContainsFunc([]string{"execution.json", "operations.json"}, func(to string) bool { return link.URL == "/d/"+all[to].UID }) {
				t.Errorf("%s links to %s, which is no dashboard of ours", file, link.URL)
			}
		}
	}
}

// TestMonitoringOfTheYear2023 runs everything over the example: it starts one
// Postgres database and one Prometheus.
func TestMonitoringOfTheYear2023(t *testing.T) {
	t.Parallel()
	p := start(t)
	served := p.catalogue(t)
	t.Run("a metric that is not served is found", func(t *testing.T) {
		got := served.unserved(`sum(rate(outturn_gone_total[5m])) / up{a="outturn_quoted"} + a:b:c + go_goroutines + d:e`, map[string]bool{"d:e": true})
		if diff := cmp.Diff([]string{"outturn_gone_total", "a:b:c"}, got); diff != "" {
			t.Errorf("unserved (-want +got):\n%s", diff)
		}
	})
	t.Run("rules name what is served", served.onlyServed)
	t.Run("promtool accepts what is served", func(t *testing.T) { lint(t, p.scrape(t)) })

	prometheus, conn := p.scrapes(t), reportingRole(t, p.dsn)
	prometheus.rulesHold(t)
	t.Run("the projects that are far behind in October are found", func(t *testing.T) {
		want := []string{"岳阳市九大重点产业链高质量发展赋能培训班"}
		if diff := cmp.Diff(want, prometheus.pending(t, "OutturnProjectFarBehind", "name")); diff != "" {
			t.Errorf("projects (-want +got):\n%s", diff)
		}
	})
	for file, d := range dashboards(t) {
		t.Run(file, func(t *testing.T) {
			chosen := map[string][]string{}
			for _, v := range d.Templating.List {
				if v.Type == "query" {
					chosen[v.Name] = values(t, v, chosen, prometheus, conn)
				}
			}
			for _, panel := range d.Panels {
				for _, target := range panel.Targets {
					if err := rows(t, target, chosen, prometheus, conn); err != nil {
						t.Errorf("%s, query %s: %v", panel.Title, target.RefID, err)
					}
					for _, name := range served.unserved(target.Expr, recorded(t)) {
						t.Errorf("%s names %s, which the program does not serve", panel.Title, name)
					}
				}
			}
		})
	}
}

// reportingRole connects as the role that docs/sql-views.md lets read.
func reportingRole(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	grants := regexp.MustCompile("(?s)```sql\n(.*?GRANT.*?)```").FindStringSubmatch(readFile(t, viewsFile))
	if grants == nil {
		t.Fatalf("%s does not say how to grant", viewsFile)
	}
	if _, err := conn.Exec(t.Context(), "CREATE ROLE bi; "+grants[1]+"; SET ROLE bi"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := conn.Exec(context.Background(), "RESET ROLE; DROP OWNED BY bi; DROP ROLE bi"); err != nil {
			t.Error(err)
		}
	})
	return conn
}

var labelValues = regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)

// values are what a variable may be: what its query finds.
func values(t *testing.T, v variable, chosen map[string][]string, prometheus *prometheus, conn *pgx.Conn) (found []string) {
	t.Helper()
	if v.Datasource.Type == postgresType {
		found, err := inPostgres(t, conn, interpolate(v.Definition, chosen))
		if err != nil || len(found) == 0 {
			t.Fatalf("variable %s: %d rows, %v", v.Name, len(found), err)
		}
		if !v.Multi {
			return found[:1]
		}
		return found
	}
	parts := labelValues.FindStringSubmatch(v.Definition)
	if parts == nil {
		t.Fatalf("variable %s: I do not understand %s", v.Name, v.Definition)
	}
	series, err := prometheus.series(t, fmt.Sprintf("group by (%s) (%s)", parts[2], parts[1]))
	if err != nil {
		t.Fatalf("variable %s: %v", v.Name, err)
	}
	for _, one := range series {
		found = append(found, regexp.QuoteMeta(one[parts[2]]))
	}
	return found
}

// interpolate puts in the values of variables as Grafana does: quoted for SQL,
// and as alternatives of a regular expression for PromQL.
func interpolate(query string, chosen map[string][]string) string {
	for name, values := range chosen {
		quoted := make([]string, len(values))
		for i, value := range values {
			quoted[i] = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		query = strings.ReplaceAll(query, "${"+name+":sqlstring}", strings.Join(quoted, ","))
		pattern := strings.Join(values, "|")
		if len(values) > 1 {
			pattern = "(" + pattern + ")"
		}
		query = strings.ReplaceAll(query, "$"+name, strings.ReplaceAll(pattern, `\`, `\\`))
	}
	return query
}

// rows runs a panel's query and demands rows.
func rows(t *testing.T, target target, chosen map[string][]string, prometheus *prometheus, conn *pgx.Conn) error {
	t.Helper()
	switch {
	case target.Datasource.Type == postgresType && target.RawSQL != "":
		query := interpolate(target.RawSQL, chosen)
		found, err := inPostgres(t, conn, query)
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("no rows: %s", query)
		}
		return err
	case target.Datasource.Type == prometheusType && target.Expr != "":
		_, err := prometheus.series(t, interpolate(target.Expr, chosen))
		return err
	}
	return fmt.Errorf("there is no query for %s", target.Datasource.Type)
}

// inPostgres runs a query and returns the first column of its rows, but for rows
// of nothing but nulls.
func inPostgres(t *testing.T, conn *pgx.Conn, query string) (first []string, err error) {
	t.Helper()
	found, err := conn.Query(t.Context(), query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		values, err := found.Values()
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(values, func(value any) bool { return value != nil }) {
			first = append(first, fmt.Sprint(values[0]))
		}
	}
	return first, found.Err()
}
