package budget_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
)

// update writes docs/rules.md again: go test ./events/budget -update.
var update = flag.Bool("update", false, "rewrite docs/rules.md")

const rulesPage = "../../docs/rules.md"

// rule is one reason for which an event is refused, or taken with a warning,
// with examples of events that keep and break it.
type rule struct {
	name, says string
	code       events.Code
	reason     events.Reason
	rows       []row
	verdict    verdict
}

// verdict is what becomes of an event that breaks a rule.
type verdict int

const (
	refused verdict = iota
	warned
)

// row holds a rule against one event type. What is given holds for both of its
// examples; each may have more of its own.
type row struct {
	given             []said
	accepted, refused example
}

type example struct {
	says  string
	given []said
	event said
}

func (r row) eventType() events.Type { return r.refused.event.data.Type() }

// sample is an event that the city accepts after what is given.
type sample struct {
	given []said
	event said
}

func given(all ...said) []said { return all }

// moneySamples has each type that changes the figures of a line.
func moneySamples() []sample {
	return []sample{
		{nil, allocate("a", "1.00")}, {nil, supplement("a", "1.00")}, {nil, reduce("a", "1.00")}, {nil, recall("a", "1.00")},
		{nil, freeze("a", "1.00")}, {given(freeze("a", "1.00")), unfreeze("a", "1.00")}, {nil, transfer("a", "a2", "1.00")},
		{nil, receive("old", "1.00", 2022)}, {nil, confirm("old", "1.00", 2022)}, {nil, send("a", "1.00", 2024)},
		{nil, returnSurplus("a", "1.00")}, {nil, commit("c", "a", "1.00")},
		{given(commit("c", "a", "1.00")), change("c", "a", "2.00")}, {given(commit("c", "a", "1.00")), release("c", "a")},
		{nil, pay("p", "a", "1.00")}, {given(pay("p", "a", "1.00")), refund("p", "a", "1.00")},
		{given(pay("p", "a", "1.00"), supplement("a2", "1.00")), move("p", "a", "a2")},
	}
}

// closingSamples has each type about the time of a unit's books.
func closingSamples() []sample {
	return []sample{
		{nil, openYear("bureau", 2023)}, {nil, closeMonth("bureau", 2023, 6)}, {nil, closeYear("bureau", 2023)},
		{given(closeYear("bureau", 2023)), reopenYear("bureau", 2023)},
	}
}

// policySamples has each type that sets a rule for a unit, or ends one.
func policySamples() []sample {
	return []sample{
		{nil, setControl("station", "c", events.Warn)}, {given(setControl("station", "c", events.Warn)), removeControl("station", "c")},
		{nil, said{subject: "station", data: events.ReviewSet{Review: "r", Types: events.Types{"outturn.budget.reduced.v1"}, Date: date(day)}}},
		{nil, said{subject: "station", data: events.ReviewRemoved{Review: "r", Date: date(day)}}},
		{nil, said{subject: "station", data: events.PaceSet{Pace: "p", Curve: events.CurveMonth, Watch: "5", Behind: "20", Date: date(day)}}},
		{nil, said{subject: "station", data: events.PaceRemoved{Pace: "p", Date: date(day)}}},
	}
}

// overrideSamples has each type about an override of a line.
func overrideSamples() []sample {
	return []sample{{nil, override("o", "a", "1.00", day)}, {given(override("o", "a", "1.00", day)), endOverride("o", "a")}}
}

// otherSamples has each type that changes no figure, about one kind of thing.
func otherSamples(kind events.Subject, subject string) []sample {
	on := date(day)
	all := []events.Data{
		events.PlanSet{Kind: kind, Year: 2023, Date: on},
		events.GoalSet{Kind: kind, Year: 2023, Date: on, Goal: "目标"},
		events.GoalReported{Kind: kind, Year: 2023, Date: on, Actual: "完成"},
		events.IndicatorSet{Kind: kind, Year: 2023, Indicator: "i", Level1: "产出指标", Level2: "数量指标", Level3: "监测次数",
			Operator: events.AtLeast, Target: "12", Weight: "22.5", Date: on},
		events.IndicatorReported{Kind: kind, Year: 2023, Indicator: "i", Date: on, Actual: "12"},
		events.IndicatorScored{Kind: kind, Year: 2023, Indicator: "i", Date: on, Score: "22.5"},
		events.AlertRaised{Kind: kind, Alert: "alert", Year: 2023, Rule: "lagging", Date: on},
		events.AlertAnswered{Kind: kind, Alert: "alert", Answer: events.AnswerContinue, Date: on, Reason: "合同尾款"},
		events.AlertEscalated{Kind: kind, Alert: "alert", Date: on},
		events.AlertClosed{Kind: kind, Alert: "alert", Date: on},
		events.FormIssued{Kind: kind, Year: 2023, Date: on, Template: "自评表", Digest: events.Digest(strings.Repeat("0", 64)), Position: 1},
	}
	var samples []sample
	for _, data := range all {
		definition, _ := events.Lookup(data.Type())
		if slices.Contains(definition.Abouts, kind) {
			samples = append(samples, sample{nil, said{subject: subject, data: data}})
		}
	}
	return samples
}

