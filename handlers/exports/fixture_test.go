package exports_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// declared reads a form of the 2023 report.
func declared(tb testing.TB, id string) forms.Declared {
	tb.Helper()
	raw, err := os.ReadFile("../../examples/yueyang-2023/declared-forms.json")
	if err != nil {
		tb.Fatal(err)
	}
	var report struct{ Forms []forms.Declared }
	if err := json.Unmarshal(raw, &report); err != nil {
		tb.Fatal(err)
	}
	for _, form := range report.Forms {
		if form.ID == id {
			return form
		}
	}
	tb.Fatalf("the report has no form %s", id)
	return forms.Declared{}
}

func label(text string, cols, rows int) forms.GridCell {
	return forms.GridCell{Text: text, Cols: cols, Rows: rows, Role: forms.RoleLabel}
}

func words(text string, cols int) forms.GridCell {
	return forms.GridCell{Text: text, Cols: cols, Rows: 1, Role: forms.RoleText}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// number is a cell with a printed number, a rate or a blank mark.
func number(name string, printed *string) forms.GridCell {
	cell := forms.GridCell{Text: text(printed), Name: name, Cols: 1, Rows: 1, Role: forms.RoleNumber}
	cell.Number, cell.Percent = strings.CutSuffix(cell.Text, "%")
	return cell
}

// named is a cell with words that an event states.
func named(name string, printed *string) forms.GridCell {
	cell := words(text(printed), 1)
	cell.Name = name
	return cell
}

// training is form 04 of the report as its template lays it out, with the cells
// that are computed.
func training(tb testing.TB) exports.Sheet {
	tb.Helper()
	form := declared(tb, "yueyang-2023-04")
	dash := "—"
	grid := forms.Grid{
		Title:  "2023年度项目支出绩效自评表",
		Notes:  []string{"备注：一个一级项目支出一张表。", "填表人：    填报日期：" + text(form.FilledOn) + "    联系电话：    单位负责人签字："},
		Widths: []int{7, 8, 10, 20, 12, 12, 6, 8, 17},
		Rows: [][]forms.GridCell{
			{label("项目支出名称", 2, 1), words(text(form.Project), 7)},
			{label("主管部门", 2, 1), words(form.Department, 2), label("实施单位", 1, 1), words(text(form.ImplementingUnit), 4)},
			{label("项目资金\n（万元）", 1, 5), label("", 2, 1), label("年初预算数", 1, 1), label("全年预算数", 1, 1), label("全年执行数", 1, 1), label("分值", 1, 1), label("执行率", 1, 1), label("得分", 1, 1)},
		},
	}
	for _, fund := range form.Funds {
		row := []forms.GridCell{
			label(fund.Label, 2, 1),
			number("funds."+fund.Row+".initial", fund.Initial),
			number("funds."+fund.Row+".full_year", fund.FullYear),
			number("funds."+fund.Row+".executed", fund.Executed),
		}
		if fund.Row == "total" {
			row = append(row, number("", form.Execution.Weight), number("execution.rate", form.Execution.Rate), number("execution.score", form.Execution.Score))
		} else {
			row = append(row, number("", &dash), number("", &dash), number("", &dash))
		}
		grid.Rows = append(grid.Rows, row)
	}
	grid.Rows = append(grid.Rows,
		[]forms.GridCell{label("年度总体目标", 1, 2), label("预期目标", 4, 1), label("实际完成情况", 4, 1)},
		[]forms.GridCell{
			words("为企业培训一批具有实战运营能力、系统思维能力的企业高级管理人员和关键岗位储备人才，按照培训对象分为8个不同的培训主题，分别在市委党校、市工信局、清华大学及相关研究院和省内外标杆企业培训，得以推动岳阳市九大重点产业链高质量发展。", 4),
			words("全面完成8次人才培训，培育了一批企业高级管理人员和关键岗位储备人才，极大推动了岳阳市九大重点产业链高质量发展。", 4),
		})
	addIndicators(&grid, form)
	return exports.Sheet{Title: "04 赋能培训班", Grid: grid, Form: trainingForm(form)}
}

// addIndicators lays out the indicators, equal levels as one cell, and the total.
func addIndicators(grid *forms.Grid, form forms.Declared) {
	head := []forms.GridCell{label("绩\n效\n指\n标", 1, len(form.Indicators)+1)}
	for _, title := range []string{"一级指标", "二级指标", "三级指标", "年度指标值", "实际完成值", "分值", "得分", "偏差原因分析及改进措施"} {
		head = append(head, label(title, 1, 1))
	}
	grid.Rows = append(grid.Rows, head)
	run := func(i int, key func(forms.IndicatorRow) string) int {
		if i > 0 && key(form.Indicators[i-1]) == key(form.Indicators[i]) {
			return 0
		}
		n := 1
		for i+n < len(form.Indicators) && key(form.Indicators[i+n]) == key(form.Indicators[i]) {
			n++
		}
		return n
	}
	for i, row := range form.Indicators {
		var cells []forms.GridCell
		if n := run(i, func(r forms.IndicatorRow) string { return r.Level1 }); n > 0 {
			cells = append(cells, label(row.Level1, 1, n))
		}
		if n := run(i, func(r forms.IndicatorRow) string { return r.Level1 + r.Level2 }); n > 0 {
			cells = append(cells, label(row.Level2, 1, n))
		}
		grid.Rows = append(grid.Rows, append(cells, words(row.Level3, 1), words(text(row.Target), 1), named(fmt.Sprintf("indicators.%d.actual", i), row.Actual),
			number("", row.Weight), number(fmt.Sprintf("indicators.%d.score", i), row.Score), words(text(row.Note), 1)))
	}
	score := number("total.score", form.Total.Score)
	score.Role = forms.RoleTotal
	grid.Rows = append(grid.Rows, []forms.GridCell{label("总分", 6, 1), number("", form.Total.Weight), score, words("", 1)})
}

func trainingForm(form forms.Declared) forms.Form {
	asked := projections.Query{Year: 2023, Project: "yueyang-2023-04"}
	cell := func(printed, exact string, measures ...budget.Measure) forms.Cell {
		value, _ := new(big.Rat).SetString(exact)
		return forms.Cell{
			Printed: printed, Exact: value, Fraction: exact, Digits: 2, Rounding: money.Truncate, Query: asked, Measures: measures,
		}
	}
	f := forms.Form{Declared: form, Sequence: 1204, Cells: map[string]forms.Cell{
		"funds.total.initial":   cell("0", "0", budget.Initial),
		"funds.total.full_year": cell("80", "80", budget.Initial, budget.Supplement),
		"funds.total.executed":  cell("41.14", "2057/50", budget.Executed, budget.Refunded),
		"execution.rate":        cell("51.42%", "2057/40", budget.Executed, budget.Refunded, budget.Supplement),
		"execution.score":       cell("5.14", "2057/400", budget.Executed, budget.Refunded, budget.Supplement),
		"total.score":           cell("90.64", "36257/400"),
	}}
	total := f.Cells["total.score"]
	total.Of = []string{"execution.score", "indicators.0.score"}
	f.Cells["total.score"] = total
	f.Cells["indicators.2.actual"] = forms.Cell{Printed: "2024年4月", Events: []uint64{1102}}
	for i, row := range form.Indicators {
		score := cell(text(row.Score), text(row.Score))
		score.Events = []uint64{uint64(900 + i), uint64(1100 + i)}
		f.Cells[fmt.Sprintf("indicators.%d.score", i)] = score
	}
	f.Changes = []forms.Change{{
		Sequence: 311, Line: "yueyang-2023-04-a", Measure: "supplement", Amount: 80_000_000,
		Date: fiscal.Date{Year: 2023, Month: 4, Day: 18}, Document: "岳财预〔2023〕41号", Reason: "追加培训经费",
	}}
	return f
}

// department is the whole department's form of the report.
func department(tb testing.TB) exports.Sheet {
	tb.Helper()
	form := declared(tb, "yueyang-2023-00")
	total := form.Funds[0]
	grid := forms.Grid{
		Title:  "2023年度部门整体支出绩效自评表",
		Notes:  []string{"填表人：    填报日期：" + text(form.FilledOn) + "    联系电话：    单位负责人签字："},
		Widths: []int{6, 8, 10, 22, 13, 17, 6, 7, 12},
		Rows: [][]forms.GridCell{
			{label("市级预算部门名称", 3, 1), words(form.Department, 6)},
			{label("年度预算申请\n（万元）", 1, 7), label("", 2, 1), label("年初预算数", 1, 1), label("全年预算数", 1, 1), label("全年执行数", 1, 1), label("分值", 1, 1), label("执行率", 1, 1), label("得分", 1, 1)},
			{label(total.Label, 2, 1), number("funds.total.initial", total.Initial), number("funds.total.full_year", total.FullYear), number("funds.total.executed", total.Executed), number("", form.Execution.Weight), number("execution.rate", form.Execution.Rate), number("execution.score", form.Execution.Score)},
			{label("按收入性质分：", 4, 1), label("按支出性质分：", 4, 1)},
			{words("其中：一般公共预算："+text(form.Income.GeneralPublicBudget), 4), words("其中：基本支出："+text(form.Spending.Basic), 4)},
			{words("政府性基金拨款："+text(form.Income.GovernmentFund), 4), words("项目支出："+text(form.Spending.Project), 4)},
			{words("纳入专户管理的非税收入拨款：", 4), words("", 4)},
			{words("其他资金："+text(form.Income.Other), 4), words("", 4)},
			{label("年度总体目标", 1, 2), label("预期目标", 4, 1), label("实际完成情况", 4, 1)},
			{words(goalExpected, 4), words(goalActual, 4)},
		},
	}
	addIndicators(&grid, form)
	return exports.Sheet{Title: "00 部门整体支出", Grid: grid, Form: forms.Form{Declared: form, Sequence: 1204, Cells: map[string]forms.Cell{}}}
}

// The goal of the department as the report prints it, a paragraph a line.
const (
	goalExpected = `对本年预算配置进行控制，财政供养人员控制在预算编制以内，三公经费支出总额不超标。预算管理方面，根据切实有效的内部财务、车辆、资产内部管理制度，执行总体较为有效。
1、规模工业增加值增长7%以上，新增规模以上企业110家。
2、推进新兴优势产业链建设，促进工业高质量发展，产业链龙头企业和重点企业达345家。
3、继续完善剩余沿江化工企业“一企一策”方案，列出详细的时间表、任务书、路线图，确保2023年底前完成35家企业关停、搬迁任务，扛牢“守望护好一江碧水”首倡地的政治责任。
4、进一步做好“小巨人”企业培育工作，建立创新型中小企业库，对企业进行梯队培育排序，实施精准辅导，整合资源攻坚突破卡脖子问题。
5、支持企业研发、推广首台套装备、首批次新材料、首版次软件，申报省级工业新产品，并给予配套支持，提升全市规模以上工业企业新产品销售收入占比。
6、全面压实民爆、军工、民船、民机等行业安全监督责任，抓细安全检查及隐患治理、抓严安全督导、抓实安全生产宣传教育，全面、有效防范化解重大风险。
7、深入实施《关于建立高层次人才校企共引共享机制的意见》，推进高校、企业共同引进高层次人才，满足校企人才“共性需求”。`
	goalActual = `本年预算运行控制较好，财政供养人员控制在预算编制以内，至2023年底，部门整体支出绩效执行总体较为有效，年度预期目标按进度按时完成。
1、规模工业增加值5%，主要是由于国家统计局对我市部分县市区进行修数；全市新增规模以上工业企业290家，新增数首次超过长沙，排名全省第1. 2、推进新兴优势产业链建设，促进工业高质量发展，产业链龙头企业和重点（配套）企业数达到369家，九大重点产业链新签约项目595个。
3、全面实施沿江化工“一企一策”方案，完成35家沿江化工企业关停搬迁改造工作，己内酰胺已关停设备正在拆迁中。
4、全市共有355家创新型中小企业，有134家企业新获批省级“专精特新”中小企业，圆满完成全年目标任务，我市已开展中小微企业创新创业大赛圆满成功。
5、2023年全市获认定湖南省省级企业技术中心47家、省级新材料中心试平台2家、省级工业设计中心2家，数量实现“倍增”，排名全省第三； 获批省级首台套6个、首批次9个、首套件2个；获认定省级工业新产品30个；规模以上工业企业新产品销售收入占比26.93%，较上年度提升1.54个百分点。
6、全年开展4次全市民爆、民机、军工行业安全生产大检查，共排查整治隐患问题140余处。积极开展“开工第一课讲安全”“安全生产月活动”等安全宣贯活动。使全市工信系统事故隐患得到系统治理,风险防控取得了明显成效。
7、深入实施《关于建立高层次人才校企共引共享机制的意见》，推进高校、企业共同引进高层次人才，满足校企人才“共性需求”，目前通过共引共享机制引进3名高层次人才。`
)
