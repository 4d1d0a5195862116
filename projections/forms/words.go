package forms

import (
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/projections"
)

// The sources of money, which are the rows of most forms.
const (
	CurrentAppropriation = projections.SourceCurrent   // 当年财政拨款
	Carryover            = projections.SourceCarryover // 上年结转资金
	Other                = projections.SourceOther     // 其他资金
)

// Sources lists the sources.
func Sources() []string { return []string{CurrentAppropriation, Carryover, Other} }

// totalRow is the key of the row that has all the money.
const totalRow = "total"

// sourceOf is the row of money that a line belongs to.
func sourceOf(l projections.LineView) string {
	switch {
	case l.Line.Fund == events.UnitFunds:
		return Other
	case l.Line.Vintage == l.Line.Year:
		return CurrentAppropriation
	}
	return Carryover
}

// keeps says whether a selection keeps a line.
func (s Lines) keeps(l projections.LineView) bool {
	named := func(word string) bool {
		return strings.Contains(string(l.Line.Name), word) || strings.Contains(string(l.ProjectName), word)
	}
	return oneOf(s.Sources, sourceOf(l)) && oneOf(s.Funds, l.Line.Fund) && oneOf(s.Kinds, l.ProjectKind) &&
		(len(s.Named) == 0 || slices.ContainsFunc(s.Named, named)) && !slices.ContainsFunc(s.Unnamed, named)
}

func oneOf[T comparable](allowed []T, value T) bool {
	return len(allowed) == 0 || slices.Contains(allowed, value)
}

// all says that a selection keeps every line.
func (s Lines) all() bool {
	return len(s.Sources) == 0 && len(s.Funds) == 0 && len(s.Kinds) == 0 && len(s.Named) == 0 && len(s.Unnamed) == 0
}

// The values that a column of money may have.
const (
	Initial     = "initial"      // 年初预算数
	FullYear    = "full_year"    // 全年预算数
	Executed    = "executed"     // 全年执行数
	Adjustment  = "adjustment"   // 全年预算数 − 年初预算数
	Unspent     = "unspent"      // 全年预算数 − 全年执行数
	Rate        = "rate"         // 执行率, against the full-year budget
	RateInitial = "rate_initial" // against the initial budget
	Weight      = "weight"       // 分值
	Score       = "score"        // 得分
	Reason      = "reason"       // 原因
)

// FundValues lists the values that a column of money may have.
func FundValues() []string {
	return []string{Initial, FullYear, Executed, Adjustment, Unspent, Rate, RateInitial, Weight, Score, Reason}
}

// The values that a column of indicators may have, besides weight and score.
const (
	Level1         = "level1"
	Level2         = "level2"
	Level3         = "level3"
	Operator       = "operator"        // 指标性质
	Target         = "target"          // 年度指标值
	AdjustedTarget = "adjusted_target" // 调整后指标值
	MeasuringUnit  = "measuring_unit"  // 度量单位
	Actual         = "actual"          // 实际完成值
	Coefficient    = "coefficient"     // 得分系数
	Note           = "note"            // 偏差原因分析及改进措施
	Core           = "core"            // 是否核心指标
)

// IndicatorValues lists the values that a column of indicators may have.
func IndicatorValues() []string {
	return []string{Level1, Level2, Level3, Operator, Target, AdjustedTarget, MeasuringUnit, Actual, Coefficient, Weight, Score, Note, Core}
}

// Placeholders lists what titles, fields and notes may name in braces.
func Placeholders() []string {
	return []string{"year", "project", "project_code", "department", "implementing_unit", "money_unit",
		"rate", "rate_initial", "score", "grade", "filled_on"}
}

// The values of a department's cuts, as declared forms name them.
var (
	incomeValues   = []string{"general_public_budget", "government_fund", "special_account_nontax", Other}
	spendingValues = []string{"basic", "project"}
)