// eachOf makes a row of every sample.
func eachOf(samples []sample, hold func(sample) row) []row {
	rows := make([]row, 0, len(samples))
	for _, s := range samples {
		rows = append(rows, hold(s))
	}
	return rows
}

// elsewhere holds a sample against a subject that is not there.
func elsewhere(s sample) row {
	return row{s.given, example{"a subject that is there", nil, s.event}, example{"a subject that is not", nil, s.event.about("nowhere")}}
}

func rules() []rule {
	return slices.Concat(registerRules(), timeRules(), referenceRules(), carryoverRules(), moneyRules(), controlRules(), planRules(), adviceRules())
}

// ruledElsewhere names the package that has the rules of a group of types, or
// most of them; it tests them, too.
var ruledElsewhere = map[string]string{
	"user": "events/access", "role": "events/access", "token": "events/access", "session": "events/access",
	"review": "events/review", "proposal": "events/review", "pace": "projections/pace", "alert": "events/alert",
}

func registerRules() []rule {
	return []rule{
		{"A unit that an event names is registered", "As the subject, as a parent, or as the unit of a project or a line.",
			events.CodeUnknownUnit, events.ReasonUnknownUnit, slices.Concat(
				eachOf(slices.Concat(closingSamples(), otherSamples(events.OfUnit, "station"), policySamples()), elsewhere),
				[]row{
					{nil, example{"under a registered unit, or at the top", nil, unit("museum", "city")}, example{"under an unknown unit", nil, unit("museum", "nowhere")}},
					{nil, example{"of a registered unit", nil, project("repair", 2023)}, example{"of an unknown unit", nil, project("repair", 2023).with("unit", "nowhere")}},
					{nil, example{"of a registered unit", nil, line("x", "station", 2023, 2023)}, example{"of an unknown unit", nil, line("x", "nowhere", 2023, 2023)}},
				}), refused},
		{"A project that an event names is registered for the year", "The year is the one that the event states. An answer to an alert states none: then it is that of its date, or the one before. A control may be set for a project of the next year, too.",
			events.CodeUnknownProject, events.ReasonUnknownProject, append(
				eachOf(otherSamples(events.OfProject, "monitoring"), elsewhere),
				row{nil, example{"of a project of its year", nil, line("x", "station", 2024, 2023)}, example{"of a project of other years only", nil, line("x", "station", 2025, 2023)}},
				row{nil, example{"for a year of the project", nil, said{subject: "monitoring", data: events.GoalSet{Kind: events.OfProject, Year: 2022, Date: date(day), Goal: "目标"}}},
					example{"for another year", nil, said{subject: "monitoring", data: events.GoalSet{Kind: events.OfProject, Year: 2021, Date: date(day), Goal: "目标"}}}},
				row{nil, example{"for a project of its year or one beside it", nil, setControl("city", "c", events.Warn).with("project", "monitoring").on("2025-01-01")},
					example{"for a project of other years only", nil, setControl("city", "c", events.Warn).with("project", "monitoring").on("2026-01-01")}},
			), refused},
		{"A line that an event names is open", "As the subject, or as the other line of a transfer, a correction or a carryover.",
			events.CodeUnknownLine, events.ReasonUnknownLine, slices.Concat(
				eachOf(slices.Concat(moneySamples(), otherSamples(events.OfLine, "a"), overrideSamples()), elsewhere),
				[]row{
					{nil, example{"from an open line", nil, receive("old", "1.00", 2022).fromLine("last")}, example{"from an unknown line", nil, receive("old", "1.00", 2022).fromLine("nowhere")}},
					{given(sentToOld("14.00")...), example{"from an open line", nil, confirm("old", "14.00", 2022).fromLine("last")}, example{"from an unknown line", nil, confirm("old", "14.00", 2022).fromLine("nowhere")}},
					{given(line("aged", "station", 2024, 2023)), example{"to an open line", nil, send("a", "1.00", 2024).toLine("aged")}, example{"to an unknown line", nil, send("a", "1.00", 2024).toLine("nowhere")}},
					{nil, example{"to an open line", nil, transfer("a", "b", "1.00")}, example{"to an unknown line", nil, transfer("a", "nowhere", "1.00")}},
					{given(pay("p", "a", "1.00")), example{"to an open line", nil, move("p", "a", "b")}, example{"to an unknown line", nil, move("p", "a", "nowhere")}},
				}), refused},
		{"A unit is registered once", "It is never renamed or moved by registering it again.", events.CodeAlreadyRegistered, events.ReasonUnitTaken, []row{
			{nil, example{"a new code", nil, unit("museum", "city")}, example{"a code that is taken, even with the same data", nil, unit("school", "city")}}}, refused},
		{"A project is registered once a year", "The same code in two years is the same project going on.", events.CodeAlreadyRegistered, events.ReasonProjectTaken, []row{
			{nil, example{"a known code in another year", nil, project("monitoring", 2025)}, example{"a known code in a year that has it", nil, project("monitoring", 2023)}}}, refused},
		{"A line is opened once", "A line belongs to one year, so its code is for ever.", events.CodeAlreadyRegistered, events.ReasonLineTaken, []row{
			{nil, example{"a new code", nil, line("x", "station", 2023, 2023)}, example{"a code of another year's line", nil, line("last", "station", 2023, 2023)}}}, refused},
		{"A unit is not its own parent", "With this and parents that are registered first there is no circle.", events.CodeInvalidEvent, events.ReasonOwnParent, []row{
			{nil, example{"under another unit", nil, unit("museum", "city")}, example{"under itself", nil, unit("museum", "museum")}}}, refused},
	}
}

