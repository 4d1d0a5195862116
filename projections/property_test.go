package projections_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

// randomLines are the lines of random ledgers, with money on the first three.
var randomLines = []string{"L1", "L2", "L3", "L4"}

// registered is a ledger with units, projects and lines.
func registered(t failer) *ledger {
	t.Helper()
	l := newLedger()
	l.post(t, "unit.registered", "U1", object{"name": "一"})
	l.post(t, "unit.registered", "U2", object{"name": "二", "parent": "U1"})
	l.post(t, "unit.registered", "U3", object{"name": "三"})
	l.post(t, "project.registered", "P1", object{"unit": "U1", "year": 2023, "name": "甲", "kind": "project"})
	l.post(t, "project.registered", "P2", object{"unit": "U3", "year": 2023, "name": "乙", "kind": "basic"})
	for i, id := range randomLines {
		l.post(t, "line.opened", id, object{
			"year": 2023, "unit": []string{"U1", "U2", "U3", "U2"}[i], "project": []string{"P1", "P1", "P2", "P1"}[i],
			"fund":    []string{"general_public", "general_public", "unit_funds", "government_fund"}[i],
			"vintage": []int{2023, 2022, 2023, 2023}[i], "function_class": []string{"215", "21508"}[i%2], "economic_class": []string{"301", "302"}[i/2],
		})
	}
	for _, line := range randomLines[:3] {
		l.post(t, "budget.allocated", line, object{"amount": "1000.00", "date": "2023-01-05", "document": "1"})
	}
	return l
}

// grow offers random events; the rules take most of them.
func grow(t *rapid.T, l *ledger, count int) {
	l.pause = time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "pause"))
	for range count {
		noun, data := randomEvent(t, l)
		subject := rapid.SampledFrom(randomLines).Draw(t, "line")
		if noun == "period.closed" || noun == "year.closed" || noun == "year.reopened" || noun == "year.opened" {
			subject = rapid.SampledFrom([]string{"U1", "U2", "U3"}).Draw(t, "unit")
		}
		l.offer(t, noun, subject, data)
	}
}

func randomEvent(t *rapid.T, l *ledger) (noun string, data object) {
	line := func() string { return rapid.SampledFrom(randomLines).Draw(t, "other line") }
	fen := rapid.IntRange(1, 60_000).Draw(t, "fen")
	data = object{
		"amount": fmt.Sprintf("%d.%02d", fen/100, fen%100),
		"date":   fiscal.Year(2023).First().AddDays(rapid.IntRange(0, 364).Draw(t, "day")).String(),
	}
	commitment := func() string { return rapid.SampledFrom([]string{"C1", "C2"}).Draw(t, "commitment") }
	without := func(key string) { delete(data, key) }
	switch noun = rapid.SampledFrom(randomNouns).Draw(t, "type"); noun {
	case "budget.transferred":
		data["to"], data["document"], data["reason"] = line(), "1", "调剂"
	case "carryover.received", "carryover.confirmed":
		data["from_year"], data["document"] = 2022, "1"
	case "carryover.sent":
		data["to_year"] = 2024
	case "surplus.returned":
		data["document"] = "1"
	case "commitment.made", "commitment.changed":
		data["commitment"] = commitment()
	case "commitment.released":
		without("amount")
		data["commitment"] = commitment()
	case "disbursement.paid":
		data["document"] = "1"
		if rapid.Bool().Draw(t, "against a commitment") {
			data["commitment"] = commitment()
		}
	case "disbursement.refunded":
		data["payment"], data["reason"] = randomPayment(t, l), "退回"
	case "disbursement.corrected":
		without("amount")
		data["payment"], data["reason"] = randomPayment(t, l), "更正"
		data["to_economic_class"] = "30216"
		if rapid.Bool().Draw(t, "to another line") {
			data["to_line"] = line()
		}
	case "period.closed":
		return noun, object{"year": 2023, "month": rapid.IntRange(1, 2).Draw(t, "month")}
	case "year.closed", "year.reopened", "year.opened":
		return noun, object{"year": 2023, "date": data["date"], "reason": "年结"}
	default:
		data["document"], data["reason"] = "1", "预算"
	}
	return noun, data
}

// randomNouns are the types, the frequent ones several times.
var randomNouns = []string{
	"disbursement.paid", "disbursement.paid", "disbursement.paid", "disbursement.refunded", "disbursement.refunded", "disbursement.corrected",
	"disbursement.corrected", "budget.supplemented", "budget.reduced", "budget.recalled", "budget.frozen", "budget.unfrozen", "budget.transferred",
	"carryover.received", "carryover.confirmed", "carryover.sent", "surplus.returned", "commitment.made", "commitment.made", "commitment.changed",
	"commitment.released", "period.closed", "year.closed", "year.reopened", "year.opened",
}

