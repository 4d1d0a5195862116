package pace_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections/pace"
)

func date(text string) fiscal.Date {
	parsed, err := fiscal.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func months(amounts ...money.Amount) *pace.Months {
	var twelve pace.Months
	copy(twelve[:], amounts)
	return &twelve
}

func curve(kind events.Curve) pace.Curve { return pace.Curve{Kind: kind} }

func sichuan(t testing.TB) pace.Rule {
	t.Helper()
	sets := pace.Sets()
	i := slices.IndexFunc(sets, func(r pace.Rule) bool { return r.ID == pace.SetSichuan2025 })
	if i < 0 {
		t.Fatal("there is no set sichuan_2025")
	}
	return sets[i]
}

func TestProgressAtItsEdges(t *testing.T) {
	t.Parallel()
	leap := pace.Curve{Kind: events.CurveSteps, Steps: events.Steps{{On: "02-28", Percent: "10"}, {On: "02-29", Percent: "12.5"}}}
	steps := sichuan(t).Curve
	plan := months(0, 0, 100, 0, 0, 200, 0, 0, 0, 100, 0, 0)
	for name, c := range map[string]struct {
		curve pace.Curve
		year  fiscal.Year
		on    string
		plan  *pace.Months
		want  string
	}{
		"month: its first day counts it":        {curve(events.CurveMonth), 2023, "2023-07-01", nil, "7/12"},
		"month: its last day":                   {curve(events.CurveMonth), 2023, "2023-07-31", nil, "7/12"},
		"month: the zero curve":                 {pace.Curve{}, 2023, "2023-07-31", nil, "7/12"},
		"day: of 365":                           {curve(events.CurveDay), 2023, "2023-07-31", nil, "212/365"},
		"day: of 366":                           {curve(events.CurveDay), 2024, "2024-07-31", nil, "71/122"},
		"day: the leap day":                     {curve(events.CurveDay), 2024, "2024-02-29", nil, "10/61"},
		"day: the last of a leap year":          {curve(events.CurveDay), 2024, "2024-12-31", nil, "1/1"},
		"quarter: the first day":                {curve(events.CurveQuarter), 2023, "2023-01-01", nil, "1/4"},
		"quarter: the last day of the first":    {curve(events.CurveQuarter), 2023, "2023-03-31", nil, "1/4"},
		"quarter: the first day of the second":  {curve(events.CurveQuarter), 2023, "2023-04-01", nil, "1/2"},
		"quarter: the last day of the third":    {curve(events.CurveQuarter), 2023, "2023-09-30", nil, "3/4"},
		"quarter: the first day of the fourth":  {curve(events.CurveQuarter), 2023, "2023-10-01", nil, "1/1"},
		"plan: before its first month":          {curve(events.CurvePlan), 2023, "2023-02-28", plan, "0/1"},
		"plan: the month itself":                {curve(events.CurvePlan), 2023, "2023-03-01", plan, "1/4"},
		"plan: a month of nothing":              {curve(events.CurvePlan), 2023, "2023-05-31", plan, "1/4"},
		"plan: its last month":                  {curve(events.CurvePlan), 2023, "2023-10-01", plan, "1/1"},
		"plan: of nothing counts months":        {curve(events.CurvePlan), 2023, "2023-07-31", months(), "7/12"},
		"plan: none counts months":              {curve(events.CurvePlan), 2023, "2023-07-31", nil, "7/12"},
		"steps: the day before the first":       {steps, 2023, "2023-04-29", nil, "0/1"},
		"steps: the day itself":                 {steps, 2023, "2023-04-30", nil, "1/4"},
		"steps: the day after":                  {steps, 2023, "2023-05-01", nil, "1/4"},
		"steps: the day before the last":        {steps, 2023, "2023-10-30", nil, "3/5"},
		"steps: the last":                       {steps, 2023, "2023-10-31", nil, "4/5"},
		"steps: the year's end":                 {steps, 2023, "2023-12-31", nil, "4/5"},
		"steps: after the year":                 {steps, 2023, "2024-05-01", nil, "4/5"},
		"steps: 02-29 in a common year":         {leap, 2023, "2023-02-28", nil, "1/8"},
		"steps: 02-28 in a leap year":           {leap, 2024, "2024-02-28", nil, "1/10"},
		"steps: 02-29 in a leap year":           {leap, 2024, "2024-02-29", nil, "1/8"},
		"before the year":                       {curve(events.CurveDay), 2023, "2022-12-31", nil, "0/1"},
		"after the year":                        {curve(events.CurveQuarter), 2023, "2024-01-01", nil, "1/1"},
		"after the year, by a plan":             {curve(events.CurvePlan), 2023, "2024-01-01", plan, "1/1"},
		"before the year, by steps":             {steps, 2023, "2022-12-31", nil, "0/1"},
		"a month of a plan that is half a year": {curve(events.CurvePlan), 2023, "2023-06-15", plan, "3/4"},
	} {
		if got := c.curve.Progress(c.year, date(c.on), c.plan).String(); got != c.want {
			t.Errorf("%s: %s in %d is %s, want %s", name, c.on, c.year, got, c.want)
		}
	}
}

func drawCurve(t *rapid.T) (pace.Curve, *pace.Months) {
	c := pace.Curve{Kind: rapid.SampledFrom(events.Curves()).Draw(t, "curve")}
	if c.Kind == events.CurveSteps {
		c.Steps = events.Steps{{On: "02-29", Percent: "7.5"}, {On: "06-30", Percent: "7.5"}, {On: "10-31", Percent: "80.21"}}
	}
	if rapid.Bool().Draw(t, "no plan") {
		return c, nil
	}
	amounts := rapid.SliceOfN(rapid.Int64Range(0, int64(money.MaxStated)), 12, 12).Draw(t, "plan")
	plan := new(pace.Months)
	for i, amount := range amounts {
		plan[i] = money.Amount(amount)
	}
	return c, plan
}

func TestProgressNeverFalls(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, plan := drawCurve(t)
		year := fiscal.Year(rapid.IntRange(2023, 2024).Draw(t, "year"))
		before := c.Progress(year, year.First().AddDays(-1), plan)
		if before.Sign() != 0 {
			t.Fatalf("%s before the year", before)
		}
		for on := year.First(); on.Year == year; on = on.AddDays(1) {
			now := c.Progress(year, on, plan)
			if now.Cmp(before) < 0 {
				t.Fatalf("%s on %s, %s the day before", now, on, before)
			}
			before = now
		}
		if after := c.Progress(year, year.Last().AddDays(1), plan); after.Cmp(before) != 0 {
			t.Fatalf("%s after the year, %s on its last day", after, before)
		}
		if before.String() != "1/1" && c.Kind != events.CurveSteps {
			t.Fatalf("%s on the last day", before)
		}
	})
}
