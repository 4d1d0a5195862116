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

func (s *server) postings(v *visit) (page, error) {
	sc, err := s.scope(v)
	if err != nil {
		return nil, err
	}
	f := v.filters
	figure := findFigure(oneOf(f, "figure", figureExecuted, figureNames()...))
	measure, single := f.measure()
	query := projections.PostingsQuery{
		Query: sc.query, Month: int(f.number("month", 1, 12)), Before: f.number("before", 1, math.MaxInt64), Limit: postingsPage,
	}
	unit := f.money()
	if err := f.end(); err != nil {
		return nil, err
	}
	counted := figure.signs()
	if single {
		counted = signs{measure: plus}
	}
	query.Measures = counted.measures()
	found, err := s.Reader.Postings(v.Context(), query)
	if err != nil {
		return nil, err
	}
	value, err := counted.of(found.Sums)
	if err != nil {
		return nil, err
	}
	keep := f.keep(append(scopeParameters(), "figure", "measure", "month")...)
	sheet := sheet{visit: v, scope: sc, unit: unit}
	p := &Postings{
		Shell: Shell{Heading: v.Text("figure." + figure.id), Section: sectionPostings},
		Scope: sheet.scopeName(), Subtitle: []string{v.Text("print.as_of", "date", v.Date(sc.query.AsOf.Date)), v.Text("postings.subtitle")},
		Back:  f.pinned(sc.query).with("project", "", "line", "").at("/"),
		Money: v.Text(moneyName(unit)), Value: v.Money(value, unit), Count: found.Count, Shown: len(found.Rows),
		Chips: sc.chips(v, keep, "/postings"), Figures: sheet.figureTabs(figure.id, single), Footer: sheet.footer(),
	}
	if single {
		p.Heading = v.Measure(measure)
	}
	if unit != money.Yuan {
		p.Exact = v.Money(value, money.Yuan)
	}
	if query.Month != 0 {
		label, value := v.Text("filter.month"), v.Text("chart.month", "month", query.Month)
		p.Chips = append(p.Chips, Chip{"month", label, value, keep.with("month", "").at("/postings"), v.Text("filter.remove", "filter", label, "value", value)})
	}
	if !single {
		if p.Parts, err = sheet.parts(figure, found.Sums, keep); err != nil {
			return nil, err
		}
	}
	for _, row := range found.Rows {
		shown, err := sheet.posting(row, counted)
		if err != nil {
			return nil, err
		}
		p.Rows = append(p.Rows, shown)
	}
	p.Older, p.Newest = pager(found, query.Before, keep, "/postings")
	return p, nil
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
func (s sheet) figureTabs(on string, single bool) []Link {
	keep := s.filters.keep(append(scopeParameters(), "month")...)
	var tabs []Link
	for _, id := range figureNames() {
		tabs = append(tabs, Link{Label: s.Text("figure." + id), Href: keep.with("figure", id).at("/postings"), On: id == on && !single})
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