// across is a sample that reaches over to the line b of the school.
func across() []sample {
	return []sample{{nil, transfer("a", "b", "1.00")}, {given(pay("p", "a", "1.00")), move("p", "a", "b")}}
}

func timeRules() []rule {
	ofYear := func(s sample) row {
		outside := "2024-01-01"
		if _, refund := s.event.data.(events.DisbursementRefunded); refund {
			outside = "2022-12-31" // in a later year it is a rule of its own
		}
		return row{s.given, example{"on the last day of the line's year", nil, s.event.on("2023-12-31")}, example{"a day outside of it", nil, s.event.on(outside)}}
	}
	ofMonth := func(s sample) row {
		return row{append(s.given, closeMonth("bureau", 2023, 6)),
			example{"on 1 July when June is closed above", nil, s.event.on("2023-07-01")}, example{"on 30 June", nil, s.event.on("2023-06-30")}}
	}
	ofOpenYear := func(s sample) row {
		return row{s.given,
			example{"a sister unit's year is closed, its own was reopened", given(closeYear("archive", 2023), closeYear("city", 2023), reopenYear("city", 2023)), s.event},
			example{"the year is closed above", given(closeYear("city", 2023)), s.event}}
	}
	return []rule{
		{"The date of money lies in the line's year", "Late events are dated back into it; money of another year is another line's. A refund in a later year is taken: it has no posting, and the outturn of the line's year stays.",
			events.CodeInvalidEvent, events.ReasonYearMismatch, append(eachOf(moneySamples(), ofYear),
				row{given(pay("p", "a", "1.00")), example{"in a later year", nil, refund("p", "a", "1.00").on("2024-03-01")}, example{"in an earlier one", nil, refund("p", "a", "1.00").on("2022-03-01")}}), refused},
		{"The month is open", "A closed month closes all before it, for the unit and all under it, not for its sisters.",
			events.CodePeriodClosed, events.ReasonPeriodClosed, slices.Concat(eachOf(moneySamples(), ofMonth), eachOf(across(), func(s sample) row {
				return row{s.given, example{"a unit beside the other line's is closed", given(closeMonth("archive", 2023, 12)), s.event},
					example{"the other line's unit is closed", given(closeMonth("school", 2023, 6)), s.event}}
			}), []row{
				{nil, example{"the sister unit is closed", given(closeMonth("archive", 2023, 12)), pay("p", "a", "1.00")}, example{"the unit itself is closed", given(closeMonth("station", 2023, 6)), pay("p", "a", "1.00")}},
				{nil, example{"the next year's months are closed", given(closeMonth("city", 2024, 12)), pay("p", "a", "1.00")}, example{"a later month is closed", given(closeMonth("city", 2023, 12)), pay("p", "a", "1.00")}},
			}), refused},
		{"The year is open", "For the unit and every unit above it. Reopening opens the months, too.",
			events.CodeYearClosed, events.ReasonYearClosed, slices.Concat(eachOf(moneySamples(), ofOpenYear), eachOf(across(), func(s sample) row {
				return row{s.given, example{"a unit beside the other line's is closed", given(closeYear("archive", 2023)), s.event},
					example{"the other line's unit is closed", given(closeYear("school", 2023)), s.event}}
			}), []row{
				ofOpenYear(sample{nil, line("x", "station", 2023, 2023)}),
				{given(closeYear("bureau", 2023)), example{"of a unit that is not closed", nil, closeYear("city", 2023)}, example{"again, or under a closed unit", nil, closeYear("station", 2023)}},
				{given(closeMonth("station", 2023, 12), closeYear("station", 2023)), example{"after it was reopened, with its months", given(reopenYear("station", 2023)), pay("p", "a", "1.00")},
					example{"before", nil, pay("p", "a", "1.00")}},
			}), refused},
		{"Only a closed year is reopened", "Where it was closed, not below.", events.CodeYearNotClosed, events.ReasonYearNotClosed, []row{
			{given(closeYear("bureau", 2023)), example{"at the unit that was closed", nil, reopenYear("bureau", 2023)}, example{"at a unit under it", nil, reopenYear("station", 2023)}},
			{given(closeYear("bureau", 2023)), example{"a closed year", nil, reopenYear("bureau", 2023)}, example{"again", given(reopenYear("bureau", 2023)), reopenYear("bureau", 2023)}}}, refused},
		{"A stated year is the line's, and both lines are of one year", "Money moves from year to year by carryover only.", events.CodeInvalidEvent, events.ReasonOtherYear, []row{
			{nil, example{"between lines of one year", nil, transfer("a", "b", "1.00")}, example{"to a line of another year", nil, transfer("a", "next", "1.00")}},
			{given(pay("p", "a", "1.00")), example{"to a line of the same year", nil, move("p", "a", "b")}, example{"to a line of another year", nil, move("p", "a", "last")}},
			{nil, example{"for the line's year", nil, said{subject: "a", data: events.PlanSet{Kind: events.OfLine, Year: 2023, Date: date(day)}}}, example{"for another", nil, said{subject: "a", data: events.PlanSet{Kind: events.OfLine, Year: 2024, Date: date(day)}}}},
			{nil, example{"for the line's year", nil, said{subject: "a", data: events.AlertRaised{Kind: events.OfLine, Alert: "x", Year: 2023, Rule: "r", Date: date(day)}}}, example{"for another", nil, said{subject: "a", data: events.AlertRaised{Kind: events.OfLine, Alert: "x", Year: 2022, Rule: "r", Date: date(day)}}}},
		}, refused},
	}
}

