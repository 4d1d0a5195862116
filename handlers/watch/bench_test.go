package watch_test

import (
	"log/slog"
	"testing"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/examples/city"
	"github.com/outturn/outturn/handlers/watch"
	"github.com/outturn/outturn/projections"
)

// BenchmarkEvaluate judges everything of a large city on a day in autumn: its
// 20,000 lines, 6,000 projects and 300 units, with an empty book of cases. The
// recorder's own work is not in it.
func BenchmarkEvaluate(b *testing.B) {
	log, quiet := eventlog.NewMemory(), slog.New(slog.DiscardHandler)
	fill(b, log, city.Large(1))
	dsn := localtest.Postgres(b)
	if err := projections.Rebuild(b.Context(), dsn, log, projections.RebuildOptions{Logger: quiet}); err != nil {
		b.Fatal(err)
	}
	store, err := projections.Open(b.Context(), dsn, projections.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(store.Close)
	for _, day := range []string{"2023-09-30", "2023-10-12", "2023-12-31"} {
		b.Run(day, func(b *testing.B) {
			var report watch.Report
			for b.Loop() {
				town := newTown(b)
				w := watch.New(watch.Config{Reader: store, Recorder: town, Open: func() []alert.Case { return nil }, Logger: quiet})
				if report, err = w.Evaluate(b.Context(), on(day)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(report.Judged), "judged")
			b.ReportMetric(float64(len(report.Raised)), "raised")
		})
	}
}

// fill appends all events of a made-up city to a log.
func fill(b *testing.B, log *eventlog.Memory, size city.Size) {
	var sequence uint64
	var batch []eventlog.Record
	flush := func() {
		if err := log.Append(b.Context(), sequence-uint64(len(batch)), batch); err != nil {
			b.Fatal(err)
		}
		batch = batch[:0]
	}
	heads := map[string]events.Hash{}
	for posted := range size.All() {
		event, err := events.Parse(posted.JSON())
		if err != nil {
			b.Fatal(err)
		}
		sequence++
		subject := string(event.About()) + "." + event.Subject
		recorded, err := event.Record(events.Stamp{Sequence: sequence, RecordedTime: posted.Time(), Actor: "city", PrevHash: heads[subject]})
		if err != nil {
			b.Fatal(err)
		}
		heads[subject] = recorded.Hash()
		if batch = append(batch, eventlog.Record{Subject: subject, Key: recorded.Key().String(), Body: recorded.Raw()}); len(batch) == eventlog.MaxBatch {
			flush()
		}
	}
	flush()
}
