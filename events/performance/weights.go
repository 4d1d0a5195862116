package performance

import (
	"math/big"
	"slices"
)

// Share is the weight of a row as it is declared.
type Share struct {
	Level1     string
	Weight     *big.Rat
	Applicable bool
}

// Distribute gives each row the weight that it is scored with. A row that is
// 不适用 has none. With [Redistribute] the others take it over in proportion to
// their weights: those of its first level or, if there are none with a weight,
// all. What they then have is rounded to the rules' digits by largest remainders,
// first the levels and then the rows of each, so that a form can print the weights
// and they add up exactly to what was declared. With [Scale] they keep their own.
func (r Rules) Distribute(rows []Share) []*big.Rat {
	weights := make([]*big.Rat, len(rows))
	for i, row := range rows {
		weights[i] = new(big.Rat)
		if row.Applicable {
			weights[i].Set(row.Weight)
		}
	}
	if r.NotApplicable == Scale {
		return weights
	}
	for _, freed := range rows {
		if freed.Applicable {
			continue
		}
		sameLevel := func(s Share) bool { return s.Applicable && s.Level1 == freed.Level1 }
		anyLevel := func(s Share) bool { return s.Applicable }
		if !spread(freed.Weight, rows, weights, sameLevel) {
			spread(freed.Weight, rows, weights, anyLevel)
		}
	}
	r.makePrintable(rows, weights)
	return weights
}

// spread adds a weight to those of the rows that take some, in proportion to
// their declared weights, and says whether there are any.
func spread(weight *big.Rat, rows []Share, weights []*big.Rat, takes func(Share) bool) bool {
	sum := new(big.Rat)
	for _, row := range rows {
		if takes(row) {
			sum.Add(sum, row.Weight)
		}
	}
	if sum.Sign() == 0 {
		return false
	}
	for i, row := range rows {
		if takes(row) {
			part := new(big.Rat).Quo(row.Weight, sum)
			weights[i].Add(weights[i], part.Mul(part, weight))
		}
	}
	return true
}

// makePrintable rounds the weights that changed.
func (r Rules) makePrintable(rows []Share, weights []*big.Rat) {
	unit := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(r.Digits)), nil))
	var names []string
	levels := map[string][]*big.Rat{}
	for i, row := range rows {
		if !row.Applicable || weights[i].Cmp(row.Weight) == 0 {
			continue
		}
		if levels[row.Level1] == nil {
			names = append(names, row.Level1)
		}
		levels[row.Level1] = append(levels[row.Level1], weights[i])
	}
	sums := make([]*big.Rat, len(names))
	for i, name := range names {
		sums[i] = sumOf(levels[name])
	}
	apportion(sums, sumOf(sums), unit)
	for i, name := range names {
		apportion(levels[name], sums[i], unit)
	}
}

func sumOf(values []*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for _, value := range values {
		sum.Add(sum, value)
	}
	return sum
}

// apportion rounds values to whole units so that they add up to total: each is
// cut, and what is missing goes out by units to those of which most was cut, the
// earlier first; what is less than a unit goes to the next.
func apportion(values []*big.Rat, total, unit *big.Rat) {
	left, cut := new(big.Rat).Set(total), make(map[*big.Rat]*big.Rat, len(values))
	for _, value := range values {
		units := new(big.Rat).Quo(value, unit)
		whole := new(big.Rat).SetInt(new(big.Int).Quo(units.Num(), units.Denom()))
		whole.Mul(whole, unit)
		cut[value] = new(big.Rat).Sub(value, whole)
		left.Sub(left, whole)
		value.Set(whole)
	}
	byCut := slices.Clone(values)
	slices.SortStableFunc(byCut, func(a, b *big.Rat) int { return cut[b].Cmp(cut[a]) })
	for i := 0; left.Sign() > 0; i++ {
		part := unit
		if left.Cmp(unit) < 0 {
			part = new(big.Rat).Set(left)
		}
		value := byCut[i%len(byCut)]
		value.Add(value, part)
		left.Sub(left, part)
	}
}
