package forms

import (
	"context"
	"fmt"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

// Source is what forms are derived from; a [projections.Store] is one. Its
// methods are those of the same names there.
type Source interface {
	Units(ctx context.Context) ([]budget.Unit, error)
	Projects(ctx context.Context, year fiscal.Year) ([]budget.Project, error)
	Lines(ctx context.Context, q projections.Query) (sequence uint64, lines []projections.LineView, err error)
	EventsAbout(ctx context.Context, subjects []string, types []events.Type, at projections.AsOf) (sequence uint64, all []events.Event, err error)
	Postings(ctx context.Context, q projections.PostingsQuery) (projections.Postings, error)
	SumsByClass(ctx context.Context, q projections.Query, classes []events.EconomicClass) (sequence uint64, all []projections.ClassSums, err error)
	Event(ctx context.Context, sequence uint64) (projections.EventView, error)
}

var _ Source = (*projections.Store)(nil)

// books is what was read for some forms, all at one sequence.
type books struct {
	year     fiscal.Year
	at       projections.AsOf // bound to the sequence
	sequence uint64
	units    map[events.UnitID]budget.Unit
	projects []budget.Project           // those that were registered by then, by code
	lines    []projections.LineView     // of the unit and of the projects, by code
	about    map[Subject][]events.Event // registrations, goals and indicators, oldest first

	changes     map[events.LineID][]Change
	threePublic map[events.LineID]budget.Sums // 三公经费, if an indicator is made of it
}

// read reads all that the forms of a query's unit or project need, in a few
// queries whatever their number. Error: [projections.ErrNotFound] if the unit or
// project is not registered, and those of the source.
func read(ctx context.Context, source Source, q projections.Query) (*books, error) {
	b := &books{year: q.Year, at: q.AsOf, units: map[events.UnitID]budget.Unit{}, about: map[Subject][]events.Event{}}
	units, err := source.Units(ctx)
	if err != nil {
		return nil, err
	}
	for _, unit := range units {
		b.units[unit.ID] = unit
	}
	projects, err := source.Projects(ctx, q.Year)
	if err != nil {
		return nil, err
	}
	b.projects = slices.DeleteFunc(projects, func(p budget.Project) bool {
		return q.Project != p.Key.ID && (q.Project != "" || !b.within(p.Unit, q.Unit))
	})
	if err := b.readLines(ctx, source, q); err != nil {
		return nil, err
	}
	q.AsOf = b.at
	if err := b.readEvents(ctx, source, q); err != nil {
		return nil, err
	}
	// From here on the lines are known by name.
	q = projections.Query{Year: q.Year, AsOf: b.at, Lines: make([]events.LineID, len(b.lines))}
	for i, line := range b.lines {
		q.Lines[i] = line.Line.ID
	}
	if len(q.Lines) == 0 {
		return b, nil
	}
	if err := b.readThreePublic(ctx, source, q); err != nil {
		return nil, err
	}
	return b, b.readChanges(ctx, source, q)
}

// readLines is the first read: it finds the sequence that the others are bound
// to. A project of the unit may have lines of units elsewhere, so those of the
// whole year are read.
func (b *books) readLines(ctx context.Context, source Source, q projections.Query) error {
	sequence, lines, err := source.Lines(ctx, projections.Query{Year: q.Year, Project: q.Project, AsOf: q.AsOf})
	if err != nil {
		return err
	}
	b.sequence, b.at.Through = sequence, sequence
	ours := map[events.ProjectID]bool{}
	for _, project := range b.projects {
		ours[project.Key.ID] = true
	}
	for _, line := range lines {
		if ours[line.Line.Project] || q.Unit != "" && b.within(line.Line.Unit, q.Unit) {
			b.lines = append(b.lines, line)
		}
	}
	return nil
}

// linesOf are the lines that keep keeps, by code.
func (b *books) linesOf(keep func(budget.Line) bool) []projections.LineView {
	var kept []projections.LineView
	for _, line := range b.lines {
		if keep(line.Line) {
			kept = append(kept, line)
		}
	}
	return kept
}

// The types that are read about a form's subject.
var (
	unitRegistered    = events.UnitRegistered{}.Type()
	projectRegistered = events.ProjectRegistered{}.Type()
)

func eventTypes() []events.Type {
	return []events.Type{
		unitRegistered, projectRegistered, events.GoalSet{}.Type(), events.GoalReported{}.Type(),
		events.IndicatorSet{}.Type(), events.IndicatorReported{}.Type(), events.IndicatorScored{}.Type(),
	}
}

// readEvents reads the events about the unit and the projects of the query, and
// keeps those projects that were registered by then: what is registered later
// must not change a form.
func (b *books) readEvents(ctx context.Context, source Source, q projections.Query) error {
	var subjects []string
	if q.Unit != "" {
		subjects = append(subjects, string(q.Unit))
	}
	for _, project := range b.projects {
		subjects = append(subjects, string(project.Key.ID))
	}
	sequence, all, err := source.EventsAbout(ctx, subjects, eventTypes(), q.AsOf)
	if err := b.same(sequence, err); err != nil {
		return err
	}
	for _, event := range all {
		if subject, ok := b.subjectOf(event); ok {
			b.about[subject] = append(b.about[subject], event)
		}
	}
	b.projects = slices.DeleteFunc(b.projects, func(p budget.Project) bool { return !b.registered(Project(p.Key.ID, b.year)) })
	if q.Project != "" && len(b.projects) == 0 {
		return fmt.Errorf("project %s of %d at sequence %d: %w", q.Project, q.Year, b.sequence, projections.ErrNotFound)
	}
	if q.Unit != "" && !b.registered(Unit(q.Unit, b.year)) {
		return fmt.Errorf("unit %s at sequence %d: %w", q.Unit, b.sequence, projections.ErrNotFound)
	}
	return nil
}

// same checks that a read stood at the sequence of the first one.
func (b *books) same(sequence uint64, err error) error {
	if err == nil && sequence != b.sequence {
		return fmt.Errorf("read at sequence %d: %w; it stands at %d", b.sequence, projections.ErrBehind, sequence)
	}
	return err
}

// subjectOf is the subject of the year that an event is about; one of another
// year is not.
func (b *books) subjectOf(e events.Event) (Subject, bool) {
	year := b.year
	switch data := e.Data.(type) {
	case events.ProjectRegistered:
		year = data.Year
	case events.GoalSet:
		year = data.Year
	case events.GoalReported:
		year = data.Year
	case events.IndicatorSet:
		year = data.Year
	case events.IndicatorReported:
		year = data.Year
	case events.IndicatorScored:
		year = data.Year
	}
	return Subject{Kind: e.About(), ID: e.Subject, Year: year}, year == b.year
}

func (b *books) registered(s Subject) bool {
	return slices.ContainsFunc(b.about[s], func(e events.Event) bool {
		return e.Type == unitRegistered || e.Type == projectRegistered
	})
}

// within says whether a unit is another one or lies under it.
func (b *books) within(unit, top events.UnitID) bool {
	for unit != "" {
		if unit == top {
			return true
		}
		unit = b.units[unit].Parent
	}
	return false
}

// top is the unit at the head of a unit's tree: the department.
func (b *books) top(unit events.UnitID) budget.Unit {
	at := b.units[unit]
	for at.Parent != "" {
		at = b.units[at.Parent]
	}
	return at
}
