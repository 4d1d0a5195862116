package pace

import (
	"math/big"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Months are amounts of January to December.
type Months = [12]money.Amount

// Curve is how the progress of a year is measured (序时进度). The zero value
// counts months.
type Curve struct {
	Kind events.Curve
	// Steps are those of a curve of steps, in the order of their days.
	Steps events.Steps
}

// Progress is the exact share of the year's money that is to be executed by the
// end of a day: 0 before the year, and after it what it is on its last day. It
// never falls from one day to the next.
//
//   - month: the months begun, of 12, as the 1–X月 columns of forms count them;
//   - day: the days passed, of 365 or 366;
//   - quarter: the quarters begun, of 4;
//   - plan: what is planned by the end of the month, of the whole plan;
//   - steps: the percent of the last step whose day has come.
//
// Plan is the use plan (用款计划); where there is none, or one of nothing, the
// curve counts months.
func (c Curve) Progress(year fiscal.Year, on fiscal.Date, plan *Months) *big.Rat {
	if on.Year < year {
		return new(big.Rat)
	}
	if on.Year > year {
		on = year.Last()
	}
	switch c.Kind {
	case events.CurveDay:
		return fiscal.ByDay.Progress(year, on)
	case events.CurveQuarter:
		return big.NewRat(int64(on.Month+2)/3, 4)
	case events.CurvePlan:
		if whole := paidBy(plan, year.Last()); whole > 0 {
			return big.NewRat(int64(paidBy(plan, on.MonthEnd())), int64(whole))
		}
	case events.CurveSteps:
		return c.lastStep(year, on)
	}
	return fiscal.ByMonth.Progress(year, on)
}

func (c Curve) lastStep(year fiscal.Year, on fiscal.Date) *big.Rat {
	share := new(big.Rat)
	for _, step := range c.Steps {
		if step.In(year).Compare(on) <= 0 {
			share = step.Rat()
		}
	}
	return share
}

// paidBy is what twelve months come to by the end of a day of their year, the
// day's month in proportion to its days; 0 for no months.
func paidBy(months *Months, on fiscal.Date) (sum money.Amount) {
	if months == nil {
		return 0
	}
	for _, amount := range months[:on.Month-1] {
		sum += amount
	}
	return sum + share(months[on.Month-1], money.Amount(on.Day), money.Amount(on.MonthEnd().Day))
}
