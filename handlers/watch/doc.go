// Package watch looks at all money once a day, and whenever figures have changed,
// and makes cases of what lags: it raises alerts, escalates those that nobody
// answered in time, and closes those whose reason is gone.
//
//	pace rules ─┐
//	months ─────┼─▶ judge every line, project and unit ─▶ what is to be said ─▶ recorder
//	goals ──────┤
//	open cases ─┘
//
// # What raises an alert
//
// Money is far behind its curve or stalled, by the pace rule that holds for it, or
// a project's goals and its money are further apart than the rule allows. The
// alert's rule is the pace rule's code with the status ("proportional-far_behind",
// "proportional-goal_gap"), and it is due the rule's working days later.
//
// A subject has one open case at a time for its money and one for its goals, also
// when it goes from stalled to far behind, or when another pace rule comes to hold
// for it. What is the same money is one case: a line that is all there is of its
// project, and a unit with only one project, are left to the project.
//
// # What closes one
//
// The money is back on pace or within what is only watched, is over its budget, or
// has none left; goals and money are close again. Only cases that this package
// raised are closed by it; what people raised they close. Cases of a year that is
// over are escalated and closed for one more year, but none are raised any more.
//
// # Once, whoever says it
//
// The code of an alert is made of its subject, year, rule and day, and the ids of
// its events of that. So a retry after a lost answer, and a second server that
// judges at the same time, say nothing new: the recorder knows the event, or
// refuses a second open case. A case that was closed and is needed again the same
// day is raised on the next.
//
// The evaluation never runs on the way of a request.
package watch
