package fiscal_test

import (
	"errors"
	"testing"
	"time"

	"github.com/outturn/outturn/events/fiscal"
)

func TestDatesThatExistAreRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2023-10-31", "2024-02-29", "1950-01-01", "2199-12-31"} {
		date, err := fiscal.ParseDate(text)
		if err != nil || date.String() != text {
			t.Errorf("ParseDate(%q) = %s, %v", text, date, err)
		}
	}
}

func TestOtherDatesAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"2023-02-29": fiscal.ErrDate, "2023-13-01": fiscal.ErrDate, "2023-1-1": fiscal.ErrDate,
		"20231031": fiscal.ErrDate, "2023-10-31T00:00:00Z": fiscal.ErrDate, "": fiscal.ErrDate,
		"1949-12-31": fiscal.ErrYear, "2200-01-01": fiscal.ErrYear,
	} {
		if _, err := fiscal.ParseDate(text); !errors.Is(err, want) {
			t.Errorf("ParseDate(%q): %v; want %v", text, err, want)
		}
	}
	for _, text := range []string{"23", "02023", "20x3", "1949", "2200"} {
		if _, err := fiscal.ParseYear(text); !errors.Is(err, fiscal.ErrYear) {
			t.Errorf("ParseYear(%q): %v; want %v", text, err, fiscal.ErrYear)
		}
	}
}

func TestTheBusinessDayTurnsInShanghai(t *testing.T) {
	t.Parallel()
	evening := time.Date(2023, 12, 31, 15, 59, 59, 0, time.UTC)
	if got := fiscal.Today(evening).String(); got != "2023-12-31" {
		t.Errorf("one second before midnight in Shanghai is %s", got)
	}
	if got := fiscal.Today(evening.Add(time.Second)).String(); got != "2024-01-01" {
		t.Errorf("midnight in Shanghai is %s", got)
	}
}

func TestProgressOfTheYear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pace fiscal.Pace
		year fiscal.Year
		on   string
		want string
	}{
		{fiscal.ByMonth, 2023, "2023-07-31", "7/12"},
		{fiscal.ByMonth, 2023, "2023-07-01", "7/12"},
		{fiscal.ByDay, 2023, "2023-07-31", "212/365"},
		{fiscal.ByDay, 2024, "2024-07-31", "71/122"}, // 213/366
		{fiscal.ByDay, 2024, "2024-12-31", "1/1"},
		{fiscal.ByMonth, 2023, "2022-12-31", "0/1"},
		{fiscal.ByMonth, 2023, "2024-01-01", "1/1"},
	} {
		on, err := fiscal.ParseDate(c.on)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.pace.Progress(c.year, on).String(); got != c.want {
			t.Errorf("%s of %d on %s = %s; want %s", c.pace, c.year, c.on, got, c.want)
		}
	}
}

func TestLeapYearsHaveADayMore(t *testing.T) {
	t.Parallel()
	if fiscal.Year(2023).Days() != 365 || fiscal.Year(2024).Days() != 366 {
		t.Error("2023 has 365 days, 2024 has 366")
	}
	if got := (fiscal.Date{Year: 2024, Month: time.February, Day: 3}).MonthEnd().String(); got != "2024-02-29" {
		t.Errorf("February 2024 ends on %s", got)
	}
}