func referenceRules() []rule {
	return []rule{
		{"The other line is another one", "A transfer or a correction to itself would say nothing.", events.CodeInvalidEvent, events.ReasonSameLine, []row{
			{nil, example{"to another line", nil, transfer("a", "b", "1.00")}, example{"to itself", nil, transfer("a", "a", "1.00")}},
			{given(pay("p", "a", "1.00")), example{"to another line", nil, move("p", "a", "b")}, example{"to the line where it is", nil, move("p", "a", "a")}}}, refused},
		{"A commitment is made once on its line", "Its code stays taken when it is released.", events.CodeAlreadyRegistered, events.ReasonCommitmentTaken, []row{
			{given(commit("c", "a", "1.00")), example{"the same code on another line", nil, commit("c", "b", "1.00")}, example{"on the same line", nil, commit("c", "a", "1.00")}},
			{given(commit("c", "a", "1.00"), release("c", "a")), example{"another code", nil, commit("d", "a", "1.00")}, example{"the code of a released one", nil, commit("c", "a", "1.00")}}}, refused},
		{"A commitment that an event names is open on that line", "Made and not yet released.", events.CodeUnknownCommitment, events.ReasonUnknownCommitment, []row{
			{given(commit("c", "a", "1.00")), example{"an open one", nil, change("c", "a", "2.00")}, example{"a released one", given(release("c", "a")), change("c", "a", "2.00")}},
			{given(commit("c", "a", "1.00")), example{"an open one", nil, release("c", "a")}, example{"a released one", given(release("c", "a")), release("c", "a")}},
			{given(commit("c", "a", "1.00")), example{"an open one", nil, pay("p", "a", "1.00").against("c")}, example{"a released one", given(release("c", "a")), pay("p", "a", "1.00").against("c")}},
			{given(commit("c", "a", "1.00")), example{"of its own line", nil, pay("p", "a", "1.00").against("c")}, example{"of another line", nil, pay("p", "b", "1.00").against("c")}}}, refused},
		{"A commitment covers what was paid against it", "The new amount is the total, with what was paid.", events.CodeExceedsPayment, events.ReasonBelowUsed, []row{
			{given(commit("c", "a", "60.00"), pay("p", "a", "25.00").against("c")), example{"down to exactly what was paid", nil, change("c", "a", "25.00")}, example{"0.01 less", nil, change("c", "a", "24.99")}}}, refused},
		{"A payment's id is used once on its line", "Refunds and corrections name a payment by it. A payment that was moved on leaves its place to what is moved there, not to a new payment.", events.CodeAlreadyRegistered, events.ReasonPaymentTaken, []row{
			{given(pay("p", "a", "1.00")), example{"the same id on another line, from another source", nil, pay("p", "b", "1.00").from("/other")}, example{"on the same line, from another source", nil, pay("p", "a", "1.00").from("/other")}},
			{given(pay("p", "a", "1.00"), move("p", "a", "b")), example{"another id", nil, pay("q", "a", "1.00")}, example{"the id of one that was moved on", nil, pay("p", "a", "1.00").from("/other")}},
			{given(pay("p", "a", "1.00")), example{"back to where it was", given(move("p", "a", "b")), move("p", "b", "a")}, example{"to a line with a payment of that id", given(pay("p", "b", "1.00").from("/other")), move("p", "b", "a")}}}, refused},
		{"A payment that an event names is on that line", "It was paid from it or moved to it.", events.CodeUnknownPayment, events.ReasonUnknownPayment, []row{
			{given(pay("p", "a", "1.00")), example{"where it was paid", nil, refund("p", "a", "1.00")}, example{"on another line", nil, refund("p", "b", "1.00")}},
			{given(pay("p", "a", "1.00")), example{"where it was moved", given(move("p", "a", "b")), refund("p", "b", "1.00")}, example{"where it never was", given(move("p", "a", "b")), refund("p", "old", "1.00")}},
			{given(pay("p", "a", "1.00")), example{"where it was paid", nil, move("p", "a", "b")}, example{"on another line", nil, move("p", "b", "a")}}}, refused},
		{"No more comes back or moves than is left of a payment", "What is left is the amount paid less refunds of any year; nothing is left where it was moved away.", events.CodeExceedsPayment, events.ReasonExceedsPayment, []row{
			{given(pay("p", "a", "40.00"), refund("p", "a", "10.00")), example{"exactly what is left", nil, refund("p", "a", "30.00")}, example{"0.01 more", nil, refund("p", "a", "30.01")}},
			{given(pay("p", "a", "40.00"), refund("p", "a", "10.00").on("2024-02-01")), example{"exactly what is left after a later year's refund", nil, refund("p", "a", "30.00")}, example{"0.01 more", nil, refund("p", "a", "30.01")}},
			{given(pay("p", "a", "40.00"), move("p", "a", "b")), example{"where it was moved", nil, refund("p", "b", "40.00")}, example{"where it was moved away from", nil, refund("p", "a", "0.01")}},
			{given(pay("p", "a", "40.00")), example{"partly refunded", given(refund("p", "a", "39.99")), move("p", "a", "b")}, example{"wholly refunded", given(refund("p", "a", "40.00")), move("p", "a", "b")}},
			{given(pay("p", "a", "40.00")), example{"the class of one that is here", nil, reclassify("p", "a", "30217")}, example{"the class of one that was moved away", given(move("p", "a", "b")), reclassify("p", "a", "30217")}}}, refused},
		{"No more is unfrozen than is frozen", "Freezes of a line add up; an unfreezing names no single one.", events.CodeExceedsFrozen, events.ReasonExceedsFrozen, []row{
			{given(freeze("a", "30.00")), example{"exactly what is frozen", nil, unfreeze("a", "30.00")}, example{"0.01 more", nil, unfreeze("a", "30.01")}}}, refused},
	}
}

