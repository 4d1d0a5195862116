package budget_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// The whole way of a line's rest into the next year: estimated, sent, fixed by the
// final accounts, and mended once more.
func TestCarryoverGoesFromLineToLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(
		line("aged", "station", 2024, 2023), pay("p", "a", "40.00"),
		receive("aged", "55.00", 2023).on("2024-01-02").fromLine("a"),
	)
	refused := w.refuses(confirm("aged", "55.00", 2023).on("2024-01-03").fromLine("a"), events.CodeCarryoverMismatch, events.ReasonCarryoverMismatch)
	if diff := cmp.Diff(map[string]string{"line": "aged", "other": "a", "sent": "0.00", "received": "55.00"}, refused.Params); diff != "" {
		t.Errorf("the refusal says (-want +got):\n%s", diff)
	}
	w.posts(send("a", "60.00", 2024).toLine("aged"), "a carryover_out 60.00 302")
	w.refuses(confirm("aged", "55.00", 2023).on("2024-04-18").fromLine("a"), events.CodeCarryoverMismatch, events.ReasonCarryoverMismatch)
	w.posts(confirm("aged", "60.00", 2023).on("2024-04-18").fromLine("a"), "aged carryover_in 5.00 302")

	// A refund of December turns up: it is received first, and then sent.
	w.given(refund("p", "a", "3.00"))
	w.refuses(send("a", "3.00", 2024).toLine("aged"), events.CodeCarryoverMismatch, events.ReasonCarryoverMismatch)
	w.given(receive("aged", "3.00", 2023).on("2024-05-01").fromLine("a"), send("a", "3.00", 2024).toLine("aged"))
	w.given(confirm("aged", "63.00", 2023).on("2024-05-02").fromLine("a"))
	w.has("a", "carryover_out 63.00 available 0.00")
	w.has("aged", "carryover_in 63.00 available 63.00")
}

func TestMoneyLapsesAfterTwoYears(t *testing.T) {
	t.Parallel()
	for vintage, want := range map[fiscal.Year]string{2022: "2023-12-31", 2023: "2024-12-31"} {
		for _, year := range []fiscal.Year{vintage, vintage + 1, vintage + 2} {
			if got := (budget.Line{Year: year, Vintage: vintage}).Lapses(); got.String() != want {
				t.Errorf("money of %d on a line of %d lapses on %s, want %s", vintage, year, got, want)
			}
		}
	}
}

// The report's project no. 15 spends 13.98 of carryover before 110.53 of 126.00.
func TestTheOldestVintageIsSpentFirst(t *testing.T) {
	t.Parallel()
	holding := func(id events.LineID, vintage fiscal.Year, amount string) budget.Line {
		line := budget.Line{ID: id, Year: 2023, Vintage: vintage}
		line.Sums[budget.Initial] = yuan(amount)
		return line
	}
	this, old, older, empty := holding("this", 2023, "126.00"), holding("b-old", 2022, "13.98"), holding("a-old", 2022, "1.00"), holding("empty", 2021, "0.00")
	overspent := holding("overspent", 2020, "1.00")
	overspent.Sums[budget.Executed] = yuan("2.00")
	for name, c := range map[string]struct {
		lines   []budget.Line
		amount  string
		want    []budget.Portion
		missing string
	}{
		"the report's":       {[]budget.Line{this, old}, "124.51", []budget.Portion{{"b-old", yuan("13.98")}, {"this", yuan("110.53")}}, "0.00"},
		"from the old alone": {[]budget.Line{this, old}, "13.98", []budget.Portion{{"b-old", yuan("13.98")}}, "0.00"},
		"then by code":       {[]budget.Line{old, this, older}, "2.00", []budget.Portion{{"a-old", yuan("1.00")}, {"b-old", yuan("1.00")}}, "0.00"},
		"not from nothing":   {[]budget.Line{this, empty, overspent}, "1.00", []budget.Portion{{"this", yuan("1.00")}}, "0.00"},
		"more than there is": {[]budget.Line{old, older}, "20.00", []budget.Portion{{"a-old", yuan("1.00")}, {"b-old", yuan("13.98")}}, "5.02"},
		"without lines":      {nil, "1.00", nil, "1.00"},
	} {
		got, missing := budget.Spend(c.lines, yuan(c.amount))
		if diff := cmp.Diff(c.want, got); diff != "" || missing != yuan(c.missing) {
			t.Errorf("%s: missing %s, want %s; portions (-want +got):\n%s", name, missing, c.missing, diff)
		}
	}
}

