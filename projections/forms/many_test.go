package forms_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

const (
	manyProjects   = 200
	manyIndicators = 10
)

// many is a year of many projects with three lines, a year of payments, changes
// and ten indicators each.
func many(t *testing.T) *ledger {
	t.Helper()
	l := newLedger(t)
	l.post("unit.registered", "DEPT", object{"name": "某局", "parent": nil})
	l.post("year.opened", "DEPT", object{"year": 2023, "date": "2023-01-01", "reason": "开账"})
	for p := range manyProjects {
		project := fmt.Sprintf("P%03d", p)
		l.post("project.registered", project, object{"unit": "DEPT", "year": 2023, "name": "项目" + project, "kind": "project"})
		for i, fund := range []string{"general_public", "general_public", "unit_funds"} {
			l.line(fmt.Sprintf("%s-%d", project, i), project, fund, 2023-i%2)
		}
		for i := range manyIndicators {
			l.indicator(project, fmt.Sprintf("i%02d", i))
		}
	}
	return l
}

func (l *ledger) line(line, project, fund string, vintage int) {
	l.t.Helper()
	l.post("line.opened", line, object{"year": 2023, "unit": "DEPT", "project": project, "name": "指标" + line, "fund": fund,
		"vintage": vintage, "function_class": "2150805", "economic_class": "302"})
	if vintage == 2023 {
		l.post("budget.allocated", line, object{"amount": "120000.00", "date": "2023-01-05", "document": "财1", "reason": "年初"})
	} else {
		l.post("carryover.received", line, object{"amount": "120000.00", "date": "2023-01-05", "from_year": 2022, "document": "结1"})
	}
	l.post("budget.supplemented", line, object{"amount": "1200.00", "date": "2023-05-05", "document": "追1", "reason": "追加"})
	for month := 1; month <= 12; month++ {
		l.post("disbursement.paid", line, object{"amount": "9999.99", "date": fmt.Sprintf("2023-%02d-25", month), "document": "凭1", "purpose": "支付"})
	}
}

func (l *ledger) indicator(project, indicator string) {
	l.t.Helper()
	of := func(more object) object {
		more["about"], more["year"], more["indicator"] = "project", 2023, indicator
		return more
	}
	l.post("indicator.set", project, of(object{"level1": "产出指标", "level2": "数量指标", "level3": "次数", "operator": "≥", "target": "10次", "weight": "9", "date": "2023-01-15"}))
	l.post("indicator.reported", project, of(object{"date": "2024-01-10", "actual": "9次", "note": "推迟"}))
}

// TestTwoHundredProjectsInSeconds holds the time of a whole department's forms.
func TestTwoHundredProjectsInSeconds(t *testing.T) {
	t.Parallel()
	store := many(t).store()
	set := forms.Set{Department: shipped(t, "hunan-department"), Project: shipped(t, "central-project")}
	began := time.Now()
	all, err := forms.DeriveAll(t.Context(), store, "DEPT", 2023, set, projections.AsOf{})
	took := time.Since(began)
	if err != nil || len(all) != 1+manyProjects {
		t.Fatalf("%d forms, %v; want %d", len(all), err, 1+manyProjects)
	}
	for _, form := range all {
		if err := fills(forms.Layout(form, shipped(t, form.Template))); err != nil {
			t.Fatalf("%s: %v", form.ID, err)
		}
	}
	t.Logf("%d forms derived in %v, derived and laid out in %v", len(all), took, time.Since(began))
	if limit := 5 * time.Second; took > limit {
		t.Errorf("%d forms took %v; they must not take more than %v", len(all), took, limit)
	}
}
