package audit

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/outturn/outturn/events/money"
)

// column is one of the three columns of money.
type column string

const (
	initial  column = "initial"
	fullYear column = "full_year"
	executed column = "executed"
)

func columns() []column { return []column{initial, fullYear, executed} }

// The rows of the central form.
const (
	rowTotal     = "total"
	rowCurrent   = "current_appropriation"
	rowCarryover = "carryover"
	rowOther     = "other"
)

// figure is a cell that should hold a number, in the form's own unit.
type figure struct {
	where  string
	raw    string
	value  *big.Rat // nil if the cell holds no number
	digits int
	blank  bool // the cell is empty or marked as such
}

func (f figure) printed() bool { return f.value != nil }

func (f figure) positive() bool { return f.printed() && f.value.Sign() > 0 }

// orZero is the value, or zero for a blank cell.
func (f figure) orZero() *big.Rat {
	if f.value == nil {
		return new(big.Rat)
	}
	return f.value
}

// fundRow is a row of money with its cells read.
type fundRow struct {
	key, label string
	cells      map[column]figure
}

// item is an indicator row with its cells read.
type item struct {
	Indicator
	where          string
	label          string // its own name, tidied
	target, actual Cell
	weight, score  figure
	inapplicable   bool     // the row was not assessed
	measure        *measure // nil if target and actual value do not compare
}

// cell is the place of one of the row's cells.
func (i *item) cell(name string) string { return i.where + "." + name }

// notApplicable says that the row was not assessed.
func (i *item) notApplicable() bool { return i.inapplicable }

// name is the indicator's own name.
func (i *item) name() string { return i.label }

// onCost says that the row is a cost indicator.
func (i *item) onCost() bool { return strings.Contains(i.Level1.Printed+i.Level2.Printed, "成本") }

// page is a form with its cells read.
type page struct {
	*Form
	total       *fundRow // nil if there is none
	parts       []fundRow
	income      []figure // in the order of the form; nil if there is none
	spending    []figure // basic, project
	weight      figure   // of the execution rate
	score       figure
	rate        Cell
	items       []*item
	totalWeight figure
	totalScore  figure
	wholePoints bool // the form shows that it rounds scores to whole points
}

func open(form *Form) *page {
	p := &page{Form: form, rate: Read(form.Execution.Rate.Printed)}
	for i := range form.Funds {
		row := p.fundRow(&form.Funds[i])
		if row.key == rowTotal && p.total == nil {
			p.total = &row
			continue
		}
		p.parts = append(p.parts, row)
	}
	if in := form.Income; in != nil {
		p.income = []figure{
			p.money("income.general_public_budget", in.GeneralPublicBudget), p.money("income.government_fund", in.GovernmentFund),
			p.money("income.special_account_nontax", in.SpecialAccountNontax), p.money("income.other", in.Other),
		}
	}
	if out := form.Spending; out != nil {
		p.spending = []figure{p.money("spending.basic", out.Basic), p.money("spending.project", out.Project)}
	}
	p.weight = weightOf("execution.weight", form.Execution.Weight)
	p.score = scoreOf("execution.score", form.Execution.Score, p.weight)
	p.totalWeight = weightOf("total.weight", form.Total.Weight)
	p.totalScore = scoreOf("total.score", form.Total.Score, p.totalWeight)
	for i, indicator := range form.Indicators {
		where := fmt.Sprintf("indicators[%d]", i)
		p.items = append(p.items, readItem(where, indicator))
	}
	p.wholePoints = p.roundsToPoints()
	return p
}

func readItem(where string, indicator Indicator) *item {
	row := &item{Indicator: indicator, where: where, label: tidy(indicator.Level3.Printed), target: Read(indicator.Target.Printed), actual: Read(indicator.Actual.Printed)}
	row.weight = weightOf(row.cell("weight"), indicator.Weight)
	row.score = scoreOf(row.cell("score"), indicator.Score, row.weight)
	row.inapplicable = row.target.Nature == NotApplicable || row.actual.Nature == NotApplicable || isNotApplicable(row.label)
	if m, compares := measureOf(row); compares {
		row.measure = &m
	}
	return row
}

func (p *page) fundRow(row *FundRow) fundRow {
	prefix := "funds."
	if row.Row != rowTotal {
		prefix += row.Row + "."
	}
	return fundRow{key: row.Row, label: tidy(row.Label.Printed), cells: map[column]figure{
		initial:  p.money(prefix+string(initial), row.Initial),
		fullYear: p.money(prefix+string(fullYear), row.FullYear),
		executed: p.money(prefix+string(executed), row.Executed),
	}}
}

// money reads a cell of money into the form's unit.
func (p *page) money(where string, cell Text) figure {
	read := Read(cell.Printed)
	f := figure{where: where, raw: cell.Printed, blank: read.Nature == Blank || read.Nature == NotApplicable}
	if read.Nature != Number || read.About || read.Bound != Exactly || read.Digits > money.MaxDigits {
		return f
	}
	f.value, f.digits = p.ownUnit(read)
	return f
}

// ownUnit gives a cell's amount in the form's unit of money; nil if it is none.
func (p *page) ownUnit(c Cell) (*big.Rat, int) {
	own := p.MoneyUnit.Printed
	switch {
	case c.Unit == "" || c.Unit == own:
		return c.Value, c.Digits
	case perUnit[c.Unit] == nil || perUnit[own] == nil:
		return nil, 0
	}
	value, _ := c.inUnit(own)
	return value, money.MaxDigits
}

// sum returns the total of a column; it is not printed if there is none.
func (p *page) sum(c column) figure {
	if p.total == nil {
		return figure{where: "funds." + string(c), blank: true}
	}
	return p.total.cells[c]
}

