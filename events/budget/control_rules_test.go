package budget_test

import (
	"github.com/outturn/outturn/events"
)

// controlRules are those of package control about availability. They are tested
// beside those of budgets, so that one page has them all.
func controlRules() []rule {
	under := func(availability events.Availability, members ...any) []said {
		control := setControl("bureau", "c", availability)
		for i := 0; i+1 < len(members); i += 2 {
			control = control.with(members[i].(string), members[i+1])
		}
		return given(control)
	}
	strict := func(s sample) row {
		return row{append(under(events.Allow), s.given...), example{"what is there", nil, s.event.with("amount", "100.00")}, example{"0.01 more than is there", nil, s.event.with("amount", "100.01")}}
	}
	return []rule{
		{"A control that is removed is set", "Its code is its unit's own. Set again, a control takes the place of the earlier one of its code.", events.CodeUnknownControl, events.ReasonUnknownControl, []row{
			{under(events.Warn), example{"where it was set", nil, removeControl("bureau", "c")}, example{"at a unit under it", nil, removeControl("station", "c")}},
			{under(events.Warn), example{"once", nil, removeControl("bureau", "c")}, example{"again", given(removeControl("bureau", "c")), removeControl("bureau", "c")}}}, refused},
		{"An override is granted once on its line", "Its code stays taken when it has ended.", events.CodeAlreadyRegistered, events.ReasonOverrideTaken, []row{
			{given(override("o", "a", "1.00", day)), example{"the same code on another line", nil, override("o", "b", "1.00", day)}, example{"on the same line", nil, override("o", "a", "1.00", day)}},
			{given(override("o", "a", "1.00", day), endOverride("o", "a")), example{"another code", nil, override("p", "a", "1.00", day)}, example{"the code of one that has ended", nil, override("o", "a", "1.00", day)}}}, refused},
		{"An override that ends was granted", "And has not ended yet.", events.CodeUnknownOverride, events.ReasonUnknownOverride, []row{
			{given(override("o", "a", "1.00", day)), example{"one that holds", nil, endOverride("o", "a")}, example{"of another line", nil, endOverride("o", "b")}},
			{given(override("o", "a", "1.00", day)), example{"once", nil, endOverride("o", "a")}, example{"again", given(endOverride("o", "a")), endOverride("o", "a")}}}, refused},
		{"Under a control, a pool's balance falls no further than is tolerated", "The tolerance is the larger of an amount and a percentage of the pool's full-year budget, and the overrides of its lines that hold on the event's date come on top. A pool is the line, or the project's lines of one class or of all, of one year, unit, fund and vintage. Of several controls that of the nearest unit holds, then the most special one.",
			events.CodeInsufficientFunds, events.ReasonInsufficientFunds, []row{
				{under(events.Reject, "tolerance_amount", "10.00"), example{"up to the tolerated amount", nil, pay("p", "a", "110.00")}, example{"0.01 more", nil, pay("p", "a", "110.01")}},
				{under(events.Reject, "tolerance_percent", "2.5"), example{"up to the tolerated percentage", nil, commit("c", "a", "102.50")}, example{"0.01 more", nil, commit("c", "a", "102.51")}},
				{under(events.Reject, "tolerance_percent", "50"), example{"down to a budget of nothing", nil, reduce("a", "100.00")}, example{"further: a percentage of nothing is nothing", nil, reduce("a", "100.01")}},
				{under(events.Reject, "tolerance_amount", "10.00", "tolerance_percent", "2.5"), example{"up to the larger tolerance", nil, freeze("a", "110.00")}, example{"0.01 more", nil, freeze("a", "110.01")}},
				{under(events.Reject, "pool", "project"), example{"what another line of the project has", nil, pay("p", "a2", "100.00")}, example{"0.01 more", nil, pay("p", "a2", "100.01")}},
				{under(events.Reject, "pool", "project"), example{"what the project has", nil, pay("p", "a", "100.00")}, example{"what the line has and the project no more", given(pay("q", "a2", "0.01")), pay("p", "a", "100.00")}},
				{append(under(events.Reject, "pool", "class"), line("a3", "station", 2023, 2023).with("economic_class", "30216")), example{"what a line of the same 类 has", nil, pay("p", "a3", "100.00")}, example{"what only a line of another 类 has", nil, pay("p", "a2", "100.00")}},
				{under(events.Reject, "pool", "project"), example{"what a line of the same vintage has", nil, commit("c", "a2", "14.00")}, example{"with a line of another vintage", given(pay("q", "a", "100.00")), commit("c", "a2", "13.98")}},
				{given(override("o", "a", "10.00", "2023-06-30")), example{"on the override's last day", nil, pay("p", "a", "110.00").on("2023-06-30")}, example{"the day after", nil, pay("p", "a", "110.00").on("2023-07-01")}},
				{given(override("o", "a", "10.00", "2023-06-30")), example{"up to the override", nil, pay("p", "a", "110.00")}, example{"once it has ended", given(endOverride("o", "a")), pay("p", "a", "110.00")}},
				{append(under(events.Reject, "tolerance_amount", "5.00"), override("o", "a", "10.00", "2023-06-30")), example{"up to tolerance and override together", nil, reduce("a", "115.00")}, example{"0.01 more", nil, reduce("a", "115.01")}},
				{append(under(events.Allow), setControl("station", "d", events.Reject)), example{"a unit beside the stricter one", given(line("x", "archive", 2023, 2023)), pay("p", "x", "1.00")}, example{"the unit of the nearer control", nil, pay("p", "a", "100.01")}},
				{under(events.Allow), example{"while it is set", nil, recall("a", "100.01")}, example{"when it is removed", given(removeControl("bureau", "c")), recall("a", "100.01")}},
				{append(under(events.Allow), commit("c", "a", "150.00"), removeControl("bureau", "c")), example{"a negative balance less negative", nil, change("c", "a", "149.99")}, example{"more negative", nil, change("c", "a", "150.01")}},
				{append(under(events.Allow), pay("p", "a", "150.00"), setControl("bureau", "c", events.Reject).with("pool", "project"), pay("p", "b", "1.00")), example{"within a negative pool", nil, move("p", "a", "a2")}, example{"into a negative pool", nil, move("p", "b", "a2")}},
				{append(under(events.Reject, "tolerance_amount", "1.00"), pay("p", "old", "14.00")), example{"confirmed down to what is tolerated", nil, confirm("old", "13.00", 2022)}, example{"0.01 below", nil, confirm("old", "12.99", 2022)}},
				{append(under(events.Reject, "tolerance_amount", "1.00"), pay("p", "b", "1.00")), example{"to a line that tolerates it", nil, move("p", "b", "a2")}, example{"to a line that tolerates less", given(refund("p", "b", "1.00"), pay("q", "a2", "0.01"), pay("r", "b", "1.00")), move("r", "b", "a2")}},
			}, refused},
		{"Money that goes on is there", "Whatever a control says: a transfer, carryover or surplus would else be made out of nothing.", events.CodeInsufficientFunds, events.ReasonInsufficientFunds,
			eachOf([]sample{{nil, transfer("a", "b", "1.00")}, {nil, send("a", "1.00", 2024)}, {nil, returnSurplus("a", "1.00")}}, strict), refused},
		{"Where a control says warn, more than is available is said", "The same figures as in a refusal stand in the answer. Under allow nothing is said.", events.CodeInsufficientFunds, events.ReasonInsufficientFunds, []row{
			{under(events.Warn), example{"exactly what is available", nil, pay("p", "a", "100.00")}, example{"0.01 more", nil, pay("p", "a", "100.01")}},
			{nil, example{"where it is allowed", under(events.Allow), commit("c", "a", "100.01")}, example{"where it is warned of", under(events.Warn), commit("c", "a", "100.01")}}}, warned},
	}
}

