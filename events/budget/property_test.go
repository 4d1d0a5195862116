package budget_test

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// pick draws evenly: rapid's own choice leans to the first of many.
func pick[T any](t *rapid.T, label string, from []T) T {
	index := 0
	for span := 1; span < 8*len(from); span *= 2 {
		index *= 2
		if rapid.Bool().Draw(t, label) {
			index++
		}
	}
	return from[index%len(from)]
}

// drawSaid draws something that may happen to a line of the city. Amounts are
// near what there is, so that about half of it is refused.
func drawSaid(t *rapid.T, w *world, lines ...string) said {
	on := pick(t, "line", lines)
	to := pick(t, "to", lines)
	amount := money.Amount(rapid.Int64Range(1, 60_00).Draw(t, "fen")).String()
	commitment := pick(t, "commitment", []string{"c1", "c2"})
	paid := pick(t, "payment", append(payments(w, lines), budget.PaymentKey{Line: events.LineID(on), ID: "none"}))
	payment, at := string(paid.ID), string(paid.Line)
	kinds := []func() said{
		func() said { return supplement(on, amount) },
		func() said { return supplement(on, "60.00") },
		func() said { return supplement(on, "100.00") },
		func() said { return reduce(on, amount) },
		func() said { return recall(on, amount) },
		func() said { return freeze(on, amount) },
		func() said { return unfreeze(on, amount) },
		func() said { return transfer(on, to, amount) },
		func() said { return receive(on, amount, 2022) },
		func() said { return confirm(on, amount, 2022) },
		func() said { return send(on, amount, 2024) },
		func() said { return returnSurplus(on, amount) },
		func() said { return commit(commitment, on, amount) },
		func() said { return change(commitment, on, amount) },
		func() said { return change(commitment, on, "5.00") },
		func() said { return pay("pay-"+strconv.Itoa(len(w.log)), on, "10.00").against(commitment) },
		func() said { return release(commitment, on) },
		func() said { return pay("pay-"+strconv.Itoa(len(w.log)), on, amount) },
		func() said {
			return pay("pay-"+strconv.Itoa(len(w.log)), on, amount).against(commitment).with("economic_class", "30217")
		},
		func() said { return refund(payment, at, amount) },
		func() said { return refund(payment, at, amount).on("2024-02-01") },
		func() said { return move(payment, at, to) },
		func() said { return reclassify(payment, at, "30231") },
	}
	s := pick(t, "kind", kinds)()
	if s.members["date"] == nil && rapid.Bool().Draw(t, "dated") {
		s = s.on(fiscal.Year(2023).First().AddDays(rapid.IntRange(0, 364).Draw(t, "day")).String())
	}
	return s
}

// drawClosing draws something that happens to the time of a unit's books.
func drawClosing(t *rapid.T) said {
	unit := pick(t, "unit", []string{"station", "school", "archive", "city"})
	return pick(t, "closing", []said{
		closeMonth(unit, 2023, 1), closeMonth(unit, 2023, 5), closeYear(unit, 2023), reopenYear(unit, 2023), reopenYear("city", 2023), openYear(unit, 2023),
	})
}

// payments are those that were ever on one of the lines, in a fixed order.
func payments(w *world, lines []string) []budget.PaymentKey {
	var keys []budget.PaymentKey
	for key := range w.books.Changes().Payments {
		if slices.Contains(lines, string(key.Line)) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b budget.PaymentKey) int {
		return cmp.Or(strings.Compare(string(a.Line), string(b.Line)), strings.Compare(string(a.ID), string(b.ID)))
	})
	return keys
}

func cityLines() []string { return []string{"a", "a2", "b", "old"} }

// historyLength is how much is tried in a history; a good half is refused.
const historyLength = 50

