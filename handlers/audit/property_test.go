package audit_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/audit"
)

// consistent draws a project form that is right in itself: any unit, digits,
// weights and spending; rates and scores rounded half up once.
func consistent(t *rapid.T) audit.Form {
	digits := rapid.IntRange(0, 4).Draw(t, "money digits")
	unit := "万元"
	if rapid.Bool().Draw(t, "in yuan") {
		unit, digits = "元", 2
	}
	draw := func(name string, least int64) int64 { return rapid.Int64Range(least, 9_999_999).Draw(t, name) }
	amount := func(value int64) string { return money.Print(big.NewRat(value, pow10(digits)), digits, money.HalfUp) }
	var sums [3]int64
	rows := make([]audit.FundRow, 1, 4)
	for i, row := range []string{"current_appropriation", "carryover", "other"} {
		initial, budget := draw("initial", 1), draw("budget", 1)
		executed := rapid.Int64Range(0, budget).Draw(t, "executed")
		for c, value := range []int64{initial, budget, executed} {
			sums[c] += value
		}
		rows = append(rows, fundRow(row, fmt.Sprint(i), amount(initial), amount(budget), amount(executed)))
	}
	rows[0] = fundRow("total", "年度资金总额", amount(sums[0]), amount(sums[1]), amount(sums[2]))

	form := audit.Form{ID: "drawn", Kind: audit.Project, Year: 2023, MoneyUnit: text(unit), Department: text("某局"), Project: text("某项目"), Funds: rows}
	rate := big.NewRat(sums[2], sums[1])
	rateDigits, scoreDigits := rapid.IntRange(0, 4).Draw(t, "rate digits"), rapid.IntRange(1, 4).Draw(t, "score digits")
	weight := int64(rapid.SampledFrom([]int{10, 20}).Draw(t, "weight"))
	executionScore := new(big.Rat).Mul(big.NewRat(weight, 1), rate)
	form.Execution = audit.Execution{
		Weight: text(fmt.Sprint(weight)),
		Rate:   text(money.Ratio{Num: money.Amount(sums[2]), Den: money.Amount(sums[1])}.Percent(rateDigits, money.HalfUp) + "%"),
		Score:  text(money.Print(executionScore, scoreDigits, money.HalfUp)),
	}
	total := printed(executionScore, scoreDigits)
	left := 2 * (100 - weight) // half points
	count := rapid.IntRange(1, 8).Draw(t, "indicators")
	for i := range count {
		share := rapid.Int64Range(1, left-int64(count-i-1)).Draw(t, "half points")
		if i == count-1 {
			share = left
		}
		left -= share
		row, score := drawnIndicator(t, i, big.NewRat(share, 2), scoreDigits)
		form.Indicators = append(form.Indicators, row)
		total.Add(total, score)
	}
	form.Total = audit.Total{Weight: text("100"), Score: text(money.Print(total, scoreDigits, money.HalfUp))}
	return form
}

// drawnIndicator draws a quantitative row that is scored by the rule.
func drawnIndicator(t *rapid.T, i int, weight *big.Rat, digits int) (audit.Indicator, *big.Rat) {
	unit := rapid.SampledFrom([]string{"%", "次", "家", "", "公里"}).Draw(t, "unit")
	target := rapid.Int64Range(2, 1000).Draw(t, "target")
	actual := rapid.Int64Range(0, target*13/10).Draw(t, "actual")
	name := fmt.Sprintf("第%c项工作", 'A'+i)
	score, operator := weight, "≥"
	less := rapid.Bool().Draw(t, "less is better")
	switch {
	case less && actual > target:
		score = new(big.Rat).Mul(weight, big.NewRat(target, actual))
	case !less && actual < target:
		score = new(big.Rat).Mul(weight, big.NewRat(actual, target))
	}
	if less {
		operator = "≤"
	}
	if unit == "%" && actual <= 1 {
		actual, score = target, weight
	}
	row := indicator("数量指标", name, fmt.Sprint(operator, target, unit), fmt.Sprint(actual, unit), money.Print(weight, 1, money.HalfUp), money.Print(score, digits, money.HalfUp))
	return row, printed(score, digits)
}

func printed(value *big.Rat, digits int) *big.Rat {
	rounded, _ := new(big.Rat).SetString(money.Print(value, digits, money.HalfUp))
	return rounded
}

func pow10(digits int) int64 {
	power := int64(1)
	for range digits {
		power *= 10
	}
	return power
}

func TestConsistentFormsRaiseNoAlarm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for _, f := range audit.Run(audit.Declared{Forms: []audit.Form{consistent(t)}}, audit.Options{}).Findings {
			if f.Severity != audit.Info {
				t.Fatalf("%s %s %s: %s", f.Severity, f.Rule, f.Where, f.Message)
			}
		}
	})
}

// cellsOf are the cells of money, rate and score of a form, by their place.
func cellsOf(f *audit.Form) map[string]*audit.Text {
	cells := map[string]*audit.Text{"execution.rate": &f.Execution.Rate, "execution.score": &f.Execution.Score, "total.score": &f.Total.Score}
	for i := range f.Funds {
		row, prefix := &f.Funds[i], "funds."
		if row.Row != "total" {
			prefix += row.Row + "."
		}
		cells[prefix+"initial"], cells[prefix+"full_year"], cells[prefix+"executed"] = &row.Initial, &row.FullYear, &row.Executed
	}
	for i := range f.Indicators {
		cells[fmt.Sprintf("indicators[%d].score", i)] = &f.Indicators[i].Score
	}
	return cells
}

func TestAMutatedCellIsNamed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		form := consistent(t)
		cells := cellsOf(&form)
		places := make([]string, 0, len(cells))
		for place := range cells {
			places = append(places, place)
		}
		slices.Sort(places)
		place := rapid.SampledFrom(places).Draw(t, "place")
		was := cells[place].Printed
		cells[place].Printed = mutated(t, was)
		for _, f := range audit.Run(audit.Declared{Forms: []audit.Form{form}}, audit.Options{}).Findings {
			if slices.Contains(f.Cells, place) && !slices.Contains([]string{"DENOMINATOR-FIT", "ADJUST-RATE", "OVERSHOOT", "CARRYOVER-CHAIN"}, f.Rule) {
				return
			}
		}
		t.Fatalf("%s was %s and is %s, but no finding names it", place, was, cells[place].Printed)
	})
}

// mutated changes one digit of a printed number, so that its value changes.
func mutated(t *rapid.T, was string) string {
	digits := []int{}
	for i := range len(was) {
		if was[i] >= '0' && was[i] <= '9' {
			digits = append(digits, i)
		}
	}
	at := rapid.SampledFrom(digits).Draw(t, "digit")
	by := byte(rapid.IntRange(1, 9).Draw(t, "by"))
	changed := []byte(was)
	changed[at] = '0' + (changed[at]-'0'+by)%10
	return string(changed)
}

func TestParsingWhatWasWrittenChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		form := consistent(t)
		raw, err := json.Marshal(audit.Declared{Forms: []audit.Form{form}})
		if err != nil {
			t.Fatal(err)
		}
		raw = []byte(strings.Replace(string(raw), `"narrative":null`, `"narrative":{}`, 1))
		again, err := audit.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		before, after := audit.Run(audit.Declared{Forms: []audit.Form{form}}, audit.Options{}), audit.Run(again, audit.Options{})
		if fmt.Sprint(before) != fmt.Sprint(after) {
			t.Fatalf("%v\n%v", before, after)
		}
	})
}
