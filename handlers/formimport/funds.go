package formimport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/outturn/outturn/handlers/audit"
)

// statedWeight keeps the points that the labels of the table of money state:
// 预算执行情况(20分), 得分(20分*执行率).
func (d *draft) statedWeight(row []found) {
	for _, c := range row {
		if c.label != "" && stated.MatchString(compact(c.text)) {
			d.stated = c.cell
		}
	}
	if _, exists := d.has(fullYear); exists {
		return
	}
	for _, c := range row {
		if c.label == "年度预算数" {
			d.columns = append(d.columns, column{field: fullYear, label: c, from: c.from, to: c.to})
		}
	}
}

// fund reads a row of the table of money: a label on the left, values under the
// columns. It tells whether the row is one.
func (d *draft) fund(row []found) bool {
	first := d.firstMoney()
	var values, left []found
	for _, c := range row {
		switch {
		case c.to > first:
			values = append(values, c)
		case !c.merged && !blank(c.text) && !sectionLabels[c.label]:
			left = append(left, c)
		}
	}
	fields, rest := d.under(values)
	name := found{}
	if len(left) > 0 {
		name = left[len(left)-1]
		d.leave(left[:len(left)-1])
	}
	if len(values) == 0 || len(fields) == 0 || name.label == "" && !holdsMoney(fields) {
		return false
	}
	d.leave(rest)
	if len(d.form.Funds) >= audit.MaxFundRows {
		d.report.unread(row[0].place, name.text, WhyTooManyForForm)
		return true
	}
	d.fundRow(name, fields)
	return true
}

func (d *draft) firstMoney() int {
	first := MaxColumns
	for _, c := range d.columns {
		if c.field == initial || c.field == fullYear || c.field == executed {
			first = min(first, c.from)
		}
	}
	return first
}

func holdsMoney(fields map[field]found) bool {
	for _, f := range []field{initial, fullYear, executed} {
		if c, exists := fields[f]; exists && !c.merged && !dashed(c.text) {
			return true
		}
	}
	return false
}

func (d *draft) fundRow(name found, fields map[field]found) {
	row := audit.FundRow{Row: d.fundKey(name)}
	path := "funds."
	if row.Row != totalRow {
		path += row.Row + "."
	}
	if name.text != "" {
		d.set(&row.Label, path+"label", name.cell, tidy)
	}
	for _, slot := range []slot{{initial, &row.Initial}, {fullYear, &row.FullYear}, {executed, &row.Executed}} {
		f, into := slot.field, slot.into
		if c, exists := fields[f]; exists && !c.merged {
			d.set(into, path+string(f), c.cell, tidy)
		}
	}
	d.form.Funds = append(d.form.Funds, row)
	d.execution(row.Row, fields)
}

const totalRow = "total"

// fundKey is the key of a row: one that is known, or row_3. A row without a
// label is the total if it is the first.
func (d *draft) fundKey(name found) string {
	key := fmt.Sprintf("row_%d", len(d.form.Funds)+1)
	if name.label == "" && len(d.form.Funds) == 0 {
		key = totalRow
	}
	for _, known := range fundRows {
		if strings.Contains(name.label, known.holds) {
			key = known.key
			break
		}
	}
	taken := map[string]bool{}
	for _, row := range d.form.Funds {
		taken[row.Row] = true
	}
	for unique, n := key, 2; ; n++ {
		if !taken[unique] {
			return unique
		}
		unique = fmt.Sprintf("%s_%d", key, n)
	}
}

// execution takes weight, rate and score from the row of the total. Other rows
// have them only where a form prints a rate for each.
func (d *draft) execution(key string, fields map[field]found) {
	e := &d.form.Execution
	for _, slot := range []slot{{weight, &e.Weight}, {rate, &e.Rate}, {score, &e.Score}} {
		f, into := slot.field, slot.into
		c, exists := fields[f]
		switch {
		case !exists || c.merged:
		case key == totalRow || into.Printed == "" && !dashed(c.text) && f != rate:
			text := tidy(c.text)
			if column, _ := d.has(f); f == rate && bareNumber.MatchString(text) && strings.Contains(compact(column.label.text), "(%)") {
				text += "%"
			}
			d.put(into, "execution."+string(f), c.place, c.text, text)
		case !dashed(c.text):
			d.report.unread(c.place, c.text, WhyNoPlace)
		}
	}
	if c, exists := fields[note]; exists && !c.merged && !dashed(c.text) {
		d.report.unread(c.place, c.text, WhyNoPlace)
	}
}

// split reads income by its nature and spending by its use, as 基本支出：2197.55
// in one cell or as a label with its value beside it. It tells whether the row
// holds any.
func (d *draft) split(row []found) bool {
	if !slices.ContainsFunc(row, d.splitsInline) && !d.splitsBeside(row) {
		return false
	}
	for i := 0; i < len(row); i++ {
		c := row[i]
		if c.merged || blank(c.text) || sectionLabels[c.label] {
			continue
		}
		if f := splitLabels[c.label]; f != "" && !d.splitsInline(c) && i+1 < len(row) && splitLabels[row[i+1].label] == "" {
			i++
			d.splitValue(f, row[i].cell, tidy(row[i].text))
			continue
		}
		d.splitLines(c)
	}
	return true
}

// splitsBeside tells a row of labels with values beside them: any label after
// the headings of the split, spending of both uses before.
func (d *draft) splitsBeside(row []found) bool {
	has := map[field]bool{}
	for _, c := range row {
		has[splitLabels[c.label]] = true
	}
	delete(has, "")
	return d.stage == inSplit && len(has) > 0 || has[basicSpending] && has[projectSpending]
}

// splitsInline tells a cell with a label and its value. After the headings of
// the split the value may be blank; before, 其他资金： is a row of the table of
// money.
func (d *draft) splitsInline(c found) bool {
	for _, line := range lines(c.text) {
		if _, value, ok := splitLine(line); ok && (value != "" || d.stage == inSplit) {
			return true
		}
	}
	return false
}

// splitLine reads 其中：基本支出：2197.55.
func splitLine(line string) (field, string, bool) {
	at := strings.LastIndex(halfWidth(line), ":")
	if at < 0 {
		return "", "", false
	}
	name, value := halfWidth(line)[:at], strings.TrimSpace(halfWidth(line)[at+1:])
	f := splitLabels[label(name)]
	return f, value, f != ""
}

func (d *draft) splitLines(c found) {
	for _, line := range lines(c.text) {
		f, value, ok := splitLine(line)
		if !ok {
			d.leave([]found{{cell: cell{place: c.place, text: line}}})
			continue
		}
		d.splitValue(f, c.cell, value)
	}
}

func (d *draft) splitValue(f field, c cell, value string) {
	d.stage = inSplit
	form := &d.form
	if form.Income == nil {
		form.Income = &audit.Income{}
	}
	if form.Spending == nil {
		form.Spending = &audit.Spending{}
	}
	into, where := map[field]*audit.Text{
		generalBudget: &form.Income.GeneralPublicBudget, governmentFund: &form.Income.GovernmentFund,
		specialAccount: &form.Income.SpecialAccountNontax, otherIncome: &form.Income.Other,
		basicSpending: &form.Spending.Basic, projectSpending: &form.Spending.Project,
	}[f], "income."+string(f)
	switch f {
	case basicSpending:
		where = "spending.basic"
	case projectSpending:
		where = "spending.project"
	}
	d.put(into, where, c.place, c.text, value)
}
