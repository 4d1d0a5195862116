package audit

import (
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/outturn/outturn/events/money"
)

// valueUnit: target and actual value are in the same unit.
func valueUnit(p *page, l *ledger) {
	for _, row := range p.items {
		if row.target.Nature != Number || row.actual.Nature != Number || row.notApplicable() {
			continue
		}
		f := found{form: p.ID, where: row.cell("actual"), printed: row.Actual.Printed, params: []string{"name", row.name(), "target", row.Target.Printed},
			cells: []string{row.cell("target"), row.weight.where, row.score.where}}
		want, have := kindOf(row.target.Unit), kindOf(row.actual.Unit)
		switch {
		case p.pointsAsValue(row):
			f.severity, f.message = Wrong, "points"
		case want != have && isPlainKind(want) && isPlainKind(have):
			f.severity, f.message = Conflict, "kind"
		default:
			if want == have && want != "" {
				l.agree()
			}
			continue
		}
		l.add(f)
	}
}

func isPlainKind(kind string) bool {
	return slices.Contains([]string{"percent", "money", "count"}, kind)
}

// pointsAsValue says that points were typed where a percentage belongs: the
// value has no percent sign, equals the row's weight or score, and as a
// percentage or as a fraction it would not earn that score.
func (p *page) pointsAsValue(row *item) bool {
	if row.target.Unit != percent || row.actual.Nature != Number || row.actual.Unit != "" && row.actual.Unit != points || !row.weight.positive() || !row.score.printed() {
		return false
	}
	same := func(f figure) bool { return f.printed() && f.value.Cmp(row.actual.Value) == 0 }
	if !same(row.weight) && !same(row.score) {
		return false
	}
	asPercent := *row
	asPercent.actual.Unit = percent
	m, measured := measureOf(&asPercent)
	if !measured || m.met() || row.actual.Value.Cmp(one) == 0 {
		return false
	}
	shares, _ := m.admissible(&asPercent)
	return !slices.ContainsFunc(shares, func(share *big.Rat) bool {
		return compare(new(big.Rat).Mul(row.weight.value, share), row.score.value, row.score.digits) == rounded
	})
}

// quantScore: a met target earns the weight, an unmet one its share.
func quantScore(p *page, l *ledger) {
	if p.fractional() {
		return
	}
	for _, row := range p.items {
		if !row.weight.positive() || !row.score.printed() {
			continue
		}
		if row.score.value.Cmp(row.weight.value) > 0 || row.score.value.Sign() < 0 {
			l.add(found{form: p.ID, where: row.score.where, severity: Scoring, printed: row.score.raw, derived: row.weight.raw, message: "above",
				params: []string{"name", row.name(), "weight", row.weight.raw}, cells: []string{row.weight.where}})
			continue
		}
		if !p.pointsAsValue(row) && !row.costUnderTarget() {
			p.scoredByShare(row, l)
		}
	}
}

// costUnderTarget says that a cost in money stayed under a target without an
// operator: whether that is good is for QUAL-BAND to ask.
func (i *item) costUnderTarget() bool {
	m, measured := i.measured()
	return measured && i.onCost() && kindOf(i.target.Unit) == "money" && m.direction == unstated && m.actual.Cmp(m.target) < 0
}

func (p *page) scoredByShare(row *item, l *ledger) {
	m, measured := row.measured()
	if !measured {
		return
	}
	shares, known := m.admissible(row)
	if !known || m.overshoots() && row.score.value.Cmp(row.weight.value) < 0 {
		return
	}
	best := differs
	for _, share := range shares {
		how := compare(new(big.Rat).Mul(row.weight.value, share), row.score.value, p.scoreDigits(row.score))
		if how == rounded {
			l.agree()
			return
		}
		best = max(best, how)
	}
	exactly := new(big.Rat).Mul(row.weight.value, shares[len(shares)-1])
	if m.met() && m.direction != downward {
		exactly = row.weight.value
	}
	f := found{form: p.ID, where: row.score.where, severity: Scoring, printed: row.score.raw, derived: money.Print(exactly, 2, money.HalfUp), message: "unmet",
		params: []string{"name", row.name(), "target", row.Target.Printed, "actual", row.Actual.Printed, "weight", row.weight.raw},
		cells:  []string{row.cell("target"), row.cell("actual"), row.weight.where}}
	if exactly.Cmp(row.weight.value) == 0 {
		f.message = "met"
	}
	if best != differs {
		f.severity, f.message = Info, "rounding"
	}
	l.add(f)
}

