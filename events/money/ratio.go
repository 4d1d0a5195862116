package money

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Rounding names how a figure is rounded when it is printed.
type Rounding string

// The roundings that forms state. Half up rounds a tie away from zero, as
// 四舍五入 does.
const (
	HalfUp   Rounding = "half_up"
	HalfEven Rounding = "half_even"
	Truncate Rounding = "truncate"
)

// MaxDigits is the largest number of decimals that a figure is printed with.
const MaxDigits = 6

// Roundings lists the roundings.
func Roundings() []Rounding { return []Rounding{HalfUp, HalfEven, Truncate} }

// ParseRounding returns the rounding of that name, or an error that lists them.
func ParseRounding(name string) (Rounding, error) {
	if r := Rounding(name); slices.Contains(Roundings(), r) {
		return r, nil
	}
	return "", fmt.Errorf("unknown rounding %q: use %s, %s or %s", name, HalfUp, HalfEven, Truncate)
}

// Ratio is an exact fraction of two amounts, such as executed / full-year
// budget. A ratio with a zero denominator is not defined (不适用): [Ratio.OK]
// is false and it must not be printed.
type Ratio struct{ Num, Den Amount }

// OK says whether the ratio is defined.
func (r Ratio) OK() bool { return r.Den != 0 }

// Rat returns the ratio as an exact rational. It panics if the ratio is not
// defined.
func (r Ratio) Rat() *big.Rat { return big.NewRat(int64(r.Num), int64(r.Den)) }

// Decimal prints the ratio itself, rounded once.
func (r Ratio) Decimal(digits int, rounding Rounding) string {
	return Print(r.Rat(), digits, rounding)
}

// Percent prints the ratio in percent without the sign, rounded once:
// Ratio{4114, 8000}.Percent(2, HalfUp) is "51.43". A ratio that is not exactly
// one is never printed as 100: where rounding alone would make it so, it is
// cut (99.996 % prints 99.99) or lifted (100.001 % prints 100.01).
func (r Ratio) Percent(digits int, rounding Rounding) string {
	percent := new(big.Rat).Mul(r.Rat(), big.NewRat(100, 1))
	printed := Print(percent, digits, rounding)
	if r.Num == r.Den || printed != Print(big.NewRat(100, 1), digits, rounding) {
		return printed
	}
	step := new(big.Rat).SetFrac(big.NewInt(1), pow10(digits))
	if percent.Cmp(big.NewRat(100, 1)) < 0 {
		step.Neg(step)
	}
	return Print(step.Add(step, big.NewRat(100, 1)), digits, rounding)
}

// Compare orders two defined ratios exactly: −1, 0 or +1.
func (r Ratio) Compare(other Ratio) int { return r.Rat().Cmp(other.Rat()) }

// Times returns weight × ratio exactly, for execution points; the caller caps
// and prints it.
func (r Ratio) Times(weight *big.Rat) *big.Rat { return new(big.Rat).Mul(weight, r.Rat()) }

// Print writes an exact value with that many decimals, rounded once. Digits
// beyond [MaxDigits] or below 0 are a programming error and panic.
func Print(value *big.Rat, digits int, rounding Rounding) string {
	if digits < 0 || digits > MaxDigits {
		panic(fmt.Sprintf("money: %d digits asked, 0 to %d are printed", digits, MaxDigits))
	}
	scaled := new(big.Int).Mul(value.Num(), pow10(digits))
	quotient, rest := new(big.Int).QuoRem(scaled, value.Denom(), new(big.Int))
	if awayFromZero(quotient, rest, value.Denom(), rounding) {
		quotient.Add(quotient, big.NewInt(int64(value.Sign())))
	}
	return point(quotient, digits)
}

// awayFromZero decides whether a truncated quotient moves one step away from
// zero.
func awayFromZero(quotient, rest, divisor *big.Int, rounding Rounding) bool {
	twice := new(big.Int).Abs(rest)
	twice.Lsh(twice, 1)
	switch half := twice.CmpAbs(divisor); rounding {
	case Truncate:
		return false
	case HalfEven:
		return half > 0 || half == 0 && quotient.Bit(0) == 1
	case HalfUp:
		return half >= 0
	}
	panic("money: unknown rounding " + string(rounding))
}

// point writes a scaled integer with its decimal point; a zero has no sign.
func point(scaled *big.Int, digits int) string {
	text := new(big.Int).Abs(scaled).String()
	if digits > 0 {
		if missing := digits + 1 - len(text); missing > 0 {
			text = strings.Repeat("0", missing) + text
		}
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	if scaled.Sign() < 0 {
		text = "-" + text
	}
	return text
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
