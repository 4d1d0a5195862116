package commands_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/commands"
)

// onDisk opens a log on a real JetStream that syncs before it answers.
func onDisk(t testing.TB) (*eventlog.JetStream, *nats.Conn) {
	t.Helper()
	conn, err := localtest.NATS(t).Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	log, err := eventlog.OpenJetStream(t.Context(), conn, eventlog.Config{Stream: "BENCH", SubjectPrefix: "bench"})
	if err != nil {
		t.Fatal(err)
	}
	return log, conn
}

// spread runs one call for each of b.N over some clients, and reports how many
// calls a second, times each, and the median of how long one took.
func spread(b *testing.B, clients, each int, call func(i int64)) {
	var next atomic.Int64
	var all sync.WaitGroup
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	for range clients {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				began := time.Now()
				call(i)
				took[i-1] = time.Since(began)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N*each)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(0, "ns/op")
}

// lines is how many lines the payments are spread over.
const lines = 1000

// manyLines opens lines with a budget.
func manyLines(b *testing.B, recorder *commands.Recorder) {
	items := registers("1000000000.00")[:2]
	for i := range lines {
		code := fmt.Sprint("L", i)
		items = append(items,
			item("l"+code, "line.opened", code, `{"year":2023,"unit":"U1","project":"P1","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}`),
			item("b"+code, "budget.allocated", code, `{"amount":"1000000000.00","date":"2023-01-01","document":"B-1"}`))
	}
	submit(b, recorder, items...)
}

func payOn(line, id, amount string) commands.Item {
	return item(id, "disbursement.paid", line, `{"amount":"`+amount+`","date":"2023-05-01","document":"D-1"}`)
}

// floor publishes messages of the same size, each synced before its answer.
func floor(b *testing.B, clients int) {
	_, conn := onDisk(b)
	js, err := jetstream.New(conn)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := js.CreateStream(b.Context(), jetstream.StreamConfig{Name: "FLOOR", Subjects: []string{"floor.>"}}); err != nil {
		b.Fatal(err)
	}
	body := payOn("L1", "x", "0.01").Event.Raw()
	spread(b, clients, 1, func(int64) {
		if _, err := js.Publish(context.Background(), "floor.line", body); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkSingles posts single payments to different lines, beside the floor: as
// many publishers of messages of the same size on the same server.
func BenchmarkSingles(b *testing.B) {
	for _, clients := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("floor/clients=%d", clients), func(b *testing.B) { floor(b, clients) })
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			log, _ := onDisk(b)
			recorder := start(b, log)
			manyLines(b, recorder)
			spread(b, clients, 1, func(i int64) {
				results, err := recorder.Submit(context.Background(), commands.Submission{By: root,
					Items: []commands.Item{payOn(fmt.Sprint("L", i%lines), fmt.Sprint("x", i), "0.01")}})
				if err != nil || results[0].Status != commands.Accepted {
					b.Error(err, results)
				}
			})
		})
	}
}

// BenchmarkHotLine has 256 clients at one line that has little left.
func BenchmarkHotLine(b *testing.B) {
	const clients = 256
	b.Run("floor", func(b *testing.B) { floor(b, clients) })
	b.Run("recorder", func(b *testing.B) {
		log, _ := onDisk(b)
		recorder := start(b, log)
		submit(b, recorder, registers("10.00")...)
		var spent atomic.Int64
		spread(b, clients, 1, func(i int64) {
			results, err := recorder.Submit(context.Background(), commands.Submission{By: root, Items: []commands.Item{pay(fmt.Sprint("x", i), "0.01")}})
			if err != nil {
				b.Error(err)
			} else if results[0].Status == commands.Accepted {
				spent.Add(1)
			}
		})
		if spent.Load() > 1000 {
			b.Errorf("%d fen were spent of 1000", spent.Load())
		}
	})
}

// BenchmarkBulk has 4 clients that send 1,000 events a request, beside the floor:
// one that appends atomic batches of the same messages.
func BenchmarkBulk(b *testing.B) {
	const clients, each = 4, 1000
	b.Run("floor", func(b *testing.B) {
		log, _ := onDisk(b)
		body, last := payOn("L1", "x", "0.01").Event.Raw(), uint64(0)
		spread(b, 1, each, func(i int64) {
			records := make([]eventlog.Record, each)
			for n := range records {
				records[n] = eventlog.Record{Subject: fmt.Sprint("line.L", n), Key: fmt.Sprint(i, "-", n), Body: body}
			}
			if err := log.Append(context.Background(), last, records); err != nil {
				b.Error(err)
			}
			last += each
		})
	})
	for depth := 1; depth <= 4; depth++ {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			log, _ := onDisk(b)
			recorder := run(b, open(b, commands.Config{Log: log}, commands.Depth(depth)))
			manyLines(b, recorder)
			requests := make(chan []commands.Item, b.N)
			for i := range b.N {
				items := make([]commands.Item, each)
				for n := range items {
					items[n] = payOn(fmt.Sprint("L", n%lines), fmt.Sprint("x", i, "-", n), "0.01")
				}
				requests <- items
			}
			spread(b, clients, each, func(int64) {
				results, err := recorder.Submit(context.Background(), commands.Submission{By: root, Items: <-requests})
				if err != nil || results[each-1].Status != commands.Accepted {
					b.Error(err, results)
				}
			})
		})
	}
}

// BenchmarkDecide is the recorder's own work: parts of a long submission on a log
// in memory.
func BenchmarkDecide(b *testing.B) {
	recorder := start(b, eventlog.NewMemory())
	manyLines(b, recorder)
	parts := make([][]commands.Item, b.N)
	for i := range parts {
		for n := range commands.MaxPart {
			parts[i] = append(parts[i], payOn(fmt.Sprint("L", n%lines), fmt.Sprint("x", i, "-", n), "0.01"))
		}
	}
	spread(b, 1, commands.MaxPart, func(i int64) { submit(b, recorder, parts[i-1]...) })
}
