package fiscal

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

//go:embed calendar_china.json
var chinaCalendar []byte

// Basis says what the days of a year in a calendar rest on.
type Basis string

// The bases. Of a year that the data does not have, only the weekends are free.
const (
	Published    Basis = "published" // the State Council's notice (节假日安排的通知)
	Assumed      Basis = "assumed"   // the law's days, before the notice is out
	WeekendsOnly Basis = "weekends"
)

// Limits of a calendar's file.
const (
	maxCalendarBytes = 1 << 20
	maxHolidayDays   = 31 // of one holiday
)

// Calendar knows the working days: Monday to Friday without the public holidays
// (节假日), and the Saturdays and Sundays that are worked in their place (调休).
// It does not change and may be shared.
type Calendar struct {
	bases map[Year]Basis
	works map[Date]bool // where the weekday does not say
}

// calendarFile is the JSON of a calendar.
type calendarFile struct {
	Years []calendarYear `json:"years"`
}

type calendarYear struct {
	Year        Year      `json:"year"`
	Basis       Basis     `json:"basis"`
	Document    string    `json:"document"`
	Holidays    []holiday `json:"holidays"`
	WorkingDays []string  `json:"working_days"`
}

type holiday struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
}

// China is the calendar of mainland China that is built in: 2022 to 2026 as
// published, 2027 as assumed.
func China() *Calendar {
	c, err := ParseCalendar(chinaCalendar)
	if err != nil {
		panic(err) // the data is embedded and tested: this cannot fail at run time
	}
	return c
}

// ParseCalendar reads a calendar that replaces the one that is built in, in the
// same form: events/fiscal/calendar_china.json. The days of a year's notice may
// begin in the December before. Errors name the place in the file, what is wrong
// there, and what it should be.
func ParseCalendar(raw []byte) (*Calendar, error) {
	if len(raw) > maxCalendarBytes {
		return nil, fmt.Errorf("a calendar has at most %d bytes, this one has %d", maxCalendarBytes, len(raw))
	}
	var file calendarFile
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("the calendar, at byte %d: %w", decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("the calendar, at byte %d: something follows its end", decoder.InputOffset())
	}
	if len(file.Years) == 0 {
		return nil, fmt.Errorf("the calendar has no years; it needs at least one")
	}
	c := &Calendar{bases: map[Year]Basis{}, works: map[Date]bool{}}
	for i, year := range file.Years {
		if err := c.add(year); err != nil {
			return nil, fmt.Errorf("the calendar, years[%d]%w", i, err)
		}
	}
	return c, nil
}

// add takes a year in. Its errors begin with the place within the year.
func (c *Calendar) add(y calendarYear) error {
	if err := y.Year.Validate(); err != nil {
		return fmt.Errorf(".year: %w", err)
	}
	if _, twice := c.bases[y.Year]; twice {
		return fmt.Errorf(".year: %d stands here for the second time", y.Year)
	}
	if y.Basis != Published && y.Basis != Assumed {
		return fmt.Errorf(".basis: must be %q or %q, and is %q", Published, Assumed, y.Basis)
	}
	c.bases[y.Year] = y.Basis
	for i, h := range y.Holidays {
		if err := c.addHoliday(y.Year, h); err != nil {
			return fmt.Errorf(".holidays[%d]%w", i, err)
		}
	}
	for i, text := range y.WorkingDays {
		day, err := dayOf(y.Year, text)
		switch {
		case err != nil:
		case !isWeekend(day):
			err = fmt.Errorf("%s is a %s, which is worked anyway; only a Saturday or Sunday can be made up", text, weekday(day))
		default:
			err = c.mark(day, true)
		}
		if err != nil {
			return fmt.Errorf(".working_days[%d]: %w", i, err)
		}
	}
	return nil
}

func (c *Calendar) addHoliday(year Year, h holiday) error {
	from, err := dayOf(year, h.From)
	if err != nil {
		return fmt.Errorf(".from: %w", err)
	}
	to, err := dayOf(year, h.To)
	if err != nil {
		return fmt.Errorf(".to: %w", err)
	}
	if last := from.AddDays(maxHolidayDays - 1); to.Compare(from) < 0 || to.Compare(last) > 0 {
		return fmt.Errorf(".to: must lie between %s and %s, and is %s", from, last, to)
	}
	for day := from; day.Compare(to) <= 0; day = day.AddDays(1) {
		if err := c.mark(day, false); err != nil {
			return fmt.Errorf(": %w", err)
		}
	}
	return nil
}

// mark says whether a day is worked, once.
func (c *Calendar) mark(day Date, works bool) error {
	if _, twice := c.works[day]; twice {
		return fmt.Errorf("%s stands in the calendar twice; a day is a holiday or worked, once", day)
	}
	c.works[day] = works
	return nil
}

// dayOf reads a day of a year's notice.
func dayOf(year Year, text string) (Date, error) {
	day, err := ParseDate(text)
	if err != nil {
		return Date{}, fmt.Errorf("%q: %w", text, err)
	}
	if day.Year != year && (day.Year != year-1 || day.Month != time.December) {
		return Date{}, fmt.Errorf("%s must lie in %d, or in the December before", text, year)
	}
	return day, nil
}

func weekday(day Date) time.Weekday { return day.Time().Weekday() }

func isWeekend(day Date) bool {
	return weekday(day) == time.Saturday || weekday(day) == time.Sunday
}

// Basis says what the days of a year rest on.
func (c *Calendar) Basis(year Year) Basis {
	if basis, known := c.bases[year]; known {
		return basis
	}
	return WeekendsOnly
}

// IsWorkingDay says whether a day is worked.
func (c *Calendar) IsWorkingDay(day Date) bool {
	if works, marked := c.works[day]; marked {
		return works
	}
	return !isWeekend(day)
}

// AddWorkingDays is the nth working day after a day, which itself never counts,
// as administrative terms are counted; for a negative n, the nth before it. For 0
// it is the day itself, whether worked or not.
func (c *Calendar) AddWorkingDays(day Date, n int) Date {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		if day = day.AddDays(step); c.IsWorkingDay(day) {
			n--
		}
	}
	return day
}

// WorkingDaysBetween counts the working days after from up to and including to;
// below zero if to lies before from. AddWorkingDays(from, n) is n away.
func (c *Calendar) WorkingDaysBetween(from, to Date) int {
	if to.Compare(from) < 0 {
		return -c.WorkingDaysBetween(to.AddDays(-1), from.AddDays(-1))
	}
	n := 0
	for day := from.AddDays(1); day.Compare(to) <= 0; day = day.AddDays(1) {
		if c.IsWorkingDay(day) {
			n++
		}
	}
	return n
}
