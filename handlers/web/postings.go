package web

import (
	"math"
	"strconv"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// Postings is the page of the postings under one figure.
type Postings struct {
	Shell
	Back          string
	Scope         string
	Subtitle      []string
	Money         string
	Value         string
	Exact         string // in yuan, where the value is shown in another unit
	Parts         []PartView
	Figures       []Link
	Chips         []Chip
	Count         int
	Shown         int
	Rows          []PostingRow
	Older, Newest string
	Footer        string // of the printed page
}

func (*Postings) template() string { return "postings" }

// PartView is a term of the composition: "+ Supplements 3,189.53".
type PartView struct {
	Sign string // empty for the first
	Name string
	Cell Cell
}

// PostingRow is a posting with its amount as it counts in the figure.
type PostingRow struct {
	Date, Type, Document, Says string
	Line, LineName, LineHref   string
	Measure, Amount, Balance   string
	Sequence                   uint64
	Href                       string
}

// asked is the figure that an address asks for, or the single measure of it.
type asked struct {
	figure  figure
	single  bool
	measure budget.Measure
}

func readAsked(f *filters) asked {
	a := asked{figure: findFigure(oneOf(f, "figure", figureExecuted, figureNames()...))}
	a.measure, a.single = f.measure()
	return a
}

func (a asked) counted() signs {
	if a.single {
		return signs{a.measure: plus}
	}
	return a.figure.signs()
}

func (a asked) name(v *visit) string {
	if a.single {
		return v.Measure(a.measure)
	}
	return v.Text("figure." + a.figure.id)
}

func (s *server) postings(v *visit) (page, error) {
	sc, err := s.scope(v)
	if err != nil {
		return nil, err
	}
	f := v.filters
	asked := readAsked(f)
	query := projections.PostingsQuery{
		Query: sc.query, Measures: asked.counted().measures(), Month: int(f.number("month", 1, 12)),
		Before: f.number("before", 1, math.MaxInt64), Limit: postingsPage,
	}
	sheet := sheet{visit: v, scope: sc, unit: f.money()}
	if err := f.end(); err != nil {
		return nil, err
	}
	found, err := s.Reader.Postings(v.Context(), query)
	if err != nil {
		return nil, err
	}
	keep := f.keep(append(scopeParameters(), "figure", "measure", "month")...)
	p := &Postings{
		Shell: Shell{Heading: asked.name(v), Section: sectionPostings},
		Scope: sheet.scopeName(), Subtitle: []string{v.Text("print.as_of", "date", v.Date(sc.query.AsOf.Date)), v.Text("postings.subtitle")},
		Back:  f.pinned(sc.query).with("project", "", "line", "").at("/"),
		Money: v.Text(moneyName(sheet.unit)), Count: found.Count, Shown: len(found.Rows),
		Chips: sc.chips(v, keep, "/postings"), Figures: sheet.figureTabs(asked), Footer: sheet.footer(),
	}
	if query.Month != 0 {
		p.Chips = append(p.Chips, v.chip("month", v.Text("chart.month", "month", query.Month), keep, "/postings"))
	}
	p.Older, p.Newest = pager(found, query.Before, keep, "/postings")
	return p, sheet.compose(p, asked, found, keep)
}

// compose writes the figure's value, its parts and its postings.
func (s sheet) compose(p *Postings, asked asked, found projections.Postings, keep address) error {
	counted := asked.counted()
	value, err := counted.of(found.Sums)
	if err != nil {
		return err
	}
	p.Value = s.Printer.Money(value, s.unit)
	if s.unit != money.Yuan {
		p.Exact = s.Printer.Money(value, money.Yuan)
	}
	if !asked.single {
		if p.Parts, err = s.parts(asked.figure, found.Sums, keep); err != nil {
			return err
		}
	}
	for _, row := range found.Rows {
		shown, err := s.posting(row, counted)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, shown)
	}
	return nil
}

// measure reads the one measure that is asked for, if any.
func (f *filters) measure() (budget.Measure, bool) {
	names := make([]string, 0, len(budget.Measures()))
	for _, m := range budget.Measures() {
		names = append(names, m.String())
	}
	return budget.ParseMeasure(oneOf(f, "measure", "", names...))
}

// scopeName says whose figure it is: the narrowest thing that is named.
func (s sheet) scopeName() string {
	if s.lineName != "" {
		return s.lineName
	}
	if project, ok := s.project(s.query.Project); ok {
		return string(project.Name)
	}
	if owner := s.owner(); owner != "" {
		return owner
	}
	return s.Text("overview.all_units")
}

// figureTabs lead from figure to figure in the same scope.
func (s sheet) figureTabs(on asked) []Link {
	keep := s.filters.keep(append(scopeParameters(), "month")...)
	var tabs []Link
	for _, id := range figureNames() {
		tabs = append(tabs, Link{Label: s.Text("figure." + id), Href: keep.with("figure", id).at("/postings"), On: id == on.figure.id && !on.single})
	}
	return tabs
}

// parts are the terms of a figure that are not zero, each a link to its own
// postings.
func (s sheet) parts(f figure, sums budget.Sums, keep address) ([]PartView, error) {
	var views []PartView
	for i, part := range f.parts {
		amount, view := sums[part.measure], PartView{Name: s.Measure(part.measure)}
		to := keep.with("figure", "", "measure", part.measure.String())
		if part.figure != "" {
			var err error
			if amount, err = findFigure(part.figure).signs().of(sums); err != nil {
				return nil, err
			}
			view.Name, to = s.Text("figure."+part.figure), keep.with("figure", part.figure)
		}
		if amount == 0 && i > 0 {
			continue
		}
		if i > 0 {
			view.Sign = map[money.Amount]string{plus: "+", minus: "−"}[part.sign]
		}
		view.Cell = Cell{Text: s.Printer.Money(amount, s.unit), Href: to.at("/postings")}
		views = append(views, view)
	}
	if len(views) == 1 && f.parts[0].figure == "" {
		return nil, nil // a measure alone explains nothing
	}
	return views, nil
}

// posting dresses a posting with the sign that it has in the figure.
func (s sheet) posting(row projections.PostingView, counted signs) (PostingRow, error) {
	amount, err := signed(counted[row.Posting.Measure], row.Posting.Amount)
	if err != nil {
		return PostingRow{}, err
	}
	line := string(row.Posting.Line)
	name := string(row.LineName)
	if name == "" {
		name = line
	}
	return PostingRow{
		Date: s.Date(row.Posting.Date), Type: s.Type(row.Type), Document: string(row.Document), Says: string(row.Says),
		Line: line, LineName: name, LineHref: s.filters.keep("money").at("/lines/" + line),
		Measure: s.Measure(row.Posting.Measure), Amount: s.Printer.Money(amount, s.unit),
		Sequence: row.Posting.Sequence, Href: eventHref(row.Posting.Sequence),
	}, nil
}

func eventHref(sequence uint64) string { return "/events/" + strconv.FormatUint(sequence, 10) }

// pager links to the older rows and, from an older page, back to the newest.
func pager(found projections.Postings, before uint64, keep address, path string) (older, newest string) {
	if n := len(found.Rows); found.More && n > 0 {
		older = keep.with("before", strconv.FormatUint(found.Rows[n-1].Posting.Sequence, 10)).at(path)
	}
	if before != 0 {
		newest = keep.at(path)
	}
	return older, newest
}