// randomPayment is the id of a payment, or of something else if there is none.
func randomPayment(t *rapid.T, l *ledger) string {
	ids := []string{"E1"}
	for _, event := range l.events {
		if _, paid := event.Data.(events.DisbursementPaid); paid {
			ids = append(ids, string(event.ID))
		}
	}
	return rapid.SampledFrom(ids).Draw(t, "payment")
}

func randomAsOf(t *rapid.T, l *ledger) projections.AsOf {
	var at projections.AsOf
	if rapid.Bool().Draw(t, "as of a date") {
		at.Date = fiscal.Year(2023).First().AddDays(rapid.IntRange(0, 364).Draw(t, "as of"))
	}
	if rapid.Bool().Draw(t, "as of a sequence") {
		at.Through = rapid.Uint64Range(1, l.last()).Draw(t, "through")
	}
	if rapid.Bool().Draw(t, "as known at a time") {
		at.KnownAt = l.events[rapid.IntRange(0, len(l.events)-1).Draw(t, "known")].RecordedTime
	}
	return at
}

func TestEvolveInGoEqualsTheProjectionInSQL(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	rapid.Check(t, func(t *rapid.T) {
		db.empty(schema)
		l := registered(t)
		grow(t, l, 60)
		project(t, store, l.log)
		if err := store.CheckSums(background); err != nil {
			t.Fatal(err)
		}
		for _, id := range randomLines {
			want, _ := l.books.Line(events.LineID(id))
			got, err := store.Line(background, events.LineID(id), projections.AsOf{})
			if err != nil || got.Line != want {
				t.Fatalf("%v: SQL has %+v, Go %+v", err, got.Line, want)
			}
		}
		for _, by := range allBy {
			sameReport(t, store, l, projections.Query{Year: 2023, By: by})
			sameReport(t, store, l, projections.Query{Year: 2023, By: by, AsOf: randomAsOf(t, l)})
			sameReport(t, store, l, projections.Query{Year: 2023, By: by, AsOf: projections.AsOf{Through: l.last()}})
		}
		sameView(t, db, schema, store)
	})
}

func TestBatchesAndRestartsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	whole, wholeSchema := db.fresh()
	cut, cutSchema := db.fresh()
	rapid.Check(t, func(t *rapid.T) {
		db.empty(wholeSchema)
		db.empty(cutSchema)
		l := registered(t)
		grow(t, l, 40)
		project(t, whole, l.log)
		sizes := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 5).Draw(t, "sizes of batches")
		for end := uint64(0); end < l.last(); {
			end = min(l.last(), end+rapid.Uint64Range(1, l.last()).Draw(t, "restart after"))
			project(t, cut, pieces{l.log, sizes, end})
		}
		project(t, cut, l.log) // once more: there is nothing left to do
		if a, b := db.dump(wholeSchema), db.dump(cutSchema); a != b {
			t.Fatalf("in one go:\n%s\nin pieces of %v:\n%s", a, sizes, b)
		}
	})
}

// Events on different lines may come in any order: what is posted to each line
// stays the same.
func TestIndependentEventsCommute(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	rapid.Check(t, func(t *rapid.T) {
		own := map[string][]events.Event{}
		for _, line := range randomLines[:3] {
			own[line] = ownEvents(t, line)
		}
		var dumps []string
		for _, name := range []string{"one order", "another"} {
			l := registered(t)
			left := map[string][]events.Event{}
			var turns []string
			for _, line := range randomLines[:3] {
				left[line] = own[line]
				for range own[line] {
					turns = append(turns, line)
				}
			}
			for _, line := range rapid.Permutation(turns).Draw(t, name) {
				l.appendAll(t, left[line][0])
				left[line] = left[line][1:]
			}
			db.empty(schema)
			project(t, store, l.log)
			dumps = append(dumps, db.dump(schema, "balance", "month_total", "payment", "commitment"))
		}
		if dumps[0] != dumps[1] {
			t.Fatalf("one order:\n%s\nanother:\n%s", dumps[0], dumps[1])
		}
	})
}

// ownEvents are random events that concern one line alone.
func ownEvents(t *rapid.T, line string) []events.Event {
	l := registered(t)
	var own []events.Event
	for i := range 10 {
		noun, data := randomEvent(t, l)
		if noun == "budget.transferred" || data["to_line"] != nil || data["amount"] == nil && data["payment"] == nil && data["commitment"] == nil {
			continue
		}
		event := parse(t, fmt.Sprintf("%s-%d", line, i), noun, line, data)
		if budget.Decide(l.books, event) == nil {
			l.appendAll(t, event)
			own = append(own, event)
		}
	}
	return own
}
