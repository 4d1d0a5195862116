package projections_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/projections"
)

func rebuildOf(schema string) projections.RebuildOptions {
	return projections.RebuildOptions{Schema: schema, Logger: quiet}
}

// again runs work over and over until the test is done with it.
func again(work func()) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				work()
			}
		}
	})
	return func() {
		close(done)
		running.Wait()
	}
}

func TestARebuildEqualsTheLiveProjectionRowForRow(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	l := scenario(t)
	project(t, store, l.log)
	before := db.dump(schema)
	indexes := db.query("SELECT indexdef FROM pg_indexes WHERE schemaname = $1 ORDER BY 1", schema)
	for range 2 { // the second one replaces the schema that the first one left
		var done, total uint64
		options := rebuildOf(schema)
		options.Progress = func(d, of uint64) { done, total = d, of }
		if err := projections.Rebuild(t.Context(), db.dsn, l.log, options); err != nil {
			t.Fatal(err)
		}
		if done != l.last() || total != l.last() {
			t.Errorf("progress ended at %d of %d", done, total)
		}
		if diff := cmp.Diff(before, db.dump(schema)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(before, db.dump(schema+"_old")); diff != "" {
			t.Errorf("the former one: %s", diff)
		}
		if diff := cmp.Diff(indexes, db.query("SELECT indexdef FROM pg_indexes WHERE schemaname = $1 ORDER BY 1", schema)); diff != "" {
			t.Errorf("indexes: %s", diff)
		}
	}
}

func TestARebuildIntoNothingMakesAProjection(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	l := scenario(t)
	if err := projections.Rebuild(t.Context(), db.dsn, l.log, projections.RebuildOptions{Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	store := db.open("")
	sameReport(t, store, l, projections.Query{Year: 2023, By: projections.ByProject})
}

// While a projector and readers are at work the projection is rebuilt under
// them, several times. Every report is that of its sequence, and no reader ever
// goes back in time.
func TestProjectorsAndReadersSurviveTheSwap(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	l := payingLedger(t, 300)
	projector, stopProjector := start(store, l.log)
	await(t, store, l.last())

	type seen struct {
		sequence uint64
		report   projections.Report
		err      error
	}
	var reports []seen
	stopReader := again(func() {
		report, err := store.Execution(background, projections.Query{Year: 2023, By: projections.ByLine})
		reports = append(reports, seen{report.Sequence, report, err})
	})
	rebuilt := make(chan error, 1)
	go func() {
		for range 3 {
			if err := projections.Rebuild(background, db.dsn, l.log, rebuildOf(schema)); err != nil {
				rebuilt <- err
				return
			}
		}
		rebuilt <- nil
	}()
	var err error
	for writing := true; writing; {
		l.pay(t, 5)
		await(t, store, l.last())
		select {
		case err = <-rebuilt:
			writing = false
		default:
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	l.pay(t, 60)
	await(t, store, l.last())
	stopReader()
	if err := stopProjector(); err != nil || projector.Status().Problem != nil {
		t.Errorf("%v, status %+v", err, projector.Status())
	}
	var last uint64
	for _, s := range reports {
		if s.err != nil {
			t.Fatalf("after sequence %d: %v", last, s.err)
		}
		if s.sequence < last {
			t.Fatalf("a reader went from sequence %d back to %d", last, s.sequence)
		}
		last = s.sequence
		want := l.report(t, projections.Query{Year: 2023, By: projections.ByLine, AsOf: projections.AsOf{Through: s.sequence}})
		if diff := cmp.Diff(want.Rows, s.report.Rows, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("at sequence %d: %s", s.sequence, diff)
		}
	}
	if err := store.CheckSums(t.Context()); err != nil {
		t.Error(err)
	}
	if want := db.goodDump(t, l); db.dump(schema, tables...) != want {
		t.Error("after the swaps the projection differs from a new one")
	}
	t.Logf("%d reports, %d events", len(reports), len(l.events))
}

func TestAnInterruptedRebuildLeavesTheLiveProjectionAlone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	l := payingLedger(t, 400)
	project(t, store, l.log)
	before := db.dump(schema)
	ctx, cancel := context.WithCancel(t.Context())
	options := rebuildOf(schema)
	options.Progress = func(uint64, uint64) { cancel() }
	if err := projections.Rebuild(ctx, db.dsn, pieces{l.log, []int{10}, l.last()}, options); !errors.Is(err, context.Canceled) {
		t.Errorf("Rebuild returned %v", err)
	}
	if db.dump(schema) != before {
		t.Error("the live projection changed")
	}
	if err := projections.Rebuild(t.Context(), db.dsn, l.log, rebuildOf(schema)); err != nil {
		t.Fatalf("the next one: %v", err)
	}
	if db.dump(schema) != before {
		t.Error("the next one is not whole")
	}
}

func TestARebuildStopsAtPoisonAndLeavesTheLiveProjectionAlone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	l := payingLedger(t, 20)
	project(t, store, l.log)
	before := db.dump(schema)
	l.appendRaw(t, []byte("not an event"))
	if err := projections.Rebuild(t.Context(), db.dsn, l.log, rebuildOf(schema)); !errors.Is(err, events.ErrBroken) {
		t.Errorf("Rebuild returned %v", err)
	}
	if db.dump(schema) != before {
		t.Error("the live projection changed")
	}
}

func TestARebuildMendsAProjectionOfAnotherLog(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	longer, shorter := payingLedger(t, 50), payingLedger(t, 5)
	for name, log := range map[string]projections.Log{"another log": shorter.log, "the log without its end": renamed{shorter.log, longer.log.Identity()}} {
		store, schema := db.fresh()
		project(t, store, longer.log)
		if err := projections.Rebuild(t.Context(), db.dsn, log, rebuildOf(schema)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if sequence, _, err := store.Position(t.Context()); sequence != shorter.last() || err != nil {
			t.Errorf("%s: it stands at %d, %v", name, sequence, err)
		}
		project(t, store, log)
	}
}

func TestTwoRebuildsAtOnceComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	l := payingLedger(t, 50)
	project(t, store, l.log)
	before := db.dump(schema)
	results := make(chan error, 2)
	for range 2 {
		go func() { results <- projections.Rebuild(t.Context(), db.dsn, l.log, rebuildOf(schema)) }()
	}
	if err := errors.Join(<-results, <-results); err != nil {
		t.Fatal(err)
	}
	if db.dump(schema) != before {
		t.Error("the projection changed")
	}
}

func TestServersThatStartTogetherMigrateOneAfterTheOther(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	results := make(chan error, 4)
	for range 4 {
		go func() {
			store, err := projections.Open(background, db.dsn, projections.Options{Logger: quiet, MaxConns: 4})
			if err == nil {
				store.Close()
			}
			results <- err
		}()
	}
	for range 4 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}
