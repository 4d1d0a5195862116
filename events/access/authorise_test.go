package access_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
)

// update writes the table in docs/access.md again: go test ./events/access -update.
var update = flag.Bool("update", false, "rewrite the table of roles in docs/access.md")

// goldens has a stored event of every type.
func goldens(t *testing.T) map[events.Type]events.Event {
	t.Helper()
	files, err := filepath.Glob("../testdata/golden/*.json")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[events.Type]events.Event)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e, err := events.Decode(bytes.TrimSpace(raw))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[e.Type] = e
	}
	return all
}

// TestEveryTypeHasItsRoles goes through all types that there are: a new one needs
// its row in the table, and every role but those of the row is refused.
func TestEveryTypeHasItsRoles(t *testing.T) {
	t.Parallel()
	all := goldens(t)
	for _, d := range events.Definitions() {
		e, ok := all[d.Type]
		if !ok {
			t.Fatalf("there is no golden of %s", d.Type)
		}
		want, listed := expected(d)
		if !listed {
			t.Errorf("%s: this test does not say whose it is", d.Type)
		}
		for _, role := range events.Roles() {
			s := people(t, register("desk"), grant("desk", role, ""))
			err := s.Authorise(access.Principal{Name: "desk"}, e, city(), today)
			if allowed := slices.Contains(want, role); allowed != (err == nil) {
				t.Errorf("%s by %s: %v", d.Type.Noun(), role, err)
			}
			if refusal := events.AsRefusal(err); err != nil && (refusal == nil || refusal.Code != access.CodeForbidden) {
				t.Errorf("%s by %s: %v", d.Type.Noun(), role, err)
			}
		}
		if err := new(access.State).Authorise(access.Principal{Name: "admin", Root: true}, e, city(), today); err != nil {
			t.Errorf("%s by the operator: %v", d.Type.Noun(), err)
		}
		if err := new(access.State).Authorise(access.Principal{Name: "admin"}, e, city(), today); err == nil {
			t.Errorf("%s by somebody of the operator's name is let through", d.Type.Noun())
		}
	}
}

// expected says by group whose events are whose.
func expected(d events.Definition) ([]events.Role, bool) {
	switch d.Type.Noun() {
	case "alert.answered", "proposal.withdrawn":
		return []events.Role{events.Poster}, true
	case "period.closed":
		return []events.Role{events.Approver}, true
	case "proposal.made":
		return nil, true
	}
	roles, ok := map[string][]events.Role{
		"budget": {events.Poster}, "carryover": {events.Poster}, "surplus": {events.Poster}, "commitment": {events.Poster},
		"disbursement": {events.Poster}, "plan": {events.Poster}, "goal": {events.Poster}, "indicator": {events.Poster},
		"proposal": {events.Approver}, "override": {events.Approver}, "alert": {events.Approver},
		"unit": {events.Admin}, "project": {events.Admin}, "line": {events.Admin}, "year": {events.Admin},
		"control": {events.Admin}, "pace": {events.Admin}, "review": {events.Admin}, "user": {events.Admin}, "role": {events.Admin}, "token": {events.Admin},
		"session": nil, "form": {events.Auditor, events.Approver, events.Admin},
	}[d.Group]
	return roles, ok
}

