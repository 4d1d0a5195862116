package projections_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/projections"
)

// viewKeys are the views for other people's tools, and their key columns.
var viewKeys = map[projections.By]string{
	projections.ByLine: "line", projections.ByProject: "project", projections.ByUnit: "unit", projections.ByFund: "fund",
	projections.BySource: "source", projections.ByFunction: "function_class", projections.ByEconomic: "economic_class",
	projections.ByMonth: "to_char(month, 'YYYY-MM')",
}

// sameView compares the views of a schema with Execution.
func sameView(t failer, db *database, schema string, store projections.Reader) {
	t.Helper()
	for by, key := range viewKeys {
		report, err := store.Execution(background, projections.Query{Year: 2023, By: by})
		if err != nil {
			t.Fatalf("%v", err)
		}
		var want []string
		for _, row := range report.Rows {
			f := row.Figures
			want = append(want, fmt.Sprintf("%s %d %d %d %d %d %d %s %s %s %s %s %s", row.Key,
				f.Initial, f.FullYear, f.Frozen, f.Committed, f.Executed, f.Available,
				f.Initial, f.FullYear, f.Frozen, f.Committed, f.Executed, f.Available))
		}
		got := db.query(`SELECT concat_ws(' ', ` + key + `, initial_fen, full_year_fen, frozen_fen, committed_fen, executed_fen, available_fen,
			initial_yuan, full_year_yuan, frozen_yuan, committed_yuan, executed_yuan, available_yuan)
			FROM ` + schema + `.execution_by_` + string(by) + ` WHERE year = 2023 ORDER BY ` + key)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("view by %s (−Execution +view):\n%s", by, diff)
		}
	}
}

func TestViewsSayWhatReportsSay(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	project(t, store, scenario(t).log)
	sameView(t, db, schema, store)
}

func TestViewsGiveRates(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	l := scenario(t)
	l.post(t, "budget.allocated", "L5", object{"amount": "7.00", "date": "2023-12-01", "document": "1"})
	l.post(t, "disbursement.paid", "L5", object{"amount": "2.00", "date": "2023-12-02", "document": "1"})
	project(t, store, l.log)
	got := db.query("SELECT concat_ws(' ', line, round(rate_percent, 6), round(rate_initial_percent, 6)) FROM " + schema + ".execution_by_line WHERE year = 2023 ORDER BY line")
	// L1: 448600 paid less 1400 and 5000 elsewhere, of 850000, of 800000; L2 has no initial budget.
	want := []string{"L1 52.941176 56.250000", "L2 0.000000", "L3 6.250000 10.000000", "L4 2.999999 2.499998", "L5 28.571429 28.571429"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const viewsDoc = "../docs/sql-views.md"

const viewsDocTop = `# SQL views

Your own tools (a BI tool, a spreadsheet, Grafana) may read these views of the schema ` + "`outturn`" + `. Their names and columns are
stable; everything else in the schema may change with any version. This page is made from the comments in the database
(` + "`go test ./projections -update`" + `).

Amounts stand beside each other in fen (whole numbers, exact to add) and in yuan. Rates are percentages that are not rounded
for print: a printed rate is rounded once, by the rule that its form states. Where there is no budget to divide by, the rate
is null: 不适用.

All views of one statement stand at the same event of the log. A rebuild replaces the schema, so grant by default privileges,
which outlive it:

` + "```sql" + `
-- as the role that Outturn connects with
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO bi;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO bi;
-- and once for what is there already
GRANT USAGE ON SCHEMA outturn TO bi;
GRANT SELECT ON ALL TABLES IN SCHEMA outturn TO bi;
` + "```" + `
`

// describeViews writes the documentation of all views from their comments.
func describeViews(t *testing.T, db *database, schema string) string {
	t.Helper()
	out := []string{viewsDocTop}
	for _, view := range db.query("SELECT relname::text FROM pg_class WHERE relkind = 'v' AND relnamespace = $1::regnamespace ORDER BY 1", schema) {
		says := db.query("SELECT obj_description(format('%I.%I', $1::text, $2::text)::regclass)", schema, view)[0]
		out = append(out, fmt.Sprintf("## %s\n\n%s\n\n| column | type | what |\n|---|---|---|", view, says))
		out = append(out, db.query(`SELECT format('| %s | %s | %s |', '`+"`'||attname||'`"+`', format_type(atttypid, atttypmod), col_description(attrelid, attnum))
			FROM pg_attribute WHERE attrelid = format('%I.%I', $1::text, $2::text)::regclass AND attnum > 0 ORDER BY attnum`, schema, view)...)
		out = append(out, "")
	}
	return strings.Join(out, "\n")
}

func TestViewsAreDocumented(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	_, schema := db.fresh()
	want := describeViews(t, db, schema)
	if *update {
		if err := os.WriteFile(filepath.FromSlash(viewsDoc), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.FromSlash(viewsDoc))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s does not describe the views; run: go test ./projections -update\n%s", viewsDoc, diff)
	}
	for line := range strings.Lines(want) {
		if strings.HasPrefix(line, "| `") && strings.HasSuffix(strings.TrimSpace(line), "|  |") {
			t.Errorf("a column without a comment: %s", line)
		}
	}
	for by := range viewKeys {
		if !slices.Contains(strings.Split(want, "\n"), "## execution_by_"+string(by)) {
			t.Errorf("there is no view by %s", by)
		}
	}
}
