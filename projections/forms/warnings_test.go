package forms_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	l := busy(t)
	l.post("project.registered", "EMPTY", object{"unit": "DEPT", "year": 2023, "name": "空", "kind": "project"})
	l.post("line.opened", "EQUITY", object{"year": 2023, "unit": "DEPT", "project": "OTHER", "name": "资本", "fund": "social_insurance",
		"vintage": 2023, "function_class": "2150805", "economic_class": "302"})
	l.post("budget.allocated", "EQUITY", object{"amount": "1000.00", "date": "2023-01-05", "document": "财1", "reason": "年初"})
	about := func(more object) object {
		more["about"], more["year"], more["indicator"] = "project", 2023, "talk"
		return more
	}
	l.post("indicator.set", "OTHER", about(object{"level1": "产出指标", "level2": "质量指标", "level3": "讲课", "operator": "qualitative", "target": "好", "weight": "80", "date": "2023-01-15"}))
	l.post("indicator.reported", "OTHER", about(object{"actual": "很好", "date": "2024-01-15"}))
	store := l.store()
	for name, c := range map[string]struct {
		project, template string
		want              forms.Warning
		there             bool
	}{
		"no budget":              {"EMPTY", "central-project", forms.Warning{Code: forms.NoBudget, Cell: "execution.rate"}, true},
		"no indicators":          {"EMPTY", "central-project", forms.Warning{Code: forms.NoIndicators, Cell: "indicators"}, true},
		"no low rate of 0/0":     {"EMPTY", "central-project", forms.Warning{Code: forms.RateWithoutReason, Cell: "execution.rate"}, false},
		"no change of 0":         {"EMPTY", "central-project", forms.Warning{Code: forms.BudgetChanged, Cell: "funds.total.full_year"}, false},
		"weights of 90":          {"OTHER", "central-project", forms.Warning{Code: forms.WeightsIncomplete, Cell: "total.weight"}, true},
		"weights of 100":         {"OTHER", "hubei", forms.Warning{Code: forms.WeightsIncomplete, Cell: "total.weight"}, false},
		"words without a score":  {"OTHER", "central-project", forms.Warning{Code: forms.NotScored, Cell: "indicators.0.score"}, true},
		"no points, no score":    {"OTHER", "transfer-payment", forms.Warning{Code: forms.NotScored, Cell: "indicators.0.score"}, false},
		"all money in rows":      {"OTHER", "sichuan", forms.Warning{Code: forms.RowsIncomplete, Cell: "funds.total.full_year"}, false},
		"a form of one row only": {"OTHER", "hubei", forms.Warning{Code: forms.RowsIncomplete, Cell: "funds.total.full_year"}, false},
	} {
		form := derive(t, store, forms.Project(events.ProjectID(c.project), 2023), c.template, projections.AsOf{})
		if got := slices.Contains(form.Warnings, c.want); got != c.there {
			t.Errorf("%s: %v is %v in %v; want %v", name, c.want, got, form.Warnings, c.there)
		}
	}
}

func TestMoneyThatNoRowShowsIsWarnedOf(t *testing.T) {
	t.Parallel()
	template, err := forms.LoadTemplate([]byte(strings.Replace(central(t), `      {"row": "carryover", "label": "上年结转资金", "sources": ["carryover"]},
`, "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	form, err := forms.Derive(t.Context(), busy(t).store(), forms.Project("TRAIN", 2023), template, projections.AsOf{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(form.Warnings, forms.Warning{Code: forms.RowsIncomplete, Cell: "funds.total.full_year"}) {
		t.Errorf("5.5 of carryover stand in no row: %v", form.Warnings)
	}
}
