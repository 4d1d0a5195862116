package eventlog

import (
	"fmt"
	"math"
)

// endless is the last sequence that a reader without an end looks for.
const endless = uint64(math.MaxUint64)

// entry is a record as a stream holds it, with its place in its batch.
type entry struct {
	Record
	// batch is the id of the atomic batch, empty for a record on its own.
	batch string
	// place is the number in the batch, from 1 on.
	place int
	// commit marks the last of the batch.
	commit bool
}

// batches puts entries together to whole batches and watches that none is
// missing. A consumer of JetStream may see the first half of a batch while the
// second is being written, so nobody may act on entries before their commit.
type batches struct {
	// next is the sequence that must come next.
	next uint64
	// batch and place are those of the entry before; an empty batch is closed.
	batch string
	place int
	// records are the ones not yet taken; the first whole of them are in batches that have ended.
	records []Record
	whole   int
}

// newBatches expects from as the first sequence. It may lie within a batch.
func newBatches(from uint64) *batches { return &batches{next: from} }

// add takes the next entry. Errors: ErrGap, ErrTorn.
func (b *batches) add(e entry) error {
	if e.Sequence != b.next {
		return fmt.Errorf("%w: %d should come next and %d came", ErrGap, b.next, e.Sequence)
	}
	if b.open() && e.batch != b.batch {
		return fmt.Errorf("%w: batch %s does not end before sequence %d", ErrTorn, b.batch, e.Sequence)
	}
	if b.open() && e.place != b.place+1 {
		return fmt.Errorf("%w: at sequence %d number %d of batch %s follows on number %d", ErrTorn, e.Sequence, e.place, e.batch, b.place)
	}
	b.next++
	b.batch, b.place = e.batch, e.place
	b.records = append(b.records, e.Record)
	if e.batch == "" || e.commit {
		b.batch = ""
		b.whole = len(b.records)
	}
	return nil
}

// open says whether a batch has begun and not ended.
func (b *batches) open() bool { return b.batch != "" }

// taken is the sequence up to which take has handed out everything.
func (b *batches) taken() uint64 { return b.next - 1 - uint64(len(b.records)) }

// take hands out the records of all batches that have ended.
func (b *batches) take() []Record {
	whole := b.records[:b.whole:b.whole]
	b.records = append([]Record(nil), b.records[b.whole:]...)
	b.whole = 0
	return whole
}

// torn is the error of a batch that stayed open.
func (b *batches) torn() error {
	return fmt.Errorf("%w: batch %s has no record after sequence %d", ErrTorn, b.batch, b.next-1)
}

// behind is the error of a log that ends before the records that a reader has
// seen already: it lost some of them.
func behind(from, last uint64) error {
	return fmt.Errorf("%w: the reader stands at %d and the log ends at %d; records that were read are lost", ErrGap, from-1, last)
}
