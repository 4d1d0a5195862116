package alert

import (
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
)

// Decide says whether an event about a case fits what was recorded: nil, or an
// *events.Refusal. Events about other things fit.
func (s *State) Decide(e events.Event) error {
	switch data := e.Data.(type) {
	case events.AlertRaised:
		return s.mayRaise(e, data)
	case events.AlertAnswered:
		return s.mayAnswer(e, data)
	case events.AlertEscalated:
		return s.mayEscalate(e, data)
	case events.AlertClosed:
		_, err := s.openCase(e, data.Alert, data.Date)
		return err
	}
	return nil
}

func (s *State) mayRaise(e events.Event, data events.AlertRaised) error {
	if _, taken := s.cases.Get(data.Alert); taken {
		return events.Refuse(events.CodeAlreadyRegistered, ReasonAlertTaken, "/data/alert", "alert", string(data.Alert))
	}
	if open, is := s.Waiting(Key{data.Kind, e.Subject, data.Year, data.Rule}); is {
		return events.Refuse(CodeAlertOpen, ReasonAlertOpen, "/data/rule",
			"alert", string(open.ID), "rule", string(open.Rule), "subject", open.Subject, "year", strconv.Itoa(int(open.Year)))
	}
	if data.Due != nil && data.Due.Compare(data.Date) < 0 {
		return events.Refuse(events.CodeInvalidEvent, ReasonAlertDueBefore, "/data/due", "due", data.Due.String(), "date", data.Date.String())
	}
	return nil
}

func (s *State) mayAnswer(e events.Event, data events.AlertAnswered) error {
	c, err := s.openCase(e, data.Alert, data.Date)
	if err != nil {
		return err
	}
	return c.unanswered()
}

func (s *State) mayEscalate(e events.Event, data events.AlertEscalated) error {
	c, err := s.openCase(e, data.Alert, data.Date)
	if err != nil {
		return err
	}
	if err := c.unanswered(); err != nil {
		return err
	}
	if !c.Escalated.IsZero() {
		return events.Refuse(CodeAlertEscalated, ReasonAlertEscalated, "/data/alert", "alert", string(c.ID), "date", c.Escalated.String())
	}
	if !c.Due.IsZero() && !c.Overdue(data.Date) {
		return events.Refuse(CodeAlertNotDue, ReasonAlertNotDue, "/data/date", "alert", string(c.ID), "due", c.Due.String(), "date", data.Date.String())
	}
	return nil
}

// openCase finds the open case that an event names, about the same thing and on a
// day from its raising on.
func (s *State) openCase(e events.Event, id events.AlertID, date fiscal.Date) (Case, error) {
	c, known := s.cases.Get(id)
	switch {
	case !known:
		return Case{}, events.Refuse(CodeUnknownAlert, ReasonUnknownAlert, "/data/alert", "alert", string(id))
	case c.Subject != e.Subject || c.About != e.About():
		return Case{}, events.Refuse(events.CodeInvalidEvent, ReasonAlertElsewhere, "/subject", "alert", string(id), "about", string(c.About), "subject", c.Subject)
	case c.Stage() == Closed:
		return Case{}, events.Refuse(CodeAlertClosed, ReasonAlertClosed, "/data/alert", "alert", string(id), "date", c.Closed.String())
	case date.Compare(c.Raised) < 0:
		return Case{}, events.Refuse(events.CodeInvalidEvent, ReasonAlertDateBefore, "/data/date", "alert", string(id), "date", date.String(), "raised", c.Raised.String())
	}
	return c, nil
}

func (c Case) unanswered() error {
	if c.Answer == "" {
		return nil
	}
	return events.Refuse(CodeAlertAnswered, ReasonAlertAnswered, "/data/alert", "alert", string(c.ID), "answer", string(c.Answer), "date", c.Answered.String())
}
