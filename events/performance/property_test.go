package performance_test

import (
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
)

var (
	units     = []string{"%", "家", "万元", "元", "次", ""}
	operators = []events.Operator{events.AtLeast, events.AtMost, events.Equal}
)

func drawRules(t *rapid.T) performance.Rules {
	rules := performance.Default()
	rules.Quantitative = rapid.SampledFrom([]performance.Quantitative{performance.Proportional, performance.AllOrNothing}).Draw(t, "quantitative")
	rules.ByHand = rapid.SampledFrom([]performance.ByHand{performance.Counts, performance.Checked}).Draw(t, "by hand")
	rules.NotApplicable = rapid.SampledFrom([]performance.NotApplicable{performance.Redistribute, performance.Scale}).Draw(t, "not applicable")
	rules.SumOf = rapid.SampledFrom([]performance.SumOf{performance.Printed, performance.Exact}).Draw(t, "sum of")
	rules.Digits = rapid.IntRange(0, 4).Draw(t, "digits")
	rules.Rounding = rapid.SampledFrom([]money.Rounding{money.HalfUp, money.HalfEven, money.Truncate}).Draw(t, "rounding")
	return rules
}

// drawQuantity draws what a form may say of a value.
func drawQuantity(t *rapid.T, name string) string {
	number := fmt.Sprintf("%d.%d", rapid.IntRange(-20, 300).Draw(t, name), rapid.IntRange(0, 99).Draw(t, name+" decimals"))
	return rapid.SampledFrom([]string{number + rapid.SampledFrom(units).Draw(t, name+" unit"), "不适用", "提升", "—"}).Draw(t, name+" text")
}

func drawRow(t *rapid.T, weight *big.Rat) performance.Row {
	row := performance.Row{
		Level1:   rapid.SampledFrom([]string{"产出指标", "效益指标", "满意度指标"}).Draw(t, "level"),
		Operator: rapid.SampledFrom(append(operators, events.Qualitative)).Draw(t, "operator"),
		Target:   drawQuantity(t, "target"), Actual: drawQuantity(t, "actual"), Weight: weight,
	}
	if rapid.Bool().Draw(t, "scored") {
		row.Score = &performance.HandScore{Points: big.NewRat(rapid.Int64Range(0, 120).Draw(t, "score"), 2), Outdated: rapid.Bool().Draw(t, "outdated")}
	}
	return row
}

// drawHundred draws rows whose weights are 90 in all, to be 100 with the
// execution rate's.
func drawHundred(t *rapid.T) []performance.Row {
	var rows []performance.Row
	for left := int64(180); left > 0; {
		half := rapid.Int64Range(1, left).Draw(t, "half points")
		left -= half
		rows = append(rows, drawRow(t, big.NewRat(half, 2)))
	}
	return rows
}

func TestPointsLieWithinTheWeight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		row := drawRow(t, big.NewRat(rapid.Int64Range(0, 100).Draw(t, "weight"), 2))
		got := rules.Score(row)
		for _, points := range []*big.Rat{got.Points, got.ByRule} {
			if points != nil && (points.Sign() < 0 || points.Cmp(row.Weight) > 0) {
				t.Fatalf("%+v scores %s", row, points.RatString())
			}
		}
		if (got.Points == nil) != (got.Coefficient == nil) && row.Weight.Sign() > 0 {
			t.Fatalf("%+v has points %v and coefficient %v", row, got.Points, got.Coefficient)
		}
	})
}

// TestBetterNeverScoresLess: more is better for ≥, less for ≤.
func TestBetterNeverScoresLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		operator := rapid.SampledFrom([]events.Operator{events.AtLeast, events.AtMost}).Draw(t, "operator")
		target := rapid.IntRange(0, 200).Draw(t, "target")
		low := rapid.IntRange(-100, 300).Draw(t, "low")
		high := low + rapid.IntRange(0, 300).Draw(t, "more")
		score := func(actual int) *big.Rat {
			return rules.Score(performance.Row{Operator: operator, Target: fmt.Sprint(target, "%"), Actual: fmt.Sprint(actual, "%"), Weight: big.NewRat(45, 2)}).Points
		}
		worse, better := score(low), score(high)
		if operator == events.AtMost {
			worse, better = better, worse
		}
		if better.Cmp(worse) < 0 {
			t.Fatalf("%s %d: %d scores %s, %d scores %s", operator, target, low, score(low).RatString(), high, score(high).RatString())
		}
	})
}

