package pace

import (
	"math/big"
	"slices"
	"time"

	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// History is a year that is over, as it looked at the end of each month.
type History struct {
	Year fiscal.Year
	// FullYear and Committed are those at the end of each month.
	FullYear, Committed Months
	// Executed is the net payments of each month.
	Executed Months
	// Plan is the use plan that was set last; nil if there was none.
	Plan *Months
	// Last is the same project or line in the year before; nil if it was not there.
	Last *Past
}

// at is the history as it stood at the end of a month, 1 to 12.
func (h History) at(month int) Course {
	course := Course{
		Year: h.Year, On: fiscal.Date{Year: h.Year, Month: time.Month(month), Day: 1}.MonthEnd(),
		FullYear: h.FullYear[month-1], Committed: h.Committed[month-1], Plan: h.Plan, Last: h.Last,
	}
	copy(course.Executed[:month], h.Executed[:month])
	return course
}

// Error is how far a method was off in absolute percentage points of the
// full-year budget, to two decimals, over Count cases.
type Error struct {
	Count             int
	median, ninetieth int64 // hundredths of a point
}

// Median is the error that half of the cases do not exceed; nil without cases.
func (e Error) Median() *big.Rat { return e.points(e.median) }

// Ninetieth is the error that nine cases of ten do not exceed; nil without cases.
func (e Error) Ninetieth() *big.Rat { return e.points(e.ninetieth) }

func (e Error) points(hundredths int64) *big.Rat {
	if e.Count == 0 {
		return nil
	}
	return pointsOf(hundredths)
}

// hundredthsOfWhole is how many hundredths of a percentage point a whole is.
const hundredthsOfWhole = 100 * 100

// Errors are what a [BackTest] found: for each method, by the end of each month.
// Nil knows none.
type Errors struct {
	by map[Method]*[12]Error
}

// Of is the error of a method by the end of a month, 1 to 12; its Count is 0 if
// there was no case.
func (e *Errors) Of(m Method, month int) Error {
	if e == nil || e.by[m] == nil || month < 1 || month > 12 {
		return Error{}
	}
	return e.by[m][month-1]
}

// best chooses among estimates, of which there is at least one.
func (e *Errors) best(estimates []Estimate, on fiscal.Date) Estimate {
	chosen, month := estimates[0], monthsEnded(on)
	for _, estimate := range estimates[1:] {
		was, is := e.Of(chosen.Method, month), e.Of(estimate.Method, month)
		if was.Count >= leastTested && is.Count >= leastTested && is.median < was.median {
			chosen = estimate
		}
	}
	return chosen
}

// BackTest asks every method at the end of each month from January to November
// what a year would come to, and compares it with what it came to. Years without
// a budget at the end are left out. The figures are those of the month's end; a
// use plan is the last one, which may have been set later than the month.
//
// The same histories give the same errors in any order.
func BackTest(histories []History) *Errors {
	found := make(map[Method]*[12][]int64)
	for _, m := range Methods() {
		found[m] = new([12][]int64)
	}
	for _, h := range histories {
		budget, outturn := h.FullYear[11], paidBy(&h.Executed, h.Year.Last())
		if budget <= 0 {
			continue
		}
		for month := 1; month < 12; month++ {
			course := h.at(month)
			executed := paidBy(&course.Executed, h.Year.Last())
			for _, e := range course.estimates(executed, max(course.FullYear, executed)) {
				found[e.Method][month-1] = append(found[e.Method][month-1], off(e.Outturn, outturn, budget))
			}
		}
	}
	errors := &Errors{by: make(map[Method]*[12]Error)}
	for m, months := range found {
		errors.by[m] = new([12]Error)
		for i, all := range months {
			errors.by[m][i] = errorOf(all)
		}
	}
	return errors
}

// off is how far an estimate is from the outturn in hundredths of a percentage
// point of the budget, half of one rounded up.
func off(estimate, outturn, budget money.Amount) int64 {
	twice := share(max(estimate, outturn)-min(estimate, outturn), 2*hundredthsOfWhole, budget)
	return int64(twice+1) / 2
}

func errorOf(all []int64) Error {
	if len(all) == 0 {
		return Error{}
	}
	slices.Sort(all)
	return Error{Count: len(all), median: ranked(all, 50), ninetieth: ranked(all, 90)}
}

// ranked is the nearest-rank percentile of sorted numbers: the smallest that as
// many percent of them do not exceed.
func ranked(sorted []int64, percent int) int64 {
	return sorted[(len(sorted)*percent+99)/100-1]
}
