package alert_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

// tester is what testing.TB and rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func on(text string) fiscal.Date {
	date, err := fiscal.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

// city is books with a unit, a project of it and a line of that.
func city() *budget.Books {
	b := budget.NewBooks()
	b.Load(budget.Changes{
		Units:    map[events.UnitID]budget.Unit{"school": {ID: "school", Name: "School"}},
		Projects: map[budget.ProjectKey]budget.Project{{ID: "P", Year: 2023}: {Key: budget.ProjectKey{ID: "P", Year: 2023}, Unit: "school", Name: "furniture"}},
		Lines:    map[events.LineID]budget.Line{"L": {ID: "L", Year: 2023, Unit: "school", Project: "P", Name: "desks"}},
	})
	return b
}

func event(t tester, sequence uint64, subject string, data events.Data) events.Event {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": fmt.Sprint("e", sequence), "source": "/test", "type": data.Type(), "subject": subject, "data": data,
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	parsed, err := events.Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	recorded, err := parsed.Record(events.Stamp{Sequence: sequence, Actor: "desk", RecordedTime: time.Unix(int64(sequence), 0)})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return recorded
}

// raise raises a case about line L that is due in a fortnight.
func raise(id events.AlertID, rule events.AlertRule) events.AlertRaised {
	due := on("2023-08-14")
	return events.AlertRaised{Kind: events.OfLine, Alert: id, Year: 2023, Rule: rule, Date: on("2023-07-31"), Due: &due, Rate: "20.00", Progress: "58.33"}
}

func answer(id events.AlertID, date string) events.AlertAnswered {
	return events.AlertAnswered{Kind: events.OfLine, Alert: id, Answer: events.AnswerReallocate, Date: on(date), Reason: "r"}
}

func escalate(id events.AlertID, date string) events.AlertEscalated {
	return events.AlertEscalated{Kind: events.OfLine, Alert: id, Date: on(date)}
}

func closed(id events.AlertID, date string) events.AlertClosed {
	return events.AlertClosed{Kind: events.OfLine, Alert: id, Date: on(date), Reason: "paid"}
}

