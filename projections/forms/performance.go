package forms

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
	"github.com/outturn/outturn/projections"
)

// fullWeight is what the weights of a form add up to.
var fullWeight = big.NewRat(performance.FullMarks, 1)

// performance writes the goal, the indicators and the points.
func (w *writer) performance() error {
	records, err := performance.Fold(w.books.about[w.form.Subject])
	if err != nil {
		return err
	}
	s := w.form.Subject
	record := performance.Record{}
	if found := records[performance.Key{Kind: s.Kind, ID: s.ID, Year: s.Year}]; found != nil {
		record = *found
	}
	w.goal(record)
	record.Indicators = grouped(record.Indicators)
	facts, err := w.facts()
	if err != nil {
		return err
	}
	rows := record.Rows(facts)
	var scored performance.Evaluation
	if w.template.Scoring != nil {
		scored = w.template.Scoring.Evaluate(w.total.Rate(), rows)
	}
	for i, indicator := range record.Indicators {
		var result *performance.Result
		if w.template.Scoring != nil {
			result = &scored.Rows[i]
		}
		w.indicator(indicator, rows[i], result)
	}
	if len(record.Indicators) == 0 {
		w.warn(NoIndicators, "indicators")
	}
	w.reason()
	if w.template.Scoring != nil {
		w.points(scored, rows)
	}
	return nil
}

// goal writes the year's goal.
func (w *writer) goal(r performance.Record) {
	statement := func(name string, said *performance.Statement, missing WarningCode) *string {
		if said == nil {
			w.warn(missing, name)
			return nil
		}
		return w.put(name, Cell{Printed: string(said.Text), Events: append(slices.Clone(said.Earlier), said.Sequence)})
	}
	w.form.Goal.Expected = statement("goal.expected", r.Expected, GoalNotSet)
	w.form.Goal.Actual = statement("goal.actual", r.Actual, GoalNotReported)
}

// grouped puts the indicators of one level beside each other, each level where
// its first indicator stood.
func grouped(all []performance.Indicator) []performance.Indicator {
	rank := map[[2]events.Text]int{}
	for i, indicator := range all {
		for _, level := range [][2]events.Text{{indicator.Definition.Level1}, {indicator.Definition.Level1, indicator.Definition.Level2}} {
			if _, seen := rank[level]; !seen {
				rank[level] = i
			}
		}
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b performance.Indicator) int {
		x, y := a.Definition, b.Definition
		if byFirst := compare(rank[[2]events.Text{x.Level1}], rank[[2]events.Text{y.Level1}]); byFirst != 0 {
			return byFirst
		}
		return compare(rank[[2]events.Text{x.Level1, x.Level2}], rank[[2]events.Text{y.Level1, y.Level2}])
	})
	return sorted
}

// indicator writes a row; result is nil for a form without points.
func (w *writer) indicator(i performance.Indicator, row performance.Row, result *performance.Result) {
	set, name := i.Definition, fmt.Sprintf("indicators.%d.", len(w.form.Indicators))
	written := IndicatorRow{
		Level1: string(set.Level1), Level2: string(set.Level2), Level3: string(set.Level3), Indicator: set.Indicator,
		Operator: textOf(operatorText(set.Operator)), MeasuringUnit: textOf(set.MeasuringUnit), Core: set.Core, Computed: row.IsComputed,
		AdjustedTarget: textOf(w.beside(set, set.AdjustedTarget)),
	}
	written.Target = w.put(name+Target, Cell{Printed: w.target(i), Events: i.Sets})
	if actual, ok := w.actual(i, row); ok {
		written.Actual = w.put(name+Actual, actual)
	}
	if note, from := noteOf(i); note != "" {
		written.Note = w.put(name+Note, Cell{Printed: string(note), Events: []uint64{from}})
	}
	if result != nil {
		w.score(&written, name, i, *result)
	}
	if w.asksFor(written, result) {
		w.warn(NotReported, name+Actual)
	}
	w.form.Indicators = append(w.form.Indicators, written)
}

// asksFor says whether an indicator should have an actual value and has none.
func (w *writer) asksFor(row IndicatorRow, result *performance.Result) bool {
	return row.Actual == nil && (result == nil || result.Applicable)
}

