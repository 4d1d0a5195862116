package performance_test

import (
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
)

// typed is a row as a form has it.
func typed(t testing.TB, operator events.Operator, target, actual, weight string) performance.Row {
	t.Helper()
	return performance.Row{Level1: "产出指标", Operator: operator, Target: target, Actual: actual, Weight: rat(t, weight)}
}

func byHand(t testing.TB, row performance.Row, points, grade, reason string) performance.Row {
	t.Helper()
	row.Score = &performance.HandScore{Points: rat(t, points), Grade: grade, Reason: reason}
	return row
}

func TestQuantitativeScores(t *testing.T) {
	t.Parallel()
	const ge, le, eq = events.AtLeast, events.AtMost, events.Equal
	for name, c := range map[string]struct {
		operator               events.Operator
		target, actual, weight string
		points                 string // "nil" where a person has to score
		printed                string
		met, asks              bool
		why                    performance.Why
	}{
		"F22: growth of 5 of 7 percent":      {eq, "7.0%", "工业增产值同比增长5%，经济总量稳居全省第二", "5", "25/7", "3.57", false, true, performance.UnmetInPart},
		"F23: none of at least one":          {ge, "≥1  次", "0", "2", "0", "0.00", false, true, performance.UnmetInPart},
		"F24: 87.72 of 90 percent":           {ge, "≥90%", "87.72%", "8", "2924/375", "7.80", false, true, performance.UnmetInPart},
		"F25: 95 of 100 percent":             {eq, "100%", "95%", "7", "133/20", "6.65", false, true, performance.UnmetInPart},
		"F17: points for a percentage":       {eq, "100%", "10", "10", "nil", "", false, false, performance.UnitsDiffer},
		"met to the number":                  {ge, "≥95%", "95%", "5", "5", "5.00", true, false, performance.Met},
		"met above it":                       {ge, "2100", "2160", "20", "20", "20.00", true, false, performance.Met},
		"met in full width":                  {ge, "≥　９５％", "１００％", "22.5", "45/2", "22.50", true, false, performance.Met},
		"unmet with a weight of 22.5":        {ge, "≥3次", "1次", "22.5", "15/2", "7.50", false, true, performance.UnmetInPart},
		"at 130 percent":                     {ge, "100家", "130家", "6", "6", "6.00", true, false, performance.Met},
		"above 130 percent":                  {ge, "110家", "290家", "6", "6", "6.00", true, true, performance.Overshoot},
		"= reached":                          {eq, "2个", "2个", "6", "6", "6.00", true, false, performance.Met},
		"= exceeded":                         {eq, "2个", "3个", "6", "6", "6.00", false, true, performance.EqualExceeded},
		"= in a range":                       {eq, "8-10家", "9家", "6", "6", "6.00", true, false, performance.Met},
		"= below a range":                    {eq, "8-10家", "4家", "6", "3", "3.00", false, true, performance.UnmetInPart},
		"= above a range":                    {eq, "8-10家", "12家", "6", "6", "6.00", false, true, performance.EqualExceeded},
		"≥ a range":                          {ge, "8-10家", "8家", "6", "6", "6.00", true, false, performance.Met},
		"≤ kept":                             {le, "80万元", "41.14万元", "10", "10", "10.00", true, false, performance.Met},
		"≤ exceeded":                         {le, "≤80万元", "100万元", "10", "8", "8.00", false, true, performance.AtMostExceeded},
		"≤ with an actual of 0":              {le, "≤5起", "0起", "10", "10", "10.00", true, false, performance.Met},
		"≤ 0 kept":                           {le, "0起", "0起", "10", "10", "10.00", true, false, performance.Met},
		"≤ 0 exceeded":                       {le, "0起", "2起", "10", "0", "0.00", false, true, performance.ZeroTarget},
		"≤ a range":                          {le, "8-10天", "10天", "10", "10", "10.00", true, false, performance.Met},
		"≥ 0 with 0":                         {ge, "0", "0", "10", "10", "10.00", true, false, performance.Met},
		"≥ 0 with more":                      {ge, "0", "3", "10", "10", "10.00", true, true, performance.Overshoot},
		"≥ 0 with less":                      {ge, "≥0%", "-3%", "10", "0", "0.00", false, true, performance.ZeroTarget},
		"= 0 with 0":                         {eq, "0次", "0次", "10", "10", "10.00", true, false, performance.Met},
		"= 0 with more":                      {eq, "0次", "1次", "10", "0", "0.00", false, true, performance.ZeroTarget},
		"a decline for a rise":               {ge, "≥5%", "-3%", "10", "0", "0.00", false, true, performance.UnmetInPart},
		"a negative target met":              {le, "-5%", "-6%", "10", "10", "10.00", true, false, performance.Met},
		"a negative target missed":           {le, "-5%", "-3%", "10", "nil", "", false, false, performance.NegativeTarget},
		"≥ a negative target met":            {ge, "-5%", "2%", "10", "10", "10.00", true, false, performance.Met},
		"< met":                              {le, "<15%", "0.4%", "7", "7", "7.00", true, false, performance.Met},
		"< missed by nothing":                {le, "<15%", "15%", "7", "7", "7.00", false, false, performance.AtMostExceeded},
		"万元 and 元":                           {ge, "≥2万元", "27,560元", "10", "10", "10.00", true, true, performance.Overshoot},
		"千元 and 万元":                          {ge, "30千元", "1.5万元", "10", "5", "5.00", false, true, performance.UnmetInPart},
		"a bare count":                       {ge, "≥ 13次", "13", "5", "5", "5.00", true, false, performance.Met},
		"a bare amount":                      {le, "80万元", "41.14", "10", "nil", "", false, false, performance.UnitsDiffer},
		"a bare number of 万人次":               {ge, "1.5万人次", "2", "6", "nil", "", false, false, performance.UnitsDiffer},
		"a bare number of 万元/户":              {ge, "2万元/户", "2", "6", "nil", "", false, false, performance.UnitsDiffer},
		"a bare number in the ten thousands": {ge, "15000人次", "1.5万", "6", "6", "6.00", true, false, performance.Met},
		"two counts":                         {ge, "200户", "355家", "6", "nil", "", false, false, performance.UnitsDiffer},
		"people and visits":                  {ge, "200人", "300人次", "6", "nil", "", false, false, performance.UnitsDiffer},
		"more than enough":                   {ge, "≥200人次", "200余人次", "5", "5", "5.00", true, false, performance.Met},
		"more than too few":                  {ge, "≥300人次", "200余人次", "5", "nil", "", false, false, performance.Unreadable},
		"less than enough":                   {le, "≤5%", "<5%", "5", "5", "5.00", true, false, performance.Met},
		"less than too much":                 {le, "≤5%", "<8%", "5", "nil", "", false, false, performance.Unreadable},
		"> and ≥":                            {ge, ">95%", "≥95%", "5", "nil", "", false, false, performance.Unreadable},
		"a range reached":                    {ge, "≥8家", "8-10家", "5", "nil", "", false, false, performance.Unreadable},
		"a target in words":                  {ge, "进一步提升", "95%", "5", "nil", "", false, false, performance.Unreadable},
		"an actual value in words":           {ge, "≥95%", "完成", "5", "nil", "", false, false, performance.Unreadable},
		"two numbers":                        {ge, "培训2次，培训200人次", "培训2次，培训200余人次", "5", "nil", "", false, false, performance.Unreadable},
		"a sign against the operator":        {ge, "≤95%", "95%", "5", "nil", "", false, false, performance.OperatorsDiffer},
		"nothing reported":                   {ge, "≥95%", "", "5", "nil", "", false, false, performance.NotReported},
		"a mark for nothing reported":        {ge, "≥95%", "—", "5", "nil", "", false, false, performance.NotReported},
		"no weight":                          {ge, "≥95%", "90%", "0", "0", "0.00", false, false, performance.UnmetInPart},
		"qualitative and nobody scored it":   {events.Qualitative, "有所提升", "有所提升", "6", "nil", "", false, false, performance.NotScored},
	} {
		rules := performance.Default()
		got := rules.Score(typed(t, c.operator, c.target, c.actual, c.weight))
		printed := ""
		if got.Points != nil {
			printed = rules.Print(got.Points)
		}
		if shown(got.Points) != c.points || printed != c.printed || got.Met != c.met || got.NeedsReason != c.asks || got.Why != c.why || !got.Applicable {
			t.Errorf("%s: %s (%s), met %v, asks %v, %s; want %s (%s), %v, %v, %s", name, shown(got.Points), printed, got.Met, got.NeedsReason, got.Why,
				c.points, c.printed, c.met, c.asks, c.why)
		}
	}
}

