package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/projections"
)

func TestLaggingPutsTheWorstFirst(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.reader.report = projections.Report{
		Rows: []projections.Row{
			{Key: "even", Figures: budget.Figures{FullYear: 1200, Executed: 1000}},
			{Key: "none", Figures: budget.Figures{}},
			{Key: "radio", Figures: budget.Figures{FullYear: 139980000, Executed: 106090000}},
			{Key: "training", Figures: budget.Figures{FullYear: 80000000, Executed: 34283333}},
			{Key: "over", Figures: budget.Figures{FullYear: 100, Executed: 101}},
		},
	}
	answer := read[api.LaggingAnswer](t, s.get("/v1/lagging?year=2023&as_of=2023-10-31"), http.StatusOK)
	var got []string
	for _, row := range answer.Rows {
		gap, forecast := "null", "null"
		if row.GapPoints != nil {
			gap = *row.GapPoints
		}
		if row.Forecast != nil {
			forecast = row.Forecast.String()
		}
		got = append(got, row.Key+" "+gap+" "+string(row.Status)+" "+forecast)
	}
	want := []string{
		"training -40.48 far_behind 411399.99", "radio -7.54 behind 1273080.00",
		"even 0.00 on_pace 12.00", "over 17.67 over 1.01", "none null none 0.00",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lagging (-want +got):\n%s", diff)
	}
	if answer.TimeProgress != "83.33" {
		t.Errorf("time progress %s; 10 of 12 months is 83.33", answer.TimeProgress)
	}
}

func TestLaggingIsJudgedTodayOrAtTheYearsEnd(t *testing.T) {
	t.Parallel()
	s := start(t) // its clock stands in March 2024
	for year, want := range map[string]string{"2023": "2023-12-31", "2024": "2024-03-01"} {
		s.get("/v1/lagging?year=" + year)
		if got := s.reader.report.Query.AsOf.Date; got.String() != want {
			t.Errorf("%s is judged on %s; want %s", year, got, want)
		}
	}
	early := read[api.LaggingAnswer](t, s.get("/v1/lagging?year=2024&as_of=2024-01-31"), http.StatusOK)
	if early.Total.Forecast != nil {
		t.Error("in January it is too early for a forecast")
	}
	s.wantProblem("by month", s.get("/v1/lagging?year=2023&by=month"), http.StatusBadRequest, api.CodeQueryInvalid, "")
}