// operatorText is how forms write an operator.
func operatorText(o events.Operator) string {
	if o == events.Qualitative {
		return "定性"
	}
	return string(o)
}

// target is the target as the form prints it: the one that counts or, where the
// form has a column for the adjusted one, the first.
func (w *writer) target(i performance.Indicator) string {
	if w.template.hasIndicatorColumn(AdjustedTarget) {
		return w.beside(i.Definition, i.Definition.Target)
	}
	return w.beside(i.Definition, i.EffectiveTarget())
}

// beside is a target without what stands in columns of its own. Where the unit is
// not a part of the target, operator and unit are put to it: "≥" "95" "%"; else
// it was written as the form prints it.
func (w *writer) beside(set events.IndicatorSet, target events.Text) string {
	text := string(target)
	if text == "" {
		return ""
	}
	bare := strings.TrimSpace(strings.TrimPrefix(text, string(set.Operator)))
	if set.MeasuringUnit != "" && !w.template.hasIndicatorColumn(MeasuringUnit) && !strings.HasSuffix(text, string(set.MeasuringUnit)) {
		text, bare = text+string(set.MeasuringUnit), bare+string(set.MeasuringUnit)
		if set.Operator == events.AtLeast || set.Operator == events.AtMost {
			text = string(set.Operator) + bare
		}
	}
	if w.template.hasIndicatorColumn(Operator) {
		return bare
	}
	return text
}

// actual is the actual value: the latest report, or the figure of the books.
func (w *writer) actual(i performance.Indicator, row performance.Row) (Cell, bool) {
	switch latest := i.Latest(); {
	case row.IsComputed && row.Computed == nil:
		return Cell{Printed: w.template.Marks.NotApplicable}, true
	case row.IsComputed:
		return w.computed(*row.Computed), true
	case latest != nil:
		cell := Cell{Printed: string(latest.Actual)}
		for _, report := range i.Reports {
			cell.Events = append(cell.Events, report.Sequence)
		}
		return cell, true
	}
	return Cell{}, false
}

// computed is the cell of an indicator that is a figure of the books.
func (w *writer) computed(figure performance.Figure) Cell {
	if figure.Fraction.OK() {
		measures := Rate
		if figure.Of == events.ComputedAdjustmentRate {
			measures = FullYear
		}
		cell := w.ratio(measures, figure.Fraction, w.all())
		if figure.Of == events.ComputedThreePublic {
			cell.Query, cell.Measures = w.scope, nil // of single economic classes, which no query finds
		}
		return cell
	}
	cell := Number{Rounding: money.HalfUp}.cell(figure.Value.Number)
	cell.Printed += figure.Value.Unit
	for _, change := range w.form.Changes {
		if isAdjustment(change) && !slices.Contains(cell.Events, change.Sequence) {
			cell.Events = append(cell.Events, change.Sequence)
		}
	}
	return cell
}

// noteOf is the reason for a deviation and the event that states it: that of the
// score or, without one, of the latest report.
func noteOf(i performance.Indicator) (events.Note, uint64) {
	if i.Score != nil && i.Score.Reason != "" {
		return i.Score.Reason, i.Score.Sequence
	}
	if latest := i.Latest(); latest != nil {
		return latest.Note, latest.Sequence
	}
	return "", 0
}

// score writes the points of a row and what they ask for.
func (w *writer) score(row *IndicatorRow, name string, i performance.Indicator, r performance.Result) {
	points := func(value *big.Rat, sequences []uint64) Cell {
		cell := w.template.points().cell(value)
		cell.Events = sequences
		return cell
	}
	row.Weight = w.put(name+Weight, points(r.Weight, i.Sets))
	if r.Points != nil {
		row.Score = w.put(name+Score, points(r.Points, i.Sequences()))
	}
	if r.Coefficient != nil {
		row.Coefficient = w.put(name+Coefficient, points(r.Coefficient, i.Sequences()))
	}
	switch {
	case r.Applicable && r.Points == nil && r.Why != performance.NotReported:
		w.warn(NotScored, name+Score)
	case !r.NeedsReason || row.Note != nil:
	case r.RuleWhy == performance.Overshoot || r.RuleWhy == performance.EqualExceeded:
		w.warn(OvershootWithoutReason, name+Actual)
	default:
		w.warn(DeviationWithoutReason, name+Score)
	}
}

