package projections

import (
	"context"
	"fmt"
	"time"
)

const (
	// pollMin and pollMax bound the pause between two looks at the checkpoint
	// while someone waits for it; a projector on the same Store wakes them at once.
	pollMin = 2 * time.Millisecond
	pollMax = 50 * time.Millisecond
)

// WaitFor implements [Reader].
func (s *Store) WaitFor(ctx context.Context, sequence uint64) error {
	for pause := pollMin; ; pause = min(2*pause, pollMax) {
		moved := s.moved.wait()
		at, err := s.checkpoint(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("wait for sequence %d: %w: %w", sequence, ErrBehind, ctx.Err())
		case err != nil:
			return err
		case at.sequence >= sequence:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for sequence %d: %w: it stands at %d", sequence, ErrBehind, at.sequence)
		case <-moved:
		case <-time.After(pause):
		}
	}
}