// scoreDigits is the precision that a score is held to. Points are exact to
// hundredths unless the form shows that it rounds to fewer digits.
func (p *page) scoreDigits(score figure) int {
	if score.digits > 0 {
		return score.digits
	}
	digits := 0
	for _, row := range p.items {
		if row.score.printed() {
			digits = max(digits, row.score.digits)
		}
	}
	switch {
	case digits > 0:
		return digits
	case p.wholePoints:
		return 0
	}
	return 2
}

// roundsToPoints says that the form shows a habit of rounding to whole points:
// its execution points are rounded so, or two unmet indicators are.
func (p *page) roundsToPoints() bool {
	isWhole := func(exactly *big.Rat, f figure) bool {
		hundredths, _ := new(big.Rat).SetString(money.Print(exactly, 2, money.HalfUp))
		return f.printed() && f.digits == 0 && !hundredths.IsInt() && compare(exactly, f.value, 0) == rounded
	}
	if rate, known := p.exactRate(); known && p.weight.positive() && isWhole(new(big.Rat).Mul(p.weight.value, least(rate, one)), p.score) {
		return true
	}
	count := 0
	for _, row := range p.items {
		m, measured := row.measured()
		if !measured || m.met() || m.about || !row.weight.positive() {
			continue
		}
		if share, defined := m.share(); defined && isWhole(new(big.Rat).Mul(row.weight.value, share), row.score) {
			count++
		}
	}
	return count >= 2
}

// naWeight: a row that does not apply carries no weight and earns no points.
func naWeight(p *page, l *ledger) {
	for _, row := range p.items {
		if !row.notApplicable() {
			continue
		}
		f := found{form: p.ID, where: row.score.where, printed: row.score.raw, derived: "0", params: []string{"weight", row.weight.raw},
			cells: []string{row.weight.where, row.cell("target"), row.cell("actual")}}
		switch {
		case row.score.positive():
			f.severity, f.message = Scoring, "score"
		case row.weight.positive():
			f.severity, f.message, f.where, f.printed = Info, "weight", row.weight.where, row.weight.raw
		default:
			l.agree()
			continue
		}
		l.add(f)
	}
}

// duplicateRate: the execution rate is scored once.
func duplicateRate(p *page, l *ledger) {
	if !p.weight.positive() {
		return
	}
	indicators := new(big.Rat).Sub(p.weights(), p.weight.value)
	if p.weighed() && p.totalWeight.printed() && indicators.Cmp(p.totalWeight.value) == 0 {
		return // the head only repeats the row
	}
	for _, row := range p.items {
		if p.isRate(row) && row.weight.positive() {
			l.add(found{form: p.ID, where: row.where, severity: Scoring, printed: row.weight.raw, derived: "0", message: "found",
				params: []string{"name", row.name(), "weight", row.weight.raw, "head", p.weight.raw}, cells: []string{row.weight.where, p.weight.where}})
		}
	}
}

// baseMismatch: an indicator that states the execution rate states the head's.
func baseMismatch(p *page, l *ledger) {
	rate, known := p.exactRate()
	if !known {
		return
	}
	for _, row := range p.items {
		a := row.actual
		if !p.isRate(row) || a.Nature != Number || a.Unit != percent || a.About || a.Bound != Exactly || a.Digits > money.MaxDigits {
			continue
		}
		fits := func(rate *big.Rat) bool {
			return compare(new(big.Rat).Mul(rate, hundred), a.Value, a.Digits) != differs
		}
		if fits(rate) || p.rate.Nature == Number && p.rate.Unit == percent && p.rate.Value.Cmp(a.Value) == 0 {
			l.agree()
			continue
		}
		f := found{form: p.ID, where: row.cell("actual"), severity: Scoring, printed: row.Actual.Printed,
			derived: money.Print(new(big.Rat).Mul(rate, hundred), 2, money.HalfUp) + percent, message: "open",
			params: []string{"name", row.name(), "executed", p.sum(executed).raw, "budget", p.base().raw},
			cells:  []string{p.sum(executed).where, p.base().where}}
		for _, part := range p.parts {
			spent, budget := part.cells[executed], part.cells[fullYear]
			if spent.printed() && budget.positive() && fits(new(big.Rat).Quo(spent.value, budget.value)) {
				f.message = "part"
				f.params = append(f.params, "part", strings.TrimPrefix(part.label, "其中:"), "partExecuted", spent.raw, "partBudget", budget.raw)
				break
			}
		}
		l.add(f)
	}
}

