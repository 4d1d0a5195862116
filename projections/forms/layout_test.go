package forms_test

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// fills says what is wrong with a grid: its cells must cover the rectangle, each
// place once.
func fills(g forms.Grid) error {
	width := 0
	for i, w := range g.Widths {
		if w < 1 {
			return fmt.Errorf("column %d has the width %d", i, w)
		}
		width += w
	}
	if width != 100 {
		return fmt.Errorf("the columns are %d percent wide", width)
	}
	covered := make([]int, len(g.Widths)) // by column: rows that a cell above still spans
	for r, row := range g.Rows {
		at := 0
		for _, cell := range row {
			for at < len(covered) && covered[at] > 0 {
				at++
			}
			if cell.Cols < 1 || cell.Rows < 1 || at+cell.Cols > len(covered) || r+cell.Rows > len(g.Rows) {
				return fmt.Errorf("row %d: %q spans %d×%d at column %d", r, cell.Text, cell.Cols, cell.Rows, at)
			}
			for range cell.Cols {
				if covered[at] > 0 {
					return fmt.Errorf("row %d: %q lies over a cell from above at column %d", r, cell.Text, at)
				}
				covered[at] = cell.Rows
				at++
			}
		}
		for column := range covered {
			if covered[column] == 0 {
				return fmt.Errorf("row %d has nothing at column %d", r, column)
			}
			covered[column]--
		}
	}
	return nil
}

// randomForm makes a form with any number of indicators in any levels.
func randomForm(t *rapid.T, template *forms.Template) forms.Form {
	form := forms.Form{Cells: map[string]forms.Cell{}}
	form.Year, form.MoneyUnit, form.Kind = 2023, template.Money.Unit, string(template.Kind)
	form.Execution = &forms.Execution{}
	n := rapid.IntRange(0, 12).Draw(t, "indicators")
	for i := range n {
		level := func(name string) string {
			return rapid.SampledFrom([]string{"产出指标", "效益指标", ""}).Draw(t, name)
		}
		form.Indicators = append(form.Indicators, forms.IndicatorRow{Level1: level("level1"), Level2: level("level2"), Level3: "指标"})
		for _, value := range []string{"weight", "score"} {
			number(t, form, fmt.Sprintf("indicators.%d.%s", i, value))
		}
	}
	for _, name := range []string{"execution.rate", "execution.score", "total.score", "funds.total.initial", "rate_initial"} {
		if rapid.Bool().Draw(t, name) {
			number(t, form, name)
		}
	}
	return form
}

func number(t *rapid.T, form forms.Form, name string) {
	points := rapid.IntRange(0, 100).Draw(t, "points")
	form.Cells[name] = forms.Cell{Printed: fmt.Sprint(points), Exact: big.NewRat(int64(points), 1), Rounding: money.HalfUp}
}

func TestEveryLayoutFillsItsRectangle(t *testing.T) {
	t.Parallel()
	for _, template := range forms.Templates() {
		rapid.Check(t, func(t *rapid.T) {
			form := randomForm(t, template)
			grid := forms.Layout(form, template)
			if err := fills(grid); err != nil {
				t.Fatalf("%s: %v", template.ID, err)
			}
			for _, row := range grid.Rows {
				for _, cell := range row {
					if cell.Role == forms.RoleNumber && cell.Number != "" && cell.Name == "" {
						t.Fatalf("%s: the number %q has no name", template.ID, cell.Text)
					}
				}
			}
		})
	}
}

// randomTemplate makes a template of any widths out of a shipped one.
func randomTemplate(t *rapid.T) *forms.Template {
	template := *rapid.SampledFrom(forms.Templates()).Draw(t, "template")
	template.Side = rapid.IntRange(1, 30).Draw(t, "side")
	widths := func(columns []forms.Column, left int) []forms.Column {
		n := rapid.IntRange(1, min(len(columns), left)).Draw(t, "columns")
		changed := append([]forms.Column{}, columns[:n]...)
		for i := range changed {
			others := n - i - 1
			changed[i].Width = left - others
			if others > 0 {
				changed[i].Width = rapid.IntRange(1, left-others).Draw(t, "width")
			}
			left -= changed[i].Width
		}
		return changed
	}
	template.Funds.Width = rapid.IntRange(1, 60).Draw(t, "rows")
	template.Funds.Columns = widths(template.Funds.Columns, 100-template.Side-template.Funds.Width)
	left := 100 - template.Side
	if template.Indicators.Label = rapid.SampledFrom([]string{"", "绩效指标"}).Draw(t, "label"); template.Indicators.Label == "" {
		left = 100
	}
	template.Indicators.Columns = widths(template.Indicators.Columns, left)
	if template.Total != nil && !slices.ContainsFunc(template.Indicators.Columns, func(c forms.Column) bool { return c.Value == forms.Score }) {
		template.Total = nil
	}
	field := forms.Field{Label: "项目", Text: "{project}"}
	template.Head = append([][]forms.Field{{field, field, field}, {{Text: "x"}, field}, {{Text: "y"}}}, template.Head...)
	return &template
}

func TestAnyWidthsFillTheRectangle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		template := randomTemplate(t)
		if err := fills(forms.Layout(randomForm(t, template), template)); err != nil {
			t.Fatalf("%s: %v", template.ID, err)
		}
	})
}

