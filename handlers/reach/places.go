package reach

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

// maxWhere is how many units of lines and projects [Places] remember.
const maxWhere = 20_000

// Places finds the units that things belong to, and remembers them. It is not
// safe for concurrent use.
type Places struct {
	reader   projections.Reader
	lines    map[events.LineID]events.UnitID
	projects map[events.ProjectID][]events.UnitID
}

// PlacesIn makes places that look into a projection.
func PlacesIn(reader projections.Reader) *Places {
	return &Places{reader, map[events.LineID]events.UnitID{}, map[events.ProjectID][]events.UnitID{}}
}

// Line refuses a line of a unit that somebody does not read. Error:
// projections.ErrNotFound.
func (w *Places) Line(ctx context.Context, r Reach, id events.LineID) error {
	if r.everything {
		return nil
	}
	view, err := w.reader.Line(ctx, id, projections.AsOf{})
	if err == nil && !r.Reads(view.Line.Unit) {
		return Outside("line", string(id))
	}
	return err
}

// Subject refuses a project or a unit of a year that somebody does not read, by
// the code that both have of one space. Error: projections.ErrNotFound.
func (w *Places) Subject(ctx context.Context, r Reach, year fiscal.Year, id string) error {
	if r.everything {
		return nil
	}
	projects, err := w.reader.Projects(ctx, year)
	if err != nil {
		return err
	}
	for _, project := range projects {
		if project.Key.ID == events.ProjectID(id) {
			if !r.Reads(project.Unit) {
				return Outside("project", id)
			}
			return nil
		}
	}
	return w.Unit(ctx, r, events.UnitID(id))
}

// Unit refuses a unit that somebody does not read. Error: projections.ErrNotFound.
func (w *Places) Unit(ctx context.Context, r Reach, id events.UnitID) error {
	if r.Reads(id) {
		return nil
	}
	units, err := w.reader.Units(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(units, func(u budget.Unit) bool { return u.ID == id }) {
		return projections.ErrNotFound
	}
	return Outside("unit", string(id))
}

// Event refuses an event that somebody may not read.
func (w *Places) Event(ctx context.Context, r Reach, e events.Event) error {
	shown, err := w.Shows(ctx, r, e)
	if err == nil && !shown {
		return Outside("event", strconv.FormatUint(e.Sequence, 10))
	}
	return err
}

// Shows says whether somebody may read an event: one of a unit of his, or one
// that moved money of a line of his. Those about users are for who may read
// people. The projection must stand at it.
func (w *Places) Shows(ctx context.Context, r Reach, e events.Event) (bool, error) {
	switch {
	case e.About() == events.OfUser:
		return r.People(), nil
	case r.everything:
		return true, nil
	}
	units, err := w.units(ctx, e)
	return slices.ContainsFunc(units, r.Reads), err
}

// units are the units that an event belongs to.
func (w *Places) units(ctx context.Context, e events.Event) ([]events.UnitID, error) {
	switch e.About() {
	case events.OfUnit:
		return []events.UnitID{events.UnitID(e.Subject)}, nil
	case events.OfProject:
		return w.ofProject(ctx, e)
	}
	if opened, ok := e.Data.(events.LineOpened); ok {
		return []events.UnitID{opened.Unit}, nil
	}
	var units []events.UnitID
	for _, line := range append(otherLines(e), events.LineID(e.Subject)) {
		unit, err := w.ofLine(ctx, line)
		if err != nil {
			return nil, err
		}
		units = append(units, unit)
	}
	return units, nil
}

// otherLines are the lines that an event moves money to.
func otherLines(e events.Event) []events.LineID {
	switch data := e.Data.(type) {
	case events.BudgetTransferred:
		return []events.LineID{data.To}
	case events.DisbursementCorrected:
		if data.ToLine != "" {
			return []events.LineID{data.ToLine}
		}
	}
	return nil
}

func (w *Places) ofLine(ctx context.Context, id events.LineID) (events.UnitID, error) {
	if unit, known := w.lines[id]; known {
		return unit, nil
	}
	view, err := w.reader.Line(ctx, id, projections.AsOf{})
	if errors.Is(err, projections.ErrNotFound) {
		return "", nil // such as a line that a proposal names and nobody opened
	}
	if err != nil {
		return "", err
	}
	if len(w.lines) >= maxWhere {
		clear(w.lines)
	}
	w.lines[id] = view.Line.Unit
	return view.Line.Unit, nil
}

// ofProject finds the units that a project belonged to in any year.
func (w *Places) ofProject(ctx context.Context, e events.Event) ([]events.UnitID, error) {
	id := events.ProjectID(e.Subject)
	if registered, ok := e.Data.(events.ProjectRegistered); ok {
		delete(w.projects, id)
		return []events.UnitID{registered.Unit}, nil
	}
	if units, known := w.projects[id]; known {
		return units, nil
	}
	years, err := w.reader.Years(ctx)
	if err != nil {
		return nil, err
	}
	units := []events.UnitID{}
	for _, year := range years {
		projects, err := w.reader.Projects(ctx, year)
		if err != nil {
			return nil, err
		}
		for _, project := range projects {
			if project.Key.ID == id {
				units = append(units, project.Unit)
			}
		}
	}
	if len(w.projects) >= maxWhere {
		clear(w.projects)
	}
	w.projects[id] = units
	return units, nil
}
