package snapshots_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// patience bounds what must happen in a test.
const patience = time.Minute

var quiet = slog.New(slog.DiscardHandler)

// object is the data of an event.
type object map[string]any

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, arguments ...any)
}

// world is a log with a recorder, and a projection of it.
type world struct {
	log      *eventlog.Memory
	recorder *commands.Recorder
	store    *projections.Store
	sealer   *snapshots.Sealer
	posted   int
	payments []string
}

// databases gives each world a schema of its own in the database of a test.
type database struct {
	dsn     string
	schemas atomic.Int32
}

func newDatabase(t *testing.T) *database { return &database{dsn: localtest.Postgres(t)} }

// run calls use with an empty world, which ends when use returns.
func (d *database) run(t failer, use func(*world)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := eventlog.NewMemory()
	now := time.Date(2024, 1, 3, 1, 0, 0, 0, time.UTC)
	recorder, err := commands.Open(ctx, commands.Config{Log: log, Logger: quiet, Now: func() time.Time {
		now = now.Add(time.Second)
		return now
	}})
	if err != nil {
		t.Fatalf("%v", err)
	}
	schema := fmt.Sprintf("s%d", d.schemas.Add(1))
	store, err := projections.Open(ctx, d.dsn, projections.Options{Schema: schema, Logger: quiet, MaxConns: 4})
	if err != nil {
		t.Fatalf("%v", err)
	}
	ended := make(chan error, 2)
	go func() { ended <- recorder.Run(ctx) }()
	go func() {
		ended <- projections.NewProjector(store, log, projections.ProjectorOptions{Logger: quiet}).Run(ctx)
	}()
	defer func() {
		cancel()
		for range 2 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Fatalf("ended with %v", err)
			}
		}
		store.Close()
	}()
	use(&world{log: log, recorder: recorder, store: store, sealer: &snapshots.Sealer{Reader: store, Recorder: recorder, Key: key()}})
}

// key is the same in all tests.
func key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

func public() ed25519.PublicKey { return key().Public().(ed25519.PublicKey) }

// submit records events as they stand in a file, and returns the last result.
func (w *world) submit(t failer, raw ...[]byte) commands.Result {
	t.Helper()
	var items []commands.Item
	for _, line := range raw {
		event, err := events.Parse(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		items = append(items, commands.Item{Event: event})
	}
	results, err := w.recorder.Submit(context.Background(), commands.Submission{By: access.Principal{Name: "finance", Root: true}, Items: items})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return results[len(results)-1]
}

func (w *world) raw(t failer, noun, subject string, data object) []byte {
	t.Helper()
	w.posted++
	raw, err := json.Marshal(object{
		"specversion": "1.0", "id": fmt.Sprintf("T%d", w.posted), "source": "test", "type": "outturn." + noun + ".v1", "subject": subject, "data": data,
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return raw
}

// record records an event, and remembers payments.
func (w *world) record(t failer, noun, subject string, data object) commands.Result {
	t.Helper()
	result := w.submit(t, w.raw(t, noun, subject, data))
	if result.Status == commands.Accepted && noun == "disbursement.paid" {
		w.payments = append(w.payments, fmt.Sprintf("T%d", w.posted))
	}
	return result
}

// offer records an event if the rules take it.
func (w *world) offer(t failer, noun, subject string, data object) bool {
	t.Helper()
	return w.record(t, noun, subject, data).Status == commands.Accepted
}

// post records an event that the rules must take, and returns its sequence.
func (w *world) post(t failer, noun, subject string, data object) uint64 {
	t.Helper()
	result := w.record(t, noun, subject, data)
	if result.Status != commands.Accepted {
		t.Fatalf("%s about %s: %v", noun, subject, result.Refusal)
	}
	return result.Sequence
}

// example records a whole example.
func (w *world) example(t failer, name string) {
	t.Helper()
	body, err := examples.Events(name)
	if err != nil {
		t.Fatalf("%v", err)
	}
	w.submit(t, bytes.Split(bytes.TrimSpace(body), []byte("\n"))...)
	w.reach(t)
}

// reach waits until the projection has all that was recorded.
func (w *world) reach(t failer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.store.WaitFor(ctx, w.recorder.Position()); err != nil {
		t.Fatalf("%v", err)
	}
}

// seal seals where the projection stands.
func (w *world) seal(t failer, unit events.UnitID, set forms.Set) (snapshots.Sealed, *snapshots.Snapshot) {
	t.Helper()
	w.reach(t)
	sealed, snapshot, err := w.sealer.Seal(context.Background(), snapshots.Request{Unit: unit, Year: 2023, Set: set, By: access.Principal{Name: "finance", Root: true}})
	if err != nil {
		t.Fatalf("%v", err)
	}
	w.reach(t)
	return sealed, snapshot
}

func shipped(t failer, id string) *forms.Template {
	t.Helper()
	template, ok := forms.Shipped(id)
	if !ok {
		t.Fatalf("there is no template %q", id)
	}
	return template
}

// report is the set of templates of the report of 2023.
func report(t failer) forms.Set {
	t.Helper()
	return forms.Set{Department: shipped(t, "hunan-department"), Project: shipped(t, "central-project")}
}

func verify(bundle []byte) snapshots.Report {
	return snapshots.Verify(bytes.NewReader(bundle), int64(len(bundle)), snapshots.Options{TrustedKey: public()})
}

// mustBeWhole fails unless a bundle verifies.
func mustBeWhole(t failer, bundle []byte) snapshots.Report {
	t.Helper()
	found := verify(bundle)
	if !found.Whole() || !found.Trusted {
		t.Fatalf("the bundle is refused: %+v", found.Problems)
	}
	return found
}

func asJSON(t failer, value any) string {
	t.Helper()
	raw, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(raw)
}
