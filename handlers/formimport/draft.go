package formimport

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/outturn/outturn/handlers/audit"
)

// draft is a form that is being read.
type draft struct {
	report *Report
	place  Place
	titled bool
	over   bool // text of the document followed
	form   audit.Form
	stage  stage

	columns                []column // of the table that is open
	width                  int      // cells of its row of labels
	level1, level2, level3 string   // of the last indicator row
	stated                 cell     // with (20分) in a label of the table of money
}

// stage is the part of a form in which the next row stands.
type stage int

const (
	inHead stage = iota
	inFunds
	inSplit // income by its nature and spending by its use
	inGoals
	inIndicators
	inFoot
)

// begun tells that the head is over.
func (d *draft) begun() bool { return d.stage > inHead }

// head takes over what stood above the form.
func (d *draft) head(h heading) {
	if h.kind != "" {
		d.form.Kind = h.kind
	}
	if h.year != 0 {
		d.form.Year = h.year
	}
	d.unit(h.unit)
}

func (d *draft) unit(unit string) {
	if unit != "" && d.form.MoneyUnit.Printed == "" {
		d.form.MoneyUnit = audit.Text{Printed: unit, Stated: true}
	}
}

// row reads a row: labels open a part of the form, other rows are read as the
// open part wants them.
func (d *draft) row(row []found, does role, flat bool) {
	if d.stage <= inFunds || does == roleFunds {
		for _, c := range row {
			if c.label != "" {
				d.unit(unitOf(compact(c.text)))
			}
		}
	}
	switch {
	case does == roleIndicators:
		d.open(inIndicators, row, indicatorColumns)
	case does == roleFunds:
		d.open(inFunds, row, fundColumns)
		d.statedWeight(row)
	case does == roleGoals:
		d.open(inGoals, row, goalColumns)
	case does == roleTotal && d.stage >= inIndicators:
		d.total(row, flat)
	case d.stage == inIndicators && !d.isFoot(row):
		d.indicator(row)
	case d.stage != inIndicators && headLabels[firstLabel(row)] != "":
		d.pairs(row)
	case d.stage == inFunds || d.stage == inSplit:
		d.fundsOrSplit(row)
	case d.stage == inHead && d.splitsBeside(row):
		d.split(row)
	case d.stage == inGoals:
		d.goals(row)
	default:
		d.pairs(row)
	}
}

// isFoot tells a row of the foot under the indicators by the label that it
// begins with, left of where indicators begin.
func (d *draft) isFoot(row []found) bool {
	for _, c := range row {
		if c.merged || blank(c.text) {
			continue
		}
		leftmost := c.from <= d.columns[0].from
		if leftmost && (headLabels[c.label] != "" || len(inlineLabels(tidy(c.text))) > 0) {
			d.stage = inFoot
		}
		break
	}
	return d.stage == inFoot
}

func (d *draft) fundsOrSplit(row []found) {
	if slices.ContainsFunc(row, func(c found) bool { return splitMarks[c.label] }) {
		d.stage = inSplit
		return
	}
	if d.split(row) || d.stage == inFunds && d.fund(row) {
		return
	}
	d.pairs(row)
}

// slot is a field with the place in the form that takes it.
type slot struct {
	field field
	into  *audit.Text
}

// column is where the cells of a field stand.
type column struct {
	field    field
	label    found
	from, to int
}

// open begins a part of the form whose columns a row of labels names. A label
// that names the whole part is a column only if no other cell is. Columns for
// which a declared form has no place are reported.
func (d *draft) open(part stage, row []found, lookup map[string]field) {
	d.stage, d.columns, d.width = part, nil, len(row)
	taken := map[field]bool{}
	for _, sections := range []bool{false, true} {
		for _, c := range row {
			f := lookup[c.label]
			if f == "" || sectionLabels[c.label] != sections || sections && taken[f] {
				continue
			}
			if taken[f] {
				f = noPlace
			}
			if f == noPlace {
				d.report.unread(c.place, c.text, WhyNoPlace)
			}
			taken[f] = true
			d.columns = append(d.columns, column{field: f, label: c, from: c.from, to: c.to})
		}
	}
	slices.SortFunc(d.columns, func(a, b column) int { return a.from - b.from })
}

// mostColumns is how many labels a table may have; no form has half as many.
const mostColumns = 64

// has returns the column of a field.
func (d *draft) has(f field) (column, bool) {
	i := slices.IndexFunc(d.columns, func(c column) bool { return c.field == f })
	if i < 0 {
		return column{}, false
	}
	return d.columns[i], true
}

// fits tells that a row stands under the open columns: it has a cell for most.
func (d *draft) fits(row []found) bool {
	fields, _ := d.under(row)
	return 2*len(fields) > len(d.columns)
}

// tooWide is how many columns a cell must reach over to be a text across the
// table instead of a value.
const tooWide = 3

// under gives each cell to the column under which it stands the most, and
// returns the cells that stand under none.
func (d *draft) under(row []found) (map[field]found, []found) {
	fields := map[field]found{}
	overlaps := map[field]int{}
	var rest []found
	for _, c := range row {
		var best column
		most, over := 0, 0
		for _, column := range d.columns {
			overlap := min(c.to, column.to) - max(c.from, column.from)
			if overlap > 0 {
				over++
			}
			if overlap > most {
				best, most = column, overlap
			}
		}
		before, taken := fields[best.field]
		switch {
		case best.field == noPlace && over < tooWide: // its label is reported, once
		case most == 0 || over >= tooWide:
			rest = append(rest, c)
		case taken && most <= overlaps[best.field]:
			rest = append(rest, c)
		default:
			if taken {
				rest = append(rest, before)
			}
			fields[best.field], overlaps[best.field] = c, most
		}
	}
	return fields, rest
}

