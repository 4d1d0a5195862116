package yearend_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/handlers/yearend"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

const (
	year     = 2023
	unit     = "YYGX"
	training = "yueyang-2023-04"
)

// example is the report of 2023 as a source of forms, without a database.
func example(t *testing.T) forms.Source {
	t.Helper()
	file, err := examples.Events("yueyang-2023")
	if err != nil {
		t.Fatal(err)
	}
	var all []events.Event
	for line := range bytes.Lines(file) {
		event, err := events.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		sequence := uint64(len(all) + 1)
		if event, err = event.Record(events.Stamp{Sequence: sequence, RecordedTime: time.Unix(int64(sequence), 0).UTC(), Actor: "finance"}); err != nil {
			t.Fatal(err)
		}
		all = append(all, event)
	}
	record, err := snapshots.FromEvents(unit, year, uint64(len(all)), all)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestACodeIsAProjectOrAUnit(t *testing.T) {
	t.Parallel()
	source := example(t)
	for name, want := range map[string]struct {
		request  yearend.Request
		forms    int
		template string
	}{
		"a project":                   {yearend.Request{Code: training}, 1, yearend.DefaultProject},
		"a project, and its projects": {yearend.Request{Code: training, WithProjects: true}, 1, yearend.DefaultProject},
		"a unit":                      {yearend.Request{Code: unit}, 1, yearend.DefaultDepartment},
		"a unit and its projects":     {yearend.Request{Code: unit, WithProjects: true}, 17, yearend.DefaultDepartment},
		"a project as elsewhere":      {yearend.Request{Code: training, Template: "yunnan"}, 1, "yunnan"},
		"a unit as elsewhere":         {yearend.Request{Code: unit, Template: "chongqing-department"}, 1, "chongqing-department"},
		"only the unit as elsewhere":  {yearend.Request{Code: unit, WithProjects: true, Template: "chongqing-department"}, 17, "chongqing-department"},
		"only projects as elsewhere":  {yearend.Request{Code: unit, WithProjects: true, Template: "yunnan"}, 17, yearend.DefaultDepartment},
	} {
		want.request.Year = year
		issues, err := yearend.Derive(t.Context(), source, want.request)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(issues) != want.forms || issues[0].Template.ID != want.template || issues[0].Form.Template != want.template {
			t.Errorf("%s: %d forms, the first by %s", name, len(issues), issues[0].Template.ID)
		}
		for _, issue := range issues[1:] {
			named, _ := forms.Shipped(want.request.Template)
			if byDefault := issue.Template.ID == yearend.DefaultProject; byDefault == (named != nil && named.Kind == forms.ProjectForm) {
				t.Errorf("%s: a project's form by %s", name, issue.Template.ID)
			}
		}
	}
}

func TestWhatCannotBeDerived(t *testing.T) {
	t.Parallel()
	source := example(t)
	for name, want := range map[string]struct {
		request yearend.Request
		err     error
	}{
		"no such code":                 {yearend.Request{Year: year, Code: "nobody"}, projections.ErrNotFound},
		"a project of another year":    {yearend.Request{Year: year - 1, Code: training}, projections.ErrNotFound},
		"no such template":             {yearend.Request{Year: year, Code: training, Template: "moon"}, yearend.ErrTemplate},
		"no such template, many forms": {yearend.Request{Year: year, Code: unit, Template: "moon", WithProjects: true}, yearend.ErrTemplate},
		"a unit's template, a project": {yearend.Request{Year: year, Code: training, Template: yearend.DefaultDepartment}, yearend.ErrTemplate},
		"a project's template, a unit": {yearend.Request{Year: year, Code: unit, Template: yearend.DefaultProject}, yearend.ErrTemplate},
		"before the project was there": {yearend.Request{Year: year, Code: training, At: projections.AsOf{Through: 1}}, projections.ErrNotFound},
	} {
		if _, err := yearend.Derive(t.Context(), source, want.request); !errors.Is(err, want.err) {
			t.Errorf("%s: %v; want %v", name, err, want.err)
		}
	}
}

func TestSheetsShowTheFormsOnTheirTemplates(t *testing.T) {
	t.Parallel()
	issues, err := yearend.Derive(t.Context(), example(t), yearend.Request{Year: year, Code: unit, WithProjects: true})
	if err != nil {
		t.Fatal(err)
	}
	sheets := yearend.Sheets(issues)
	for i, sheet := range sheets {
		if sheet.Form.ID != issues[i].Form.ID || sheet.Title == "" || len(sheet.Grid.Rows) == 0 {
			t.Errorf("sheet %d is %q of form %s with %d rows", i, sheet.Title, sheet.Form.ID, len(sheet.Grid.Rows))
		}
	}
	if len(sheets) != len(issues) {
		t.Errorf("%d sheets of %d forms", len(sheets), len(issues))
	}
}

func TestTheDefaultsComeWithTheProgram(t *testing.T) {
	t.Parallel()
	if set := yearend.Defaults(); set.Department.ID != yearend.DefaultDepartment || set.Project.ID != yearend.DefaultProject {
		t.Errorf("%+v", set)
	}
}
