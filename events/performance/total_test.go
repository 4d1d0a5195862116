package performance_test

import (
	"math/big"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
)

func TestExecutionPoints(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		executed, fullYear money.Amount
		weight             events.Points
		printed            string
	}{
		"the tie of 51.425 percent":     {41_1400_00, 80_0000_00, "10", "5.14"},
		"rounded once from 88.948…":     {124_5100_00, 139_9800_00, "10", "8.89"},
		"just short of all":             {3317_2600_00, 3317_5500_00, "10", "10.00"},
		"all":                           {26_8900_00, 26_8900_00, "10", "10.00"},
		"20 points in Hubei":            {124_5100_00, 139_9800_00, "20", "17.79"},
		"nothing":                       {0, 80_0000_00, "10", "0.00"},
		"more than the budget":          {90_0000_00, 80_0000_00, "10", "10.00"},
		"more refunded than paid":       {-5_0000_00, 80_0000_00, "10", "0.00"},
		"0/0":                           {0, 0, "10", ""},
		"a payment without a budget":    {5_0000_00, 0, "10", ""},
		"a form that gives none for it": {41_1400_00, 80_0000_00, "", ""},
	} {
		rules := performance.Default()
		rules.ExecutionWeight = c.weight
		got := ""
		if points := rules.Execution(money.Ratio{Num: c.executed, Den: c.fullYear}); points != nil {
			got = rules.Print(points)
		}
		if got != c.printed {
			t.Errorf("%s: %q; want %q", name, got, c.printed)
		}
	}
}

func TestGradesHaveExactEdges(t *testing.T) {
	t.Parallel()
	for points, want := range map[string]string{
		"100": "优", "90": "优", "899999999/10000000": "良", "80": "良", "799999999/10000000": "中", "60": "中", "599999999/10000000": "差", "0": "差",
	} {
		if got := performance.Default().Grade(rat(t, points)); got != want {
			t.Errorf("%s is %s; want %s", points, got, want)
		}
	}
	if got := (performance.Rules{}).Grade(rat(t, "90")); got != "" {
		t.Errorf("rules without grades give %q", got)
	}
}

func share(t *testing.T, level, weight string, applicable bool) performance.Share {
	t.Helper()
	return performance.Share{Level1: level, Weight: rat(t, weight), Applicable: applicable}
}

func TestDistribute(t *testing.T) {
	t.Parallel()
	const output, benefit = "产出指标", "效益指标"
	for name, c := range map[string]struct {
		rows             []performance.Share
		redistribute, as []string
	}{
		"all apply": {
			[]performance.Share{share(t, output, "22.5", true), share(t, output, "27.5", true)},
			[]string{"45/2", "55/2"}, []string{"45/2", "55/2"},
		},
		"F27: three of four in one level": {
			[]performance.Share{share(t, output, "50", true), share(t, benefit, "15", true), share(t, benefit, "5", false), share(t, benefit, "5", false), share(t, benefit, "5", false)},
			[]string{"50", "30", "0", "0", "0"}, []string{"50", "15", "0", "0", "0"},
		},
		"in proportion": {
			[]performance.Share{share(t, output, "10", true), share(t, output, "20", true), share(t, output, "10", false)},
			[]string{"1333/100", "2667/100", "0"}, []string{"10", "20", "0"},
		},
		"in proportion in each of two levels": {
			[]performance.Share{
				share(t, output, "10", true), share(t, output, "10", true), share(t, output, "10", true), share(t, output, "10", false),
				share(t, benefit, "5", true), share(t, benefit, "5", true), share(t, benefit, "5", true), share(t, benefit, "5", false),
			},
			[]string{"667/50", "1333/100", "1333/100", "0", "667/100", "667/100", "333/50", "0"},
			[]string{"10", "10", "10", "0", "5", "5", "5", "0"},
		},
		"weights finer than the digits": {
			[]performance.Share{share(t, output, "10.001", true), share(t, output, "10.001", true), share(t, output, "10", false)},
			[]string{"7501/500", "15", "0"}, []string{"10001/1000", "10001/1000", "0"},
		},
		"all of one level": {
			[]performance.Share{share(t, output, "50", true), share(t, benefit, "30", false), share(t, "满意度指标", "10", true)},
			[]string{"75", "0", "15"}, []string{"50", "0", "10"},
		},
		"the rest of the level has no weight": {
			[]performance.Share{share(t, output, "50", true), share(t, benefit, "30", false), share(t, benefit, "0", true)},
			[]string{"80", "0", "0"}, []string{"50", "0", "0"},
		},
		"all of all levels": {
			[]performance.Share{share(t, output, "50", false), share(t, benefit, "30", false)},
			[]string{"0", "0"}, []string{"0", "0"},
		},
		"none": {nil, nil, nil},
	} {
		for way, want := range map[performance.NotApplicable][]string{performance.Redistribute: c.redistribute, performance.Scale: c.as} {
			rules := performance.Default()
			rules.NotApplicable = way
			got := rules.Distribute(c.rows)
			if len(got) != len(want) {
				t.Fatalf("%s, %s: %d weights; want %d", name, way, len(got), len(want))
			}
			for i := range want {
				if shown(got[i]) != want[i] {
					t.Errorf("%s, %s: weight %d is %s; want %s", name, way, i, shown(got[i]), want[i])
				}
			}
		}
	}
}

