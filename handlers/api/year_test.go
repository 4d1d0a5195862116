package api_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// department is the unit of the example, departmentForm the id of its form as it
// was printed.
const (
	department     = "YYGX"
	departmentForm = "yueyang-2023-00"
)

// startExample serves the example of 2023 from a real projection.
func startExample(t *testing.T) *server {
	t.Helper()
	s, recorder := startWhole(t)
	submitExample(t, recorder)
	return s
}

// startWhole serves everything that the API has, from a real projection.
func startWhole(t *testing.T) (*server, *commands.Recorder) {
	t.Helper()
	s := &server{t: t, log: &brokenLog{Memory: eventlog.NewMemory()}, closing: make(chan struct{})}
	recorder := s.open()
	quiet := slog.New(slog.DiscardHandler)
	store, err := projections.Open(t.Context(), localtest.Postgres(t), projections.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	projector := projections.NewProjector(store, s.log, projections.ProjectorOptions{Logger: quiet})
	desk := intake.New(intake.Config{Recorder: recorder, Reader: store, Logger: quiet})
	ctx, cancel := context.WithCancel(context.Background())
	done, imported := make(chan error, 1), make(chan error, 1)
	go func() { done <- projector.Run(ctx) }()
	go func() { imported <- desk.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the projector ended with %v", err)
		}
		<-imported
		store.Close()
	})
	sealer := &snapshots.Sealer{Reader: store, Recorder: recorder, Key: signingKey()}
	s.serve(api.Config{Recorder: recorder, Reader: store, Forms: store, Desk: store, Imports: desk, Snapshots: sealer}, func(*http.Server) {})
	return s, recorder
}

// signingKey is the same in all tests.
func signingKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

func submitExample(t *testing.T, recorder *commands.Recorder) {
	t.Helper()
	file, err := examples.Events("yueyang-2023")
	if err != nil {
		t.Fatal(err)
	}
	submission := commands.Submission{By: access.Principal{Name: "finance", Root: true}}
	for line := range bytes.Lines(file) {
		event, err := events.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		submission.Items = append(submission.Items, commands.Item{Event: event})
	}
	results, err := recorder.Submit(t.Context(), submission)
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if result.Status != commands.Accepted {
			t.Fatalf("event %s: %s %v", submission.Items[i].Event.ID, result.Status, result.Refusal)
		}
	}
}

// paper is the report as it was printed, and what an audit finds in it.
type paper struct {
	declared audit.Declared
	findings []audit.Finding
}

func readPaper(t *testing.T) paper {
	t.Helper()
	raw, err := os.ReadFile("../../examples/yueyang-2023/declared-forms.json")
	if err != nil {
		t.Fatal(err)
	}
	declared, err := audit.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return paper{declared, audit.Run(declared, audit.Options{Language: language.English}).Findings}
}

// cell is a place of a form with what the paper prints there.
type cell struct{ name, printed string }

// cellsOf are the money, rates, weights and points of a printed form, in its
// order.
func cellsOf(f audit.Form) []cell {
	var all []cell
	put := func(name string, text audit.Text) { all = append(all, cell{name, text.Printed}) }
	for _, row := range f.Funds {
		put("funds."+row.Row+".initial", row.Initial)
		put("funds."+row.Row+".full_year", row.FullYear)
		put("funds."+row.Row+".executed", row.Executed)
	}
	if f.Income != nil {
		put("income.general_public_budget", f.Income.GeneralPublicBudget)
		put("income.government_fund", f.Income.GovernmentFund)
		put("income.special_account_nontax", f.Income.SpecialAccountNontax)
		put("income.other", f.Income.Other)
	}
	if f.Spending != nil {
		put("spending.basic", f.Spending.Basic)
		put("spending.project", f.Spending.Project)
	}
	put("execution.weight", f.Execution.Weight)
	put("execution.rate", f.Execution.Rate)
	put("execution.score", f.Execution.Score)
	for i, row := range f.Indicators {
		put(fmt.Sprintf("indicators.%d.weight", i), row.Weight)
		put(fmt.Sprintf("indicators.%d.score", i), row.Score)
	}
	put("total.weight", f.Total.Weight)
	put("total.score", f.Total.Score)
	return all
}

