package forms_test

import (
	"slices"
	"testing"

	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// measured is the busy ledger with a goal and indicators of every kind.
func measured(t *testing.T) *ledger {
	t.Helper()
	l := busy(t)
	of := func(indicator string, more object) object {
		more["about"], more["year"] = "project", 2023
		if indicator != "" {
			more["indicator"] = indicator
		}
		return more
	}
	set := func(indicator, level1, level2, operator, target, weight string, more object) {
		data := object{"level1": level1, "level2": level2, "level3": "三级" + indicator, "operator": operator, "target": target, "weight": weight, "date": "2023-01-15"}
		for key, value := range more {
			data[key] = value
		}
		l.post("indicator.set", "TRAIN", of(indicator, data))
	}
	l.post("goal.set", "TRAIN", of("", object{"date": "2023-01-15", "goal": "办好培训"}))
	set("people", "产出指标", "数量指标", "≥", "2000", "20", object{"measuring_unit": "人次", "core": true})
	set("happy", "满意度指标", "满意度指标", "≥", "95%", "10", nil)
	set("late", "产出指标", "时效指标", "qualitative", "年内完成", "10", nil)
	set("cost", "产出指标", "数量指标", "≤", "50万元", "10", object{"adjusted_target": "60万元"})
	set("rate", "效益指标", "经济效益", "≥", "90%", "10", object{"computed": "execution_rate"})
	set("moves", "效益指标", "经济效益", "≤", "3次", "10", object{"computed": "adjustments"})
	set("three", "效益指标", "社会效益", "≤", "100%", "10", object{"computed": "three_public"})
	set("none", "效益指标", "社会效益", "≥", "5", "10", nil)
	report := func(indicator, actual, note, day string) {
		data := object{"date": day, "actual": actual}
		if note != "" {
			data["note"] = note
		}
		l.post("indicator.reported", "TRAIN", of(indicator, data))
	}
	report("people", "1000人次", "", "2023-07-31")
	report("people", "1500人次", "场地不足", "2024-01-10")
	report("happy", "190%", "", "2024-01-10")
	report("late", "2024年4月", "推迟", "2024-01-10")
	report("cost", "47万元", "", "2024-01-10")
	l.post("indicator.scored", "TRAIN", of("late", object{"date": "2024-01-11", "score": "7.5", "grade": "部分达成", "reason": "企业要求推迟"}))
	return l
}

func TestIndicatorsAreScoredAndGrouped(t *testing.T) {
	t.Parallel()
	form := derive(t, measured(t).store(), forms.Project("TRAIN", 2023), "central-project", projections.AsOf{})
	type row struct{ id, target, actual, weight, score, note string }
	want := []row{
		{"people", "≥2000人次", "1500人次", "20", "15", "场地不足"},
		{"cost", "60万元", "47万元", "10", "10", ""},
		{"late", "年内完成", "2024年4月", "10", "7.5", "企业要求推迟"},
		{"happy", "95%", "190%", "10", "10", ""},
		{"rate", "90%", "48.21%", "10", "5.36", ""},
		{"moves", "3次", "4次", "10", "7.5", ""},
		{"three", "100%", "不适用", "10", "", ""},
		{"none", "5", "", "10", "", ""},
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	var got []row
	for _, r := range form.Indicators {
		got = append(got, row{string(r.Indicator), text(r.Target), text(r.Actual), text(r.Weight), text(r.Score), text(r.Note)})
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows:\n%q\nwant\n%q", got, want)
	}
	if got := printed(t, form, "total.score"); got != "60.18" { // 4.82 + 55.36
		t.Errorf("total %s; want 60.18", got)
	}
	if *form.Goal.Expected != "办好培训" || form.Goal.Actual != nil || form.Total.Grade != nil {
		t.Errorf("goal %v, %v and grade %v", form.Goal.Expected, form.Goal.Actual, form.Total.Grade)
	}
	for _, warning := range []forms.Warning{
		{forms.BudgetChanged, "funds.total.full_year"}, {forms.RateWithoutReason, "execution.rate"},
		{forms.GoalNotReported, "goal.actual"}, {forms.OvershootWithoutReason, "indicators.3.actual"},
		{forms.DeviationWithoutReason, "indicators.4.score"}, {forms.NotReported, "indicators.7.actual"},
	} {
		if !slices.Contains(form.Warnings, warning) {
			t.Errorf("no warning %v in %v", warning, form.Warnings)
		}
	}
	for _, cell := range []string{"indicators.0.score", "indicators.2.score"} {
		if slices.Contains(form.Warnings, forms.Warning{Code: forms.DeviationWithoutReason, Cell: cell}) {
			t.Errorf("%s has a reason, and a warning", cell)
		}
	}
}

func TestColumnsOfOtherRegions(t *testing.T) {
	t.Parallel()
	store := measured(t).store()
	sichuan := derive(t, store, forms.Project("TRAIN", 2023), "sichuan", projections.AsOf{}).Indicators[0]
	if *sichuan.Target != "2000" || *sichuan.Operator != "≥" || *sichuan.MeasuringUnit != "人次" {
		t.Errorf("Sichuan: target %s, operator %s, unit %s; want 2000, ≥, 人次", *sichuan.Target, *sichuan.Operator, *sichuan.MeasuringUnit)
	}
	hubei := derive(t, store, forms.Project("TRAIN", 2023), "hubei", projections.AsOf{})
	if got := printed(t, hubei, "execution.score"); got != "9.64" { // 20 × 47/97.5
		t.Errorf("Hubei: %s of 20 execution points; want 9.64", got)
	}
	without := derive(t, store, forms.Project("TRAIN", 2023), "transfer-payment", projections.AsOf{})
	if without.Execution.Score != nil || without.Total.Score != nil || without.Indicators[0].Score != nil {
		t.Error("a form without points has points")
	}
	if len(without.Indicators) != 8 || *without.Execution.Rate != "48.21%" {
		t.Errorf("without points: %d indicators, rate %s", len(without.Indicators), *without.Execution.Rate)
	}
}

func TestPointsAsOfADay(t *testing.T) {
	t.Parallel()
	store := measured(t).store()
	form := derive(t, store, forms.Project("TRAIN", 2023), "central-project", projections.AsOf{Date: date("2023-08-31")})
	if got := printed(t, form, "indicators.0.actual"); got != "1000人次" {
		t.Errorf("in August %s; want 1000人次", got)
	}
	if got := form.Indicators[2]; got.Score != nil || got.Actual != nil {
		t.Errorf("in August the row that was scored in January has %v, %v", got.Actual, got.Score)
	}
}

func TestThreePublicControl(t *testing.T) {
	t.Parallel()
	l := measured(t)
	l.post("line.opened", "CAR", object{"year": 2023, "unit": "STATION", "project": "TRAIN", "name": "公务用车", "fund": "general_public",
		"vintage": 2023, "function_class": "2150805", "economic_class": "30231"})
	l.post("budget.allocated", "CAR", object{"amount": "20000.00", "date": "2023-01-05", "document": "财1", "reason": "年初"})
	l.post("disbursement.paid", "CAR", object{"amount": "15000.00", "date": "2023-06-05", "document": "凭1", "purpose": "运行"})
	store := l.store()
	if got := printed(t, derive(t, store, forms.Project("TRAIN", 2023), "central-project", projections.AsOf{}), "indicators.6.actual"); got != "75%" {
		t.Errorf("三公 control rate %s; want 75%%", got)
	}
}

// TestEveryCellOfPointsNamesItsEvents: what is scored opens to the definition, the
// reports and the score, and a total to the cells that it adds up.
func TestEveryCellOfPointsNamesItsEvents(t *testing.T) {
	t.Parallel()
	store := measured(t).store()
	form := derive(t, store, forms.Project("TRAIN", 2023), "central-project", projections.AsOf{})
	for cell, count := range map[string]int{
		"goal.expected": 1, "indicators.0.target": 1, "indicators.0.weight": 1, "indicators.0.actual": 2, "indicators.0.score": 3,
		"indicators.0.note": 1, "indicators.2.score": 3, "indicators.5.actual": 4,
	} {
		terms, err := forms.Provenance(t.Context(), store, form, cell, forms.Page{})
		if err != nil || len(terms.Events) != count {
			t.Errorf("%s has %d events, %v; want %d", cell, len(terms.Events), err, count)
		}
	}
	for _, name := range form.Cells["total.score"].Of {
		if _, ok := form.Cells[name]; !ok {
			t.Errorf("the total is made of %s, which is no cell", name)
		}
	}
	if got := len(form.Cells["total.score"].Of); got != 7 {
		t.Errorf("the total is made of %d cells; want 7", got)
	}
}
