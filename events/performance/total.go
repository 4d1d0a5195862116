package performance

import (
	"math/big"

	"github.com/outturn/outturn/events/money"
)

// Execution gives the points of the execution rate: weight × the exact fraction,
// from 0 to the weight. They are nil if the rate is not defined (0/0) or the
// rules give no points for it.
func (r Rules) Execution(rate money.Ratio) *big.Rat {
	if r.ExecutionWeight == "" || !rate.OK() {
		return nil
	}
	weight := exact(r.ExecutionWeight)
	points := rate.Times(weight)
	switch {
	case points.Sign() < 0:
		return new(big.Rat)
	case points.Cmp(weight) > 0:
		return weight
	}
	return points
}

// Evaluation is a form's score.
type Evaluation struct {
	// Execution are the exact points of the execution rate and ExecutionWeight is
	// its weight; both are nil if the rules give none or the rate is not defined.
	Execution, ExecutionWeight *big.Rat
	// Rows are the results in the order of the rows, under their weights after
	// redistribution.
	Rows []Result
	// Weight is the sum of the weights that count.
	Weight *big.Rat
	// Points are the total: what is printed or, for [Exact], the exact sum. Printed
	// is the total as the form shows it.
	Points  *big.Rat
	Printed string
	Grade   string
	// Complete says that every applicable row has points. Without, the total counts
	// nothing for the rows that a person still has to score.
	Complete bool
}

// Evaluate scores a form's rows and its execution rate. The weight of a rate that
// is not defined goes the way of a row that is 不适用.
func (r Rules) Evaluate(rate money.Ratio, rows []Row) Evaluation {
	e := Evaluation{Execution: r.Execution(rate), Weight: new(big.Rat), Complete: true}
	shares := make([]Share, len(rows), len(rows)+1)
	for i, row := range rows {
		e.Rows = append(e.Rows, r.Score(row))
		shares[i] = Share{row.Level1, row.Weight, e.Rows[i].Applicable}
	}
	switch {
	case e.Execution != nil:
		e.ExecutionWeight = exact(r.ExecutionWeight)
		e.Weight.Set(e.ExecutionWeight)
	case r.ExecutionWeight != "":
		shares = append(shares, Share{Weight: exact(r.ExecutionWeight)})
	}
	weights, reduced := r.Distribute(shares), false
	for i, share := range shares {
		reduced = reduced || !share.Applicable
		e.Weight.Add(e.Weight, weights[i])
	}
	for i := range e.Rows {
		e.Rows[i] = e.Rows[i].at(weights[i])
		e.Complete = e.Complete && (e.Rows[i].Points != nil || !e.Rows[i].Applicable)
	}
	r.total(&e, reduced)
	return e
}

// total adds up an evaluation, which may be reduced by what is 不适用, and grades
// it.
func (r Rules) total(e *Evaluation, reduced bool) {
	sum := new(big.Rat)
	add := func(points *big.Rat) {
		switch {
		case points == nil:
		case r.SumOf == Printed:
			sum.Add(sum, r.rounded(points))
		default:
			sum.Add(sum, points)
		}
	}
	add(e.Execution)
	for _, row := range e.Rows {
		add(row.Points)
	}
	if r.NotApplicable == Scale && reduced && e.Weight.Sign() > 0 {
		sum.Mul(sum, new(big.Rat).Quo(big.NewRat(FullMarks, 1), e.Weight))
		if r.SumOf == Printed {
			sum = r.rounded(sum)
		}
	}
	e.Points, e.Printed, e.Grade = sum, r.Print(sum), r.Grade(sum)
}

// rounded is the number that is printed.
func (r Rules) rounded(points *big.Rat) *big.Rat {
	printed, _ := new(big.Rat).SetString(r.Print(points))
	return printed
}

// Rows are the rows of a record's indicators, in their order, with the actual
// values of computed ones made of the facts. A nil record has none.
func (r *Record) Rows(f Facts) []Row {
	if r == nil {
		return nil
	}
	rows := make([]Row, len(r.Indicators))
	for n, i := range r.Indicators {
		rows[n] = i.row(f)
	}
	return rows
}

func (i Indicator) row(f Facts) Row {
	set := i.Definition
	row := Row{
		Level1: string(set.Level1), Operator: set.Operator, Target: string(i.EffectiveTarget()), Unit: string(set.MeasuringUnit),
		Weight: exact(set.Weight), IsComputed: set.Computed != "",
	}
	if figure, ok := Compute(set.Computed, f); ok {
		row.Computed = &figure
	}
	if latest := i.Latest(); latest != nil {
		row.Actual = string(latest.Actual)
	}
	if score := i.Score; score != nil {
		row.Score = &HandScore{Points: exact(score.Points), Grade: string(score.Grade), Reason: string(score.Reason), Outdated: score.Outdated}
	}
	return row
}
