package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/notify"
)

// secret is 24 bytes in base64.
const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"

// patience bounds what a test waits for.
const patience = 30 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a log with what the recorder knows of it.
type world struct {
	testing.TB
	log   eventlog.Log
	books *budget.Books

	mu    sync.Mutex
	state *alert.State
	last  uint64
	raws  map[uint64]string
}

func newWorld(t testing.TB, log eventlog.Log) *world {
	b := budget.NewBooks()
	b.Load(budget.Changes{
		Units: map[events.UnitID]budget.Unit{"city": {ID: "city"}, "school": {ID: "school", Parent: "city"}, "office": {ID: "office", Parent: "city"}},
		Lines: map[events.LineID]budget.Line{"L-school": {ID: "L-school", Year: 2023, Unit: "school", Name: "课桌"}, "L-office": {ID: "L-office", Year: 2023, Unit: "office"}},
	})
	return &world{TB: t, log: log, books: b, state: &alert.State{}, raws: map[uint64]string{}}
}

// say records an event and returns its sequence.
func (w *world) say(subject string, data events.Data) uint64 {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": fmt.Sprint("e", w.last+1), "source": "/test", "type": data.Type(), "subject": subject, "data": data,
	})
	if err != nil {
		w.Fatal(err)
	}
	e, err := events.Parse(raw)
	if err != nil {
		w.Fatalf("%s: %v", raw, err)
	}
	if e, err = e.Record(events.Stamp{Sequence: w.last + 1, Actor: "desk", RecordedTime: time.Unix(int64(w.last), 0)}); err != nil {
		w.Fatal(err)
	}
	record := eventlog.Record{Subject: string(e.About()) + "." + e.Subject, Key: e.Key().String(), Body: e.Raw()}
	if err := w.log.Append(w.Context(), w.last, []eventlog.Record{record}); err != nil {
		w.Fatal(err)
	}
	w.state.Evolve(w.books, e)
	w.last++
	w.raws[w.last] = string(e.Raw())
	return w.last
}

func (w *world) raw(sequence uint64) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.raws[sequence]
}

// raise raises case n about a line, and returns the event's sequence.
func (w *world) raise(n int, line string) uint64 {
	w.Helper()
	due := fiscal.Date{Year: 2023, Month: 8, Day: 14}
	return w.say(line, events.AlertRaised{
		Kind: events.OfLine, Alert: events.AlertID(fmt.Sprint("A", n)), Year: 2023, Rule: "slow", Date: fiscal.Date{Year: 2023, Month: 7, Day: 31},
		Due: &due, Rate: "20.00", Progress: "58.33", Detail: "第一行\nsecond line",
	})
}

func (w *world) close(n int, line string) uint64 {
	w.Helper()
	return w.say(line, events.AlertClosed{Kind: events.OfLine, Alert: events.AlertID(fmt.Sprint("A", n)), Date: fiscal.Date{Year: 2023, Month: 9, Day: 1}})
}

// plan says something that is not about a case.
func (w *world) plan(line string) uint64 {
	w.Helper()
	return w.say(line, events.PlanSet{Kind: events.OfLine, Year: 2023, Date: fiscal.Date{Year: 2023, Month: 1, Day: 1}})
}

func (w *world) view() notify.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	upwards := func(unit events.UnitID) iter.Seq[events.UnitID] { return w.books.Upwards(unit) }
	return notify.View{Sequence: w.last, Cases: w.state.Clone(), Upwards: upwards}
}

// config tells subscribers; pauses are over in a moment.
func (w *world) config(cursors eventlog.Cursors, subscribers ...notify.Subscriber) notify.Config {
	w.Helper()
	settings, err := notify.ParseSettings([]byte(`{"allow_networks": ["127.0.0.0/8", "::1/128"]}`))
	if err != nil {
		w.Fatal(err)
	}
	settings.Subscribers = subscribers
	return notify.Config{Settings: settings, Log: w.log, Cursors: cursors, View: w.view, Wait: moment, Logger: slog.New(slog.DiscardHandler)}
}

// moment waits a millisecond for any pause.
func moment(ctx context.Context, _ time.Duration) error {
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// start runs a notifier until the test ends or stop is called.
func start(t testing.TB, c notify.Config) (n *notify.Notifier, stop func()) {
	t.Helper()
	n, err := notify.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = n.Run(ctx)
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return n, stop
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for !holds() {
		if moment(ctx, 0) != nil {
			t.Fatalf("%s did not come about", what)
		}
	}
}

// held waits until a notifier sends to all its subscribers: what comes then is
// for them.
func held(t testing.TB, n *notify.Notifier) {
	t.Helper()
	eventually(t, "holding every subscriber", func() bool {
		return !slices.ContainsFunc(n.Status(), func(s notify.Status) bool { return !s.Held })
	})
}

// receiver is a subscriber's server. Each request asks answer what to do; what is
// answered with 2xx is taken.
type receiver struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request, attempt int) bool

	mu       sync.Mutex
	attempts int
	took     []uint64
	requests []*http.Request
	bodies   []string
}

// receive starts a receiver. A nil answer takes everything.
func receive(t testing.TB, serve func(http.Handler) *httptest.Server, answer func(http.ResponseWriter, *http.Request, int) bool) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = serve(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the sender gave up
	}
	r.mu.Lock()
	r.attempts++
	attempt := r.attempts
	r.mu.Unlock()
	if r.answer != nil && !r.answer(w, request, attempt) {
		return
	}
	e, err := events.Decode(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took, r.requests, r.bodies = append(r.took, e.Sequence), append(r.requests, request), append(r.bodies, string(body))
}

func (r *receiver) taken() []uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.took)
}

func (r *receiver) tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.attempts
}

// gets waits until it took a sequence.
func (r *receiver) gets(t testing.TB, sequence uint64) {
	t.Helper()
	eventually(t, fmt.Sprintf("event %d at the subscriber", sequence), func() bool { return slices.Contains(r.taken(), sequence) })
}

func (r *receiver) subscriber(name string) notify.Subscriber {
	return notify.Subscriber{Name: name, URL: r.URL + "/hook", Secret: secret}
}
