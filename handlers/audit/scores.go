package audit

import (
	"math/big"
	"slices"
	"strings"

	"github.com/outturn/outturn/events/money"
)

// whole is the sum of a form's weights.
var whole = big.NewRat(100, 1)

// fractional says that the form weighs in fractions of one instead of points.
func (p *page) fractional() bool {
	if p.totalWeight.printed() {
		return p.totalWeight.value.Cmp(one) == 0
	}
	if sum := p.weights(); sum.Cmp(one) <= 0 && sum.Sign() > 0 {
		return true
	}
	return false
}

// weights adds up all weights that are printed.
func (p *page) weights() *big.Rat {
	sum := add(p.weight.orZero())
	for _, row := range p.items {
		sum.Add(sum, row.weight.orZero())
	}
	return sum
}

func (p *page) scores() *big.Rat {
	sum := add(p.score.orZero())
	for _, row := range p.items {
		sum.Add(sum, row.score.orZero())
	}
	return sum
}

// weighed says that every indicator has a weight that can be read.
func (p *page) weighed() bool {
	return len(p.items) > 0 && !slices.ContainsFunc(p.items, func(row *item) bool { return !row.weight.printed() && !row.notApplicable() })
}

// headMissing says that the form's head with the execution rate is cut off.
func (p *page) headMissing() bool { return p.total == nil && !p.weight.printed() }

// weightSum: the weights add up to the printed total, which is 100.
func weightSum(p *page, l *ledger) {
	if !p.weighed() || p.fractional() || p.headMissing() || !p.weight.blank && !p.weight.printed() {
		return
	}
	sum := p.weights()
	f := found{form: p.ID, where: p.totalWeight.where, severity: Wrong, printed: p.totalWeight.raw, derived: short(sum, money.MaxDigits),
		message: "sum", cells: p.scoredCells("weight", p.weight.where)}
	switch {
	case !p.totalWeight.printed() && (!p.totalWeight.blank || !p.totalScore.printed() || !p.weight.printed() || sum.Cmp(whole) == 0):
		return
	case !p.totalWeight.printed():
		f.severity, f.message = Info, "hundred"
	case sum.Cmp(p.totalWeight.value) == 0 && sum.Cmp(whole) == 0:
		l.agree()
		return
	case sum.Cmp(p.totalWeight.value) == 0:
		f.severity, f.message = Info, "hundred"
	case new(big.Rat).Sub(sum, p.weight.orZero()).Cmp(p.totalWeight.value) == 0:
		return // the total row counts the indicators only
	case p.weight.blank && sum.Cmp(p.totalWeight.value) < 0:
		return // the rate's own weight is not printed
	}
	l.add(f)
}

// scoredCells lists the execution cell and the same cell of every indicator.
func (p *page) scoredCells(name, execution string) []string {
	cells := []string{execution}
	for _, row := range p.items {
		cells = append(cells, row.cell(name))
	}
	return cells
}

// scoresCut says that most weighted rows have no score: the column is not there
// or was cut off, and nothing is said about it.
func (p *page) scoresCut() bool {
	blank, scored := 0, 0
	for _, row := range p.items {
		switch {
		case !row.weight.positive() || row.notApplicable():
		case row.score.printed():
			scored++
		default:
			blank++
		}
	}
	return scored == 0 || blank > scored
}

// scoreBlank: every row that carries weight has a score.
func scoreBlank(p *page, l *ledger) {
	if p.scoresCut() {
		return
	}
	if p.weight.positive() && p.score.blank && p.total != nil && p.sum(executed).printed() {
		l.add(found{form: p.ID, where: p.score.where, severity: Wrong, printed: p.score.raw, message: "execution",
			params: []string{"weight", p.weight.raw}, cells: []string{p.weight.where}})
	}
	for _, row := range p.itemsBeforeCut() {
		if !row.weight.positive() || row.notApplicable() {
			continue
		}
		if !row.score.blank {
			l.agree()
			continue
		}
		l.add(found{form: p.ID, where: row.score.where, severity: Wrong, printed: row.score.raw, message: "found",
			params: []string{"name", row.name(), "weight", row.weight.raw}, cells: []string{row.weight.where}})
	}
}

// itemsBeforeCut leaves out the last rows without a score where the form breaks
// off before its total.
func (p *page) itemsBeforeCut() []*item {
	end := len(p.items)
	for !p.totalScore.printed() && end > 0 && p.items[end-1].score.blank {
		end--
	}
	return p.items[:end]
}