// told is a state with what was said about line L.
func told(t testing.TB, said ...events.Data) *alert.State {
	t.Helper()
	s := &alert.State{}
	for i, data := range said {
		e := event(t, uint64(i+1), "L", data)
		if err := s.Decide(e); err != nil {
			t.Fatalf("%s: %v", data.Type().Noun(), err)
		}
		s.Evolve(city(), e)
	}
	return s
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	onProject := raise("A", "slow")
	onProject.Kind = events.OfProject
	early := raise("A", "slow")
	before := on("2023-07-30")
	early.Due = &before
	undated := raise("A", "slow")
	undated.Due = nil
	elsewhere := closed("A", "2023-08-01")
	elsewhere.Kind = events.OfProject
	for name, c := range map[string]struct {
		given   []events.Data
		subject string
		data    events.Data
		code    events.Code // empty: it fits
		reason  events.Reason
	}{
		"the first":                          {nil, "L", raise("A", "slow"), "", ""},
		"a code that is taken":               {[]events.Data{raise("A", "slow")}, "L", raise("A", "other"), events.CodeAlreadyRegistered, alert.ReasonAlertTaken},
		"a code that was":                    {[]events.Data{raise("A", "slow"), closed("A", "2023-08-01")}, "L", raise("A", "slow"), events.CodeAlreadyRegistered, alert.ReasonAlertTaken},
		"a second one while one is open":     {[]events.Data{raise("A", "slow")}, "L", raise("B", "slow"), alert.CodeAlertOpen, alert.ReasonAlertOpen},
		"one after an answer":                {[]events.Data{raise("A", "slow"), answer("A", "2023-08-01")}, "L", raise("B", "slow"), alert.CodeAlertOpen, alert.ReasonAlertOpen},
		"one after it is closed":             {[]events.Data{raise("A", "slow"), closed("A", "2023-08-01")}, "L", raise("B", "slow"), "", ""},
		"one of another rule":                {[]events.Data{raise("A", "slow")}, "L", raise("B", "stalled"), "", ""},
		"one about another line":             {[]events.Data{raise("A", "slow")}, "M", raise("B", "slow"), "", ""},
		"one about a project of that code":   {[]events.Data{raise("A", "slow")}, "L", func() events.Data { d := onProject; d.Alert = "B"; return d }(), "", ""},
		"due before it is raised":            {nil, "L", early, events.CodeInvalidEvent, alert.ReasonAlertDueBefore},
		"an answer to nothing":               {nil, "L", answer("A", "2023-08-01"), alert.CodeUnknownAlert, alert.ReasonUnknownAlert},
		"an answer":                          {[]events.Data{raise("A", "slow")}, "L", answer("A", "2023-07-31"), "", ""},
		"an answer about another line":       {[]events.Data{raise("A", "slow")}, "M", answer("A", "2023-08-01"), events.CodeInvalidEvent, alert.ReasonAlertElsewhere},
		"a close of a line's as a project's": {[]events.Data{raise("A", "slow")}, "L", elsewhere, events.CodeInvalidEvent, alert.ReasonAlertElsewhere},
		"an answer before the question":      {[]events.Data{raise("A", "slow")}, "L", answer("A", "2023-07-30"), events.CodeInvalidEvent, alert.ReasonAlertDateBefore},
		"a second answer":                    {[]events.Data{raise("A", "slow"), answer("A", "2023-08-01")}, "L", answer("A", "2023-08-02"), alert.CodeAlertAnswered, alert.ReasonAlertAnswered},
		"a late answer":                      {[]events.Data{raise("A", "slow"), escalate("A", "2023-08-15")}, "L", answer("A", "2023-09-01"), "", ""},
		"an answer to a closed case":         {[]events.Data{raise("A", "slow"), closed("A", "2023-08-01")}, "L", answer("A", "2023-08-02"), alert.CodeAlertClosed, alert.ReasonAlertClosed},
		"escalated the day after":            {[]events.Data{raise("A", "slow")}, "L", escalate("A", "2023-08-15"), "", ""},
		"escalated on the last day":          {[]events.Data{raise("A", "slow")}, "L", escalate("A", "2023-08-14"), alert.CodeAlertNotDue, alert.ReasonAlertNotDue},
		"escalated without a due date":       {[]events.Data{undated}, "L", escalate("A", "2023-07-31"), "", ""},
		"escalated twice":                    {[]events.Data{raise("A", "slow"), escalate("A", "2023-08-15")}, "L", escalate("A", "2023-08-16"), alert.CodeAlertEscalated, alert.ReasonAlertEscalated},
		"escalated after an answer":          {[]events.Data{raise("A", "slow"), answer("A", "2023-08-01")}, "L", escalate("A", "2023-08-15"), alert.CodeAlertAnswered, alert.ReasonAlertAnswered},
		"closed twice":                       {[]events.Data{raise("A", "slow"), closed("A", "2023-08-01")}, "L", closed("A", "2023-08-01"), alert.CodeAlertClosed, alert.ReasonAlertClosed},
		"something else":                     {nil, "L", events.PlanSet{Kind: events.OfLine, Year: 2023, Date: on("2023-01-01")}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := told(t, c.given...).Decide(event(t, 99, c.subject, c.data))
			refusal := events.AsRefusal(err)
			switch {
			case c.code == "" && err != nil:
				t.Errorf("it is refused: %v", err)
			case c.code != "" && (refusal == nil || refusal.Code != c.code || refusal.Reason != c.reason):
				t.Errorf("%v, want %s: %s", err, c.code, c.reason)
			}
		})
	}
}

