package main

import (
	"errors"
	"fmt"
	"strings"
)

const (
	year        = 2023
	idPrefix    = "yueyang-2023-"
	bureau      = "YYGX"
	station     = "YYGX-RADIO"
	radioForm   = 15
	wholeYear   = 12 // months over which payments are spread
	firstHalf   = 6  // the same for carried money, which is spent first
	bureauName  = "岳阳市工业和信息化局"
	stationName = "湖南省无线电管理委员会办公室岳阳市无线电监测站"
)

// project is a project, or basic expenditure, with the lines that pay for it.
type project struct {
	id, name, kind, unit, implementingUnit string
	memo                                   string
	lines                                  []line
}

// line is a budget line with its amounts for the year.
type line struct {
	id, name string
	mark     string // the line's part of a document number
	number   int    // 1 to 20; chooses the date of a change
	fund     string
	vintage  int
	classes  classes
	initial  fen // budgeted in January
	carried  fen // came from last year
	fullYear fen
	payments []stream
	memos    memos
}

// stream is money of a line that is paid in equal months.
type stream struct {
	item     string // economic class of the payments, or empty for the line's
	purpose  string
	executed fen
	months   int
}

// memos say for each kind of event on a line what is not from the report.
type memos struct{ opened, carried, initial, change, paid string }

var (
	formMemos = memos{
		opened:  "illustrative: code, function class, economic class and date",
		carried: "illustrative: date and document number; the amount is the report's",
		initial: "illustrative: date, document number and reason; the amount is the report's",
		change:  "illustrative: date, document number and reason; the amount is the difference of the report's initial and full-year budgets",
		paid:    "illustrative: date, document number, payee, purpose and split over the year; the year's totals are the report's",
	}
	unlistedMemos = memos{
		opened: "illustrative: code, fund, function class, economic class and date",
		change: "illustrative: date, document number and reason; the amount is the report's project spending less that of its 15 forms",
		paid:   "illustrative: date, document number, payee, purpose and split over the year; the year's total is the report's project spending less that of its 15 forms",
	}
	basicMemos = memos{
		opened:  "illustrative: code, function class and date",
		initial: "illustrative: date, document number, reason and split by economic class; the sum over the classes is the report's initial budget less that of its 15 forms",
		change:  "illustrative: date, document number, reason and split by economic class; the line's full-year budget is its spending in the report",
		paid:    formMemos.paid,
	}
)

// projects lists what the department spent its money on: the 15 forms, the
// rest of project spending that has no form, and basic expenditure.
func (r report) projects() ([]project, error) {
	department, err := r.Forms[departmentForm].figures("total")
	if err != nil {
		return nil, err
	}
	spending, err := parseWan(r.Forms[departmentForm].Spending.Project)
	if err != nil {
		return nil, err
	}
	var projects []project
	for i, f := range r.Forms[departmentForm+1:] {
		total, err := f.figures("total")
		if err != nil {
			return nil, err
		}
		p, err := f.project(i+1, total)
		if err != nil {
			return nil, err
		}
		projects = append(projects, p)
		department.initial -= total.initial
		spending -= total.executed
	}
	basic, err := r.basic(department.initial)
	if err != nil {
		return nil, err
	}
	return append(projects, unlisted(spending), basic), nil
}

// project turns a project form into a project. Where the form contradicts
// itself its total row wins: carried money has a line of its own with the
// amounts of its row, and the other line has what is left of the total.
func (f form) project(number int, total figures) (project, error) {
	current, currentErr := f.figures("current_appropriation")
	carried, carriedErr := f.figures("carryover")
	other, otherErr := f.figures("other")
	if err := errors.Join(currentErr, carriedErr, otherErr); err != nil {
		return project{}, err
	}
	if current.fullYear != 0 && other.fullYear != 0 {
		return project{}, fmt.Errorf("form %s has money of this year in two rows; the total cannot be divided between them", f.ID)
	}
	p := project{
		id: f.ID, name: f.Project, kind: "project", unit: bureau, implementingUnit: f.ImplementingUnit,
		memo: "illustrative: code and date",
	}
	if number == radioForm {
		p.unit = station
	}
	if carried.fullYear != 0 {
		p.lines = append(p.lines, f.carriedLine(number, carried))
	}
	this := f.currentLine(number, total, carried)
	if other.fullYear != 0 {
		this.id, this.fund = f.ID+"-o", "unit_funds"
	}
	p.lines = append(p.lines, this)
	return p, nil
}

