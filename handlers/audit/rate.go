package audit

import (
	"math/big"

	"github.com/outturn/outturn/events/money"
)

// printedRate is the rate cell read as a percentage or, where it has no sign
// and fits better so, as a fraction of one.
type printedRate struct {
	value  *big.Rat // as printed
	digits int
	factor *big.Rat // 100 for a percentage, 1 for a fraction
}

// percentage is the printed rate in percent.
func (r printedRate) percentage() *big.Rat {
	return new(big.Rat).Mul(r.value, new(big.Rat).Quo(hundred, r.factor))
}

// against says how the printed rate stands to an exact one.
func (r printedRate) against(rate *big.Rat) verdict {
	return compare(new(big.Rat).Mul(rate, r.factor), r.value, r.digits)
}

// readRate reads the rate cell, knowing what the rate should be.
func (p *page) readRate(rate *big.Rat) (printedRate, bool) {
	c := p.rate
	if c.Nature != Number || c.About || c.Bound != Exactly || c.Unit != "" && c.Unit != percent || c.Digits > money.MaxDigits {
		return printedRate{}, false
	}
	inPercent := printedRate{c.Value, c.Digits, hundred}
	asFraction := printedRate{c.Value, c.Digits, big.NewRat(1, 1)}
	inHundreds := new(big.Rat).Mul(rate, hundred)
	if c.Unit == "" && distance(asFraction.percentage(), inHundreds).Cmp(distance(c.Value, inHundreds)) < 0 {
		return asFraction, true
	}
	return inPercent, true
}

// isWhole says that the printed rate is 100 %.
func (r printedRate) isWhole() bool { return r.percentage().Cmp(hundred) == 0 }

var one = big.NewRat(1, 1)

// ratePrecision: 100 % stands only where all was spent to the fen.
func ratePrecision(p *page, l *ledger) {
	rate, known := p.exactRate()
	if !known {
		return
	}
	printed, read := p.readRate(rate)
	if !read || !printed.isWhole() {
		return
	}
	if rate.Cmp(one) >= 0 {
		l.agree()
		return
	}
	if printed.against(rate) != rounded {
		return // RATE-ROUND says so
	}
	exactly := money.Print(new(big.Rat).Mul(rate, hundred), 8-2, money.Truncate)
	l.add(found{form: p.ID, where: "execution.rate", severity: Wrong, printed: p.Execution.Rate.Printed, derived: below100(rate) + percent,
		message: "found", params: []string{"exact", exactly}, cells: []string{p.sum(executed).where, p.base().where}})
}

// below100 prints a rate under one with two digits, or with more where two
// would make it 100.
func below100(rate *big.Rat) string {
	inPercent := new(big.Rat).Mul(rate, hundred)
	for digits := 2; digits < money.MaxDigits; digits++ {
		if text := money.Print(inPercent, digits, money.HalfUp); text[:3] != "100" {
			return text
		}
	}
	return money.Print(inPercent, money.MaxDigits, money.Truncate)
}

// rateRound: the printed rate is executed / budget, rounded half up once.
func rateRound(p *page, l *ledger) {
	rate, known := p.exactRate()
	if !known {
		return
	}
	printed, read := p.readRate(rate)
	if !read || printed.isWhole() && (rate.Cmp(one) >= 0 || printed.against(rate) == rounded) {
		return // right, or RATE-PRECISION's and RATE-EXCEEDS' to judge
	}
	how := printed.against(rate)
	if how == rounded || printed.besideWhole(rate) {
		l.agree()
		return
	}
	f := found{form: p.ID, where: "execution.rate", severity: Wrong, printed: p.Execution.Rate.Printed,
		derived: printed.print(new(big.Rat).Mul(rate, printed.factor), p.rate.Unit), message: "differs",
		params: []string{"executed", p.sum(executed).raw, "budget", p.base().raw, "exact", money.Print(new(big.Rat).Mul(rate, hundred), money.MaxDigits, money.Truncate)},
		cells:  []string{p.sum(executed).where, p.base().where}}
	switch {
	case how == tied:
		f.severity, f.message = Info, "tie"
	case how == truncated:
		f.message = "truncated"
	case p.withinTail(printed.value, printed.digits, printed.factor):
		f.severity, f.message = Info, "tail"
	case p.matchesInitial(printed):
		f.message = "initial"
	}
	l.add(f)
}

// besideWhole says that the rate is printed one step beside 100 % because
// rounding alone would make it 100 % (99.996 % as 99.99 %).
func (r printedRate) besideWhole(rate *big.Rat) bool {
	if rate.Cmp(one) == 0 || compare(new(big.Rat).Mul(rate, r.factor), r.factor, r.digits) != rounded {
		return false
	}
	beside := step(r.digits)
	if rate.Cmp(one) < 0 {
		beside.Neg(beside)
	}
	return add(r.factor, beside).Cmp(r.value) == 0
}

func (r printedRate) print(value *big.Rat, unit string) string {
	return money.Print(value, r.digits, money.HalfUp) + unit
}

