package formimport

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/outturn/outturn/handlers/audit"
)

// recogniser finds forms in the blocks of a document, from top to bottom.
type recogniser struct {
	report  *Report
	base    string
	heading heading
	draft   *draft // the form that is open
	forms   []audit.Form
}

// heading is what stands above a form.
type heading struct {
	titled bool
	kind   string
	year   audit.Year
	unit   string
	lines  []string
}

// found is a cell with its label.
type found struct {
	cell
	label string
}

// longestLabel is how many bytes a label may have. Longer texts are content.
const longestLabel = 200

func labelled(row []cell) []found {
	all := make([]found, len(row))
	for i, c := range row {
		all[i].cell = c
		if len(c.text) <= longestLabel {
			all[i].label = label(c.text)
		}
	}
	return all
}

func (r *recogniser) block(b *block) {
	if b.rows == nil {
		r.paragraph(b.text)
		return
	}
	rows := make([][]found, len(b.rows))
	for i, row := range b.rows {
		rows[i] = labelled(row)
	}
	if b.place.Sheet != "" {
		r.finish()
		r.heading = heading{}
	}
	if !r.belongs(rows) {
		r.finish()
		if text := beginning(rows); text != "" {
			r.report.unread(b.place, text, WhyNotAForm)
		}
		return
	}
	for _, row := range rows {
		r.row(row, b.flat)
	}
}

// beginning is the first text of a table.
func beginning(rows [][]found) string {
	for _, row := range rows {
		for _, c := range row {
			if text := tidy(c.text); text != "" {
				return text
			}
		}
	}
	return ""
}

// belongs tells whether a table is a form or goes on with one.
func (r *recogniser) belongs(rows [][]found) bool {
	open := r.draft != nil && !r.draft.over
	for _, row := range rows {
		switch role := roleOf(row); {
		case role == roleIndicators, role == roleFunds:
			return true
		case role == roleGoals && (open || r.heading.titled):
			return true
		case open && r.draft.stage == inIndicators && r.draft.fits(row):
			return true
		case (open || r.heading.titled) && headLabels[firstLabel(row)] != "":
			return true
		}
	}
	return false
}

// role is what a row of a table is for, told by its labels.
type role int

const (
	roleNone role = iota
	roleFunds
	roleGoals
	roleIndicators
	roleTotal
)

func roleOf(row []found) role {
	has := func(lookup map[string]field, fields ...field) bool {
		return slices.ContainsFunc(row, func(c found) bool { return slices.Contains(fields, lookup[c.label]) })
	}
	switch {
	case has(indicatorColumns, level3) && has(indicatorColumns, target, actual, score):
		return roleIndicators
	case has(fundColumns, executed) && has(fundColumns, rate, score):
		return roleFunds
	case has(goalColumns, expected) && has(goalColumns, achieved):
		return roleGoals
	case totalLabels[firstLabel(row)] != "":
		return roleTotal
	}
	return roleNone
}

// firstLabel is the label of the first cell that holds something of its own.
func firstLabel(row []found) string {
	for _, c := range row {
		if !c.merged && !blank(c.text) {
			return c.label
		}
	}
	return ""
}

// dashed tells a cell that is empty or marked as such.
func dashed(text string) bool {
	return len(text) <= longestLabel && strings.Trim(tidy(text), "-—–－/／\\ ") == "" || blank(text)
}

// paragraph reads a text outside the tables: a title opens the next form, what
// follows it belongs to its head, and what follows a form to its foot.
func (r *recogniser) paragraph(text string) {
	switch {
	case isTitle(text):
		r.title(text)
	case r.subtitle(text):
	case r.draft != nil:
		r.draft.over = !r.draft.inline(cell{text: text}) || r.draft.over
	case r.heading.titled && utf8.RuneCountInString(text) <= longestLabel:
		r.heading.lines = append(r.heading.lines, text)
	}
}

// longestTitle is how many characters a title may have.
const longestTitle = 60

func isTitle(text string) bool {
	text = compact(text)
	return utf8.RuneCountInString(text) <= longestTitle && titleText.MatchString(text)
}

func (r *recogniser) title(text string) {
	r.finish()
	text = parentheses.ReplaceAllString(compact(text), "") + " " + compact(text)
	r.heading = heading{titled: true, kind: audit.Project, year: yearOf(text), unit: unitOf(text)}
	for _, whole := range []string{"部门整体", "单位整体", "整体支出", "整体绩效"} {
		if strings.Contains(text, whole) {
			r.heading.kind = audit.Department
		}
	}
}

// subtitle reads a line under a title: (2023年度), 单位：万元.
func (r *recogniser) subtitle(text string) bool {
	if r.draft != nil && r.draft.stage > inHead || utf8.RuneCountInString(text) > longestTitle {
		return false
	}
	year, unit := yearOf(compact(text)), unitOf(compact(text))
	short := strings.Trim(compact(text), "()[]:. 0123456789年度")
	used := false
	if year != 0 && short == "" && r.heading.titled {
		r.heading.year, used = year, true
	}
	if unit != "" {
		r.heading.unit, used = unit, true
	}
	if used && r.draft != nil {
		r.draft.head(r.heading)
	}
	return used
}

func yearOf(text string) audit.Year {
	m := yearText.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	year, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return audit.Year(year)
}

func unitOf(text string) string {
	if m := moneyUnit.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// row reads a row of a table that belongs to a form.
func (r *recogniser) row(row []found, flat bool) {
	if only := onlyText(row); only != "" && len([]rune(only)) <= longestTitle {
		if isTitle(only) {
			r.title(only)
			return
		}
		if r.subtitle(only) {
			return
		}
		if r.draft == nil && roleOf(row) == roleNone { // still above the form, as in a sheet
			r.paragraph(only)
			return
		}
	}
	does := roleOf(row)
	if r.draft != nil && r.draft.begun() && r.restarts(row, does) {
		r.finish()
	}
	if r.draft == nil {
		r.open(row)
	}
	r.draft.row(row, does, flat)
}

// onlyText is the text of a row in which one cell holds one.
func onlyText(row []found) string {
	text := ""
	for _, c := range row {
		if c.merged || blank(c.text) {
			continue
		}
		if text != "" {
			return ""
		}
		text = c.text
	}
	return text
}

// restarts tells whether a row opens another form: a head after a form has
// begun, or a table of money after one with indicators.
func (r *recogniser) restarts(row []found, does role) bool {
	if does == roleFunds {
		return len(r.draft.form.Indicators) > 0
	}
	first := headLabels[firstLabel(row)]
	return does == roleNone && (first == project || first == department)
}

func (r *recogniser) open(row []found) {
	place := Place{}
	if len(row) > 0 {
		place = row[0].place
	}
	id := fmt.Sprintf("%s-%02d", r.base, len(r.forms)+1)
	r.draft = &draft{report: r.report, place: place, titled: r.heading.titled, form: audit.Form{ID: id}}
	r.draft.head(r.heading)
	for _, line := range r.heading.lines {
		r.draft.inline(cell{text: line})
	}
	r.heading = heading{}
}

// finish takes the open form in, if it is one.
func (r *recogniser) finish() {
	d := r.draft
	r.draft = nil
	if d == nil {
		return
	}
	if len(d.form.Indicators) == 0 && (len(d.form.Funds) == 0 || !d.titled) {
		r.report.unread(d.place, "", WhyNotAForm)
		return
	}
	d.settle()
	r.forms = append(r.forms, d.form)
}

func (r *recogniser) declared() audit.Declared {
	r.finish()
	r.report.Forms = len(r.forms)
	return audit.Declared{Forms: r.forms}
}