func TestATotalIsAtMostAHundred(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		rows := drawHundred(t)
		rate := money.Ratio{
			Num: money.Amount(rapid.Int64Range(-1000, 2000).Draw(t, "executed")),
			Den: money.Amount(rapid.Int64Range(0, 1000).Draw(t, "full year")),
		}
		got := rules.Evaluate(rate, rows)
		most := big.NewRat(performance.FullMarks, 1)
		if rules.SumOf == performance.Printed && rules.Digits == 0 {
			// Half a point of each row may be rounded up, and scaling multiplies that.
			slack := big.NewRat(int64(len(rows)+1), 2)
			if rules.NotApplicable == performance.Scale && got.Weight.Sign() > 0 {
				slack.Mul(slack, new(big.Rat).Quo(most, got.Weight))
			}
			most.Add(most, slack)
		}
		if got.Points.Sign() < 0 || got.Points.Cmp(most) > 0 {
			t.Fatalf("total %s", got.Points.RatString())
		}
		if rules.NotApplicable == performance.Redistribute && len(got.Rows) > 0 && applies(got) && shown(got.Weight) != "100" {
			t.Fatalf("the weights are %s in all", shown(got.Weight))
		}
	})
}

// applies says whether an indicator is left that can take weights over.
func applies(e performance.Evaluation) bool {
	for _, row := range e.Rows {
		if row.Applicable && row.Weight.Sign() > 0 {
			return true
		}
	}
	return false
}

func TestRedistributionKeepsTheWeights(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var rows []performance.Share
		before, applicable := new(big.Rat), new(big.Rat)
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			row := performance.Share{
				Level1:     rapid.SampledFrom([]string{"产出指标", "效益指标", "满意度指标"}).Draw(t, "level"),
				Weight:     big.NewRat(rapid.Int64Range(0, 1000).Draw(t, "weight"), rapid.Int64Range(1, 40).Draw(t, "parts")),
				Applicable: rapid.Bool().Draw(t, "applicable"),
			}
			rows = append(rows, row)
			before.Add(before, row.Weight)
			if row.Applicable {
				applicable.Add(applicable, row.Weight)
			}
		}
		if applicable.Sign() == 0 {
			before = applicable // nobody can take a weight over
		}
		after := new(big.Rat)
		for i, weight := range performance.Default().Distribute(rows) {
			if !rows[i].Applicable && weight.Sign() != 0 {
				t.Fatalf("row %d is not applicable and has the weight %s", i, weight.RatString())
			}
			after.Add(after, weight)
		}
		if before.Cmp(after) != 0 {
			t.Fatalf("weights of %s became %s", before.RatString(), after.RatString())
		}
	})
}

// TestUnitsDoNotMatter: the same amounts in other units score the same.
func TestUnitsDoNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target, actual := rapid.Int64Range(1, 1_000_000).Draw(t, "target"), rapid.Int64Range(0, 1_000_000).Draw(t, "actual")
		write := func(yuan int64, name string) string {
			if rapid.Bool().Draw(t, name) {
				return fmt.Sprint(yuan, "元")
			}
			return money.Print(big.NewRat(yuan, 10_000), 4, money.HalfUp) + "万元"
		}
		row := performance.Row{
			Operator: rapid.SampledFrom(operators).Draw(t, "operator"),
			Target:   write(target, "target in 元"), Actual: write(actual, "actual in 元"), Weight: big.NewRat(10, 1),
		}
		plain := row
		plain.Target, plain.Actual = fmt.Sprint(target), fmt.Sprint(actual)
		if got, want := performance.Default().Score(row), performance.Default().Score(plain); got.Points.Cmp(want.Points) != 0 || got.Why != want.Why {
			t.Fatalf("%s %s of %s scores %s; bare numbers score %s", row.Operator, row.Actual, row.Target, got.Points.RatString(), want.Points.RatString())
		}
	})
}

func FuzzParseValue(f *testing.F) {
	for _, text := range []string{"≥95%", "8-10家", "2.7万元", "１，２３４．５％", "不适用", "200余人次", "工业增产值同比增长5%，经济总量稳居全省第二", "2023年12月31日"} {
		f.Add(text, "万元")
	}
	f.Fuzz(func(t *testing.T, text, unit string) {
		v, ok := performance.ParseMeasured(text, unit)
		switch {
		case !ok:
		case v.NotApplicable != (v.Number == nil):
			t.Fatalf("%q is %+v", text, v)
		case v.High != nil && v.High.Cmp(v.Number) < 0:
			t.Fatalf("%q is a range from %s down to %s", text, v.Number, v.High)
		}
	})
}