func TestACaseIsWhatItsEventsSay(t *testing.T) {
	t.Parallel()
	s := told(t, raise("A", "slow"), escalate("A", "2023-08-15"), answer("A", "2023-08-16"), closed("A", "2023-12-01"))
	c, ok := s.Case("A")
	if !ok {
		t.Fatal("there is no case")
	}
	if c.Unit != "school" || c.Name != "desks" || c.Rate != "20.00" || c.Due != on("2023-08-14") || c.Answer != events.AnswerReallocate ||
		c.Answered != on("2023-08-16") || c.Escalated != on("2023-08-15") || c.Closed != on("2023-12-01") || c.Outcome != "paid" {
		t.Errorf("the case is %+v", c)
	}
	var nouns []string
	for i, step := range c.History {
		if step.Sequence != uint64(i+1) || step.Actor != "desk" {
			t.Errorf("step %d is %+v", i, step)
		}
		nouns = append(nouns, step.Type.Noun())
	}
	if want := []string{"alert.raised", "alert.escalated", "alert.answered", "alert.closed"}; !slices.Equal(nouns, want) {
		t.Errorf("its history is %v, want %v", nouns, want)
	}
}

func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../docs/cases.md")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`events\.Code += "([a-z_]+)"`).FindAllSubmatch(source, -1)
	if len(codes) != 6 {
		t.Errorf("%d codes were found", len(codes))
	}
	for _, code := range codes {
		if !strings.Contains(string(document), "| `"+string(code[1])+"` |") {
			t.Errorf("docs/cases.md has no row of %s", code[1])
		}
	}
}

func TestStages(t *testing.T) {
	t.Parallel()
	given := []events.Data{raise("A", "slow"), escalate("A", "2023-08-15"), answer("A", "2023-08-16"), closed("A", "2023-12-01")}
	for n, want := range []alert.Stage{alert.Open, alert.Escalated, alert.Answered, alert.Closed} {
		c, _ := told(t, given[:n+1]...).Case("A")
		if got := c.Stage(); got != want {
			t.Errorf("after %d events it is %s, want %s", n+1, got, want)
		}
		if got, waits := c.Overdue(on("2023-08-15")), n < 2; got != waits || c.Overdue(on("2023-08-14")) {
			t.Errorf("after %d events it is overdue: %t", n+1, got)
		}
	}
	if got := len(alert.Stages()); got != 4 {
		t.Errorf("there are %d stages", got)
	}
}

// TestEventsOfNoCaseChangeNothing: logs from before cases were judged may hold
// answers to nothing.
func TestEventsOfNoCaseChangeNothing(t *testing.T) {
	t.Parallel()
	s := &alert.State{}
	s.Evolve(city(), event(t, 1, "L", answer("A", "2023-08-01")))
	s.Evolve(city(), event(t, 2, "L", closed("A", "2023-08-01")))
	if all := s.All(); len(all) != 0 {
		t.Errorf("there are cases: %v", all)
	}
	for about, name := range map[events.Subject]events.Text{events.OfProject: "furniture", events.OfUnit: "School"} {
		data := raise("P-"+events.AlertID(about), "slow")
		data.Kind = about
		s.Evolve(city(), event(t, 3, map[events.Subject]string{events.OfProject: "P", events.OfUnit: "school"}[about], data))
		if c, _ := s.Case(data.Alert); c.Name != name || c.Unit != "school" {
			t.Errorf("the %s is %q of %s", about, c.Name, c.Unit)
		}
	}
	lost := event(t, 4, "M", raise("B", "slow"))
	s.Evolve(city(), lost)
	if c, _ := s.Case("B"); c.Unit != "" {
		t.Errorf("a line that is not open belongs to %s", c.Unit)
	}
}

