package performance

import (
	"math/big"

	"github.com/outturn/outturn/events"
)

// Row is an indicator as it is scored: recorded in the log ([Record.Rows]) or
// typed on a form.
type Row struct {
	Level1   string
	Operator events.Operator
	// Target and Actual are as written; Unit is that of a number without one.
	Target, Actual, Unit string
	Weight               *big.Rat
	// Computed is the actual value of a computed indicator, in place of Actual; it
	// is nil if the figure is not defined. IsComputed says that it is one.
	IsComputed bool
	Computed   *Figure
	// Score is the score by hand, or nil.
	Score *HandScore
}

// HandScore is a score that somebody gave.
type HandScore struct {
	Points *big.Rat
	Grade  string
	Reason string
	// Outdated says that the indicator changed since; the score does not count.
	Outdated bool
}

// Why says in a code how points were found, or why there are none.
type Why string

// The codes. Those of the second group have no points: a person has to score the
// row.
const (
	Met              Why = "met"                // 完成指标值
	UnmetInPart      Why = "unmet_proportional" // weight × actual/target, or nothing
	Overshoot        Why = "overshoot"          // far above the target: why?
	EqualExceeded    Why = "equal_exceeded"     // above a target of =: full points, why?
	AtMostExceeded   Why = "at_most_exceeded"   // weight × target/actual, or nothing
	ZeroTarget       Why = "zero_target"        // a target of 0 that has no proportion
	QualitativeBand  Why = "qualitative_band"   // by hand, in the band of its grade
	OutsideBand      Why = "outside_band"       // by hand, outside the band of its grade
	UnknownGrade     Why = "unknown_grade"      // by hand, in a grade that the form does not have
	ScoredByHand     Why = "scored_by_hand"     // a quantitative indicator, by hand
	AboveWeight      Why = "above_weight"       // by hand, cut to the weight
	NotApplicableRow Why = "not_applicable"     // 不适用: no weight, no points

	NotReported     Why = "not_reported"     // no actual value, or no figure for it
	NotScored       Why = "not_scored"       // a qualitative indicator without a score
	ScoreOutdated   Why = "score_outdated"   // the indicator changed after its score
	UnitsDiffer     Why = "units_differ"     // target and actual are not of one quantity
	Unreadable      Why = "unreadable"       // no single number can be read
	OperatorsDiffer Why = "operators_differ" // the target's sign is not the indicator's operator
	NegativeTarget  Why = "negative_target"  // missed, and there is no proportion to it
)

// Result is the score of a row.
type Result struct {
	// Points are exact, from 0 to Weight; nil if a person has to score the row, and
	// if it is not applicable.
	Points *big.Rat
	// ByRule are the points that the rule gives a quantitative indicator and RuleWhy
	// says how; nil where it cannot say. They differ from Points where a score by
	// hand counts.
	ByRule  *big.Rat
	RuleWhy Why
	// Weight is the row's, after redistribution in an [Evaluation].
	Weight *big.Rat
	// Coefficient is points / weight in percent (得分系数); nil without points.
	Coefficient *big.Rat
	// Attained is actual / target in percent; nil where there is none.
	Attained *big.Rat
	// Grade is that of a qualitative indicator: the one stated or, without any, the
	// band that the coefficient lies in.
	Grade string
	// Met says that the target is reached.
	Met bool
	// Applicable is false for 不适用.
	Applicable bool
	// NeedsReason says that the rules ask for a reason (not reached, far above the
	// target, outside its band) and none was given.
	NeedsReason bool
	Why         Why
}

// Score scores a row.
func (r Rules) Score(row Row) Result {
	if isNotApplicable(row) {
		return Result{Weight: new(big.Rat), Why: NotApplicableRow, RuleWhy: NotApplicableRow}
	}
	result := Result{Weight: row.Weight, Applicable: true, Why: NotScored}
	if row.Operator != events.Qualitative {
		r.byRule(row, &result)
	}
	r.byHand(row, &result)
	asked := result.Why == Overshoot || result.Why == EqualExceeded || result.Why == OutsideBand ||
		result.RuleWhy == Overshoot || result.RuleWhy == EqualExceeded ||
		result.Points != nil && result.Points.Cmp(result.Weight) < 0
	result.NeedsReason = asked && (row.Score == nil || row.Score.Reason == "")
	return result
}

// isNotApplicable: a row is not applicable if its target or its actual value
// says so, or if both are marks for nothing.
func isNotApplicable(row Row) bool {
	return saysNotApplicable(row.Target) || saysNotApplicable(row.Actual) && !row.IsComputed ||
		IsBlank(row.Target) && IsBlank(row.Actual)
}

// byHand lets a score by hand count where the rules say so.
func (r Rules) byHand(row Row, result *Result) {
	score := row.Score
	switch {
	case score == nil:
		return
	case score.Outdated:
		if result.Points == nil {
			result.Why = ScoreOutdated
		}
		return
	}
	points := score.Points
	capped := points.Cmp(row.Weight) > 0
	if capped {
		points = row.Weight
	}
	if row.Operator == events.Qualitative {
		result.settle(points, QualitativeBand)
		r.grade(row.Score.Grade, result)
	} else if result.Points == nil || r.ByHand == Counts && r.Print(points) != r.Print(result.Points) {
		// A score that prints as the rule's own is the rule's own.
		result.settle(points, ScoredByHand)
	}
	if capped && (result.Why == ScoredByHand || result.Why == QualitativeBand) {
		result.Why = AboveWeight
	}
}

// grade checks the score of a qualitative indicator against its grade's band.
func (r Rules) grade(stated string, result *Result) {
	if result.Coefficient == nil { // weight 0
		result.Grade = stated
		return
	}
	in := r.bandOf(result.Coefficient)
	result.Grade = in.Grade
	result.Met = in.Grade == r.Bands[0].Grade
	if stated == "" {
		return
	}
	band, known := r.graded(stated)
	switch {
	case !known:
		result.Grade, result.Why = stated, UnknownGrade
	case band.Grade != in.Grade:
		result.Grade, result.Why = band.Grade, OutsideBand
		result.Met = band.Grade == r.Bands[0].Grade
	}
}

// settle sets the points that count.
func (result *Result) settle(points *big.Rat, why Why) {
	result.Points, result.Why, result.Coefficient = points, why, nil
	if result.Weight.Sign() > 0 {
		result.Coefficient = new(big.Rat).Quo(points, result.Weight)
		result.Coefficient.Mul(result.Coefficient, hundred)
	}
}

// at is the result under another weight: the same coefficient of it.
func (result Result) at(weight *big.Rat) Result {
	if !result.Applicable || result.Weight.Sign() == 0 {
		return result
	}
	factor := new(big.Rat).Quo(weight, result.Weight)
	for _, points := range []**big.Rat{&result.Points, &result.ByRule} {
		if *points != nil {
			*points = new(big.Rat).Mul(*points, factor)
		}
	}
	result.Weight = weight
	return result
}