// matchesInitial says that the rate is taken against the initial budget.
func (p *page) matchesInitial(printed printedRate) bool {
	before, spent := p.sum(initial), p.sum(executed)
	return before.positive() && printed.against(new(big.Rat).Quo(spent.value, before.value)) == rounded
}

// withinTail says that a printed number can be factor × executed / budget if
// both were rounded to the printed digits from fen.
func (p *page) withinTail(value *big.Rat, digits int, factor *big.Rat) bool {
	if p.tail().Sign() == 0 {
		return false
	}
	tail := half(step(max(p.tailDigits(), 2))) // 3.2 is taken for 3.20
	budget, spent := p.base(), p.sum(executed)
	low := new(big.Rat).Quo(new(big.Rat).Sub(spent.value, tail), new(big.Rat).Add(budget.value, tail))
	narrowed := new(big.Rat).Sub(budget.value, tail)
	if narrowed.Sign() <= 0 {
		return true
	}
	high := new(big.Rat).Quo(new(big.Rat).Add(spent.value, tail), narrowed)
	reach := half(step(digits))
	low = new(big.Rat).Sub(new(big.Rat).Mul(low, factor), reach)
	high = new(big.Rat).Add(new(big.Rat).Mul(high, factor), reach)
	return value.Cmp(low) >= 0 && value.Cmp(high) <= 0
}

// rateExceeds: more was spent than the budget allows.
func rateExceeds(p *page, l *ledger) {
	budget, spent := p.base(), p.sum(executed)
	if !budget.printed() || !spent.printed() {
		return
	}
	if spent.value.Cmp(budget.value) <= 0 {
		l.agree()
		return
	}
	l.add(found{form: p.ID, where: spent.where, severity: Info, printed: spent.raw, derived: budget.raw, message: "found",
		params: []string{"over", p.amount(new(big.Rat).Sub(spent.value, budget.value))}, cells: []string{budget.where, "execution.rate"}})
}

// executionScore: points are weight × executed / budget, at most the weight,
// rounded once.
func executionScore(p *page, l *ledger) {
	if !p.weight.positive() || !p.score.printed() || p.fractional() {
		return
	}
	rate, known := p.exactRate()
	if !known {
		scoreOfPrintedRate(p, l)
		return
	}
	exactly := new(big.Rat).Mul(p.weight.value, least(rate, one))
	f := found{form: p.ID, where: p.score.where, severity: Scoring, printed: p.score.raw,
		derived: money.Print(exactly, max(2, p.score.digits), money.HalfUp), message: "differs",
		params: []string{"weight", p.weight.raw, "executed", p.sum(executed).raw, "budget", p.base().raw},
		cells:  []string{p.weight.where, p.sum(executed).where, p.base().where, "execution.rate"}}
	switch how := compare(exactly, p.score.value, p.score.digits); {
	case how == rounded && (p.score.digits > 0 || compare(exactly, p.score.value, 2) == rounded):
		l.agree()
		return
	case how == rounded:
		f.severity, f.message = Info, "whole"
	case how == tied, how == truncated && p.withinTail(p.score.value, p.score.digits, p.weight.value):
		f.severity, f.message = Info, "rounding"
	case how == truncated:
		f.message = "truncated"
	case p.fromPrintedRate(rate):
		f.message = "twice"
	case p.withinTail(p.score.value, p.score.digits, p.weight.value):
		f.severity, f.message = Info, "tail"
	case p.score.value.Cmp(p.weight.value) > 0:
		f.message = "above"
	}
	l.add(f)
}

// fromPrintedRate says that the points were taken from the printed rate, which
// had been rounded before.
func (p *page) fromPrintedRate(rate *big.Rat) bool {
	printed, read := p.readRate(rate)
	if !read {
		return false
	}
	points := new(big.Rat).Mul(p.weight.value, new(big.Rat).Quo(printed.percentage(), hundred))
	return compare(points, p.score.value, p.score.digits) == rounded
}

// scoreOfPrintedRate judges the points of a form whose money is not there by
// its printed rate, as far as that was rounded.
func scoreOfPrintedRate(p *page, l *ledger) {
	if p.sum(executed).printed() && p.base().printed() || p.rate.Nature != Number || p.rate.Unit != percent || p.rate.Bound != Exactly {
		return
	}
	rate := least(new(big.Rat).Quo(p.rate.Value, hundred), one)
	exactly := new(big.Rat).Mul(p.weight.value, rate)
	reach := add(half(step(p.score.digits)), new(big.Rat).Mul(p.weight.value, half(step(p.rate.Digits+2))))
	if distance(exactly, p.score.value).Cmp(reach) <= 0 {
		l.agree()
		return
	}
	l.add(found{form: p.ID, where: p.score.where, severity: Scoring, printed: p.score.raw, derived: money.Print(exactly, max(2, p.score.digits), money.HalfUp),
		message: "rate", params: []string{"weight", p.weight.raw, "rate", p.rate.Text}, cells: []string{p.weight.where, "execution.rate"}})
}

func least(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) <= 0 {
		return a
	}
	return b
}
