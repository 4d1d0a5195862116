package audit

import (
	"math/big"
	"regexp"
	"strings"
)

// direction says which way an indicator is better.
type direction int

const (
	unstated direction = iota // no operator is printed
	upwards                   // ≥: more is better
	downward                  // ≤: less is better
)

// measure is an indicator row whose target and actual value can be compared.
type measure struct {
	direction    direction
	target, high *big.Rat // high only of a range
	actual       *big.Rat
	about        bool // the actual value is not the exact one
	strict       bool // > or <
}

// lessIsBetter are words of names whose indicators are better when lower, or
// may be.
var lessIsBetter = regexp.MustCompile(`成本|控制|降低|下降|减少|事故|投诉|能耗|误差|差错|超|时限|时间|周期|期限|以内|偏离|结转|结余|违规|违法|死亡|伤亡|缺陷|故障|退|负债|逾期|流失|变动率`)

// measured is the row as a measure; false where a cell is no number or the units
// do not compare.
func (i *item) measured() (measure, bool) {
	if i.measure == nil {
		return measure{}, false
	}
	return *i.measure, true
}

// measureOf reads a row as a measure.
func measureOf(i *item) (measure, bool) {
	target, actual := i.target, i.actual
	if target.Nature != Number && target.Nature != Range || target.About || i.notApplicable() {
		return measure{}, false
	}
	if actual.Nature == Words {
		actual = i.onlyFact(target.Unit)
	}
	if actual.Nature != Number {
		return measure{}, false
	}
	value, comparable := actual.inUnit(target.Unit)
	if !comparable {
		return measure{}, false
	}
	m := measure{target: target.Value, high: target.High, actual: value, about: actual.About,
		strict: target.Bound == Above || target.Bound == Below}
	m.alignPercent(target, actual)
	switch target.Bound {
	case AtLeast, Above:
		m.direction = upwards
	case AtMost, Below:
		m.direction = downward
	}
	switch actual.Bound {
	case Exactly:
	case target.Bound:
		m.about = m.about || m.actual.Cmp(m.target) != 0
	default:
		m.about = true
	}
	return m, true
}

// changes are words before a number that is a change, not the value.
var changes = regexp.MustCompile(`提升|提高|增长|增加|下降|降低|减少|比|较`)

// onlyFact is the one number in the actual value's text that has the target's
// unit: 同比增长5%，总量居第二 states 5 %. A number that may be another fact's
// counts only where the row itself says, by a reduced score, that it fell short.
func (i *item) onlyFact(unit string) Cell {
	if unit == "" {
		return Cell{}
	}
	reduced := i.weight.printed() && i.score.printed() && i.score.value.Cmp(i.weight.value) < 0
	found := Cell{}
	for _, f := range facts(i.Actual.Printed) {
		if f.Unit != unit {
			continue
		}
		named := commonPairs(i.name(), f.before) >= 2 && !changes.MatchString(f.before)
		if found.Nature != "" || !reduced && !named {
			return Cell{}
		}
		found = f.Cell
	}
	return found
}

// alignPercent reads 0.95 beside ≥95% as 95 %, and 1 as 100 %.
func (m *measure) alignPercent(target, actual Cell) {
	switch {
	case target.Unit == percent && actual.Unit == "" && m.actual.Cmp(one) <= 0 && m.target.Cmp(one) > 0:
		m.actual = new(big.Rat).Mul(m.actual, hundred)
	case target.Unit == "" && actual.Unit == percent && m.target.Cmp(one) <= 0 && m.actual.Cmp(one) > 0:
		m.target = new(big.Rat).Mul(m.target, hundred)
	}
}

// met says that the actual value reaches the target, in the stated direction or
// upwards.
func (m measure) met() bool {
	order := m.actual.Cmp(m.target)
	switch {
	case m.high != nil:
		return order >= 0
	case m.strict && order == 0:
		return false
	case m.direction == downward:
		return order <= 0
	}
	return order >= 0
}

// share is the part of the weight that an unmet value earns: actual / target,
// or target / actual where less is better.
func (m measure) share() (*big.Rat, bool) {
	part, of := m.actual, m.target
	if m.direction == downward {
		part, of = of, part
	}
	if of.Sign() <= 0 || part.Sign() < 0 {
		return new(big.Rat), of.Sign() > 0
	}
	return least(new(big.Rat).Quo(part, of), one), true
}

// farAbove is where a value is far above its target: 130 %.
var farAbove = big.NewRat(130, 100)

// overshoots says that the value is far above the target where more is better.
func (m measure) overshoots() bool {
	if m.direction == downward || m.target.Sign() <= 0 {
		return false
	}
	top := m.target
	if m.high != nil {
		top = m.high
	}
	return m.actual.Cmp(new(big.Rat).Mul(top, farAbove)) > 0
}

// admissible lists the shares of the weight that the rule can give. Without an
// operator the direction is open where the name leaves it open.
func (m measure) admissible(i *item) ([]*big.Rat, bool) {
	if m.about && !m.met() || m.high != nil && m.actual.Cmp(m.high) > 0 {
		return nil, false
	}
	if m.direction != unstated || m.high != nil {
		if m.met() {
			return []*big.Rat{one}, true
		}
		share, defined := m.share()
		if !defined {
			share = new(big.Rat)
		}
		return []*big.Rat{share}, true
	}
	open := i.onCost() || lessIsBetter.MatchString(i.name())
	switch m.actual.Cmp(m.target) {
	case 0:
		return []*big.Rat{one}, true
	case 1:
		down := measure{direction: downward, target: m.target, actual: m.actual}
		share, _ := down.share()
		return []*big.Rat{one, share}, true
	}
	share, defined := m.share()
	if !defined {
		return nil, false
	}
	if open {
		return []*big.Rat{one, share}, true
	}
	return []*big.Rat{share}, true
}

// isRate says that an indicator is the form's execution rate once more. A name
// with other words is the rate of a part.
func (p *page) isRate(row *item) bool {
	name := row.name()
	if p.Kind == Department && strings.Contains(name, "项目") {
		return false
	}
	return strings.Contains(name, "执行率") && rateWords.ReplaceAllString(name, "") == ""
}

var rateWords = regexp.MustCompile(`执行率|预算|资金|经费|支出|支付|年度|全年|财政|项目|部门|整体|总体|的|[（(%)）]`)
