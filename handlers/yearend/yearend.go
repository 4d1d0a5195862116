// Package yearend puts forms into people's hands: it finds the subject that a
// code means, picks the template and derives the forms at one position. The API
// and the pages hand out forms through it.
package yearend

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// The templates that are used when none is named: those of the central project
// form and of the department form of Hunan.
const (
	DefaultProject    = "central-project"
	DefaultDepartment = "hunan-department"
)

// Defaults are the templates of a unit's forms where none are named.
func Defaults() forms.Set {
	var set forms.Set
	set.Department, _ = forms.Shipped(DefaultDepartment)
	set.Project, _ = forms.Shipped(DefaultProject)
	return set
}

// ErrTemplate says that no template of that id and kind comes with the program.
var ErrTemplate = errors.New("no such template for this kind of form")

// Request asks for forms.
type Request struct {
	Year fiscal.Year
	// Code is that of a project or of a unit.
	Code string
	// Template is the template of the form asked for; empty takes the default.
	Template string
	// WithProjects adds, for a unit, the forms of all its projects.
	WithProjects bool
	// Templates are those to choose from.
	Templates forms.Catalogue
	At        projections.AsOf
}

// Issue is a derived form with the template that it follows.
type Issue struct {
	Form     forms.Form
	Template *forms.Template
}

// Derive derives what a request asks for, all at one position. Errors:
// [projections.ErrNotFound] if the code names neither a project of the year nor
// a unit, [ErrTemplate], and those of the source.
func Derive(ctx context.Context, source forms.Source, r Request) ([]Issue, error) {
	projects, err := source.Projects(ctx, r.Year)
	if err != nil {
		return nil, err
	}
	for _, project := range projects {
		if string(project.Key.ID) == r.Code {
			return one(ctx, source, forms.Project(project.Key.ID, r.Year), DefaultProject, r)
		}
	}
	units, err := source.Units(ctx)
	if err != nil {
		return nil, err
	}
	for _, unit := range units {
		if string(unit.ID) == r.Code && r.WithProjects {
			return department(ctx, source, unit.ID, r)
		}
		if string(unit.ID) == r.Code {
			return one(ctx, source, forms.Unit(unit.ID, r.Year), DefaultDepartment, r)
		}
	}
	return nil, fmt.Errorf("form of %s in %d: %w", r.Code, r.Year, projections.ErrNotFound)
}

func one(ctx context.Context, source forms.Source, subject forms.Subject, standard string, r Request) ([]Issue, error) {
	template, err := pick(r, standard, subject.Kind)
	if err != nil {
		return nil, err
	}
	form, err := forms.Derive(ctx, source, subject, template, r.At)
	if err != nil {
		return nil, err
	}
	return []Issue{{form, template}}, nil
}

// department derives a unit's form and those of its projects. The template that
// is named may be of either kind; the other kind takes its default.
func department(ctx context.Context, source forms.Source, unit events.UnitID, r Request) ([]Issue, error) {
	set := Defaults()
	if r.Template != "" {
		named, ok := r.Templates.Find(r.Template)
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: %s", ErrTemplate, r.Template)
		case named.Kind == forms.DepartmentForm:
			set.Department = named
		default:
			set.Project = named
		}
	}
	derived, err := forms.DeriveAll(ctx, source, unit, r.Year, set, r.At)
	if err != nil {
		return nil, err
	}
	issues := make([]Issue, len(derived))
	for i, form := range derived {
		issues[i] = Issue{form, set.Project}
		if form.Subject.Kind == events.OfUnit {
			issues[i].Template = set.Department
		}
	}
	return issues, nil
}

func pick(r Request, standard string, kind events.Subject) (*forms.Template, error) {
	id := cmp.Or(r.Template, standard)
	template, ok := r.Templates.Find(id)
	if !ok || (template.Kind == forms.DepartmentForm) != (kind == events.OfUnit) {
		return nil, fmt.Errorf("%w: %s", ErrTemplate, id)
	}
	return template, nil
}

// Sheets lays the forms out for the exports.
func Sheets(issues []Issue) []exports.Sheet {
	sheets := make([]exports.Sheet, len(issues))
	for i, issue := range issues {
		sheets[i] = exports.Sheet{Title: issue.Form.ID, Grid: forms.Layout(issue.Form, issue.Template), Form: issue.Form}
	}
	return sheets
}