// reason writes why the rate is what it is: forms ask for it beside the money,
// and units give it where the execution rate is an indicator.
func (w *writer) reason() {
	for _, row := range w.form.Indicators {
		if row.Note != nil && strings.Contains(row.Level3, "执行率") {
			w.form.Execution.Reason = row.Note
			break
		}
	}
	if w.template.ReasonBelow != "" && below(w.total.Rate(), w.template.ReasonBelow) && w.form.Execution.Reason == nil {
		w.warn(RateWithoutReason, "execution.rate")
	}
}

// points writes the points of execution and the total.
func (w *writer) points(e performance.Evaluation, rows []performance.Row) {
	number, declared := w.template.points(), new(big.Rat)
	var weights, scores []string
	if e.ExecutionWeight != nil {
		w.form.Execution.Weight = w.put("execution.weight", number.cell(e.ExecutionWeight))
		w.form.Execution.Score = w.put("execution.score", madeOf(number.cell(e.Execution), Rate, w.all()))
		weights, scores = append(weights, "execution.weight"), append(scores, "execution.score")
	}
	if w.template.Scoring.ExecutionWeight != "" {
		declared.Add(declared, rat(string(w.template.Scoring.ExecutionWeight)))
	}
	for i, row := range rows {
		declared.Add(declared, row.Weight)
		weights = append(weights, fmt.Sprintf("indicators.%d.weight", i))
		if e.Rows[i].Points != nil {
			scores = append(scores, fmt.Sprintf("indicators.%d.score", i))
		}
	}
	if declared.Cmp(fullWeight) != 0 {
		w.warn(WeightsIncomplete, "total.weight")
	}
	weight, score := number.cell(e.Weight), number.cell(e.Points)
	weight.Of, score.Of = weights, scores
	w.form.Total.Weight, w.form.Total.Score = w.put("total.weight", weight), w.put("total.score", score)
	if w.template.Total.Grade && e.Complete && e.Grade != "" {
		w.form.Total.Grade = w.put("total.grade", Cell{Printed: e.Grade, Of: []string{"total.score"}})
	}
}

// isAdjustment says whether a change counts as an adjustment of the budget
// (预算调整): what is carried over does not.
func isAdjustment(c Change) bool { return c.Measure != budget.CarryoverIn.String() }

// facts are the figures that computed indicators are made of.
func (w *writer) facts() (performance.Facts, error) {
	adjustments := map[uint64]bool{}
	for _, change := range w.form.Changes {
		if isAdjustment(change) {
			adjustments[change.Sequence] = true
		}
	}
	var sums budget.Sums
	for _, line := range w.lines {
		if err := sums.Add(w.books.threePublic[line.Line.ID]); err != nil {
			return performance.Facts{}, err
		}
	}
	threePublic, err := sums.Figures()
	return performance.Facts{
		Initial: w.total.Initial, FullYear: w.total.FullYear, Executed: w.total.Executed, Adjustments: len(adjustments),
		ThreePublicBudget: threePublic.FullYear, ThreePublicExecuted: threePublic.Executed,
	}, err
}

// threePublicClasses are the economic classes of 三公经费: going abroad, buying
// and running cars, receptions.
func threePublicClasses() []events.EconomicClass {
	return []events.EconomicClass{"30212", "31013", "30231", "30217"}
}

// readThreePublic reads the sums of 三公经费 by line, if an indicator is made of
// them.
func (b *books) readThreePublic(ctx context.Context, source Source, q projections.Query) error {
	asked := false
	for _, about := range b.about {
		asked = asked || slices.ContainsFunc(about, func(e events.Event) bool {
			set, ok := e.Data.(events.IndicatorSet)
			return ok && set.Computed == events.ComputedThreePublic
		})
	}
	if !asked {
		return nil
	}
	sequence, all, err := source.SumsByClass(ctx, q, threePublicClasses())
	if err := b.same(sequence, err); err != nil {
		return err
	}
	b.threePublic = map[events.LineID]budget.Sums{}
	for _, row := range all {
		sums := b.threePublic[row.Line]
		if err := sums.Add(row.Sums); err != nil {
			return err
		}
		b.threePublic[row.Line] = sums
	}
	return nil
}