// live lets things happen in the city for a while: what is refused leaves no
// trace. After each event check looks at the world.
func live(t *rapid.T, check func(*world)) *world {
	w := newWorld(t, city()...)
	for i := range historyLength {
		s := drawSaid(t, w, cityLines()...)
		if i%10 == 9 {
			s = drawClosing(t)
		}
		event := w.parsed(s)
		before := snapshot(w.books)
		err := budget.Decide(w.books, event)
		if diff := differ(before, w.books.Changes()); diff != "" {
			t.Fatalf("Decide changed the books by %s:\n%s", event.Raw(), diff)
		}
		if err == nil {
			w.record(event)
			check(w)
		} else if events.AsRefusal(err) == nil {
			t.Fatalf("%s gives %v, which is no refusal", event.Raw(), err)
		}
	}
	return w
}

func ignore(*world) {}

// snapshot copies what books hold themselves.
func snapshot(b *budget.Books) budget.Changes {
	c := b.Changes()
	return budget.Changes{
		Units: maps.Clone(c.Units), Projects: maps.Clone(c.Projects), Lines: maps.Clone(c.Lines),
		Commitments: maps.Clone(c.Commitments), Payments: maps.Clone(c.Payments), Closings: maps.Clone(c.Closings),
	}
}

func differ(want, got budget.Changes) string { return gocmp.Diff(want, got, cmpopts.EquateEmpty()) }

// evolveAll evolves books by recorded events.
func evolveAll(t tester, b *budget.Books, log []events.Event) []budget.Posting {
	t.Helper()
	var all []budget.Posting
	for _, e := range log {
		posted, err := budget.Evolve(b, e)
		if err != nil {
			t.Fatalf("evolve %s: %v", e.Raw(), err)
		}
		all = append(all, posted...)
	}
	return all
}

// TestPostingsSumToTheBooks: for each line and measure, and never below zero.
func TestPostingsSumToTheBooks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		live(rt, func(w *world) {
			sums := map[events.LineID]budget.Sums{}
			for _, p := range w.postings {
				of := sums[p.Line]
				of[p.Measure] += p.Amount
				sums[p.Line] = of
			}
			for id, line := range w.books.Changes().Lines {
				if line.Sums != sums[id] {
					rt.Fatalf("line %s holds %v, its postings sum to %v", id, line.Sums, sums[id])
				}
				figures, err := line.Sums.Figures()
				if err != nil || min(figures.Available, figures.Frozen, figures.Committed, figures.Executed, figures.FullYear) < 0 {
					rt.Fatalf("line %s has %+v, %v", id, figures, err)
				}
			}
		})
	})
}

// TestSumsAgreeWithWhatIsOpen: what is committed is what is left of the open
// commitments, and what is executed is what is left of the payments, but for
// refunds of later years, which leave the outturn alone.
func TestSumsAgreeWithWhatIsOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := live(rt, ignore)
		committed, paid := map[events.LineID]money.Amount{}, map[events.LineID]money.Amount{}
		for key, c := range w.books.Changes().Commitments {
			committed[key.Line] += c.Left()
		}
		for key, p := range w.books.Changes().Payments {
			paid[key.Line] += p.Left()
		}
		for _, e := range w.log {
			if refund, ok := e.Data.(events.DisbursementRefunded); ok && refund.Date.Year == 2024 {
				paid[events.LineID(e.Subject)] += refund.Amount
			}
		}
		for id, line := range w.books.Changes().Lines {
			figures, _ := line.Sums.Figures()
			if figures.Committed != committed[id] || figures.Executed != paid[id] {
				rt.Fatalf("line %s has %+v; its commitments leave %s, its payments %s", id, figures, committed[id], paid[id])
			}
		}
	})
}

// TestAReplayGivesTheSameBooks, from the bytes that the log keeps.
func TestAReplayGivesTheSameBooks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := live(rt, ignore)
		var stored []events.Event
		for _, e := range w.log {
			decoded, err := events.Decode(e.Raw())
			if err != nil {
				rt.Fatal(err)
			}
			stored = append(stored, decoded)
		}
		again := budget.NewBooks()
		posted := evolveAll(rt, again, stored)
		if diff := differ(w.books.Changes(), again.Changes()); diff != "" {
			rt.Fatalf("books (-first +again):\n%s", diff)
		}
		if diff := gocmp.Diff(w.postings, posted); diff != "" {
			rt.Fatalf("postings (-first +again):\n%s", diff)
		}
	})
}