// planRules are about payments under a control that limits them by the use plan.
func planRules() []rule {
	limit := func(availability events.Availability, plan events.PlanLimit) said {
		return setControl("bureau", "c", availability).with("plan", string(plan))
	}
	months := given(limit(events.Reject, events.PlanMonth), plan(events.OfLine, "a", "10.00", "10.00", "10.00", "0.00", "0.00", "50.00"))
	quarters := given(limit(events.Reject, events.PlanQuarter), plan(events.OfLine, "a", "0.00", "0.00", "30.00", "0.00", "0.00", "30.00"))
	ofProject := given(limit(events.Reject, events.PlanMonth), plan(events.OfProject, "monitoring", "10.00"))
	return []rule{
		{"Under a plan limit, no more is paid by the end of a period than is planned by then", "Payments less refunds by business date, from January on; by the line's own plan or, if it has none, by its project's, which counts all its lines together. A late payment is held to the later periods, too. Overrides and tolerances are about the budget and not about the plan.",
			events.CodePlanExceeded, events.ReasonPlanExceeded, []row{
				{months, example{"what is planned by the end of the month", nil, pay("p", "a", "30.00").on("2023-03-01")}, example{"0.01 more", nil, pay("p", "a", "30.01").on("2023-03-01")}},
				{months, example{"from the first of the planned month", nil, pay("p", "a", "80.00").on("2023-06-01")}, example{"the day before", nil, pay("p", "a", "80.00").on("2023-05-31")}},
				{quarters, example{"what is planned by the end of the quarter", nil, pay("p", "a", "30.00").on("2023-01-05")}, example{"0.01 more", nil, pay("p", "a", "30.01").on("2023-01-05")}},
				{append(months, pay("p", "a", "30.00").on("2023-03-01")), example{"what came back since", given(refund("p", "a", "5.00").on("2023-03-10")), pay("q", "a", "5.00").on("2023-03-20")}, example{"beside what is paid", nil, pay("q", "a", "5.00").on("2023-03-20")}},
				{months, example{"late, where later months keep to the plan", nil, pay("q", "a", "10.00").on("2023-01-20")}, example{"late, where a later month would not", given(pay("p", "a", "25.00").on("2023-03-01")), pay("q", "a", "10.00").on("2023-01-20")}},
				{append(ofProject, pay("p", "old", "4.00")), example{"what the project's lines left", nil, pay("q", "a", "6.00")}, example{"0.01 more", nil, pay("q", "a", "6.01")}},
				{append(ofProject, plan(events.OfLine, "a", "20.00")), example{"by the line's own plan", nil, pay("q", "a", "20.00")}, example{"0.01 more", nil, pay("q", "a", "20.01")}},
				{append(months, pay("p", "b", "31.00").on("2023-03-01")), example{"what the plan has left", given(refund("p", "b", "1.00").on("2023-03-02")), move("p", "b", "a").on("2023-03-03")}, example{"more than it has", nil, move("p", "b", "a").on("2023-03-03")}},
				{append(ofProject, supplement("a2", "10.00"), pay("p", "a", "10.00")), example{"within the project", nil, move("p", "a", "a2")}, example{"from another project's line", given(project("repair", 2023), line("x", "school", 2023, 2023).with("project", "repair"), supplement("x", "9.00"), pay("q", "x", "9.00")), move("q", "x", "a2")}},
			}, refused},
		{"Under a plan limit there is a plan", "Of the line or of its project, for the year.", events.CodePlanExceeded, events.ReasonPlanMissing, []row{
			{given(limit(events.Reject, events.PlanMonth)), example{"with a plan", given(plan(events.OfLine, "a", "1.00")), pay("p", "a", "1.00")}, example{"without one", nil, pay("p", "a", "1.00")}},
			{given(pay("p", "b", "1.00"), limit(events.Reject, events.PlanQuarter)), example{"to a line with a plan", given(plan(events.OfProject, "monitoring", "2.00")), move("p", "b", "a")}, example{"to a line without one", nil, move("p", "b", "a")}}}, refused},
		{"Where a control says warn, more than is planned is said", "Under allow nothing is said.", events.CodePlanExceeded, events.ReasonPlanExceeded, []row{
			{given(limit(events.Warn, events.PlanMonth), plan(events.OfLine, "a", "10.00")), example{"exactly what is planned", nil, pay("p", "a", "10.00")}, example{"0.01 more", nil, pay("p", "a", "10.01")}},
			{given(plan(events.OfLine, "a", "10.00")), example{"where it is allowed", given(limit(events.Allow, events.PlanMonth)), pay("p", "a", "10.01")}, example{"where it is warned of", given(limit(events.Warn, events.PlanMonth)), pay("p", "a", "10.01")}}}, warned},
	}
}

