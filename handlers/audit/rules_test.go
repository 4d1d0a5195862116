package audit_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/language"
)

func text(printed string) audit.Text { return audit.Text{Printed: printed, Stated: true} }

func fundRow(row, label, initial, fullYear, executed string) audit.FundRow {
	return audit.FundRow{Row: row, Label: text(label), Initial: text(initial), FullYear: text(fullYear), Executed: text(executed)}
}

func indicator(level2, level3, target, actual, weight, score string) audit.Indicator {
	return audit.Indicator{Level1: text("产出指标"), Level2: text(level2), Level3: text(level3), Target: text(target), Actual: text(actual),
		Weight: text(weight), Score: text(score)}
}

// correct is a project form that no rule objects to.
func correct() audit.Form {
	return audit.Form{
		ID: "p1", Kind: audit.Project, Year: 2023, Template: text("central-project"), MoneyUnit: text("万元"), Department: text("水务局"), Project: text("河道巡查与养护"),
		Funds: []audit.FundRow{
			fundRow("total", "年度资金总额", "100", "105", "105"),
			fundRow("current_appropriation", "其中：当年财政拨款", "100", "100", "100"),
			fundRow("carryover", "上年结转资金", "0", "5", "5"),
			fundRow("other", "其他资金", "0", "0", "0"),
		},
		Execution: audit.Execution{Weight: text("10"), Rate: text("100%"), Score: text("10")},
		Indicators: []audit.Indicator{
			indicator("数量指标", "巡查主要河道河段次数", "≥60次", "62次", "20", "20"),
			indicator("质量指标", "隐患整改率", "≥95%", "96%", "20", "20"),
			indicator("成本指标", "项目总成本", "≤105万元", "105万元", "10", "10"),
			indicator("社会效益指标", "群众用水安全", "有所改善", "改善", "30", "30"),
			indicator("满意度指标", "居民满意度", "≥90%", "92%", "10", "10"),
		},
		Total: audit.Total{Weight: text("100"), Score: text("100"), Grade: text("优")},
	}
}

// department is a department form over the correct project form.
func department() audit.Form {
	f := correct()
	f.ID, f.Kind, f.Project = "d0", audit.Department, text("")
	f.Funds = []audit.FundRow{fundRow("total", "年度资金总额", "300", "310", "305")}
	f.Income = &audit.Income{GeneralPublicBudget: text("300"), GovernmentFund: text("0"), SpecialAccountNontax: text("0"), Other: text("5")}
	f.Spending = &audit.Spending{Basic: text("200"), Project: text("105")}
	f.Execution = audit.Execution{Weight: text("10"), Rate: text("98.39%"), Score: text("9.84")}
	f.Indicators[2] = indicator("时效指标", "完成时间", "2023年12月", "2023年11月", "10", "10")
	f.Total = audit.Total{Weight: text("100"), Score: text("99.84"), Grade: text("优")}
	return f
}

// a trial changes correct forms and says what must be found; "" for nothing
// graver than worth a look, and not even that of its own rule.
type trial struct {
	name     string
	change   func(d *audit.Declared)
	where    string // form:place
	severity audit.Severity
	options  audit.Options
}

// p and d are the project form and the department form of a trial's document.
func p(d *audit.Declared) *audit.Form { return &d.Forms[1] }
func d(d *audit.Declared) *audit.Form { return &d.Forms[0] }

func narrative(pairs ...string) audit.Narrative {
	var n audit.Narrative
	for i := 0; i < len(pairs); i += 2 {
		n = append(n, audit.Statement{Path: pairs[i], Text: pairs[i+1]})
	}
	return n
}

type events map[string][]audit.Derived

func (e events) Derive(form audit.Form) ([]audit.Derived, bool) {
	rows, known := e[form.ID]
	return rows, known
}

func nextYear(carryover string) func(*audit.Declared) {
	return func(doc *audit.Declared) {
		p(doc).Funds[0].Executed, p(doc).Funds[1].Executed = text("95"), text("90")
		p(doc).Execution.Rate, p(doc).Execution.Score = text("90.48%"), text("9.05")
		p(doc).Indicators[2].Actual = text("95万元")
		p(doc).Total.Score = text("99.05")
		next := correct()
		next.ID, next.Year = "p2", 2024
		next.Funds[2] = fundRow("carryover", "上年结转资金", "0", carryover, "5")
		doc.Forms = append(doc.Forms, next)
	}
}