// leave reports cells that no field took.
func (d *draft) leave(cells []found) {
	for _, c := range cells {
		if !c.merged && !dashed(c.text) && !sectionLabels[c.label] {
			d.report.unread(c.place, c.text, WhyNotUnderstood)
		}
	}
}

// set puts a cell into a field, cleaned.
func (d *draft) set(field *audit.Text, where string, c cell, clean func(string) string) {
	d.put(field, where, c.place, c.text, clean(c.text))
}

// put puts a text into a field and keeps the raw one where they differ.
func (d *draft) put(field *audit.Text, where string, place Place, raw, text string) {
	*field = audit.Text{Printed: text, Stated: true}
	d.report.taken += len(text)
	if raw != text {
		d.report.raw(Raw{Form: d.form.ID, Where: where, Place: place, Raw: raw, Text: text})
	}
}

// pairs reads labels with their values, in the next cell or after a colon.
func (d *draft) pairs(row []found) {
	for i := 0; i < len(row); i++ {
		c := row[i]
		if c.merged || blank(c.text) || sectionLabels[c.label] && headLabels[c.label] == "" {
			continue
		}
		f := headLabels[c.label]
		switch {
		case f != "" && !d.valued(c):
			value := cell{place: c.place}
			if i+1 < len(row) && headLabels[row[i+1].label] == "" && !d.valued(row[i+1]) {
				i++
				value = row[i].cell
			}
			d.pair(f, c.text, value)
		case !d.inline(c.cell):
			d.leave([]found{c})
		}
	}
}

// valued tells a cell that begins with a label and has its value after a colon.
func (d *draft) valued(c found) bool {
	text := tidy(c.text)
	all := inlineLabels(text)
	return len(all) > 0 && all[0].from == 0 && all[0].value < len(text)
}

// inline reads the labels in a text with their values after colons.
func (d *draft) inline(c cell) bool {
	text := tidy(c.text)
	all := inlineLabels(text)
	for i, l := range all {
		end := len(text)
		if i+1 < len(all) {
			end = all[i+1].from
		}
		value := text[l.value:end]
		if unknown := nextLabel.FindStringIndex(value); unknown != nil {
			if c.place != (Place{}) {
				d.report.unread(c.place, value[unknown[0]:], WhyNotUnderstood)
			}
			value = value[:unknown[0]]
		}
		d.pair(l.field, l.name, cell{place: c.place, text: strings.TrimSpace(value)})
	}
	return len(all) > 0
}

// pair puts a value where its label says.
func (d *draft) pair(f field, name string, value cell) {
	where := map[field]*audit.Text{
		project: &d.form.Project, department: &d.form.Department, unit: &d.form.ImplementingUnit, filledOn: &d.form.FilledOn,
		signature: &d.form.Signature, totalScore: &d.form.Total.Score, grade: &d.form.Total.Grade, wholeGoal: &d.form.Goal.Expected,
	}[f]
	switch {
	case f == contact:
	case where == nil:
		if !dashed(value.text) && value.place != (Place{}) { // notes under a form are the document's own
			d.report.unread(value.place, tidy(name)+": "+value.text, WhyNoPlace)
		}
	case where.Printed != "":
		if !dashed(value.text) && tidy(value.text) != where.Printed {
			d.report.unread(value.place, tidy(name)+": "+value.text, WhySecond)
		}
	case f == wholeGoal:
		d.set(where, string(f), value, paragraphs)
	default:
		d.set(where, string(f), value, tidy)
	}
}

// goals reads a row under the labels of the goals. More rows are more
// paragraphs.
func (d *draft) goals(row []found) {
	fields, rest := d.under(row)
	d.leave(rest)
	for _, slot := range []slot{{expected, &d.form.Goal.Expected}, {achieved, &d.form.Goal.Actual}} {
		f, into := slot.field, slot.into
		c, exists := fields[f]
		if !exists || c.merged {
			continue
		}
		text := paragraphs(c.text)
		if len(into.Printed)+len(text) > MaxCellRunes {
			d.report.unread(c.place, text, WhyTooManyForForm)
			continue
		}
		if into.Printed != "" && text != "" {
			text = into.Printed + "\n" + text
		} else if text == "" {
			text = into.Printed
		}
		where := map[field]string{expected: "goal.expected", achieved: "goal.actual"}[f]
		d.put(into, where, c.place, c.text, text)
	}
}

// settle completes a form that ended.
func (d *draft) settle() {
	if d.form.Kind == "" {
		d.form.Kind = audit.Project
		if d.form.Project.Printed == "" && (d.form.Income != nil || d.form.Spending != nil || d.form.Department.Stated) {
			d.form.Kind = audit.Department
		}
	}
	if m := stated.FindStringSubmatch(compact(d.stated.text)); m != nil && !d.form.Execution.Weight.Stated {
		d.put(&d.form.Execution.Weight, "execution.weight", d.stated.place, d.stated.text, m[1])
	}
	if d.form.MoneyUnit.Printed == "" && len(d.form.Funds) > 0 {
		d.report.unread(d.place, "", WhyUnitNotStated)
	}
	if len(d.form.Funds) == 0 {
		d.report.unread(d.place, "", WhyNoFunds)
	}
	if len(d.form.Indicators) == 0 {
		d.report.unread(d.place, "", WhyNoIndicators)
	}
}

var bareNumber = regexp.MustCompile(`^-?[0-9][0-9,]*(?:\.[0-9]+)?$`)

func indicatorPath(index int, f field) string { return fmt.Sprintf("indicators[%d].%s", index, f) }