// Words that make up the name of a cost indicator on the whole budget; a name
// that has others is on a part of it.
var (
	wholeCost = regexp.MustCompile(`预算|控制|范围|以?内|成本|项目|资金|经费|支出|合理|使用|财政|年度|全年|金额|总额|额度|不超|超|数|总|额|在|的|[≤<=]`)
	costEach  = regexp.MustCompile(`人均|每|单位成本|单价|均|标准`)
)

// wholeBudget is the actual value of a cost indicator on the whole budget, in
// the form's unit.
func (p *page) wholeBudget(row *item) (target, actual *big.Rat, digits int, ok bool) {
	a := row.actual
	if !row.onCost() || a.Nature != Number || kindOf(a.Unit) != "money" || a.About || a.Bound != Exactly || costEach.MatchString(row.name()) {
		return nil, nil, 0, false
	}
	if actual, digits = p.ownUnit(a); actual == nil {
		return nil, nil, 0, false
	}
	if row.target.Nature == Number && kindOf(row.target.Unit) == "money" {
		target, _ = p.ownUnit(row.target)
	}
	isSum := func(f figure) bool { return target != nil && f.positive() && f.value.Cmp(target) == 0 }
	if wholeCost.ReplaceAllString(row.name(), "") == "" {
		return target, actual, digits, true
	}
	return target, actual, digits, p.moneyCosts() == 1 && (isSum(p.sum(fullYear)) || isSum(p.sum(initial)))
}

// moneyCosts counts the cost indicators whose value is money.
func (p *page) moneyCosts() int {
	count := 0
	for _, row := range p.items {
		if row.onCost() && row.actual.Nature == Number && kindOf(row.actual.Unit) == "money" {
			count++
		}
	}
	return count
}

// costActual: the cost that an indicator reports for the whole budget is the
// executed total.
func costActual(p *page, l *ledger) {
	spent := p.sum(executed)
	if !spent.printed() {
		return
	}
	for _, row := range p.items {
		_, actual, digits, ok := p.wholeBudget(row)
		if !ok || row.notApplicable() {
			continue
		}
		if compare(spent.value, actual, digits) == rounded {
			l.agree()
			continue
		}
		l.add(found{form: p.ID, where: row.cell("actual"), severity: Wrong, printed: row.Actual.Printed, derived: p.amount(spent.value) + p.MoneyUnit.Printed,
			message: "found", params: []string{"name", row.name(), "executed", spent.raw}, cells: []string{spent.where}})
	}
}

// costTargetExpost: a cost target that equals the spending to the fen was
// written when the spending was known.
func costTargetExpost(p *page, l *ledger) {
	spent := p.sum(executed)
	if !spent.positive() {
		return
	}
	for _, row := range p.items {
		target, actual, _, ok := p.wholeBudget(row)
		if !ok || target == nil {
			continue
		}
		if target.Cmp(actual) != 0 || actual.Cmp(spent.value) != 0 || p.sum(initial).positive() && target.Cmp(p.sum(initial).value) == 0 {
			l.agree()
			continue
		}
		l.add(found{form: p.ID, where: row.cell("target"), severity: Info, printed: row.Target.Printed, message: "found",
			params: []string{"name", row.name(), "executed", spent.raw}, cells: []string{row.cell("actual"), spent.where}})
	}
}

