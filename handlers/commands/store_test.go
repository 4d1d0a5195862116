package commands_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
)

// projected runs a projection of a log in Postgres until the test ends.
func projected(t *testing.T, log eventlog.Log) *projections.Store {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	store, err := projections.Open(t.Context(), localtest.Postgres(t), projections.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	projector := projections.NewProjector(store, log, projections.ProjectorOptions{Logger: quiet})
	go func() { defer close(done); _ = projector.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; store.Close() })
	return store
}

// TestTheProjectionIsThePast: the recorder starts from the real projection, and
// recalls from it all that it forgets before each event.
func TestTheProjectionIsThePast(t *testing.T) {
	t.Parallel()
	log := story(t)
	store := projected(t, log)
	if err := store.WaitFor(t.Context(), 12); err != nil {
		t.Fatal(err)
	}
	first := uint64(1000)
	recorder := run(t, open(t, commands.Config{Log: noting{log, &first}, Past: store}, commands.Generation(0)))
	if first <= 12 {
		t.Errorf("the start read event %d", first)
	}
	other := run(t, open(t, commands.Config{Log: log, Past: store}, commands.Generation(0)))
	items, want := afterwards()
	for i, one := range items {
		if err := store.WaitFor(t.Context(), recorder.Position()); err != nil {
			t.Fatal(err)
		}
		recorder.Forget(recorder.Position())
		wantStatus(t, submit(t, recorder, one), want[i])
	}
	for i, result := range submit(t, other, items...) { // has to come up first
		if want[i] == commands.Accepted && result.Status != commands.Duplicate {
			t.Errorf("event %d again is %s (%v)", i, result.Status, result.Refusal)
		}
	}
	verifyChain(t, log)
}

// TestTheProjectionKnowsPeopleAndProposals that a recorder starts from.
func TestTheProjectionKnowsPeopleAndProposals(t *testing.T) {
	t.Parallel()
	log := eventlog.NewMemory()
	before := start(t, log)
	office(t, before)
	made := as(t, before, desk, pay("x1", "40.00"), pay("x2", "9.00"))
	store := projected(t, log)
	if err := store.WaitFor(t.Context(), before.Position()); err != nil {
		t.Fatal(err)
	}
	after := run(t, open(t, commands.Config{Log: log, Past: store}))
	wantStatus(t, as(t, after, desk, pay("x1", "40.00"), pay("x2", "9.00"), pay("x3", "60.00")), commands.Proposed, commands.Duplicate, commands.Proposed)
	wantStatus(t, as(t, after, chief, approval("a1", made[0].Proposal), pay("x4", "1.00")), commands.Accepted, commands.Rejected)
	if left := fmt.Sprint(available(as(t, after, desk, pay("x5", "1.00"))[0])); left != "5000" {
		t.Errorf("%s fen are left", left)
	}
	verifyChain(t, log)
}
