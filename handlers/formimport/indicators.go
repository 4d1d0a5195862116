package formimport

import (
	"regexp"
	"slices"
	"strings"

	"github.com/outturn/outturn/handlers/audit"
)

// indicator reads a row under the labels of the indicators.
func (d *draft) indicator(row []found) {
	fields, rest := d.under(row)
	d.leave(rest)
	d.levels(fields)
	if third, exists := fields[level3]; exists {
		d.level3 = tidy(third.text)
	}
	switch {
	case placeholder.MatchString(d.level3) && d.nothing(fields):
		return
	case slices.Contains([]string{"小计", "分项小计"}, d.level3):
		d.report.unread(fields[level3].place, d.level3, WhySubtotal)
		return
	case len(d.form.Indicators) >= audit.MaxIndicators:
		d.report.unread(row[0].place, d.level3, WhyTooManyForForm)
		return
	}
	d.form.Indicators = append(d.form.Indicators, d.indicatorRow(fields))
}

// placeholder is a row of an empty form: 指标2, ……
var placeholder = regexp.MustCompile(`^(?:指标 ?[0-9]*[:：]?|[.…]+)?$`)

// nothing tells a row without any value.
func (d *draft) nothing(fields map[field]found) bool {
	for _, f := range []field{target, actual, weight, score, note} {
		if c, exists := fields[f]; exists && !c.merged && !dashed(c.text) {
			return false
		}
	}
	return true
}

// levels keeps the first two levels, which a blank or merged cell continues.
func (d *draft) levels(fields map[field]found) {
	if first, exists := fields[level1]; exists && !first.merged && !blank(first.text) {
		d.level1, d.level2 = d.levelOf(first), ""
	}
	if second, exists := fields[level2]; exists && !second.merged && !blank(second.text) {
		d.level2 = d.levelOf(second)
	}
}

// levelOf is the level that a cell names. A long text names none.
func (d *draft) levelOf(c found) string {
	if len(c.text) > longestLabel {
		d.report.unread(c.place, c.text, WhyNotUnderstood)
		return ""
	}
	return levelName(c.text)
}

// levelName is a level without the points that some forms print after it:
// 产出指标(50分).
func levelName(text string) string {
	name := strings.ReplaceAll(tidy(text), " ", "")
	if at := ownWeight.FindStringIndex(halfWidth(name)); at != nil && at[0] > 0 {
		runes := []rune(halfWidth(name)[:at[0]])
		return string([]rune(name)[:len(runes)])
	}
	return name
}

func (d *draft) indicatorRow(fields map[field]found) audit.Indicator {
	index := len(d.form.Indicators)
	row := audit.Indicator{}
	for _, level := range []struct {
		field field
		into  *audit.Text
		text  string
	}{{level1, &row.Level1, d.level1}, {level2, &row.Level2, d.level2}, {level3, &row.Level3, d.level3}} {
		if _, exists := d.has(level.field); !exists {
			continue
		}
		raw := level.text
		if c, exists := fields[level.field]; exists && !c.merged && !blank(c.text) {
			raw = c.text
		}
		d.put(level.into, indicatorPath(index, level.field), fields[level.field].place, raw, level.text)
	}
	for _, slot := range []slot{{weight, &row.Weight}, {score, &row.Score}, {actual, &row.Actual}, {target, &row.Target}} {
		f, into := slot.field, slot.into
		if c, exists := fields[f]; exists && !c.merged {
			d.set(into, indicatorPath(index, f), c.cell, tidy)
		} else if exists {
			into.Stated = true
		}
	}
	if c, exists := fields[note]; exists && !c.merged {
		d.set(&row.Note, indicatorPath(index, note), c.cell, paragraphs)
	}
	d.compose(index, &row, fields)
	return row
}

// comparisons are the signs of 指标性质 that belong before a target. Words such
// as 定性 say how a target is judged, not what it is.
var comparisons = []string{"=", "≥", "≤", ">", "<", ">=", "<="}

// compose puts sign, number and unit together where they have columns of their
// own.
func (d *draft) compose(index int, row *audit.Indicator, fields map[field]found) {
	unit := tidy(fields[measure].text)
	if dashed(unit) {
		unit = ""
	}
	if sign := halfWidth(tidy(fields[nature].text)); slices.Contains(comparisons, sign) && row.Target.Printed != "" {
		text := row.Target.Printed
		if bareNumber.MatchString(text) {
			text += unit
		}
		d.put(&row.Target, indicatorPath(index, target), fields[target].place, sign+" | "+row.Target.Printed+" | "+unit, sign+text)
	} else if unit != "" && bareNumber.MatchString(row.Target.Printed) {
		d.put(&row.Target, indicatorPath(index, target), fields[target].place, row.Target.Printed+" | "+unit, row.Target.Printed+unit)
	}
	if unit != "" && bareNumber.MatchString(row.Actual.Printed) {
		d.put(&row.Actual, indicatorPath(index, actual), fields[actual].place, row.Actual.Printed+" | "+unit, row.Actual.Printed+unit)
	}
}

// total reads the last row: the sum of the weights, the score and the grade.
func (d *draft) total(row []found, flat bool) {
	d.stage = inFoot
	cells := slices.Clone(row)
	first := slices.IndexFunc(cells, func(c found) bool { return !c.merged && !blank(c.text) })
	cells = cells[first+1:]
	if shift := d.width - len(row); flat && shift > 0 {
		for i := range cells { // the label spans what is missing
			cells[i].from, cells[i].to = cells[i].from+shift, cells[i].to+shift
		}
	}
	fields, rest := d.under(cells)
	if _, value, found := strings.Cut(compact(row[first].text), ":"); found && value != "" {
		d.put(&d.form.Total.Score, "total.score", row[first].place, row[first].text, value)
	}
	for _, slot := range []slot{{weight, &d.form.Total.Weight}, {score, &d.form.Total.Score}} {
		f, into := slot.field, slot.into
		if c, exists := fields[f]; exists && !c.merged && into.Printed == "" {
			d.set(into, "total."+string(f), c.cell, tidy)
			delete(fields, f)
		}
	}
	for _, column := range d.columns {
		if c, exists := fields[column.field]; exists {
			rest = append(rest, c)
			delete(fields, column.field)
		}
	}
	slices.SortFunc(rest, func(a, b found) int { return a.from - b.from })
	d.totalRest(rest)
}

// totalRest reads what stands in the last row beside weight and score: the
// grade, or the two themselves where the row has columns of its own.
func (d *draft) totalRest(rest []found) {
	var left, numbers []found
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		text := tidy(c.text)
		switch {
		case c.merged || dashed(text):
		case slices.Contains([]string{"优", "良", "中", "差", "优秀", "良好"}, text):
			d.set(&d.form.Total.Grade, "total.grade", c.cell, tidy)
		case headLabels[c.label] == grade:
		case bareNumber.MatchString(text):
			numbers = append(numbers, c)
		default:
			left = append(left, c)
		}
	}
	if t := &d.form.Total; len(numbers) == 2 && t.Weight.Printed == "" && t.Score.Printed == "" {
		d.set(&t.Weight, "total.weight", numbers[0].cell, tidy)
		d.set(&t.Score, "total.score", numbers[1].cell, tidy)
		numbers = nil
	}
	d.leave(append(left, numbers...))
}
