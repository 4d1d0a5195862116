package fiscal

import (
	"errors"
	"fmt"
	"strconv"
	"time"
	_ "time/tzdata" // the calendar must not depend on the machine's zone files
)

// Zone is the time zone that business dates are read in.
var Zone = mustLoad("Asia/Shanghai")

func mustLoad(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the data is embedded: this cannot fail at run time
	}
	return zone
}

// The years that Outturn keeps books of.
const (
	MinYear Year = 1950
	MaxYear Year = 2199
)

// ErrYear and ErrDate say how a year and a business date are written.
var (
	ErrYear = fmt.Errorf("a fiscal year is a whole number from %d to %d", MinYear, MaxYear)
	ErrDate = errors.New("a date is written as \"2023-10-31\" and must exist in the calendar")
)

// Year is a fiscal year.
type Year int

// ParseYear reads a year of four digits, or returns [ErrYear].
func ParseYear(text string) (Year, error) {
	n, err := strconv.Atoi(text)
	if err != nil || len(text) != 4 {
		return 0, ErrYear
	}
	return Year(n), Year(n).Validate()
}

// Validate returns [ErrYear] for a year outside [MinYear] to [MaxYear].
func (y Year) Validate() error {
	if y < MinYear || y > MaxYear {
		return ErrYear
	}
	return nil
}

// First and Last are the year's first and last day.
func (y Year) First() Date { return Date{y, time.January, 1} }

// Last is the year's last day.
func (y Year) Last() Date { return Date{y, time.December, 31} }

// Days is 365 or 366.
func (y Year) Days() int { return y.Last().YearDay() }

// Date is a business date: the day that an event counts for, without a time of
// day or a zone. The zero Date is not a date.
type Date struct {
	Year  Year
	Month time.Month
	Day   int
}

// ParseDate reads "2023-10-31", or returns [ErrDate] or [ErrYear].
func ParseDate(text string) (Date, error) {
	parsed, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, ErrDate
	}
	date := DateOf(parsed)
	return date, date.Year.Validate()
}

// DateOf is the calendar day that t shows in its own zone. For the business
// date of an instant use DateOf(t.In(Zone)).
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year(year), month, day}
}

// Today is the business date of an instant.
func Today(now time.Time) Date { return DateOf(now.In(Zone)) }

// Time is the day's midnight in UTC, for storing it as a date.
func (d Date) Time() time.Time {
	return time.Date(int(d.Year), d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// YearDay counts from 1.
func (d Date) YearDay() int { return d.Time().YearDay() }

// IsZero says that this is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Compare orders two dates: −1, 0 or +1.
func (d Date) Compare(other Date) int { return d.Time().Compare(other.Time()) }

// AddDays is the day n days later (or earlier, for a negative n).
func (d Date) AddDays(n int) Date { return DateOf(d.Time().AddDate(0, 0, n)) }

// MonthEnd is the last day of the date's month.
func (d Date) MonthEnd() Date {
	return DateOf(time.Date(int(d.Year), d.Month+1, 0, 0, 0, 0, 0, time.UTC))
}

// String writes "2023-10-31".
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText writes the date as [Date.String] does.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the date as [ParseDate] does.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
