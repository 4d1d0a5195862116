package web_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// fake is a Reader over events in memory: it keeps every posting and adds them
// up for each call.
type fake struct {
	units    []budget.Unit
	projects []budget.Project
	lines    []budget.Line
	events   []projections.EventView
	postings []projections.PostingView
	err      error
}

var (
	_ projections.Reader = (*fake)(nil)
	_ forms.Source       = (*fake)(nil)
)

// report2023 is the fake with the example year 2023 and the given events after
// it.
func report2023(t *testing.T, more ...string) *fake {
	t.Helper()
	body, err := examples.Events("yueyang-2023")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{}
	books := budget.NewBooks()
	for scanner := bufio.NewScanner(bytes.NewReader(body)); scanner.Scan(); {
		f.take(t, books, scanner.Text())
	}
	for _, line := range more {
		f.take(t, books, line)
	}
	return f
}

func (f *fake) take(t *testing.T, books *budget.Books, line string) {
	t.Helper()
	event, err := events.Parse([]byte(line))
	if err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	if err := budget.Decide(books, event); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	sequence := uint64(len(f.events) + 1)
	event, err = event.Record(events.Stamp{
		Sequence: sequence, Actor: "example", PrevHash: f.previous(event.Subject),
		RecordedTime: time.Date(2024, time.January, 8, 1, 30, 0, int(sequence), time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	posted, err := budget.Evolve(books, event)
	if err != nil {
		t.Fatal(err)
	}
	f.events = append(f.events, projections.EventView{Event: event, Hash: event.Hash(), Postings: posted})
	f.register(event)
	for _, posting := range posted {
		f.post(event, posting)
	}
}

func (f *fake) previous(subject string) events.Hash {
	for _, view := range slices.Backward(f.events) {
		if view.Event.Subject == subject {
			return view.Hash
		}
	}
	return events.Hash{}
}

func (f *fake) register(e events.Event) {
	switch data := e.Data.(type) {
	case events.UnitRegistered:
		unit := budget.Unit{ID: events.UnitID(e.Subject), Name: data.Name}
		if data.Parent != nil {
			unit.Parent = *data.Parent
		}
		f.units = append(f.units, unit)
	case events.ProjectRegistered:
		f.projects = append(f.projects, budget.Project{
			Key: budget.ProjectKey{ID: events.ProjectID(e.Subject), Year: data.Year}, Unit: data.Unit, Name: data.Name, Kind: data.Kind, ImplementingUnit: data.ImplementingUnit,
		})
	case events.LineOpened:
		f.lines = append(f.lines, budget.Line{
			ID: events.LineID(e.Subject), Year: data.Year, Unit: data.Unit, Project: data.Project, Name: data.Name,
			Fund: data.Fund, Vintage: data.Vintage, FunctionClass: data.FunctionClass, EconomicClass: data.EconomicClass,
		})
	}
}

func (f *fake) post(e events.Event, posting budget.Posting) {
	view := projections.PostingView{Posting: posting, LineName: f.lineOf(posting.Line).Name, EventID: e.ID, Type: e.Type, Actor: e.Actor}
	switch data := e.Data.(type) {
	case events.DisbursementPaid:
		view.Document, view.Says = data.Document, data.Purpose
	case events.BudgetAllocated:
		view.Document, view.Says = data.Document, data.Reason
	case events.BudgetSupplemented:
		view.Document, view.Says = data.Document, data.Reason
	case events.BudgetReduced:
		view.Document, view.Says = data.Document, data.Reason
	case events.DisbursementRefunded:
		view.Says = data.Reason
	}
	f.postings = append(f.postings, view)
}

func (f *fake) lineOf(id events.LineID) budget.Line {
	for _, line := range f.lines {
		if line.ID == id {
			return line
		}
	}
	return budget.Line{}
}

func (f *fake) projectOf(line budget.Line) budget.Project {
	for _, project := range f.projects {
		if project.Key == (budget.ProjectKey{ID: line.Project, Year: line.Year}) {
			return project
		}
	}
	return budget.Project{}
}

func (f *fake) under(unit, top events.UnitID) bool {
	for unit != "" && unit != top {
		i := slices.IndexFunc(f.units, func(u budget.Unit) bool { return u.ID == unit })
		unit = f.units[i].Parent
	}
	return unit == top
}

func (f *fake) inScope(line budget.Line, q projections.Query) bool {
	return (q.Year == 0 || line.Year == q.Year) && (q.Unit == "" || f.under(line.Unit, q.Unit)) &&
		(q.Project == "" || q.Project == line.Project) && (q.Line == "" || q.Line == line.ID) &&
		(q.Fund == "" || q.Fund == line.Fund) && (q.Kind == "" || q.Kind == f.projectOf(line).Kind) &&
		(q.Within == nil || slices.ContainsFunc(q.Within, func(top events.UnitID) bool { return f.under(line.Unit, top) })) &&
		(q.Cut.By == "" || q.Cut.Key == f.keyOf(line, q.Cut.By)) && (len(q.Lines) == 0 || slices.Contains(q.Lines, line.ID))
}

func counts(posting budget.Posting, at projections.AsOf) bool {
	return (at.Date.IsZero() || posting.Date.Compare(at.Date) <= 0) && (at.Through == 0 || posting.Sequence <= at.Through) &&
		(at.KnownAt.IsZero() || !posting.RecordedTime.After(at.KnownAt))
}

func (f *fake) WaitFor(context.Context, uint64) error { return f.err }

func (f *fake) Position(context.Context) (uint64, time.Time, error) {
	if len(f.events) == 0 || f.err != nil {
		return 0, time.Time{}, f.err
	}
	last := f.events[len(f.events)-1].Event
	return last.Sequence, last.RecordedTime, nil
}

func (f *fake) Years(context.Context) ([]fiscal.Year, error) {
	var years []fiscal.Year
	for _, line := range f.lines {
		years = append(years, line.Year)
	}
	slices.Sort(years)
	slices.Reverse(years)
	return slices.Compact(years), f.err
}

func (f *fake) Units(context.Context) ([]budget.Unit, error) { return f.units, f.err }

func (f *fake) Projects(_ context.Context, year fiscal.Year) ([]budget.Project, error) {
	var found []budget.Project
	for _, project := range f.projects {
		if project.Key.Year == year {
			found = append(found, project)
		}
	}
	return found, f.err
}

func (f *fake) keyOf(line budget.Line, by projections.By) string {
	key, _ := f.key(line, budget.Posting{}, by)
	return key
}

func (f *fake) key(line budget.Line, posting budget.Posting, by projections.By) (key, name string) {
	switch by {
	case projections.ByProject:
		return string(line.Project), string(f.projectOf(line).Name)
	case projections.ByUnit:
		for _, unit := range f.units {
			if unit.ID == line.Unit {
				name = string(unit.Name)
			}
		}
		return string(line.Unit), name
	case projections.ByFund:
		return string(line.Fund), ""
	case projections.BySource:
		switch {
		case line.Fund == events.UnitFunds:
			return "other", ""
		case line.Vintage < line.Year:
			return "carryover", ""
		}
		return "current_appropriation", ""
	case projections.ByFunction:
		return string(line.FunctionClass), ""
	case projections.ByEconomic:
		return string(line.EconomicClass), ""
	case projections.ByMonth:
		return fmt.Sprintf("%04d-%02d", posting.Date.Year, posting.Date.Month), ""
	}
	return string(line.ID), string(line.Name)
}

func (f *fake) Execution(_ context.Context, q projections.Query) (projections.Report, error) {
	if f.err != nil {
		return projections.Report{}, f.err
	}
	sums := map[string]*budget.Sums{}
	names := map[string]string{}
	var total budget.Sums
	for _, line := range f.lines {
		if f.inScope(line, q) && q.By != projections.ByMonth && q.By != projections.ByEconomic {
			key, name := f.key(line, budget.Posting{}, q.By)
			names[key] = name
			sums[key] = cmp.Or(sums[key], &budget.Sums{})
		}
	}
	for _, view := range f.postings {
		line := f.lineOf(view.Posting.Line)
		if !f.inScope(line, q) || !counts(view.Posting, q.AsOf) {
			continue
		}
		key, name := f.key(line, view.Posting, q.By)
		names[key] = name
		sums[key] = cmp.Or(sums[key], &budget.Sums{})
		sums[key][view.Posting.Measure] += view.Posting.Amount
		total[view.Posting.Measure] += view.Posting.Amount
	}
	report := projections.Report{Query: q, Sequence: uint64(len(f.events))}
	for key, sum := range sums {
		figures, err := sum.Figures()
		if err != nil {
			return report, err
		}
		report.Rows = append(report.Rows, projections.Row{Key: key, Name: names[key], Figures: figures})
	}
	slices.SortFunc(report.Rows, func(a, b projections.Row) int { return cmp.Compare(a.Key, b.Key) })
	var err error
	report.Total, err = total.Figures()
	return report, err
}

func (f *fake) Line(_ context.Context, id events.LineID, at projections.AsOf) (projections.LineView, error) {
	line := f.lineOf(id)
	if line.ID == "" || f.err != nil {
		return projections.LineView{}, cmp.Or(f.err, projections.ErrNotFound)
	}
	for _, view := range f.postings {
		if view.Posting.Line == id && counts(view.Posting, at) {
			line.Sums[view.Posting.Measure] += view.Posting.Amount
		}
	}
	figures, err := line.Sums.Figures()
	_, unitName := f.key(line, budget.Posting{}, projections.ByUnit)
	project := f.projectOf(line)
	return projections.LineView{
		Line: line, UnitName: events.Text(unitName), ProjectName: project.Name, ProjectKind: project.Kind,
		Figures: figures, Sequence: uint64(len(f.events)),
	}, err
}

func (f *fake) LineEvents(context.Context, events.LineID, uint64, int) (projections.EventsPage, error) {
	return projections.EventsPage{}, projections.ErrNotFound // no page reads it
}

func (f *fake) Postings(_ context.Context, q projections.PostingsQuery) (projections.Postings, error) {
	found := projections.Postings{Sequence: f.through(q.AsOf)}
	q.Limit = cmp.Or(q.Limit, projections.DefaultPage)
	for _, view := range slices.Backward(f.postings) {
		posting := view.Posting
		if !f.inScope(f.lineOf(posting.Line), q.Query) || !counts(posting, q.AsOf) ||
			len(q.Measures) > 0 && !slices.Contains(q.Measures, posting.Measure) || q.Month != 0 && int(posting.Date.Month) != q.Month {
			continue
		}
		found.Count++
		found.Sums[posting.Measure] += posting.Amount
		if q.Before != 0 && posting.Sequence >= q.Before {
			continue
		}
		if n := len(found.Rows); n >= q.Limit && found.Rows[n-1].Posting.Sequence != posting.Sequence {
			found.More = true
			continue
		}
		found.Rows = append(found.Rows, view)
	}
	return found, f.err
}

func (f *fake) Event(_ context.Context, sequence uint64) (projections.EventView, error) {
	if f.err != nil || sequence == 0 || sequence > uint64(len(f.events)) {
		return projections.EventView{}, cmp.Or(f.err, projections.ErrNotFound)
	}
	return f.events[sequence-1], nil
}

// through is the sequence that a read stands at.
func (f *fake) through(at projections.AsOf) uint64 {
	if at.Through != 0 {
		return at.Through
	}
	return uint64(len(f.events))
}

func (f *fake) Lines(ctx context.Context, q projections.Query) (uint64, []projections.LineView, error) {
	var lines []projections.LineView
	for _, line := range f.lines {
		if !f.inScope(line, q) {
			continue
		}
		view, err := f.Line(ctx, line.ID, q.AsOf)
		if err != nil {
			return 0, nil, err
		}
		lines = append(lines, view)
	}
	slices.SortFunc(lines, func(a, b projections.LineView) int { return cmp.Compare(a.Line.ID, b.Line.ID) })
	return f.through(q.AsOf), lines, f.err
}

func (f *fake) EventsAbout(_ context.Context, subjects []string, types []events.Type, at projections.AsOf) (uint64, []events.Event, error) {
	var all []events.Event
	for _, view := range f.events {
		e := view.Event
		date, dated := e.On()
		if slices.Contains(subjects, e.Subject) && slices.Contains(types, e.Type) && e.Sequence <= f.through(at) &&
			(!dated || at.Date.IsZero() || date.Compare(at.Date) <= 0) {
			all = append(all, e)
		}
	}
	return f.through(at), all, f.err
}

func (f *fake) SumsByClass(_ context.Context, q projections.Query, _ []events.EconomicClass) (uint64, []projections.ClassSums, error) {
	return f.through(q.AsOf), nil, f.err // no indicator of the example is made of them
}
