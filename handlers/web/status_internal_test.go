package web

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
)

// These tests are inside the package because statuses and figures are its own.

func TestStatusOfAPace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		executed, fullYear money.Amount
		want               string
	}{
		"exactly on time":           {8000, 10000, statusOnPace},
		"ahead":                     {9000, 10000, statusOnPace},
		"a fen behind reads 0.00":   {79_999_999, 100_000_000, statusOnPace},
		"5.00 behind":               {7500, 10000, statusWatch},
		"5.01 behind":               {7499, 10000, statusBehind},
		"20.00 behind":              {6000, 10000, statusBehind},
		"20.01 behind":              {5999, 10000, statusFar},
		"nothing spent":             {0, 10000, statusFar},
		"all spent":                 {10000, 10000, statusOnPace},
		"a fen over":                {10001, 10000, statusOver},
		"no budget":                 {0, 0, statusNone},
		"spent without a budget":    {1, 0, statusOver},
		"a budget taken back whole": {0, -5, statusOver},
	} {
		p := pace{budget.Figures{Executed: c.executed, FullYear: c.fullYear}, big.NewRat(8, 10)}
		if got := p.status(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestFiguresHereAreThoseOfTheDomain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var sums budget.Sums
		for i := range sums {
			sums[i] = money.Amount(rapid.Int64Range(-1_000_000_000, 1_000_000_000).Draw(t, "sum"))
		}
		want, err := sums.Figures()
		if err != nil {
			t.Fatal(err)
		}
		for id, amount := range map[string]money.Amount{
			figureInitial: want.Initial, figureFullYear: want.FullYear, figureExecuted: want.Executed,
			figureAvailable: want.Available, figureCommitted: want.Committed, figureFrozen: want.Frozen,
		} {
			if got, err := findFigure(id).signs().of(sums); err != nil || got != amount {
				t.Errorf("%s of %v is %v, %v; the domain says %v", id, sums, got, err, amount)
			}
		}
	})
}

func TestBarsStayOnTheirScale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		percent *big.Rat
		want    string
	}{
		{big.NewRat(-5, 1), "0.0"}, {big.NewRat(0, 1), "0.0"}, {big.NewRat(5143, 100), "102.9"},
		{big.NewRat(100, 1), "200.0"}, {big.NewRat(250, 1), "200.0"},
	} {
		if got := units(c.percent); got != c.want {
			t.Errorf("%s %% stands at %s, want %s", c.percent, got, c.want)
		}
	}
}
