package pace_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections/pace"
)

// course is a year of 12,000 with so much in each month so far.
func course(on string, executed ...money.Amount) pace.Course {
	return pace.Course{Year: date(on).Year, On: date(on), FullYear: 12000, Executed: *months(executed...)}
}

func TestForecastChoosesByWhatIsThere(t *testing.T) {
	t.Parallel()
	plan := months(500, 500, 500, 500, 500, 500, 1000, 1000, 1000, 1000, 2000, 3000)
	last := &pace.Past{FullYear: 10000, Executed: *months(100, 100, 100, 100, 100, 100, 0, 0, 0, 0, 0, 8000)}
	half := []money.Amount{500, 500, 500, 500, 500, 500}
	for name, c := range map[string]struct {
		course    pace.Course
		with      func(*pace.Course)
		method    pace.Method
		outturn   money.Amount
		low, high money.Amount
		methods   int
	}{
		"nothing at all is too little":           {course("2023-01-31", 100), nil, pace.TooLittle, 0, 0, 0, 0},
		"a day before two months is too little":  {course("2023-02-27", 100, 100), nil, pace.TooLittle, 0, 0, 0, 0},
		"two months are a run rate":              {course("2023-02-28", 1000, 1000), nil, pace.RunRate, 12000, 2000, 12000, 1},
		"the leap day ends February":             {course("2024-02-29", 1000, 1000), nil, pace.RunRate, 12000, 2000, 12000, 1},
		"the day before it does not":             {course("2024-02-28", 1000, 1000), nil, pace.TooLittle, 0, 0, 0, 0},
		"a run rate goes by days, cut":           {course("2023-06-30", half...), nil, pace.RunRate, 6049, 3000, 12000, 1},
		"a run rate of nothing":                  {course("2023-06-30"), nil, pace.RunRate, 0, 0, 12000, 1},
		"more refunded than paid is too little":  {course("2023-06-30", -1), nil, pace.TooLittle, 0, 0, 0, 0},
		"a plan comes first":                     {course("2023-06-30", half...), func(c *pace.Course) { c.Plan = plan }, pace.Planned, 12000, 6049, 12000, 2},
		"a plan of nothing is none":              {course("2023-06-30", half...), func(c *pace.Course) { c.Plan = months() }, pace.RunRate, 6049, 3000, 12000, 1},
		"the plan's month by its days":           {course("2023-11-15", half...), func(c *pace.Course) { c.Plan = plan }, pace.Planned, 7000, 3432, 7000, 2},
		"contracts, if they are more":            {course("2023-12-30", half...), func(c *pace.Course) { c.Plan, c.Committed = plan, 400 }, pace.Planned, 3400, 3008, 3400, 2},
		"the plan, if it is more":                {course("2023-12-21", half...), func(c *pace.Course) { c.Plan, c.Committed = plan, 900 }, pace.Planned, 3968, 3084, 3968, 2},
		"never more than there is":               {course("2023-06-30", half...), func(c *pace.Course) { c.Plan, c.Committed = plan, 99000 }, pace.Planned, 12000, 6049, 12000, 2},
		"a plan alone in January":                {course("2023-01-10", 100), func(c *pace.Course) { c.Plan = plan }, pace.Planned, 11939, 100, 12000, 1},
		"last year before the run rate":          {course("2023-06-30", half...), func(c *pace.Course) { c.Last = last }, pace.LastYear, 12000, 6049, 12000, 2},
		"last year's rest as a share":            {course("2023-06-30", 0, 0, 0, 0, 0, 100), func(c *pace.Course) { c.Last = last }, pace.LastYear, 9700, 201, 9700, 2},
		"last year without money is none":        {course("2023-06-30", half...), func(c *pace.Course) { c.Last = &pace.Past{} }, pace.RunRate, 6049, 3000, 12000, 1},
		"the last day is final":                  {course("2023-12-31", half...), func(c *pace.Course) { c.Plan = plan }, pace.Final, 3000, 3000, 3000, 1},
		"after the year it is final":             {pace.Course{Year: 2022, On: date("2023-03-01"), FullYear: 10, Executed: *months(7)}, nil, pace.Final, 7, 7, 7, 1},
		"more executed than there is stays":      {course("2023-06-30", 13000), nil, pace.RunRate, 13000, 13000, 13000, 1},
		"without a budget nothing can be said":   {course("2023-06-30", half...), func(c *pace.Course) { c.FullYear = 0 }, pace.TooLittle, 0, 0, 0, 0},
		"refunds late last year do not take off": {course("2023-06-30", half...), func(c *pace.Course) { c.Last = &pace.Past{FullYear: 10, Executed: *months(9, 0, 0, 0, 0, 0, -3)} }, pace.LastYear, 3000, 3000, 6049, 2},
	} {
		if c.with != nil {
			c.with(&c.course)
		}
		f := c.course.Forecast(nil)
		if f.Method != c.method || f.Outturn != c.outturn || f.Low != c.low || f.High != c.high || len(f.Estimates) != c.methods {
			t.Errorf("%s: %q %d in %d–%d of %v; want %q %d in %d–%d of %d", name, f.Method, f.Outturn, f.Low, f.High, f.Estimates, c.method, c.outturn, c.low, c.high, c.methods)
		}
	}
}

