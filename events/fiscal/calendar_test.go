package fiscal_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/fiscal"
)

func date(t testing.TB, text string) fiscal.Date {
	t.Helper()
	on, err := fiscal.ParseDate(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return on
}

func TestWorkingDaysOfChina(t *testing.T) {
	t.Parallel()
	china := fiscal.China()
	for text, works := range map[string]bool{
		"2023-09-28": true,  // the day before Mid-Autumn
		"2023-09-29": false, // Mid-Autumn, a Friday
		"2023-10-06": false, // the last day of National Day
		"2023-10-07": true,  // a Saturday, made up
		"2023-10-08": true,  // a Sunday, made up
		"2023-10-09": true,
		"2022-12-31": false, // New Year of 2023, in the December before
		"2023-01-02": false,
		"2024-02-04": true,  // a Sunday, made up for Spring Festival
		"2024-02-09": true,  // the eve was worked in 2024
		"2024-02-10": false, // Spring Festival
		"2024-02-16": false, // its last weekday
		"2024-02-18": true,  // a Sunday, made up
		"2024-02-24": false, // a Saturday like any other
		"2025-01-28": false, // the eve is free from 2025 on
		"2026-02-23": false,
		"2026-02-28": true, // a Saturday, made up
		"2031-10-01": true, // nothing is known of 2031: a Wednesday
		"2031-10-04": false,
	} {
		if got := china.IsWorkingDay(date(t, text)); got != works {
			t.Errorf("%s is worked: %t, want %t", text, got, works)
		}
	}
}

func TestTermsInWorkingDays(t *testing.T) {
	t.Parallel()
	china := fiscal.China()
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2023-09-28", 1, "2023-10-07"},  // over National Day, to the made-up Saturday
		{"2023-09-28", 2, "2023-10-08"},  //
		{"2023-09-30", 10, "2023-10-18"}, // from within the holiday
		{"2023-10-31", 10, "2023-11-14"}, // two ordinary weeks
		{"2024-02-02", 1, "2024-02-04"},  // a Friday, to the made-up Sunday
		{"2024-02-09", 1, "2024-02-18"},  // over Spring Festival
		{"2024-02-09", 0, "2024-02-09"},
		{"2023-10-07", -1, "2023-09-28"},
	} {
		from, want := date(t, c.from), date(t, c.want)
		if got := china.AddWorkingDays(from, c.n); got != want {
			t.Errorf("%d working days from %s is %s, want %s", c.n, from, got, want)
		}
		if got := china.WorkingDaysBetween(from, want); c.n >= 0 && got != c.n {
			t.Errorf("%d working days between %s and %s, want %d", got, from, want, c.n)
		}
	}
}

// TestWorkingDaysOfAYear: 365 or 366 days less the 104 to 106 of weekends less the
// days of the law (11 until 2024, 13 from 2025 on), however they are moved.
func TestWorkingDaysOfAYear(t *testing.T) {
	t.Parallel()
	china := fiscal.China()
	for year, want := range map[fiscal.Year]int{2022: 249, 2023: 249, 2024: 251, 2025: 248, 2026: 248, 2027: 248} {
		if got := china.WorkingDaysBetween((year - 1).Last(), year.Last()); got != want {
			t.Errorf("%d has %d working days, want %d", year, got, want)
		}
		basis := fiscal.Published
		if year == 2027 {
			basis = fiscal.Assumed
		}
		if got := china.Basis(year); got != basis {
			t.Errorf("%d is %s, want %s", year, got, basis)
		}
	}
	if got := china.Basis(2028); got != fiscal.WeekendsOnly {
		t.Errorf("2028 is %s", got)
	}
}

func TestTermsGoThereAndBack(t *testing.T) {
	t.Parallel()
	china := fiscal.China()
	rapid.Check(t, func(rt *rapid.T) {
		from := date(t, "2022-01-01").AddDays(rapid.IntRange(0, 6*365).Draw(rt, "day"))
		n := rapid.IntRange(1, 60).Draw(rt, "n")
		to := china.AddWorkingDays(from, n)
		if !china.IsWorkingDay(to) {
			rt.Fatalf("%s is not worked", to)
		}
		if got := china.WorkingDaysBetween(from, to); got != n {
			rt.Fatalf("%d working days between %s and %s, want %d", got, from, to, n)
		}
		if sum := china.WorkingDaysBetween(from, to) + china.WorkingDaysBetween(to, from); china.IsWorkingDay(from) && sum != 0 {
			rt.Fatalf("there and back between %s and %s is %d", from, to, sum)
		}
	})
}

func TestACalendarOfOnesOwn(t *testing.T) {
	t.Parallel()
	own, err := fiscal.ParseCalendar([]byte(`{"years": [{"year": 2028, "basis": "published", "document": "x",
		"holidays": [{"name": "元旦", "from": "2027-12-31", "to": "2028-01-03"}], "working_days": ["2028-01-08"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := own.AddWorkingDays(date(t, "2027-12-30"), 5).String(); got != "2028-01-08" {
		t.Errorf("five working days later is %s", got)
	}
	if date(t, "2028-01-08").Time().Weekday() != time.Saturday {
		t.Error("the test is wrong")
	}
}

func TestErrorsOfACalendarNameThePlace(t *testing.T) {
	t.Parallel()
	year := func(members string) string {
		return `{"years": [{"year": 2028, "basis": "published", ` + members + `}]}`
	}
	for name, c := range map[string]struct{ file, want string }{
		"nothing":             {``, "at byte 0"},
		"no years":            {`{"years": []}`, "has no years"},
		"two documents":       {year(`"document": "x"`) + "{}", "follows its end"},
		"an unknown member":   {year(`"holydays": []`), `unknown field "holydays"`},
		"a year that is none": {`{"years": [{"year": 28, "basis": "published"}]}`, "years[0].year"},
		"no basis":            {`{"years": [{"year": 2028}]}`, `years[0].basis: must be "published" or "assumed", and is ""`},
		"a year twice":        {`{"years": [{"year": 2028, "basis": "assumed"}, {"year": 2028, "basis": "assumed"}]}`, "years[1].year: 2028 stands here for the second time"},
		"no such day":         {year(`"holidays": [{"name": "x", "from": "2028-02-30", "to": "2028-03-01"}]`), `years[0].holidays[0].from: "2028-02-30"`},
		"an end before":       {year(`"holidays": [{"name": "x", "from": "2028-02-03", "to": "2028-02-01"}]`), "years[0].holidays[0].to: must lie between 2028-02-03"},
		"another year":        {year(`"holidays": [{"name": "x", "from": "2029-02-03", "to": "2029-02-03"}]`), "must lie in 2028"},
		"a day twice":         {year(`"holidays": [{"name": "x", "from": "2028-02-05", "to": "2028-02-05"}], "working_days": ["2028-02-05"]`), "years[0].working_days[0]: 2028-02-05 stands in the calendar twice"},
		"a made-up weekday":   {year(`"working_days": ["2028-02-07"]`), "2028-02-07 is a Monday"},
	} {
		if _, err := fiscal.ParseCalendar([]byte(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
	if _, err := fiscal.ParseCalendar(make([]byte, 2<<20)); err == nil {
		t.Error("a calendar of 2 MiB is read")
	}
}