// TestCasesUnderAnyEvents: whatever is said in any order, on forks that are
// merged or dropped, each rule has at most one open case about a subject, a case's
// history is the accepted events that name it, and it is never answered or
// escalated twice.
func TestCasesUnderAnyEvents(t *testing.T) {
	t.Parallel()
	books := city()
	ids := rapid.SampledFrom([]events.AlertID{"A", "B", "C", "D", "E"})
	dates := rapid.SampledFrom([]string{"2023-07-31", "2023-08-14", "2023-08-15", "2023-09-01"})
	rapid.Check(t, func(rt *rapid.T) {
		states := []*alert.State{{}}
		accepted := [][]events.Event{nil}
		for sequence := uint64(1); sequence <= 40; sequence++ {
			top := len(states) - 1
			switch step := rapid.SampledFrom([]string{"raise", "raise", "answer", "escalate", "close", "fork", "merge", "drop"}).Draw(rt, "step"); step {
			case "fork":
				states, accepted = append(states, states[top].Fork()), append(accepted, slices.Clone(accepted[top]))
			case "merge":
				if top > 0 {
					states[top].Merge()
					states, accepted = states[:top], append(accepted[:top-1], accepted[top])
				}
			case "drop":
				if top > 0 {
					states, accepted = states[:top], accepted[:top]
				}
			default:
				id, date := ids.Draw(rt, "id"), dates.Draw(rt, "date")
				data := map[string]events.Data{
					"raise":  raise(id, rapid.SampledFrom([]events.AlertRule{"slow", "stalled"}).Draw(rt, "rule")),
					"answer": answer(id, date), "escalate": escalate(id, date), "close": closed(id, date),
				}[step]
				e := event(rt, sequence, rapid.SampledFrom([]string{"L", "M"}).Draw(rt, "subject"), data)
				if states[top].Decide(e) == nil {
					states[top].Evolve(books, e)
					accepted[top] = append(accepted[top], e)
				}
			}
			for i, s := range states {
				hold(rt, s, accepted[i])
				hold(rt, s.Clone(), accepted[i])
			}
		}
	})
}

// hold checks a state against the events that it accepted.
func hold(t *rapid.T, s *alert.State, accepted []events.Event) {
	replayed := &alert.State{}
	counts := map[events.AlertID]map[events.Type]int{}
	for _, e := range accepted {
		replayed.Evolve(city(), e)
	}
	for _, e := range accepted {
		id := idOf(e)
		if counts[id] == nil {
			counts[id] = map[events.Type]int{}
		}
		counts[id][e.Type]++
	}
	open := map[alert.Key]bool{}
	all := s.All()
	if len(all) != len(counts) || len(all) != len(replayed.All()) {
		t.Fatalf("there are %d cases, want %d", len(all), len(counts))
	}
	for _, c := range all {
		again, _ := replayed.Case(c.ID)
		if fmt.Sprintf("%+v", c) != fmt.Sprintf("%+v", again) {
			t.Fatalf("case %s is %+v, and %+v replayed", c.ID, c, again)
		}
		for kind, n := range counts[c.ID] {
			if n > 1 {
				t.Fatalf("case %s has %s %d times", c.ID, kind.Noun(), n)
			}
		}
		if len(c.History) != len(counts[c.ID]) {
			t.Fatalf("case %s has %d steps, want %d", c.ID, len(c.History), len(counts[c.ID]))
		}
		waiting, waits := s.Waiting(c.Key())
		if c.Stage() == alert.Closed {
			continue
		}
		if open[c.Key()] || !waits || waiting.ID != c.ID {
			t.Fatalf("%v has a second open case, or not case %s: %s, %t", c.Key(), c.ID, waiting.ID, waits)
		}
		open[c.Key()] = true
	}
	if got := len(s.Open()); got != len(open) {
		t.Fatalf("%d cases are open, want %d", got, len(open))
	}
}

func idOf(e events.Event) events.AlertID {
	switch data := e.Data.(type) {
	case events.AlertRaised:
		return data.Alert
	case events.AlertAnswered:
		return data.Alert
	case events.AlertEscalated:
		return data.Alert
	case events.AlertClosed:
		return data.Alert
	}
	return ""
}
