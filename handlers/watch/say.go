package watch

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections/pace"
)

// goalGap is the status of a project whose goals and money are apart.
const goalGap = "goal_gap"

// concern is what a subject has one open case about at a time.
type concern struct {
	subject
	goals bool // its goals; else its money
}

// say finds what is to be said about how things stand: what is closed first, so
// that nothing is escalated that is over.
func (w *Watcher) say(j judged, open []alert.Case, day fiscal.Date) ([]statement, error) {
	var said []statement
	add := func(s statement, err error) error {
		said = append(said, s)
		return err
	}
	waiting := make(map[concern]bool)
	for _, c := range open {
		of := concernOf(c)
		own := c.ID == idOf(c.Key(), c.Raised)
		waiting[of] = waiting[of] || own
		switch f, known := j.subjects[of.subject]; {
		case own && slices.Contains(w.config.About, c.About) && over(f, known, of.goals):
			if err := add(closed(c, f, of.goals, day)); err != nil {
				return nil, err
			}
		case c.Overdue(day) && c.Escalated.IsZero():
			if err := add(escalated(c, day)); err != nil {
				return nil, err
			}
		}
	}
	for _, of := range sorted(j) {
		f := j.subjects[of]
		if of.year != day.Year {
			continue
		}
		if f.lags() && !f.same && !waiting[concern{of, false}] {
			if err := add(w.raised(of, f, string(f.status), day)); err != nil {
				return nil, err
			}
		}
		if f.apart && !waiting[concern{of, true}] {
			if err := add(w.raised(of, f, goalGap, day)); err != nil {
				return nil, err
			}
		}
	}
	return said, nil
}

// sorted are the judged subjects in an order that is always the same.
func sorted(j judged) []subject {
	all := make([]subject, 0, len(j.subjects))
	for of := range j.subjects {
		all = append(all, of)
	}
	slices.SortFunc(all, func(a, b subject) int {
		return cmp.Or(cmp.Compare(a.about, b.about), cmp.Compare(a.code, b.code), cmp.Compare(a.year, b.year))
	})
	return all
}

func concernOf(c alert.Case) concern {
	return concern{subject{c.About, c.Subject, c.Year}, strings.HasSuffix(string(c.Rule), "-"+goalGap)}
}

// over says whether the reason of a case is gone. What is not there any more has
// no money that could lag.
func over(f finding, known, goals bool) bool {
	switch {
	case !known:
		return true
	case goals:
		return !f.apart
	}
	return f.isBack()
}

func (w *Watcher) raised(of subject, f finding, status string, day fiscal.Date) (statement, error) {
	key := alert.Key{About: of.about, Subject: of.code, Year: of.year, Rule: ruleOf(f.rule.ID, status)}
	id := idOf(key, day)
	return state(id, "-raised", of.code, events.AlertRaised{
		Kind: of.about, Alert: id, Year: of.year, Rule: key.Rule, Date: day, Due: w.deadline(f.rule, day),
		Rate: f.rate(), Progress: f.progress(), Detail: detail(f, status),
	}, func(r *Report) *[]events.AlertID { return &r.Raised })
}

func escalated(c alert.Case, day fiscal.Date) (statement, error) {
	return state(c.ID, "-escalated", c.Subject, events.AlertEscalated{
		Kind: c.About, Alert: c.ID, Date: day,
		Reason: events.Note(language.In(language.Chinese).Text("watch.overdue", "due", c.Due.String())),
	}, func(r *Report) *[]events.AlertID { return &r.Escalated })
}

func closed(c alert.Case, f finding, goals bool, day fiscal.Date) (statement, error) {
	p := language.In(language.Chinese)
	reason := p.Text("watch.no_money")
	switch {
	case goals && f.goalGap != nil:
		reason = p.Text("watch.goals_close", "gap", gapOf(f))
	case !goals && f.standing.Progress != nil && f.standing.Rated():
		reason = p.Text("watch.back", "rate", string(f.rate()), "progress", string(f.progress()))
	}
	return state(c.ID, "-closed", c.Subject, events.AlertClosed{
		Kind: c.About, Alert: c.ID, Date: day, Reason: events.Note(reason),
	}, func(r *Report) *[]events.AlertID { return &r.Closed })
}

// detail is what an alert says to people. The log is kept in Chinese, as its
// documents are.
func detail(f finding, status string) events.Note {
	p := language.In(language.Chinese)
	if status == goalGap {
		return events.Note(p.Text("watch.goal_gap", "gap", gapOf(f), "allowed", points(f.rule.GoalGap.FloatString(pace.Digits))))
	}
	text := p.Text("watch.behind", "rate", string(f.rate()), "progress", string(f.progress()), "gap", points(f.standing.PrintedGap()))
	if f.rule.StalledDays > 0 && f.standing.Stalled(f.rule) {
		text += p.Text("watch.stalled", "days", strconv.Itoa(f.standing.Idle))
	}
	return events.Note(text)
}

func gapOf(f finding) string { return points(money.Print(f.goalGap, pace.Digits, money.HalfUp)) }

// points are a printed number of percentage points for people.
func points(printed string) string { return language.Group(printed) }

// ruleOf is the code of an alert's rule: that of the pace rule, cut with a digest
// if it is too long, and the status.
func ruleOf(id events.PaceID, status string) events.AlertRule {
	const digest = 8
	if most := events.MaxCode - len(status) - 1; len(id) > most {
		sum := sha256.Sum256([]byte(id))
		id = id[:most-digest-1] + "-" + events.PaceID(hex.EncodeToString(sum[:])[:digest])
	}
	return events.AlertRule(string(id) + "-" + status)
}

// idOf is the code of the alert that a rule raises about a subject on a day.
func idOf(key alert.Key, day fiscal.Date) events.AlertID {
	const digits = 20
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%s\x00%s", key.About, key.Subject, key.Year, key.Rule, day))
	return events.AlertID("W-" + hex.EncodeToString(sum[:])[:digits])
}

// state makes the event that says something of a case.
func state(id events.AlertID, suffix, code string, data events.Data, list func(*Report) *[]events.AlertID) (statement, error) {
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": string(id) + suffix, "source": Source, "type": data.Type(), "subject": code, "data": data,
	})
	if err != nil {
		return statement{}, err
	}
	event, err := events.Parse(raw)
	if err != nil {
		return statement{}, fmt.Errorf("%s of case %s: %w", data.Type().Noun(), id, err)
	}
	return statement{alert: id, event: event, list: list}, nil
}
