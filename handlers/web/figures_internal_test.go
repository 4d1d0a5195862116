package web

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
)

// These tests are inside the package because figures are its own.

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
