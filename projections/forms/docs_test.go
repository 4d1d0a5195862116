package forms_test

import (
	"os"
	"strings"
	"testing"

	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// TestTheWorkedExampleOfTheDocsIsATemplate loads the file that docs/templates.md
// shows, and derives a form with it.
func TestTheWorkedExampleOfTheDocsIsATemplate(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(docs), "```json\n")
	example, _, ended := strings.Cut(after, "```")
	if !found || !ended {
		t.Fatal("docs/templates.md shows no JSON")
	}
	template, err := forms.LoadTemplate([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	form, err := forms.Derive(t.Context(), busy(t).store(), forms.Project("TRAIN", 2023), template, projections.AsOf{})
	if err != nil {
		t.Fatal(err)
	}
	grid := forms.Layout(form, template)
	if err := fills(grid); err != nil {
		t.Error(err)
	}
	const want = `项目名称 | 培训 | 主管部门 | 某局
项目资金（元） ↓4 |  | 预算数 | 执行数 | 执行率 | 得分
资金总额 | 975000.00 | 470000.00 | 48.2% | 9.64
财政拨款 | 895000.00 | 465000.00 | 52.0% | —
其他资金 | 80000.00 | 5000.00 | 6.3% | —
年度目标 ↓2 | 预期目标 | 实际完成情况
/ | /
绩效指标 | 一级指标 | 指标 | 指标值 | 完成值 | 分值 | 得分
总分 | 20 | 9.64
`
	if got := sketch(grid); got != want {
		t.Errorf("the form is\n%s\nwant\n%s", got, want)
	}
}

func TestEveryShippedTemplateAndEveryWordIsInTheDocs(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	docs := string(raw)
	for _, template := range forms.Templates() {
		if !strings.Contains(docs, "| `"+template.ID+"` |") {
			t.Errorf("docs/templates.md does not name the template %s", template.ID)
		}
	}
	for _, words := range [][]string{forms.FundValues(), forms.IndicatorValues(), forms.Sources()} {
		for _, word := range words {
			if !strings.Contains(docs, "`"+word+"`") {
				t.Errorf("docs/templates.md does not name %s", word)
			}
		}
	}
	for _, name := range forms.Placeholders() {
		if !strings.Contains(docs, "`{"+name+"}`") {
			t.Errorf("docs/templates.md does not name the placeholder {%s}", name)
		}
	}
}
