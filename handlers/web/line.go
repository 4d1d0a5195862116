package web

import (
	"cmp"
	"strconv"

	"github.com/outturn/outturn/events"
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
	// Tasks lead to what whoever asks may post on the line.
	Tasks  []Link
	Filter StatementFilter
	File   string // the statement as a file
	// Whole says that no posting is left out; Sum is of those that are there.
	Whole         bool
	Sum           string
	Count         int
	Rows          []PostingRow
	Older, Newest string
	Footer        string // of the printed page
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
	before, unit, narrowed := f.number("before", 1, maxBefore), f.money(), readNarrowing(f)
	if err := f.end(); err != nil {
		return nil, err
	}
	view, err := s.readLine(v, id, &at)
	if err != nil {
		return nil, err
	}
	query := projections.Query{Year: view.Line.Year, Line: id, AsOf: at}
	sheet := sheet{visit: v, scope: scope{query: query}, unit: unit}
	to := f.keep("money").with("year", strconv.Itoa(int(query.Year)), asOfParameter, at.Date.String(), "line", string(id))
	p := &LinePage{
		Shell: Shell{Heading: nameOf(view), Section: sectionLines, FormStyle: s.assets.address("post.css")}, Code: string(id),
		Subtitle: sheet.subtitle(), Money: v.Text(moneyName(unit)),
		Back:  to.with("line", "", "project", string(view.Line.Project), "by", string(projections.ByLine)).at("/"),
		Facts: v.lineFacts(view), Footer: sheet.footer(), Row: sheet.row(view.Figures, standing{Figures: view.Figures, Progress: sheet.progressNow()}, nameOf(view), to),
		Frozen: sheet.cell(view.Figures.Frozen, figureFrozen, nameOf(view), to), Committed: sheet.cell(view.Figures.Committed, figureCommitted, nameOf(view), to),
	}
	p.Tasks = s.deskTasks(v, id, view.Line.Unit)
	return p, s.statement(p, sheet, narrowed, before)
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
