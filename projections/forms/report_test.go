package forms_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

const (
	year2023   = 2023
	department = events.UnitID("YYGX")
)

// declared reads the forms of 2023 as they were printed.
func declared(t *testing.T) map[string]forms.Declared {
	t.Helper()
	raw, err := os.ReadFile("../../examples/yueyang-2023/declared-forms.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Forms []forms.Declared }
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	byID := map[string]forms.Declared{}
	for _, form := range document.Forms {
		byID[form.ID] = form
	}
	return byID
}

// known are the places where the report is not what the events derive: what they
// derive, and the finding that says why.
var known = map[string]struct{ derived, finding string }{
	"00 funds.total.full_year":                {"3371.59", "F06: the department leaves 0.29 unspent, its forms alone 54.33"},
	"00 execution.rate":                       {"98.39%", "F06, F18: 100% although executed is not the budget"},
	"00 execution.score":                      {"9.84", "F06: the budget is that of the parts"},
	"00 total.score":                          {"98.84", "F06: the budget is that of the parts"},
	"02 indicators.4.weight":                  {"30", "F27: takes over the weight of the rows that are 不适用"},
	"02 indicators.4.score":                   {"30", "F27"},
	"02 indicators.5.weight":                  {"0", "F27: 不适用, and carries weight"},
	"02 indicators.5.score":                   {"", "F27"},
	"02 indicators.6.weight":                  {"0", "F27"},
	"02 indicators.6.score":                   {"", "F27"},
	"02 indicators.7.weight":                  {"0", "F27"},
	"02 indicators.7.score":                   {"", "F27"},
	"04 funds.current_appropriation.executed": {"41.14", "F01: a part of 69 in a total of 41.14"},
	"04 execution.rate":                       {"51.43%", "F20: an exact tie, 51.425"},
	"13 total.score":                          {"94", "F03: a score is blank"},
	"15 funds.carryover.initial":              {"0", "F02: the parts of the initial budget add up to 139.98"},
	"15 execution.rate":                       {"88.95%", "F19: truncated"},
}

func TestTheFormsOf2023AreThoseOfTheReport(t *testing.T) {
	t.Parallel()
	store := newLedger(t).example("yueyang-2023").store()
	all, err := forms.DeriveAll(t.Context(), store, department, year2023,
		forms.Set{Department: shipped(t, "hunan-department"), Project: shipped(t, "central-project")}, projections.AsOf{})
	if err != nil {
		t.Fatal(err)
	}
	compared, unused := 0, map[string]bool{}
	for place := range known {
		unused[place] = true
	}
	paper := declared(t)
	for _, form := range all {
		id := form.ID
		if form.Kind == "department" {
			id = "yueyang-2023-00"
		}
		want, ok := paper[id]
		if !ok {
			continue // project spending without a form: F05
		}
		delete(paper, id)
		number := strings.TrimPrefix(id, "yueyang-2023-")
		for cell, text := range cellsOf(want) {
			compared++
			place := number + " " + cell
			got := form.Cells[cell].Printed
			if want, differs := known[place]; differs && (got != want.derived || same(got, text)) || !differs && !same(got, text) {
				t.Errorf("%s: printed %q, derived %q (%s); known: %+v", place, text, got, form.Cells[cell].Fraction, want)
			}
			delete(unused, place)
		}
	}
	if len(paper) > 0 || len(unused) > 0 {
		t.Errorf("forms that were not derived: %v; places that were not compared: %v", paper, unused)
	}
	if compared < 500 {
		t.Errorf("only %d cells were compared", compared)
	}
}

// cellsOf are the money, rates and points of a declared form, where it has any.
func cellsOf(f forms.Declared) map[string]string {
	cells := map[string]string{}
	put := func(name string, text *string) {
		if text != nil && strings.TrimSpace(*text) != "" {
			cells[name] = *text
		}
	}
	for _, row := range f.Funds {
		put("funds."+row.Row+".initial", row.Initial)
		put("funds."+row.Row+".full_year", row.FullYear)
		put("funds."+row.Row+".executed", row.Executed)
	}
	put("execution.weight", f.Execution.Weight)
	put("execution.rate", f.Execution.Rate)
	put("execution.score", f.Execution.Score)
	put("total.weight", f.Total.Weight)
	put("total.score", f.Total.Score)
	if f.Spending != nil {
		put("spending.basic", f.Spending.Basic)
		put("spending.project", f.Spending.Project)
	}
	for i, row := range f.Indicators {
		put(fmt.Sprintf("indicators.%d.weight", i), row.Weight)
		put(fmt.Sprintf("indicators.%d.score", i), row.Score)
	}
	return cells
}

// same compares two numbers as printed: "26.9" and "26.90" are the same. A row
// without weight has no points, which the report prints as 0 or leaves blank
// (F35).
func same(derived, text string) bool {
	if derived == "" {
		return text == "0"
	}
	number := func(s string) *big.Rat {
		r, ok := new(big.Rat).SetString(strings.TrimSuffix(strings.ReplaceAll(s, "[bookmark: _GoBack]", ""), "%"))
		if !ok {
			return nil
		}
		return r
	}
	x, y := number(derived), number(text)
	return x != nil && y != nil && x.Cmp(y) == 0 && strings.HasSuffix(derived, "%") == strings.HasSuffix(text, "%")
}
