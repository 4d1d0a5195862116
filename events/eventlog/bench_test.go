package eventlog_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events/eventlog"
)

// bodySize is that of a usual event, in bytes.
const bodySize = 500

// fresh makes n records that no log has seen.
func fresh(after uint64, n int) []eventlog.Record {
	records := make([]eventlog.Record, n)
	for i := range records {
		records[i] = eventlog.Record{
			Subject: fmt.Sprintf("line.L%d", (after+uint64(i))%100),
			Key:     fmt.Sprintf("key-%d", after+uint64(i)),
			Body:    make([]byte, bodySize),
		}
	}
	return records
}

// BenchmarkAppend synchronises every append to disk.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 2, 100, eventlog.MaxBatch} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			log, last := open(b, connect(b, localtest.NATS(b))), uint64(0)
			for b.Loop() {
				if err := log.Append(b.Context(), last, fresh(last, size)); err != nil {
					b.Fatal(err)
				}
				last += uint64(size)
			}
			b.ReportMetric(float64(last)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkPublish is the floor under an append of one: the client's own publish.
func BenchmarkPublish(b *testing.B) {
	conn := connect(b, localtest.NATS(b))
	open(b, conn)
	js, body := admin(b, conn), make([]byte, bodySize)
	for b.Loop() {
		if _, err := js.Publish(b.Context(), "outturn.line.L1", body); err != nil {
			b.Fatal(err)
		}
	}
}

// written is the length of the log that is read.
const written = 100_000

func filled(b *testing.B) (jetstream.JetStream, *eventlog.JetStream) {
	conn := connect(b, localtest.NATS(b))
	log := open(b, conn)
	for after := uint64(0); after < written; after += eventlog.MaxBatch {
		if err := log.Append(b.Context(), after, fresh(after, eventlog.MaxBatch)); err != nil {
			b.Fatal(err)
		}
	}
	return admin(b, conn), log
}

func BenchmarkRead(b *testing.B) {
	_, log := filled(b)
	for b.Loop() {
		if err := log.Read(b.Context(), 1, written, func([]eventlog.Record) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(written*b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkFollow is the time from an append's beginning to its delivery.
func BenchmarkFollow(b *testing.B) {
	log, last := open(b, connect(b, localtest.NATS(b))), uint64(0)
	ctx, cancel := context.WithCancel(b.Context())
	delivered, ended := make(chan uint64, 1), make(chan error, 1)
	go func() {
		ended <- log.Follow(ctx, 1, func(records []eventlog.Record) error {
			delivered <- records[0].Sequence
			return nil
		})
	}()
	for b.Loop() {
		if err := log.Append(b.Context(), last, fresh(last, 1)); err != nil {
			b.Fatal(err)
		}
		last = <-delivered
	}
	cancel()
	<-ended
}

// BenchmarkConsume is the floor under a read: the client's ordered consumer.
func BenchmarkConsume(b *testing.B) {
	js, _ := filled(b)
	for b.Loop() {
		consumer, err := js.OrderedConsumer(b.Context(), streamName, jetstream.OrderedConsumerConfig{})
		if err != nil {
			b.Fatal(err)
		}
		done, n := make(chan struct{}), 0
		consuming, err := consumer.Consume(func(jetstream.Msg) {
			if n++; n == written {
				close(done)
			}
		}, jetstream.PullMaxMessages(8000))
		if err != nil {
			b.Fatal(err)
		}
		<-done
		consuming.Stop()
	}
	b.ReportMetric(float64(written*b.N)/b.Elapsed().Seconds(), "records/s")
}
