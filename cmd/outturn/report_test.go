package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/projections/pace"
)

// reportOf2023 is the table of money of the published report (万元): the figures
// as its forms print them, the rates rounded half up from the exact fraction.
var reportOf2023 = []struct{ key, initial, fullYear, executed, rate string }{
	{"yueyang-2023-01", "155", "26.89", "26.89", "100.00"},
	{"yueyang-2023-02", "0", "13.16", "13.16", "100.00"},
	{"yueyang-2023-03", "0", "15.97", "15.97", "100.00"},
	{"yueyang-2023-04", "0", "80", "41.14", "51.43"}, // an exact tie: 51.425 %
	{"yueyang-2023-05", "0", "9.05", "9.05", "100.00"},
	{"yueyang-2023-06", "280", "6.36", "6.36", "100.00"},
	{"yueyang-2023-07", "0", "3.2", "3.2", "100.00"},
	{"yueyang-2023-08", "0", "42.01", "42.01", "100.00"},
	{"yueyang-2023-09", "0", "18.45", "18.45", "100.00"},
	{"yueyang-2023-10", "0", "130.09", "130.09", "100.00"},
	{"yueyang-2023-11", "197", "19.96", "19.96", "100.00"},
	{"yueyang-2023-12", "65", "26.9", "26.9", "100.00"},
	{"yueyang-2023-13", "180", "39", "39", "100.00"},
	{"yueyang-2023-14", "0", "238.04", "238.04", "100.00"},
	{"yueyang-2023-15", "126", "139.98", "124.51", "88.95"},
	{"yueyang-2023-basic", "952.93", "2197.55", "2197.55", "100.00"},
	{"yueyang-2023-unlisted", "0", "364.98", "364.98", "100.00"},
}

// execution is an execution report as a client reads it.
type execution struct {
	Through uint64 `json:"through_sequence"`
	Rows    []row  `json:"rows"`
	Total   row    `json:"total"`
}

type row struct {
	Key         string  `json:"key"`
	Name        string  `json:"name"`
	Initial     string  `json:"initial"`
	FullYear    string  `json:"full_year"`
	Executed    string  `json:"executed"`
	Rate        *string `json:"rate"`
	RateInitial *string `json:"rate_initial"`
}

func (p *program) execution(query string) execution {
	p.t.Helper()
	var e execution
	if err := json.Unmarshal(p.get("/v1/execution?"+query), &e); err != nil {
		p.t.Fatal(err)
	}
	return e
}

// wantReport compares the year with the published table.
func (p *program) wantReport() {
	p.t.Helper()
	got := p.execution("year=2023&by=project")
	if len(got.Rows) != len(reportOf2023) {
		p.t.Fatalf("%d projects; want %d", len(got.Rows), len(reportOf2023))
	}
	for i, want := range reportOf2023 {
		printed := [5]string{got.Rows[i].Key, got.Rows[i].Initial, got.Rows[i].FullYear, got.Rows[i].Executed, *got.Rows[i].Rate}
		expected := [5]string{want.key, yuan(want.initial), yuan(want.fullYear), yuan(want.executed), want.rate}
		if printed != expected {
			p.t.Errorf("%s: %v; want %v", got.Rows[i].Name, printed, expected)
		}
	}
	total := [4]string{got.Total.Initial, got.Total.FullYear, got.Total.Executed, *got.Total.RateInitial}
	if want := [4]string{yuan("1955.93"), yuan("3371.59"), yuan("3317.26"), "169.60"}; total != want {
		p.t.Errorf("total %v; want %v", total, want)
	}
}

