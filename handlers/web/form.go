package web

import (
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/yearend"
	"github.com/outturn/outturn/projections/forms"
)

// FormPage is the page of one form: the form as it is printed, and beside it
// what a cell is made of.
type FormPage struct {
	Shell
	Name, Code string
	Back       string
	Subtitle   []string
	Filter     FormFilter
	Title      string
	Columns    []int // widths in percent
	Rows       [][]GridView
	Notes      []string
	Panel      *CellPanel // nil if no cell was asked for
	Budget     BudgetView
	Warnings   []WarningView
	Files      []Link
	Footer     string // of the printed page
}

func (*FormPage) template() string { return "form" }

// GridView is a cell of the form. Href opens what it is made of; Warning says
// what it needs a person for.
type GridView struct {
	Text, ID, Href, Class string
	Heading, On           bool
	Warning               string
	Cols, Rows            int
}

// WarningView is a warning with a link to its cell.
type WarningView struct{ Text, Cell, Href string }

// BudgetView is how the initial budget became the full-year budget, and the
// rates against both.
type BudgetView struct {
	Initial, FullYear Cell
	Rate, RateInitial Cell
	Changes           []TermView
	Net, Unit         string
}

// fewChanges are shown at once; more are folded.
const fewChanges = 6

// FewChanges says that there is room for all changes.
func (b BudgetView) FewChanges() bool { return len(b.Changes) <= fewChanges }

func (s *server) form(v *visit) (page, error) {
	sc, err := s.formScope(v)
	if err != nil {
		return nil, err
	}
	if sc.request.Year, err = pathYear(v); err != nil {
		return nil, err
	}
	sc.request.Code = v.PathValue("subject")
	asked, before := v.filters.get("cell"), v.filters.number("before", 1, maxSequence)
	if err := v.filters.end(); err != nil {
		return nil, err
	}
	issues, err := s.derive(v, sc.request)
	if err != nil {
		return nil, err
	}
	issue := issues[0]
	keep := v.filters.keep(formParameters()...)
	at := formAt(issue.Form.Year, issue.Form.Subject.ID)
	sheet := formSheet{visit: v, issue: issue, keep: keep, path: at, on: asked}
	grid := forms.Layout(issue.Form, issue.Template)
	p := &FormPage{
		Shell: Shell{Heading: formName(issue.Form), Section: sectionForms},
		Code:  issue.Form.Subject.ID, Back: keep.with(templateParameter, "").at(formsAt(issue.Form.Year)),
		Subtitle: append([]string{v.Text("forms.title", "year", issue.Form.Year)}, v.formSubtitle(sc.request.At)...),
		Filter:   sc.filter(at), Title: grid.Title, Columns: grid.Widths, Rows: sheet.rows(grid),
		Warnings: sheet.warnings(), Budget: sheet.budget(),
		Files: v.files(at, keep, exports.Formats()),
	}
	p.Filter.Templates = v.templates(sc.request.Templates.List(), issue.Template.ID, issue.Template.Kind)
	for _, note := range grid.Notes {
		p.Notes = append(p.Notes, strings.Split(note, "\n")...)
	}
	p.Footer = strings.Join([]string{"Outturn", p.Code, v.Text("print.through", "sequence", v.sequence(v.at.sequence))}, " · ")
	if asked == "" {
		return p, nil
	}
	p.Panel, err = s.cell(sheet, asked, before)
	return p, err
}

// formSheet dresses one form for its page.
type formSheet struct {
	*visit
	issue yearend.Issue
	keep  address
	path  string
	on    string // the cell that is open
}

// open is the link that opens a cell.
func (s formSheet) open(name string) string {
	return s.keep.with("cell", name).at(s.path) + "#cell"
}

// cellID is where a cell is on the page.
func cellID(name string) string { return "c-" + name }

