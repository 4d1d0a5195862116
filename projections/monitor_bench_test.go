package projections_test

import (
	"testing"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/examples/city"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// cityLog is the log of a made-up city, recorded on the days that it was posted.
func cityLog(tb testing.TB, size city.Size) *eventlog.Memory {
	tb.Helper()
	log := eventlog.NewMemory()
	var sequence uint64
	var batch []eventlog.Record
	flush := func() {
		if err := log.Append(tb.Context(), sequence-uint64(len(batch)), batch); err != nil {
			tb.Fatal(err)
		}
		batch = batch[:0]
	}
	for posted := range size.All() {
		event, err := events.Parse(posted.JSON())
		if err != nil {
			tb.Fatal(err)
		}
		sequence++
		recorded, err := event.Record(events.Stamp{Sequence: sequence, RecordedTime: posted.Time(), Actor: "city"})
		if err != nil {
			tb.Fatal(err)
		}
		if batch = append(batch, recordOf(recorded)); len(batch) == eventlog.MaxBatch {
			flush()
		}
	}
	flush()
	return log
}

// BenchmarkMonitor watches a large city: its months, what they are judged to be,
// and a test of its forecasts.
func BenchmarkMonitor(b *testing.B) {
	log := cityLog(b, city.Large(1))
	last, _ := log.Last(b.Context())
	dsn := localtest.Postgres(b)
	if err := projections.Rebuild(b.Context(), dsn, log, projections.RebuildOptions{Logger: quiet}); err != nil {
		b.Fatal(err)
	}
	store := openBench(b, dsn)
	b.Cleanup(store.Close)
	for name, q := range map[string]projections.Query{
		"LinesNow":      {By: projections.ByLine},
		"ProjectsNow":   {By: projections.ByProject},
		"UnitsNow":      {By: projections.ByUnit},
		"UnitsMonthEnd": {By: projections.ByUnit, AsOf: projections.AsOf{Date: date("2023-09-30")}},
		"UnitsMidMonth": {By: projections.ByUnit, AsOf: projections.AsOf{Date: date("2023-10-12")}},
		"LinesMidMonth": {By: projections.ByLine, AsOf: projections.AsOf{Date: date("2023-10-20")}},
		"UnitsKnown":    {By: projections.ByUnit, AsOf: projections.AsOf{Date: date("2023-09-30"), Through: last * 9 / 10}},
		"UnitsHalf":     {By: projections.ByUnit, AsOf: projections.AsOf{Date: date("2023-03-31"), Through: last * 6 / 10}},
		"OneProject":    {By: projections.ByProject, Project: firstProject(b, store)},
	} {
		q.Year = 2023
		b.Run(name, func(b *testing.B) {
			rows := 0
			for b.Loop() {
				series, err := store.Months(b.Context(), q)
				if rows = len(series); err != nil || rows == 0 {
					b.Fatal(rows, err)
				}
			}
			b.ReportMetric(float64(rows), "rows")
		})
	}
	b.Run("BackTest", func(b *testing.B) { backTest(b, store) })
}

func firstProject(b *testing.B, store *projections.Store) events.ProjectID {
	projects, err := store.Projects(b.Context(), 2023)
	if err != nil || len(projects) == 0 {
		b.Fatal(len(projects), err)
	}
	return projects[0].Key.ID
}

// backTest tests forecasts of projects in the city's second year.
func backTest(b *testing.B, store *projections.Store) {
	last, err := store.Months(b.Context(), projections.Query{By: projections.ByProject, Year: 2022})
	if err != nil {
		b.Fatal(err)
	}
	before := make(map[string]*projections.Series, len(last))
	for i := range last {
		before[last[i].Key] = &last[i]
	}
	all, err := store.Months(b.Context(), projections.Query{By: projections.ByProject, Year: 2023})
	if err != nil {
		b.Fatal(err)
	}
	var errors *pace.Errors
	for b.Loop() {
		histories := make([]pace.History, len(all))
		for i := range all {
			histories[i] = all[i].History(2023, before[all[i].Key])
		}
		errors = pace.BackTest(histories)
	}
	for _, month := range []int{3, 6, 9, 11} {
		for _, m := range pace.Methods() {
			e := errors.Of(m, month)
			b.Logf("month %d, %s: %d cases, median %v, ninetieth %v", month, m, e.Count, e.Median(), e.Ninetieth())
		}
	}
}
