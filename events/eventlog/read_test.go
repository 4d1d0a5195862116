package eventlog

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// silence is a subscription on which nothing comes.
func silence(ctx context.Context) (jetstream.Msg, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestBatchThatStaysOpenIsTorn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBatches(1)
		if err := b.add(in(1, "a", 1, 2)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := wait(t.Context(), silence, b, 0)
		if waited := time.Since(began); !errors.Is(err, ErrTorn) || waited != tornAfter {
			t.Errorf("error %v after %s, want ErrTorn after %s", err, waited, tornAfter)
		}
	})
}

func TestWholeBatchWaitsForTheNextWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 365*24*time.Hour)
		defer cancel()
		b := newBatches(1)
		if err := b.add(alone(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := wait(ctx, silence, b, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the context", err)
		}
	})
}

func TestRefusedTellsWhatTheCallerMayDo(t *testing.T) {
	t.Parallel()
	for code, want := range map[jetstream.ErrorCode]error{
		10071: ErrConflict,
		10164: ErrConflict,
		10158: ErrConflict,
		10201: ErrDuplicate,
		10199: ErrTooLarge,
		10054: ErrTooLarge,
		10097: ErrTooLarge,
		10008: ErrUnavailable,
		10023: ErrUnavailable,
		10118: ErrUnavailable,
		10167: ErrUnavailable,
		10176: ErrUnavailable,
		10210: ErrUnavailable,
		10077: ErrUncertain,
	} {
		if err := refused(&jetstream.APIError{ErrorCode: code}); !errors.Is(err, want) {
			t.Errorf("code %d is %v, want %v", code, err, want)
		}
	}
}