func (f form) carriedLine(number int, carried figures) line {
	return line{
		id: f.ID + "-c", name: f.Project + "（上年结转）", mark: f.mark() + "c", number: number,
		fund: "general_public", vintage: year - 1, classes: formClasses[number-1],
		carried: carried.fullYear, fullYear: carried.fullYear,
		payments: []stream{{purpose: "项目支出（上年结转资金）", executed: carried.executed, months: firstHalf}},
		memos:    formMemos,
	}
}

func (f form) currentLine(number int, total, carried figures) line {
	return line{
		id: f.ID + "-a", name: f.Project, mark: f.mark(), number: number,
		fund: "general_public", vintage: year, classes: formClasses[number-1],
		initial: total.initial, fullYear: total.fullYear - carried.fullYear,
		payments: []stream{{purpose: "项目支出", executed: total.executed - carried.executed, months: wholeYear}},
		memos:    formMemos,
	}
}

// mark is the form's two-digit number.
func (f form) mark() string { return strings.TrimPrefix(f.ID, idPrefix) }

// unlisted is the project spending that no form accounts for. The report has
// no budget of it, so all of it counts as added in the year and as spent.
func unlisted(spending fen) project {
	const id, name = idPrefix + "unlisted", "未单独列表的项目支出"
	return project{
		id: id, name: name, kind: "project", unit: bureau, implementingUnit: bureauName,
		memo: "illustrative: code, name and date; the report spends this on projects without a form",
		lines: []line{{
			id: id + "-a", name: name, mark: "16", number: 16,
			fund: "general_public", vintage: year, classes: unlistedClasses, fullYear: spending,
			payments: []stream{{purpose: "项目支出", executed: spending, months: wholeYear}},
			memos:    unlistedMemos,
		}},
	}
}

// basic is basic expenditure: a line for each economic class, budgeted in the
// year for what was spent, with the initial budget divided in proportion.
func (r report) basic(initial fen) (project, error) {
	cells := []string{
		r.Narrative.Wages.Text, r.Narrative.Goods.Text, r.Narrative.Individuals.Text, r.Narrative.Capital.Text,
		r.Narrative.ThreePublic.Reception, r.Narrative.ThreePublic.Vehicles,
	}
	amounts := make([]fen, len(cells))
	for i, cell := range cells {
		amount, err := parseWan(cell)
		if err != nil {
			return project{}, fmt.Errorf("narrative: %w", err)
		}
		amounts[i] = amount
	}
	spent, reception, vehicles := amounts[:4], amounts[4], amounts[5]
	initials := share(initial, spent)
	lines := []line{
		basicLine(17, classes{administration, "301"}, "工资福利支出", initials[0], spent[0]),
		basicLine(18, classes{administration, "302"}, "商品和服务支出", initials[1], spent[1]),
		basicLine(19, classes{pensions, "303"}, "对个人和家庭的补助", initials[2], spent[2]),
		basicLine(20, classes{administration, "310"}, "资本性支出", initials[3], spent[3]),
	}
	lines[1].payments = []stream{
		{purpose: "商品和服务支出", executed: spent[1] - reception - vehicles, months: wholeYear},
		{item: receptionItem, purpose: "公务接待费", executed: reception, months: wholeYear},
		{item: vehiclesItem, purpose: "公务用车运行维护费", executed: vehicles, months: wholeYear},
	}
	return project{
		id: idPrefix + "basic", name: "基本支出", kind: "basic", unit: bureau, implementingUnit: bureauName,
		memo: "illustrative: code and date", lines: lines,
	}, nil
}

func basicLine(number int, c classes, name string, initial, spent fen) line {
	return line{
		id: idPrefix + "basic-" + c.economic, name: "基本支出：" + name, mark: c.economic, number: number,
		fund: "general_public", vintage: year, classes: c, initial: initial, fullYear: spent,
		payments: []stream{{purpose: name, executed: spent, months: wholeYear}},
		memos:    basicMemos,
	}
}
