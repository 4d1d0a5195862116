package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// indicator is a row of a form's table of indicators, as printed.
type indicator struct {
	Level1 string `json:"level1"`
	Level2 string `json:"level2"`
	Level3 string `json:"level3"`
	Target string `json:"target"`
	Actual string `json:"actual"`
	Weight string `json:"weight"`
	Score  string `json:"score"`
	Note   string `json:"note"`
}

type indicatorData struct {
	About     string `json:"about"`
	Year      int    `json:"year"`
	Indicator string `json:"indicator"`
	Level1    string `json:"level1"`
	Level2    string `json:"level2"`
	Level3    string `json:"level3"`
	Operator  string `json:"operator"`
	Target    string `json:"target"`
	Weight    string `json:"weight"`
	Date      string `json:"date"`
	Memo      string `json:"memo"`
}

type reportedData struct {
	About     string `json:"about"`
	Year      int    `json:"year"`
	Indicator string `json:"indicator"`
	Date      string `json:"date"`
	Actual    string `json:"actual"`
	Memo      string `json:"memo"`
}

type scoredData struct {
	About     string `json:"about"`
	Year      int    `json:"year"`
	Indicator string `json:"indicator"`
	Date      string `json:"date"`
	Score     string `json:"score"`
	Reason    string `json:"reason,omitempty"`
	Memo      string `json:"memo"`
}

// codeMemo marks an event of which only the indicator's code is made up.
const codeMemo = "illustrative: code of the indicator"

// costIndicator is the second level whose target is a ceiling.
const costIndicator = "成本指标"

var (
	quantity = regexp.MustCompile(`^[≥≤]?\s*[0-9]`)
	ofYear   = regexp.MustCompile(`^[0-9]{4}年`)
)

// operator says how an actual value meets a target; the report does not state
// it. A target that begins with a number is to be reached, one of cost is not to
// be exceeded, and words or dates are judged.
func (i indicator) operator() string {
	switch {
	case strings.HasPrefix(i.Target, "≤"):
		return "≤"
	case !quantity.MatchString(i.Target), ofYear.MatchString(i.Target):
		return "qualitative"
	case i.Level2 == costIndicator:
		return "≤"
	}
	return "≥"
}

// perform enters what the forms say of goals reached: each indicator with the
// budget, and its value and score on the day that the form was filled in.
func perform(r report) ([]event, error) {
	var events []event
	for n, f := range r.Forms {
		about, subject := "project", f.ID
		if n == departmentForm {
			about, subject = "unit", bureau
		}
		filled, err := time.Parse("2006年1月2日", f.FilledOn)
		if err != nil {
			return nil, fmt.Errorf("form %s: filled on %q: %w", f.ID, f.FilledOn, err)
		}
		for i, row := range f.Indicators {
			events = append(events, row.events(about, subject, fmt.Sprintf("i%02d", i+1), filled)...)
		}
	}
	return events, nil
}

func (i indicator) events(about, subject, code string, filled time.Time) []event {
	set, on := allocated.Format(time.DateOnly), filled.Format(time.DateOnly)
	id := subject + "-" + code
	events := []event{
		newEvent("indicator-"+id, "indicator.set", subject, allocated, indicatorData{
			about, year, code, i.Level1, i.Level2, i.Level3, i.operator(), i.Target, i.Weight, set, "illustrative: code, date and operator"}),
		newEvent("reported-"+id, "indicator.reported", subject, filled, reportedData{about, year, code, on, i.Actual, codeMemo}),
	}
	if i.Score != "" { // a blank score is one that nobody gave
		events = append(events, newEvent("scored-"+id, "indicator.scored", subject, filled, scoredData{about, year, code, on, i.Score, i.Note, codeMemo}))
	}
	return events
}