func (s formSheet) rows(grid forms.Grid) [][]GridView {
	warned := map[string][]string{}
	for _, warning := range s.issue.Form.Warnings {
		warned[warning.Cell] = append(warned[warning.Cell], s.Text("warning."+string(warning.Code)))
	}
	rows := make([][]GridView, len(grid.Rows))
	for i, row := range grid.Rows {
		for _, cell := range row {
			view := GridView{
				Text: cell.Text, Class: string(cell.Role), Cols: cell.Cols, Rows: cell.Rows,
				Heading: cell.Role == forms.RoleLabel && strings.TrimSpace(cell.Text) != "",
			}
			if cell.Name != "" {
				view.ID, view.Href, view.On = cellID(cell.Name), s.open(cell.Name), cell.Name == s.on
				view.Warning = strings.Join(warned[cell.Name], " ")
			}
			rows[i] = append(rows[i], view)
		}
	}
	return rows
}

// warnings lists what the form needs a person for.
func (s formSheet) warnings() []WarningView {
	var views []WarningView
	for _, warning := range s.issue.Form.Warnings {
		view := WarningView{Text: s.Text("warning." + string(warning.Code)), Cell: s.cellName(s.issue.Form, warning.Cell)}
		if _, ok := s.issue.Form.Cells[warning.Cell]; ok {
			view.Href = s.open(warning.Cell)
		}
		views = append(views, view)
	}
	return views
}

// link is a cell of the form with a link that opens it; without such a cell it
// is empty.
func (s formSheet) link(name string) Cell {
	cell, ok := s.issue.Form.Cells[name]
	if !ok {
		return Cell{}
	}
	text := grouped(cell)
	return Cell{Text: text, Href: s.open(name), Label: s.Text("cell.label", "amount", text, "figure", s.cellName(s.issue.Form, name), "whose", formName(s.issue.Form))}
}

// unit is the unit that the form prints amounts in.
func (s formSheet) unit() money.Amount {
	if s.issue.Form.MoneyUnit == forms.Yuan {
		return money.Yuan
	}
	return money.Wan
}

// budget says how the full-year budget came to be.
func (s formSheet) budget() BudgetView {
	form := s.issue.Form
	view := BudgetView{
		Initial: s.link("funds.total.initial"), FullYear: s.link("funds.total.full_year"),
		Rate: s.link("execution.rate"), RateInitial: s.link("rate_initial"), Unit: s.Text(moneyName(s.unit())),
	}
	for _, change := range form.Changes {
		term := s.term(change.Sequence)
		term.Date, term.Type, term.Document, term.Says = s.Date(change.Date), s.Text("measure."+change.Measure), string(change.Document), string(change.Reason)
		term.Amount = signedText(s.Money(change.Amount, s.unit()))
		view.Changes = append(view.Changes, term)
	}
	initial, fullYear := form.Cells["funds.total.initial"].Fen, form.Cells["funds.total.full_year"].Fen
	if initial != nil && fullYear != nil && *initial != *fullYear {
		if net, err := less(*fullYear, *initial); err == nil {
			view.Net = signedText(s.Money(net, s.unit()))
		}
	}
	return view
}

// maxSequence is the largest sequence that an address may name.
const maxSequence = 1<<63 - 1

// spoken is what an event says of an indicator or a goal, in a few words.
func (v *visit) spoken(data events.Data) string {
	switch x := data.(type) {
	case events.IndicatorSet:
		return v.Text("spoken.set", "target", string(x.Target), "weight", string(x.Weight))
	case events.IndicatorReported:
		return v.Text("spoken.reported", "actual", string(x.Actual))
	case events.IndicatorScored:
		return v.Text("spoken.scored", "score", string(x.Score))
	case events.GoalSet:
		return string(x.Goal)
	case events.GoalReported:
		return string(x.Actual)
	}
	return ""
}

// dateOf is the business date of an event, or the day it was recorded on.
func (v *visit) dateOf(e events.Event) string {
	if date, ok := e.On(); ok {
		return v.Date(date)
	}
	day, _, _ := strings.Cut(v.Time(e.RecordedTime), " ")
	return day
}
