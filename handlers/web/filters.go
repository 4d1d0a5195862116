package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
)

// Codes and reasons that the pages share with the API.
const (
	codeQueryInvalid   events.Code   = "query_invalid"
	parameterInvalid   events.Reason = "parameter_invalid"
	parameterUnknown   events.Reason = "parameter_unknown"
	maxShownValue                    = 60 // characters of a wrong value that are shown again
	maxFilterProblems                = 5
	parameterSeparator               = ", "
)

// filters reads what an address asks for and remembers everything in it that
// is wrong.
type filters struct {
	values   url.Values
	printer  language.Printer
	read     []string
	problems []*events.Refusal
}

func readFilters(values url.Values, printer language.Printer) *filters {
	return &filters{values: values, printer: printer, read: []string{language.Parameter, themeParameter}}
}

func (f *filters) get(name string) string {
	f.read = append(f.read, name)
	return f.values.Get(name)
}

// refuse remembers that a parameter is not what it should be. want is one of
// the phrases that package language knows.
func (f *filters) refuse(name, want string) {
	value := []rune(f.values.Get(name))
	if len(value) > maxShownValue {
		value = append(value[:maxShownValue], '…')
	}
	f.problems = append(f.problems, events.Refuse(codeQueryInvalid, parameterInvalid, "", "parameter", f.label(name), "value", string(value), "want", want))
}

// label is what the page calls a parameter, with the name in the address.
func (f *filters) label(name string) string {
	id := "filter." + name
	if label := f.printer.Text(id); label != id {
		return fmt.Sprintf("%s (%s)", label, name)
	}
	return name
}

// end returns what was wrong, together with parameters that nobody read: a slip
// of the pen must not widen what is shown.
func (f *filters) end() error {
	for name := range f.values {
		if !slices.Contains(f.read, name) {
			known := slices.Compact(slices.Sorted(slices.Values(f.read)))
			f.problems = append(f.problems, events.Refuse(codeQueryInvalid, parameterUnknown, "",
				"parameter", name, "known", strings.Join(known, parameterSeparator)))
		}
	}
	if len(f.problems) == 0 {
		return nil
	}
	return badFilters(f.problems[:min(len(f.problems), maxFilterProblems)])
}