func TestANumberIsOneAndHasAName(t *testing.T) {
	t.Parallel()
	store := measured(t).store()
	decimal := regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	numbers := 0
	for _, template := range forms.Templates() {
		subject := forms.Project("TRAIN", 2023)
		if template.Kind == forms.DepartmentForm {
			subject = forms.Unit("DEPT", 2023)
		}
		form := derive(t, store, subject, template.ID, projections.AsOf{})
		for _, row := range forms.Layout(form, template).Rows {
			for _, cell := range row {
				if cell.Number == "" {
					continue
				}
				numbers++
				if !decimal.MatchString(cell.Number) || form.Cells[cell.Name].Exact == nil || cell.Percent != strings.HasSuffix(cell.Text, "%") {
					t.Errorf("%s: %+v is no number with a cell", template.ID, cell)
				}
			}
		}
	}
	if numbers < 100 {
		t.Errorf("only %d numbers in all forms", numbers)
	}
}

// sketch writes a grid as text, one row a line: merged places are empty.
func sketch(g forms.Grid) string {
	var out strings.Builder
	for _, row := range g.Rows {
		for i, cell := range row {
			if i > 0 {
				out.WriteString(" | ")
			}
			out.WriteString(strings.ReplaceAll(cell.Text, "\n", " "))
			if cell.Rows > 1 {
				fmt.Fprintf(&out, " ↓%d", cell.Rows)
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

// TestTheTrainingFormIsLaidOutAsTheReport compares the whole table.
func TestTheTrainingFormIsLaidOutAsTheReport(t *testing.T) {
	t.Parallel()
	form := derive(t, newLedger(t).example("yueyang-2023").store(), forms.Project("yueyang-2023-04", year2023), "central-project", projections.AsOf{})
	form.Goal = forms.Goal{}
	delete(form.Cells, "goal.expected")
	delete(form.Cells, "goal.actual")
	grid := forms.Layout(form, shipped(t, "central-project"))
	const want = `项目支出名称 | 岳阳市九大重点产业链高质量发展赋能培训班
主管部门 | 岳阳市工业和信息化局 | 实施单位 | 岳阳市工业和信息化局
项目资金（万元） ↓5 |  | 年初预算数 | 全年预算数 | 全年执行数 | 分值 | 执行率 | 得分
年度资金总额 | 0 | 80 | 41.14 | 10 | 51.43% | 5.14
其中：当年财政拨款 | 0 | 80 | 41.14 | — | — | —
上年结转资金 | 0 | 0 | 0 | — | — | —
其他资金 | 0 | 0 | 0 | — | — | —
年度总体目标 ↓2 | 预期目标 | 实际完成情况
 | 
绩效指标 ↓10 | 一级指标 | 二级指标 | 三级指标 | 年度指标值 | 实际完成值 | 分值 | 得分 | 偏差原因分析及改进措施
产出指标 （50分） ↓4 | 数量指标 | 培训人次 | 2100 | 2160 | 20 | 20 | 
质量指标 | 培训合格率 | ≥95% | 100% | 10 | 10 | 
时效指标 | 培训期间 | 2023年全年 | 2024年4月 | 10 | 8 | 应企业家要求，经组织部领导同意，结业推迟至2024年4月
成本指标 | 预算控制范围内 | 80万元 | 41.14万元 | 10 | 7.5 | 应企业家要求，经组织部领导同意，结业推迟至2024年4月，导致后二期费用结算在2024年。
效益指标 （30分） ↓4 | 经济效益指标 | 企业运营成本降低 | 10% | 10% | 8 | 8 | 
社会效益指标 | 提升企业智能化管理 | 进一步提升管理能力 | 明显提升 | 8 | 8 | 
生态效益指标 | 提升企业向节能型企业转化 | 进一步转化 | 明显转化 | 7 | 7 | 
可持续影响指标 | 持续提升企业管理人员能力 | 进一步提升 | 明显提升 | 7 | 7 | 
满意度指标 （10分） | 服务对象满意度指标 | 企业管理人员满意度 | 95% | 98% | 10 | 10 | 
总分 | 100 | 90.64 | 
`
	if got := sketch(grid); got != want {
		t.Errorf("the form is\n%s\nwant\n%s", got, want)
	}
	if grid.Title != "2023年度项目支出绩效自评表" || len(grid.Notes) != 2 {
		t.Errorf("title %q and notes %q", grid.Title, grid.Notes)
	}
	if cell := grid.Rows[3][5]; cell.Name != "execution.rate" || cell.Number != "51.43" || !cell.Percent {
		t.Errorf("the rate is %+v; want the number 51.43 in percent", cell)
	}
}

// TestEveryFormOf2023IsComplete lays out each form of the year by each template
// of its kind.
func TestEveryFormOf2023IsComplete(t *testing.T) {
	t.Parallel()
	store := newLedger(t).example("yueyang-2023").store()
	for _, template := range forms.Templates() {
		set := forms.Set{Project: template}
		if template.Kind == forms.DepartmentForm {
			set = forms.Set{Department: template}
		}
		all, err := forms.DeriveAll(t.Context(), store, department, year2023, set, projections.AsOf{})
		if err != nil || len(all) == 0 {
			t.Fatalf("%s: %d forms, %v", template.ID, len(all), err)
		}
		for _, form := range all {
			if err := fills(forms.Layout(form, template)); err != nil {
				t.Errorf("%s by %s: %v", form.ID, template.ID, err)
			}
			for name, cell := range form.Cells {
				if cell.Exact != nil && (cell.Printed == "" || cell.Rounding == "" || cell.Fraction == "") {
					t.Errorf("%s by %s: %s is %+v", form.ID, template.ID, name, cell)
				}
			}
		}
	}
}
