package pace_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections/pace"
)

func TestIdleDaysAtTheirEdges(t *testing.T) {
	t.Parallel()
	var none fiscal.Date
	for name, c := range map[string]struct {
		on, lastPaid, funded fiscal.Date
		want                 int
	}{
		"paid that day":                 {date("2023-06-30"), date("2023-06-30"), none, 0},
		"paid the day before":           {date("2023-06-30"), date("2023-06-29"), none, 1},
		"over the leap day":             {date("2024-03-01"), date("2024-02-28"), none, 2},
		"never, from the first day":     {date("2023-01-31"), none, none, 31},
		"never, since money came":       {date("2023-06-30"), none, date("2023-05-31"), 30},
		"paid is later than money came": {date("2023-06-30"), date("2023-06-20"), date("2023-05-31"), 10},
		"money comes later":             {date("2023-06-10"), none, date("2023-06-30"), 0},
	} {
		if got := pace.IdleDays(c.on, c.lastPaid, c.funded); got != c.want {
			t.Errorf("%s: %d days, want %d", name, got, c.want)
		}
	}
}

func TestStalledAtItsEdges(t *testing.T) {
	t.Parallel()
	figures := func(executed, available, committed money.Amount) budget.Figures {
		return budget.Figures{FullYear: 10000, Executed: executed, Available: available, Committed: committed}
	}
	for name, c := range map[string]struct {
		figures budget.Figures
		idle    int
		days    int
		want    pace.Status
	}{
		"a day before":                 {figures(4000, 6000, 0), 59, 60, pace.Behind},
		"N days":                       {figures(4000, 6000, 0), 60, 60, pace.Stalled},
		"N and one":                    {figures(4000, 6000, 0), 61, 60, pace.Stalled},
		"even if only to be watched":   {figures(4999, 5001, 0), 60, 60, pace.Stalled},
		"not if the curve is kept":     {figures(5000, 5000, 0), 366, 60, pace.OnPace},
		"not if the gap reads 0.00":    {budget.Figures{FullYear: 1_000_000_000, Executed: 499_999_999, Available: 1}, 366, 60, pace.OnPace},
		"not without money":            {figures(4000, 0, 0), 366, 60, pace.Behind},
		"money under contract counts":  {figures(4000, 0, 6000), 60, 60, pace.Stalled},
		"far behind is worse":          {figures(2999, 7001, 0), 366, 60, pace.FarBehind},
		"not where nobody watches":     {figures(4000, 6000, 0), 366, 0, pace.Behind},
		"not where nobody counted":     {figures(4000, 6000, 0), 0, 60, pace.Behind},
		"nothing executed at all, far": {figures(0, 10000, 0), 181, 60, pace.FarBehind},
	} {
		rule := pace.Proportional()
		rule.StalledDays = c.days
		s := pace.Standing{Figures: c.figures, Progress: big.NewRat(1, 2), Idle: c.idle}
		if got := s.Status(rule); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if c.want == pace.Stalled && !s.Stalled(rule) {
			t.Errorf("%s: the status says stalled, and Stalled does not", name)
		}
	}
	far := pace.Standing{Figures: figures(0, 10000, 0), Progress: big.NewRat(1, 2), Idle: 181}
	if !far.Stalled(pace.Proportional()) {
		t.Error("who is far behind may be stalled, too")
	}
}

// TestStatusIsTheSameForLargerAmounts multiplies all amounts.
func TestStatusIsTheSameForLargerAmounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := func(name string, low int64) money.Amount {
			return money.Amount(rapid.Int64Range(low, 1_000_000).Draw(t, name))
		}
		s := pace.Standing{
			Figures:  budget.Figures{FullYear: amount("budget", 0), Executed: amount("executed", -100), Available: amount("available", -100), Committed: amount("committed", 0)},
			Progress: big.NewRat(rapid.Int64Range(0, 365).Draw(t, "day"), 365),
			Idle:     rapid.IntRange(0, 200).Draw(t, "idle"),
		}
		by := money.Amount(rapid.Int64Range(1, 1_000_000_000).Draw(t, "by"))
		large := s
		large.Figures = budget.Figures{FullYear: s.Figures.FullYear * by, Executed: s.Figures.Executed * by, Available: s.Figures.Available * by, Committed: s.Figures.Committed * by}
		for _, rule := range pace.Sets() {
			if was, is := s.Status(rule), large.Status(rule); was != is {
				t.Fatalf("%s, and %s times %d", was, is, by)
			}
		}
	})
}
