package web

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// The chart's plot is chartWidth by chartHeight units, for twelve months by 0
// to 100 %.
const (
	chartWidth  = 720
	chartHeight = 200
)

// Chart is the year's course: cumulative execution against time progress. The
// table under it has the same data.
type Chart struct {
	Points      string // of the polyline
	Dots        []Dot
	Months      []Dot
	Last        Dot
	Description string
}

// Dot is a place on the chart with what stands there.
type Dot struct{ X, Y, Label string }

// chart draws the months; nil if none of them has a rate.
func (s sheet) chart(months projections.Report) (*Chart, error) {
	chart := &Chart{}
	points := []string{fmt.Sprintf("0,%d", chartHeight)} // the year begins with nothing spent
	var sofar budget.Figures
	for _, row := range months.Rows {
		var err error
		if sofar, err = added(sofar, row.Figures); err != nil {
			return nil, err
		}
		if p := (standing{Figures: sofar, Progress: monthProgress(row.Key)}); p.Rated() {
			dot := Dot{place(p.Progress, chartWidth), place(rest(p.Figures.Rate().Rat()), chartHeight), s.Percent(p.Figures.Rate())}
			points = append(points, dot.X+","+dot.Y)
			chart.Dots, chart.Last = append(chart.Dots, dot), dot
		}
	}
	if len(chart.Dots) == 0 {
		return nil, nil
	}
	for month := int64(1); month <= 12; month++ {
		chart.Months = append(chart.Months, Dot{X: place(big.NewRat(month, 12), chartWidth), Label: s.Text("chart.month", "month", month)})
	}
	chart.Points = strings.Join(points, " ")
	chart.Description = s.Text("chart.description", "rate", chart.Last.Label, "progress", s.progress(s.progressNow()))
	return chart, nil
}

// rest is 1 − share: the vertical axis runs down.
func rest(share *big.Rat) *big.Rat { return new(big.Rat).Sub(big.NewRat(1, 1), share) }

// place puts a share on an axis; what is off the scale stands at its end.
func place(share *big.Rat, length int64) string {
	switch {
	case share.Sign() < 0:
		share = new(big.Rat)
	case share.Cmp(big.NewRat(1, 1)) > 0:
		share = big.NewRat(1, 1)
	}
	return money.Print(new(big.Rat).Mul(share, big.NewRat(length, 1)), 1, money.HalfUp)
}
