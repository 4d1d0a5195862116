package web

import (
	"cmp"
	"math"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// LinePage is the page of a budget line: what it is, its figures, its
// statement.
type LinePage struct {
	Shell
	Code, Money       string
	Subtitle          []string
	Back              string
	Facts             []Fact
	Row               Row
	Frozen, Committed Cell
	Count             int
	Rows              []PostingRow
	Older, Newest     string
	Footer            string // of the printed page
}

func (*LinePage) template() string { return "line" }

// Fact is a name and a value; Href opens the value.
type Fact struct{ Name, Value, Href string }

func (s *server) line(v *visit) (page, error) {
	id := events.LineID(v.PathValue("line"))
	if err := s.standAt(v); err != nil {
		return nil, err
	}
	f := v.filters
	at := projections.AsOf{Date: f.date(asOfParameter), Through: v.at.sequence}
	before, unit := f.number("before", 1, math.MaxInt64), f.money()
	if err := f.end(); err != nil {
		return nil, err
	}
	view, err := s.Reader.Line(v.Context(), id, at)
	if err != nil {
		return nil, err
	}
	if at.Date.IsZero() {
		at.Date = earlier(fiscal.Today(s.Now()), view.Line.Year.Last())
		if view, err = s.Reader.Line(v.Context(), id, at); err != nil {
			return nil, err
		}
	}
	query := projections.Query{Year: view.Line.Year, Line: id, AsOf: at}
	sheet := sheet{visit: v, scope: scope{query: query}, unit: unit}
	to := f.keep("money").with("year", strconv.Itoa(int(query.Year)), asOfParameter, at.Date.String(), "line", string(id))
	p := &LinePage{
		Shell: Shell{Heading: nameOf(view), Section: sectionLines}, Code: string(id),
		Subtitle: sheet.subtitle(), Money: v.Text(moneyName(unit)),
		Back:  to.with("line", "", "project", string(view.Line.Project), "by", string(projections.ByLine)).at("/"),
		Facts: v.lineFacts(view), Footer: sheet.footer(), Row: sheet.row(view.Figures, standing{Figures: view.Figures, Progress: sheet.progressNow()}, nameOf(view), to),
		Frozen: sheet.cell(view.Figures.Frozen, figureFrozen, nameOf(view), to), Committed: sheet.cell(view.Figures.Committed, figureCommitted, nameOf(view), to),
	}
	return p, s.statement(p, sheet, before)
}

// statement lists the line's postings newest first with the available balance
// after each. An older page is read as of the position before it, so that its
// first balance is again the sum of everything that it finds.
func (s *server) statement(p *LinePage, sheet sheet, before uint64) error {
	query := sheet.query
	if before > 0 {
		query.AsOf.Through = min(query.AsOf.Through, before-1)
	}
	if query.AsOf.Through == 0 {
		return nil // before the first event
	}
	found, err := s.Reader.Postings(sheet.Context(), projections.PostingsQuery{Query: query, Limit: postingsPage})
	if err != nil {
		return err
	}
	counted := findFigure(figureAvailable).signs()
	balance, err := counted.of(found.Sums)
	if err != nil {
		return err
	}
	for _, posting := range found.Rows {
		row, err := sheet.posting(posting, counted)
		if err != nil {
			return err
		}
		row.Balance = sheet.Printer.Money(balance, sheet.unit)
		p.Rows = append(p.Rows, row)
		if balance, err = takenBack(balance, counted, posting); err != nil {
			return err
		}
	}
	p.Count = found.Count
	p.Older, p.Newest = pager(found, before, sheet.filters.keep(asOfParameter, "money"), pathOf(sheet.URL))
	return nil
}

// takenBack is the balance before a posting.
func takenBack(balance money.Amount, counted signs, posting projections.PostingView) (money.Amount, error) {
	effect, err := signed(counted[posting.Posting.Measure], posting.Posting.Amount)
	if err != nil {
		return 0, err
	}
	return less(balance, effect)
}

// nameOf is the line's own name, or its project's.
func nameOf(view projections.LineView) string {
	return string(cmp.Or(view.Line.Name, view.ProjectName, events.Text(view.Line.ID)))
}

func (v *visit) lineFacts(view projections.LineView) []Fact {
	line, year := view.Line, strconv.Itoa(int(view.Line.Year))
	of := address{}.with("year", year)
	vintage := strconv.Itoa(int(line.Vintage))
	if line.Vintage < line.Year {
		vintage = v.Text("line.carried", "vintage", vintage)
	}
	return []Fact{
		{v.Member("year"), year, of.at("/")},
		{v.Member("unit"), string(cmp.Or(view.UnitName, events.Text(line.Unit))), of.with("unit", string(line.Unit)).at("/")},
		{v.Member("project"), string(cmp.Or(view.ProjectName, events.Text(line.Project))), of.with("project", string(line.Project), "by", "line").at("/")},
		{v.Member("kind"), v.Kind(view.ProjectKind), ""},
		{v.Member("fund"), v.Fund(line.Fund), of.with("fund", string(line.Fund), "by", "line").at("/")},
		{v.Member("vintage"), vintage, ""},
		{v.Member("function_class"), string(line.FunctionClass), ""},
		{v.Member("economic_class"), string(line.EconomicClass), ""},
	}
}