func carryoverRules() []rule {
	return []rule{
		{"Carryover comes into a line of an earlier vintage", "A line whose vintage is its own year has this year's money only.", events.CodeInvalidEvent, events.ReasonNotCarried, []row{
			{nil, example{"vintage before the year", nil, receive("old", "1.00", 2022)}, example{"vintage of the year", nil, receive("a", "1.00", 2022)}},
			{nil, example{"vintage before the year", nil, confirm("old", "1.00", 2022)}, example{"vintage of the year", nil, confirm("a", "1.00", 2022)}}}, refused},
		{"Carryover goes forward in time", "It comes from a year between the vintage and the line's year, and goes to a later one.", events.CodeInvalidEvent, events.ReasonCarryoverYears, []row{
			{nil, example{"from the year before", nil, receive("old", "1.00", 2022)}, example{"from the same year", nil, receive("old", "1.00", 2023)}},
			{nil, example{"from the vintage", nil, receive("old", "1.00", 2022)}, example{"from before the vintage", nil, receive("old", "1.00", 2021)}},
			{nil, example{"from the year before", nil, confirm("old", "1.00", 2022)}, example{"from the same year", nil, confirm("old", "1.00", 2023)}},
			{nil, example{"to the next year", nil, send("a", "1.00", 2024)}, example{"to the same year", nil, send("a", "1.00", 2023)}}}, refused},
		{"The other line of a carryover has its year, fund and vintage", "Carried over, money keeps its fund and its vintage. Naming the other line is optional; where it is named, the two are held together.", events.CodeInvalidEvent, events.ReasonCarryoverLine, []row{
			{nil, example{"from a line of that year and vintage", nil, receive("old", "1.00", 2022).fromLine("last")}, example{"from a line of another vintage", nil, receive("old", "1.00", 2022).fromLine("a")}},
			{given(line("fees", "station", 2022, 2022).with("fund", "special_account")), example{"from a line of that fund", nil, receive("old", "1.00", 2022).fromLine("last")}, example{"from a line of another fund", nil, receive("old", "1.00", 2022).fromLine("fees")}},
			{given(append(sentToOld("14.00"), line("older", "station", 2023, 2021))...), example{"from a line of that year and vintage", nil, confirm("old", "14.00", 2022).fromLine("last")}, example{"from a line of another vintage", nil, confirm("older", "14.00", 2022).fromLine("last")}},
			{given(line("aged", "station", 2024, 2023)), example{"to a line of that year and vintage", nil, send("a", "1.00", 2024).toLine("aged")}, example{"to a line of another vintage", nil, send("a", "1.00", 2024).toLine("next")}}}, refused},
		{"What is confirmed is what the other line sent", "Where the event names the other line. An estimate may differ. Once both ends agree, more is received before it is sent. The rule reads the sums of the two lines, so it is for a line that goes on as one line: carryover that is split or joined names none.", events.CodeCarryoverMismatch, events.ReasonCarryoverMismatch, []row{
			{given(sentToOld("14.00")...), example{"exactly what was sent", nil, confirm("old", "14.00", 2022).fromLine("last")}, example{"0.02 less", nil, confirm("old", "13.98", 2022).fromLine("last")}},
			{nil, example{"after it was sent", sentToOld("14.00"), confirm("old", "14.00", 2022).fromLine("last")}, example{"before", nil, confirm("old", "14.00", 2022).fromLine("last")}},
			{given(line("aged", "station", 2024, 2023), receive("aged", "60.00", 2023).on("2024-01-01").fromLine("a")), example{"more or less than was estimated", nil, send("a", "60.01", 2024).toLine("aged")},
				example{"more than what both ends agree on", given(send("a", "60.00", 2024).toLine("aged")), send("a", "0.01", 2024).toLine("aged")}},
			{given(line("aged", "station", 2024, 2023), receive("aged", "60.00", 2023).on("2024-01-01")), example{"in parts", given(send("a", "20.00", 2024).toLine("aged")), send("a", "30.00", 2024).toLine("aged")},
				example{"more than what both ends agree on", given(send("a", "60.00", 2024).toLine("aged")), send("a", "30.00", 2024).toLine("aged")}},
			{given(line("aged", "station", 2024, 2023), receive("aged", "60.00", 2023).on("2024-01-01"), send("a", "60.00", 2024).toLine("aged")), example{"more, received before", given(receive("aged", "5.00", 2023).on("2024-02-01")), send("a", "5.00", 2024).toLine("aged")},
				example{"more", nil, send("a", "5.00", 2024).toLine("aged")}}}, refused},
	}
}