// equal compares a printed with a derived text: "0", "0.00" and a blank are the
// same, as are "100%" and "100.00%".
func equal(printed, derived string) bool {
	number := func(text string) *big.Rat {
		text = strings.TrimSuffix(strings.TrimPrefix(text, "[bookmark: _GoBack]"), "%")
		if text == "" {
			return new(big.Rat)
		}
		n, ok := new(big.Rat).SetString(text)
		if !ok {
			return nil
		}
		return n
	}
	p, d := number(printed), number(derived)
	return p != nil && d != nil && p.Cmp(d) == 0
}

// verdict says why a cell differs: the rules that found its place, or else those
// that found a place which it follows from and which differs, too.
func (p paper) verdict(form forms.Form, id, cell string, differs map[string]bool) string {
	if rules := p.at(id, cell); rules != "" {
		return rules
	}
	seen, edge := map[string]bool{cell: true}, []string{cell}
	for len(edge) > 0 {
		var next []string
		for _, under := range edge {
			for _, name := range follows(form, under) {
				if seen[name] || !differs[name] {
					continue
				}
				if rules := p.at(id, name); rules != "" {
					return "follows from `" + name + "`: " + rules
				}
				seen[name], next = true, append(next, name)
			}
		}
		edge = next
	}
	return ""
}

// follows are the cells that a cell follows from: points from the rate, the rate
// from the money, the total from the points, and a weight from the other weights
// of the form, among which that of a row which does not apply is shared.
func follows(form forms.Form, name string) []string {
	switch {
	case name == "execution.score":
		return []string{"execution.rate"}
	case name == "execution.rate":
		return []string{"funds.total.full_year", "funds.total.executed"}
	case strings.HasPrefix(name, "indicators.") && strings.HasSuffix(name, ".score"):
		return []string{strings.TrimSuffix(name, "score") + "weight"}
	case strings.HasPrefix(name, "indicators.") && strings.HasSuffix(name, ".weight"):
		var all []string
		for i := range form.Indicators {
			all = append(all, fmt.Sprintf("indicators.%d.weight", i))
		}
		return all
	}
	return form.Cells[name].Of
}

var inBrackets = regexp.MustCompile(`\[(\d+)\]`)

// at are the rules with a finding at a place of a form, the gravest of them.
func (p paper) at(id, cell string) string {
	for _, severity := range audit.Severities() {
		var rules []string
		for _, finding := range p.findings {
			if finding.Form == id && finding.Severity == severity && slices.ContainsFunc(finding.Cells, names(cell)) {
				rules = append(rules, finding.Rule)
			}
		}
		if len(rules) > 0 {
			slices.Sort(rules)
			return strings.Join(slices.Compact(rules), ", ") + " (" + string(severity) + ")"
		}
	}
	return ""
}

// names says whether a place of a finding is a cell: indicators[2].score is
// indicators.2.score, funds.executed that of the total.
func names(cell string) func(place string) bool {
	return func(place string) bool {
		place = inBrackets.ReplaceAllString(place, ".$1")
		return place == cell || strings.Replace(place, "funds.", "funds.total.", 1) == cell
	}
}

const yearDocument = "../../docs/year-2023.md"

const yearHead = `# The forms of 2023, printed and derived

The 16 self-evaluation forms of the published report, cell by cell: what was printed, and what Outturn derives from the events. The
program makes this page (` + "`go test ./handlers/api -run YearOf2023 -update`" + `) and a test fails when it is out of date. A derived
cell either equals the printed one (0, 0.00 and a blank count as the same, as do 100% and 100.00%) or a rule of the audit names the place
or one that it follows from ([audit rules](audit-rules.md)).

`

