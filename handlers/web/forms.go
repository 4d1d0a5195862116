package web

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/reach"
	"github.com/outturn/outturn/handlers/yearend"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// FormsPage is the page of a year's self-evaluation forms.
type FormsPage struct {
	Shell
	Owner    string
	Subtitle []string
	Filter   FormFilter
	Files    []Link
	Caption  string
	Rows     []FormRow
	Empty    bool
	Footer   string // of the printed page
}

func (*FormsPage) template() string { return "forms" }

// FormFilter is the filter form of the pages of forms; an empty list is not
// asked for.
type FormFilter struct {
	Action                  string
	Years, Units, Templates []Choice
	AsOf                    string
}

// FormRow is a form with its figures, each a link to its cell.
type FormRow struct {
	Name, Href, Code                                 string
	Department                                       bool
	Initial, FullYear, Executed, Rate, Points, Total Cell
	Grade, WarningsText                              string
	Warnings                                         int
	Files                                            []Link
}

// formsAt is where the pages of a year's forms are.
func formsAt(year fiscal.Year) string { return "/forms/" + strconv.Itoa(int(year)) }

// formAt is where a form is; its file has the name of a format behind a dot.
func formAt(year fiscal.Year, code string) string { return formsAt(year) + "/" + code }

// The parameters that choose how forms are derived; they go along from page to
// page.
const templateParameter = "template"

func formParameters() []string { return []string{templateParameter, asOfParameter} }

// formScope is what the pages of forms are asked for.
type formScope struct {
	request yearend.Request
	units   []budget.Unit
	years   []fiscal.Year
}

// formScope reads what every page of forms reads. Without a date a form is what
// is known now: reports and scores come after the year's end.
func (s *server) formScope(v *visit) (formScope, error) {
	var sc formScope
	var err error
	if sc.years, sc.units, err = s.choices(v); err != nil {
		return sc, err
	}
	f := v.filters
	sc.request = yearend.Request{Templates: s.Templates, Template: f.get(templateParameter), At: projections.AsOf{Date: f.date(asOfParameter), Through: v.at.sequence}}
	return sc, nil
}

func (s *server) templateNames() []string {
	var names []string
	for _, template := range s.Templates.List() {
		names = append(names, template.ID)
	}
	return names
}

// pathYear reads the year of a path.
func pathYear(v *visit) (fiscal.Year, error) {
	year, err := fiscal.ParseYear(v.PathValue("year"))
	if err != nil {
		return 0, projections.ErrNotFound
	}
	return year, nil
}

func (s *server) forms(v *visit) (page, error) {
	sc, err := s.formScope(v)
	if err != nil {
		return nil, err
	}
	f := v.filters
	newest := fiscal.Today(s.Now()).Year
	if len(sc.years) > 0 {
		newest = sc.years[0]
	}
	sc.request.Year = newest
	if v.PathValue("year") == "" {
		sc.request.Year = f.year("year", newest)
	} else if sc.request.Year, err = pathYear(v); err != nil {
		return nil, err
	}
	sc.request.Code, sc.request.WithProjects = f.get("unit"), true
	top := sc.topUnit()
	if !slices.ContainsFunc(sc.units, func(u budget.Unit) bool { return string(u.ID) == sc.request.Code }) && sc.request.Code != "" {
		f.refuse("unit", "the code of a registered unit")
	}
	sc.request.Code = cmp.Or(sc.request.Code, top)
	if err := f.end(); err != nil {
		return nil, err
	}
	p := &FormsPage{
		Shell:  Shell{Heading: v.Text("forms.title", "year", sc.request.Year), Section: sectionForms},
		Owner:  sc.unitName(sc.request.Code),
		Filter: sc.filter("/forms"),
		Empty:  !slices.Contains(sc.years, sc.request.Year),
	}
	p.Filter.Templates = append([]Choice{{"", v.Text("forms.standard"), sc.request.Template == ""}},
		v.templates(s.Templates.List(), sc.request.Template, forms.DepartmentForm, forms.ProjectForm)...)
	if p.Empty {
		return p, nil
	}
	issues, err := s.derive(v, sc.request)
	if err != nil {
		return nil, err
	}
	keep := f.keep(formParameters()...)
	p.Subtitle = append(v.formSubtitle(sc.request.At), v.Text("table.unit", "unit", v.Text("money.wan")))
	p.Files = v.files(formAt(sc.request.Year, sc.request.Code), keep.with("projects", "true"), exports.Formats())
	for _, issue := range issues {
		p.Rows = append(p.Rows, v.formRow(issue, keep))
	}
	p.Caption = v.Text("forms.caption", "count", len(p.Rows))
	p.Footer = strings.Join([]string{p.Heading, v.Text("print.through", "sequence", v.sequence(v.at.sequence))}, " · ")
	return p, nil
}

// formSubtitle says as of when forms are.
func (v *visit) formSubtitle(at projections.AsOf) []string {
	if at.Date.IsZero() {
		return []string{v.Text("forms.now", "sequence", v.sequence(at.Through))}
	}
	return []string{v.Text("print.as_of", "date", v.Date(at.Date))}
}

// topUnit is the first unit that none of the others stands above: the department.
func (sc formScope) topUnit() string {
	if top := tops(sc.units); len(top) > 0 {
		return string(top[0].ID)
	}
	return ""
}

func (sc formScope) unitName(code string) string {
	for _, unit := range sc.units {
		if string(unit.ID) == code {
			return string(unit.Name)
		}
	}
	return code
}

