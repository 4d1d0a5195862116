package audit

import (
	"math/big"

	"github.com/outturn/outturn/events/money"
)

// verdict says how a printed number stands to the exact one.
type verdict int

const (
	differs   verdict = iota // no rounding leads there
	rounded                  // half up at the printed digits
	tied                     // an exact tie, rounded otherwise than half up
	truncated                // cut off
)

// compare says how a number printed with that many digits stands to the exact
// value. The digits are at most [money.MaxDigits].
func compare(exactly, printed *big.Rat, digits int) verdict {
	if digits > money.MaxDigits {
		return differs
	}
	is := func(r money.Rounding) bool {
		value, _ := new(big.Rat).SetString(money.Print(exactly, digits, r))
		return value.Cmp(printed) == 0
	}
	switch {
	case is(money.HalfUp):
		return rounded
	case is(money.Truncate) && isTie(exactly, digits):
		return tied
	case is(money.Truncate):
		return truncated
	}
	return differs
}

// isTie says that the value lies half way between two numbers of that many
// digits.
func isTie(value *big.Rat, digits int) bool {
	doubled := new(big.Rat).Mul(value, big.NewRat(2, 1))
	doubled.Quo(doubled, step(digits))
	return doubled.IsInt() && doubled.Num().Bit(0) == 1
}

// step is one unit of the last digit: 1/100 for two digits.
func step(digits int) *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
}

// half halves a value.
func half(value *big.Rat) *big.Rat { return new(big.Rat).Quo(value, big.NewRat(2, 1)) }

// add adds exactly.
func add(values ...*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for _, value := range values {
		sum.Add(sum, value)
	}
	return sum
}

// distance is |a − b|.
func distance(a, b *big.Rat) *big.Rat {
	gap := new(big.Rat).Sub(a, b)
	return gap.Abs(gap)
}

// tailOf is how far n figures that were rounded one by one may miss their
// rounded sum: less than (n + 1)/2 steps, that is n/2 whole steps.
func tailOf(step *big.Rat, n int) *big.Rat {
	return new(big.Rat).Mul(step, big.NewRat(int64(n/2), 1))
}

// short prints a value with at most that many decimals and no zeros at its end.
func short(value *big.Rat, digits int) string {
	for fewer := range digits {
		if new(big.Rat).Quo(value, step(fewer)).IsInt() {
			return money.Print(value, fewer, money.HalfUp)
		}
	}
	return money.Print(value, digits, money.HalfUp)
}
