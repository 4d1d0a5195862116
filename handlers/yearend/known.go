package yearend

import (
	"context"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// totalRow is the row of all the money; the others are the keys of
// [projections.Source].
const totalRow = "total"

// Known is what the events say of the money of declared forms, for an audit. A
// form is known by its id, where that is the code of a project of its year or of
// a unit, or else by the name that it prints, where only one has that name.
// Errors: those of the source and money.ErrOverflow.
func Known(ctx context.Context, source forms.Source, declared audit.Declared) (audit.Source, error) {
	units, err := source.Units(ctx)
	if err != nil {
		return nil, err
	}
	all := known{}
	for _, form := range declared.Forms {
		year := fiscal.Year(form.Year)
		if all[year] != nil || year.Validate() != nil {
			continue
		}
		if all[year], err = readYear(ctx, source, year, units); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// known are the years of the declared forms.
type known map[fiscal.Year]*knownYear

// knownYear is a year's money by subject.
type knownYear struct {
	money map[forms.Subject][]audit.Derived
	codes map[subjectName]string // empty where several have the name
}

// subjectName is the name of a project or a unit, without spaces.
type subjectName struct {
	kind events.Subject
	name string
}

// Derive implements [audit.Source].
func (k known) Derive(form audit.Form) ([]audit.Derived, bool) {
	year := k[fiscal.Year(form.Year)]
	if year == nil {
		return nil, false
	}
	kind, name := events.OfProject, form.Project.Printed
	if form.Kind == audit.Department {
		kind, name = events.OfUnit, form.Department.Printed
	}
	subject := forms.Subject{Kind: kind, ID: form.ID, Year: fiscal.Year(form.Year)}
	if _, coded := year.money[subject]; !coded {
		subject.ID = year.codes[named(kind, name)]
	}
	money, found := year.money[subject]
	return money, found
}

func named(kind events.Subject, name string) subjectName {
	return subjectName{kind, strings.Join(strings.Fields(name), "")}
}

// readYear sums up a year's lines by project, and by unit with all under it.
func readYear(ctx context.Context, source forms.Source, year fiscal.Year, units []budget.Unit) (*knownYear, error) {
	projects, err := source.Projects(ctx, year)
	if err != nil {
		return nil, err
	}
	_, lines, err := source.Lines(ctx, projections.Query{Year: year})
	if err != nil {
		return nil, err
	}
	k := &knownYear{money: map[forms.Subject][]audit.Derived{}, codes: map[subjectName]string{}}
	parents := map[events.UnitID]events.UnitID{}
	for _, unit := range units {
		parents[unit.ID] = unit.Parent
		k.name(events.OfUnit, string(unit.Name), string(unit.ID))
	}
	for _, project := range projects {
		k.name(events.OfProject, string(project.Name), string(project.Key.ID))
	}
	sums := map[forms.Subject]map[string]budget.Sums{}
	for _, line := range lines {
		subjects := []forms.Subject{forms.Project(line.Line.Project, year)}
		for unit := line.Line.Unit; unit != ""; unit = parents[unit] {
			subjects = append(subjects, forms.Unit(unit, year))
		}
		for _, subject := range subjects {
			if err := add(sums, subject, line.Line); err != nil {
				return nil, err
			}
		}
	}
	return k, k.settle(sums)
}

// name gives a name to a code; a name that another has, too, is nobody's.
func (k *knownYear) name(kind events.Subject, name, code string) {
	key := named(kind, name)
	if _, taken := k.codes[key]; taken {
		code = ""
	}
	k.codes[key] = code
}

// add adds a line to the total of a subject and to the row that it belongs to.
func add(sums map[forms.Subject]map[string]budget.Sums, subject forms.Subject, line budget.Line) error {
	if sums[subject] == nil {
		sums[subject] = map[string]budget.Sums{}
	}
	for _, row := range []string{totalRow, projections.Source(line)} {
		sum := sums[subject][row]
		if err := sum.Add(line.Sums); err != nil {
			return err
		}
		sums[subject][row] = sum
	}
	return nil
}

func (k *knownYear) settle(sums map[forms.Subject]map[string]budget.Sums) error {
	for subject, rows := range sums {
		for _, row := range append([]string{totalRow}, forms.Sources()...) {
			figures, err := rows[row].Figures()
			if err != nil {
				return err
			}
			k.money[subject] = append(k.money[subject], audit.Derived{Row: row, Initial: figures.Initial, FullYear: figures.FullYear, Executed: figures.Executed})
		}
	}
	return nil
}
