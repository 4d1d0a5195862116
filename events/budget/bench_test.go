package budget_test

import (
	"strconv"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
)

// BenchmarkPayment decides and records payments on one of 10,000 lines, by
// turns, three units deep, without parsing.
func BenchmarkPayment(b *testing.B) {
	w := newWorld(b, city()...)
	const lines = 10_000
	var payments [lines]events.Event
	for i := range payments {
		id := "line-" + strconv.Itoa(i)
		w.given(line(id, "station", 2023, 2023), allocate(id, "100000000.00"))
		payments[i] = w.parsed(pay("p", id, "0.01"))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		payment := payments[i%lines]
		payment.ID = events.EventID(strconv.Itoa(i))
		if err := budget.Decide(w.books, payment); err != nil {
			b.Fatal(err)
		}
		if _, err := budget.Evolve(w.books, payment); err != nil {
			b.Fatal(err)
		}
	}
}