// adviceRules are only ever warned of.
func adviceRules() []rule {
	return []rule{
		{"The oldest vintage is spent first", "Among lines that are the same but for their vintage. A payment from a newer one is taken, since finance may have decided so.", events.CodeOlderVintageFirst, events.ReasonOlderVintageFirst, []row{
			{nil, example{"from the older line", nil, pay("p", "old", "1.00")}, example{"from the newer line while the older one has money", nil, pay("p", "a", "1.00")}},
			{nil, example{"when the older line is used up", given(pay("q", "old", "13.98")), pay("p", "a", "1.00")}, example{"while it has 0.01 left", given(pay("q", "old", "13.97")), pay("p", "a", "1.00")}},
			{nil, example{"of another economic class", nil, pay("p", "b", "1.00")}, example{"of the same economic class", nil, pay("p", "a", "1.00")}}}, warned},
		{"Money is carried over once", "What is unspent for two consecutive years is taken back on the last day of the second: money of a vintage at the end of the next year. Construction projects are excepted until they are completed, which the books do not know; so it is taken, and said.", events.CodeCarryoverLapsed, events.ReasonCarryoverLapsed, []row{
			{nil, example{"to the year after its vintage", nil, send("a", "1.00", 2024)}, example{"to the second year after it", nil, send("a", "1.00", 2025)}},
			{nil, example{"this year's money", nil, send("a", "1.00", 2024)}, example{"what was carried over before", nil, send("old", "1.00", 2024)}}}, warned},
	}
}
