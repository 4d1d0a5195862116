package logtest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/outturn/outturn/events/eventlog"
)

func eachSetsSequences(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, record("zero"))
	records := batch("each", eventlog.FewRecords)
	appended, err := log.AppendEach(bounded(t), 1, records)
	if err != nil || appended != len(records) {
		t.Fatalf("appended %d of %d: %v", appended, len(records), err)
	}
	for i, r := range records {
		if r.Sequence != uint64(i)+2 {
			t.Errorf("sequence %d of record %d, want %d", r.Sequence, i, i+2)
		}
	}
	wantLast(t, log, uint64(len(records))+1)
}

func eachEndsAtRefusal(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, record("zero"))
	if appended, err := log.AppendEach(bounded(t), 0, batch("late", 3)); appended != 0 || !errors.Is(err, eventlog.ErrConflict) {
		t.Errorf("after 0 of a log that ends at 1: appended %d, %v; want none, ErrConflict", appended, err)
	}
	records := []eventlog.Record{record("one"), record("two"), record("zero"), record("three")}
	if appended, err := log.AppendEach(bounded(t), 1, records); appended != 2 || err == nil {
		t.Errorf("the third has a key that is there: appended %d, %v; want 2 and an error", appended, err)
	}
	wantLast(t, log, 3)
}

// eachRestsOnItsOwn: two writers have the same event. One is too late, and its
// next record would fit behind the other's, by its place and by the key before it.
func eachRestsOnItsOwn(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, record("other"))
	mustAppend(t, log, 1, record("same"))
	late := []eventlog.Record{record("first"), record("same"), record("next")}
	if appended, err := log.AppendEach(bounded(t), 0, late); appended != 0 || !errors.Is(err, eventlog.ErrConflict) {
		t.Errorf("appended %d, %v; want none, ErrConflict", appended, err)
	}
	wantLast(t, log, 2)
}

// eachFromMany: whatever comes between, each record is in the log once, and a
// writer's prefix that was appended is where it was told.
func eachFromMany(t *testing.T, s Store) {
	log := s.Open(t)
	const writers, rounds = 4, 5
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for round := range rounds {
				rest := batch(fmt.Sprintf("w%d-%d", w, round), 4)
				for len(rest) > 0 {
					last, err := log.Last(bounded(t))
					if err != nil {
						t.Error(err)
						return
					}
					appended, err := log.AppendEach(bounded(t), last, rest)
					if err != nil && !errors.Is(err, eventlog.ErrConflict) {
						t.Error(err)
						return
					}
					rest = rest[appended:]
				}
			}
		})
	}
	all.Wait()
	const want = writers * rounds * 4
	wantLast(t, log, want)
	seen := map[string]bool{}
	for _, r := range read(t, log, 1, want) {
		if seen[r.Key] {
			t.Errorf("%s is in the log twice", r.Key)
		}
		seen[r.Key] = true
	}
	if len(seen) != want {
		t.Errorf("%d different records, want %d", len(seen), want)
	}
}
