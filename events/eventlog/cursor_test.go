package eventlog_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events/eventlog"
)

// kv opens the cursors of a log of its own.
func kv(t *testing.T) eventlog.Cursors {
	t.Helper()
	log, err := eventlog.OpenJetStream(t.Context(), connect(t, localtest.NATS(t)), eventlog.Config{Stream: "CURSORS"})
	if err != nil {
		t.Fatal(err)
	}
	cursors, err := log.Cursors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return cursors
}

// eachCursors runs a test against both keepings of cursors.
func eachCursors(t *testing.T, test func(*testing.T, eventlog.Cursors)) {
	t.Run("memory", func(t *testing.T) { t.Parallel(); test(t, eventlog.NewMemoryCursors()) })
	t.Run("jetstream", func(t *testing.T) { t.Parallel(); test(t, kv(t)) })
}

func TestACursorIsWhatWasStoredLast(t *testing.T) {
	t.Parallel()
	eachCursors(t, func(t *testing.T, cursors eventlog.Cursors) {
		c, err := cursors.Load(t.Context(), "mail")
		if err != nil || !c.IsNew() || c.Sequence != 0 {
			t.Fatalf("the first cursor is %+v, %v", c, err)
		}
		until := time.Date(2023, 10, 31, 9, 0, 0, 123000, time.UTC)
		for sequence := uint64(1); sequence <= 3; sequence++ {
			c.Sequence, c.Holder, c.Until = sequence, "one", until
			if c, err = cursors.Store(t.Context(), "mail", c); err != nil {
				t.Fatal(err)
			}
		}
		again, err := cursors.Load(t.Context(), "mail")
		if err != nil || again != c || again.Sequence != 3 || again.Holder != "one" || !again.Until.Equal(until) || again.IsNew() {
			t.Errorf("it is %+v, %v; want %+v", again, err, c)
		}
		if other, err := cursors.Load(t.Context(), "other"); err != nil || !other.IsNew() {
			t.Errorf("another reader's is %+v, %v", other, err)
		}
	})
}

func TestOfTwoHoldersOneLoses(t *testing.T) {
	t.Parallel()
	eachCursors(t, func(t *testing.T, cursors eventlog.Cursors) {
		for _, start := range []string{"a new cursor", "one that is there"} {
			c, err := cursors.Load(t.Context(), "mail")
			if err != nil {
				t.Fatal(err)
			}
			var group sync.WaitGroup
			errs := make([]error, 4)
			for i := range errs {
				group.Go(func() {
					mine := c
					mine.Sequence++
					_, errs[i] = cursors.Store(t.Context(), "mail", mine)
				})
			}
			group.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				} else if !errors.Is(err, eventlog.ErrConflict) {
					t.Errorf("%s: %v, want a conflict", start, err)
				}
			}
			if won != 1 {
				t.Errorf("%s: %d of 4 stored", start, won)
			}
		}
	})
}

// TestCursorsOutliveTheServer: they are on disk, and another log's are its own.
func TestCursorsOutliveTheServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := localtest.NATSDir(t, dir)
	openIn := func(stream string) eventlog.Cursors {
		t.Helper()
		log, err := eventlog.OpenJetStream(t.Context(), connect(t, server), eventlog.Config{Stream: stream, SubjectPrefix: stream})
		if err != nil {
			t.Fatal(err)
		}
		cursors, err := log.Cursors(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return cursors
	}
	if _, err := openIn("A").Store(t.Context(), "mail", eventlog.Cursor{Sequence: 7}); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	server = localtest.NATSDir(t, dir)
	if c, err := openIn("A").Load(t.Context(), "mail"); err != nil || c.Sequence != 7 {
		t.Errorf("after a restart it is %+v, %v", c, err)
	}
	if c, err := openIn("B").Load(t.Context(), "mail"); err != nil || !c.IsNew() {
		t.Errorf("that of another log is %+v, %v", c, err)
	}
}

func TestCursorsWithoutAServer(t *testing.T) {
	t.Parallel()
	server := localtest.NATS(t)
	log, err := eventlog.OpenJetStream(t.Context(), connect(t, server), eventlog.Config{Stream: "CURSORS"})
	if err != nil {
		t.Fatal(err)
	}
	cursors, err := log.Cursors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := cursors.Load(ctx, "mail"); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("load: %v", err)
	}
	if _, err := cursors.Store(ctx, "mail", eventlog.Cursor{Sequence: 1}); err == nil {
		t.Error("it was stored nowhere")
	}
}