// part returns the cell of a part; it is not printed if there is none.
func (p *page) part(key string, c column) figure {
	for _, row := range p.parts {
		if row.key == key {
			return row.cells[c]
		}
	}
	return figure{where: "funds." + key + "." + string(c), blank: true}
}

// unspent is full-year budget less executed.
func (p *page) unspent() (*big.Rat, bool) {
	budget, spent := p.sum(fullYear), p.sum(executed)
	if !budget.printed() || !spent.printed() {
		return nil, false
	}
	return new(big.Rat).Sub(budget.value, spent.value), true
}

// base is what the execution rate divides by: the full-year budget, or the
// initial one where the form has no other.
func (p *page) base() figure {
	if budget := p.sum(fullYear); budget.printed() || !budget.blank {
		return budget
	}
	return p.sum(initial)
}

// exactRate is executed / budget; false if a cell is missing or the budget is
// not above zero.
func (p *page) exactRate() (*big.Rat, bool) {
	budget, spent := p.base(), p.sum(executed)
	if !budget.positive() || !spent.printed() || spent.value.Sign() < 0 {
		return nil, false
	}
	return new(big.Rat).Quo(spent.value, budget.value), true
}

// moneyDigits is the finest precision of the form's money, at least 2.
func (p *page) moneyDigits() int {
	digits := p.tailDigits()
	return max(digits, 2)
}

// tailDigits is the finest precision of the form's money as printed.
func (p *page) tailDigits() int {
	digits := 0
	note := func(f figure) {
		if f.printed() {
			digits = max(digits, f.digits)
		}
	}
	for _, c := range columns() {
		note(p.sum(c))
		for _, row := range p.parts {
			note(row.cells[c])
		}
	}
	for _, f := range p.income {
		note(f)
	}
	for _, f := range p.spending {
		note(f)
	}
	return digits
}

// tail is one step of the last digit that the form's money is printed with,
// zero where money is printed to the fen or in whole units.
func (p *page) tail() *big.Rat {
	digits, toTheFen := p.tailDigits(), 2
	if p.MoneyUnit.Printed == wan {
		toTheFen = 6
	}
	if digits == 0 || digits >= toTheFen {
		return new(big.Rat)
	}
	return step(digits)
}

// amount prints a sum of money of this form.
func (p *page) amount(value *big.Rat) string {
	return money.Print(value, min(p.moneyDigits(), money.MaxDigits), money.HalfUp)
}

// yuan gives an amount of this form in yuan, so that forms with other units can
// be added.
func (p *page) yuan(value *big.Rat) *big.Rat {
	if factor := perUnit[p.MoneyUnit.Printed]; factor != nil {
		return new(big.Rat).Mul(value, factor)
	}
	return value
}

// fromYuan is the opposite of yuan.
func (p *page) fromYuan(value *big.Rat) *big.Rat {
	if factor := perUnit[p.MoneyUnit.Printed]; factor != nil {
		return new(big.Rat).Quo(value, factor)
	}
	return value
}

// weightOf reads a weight: points, or percent of the whole.
func weightOf(where string, cell Text) figure {
	read := Read(cell.Printed)
	f := figure{where: where, raw: cell.Printed, blank: read.Nature == Blank || read.Nature == NotApplicable}
	if read.Nature == Number && !read.About && read.Bound == Exactly && (read.Unit == "" || read.Unit == points || read.Unit == percent) {
		f.value, f.digits = read.Value, read.Digits
	}
	return f
}

// scoreOf reads a score: points, or percent of its weight.
func scoreOf(where string, cell Text, weight figure) figure {
	f := weightOf(where, cell)
	if f.printed() && f.digits > money.MaxDigits {
		f.value = nil
	}
	if !f.printed() || !strings.HasSuffix(tidy(cell.Printed), percent) {
		return f
	}
	if !weight.printed() {
		f.value = nil
		return f
	}
	f.value = new(big.Rat).Quo(new(big.Rat).Mul(weight.value, f.value), hundred)
	f.digits = money.MaxDigits
	return f
}

// book is a document with its forms read.
type book struct {
	pages     []*page
	narrative Narrative
	subjects  map[string][]string
	source    Source
	practices []practice
}

// practice is how one template differs from the central rule.
type practice struct {
	Template string `json:"template"` // how the template's name begins
	Bands    []int  `json:"bands"`    // where 达成 and 部分达成 begin, in percent
}

//go:embed practices.json
var practicesJSON []byte

// readPractices reads the practices, which are compiled in and tested.
func readPractices() []practice {
	var all []practice
	if err := json.Unmarshal(practicesJSON, &all); err != nil {
		panic("audit: practices.json: " + err.Error())
	}
	return all
}

// family is a department's form with the project forms that belong to it.
type family struct {
	department *page
	projects   []*page
}

// families groups the forms of a department and year. A department that has
// more than one form of its own is left aside.
func (b *book) families() []family {
	type key struct {
		department string
		year       Year
	}
	of := func(p *page) key { return key{tidy(p.Department.Printed), p.Year} }
	heads := make(map[key][]*page)
	projects := make(map[key][]*page)
	for _, p := range b.pages {
		switch {
		case p.Department.Printed == "":
		case p.Kind == Department:
			heads[of(p)] = append(heads[of(p)], p)
		default:
			projects[of(p)] = append(projects[of(p)], p)
		}
	}
	var all []family
	for _, p := range b.pages {
		if p.Kind == Department && len(heads[of(p)]) == 1 && len(projects[of(p)]) > 0 {
			all = append(all, family{department: p, projects: projects[of(p)]})
		}
	}
	return all
}