// scoreSum: the total is the execution points and the scores of all rows.
func scoreSum(p *page, l *ledger) {
	if !p.totalScore.printed() || !p.canAddScores() {
		return
	}
	sum := p.scores()
	if sum.Cmp(p.totalScore.value) == 0 {
		l.agree()
		return
	}
	if p.explainsTotal(sum) {
		return
	}
	f := found{form: p.ID, where: p.totalScore.where, severity: Wrong, printed: p.totalScore.raw, derived: short(sum, money.MaxDigits), message: "sum",
		params: []string{"gap", short(distance(sum, p.totalScore.value), money.MaxDigits)}, cells: p.scoredCells("score", p.score.where)}
	if p.roundedTotal(sum) {
		f.severity, f.message = Info, "rounded"
	}
	l.add(f)
}

// canAddScores says that all scores are there to be added.
func (p *page) canAddScores() bool {
	if len(p.items) == 0 || p.fractional() || !p.score.printed() && !p.score.blank {
		return false
	}
	weighed := p.weighed()
	if weighed && p.scoresCut() {
		return false
	}
	for _, row := range p.items {
		if row.score.printed() || row.notApplicable() {
			continue
		}
		if !row.score.blank || !weighed {
			return false
		}
	}
	return true
}

// explainsTotal says that the total differs from the sum for a reason that is
// none of the scores' fault: rows are missing whose weight would make up the
// difference, the total counts the indicators only, or the points were scaled
// to 100 because rows do not apply.
func (p *page) explainsTotal(sum *big.Rat) bool {
	total, of := p.totalScore.value, whole
	if p.totalWeight.printed() {
		of = p.totalWeight.value
	}
	missing := new(big.Rat).Sub(of, p.weights())
	more := new(big.Rat).Sub(total, sum)
	if (p.weighed() || !p.weight.printed()) && missing.Sign() > 0 && more.Sign() > 0 && more.Cmp(missing) <= 0 && (p.headMissing() || !p.weight.printed()) {
		return true
	}
	indicators := new(big.Rat).Sub(p.weights(), p.weight.orZero())
	if p.weighed() && indicators.Cmp(of) == 0 && new(big.Rat).Sub(sum, p.score.orZero()).Cmp(total) == 0 {
		return true
	}
	return p.scaledTotal(sum, of)
}

func (p *page) scaledTotal(sum, of *big.Rat) bool {
	applicable := add(p.weight.orZero())
	for _, row := range p.items {
		if !row.notApplicable() {
			applicable.Add(applicable, row.weight.orZero())
		}
	}
	if !p.weighed() || applicable.Sign() == 0 || applicable.Cmp(of) == 0 {
		return false
	}
	scaled := new(big.Rat).Quo(new(big.Rat).Mul(sum, of), applicable)
	return compare(scaled, p.totalScore.value, p.totalScore.digits) == rounded
}

// roundedTotal says that rounding explains the total: it has fewer digits than
// the scores, or the execution points have fewer than the total.
func (p *page) roundedTotal(sum *big.Rat) bool {
	if compare(sum, p.totalScore.value, p.totalScore.digits) == rounded {
		return true
	}
	return p.score.printed() && p.score.digits > 0 && p.score.digits < p.totalScore.digits &&
		distance(sum, p.totalScore.value).Cmp(half(step(p.score.digits))) <= 0
}

// gradeEdges are the lowest scores of 优, 良 and 中; what is below is 差.
var gradeEdges = []struct {
	from  int64
	names []string
}{
	{90, []string{"优", "优秀"}}, {80, []string{"良", "良好"}}, {60, []string{"中", "中等"}}, {0, []string{"差", "较差"}},
}

// grade: 优 from 90, 良 from 80, 中 from 60, 差 below, edges included.
func grade(p *page, l *ledger) {
	if !p.totalScore.printed() || p.totalWeight.printed() && p.totalWeight.value.Cmp(whole) != 0 {
		return
	}
	printed, known := strings.Trim(tidy(p.Total.Grade.Printed), "“”\"()级等 "), false
	for _, edge := range gradeEdges {
		known = known || slices.Contains(edge.names, printed)
	}
	if !known {
		return
	}
	for _, edge := range gradeEdges {
		if p.totalScore.value.Cmp(big.NewRat(edge.from, 1)) < 0 {
			continue
		}
		if slices.Contains(edge.names, printed) {
			l.agree()
			return
		}
		l.add(found{form: p.ID, where: "total.grade", severity: Scoring, printed: p.Total.Grade.Printed, derived: edge.names[0], message: "found",
			params: []string{"score", p.totalScore.raw}, cells: []string{p.totalScore.where}})
		return
	}
}
