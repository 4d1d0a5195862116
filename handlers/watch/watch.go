package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// Source is the source of the events that a watcher records, and Actor the actor.
const (
	Source = "outturn/watch"
	Actor  = "outturn"
)

// DefaultEvery is how often a watcher looks whether there is something to judge.
const DefaultEvery = 5 * time.Minute

// Reader is what is read of the projection.
type Reader interface {
	Position(ctx context.Context) (sequence uint64, recorded time.Time, err error)
	Units(ctx context.Context) ([]budget.Unit, error)
	Months(ctx context.Context, q projections.Query) ([]projections.Series, error)
	Rules(ctx context.Context, through uint64) (*pace.Rules, error)
	EventsAbout(ctx context.Context, subjects []string, types []events.Type, at projections.AsOf) (uint64, []events.Event, error)
}

var _ Reader = (*projections.Store)(nil)

// Recorder takes the events; *commands.Recorder is one.
type Recorder interface {
	Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error)
}

var _ Recorder = (*commands.Recorder)(nil)

// Config is what a watcher is made of.
type Config struct {
	Reader   Reader
	Recorder Recorder
	// Open lists the cases that are not closed, as the recorder knows them now.
	Open func() []alert.Case
	// Calendar counts the days to answer. Defaults to fiscal.China().
	Calendar *fiscal.Calendar
	// About are the kinds of subjects that are judged. Defaults to all three.
	About []events.Subject
	// Every is how often to look. Defaults to DefaultEvery.
	Every time.Duration
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Wait lets a while pass, or returns ctx's error. Defaults to a timer.
	Wait func(ctx context.Context, d time.Duration) error
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// Report is what an evaluation came to.
type Report struct {
	// Day is the one that was judged, Sequence where the figures stood.
	Day      fiscal.Date
	Sequence uint64
	// Judged counts subjects.
	Judged int
	// Raised, Escalated and Closed are the cases that were, by this very evaluation.
	Raised, Escalated, Closed []events.AlertID
	Took                      time.Duration
}

// Watcher evaluates. Make one with [New], and run it. It is safe for concurrent
// use.
type Watcher struct {
	config Config

	mu   sync.Mutex
	last Report
	err  error
}

// New makes a watcher.
func New(c Config) *Watcher {
	if c.Calendar == nil {
		c.Calendar = fiscal.China()
	}
	if c.About == nil {
		c.About = []events.Subject{events.OfLine, events.OfProject, events.OfUnit}
	}
	if c.Every == 0 {
		c.Every = DefaultEvery
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Watcher{config: c}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Run evaluates at once, when the day has changed, and when the projection has
// moved, until ctx ends. What fails is in the program's log and is tried again.
func (w *Watcher) Run(ctx context.Context) error {
	var last Report
	for {
		if report, err := w.look(ctx, last); err != nil {
			w.config.Logger.WarnContext(ctx, "monitoring failed; it is tried again", "error", err)
		} else {
			last = report
		}
		if err := w.config.Wait(ctx, w.config.Every); err != nil {
			return err
		}
	}
}

// look evaluates if something may have changed since the last evaluation.
func (w *Watcher) look(ctx context.Context, last Report) (Report, error) {
	today := fiscal.Today(w.config.Now())
	at, _, err := w.config.Reader.Position(ctx)
	if err != nil || today == last.Day && at == last.Sequence {
		return last, err
	}
	return w.Evaluate(ctx, today)
}

// Last is what the last evaluation came to, and why it failed if it did.
func (w *Watcher) Last() (Report, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last, w.err
}

// Evaluate judges a day, and records what is to be said. Everything that it reads
// of the projection stands at one sequence. Errors: those of reading and of
// submitting, after which a part may be recorded; to evaluate again is safe.
func (w *Watcher) Evaluate(ctx context.Context, day fiscal.Date) (Report, error) {
	began := time.Now()
	report, err := w.evaluate(ctx, day)
	report.Took = time.Since(began)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.err = report, err
	if err == nil && len(report.Raised)+len(report.Escalated)+len(report.Closed) > 0 {
		w.config.Logger.InfoContext(ctx, "monitored", "day", day, "sequence", report.Sequence, "judged", report.Judged,
			"raised", len(report.Raised), "escalated", len(report.Escalated), "closed", len(report.Closed), "took", report.Took)
	}
	return report, err
}

func (w *Watcher) evaluate(ctx context.Context, day fiscal.Date) (Report, error) {
	report := Report{Day: day}
	open := recent(w.config.Open(), day) // before the figures: what is raised meanwhile is not closed for older ones
	judged, err := w.judge(ctx, day, yearsOf(open, day))
	if err != nil {
		return report, fmt.Errorf("judge %s: %w", day, err)
	}
	report.Sequence, report.Judged = judged.sequence, len(judged.subjects)
	said, err := w.say(judged, open, day)
	if err != nil {
		return report, fmt.Errorf("judge %s: %w", day, err)
	}
	if err := w.record(ctx, said, &report); err != nil {
		return report, fmt.Errorf("record what was found on %s: %w", day, err)
	}
	return report, nil
}

// recent leaves out the cases of the years before last, whose projects events of
// today can no longer be about: people close them. It leaves out those that are
// raised after the day, too, for a clock that went backwards.
func recent(open []alert.Case, day fiscal.Date) []alert.Case {
	return slices.DeleteFunc(slices.Clone(open), func(c alert.Case) bool {
		return c.Year < day.Year-1 || c.Raised.Compare(day) > 0
	})
}

// yearsOf are the years to be judged: the day's, and those of open cases before it.
func yearsOf(open []alert.Case, day fiscal.Date) []fiscal.Year {
	years := []fiscal.Year{day.Year}
	for _, c := range open {
		if c.Year < day.Year && !slices.Contains(years, c.Year) {
			years = append(years, c.Year)
		}
	}
	return years
}

// statement is an event to be recorded, and what it would do.
type statement struct {
	alert events.AlertID
	event events.Event
	list  func(*Report) *[]events.AlertID
}

// record submits what is to be said.
func (w *Watcher) record(ctx context.Context, said []statement, report *Report) error {
	if len(said) == 0 {
		return nil
	}
	items := make([]commands.Item, len(said))
	for i, s := range said {
		items[i].Event = s.event
	}
	results, err := w.config.Recorder.Submit(ctx, commands.Submission{By: access.Principal{Name: Actor, Root: true}, Items: items})
	var failed []error
	for i, result := range results {
		switch {
		case result.Status == commands.Accepted:
			list := said[i].list(report)
			*list = append(*list, said[i].alert)
		case result.Status == commands.Rejected && !isSaid(result.Refusal):
			failed = append(failed, fmt.Errorf("%s of %s: %w", said[i].event.Type.Noun(), said[i].alert, result.Refusal))
		}
	}
	if len(failed) > maxFailed {
		failed = append(failed[:maxFailed], fmt.Errorf("and %d more", len(failed)-maxFailed))
	}
	return errors.Join(append(failed, err)...)
}

// maxFailed is how many refusals an error names.
const maxFailed = 5

// isSaid says whether a refusal means that somebody else was faster: another
// server, or the unit itself.
func isSaid(refusal *events.Refusal) bool {
	return slices.Contains([]events.Code{
		events.CodeIDReused, events.CodeAlreadyRegistered,
		alert.CodeAlertOpen, alert.CodeAlertAnswered, alert.CodeAlertEscalated, alert.CodeAlertClosed,
	}, refusal.Code)
}
