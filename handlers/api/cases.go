package api

import (
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/reach"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// allCases asks for the cases of every stage.
const allCases alert.Stage = "all"

// CasesAnswer is a page of cases, newest first.
type CasesAnswer struct {
	ThroughSequence uint64       `json:"through_sequence"`
	Cases           []CaseAnswer `json:"cases"`
	Next            *string      `json:"next"`
}

// CaseAnswer is an alert and what became of it. What has not come is null; rate,
// progress and detail are empty if they were not said.
type CaseAnswer struct {
	Alert    events.AlertID   `json:"alert"`
	About    events.Subject   `json:"about"`
	Subject  string           `json:"subject"`
	Name     events.Text      `json:"name"`
	Unit     events.UnitID    `json:"unit"`
	Year     fiscal.Year      `json:"year"`
	Rule     events.AlertRule `json:"rule"`
	State    alert.Stage      `json:"state"`
	Raised   fiscal.Date      `json:"raised"`
	Due      *fiscal.Date     `json:"due"`
	Overdue  bool             `json:"overdue"` // nobody answered, and due is past
	Rate     events.Percent   `json:"rate"`
	Progress events.Percent   `json:"progress"`
	Detail   events.Note      `json:"detail"`
	// Answer is what will be done, and since when and why.
	Answer    *RemedyAnswer `json:"answer"`
	Escalated *fiscal.Date  `json:"escalated"`
	Closed    *ClosedAnswer `json:"closed"`
	Sequence  uint64        `json:"sequence"` // of the event that raised it
}

// RemedyAnswer is the answer to an alert.
type RemedyAnswer struct {
	Answer events.Answer `json:"answer"`
	Date   fiscal.Date   `json:"date"`
	Reason events.Note   `json:"reason"`
}

// ClosedAnswer is when and why a case was closed.
type ClosedAnswer struct {
	Date   fiscal.Date `json:"date"`
	Reason events.Note `json:"reason"`
}

// CaseHistoryAnswer is a case with its events, in the order of the log.
type CaseHistoryAnswer struct {
	CaseAnswer
	ThroughSequence uint64       `json:"through_sequence"`
	History         []StepAnswer `json:"history"`
}

// StepAnswer is one event of a case.
type StepAnswer struct {
	Sequence uint64      `json:"sequence"`
	Recorded time.Time   `json:"recorded"`
	Type     events.Type `json:"type"`
	By       string      `json:"by"`
}

func (a *API) getCases(w http.ResponseWriter, r *http.Request) {
	q, s := queryOf(r), a.reach(r)
	var year fiscal.Year
	if q.values.Get("year") != "" {
		year = q.year()
	} else {
		q.get("year")
	}
	state, unit := oneOf(q, "state", append(alert.Stages(), allCases)), code[events.UnitID](q, "unit")
	before, limit := q.sequence("before"), q.limit()
	if err := q.end(); err != nil {
		a.fail(w, r, err)
		return
	}
	answer := CasesAnswer{ThroughSequence: s.View.Sequence, Cases: []CaseAnswer{}}
	for _, c := range slices.Backward(s.View.Alerts.All()) {
		raised := c.History[0].Sequence
		if !s.Reads(c.Unit) || year != 0 && c.Year != year || before != 0 && raised >= before ||
			state != "" && state != allCases && c.Stage() != state || !under(s, c.Unit, unit) {
			continue
		}
		if n := len(answer.Cases); n == limit {
			answer.Next = q.next("before", strconv.FormatUint(answer.Cases[n-1].Sequence, 10))
			break
		}
		answer.Cases = append(answer.Cases, caseAnswer(c, s.Today))
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// under says whether a unit is another, or lies under it; every unit lies under
// the empty one.
func under(s reach.Reach, unit, top events.UnitID) bool {
	if top == "" {
		return true
	}
	for at := range s.View.Upwards(unit) {
		if at == top {
			return true
		}
	}
	return false
}

func caseAnswer(c alert.Case, today fiscal.Date) CaseAnswer {
	answer := CaseAnswer{
		Alert: c.ID, About: c.About, Subject: c.Subject, Name: c.Name, Unit: c.Unit, Year: c.Year, Rule: c.Rule, State: c.Stage(),
		Raised: c.Raised, Due: dateOrNull(c.Due), Overdue: c.Overdue(today), Rate: c.Rate, Progress: c.Progress, Detail: c.Detail,
		Escalated: dateOrNull(c.Escalated), Sequence: c.History[0].Sequence,
	}
	if c.Answer != "" {
		answer.Answer = &RemedyAnswer{c.Answer, c.Answered, c.Remedy}
	}
	if !c.Closed.IsZero() {
		answer.Closed = &ClosedAnswer{c.Closed, c.Outcome}
	}
	return answer
}

func (a *API) getCase(w http.ResponseWriter, r *http.Request) {
	s, id := a.reach(r), events.AlertID(r.PathValue("alert"))
	err := queryOf(r).end()
	c, known := s.View.Alerts.Case(id)
	switch {
	case err != nil:
	case !known:
		err = projections.ErrNotFound
	case !s.Reads(c.Unit):
		err = reach.Outside("alert", string(id))
	}
	if err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	answer := CaseHistoryAnswer{CaseAnswer: caseAnswer(c, s.Today), ThroughSequence: s.View.Sequence, History: make([]StepAnswer, len(c.History))}
	for i, step := range c.History {
		answer.History[i] = StepAnswer{step.Sequence, step.Recorded, step.Type, step.Actor}
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// PacesAnswer lists the pace rules that are set, by unit and code.
type PacesAnswer struct {
	ThroughSequence uint64       `json:"through_sequence"`
	Paces           []PaceAnswer `json:"paces"`
}

// PaceAnswer is a pace rule. What it does not narrow by is empty; points are
// decimal strings; stalled_days and goal_gap are null where it does not watch that.
type PaceAnswer struct {
	Pace        events.PaceID      `json:"pace"`
	Unit        events.UnitID      `json:"unit"`
	Project     events.ProjectID   `json:"project"`
	Kind        events.ProjectKind `json:"kind"`
	Fund        events.Fund        `json:"fund"`
	Curve       events.Curve       `json:"curve"`
	Steps       events.Steps       `json:"steps"`
	Watch       string             `json:"watch"`
	Behind      string             `json:"behind"`
	StalledDays *int               `json:"stalled_days"`
	GoalGap     *string            `json:"goal_gap"`
	AnswerDays  int                `json:"answer_days"` // working days
	Sequence    uint64             `json:"sequence"`
}

func (a *API) getPaces(w http.ResponseWriter, r *http.Request) {
	s := a.reach(r)
	if err := queryOf(r).end(); err != nil {
		a.fail(w, r, err)
		return
	}
	answer := PacesAnswer{ThroughSequence: s.View.Sequence, Paces: []PaceAnswer{}}
	for _, rule := range s.View.Paces.All() {
		above := slices.ContainsFunc(s.Within(), func(root events.UnitID) bool { return under(s, root, rule.Unit) })
		if s.Reads(rule.Unit) || above {
			answer.Paces = append(answer.Paces, paceAnswer(rule))
		}
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

func paceAnswer(rule pace.Rule) PaceAnswer {
	answer := PaceAnswer{
		Pace: rule.ID, Unit: rule.Unit, Project: rule.Project, Kind: rule.Kind, Fund: rule.Fund,
		Curve: rule.Curve.Kind, Steps: append(events.Steps{}, rule.Curve.Steps...),
		Watch: points(rule.Watch), Behind: points(rule.Behind),
		AnswerDays: rule.AnswerDays, Sequence: rule.Sequence,
	}
	if rule.StalledDays > 0 {
		answer.StalledDays = &rule.StalledDays
	}
	if rule.GoalGap != nil {
		gap := points(rule.GoalGap)
		answer.GoalGap = &gap
	}
	return answer
}

// pointDecimals are those that percentage points have at most.
const pointDecimals = 4

// points writes percentage points exactly, without the zeros behind them.
func points(r *big.Rat) string {
	return strings.TrimSuffix(strings.TrimRight(r.FloatString(pointDecimals), "0"), ".")
}
