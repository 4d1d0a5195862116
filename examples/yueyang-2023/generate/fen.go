package main

import (
	"cmp"
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fen is an amount of money in hundredths of a yuan.
type fen int64

// wanDecimals is how many decimals of 万元 a fen has: 0.000001 万元 = 1 fen.
const wanDecimals = 6

var wanPattern = regexp.MustCompile(`^[0-9]+(\.[0-9]{1,6})?$`)

// parseWan reads a printed amount in 万元, such as "41.14", exactly. A blank
// cell is zero.
func parseWan(cell string) (fen, error) {
	if cell == "" {
		return 0, nil
	}
	if !wanPattern.MatchString(cell) {
		return 0, fmt.Errorf("%q is not an amount in 万元 with at most %d decimals", cell, wanDecimals)
	}
	whole, decimals, _ := strings.Cut(cell, ".")
	padded := whole + decimals + strings.Repeat("0", wanDecimals-len(decimals))
	value, err := strconv.ParseInt(padded, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is too large an amount: %w", cell, err)
	}
	return fen(value), nil
}

// String writes an amount in yuan with two decimals, as events carry it.
func (f fen) String() string { return fmt.Sprintf("%d.%02d", f/100, f%100) }

// MarshalText makes String the JSON form.
func (f fen) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// share divides total in proportion to the weights, to the fen, by largest
// remainder: the parts add up to total, and equal remainders go to the first.
// The weights must not be negative nor all zero.
func share(total fen, weights []fen) []fen {
	var sum, given fen
	for _, weight := range weights {
		sum += weight
	}
	parts := make([]fen, len(weights))
	remainders := make([]uint64, len(weights))
	byRemainder := make([]int, len(weights))
	for i, weight := range weights {
		high, low := bits.Mul64(uint64(total), uint64(weight))
		quotient, remainder := bits.Div64(high, low, uint64(sum))
		parts[i], remainders[i], byRemainder[i] = fen(quotient), remainder, i
		given += parts[i]
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range byRemainder[:total-given] {
		parts[i]++
	}
	return parts
}
