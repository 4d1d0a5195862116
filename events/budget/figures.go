package budget

import (
	"github.com/outturn/outturn/events/money"
)

// Measure names what a posting counts.
type Measure uint8

// The measures. Their order is the order of [Sums] and is not stored anywhere:
// Postgres stores the names.
const (
	Initial Measure = iota
	Supplement
	Reduction
	TransferIn
	TransferOut
	CarryoverIn
	Recalled
	Frozen
	Committed
	Executed
	Refunded
	CarryoverOut
	Returned
	measures
)

var measureNames = [measures]string{
	"initial", "supplement", "reduction", "transfer_in", "transfer_out", "carryover_in", "recalled",
	"frozen", "committed", "executed", "refunded", "carryover_out", "returned",
}

// String is the measure's name in postings.
func (m Measure) String() string { return measureNames[m] }

// Measures lists every measure.
func Measures() []Measure {
	all := make([]Measure, measures)
	for i := range all {
		all[i] = Measure(i)
	}
	return all
}

// ParseMeasure finds the measure of that name.
func ParseMeasure(name string) (Measure, bool) {
	for i, n := range measureNames {
		if n == name {
			return Measure(i), true
		}
	}
	return 0, false
}

// Sums holds the sum of postings for each measure, in fen.
type Sums [measures]money.Amount

// Add adds other to the sums, or returns [money.ErrOverflow] and leaves them
// half added.
func (s *Sums) Add(other Sums) error {
	for m := range s {
		var err error
		if s[m], err = s[m].Add(other[m]); err != nil {
			return err
		}
	}
	return nil
}

// Figures are what people read off the sums, in fen.
type Figures struct {
	Initial   money.Amount // 年初预算数
	FullYear  money.Amount // 全年预算数
	Frozen    money.Amount // 冻结
	Committed money.Amount // 合同占用
	Executed  money.Amount // 全年执行数: paid − refunded
	Available money.Amount // 可用余额
}

// Rate is executed / full_year (执行率).
func (f Figures) Rate() money.Ratio { return money.Ratio{Num: f.Executed, Den: f.FullYear} }

// RateInitial is executed / initial.
func (f Figures) RateInitial() money.Ratio { return money.Ratio{Num: f.Executed, Den: f.Initial} }

// Figures derives the figures, or returns [money.ErrOverflow].
func (s Sums) Figures() (Figures, error) {
	var arithmetic checked
	f := Figures{Initial: s[Initial], Frozen: s[Frozen], Committed: s[Committed]}
	f.FullYear = arithmetic.sum(s[Initial], s[Supplement], s[TransferIn], s[CarryoverIn])
	f.FullYear = arithmetic.less(f.FullYear, s[Reduction], s[TransferOut], s[Recalled])
	f.Executed = arithmetic.less(s[Executed], s[Refunded])
	f.Available = arithmetic.less(f.FullYear, s[Frozen], s[Committed], f.Executed, s[CarryoverOut], s[Returned])
	return f, arithmetic.err
}

// checked adds and subtracts, and remembers the first overflow.
type checked struct{ err error }

func (c *checked) sum(amounts ...money.Amount) money.Amount {
	total, err := money.Sum(amounts...)
	c.note(err)
	return total
}

func (c *checked) less(from money.Amount, amounts ...money.Amount) money.Amount {
	for _, amount := range amounts {
		opposite, err := amount.Neg()
		c.note(err)
		from, err = from.Add(opposite)
		c.note(err)
	}
	return from
}

func (c *checked) note(err error) {
	if c.err == nil {
		c.err = err
	}
}
