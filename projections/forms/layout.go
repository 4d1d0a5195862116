package forms

import (
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// Layout lays a form out as its template says.
func Layout(f Form, t *Template) Grid {
	s := &sheet{form: f, template: t}
	s.fields(t.Head)
	s.funds()
	s.cuts()
	s.goal()
	s.indicators()
	s.total()
	s.fields(t.Tail)
	grid := s.grid()
	grid.Title = s.fill(t.Title)
	for _, note := range t.Foot {
		grid.Notes = append(grid.Notes, s.fill(note))
	}
	return grid
}

// sheet places cells between edges in percent of the form's width. The columns
// of the grid are what lies between the edges of all rows.
type sheet struct {
	form     Form
	template *Template
	rows     [][]slot
}

// slot is a cell from one edge to another, so many rows high.
type slot struct {
	from, to, rows int
	cell           GridCell
}

func (s *sheet) row(slots ...slot) { s.rows = append(s.rows, slots) }

func (s *sheet) grid() Grid {
	edges := map[int]bool{0: true, percent: true}
	for _, row := range s.rows {
		for _, slot := range row {
			edges[slot.from], edges[slot.to] = true, true
		}
	}
	sorted := slices.Sorted(maps.Keys(edges))
	column := map[int]int{}
	grid := Grid{Rows: make([][]GridCell, len(s.rows))}
	for i, edge := range sorted {
		column[edge] = i
		if i > 0 {
			grid.Widths = append(grid.Widths, edge-sorted[i-1])
		}
	}
	for i, row := range s.rows {
		grid.Rows[i] = make([]GridCell, 0, len(row))
		for _, slot := range row {
			cell := slot.cell
			cell.Cols, cell.Rows = column[slot.to]-column[slot.from], max(slot.rows, 1)
			grid.Rows[i] = append(grid.Rows[i], cell)
		}
	}
	return grid
}

func label(text string) GridCell { return GridCell{Text: text, Role: RoleLabel} }

// words is a cell of text, or the mark of a blank one.
func (s *sheet) words(text string) GridCell {
	if text == "" {
		text = s.template.Marks.Blank
	}
	return GridCell{Text: text, Role: RoleText}
}

// named shows a cell of the form, or mark if it has none of that name.
func (s *sheet) named(name, mark string, role Role) GridCell {
	cell, ok := s.form.Cells[name]
	if !ok {
		return GridCell{Text: mark, Role: role}
	}
	shown := GridCell{Text: cell.Printed, Name: name, Role: role}
	if number, percent := strings.CutSuffix(cell.Printed, "%"); cell.Exact != nil && numberPattern.MatchString(number) {
		shown.Number, shown.Percent = number, percent
	}
	return shown
}

// numberPattern is a number as [Number] prints it; "4次" is none.
var numberPattern = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// fill replaces the placeholders of a text.
func (s *sheet) fill(text string) string {
	f := s.form
	code := ""
	if f.Project != nil {
		code = f.Subject.ID
	}
	execution := Execution{}
	if f.Execution != nil {
		execution = *f.Execution
	}
	return strings.NewReplacer(
		"{year}", fmt.Sprint(f.Year), "{project}", value(f.Project), "{project_code}", code,
		"{department}", f.Department, "{implementing_unit}", value(f.ImplementingUnit), "{money_unit}", f.MoneyUnit,
		"{rate}", value(execution.Rate), "{rate_initial}", value(f.RateInitial), "{score}", value(f.Total.Score),
		"{grade}", value(f.Total.Grade), "{filled_on}", value(f.FilledOn),
	).Replace(text)
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// fields lays out rows of words.
func (s *sheet) fields(rows [][]Field) {
	for _, row := range rows {
		var slots []slot
		from := 0
		for i, field := range row {
			to := percent
			if left := len(row) - i; left > 1 {
				to = s.between(from, percent, from+(percent-from)/left)
			}
			if field.Label != "" {
				heading := from + (to-from)/3
				if from == 0 {
					heading = s.template.Side
				}
				middle := s.between(from, to, heading)
				slots = append(slots, slot{from, middle, 1, label(field.Label)})
				from = middle
			}
			slots = append(slots, slot{from, to, 1, s.words(s.fill(field.Text))})
			from = to
		}
		s.row(slots...)
	}
}

// maxSnap is how far an edge moves to that of a table, in percent.
const maxSnap = 10

// between is an edge from one edge to another, near a place: that of a table if
// there is one close by, so that the form has few columns.
func (s *sheet) between(from, to, place int) int {
	if edge := s.near(place); edge > from && edge < to && distance(edge, place) <= maxSnap {
		return edge
	}
	if place > from && place < to {
		return place
	}
	return (from + to) / 2
}

func distance(a, b int) int { return max(a, b) - min(a, b) }

// edges are those of the table of money, from left to right.
func (s *sheet) edges() []int {
	funds := s.template.Funds
	edges := []int{0, s.template.Side, s.template.Side + funds.Width}
	for _, column := range funds.Columns {
		edges = append(edges, edges[len(edges)-1]+column.Width)
	}
	return edges
}

// near is the edge of the two tables that is nearest to a place.
func (s *sheet) near(place int) int {
	edges := s.edges()
	at := s.left()
	for _, column := range s.template.Indicators.Columns {
		at += column.Width
		edges = append(edges, at)
	}
	return slices.MinFunc(edges, func(a, b int) int { return distance(a, place) - distance(b, place) })
}

// funds lays out the table of money.
func (s *sheet) funds() {
	t := s.template
	side := slot{0, t.Side, 1 + len(t.Funds.Rows), label(s.fill(t.Funds.Label))}
	if t.Income != nil {
		side.rows += 1 + s.cutRows()
	}
	edges := s.edges()
	heading := []slot{side, {edges[1], edges[2], 1, label(t.Funds.Corner)}}
	for i, column := range t.Funds.Columns {
		heading = append(heading, slot{edges[i+2], edges[i+3], 1, label(column.Label)})
	}
	s.row(heading...)
	for _, row := range t.Funds.Rows {
		slots := []slot{{edges[1], edges[2], 1, label(row.Label)}}
		for i, column := range t.Funds.Columns {
			slots = append(slots, slot{edges[i+2], edges[i+3], 1, s.fund(row, column.Value)})
		}
		s.row(slots...)
	}
}

// fund is a cell of the table of money.
func (s *sheet) fund(row Row, column string) GridCell {
	marks := s.template.Marks
	switch {
	case column == Reason && row.Row == totalRow:
		if s.form.Execution == nil {
			return s.words("")
		}
		return s.words(value(s.form.Execution.Reason))
	case row.Row == totalRow && (column == Rate || column == Weight || column == Score):
		return s.named("execution."+column, marks.NotApplicable, RoleNumber)
	case row.Row == totalRow && column == RateInitial:
		return s.named("rate_initial", marks.NotApplicable, RoleNumber)
	}
	return s.named("funds."+row.Row+"."+column, marks.NotScored, RoleNumber)
}

// cutRows is the height of a department's two cuts beside each other.
func (s *sheet) cutRows() int {
	return max(len(s.template.Income.Rows), len(s.template.Spending.Rows))
}

// cuts lays out a department's money by nature and by use, in words.
func (s *sheet) cuts() {
	t := s.template
	if t.Income == nil {
		return
	}
	middle := s.between(t.Side, percent, (t.Side+percent)/2)
	s.row(slot{t.Side, middle, 1, label(t.Income.Label)}, slot{middle, percent, 1, label(t.Spending.Label)})
	for i := range s.cutRows() {
		s.row(slot{t.Side, middle, 1, s.cut("income", t.Income.Rows, i)}, slot{middle, percent, 1, s.cut("spending", t.Spending.Rows, i)})
	}
}

func (s *sheet) cut(name string, rows []CutRow, i int) GridCell {
	if i >= len(rows) {
		return GridCell{Role: RoleText}
	}
	cell := s.named(name+"."+rows[i].Value, "", RoleText)
	return GridCell{Text: rows[i].Label + cell.Text, Name: cell.Name, Role: RoleText}
}

// goal lays out the year's goal.
func (s *sheet) goal() {
	t := s.template
	middle := s.between(t.Side, percent, (t.Side+percent)/2)
	s.row(slot{0, t.Side, 2, label(t.Goal.Label)}, slot{t.Side, middle, 1, label(t.Goal.Expected)}, slot{middle, percent, 1, label(t.Goal.Actual)})
	s.row(slot{t.Side, middle, 1, s.named("goal.expected", t.Marks.Blank, RoleText)},
		slot{middle, percent, 1, s.named("goal.actual", t.Marks.Blank, RoleText)})
}

// left is where the table of indicators begins.
func (s *sheet) left() int {
	if s.template.Indicators.Label == "" {
		return 0
	}
	return s.template.Side
}

// indicators lays out the table of indicators, equal levels merged downwards.
func (s *sheet) indicators() {
	t := s.template
	var heading []slot
	if t.Indicators.Label != "" {
		heading = append(heading, slot{0, t.Side, 1 + len(s.form.Indicators), label(t.Indicators.Label)})
	}
	at := s.left()
	for _, column := range t.Indicators.Columns {
		heading = append(heading, slot{at, at + column.Width, 1, label(column.Label)})
		at += column.Width
	}
	s.row(heading...)
	for i := range s.form.Indicators {
		var slots []slot
		at := s.left()
		for _, column := range t.Indicators.Columns {
			if rows := s.height(column.Value, i); rows > 0 {
				slots = append(slots, slot{at, at + column.Width, rows, s.indicator(column, i, rows)})
			}
			at += column.Width
		}
		s.row(slots...)
	}
}

// height is how many rows the cell of an indicator spans, 0 if the one above
// spans it. Levels span the rows below that have the same, and the levels to the
// left of them the same as well.
func (s *sheet) height(column string, i int) int {
	rows := s.form.Indicators
	same := func(a, b IndicatorRow) bool {
		return a.Level1 == b.Level1 && (column == Level1 || a.Level2 == b.Level2)
	}
	if column != Level1 && column != Level2 {
		return 1
	}
	if i > 0 && same(rows[i-1], rows[i]) {
		return 0
	}
	n := 1
	for i+n < len(rows) && same(rows[i+n], rows[i]) {
		n++
	}
	return n
}

// indicator is a cell of the table of indicators.
func (s *sheet) indicator(column Column, i, rows int) GridCell {
	row, marks := s.form.Indicators[i], s.template.Marks
	name := fmt.Sprintf("indicators.%d.%s", i, column.Value)
	switch column.Value {
	case Level1, Level2:
		text := row.Level1
		if column.Value == Level2 {
			text = row.Level2
		}
		return label(text + s.sum(column, i, rows))
	case Level3:
		return s.words(row.Level3)
	case Operator:
		return s.words(value(row.Operator))
	case AdjustedTarget:
		return s.words(value(row.AdjustedTarget))
	case MeasuringUnit:
		return s.words(value(row.MeasuringUnit))
	case Core:
		if row.Core {
			return s.words("是")
		}
		return s.words("否")
	case Weight, Score, Coefficient:
		return s.named(name, marks.Blank, RoleNumber)
	}
	return s.named(name, marks.Blank, RoleText)
}

// sum is the text below a level's name with the sum of its weights.
func (s *sheet) sum(column Column, i, rows int) string {
	if column.Sum == "" {
		return ""
	}
	sum := new(big.Rat)
	for n := i; n < i+rows; n++ {
		if cell := s.form.Cells[fmt.Sprintf("indicators.%d.weight", n)]; cell.Exact != nil {
			sum.Add(sum, cell.Exact)
		}
	}
	return "\n" + strings.ReplaceAll(column.Sum, "{weight}", s.template.points().print(sum))
}

// total lays out the last row: its heading before the first column of points,
// and the points below theirs.
func (s *sheet) total() {
	t := s.template
	if t.Total == nil {
		return
	}
	columns := t.Indicators.Columns
	first := slices.IndexFunc(columns, func(c Column) bool { return c.Value == Weight || c.Value == Score })
	at := s.left()
	for _, column := range columns[:first] {
		at += column.Width
	}
	slots := []slot{{0, at, 1, label(t.Total.Label)}}
	for _, column := range columns[first:] {
		cell := GridCell{Role: RoleText}
		switch column.Value {
		case Weight, Score:
			cell = s.named("total."+column.Value, t.Marks.Blank, RoleTotal)
		case Note:
			cell = s.named("total.grade", "", RoleText)
		}
		slots = append(slots, slot{at, at + column.Width, 1, cell})
		at += column.Width
	}
	s.row(slots...)
}
