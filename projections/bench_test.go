package projections_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/projections"
)

const (
	benchLines    = 2_000
	benchProjects = 200
	// benchPayments is how many payments there are; OUTTURN_BENCH_PAYMENTS overrides it.
	benchPayments = 200_000
)

func paymentCount(b *testing.B) int {
	text := os.Getenv("OUTTURN_BENCH_PAYMENTS")
	if text == "" {
		return benchPayments
	}
	count, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return count
}

// largeLog is a log of payments over many lines, made once for all benchmarks.
func largeLog(b *testing.B) *eventlog.Memory {
	b.Helper()
	largeLogs.Do(func() { largeLogs.log = makeLargeLog(b) })
	return largeLogs.log
}

var largeLogs struct {
	sync.Once
	log *eventlog.Memory
}

func makeLargeLog(b *testing.B) *eventlog.Memory {
	log := eventlog.NewMemory()
	var sequence uint64
	var batch []eventlog.Record
	flush := func() {
		if err := log.Append(b.Context(), sequence-uint64(len(batch)), batch); err != nil {
			b.Fatal(err)
		}
		batch = batch[:0]
	}
	add := func(noun, subject string, data object) {
		sequence++
		event, err := parse(b, fmt.Sprintf("bench-%d", sequence), noun, subject, data).Record(events.Stamp{
			Sequence: sequence, RecordedTime: firstRecorded.Add(time.Duration(sequence) * time.Millisecond), Actor: "finance",
		})
		if err != nil {
			b.Fatal(err)
		}
		if batch = append(batch, recordOf(event)); len(batch) == eventlog.MaxBatch {
			flush()
		}
	}
	add("unit.registered", "U1", object{"name": "单位"})
	for p := range benchProjects {
		add("project.registered", fmt.Sprintf("P%d", p), object{"unit": "U1", "year": 2023, "name": "项目", "kind": "project"})
	}
	for l := range benchLines {
		add("line.opened", fmt.Sprintf("2023-U1-P%d-L%d", l%benchProjects, l), object{"year": 2023, "unit": "U1", "project": fmt.Sprintf("P%d", l%benchProjects), "name": "指标",
			"fund": "general_public", "vintage": 2023, "function_class": "2150805", "economic_class": "30216"})
	}
	for l := range benchLines {
		add("budget.allocated", fmt.Sprintf("2023-U1-P%d-L%d", l%benchProjects, l), object{"amount": "1000000.00", "date": "2023-01-05", "document": "财预〔2023〕1号"})
	}
	for n := range paymentCount(b) {
		l := n * 7919 % benchLines
		add("disbursement.paid", fmt.Sprintf("2023-U1-P%d-L%d", l%benchProjects, l), object{"amount": fmt.Sprintf("%d.%02d", n%900+1, n%100),
			"date": fmt.Sprintf("2023-%02d-%02d", n*12/paymentCount(b)%12+1, n%28+1), "document": fmt.Sprintf("凭2023-%06d", n), "payee": "某某培训有限公司", "purpose": "培训讲课费"})
	}
	flush()
	return log
}

// BenchmarkProjector catches up with the whole log.
func BenchmarkProjector(b *testing.B) {
	log := largeLog(b)
	last, _ := log.Last(b.Context())
	for b.Loop() {
		b.StopTimer()
		store := openBench(b, localtest.Postgres(b))
		b.StartTimer()
		project(b, store, log)
		b.StopTimer()
		store.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(last)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkRebuild does the same as outturn rebuild.
func BenchmarkRebuild(b *testing.B) {
	log := largeLog(b)
	last, _ := log.Last(b.Context())
	dsn := localtest.Postgres(b)
	for b.Loop() {
		if err := projections.Rebuild(b.Context(), dsn, log, projections.RebuildOptions{Logger: quiet}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(last)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkRead reads what a rebuild has left, with the planner's statistics.
func BenchmarkRead(b *testing.B) {
	log := largeLog(b)
	dsn := localtest.Postgres(b)
	if err := projections.Rebuild(b.Context(), dsn, log, projections.RebuildOptions{Logger: quiet}); err != nil {
		b.Fatal(err)
	}
	store := openBench(b, dsn)
	b.Cleanup(store.Close)
	last, _ := log.Last(b.Context())
	middle := projections.AsOf{Date: date("2023-06-30"), Through: last / 2}
	year := projections.Query{Year: 2023}
	reads := map[string]func(context.Context) error{
		"ExecutionByProject": func(ctx context.Context) error {
			_, err := store.Execution(ctx, by(year, projections.ByProject))
			return err
		},
		"ExecutionByLine": func(ctx context.Context) error {
			_, err := store.Execution(ctx, by(year, projections.ByLine))
			return err
		},
		"ExecutionByMonth": func(ctx context.Context) error {
			_, err := store.Execution(ctx, by(year, projections.ByMonth))
			return err
		},
		"ExecutionByProjectAsOf": func(ctx context.Context) error {
			q := by(year, projections.ByProject)
			q.AsOf = middle
			_, err := store.Execution(ctx, q)
			return err
		},
		"Line": func(ctx context.Context) error {
			_, err := store.Line(ctx, "2023-U1-P7-L7", projections.AsOf{})
			return err
		},
		"LineEvents": func(ctx context.Context) error { _, err := store.LineEvents(ctx, "2023-U1-P7-L7", 0, 50); return err },
		"PostingsOfLine": func(ctx context.Context) error {
			_, err := store.Postings(ctx, projections.PostingsQuery{Query: projections.Query{Year: 2023, Line: "2023-U1-P7-L7"}})
			return err
		},
		"PostingsOfYear": func(ctx context.Context) error {
			_, err := store.Postings(ctx, projections.PostingsQuery{Query: year})
			return err
		},
	}
	for name, read := range reads {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := read(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func by(q projections.Query, by projections.By) projections.Query {
	q.By = by
	return q
}

func openBench(b *testing.B, dsn string) *projections.Store {
	b.Helper()
	store, err := projections.Open(b.Context(), dsn, projections.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	return store
}