func TestARoleIsNeededWhereTheEventCounts(t *testing.T) {
	t.Parallel()
	parent := events.UnitID("bureau")
	paid := events.DisbursementPaid{Amount: 100, Date: today, Document: "1"}
	moved := events.BudgetTransferred{To: "L-office", Amount: 100, Date: today, Document: "1", Reason: "r"}
	corrected := events.DisbursementCorrected{Payment: "p", ToLine: "L-office", Date: today, Reason: "r"}
	reclassed := events.DisbursementCorrected{Payment: "p", ToEconomicClass: "302", Date: today, Reason: "r"}
	answered := events.AlertAnswered{Kind: events.OfProject, Alert: "a", Answer: events.AnswerContinue, Date: today, Reason: "r"}
	for name, c := range map[string]struct {
		role    events.Role
		granted []events.UnitID
		subject string
		data    events.Data
		missing string // the unit of the refusal; "-" for none
	}{
		"a line of the unit":                            {events.Poster, []events.UnitID{"school"}, "L-school", paid, "-"},
		"a line of a unit under it":                     {events.Poster, []events.UnitID{"bureau"}, "L-school", paid, "-"},
		"a line of another unit":                        {events.Poster, []events.UnitID{"bureau"}, "L-office", paid, "office"},
		"a line that is not there is the rules' to say": {events.Poster, []events.UnitID{"bureau"}, "L-moon", paid, "-"},
		"a transfer within":                             {events.Poster, []events.UnitID{"city"}, "L-school", moved, "-"},
		"a transfer to another unit's line":             {events.Poster, []events.UnitID{"bureau"}, "L-school", moved, "office"},
		"a transfer from another unit's line":           {events.Poster, []events.UnitID{"office"}, "L-school", moved, "school"},
		"a transfer between two units of one's own":     {events.Poster, []events.UnitID{"school", "office"}, "L-school", moved, "-"},
		"a correction to another unit's line":           {events.Poster, []events.UnitID{"school"}, "L-school", corrected, "office"},
		"a correction of the class alone":               {events.Poster, []events.UnitID{"school"}, "L-school", reclassed, "-"},
		"a project of the year":                         {events.Poster, []events.UnitID{"school"}, "P", events.GoalSet{Kind: events.OfProject, Year: 2023, Date: today, Goal: "g"}, "-"},
		"a project of another year":                     {events.Poster, []events.UnitID{"school"}, "P", events.GoalSet{Kind: events.OfProject, Year: 2024, Date: today, Goal: "g"}, "office"},
		"a project without a year needs all its units":  {events.Poster, []events.UnitID{"school"}, "P", answered, "office"},
		"a project without a year, by who has both":     {events.Poster, []events.UnitID{"school", "office"}, "P", answered, "-"},
		"a unit":                                 {events.Admin, []events.UnitID{"bureau"}, "bureau", events.YearOpened{Year: 2023, Date: today}, "-"},
		"a unit above":                           {events.Admin, []events.UnitID{"bureau"}, "city", events.YearOpened{Year: 2023, Date: today}, "city"},
		"a new unit under one's own":             {events.Admin, []events.UnitID{"bureau"}, "new", events.UnitRegistered{Name: "n", Parent: &parent}, "-"},
		"a new unit at the top":                  {events.Admin, []events.UnitID{"bureau", "city"}, "new", events.UnitRegistered{Name: "n"}, ""},
		"a user, by an admin of a unit":          {events.Admin, []events.UnitID{"city"}, "u", events.UserRegistered{}, ""},
		"a user, by an admin of everything":      {events.Admin, []events.UnitID{""}, "u", events.UserRegistered{}, "-"},
		"a new line of one's own":                {events.Admin, []events.UnitID{"school"}, "L-new", lineOf("school"), "-"},
		"a new line of another unit":             {events.Admin, []events.UnitID{"school"}, "L-new", lineOf("office"), "office"},
		"a taken line's code for one's own unit": {events.Admin, []events.UnitID{"school"}, "L-office", lineOf("school"), "-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := people(t, register("desk"))
			for _, unit := range c.granted {
				tell(t, s, grant("desk", c.role, unit))
			}
			err := s.Authorise(access.Principal{Name: "desk"}, event(t, c.subject, c.data), city(), today)
			if c.missing == "-" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			refusal := events.AsRefusal(err)
			if refusal == nil || refusal.Code != access.CodeForbidden || refusal.Params["unit"] != c.missing ||
				refusal.Params["actor"] != "desk" || refusal.Params["role"] != string(c.role) {
				t.Fatalf("%v, want forbidden for %q", err, c.missing)
			}
		})
	}
}

func lineOf(unit events.UnitID) events.LineOpened {
	return events.LineOpened{Year: 2023, Unit: unit, Project: "P", Name: "n", Fund: events.GeneralPublic, Vintage: 2023, FunctionClass: "2150501", EconomicClass: "302"}
}

func TestSomebodyWithoutARoleLearnsNothingOfLines(t *testing.T) {
	t.Parallel()
	s := people(t, register("desk"))
	paid := events.DisbursementPaid{Amount: 100, Date: today, Document: "1"}
	for _, line := range []string{"L-school", "L-moon"} {
		if refusal := events.AsRefusal(s.Authorise(access.Principal{Name: "desk"}, event(t, line, paid), city(), today)); refusal == nil || refusal.Code != access.CodeForbidden {
			t.Errorf("%s: %v", line, refusal)
		}
	}
}

var _ access.Tree = (*budget.Books)(nil)

const rolesPage = "../../docs/access.md"

// The table stands between these lines of the page.
const (
	tableBegins = "<!-- roles: written by go test ./events/access -update -->\n"
	tableEnds   = "<!-- end of roles -->\n"
)

// TestThePageHasTheTableOfRoles holds docs/access.md to what Authorise does.
func TestThePageHasTheTableOfRoles(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(rolesPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, began := strings.Cut(string(raw), tableBegins)
	_, after, ended := strings.Cut(rest, tableEnds)
	if !began || !ended {
		t.Fatalf("%s has no place for the table", rolesPage)
	}
	want := before + tableBegins + table() + tableEnds + after
	if *update {
		if err := os.WriteFile(rolesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(raw) != want {
		t.Errorf("%s is not in step with the roles; run this test with -update", rolesPage)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("\n| Who | records |\n|---|---|\n")
	for _, role := range events.Roles() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", role, typesWith(func(roles []events.Role) bool { return slices.Contains(roles, role) }))
	}
	fmt.Fprintf(&b, "| the server itself | %s |\n\n", typesWith(func(roles []events.Role) bool { return len(roles) == 0 }))
	return b.String()
}

func typesWith(holds func([]events.Role) bool) string {
	var nouns []string
	for _, d := range events.Definitions() {
		if holds(access.RolesFor(d.Type)) {
			nouns = append(nouns, "`"+d.Type.Noun()+"`")
		}
	}
	if len(nouns) == 0 {
		return "nothing"
	}
	return strings.Join(nouns, ", ")
}
