package forms

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
)

// Limits of what a template lays out.
const (
	maxFields  = 3  // beside each other in a row of words
	maxRows    = 40 // of one table
	maxColumns = 16 // of one table
	percent    = 100
	maxSide    = 30 // width of the headings at the side, in percent
)

var (
	idPattern          = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	rowPattern         = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	placeholderPattern = regexp.MustCompile(`\{[^}]*\}?`)
	percentPattern     = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,4})?$`)
)

// checker collects what is wrong with a template.
type checker struct{ problems []TemplateError }

func (c *checker) refuse(path, format string, args ...any) {
	c.problems = append(c.problems, TemplateError{Path: path, Problem: fmt.Sprintf(format, args...)})
}

func (c *checker) text(path, text string) {
	if strings.TrimSpace(text) == "" {
		c.refuse(path, "is empty: write the words that the form prints there")
	}
}

// words checks a text with placeholders.
func (c *checker) words(path, text string, allowed ...string) {
	if len(allowed) == 0 {
		allowed = Placeholders()
	}
	for _, found := range placeholderPattern.FindAllString(text, -1) {
		if !slices.Contains(allowed, strings.Trim(found, "{}")) || !strings.HasSuffix(found, "}") {
			c.refuse(path, "%s is no placeholder; there are {%s}", found, strings.Join(allowed, "}, {"))
		}
	}
}

func oneOfWords[T ~string](c *checker, path string, value T, allowed []T) {
	if slices.Contains(allowed, value) {
		return
	}
	list := make([]string, len(allowed))
	for i, a := range allowed {
		list[i] = string(a)
	}
	c.refuse(path, "%q: write one of %s", string(value), strings.Join(list, ", "))
}

func eachOf[T ~string](c *checker, path string, values, allowed []T) {
	for i, value := range values {
		oneOfWords(c, fmt.Sprintf("%s[%d]", path, i), value, allowed)
	}
}

// check says what is wrong with a template that fits its shape.
func (t *Template) check() []TemplateError {
	c := &checker{}
	if !idPattern.MatchString(t.ID) {
		c.refuse("id", "%q: write 1 to 64 of a-z 0-9 -", t.ID)
	}
	c.text("name.zh", t.Name.Zh)
	c.text("name.en", t.Name.En)
	oneOfWords(c, "kind", t.Kind, []Kind{ProjectForm, DepartmentForm})
	c.text("title", t.Title)
	c.words("title", t.Title)
	oneOfWords(c, "money.unit", t.Money.Unit, []string{Wan, Yuan})
	c.number("money", t.Money.Number)
	c.number("rate", t.Rate)
	c.text("marks.not_applicable", t.Marks.NotApplicable)
	if t.ReasonBelow != "" && (!percentPattern.MatchString(t.ReasonBelow) || rat(t.ReasonBelow).Cmp(big.NewRat(percent, 1)) > 0) {
		c.refuse("reason_below", "%q: write percent from \"0\" to \"100\" with at most four decimals", t.ReasonBelow)
	}
	if t.Side < 1 || t.Side > maxSide {
		c.refuse("side", "%d: write a width from 1 to %d percent", t.Side, maxSide)
	}
	c.fields("head", t.Head)
	c.fields("tail", t.Tail)
	c.funds(t)
	c.cuts(t)
	c.text("goal.label", t.Goal.Label)
	c.text("goal.expected", t.Goal.Expected)
	c.text("goal.actual", t.Goal.Actual)
	c.indicators(t)
	c.points(t)
	for i, note := range t.Foot {
		c.words(fmt.Sprintf("foot[%d]", i), note)
	}
	return c.problems
}

func (c *checker) number(path string, n Number) {
	if n.Digits < 0 || n.Digits > money.MaxDigits {
		c.refuse(path+".digits", "%d: write a whole number from 0 to %d", n.Digits, money.MaxDigits)
	}
	oneOfWords(c, path+".rounding", n.Rounding, money.Roundings())
}

func (c *checker) fields(path string, rows [][]Field) {
	if len(rows) > maxRows {
		c.refuse(path, "%d rows, at most %d are laid out", len(rows), maxRows)
	}
	for i, row := range rows {
		at := fmt.Sprintf("%s[%d]", path, i)
		if len(row) < 1 || len(row) > maxFields {
			c.refuse(at, "%d fields: write 1 to %d", len(row), maxFields)
		}
		for j, field := range row {
			c.words(fmt.Sprintf("%s[%d].text", at, j), field.Text)
		}
	}
}

func (c *checker) funds(t *Template) {
	c.text("funds.label", t.Funds.Label)
	c.words("funds.label", t.Funds.Label)
	if len(t.Funds.Rows) > maxRows {
		c.refuse("funds.rows", "%d rows, at most %d are laid out", len(t.Funds.Rows), maxRows)
	}
	seen := map[string]bool{}
	for i, row := range t.Funds.Rows {
		at := fmt.Sprintf("funds.rows[%d]", i)
		switch {
		case !rowPattern.MatchString(row.Row):
			c.refuse(at+".row", "%q: write a key such as total, current_appropriation, carryover or other", row.Row)
		case seen[row.Row]:
			c.refuse(at+".row", "%q is there already; give each row its own key", row.Row)
		case row.Row == totalRow && !row.all():
			c.refuse(at, "the row total has all the money: leave sources, funds, kinds, named and unnamed out")
		}
		seen[row.Row] = true
		c.text(at+".label", row.Label)
		c.lines(at, row.Lines)
	}
	if !seen[totalRow] {
		c.refuse("funds.rows", `has no row "total"; the rate rests on it`)
	}
	c.columns("funds.columns", t.Funds.Columns, FundValues(), percent-t.Side-t.Funds.Width)
	if t.Funds.Width < 1 {
		c.refuse("funds.width", "%d: write the width of the rows' labels in percent", t.Funds.Width)
	}
}

func (c *checker) lines(path string, l Lines) {
	eachOf(c, path+".sources", l.Sources, Sources())
	eachOf(c, path+".funds", l.Funds, events.Funds())
	eachOf(c, path+".kinds", l.Kinds, events.ProjectKinds())
	for i, word := range slices.Concat(l.Named, l.Unnamed) {
		if strings.TrimSpace(word) == "" {
			c.refuse(path, "word %d of named and unnamed is empty, and every name contains it", i+1)
		}
	}
}

// columns checks a table's columns, which share a width.
func (c *checker) columns(path string, columns []Column, allowed []string, width int) {
	if len(columns) < 1 || len(columns) > maxColumns {
		c.refuse(path, "%d columns: write 1 to %d", len(columns), maxColumns)
	}
	seen, sum := map[string]bool{}, 0
	for i, column := range columns {
		at := fmt.Sprintf("%s[%d]", path, i)
		oneOfWords(c, at+".value", column.Value, allowed)
		if seen[column.Value] {
			c.refuse(at+".value", "%q has a column already", column.Value)
		}
		seen[column.Value] = true
		c.text(at+".label", column.Label)
		if column.Width < 1 {
			c.refuse(at+".width", "%d: write a width in percent of the form", column.Width)
		}
		sum += column.Width
		if column.Sum == "" {
			continue
		}
		if column.Value != Level1 && column.Value != Level2 {
			c.refuse(at+".sum", "only level1 and level2 have a sum of weights")
		}
		c.words(at+".sum", column.Sum, Weight)
	}
	if sum != width && len(columns) > 0 {
		c.refuse(path, "the widths add up to %d, but %d of %d percent are left for these columns", sum, width, percent)
	}
}

func (c *checker) cuts(t *Template) {
	for _, cut := range []struct {
		path   string
		cut    *Cut
		values []string
	}{{"income", t.Income, incomeValues}, {"spending", t.Spending, spendingValues}} {
		if cut.cut == nil {
			continue
		}
		if t.Kind != DepartmentForm {
			c.refuse(cut.path, "only a department's form has it: leave it out or write kind %q", DepartmentForm)
		}
		c.text(cut.path+".label", cut.cut.Label)
		oneOfWords(c, cut.path+".figure", cut.cut.Figure, []string{Initial, FullYear, Executed})
		seen := map[string]bool{}
		for i, row := range cut.cut.Rows {
			at := fmt.Sprintf("%s.rows[%d]", cut.path, i)
			oneOfWords(c, at+".value", row.Value, cut.values)
			if seen[row.Value] {
				c.refuse(at+".value", "%q has a row already", row.Value)
			}
			seen[row.Value] = true
			c.text(at+".label", row.Label)
			c.lines(at, row.Lines)
		}
	}
	if (t.Income == nil) != (t.Spending == nil) {
		c.refuse("income", "income and spending stand beside each other: write both or none")
	}
}

func (c *checker) indicators(t *Template) {
	width := percent
	if t.Indicators.Label != "" {
		width -= t.Side
	}
	c.columns("indicators.columns", t.Indicators.Columns, IndicatorValues(), width)
	if first := t.Indicators.Columns; len(first) > 0 && !slices.Contains([]string{Level1, Level2, Level3}, first[0].Value) {
		c.refuse("indicators.columns[0].value", "%q: the first column is level1, level2 or level3", first[0].Value)
	}
	for _, value := range []string{Level3, Target, Actual} {
		if !t.hasIndicatorColumn(value) {
			c.refuse("indicators.columns", "has no column %q, which every form has", value)
		}
	}
}

// points checks that a form with points shows them, and that one without does
// not speak of them.
func (c *checker) points(t *Template) {
	if t.Scoring == nil {
		for _, value := range []string{Weight, Score, Coefficient} {
			if t.hasFundColumn(value) || t.hasIndicatorColumn(value) {
				c.refuse("scoring", "is missing, but a column shows %q: write the rules of scoring or leave the column out", value)
			}
		}
		if t.Total != nil {
			c.refuse("total", "a form without scoring has no total of points: leave it out")
		}
		return
	}
	c.rules(t.Scoring.Validate())
	if !t.hasIndicatorColumn(Score) {
		c.refuse("indicators.columns", `has no column "score", but there are rules of scoring`)
	}
	if t.Total == nil {
		c.refuse("total", "is missing: a form with scoring has a total of points")
		return
	}
	c.text("total.label", t.Total.Label)
}

// rules gives what is wrong with rules its place in the template.
func (c *checker) rules(err error) {
	var wrong performance.RuleError
	switch joined, ok := err.(interface{ Unwrap() []error }); {
	case ok:
		for _, one := range joined.Unwrap() {
			c.rules(one)
		}
	case errors.As(err, &wrong):
		c.refuse("scoring."+wrong.Field, "%s", wrong.Problem)
	case err != nil:
		c.refuse("scoring", "%v", err)
	}
}

// points is how points are printed.
func (t *Template) points() Number {
	if t.Scoring == nil {
		return Number{Rounding: money.HalfUp}
	}
	return Number{t.Scoring.Digits, t.Scoring.Rounding, t.TrimPoints}
}

func (t *Template) hasFundColumn(value string) bool      { return has(t.Funds.Columns, value) }
func (t *Template) hasIndicatorColumn(value string) bool { return has(t.Indicators.Columns, value) }

func has(columns []Column, value string) bool {
	return slices.ContainsFunc(columns, func(c Column) bool { return c.Value == value })
}

// rat reads a decimal that a pattern has let through.
func rat(decimal string) *big.Rat {
	value, ok := new(big.Rat).SetString(decimal)
	if !ok {
		return new(big.Rat)
	}
	return value
}