func trials() map[string][]trial {
	return map[string][]trial{
		"FUND-SUM": {
			{"parts_exceed_the_total", func(x *audit.Declared) { p(x).Funds[1].FullYear = text("99") }, "p1:funds.full_year", audit.Wrong, audit.Options{}},
			{"one_part_exceeds_the_total", func(x *audit.Declared) { p(x).Funds[3].Executed = text("1050") }, "p1:funds.executed", audit.Wrong, audit.Options{}},
			{"a_rounding_tail_is_worth_a_look", func(x *audit.Declared) {
				p(x).Funds[0].Initial, p(x).Funds[1].Initial, p(x).Funds[3].Initial = text("100.01"), text("66.67"), text("33.33")
			}, "p1:funds.initial", audit.Info, audit.Options{}},
			{"unreadable_parts_are_left_alone", func(x *audit.Declared) { p(x).Funds[1].Initial = text("见附件") }, "", "", audit.Options{}},
			{"a_row_of_which", func(x *audit.Declared) {
				p(x).Funds[2].Label, p(x).Funds[1].FullYear = text("其中：上年结转资金"), text("105")
			}, "", "", audit.Options{}},
			{"parts_without_a_row_for_the_rest", func(x *audit.Declared) {
				p(x).Funds = p(x).Funds[:2]
			}, "", "", audit.Options{}},
		},
		"PARTS-MISSING": {
			{"all_parts_blank", func(x *audit.Declared) {
				for i := 1; i < 4; i++ {
					p(x).Funds[i].Initial = text("")
				}
			}, "p1:funds.initial", audit.Info, audit.Options{}},
			{"a_form_without_parts", func(x *audit.Declared) { p(x).Funds = p(x).Funds[:1] }, "", "", audit.Options{}},
		},
		"INCOME-TOTAL": {
			{"income_falls_short", func(x *audit.Declared) { d(x).Income.GeneralPublicBudget = text("290") }, "d0:income", audit.Wrong, audit.Options{}},
			{"spending_exceeds", func(x *audit.Declared) { d(x).Spending.Basic = text("210.5") }, "d0:spending", audit.Wrong, audit.Options{}},
			{"income_of_the_budget_column", func(x *audit.Declared) { d(x).Income.Other = text("10") }, "", "", audit.Options{}},
			{"a_cut_off_breakdown", func(x *audit.Declared) {
				d(x).Income = &audit.Income{GeneralPublicBudget: text("280")}
			}, "", "", audit.Options{}},
		},
		"IMPORT-CLEAN": {
			{"a_bookmark", func(x *audit.Declared) { p(x).Funds[2].FullYear = text("[bookmark: _GoBack]5") }, "p1:funds.carryover.full_year", audit.Info, audit.Options{}},
			{"a_clean_cell", func(*audit.Declared) {}, "", "", audit.Options{}},
		},
		"BLANK-ZERO": {
			{"a_blank_beside_zeros", func(x *audit.Declared) {
				na := indicator("生态效益指标", "不适用", "不适用", "不适用", "0", "0")
				p(x).Indicators = append(p(x).Indicators, na)
				na.Score = text("")
				d(x).Indicators = append(d(x).Indicators, na)
			}, "d0:indicators[5].score", audit.Info, audit.Options{}},
			{"blanks_everywhere", func(x *audit.Declared) {
				p(x).Indicators = append(p(x).Indicators, indicator("生态效益指标", "不适用", "不适用", "不适用", "0", ""))
			}, "", "", audit.Options{}},
		},
		"EVENT-FIGURE": {
			{"events_know_another_figure", func(*audit.Declared) {}, "p1:funds.executed", audit.Conflict, audit.Options{Events: events{"p1": {
				{Row: "total", Initial: 100 * money.Wan, FullYear: 105 * money.Wan, Executed: 104 * money.Wan}}}}},
			{"events_agree_when_rounded", func(*audit.Declared) {}, "", "", audit.Options{Events: events{"p1": {
				{Row: "total", Initial: 100*money.Wan + 1000, FullYear: 105 * money.Wan, Executed: 105 * money.Wan}}}}},
		},
		"RATE-PRECISION": {
			{"not_quite_all", func(x *audit.Declared) {
				p(x).Funds[0].Executed, p(x).Funds[1].Executed = text("104.99"), text("99.99")
			}, "p1:execution.rate", audit.Wrong, audit.Options{}},
			{"all_of_it", func(*audit.Declared) {}, "", "", audit.Options{}},
		},
		"RATE-ROUND": {
			{"cut_off", func(x *audit.Declared) { d(x).Execution.Rate = text("98.38%") }, "d0:execution.rate", audit.Wrong, audit.Options{}},
			{"no_rounding_leads_there", func(x *audit.Declared) { d(x).Execution.Rate = text("97%") }, "d0:execution.rate", audit.Wrong, audit.Options{}},
			{"against_the_initial_budget", func(x *audit.Declared) { d(x).Execution.Rate = text("101.67%") }, "d0:execution.rate", audit.Wrong, audit.Options{}},
			{"an_exact_tie", func(x *audit.Declared) {
				p(x).Funds = []audit.FundRow{fundRow("total", "", "80", "80", "41.14")}
				p(x).Execution.Rate, p(x).Execution.Score = text("51.42%"), text("5.14")
			}, "p1:execution.rate", audit.Info, audit.Options{}},
			{"fewer_digits_and_no_sign", func(x *audit.Declared) { d(x).Execution.Rate = text("98") }, "", "", audit.Options{}},
			{"a_fraction_of_one", func(x *audit.Declared) { d(x).Execution.Rate = text("0.984") }, "", "", audit.Options{}},
			{"words", func(x *audit.Declared) { d(x).Execution.Rate = text("按进度执行") }, "", "", audit.Options{}},
		},
		"RATE-EXCEEDS": {
			{"more_than_the_budget", func(x *audit.Declared) {
				p(x).Funds[0].Executed = text("110")
			}, "p1:funds.executed", audit.Info, audit.Options{}},
			{"within_the_budget", func(*audit.Declared) {}, "", "", audit.Options{}},
		},
		"EXECUTION-SCORE": {
			{"not_the_share_of_the_weight", func(x *audit.Declared) { d(x).Execution.Score = text("9.9") }, "d0:execution.score", audit.Scoring, audit.Options{}},
			{"rounded_to_whole_points", func(x *audit.Declared) { d(x).Execution.Score = text("10") }, "d0:execution.score", audit.Info, audit.Options{}},
			{"rounded_twice", func(x *audit.Declared) {
				p(x).Funds = []audit.FundRow{fundRow("total", "", "126", "139.98", "124.51")}
				p(x).Execution.Rate, p(x).Execution.Score = text("88.95%"), text("8.90")
			}, "p1:execution.score", audit.Scoring, audit.Options{}},
			{"above_the_weight", func(x *audit.Declared) { p(x).Execution.Score = text("10.5") }, "p1:execution.score", audit.Scoring, audit.Options{}},
			{"twenty_points", func(x *audit.Declared) {
				d(x).Execution.Weight, d(x).Execution.Score = text("20"), text("19.68分")
			}, "", "", audit.Options{}},
			{"no_weight_no_points", func(x *audit.Declared) { d(x).Execution.Weight = text("") }, "", "", audit.Options{}},
			{"by_the_printed_rate_where_money_is_missing", func(x *audit.Declared) {
				p(x).Funds = nil
				p(x).Execution.Rate = text("94%")
			}, "p1:execution.score", audit.Scoring, audit.Options{}},
		},
		"WEIGHT-SUM": {
			{"one_point_missing", func(x *audit.Declared) { p(x).Indicators[3].Weight = text("29") }, "p1:total.weight", audit.Wrong, audit.Options{}},
			{"other_weights", func(x *audit.Declared) {
				p(x).Indicators[3].Weight, p(x).Indicators[0].Weight = text("27.5"), text("22.5")
			}, "", "", audit.Options{}},
			{"a_weight_that_cannot_be_read", func(x *audit.Declared) { p(x).Indicators[3].Weight = text("三十") }, "", "", audit.Options{}},
		},
		"SCORE-BLANK": {
			{"a_weighted_row_without_score", func(x *audit.Declared) { p(x).Indicators[3].Score = text("") }, "p1:indicators[3].score", audit.Wrong, audit.Options{}},
			{"a_form_that_is_not_scored_yet", func(x *audit.Declared) {
				for i := range p(x).Indicators {
					p(x).Indicators[i].Score = text("")
				}
			}, "", "", audit.Options{}},
		},
		"SCORE-SUM": {
			{"the_total_is_too_high", func(x *audit.Declared) { d(x).Total.Score = text("100.84") }, "d0:total.score", audit.Wrong, audit.Options{}},
			{"a_total_rounded_to_points", func(x *audit.Declared) { d(x).Total.Score = text("100") }, "d0:total.score", audit.Info, audit.Options{}},
			{"a_score_that_cannot_be_read", func(x *audit.Declared) {
				d(x).Total.Score, d(x).Indicators[3].Score = text("99"), text("满分")
			}, "", "", audit.Options{}},
		},
		"GRADE": {
			{"ninety_is_excellent", func(x *audit.Declared) { d(x).Total.Grade = text("良") }, "d0:total.grade", audit.Scoring, audit.Options{}},
			{"another_word", func(x *audit.Declared) { d(x).Total.Grade = text("合格") }, "", "", audit.Options{}},
		},
		"VALUE-UNIT": {
			{"points_as_a_percentage", func(x *audit.Declared) { p(x).Indicators[4].Actual = text("10") }, "p1:indicators[4].actual", audit.Wrong, audit.Options{}},
			{"a_count_against_a_percentage", func(x *audit.Declared) { p(x).Indicators[1].Actual = text("62处") }, "p1:indicators[1].actual", audit.Conflict, audit.Options{}},
			{"a_percentage_without_sign", func(x *audit.Declared) { p(x).Indicators[4].Actual = text("92") }, "", "", audit.Options{}},
			{"a_percentage_as_a_fraction", func(x *audit.Declared) { p(x).Indicators[4].Actual = text("0.92") }, "", "", audit.Options{}},
			{"another_measure_word", func(x *audit.Declared) { p(x).Indicators[0].Actual = text("62场次") }, "", "", audit.Options{}},
		},
		"QUANT-SCORE": {
			{"unmet_but_nearly_full", func(x *audit.Declared) {
				p(x).Indicators[0].Actual, p(x).Indicators[0].Score = text("30次"), text("15")
			}, "p1:indicators[0].score", audit.Scoring, audit.Options{}},
			{"met_but_deducted", func(x *audit.Declared) { p(x).Indicators[0].Score = text("18") }, "p1:indicators[0].score", audit.Scoring, audit.Options{}},
			{"above_its_weight", func(x *audit.Declared) { p(x).Indicators[3].Score = text("31") }, "p1:indicators[3].score", audit.Scoring, audit.Options{}},
			{"the_value_stands_in_a_sentence", func(x *audit.Declared) {
				p(x).Indicators[1].Actual, p(x).Indicators[1].Score = text("整改率为80%，其余在办"), text("20")
			}, "p1:indicators[1].score", audit.Scoring, audit.Options{}},
			{"a_change_in_a_sentence", func(x *audit.Declared) {
				p(x).Indicators[1].Actual = text("经过整治，隐患整改率较上年提升3%")
			}, "", "", audit.Options{}},
			{"its_share", func(x *audit.Declared) {
				p(x).Indicators[0].Actual, p(x).Indicators[0].Score, p(x).Total.Score = text("30次"), text("10"), text("90")
			}, "", "", audit.Options{}},
			{"less_is_better", func(x *audit.Declared) {
				p(x).Indicators[0] = indicator("质量指标", "漏报", "≤2起", "4起", "20", "10")
				p(x).Total.Score = text("90")
			}, "", "", audit.Options{}},
			{"cut_off_instead_of_rounded", func(x *audit.Declared) {
				p(x).Indicators[0].Actual, p(x).Indicators[0].Score = text("59次"), text("19.66")
			}, "p1:indicators[0].score", audit.Info, audit.Options{}},
			{"about_the_target", func(x *audit.Declared) {
				p(x).Indicators[0].Actual, p(x).Indicators[0].Score, p(x).Total.Score = text("50余次"), text("18"), text("98")
			}, "", "", audit.Options{}},
		},
		"QUAL-BAND": {
			{"partly_achieved_with_nine_tenths", func(x *audit.Declared) {
				p(x).Indicators[3].Actual, p(x).Indicators[3].Score = text("部分达成"), text("27")
			}, "p1:indicators[3].score", audit.Scoring, audit.Options{}},
			{"late_with_full_weight", func(x *audit.Declared) { d(x).Indicators[2].Actual = text("2024年2月") }, "d0:indicators[2].score", audit.Scoring, audit.Options{}},
			{"a_cost_under_its_target", func(x *audit.Declared) {
				p(x).Indicators[2] = indicator("成本指标", "预算控制", "200万元", "105万元", "10", "7.5")
			}, "p1:indicators[2].score", audit.Scoring, audit.Options{}},
			{"no_grade_is_stated", func(x *audit.Declared) { p(x).Indicators[3].Score = text("27") }, "p1:indicators[3].score", audit.Info, audit.Options{}},
			{"partly_achieved_at_the_edge", func(x *audit.Declared) {
				p(x).Indicators[3].Actual, p(x).Indicators[3].Score, p(x).Total.Score = text("部分达成"), text("24"), text("94")
			}, "", "", audit.Options{}},
			{"half_in_hubei", func(x *audit.Declared) {
				p(x).Template = text("hubei-project")
				p(x).Indicators[3].Actual, p(x).Indicators[3].Score, p(x).Total.Score, p(x).Total.Grade = text("部分达成"), text("15"), text("85"), text("良")
			}, "", "", audit.Options{}},
		},
		"NA-WEIGHT": {
			{"points_for_nothing", func(x *audit.Declared) {
				p(x).Indicators[3] = indicator("生态效益指标", "不适用", "不适用", "不适用", "30", "30")
			}, "p1:indicators[3].score", audit.Scoring, audit.Options{}},
			{"weight_without_points", func(x *audit.Declared) {
				p(x).Indicators[3] = indicator("生态效益指标", "不适用", "不适用", "不适用", "30", "")
			}, "p1:indicators[3].weight", audit.Info, audit.Options{}},
			{"nothing_for_nothing", func(x *audit.Declared) {
				p(x).Indicators = append(p(x).Indicators, indicator("生态效益指标", "不适用", "", "", "0", "0"))
			}, "", "", audit.Options{}},
		},
		"DUPLICATE-RATE": {
			{"the_rate_is_an_indicator_too", func(x *audit.Declared) { p(x).Indicators[1].Level3 = text("预算执行率") }, "p1:indicators[1]", audit.Scoring, audit.Options{}},
			{"another_rate", func(x *audit.Declared) { p(x).Indicators[1].Level3 = text("政府采购执行率") }, "", "", audit.Options{}},
		},
		"BASE-MISMATCH": {
			{"without_the_carryover", func(x *audit.Declared) {
				p(x).Funds[0].Executed, p(x).Funds[2].Executed = text("104"), text("4")
				p(x).Execution.Rate = text("99.05%")
				p(x).Indicators[1].Level3, p(x).Indicators[1].Actual = text("资金执行率"), text("100%")
			}, "p1:indicators[1].actual", audit.Scoring, audit.Options{}},
			{"the_rate_of_a_part", func(x *audit.Declared) { d(x).Indicators[1].Level3 = text("项目预算执行率") }, "", "", audit.Options{}},
			{"the_same_base", func(x *audit.Declared) {
				p(x).Execution.Weight = text("")
				p(x).Indicators[1].Level3, p(x).Indicators[1].Actual = text("资金执行率"), text("100%")
			}, "", "", audit.Options{}},
		},
		"COST-ACTUAL": {
			{"the_cost_is_not_the_spending", func(x *audit.Declared) { p(x).Indicators[2].Actual = text("95万元") }, "p1:indicators[2].actual", audit.Wrong, audit.Options{}},
			{"a_cost_each", func(x *audit.Declared) {
				p(x).Indicators[2] = indicator("成本指标", "每公里成本", "≤2万元", "1.9万元", "10", "10")
			}, "", "", audit.Options{}},
			{"a_part_of_the_cost", func(x *audit.Declared) {
				p(x).Indicators[2] = indicator("成本指标", "车辆租赁成本", "≤20万元", "18万元", "10", "10")
			}, "", "", audit.Options{}},
			{"in_yuan", func(x *audit.Declared) { p(x).Indicators[2].Actual = text("1,050,000元") }, "", "", audit.Options{}},
		},
		"COST-TARGET-EXPOST": {
			{"target_and_spending_are_one", func(*audit.Declared) {}, "p1:indicators[2].target", audit.Info, audit.Options{}},
			{"the_target_is_the_initial_budget", func(x *audit.Declared) { p(x).Indicators[2].Target = text("≤100万元") }, "", "", audit.Options{}},
		},
		"OVERSHOOT": {
			{"far_above", func(x *audit.Declared) { p(x).Indicators[0].Actual = text("200次") }, "p1:indicators[0].actual", audit.Info, audit.Options{}},
			{"far_above_with_a_reason", func(x *audit.Declared) {
				p(x).Indicators[0].Actual, p(x).Indicators[0].Note = text("200次"), text("汛期加密巡查")
			}, "", "", audit.Options{}},
			{"exactly_130_percent", func(x *audit.Declared) { p(x).Indicators[0].Actual = text("78次") }, "", "", audit.Options{}},
		},
		"DENOMINATOR-FIT": {
			{"budget_equals_spending", func(*audit.Declared) {}, "p1:funds.full_year", audit.Info, audit.Options{}},
			{"all_as_planned", func(x *audit.Declared) { p(x).Funds[0].Initial, p(x).Funds[2].Initial = text("105"), text("5") }, "", "", audit.Options{}},
		},
		"ADDITION-REASON": {
			{"nothing_at_first", func(x *audit.Declared) { p(x).Funds[0].Initial, p(x).Funds[1].Initial = text("0"), text("0") }, "p1:funds.initial", audit.Info, audit.Options{}},
			{"the_text_says_why", func(x *audit.Declared) {
				p(x).Funds[0].Initial, p(x).Funds[1].Initial = text("0"), text("0")
				p(x).Goal.Actual = text("6月追加预算后开展")
			}, "", "", audit.Options{}},
		},
		"ADJUST-RATE": {
			{"a_fifth_more", func(x *audit.Declared) { p(x).Funds[0].Initial, p(x).Funds[1].Initial = text("80"), text("80") }, "p1:funds.initial", audit.Info, audit.Options{}},
			{"within_a_tenth", func(x *audit.Declared) { d(x).Spending.Basic = text("200") }, "", "", audit.Options{}},
		},
		"CARRYOVER-CHAIN": {
			{"more_carried_than_left", nextYear("12"), "p2:funds.carryover.full_year", audit.Conflict, audit.Options{}},
			{"less_carried_than_left", nextYear("5"), "p2:funds.carryover.full_year", audit.Info, audit.Options{}},
			{"all_carried", nextYear("10"), "", "", audit.Options{}},
			{"the_new_money_first", func(x *audit.Declared) {
				p(x).Funds[0].Executed, p(x).Funds[2].Executed = text("102"), text("2")
			}, "p1:funds.carryover.executed", audit.Info, audit.Options{}},
		},
		"COVERAGE": {
			{"spending_without_a_form", func(x *audit.Declared) { d(x).Spending.Project = text("150") }, "d0:spending.project", audit.Wrong, audit.Options{}},
			{"more_than_the_department_spends", func(x *audit.Declared) { d(x).Spending.Project = text("50") }, "d0:spending.project", audit.Wrong, audit.Options{}},
			{"another_department", func(x *audit.Declared) { p(x).Department = text("林业局") }, "", "", audit.Options{}},
			{"a_form_without_its_total", func(x *audit.Declared) { p(x).Funds = nil }, "", "", audit.Options{}},
		},
		"UNSPENT": {
			{"projects_leave_more", func(x *audit.Declared) { p(x).Funds[0].FullYear = text("200") }, "d0:funds.unspent", audit.Wrong, audit.Options{}},
			{"a_project_overspends", func(x *audit.Declared) {
				p(x).Funds[0].FullYear = text("200")
				over := correct()
				over.ID, over.Funds[0].FullYear = "p3", text("50")
				x.Forms = append(x.Forms, over)
			}, "", "", audit.Options{}},
		},
		"SOURCE-SUM": {
			{"more_of_a_source", func(x *audit.Declared) { p(x).Funds[3].Executed = text("8") }, "d0:income.other", audit.Wrong, audit.Options{}},
			{"more_in_all", func(x *audit.Declared) { p(x).Funds[0].Initial = text("301") }, "d0:funds.initial", audit.Wrong, audit.Options{}},
			{"within_the_source", func(x *audit.Declared) { p(x).Funds[3].Executed = text("5") }, "", "", audit.Options{}},
		},
		"TEXT-NUMBER": {
			{"a_digit_too_many", func(x *audit.Declared) {
				p(x).Indicators[0] = indicator("数量指标", "引进项目资金", "800万元", "900万元", "20", "20")
				p(x).Goal.Expected, p(x).Goal.Actual = text("力争引进社会资金不少于800万元。"), text("全年引进社会资金9000万元。")
			}, "p1:indicators[0].actual", audit.Wrong, audit.Options{}},
			{"the_same_number", func(x *audit.Declared) {
				p(x).Indicators[0] = indicator("数量指标", "引进项目资金", "800万元", "900万元", "20", "20")
				p(x).Goal.Expected, p(x).Goal.Actual = text("力争引进社会资金不少于800万元。"), text("全年引进社会资金９００万元。")
			}, "", "", audit.Options{}},
			{"a_bound_in_the_text", func(x *audit.Declared) {
				p(x).Goal.Expected, p(x).Goal.Actual = text("隐患整改率达到95%以上"), text("隐患整改率达到95%以上")
			}, "", "", audit.Options{}},
			{"other_words", func(x *audit.Declared) {
				p(x).Goal.Expected, p(x).Goal.Actual = text("开展巡查60次"), text("处理来信来访70次")
			}, "", "", audit.Options{}},
		},
		"CROSS-FACT": {
			{"the_text_has_another_count", func(x *audit.Declared) { p(x).Goal.Actual = text("全年巡查主要河道河段48次。") }, "p1:indicators[0].actual", audit.Conflict, audit.Options{}},
			{"two_rows_of_one_name", func(x *audit.Declared) {
				p(x).Indicators[1] = indicator("数量指标", "巡查主要河道河段次数", "≥60次", "61次", "20", "20")
			}, "p1:indicators[1].actual", audit.Conflict, audit.Options{}},
			{"the_part_exceeds_the_whole", func(x *audit.Declared) {
				d(x).Indicators[0] = indicator("数量指标", "完成水库除险加固座数", "4座", "4座", "20", "20")
				p(x).Indicators[0] = indicator("数量指标", "完成水库除险加固座数", "4座", "5座", "20", "20")
			}, "p1:indicators[0].actual", audit.Conflict, audit.Options{}},
			{"more_people_than_staff", func(x *audit.Declared) {
				p(x).Indicators[0] = indicator("数量指标", "考核人数", "按在编人员", "90人", "20", "20")
				x.Narrative = narrative("staff.actual", "42")
			}, "p1:indicators[0].actual", audit.Conflict, audit.Options{}},
			{"the_text_paid_another_amount", func(x *audit.Declared) { x.Narrative = narrative("river_paid", "99.5") }, "p1:funds.executed", audit.Conflict,
				audit.Options{Subjects: map[string][]string{"river": {"p1"}}}},
			{"one_name_under_two_headings", func(x *audit.Declared) {
				p(x).Indicators[1] = indicator("质量指标", "巡查主要河道河段次数", "≥60次", "61次", "20", "20")
			}, "", "", audit.Options{}},
			{"a_part_of_the_count", func(x *audit.Declared) { p(x).Goal.Actual = text("其中汛期巡查主要河道河段20次。") }, "", "", audit.Options{}},
			{"about_the_count", func(x *audit.Declared) { p(x).Goal.Actual = text("巡查主要河道河段60余次。") }, "", "", audit.Options{}},
		},
		"NARRATIVE-INITIAL": {
			{"declared_by_an_option", func(x *audit.Declared) { x.Narrative = narrative("river_initial", "120") }, "p1:funds.initial", audit.Conflict,
				audit.Options{Subjects: map[string][]string{"river": {"河道巡查与养护"}}}},
			{"declared_in_the_document", func(x *audit.Declared) { x.Narrative = narrative("river_initial", "120", "forms.river", "p1") }, "p1:funds.initial", audit.Conflict, audit.Options{}},
			{"known_by_its_name", func(x *audit.Declared) { x.Narrative = narrative("河道巡查_initial", "120") }, "p1:funds.initial", audit.Conflict, audit.Options{}},
			{"a_full_year_budget_called_initial", func(x *audit.Declared) {
				p(x).Funds[0].FullYear = text("105.37")
				x.Narrative = narrative("river_initial", "105.37")
			}, "p1:funds.initial", audit.Conflict, audit.Options{}},
			{"it_agrees", func(x *audit.Declared) { x.Narrative = narrative("river_initial", "100", "forms.river", "p1") }, "", "", audit.Options{}},
			{"nobody_knows_which_form", func(x *audit.Declared) { x.Narrative = narrative("river_initial", "105") }, "", "", audit.Options{}},
		},
		"SHARE-ROUND": {
			{"some_rounded_some_cut", func(x *audit.Declared) {
				x.Narrative = narrative("basic", "298.7", "wages.text", "100", "wages.share_printed", "33.48%", "office.text", "50", "office.share_printed", "16.73%")
			}, ":narrative.office.share_printed", audit.Wrong, audit.Options{}},
			{"of_a_declared_total", func(x *audit.Declared) {
				x.Narrative = narrative("whole", "200", "wages.text", "50", "wages.of", "whole", "wages.share_printed", "26%")
			}, ":narrative.wages.share_printed", audit.Wrong, audit.Options{}},
			{"all_cut", func(x *audit.Declared) {
				x.Narrative = narrative("basic", "298.7", "office.text", "50", "office.share_printed", "16.73%")
			}, ":narrative.office.share_printed", audit.Info, audit.Options{}},
			{"all_rounded", func(x *audit.Declared) {
				x.Narrative = narrative("basic", "200", "wages.text", "66.67", "wages.share_printed", "33.34%")
			}, "", "", audit.Options{}},
			{"of_nobody_knows_what", func(x *audit.Declared) { x.Narrative = narrative("wages.text", "66.67", "wages.share_printed", "12%") }, "", "", audit.Options{}},
		},
		"CLAIM-WITHOUT-NUMBER": {
			{"no_number", func(x *audit.Declared) { p(x).Goal.Actual = text("能耗较上年有所下降。") }, "p1:goal.actual", audit.Info, audit.Options{}},
			{"with_its_number", func(x *audit.Declared) { p(x).Goal.Actual = text("能耗较上年下降3.5%。") }, "", "", audit.Options{}},
		},
		"SIGNATURE": {
			{"seen_and_empty", func(x *audit.Declared) { p(x).Signature = text("") }, "p1:signature", audit.Info, audit.Options{}},
			{"signed", func(x *audit.Declared) { p(x).Signature = text("（已签）") }, "", "", audit.Options{}},
		},
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	all := trials()
	for _, rule := range audit.Rules() {
		fires, rests := false, false
		for _, c := range all[rule.Name] {
			fires, rests = fires || c.where != "", rests || c.where == ""
			t.Run(rule.Name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				try(t, rule, c)
			})
		}
		if !fires || !rests {
			t.Errorf("%s needs a trial that finds something and one that does not", rule.Name)
		}
	}
}