// sentToOld has the line of 2022 send its rest to the line old.
func sentToOld(amount string) []said {
	return given(allocate("last", "20.00").on("2022-01-20"), send("last", amount, 2023).toLine("old").on("2022-12-31"))
}

func moneyRules() []rule {
	left := given(pay("before", "a", "60.00")) // leaves 40.00 on a
	most := func(make func(amount string) said) row {
		return row{left, example{"exactly what is available", nil, make("40.00")}, example{"0.01 more", nil, make("40.01")}}
	}
	brim := brimful()
	return []rule{
		{"No line's available balance falls below zero", "Available = full year − frozen − committed − executed − carried over − returned. A refusal says what was available, asked and missing.",
			events.CodeInsufficientFunds, events.ReasonInsufficientFunds, []row{
				most(func(amount string) said { return reduce("a", amount) }),
				most(func(amount string) said { return recall("a", amount) }),
				most(func(amount string) said { return freeze("a", amount) }),
				most(func(amount string) said { return transfer("a", "b", amount) }),
				most(func(amount string) said { return send("a", amount, 2024) }),
				most(func(amount string) said { return returnSurplus("a", amount) }),
				most(func(amount string) said { return commit("c", "a", amount) }),
				most(func(amount string) said { return pay("p", "a", amount) }),
				{given(pay("p", "old", "10.00")), example{"confirmed down to what was spent", nil, confirm("old", "10.00", 2022)}, example{"0.01 below", nil, confirm("old", "9.99", 2022)}},
				{given(commit("c", "a", "60.00")), example{"raised by exactly what is available", nil, change("c", "a", "100.00")}, example{"0.01 more", nil, change("c", "a", "100.01")}},
				{given(commit("c", "a", "60.00"), pay("before", "a", "30.00")), example{"its commitment and exactly what is available beside it", nil, pay("p", "a", "70.00").against("c")}, example{"0.01 more", nil, pay("p", "a", "70.01").against("c")}},
				{given(commit("c", "a", "60.00"), pay("before", "a", "60.00").against("c")), example{"from what is available, its commitment being used up", nil, pay("p", "a", "40.00").against("c")}, example{"0.01 more", nil, pay("p", "a", "40.01").against("c")}},
				{given(commit("c", "a", "100.00"), change("c", "a", "99.99")), example{"what a lowered commitment set free", nil, pay("p", "a", "0.01")}, example{"0.01 more", nil, pay("p", "a", "0.02")}},
				{given(pay("p", "a", "40.00")), example{"to a line with exactly that much", given(pay("before", "b", "60.00")), move("p", "a", "b")}, example{"to a line with 0.01 less", given(pay("before", "b", "60.01")), move("p", "a", "b")}},
				{given(pay("p", "a", "40.00"), pay("before", "b", "60.01")), example{"partly refunded first", given(refund("p", "a", "0.01")), move("p", "a", "b")}, example{"whole", nil, move("p", "a", "b")}},
			}, refused},
		{"Every sum fits", "A line's sums and figures stay within 92,233,720,368,547,758.07 yuan.", events.CodeAmountInvalid, events.ReasonAmountOverflow, []row{
			{brim, example{"up to the brim", nil, allocate("brim", brimRest)}, example{"0.01 more", nil, allocate("brim", brimOver)}},
			{brim, example{"up to the brim", nil, supplement("brim", brimRest)}, example{"0.01 more", nil, supplement("brim", brimOver)}},
			{brim, example{"up to the brim", nil, transfer("other", "brim", brimRest)}, example{"0.01 more", nil, transfer("other", "brim", brimOver)}},
			{brim, example{"up to the brim", nil, receive("brim", brimRest, 2022)}, example{"0.01 more", nil, receive("brim", brimOver, 2022)}},
		}, refused},
	}
}

