package forms_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// patience bounds what must happen in a test.
const patience = time.Minute

// object is the data of an event.
type object map[string]any

// ledger is a log whose events were decided one after the other. Each is
// recorded a minute after the one before.
type ledger struct {
	t     *testing.T
	log   *eventlog.Memory
	books *budget.Books
	now   time.Time
	last  uint64
	batch []eventlog.Record
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	return &ledger{t: t, log: eventlog.NewMemory(), books: budget.NewBooks(), now: time.Date(2023, 1, 3, 1, 0, 0, 0, time.UTC)}
}

// take records an event as it stands in a file, and returns its sequence.
func (l *ledger) take(raw []byte) uint64 {
	l.t.Helper()
	event, err := events.Parse(raw)
	if err != nil {
		l.t.Fatalf("%s: %v", raw, err)
	}
	if err := budget.Decide(l.books, event); err != nil {
		l.t.Fatalf("%s: %v", raw, err)
	}
	l.last, l.now = l.last+1, l.now.Add(time.Minute)
	event, err = event.Record(events.Stamp{Sequence: l.last, RecordedTime: l.now, Actor: "finance"})
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := budget.Evolve(l.books, event); err != nil {
		l.t.Fatal(err)
	}
	l.batch = append(l.batch, eventlog.Record{
		Subject: string(event.About()) + "." + event.Subject, Key: event.Key().String(), Body: event.Raw(),
	})
	return l.last
}

// post records an event of a type.
func (l *ledger) post(noun, subject string, data object) uint64 {
	l.t.Helper()
	raw, err := json.Marshal(object{
		"specversion": "1.0", "id": fmt.Sprintf("T%d", l.last+1), "source": "test", "type": "outturn." + noun + ".v1", "subject": subject, "data": data,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return l.take(raw)
}

// example records a whole example.
func (l *ledger) example(name string) *ledger {
	l.t.Helper()
	body, err := examples.Events(name)
	if err != nil {
		l.t.Fatal(err)
	}
	for line := range bytes.Lines(body) {
		l.take(line)
	}
	return l
}

// flush appends what was recorded to the log.
func (l *ledger) flush() {
	l.t.Helper()
	for len(l.batch) > 0 {
		n := min(len(l.batch), eventlog.MaxBatch)
		last, _ := l.log.Last(l.t.Context())
		if err := l.log.Append(l.t.Context(), last, l.batch[:n]); err != nil {
			l.t.Fatal(err)
		}
		l.batch = l.batch[n:]
	}
}

// store projects the ledger into a new database, and goes on projecting what is
// flushed later.
func (l *ledger) store() *projections.Store {
	l.t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	store, err := projections.Open(l.t.Context(), localtest.Postgres(l.t), projections.Options{Logger: quiet, MaxConns: 6})
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	projector := projections.NewProjector(store, l.log, projections.ProjectorOptions{Logger: quiet})
	go func() { done <- projector.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			l.t.Errorf("the projector ended with %v", err)
		}
		store.Close()
	})
	l.reach(store)
	return store
}

// reach waits until a store has all that was recorded.
func (l *ledger) reach(store *projections.Store) {
	l.t.Helper()
	l.flush()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	if err := store.WaitFor(ctx, l.last); err != nil {
		l.t.Fatal(err)
	}
}

// shipped finds a template that comes with the program.
func shipped(t *testing.T, id string) *forms.Template {
	t.Helper()
	template, ok := forms.Shipped(id)
	if !ok {
		t.Fatalf("there is no template %q", id)
	}
	return template
}

func derive(t *testing.T, source forms.Source, subject forms.Subject, template string, at projections.AsOf) forms.Form {
	t.Helper()
	form, err := forms.Derive(t.Context(), source, subject, shipped(t, template), at)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// printed is the text of a cell.
func printed(t *testing.T, form forms.Form, cell string) string {
	t.Helper()
	c, ok := form.Cells[cell]
	if !ok {
		t.Fatalf("%s has no cell %s", form.ID, cell)
	}
	return c.Printed
}

func date(text string) fiscal.Date {
	d, err := fiscal.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}
