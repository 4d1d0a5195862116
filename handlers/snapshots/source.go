package snapshots

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Record is the year of a unit as its events tell it: what forms are derived
// from without a database. Its methods answer as those of [projections.Store]
// do, for the lines that the record is about. It does not change, and may be
// read by several goroutines.
type Record struct {
	unit     events.UnitID
	year     fiscal.Year
	position uint64

	events   []events.Event // by sequence
	at       map[uint64]int // their places, by sequence
	units    map[events.UnitID]budget.Unit
	projects map[budget.ProjectKey]budget.Project
	lines    map[events.LineID]line
	order    []events.LineID // the lines that the record is about, by code
	posted   map[uint64][]budget.Posting
	postings []budget.Posting // those on the lines of the record, by sequence
}

// line is a line of the record and where it was opened.
type line struct {
	budget.Line
	opened uint64
}

var _ forms.Source = (*Record)(nil)

// FromEvents makes a record of what [projections.Store.EventsUnder] returns for
// a unit and a year at a position. Error: the events do not rise, go beyond the
// position, or refer to something that is not among them.
func FromEvents(unit events.UnitID, year fiscal.Year, position uint64, all []events.Event) (*Record, error) {
	r := &Record{
		unit: unit, year: year, position: position, events: all,
		at: map[uint64]int{}, lines: map[events.LineID]line{}, posted: map[uint64][]budget.Posting{},
	}
	books := budget.NewBooks()
	var last uint64
	for i, event := range all {
		if event.Sequence <= last || event.Sequence > position {
			return nil, fmt.Errorf("event %d comes after event %d in a record that stands at %d", event.Sequence, last, position)
		}
		if err := grows(books, event); err != nil {
			return nil, err
		}
		posted, err := budget.Evolve(books, event)
		if err != nil {
			return nil, fmt.Errorf("apply event %d (%s about %s): %w", event.Sequence, event.Type, event.Subject, err)
		}
		last, r.at[event.Sequence], r.posted[event.Sequence] = event.Sequence, i, posted
	}
	entries := books.Changes()
	r.units, r.projects = entries.Units, entries.Projects
	r.choose(entries.Lines)
	return r, nil
}

// grows refuses a second registration, and a unit under one that is not there
// yet: the units of a record form a tree, whoever wrote its events.
func grows(books *budget.Books, e events.Event) error {
	taken, orphan := false, false
	switch data := e.Data.(type) {
	case events.UnitRegistered:
		_, taken = books.Unit(events.UnitID(e.Subject))
		if data.Parent != nil {
			_, there := books.Unit(*data.Parent)
			orphan = !there
		}
	case events.ProjectRegistered:
		_, taken = books.Project(budget.ProjectKey{ID: events.ProjectID(e.Subject), Year: data.Year})
	case events.LineOpened:
		_, taken = books.Line(events.LineID(e.Subject))
	}
	switch {
	case taken:
		return fmt.Errorf("event %d registers %s a second time", e.Sequence, e.Subject)
	case orphan:
		return fmt.Errorf("event %d puts unit %s under one that is not registered", e.Sequence, e.Subject)
	}
	return nil
}

// choose finds the lines that the record is about, and their postings: those of
// the year that belong to the unit, to a unit under it, or to a project of these.
func (r *Record) choose(all map[events.LineID]budget.Line) {
	for _, event := range r.events {
		if _, opens := event.Data.(events.LineOpened); !opens {
			continue
		}
		of := all[events.LineID(event.Subject)]
		project := r.projects[budget.ProjectKey{ID: of.Project, Year: of.Year}]
		if of.Year == r.year && (r.within(of.Unit, r.unit) || r.within(project.Unit, r.unit)) {
			r.lines[of.ID] = line{of, event.Sequence}
		}
	}
	r.order = slices.Sorted(maps.Keys(r.lines))
	for _, event := range r.events {
		for _, p := range r.posted[event.Sequence] {
			if _, ours := r.lines[p.Line]; ours {
				r.postings = append(r.postings, p)
			}
		}
	}
}

// within says whether a unit is another one or lies under it.
func (r *Record) within(unit, top events.UnitID) bool {
	for unit != "" && unit != top {
		unit = r.units[unit].Parent
	}
	return unit != ""
}