func TestWhatIsUnspentLapsesOrIsCarried(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		executed, fullYear, old money.Amount
		outturn                 money.Amount
		want                    pace.Unspent
	}{
		"nothing is old":                   {3000, 12000, 0, 7000, pace.Unspent{Lapses: 0, Carried: 5000}},
		"all is old":                       {3000, 12000, 9000, 7000, pace.Unspent{Lapses: 5000, Carried: 0}},
		"the old is spent first, to a fen": {3000, 12000, 4001, 7000, pace.Unspent{Lapses: 1, Carried: 4999}},
		"the old is spent, exactly":        {3000, 12000, 4000, 7000, pace.Unspent{Lapses: 0, Carried: 5000}},
		"never more than is unspent":       {3000, 8000, 9000, 7000, pace.Unspent{Lapses: 1000, Carried: 0}},
	} {
		f := pace.Forecast{Outturn: c.outturn, Unspent: c.fullYear - c.outturn}
		if got := f.Divide(c.executed, c.old); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func drawAmounts(t *rapid.T, name string, low, high int64) (m pace.Months) {
	for i, amount := range rapid.SliceOfN(rapid.Int64Range(low, high), 12, 12).Draw(t, name) {
		m[i] = money.Amount(amount)
	}
	return m
}

func drawHistory(t *rapid.T) pace.History {
	h := pace.History{Year: 2023, Executed: drawAmounts(t, "executed", 0, 1000), Committed: drawAmounts(t, "committed", 0, 500), FullYear: drawAmounts(t, "budget", 0, 20000)}
	if rapid.Bool().Draw(t, "with a plan") {
		plan := drawAmounts(t, "plan", 0, 1000)
		h.Plan = &plan
	}
	if rapid.Bool().Draw(t, "with last year") {
		h.Last = &pace.Past{FullYear: money.Amount(rapid.Int64Range(0, 20000).Draw(t, "last budget")), Executed: drawAmounts(t, "last year", -10, 1000)}
	}
	return h
}

func TestAForecastLiesInItsInterval(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var errors *pace.Errors
		if rapid.Bool().Draw(t, "tested") {
			errors = pace.BackTest(rapid.SliceOfN(rapid.Custom(drawHistory), 0, 15).Draw(t, "histories"))
		}
		h := drawHistory(t)
		c := pace.Course{Year: 2023, On: fiscal.Year(2023).First().AddDays(rapid.IntRange(0, 364).Draw(t, "day")), FullYear: h.FullYear[11], Committed: h.Committed[11], Plan: h.Plan, Last: h.Last}
		copy(c.Executed[:c.On.Month], h.Executed[:])
		f := c.Forecast(errors)
		var executed money.Amount
		for _, month := range c.Executed {
			executed += month
		}
		if f.Method == pace.TooLittle {
			if f.Outturn != 0 || f.High != 0 || len(f.Estimates) != 0 {
				t.Fatalf("too little data, and yet %+v", f)
			}
			return
		}
		ceiling := max(c.FullYear, executed)
		if f.Low > f.Outturn || f.Outturn > f.High || f.Low < executed || f.High > ceiling || f.Outturn+f.Unspent != ceiling {
			t.Fatalf("%+v with %d executed of %d", f, executed, c.FullYear)
		}
		for _, e := range f.Estimates {
			if e.Outturn < f.Low || e.Outturn > f.High {
				t.Fatalf("%+v is outside of %+v", e, f)
			}
		}
	})
}

