package eventlog

import (
	"errors"
	"testing"
)

// in makes the entry of a record in a batch; commit is the number of its last.
func in(sequence uint64, batch string, place, commit int) entry {
	return entry{Record: Record{Sequence: sequence}, batch: batch, place: place, commit: place == commit}
}

// alone makes the entry of a record on its own.
func alone(sequence uint64) entry { return entry{Record: Record{Sequence: sequence}} }

func TestBatches(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		entries []entry
		whole   int
		open    bool
		err     error
	}{
		"records on their own are whole":             {[]entry{alone(1), alone(2)}, 2, false, nil},
		"a batch is whole with its commit":           {[]entry{in(1, "a", 1, 2), in(2, "a", 2, 2)}, 2, false, nil},
		"a batch without its commit is open":         {[]entry{alone(1), in(2, "a", 1, 3), in(3, "a", 2, 3)}, 1, true, nil},
		"a reader may start within a batch":          {[]entry{in(1, "a", 2, 3), in(2, "a", 3, 3), alone(3)}, 3, false, nil},
		"a missing sequence is a gap":                {[]entry{alone(1), alone(3)}, 1, false, ErrGap},
		"a sequence that comes again is a gap":       {[]entry{alone(1), alone(1)}, 1, false, ErrGap},
		"a log that begins late is a gap":            {[]entry{alone(7)}, 0, false, ErrGap},
		"a lone record within a batch tears it":      {[]entry{in(1, "a", 1, 3), alone(2)}, 0, true, ErrTorn},
		"another batch within a batch tears it":      {[]entry{in(1, "a", 1, 3), in(2, "b", 1, 2)}, 0, true, ErrTorn},
		"a batch that begins again is torn":          {[]entry{in(1, "a", 1, 3), in(2, "a", 1, 3)}, 0, true, ErrTorn},
		"a batch that misses one of its own is torn": {[]entry{in(1, "a", 1, 3), in(2, "a", 3, 3)}, 0, true, ErrTorn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBatches(1)
			var err error
			for _, e := range tt.entries {
				if err = b.add(e); err != nil {
					break
				}
			}
			if !errors.Is(err, tt.err) || b.whole != tt.whole || b.open() != tt.open {
				t.Errorf("error %v, %d whole, open %t; want %v, %d, %t", err, b.whole, b.open(), tt.err, tt.whole, tt.open)
			}
		})
	}
}

func TestBatchesTakesOnlyWholeOnes(t *testing.T) {
	t.Parallel()
	b := newBatches(5)
	for _, e := range []entry{alone(5), in(6, "a", 1, 2), in(7, "a", 2, 2), in(8, "b", 1, 2)} {
		if err := b.add(e); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.take(); len(got) != 3 || b.taken() != 7 {
		t.Errorf("took %d records up to %d, want 3 up to 7", len(got), b.taken())
	}
	if err := b.add(in(9, "b", 2, 2)); err != nil {
		t.Fatal(err)
	}
	if got := b.take(); len(got) != 2 || got[0].Sequence != 8 || b.taken() != 9 {
		t.Errorf("took %v up to %d, want 8 and 9", got, b.taken())
	}
}
