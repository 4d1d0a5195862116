package fiscal

import "math/big"

// Pace names a way to measure time progress (序时进度).
type Pace string

// The paces that finance offices use. By month counts the month that the date
// lies in as passed, as the 1–X月 columns of monitoring forms do (July is 7/12);
// by day counts the days up to and including the date, of 365 or 366.
const (
	ByMonth Pace = "month"
	ByDay   Pace = "day"
)

// Progress is the exact share of the year that has passed on a date: 0 before
// its first day, 1 from its last day on.
func (p Pace) Progress(year Year, on Date) *big.Rat {
	switch {
	case on.Year < year:
		return new(big.Rat)
	case on.Year > year:
		return big.NewRat(1, 1)
	case p == ByDay:
		return big.NewRat(int64(on.YearDay()), int64(year.Days()))
	}
	return big.NewRat(int64(on.Month), 12)
}