// overshoot: a value far above its target needs a reason; the target may have
// been too low.
func overshoot(p *page, l *ledger) {
	for _, row := range p.items {
		m, measured := row.measured()
		if !measured || m.direction == unstated && (row.onCost() || lessIsBetter.MatchString(row.name())) {
			continue
		}
		if !m.overshoots() || Read(row.Note.Printed).Nature != Blank {
			l.agree()
			continue
		}
		share := money.Print(new(big.Rat).Mul(new(big.Rat).Quo(m.actual, m.target), hundred), 1, money.HalfUp) + percent
		l.add(found{form: p.ID, where: row.cell("actual"), severity: Info, printed: row.Actual.Printed, derived: share, message: "found",
			params: []string{"name", row.name(), "target", row.Target.Printed, "share", share}, cells: []string{row.cell("target"), row.cell("note")}})
	}
}

// bandsOf returns where 达成 and 部分达成 begin for a form, in percent. A form
// that names no template may follow any practice.
func (b *book) bandsOf(p *page) [][]int {
	central := []int{80, 60}
	if p.Template.Printed == "" {
		all := [][]int{central}
		for _, practice := range b.practices {
			all = append(all, practice.Bands)
		}
		return all
	}
	for _, practice := range b.practices {
		if strings.HasPrefix(p.Template.Printed, practice.Template) {
			return [][]int{practice.Bands}
		}
	}
	return [][]int{central}
}

// degrees are the words of the three grades of a qualitative indicator. The
// first that the actual value begins with counts.
var degrees = []struct {
	word string
	band int // 0 达成, 1 部分达成, 2 未达成
}{
	{"部分达成", 1}, {"部分完成", 1}, {"未达成", 2}, {"未完成", 2}, {"全部达成", 0}, {"达成预期指标", 0}, {"达成年度指标", 0},
}

// qualBand: a qualitative indicator is scored in the band of its grade.
func qualBand(b *book, l *ledger) {
	for _, p := range b.pages {
		if p.fractional() {
			continue
		}
		for _, row := range p.items {
			if row.weight.positive() && row.score.printed() && !row.notApplicable() && row.score.value.Cmp(row.weight.value) <= 0 {
				banded(b, p, row, l)
			}
		}
	}
}

func banded(b *book, p *page, row *item, l *ledger) {
	share := new(big.Rat).Mul(new(big.Rat).Quo(row.score.value, row.weight.value), hundred)
	whole := share.Cmp(hundred) == 0
	shown := short(share, 2) + percent
	f := found{form: p.ID, where: row.score.where, severity: Info, printed: row.score.raw, message: "open",
		params: []string{"name", row.name(), "target", row.Target.Printed, "actual", row.Actual.Printed, "share", shown, "weight", row.weight.raw},
		cells:  []string{row.weight.where, row.cell("actual")}}
	late := row.target.Nature == Date && row.actual.Nature == Date && row.actual.Day > row.target.Day
	_, measured := row.measured()
	degree := slices.IndexFunc(degrees, func(d struct {
		word string
		band int
	}) bool {
		return strings.HasPrefix(row.actual.Text, d.word)
	})
	switch {
	case late && whole:
		f.severity, f.message = Scoring, "late"
	case late:
		f.message = "date"
	case row.costUnderTarget():
		m, _ := row.measured()
		proportion, _ := m.share()
		if whole || compare(new(big.Rat).Mul(row.weight.value, proportion), row.score.value, p.scoreDigits(row.score)) != differs {
			l.agree()
			return
		}
		f.severity, f.message, f.derived = Scoring, "cost", row.weight.raw
	case measured:
		return // QUANT-SCORE judges it
	case degree >= 0:
		if b.inBand(p, degrees[degree].band, share) {
			l.agree()
			return
		}
		f.severity, f.message = Scoring, "degree"
	case whole || row.actual.Nature == Blank:
		l.agree()
		return
	}
	l.add(f)
}

// inBand says that a share of the weight lies in a band, edges included, by one
// of the practices that the form may follow.
func (b *book) inBand(p *page, band int, share *big.Rat) bool {
	return slices.ContainsFunc(b.bandsOf(p), func(bands []int) bool {
		edges := []int{100, bands[0], bands[1], 0}
		return share.Cmp(big.NewRat(int64(edges[band]), 1)) <= 0 && share.Cmp(big.NewRat(int64(edges[band+1]), 1)) >= 0
	})
}
