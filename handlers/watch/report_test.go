package watch_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/watch"
	"github.com/outturn/outturn/projections"
)

// bureau is the report of 2023 in a real recorder and a real projection.
type bureau struct {
	testing.TB
	log      *eventlog.Memory
	recorder *commands.Recorder
	store    *projections.Store
	watcher  *watch.Watcher
}

func newBureau(t testing.TB) *bureau {
	t.Helper()
	quiet, log := slog.New(slog.DiscardHandler), eventlog.NewMemory()
	now := func() time.Time { return time.Date(2024, 1, 3, 1, 0, 0, 0, time.UTC) }
	recorder, err := commands.Open(t.Context(), commands.Config{Log: log, Logger: quiet, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	store, err := projections.Open(t.Context(), localtest.Postgres(t), projections.Options{Logger: quiet, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- recorder.Run(ctx) }()
	go func() {
		ended <- projections.NewProjector(store, log, projections.ProjectorOptions{Logger: quiet}).Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		}
		store.Close()
	})
	b := &bureau{TB: t, log: log, recorder: recorder, store: store}
	b.watcher = watch.New(watch.Config{Reader: store, Recorder: recorder, Open: func() []alert.Case { return b.cases().Open() }, Logger: quiet})
	return b
}

// cases are those of the log.
func (b *bureau) cases() *alert.State {
	b.Helper()
	state, books := &alert.State{}, budget.NewBooks()
	last, err := b.log.Last(b.Context())
	if err == nil && last > 0 {
		err = b.log.Read(b.Context(), 1, last, func(records []eventlog.Record) error {
			for _, record := range records {
				e, err := events.Decode(record.Body)
				if err != nil {
					return err
				}
				if _, err := budget.Evolve(books, e); err != nil {
					return err
				}
				state.Evolve(books, e)
			}
			return nil
		})
	}
	if err != nil {
		b.Fatal(err)
	}
	return state
}

// evaluate judges a day with everything projected.
func (b *bureau) evaluate(day string) watch.Report {
	b.Helper()
	last, err := b.log.Last(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if err := b.store.WaitFor(b.Context(), last); err != nil {
		b.Fatal(err)
	}
	report, err := b.watcher.Evaluate(b.Context(), on(day))
	if err != nil {
		b.Fatal(err)
	}
	return report
}

// TestTheReportOf2023: on 31 October training, 40 points behind, is a case. Radio,
// 8 points behind, is none yet, nor are the guiding funds, which are fine against
// the full-year budget. Nobody answers, and the case is escalated; somebody does,
// and it stays.
func TestTheReportOf2023(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	var items []commands.Item
	all, err := examples.Events("yueyang-2023")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(all) {
		e, err := events.Parse(bytes.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, commands.Item{Event: e})
	}
	if _, err := b.recorder.Submit(t.Context(), commands.Submission{By: access.Principal{Name: "demo", Root: true}, Items: items}); err != nil {
		t.Fatal(err)
	}
	report := b.evaluate("2023-10-31")
	var projects []string
	for _, c := range b.cases().Open() {
		if c.Due != on("2023-11-14") || c.Unit == "" || c.Name == "" {
			t.Errorf("a case is %+v", c)
		}
		if c.About == events.OfProject {
			projects = append(projects, c.Subject)
		}
	}
	slices.Sort(projects)
	if want := []string{"yueyang-2023-04"}; !slices.Equal(projects, want) {
		t.Errorf("the projects with cases are %v, want %v", projects, want)
	}
	if len(report.Raised) != len(b.cases().Open()) || report.Judged == 0 {
		t.Errorf("the report is %+v", report)
	}
	if again := b.evaluate("2023-10-31"); len(again.Raised)+len(again.Escalated)+len(again.Closed) != 0 {
		t.Errorf("again it comes to %+v", again)
	}
	late := b.evaluate("2023-11-15")
	if !slices.Equal(late.Escalated, report.Raised) || len(late.Closed) != 0 {
		t.Errorf("after the day to answer it comes to %+v", late)
	}
	c, _ := b.cases().Case(report.Raised[0])
	if c.Stage() != alert.Escalated || c.Rate != "42.85" || c.Progress != "83.33" {
		t.Errorf("the case is %+v", c)
	}
}
