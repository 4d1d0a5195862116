package watch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/watch"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// TestACaseFromRaisingToClosing goes through a year of a project that lags, is not
// answered, and catches up.
func TestACaseFromRaisingToClosing(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.project("P", 35, "2023-07-20")
	w.wants("2023-07-31", 1, 0, 0) // 35 % of 58.33 %
	c := w.all()[0]
	if c.About != events.OfProject || c.Subject != "P" || c.Year != 2023 || c.Rule != "proportional-far_behind" ||
		c.Raised != on("2023-07-31") || c.Due != on("2023-08-14") || c.Rate != "35.00" || c.Progress != "58.33" {
		t.Errorf("the case is %+v", c)
	}
	if want := events.Note("执行率 35.00%，序时进度 58.33%，相差 −23.33 个百分点。"); c.Detail != want {
		t.Errorf("it says %q, want %q", c.Detail, want)
	}
	w.wants("2023-07-31", 0, 0, 0) // again the same day
	w.wants("2023-07-30", 0, 0, 0) // a clock that went backwards
	w.wants("2023-08-14", 0, 0, 0) // the last day to answer
	w.wants("2023-08-15", 0, 1, 0)
	w.wants("2023-08-16", 0, 0, 0)
	w.project("P", 60, "2023-08-20") // behind, not yet back
	w.wants("2023-08-31", 0, 0, 0)
	w.project("P", 64, "2023-08-31") // 2.67 points: only watched
	w.wants("2023-08-31", 0, 0, 1)
	w.wants("2023-08-31", 0, 0, 0)
	c = w.all()[0]
	if c.Stage() != alert.Closed || c.Escalated != on("2023-08-15") || !strings.Contains(string(c.Outcome), "64.00%") {
		t.Errorf("the case is %+v", c)
	}
	w.wants("2023-12-31", 1, 0, 0) // it lags again: a new case
	if all := w.all(); len(all) != 2 || all[1].Due != on("2024-01-15") {
		t.Errorf("the cases are %+v", all)
	}
	for _, e := range w.said {
		if e.Source != watch.Source {
			t.Errorf("%s comes from %q", e.ID, e.Source)
		}
	}
}

func TestWhatIsRaised(t *testing.T) {
	t.Parallel()
	line := pace.Covered{Project: "P", Kind: events.KindProject, Fund: events.GeneralPublic}
	for name, c := range map[string]struct {
		given func(*town)
		day   string
		want  string // about subject rule, of all that are raised
	}{
		"nothing without figures":    {func(*town) {}, "2023-07-31", ""},
		"nothing of who is behind":   {func(w *town) { w.project("P", 40, "2023-07-20") }, "2023-07-31", ""},
		"who is far behind":          {func(w *town) { w.project("P", 35, "2023-07-20") }, "2023-07-31", "project P proportional-far_behind"},
		"who stands still":           {func(w *town) { w.project("P", 40, "2023-04-20") }, "2023-07-31", "project P proportional-stalled"},
		"nothing that has no budget": {func(w *town) { w.put(projections.ByProject, projections.Series{Key: "P", Unit: "school"}) }, "2023-07-31", ""},
		"a line, beside its project": {func(w *town) {
			w.project("P", 60, "2023-07-20")
			w.put(projections.ByLine, row("L1-P", line, 5, "2023-07-20"))
		}, "2023-07-31", "line L1-P proportional-far_behind"},
		"not the only line of a project": {func(w *town) {
			w.put(projections.ByProject, row("P", line, 5, "2023-07-20"))
			w.put(projections.ByLine, row("L", line, 5, "2023-07-20"))
		}, "2023-07-31", "project P proportional-far_behind"},
		"not a unit of one project":       {func(w *town) { w.put(projections.ByUnit, row("school", line, 5, "2023-07-20")) }, "2023-07-31", ""},
		"a unit of several":               {func(w *town) { w.put(projections.ByUnit, row("school", pace.Covered{}, 5, "2023-07-20")) }, "2023-07-31", "unit school proportional-far_behind"},
		"goals that are ahead of money":   {func(w *town) { w.project("P", 55, "2023-07-20"); w.goal("P", "100", "80") }, "2023-07-31", "project P proportional-goal_gap"},
		"not goals that are near enough":  {func(w *town) { w.project("P", 55, "2023-07-20"); w.goal("P", "100", "65") }, "2023-07-31", ""},
		"not goals that nobody reported":  {func(w *town) { w.project("P", 55, "2023-07-20"); w.goal("P", "100", "") }, "2023-07-31", ""},
		"goals that are behind and money": {func(w *town) { w.project("P", 35, "2023-07-20"); w.goal("P", "100", "10") }, "2023-07-31", "project P proportional-far_behind, project P proportional-goal_gap"},
		"by the rule of a unit above": {func(w *town) {
			w.project("P", 35, "2023-07-20")
			w.tell("bureau", events.PaceSet{Pace: "lenient", Curve: events.CurveMonth, Watch: "10", Behind: "30", Date: on("2023-01-01")})
		}, "2023-07-31", ""},
		"by a stricter one": {func(w *town) {
			w.project("P", 55, "2023-07-20")
			w.tell("school", events.PaceSet{Pace: events.PaceID(strings.Repeat("x", 64)), Curve: events.CurveMonth, Watch: "1", Behind: "2", AnswerDays: 3, Date: on("2023-01-01")})
		}, "2023-07-31", "project P " + strings.Repeat("x", 44) + "-7ce10097-far_behind"},
		"nothing in the year after": {func(w *town) { w.project("P", 35, "2023-07-20") }, "2024-01-31", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			c.given(w)
			w.evaluate(c.day)
			var got []string
			for _, c := range w.all() {
				got = append(got, fmt.Sprintf("%s %s %s", c.About, c.Subject, c.Rule))
				if len(c.Rule) > events.MaxCode {
					t.Errorf("%s is too long", c.Rule)
				}
			}
			if joined := strings.Join(got, ", "); joined != c.want {
				t.Errorf("raised are %q, want %q", joined, c.want)
			}
		})
	}
}

