package commands

import (
	"github.com/bits-and-blooms/bloom/v3"

	"github.com/outturn/outturn/events"
)

// The filter of known keys has a fixed size, whatever the log's. It holds two
// keys for a payment (its event's and its own), else one for an event. How
// often it takes a new key for a known one, which costs a needless look-up:
//
//	events, all payments     1 million    10 million    100 million
//	needless look-ups          < 10⁻⁸        0.2 %          93 %
//
// Beyond some 20 million events it should be larger; it never makes an answer
// wrong.
const (
	filterBits   = 32 << 20 * 8 // 32 MiB
	filterHashes = 6
)

// filter knows which keys are certainly new.
type filter struct {
	keys *bloom.BloomFilter
	full bool // it has every key that was ever recorded
}

// newFilter makes an empty filter of so many bits.
func newFilter(bits uint) filter { return filter{keys: bloom.New(bits, filterHashes)} }

func (f *filter) add(key events.Key) { f.keys.Add(key[:]) }

// mayHold says whether the key may have been recorded.
func (f *filter) mayHold(key events.Key) bool { return !f.full || f.keys.Test(key[:]) }

// complete adds a filter of all keys that were recorded before this one was
// begun.
func (f *filter) complete(before *bloom.BloomFilter) error {
	if err := f.keys.Merge(before); err != nil {
		return err
	}
	f.full = true
	return nil
}