func TestBackTestFindsTheErrorsByHand(t *testing.T) {
	t.Parallel()
	even := pace.History{Year: 2023, Executed: *months(slices.Repeat([]money.Amount{1000}, 12)...), FullYear: *months(slices.Repeat([]money.Amount{12000}, 12)...)}
	late := even
	late.Executed = *months(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12000)
	late.Plan = months(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6000)
	late.Last = &pace.Past{FullYear: 100, Executed: *months(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 90)}
	noBudget := even
	noBudget.FullYear = pace.Months{}
	errors := pace.BackTest([]pace.History{even, late, late, noBudget})
	for _, c := range []struct {
		method            pace.Method
		month, count      int
		median, ninetieth string
	}{
		{pace.RunRate, 1, 0, "", ""},
		{pace.RunRate, 6, 3, "100.00", "100.00"}, // 0, 100, 100
		{pace.Planned, 6, 2, "50.00", "50.00"},
		{pace.LastYear, 1, 2, "10.00", "10.00"},
		{pace.LastYear, 11, 2, "10.00", "10.00"},
		{pace.LastYear, 12, 0, "", ""},
	} {
		got := errors.Of(c.method, c.month)
		median, ninetieth := "", ""
		if got.Count > 0 {
			median, ninetieth = money.Print(got.Median(), 2, money.HalfUp), money.Print(got.Ninetieth(), 2, money.HalfUp)
		}
		if got.Count != c.count || median != c.median || ninetieth != c.ninetieth {
			t.Errorf("%s by month %d: %d cases, %s, %s; want %+v", c.method, c.month, got.Count, median, ninetieth, c)
		}
	}
	even.FullYear[11], even.FullYear[5] = 24000, 24000
	if e := pace.BackTest([]pace.History{even}).Of(pace.RunRate, 6); money.Print(e.Median(), 2, money.HalfUp) != "0.41" {
		t.Errorf("181 of 365 days and a quarter of the money: %v", e.Median()) // 12,099 for 12,000
	}
	if e := (*pace.Errors)(nil).Of(pace.RunRate, 6); e.Count != 0 || e.Median() != nil {
		t.Errorf("no errors know %+v", e)
	}
}

// TestTheMethodThatWasBetterIsChosen tests methods on projects that all spend at
// the end of the year, as they did the year before.
func TestTheMethodThatWasBetterIsChosen(t *testing.T) {
	t.Parallel()
	late := pace.History{Year: 2023, FullYear: *months(slices.Repeat([]money.Amount{10000}, 12)...), Executed: pace.Months{11: 9000}}
	late.Plan = months(slices.Repeat([]money.Amount{100}, 12)...)
	late.Last = &pace.Past{FullYear: 1000, Executed: pace.Months{11: 850}}
	histories := slices.Repeat([]pace.History{late}, 10)
	c := pace.Course{Year: 2024, On: date("2024-07-10"), FullYear: 10000, Plan: late.Plan, Last: late.Last}
	f := c.Forecast(pace.BackTest(histories))
	// By the plan it would come to 567, by the run rate to 0; last year's shape was 5
	// points off.
	if f.Method != pace.LastYear || f.Outturn != 8500 || f.Low != 0 || f.High != 9000 || f.Error.Count != 10 {
		t.Errorf("%+v", f)
	}
	if f := c.Forecast(pace.BackTest(histories[:9])); f.Method != pace.Planned {
		t.Errorf("by nine cases: %+v", f)
	}
}

func TestBackTestDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		histories := rapid.SliceOfN(rapid.Custom(drawHistory), 1, 8).Draw(t, "histories")
		shuffled := rapid.Permutation(histories).Draw(t, "shuffled")
		once, again := pace.BackTest(histories), pace.BackTest(shuffled)
		for _, m := range pace.Methods() {
			for month := 1; month <= 12; month++ {
				if diff := cmp.Diff(once.Of(m, month), again.Of(m, month), cmp.AllowUnexported(pace.Error{})); diff != "" {
					t.Fatalf("%s by month %d: %s", m, month, diff)
				}
				if e := once.Of(m, month); e.Count > 0 && e.Median().Cmp(e.Ninetieth()) > 0 {
					t.Fatalf("half of the cases are within %s, and nine of ten within %s", e.Median(), e.Ninetieth())
				}
			}
		}
	})
}
