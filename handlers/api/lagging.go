package api

import (
	"math/big"
	"net/http"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// LaggingAnswer is who is behind, by how much, worst first.
type LaggingAnswer struct {
	Year            fiscal.Year    `json:"year"`
	By              projections.By `json:"by"`
	AsOf            fiscal.Date    `json:"as_of"`
	ThroughSequence uint64         `json:"through_sequence"`
	TimeProgress    string         `json:"time_progress"` // percent, by month
	Rows            []LaggingRow   `json:"rows"`
	Total           LaggingRow     `json:"total"`
}

// LaggingRow is one row and how it stands. GapPoints is null without a rate;
// Forecast, the year's outturn at the present pace, is null while it is too early
// to say.
type LaggingRow struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	FiguresAnswer
	TimeProgress string        `json:"time_progress"`
	GapPoints    *string       `json:"gap_points"`
	Status       pace.Status   `json:"status"`
	Forecast     *money.Amount `json:"forecast"`
}

func (a *API) getLagging(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	asked := projections.Query{
		Year: q.year(), By: oneOf(q, "by", standings()), Unit: code[events.UnitID](q, "unit"),
		Fund: oneOf(q, "fund", events.Funds()), Kind: oneOf(q, "kind", events.ProjectKinds()), AsOf: q.asOf(), Within: a.reach(r).Within(),
	}
	if asked.AsOf.Date.IsZero() {
		asked.AsOf.Date = a.dayIn(asked.Year)
	}
	report, err := a.report(r, q, asked)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, laggingAnswer(report))
}

// standings are the rows that can be behind.
func standings() []projections.By {
	return slices.DeleteFunc(allBy(), func(by projections.By) bool { return by == projections.ByMonth })
}

// dayIn is today, or the year's last day once it is over.
func (a *API) dayIn(year fiscal.Year) fiscal.Date {
	today := fiscal.Today(a.config.Now())
	if last := year.Last(); today.Compare(last) > 0 {
		return last
	}
	return today
}

func laggingAnswer(report projections.Report) LaggingAnswer {
	on := report.Query.AsOf.Date
	progress := fiscal.ByMonth.Progress(report.Query.Year, on)
	slices.SortStableFunc(report.Rows, func(x, y projections.Row) int {
		return pace.Compare(pace.Standing{Figures: x.Figures, Progress: progress}, pace.Standing{Figures: y.Figures, Progress: progress})
	})
	answer := LaggingAnswer{
		Year: report.Query.Year, By: report.Query.By, AsOf: on, ThroughSequence: report.Sequence,
		TimeProgress: percent(progress), Rows: make([]LaggingRow, len(report.Rows)),
		Total: laggingRow(projections.Row{Figures: report.Total}, progress),
	}
	for i, row := range report.Rows {
		answer.Rows[i] = laggingRow(row, progress)
	}
	return answer
}

func laggingRow(row projections.Row, progress *big.Rat) LaggingRow {
	standing := pace.Standing{Figures: row.Figures, Progress: progress}
	answer := LaggingRow{
		Key: row.Key, Name: row.Name, FiguresAnswer: figuresAnswer(row.Figures),
		TimeProgress: percent(progress), Status: standing.Status(pace.Proportional()),
	}
	if standing.Rated() {
		gap := standing.PrintedGap()
		answer.GapPoints = &gap
	}
	if forecast, ok := standing.Forecast(); ok {
		answer.Forecast = &forecast
	}
	return answer
}

func percent(share *big.Rat) string {
	return money.Print(new(big.Rat).Mul(share, big.NewRat(100, 1)), rateDigits, money.HalfUp)
}
