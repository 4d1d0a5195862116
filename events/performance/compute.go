package performance

import (
	"math/big"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
)

// Facts are the figures of a subject's books that computed indicators are made
// of. Amounts are in fen.
type Facts struct {
	Initial  money.Amount // 年初预算数
	FullYear money.Amount // 全年预算数
	Executed money.Amount // 全年执行数
	// Adjustments is the number of events that changed the budget in the year:
	// supplements, reductions, transfers, recalls.
	Adjustments int
	// ThreePublicBudget and ThreePublicExecuted are the full-year budget and the
	// outturn of 三公经费.
	ThreePublicBudget, ThreePublicExecuted money.Amount
}

// Figure is the actual value of a computed indicator.
type Figure struct {
	Of events.Computation
	// Value is in % or, for the number of adjustments, in 次.
	Value Value
	// Fraction is what the percentage is made of. It is not defined for a number.
	Fraction money.Ratio
}

// Compute makes a computed indicator's actual value, exactly; ok is false if it
// is not defined (0/0). In percent:
//
//	execution_rate   executed / full_year
//	adjustment_rate  |full_year − initial| / initial, a cut being an adjustment too
//	carryover_rate   (full_year − executed) / full_year: what is left, carried over or returned
//	three_public     executed / full_year of 三公经费
//
// and adjustments as a number.
func Compute(of events.Computation, f Facts) (figure Figure, ok bool) {
	var over money.Ratio
	switch of {
	case events.ComputedExecutionRate:
		over = money.Ratio{Num: f.Executed, Den: f.FullYear}
	case events.ComputedAdjustmentRate:
		over = money.Ratio{Num: distance(f.FullYear, f.Initial), Den: f.Initial}
	case events.ComputedCarryoverRate:
		over = money.Ratio{Num: max(f.FullYear-f.Executed, 0), Den: f.FullYear}
	case events.ComputedThreePublic:
		over = money.Ratio{Num: f.ThreePublicExecuted, Den: f.ThreePublicBudget}
	case events.ComputedAdjustments:
		return Figure{Of: of, Value: Value{Number: big.NewRat(int64(f.Adjustments), 1), Unit: "次", counted: true}}, true
	}
	if !over.OK() {
		return Figure{}, false
	}
	return Figure{Of: of, Value: Value{Number: over.Times(hundred), Unit: "%"}, Fraction: over}, true
}

func distance(a, b money.Amount) money.Amount { return max(a, b) - min(a, b) }

// Print writes the figure as a form shows it: "88.95%", never "100%" for what is
// not exactly 100, or "3次".
func (f Figure) Print(digits int, rounding money.Rounding) string {
	if !f.Fraction.OK() {
		return strconv.FormatInt(f.Value.Number.Num().Int64(), 10) + f.Value.Unit
	}
	return f.Fraction.Percent(digits, rounding) + f.Value.Unit
}