// goal sets an indicator of a project, and reports a value if there is one.
func (w *town) goal(project, target, actual string) {
	w.Helper()
	w.tell(project, events.IndicatorSet{
		Kind: events.OfProject, Indicator: "I", Year: 2023, Level1: "产出", Level2: "数量", Level3: "n", Operator: events.AtLeast,
		Target: events.Text(target), Weight: "50", Date: on("2023-01-01"),
	})
	if actual != "" {
		w.tell(project, events.IndicatorReported{Kind: events.OfProject, Indicator: "I", Year: 2023, Actual: events.Text(actual), Date: on("2023-07-01")})
	}
}

// TestOneCaseForTheMoney: who goes from stalled to far behind, or under another
// rule, has the one that is open.
func TestOneCaseForTheMoney(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.project("P", 40, "2023-04-20")
	w.wants("2023-07-31", 1, 0, 0)
	w.wants("2023-08-10", 0, 0, 0)
	w.project("P", 41, "2023-08-10")
	w.wants("2023-08-11", 0, 0, 0) // far behind now, no longer stalled
	w.tell("school", events.PaceSet{Pace: "own", Curve: events.CurveMonth, Watch: "5", Behind: "10", Date: on("2023-08-01")})
	w.wants("2023-08-12", 0, 0, 0)
	w.remove(projections.ByProject, "P")
	w.wants("2023-08-13", 0, 0, 1)
}

func TestGoalsComeTogetherAgain(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.project("P", 55, "2023-07-20")
	w.goal("P", "100", "80")
	w.wants("2023-07-31", 1, 0, 0)
	w.project("P", 75, "2023-08-01")
	w.wants("2023-08-01", 0, 0, 1)
	if c := w.all()[0]; !strings.Contains(string(c.Outcome), "5.00") {
		t.Errorf("it was closed for %q", c.Outcome)
	}
}

// TestPeoplesCasesAreTheirs: they are escalated, not closed; and do not keep the
// watcher from raising its own.
func TestPeoplesCasesAreTheirs(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.project("P", 95, "2023-07-20")
	due := on("2023-08-10")
	w.tell("P", events.AlertRaised{Kind: events.OfProject, Alert: "ours", Year: 2023, Rule: "audit", Date: on("2023-07-31"), Due: &due})
	w.wants("2023-08-01", 0, 0, 0)
	w.project("P", 10, "2023-07-20")
	w.wants("2023-08-11", 1, 1, 0)
}

