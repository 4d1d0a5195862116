package web

import (
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
)

// figure is a figure that pages show and open: its name and its terms.
type figure struct {
	id    string
	parts []part
}

// part is one part of a figure: another figure, or else a measure.
type part struct {
	sign    money.Amount // +1 or −1
	figure  string
	measure budget.Measure
}

const plus, minus money.Amount = 1, -1

// The figures that have a page of postings.
const (
	figureInitial   = "initial"
	figureFullYear  = "full_year"
	figureExecuted  = "executed"
	figureAvailable = "available"
	figureCommitted = "committed"
	figureFrozen    = "frozen"
)

// figures lists them. It mirrors budget.Sums.Figures; a test keeps both in
// step.
func figures() []figure {
	return []figure{
		{figureInitial, []part{{plus, "", budget.Initial}}},
		{figureFullYear, []part{
			{plus, figureInitial, 0}, {plus, "", budget.Supplement}, {minus, "", budget.Reduction},
			{plus, "", budget.TransferIn}, {minus, "", budget.TransferOut},
			{plus, "", budget.CarryoverIn}, {minus, "", budget.Recalled},
		}},
		{figureExecuted, []part{{plus, "", budget.Executed}, {minus, "", budget.Refunded}}},
		{figureAvailable, []part{
			{plus, figureFullYear, 0}, {minus, figureFrozen, 0}, {minus, figureCommitted, 0}, {minus, figureExecuted, 0},
			{minus, "", budget.CarryoverOut}, {minus, "", budget.Returned},
		}},
		{figureCommitted, []part{{plus, "", budget.Committed}}},
		{figureFrozen, []part{{plus, "", budget.Frozen}}},
	}
}

func figureNames() []string {
	var names []string
	for _, f := range figures() {
		names = append(names, f.id)
	}
	return names
}

func findFigure(id string) figure {
	for _, f := range figures() {
		if f.id == id {
			return f
		}
	}
	panic("web: no figure " + id) // ids are constants or checked by a filter
}

// signs are what each measure counts for in the figure.
type signs map[budget.Measure]money.Amount

func (f figure) signs() signs {
	all := make(signs)
	for _, p := range f.parts {
		if p.figure == "" {
			all[p.measure] = p.sign
			continue
		}
		for measure, sign := range findFigure(p.figure).signs() {
			all[measure] = p.sign * sign
		}
	}
	return all
}

// measures lists the measures of the figure in their order.
func (s signs) measures() []budget.Measure {
	var list []budget.Measure
	for _, measure := range budget.Measures() {
		if s[measure] != 0 {
			list = append(list, measure)
		}
	}
	return list
}

// of adds up sums of postings, or returns money.ErrOverflow.
func (s signs) of(sums budget.Sums) (money.Amount, error) {
	var total money.Amount
	for _, measure := range s.measures() {
		next, err := signed(s[measure], sums[measure])
		if err != nil {
			return 0, err
		}
		if total, err = total.Add(next); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// signed is an amount with a sign, or money.ErrOverflow.
func signed(sign, amount money.Amount) (money.Amount, error) {
	if sign == minus {
		return amount.Neg()
	}
	return amount, nil
}

// less is a − b, or money.ErrOverflow.
func less(a, b money.Amount) (money.Amount, error) {
	opposite, err := b.Neg()
	if err != nil {
		return 0, err
	}
	return a.Add(opposite)
}