func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	rules := performance.Default()
	rules.Quantitative = performance.AllOrNothing
	if got := rules.Score(typed(t, events.AtLeast, "100%", "99%", "10")); shown(got.Points) != "0" || got.Why != performance.UnmetInPart {
		t.Errorf("missed: %s, %s", shown(got.Points), got.Why)
	}
	if got := rules.Score(typed(t, events.AtLeast, "100%", "100%", "10")); shown(got.Points) != "10" {
		t.Errorf("met: %s", shown(got.Points))
	}
}

func TestOvershootMayAskNothing(t *testing.T) {
	t.Parallel()
	rules := performance.Default()
	rules.Overshoot = ""
	if got := rules.Score(typed(t, events.AtLeast, "1", "1000", "10")); got.Why != performance.Met || got.NeedsReason || shown(got.Attained) != "100000" {
		t.Errorf("%+v", got)
	}
}

func TestScoresByHand(t *testing.T) {
	t.Parallel()
	const ge, words = events.AtLeast, events.Qualitative
	for name, c := range map[string]struct {
		operator                      events.Operator
		target, actual, weight        string
		score, stated, reason         string
		points, byRule, why, ruleWhy  string
		grade                         string
		met, asks, checkedByRuleAlone bool
	}{
		"F22 by hand":                   {ge, "7.0%", "5%", "5", "4", "", "", "4", "25/7", "scored_by_hand", "unmet_proportional", "", false, true, false},
		"the rule's own, as printed":    {ge, "7.0%", "5%", "5", "3.57", "", "基数偏高", "25/7", "25/7", "unmet_proportional", "unmet_proportional", "", false, false, false},
		"F22 checked":                   {ge, "7.0%", "5%", "5", "4", "", "", "25/7", "25/7", "unmet_proportional", "unmet_proportional", "", false, true, true},
		"units differ, by hand":         {ge, "200户", "355家", "6", "6", "", "", "6", "nil", "scored_by_hand", "units_differ", "", false, false, true},
		"far above, by hand":            {ge, "1次", "7次", "6", "5", "", "目标偏低", "5", "6", "scored_by_hand", "overshoot", "", true, false, false},
		"above the weight":              {ge, "7.0%", "5%", "5", "6", "", "", "5", "25/7", "above_weight", "unmet_proportional", "", false, false, false},
		"F28: three quarters":           {words, "预算范围内", "完成", "10", "7.5", "", "", "15/2", "nil", "qualitative_band", "", "部分达成", false, true, true},
		"F28: the edge of 达成":           {words, "2023年全年", "2024年4月", "10", "8", "", "延期", "8", "nil", "qualitative_band", "", "达成", true, false, true},
		"in its grade":                  {words, "提升", "提升", "10", "6", "部分达成并具有一定效果", "见说明", "6", "nil", "qualitative_band", "", "部分达成", false, false, true},
		"just below its grade":          {words, "提升", "提升", "10", "5.9999", "部分达成", "", "59999/10000", "nil", "outside_band", "", "部分达成", false, true, true},
		"above its grade":               {words, "提升", "提升", "10", "10", "部分达成", "", "10", "nil", "outside_band", "", "部分达成", false, true, true},
		"in a grade that nobody knows":  {words, "提升", "提升", "10", "10", "优秀", "", "10", "nil", "unknown_grade", "", "优秀", true, false, true},
		"qualitative, above the weight": {words, "提升", "提升", "10", "11", "", "", "10", "nil", "above_weight", "", "达成", true, false, true},
		"nothing":                       {words, "提升", "没有提升", "10", "0", "未达成", "见说明", "0", "nil", "qualitative_band", "", "未达成", false, false, true},
		"no weight":                     {words, "提升", "提升", "0", "0", "达成", "", "0", "nil", "qualitative_band", "", "达成", false, false, true},
	} {
		rules := performance.Default()
		if c.checkedByRuleAlone {
			rules.ByHand = performance.Checked
		}
		got := rules.Score(byHand(t, typed(t, c.operator, c.target, c.actual, c.weight), c.score, c.stated, c.reason))
		if shown(got.Points) != c.points || shown(got.ByRule) != c.byRule || string(got.Why) != c.why || string(got.RuleWhy) != c.ruleWhy ||
			got.Grade != c.grade || got.Met != c.met || got.NeedsReason != c.asks {
			t.Errorf("%s: %s (by rule %s), %s (%s), grade %q, met %v, asks %v\nwant %+v", name,
				shown(got.Points), shown(got.ByRule), got.Why, got.RuleWhy, got.Grade, got.Met, got.NeedsReason, c)
		}
	}
}