func try(t *testing.T, rule audit.Rule, c trial) {
	document := audit.Declared{Forms: []audit.Form{department(), correct()}}
	c.change(&document)
	report := audit.Run(document, c.options)
	var seen []string
	for _, f := range report.Findings {
		if f.Rule != rule.Name {
			continue
		}
		seen = append(seen, string(f.Severity)+" "+f.Form+":"+f.Where)
		if !slices.Contains(rule.Severities, f.Severity) {
			t.Errorf("severity %s is not declared", f.Severity)
		}
		if strings.ContainsAny(f.Message, "{}") {
			t.Errorf("message not filled: %s", f.Message)
		}
	}
	if want := string(c.severity) + " " + c.where; c.where != "" && !slices.Contains(seen, want) {
		t.Errorf("want %s, found %q", want, seen)
	}
	if c.where == "" && len(seen) > 0 {
		for _, f := range report.Findings {
			if f.Rule == rule.Name {
				t.Errorf("%s %s:%s %s", f.Severity, f.Form, f.Where, f.Message)
			}
		}
	}
}

func TestTheCorrectFormIsCorrect(t *testing.T) {
	t.Parallel()
	report := audit.Run(audit.Declared{Forms: []audit.Form{department(), correct()}}, audit.Options{Language: language.English})
	for _, f := range report.Findings {
		if f.Severity != audit.Info {
			t.Errorf("%s %s %s:%s %s", f.Severity, f.Rule, f.Form, f.Where, f.Message)
		}
	}
	if !report.Clean() || report.Forms != 2 {
		t.Errorf("clean %v, forms %d", report.Clean(), report.Forms)
	}
}
