package money_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/money"
)

func TestParseReadsYuan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]money.Amount{
		"411400.00":          41140000,
		"411400":             41140000,
		"0":                  0,
		"0.5":                50,
		"-0.05":              -5,
		"000000000000000001": 100,
		"100000000000000.00": money.MaxStated,
	} {
		if got, err := money.Parse(text); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"": money.ErrSyntax, ".5": money.ErrSyntax, "1.": money.ErrSyntax, "1.234": money.ErrSyntax,
		"1,000": money.ErrSyntax, "1e3": money.ErrSyntax, "+1": money.ErrSyntax, " 1": money.ErrSyntax,
		"--1": money.ErrSyntax, "NaN": money.ErrSyntax, "１": money.ErrSyntax, "0x10": money.ErrSyntax,
		"100000000000000.01":     money.ErrTooLarge,
		"9999999999999999999999": money.ErrTooLarge,
	} {
		if _, err := money.Parse(text); !errors.Is(err, want) {
			t.Errorf("Parse(%q) = %v; want %v", text, err, want)
		}
	}
}

func TestJSONNumberIsRefused(t *testing.T) {
	t.Parallel()
	var amount money.Amount
	for _, raw := range []string{`1`, `1.5`, `null`, `{}`, `true`} {
		if err := amount.UnmarshalJSON([]byte(raw)); !errors.Is(err, money.ErrNotText) {
			t.Errorf("UnmarshalJSON(%s) = %v; want %v", raw, err, money.ErrNotText)
		}
	}
}

func TestPrintedAmountReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := money.Amount(rapid.Int64Range(-int64(money.MaxStated), int64(money.MaxStated)).Draw(t, "fen"))
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got money.Amount
		if err := json.Unmarshal(raw, &got); err != nil || got != want {
			t.Fatalf("%d printed %s read %d, %v", want, raw, got, err)
		}
	})
}

func TestAddNeverWraps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		exact := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		got, err := money.Amount(a).Add(money.Amount(b))
		if fits := exact.IsInt64(); fits != (err == nil) || fits && int64(got) != exact.Int64() {
			t.Fatalf("%d + %d = %d, %v; exactly %s", a, b, got, err, exact)
		}
	})
	if _, err := money.Amount(math.MinInt64).Neg(); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("−MinInt64: %v; want %v", err, money.ErrOverflow)
	}
	if _, err := money.Sum(money.MaxSum, 1); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("MaxSum + 1: %v; want %v", err, money.ErrOverflow)
	}
}

func TestPercentRoundsOnceInItsMode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                  string
		num, den              money.Amount
		halfUp, halfEven, cut string
		digits                int
	}{
		{"an exact tie", 4114, 8000, "51.43", "51.42", "51.42", 2},
		{"above the half", 12451, 13998, "88.95", "88.95", "88.94", 2},
		{"never 100 when short", 331726, 331755, "99.99", "99.99", "99.99", 2},
		{"cut to stay below 100", 9999999, 10000000, "99.99", "99.99", "99.99", 2},
		{"lifted to stay above 100", 10000001, 10000000, "100.01", "100.01", "100.01", 2},
		{"exactly 100", 2689, 2689, "100.00", "100.00", "100.00", 2},
		{"nothing spent", 0, 8000, "0.00", "0.00", "0.00", 2},
		{"negative tie", -1, 800, "-0.13", "-0.12", "-0.12", 2},
		{"no decimals", 4114, 8000, "51", "51", "51", 0},
		{"four decimals", 4114, 8000, "51.4250", "51.4250", "51.4250", 4},
		{"beyond 64 bits on the way", math.MaxInt64, math.MaxInt64 - 1, "100.01", "100.01", "100.01", 2},
	} {
		ratio := money.Ratio{Num: c.num, Den: c.den}
		for rounding, want := range map[money.Rounding]string{money.HalfUp: c.halfUp, money.HalfEven: c.halfEven, money.Truncate: c.cut} {
			if got := ratio.Percent(c.digits, rounding); got != want {
				t.Errorf("%s: %s = %s; want %s", c.name, rounding, got, want)
			}
		}
	}
}

func TestPointsComeFromTheFraction(t *testing.T) {
	t.Parallel()
	points := money.Ratio{Num: 12451, Den: 13998}.Times(big.NewRat(10, 1))
	if got := money.Print(points, 2, money.HalfUp); got != "8.89" {
		t.Errorf("10 × 124.51/139.98 prints %s; want 8.89 (8.90 is rounded twice)", got)
	}
}

func TestAmountsPrintInWan(t *testing.T) {
	t.Parallel()
	for amount, want := range map[money.Amount]string{337159_0000: "3371.59", 2074538: "2.07", -1: "0.00", -5000: "-0.01"} {
		if got := amount.In(money.Wan, 2, money.HalfUp); got != want {
			t.Errorf("%d fen in 万元 = %s; want %s", amount, got, want)
		}
	}
}

func TestRoundingNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"half_up", "half_even", "truncate"} {
		if r, err := money.ParseRounding(name); err != nil || string(r) != name {
			t.Errorf("ParseRounding(%q) = %q, %v", name, r, err)
		}
	}
	if _, err := money.ParseRounding("bankers"); err == nil {
		t.Error("an unknown rounding was accepted")
	}
}