func TestHubeiHasOtherBands(t *testing.T) {
	t.Parallel()
	hubei := performance.Default()
	hubei.Bands[1].To, hubei.Bands[2].From = "50", "50"
	row := byHand(t, typed(t, events.Qualitative, "提升", "提升", "10"), "5", "部分达成", "见说明")
	if got := hubei.Score(row); got.Why != performance.QualitativeBand || got.Grade != "部分达成" {
		t.Errorf("50 %% in Hubei: %s, %s", got.Why, got.Grade)
	}
	if got := performance.Default().Score(row); got.Why != performance.OutsideBand {
		t.Errorf("50 %% elsewhere: %s", got.Why)
	}
}

func TestAnOutdatedScoreDoesNotCount(t *testing.T) {
	t.Parallel()
	row := byHand(t, typed(t, events.Qualitative, "提升", "提升", "10"), "10", "", "")
	row.Score.Outdated = true
	if got := performance.Default().Score(row); got.Points != nil || got.Why != performance.ScoreOutdated {
		t.Errorf("qualitative: %s, %s", shown(got.Points), got.Why)
	}
	row.Operator, row.Target, row.Actual = events.AtLeast, "10", "5"
	if got := performance.Default().Score(row); shown(got.Points) != "5" || got.Why != performance.UnmetInPart {
		t.Errorf("quantitative: %s, %s", shown(got.Points), got.Why)
	}
}

