package logtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/outturn/outturn/events/eventlog"
)

// tooLarge is more than any log takes in one record, in bytes.
const tooLarge = 8 << 20

func emptyLog(t *testing.T, s Store) {
	log := s.Open(t)
	wantLast(t, log, 0)
	if _, err := log.At(bounded(t), 1); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("record 1 of an empty log: error %v, want ErrNotFound", err)
	}
	if got := read(t, log, 1, 0); got != nil {
		t.Errorf("read %v from an empty log", got)
	}
}

func appendSetsSequences(t *testing.T, s Store) {
	log := s.Open(t)
	one := mustAppend(t, log, 0, record("one"))
	three := mustAppend(t, log, 1, batch("three", 3)...)
	for i, r := range slices.Concat(one, three) {
		if r.Sequence != uint64(i+1) {
			t.Errorf("sequence %d of record %d, want %d", r.Sequence, i, i+1)
		}
	}
	wantLast(t, log, 4)
}

func appendOfNothing(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, record("one"))
	mustAppend(t, log, 1)
	refused(t, log, 0, nil, eventlog.ErrConflict)
}

// refused checks that an append ends with an error and appends nothing.
func refused(t testing.TB, log eventlog.Log, after uint64, records []eventlog.Record, want error) {
	t.Helper()
	before, err := log.Last(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	given := slices.Clone(records)
	if err := log.Append(bounded(t), after, records); !errors.Is(err, want) {
		t.Errorf("append after %d: error %v, want %v", after, err, want)
	}
	wantLast(t, log, before)
	wantRecords(t, records, given)
}

func conflict(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, batch("first", 3)...)
	for _, after := range []uint64{0, 2, 4} {
		refused(t, log, after, batch(fmt.Sprintf("one-%d", after), 1), eventlog.ErrConflict)
		refused(t, log, after, batch(fmt.Sprintf("two-%d", after), 2), eventlog.ErrConflict)
	}
	mustAppend(t, log, 3, record("next"))
}

func duplicate(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, record("same"))
	mustAppend(t, log, 1, record("other"))
	refused(t, log, 2, []eventlog.Record{record("same")}, eventlog.ErrDuplicate)
}

func duplicateInBatch(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, record("same"), record("other"))
	refused(t, log, 2, []eventlog.Record{record("new"), record("same"), record("newer")}, eventlog.ErrDuplicate)
	mustAppend(t, log, 2, record("new"), record("newer"))
}

func keyTwice(t *testing.T, s Store) {
	refused(t, s.Open(t), 0, []eventlog.Record{record("same"), record("same")}, eventlog.ErrDuplicate)
}

func fullBatch(t *testing.T, s Store) {
	log := s.Open(t)
	want := mustAppend(t, log, 0, batch("full", eventlog.MaxBatch)...)
	wantLast(t, log, eventlog.MaxBatch)
	wantRecords(t, read(t, log, 1, eventlog.MaxBatch), want)
}

func oneTooMany(t *testing.T, s Store) {
	refused(t, s.Open(t), 0, batch("many", eventlog.MaxBatch+1), eventlog.ErrTooLarge)
}

func largeRecord(t *testing.T, s Store) {
	log := s.Open(t)
	large := record("large")
	large.Body = make([]byte, tooLarge)
	refused(t, log, 0, []eventlog.Record{large}, eventlog.ErrTooLarge)
	refused(t, log, 0, []eventlog.Record{record("first"), large, record("last")}, eventlog.ErrTooLarge)
	mustAppend(t, log, 0, record("first"), record("last"))
}

func malformed(t *testing.T, s Store) {
	log := s.Open(t)
	for name, spoil := range map[string]func(*eventlog.Record){
		"no subject":          func(r *eventlog.Record) { r.Subject = "" },
		"a wildcard":          func(r *eventlog.Record) { r.Subject = "line.>" },
		"an empty code":       func(r *eventlog.Record) { r.Subject = "line..L1" },
		"a space":             func(r *eventlog.Record) { r.Subject = "line.L 1" },
		"a Chinese subject":   func(r *eventlog.Record) { r.Subject = "预算.L1" },
		"no key":              func(r *eventlog.Record) { r.Key = "" },
		"a key of two lines":  func(r *eventlog.Record) { r.Key = "a\r\nNats-Rollup: all" },
		"a Chinese key":       func(r *eventlog.Record) { r.Key = "凭证" },
		"a key without bound": func(r *eventlog.Record) { r.Key = strings.Repeat("k", 100_000) },
	} {
		r := record("spoilt")
		spoil(&r)
		if err := log.Append(bounded(t), 0, []eventlog.Record{r}); err == nil {
			t.Errorf("%s: appended", name)
		}
	}
	wantLast(t, log, 0)
}

