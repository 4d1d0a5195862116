package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/eventlog/logtest"
)

// memoryStore gives out one memory: it is its own second handle.
type memoryStore struct{ log *eventlog.Memory }

func (s memoryStore) Open(testing.TB) eventlog.Log { return s.log }
func (s memoryStore) Restart(testing.TB)           {}

func TestMemory(t *testing.T) {
	t.Parallel()
	logtest.Run(t, func(testing.TB) logtest.Store { return memoryStore{eventlog.NewMemory()} })
}

// writer appends after where it believes that the log ends.
type writer struct{ believes uint64 }

// TestMemoryUnderAnySchedule lets two writers append and catch up in any order.
// The log is always what the accepted batches are, one after the other.
func TestMemoryUnderAnySchedule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx, log := context.Background(), eventlog.NewMemory()
		writers := []*writer{{}, {}}
		var accepted []string
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				w := rapid.SampledFrom(writers).Draw(t, "writer")
				records := make([]eventlog.Record, rapid.IntRange(1, 5).Draw(t, "size"))
				for i := range records {
					records[i] = eventlog.Record{Subject: "line.L1", Key: fmt.Sprint(rapid.IntRange(0, 200).Draw(t, "key"))}
				}
				err := log.Append(ctx, w.believes, records)
				if stale := w.believes != uint64(len(accepted)); stale != errors.Is(err, eventlog.ErrConflict) {
					t.Fatalf("append after %d of %d: error %v", w.believes, len(accepted), err)
				}
				if err != nil {
					return
				}
				for _, r := range records {
					accepted = append(accepted, r.Key)
				}
				w.believes = records[len(records)-1].Sequence
			},
			"catch up": func(t *rapid.T) {
				w := rapid.SampledFrom(writers).Draw(t, "writer")
				w.believes, _ = log.Last(ctx)
			},
			"": func(t *rapid.T) { wantKeys(t, log, accepted) },
		})
	})
}

// wantKeys checks that the log holds these keys in this order, each once, on dense sequences.
func wantKeys(t *rapid.T, log eventlog.Log, want []string) {
	seen, n := map[string]bool{}, 0
	err := log.Read(context.Background(), 1, uint64(len(want)), func(records []eventlog.Record) error {
		for _, r := range records {
			if r.Sequence != uint64(n+1) || r.Key != want[n] || seen[r.Key] {
				t.Fatalf("record %d is %d with key %s, want key %s", n+1, r.Sequence, r.Key, want[n])
			}
			seen[r.Key], n = true, n+1
		}
		return nil
	})
	if last, _ := log.Last(context.Background()); err != nil || n != len(want) || last != uint64(n) {
		t.Fatalf("read %d of %d records, the log ends at %d, error %v", n, len(want), last, err)
	}
}