// TestTheReportOf2023 follows the report through everything that must not
// change it: a power cut, a rebuild beside the running server, one while it is
// stopped, and the same file once more.
func TestTheReportOf2023(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	server := startDev(t, data)
	server.wantReport()
	before := server.get("/v1/execution?year=2023&by=line")

	server.kill()
	server = startDev(t, data)
	server.wantReport()

	outturn(t, exitFine, "rebuild", "--data", data)
	server.wantReport()

	var posted posted
	printed := outturn(t, exitFine, "post", example(t), "--data", data, "--json")
	if err := json.Unmarshal([]byte(printed), &posted); err != nil {
		t.Fatal(err)
	}
	if events := countLines(t, example(t)); posted.Duplicates != events || posted.Accepted != 0 || posted.Rejected != 0 {
		t.Errorf("the second time: %+v; want %d duplicates", posted, events)
	}
	server.wantReport()

	server.stop()
	outturn(t, exitFine, "rebuild", "--data", data)
	server = startDev(t, data)
	server.wantReport()
	if diff := cmp.Diff(string(before), string(server.get("/v1/execution?year=2023&by=line"))); diff != "" {
		t.Errorf("after all of it, by line (-before +after):\n%s", diff)
	}
	server.stop()
}

func countLines(t *testing.T, file string) int {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return len(linesOf(raw))
}

// TestEveryCutAddsUp: whatever the rows are, they add up to the same year.
func TestEveryCutAddsUp(t *testing.T) {
	t.Parallel()
	server := startDev(t, t.TempDir())
	for _, by := range []string{"line", "project", "unit", "fund", "source", "function", "economic", "month"} {
		got := server.execution("year=2023&by=" + by)
		if got.Total.Executed != yuan("3317.26") || got.Total.FullYear != yuan("3371.59") {
			t.Errorf("by %s: executed %s of %s", by, got.Total.Executed, got.Total.FullYear)
		}
	}
	october := server.execution("year=2023&by=project&as_of=2023-10-31")
	for _, project := range october.Rows {
		want := map[string]string{"yueyang-2023-04": "42.85", "yueyang-2023-15": "75.79"}[project.Key]
		if want == "" {
			want = "83.33" // 10/12 of the year's payments, cut to the fen
		}
		if *project.Rate != want {
			t.Errorf("%s on 2023-10-31: %s %%; want %s", project.Key, *project.Rate, want)
		}
	}
	source := server.execution("year=2023&by=source")
	want := map[string]string{"carryover": yuan("13.98"), "other": yuan("238.04"), "current_appropriation": yuan("3065.24")}
	for _, r := range source.Rows {
		if r.Executed != want[r.Key] {
			t.Errorf("source %s executed %s; want %s", r.Key, r.Executed, want[r.Key])
		}
	}
}

// TestWhoWasBehindInOctober: training and radio are the worst, and what is fine
// against the full-year budget stands beside its rate against the initial one.
func TestWhoWasBehindInOctober(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	server := startDev(t, data)
	var lagging api.LaggingAnswer
	if err := json.Unmarshal([]byte(outturn(t, exitWrong, "lagging", "2023", "--as-of", "2023-10-31", "--data", data, "--json")), &lagging); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		key, gap string
		status   pace.Status
	}{{"yueyang-2023-04", "-40.48", pace.FarBehind}, {"yueyang-2023-15", "-7.55", pace.Behind}} {
		row := lagging.Rows[i]
		if row.Key != want.key || *row.GapPoints != want.gap || row.Status != want.status {
			t.Errorf("row %d is %s at %s, %s; want %v", i, row.Key, *row.GapPoints, row.Status, want)
		}
	}
	if printed := outturn(t, exitWrong, "lagging", "2023", "--as-of", "2023-10-31", "--data", data); !strings.Contains(printed, "■   -40.48") {
		t.Errorf("the table does not show the worst line:\n%s", printed)
	}
	outturn(t, exitFine, "lagging", "2023", "--as-of", "2023-10-31", "--unit", "YYGX-RADIO", "--data", data)

	// The guiding fund: fully executed against what was left of it, 2 to 41 %
	// against what was budgeted in January.
	year := server.execution("year=2023&by=project")
	for key, want := range map[string]string{
		"yueyang-2023-06": "2.27", "yueyang-2023-11": "10.13", "yueyang-2023-01": "17.35", "yueyang-2023-13": "21.67", "yueyang-2023-12": "41.38",
	} {
		for _, row := range year.Rows {
			if row.Key == key && (*row.Rate != "100.00" || *row.RateInitial != want) {
				t.Errorf("%s: %s %% of the full-year budget, %s %% of the initial; want 100.00 and %s", key, *row.Rate, *row.RateInitial, want)
			}
		}
	}
}
