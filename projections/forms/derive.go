package forms

import (
	"context"
	"fmt"
	"math/big"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// Set is the templates of a unit's forms.
type Set struct {
	// Department is that of the unit's own form; nil leaves it out.
	Department *Template
	// Project is that of its projects' forms; nil leaves them out.
	Project *Template
}

// Derive derives one form. The zero AsOf is now: the sequence that the form
// stands at is in it. Errors: [projections.ErrNotFound] if the subject is not
// registered by then, money.ErrOverflow, those of the source, and a template of
// another kind than the subject.
func Derive(ctx context.Context, source Source, subject Subject, t *Template, at projections.AsOf) (Form, error) {
	q := projections.Query{Year: subject.Year, AsOf: at}
	want := ProjectForm
	switch subject.Kind {
	case events.OfProject:
		q.Project = events.ProjectID(subject.ID)
	case events.OfUnit:
		q.Unit, want = events.UnitID(subject.ID), DepartmentForm
	default:
		return Form{}, fmt.Errorf("derive a form: the subject is a %q, and forms are of a %s or a %s", subject.Kind, events.OfProject, events.OfUnit)
	}
	if t.Kind != want {
		return Form{}, fmt.Errorf("derive the form of %s %s: the template %s is for a %s", subject.Kind, subject.ID, t.ID, t.Kind)
	}
	b, err := read(ctx, source, q)
	if err != nil {
		return Form{}, fmt.Errorf("derive the form of %s %s: %w", subject.Kind, subject.ID, err)
	}
	if subject.Kind == events.OfUnit {
		return b.department(q.Unit, t)
	}
	return b.project(b.projects[0], t)
}

// DeriveAll derives the form of a unit and those of all projects of the unit and
// of those under it, by code, all at one sequence. Basic expenditure (基本支出)
// has no form of its own. Errors as of [Derive].
func DeriveAll(ctx context.Context, source Source, unit events.UnitID, year fiscal.Year, set Set, at projections.AsOf) ([]Form, error) {
	for _, t := range []*Template{set.Department, set.Project} {
		if t != nil && (t.Kind == DepartmentForm) != (t == set.Department) {
			return nil, fmt.Errorf("derive the forms of unit %s: the template %s is for a %s", unit, t.ID, t.Kind)
		}
	}
	b, err := read(ctx, source, projections.Query{Year: year, Unit: unit, AsOf: at})
	if err != nil {
		return nil, fmt.Errorf("derive the forms of unit %s: %w", unit, err)
	}
	var all []Form
	if set.Department != nil {
		form, err := b.department(unit, set.Department)
		if err != nil {
			return nil, err
		}
		all = append(all, form)
	}
	if set.Project == nil {
		return all, nil
	}
	for _, project := range b.projects {
		if project.Kind != events.KindProject {
			continue
		}
		form, err := b.project(project, set.Project)
		if err != nil {
			return nil, err
		}
		all = append(all, form)
	}
	return all, nil
}

func (b *books) project(p budget.Project, t *Template) (Form, error) {
	department, implementing := string(b.top(p.Unit).Name), p.ImplementingUnit
	if implementing == "" {
		implementing = b.units[p.Unit].Name
	}
	w := b.writer(Project(p.Key.ID, b.year), t, b.linesOf(func(l budget.Line) bool { return l.Project == p.Key.ID }))
	w.form.Department, w.form.ImplementingUnit, w.form.Project = department, textOf(implementing), textOf(p.Name)
	w.scope = projections.Query{Year: b.year, Project: p.Key.ID, AsOf: b.at}
	return w.write()
}

func (b *books) department(unit events.UnitID, t *Template) (Form, error) {
	w := b.writer(Unit(unit, b.year), t, b.linesOf(func(l budget.Line) bool { return b.within(l.Unit, unit) }))
	w.form.Department = string(b.units[unit].Name)
	w.scope = projections.Query{Year: b.year, Unit: unit, AsOf: b.at}
	return w.write()
}

// writer writes one form.
type writer struct {
	form     Form
	books    *books
	template *Template
	scope    projections.Query // finds the postings of all the form's money
	lines    []projections.LineView
	total    budget.Figures
}

func (b *books) writer(subject Subject, t *Template, lines []projections.LineView) *writer {
	w := &writer{
		books: b, template: t, lines: lines,
		form: Form{
			Subject: subject, AsOf: b.at, Sequence: b.sequence, Changes: []Change{}, Cells: map[string]Cell{}, Warnings: []Warning{},
			Declared: Declared{
				ID: subject.ID, Kind: string(t.Kind), Year: subject.Year, Template: t.ID, MoneyUnit: t.Money.Unit,
				Indicators: []IndicatorRow{},
			},
		},
	}
	for _, line := range lines {
		w.form.Changes = append(w.form.Changes, b.changes[line.Line.ID]...)
	}
	sortChanges(w.form.Changes)
	return w
}

func (w *writer) write() (Form, error) {
	for _, part := range []func() error{w.funds, w.cuts, w.rates, w.performance} {
		if err := part(); err != nil {
			return Form{}, fmt.Errorf("derive the form of %s %s: %w", w.form.Subject.Kind, w.form.Subject.ID, err)
		}
	}
	return w.form, nil
}

// put keeps a cell and returns what it prints.
func (w *writer) put(name string, c Cell) *string {
	w.form.Cells[name] = c
	return &c.Printed
}

func (w *writer) warn(code WarningCode, cell string) {
	w.form.Warnings = append(w.form.Warnings, Warning{code, cell})
}

// funds writes the table of money.
func (w *writer) funds() error {
	shown := map[events.LineID]bool{}
	for _, row := range w.template.Funds.Rows {
		picked, err := pick(w.scope, w.lines, row.Lines)
		if err != nil {
			return err
		}
		if row.Row == totalRow {
			w.total = picked.figures
		}
		for _, line := range w.lines {
			shown[line.Line.ID] = shown[line.Line.ID] || row.Row != totalRow && row.keeps(line)
		}
		if err := w.fundRow(row, picked); err != nil {
			return err
		}
	}
	if w.total.FullYear != w.total.Initial {
		w.warn(BudgetChanged, "funds.total.full_year")
	}
	for _, line := range w.lines {
		used := line.Figures.Initial != 0 || line.Figures.FullYear != 0 || line.Figures.Executed != 0
		if used && !shown[line.Line.ID] && len(w.template.Funds.Rows) > 1 {
			w.warn(RowsIncomplete, "funds.total.full_year")
			break
		}
	}
	return nil
}

func (w *writer) fundRow(row Row, picked selection) error {
	printed := map[string]*string{}
	for _, value := range w.amountsOf(row) {
		cell, err := w.amount(value, picked)
		if err != nil {
			return err
		}
		printed[value] = w.put("funds."+row.Row+"."+value, cell)
	}
	declared := FundRow{Row: row.Row, Label: row.Label, Initial: printed[Initial], FullYear: printed[FullYear], Executed: printed[Executed]}
	for value, ratio := range map[string]money.Ratio{Rate: picked.figures.Rate(), RateInitial: picked.figures.RateInitial()} {
		if row.Row == totalRow || !row.Scored || !w.template.hasFundColumn(value) {
			continue
		}
		text := w.put("funds."+row.Row+"."+value, w.ratio(value, ratio, picked))
		if value == Rate {
			declared.Rate = text
		}
	}
	w.form.Funds = append(w.form.Funds, declared)
	return nil
}

// amountsOf are the amounts of a row: those of the total are always there,
// whatever columns the form has.
func (w *writer) amountsOf(row Row) []string {
	var values []string
	for _, value := range []string{Initial, FullYear, Executed, Adjustment, Unspent} {
		basic := value == Initial || value == FullYear || value == Executed
		if row.Row == totalRow && basic || w.template.hasFundColumn(value) {
			values = append(values, value)
		}
	}
	return values
}

// amount makes the cell of a figure of some lines.
func (w *writer) amount(value string, picked selection) (Cell, error) {
	fen, err := amountOf(value, picked.figures)
	if err != nil {
		return Cell{}, err
	}
	cell := w.template.Money.amount(fen)
	return madeOf(cell, value, picked), nil
}

func (w *writer) ratio(value string, ratio money.Ratio, picked selection) Cell {
	return madeOf(w.template.Rate.rate(ratio, w.template.Marks.NotApplicable), value, picked)
}

// madeOf says which postings a cell is made of.
func madeOf(c Cell, value string, picked selection) Cell {
	c.Query = picked.query
	if !picked.empty {
		c.Measures = measuresOf[value]
	}
	return c
}

// cuts writes a department's money by nature and by use.
func (w *writer) cuts() error {
	if w.template.Income == nil {
		return nil
	}
	income, err := w.cut("income", *w.template.Income)
	if err != nil {
		return err
	}
	spending, err := w.cut("spending", *w.template.Spending)
	w.form.Income = &Income{income[incomeValues[0]], income[incomeValues[1]], income[incomeValues[2]], income[incomeValues[3]]}
	w.form.Spending = &Spending{spending[spendingValues[0]], spending[spendingValues[1]]}
	return err
}

func (w *writer) cut(name string, cut Cut) (map[string]*string, error) {
	printed := map[string]*string{}
	for _, row := range cut.Rows {
		picked, err := pick(w.scope, w.lines, row.Lines)
		if err != nil {
			return nil, err
		}
		cell, err := w.amount(cut.Figure, picked)
		if err != nil {
			return nil, err
		}
		printed[row.Value] = w.put(name+"."+row.Value, cell)
	}
	return printed, nil
}

// rates writes the rate and the one against the initial budget.
func (w *writer) rates() error {
	rate := w.total.Rate()
	w.form.Execution = &Execution{Rate: w.put("execution.rate", w.ratio(Rate, rate, w.all()))}
	if initial := w.total.RateInitial(); initial.OK() {
		w.form.RateInitial = w.put("rate_initial", w.ratio(RateInitial, initial, w.all()))
	}
	switch {
	case !rate.OK():
		w.warn(NoBudget, "execution.rate")
	case rate.Num > rate.Den:
		w.warn(Overspent, "execution.rate")
	}
	return nil
}

// all is the selection of all the form's lines.
func (w *writer) all() selection {
	return selection{query: w.scope, empty: len(w.lines) == 0, figures: w.total}
}

// below says whether a defined rate is below a percentage.
func below(rate money.Ratio, percentage string) bool {
	return rate.OK() && rate.Times(big.NewRat(percent, 1)).Cmp(rat(percentage)) < 0
}

// textOf is a text as a declared value: nil if there is none.
func textOf[T ~string](text T) *string {
	if text == "" {
		return nil
	}
	s := string(text)
	return &s
}