// TestAForkIsMergedOrForgotten: merged it is as if there had been none, at any
// depth; dropped as if nothing had happened.
func TestAForkIsMergedOrForgotten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := live(rt, ignore)
		first := rapid.IntRange(0, len(w.log)).Draw(rt, "fork after")
		second := rapid.IntRange(first, len(w.log)).Draw(rt, "fork again after")

		books := budget.NewBooks()
		evolveAll(rt, books, w.log[:first])
		before := snapshot(books)
		fork := books.Fork()
		evolveAll(rt, fork, w.log[first:second])
		inner := fork.Fork()
		evolveAll(rt, inner, w.log[second:])
		if diff := differ(before, books.Changes()); diff != "" {
			rt.Fatalf("the fork shows in its books:\n%s", diff)
		}
		inner.Merge()
		fork.Merge()
		if diff := differ(w.books.Changes(), books.Changes()); diff != "" {
			rt.Fatalf("merged (-direct +merged):\n%s", diff)
		}
		if diff := differ(budget.Changes{}, fork.Changes()); diff != "" {
			rt.Fatalf("the merged fork still has:\n%s", diff)
		}
	})
}

// TestIndependentEventsCommute: what happens on lines that share nothing may
// happen in either order, with the same decisions and the same books.
func TestIndependentEventsCommute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := live(rt, ignore)
		one := w.parsed(drawSaid(rt, w, "a", "a2"))
		two := w.parsed(drawSaid(rt, w, "b", "old"))
		forth, back := w.books.Fork(), w.books.Fork()
		oneFirst, twoSecond := attempt(rt, forth, one), attempt(rt, forth, two)
		twoFirst, oneSecond := attempt(rt, back, two), attempt(rt, back, one)
		if oneFirst != oneSecond || twoFirst != twoSecond {
			rt.Fatalf("%s: %q, after the other %q\n%s: %q, after the other %q", one.Raw(), oneFirst, oneSecond, two.Raw(), twoFirst, twoSecond)
		}
		if diff := differ(forth.Changes(), back.Changes()); diff != "" {
			rt.Fatalf("books after %s and %s (-in order +in reverse):\n%s", one.Raw(), two.Raw(), diff)
		}
	})
}

// attempt decides and, if accepted, evolves; it returns what was refused.
func attempt(t tester, b *budget.Books, e events.Event) string {
	t.Helper()
	if err := budget.Decide(b, e); err != nil {
		return err.Error()
	}
	evolveAll(t, b, []events.Event{e})
	return ""
}

// TestTouchedEntriesAreEnough is what the projector rests on: books that hold
// only what a batch touches give the postings and changes of the full books.
func TestTouchedEntriesAreEnough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := live(rt, ignore)
		full := budget.NewBooks()
		for rest := w.log; len(rest) > 0; {
			size := rapid.IntRange(1, min(len(rest), 12)).Draw(rt, "batch")
			batch := rest[:size]
			rest = rest[size:]

			sparse := budget.NewBooks()
			sparse.Load(touchedBy(batch, full))
			sparseFork, fullFork := sparse.Fork(), full.Fork()
			got, want := evolveAll(rt, sparseFork, batch), evolveAll(rt, fullFork, batch)
			if diff := gocmp.Diff(want, got); diff != "" {
				rt.Fatalf("postings (-full +sparse):\n%s", diff)
			}
			if diff := differ(fullFork.Changes(), sparseFork.Changes()); diff != "" {
				rt.Fatalf("changes (-full +sparse):\n%s", diff)
			}
			fullFork.Merge()
		}
		if diff := differ(w.books.Changes(), full.Changes()); diff != "" {
			rt.Fatalf("books (-one by one +in batches):\n%s", diff)
		}
	})
}

