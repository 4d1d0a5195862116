package yearend_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/yearend"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// town is a source with a department, an office under it, and three projects of
// 2023 of which two have one name.
type town struct{ forms.Source }

func (town) Units(context.Context) ([]budget.Unit, error) {
	return []budget.Unit{{ID: "D", Name: "某局"}, {ID: "O", Name: "某站", Parent: "D"}}, nil
}

func (town) Projects(_ context.Context, year fiscal.Year) ([]budget.Project, error) {
	if year != 2023 {
		return nil, nil
	}
	key := func(id events.ProjectID) budget.ProjectKey { return budget.ProjectKey{ID: id, Year: year} }
	return []budget.Project{
		{Key: key("P1"), Unit: "O", Name: "培训"}, {Key: key("P2"), Unit: "D", Name: "检查"}, {Key: key("P3"), Unit: "O", Name: "检查"},
	}, nil
}

func (town) Lines(_ context.Context, q projections.Query) (uint64, []projections.LineView, error) {
	if q.Year != 2023 {
		return 0, nil, nil
	}
	line := func(project events.ProjectID, unit events.UnitID, fund events.Fund, vintage fiscal.Year, measure budget.Measure) projections.LineView {
		of := budget.Line{Project: project, Unit: unit, Year: 2023, Fund: fund, Vintage: vintage}
		of.Sums[measure], of.Sums[budget.Executed] = 100_00, 60_00
		return projections.LineView{Line: of}
	}
	return 1, []projections.LineView{
		line("P1", "O", events.GeneralPublic, 2023, budget.Initial), line("P1", "O", events.GeneralPublic, 2022, budget.CarryoverIn),
		line("P1", "O", events.UnitFunds, 2022, budget.Supplement), line("P2", "D", events.GeneralPublic, 2023, budget.Initial),
	}, nil
}

func TestTheMoneyOfAFormIsKnownByItsCodeOrItsOnlyName(t *testing.T) {
	t.Parallel()
	text := func(s string) audit.Text { return audit.Text{Printed: s} }
	training := []audit.Derived{
		{Row: "total", Initial: 100_00, FullYear: 300_00, Executed: 180_00},
		{Row: "current_appropriation", Initial: 100_00, FullYear: 100_00, Executed: 60_00},
		{Row: "carryover", FullYear: 100_00, Executed: 60_00},
		{Row: "other", FullYear: 100_00, Executed: 60_00},
	}
	for name, c := range map[string]struct {
		form audit.Form
		want []audit.Derived
	}{
		"a code":                           {audit.Form{ID: "P1", Kind: audit.Project, Year: 2023}, training},
		"a name with spaces":               {audit.Form{ID: "form-01", Kind: audit.Project, Year: 2023, Project: text("培　训 ")}, training},
		"an office":                        {audit.Form{ID: "form-01", Kind: audit.Department, Year: 2023, Department: text("某站")}, training},
		"a name that two have":             {audit.Form{ID: "form-01", Kind: audit.Project, Year: 2023, Project: text("检查")}, nil},
		"a name that nobody has":           {audit.Form{ID: "form-01", Kind: audit.Project, Year: 2023, Project: text("别的")}, nil},
		"a project without lines":          {audit.Form{ID: "P3", Kind: audit.Project, Year: 2023}, nil},
		"the code of a unit, on a project": {audit.Form{ID: "O", Kind: audit.Project, Year: 2023}, nil},
		"another year":                     {audit.Form{ID: "P1", Kind: audit.Project, Year: 2022}, nil},
		"no year":                          {audit.Form{ID: "P1", Kind: audit.Project}, nil},
	} {
		source, err := yearend.Known(t.Context(), town{}, audit.Declared{Forms: []audit.Form{c.form}})
		if err != nil {
			t.Fatal(err)
		}
		got, known := source.Derive(c.form)
		if diff := cmp.Diff(c.want, got); diff != "" || known != (c.want != nil) {
			t.Errorf("%s (known: %t, -want +got):\n%s", name, known, diff)
		}
	}
	department := audit.Form{ID: "D", Kind: audit.Department, Year: 2023}
	source, err := yearend.Known(t.Context(), town{}, audit.Declared{Forms: []audit.Form{department}})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := source.Derive(department); len(got) == 0 || got[0].FullYear != 400_00 || got[0].Executed != 240_00 {
		t.Errorf("the department with its office: %+v", got)
	}
}