// TestTheYearOf2023 derives the forms of the report and holds them to the paper.
func TestTheYearOf2023(t *testing.T) {
	t.Parallel()
	s, p := startExample(t), readPaper(t)
	var tables strings.Builder
	cells, differ := 0, 0
	for _, printed := range p.declared.Forms {
		form := s.form(subjectOf(printed.ID))
		fmt.Fprintf(&tables, "\n## %s\n\n%s\n\n| cell | printed | derived | |\n|---|---|---|---|\n", printed.ID, title(form))
		differs := map[string]bool{}
		for _, c := range cellsOf(printed) {
			differs[c.name] = !equal(c.printed, form.Cells[c.name].Printed)
		}
		for _, c := range cellsOf(printed) {
			verdict, derived := "equal", form.Cells[c.name].Printed
			cells++
			if differs[c.name] {
				differ++
				verdict = p.verdict(form, printed.ID, c.name, differs)
				if verdict == "" {
					t.Errorf("%s %s: printed %q, derived %q, and no finding names it", printed.ID, c.name, c.printed, derived)
				}
				verdict = "**differs** " + verdict
			}
			fmt.Fprintf(&tables, "| `%s` | %s | %s | %s |\n", c.name, c.printed, derived, verdict)
		}
	}
	if len(p.declared.Forms) != 16 || cells < 600 {
		t.Errorf("%d forms, %d cells were compared", len(p.declared.Forms), cells)
	}
	upToDate(t, yearDocument, fmt.Sprintf("%s%d cells of %d forms: %d equal, %d differ, each named.\n%s",
		yearHead, cells, len(p.declared.Forms), cells-differ, differ, &tables))
}

// TestThePointsOf2023 holds the two rates that rounding can get wrong: an exact
// tie, and one that must not be rounded twice.
func TestThePointsOf2023(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	for _, want := range []struct{ form, rate, score, total string }{
		{"yueyang-2023-04", "51.43%", "5.14", "90.64"}, {"yueyang-2023-15", "88.95%", "8.89", "94.89"},
	} {
		form := s.form(want.form)
		if got := [3]string{*form.Execution.Rate, *form.Execution.Score, *form.Total.Score}; got != [3]string{want.rate, want.score, want.total} {
			t.Errorf("%s: %v; want %+v", want.form, got, want)
		}
	}
}

func title(f forms.Form) string {
	if f.Project != nil {
		return *f.Project
	}
	return f.Department
}

// subjectOf is the code of a printed form's subject.
func subjectOf(id string) string {
	if id == departmentForm {
		return department
	}
	return id
}

// upToDate holds a generated document to what it should be, or writes it.
func upToDate(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil || string(have) != want {
		t.Errorf("%s is out of date (%v): run this test with -update", file, err)
	}
}

// form derives the form of a subject as JSON.
func (s *server) form(subject string) forms.Form {
	s.t.Helper()
	return s.formsOf(subject, "")[0]
}

// formsOf derives forms; what the API answers with is read back.
func (s *server) formsOf(subject, query string) []forms.Form {
	s.t.Helper()
	return read[struct{ Forms []forms.Form }](s.t, s.get("/v1/forms/2023/"+subject+"?"+query), http.StatusOK).Forms
}

// TestEveryAmountIsTheSumOfItsEvents opens every cell of money of every form.
func TestEveryAmountIsTheSumOfItsEvents(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	opened := 0
	for _, form := range s.formsOf(department, "projects=true") {
		for name, cell := range form.Cells {
			if cell.Fen == nil && name != "execution.rate" {
				continue
			}
			opened++
			s.wantSum(form.ID, name, cell)
		}
	}
	if opened < 200 {
		t.Errorf("only %d cells were opened", opened)
	}
}

