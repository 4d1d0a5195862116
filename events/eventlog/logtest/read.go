package logtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/outturn/outturn/events/eventlog"
)

var errEnough = errors.New("enough")

func readBack(t *testing.T, s Store) {
	log := s.Open(t)
	want := mustAppend(t, log, 0, record("one"))
	other := batch("other", 5)
	other[2].Subject = "unit.101"
	want = append(want, mustAppend(t, log, 1, other...)...)
	want = append(want, mustAppend(t, log, 6, record("last"))...)
	wantRecords(t, read(t, log, 1, 7), want)
}

func readRange(t *testing.T, s Store) {
	log := s.Open(t)
	all := mustAppend(t, log, 0, batch("first", 4)...)
	all = append(all, mustAppend(t, log, 4, batch("second", 4)...)...)
	for _, tt := range []struct {
		name              string
		from, upTo, until uint64
	}{
		{"everything", 1, 8, 8},
		{"a batch", 5, 8, 8},
		{"from within a batch", 3, 8, 8},
		{"up to within a batch", 1, 2, 4},
		{"within one batch", 2, 3, 4},
		{"one record", 8, 8, 8},
	} {
		got := read(t, log, tt.from, tt.upTo)
		if want := all[tt.from-1 : tt.until]; !slices.EqualFunc(got, want, sameSequence) {
			t.Errorf("%s: read %d records from %d to %d, want the %d up to %d", tt.name, len(got), tt.from, tt.upTo, len(want), tt.until)
		}
	}
	if got := read(t, log, 5, 4); got != nil {
		t.Errorf("an empty range delivered %d records", len(got))
	}
}

func sameSequence(a, b eventlog.Record) bool { return a.Sequence == b.Sequence && a.Key == b.Key }

func readDeliveries(t *testing.T, s Store) {
	const batches, size = 14, 700
	log := s.Open(t)
	for i := range batches {
		mustAppend(t, log, uint64(i*size), batch(fmt.Sprint(i), size)...)
	}
	next := uint64(1)
	err := log.Read(bounded(t), 1, batches*size, func(records []eventlog.Record) error {
		if len(records) == 0 || len(records) >= eventlog.MaxDelivery+size {
			t.Errorf("a delivery has %d records", len(records))
		}
		if records[0].Sequence != next {
			t.Errorf("a delivery begins at %d, want %d", records[0].Sequence, next)
		}
		next += uint64(len(records))
		if (next-1)%size != 0 {
			t.Errorf("a delivery ends at %d, within a batch", next-1)
		}
		return nil
	})
	if err != nil || next != batches*size+1 {
		t.Errorf("read up to %d, error %v", next-1, err)
	}
}

// readLarge reads more bytes than a reader may keep on their way at once.
func readLarge(t *testing.T, s Store) {
	const records, size = 96, 900_000
	log := s.Open(t)
	body := make([]byte, size)
	for i := range records {
		r := record(fmt.Sprint(i))
		r.Body = body
		mustAppend(t, log, uint64(i), r)
	}
	if got := read(t, log, 1, records); len(got) != records || len(got[records-1].Body) != size {
		t.Errorf("read %d records, want %d", len(got), records)
	}
}

func readBeyondEnd(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, batch("two", 2)...)
	for _, from := range []uint64{1, 3, 4} {
		err := log.Read(bounded(t), from, 4, func([]eventlog.Record) error { return nil })
		if !errors.Is(err, eventlog.ErrNotFound) {
			t.Errorf("read %d to 4: error %v, want ErrNotFound", from, err)
		}
	}
}

func readDeliverError(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, batch("two", 2)...)
	calls := 0
	err := log.Read(bounded(t), 1, 2, func([]eventlog.Record) error { calls++; return errEnough })
	if !errors.Is(err, errEnough) || calls != 1 {
		t.Errorf("error %v after %d calls, want that of deliver after 1", err, calls)
	}
}

