package performance

import (
	"math/big"

	"github.com/outturn/outturn/events"
)

// byRule scores a quantitative row, or says why it cannot.
func (r Rules) byRule(row Row, result *Result) {
	target, actual, why := comparable(row)
	if why != "" {
		result.Why, result.RuleWhy = why, why
		return
	}
	v := r.judge(row.Operator, target, actual)
	result.Why, result.RuleWhy, result.Met, result.Attained = v.why, v.why, v.met, v.attained
	if v.share == nil {
		return
	}
	result.ByRule = v.share.Mul(v.share, row.Weight)
	result.settle(result.ByRule, v.why)
}

// comparable reads the target and the actual value of a row as two values of one
// unit, or says in a code why that cannot be done.
func comparable(row Row) (target, actual Value, why Why) {
	target, ok := ParseMeasured(row.Target, row.Unit)
	if !ok {
		return target, actual, Unreadable
	}
	if target.Operator != "" && target.Operator != row.Operator {
		return target, actual, OperatorsDiffer
	}
	switch {
	case row.IsComputed && row.Computed == nil, !row.IsComputed && IsBlank(row.Actual):
		return target, actual, NotReported
	case row.IsComputed:
		actual = row.Computed.Value
	default:
		if actual, ok = ParseMeasured(row.Actual, row.Unit); !ok || actual.High != nil {
			return target, actual, Unreadable
		}
	}
	switch {
	case !sameUnit(target, actual):
		return target, actual, UnitsDiffer
	case !settled(row.Operator, target, actual):
		return target, actual, Unreadable
	}
	return target, actual, ""
}

// sameUnit: a bare number beside a count means as many ("≥13次" and "13"), but
// beside a percentage or an amount it may mean anything.
func sameUnit(a, b Value) bool {
	return a.Unit == b.Unit || a.Unit == "" && b.counted || b.Unit == "" && a.counted
}

// settled says whether an actual value that is a bound ("200余人", "<5%") is
// enough to say that the target is met. If it is not, nobody knows how far the
// target is missed.
func settled(operator events.Operator, target, actual Value) bool {
	switch actual.Operator {
	case events.AtLeast:
		return operator == events.AtLeast && reaches(actual.Number.Cmp(target.Number), target.Strict && !actual.Strict)
	case events.AtMost:
		return operator == events.AtMost && reaches(target.high().Cmp(actual.Number), target.Strict && !actual.Strict)
	}
	return true
}

// reaches says whether a comparison means that a target is met; a strict one is
// not met by its own number.
func reaches(comparison int, strict bool) bool {
	return comparison > 0 || comparison == 0 && !strict
}

// high is the high end of a range, or the number itself.
func (v Value) high() *big.Rat {
	if v.High != nil {
		return v.High
	}
	return v.Number
}

// verdict is what the rule says of a quantitative row: the share of the weight,
// from 0 to 1 (nil if there is none to say), and how it was found.
type verdict struct {
	share    *big.Rat
	attained *big.Rat // actual / target in percent, of a positive target
	met      bool
	why      Why
}

// judge compares an actual value with its target (财预〔2020〕10号: met, the whole
// weight; not met, in proportion; far above, find out why).
func (r Rules) judge(operator events.Operator, target, actual Value) verdict {
	value, low, high := actual.Number, target.Number, target.high()
	switch operator {
	case events.AtMost:
		if reaches(high.Cmp(value), target.Strict && !actual.Strict) {
			return met(value, high)
		}
		return r.missed(value, high, AtMostExceeded)
	case events.AtLeast:
		if !reaches(value.Cmp(low), target.Strict && !actual.Strict) {
			return r.missed(value, low, UnmetInPart)
		}
		v := met(value, low)
		if r.overshoots(value, high) {
			v.why = Overshoot
		}
		return v
	}
	switch {
	case value.Cmp(low) < 0:
		return r.missed(value, low, UnmetInPart)
	case value.Cmp(high) > 0 && high.Sign() > 0:
		v := met(value, high)
		v.met, v.why = false, EqualExceeded
		return v
	case value.Cmp(high) > 0:
		return r.missed(value, high, AtMostExceeded)
	}
	return met(value, low)
}

func met(value, target *big.Rat) verdict {
	return verdict{share: big.NewRat(1, 1), attained: percentage(value, target), met: true, why: Met}
}

// missed gives what is left of the weight where a target is not reached: the
// share value / target, at least 0 or, where less is better, target / value. A
// target of 0 has no proportion: nothing is left. A negative one (a decline by
// at least 5 %) has none that means something: a person has to say.
func (r Rules) missed(value, target *big.Rat, why Why) verdict {
	v := verdict{attained: percentage(value, target), why: why}
	switch {
	case target.Sign() < 0:
		v.why = NegativeTarget
		return v
	case target.Sign() == 0:
		v.why, v.share = ZeroTarget, new(big.Rat)
	case r.Quantitative == AllOrNothing, value.Sign() < 0:
		v.share = new(big.Rat)
	case why == AtMostExceeded:
		v.share = new(big.Rat).Quo(target, value)
	default:
		v.share = new(big.Rat).Quo(value, target)
	}
	return v
}

// overshoots says whether a value is so far above its target that the rules ask
// why. Everything is far above 0; nothing is said of negative targets.
func (r Rules) overshoots(value, target *big.Rat) bool {
	if r.Overshoot == "" || target.Sign() < 0 {
		return false
	}
	limit := new(big.Rat).Mul(target, exact(r.Overshoot))
	return new(big.Rat).Mul(value, hundred).Cmp(limit) > 0
}

// percentage is value / target in percent, or nil for a target that is not above
// 0.
func percentage(value, target *big.Rat) *big.Rat {
	if target.Sign() <= 0 {
		return nil
	}
	share := new(big.Rat).Quo(value, target)
	return share.Mul(share, hundred)
}