// all is a rate of 100 percent.
var all = money.Ratio{Num: 1, Den: 1}

// rest is a row that gets its whole weight.
func rest(t *testing.T, weight string) performance.Row {
	t.Helper()
	return typed(t, events.AtLeast, "1次", "1次", weight)
}

func TestEvaluateAddsUpAsPrinted(t *testing.T) {
	t.Parallel()
	third := func() performance.Row { return typed(t, events.AtLeast, "3次", "1次", "10") } // 3.33…
	rows := []performance.Row{third(), third(), third(), rest(t, "60")}
	rules := performance.Default()
	if got := rules.Evaluate(all, rows); got.Printed != "79.99" || got.Grade != "中" || !got.Complete || shown(got.Weight) != "100" {
		t.Errorf("printed: %s, %s, weight %s", got.Printed, got.Grade, shown(got.Weight))
	}
	rules.SumOf = performance.Exact
	if got := rules.Evaluate(all, rows); got.Printed != "80.00" || got.Grade != "良" || shown(got.Points) != "80" {
		t.Errorf("exact: %s, %s", got.Printed, got.Grade)
	}
}

func TestAnExactTotalIsGradedBeforeItIsRounded(t *testing.T) {
	t.Parallel()
	rules := performance.Default()
	rules.SumOf = performance.Exact
	got := rules.Evaluate(all, []performance.Row{rest(t, "60"), byHand(t, typed(t, events.Qualitative, "提升", "提升", "30"), "19.9999", "", "")})
	if got.Printed != "90.00" || got.Grade != "良" {
		t.Errorf("89.9999 prints %s and is %s; want 90.00 and 良", got.Printed, got.Grade)
	}
}

func TestTheRadioFormOf2023(t *testing.T) {
	t.Parallel()
	rows := []performance.Row{
		rest(t, "76"),
		byHand(t, typed(t, events.AtLeast, "≥1  次", "0", "2"), "1", "", "本年未发现黑广播"),
		byHand(t, typed(t, events.AtLeast, "≥90%", "87.72%", "8"), "6", "", "项目跨年"),
		byHand(t, typed(t, events.AtLeast, "100%", "95%", "4"), "3", "", "正在整改"),
	}
	rate := money.Ratio{Num: 124_5100_00, Den: 139_9800_00}
	rules := performance.Default()
	if got := rules.Evaluate(rate, rows); got.Printed != "94.89" || got.Grade != "优" {
		t.Errorf("as scored by hand: %s, %s; want 94.89, 优", got.Printed, got.Grade)
	}
	rules.ByHand = performance.Checked
	if got := rules.Evaluate(rate, rows); got.Printed != "96.49" {
		t.Errorf("by the rule: %s; want 8.89 + 76 + 0 + 7.80 + 3.80 = 96.49", got.Printed)
	}
}