// wantSum adds up the postings of all pages under a cell.
func (s *server) wantSum(subject, name string, cell forms.Cell) {
	s.t.Helper()
	var sum, executed, budget int64
	postings := 0
	for next := "?limit=100"; next != ""; {
		page := read[api.CellAnswer](s.t, s.get("/v1/forms/2023/"+subject+"/cells/"+name+"/events"+next), http.StatusOK)
		for _, p := range page.Postings {
			sum += int64(p.Adds)
			if p.Measure == "executed" || p.Measure == "refunded" {
				executed += int64(p.Adds)
			} else {
				budget += int64(p.Adds)
			}
		}
		postings += len(page.Postings)
		if next = ""; page.Next != nil {
			next = *page.Next
			continue
		}
		switch {
		case postings != page.Count:
			s.t.Errorf("%s %s: %d postings on all pages, %d counted", subject, name, postings, page.Count)
		case cell.Fen != nil && (sum != int64(*cell.Fen) || *page.Amount != *cell.Fen):
			s.t.Errorf("%s %s is %s; its postings add up to %d fen, the answer says %s", subject, name, cell.Fen, sum, page.Amount)
		case cell.Fen == nil && (executed != int64(*page.Executed) || budget != int64(*page.Budget)):
			s.t.Errorf("%s %s: %d over %d by its postings, %s over %s by the answer", subject, name, executed, budget, page.Executed, page.Budget)
		}
	}
}

func TestACellOpensToWhatItIsMadeOf(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	open := func(cell string) api.CellAnswer {
		t.Helper()
		return read[api.CellAnswer](t, s.get("/v1/forms/2023/yueyang-2023-04/cells/"+cell+"/events"), http.StatusOK)
	}
	rate := open("execution.rate")
	if *rate.Exact != "2057/40" || rate.Printed != "51.43%" || *rate.Executed != 411_400_00 || *rate.Budget != 800_000_00 || rate.Amount != nil {
		t.Errorf("the rate: %+v", rate)
	}
	indicator := open("indicators.0.score")
	types := map[events.Type]bool{}
	for _, view := range indicator.Events {
		var event struct{ Type events.Type }
		if err := json.Unmarshal(view.Event, &event); err != nil {
			t.Fatal(err)
		}
		types[event.Type] = true
	}
	if !types["outturn.indicator.set.v1"] || len(indicator.Postings) > 0 {
		t.Errorf("an indicator's score is made of %v and %d postings", types, len(indicator.Postings))
	}
	if total := open("total.score"); !slices.Contains(total.Cells, "execution.score") || !slices.Contains(total.Cells, "indicators.0.score") {
		t.Errorf("the total is made of %v", total.Cells)
	}
	if words := open("indicators.0.target"); words.Exact != nil || len(words.Events) == 0 {
		t.Errorf("a target: exact %v, %d events", words.Exact, len(words.Events))
	}
}

// TestANextPageStandsWhereTheFirstDid: what comes between two pages is in none.
func TestANextPageStandsWhereTheFirstDid(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	path := "/v1/forms/2023/YYGX/cells/funds.total.full_year/events"
	first := read[api.CellAnswer](t, s.get(path+"?limit=1&template=chongqing-department"), http.StatusOK)
	if first.Next == nil {
		t.Fatalf("one page holds all: %+v", first)
	}
	s.record(event("late", "budget.supplemented", string(first.Postings[0].Line), `{"amount":"1.00","date":"2023-12-30","document":"L-1","reason":"追加"}`))
	second := read[api.CellAnswer](t, s.get(path+*first.Next), http.StatusOK)
	if second.ThroughSequence != first.ThroughSequence || second.Count != first.Count || second.Printed != first.Printed {
		t.Errorf("the second page stands at %d with %q of %d postings; the first at %d with %q of %d",
			second.ThroughSequence, second.Printed, second.Count, first.ThroughSequence, first.Printed, first.Count)
	}
}