// touchedBy takes out of the books what a batch touches and they have.
func touchedBy(batch []events.Event, from *budget.Books) budget.Changes {
	var touched budget.Touched
	for _, e := range batch {
		touched.Touch(e)
	}
	all := from.Changes()
	return budget.Changes{
		Lines: only(all.Lines, touched.Lines), Commitments: only(all.Commitments, touched.Commitments),
		Payments: only(all.Payments, touched.Payments), Closings: only(all.Closings, touched.Closings),
	}
}

func only[K comparable, V any](all map[K]V, keys []K) map[K]V {
	some := map[K]V{}
	for _, key := range keys {
		if value, ok := all[key]; ok {
			some[key] = value
		}
	}
	return some
}

// TestWhatMovesCancels: a transfer's two postings, and a correction's.
func TestWhatMovesCancels(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		live(rt, func(w *world) {
			event := w.log[len(w.log)-1]
			var posted []budget.Posting
			for _, p := range w.postings {
				if p.Sequence == event.Sequence {
					posted = append(posted, p)
				}
			}
			switch data := event.Data.(type) {
			case events.BudgetTransferred:
				if len(posted) != 2 || posted[0].Measure != budget.TransferOut || posted[1].Measure != budget.TransferIn ||
					posted[0].Amount != data.Amount || posted[1].Amount != data.Amount {
					rt.Fatalf("%s posts %+v", event.Raw(), posted)
				}
			case events.DisbursementCorrected:
				if len(posted) != 2 || posted[0].Amount != -posted[1].Amount || posted[1].Amount <= 0 {
					rt.Fatalf("%s posts %+v", event.Raw(), posted)
				}
			}
		})
	})
}

// TestHistoriesReachEveryRule keeps the generator honest: over many histories
// each type is accepted and the refusals that rest on figures come up.
func TestHistoriesReachEveryRule(t *testing.T) {
	t.Parallel()
	accepted, refused := map[events.Type]bool{}, map[events.Reason]bool{}
	for seed := range 300 {
		w := newWorld(t, city()...)
		rapid.Custom(func(rt *rapid.T) bool {
			for range 30 {
				event := w.parsed(drawSaid(rt, w, cityLines()...))
				if refusal := events.AsRefusal(budget.Decide(w.books, event)); refusal != nil {
					refused[refusal.Reason] = true
					continue
				}
				accepted[event.Type] = true
				w.record(event)
			}
			return true
		}).Example(seed)
	}
	for _, s := range moneySamples() {
		if of := s.event.data.Type(); !accepted[of] && of != (events.BudgetAllocated{}).Type() {
			t.Errorf("no history has %s", of)
		}
	}
	for _, reason := range []events.Reason{
		events.ReasonInsufficientFunds, events.ReasonExceedsPayment, events.ReasonExceedsFrozen, events.ReasonBelowUsed,
		events.ReasonUnknownPayment, events.ReasonUnknownCommitment, events.ReasonCommitmentTaken, events.ReasonSameLine,
	} {
		if !refused[reason] {
			t.Errorf("no history meets %s", reason)
		}
	}
}

func TestMeasuresHaveNames(t *testing.T) {
	t.Parallel()
	var names []string
	for _, measure := range budget.Measures() {
		back, ok := budget.ParseMeasure(measure.String())
		if !ok || back != measure || slices.Contains(names, measure.String()) {
			t.Errorf("measure %d is called %q, which is %d, %t", measure, measure, back, ok)
		}
		names = append(names, measure.String())
	}
	if len(names) != len(budget.Sums{}) {
		t.Errorf("%d measures for %d sums", len(names), len(budget.Sums{}))
	}
	if _, ok := budget.ParseMeasure("available"); ok {
		t.Error("available is derived, not posted")
	}
}