func doneContext(t *testing.T, s Store) {
	log := s.Open(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := log.Append(ctx, 0, batch("late", 2))
	if !errors.Is(err, eventlog.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want ErrUnavailable and context.Canceled", err)
	}
	wantLast(t, log, 0)
}

func bodiesAreCopied(t *testing.T, s Store) {
	log := s.Open(t)
	r := record("one")
	r.Body = []byte("before")
	mustAppend(t, log, 0, r)
	copy(r.Body, "after!")
	if got := read(t, log, 1, 1); string(got[0].Body) != "before" {
		t.Errorf("body %q, want it as it was appended", got[0].Body)
	}
}

func exactBytes(t *testing.T, s Store) {
	log := s.Open(t)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	chinese := []byte("{\"reason\":\"追加：岳阳市公安局　“雪亮工程”\r\n二期\",\"amount\":\"411400.00\"}\n")
	bodies := [][]byte{chinese, all, {}, bytes.Repeat([]byte("执行率\x00"), 10_000)}
	records := batch("exact", len(bodies))
	for i := range records {
		records[i].Body = bodies[i]
	}
	mustAppend(t, log, 0, records...)
	single := record("single")
	single.Body = chinese
	mustAppend(t, log, 4, single)
	for i, r := range read(t, log, 1, 5) {
		one, err := log.At(bounded(t), r.Sequence)
		if err != nil {
			t.Fatal(err)
		}
		if want := append(bodies, chinese)[i]; !bytes.Equal(r.Body, want) || !bytes.Equal(one.Body, want) {
			t.Errorf("body %d came back as %q and %q, want %q", i, r.Body, one.Body, want)
		}
	}
}

func twoHandles(t *testing.T, s Store) {
	one, other := s.Open(t), s.Open(t)
	if one.Identity() != other.Identity() {
		t.Errorf("identities %q and %q of one log", one.Identity(), other.Identity())
	}
	mustAppend(t, one, 0, record("one"))
	refused(t, other, 0, []eventlog.Record{record("other")}, eventlog.ErrConflict)
	mustAppend(t, other, 1, record("other"))
	refused(t, one, 1, batch("again", 2), eventlog.ErrConflict)
	wantRecords(t, read(t, one, 1, 2), read(t, other, 1, 2))
}

func restart(t *testing.T, s Store) {
	log := s.Open(t)
	identity := log.Identity()
	want := mustAppend(t, log, 0, batch("before", 10)...)
	want = append(want, mustAppend(t, log, 10, record("single"))...)
	s.Restart(t)
	log = s.Open(t)
	if log.Identity() != identity {
		t.Errorf("identity %q after a restart, %q before", log.Identity(), identity)
	}
	want = append(want, mustAppend(t, log, 11, batch("after", 2)...)...)
	wantRecords(t, read(t, log, 1, 13), want)
}

func duplicateAfterRestart(t *testing.T, s Store) {
	mustAppend(t, s.Open(t), 0, record("single"))
	mustAppend(t, s.Open(t), 1, batch("batch", 2)...)
	s.Restart(t)
	refused(t, s.Open(t), 3, []eventlog.Record{record("single")}, eventlog.ErrDuplicate)
	refused(t, s.Open(t), 3, []eventlog.Record{record("new"), record("batch-1")}, eventlog.ErrDuplicate)
}

// manyWriters lets writers append at the same time, each trying again until its
// batch is in. In the end every record is in the log exactly once, batches are
// in one piece, and no sequence is missing.
func manyWriters(t *testing.T, s Store) {
	const writers, batches = 8, 12
	log := s.Open(t)
	var wg sync.WaitGroup
	want := 0
	for w := range writers {
		size := 1 + w%4
		want += size * batches
		wg.Go(func() {
			for b := range batches {
				insist(t, log, batch(fmt.Sprintf("w%d-b%d", w, b), size))
			}
		})
	}
	wg.Wait()
	wantLast(t, log, uint64(want))
	seen := map[string]uint64{}
	for i, r := range read(t, log, 1, uint64(want)) {
		if r.Sequence != uint64(i+1) {
			t.Fatalf("sequence %d at place %d", r.Sequence, i+1)
		}
		if first, twice := seen[r.Key]; twice {
			t.Errorf("%s is at %d and at %d", r.Key, first, r.Sequence)
		}
		seen[r.Key] = r.Sequence
	}
	for w := range writers {
		for b := range batches {
			for i := range w % 4 {
				here, next := fmt.Sprintf("key-w%d-b%d-%d", w, b, i), fmt.Sprintf("key-w%d-b%d-%d", w, b, i+1)
				if seen[next] != seen[here]+1 {
					t.Errorf("%s is at %d and %s at %d, want them side by side", here, seen[here], next, seen[next])
				}
			}
		}
	}
}

// insist appends a batch wherever the log ends.
func insist(t testing.TB, log eventlog.Log, records []eventlog.Record) {
	ctx := bounded(t)
	for {
		last, err := log.Last(ctx)
		if err != nil {
			t.Errorf("last: %v", err)
			return
		}
		err = log.Append(ctx, last, records)
		if err == nil {
			return
		}
		if !errors.Is(err, eventlog.ErrConflict) {
			t.Errorf("append: %v", err)
			return
		}
	}
}
