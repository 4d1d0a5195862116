package audit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/audit"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ document, says string }{
		"no_json":              {`forms`, "not a document of declared forms"},
		"a_list":               {`[]`, "not a document of declared forms"},
		"no_forms":             {`{"narrative": {}}`, `no "forms"`},
		"something_after":      {`{"forms": []} {}`, "something follows"},
		"a_form_that_is_text":  {`{"forms": ["x"]}`, "forms[0]"},
		"an_unknown_kind":      {`{"forms": [{"id": "a", "kind": "school"}]}`, `forms[0] (a): kind "school"`},
		"an_unknown_unit":      {`{"forms": [{"id": "a", "money_unit": "美元"}]}`, `money_unit "美元"`},
		"a_year_in_words":      {`{"forms": [{"id": "a", "year": "去年"}]}`, "the year is a number"},
		"a_cell_that_is_true":  {`{"forms": [{"id": "a", "total": {"score": true}}]}`, "a cell is a string"},
		"a_cell_that_is_list":  {`{"forms": [{"id": "a", "total": {"score": ["1"]}}]}`, "a cell is a string"},
		"indicators_as_object": {`{"forms": [{"id": "a", "indicators": {}}]}`, "indicators"},
		"narrative_as_text":    {`{"forms": [], "narrative": "x"}`, `"narrative" is an object`},
		"a_cell_too_long":      {fmt.Sprintf(`{"forms": [{"project": %q}]}`, strings.Repeat("字", audit.MaxTextRunes+1)), "more than 20000 characters"},
		"too_many_forms":       {`{"forms": [` + strings.Repeat(`{},`, audit.MaxForms) + `{}]}`, "split the document"},
		"too_many_indicators":  {`{"forms": [{"indicators": [` + strings.Repeat(`{},`, audit.MaxIndicators) + `{}]}]}`, "501 indicators"},
		"too_many_fund_rows":   {`{"forms": [{"funds": [` + strings.Repeat(`{},`, audit.MaxFundRows) + `{}]}]}`, "101 fund rows"},
		"too_many_statements":  {`{"forms": [], "narrative": {"a": [` + strings.Repeat(`1,`, audit.MaxStatements) + `1]}}`, "more than 1000 figures"},
		"a_narrative_too_deep": {`{"forms": [], "narrative": ` + strings.Repeat(`{"a":`, 8) + `1` + strings.Repeat(`}`, 8) + `}`, "nested more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := audit.Parse([]byte(c.document))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want it to say %q", err, c.says)
			}
		})
	}
}

func TestParseRefusesTooManyBytes(t *testing.T) {
	t.Parallel()
	if _, err := audit.Parse(make([]byte, audit.MaxBytes+1)); !errors.Is(err, audit.ErrTooLarge) {
		t.Errorf("error %v", err)
	}
}

func TestParseTakesWhatFormsHold(t *testing.T) {
	t.Parallel()
	declared := parse(t, []byte(`{"forms": [{"income": {}, "year": "2023", "total": {"score": 90.50, "weight": {"printed": "100", "exact": 1}, "grade": null},
		"member_of_the_future": [1]}, {}], "narrative": {"b": {"y": "2", "x": 1.50}, "a": null}}`))
	first := declared.Forms[0]
	if first.ID != "forms[0]" || first.Kind != audit.Department || first.Year != 2023 {
		t.Errorf("%+v", first)
	}
	if first.Total.Score.Printed != "90.50" || first.Total.Weight.Printed != "100" || first.Total.Grade != (audit.Text{Stated: true}) {
		t.Errorf("%+v", first.Total)
	}
	if declared.Forms[1].Kind != audit.Project {
		t.Errorf("kind %q", declared.Forms[1].Kind)
	}
	if got := fmt.Sprint(declared.Narrative); got != "[{b.y 2} {b.x 1.50} {a }]" {
		t.Errorf("narrative %s", got)
	}
	if report := audit.Run(declared, audit.Options{}); !report.Clean() {
		t.Errorf("%+v", report.Findings)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"forms": [{"funds": [{"row": "total", "full_year": "80", "executed": "41.14"}], "execution": {"weight": "10", "rate": "51.42%", "score": "5.14"}}]}`))
	f.Add([]byte(`{"forms": [{"indicators": [{"target": "≥95%", "actual": "9", "weight": "5", "score": "5"}]}], "narrative": {"a": {"text": "1", "share_printed": "2%"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		declared, err := audit.Parse(raw)
		if err != nil {
			return
		}
		if report := audit.Run(declared, audit.Options{}); report.Forms != len(declared.Forms) {
			t.Errorf("%d forms audited of %d", report.Forms, len(declared.Forms))
		}
	})
}

func TestAYearThatIsNotStatedSurvivesWritingAndReading(t *testing.T) {
	t.Parallel()
	for _, year := range []audit.Year{0, 2023} {
		raw, err := json.Marshal(year)
		if err != nil {
			t.Fatal(err)
		}
		var read audit.Year
		if err := json.Unmarshal(raw, &read); err != nil || read != year {
			t.Errorf("%d is written %s and read %d, %v", year, raw, read, err)
		}
	}
}
