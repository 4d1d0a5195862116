package pace_test

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections/pace"
)

func standing(executed, fullYear, months int64) pace.Standing {
	return pace.Standing{
		Figures:  budget.Figures{Executed: money.Amount(executed), FullYear: money.Amount(fullYear)},
		Progress: big.NewRat(months, 12),
	}
}

func TestStatusAtItsEdges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		executed, fullYear, months int64
		want                       pace.Status
		gap                        string
	}{
		"level":                       {50, 100, 6, pace.OnPace, "0.00"},
		"ahead":                       {60, 100, 6, pace.OnPace, "10.00"},
		"behind for a fen only":       {8_333_333, 10_000_000, 10, pace.OnPace, "0.00"},
		"just behind":                 {4999, 10000, 6, pace.Watch, "-0.01"},
		"five points behind":          {4500, 10000, 6, pace.Watch, "-5.00"},
		"a little more than five":     {4499, 10000, 6, pace.Behind, "-5.01"},
		"twenty points behind":        {3000, 10000, 6, pace.Behind, "-20.00"},
		"a little more than twenty":   {2999, 10000, 6, pace.FarBehind, "-20.01"},
		"spent more than there is":    {101, 100, 6, pace.Over, "51.00"},
		"training on 31 October 2023": {34283333, 80000000, 10, pace.FarBehind, "-40.48"},
	} {
		s := standing(c.executed, c.fullYear, c.months)
		if got := s.Status(pace.Proportional()); got != c.want || s.PrintedGap() != c.gap {
			t.Errorf("%s: %s at %s points; want %s at %s", name, got, s.PrintedGap(), c.want, c.gap)
		}
	}
	if got := standing(0, 0, 6).Status(pace.Proportional()); got != pace.None {
		t.Errorf("without a budget: %s", got)
	}
	if got := standing(1, 0, 6).Status(pace.Proportional()); got != pace.Over {
		t.Errorf("spent without a budget: %s", got)
	}
}

func TestForecastGoesOnAtThePresentPace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		executed, fullYear, months int64
		want                       money.Amount
		ok                         bool
	}{
		"half a year":         {3000, 10000, 6, 6000, true},
		"never above budget":  {9000, 10000, 6, 10000, true},
		"cut to the fen":      {1000, 10000, 7, 1714, true},
		"too early":           {1000, 10000, 1, 0, false},
		"two months are read": {1000, 10000, 2, 6000, true},
		"more than refunded":  {-1, 10000, 6, 0, false},
		"over is over":        {120, 100, 6, 120, true},
	} {
		if got, ok := standing(c.executed, c.fullYear, c.months).Forecast(); got != c.want || ok != c.ok {
			t.Errorf("%s: %d, %t; want %d, %t", name, got, ok, c.want, c.ok)
		}
	}
}

func TestWorstComesFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOf(rapid.Custom(func(t *rapid.T) pace.Standing {
			return standing(rapid.Int64Range(0, 1000).Draw(t, "executed"), rapid.Int64Range(0, 1000).Draw(t, "budget"), 6)
		})).Draw(t, "all")
		slices.SortFunc(all, pace.Compare)
		for i := 1; i < len(all); i++ {
			before, after := all[i-1], all[i]
			if after.Rated() && (!before.Rated() || before.Gap().Cmp(after.Gap()) > 0) {
				t.Fatalf("%v stands before %v", before, after)
			}
		}
	})
}