// TestAnsweredCasesAreNotEscalated, and stay open until the money is back.
func TestAnsweredCasesAreNotEscalated(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.project("P", 35, "2023-07-20")
	w.wants("2023-07-31", 1, 0, 0)
	w.tell("P", events.AlertAnswered{Kind: events.OfProject, Alert: w.all()[0].ID, Answer: events.AnswerContinue, Date: on("2023-08-01"), Reason: "r"})
	w.wants("2023-09-30", 0, 0, 0)
	w.project("P", 95, "2023-09-30")
	w.wants("2023-09-30", 0, 0, 1)
}

// TestCasesOfAYearThatIsOver are escalated and closed.
func TestCasesOfAYearThatIsOver(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.project("P", 35, "2023-07-20")
	w.project("Q", 35, "2023-07-20")
	w.wants("2023-12-31", 2, 0, 0)
	w.project("Q", 99, "2023-12-31") // posted late
	w.wants("2024-01-31", 0, 1, 1)
	w.project("P", 99, "2023-12-31")
	w.wants("2025-01-31", 0, 0, 0) // too late: people close it
	w.wants("2024-12-31", 0, 0, 1)
}

// TestTwoServersSayItOnce, also when they see other figures.
func TestTwoServersSayItOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for i := range 50 {
		w.project(fmt.Sprint("P", i), 20, "2023-07-20")
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	raised := 0
	for range 4 {
		group.Go(func() {
			w.project("P7", 21, "2023-07-21")
			report, err := w.watcher().Evaluate(t.Context(), on("2023-07-31"))
			mu.Lock()
			defer mu.Unlock()
			if raised += len(report.Raised); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if all := w.all(); raised != 50 || len(all) != 50 {
		t.Errorf("%d were raised, %d cases are there; want 50", raised, len(all))
	}
}

// TestARetryAfterALostAnswerSaysNothingNew.
func TestARetryAfterALostAnswerSaysNothingNew(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.project("P", 20, "2023-07-20")
	w.lost = true
	if _, err := w.watcher().Evaluate(t.Context(), on("2023-07-31")); !errors.Is(err, commands.ErrOutcomeUnknown) {
		t.Fatalf("the error is %v", err)
	}
	w.lost = false
	w.wants("2023-07-31", 0, 0, 0)
	if all := w.all(); len(all) != 1 {
		t.Errorf("there are %d cases", len(all))
	}
}

func TestNothingIsSaidOfHalfTheFigures(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.project("P", 20, "2023-07-20")
	w.fails = projections.ErrUnavailable
	watcher := w.watcher()
	if _, err := watcher.Evaluate(t.Context(), on("2023-07-31")); !errors.Is(err, projections.ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
	if _, err := watcher.Last(); err == nil || len(w.all()) != 0 {
		t.Errorf("after it: %v, %d cases", err, len(w.all()))
	}
}

// TestRunLooksWhenThereIsSomethingToSee: at once, when the projection has moved,
// and when the day has changed; and goes on after an error.
func TestRunLooksWhenThereIsSomethingToSee(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	now := time.Date(2023, 7, 31, 9, 0, 0, 0, time.UTC)
	step, seen := make(chan func(), 1), make(chan struct{})
	watcher := watch.New(watch.Config{
		Reader: w, Recorder: w, Open: w.open, About: []events.Subject{events.OfProject}, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now },
		Wait: func(ctx context.Context, _ time.Duration) error {
			seen <- struct{}{}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case change := <-step:
				change()
				return nil
			}
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- watcher.Run(ctx) }()
	<-seen
	looks := 1
	for _, c := range []struct {
		name   string
		change func()
		looks  bool
	}{
		{"nothing", func() {}, false},
		{"a payment", func() { w.project("P", 20, "2023-07-20") }, true},
		{"its own alert", func() {}, true},
		{"nothing again", func() {}, false},
		{"midnight", func() { now = now.Add(24 * time.Hour) }, true},
		{"a failure", func() { w.mu.Lock(); w.fails = projections.ErrUnavailable; w.sequence++; w.mu.Unlock() }, true},
		{"the same, tried again", func() { w.mu.Lock(); w.fails = nil; w.mu.Unlock() }, true},
	} {
		step <- c.change
		<-seen
		if c.looks {
			looks++
		}
		if w.judging != looks {
			t.Errorf("after %s it has judged %d times, want %d", c.name, w.judging, looks)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if report, err := watcher.Last(); err != nil || report.Day != on("2023-08-01") || report.Judged != 1 || len(w.all()) != 1 {
		t.Errorf("the last report is %+v, %v", report, err)
	}
}
