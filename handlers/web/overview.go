package web

import (
	"cmp"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// Overview is the page of a year's execution.
type Overview struct {
	Shell
	Owner    string
	Subtitle []string
	Money    string // the name of the unit of amounts
	Strip    Strip
	Tabs     []Link
	Form     Form
	Chips    []Chip
	Tally    []Tally
	Caption  string
	Columns  []Column
	Total    Row
	Rows     []Row
	Chart    *Chart
	Empty    *Empty
	Footer   string // of the printed page
}

func (*Overview) template() string { return "overview" }

// NoData says that nothing was loaded yet.
func (p *Overview) NoData() bool { return p.Empty != nil && p.Empty.NoData }

// Labels are the heads of the columns by their ids, for screens that are too
// narrow for a table.
func (p *Overview) Labels() map[string]string {
	labels := make(map[string]string, len(p.Columns))
	for _, column := range p.Columns {
		labels[column.ID] = column.Label
	}
	return labels
}

// Cell is an amount that opens to its postings. Href is empty where the cut
// cannot be opened.
type Cell struct {
	Text, Href, Label string
	Zero              bool
}

// Strip is the four numbers on top.
type Strip struct {
	FullYear, Initial, Executed, ThisMonth, Available Cell
	Change, ChangeRate                                string // of the budget since the initial one; empty if it did not
	Month                                             string
	Rate, RateInitial                                 string
	Gap                                               Gap
	Status                                            Status
	Progress                                          string
	ProgressNotes                                     []string
}

// Row is a row of the table.
type Row struct {
	Name, Href, Code, Note                 string
	Initial, FullYear, Executed, Available Cell
	Bar                                    Bar
	Rate, RateInitial                      string // empty without a rate
	Gap                                    Gap
	Status                                 Status
}

// Column is a head of the table that sorts by a link. Sorted is ascending,
// descending or empty.
type Column struct{ ID, Label, Href, Sorted string }

// Tally counts the rows of a status; it is the legend too.
type Tally struct {
	Status
	Count int
}

// Empty says why there is nothing to see, and what to do: nothing was loaded
// yet, or the filters leave nothing, or only other years have lines.
type Empty struct {
	NoData bool
	Years  []Link
}

// entry is a row before it is dressed for the page.
type entry struct {
	row  projections.Row
	name string
	// pace is how the row stands; by month it is the year's up to that month.
	pace standing
}

func overviewParameters() []string { return append(scopeParameters(), "by", "sort", "dir") }

// cuts are what the table may have a row for, in the order of the tabs.
func cuts() []projections.By {
	return []projections.By{
		projections.ByProject, projections.ByLine, projections.ByUnit, projections.ByFund,
		projections.BySource, projections.ByFunction, projections.ByEconomic, projections.ByMonth,
	}
}

func (s *server) overview(v *visit) (page, error) {
	sc, err := s.scope(v)
	if err != nil {
		return nil, err
	}
	f := v.filters
	sc.query.By = oneOf(f, "by", projections.ByProject, cuts()...)
	order := readOrder(f, sc.query.By)
	unit := f.money()
	if err := f.end(); err != nil {
		return nil, err
	}
	report, err := s.Reader.Execution(v.Context(), sc.query)
	if err != nil {
		return nil, err
	}
	monthly := sc.query
	monthly.By = projections.ByMonth
	months, err := s.Reader.Execution(v.Context(), monthly)
	if err != nil {
		return nil, err
	}
	sheet := sheet{visit: v, scope: sc, unit: unit}
	entries, err := sheet.entries(report)
	if err != nil {
		return nil, err
	}
	order.sort(v, entries)
	p := &Overview{
		Shell: Shell{Heading: v.Text("overview.title", "year", sc.query.Year), Section: sectionOf(sc.query.By)},
		Owner: sc.owner(), Subtitle: sheet.subtitle(),
		Money: v.Text(moneyName(unit)), Tabs: sheet.tabs(), Form: sc.form(v, unit, "by", "project", "line", "sort", "dir"),
		Chips: sc.chips(v, f.keep(overviewParameters()...), "/"), Caption: v.Text("overview.caption." + order.caption()),
		Columns: order.columns(v), Total: sheet.total(report), Footer: sheet.footer(),
	}
	if p.Owner == "" {
		p.Owner = v.Text("overview.all_units")
	}
	if p.Strip, err = sheet.strip(report, months); err != nil {
		return nil, err
	}
	for _, e := range entries {
		p.Rows = append(p.Rows, sheet.dress(e))
	}
	p.Tally = sheet.tally(entries)
	if len(entries) == 0 {
		p.Empty = sheet.empty()
	}
	if sc.query.By == projections.ByMonth {
		p.Chart, err = sheet.chart(months)
	}
	return p, err
}

func sectionOf(by projections.By) string {
	switch by {
	case projections.ByMonth:
		return sectionMonths
	case projections.ByLine:
		return sectionLines
	}
	return sectionOverview
}

func moneyName(unit money.Amount) string {
	if unit == money.Yuan {
		return "money.yuan"
	}
	return "money.wan"
}

// sheet dresses figures of one scope for the page.
type sheet struct {
	*visit
	scope
	unit money.Amount
}

// entries are the report's rows with their names and how they stand. A row by
// month stands as the year did at the month's end.
func (s sheet) entries(report projections.Report) ([]entry, error) {
	entries := make([]entry, len(report.Rows))
	var sofar budget.Figures
	for i, row := range report.Rows {
		entries[i] = entry{row: row, name: s.rowName(row), pace: standing{Figures: row.Figures, Progress: s.progressNow()}}
		if s.query.By != projections.ByMonth {
			continue
		}
		var err error
		if sofar, err = added(sofar, row.Figures); err != nil {
			return nil, err
		}
		entries[i].pace = standing{Figures: sofar, Progress: monthProgress(row.Key)}
	}
	return entries, nil
}

// added is what pace needs of the sum of two figures.
func added(a, b budget.Figures) (budget.Figures, error) {
	var sum budget.Figures
	for _, pair := range []struct {
		to       *money.Amount
		one, two money.Amount
	}{{&sum.Initial, a.Initial, b.Initial}, {&sum.FullYear, a.FullYear, b.FullYear}, {&sum.Executed, a.Executed, b.Executed}} {
		var err error
		if *pair.to, err = pair.one.Add(pair.two); err != nil {
			return budget.Figures{}, err
		}
	}
	return sum, nil
}

// monthProgress is time progress at the end of a month such as "2023-10".
func monthProgress(key string) *big.Rat { return big.NewRat(int64(monthOf(key)), 12) }

// monthOf is the number of a month such as "2023-10"; 0 if it is none.
func monthOf(key string) int {
	_, digits, _ := strings.Cut(key, "-")
	month, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return month
}

func (s sheet) progressNow() *big.Rat { return timeProgress(s.query.Year, s.query.AsOf.Date) }

func (s sheet) rowName(row projections.Row) string {
	switch s.query.By {
	case projections.ByFund:
		return s.Fund(events.Fund(row.Key))
	case projections.BySource:
		return s.Source(row.Key)
	}
	return cmp.Or(row.Name, row.Key)
}

// drill is the address of what a row stands for.
func (s sheet) drill(key string) address {
	pinned := s.filters.pinned(s.query)
	switch s.query.By {
	case projections.ByLine:
		return pinned.with("line", key)
	case projections.ByProject:
		return pinned.with("project", key)
	case projections.ByFund:
		return pinned.with("fund", key)
	case projections.ByMonth:
		return pinned.with("month", strconv.Itoa(monthOf(key)))
	case projections.ByUnit:
		if !s.hasUnitsBelow(events.UnitID(key)) {
			return pinned.with("unit", key)
		}
	}
	return pinned.with(cutParameter, cutOf(s.query.By, key))
}

// open is where the name of a row leads: one level down.
func (s sheet) open(key string) string {
	to := s.drill(key)
	switch s.query.By {
	case projections.ByLine:
		return to.with("line", "", "unit", "", "project", "", "fund", "", "kind", "", cutParameter, "", "year", "").at("/lines/" + key)
	case projections.ByProject, projections.ByFund, projections.BySource, projections.ByFunction, projections.ByEconomic:
		return to.with("by", string(projections.ByLine)).at("/")
	case projections.ByUnit:
		return to.at("/")
	}
	return ""
}

func (s sheet) cell(amount money.Amount, figure, whose string, to address) Cell {
	text := s.Printer.Money(amount, s.unit)
	return Cell{
		Text: text, Zero: amount == 0, Href: to.with("figure", figure).at("/postings"),
		Label: s.Text("cell.label", "amount", text, "figure", s.Text("figure."+figure), "whose", whose),
	}
}

func (s sheet) dress(e entry) Row {
	to := s.drill(e.row.Key)
	row := s.row(e.row.Figures, e.pace, e.name, to)
	row.Href, row.Note = s.open(e.row.Key), s.note(e)
	if s.query.By == projections.ByLine || s.query.By == projections.ByUnit {
		row.Code = e.row.Key
	}
	return row
}

// row dresses figures and how they stand.
func (s sheet) row(f budget.Figures, p standing, name string, to address) Row {
	row := Row{
		Name:      name,
		Initial:   s.cell(f.Initial, figureInitial, name, to),
		FullYear:  s.cell(f.FullYear, figureFullYear, name, to),
		Executed:  s.cell(f.Executed, figureExecuted, name, to),
		Available: s.cell(f.Available, figureAvailable, name, to),
		Bar:       s.bar(p), Gap: s.gap(p), Status: s.status(p),
	}
	if p.Rated() {
		row.Rate = s.Percent(p.Figures.Rate())
	}
	if p.Figures.Initial > 0 {
		row.RateInitial = s.Percent(p.Figures.RateInitial())
	}
	return row
}

// note says how the budget came to be what it is.
func (s sheet) note(e entry) string {
	f := e.row.Figures
	switch {
	case s.query.By == projections.ByMonth || f.Initial == f.FullYear:
		return ""
	case f.Initial == 0:
		return s.Text("row.added")
	}
	return s.Text("row.changed", "from", s.Printer.Money(f.Initial, s.unit), "to", s.Printer.Money(f.FullYear, s.unit))
}

func (s sheet) total(report projections.Report) Row {
	return s.row(report.Total, standing{Figures: report.Total, Progress: s.progressNow()}, s.Text("row.total"), s.filters.pinned(s.query))
}

func (s sheet) strip(report, months projections.Report) (Strip, error) {
	f, to := report.Total, s.filters.pinned(s.query)
	change, err := less(f.FullYear, f.Initial)
	if err != nil {
		return Strip{}, err
	}
	whose, p := s.Text("row.total"), standing{Figures: f, Progress: s.progressNow()}
	on := s.query.AsOf.Date
	strip := Strip{
		FullYear: s.cell(f.FullYear, figureFullYear, whose, to), Initial: s.cell(f.Initial, figureInitial, whose, to),
		Executed: s.cell(f.Executed, figureExecuted, whose, to), Available: s.cell(f.Available, figureAvailable, whose, to),
		Gap: s.gap(p), Status: s.status(p), Progress: s.progress(p.Progress), ProgressNotes: s.progressNotes(),
	}
	for _, row := range months.Rows {
		if row.Key == fmt.Sprintf("%04d-%02d", s.query.Year, on.Month) && on.Year == s.query.Year {
			strip.Month = row.Key
			strip.ThisMonth = s.cell(row.Figures.Executed, figureExecuted, row.Key, to.with("month", strconv.Itoa(int(on.Month))))
		}
	}
	if change != 0 {
		strip.Change = signedText(s.Printer.Money(change, s.unit))
	}
	if f.Initial > 0 {
		strip.ChangeRate = signedText(s.Percent(money.Ratio{Num: change, Den: f.Initial}))
		strip.RateInitial = s.Percent(f.RateInitial())
	}
	if p.Rated() {
		strip.Rate = s.Percent(f.Rate())
	}
	return strip, nil
}

// signedText puts a plus before a printed number that has no sign.
func signedText(number string) string {
	if strings.HasPrefix(number, "−") {
		return number
	}
	return "+" + number
}

func (s sheet) progressNotes() []string {
	year, on := s.query.Year, s.query.AsOf.Date
	switch {
	case on.Year < year:
		return []string{s.Text("progress.before")}
	case on.Year > year:
		return []string{s.Text("progress.after")}
	}
	return []string{s.Text("progress.month", "month", int(on.Month)), s.Text("progress.left", "count", year.Days()-on.YearDay())}
}

// subtitle says what the figures of a page are: as of when, in which unit.
func (s sheet) subtitle() []string {
	return []string{
		s.Text("print.as_of", "date", s.Date(s.query.AsOf.Date)),
		s.Text("table.unit", "unit", s.Text(moneyName(s.unit))),
		s.Text("overview.open"),
	}
}

func (s sheet) tabs() []Link {
	keep := s.filters.keep(append(scopeParameters(), "by")...)
	var tabs []Link
	for _, by := range cuts() {
		value := string(by)
		if by == projections.ByProject {
			value = ""
		}
		tabs = append(tabs, Link{Label: s.Text("by." + string(by)), Href: keep.with("by", value).at("/"), On: by == s.query.By})
	}
	return tabs
}

func (s sheet) tally(entries []entry) []Tally {
	if s.query.By == projections.ByMonth {
		return nil
	}
	counts := make(map[pace.Status]int)
	for _, e := range entries {
		counts[judged(e.pace)]++
	}
	var tally []Tally
	for _, id := range pace.Statuses() {
		if counts[id] > 0 {
			tally = append(tally, Tally{Status{string(id), s.Text("status." + string(id))}, counts[id]})
		}
	}
	return tally
}

// empty says why a table has no rows: nothing was loaded, the year has no
// lines, or the filters leave none.
func (s sheet) empty() *Empty {
	empty := &Empty{NoData: len(s.years) == 0}
	for _, year := range s.years {
		if year != s.query.Year {
			empty.Years = append(empty.Years, Link{Label: strconv.Itoa(int(year)), Href: address{}.with("year", strconv.Itoa(int(year))).at("/")})
		}
	}
	return empty
}

// footer is what a printed page says of itself.
func (s sheet) footer() string {
	parts := []string{s.Text("overview.title", "year", s.query.Year), s.Text("print.as_of", "date", s.Date(s.query.AsOf.Date))}
	for _, chip := range s.chips(s.visit, address{}, "/") {
		if chip.Parameter != asOfParameter {
			parts = append(parts, chip.Label+" "+chip.Value)
		}
	}
	return strings.Join(append(parts, s.Text("print.through", "sequence", language.Group(strconv.FormatUint(s.at.sequence, 10)))), " · ")
}