func readContext(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, batch("two", 2)...)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := log.Read(ctx, 1, 2, func([]eventlog.Record) error { t.Error("delivered"); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func at(t *testing.T, s Store) {
	log := s.Open(t)
	want := mustAppend(t, log, 0, batch("three", 3)...)
	for _, w := range want {
		got, err := log.At(bounded(t), w.Sequence)
		if err != nil {
			t.Fatal(err)
		}
		wantRecords(t, []eventlog.Record{got}, []eventlog.Record{w})
	}
	for _, sequence := range []uint64{0, 4} {
		if _, err := log.At(bounded(t), sequence); !errors.Is(err, eventlog.ErrNotFound) {
			t.Errorf("record %d: error %v, want ErrNotFound", sequence, err)
		}
	}
}

// followed is a follower in a goroutine of its own.
type followed struct {
	deliveries chan []eventlog.Record
	ended      chan error
	stop       context.CancelFunc
}

// startFollowing follows until the test ends.
func startFollowing(t testing.TB, log eventlog.Log, from uint64) followed {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	f := followed{deliveries: make(chan []eventlog.Record), ended: make(chan error, 1), stop: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.ended <- log.Follow(ctx, from, func(records []eventlog.Record) error {
			select {
			case f.deliveries <- records:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

// next waits for n more records at least.
func (f followed) next(t testing.TB, n int) []eventlog.Record {
	t.Helper()
	var records []eventlog.Record
	for len(records) < n {
		select {
		case delivered := <-f.deliveries:
			records = append(records, delivered...)
		case err := <-f.ended:
			t.Fatalf("following ended: %v", err)
		}
	}
	return records
}

func follow(t *testing.T, s Store) {
	log := s.Open(t)
	empty := startFollowing(t, log, 1)
	want := mustAppend(t, log, 0, batch("there", 3)...)
	wantRecords(t, empty.next(t, 3), want)
	middle := startFollowing(t, log, 2)
	wantRecords(t, middle.next(t, 2), want[1:])
	later := mustAppend(t, s.Open(t), 3, record("later"))
	later = append(later, mustAppend(t, log, 4, batch("latest", 20)...)...)
	wantRecords(t, empty.next(t, 21), later)
	wantRecords(t, middle.next(t, 21), later)
}

// followWhole lets batches of random size come while a reader follows: whatever
// it gets ends where a batch ends.
func followWhole(t *testing.T, s Store) {
	const batches, largest = 60, 120
	log := s.Open(t)
	f := startFollowing(t, log, 1)
	ends := make(chan map[uint64]bool, 1)
	go func() {
		random := rand.New(rand.NewPCG(1, 2))
		last, at := uint64(0), map[uint64]bool{}
		for i := range batches {
			records := batch(fmt.Sprint(i), 1+random.IntN(largest))
			if err := log.Append(bounded(t), last, records); err != nil {
				t.Errorf("append: %v", err)
				break
			}
			last += uint64(len(records))
			at[last] = true
		}
		ends <- at
	}()
	// The ends are known only later, so the deliveries are kept until then.
	var delivered []uint64
	var known map[uint64]bool
	next, last := uint64(1), uint64(1)
	for known == nil || next <= last {
		select {
		case records := <-f.deliveries:
			for _, r := range records {
				if r.Sequence != next {
					t.Fatalf("sequence %d came, want %d", r.Sequence, next)
				}
				next++
			}
			delivered = append(delivered, next-1)
		case known = <-ends:
			for end := range known {
				last = max(last, end)
			}
		case err := <-f.ended:
			t.Fatalf("following ended: %v", err)
		}
	}
	for _, end := range delivered {
		if !known[end] {
			t.Errorf("a delivery ends at %d, within a batch", end)
		}
	}
}

func followDeliverError(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, record("one"))
	calls := 0
	err := log.Follow(bounded(t), 1, func([]eventlog.Record) error { calls++; return errEnough })
	if !errors.Is(err, errEnough) || calls != 1 {
		t.Errorf("error %v after %d calls, want that of deliver after 1", err, calls)
	}
}

func followContext(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, record("one"))
	f := startFollowing(t, log, 1)
	f.next(t, 1)
	f.stop()
	if err := <-f.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func followBeyondEnd(t *testing.T, s Store) {
	log := s.Open(t)
	mustAppend(t, log, 0, batch("three", 3)...)
	err := log.Follow(bounded(t), 5, func([]eventlog.Record) error { t.Error("delivered"); return nil })
	if !errors.Is(err, eventlog.ErrGap) {
		t.Errorf("error %v, want ErrGap: the follower has seen a record 4 that is not there", err)
	}
}
