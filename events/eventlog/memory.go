package eventlog

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"
)

// memoryMaxBody is the largest body that a [Memory] takes, in bytes: about what
// fits a message of NATS with its defaults.
const memoryMaxBody = 1 << 20

// Memory is a log in the memory of this process, for tests and probes. It keeps
// what [Log] promises but durability, and it remembers the keys for ever.
type Memory struct {
	identity string

	mu      sync.Mutex
	records []Record
	// ends[i] is the number of records up to the end of the batch that record i is in.
	ends []int
	keys map[string]struct{}
	// grown is closed, and made anew, when records are appended.
	grown chan struct{}
}

var _ Log = (*Memory)(nil)

// NewMemory makes an empty log.
func NewMemory() *Memory {
	return &Memory{
		identity: uuid.NewString(),
		keys:     map[string]struct{}{},
		grown:    make(chan struct{}),
	}
}

// Identity implements [Log].
func (m *Memory) Identity() string { return m.identity }

// Append implements [Log]. The bodies are copied.
func (m *Memory) Append(ctx context.Context, after uint64, records []Record) error {
	if err := checkBatch(records); err != nil {
		return err
	}
	for i, r := range records {
		if len(r.Body) > memoryMaxBody {
			return fmt.Errorf("%w: record %d of the batch has %d bytes, at most %d fit", ErrTooLarge, i, len(r.Body), memoryMaxBody)
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.admit(after, records); err != nil || len(records) == 0 {
		return err
	}
	setSequences(records, after)
	end := len(m.records) + len(records)
	for _, r := range records {
		r.Body = bytes.Clone(r.Body)
		m.records = append(m.records, r)
		m.ends = append(m.ends, end)
		m.keys[r.Key] = struct{}{}
	}
	close(m.grown)
	m.grown = make(chan struct{})
	return nil
}

// admit says whether the batch may be appended. The lock is held.
func (m *Memory) admit(after uint64, records []Record) error {
	if last := uint64(len(m.records)); last != after {
		return fmt.Errorf("%w: it ends at %d, not at %d", ErrConflict, last, after)
	}
	batch := make(map[string]struct{}, len(records))
	for _, r := range records {
		_, old := m.keys[r.Key]
		_, twice := batch[r.Key]
		if old || twice {
			return fmt.Errorf("%w: %q", ErrDuplicate, r.Key)
		}
		batch[r.Key] = struct{}{}
	}
	return nil
}

// Last implements [Log].
func (m *Memory) Last(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return uint64(len(m.records)), nil
}

// At implements [Log].
func (m *Memory) At(_ context.Context, sequence uint64) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if sequence == 0 || sequence > uint64(len(m.records)) {
		return Record{}, fmt.Errorf("%w: %d", ErrNotFound, sequence)
	}
	return m.records[sequence-1], nil
}

// Read implements [Log].
func (m *Memory) Read(ctx context.Context, from, upTo uint64, deliver func([]Record) error) error {
	if last, _ := m.Last(ctx); upTo > last {
		return fmt.Errorf("%w: %d, the log ends at %d", ErrNotFound, upTo, last)
	}
	for next := max(from, 1); next <= upTo; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		records, _ := m.delivery(next, upTo)
		if err := deliver(records); err != nil {
			return err
		}
		next += uint64(len(records))
	}
	return nil
}

// Follow implements [Log].
func (m *Memory) Follow(ctx context.Context, from uint64, deliver func([]Record) error) error {
	next := max(from, 1)
	if last, _ := m.Last(ctx); next > last+1 {
		return behind(next, last)
	}
	for ctx.Err() == nil {
		records, grown := m.delivery(next, endless)
		if len(records) == 0 {
			select {
			case <-ctx.Done():
			case <-grown:
			}
			continue
		}
		if err := deliver(records); err != nil {
			return err
		}
		next += uint64(len(records))
	}
	return ctx.Err()
}

// delivery is the next slice of whole batches, from from on and up to the batch
// that upTo is in, and the channel that is closed when the log grows.
func (m *Memory) delivery(from, upTo uint64) ([]Record, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	start := from - 1
	if start >= uint64(len(m.records)) {
		return nil, m.grown
	}
	last := min(upTo, start+MaxDelivery, uint64(len(m.records)))
	return append([]Record(nil), m.records[start:m.ends[last-1]]...), m.grown
}
