package projections_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
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
	benchLines    = 10_000
	benchProjects = 1_000
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

func makeLargeLog(b *testing.B) *eventlog.Memory { return newGrowing(b, paymentCount(b)).log }

// growing is a log of a budget over many lines, to which payments are added.
type growing struct {
	b        *testing.B
	log      *eventlog.Memory
	sequence uint64
	payments int // how many there will be, for their dates
	paid     int
	pending  []eventlog.Record
}

func newGrowing(b *testing.B, payments int) *growing {
	g := &growing{b: b, log: eventlog.NewMemory(), payments: payments}
	g.add("unit.registered", "U1", object{"name": "单位"})
	for p := range benchProjects {
		g.add("project.registered", fmt.Sprintf("P%d", p), object{"unit": "U1", "year": 2023, "name": "项目", "kind": "project"})
	}
	for l := range benchLines {
		g.add("line.opened", benchLine(l), object{"year": 2023, "unit": "U1", "project": fmt.Sprintf("P%d", l%benchProjects), "name": "指标",
			"fund": "general_public", "vintage": 2023, "function_class": "2150805", "economic_class": "30216"})
	}
	for l := range benchLines {
		g.add("budget.allocated", benchLine(l), object{"amount": "1000000.00", "date": "2023-01-05", "document": "财预〔2023〕1号"})
	}
	for range payments {
		g.pay()
	}
	g.flush()
	return g
}

func benchLine(l int) string { return fmt.Sprintf("2023-U1-P%d-L%d", l%benchProjects, l) }

// pay adds a payment. Lines come in no order; dates go through the year.
func (g *growing) pay() {
	n := g.paid
	g.paid++
	g.add("disbursement.paid", benchLine(n*7919%benchLines), object{"amount": fmt.Sprintf("%d.%02d", n%900+1, n%100),
		"date": fmt.Sprintf("2023-%02d-%02d", n*12/max(g.payments, 1)%12+1, n%28+1), "document": fmt.Sprintf("凭2023-%06d", n), "payee": "某某培训有限公司", "purpose": "培训讲课费"})
}

func (g *growing) add(noun, subject string, data object) {
	g.sequence++
	event, err := parse(g.b, fmt.Sprintf("bench-%d", g.sequence), noun, subject, data).Record(events.Stamp{
		Sequence: g.sequence, RecordedTime: firstRecorded.Add(time.Duration(g.sequence) * time.Millisecond), Actor: "finance",
	})
	if err != nil {
		g.b.Fatal(err)
	}
	if g.pending = append(g.pending, recordOf(event)); len(g.pending) == eventlog.MaxBatch {
		g.flush()
	}
}

func (g *growing) flush() {
	if err := g.log.Append(g.b.Context(), g.sequence-uint64(len(g.pending)), g.pending); err != nil {
		g.b.Fatal(err)
	}
	g.pending = nil
}

// benchPatience bounds how long a benchmark waits for the projector.
const benchPatience = 10 * time.Minute

// BenchmarkProjector catches up with the whole log, and compares it with the
// floor of the same run: see writeFloor.
func BenchmarkProjector(b *testing.B) {
	log := largeLog(b)
	last, _ := log.Last(b.Context())
	rate := func(b *testing.B) float64 {
		perSecond := float64(last) * float64(b.N) / b.Elapsed().Seconds()
		b.ReportMetric(perSecond, "events/s")
		return perSecond
	}
	var floor float64
	b.Run("Floor", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			writeFloor(b, localtest.Postgres(b), log)
			b.StartTimer()
		}
		floor = rate(b)
	})
	b.Run("CatchUp", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			store := openBench(b, localtest.Postgres(b))
			b.StartTimer()
			catchUp(b, store, log, last)
			b.StopTimer()
			store.Close()
			b.StartTimer()
		}
		if got := rate(b); floor > 0 {
			b.ReportMetric(got/floor, "of-floor")
		}
	})
}

func catchUp(b *testing.B, store *projections.Store, log projections.Log, last uint64) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), benchPatience)
	defer cancel()
	_, stop := start(store, log)
	if err := errors.Join(store.WaitFor(ctx, last), stop()); err != nil {
		b.Fatal(err)
	}
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

const (
	// burst is how many events BenchmarkVisible appends at once, every burstPause:
	// 2,000 a second. It watches every burstsWatched-th of them.
	burst         = 10
	burstPause    = 5 * time.Millisecond
	burstsWatched = 20
)

// BenchmarkVisible measures the time from an append, at 2,000 events a second, to
// an execution report by project that has it. Run it with -benchtime 2000x: an
// operation is a burst.
func BenchmarkVisible(b *testing.B) {
	g := newGrowing(b, 0)
	store := openBench(b, localtest.Postgres(b))
	catchUp(b, store, g.log, g.sequence)
	_, stop := start(store, g.log)
	var watchers sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	watch := func(sequence uint64, appended time.Time) {
		if err := store.WaitFor(b.Context(), sequence); err != nil {
			b.Error(err)
		}
		if _, err := store.Execution(b.Context(), projections.Query{Year: 2023, By: projections.ByProject}); err != nil {
			b.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, time.Since(appended))
	}
	due := time.Now()
	for n := 0; b.Loop(); n++ {
		for range burst {
			g.pay()
		}
		time.Sleep(time.Until(due))
		due = due.Add(burstPause)
		g.flush()
		if n%burstsWatched == 0 {
			sequence, appended := g.sequence, time.Now()
			watchers.Go(func() { watch(sequence, appended) })
		}
	}
	watchers.Wait()
	b.ReportMetric(float64(burst*b.N)/b.Elapsed().Seconds(), "events/s")
	reportPercentiles(b, took)
	if err := stop(); err != nil {
		b.Fatal(err)
	}
	store.Close()
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
	year := projections.Query{Year: 2023}
	execution := func(ctx context.Context, at projections.AsOf) error {
		q := by(year, projections.ByProject)
		q.AsOf = at
		_, err := store.Execution(ctx, q)
		return err
	}
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
			return execution(ctx, projections.AsOf{Date: date(fmt.Sprintf("2023-%02d-%02d", 1+rand.IntN(12), 1+rand.IntN(28)))})
		},
		"ExecutionByProjectKnown": func(ctx context.Context) error {
			return execution(ctx, projections.AsOf{Through: 1 + rand.Uint64N(last)})
		},
		"ExecutionByProjectAsOfKnown": func(ctx context.Context) error {
			through := 1 + rand.Uint64N(last)
			month := min(12, 1+int(12*through/last))
			return execution(ctx, projections.AsOf{Date: date(fmt.Sprintf("2023-%02d-%02d", month, 1+rand.IntN(28))), Through: through})
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
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if err := read(b.Context()); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			reportPercentiles(b, took)
		})
	}
}

func reportPercentiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	for _, percent := range []int{50, 99} {
		at := took[(len(took)-1)*percent/100]
		b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprintf("p%d-ms", percent))
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