// standsAt is the position that an AsOf asks for. A time of knowledge finds the
// last event of the record that was recorded by then.
func (r *Record) standsAt(at projections.AsOf) uint64 {
	position := r.position
	if at.Through != 0 {
		position = min(position, at.Through)
	}
	if at.KnownAt.IsZero() {
		return position
	}
	var known uint64
	for _, event := range r.events {
		if event.Sequence <= position && !event.RecordedTime.After(at.KnownAt) {
			known = event.Sequence
		}
	}
	return known
}

// Units implements [forms.Source]: parents before children, then by code.
func (r *Record) Units(context.Context) ([]budget.Unit, error) {
	depth := func(u budget.Unit) (n int) {
		for u.Parent != "" {
			u, n = r.units[u.Parent], n+1
		}
		return n
	}
	return slices.SortedFunc(maps.Values(r.units), func(x, y budget.Unit) int {
		return cmp.Or(cmp.Compare(depth(x), depth(y)), cmp.Compare(x.ID, y.ID))
	}), nil
}

// Projects implements [forms.Source].
func (r *Record) Projects(_ context.Context, year fiscal.Year) ([]budget.Project, error) {
	var all []budget.Project
	for key, project := range r.projects {
		if key.Year == year {
			all = append(all, project)
		}
	}
	slices.SortFunc(all, func(x, y budget.Project) int { return cmp.Compare(x.Key.ID, y.Key.ID) })
	return all, nil
}

// keeps says whether a query keeps a line at a position.
func (r *Record) keeps(q projections.Query, l line, position uint64) bool {
	project := r.projects[budget.ProjectKey{ID: l.Project, Year: l.Year}]
	return l.opened <= position &&
		(q.Year == 0 || l.Year == q.Year) &&
		(q.Unit == "" || r.within(l.Unit, q.Unit)) &&
		(q.Project == "" || l.Project == q.Project) &&
		(q.Line == "" || l.ID == q.Line) &&
		(len(q.Lines) == 0 || slices.Contains(q.Lines, l.ID)) &&
		(q.Fund == "" || l.Fund == q.Fund) &&
		(q.Kind == "" || project.Kind == q.Kind) &&
		(q.Cut.By == "" || keyOf(q.Cut.By, l.Line) == q.Cut.Key)
}

// keyOf is the key of the row of a report that a line is in; empty if it is in
// none.
func keyOf(by projections.By, l budget.Line) string {
	switch by {
	case projections.ByLine:
		return string(l.ID)
	case projections.ByProject:
		return string(l.Project)
	case projections.ByUnit:
		return string(l.Unit)
	case projections.ByFund:
		return string(l.Fund)
	case projections.BySource:
		return projections.Source(l)
	case projections.ByFunction:
		return string(l.FunctionClass)
	case projections.ByEconomic:
		return string(l.EconomicClass)
	}
	return ""
}

// kept are the lines that a query keeps, by code.
func (r *Record) kept(q projections.Query, position uint64) map[events.LineID]bool {
	kept := map[events.LineID]bool{}
	for _, id := range r.order {
		if r.keeps(q, r.lines[id], position) {
			kept[id] = true
		}
	}
	return kept
}

// under calls visit with each posting that a query keeps, by sequence.
func (r *Record) under(q projections.Query, position uint64, visit func(budget.Posting) error) error {
	kept := r.kept(q, position)
	for _, p := range r.postings {
		if p.Sequence > position || !kept[p.Line] || !q.AsOf.Date.IsZero() && p.Date.Compare(q.AsOf.Date) > 0 {
			continue
		}
		if err := visit(p); err != nil {
			return err
		}
	}
	return nil
}

// Lines implements [forms.Source].
func (r *Record) Lines(_ context.Context, q projections.Query) (uint64, []projections.LineView, error) {
	position := r.standsAt(q.AsOf)
	sums := map[events.LineID]*budget.Sums{}
	for id := range r.kept(q, position) {
		sums[id] = new(budget.Sums)
	}
	err := r.under(q, position, func(p budget.Posting) (err error) {
		sum := &sums[p.Line][p.Measure]
		*sum, err = sum.Add(p.Amount)
		return err
	})
	if err != nil {
		return position, nil, err
	}
	var all []projections.LineView
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		of := r.lines[id].Line
		of.Sums = *sums[id]
		project := r.projects[budget.ProjectKey{ID: of.Project, Year: of.Year}]
		view := projections.LineView{
			Line: of, UnitName: r.units[of.Unit].Name, ProjectName: project.Name, ProjectKind: project.Kind, Sequence: position,
		}
		if view.Figures, err = of.Sums.Figures(); err != nil {
			return position, nil, err
		}
		all = append(all, view)
	}
	return position, all, nil
}

