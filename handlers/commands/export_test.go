package commands

import (
	"context"
	"time"
)

// Limit makes a limit of the recorder small for a test.
type Limit func(*limits)

// Depth sets how many batches there are at most.
func Depth(n int) Limit { return func(l *limits) { l.depth = n } }

// Generation sets how many entries are kept in memory at least.
func Generation(n int) Limit { return func(l *limits) { l.generation = n } }

// Tail sets how far the log may go on behind the projection at the start.
func Tail(n uint64) Limit { return func(l *limits) { l.tail = n } }

// Unprojected sets how far the log may go on behind the projection.
func Unprojected(n uint64) Limit { return func(l *limits) { l.unprojected = n } }

// Follow sets how often an idle recorder looks what others appended.
func Follow(every time.Duration) Limit { return func(l *limits) { l.follow = every } }

// OpenLimited is Open with other limits, and a small filter.
func OpenLimited(ctx context.Context, config Config, small ...Limit) (*Recorder, error) {
	l := limits{
		tail: MaxTail, unprojected: MaxUnprojected, generation: generation, filterBits: 1 << 16,
		follow: followEvery, depth: pipelineDepth,
	}
	for _, set := range small {
		set(&l)
	}
	return open(ctx, config, l)
}

// Forget drops all from memory that may be dropped, told that the projection
// stands at a sequence. The recorder must be running, with Generation(0).
func (r *Recorder) Forget(projected uint64) {
	for range 3 { // two generations, and one more to know that those are taken
		r.positions <- projected
	}
}

// Waiting is how many submissions have no answer yet.
func (r *Recorder) Waiting() int { return int(r.waiting.Load()) }