func TestRedistributedWeightsAddUpAsPrinted(t *testing.T) {
	t.Parallel()
	na := typed(t, events.Qualitative, "不适用", "不适用", "1")
	rows := []performance.Row{rest(t, "16"), rest(t, "16"), rest(t, "16"), rest(t, "16"), rest(t, "16"), rest(t, "9"), na}
	got := performance.Default().Evaluate(all, rows)
	for i, row := range got.Rows[:6] {
		if printed := rat(t, performance.Default().Print(row.Weight)); printed.Cmp(row.Weight) != 0 {
			t.Errorf("the weight of row %d is %s and prints %s", i, shown(row.Weight), shown(printed))
		}
	}
	if got.Printed != "100.00" {
		t.Errorf("everything is reached, and the total is %s", got.Printed)
	}
}

func TestARowThatNobodyScoredCountsNothing(t *testing.T) {
	t.Parallel()
	got := performance.Default().Evaluate(all, []performance.Row{rest(t, "84"), typed(t, events.Qualitative, "质量较高", "质量较高", "6")}) // F03
	if got.Printed != "94.00" || got.Complete {
		t.Errorf("%s, complete %v", got.Printed, got.Complete)
	}
}

func TestNotApplicableRowsInATotal(t *testing.T) {
	t.Parallel()
	na := func(level, weight string) performance.Row {
		row := typed(t, events.Qualitative, "不适用", "不适用", weight)
		row.Level1 = level
		return row
	}
	half := typed(t, events.AtLeast, "2次", "1次", "40")
	rows := []performance.Row{half, rest(t, "20"), na("效益指标", "30")}
	for name, c := range map[string]struct {
		way             performance.NotApplicable
		rate            money.Ratio
		rows            []performance.Row
		printed, weight string
	}{
		"redistributed":                          {performance.Redistribute, all, rows, "70.00", "100"},           // 10 + 30 + 30
		"scaled":                                 {performance.Scale, all, rows, "71.43", "70"},                   // (10 + 20 + 20) × 100/70
		"a rate of 0/0 redistributed":            {performance.Redistribute, money.Ratio{}, rows, "66.67", "100"}, // half of 66.67 and 33.33
		"a rate of 0/0 scaled":                   {performance.Scale, money.Ratio{}, rows, "66.67", "60"},
		"a row that was declared without weight": {performance.Scale, all, []performance.Row{rest(t, "60"), na("效益指标", "0")}, "100.00", "70"},
		"weights that miss 100 are not mended":   {performance.Scale, all, []performance.Row{rest(t, "60")}, "70.00", "70"},
		"only the rate is left":                  {performance.Redistribute, all, []performance.Row{na("效益指标", "90")}, "10.00", "10"},
		"only the rate is left, scaled":          {performance.Scale, all, []performance.Row{na("效益指标", "90")}, "100.00", "10"},
		"nothing is left":                        {performance.Scale, money.Ratio{}, []performance.Row{na("效益指标", "90")}, "0.00", "0"},
	} {
		rules := performance.Default()
		rules.NotApplicable = c.way
		got := rules.Evaluate(c.rate, c.rows)
		if got.Printed != c.printed || shown(got.Weight) != c.weight || !got.Complete {
			t.Errorf("%s: %s of %s; want %s of %s", name, got.Printed, shown(got.Weight), c.printed, c.weight)
		}
	}
}

func TestAScoreByHandFollowsItsWeight(t *testing.T) {
	t.Parallel()
	na := typed(t, events.Qualitative, "不适用", "不适用", "15")
	got := performance.Default().Evaluate(all, []performance.Row{byHand(t, typed(t, events.Qualitative, "提升", "提升", "15"), "12", "", ""), na})
	row := got.Rows[0]
	if shown(row.Points) != "24" || shown(row.Weight) != "30" || shown(row.Coefficient) != "80" {
		t.Errorf("12 of 15 are %s of %s (%s percent); want 24 of 30", shown(row.Points), shown(row.Weight), shown(row.Coefficient))
	}
}

func TestEvaluateDoesNotChangeItsRows(t *testing.T) {
	t.Parallel()
	rows := []performance.Row{rest(t, "60"), typed(t, events.Qualitative, "不适用", "不适用", "30")}
	first := performance.Default().Evaluate(all, rows)
	first.Rows[0].Weight.Add(first.Rows[0].Weight, big.NewRat(1, 1))
	second := performance.Default().Evaluate(all, rows)
	if shown(rows[0].Weight) != "60" || second.Printed != "100.00" {
		t.Errorf("weight %s, total %s", shown(rows[0].Weight), second.Printed)
	}
}
