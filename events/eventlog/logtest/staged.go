package logtest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/outturn/outturn/events/eventlog"
)

// stage stages records bit by bit.
func stage(t testing.TB, log eventlog.Log, after uint64, bits ...[]eventlog.Record) eventlog.Staged {
	t.Helper()
	staged := log.Stage(after)
	for _, records := range bits {
		if err := staged.Add(bounded(t), records); err != nil {
			t.Fatalf("stage %d records: %v", len(records), err)
		}
	}
	return staged
}

func mustCommit(t testing.TB, staged eventlog.Staged) {
	t.Helper()
	if err := staged.Commit(bounded(t)); err != nil {
		t.Fatal(err)
	}
}

func stagedCommit(t *testing.T, s Store) {
	log := s.Open(t)
	staged := stage(t, log, 0, batch("a", 2), batch("b", 1))
	wantLast(t, log, 0)
	mustCommit(t, staged)
	var want []eventlog.Record
	for i, r := range append(batch("a", 2), batch("b", 1)...) {
		r.Sequence = uint64(i + 1)
		want = append(want, r)
	}
	wantRecords(t, read(t, log, 1, 3), want)
	mustCommit(t, stage(t, log, 3, batch("alone", 1)))
	mustCommit(t, log.Stage(4))
	if err := log.Stage(3).Commit(bounded(t)); !errors.Is(err, eventlog.ErrConflict) {
		t.Errorf("a commit of nothing after 3 of a log that ends at 4: %v; want ErrConflict", err)
	}
	full := stage(t, log, 4, batch("full", eventlog.MaxBatch))
	mustCommit(t, full)
	wantLast(t, log, 4+eventlog.MaxBatch)
	if got := read(t, log, 5, 4+eventlog.MaxBatch); len(got) != eventlog.MaxBatch {
		t.Errorf("%d records were read back", len(got))
	}
}

func stagedOnEachOther(t *testing.T, s Store) {
	log := s.Open(t)
	first := stage(t, log, 0, batch("first", 20))
	second := stage(t, log, 20, batch("second", 20))
	third := stage(t, log, 40, batch("third", 20))
	mustCommit(t, first)
	mustCommit(t, second)
	mustCommit(t, third)
	if got := read(t, log, 41, 41); got[0].Key != firstOfThird {
		t.Errorf("record 41 is %s; want %s", got[0].Key, firstOfThird)
	}
}

const firstOfThird = "key-third-0"

func stagedRefused(t *testing.T, s Store) {
	log := s.Open(t)
	early := stage(t, log, 0, batch("early", 3))
	mustAppend(t, log, 0, record("other"))
	if err := early.Commit(bounded(t)); !errors.Is(err, eventlog.ErrConflict) {
		t.Errorf("the log has moved on: %v; want ErrConflict", err)
	}
	twice := stage(t, log, 1, batch("new", 2), []eventlog.Record{record("other")})
	if err := twice.Commit(bounded(t)); !errors.Is(err, eventlog.ErrDuplicate) {
		t.Errorf("a key is there already: %v; want ErrDuplicate", err)
	}
	wantLast(t, log, 1)
	mustCommit(t, stage(t, log, 1, batch("new", 2)))
	wantLast(t, log, 3)
}

func stagedDiscarded(t *testing.T, s Store) {
	log := s.Open(t)
	staged := stage(t, log, 0, batch("gone", 3))
	staged.Discard()
	mustCommit(t, stage(t, log, 0, batch("gone", 2)))
	wantLast(t, log, 2)
}

func stagedTooMany(t *testing.T, s Store) {
	log := s.Open(t)
	staged := stage(t, log, 0, batch("full", eventlog.MaxBatch))
	if err := staged.Add(bounded(t), batch("more", 1)); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("one more than fits: %v; want ErrTooLarge", err)
	}
	if err := staged.Commit(bounded(t)); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("the commit after that: %v; want ErrTooLarge", err)
	}
	wantLast(t, log, 0)
}

// stagedMany: a log may hold only so many open batches; those that were given up
// do not count.
func stagedMany(t *testing.T, s Store) {
	log := s.Open(t)
	for i := range 120 {
		stage(t, log, 0, batch(fmt.Sprint("gone", i), 2)).Discard()
	}
	mustCommit(t, stage(t, log, 0, batch("kept", 2)))
	wantLast(t, log, 2)
}
