// Package alert knows the cases of monitoring (预警): a rule found that money
// lags, somebody has to say what will be done about it, and in the end it is put
// right or given up. It is pure: a case is what its events say.
//
//	raised ─▶ answered ─▶ closed
//	   │         ▲          ▲
//	   └─▶ escalated ───────┘   nobody answered in time
//
// A case is answered at most once, in time or late, and escalated at most once,
// if nobody answered by its due date. It is closed from any of these. While it is
// open, the same rule raises no second one about the same subject and year.
package alert

import (
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
)

// Case is an alert and what became of it.
type Case struct {
	ID events.AlertID
	// About and Subject name the line, project or unit. Name is its name, and Unit
	// the one that it belongs to or is; empty if the books did not know it.
	About   events.Subject
	Subject string
	Name    events.Text
	Unit    events.UnitID
	Year    fiscal.Year
	Rule    events.AlertRule
	// Raised is the day that it counts from, Due the last day on which an answer is
	// in time; zero if none was set.
	Raised, Due fiscal.Date
	// Rate and Progress are what the rule judged by, in percent; empty if they were
	// not said.
	Rate, Progress events.Percent
	Detail         events.Note
	// Answer, Answered and Remedy are what will be done, since when that is known
	// and the reason given; zero without an answer.
	Answer   events.Answer
	Answered fiscal.Date
	Remedy   events.Note
	// Escalated and Closed are the days of these; zero if they have not come.
	Escalated, Closed fiscal.Date
	Outcome           events.Note // why it was closed
	// History is the case's events in the order of the log. It is not changed once
	// it is made: whoever gets a case may keep it, and must not change it either.
	History []Step
}

// Step is one event of a case.
type Step struct {
	Sequence uint64
	Recorded time.Time
	Type     events.Type
	Actor    string
}

// Stage says how far a case is.
type Stage string

// The stages.
const (
	Open      Stage = "open"      // 待答复: waits for an answer
	Escalated Stage = "escalated" // 已升级: nobody answered in time, nor since
	Answered  Stage = "answered"  // 已答复: it is known what will be done
	Closed    Stage = "closed"    // 已关闭
)

// Stages lists the stages, the ones that ask for attention first.
func Stages() []Stage { return []Stage{Escalated, Open, Answered, Closed} }

// Stage says how far the case is.
func (c Case) Stage() Stage {
	switch {
	case !c.Closed.IsZero():
		return Closed
	case c.Answer != "":
		return Answered
	case !c.Escalated.IsZero():
		return Escalated
	}
	return Open
}

// Overdue says whether an answer is missing that was due before a day.
func (c Case) Overdue(on fiscal.Date) bool {
	waits := c.Closed.IsZero() && c.Answer == ""
	return waits && !c.Due.IsZero() && on.Compare(c.Due) > 0
}