// brimful fills the line brim up to brimRest below the largest sum.
func brimful() []said {
	all := given(
		line("brim", "station", 2023, 2022), line("other", "station", 2023, 2023), allocate("other", money.MaxStated.String()),
	)
	for range money.MaxSum / money.MaxStated {
		all = append(all, allocate("brim", money.MaxStated.String()))
	}
	return all
}

var (
	brimRest = (money.MaxSum % money.MaxStated).String()
	brimOver = (money.MaxSum%money.MaxStated + 1).String()
)

func TestRulesAcceptAndRefuse(t *testing.T) {
	t.Parallel()
	for _, rule := range rules() {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			for _, row := range rule.rows {
				if accepted := row.accepted.event.data.Type(); accepted != row.eventType() {
					t.Errorf("%s is set against %s", accepted, row.eventType())
				}
				kept := newWorld(t, city()...).given(row.given...).given(row.accepted.given...)
				broken := newWorld(t, city()...).given(row.given...).given(row.refused.given...)
				if rule.verdict == refused {
					kept.accepts(row.accepted.event)
					broken.refuses(row.refused.event, rule.code, rule.reason)
				} else if kept.warned(row.accepted.event, rule.code, rule.reason) || !broken.warned(row.refused.event, rule.code, rule.reason) {
					t.Errorf("%q: %s is for the second example alone", row.refused.says, rule.reason)
				}
			}
		})
	}
}