// EventsAbout implements [forms.Source].
func (r *Record) EventsAbout(_ context.Context, subjects []string, types []events.Type, at projections.AsOf) (uint64, []events.Event, error) {
	position := r.standsAt(at)
	about := map[string]bool{}
	for _, subject := range subjects {
		about[subject] = true
	}
	var all []events.Event
	for _, event := range r.events {
		on, dated := event.On()
		late := dated && !at.Date.IsZero() && on.Compare(at.Date) > 0
		if event.Sequence <= position && about[event.Subject] && slices.Contains(types, event.Type) && !late && !r.postsToItself(event) {
			all = append(all, event)
		}
	}
	return position, all, nil
}

func (r *Record) postsToItself(e events.Event) bool {
	return slices.ContainsFunc(r.posted[e.Sequence], func(p budget.Posting) bool { return string(p.Line) == e.Subject })
}

// Postings implements [forms.Source].
func (r *Record) Postings(_ context.Context, q projections.PostingsQuery) (projections.Postings, error) {
	page := projections.Postings{Sequence: r.standsAt(q.AsOf)}
	var found []budget.Posting
	err := r.under(q.Query, page.Sequence, func(p budget.Posting) (err error) {
		if len(q.Measures) > 0 && !slices.Contains(q.Measures, p.Measure) || q.Month != 0 && int(p.Date.Month) != q.Month {
			return nil
		}
		page.Count++
		sum := &page.Sums[p.Measure]
		*sum, err = sum.Add(p.Amount)
		found = append(found, p)
		return err
	})
	if err != nil || len(found) == 0 {
		return page, err
	}
	oldest := found[0].Sequence
	slices.SortStableFunc(found, func(x, y budget.Posting) int { return cmp.Compare(y.Sequence, x.Sequence) })
	limit := pageSize(q.Limit)
	for _, p := range found {
		if q.Before != 0 && p.Sequence >= q.Before {
			continue
		}
		if n := len(page.Rows); n >= limit && page.Rows[n-1].Posting.Sequence != p.Sequence {
			break
		}
		page.Rows = append(page.Rows, projections.View(p, r.lines[p.Line].Line, r.events[r.at[p.Sequence]]))
	}
	n := len(page.Rows)
	page.More = n > 0 && page.Rows[n-1].Posting.Sequence > oldest
	return page, nil
}

// pageSize bounds a page as those of a projection are.
func pageSize(limit int) int {
	if limit <= 0 {
		return projections.DefaultPage
	}
	return min(limit, projections.MaxPage)
}

// SumsByClass implements [forms.Source].
func (r *Record) SumsByClass(_ context.Context, q projections.Query, classes []events.EconomicClass) (uint64, []projections.ClassSums, error) {
	type key struct {
		line  events.LineID
		class events.EconomicClass
	}
	position, sums := r.standsAt(q.AsOf), map[key]*budget.Sums{}
	err := r.under(q, position, func(p budget.Posting) (err error) {
		if !slices.Contains(classes, p.EconomicClass) {
			return nil
		}
		of := key{p.Line, p.EconomicClass}
		if sums[of] == nil {
			sums[of] = new(budget.Sums)
		}
		sum := &sums[of][p.Measure]
		*sum, err = sum.Add(p.Amount)
		return err
	})
	var all []projections.ClassSums
	for of, sum := range sums {
		all = append(all, projections.ClassSums{Line: of.line, Class: of.class, Sums: *sum})
	}
	slices.SortFunc(all, func(x, y projections.ClassSums) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Class, y.Class))
	})
	return position, all, err
}

// Event implements [forms.Source]. Error: [projections.ErrNotFound].
func (r *Record) Event(_ context.Context, sequence uint64) (projections.EventView, error) {
	i, found := r.at[sequence]
	if !found {
		return projections.EventView{}, fmt.Errorf("event %d: %w", sequence, projections.ErrNotFound)
	}
	return projections.EventView{Event: r.events[i], Hash: r.events[i].Hash(), Postings: r.posted[sequence]}, nil
}
