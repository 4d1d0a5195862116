package alert

import "github.com/outturn/outturn/events"

// The codes of refusals about cases.
const (
	CodeUnknownAlert   events.Code = "unknown_alert"   // no such case
	CodeAlertOpen      events.Code = "alert_open"      // the rule has an open case about this already
	CodeAlertAnswered  events.Code = "alert_answered"  // the case is answered already
	CodeAlertEscalated events.Code = "alert_escalated" // the case is escalated already
	CodeAlertClosed    events.Code = "alert_closed"    // the case is closed
	CodeAlertNotDue    events.Code = "alert_not_due"   // there is time left to answer
)

// Reasons for which an event about a case does not fit what was recorded.
const (
	ReasonUnknownAlert    events.Reason = "unknown_alert"     // alert
	ReasonAlertElsewhere  events.Reason = "alert_elsewhere"   // alert, about, subject
	ReasonAlertTaken      events.Reason = "alert_taken"       // alert
	ReasonAlertOpen       events.Reason = "alert_open"        // alert, rule, subject, year
	ReasonAlertDueBefore  events.Reason = "alert_due_before"  // due, date
	ReasonAlertDateBefore events.Reason = "alert_date_before" // alert, date, raised
	ReasonAlertAnswered   events.Reason = "alert_answered"    // alert, answer, date
	ReasonAlertEscalated  events.Reason = "alert_escalated"   // alert, date
	ReasonAlertClosed     events.Reason = "alert_closed"      // alert, date
	ReasonAlertNotDue     events.Reason = "alert_not_due"     // alert, due, date
)
