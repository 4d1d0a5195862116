package projections_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/projections"
)

const (
	// benchMoreLines are lines beside those of the large log, each with money, a plan
	// and a payment.
	benchMoreLines = 18_000
	// benchRecalled is how many entries of each kind a batch recalls.
	benchRecalled = 256
)

// wideLog is the large log with many more lines.
func wideLog(b *testing.B) *eventlog.Memory {
	b.Helper()
	log := makeLargeLog(b)
	last, _ := log.Last(b.Context())
	var batch []eventlog.Record
	flush := func() {
		if err := log.Append(b.Context(), last-uint64(len(batch)), batch); err != nil {
			b.Fatal(err)
		}
		batch = batch[:0]
	}
	add := func(noun, subject string, data object) {
		last++
		event, err := parse(b, fmt.Sprintf("wide-%d", last), noun, subject, data).Record(events.Stamp{
			Sequence: last, RecordedTime: firstRecorded.Add(time.Duration(last) * time.Millisecond), Actor: "finance",
		})
		if err != nil {
			b.Fatal(err)
		}
		if batch = append(batch, recordOf(event)); len(batch) == eventlog.MaxBatch {
			flush()
		}
	}
	for l := range benchMoreLines {
		line := fmt.Sprintf("2023-U1-W%d", l)
		add("line.opened", line, object{"year": 2023, "unit": "U1", "project": "P0", "name": "指标",
			"fund": "general_public", "vintage": 2023, "function_class": "2150805", "economic_class": "30216"})
		add("budget.allocated", line, object{"amount": "1000000.00", "date": "2023-01-05", "document": "财预〔2023〕1号"})
		add("plan.set", line, object{"about": "line", "year": 2023, "date": "2023-01-06", "months": [12]string{
			"1.00", "1.00", "1.00", "1.00", "1.00", "1.00", "1.00", "1.00", "1.00", "1.00", "1.00", "1.00"}})
		add("disbursement.paid", line, object{"amount": "1.00", "date": "2023-02-05", "document": "凭1"})
	}
	flush()
	return log
}

// BenchmarkPast reads what a writer and a desk need, of 20,000 lines and as many
// payments as OUTTURN_BENCH_PAYMENTS says.
func BenchmarkPast(b *testing.B) {
	log := wideLog(b)
	dsn := localtest.Postgres(b)
	if err := projections.Rebuild(b.Context(), dsn, log, projections.RebuildOptions{Logger: quiet}); err != nil {
		b.Fatal(err)
	}
	store := openBench(b, dsn)
	b.Cleanup(store.Close)
	b.Run("Start", func(b *testing.B) {
		for b.Loop() {
			if start, err := store.Start(b.Context()); err != nil || len(start.Books.Lines) != benchLines+benchMoreLines {
				b.Fatal(len(start.Books.Lines), err)
			}
		}
	})
	b.Run("Known", func(b *testing.B) {
		keys := 0
		for b.Loop() {
			if _, err := store.Known(b.Context(), func(events.Key) { keys++ }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(keys)/float64(b.N), "keys")
	})
	b.Run("Recall", func(b *testing.B) {
		n := 0
		for b.Loop() {
			var wanted projections.Wanted
			for range benchRecalled {
				n++
				line := fmt.Sprintf("2023-U1-P%d-L%d", n*7919%benchLines%benchProjects, n*7919%benchLines)
				wanted.Keys = append(wanted.Keys, events.KeyOf("test", events.EventID(fmt.Sprintf("bench-%d", n*104729%paymentCount(b)+1))))
				wanted.Subjects = append(wanted.Subjects, projections.Subject{Kind: events.OfLine, Code: line})
				wanted.Payments = append(wanted.Payments, budget.PaymentKey{Line: events.LineID(line), ID: events.EventID(fmt.Sprintf("bench-%d", 4202+n*7919%benchLines))})
			}
			if recalled, err := store.Recall(b.Context(), wanted); err != nil || len(recalled.Keys) != benchRecalled || len(recalled.Heads) != benchRecalled {
				b.Fatal(len(recalled.Keys), len(recalled.Heads), err)
			}
		}
	})
	b.Run("RecallOne", func(b *testing.B) {
		for b.Loop() {
			recalled, err := store.Recall(b.Context(), projections.Wanted{
				Keys:     []events.Key{events.KeyOf("test", "bench-5000")},
				Subjects: []projections.Subject{{Kind: events.OfLine, Code: "2023-U1-P7-L7"}},
			})
			if err != nil || len(recalled.Heads) != 1 {
				b.Fatal(err)
			}
		}
	})
	b.Run("FindLines", func(b *testing.B) {
		for b.Loop() {
			if lines, err := store.FindLines(b.Context(), projections.LineSearch{Year: 2023, Text: "W123 指标"}); err != nil || len(lines) == 0 {
				b.Fatal(err)
			}
		}
	})
	b.Run("Carryover", func(b *testing.B) {
		for b.Loop() {
			if c, err := store.Carryover(b.Context(), 2023, nil); err != nil || len(c.Rows) == 0 {
				b.Fatal(err)
			}
		}
	})
}
