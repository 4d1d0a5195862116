package forms

import (
	"math/big"
	"strings"

	"github.com/outturn/outturn/events/money"
)

// Number says how a number is printed: with how many decimals, in which
// rounding, and whether zeros at the end are left out ("80" for "80.00").
type Number struct {
	Digits   int            `json:"digits"`
	Rounding money.Rounding `json:"rounding"`
	Trim     bool           `json:"trim"`
}

// Money is the Number of amounts and the unit that they are printed in.
type Money struct {
	Unit string `json:"unit"` // 万元 or 元
	Number
}

// The units that amounts are printed in.
const (
	Wan  = "万元"
	Yuan = "元"
)

// fen is the unit in fen.
func (m Money) fen() money.Amount {
	if m.Unit == Yuan {
		return money.Yuan
	}
	return money.Wan
}

func (n Number) print(value *big.Rat) string {
	return n.trimmed(money.Print(value, n.Digits, n.Rounding))
}

// percent prints a defined ratio with the sign of percent.
func (n Number) percent(ratio money.Ratio) string {
	return n.trimmed(ratio.Percent(n.Digits, n.Rounding)) + "%"
}

func (n Number) trimmed(printed string) string {
	if !n.Trim || !strings.Contains(printed, ".") {
		return printed
	}
	return strings.TrimRight(strings.TrimRight(printed, "0"), ".")
}

// cell makes the cell of an exact value.
func (n Number) cell(value *big.Rat) Cell {
	return Cell{Printed: n.print(value), Exact: value, Fraction: value.RatString(), Digits: n.Digits, Rounding: n.Rounding}
}

// amount makes the cell of an amount of money.
func (m Money) amount(fen money.Amount) Cell {
	c := m.cell(big.NewRat(int64(fen), int64(m.fen())))
	c.Fen = &fen
	return c
}

// rate makes the cell of a rate; without a budget it says na.
func (n Number) rate(ratio money.Ratio, na string) Cell {
	if !ratio.OK() {
		return Cell{Printed: na, Digits: n.Digits, Rounding: n.Rounding}
	}
	c := n.cell(ratio.Times(big.NewRat(100, 1)))
	c.Printed = n.percent(ratio)
	return c
}
