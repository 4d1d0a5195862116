package money

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Amount is a sum of money in fen, 1/100 yuan. It may be negative: a posting
// that takes back another one is.
type Amount int64

// Limits of what a single event may state. Sums may grow to ±[MaxSum].
const (
	// MaxStated is the largest amount one event may state: 100 trillion yuan,
	// several times the national budget.
	MaxStated Amount = 10_000_000_000_000_000
	// MaxSum is the largest sum that an Amount can hold.
	MaxSum Amount = math.MaxInt64

	// Yuan and Wan are 1 元 and 1 万元 in fen.
	Yuan Amount = 100
	Wan  Amount = 1_000_000
)

// Errors of parsing and of checked arithmetic.
var (
	ErrSyntax   = errors.New("an amount is a decimal string in yuan with at most two decimals, such as \"411400.00\"")
	ErrTooLarge = errors.New("the amount is larger than 100 trillion yuan")
	ErrOverflow = errors.New("the sum does not fit in 64 bits of fen")
	ErrNotText  = errors.New("an amount is written as a string in yuan, such as \"411400.00\", never as a JSON number")
)

// Parse reads an amount as events write it: a decimal string in yuan such as
// "411400.00", "411400" or "-0.5". It returns [ErrSyntax] for anything else
// (signs other than a leading minus, separators, exponents, spaces, a third
// decimal) and [ErrTooLarge] beyond [MaxStated].
func Parse(s string) (Amount, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	if !allDigits(whole) || dotted && !allDigits(fraction) || len(fraction) > 2 {
		return 0, ErrSyntax
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > 15 {
		return 0, ErrTooLarge
	}
	fen, err := strconv.ParseInt("0"+whole+(fraction + "00")[:2], 10, 64)
	if err != nil {
		return 0, ErrSyntax
	}
	amount := Amount(fen)
	if amount > MaxStated {
		return 0, ErrTooLarge
	}
	if negative {
		amount = -amount
	}
	return amount, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0
}

// String writes the amount in yuan with two decimals: "411400.00".
func (a Amount) String() string {
	sign, magnitude := "", uint64(a)
	if a < 0 {
		sign, magnitude = "-", -magnitude
	}
	return fmt.Sprintf("%s%d.%02d", sign, magnitude/100, magnitude%100)
}

// Add returns a + b, or [ErrOverflow].
func (a Amount) Add(b Amount) (Amount, error) {
	sum := a + b
	if (b > 0 && sum < a) || (b < 0 && sum > a) {
		return 0, ErrOverflow
	}
	return sum, nil
}

// Neg returns −a, or [ErrOverflow] for the one value that has no opposite.
func (a Amount) Neg() (Amount, error) {
	if a == math.MinInt64 {
		return 0, ErrOverflow
	}
	return -a, nil
}

// Sum adds amounts in order, or returns [ErrOverflow].
func Sum(amounts ...Amount) (Amount, error) {
	var total Amount
	for _, amount := range amounts {
		var err error
		if total, err = total.Add(amount); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// In prints the amount in a unit ([Yuan] or [Wan]) with the given number of
// decimals, rounded once: Amount(123_456_789).In(Wan, 2, HalfUp) is "123.46".
func (a Amount) In(unit Amount, digits int, rounding Rounding) string {
	return Ratio{Num: a, Den: unit}.Decimal(digits, rounding)
}

// MarshalText writes the amount as [Amount.String] does.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON reads a JSON string as [Parse] does; a JSON number is
// [ErrNotText], because a number may have passed through a float on its way.
func (a *Amount) UnmarshalJSON(raw []byte) error {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return ErrNotText
	}
	parsed, err := Parse(string(raw[1 : len(raw)-1]))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// Value stores the amount in Postgres as a bigint of fen.
func (a Amount) Value() (driver.Value, error) { return int64(a), nil }
