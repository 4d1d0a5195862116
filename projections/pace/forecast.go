package pace

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Method is a way to foresee the year's outturn.
type Method string

// The methods. Too little data is no method.
const (
	TooLittle Method = ""
	// RunRate goes on at the year's pace so far, day by day, from the end of February
	// on.
	RunRate Method = "run_rate"
	// Planned adds to what is executed what the use plan has for the rest of the
	// year or, if that is more, what is under contract.
	Planned Method = "plan"
	// LastYear adds to what is executed the share of the full-year budget that was
	// executed after this day last year.
	LastYear Method = "last_year"
	// Final is for a year that is over: the outturn is what was executed.
	Final Method = "final"
)

// Methods lists the methods that foresee, the one that is chosen first where
// nothing is known of their errors.
func Methods() []Method { return []Method{Planned, LastYear, RunRate} }

// Course is the money of a line, a project or a unit in a year, up to a day.
type Course struct {
	Year fiscal.Year
	On   fiscal.Date
	// FullYear and Committed are those of the day.
	FullYear, Committed money.Amount
	// Executed is the net payments of each month, up to the day.
	Executed Months
	// Plan is the use plan; nil if there is none.
	Plan *Months
	// Last is the same project or line in the year before; nil if it was not there.
	Last *Past
}

// Past is a year that is over.
type Past struct {
	FullYear money.Amount
	Executed Months
}

// Estimate is what one method foresees.
type Estimate struct {
	Method  Method
	Outturn money.Amount
}

// Forecast is what a year is foreseen to come to.
type Forecast struct {
	// Method is the one that was chosen; TooLittle if there is none, and then all
	// amounts are zero.
	Method  Method
	Outturn money.Amount
	// Low and High are the interval: what the methods foresee, and around the chosen
	// one its error in nine cases of ten. A single method of unknown error leaves
	// everything open, from what is executed to the whole budget.
	Low, High money.Amount
	// Error is that of the chosen method by this time of the year; its Count is 0 if
	// it was not tested.
	Error Error
	// Unspent is what is foreseen to be left of the full-year budget.
	Unspent money.Amount
	// Estimates are those of all methods that there is data for.
	Estimates []Estimate
}

// leastMonths is how many months must be over for a run rate to say something.
const leastMonths = 2

// leastTested is how many cases an error needs for a method to be chosen by it.
const leastTested = 10

// Forecast foresees the year's outturn. The method is the one with the smallest
// median error by this time of the year where errors of two or more are known,
// and else the first of [Methods] that there is data for. Errors may be nil.
func (c Course) Forecast(errors *Errors) Forecast {
	executed := paidBy(&c.Executed, c.Year.Last())
	ceiling := max(c.FullYear, executed)
	if c.On.Compare(c.Year.Last()) >= 0 {
		return Forecast{
			Method: Final, Outturn: executed, Low: executed, High: executed,
			Unspent: ceiling - executed, Estimates: []Estimate{{Final, executed}},
		}
	}
	f := Forecast{Estimates: c.estimates(executed, ceiling)}
	if len(f.Estimates) == 0 {
		return f
	}
	chosen := errors.best(f.Estimates, c.On)
	f.Method, f.Outturn, f.Error = chosen.Method, chosen.Outturn, errors.Of(chosen.Method, monthsEnded(c.On))
	f.Low, f.High = chosen.Outturn, chosen.Outturn
	for _, e := range f.Estimates {
		f.Low, f.High = min(f.Low, e.Outturn), max(f.High, e.Outturn)
	}
	switch {
	case f.Error.Count >= leastTested:
		margin := share(c.FullYear, money.Amount(f.Error.ninetieth), hundredthsOfWhole)
		f.Low = min(f.Low, chosen.Outturn-min(margin, chosen.Outturn-executed))
		f.High = max(f.High, chosen.Outturn+min(margin, ceiling-chosen.Outturn))
	case len(f.Estimates) == 1:
		f.Low, f.High = executed, ceiling
	}
	f.Unspent = ceiling - f.Outturn
	return f
}

// estimates asks every method that there is data for. What is executed stays
// executed, and no more can be than there is.
func (c Course) estimates(executed, ceiling money.Amount) []Estimate {
	if c.FullYear <= 0 || executed < 0 {
		return nil
	}
	var all []Estimate
	add := func(m Method, still money.Amount) {
		all = append(all, Estimate{m, executed + min(max(still, 0), ceiling-executed)})
	}
	if planned := paidBy(c.Plan, c.Year.Last()); planned > 0 {
		add(Planned, max(planned-paidBy(c.Plan, c.On), c.Committed))
	}
	if c.Last != nil && c.Last.FullYear > 0 {
		after := paidBy(&c.Last.Executed, c.Year.Last()) - paidBy(&c.Last.Executed, c.On)
		add(LastYear, share(c.FullYear, after, c.Last.FullYear))
	}
	if passed := c.On.YearDay(); monthsEnded(c.On) >= leastMonths {
		add(RunRate, share(executed, money.Amount(c.Year.Days()-passed), money.Amount(passed)))
	}
	return all
}

// monthsEnded is how many months of the year are over by the end of a day.
func monthsEnded(on fiscal.Date) int {
	if on == on.MonthEnd() {
		return int(on.Month)
	}
	return int(on.Month) - 1
}

// Unspent is what becomes of money that is left at the end of a year.
type Unspent struct {
	// Lapses is taken back: it was unspent for two consecutive years. See
	// budget.Line.Lapses.
	Lapses money.Amount
	// Carried may be used for one more year.
	Carried money.Amount
}

// Divide divides what is foreseen to be unspent by its age. Old is what the day's
// budget has not yet executed of money that lapses with the year: of vintages
// before it. The oldest money is spent first, as it is by default.
func (f Forecast) Divide(executed, old money.Amount) Unspent {
	lapses := min(max(old-max(f.Outturn-executed, 0), 0), f.Unspent)
	return Unspent{Lapses: lapses, Carried: f.Unspent - lapses}
}

// share is of × num ÷ den, cut to the fen; den is above zero. What does not fit is
// cut to the largest amount.
func share(of, num, den money.Amount) money.Amount {
	negative := (of < 0) != (num < 0)
	high, low := bits.Mul64(size(of), size(num))
	quotient := uint64(math.MaxInt64)
	if high < uint64(den) {
		quotient, _ = bits.Div64(high, low, uint64(den))
	}
	result := money.Amount(min(quotient, uint64(money.MaxSum)))
	if negative {
		return -result
	}
	return result
}

func size(a money.Amount) uint64 {
	if a < 0 {
		return uint64(-a)
	}
	return uint64(a)
}

// pointsOf makes percentage points of hundredths of one.
func pointsOf(hundredths int64) *big.Rat { return big.NewRat(hundredths, 100) }