func oneOf[T ~string](f *filters, name string, standard T, allowed ...T) T {
	value := T(f.get(name))
	if value == "" {
		return standard
	}
	if slices.Contains(allowed, value) {
		return value
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	f.refuse(name, "one of "+strings.Join(words, ", "))
	return standard
}

// number reads a whole number within bounds; 0 if it is absent.
func (f *filters) number(name string, low, high uint64) uint64 {
	text := f.get(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n < low || n > high {
		f.refuse(name, fmt.Sprintf("a whole number from %d to %d", low, high))
		return 0
	}
	return n
}

// amount reads an amount in yuan as people write it; 0 if it is absent.
func (f *filters) amount(name string) money.Amount {
	text := f.get(name)
	if text == "" {
		return 0
	}
	amount, err := money.Parse(plainAmount(text))
	if err != nil || amount < 0 {
		f.refuse(name, "an amount in yuan, such as 411400.00")
		return 0
	}
	return amount
}

// date reads a business date; zero if it is absent.
func (f *filters) date(name string) fiscal.Date {
	text := f.get(name)
	if text == "" {
		return fiscal.Date{}
	}
	date, err := fiscal.ParseDate(text)
	if err != nil {
		f.refuse(name, err.Error())
	}
	return date
}

// year reads a fiscal year; standard if it is absent.
func (f *filters) year(name string, standard fiscal.Year) fiscal.Year {
	text := f.get(name)
	if text == "" {
		return standard
	}
	year, err := fiscal.ParseYear(text)
	if err != nil {
		f.refuse(name, err.Error())
		return standard
	}
	return year
}

// money reads the unit that amounts are shown in.
func (f *filters) money() money.Amount {
	if oneOf(f, "money", moneyWan, moneyWan, moneyYuan) == moneyYuan {
		return money.Yuan
	}
	return money.Wan
}

// The units that amounts are shown in.
const (
	moneyYuan = "yuan"
	moneyWan  = "wan"
)

// scope is the part of the books that a page is about, with the names that
// people know it by.
type scope struct {
	query    projections.Query
	units    []budget.Unit
	projects []budget.Project
	years    []fiscal.Year
	lineName string
}

// asOfParameter is the date up to which figures count.
const asOfParameter = "as_of"

// cutParameter keeps what one row of a table stands for: "source:carryover".
const cutParameter = "cut"

func cutOf(by projections.By, key string) string { return string(by) + ":" + key }

// cut reads a row of a table.
func (f *filters) cut() projections.Cut {
	text := f.get(cutParameter)
	if text == "" {
		return projections.Cut{}
	}
	by, key, _ := strings.Cut(text, ":")
	cut := projections.Cut{By: projections.By(by), Key: key}
	if !slices.Contains(cuts(), cut.By) || cut.By == projections.ByMonth || !isCode(key) {
		f.refuse(cutParameter, "a row of a table, such as source:carryover")
	}
	return cut
}

// isCode says whether a key may be one: what else it holds, no row has.
func isCode(key string) bool {
	return key != "" && len(key) <= events.MaxCode && !strings.ContainsFunc(key, unicode.IsControl)
}

// scopeParameters narrow figures; they go along from page to page.
func scopeParameters() []string {
	return []string{"year", asOfParameter, "unit", "project", "line", "fund", "kind", cutParameter, "money"}
}

// choices binds the visit to one position and reads the years and units that
// there are to choose from.
func (s *server) choices(v *visit) (years []fiscal.Year, units []budget.Unit, err error) {
	if err = s.standAt(v); err != nil {
		return nil, nil, err
	}
	if years, err = s.Reader.Years(v.Context()); err != nil {
		return nil, nil, err
	}
	units, err = s.Reader.Units(v.Context())
	reach := s.reach(v)
	return years, slices.DeleteFunc(slices.Clone(units), func(u budget.Unit) bool { return !reach.Reads(u.ID) }), err
}

// scope reads the parameters that narrow figures and looks up what they name.
func (s *server) scope(v *visit) (scope, error) {
	var sc scope
	var err error
	if sc.years, sc.units, err = s.choices(v); err != nil {
		return sc, err
	}
	today := fiscal.Today(s.Now())
	newest := today.Year
	if len(sc.years) > 0 {
		newest = sc.years[0]
	}
	f := v.filters
	sc.query = projections.Query{
		Year: f.year("year", newest), Unit: events.UnitID(f.get("unit")),
		Project: events.ProjectID(f.get("project")), Line: events.LineID(f.get("line")),
		Fund: oneOf(f, "fund", "", events.Funds()...), Kind: oneOf(f, "kind", "", events.ProjectKinds()...),
		Cut: f.cut(), Within: s.reach(v).Within(),
		AsOf: projections.AsOf{Date: f.date(asOfParameter), Through: v.at.sequence},
	}
	if sc.query.AsOf.Date.IsZero() {
		sc.query.AsOf.Date = earlier(today, sc.query.Year.Last())
	}
	if sc.projects, err = s.Reader.Projects(v.Context(), sc.query.Year); err != nil {
		return sc, err
	}
	return sc, s.lookUp(v, &sc)
}

// lookUp checks that what the scope names exists.
func (s *server) lookUp(v *visit, sc *scope) error {
	q := sc.query
	if _, ok := sc.unit(q.Unit); !ok && q.Unit != "" {
		v.filters.refuse("unit", "the code of a registered unit")
	}
	if _, ok := sc.project(q.Project); !ok && q.Project != "" {
		v.filters.refuse("project", "the code of a project of that year")
	}
	if q.Line == "" {
		return nil
	}
	view, err := s.Reader.Line(v.Context(), q.Line, q.AsOf)
	if err != nil {
		return err
	}
	sc.lineName = nameOf(view)
	return s.mayRead(v, view.Line.Unit, "line", string(q.Line))
}

func earlier(a, b fiscal.Date) fiscal.Date {
	if a.Compare(b) < 0 {
		return a
	}
	return b
}

func (sc scope) unit(id events.UnitID) (budget.Unit, bool) {
	i := slices.IndexFunc(sc.units, func(u budget.Unit) bool { return u.ID == id })
	if i < 0 {
		return budget.Unit{}, false
	}
	return sc.units[i], true
}

func (sc scope) hasUnitsBelow(id events.UnitID) bool {
	return slices.ContainsFunc(sc.units, func(u budget.Unit) bool { return u.Parent == id })
}

func (sc scope) project(id events.ProjectID) (budget.Project, bool) {
	i := slices.IndexFunc(sc.projects, func(p budget.Project) bool { return p.Key.ID == id })
	if i < 0 {
		return budget.Project{}, false
	}
	return sc.projects[i], true
}

// tops are the units that none of the others stands above.
func tops(units []budget.Unit) []budget.Unit {
	known := make(map[events.UnitID]bool, len(units))
	for _, unit := range units {
		known[unit.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(units), func(u budget.Unit) bool { return known[u.Parent] })
}

// owner is whose figures they are: the unit asked for, or the top of the tree
// if there is one top; else empty.
func (sc scope) owner() string {
	if unit, ok := sc.unit(sc.query.Unit); ok {
		return string(unit.Name)
	}
	if top := tops(sc.units); len(top) == 1 {
		return string(top[0].Name)
	}
	return ""
}

// nameOfCut is what people call the row that the scope is cut to.
func (sc scope) nameOfCut(v *visit) string {
	cut := sc.query.Cut
	switch cut.By {
	case projections.ByFund:
		return v.Fund(events.Fund(cut.Key))
	case projections.BySource:
		return v.Source(cut.Key)
	case projections.ByUnit:
		unit, _ := sc.unit(events.UnitID(cut.Key))
		return cmp.Or(string(unit.Name), cut.Key)
	case projections.ByProject:
		project, _ := sc.project(events.ProjectID(cut.Key))
		return cmp.Or(string(project.Name), cut.Key)
	}
	return cut.Key
}

// address builds links from what this page was asked for.
type address struct{ values url.Values }

// keep is an address with only the parameters named, of those given.
func (f *filters) keep(names ...string) address {
	kept := url.Values{}
	for _, name := range names {
		if value := f.values.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	return address{kept}
}

// with sets parameters, given as name, value, name, value; an empty value
// leaves the parameter out.
func (a address) with(pairs ...string) address {
	values := url.Values{}
	for name := range a.values {
		values.Set(name, a.values.Get(name))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			values.Del(pairs[i])
			continue
		}
		values.Set(pairs[i], pairs[i+1])
	}
	return address{values}
}

// at is the link to a path with these parameters.
func (a address) at(path string) string {
	if len(a.values) == 0 {
		return path
	}
	return path + "?" + a.values.Encode()
}

// pinned is the scope's address with year and date written out, so that a link
// means the same next year.
func (f *filters) pinned(q projections.Query) address {
	return f.keep(scopeParameters()...).with("year", strconv.Itoa(int(q.Year)), asOfParameter, q.AsOf.Date.String())
}

// withoutEmpty is the address without the empty parameters that a form sends,
// if there are any.
func withoutEmpty(u *url.URL) (clean string, found bool) {
	values := u.Query()
	for name := range values {
		if values.Get(name) == "" {
			values.Del(name)
			found = true
		}
	}
	return address{values}.at(pathOf(u)), found
}

// Chip is a filter that is on, and how to take it off.
type Chip struct{ Parameter, Label, Value, Off, OffLabel string }

func (v *visit) chip(parameter, value string, keep address, path string) Chip {
	label := v.Text("filter." + parameter)
	return Chip{parameter, label, value, keep.with(parameter, "").at(path), v.Text("filter.remove", "filter", label, "value", value)}
}

// chips are the filters of the scope that are on.
func (sc scope) chips(v *visit, keep address, path string) []Chip {
	var chips []Chip
	add := func(parameter, value string) { chips = append(chips, v.chip(parameter, value, keep, path)) }
	q := sc.query
	if v.filters.values.Get(asOfParameter) != "" {
		add(asOfParameter, v.Date(q.AsOf.Date))
	}
	if unit, ok := sc.unit(q.Unit); ok {
		add("unit", string(unit.Name))
	}
	if project, ok := sc.project(q.Project); ok {
		add("project", string(project.Name))
	}
	if q.Line != "" {
		add("line", sc.lineName)
	}
	if q.Fund != "" {
		add("fund", v.Fund(q.Fund))
	}
	if q.Kind != "" {
		add("kind", v.Kind(q.Kind))
	}
	if q.Cut.By != "" {
		add(cutParameter, v.Text("by."+string(q.Cut.By))+" "+sc.nameOfCut(v))
	}
	return chips
}

// Choice is an option of a filter.
type Choice struct {
	Value, Label string
	On           bool
}

// Form is the filter form; Kept are parameters that it sends along.
type Form struct {
	Years, Units, Funds, Kinds, Moneys []Choice
	AsOf                               string
	MonthEnds                          []string // of the year, to choose from
	Kept                               []Choice
}

func (sc scope) form(v *visit, unit money.Amount, kept ...string) Form {
	q := sc.query
	form := Form{AsOf: q.AsOf.Date.String()}
	for month := time.January; month <= time.December; month++ {
		form.MonthEnds = append(form.MonthEnds, fiscal.Date{Year: q.Year, Month: month, Day: 1}.MonthEnd().String())
	}
	for _, year := range sc.yearChoices() {
		form.Years = append(form.Years, Choice{strconv.Itoa(int(year)), strconv.Itoa(int(year)), year == q.Year})
	}
	form.Units = append([]Choice{{"", v.Text("filter.all"), q.Unit == ""}}, sc.unitChoices()...)
	form.Funds = []Choice{{"", v.Text("filter.all"), q.Fund == ""}}
	for _, fund := range events.Funds() {
		form.Funds = append(form.Funds, Choice{string(fund), v.Fund(fund), fund == q.Fund})
	}
	form.Kinds = []Choice{{"", v.Text("filter.all"), q.Kind == ""}}
	for _, kind := range events.ProjectKinds() {
		form.Kinds = append(form.Kinds, Choice{string(kind), v.Kind(kind), kind == q.Kind})
	}
	form.Moneys = []Choice{{moneyWan, v.Text("money.wan"), unit == money.Wan}, {moneyYuan, v.Text("money.yuan"), unit == money.Yuan}}
	for _, name := range kept {
		if value := v.filters.values.Get(name); value != "" {
			form.Kept = append(form.Kept, Choice{Value: value, Label: name})
		}
	}
	return form
}

// yearChoices are the years with lines and the year that is shown.
func (sc scope) yearChoices() []fiscal.Year {
	years := slices.Clone(sc.years)
	if !slices.Contains(years, sc.query.Year) {
		years = append(years, sc.query.Year)
	}
	slices.Sort(years)
	slices.Reverse(years)
	return years
}

// unitChoices are the units as a tree: each below its parent, a step in.
func (sc scope) unitChoices() []Choice {
	var choices []Choice
	var under func(parent events.UnitID, indent string)
	under = func(parent events.UnitID, indent string) {
		for _, unit := range sc.units {
			if unit.Parent == parent && unit.ID != parent {
				choices = append(choices, Choice{string(unit.ID), indent + string(unit.Name), unit.ID == sc.query.Unit})
				under(unit.ID, indent+"　")
			}
		}
	}
	under("", "")
	return choices
}