// filter is the filter form. The year and the unit of a single form are in its
// path.
func (sc formScope) filter(action string) FormFilter {
	form := FormFilter{Action: action}
	if !sc.request.At.Date.IsZero() {
		form.AsOf = sc.request.At.Date.String()
	}
	if !sc.request.WithProjects {
		return form
	}
	both := scope{years: sc.years, units: sc.units, query: projections.Query{Year: sc.request.Year, Unit: events.UnitID(sc.request.Code)}}
	for _, year := range both.yearChoices() {
		text := strconv.Itoa(int(year))
		form.Years = append(form.Years, Choice{text, text, year == sc.request.Year})
	}
	form.Units = both.unitChoices()
	return form
}

// templates are the templates to choose from, of one kind or of both.
func (v *visit) templates(all []*forms.Template, on string, kinds ...forms.Kind) []Choice {
	var choices []Choice
	for _, template := range all {
		if !slices.Contains(kinds, template.Kind) {
			continue
		}
		choices = append(choices, Choice{template.ID, v.templateName(template), template.ID == on})
	}
	return choices
}

func (v *visit) templateName(t *forms.Template) string {
	if v.Tag() == language.Chinese {
		return t.Name.Zh
	}
	return t.Name.En
}

// formRow dresses a form for the list.
func (v *visit) formRow(issue yearend.Issue, keep address) FormRow {
	form := issue.Form
	at := formAt(form.Year, form.Subject.ID)
	row := FormRow{
		Name: formName(form), Href: keep.at(at), Code: form.Subject.ID, Department: form.Subject.Kind == events.OfUnit,
		Warnings: len(form.Warnings), WarningsText: v.Text("forms.warnings", "count", len(form.Warnings)),
		Grade: gradeOf(issue), Files: v.files(at, keep, []exports.Format{exports.FormatDOCX, exports.FormatXLSX}),
	}
	for name, to := range map[string]*Cell{
		"funds.total.initial": &row.Initial, "funds.total.full_year": &row.FullYear, "funds.total.executed": &row.Executed,
		"execution.rate": &row.Rate, "execution.score": &row.Points, "total.score": &row.Total,
	} {
		cell, ok := form.Cells[name]
		if !ok {
			continue
		}
		text := grouped(cell)
		if cell.Fen != nil {
			text = v.Money(*cell.Fen, money.Wan)
		}
		*to = Cell{
			Text: text, Zero: cell.Fen != nil && *cell.Fen == 0, Href: keep.with("cell", name).at(at) + "#cell",
			Label: v.Text("cell.label", "amount", text, "figure", v.cellName(form, name), "whose", row.Name),
		}
	}
	return row
}

// formName is what the form is about in words.
func formName(form forms.Form) string {
	if form.Project != nil {
		return *form.Project
	}
	return form.Department
}

// gradeOf is the grade of a form that is scored to the end; its template need
// not print it.
func gradeOf(issue yearend.Issue) string {
	total, rules := issue.Form.Cells["total.score"], issue.Template.Scoring
	open := slices.ContainsFunc(issue.Form.Warnings, func(w forms.Warning) bool {
		return w.Code == forms.NotScored || w.Code == forms.NotReported || w.Code == forms.NoIndicators
	})
	if open || rules == nil || total.Exact == nil {
		return ""
	}
	return rules.Grade(total.Exact)
}

// files are links to a form as files.
func (v *visit) files(at string, keep address, formats []exports.Format) []Link {
	var links []Link
	for _, format := range formats {
		links = append(links, Link{Label: v.Text("format." + string(format)), Href: keep.at(at + "." + string(format)), ID: string(format)})
	}
	return links
}

// formOrFile serves a form's page or, where its code has a format behind a dot,
// its file.
func (s *server) formOrFile() http.Handler {
	shown := s.page(s.form)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, ending, isFile := strings.Cut(r.PathValue("subject"), ".")
		if !isFile {
			shown.ServeHTTP(w, r)
			return
		}
		s.page(func(v *visit) (page, error) { return s.file(v, code, ending) }).ServeHTTP(w, r)
	})
}

// file derives a form, or with ?projects=true those of a unit, as a file.
func (s *server) file(v *visit, code, format string) (page, error) {
	as, err := exports.ParseFormat(format)
	if err != nil {
		return nil, projections.ErrNotFound
	}
	sc, err := s.formScope(v)
	if err != nil {
		return nil, err
	}
	if sc.request.Year, err = pathYear(v); err != nil {
		return nil, err
	}
	sc.request.Code, sc.request.WithProjects = code, oneOf(v.filters, "projects", "", "true") != ""
	if err := v.filters.end(); err != nil {
		return nil, err
	}
	issues, err := s.derive(v, sc.request)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	if err := exports.Write(&body, as, yearend.Sheets(issues), v.Printer); err != nil {
		return nil, err
	}
	ending, mediaType := as.File(len(issues))
	return download{fmt.Sprintf("%s-%d%s", sc.request.Code, sc.request.Year, ending), mediaType, body.Bytes()}, nil
}

// derive derives forms; a template of the other kind is a wrong filter.
func (s *server) derive(v *visit, request yearend.Request) ([]yearend.Issue, error) {
	if err := reach.PlacesIn(s.Reader).Subject(v.Context(), s.reach(v), request.Year, request.Code); err != nil {
		return nil, err
	}
	issues, err := yearend.Derive(v.Context(), s.Forms, request)
	if errors.Is(err, yearend.ErrTemplate) {
		v.filters.refuse(templateParameter, "one of "+strings.Join(s.templateNames(), ", "))
		return nil, v.filters.end()
	}
	return issues, err
}

// download is a file in place of a page.
type download struct {
	name, mediaType string
	body            []byte
}

func (download) template() string { return "" }
func (download) shell() *Shell    { return nil }

// serve sends the file to be kept, not shown: nothing in it runs on this site.
func (d download) serve(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", d.mediaType)
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	header.Set("Content-Length", strconv.Itoa(len(d.body)))
	w.Write(d.body) // a client that is gone is no error of ours
}
