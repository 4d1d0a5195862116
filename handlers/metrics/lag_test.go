package metrics_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outturn/outturn/handlers/metrics"
)

func TestLagIsTheAgeOfTheOldestEventThatIsNotProjected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var end, projected atomic.Uint64
		at := metrics.Positions{Log: end.Load, Projection: projected.Load, Stopped: func() bool { return false }}
		m, lag := metrics.New(at), metrics.NewLag(at, time.Now)
		m.Register(lag)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- lag.Run(ctx) }()
		expect := func(when, events, seconds string) {
			t.Helper()
			said := scrape(t, m)
			for _, want := range []string{"outturn_projection_lag_events " + events, "outturn_projection_lag_seconds " + seconds} {
				if !strings.Contains(said, want+"\n") {
					t.Errorf("%s: Prometheus is not told %s", when, want)
				}
			}
		}
		pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() }

		expect("empty", "0", "0")
		end.Store(5)
		pass(time.Second) // marks 5
		pass(9 * time.Second)
		expect("nothing projected for nine seconds", "5", "9")
		end.Store(8)
		pass(20 * time.Second)
		expect("more has come", "8", "29")
		projected.Store(5)
		expect("the first events are projected", "3", "19")
		projected.Store(8)
		expect("all are projected", "0", "0")
		pass(time.Hour)
		end.Store(9)
		expect("an event after a quiet hour", "1", "0")
		for range 3 * 3600 { // more marks than are kept
			end.Add(1)
			pass(time.Second)
		}
		expect("stopped for three hours", "10801", "10800")
		projected.Store(end.Load() - 1)
		expect("all but one are projected: rather too much than too little", "1", "7201")

		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func TestLagIsZeroWhenTheProjectionKnowsMoreThanTheServer(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Positions{Log: func() uint64 { return 3 }, Projection: func() uint64 { return 7 }, Stopped: func() bool { return false }})
	m.Register(metrics.NewLag(metrics.Positions{Log: func() uint64 { return 3 }, Projection: func() uint64 { return 7 }}, time.Now))
	if said := scrape(t, m); !strings.Contains(said, "outturn_projection_lag_events 0\n") {
		t.Error("a lag that is below zero")
	}
}