func TestNotApplicableHasNoPoints(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]performance.Row{
		"F27: both, with a score": byHand(t, typed(t, events.Qualitative, "不适用", "不适用", "5"), "5", "", ""),
		"the target":              typed(t, events.AtLeast, "不适用", "5", "5"),
		"the actual value":        typed(t, events.AtLeast, "5", "不适用", "5"),
		"marks for nothing":       typed(t, events.AtLeast, "—", "/", "5"),
	} {
		got := performance.Default().Score(row)
		if got.Applicable || got.Points != nil || got.Weight.Sign() != 0 || got.Why != performance.NotApplicableRow || got.NeedsReason {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCoefficientAndAttained(t *testing.T) {
	t.Parallel()
	got := performance.Default().Score(typed(t, events.AtLeast, "≥90%", "87.72%", "8"))
	if money.Print(got.Coefficient, 2, money.HalfUp) != "97.47" || got.Coefficient.Cmp(got.Attained) != 0 {
		t.Errorf("coefficient %s, attained %s", shown(got.Coefficient), shown(got.Attained))
	}
}

func TestComputedIndicators(t *testing.T) {
	t.Parallel()
	facts := performance.Facts{Initial: 126_0000_00, FullYear: 139_9800_00, Executed: 124_5100_00, Adjustments: 3, ThreePublicBudget: 25_0000_00, ThreePublicExecuted: 24_0900_00}
	for of, want := range map[events.Computation][2]string{
		events.ComputedExecutionRate:  {"622550/6999", "88.95%"},
		events.ComputedAdjustmentRate: {"699/63", "11.10%"},
		events.ComputedCarryoverRate:  {"77350/6999", "11.05%"},
		events.ComputedThreePublic:    {"2409/25", "96.36%"},
		events.ComputedAdjustments:    {"3", "3次"},
	} {
		got, ok := performance.Compute(of, facts)
		if !ok || got.Value.Number.Cmp(rat(t, want[0])) != 0 || got.Print(2, money.HalfUp) != want[1] || got.Of != of {
			t.Errorf("%s = %s, %s, %v; want %v", of, shown(got.Value.Number), got.Print(2, money.HalfUp), ok, want)
		}
		if _, ok := performance.Compute(of, performance.Facts{}); ok != (of == events.ComputedAdjustments) {
			t.Errorf("%s of nothing is defined: %v", of, ok)
		}
	}
	if _, ok := performance.Compute("", facts); ok {
		t.Error("no computation gives a figure")
	}
	cut, _ := performance.Compute(events.ComputedAdjustmentRate, performance.Facts{Initial: 280_0000_00, FullYear: 6_3600_00})
	if got := cut.Print(2, money.HalfUp); got != "97.73%" {
		t.Errorf("a budget cut from 280 to 6.36 is adjusted by %s", got)
	}
}

func TestComputedIndicatorsAreScored(t *testing.T) {
	t.Parallel()
	definition := set("ZX-01", "≥90%", "8")
	definition.Computed = events.ComputedExecutionRate
	record := fold(t, definition)
	rows := record.Rows(performance.Facts{FullYear: 139_9800_00, Executed: 124_5100_00})
	got := performance.Default().Score(rows[0])
	if got.Why != performance.UnmetInPart || performance.Default().Print(got.Points) != "7.91" {
		t.Errorf("8 × 88.948…/90 = %s, %s; want 7.91", shown(got.Points), got.Why)
	}
	if got := performance.Default().Score(record.Rows(performance.Facts{})[0]); got.Why != performance.NotReported {
		t.Errorf("0/0 scores %s, %s", shown(got.Points), got.Why)
	}
}

func TestABareTargetTakesTheNumberOfAdjustments(t *testing.T) {
	t.Parallel()
	definition := set("TZ-01", "2", "5")
	definition.Computed, definition.Operator = events.ComputedAdjustments, events.AtMost
	got := performance.Default().Score(fold(t, definition).Rows(performance.Facts{Adjustments: 4})[0])
	if shown(got.Points) != "5/2" || got.Why != performance.AtMostExceeded {
		t.Errorf("5 × 2/4 = %s, %s", shown(got.Points), got.Why)
	}
}

func TestRowsSayWhatTheRecordSays(t *testing.T) {
	t.Parallel()
	definition := set("SL-01", "2100", "20")
	definition.AdjustedTarget, definition.MeasuringUnit = "2000", "人次"
	rows := fold(t, definition, reported("SL-01", "2023-07-31", "900"), reported("SL-01", "2023-12-31", "1000"), scored("SL-01", "10")).Rows(performance.Facts{})
	got := performance.Default().Score(rows[0])
	if shown(got.Points) != "10" || got.Why != performance.UnmetInPart || got.NeedsReason {
		t.Errorf("20 × 1000/2000 with a reason: %s, %s, asks %v", shown(got.Points), got.Why, got.NeedsReason)
	}
	var none *performance.Record
	if none.Rows(performance.Facts{}) != nil {
		t.Error("no record has rows")
	}
}
