package watch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/watch"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

func on(text string) fiscal.Date {
	date, err := fiscal.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

// town is figures, and a recorder that keeps cases. It has a unit "bureau" with a
// unit "school" under it.
type town struct {
	testing.TB
	mu       sync.Mutex
	sequence uint64
	rows     map[projections.By][]projections.Series
	rules    pace.Rules
	about    []events.Event
	state    alert.State
	recorded map[events.Key]string
	said     []events.Event
	fails    error // of Months
	lost     bool  // the recorder's answers
	judging  int
}

func newTown(t testing.TB) *town {
	return &town{TB: t, sequence: 1, rows: map[projections.By][]projections.Series{}, recorded: map[events.Key]string{}}
}

// row is money of "school" with a full-year budget of 100 yuan that was executed
// in January, and last paid on a day.
func row(key string, covered pace.Covered, executed int64, lastPaid string) projections.Series {
	s := projections.Series{Key: key, Unit: "school", Covered: covered, Figures: budget.Figures{
		FullYear: 100_00, Executed: money.Amount(executed * 100), Available: money.Amount(100_00 - executed*100),
	}}
	s.FullYear[0], s.Executed[0] = 100_00, money.Amount(executed*100)
	if lastPaid != "" {
		s.LastPaid = on(lastPaid)
	}
	return s
}

// project puts a project of two lines, which are on pace.
func (w *town) project(id string, executed int64, lastPaid string) {
	covered := pace.Covered{Project: events.ProjectID(id), Kind: events.KindProject, Fund: events.GeneralPublic}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sequence++
	w.put(projections.ByProject, row(id, covered, executed, lastPaid))
	w.put(projections.ByLine, row("L1-"+id, covered, 95, "2023-12-01"))
	w.put(projections.ByLine, row("L2-"+id, covered, 95, "2023-12-01"))
}

func (w *town) put(by projections.By, s projections.Series) {
	w.rows[by] = append(slices.DeleteFunc(slices.Clone(w.rows[by]), func(was projections.Series) bool { return was.Key == s.Key }), s)
}

func (w *town) remove(by projections.By, key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rows[by] = slices.DeleteFunc(slices.Clone(w.rows[by]), func(was projections.Series) bool { return was.Key == key })
}

// tell records something that the figures rest on: a pace rule or a goal.
func (w *town) tell(subject string, data events.Data) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": fmt.Sprint("e", w.sequence+1), "source": "/test", "type": data.Type(), "subject": subject, "data": data,
	})
	if err != nil {
		w.Fatal(err)
	}
	e, err := events.Parse(raw)
	if err != nil {
		w.Fatalf("%s: %v", raw, err)
	}
	w.sequence++
	if e, err = e.Record(events.Stamp{Sequence: w.sequence, Actor: "desk", RecordedTime: time.Unix(int64(w.sequence), 0)}); err != nil {
		w.Fatal(err)
	}
	w.rules.Evolve(e)
	w.state.Evolve(budget.NewBooks(), e)
	w.about = append(w.about, e)
}

func (w *town) Position(context.Context) (uint64, time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sequence, time.Time{}, nil
}

func (w *town) Units(context.Context) ([]budget.Unit, error) {
	return []budget.Unit{{ID: "bureau"}, {ID: "school", Parent: "bureau"}}, nil
}

func (w *town) Months(_ context.Context, q projections.Query) ([]projections.Series, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judging++
	if q.AsOf.Through == 0 || q.AsOf.Date.IsZero() {
		return nil, errors.New("the figures are not asked for at one sequence and day")
	}
	if q.Year != 2023 {
		return nil, w.fails
	}
	return w.rows[q.By], w.fails
}

func (w *town) Rules(context.Context, uint64) (*pace.Rules, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rules.Fork(), nil
}

func (w *town) EventsAbout(_ context.Context, subjects []string, types []events.Type, _ projections.AsOf) (uint64, []events.Event, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []events.Event
	for _, e := range w.about {
		if slices.Contains(subjects, e.Subject) && slices.Contains(types, e.Type) {
			all = append(all, e)
		}
	}
	return w.sequence, all, nil
}

// Submit decides and records as the recorder does.
func (w *town) Submit(_ context.Context, s commands.Submission) ([]commands.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !s.By.Root || s.By.Name != watch.Actor || s.Mode != commands.EachAlone {
		return nil, errors.New("that is not the watcher's submission")
	}
	results := make([]commands.Result, len(s.Items))
	for i, item := range s.Items {
		results[i] = w.submit(item.Event)
	}
	if w.lost {
		return nil, commands.ErrOutcomeUnknown
	}
	return results, nil
}

func (w *town) submit(e events.Event) commands.Result {
	if raw, known := w.recorded[e.Key()]; known {
		if raw == string(e.Raw()) {
			return commands.Result{Status: commands.Duplicate}
		}
		return commands.Result{Status: commands.Rejected, Refusal: events.Refuse(events.CodeIDReused, events.ReasonIDReused, "/id")}
	}
	if err := w.state.Decide(e); err != nil {
		return commands.Result{Status: commands.Rejected, Refusal: events.AsRefusal(err)}
	}
	w.recorded[e.Key()] = string(e.Raw())
	w.sequence++
	recorded, err := e.Record(events.Stamp{Sequence: w.sequence, Actor: watch.Actor, RecordedTime: time.Unix(int64(w.sequence), 0)})
	if err != nil {
		w.Fatal(err)
	}
	w.state.Evolve(budget.NewBooks(), recorded)
	w.said = append(w.said, recorded)
	return commands.Result{Status: commands.Accepted, Sequence: w.sequence}
}

func (w *town) open() []alert.Case {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Open()
}

func (w *town) all() []alert.Case {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.All()
}

func (w *town) watcher() *watch.Watcher {
	return watch.New(watch.Config{Reader: w, Recorder: w, Open: w.open, Logger: slog.New(slog.DiscardHandler)})
}

// evaluate judges a day and says what was raised, escalated and closed.
func (w *town) evaluate(day string) (raised, escalated, closed int) {
	w.Helper()
	report, err := w.watcher().Evaluate(w.Context(), on(day))
	if err != nil {
		w.Fatalf("%s: %v", day, err)
	}
	return len(report.Raised), len(report.Escalated), len(report.Closed)
}

// wants checks what an evaluation does.
func (w *town) wants(day string, raised, escalated, closed int) {
	w.Helper()
	if r, e, c := w.evaluate(day); r != raised || e != escalated || c != closed {
		w.Errorf("on %s %d were raised, %d escalated, %d closed; want %d, %d, %d", day, r, e, c, raised, escalated, closed)
	}
}