// TestPortionsMakeTheAmount: with what is missing; no line gives more than it
// has, and none gives anything while an older one has something left.
func TestPortionsMakeTheAmount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var lines []budget.Line
		for i := range rapid.IntRange(0, 6).Draw(rt, "lines") {
			line := budget.Line{ID: events.LineID(rune('a' + i)), Vintage: fiscal.Year(rapid.IntRange(2020, 2023).Draw(rt, "vintage"))}
			line.Sums[budget.Initial] = money.Amount(rapid.Int64Range(0, 50).Draw(rt, "initial"))
			line.Sums[budget.Executed] = money.Amount(rapid.Int64Range(0, 30).Draw(rt, "executed"))
			lines = append(lines, line)
		}
		amount := money.Amount(rapid.Int64Range(0, 200).Draw(rt, "amount"))
		portions, missing := budget.Spend(lines, amount)
		total := missing
		for _, p := range portions {
			total += p.Amount
		}
		left := func(line budget.Line) money.Amount {
			rest := line.Sums[budget.Initial] - line.Sums[budget.Executed]
			for _, p := range portions {
				if p.Line == line.ID {
					rest -= p.Amount
				}
			}
			return rest
		}
		if total != amount || missing < 0 {
			rt.Fatalf("%v and %s missing do not make %s", portions, missing, amount)
		}
		for _, line := range lines {
			gives := slices.ContainsFunc(portions, func(p budget.Portion) bool { return p.Line == line.ID })
			if gives && left(line) < 0 || missing > 0 && left(line) > 0 {
				rt.Fatalf("%s has %s left after %v with %s missing", line.ID, left(line), portions, missing)
			}
			for _, older := range lines {
				if gives && older.Vintage < line.Vintage && left(older) > 0 {
					rt.Fatalf("%s gives while the older %s has %s left", line.ID, older.ID, left(older))
				}
			}
		}
	})
}

// TestConfirmedIsSent: whatever is tried between two lines that name each other,
// what was confirmed stays what was sent, until more is received.
func TestConfirmedIsSent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, city()...).given(line("aged", "station", 2024, 2023))
		confirmed := false
		for range 12 {
			amount := rapid.SampledFrom([]string{"5.00", "10.00", "20.00"}).Draw(rt, "amount")
			s := rapid.SampledFrom([]said{
				receive("aged", amount, 2023).on("2024-01-01").fromLine("a"), confirm("aged", amount, 2023).on("2024-01-01").fromLine("a"),
				send("a", amount, 2024).toLine("aged"), confirm("aged", "15.00", 2023).on("2024-01-01").fromLine("a"),
			}).Draw(rt, "said")
			event := w.parsed(s)
			if budget.Decide(w.books, event) != nil {
				continue
			}
			w.record(event)
			switch event.Data.(type) {
			case events.CarryoverConfirmed:
				confirmed = true
			case events.CarryoverReceived:
				confirmed = false
			}
			from, _ := w.books.Line("a")
			to, _ := w.books.Line("aged")
			if confirmed && from.Sums[budget.CarryoverOut] != to.Sums[budget.CarryoverIn] {
				rt.Fatalf("%s sent, %s confirmed after %s", from.Sums[budget.CarryoverOut], to.Sums[budget.CarryoverIn], event.Raw())
			}
		}
	})
}