// TestEveryTypeIsUnderARule: no type is accepted without any condition.
func TestEveryTypeIsUnderARule(t *testing.T) {
	t.Parallel()
	under := map[events.Type]bool{}
	for _, rule := range rules() {
		for _, row := range rule.rows {
			under[row.eventType()] = true
		}
	}
	for _, definition := range events.Definitions() {
		if !under[definition.Type] && ruledElsewhere[definition.Group] == "" {
			t.Errorf("%s is in no row of the rules", definition.Type)
		}
	}
}

// TestEveryReasonOfDecideIsARule reads the source: a new refusal needs its
// examples.
func TestEveryReasonOfDecideIsARule(t *testing.T) {
	t.Parallel()
	catalogue, err := os.ReadFile("../refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	value := map[string]events.Reason{}
	for _, m := range regexp.MustCompile(`(Reason\w+)\s+Reason = "(\w+)"`).FindAllSubmatch(catalogue, -1) {
		value[string(m[1])] = events.Reason(m[2])
	}
	all := rules()
	for _, file := range []string{"decide.go", "carryover.go", "../control/decide.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		used := regexp.MustCompile(`events\.(Reason\w+)`).FindAllSubmatch(source, -1)
		if len(used) == 0 {
			t.Fatalf("%s names no reason", file)
		}
		for _, m := range used {
			reason := value[string(m[1])]
			if !slices.ContainsFunc(all, func(r rule) bool { return r.reason == reason }) {
				t.Errorf("%s (%q) is the reason of no rule", m[1], reason)
			}
		}
	}
}

func TestRulesPageIsUpToDate(t *testing.T) {
	t.Parallel()
	want := page(rules())
	if *update {
		if err := os.WriteFile(rulesPage, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(rulesPage); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is out of date (%v): run go test ./events/budget -update", rulesPage, err)
	}
}

// page writes the rules as people read them.
func page(all []rule) []byte {
	var b bytes.Buffer
	b.WriteString("# Rules\n\n" +
		"What an event must keep to be recorded. Every row was run: `go test ./events/budget -update` writes this page\n" +
		"from the tests that accept and refuse these cases. A refusal carries the code and the reason, and the figures that\n" +
		"it rests on. That an event is well formed comes before: see [events](events/README.md). Beside \u26a0 the event is taken\n" +
		"all the same, and its answer says the warning. Who may post an event, and what waits for a second person, is for the\n" +
		"packages [access](../events/access/access.go) and [review](../events/review/review.go) to say.\n\n" +
		"| Rule | Event types | Accepted | Refused | Code · reason |\n|---|---|---|---|---|\n")
	for i, rule := range all {
		mark := map[verdict]string{warned: "⚠ "}[rule.verdict]
		for _, group := range grouped(rule.rows) {
			fmt.Fprintf(&b, "| [%d](#rule-%d) %s | %s | %s | %s%s | `%s` · `%s` |\n", i+1, i+1, rule.name, strings.Join(group.types, ", "),
				group.accepted.says, mark, group.refused.says, rule.code, rule.reason)
		}
	}
	b.WriteString("\n## Why\n\n")
	for i, rule := range all {
		fmt.Fprintf(&b, "%d. <a id=\"rule-%d\"></a>**%s.** %s\n", i+1, i+1, rule.name, rule.says)
	}
	b.WriteString("\n## Rules by event type\n\n| Event type | Rules |\n|---|---|\n")
	for _, definition := range events.Definitions() {
		var numbers []string
		for i, rule := range all {
			if slices.ContainsFunc(rule.rows, func(r row) bool { return r.eventType() == definition.Type }) {
				numbers = append(numbers, fmt.Sprintf("[%d](#rule-%d)", i+1, i+1))
			}
		}
		if other := ruledElsewhere[definition.Group]; other != "" {
			numbers = append(numbers, fmt.Sprintf("see package [%s](../%s)", path.Base(other), other))
		}
		fmt.Fprintf(&b, "| `%s` %s | %s |\n", definition.Type.Noun(), definition.Zh, strings.Join(numbers, " "))
	}
	return b.Bytes()
}

// group is what rows that say the same have in common.
type group struct {
	types             []string
	accepted, refused example
}

func grouped(rows []row) []group {
	var groups []group
	for _, row := range rows {
		name := "`" + row.eventType().Noun() + "`"
		i := slices.IndexFunc(groups, func(g group) bool {
			return g.accepted.says == row.accepted.says && g.refused.says == row.refused.says
		})
		if i < 0 {
			i, groups = len(groups), append(groups, group{nil, row.accepted, row.refused})
		}
		if !slices.Contains(groups[i].types, name) {
			groups[i].types = append(groups[i].types, name)
		}
	}
	return groups
}
