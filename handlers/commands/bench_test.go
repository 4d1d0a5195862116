package commands_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/commands"
)

// onDisk opens a log on a real JetStream that syncs before it answers.
func onDisk(b *testing.B) (*eventlog.JetStream, jetstream.JetStream) {
	b.Helper()
	conn, err := localtest.NATS(b).Connect()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(conn.Close)
	log, err := eventlog.OpenJetStream(b.Context(), conn, eventlog.Config{Stream: "BENCH", SubjectPrefix: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	raw, err := jetstream.New(conn)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := raw.CreateStream(b.Context(), jetstream.StreamConfig{Name: "FLOOR", Subjects: []string{"floor.>"}}); err != nil {
		b.Fatal(err)
	}
	return log, raw
}

// spread runs one call for each of b.N over some clients.
func spread(b *testing.B, clients int, call func(i int64)) {
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range clients {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				call(i)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkPayments posts single payments, beside the floor: as many publishers
// of messages of the same size on the same server, each synced before its
// answer.
func BenchmarkPayments(b *testing.B) {
	for _, clients := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			log, _ := onDisk(b)
			recorder := start(b, log)
			submit(b, recorder, registers("1000000000.00")...)
			spread(b, clients, func(i int64) {
				results, err := recorder.Submit(context.Background(), commands.Submission{Items: []commands.Item{pay(fmt.Sprint("x", i), "0.01")}})
				if err != nil || results[0].Status != commands.Accepted {
					b.Error(err, results)
				}
			})
		})
		b.Run(fmt.Sprintf("floor/clients=%d", clients), func(b *testing.B) {
			_, raw := onDisk(b)
			body := pay("x", "0.01").Event.Raw()
			spread(b, clients, func(int64) {
				if _, err := raw.Publish(context.Background(), "floor.line", body); err != nil {
					b.Error(err)
				}
			})
		})
	}
}
