package formimport_test

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/outturn/outturn/handlers/audit"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// layout prints a form as a region does, and says what of the form the region
// prints: the form that reading it must give.
type layout struct {
	name    string
	print   func(audit.Form) sheet
	printed func(audit.Form) audit.Form
}

// layouts are the forms of domain rules 1.2. Facts are those of the published
// report; the tables are laid out as the regions' own are.
func layouts() []layout {
	return []layout{
		{"central project", central, whole},
		{"hunan department", hunan, whole},
		{"sichuan project", sichuan, func(f audit.Form) audit.Form {
			f.FilledOn, f.Signature = audit.Text{}, audit.Text{}
			f.Income, f.Spending = nil, nil
			for i := range f.Funds {
				f.Funds[i].Row, f.Funds[i].Label = sichuanRows[i].key, text(sichuanRows[i].label)
			}
			return f
		}},
		{"hubei project", hubei, func(f audit.Form) audit.Form {
			f.Income, f.Spending, f.Funds = nil, nil, f.Funds[:1]
			f.Funds[0].Label, f.Funds[0].Initial = text("年度财政资金总额"), audit.Text{}
			f.Total.Weight, f.Signature = audit.Text{}, audit.Text{}
			f.Execution.Weight = text("20")
			for i := range f.Indicators {
				f.Indicators[i].Weight = audit.Text{}
			}
			return f
		}},
		{"yunnan project", yunnan, func(f audit.Form) audit.Form {
			f.FilledOn, f.Signature, f.MoneyUnit = audit.Text{}, audit.Text{}, text("元")
			f.Income, f.Spending = nil, nil
			f.Total.Grade = text("优")
			return f
		}},
		{"transfer payment", transfer, func(f audit.Form) audit.Form {
			f.FilledOn, f.Signature = audit.Text{}, audit.Text{}
			f.Income, f.Spending = nil, nil
			f.Execution.Weight, f.Execution.Score, f.Total = audit.Text{}, audit.Text{}, audit.Total{}
			for i := range f.Funds {
				f.Funds[i].Initial = audit.Text{}
				f.Funds[i].Row, f.Funds[i].Label = transferRows[i].key, text(transferRows[i].label)
			}
			for i := range f.Indicators {
				f.Indicators[i].Weight, f.Indicators[i].Score = audit.Text{}, audit.Text{}
			}
			return f
		}},
		{"chongqing department", chongqing, func(f audit.Form) audit.Form {
			f.Kind, f.Project, f.ImplementingUnit = audit.Department, audit.Text{}, audit.Text{}
			f.FilledOn, f.Signature, f.Funds = audit.Text{}, audit.Text{}, f.Funds[:1]
			f.Income, f.Spending = nil, nil
			f.Funds[0].Label, f.Total.Weight = audit.Text{}, audit.Text{}
			for i := range f.Indicators {
				f.Indicators[i].Level1, f.Indicators[i].Level2, f.Indicators[i].Note = audit.Text{}, audit.Text{}, audit.Text{}
			}
			return f
		}},
	}
}

func whole(f audit.Form) audit.Form { return f }

func text(printed string) audit.Text { return audit.Text{Printed: printed, Stated: true} }

// central is the form of the central government, as a bureau filled it in:
// labels broken to fit, spaces before values, a bookmark's remains.
func central(f audit.Form) sheet {
	rows := [][]box{
		{wide("项目支\n出名称", 2), wide(f.Project.Printed, 7)},
		{wide("主管部门", 2), wide("　"+f.Department.Printed, 3), wide("实施单位", 1), wide("　"+f.ImplementingUnit.Printed+"　", 3)},
		{tall("项目资金\n（万元）", len(f.Funds)+1), wide("　", 2), one("年初\n预算数"), one("全年\n预算数"), one("全年\n执行数"), one("分值"), one("执行率"), one("得分")},
	}
	for i, fund := range f.Funds {
		row := []box{wide("  "+fund.Label.Printed, 2), one(fund.Initial.Printed), one("　" + fund.FullYear.Printed), one("[bookmark: _GoBack]" + fund.Executed.Printed)}
		if i == 0 {
			row = append(row, one(f.Execution.Weight.Printed), one(f.Execution.Rate.Printed), one(f.Execution.Score.Printed+"　"))
		} else {
			row = append(row, one("　"), one(""), one("—"))
		}
		rows = append(rows, row)
	}
	rows = append(rows, goals(f)...)
	rows = append(rows, indicators(f, "一级指标 二级指标 三级指标 年度\n指标值 实际\n完成值 分值 得分 偏差原因分析及改进措施")...)
	rows = append(rows, []box{wide("总分", 6), one(f.Total.Weight.Printed), one("　" + f.Total.Score.Printed), one("")})
	return sheet{above: []string{"附件3", "2023年度项目支出绩效自评表"}, rows: rows,
		below: []string{"备注：一个项目一张表。", "填表人：（略）  填报日期：" + f.FilledOn.Printed + " 联系电话：（略）单位负责人签字："}}
}

func goals(f audit.Form) [][]box {
	return [][]box{
		{tall("年度总体目标", 2), wide("预期目标", 4), wide("实际完成情况　", 4)},
		{wide("　"+f.Goal.Expected.Printed, 4), wide(f.Goal.Actual.Printed+"\n　", 4)},
	}
}

// indicators prints eight columns beside the section's label, the levels merged
// over the rows that share them.
func indicators(f audit.Form, labels string) [][]box {
	head := []box{tall("绩\n效\n指\n标\n", len(f.Indicators)+1)}
	for _, name := range strings.Split(labels, " ") {
		head = append(head, one(name))
	}
	rows := [][]box{head}
	for i, n := range f.Indicators {
		rows = append(rows, append(levels(f, i), one(n.Level3.Printed), one("　"+n.Target.Printed), one(n.Actual.Printed+"\n　"),
			one(n.Weight.Printed), one("\n"+n.Score.Printed), one(n.Note.Printed)))
	}
	return rows
}

// levels are the boxes of the first two levels that begin in a row.
func levels(f audit.Form, i int) []box {
	var boxes []box
	same := func(a, b int, second bool) bool {
		return f.Indicators[a].Level1 == f.Indicators[b].Level1 && (!second || f.Indicators[a].Level2 == f.Indicators[b].Level2)
	}
	for _, second := range []bool{false, true} {
		if i > 0 && same(i-1, i, second) {
			continue
		}
		height := 1
		for i+height < len(f.Indicators) && same(i, i+height, second) {
			height++
		}
		name := f.Indicators[i].Level1.Printed + "\n\n（50分）"
		if runes := []rune(f.Indicators[i].Level2.Printed); second {
			name = string(runes[:2]) + "\n" + string(runes[2:])
		}
		boxes = append(boxes, tall(name, height))
	}
	return boxes
}

// hunan is a department's form: money by the nature of income and the use of
// spending as texts in cells.
func hunan(f audit.Form) sheet {
	f = withSplit(f)
	rows := [][]box{
		{wide("市级预算部门名称", 2), wide(f.Department.Printed, 7)},
		{tall("年度预\n算申请\n（万元）", 7), wide("", 2), one("年初预算数"), one("全年预算数"), one("全年执行数"), one("分值"), one("执行率"), one("得分")},
		{wide("年度资金总额", 2), one(f.Funds[0].Initial.Printed), one(f.Funds[0].FullYear.Printed), one(f.Funds[0].Executed.Printed),
			one(f.Execution.Weight.Printed), one(f.Execution.Rate.Printed), one(f.Execution.Score.Printed)},
		{wide("按收入性质分：", 4), wide("按支出性质分：", 4)},
		{wide("  其中：  一般公共预算："+f.Income.GeneralPublicBudget.Printed, 4), wide("其中：基本支出："+f.Spending.Basic.Printed, 4)},
		{wide("政府性基金拨款："+f.Income.GovernmentFund.Printed, 4), wide("项目支出："+f.Spending.Project.Printed+"　　　", 4)},
		{wide("纳入专户管理的非税收入拨款："+f.Income.SpecialAccountNontax.Printed, 4), wide("", 4)},
		{wide("其他资金："+f.Income.Other.Printed, 4), wide("", 4)},
	}
	rows = append(rows, goals(f)...)
	rows = append(rows, indicators(f, "一级指标 二级指标 三级指标 年度指标值 实际完成值 分值 得分 偏差原因分析及改进措施")...)
	rows = append(rows, []box{wide("总分", 6), one(f.Total.Weight.Printed), one(f.Total.Score.Printed), one("")})
	return sheet{above: []string{"2023年度部门整体支出绩效自评表"}, rows: rows,
		below: []string{"填表人：（略）          填报日期：" + f.FilledOn.Printed + "         联系电话：（略）                单位负责人签字："}}
}

// withSplit gives a form without income and spending empty ones to print.
func withSplit(f audit.Form) audit.Form {
	if f.Income == nil {
		f.Income, f.Spending = &audit.Income{}, &audit.Spending{}
	}
	return f
}

type fundName struct{ key, label string }

var sichuanRows = []fundName{{"total", "总额"}, {"fiscal", "其中：财政资金"}, {"special_account", "财政专户管理资金"}, {"unit_funds", "单位资金"}}

var signed = regexp.MustCompile(`^(≥|≤|=|>|<)([0-9.]+)([^\d\s]*)$`)

// sichuan prints sign, number and unit of a target apart, and a rate in each row
// of money.
func sichuan(f audit.Form) sheet {
	rows := [][]box{
		{wide("项目名称", 2), wide(f.Project.Printed, 10)},
		{wide("主管部门", 2), wide(f.Department.Printed, 4), wide("实施单位\n（盖章）", 2), wide(f.ImplementingUnit.Printed, 4)},
		{tall("项目基本情况", 3), box{"1.项目年度目标完成情况", 1, 2}, wide("项目年度目标", 5), wide("年度目标完成情况", 5)},
		{wide(f.Goal.Expected.Printed, 5), wide(f.Goal.Actual.Printed, 5)},
		{one("2.项目实施内容及过程概述"), wide("按计划实施。", 10)},
		{box{"预算执行情况（10分）", 1, len(f.Funds) + 1}, wide("年度预算数（万元）", 2), one("年初预算"), one("调整后预算数"), wide("预算执行数", 2), one("预算执行率"), one("权重"), one("得分"), wide("原因", 2)},
	}
	for i, fund := range f.Funds {
		row := []box{wide(sichuanRows[i].label, 2), one(fund.Initial.Printed), one(fund.FullYear.Printed), wide(fund.Executed.Printed, 2)}
		if i == 0 {
			row = append(row, one(f.Execution.Rate.Printed), one(f.Execution.Weight.Printed), one(f.Execution.Score.Printed), box{"", 2, len(f.Funds)})
		} else {
			row = append(row, one("0.00%"), one("/"), one("/"))
		}
		rows = append(rows, row)
	}
	rows = append(rows, []box{tall("绩效指标（90分）", len(f.Indicators)+1), one("一级指标"), one("二级指标"), one("三级指标"), one("指标性质"), one("指标值"), one("度量单位"),
		one("完成值"), one("权重"), one("得分"), wide("未完成原因分析", 2)})
	for _, n := range f.Indicators {
		sign, value, unit := "定性", n.Target.Printed, ""
		if m := signed.FindStringSubmatch(n.Target.Printed); m != nil {
			sign, value, unit = m[1], m[2], m[3]
		}
		rows = append(rows, []box{one(n.Level1.Printed), one(n.Level2.Printed), one(n.Level3.Printed), one(sign), one(value), one(unit),
			one(strings.TrimSuffix(n.Actual.Printed, unit)), one(n.Weight.Printed), one(n.Score.Printed), wide(n.Note.Printed, 2)})
	}
	rows = append(rows, []box{wide("合计", 8), one(f.Total.Weight.Printed), one(f.Total.Score.Printed), wide("", 2)},
		[]box{wide("评价结论", 2), wide("完成较好。", 10)}, []box{wide("存在问题", 2), wide("无", 10)}, []box{wide("改进措施", 2), wide("无", 10)},
		[]box{wide("项目负责人：（略）", 6), wide("财务负责人：", 6)})
	return sheet{above: []string{"报表编号：510000_0013zp", "部门预算项目支出绩效自评表（2023年度）"}, rows: rows}
}

// hubei gives execution 20 points and prints no weights.
func hubei(f audit.Form) sheet {
	rows := [][]box{
		{one("项目名称"), wide(f.Project.Printed, 6)},
		{one("主管部门"), wide(f.Department.Printed, 3), one("项目实施单位"), wide(f.ImplementingUnit.Printed, 2)},
		{one("项目类别"), wide("1、部门预算项目 ☑  2、市直专项 □", 6)},
		{tall("预算执行情况（万元）（20分）", 2), wide("", 2), one("预算数（A）"), one("执行数（B）"), one("执行率（B/A）"), one("得分（20分*执行率）")},
		{wide("年度财政资金总额", 2), one(f.Funds[0].FullYear.Printed), one(f.Funds[0].Executed.Printed), one(f.Execution.Rate.Printed), one(f.Execution.Score.Printed)},
		{one("年度绩效目标"), wide("年初设定目标", 3), wide("全年实际完成情况", 3)},
		{one("　"), wide(f.Goal.Expected.Printed, 3), wide(f.Goal.Actual.Printed, 3)},
		{one("一级指标"), one("二级指标"), one("三级指标"), one("年初目标值（A）"), one("实际完成值（B）"), one("得分"), one("偏差原因及改进措施")},
	}
	for i, n := range f.Indicators {
		rows = append(rows, append(levels(f, i), one(n.Level3.Printed), one(n.Target.Printed), one(n.Actual.Printed), one(n.Score.Printed), one(n.Note.Printed)))
	}
	rows = append(rows, []box{wide("总分", 5), one(f.Total.Score.Printed), one("")})
	return sheet{above: []string{"2023年度某某项目自评表"}, rows: rows, below: []string{"填报日期：" + f.FilledOn.Printed + "   总分：" + f.Total.Score.Printed}}
}

// yunnan prints yuan, the unit above the table, and a grade.
func yunnan(f audit.Form) sheet {
	rows := [][]box{
		{one("项目名称"), wide(f.Project.Printed, 9)},
		{one("主管部门"), wide(f.Department.Printed, 4), one("实施单位"), wide(f.ImplementingUnit.Printed, 4)},
		{tall("项目资金", len(f.Funds)+1), one(""), one("年初预算数"), one("全年预算数"), one("全年执行数"), one("分值"), one("执行率"), wide("得分", 3)},
	}
	for i, fund := range f.Funds {
		row := []box{one(fund.Label.Printed), one(fund.Initial.Printed), one(fund.FullYear.Printed), one(fund.Executed.Printed)}
		if i == 0 {
			row = append(row, one(f.Execution.Weight.Printed), one(f.Execution.Rate.Printed), wide(f.Execution.Score.Printed, 3))
		} else {
			row = append(row, one("—"), one("—"), wide("—", 3))
		}
		rows = append(rows, row)
	}
	rows = append(rows, [][]box{
		{tall("年度总体目标", 2), wide("预期目标", 5), wide("实际完成情况", 4)},
		{wide(f.Goal.Expected.Printed, 5), wide(f.Goal.Actual.Printed, 4)},
		{one("一级指标"), one("二级指标"), one("三级指标"), one("指标性质"), one("指标值"), one("度量单位"), one("实际完成值"), one("分值"), one("得分"), one("偏差原因分析及改进措施")},
	}...)
	for _, n := range f.Indicators {
		sign, value, unit := "", n.Target.Printed, ""
		if m := signed.FindStringSubmatch(n.Target.Printed); m != nil {
			sign, value, unit = m[1], m[2], m[3]
		}
		rows = append(rows, []box{one(n.Level1.Printed), one(n.Level2.Printed), one(n.Level3.Printed), one(sign), one(value), one(unit),
			one(n.Actual.Printed), one(n.Weight.Printed), one(n.Score.Printed), one(n.Note.Printed)})
	}
	rows = append(rows, []box{wide("其他需要说明事项", 2), wide("无", 8)},
		[]box{wide("总分", 7), one(f.Total.Weight.Printed), one(f.Total.Score.Printed), one("优")})
	return sheet{above: []string{"项目支出绩效自评表（2023年度）", "公开14表", "金额单位：元"}, rows: rows}
}

var transferRows = []fundName{{"total", "年度资金总额："}, {"central", "其中：中央补助"}, {"local", "地方资金"}, {"other", "其他资金"}}

// transfer is the form of transfer payments: no points at all.
func transfer(f audit.Form) sheet {
	rows := [][]box{
		{wide("转移支付（项目）名称", 2), wide(f.Project.Printed, 5)},
		{wide("中央主管部门", 2), wide(f.Department.Printed, 5)},
		{wide("地方主管部门", 2), wide(f.Department.Printed, 2), wide("资金使用单位", 1), wide(f.ImplementingUnit.Printed, 2)},
		{box{"资金情况（万元）", 2, len(f.Funds) + 1}, wide("", 2), one("全年预算数（A）"), one("全年执行数（B）"), one("预算执行率（B/A）")},
	}
	for i, fund := range f.Funds {
		rate := ""
		if i == 0 {
			rate = f.Execution.Rate.Printed
		}
		rows = append(rows, []box{wide(transferRows[i].label, 2), one(fund.FullYear.Printed), one(fund.Executed.Printed), one(rate)})
	}
	rows = append(rows, [][]box{
		{tall("总体目标完成情况", 2), wide("总体目标", 3), wide("全年实际完成情况", 3)},
		{wide(f.Goal.Expected.Printed, 3), wide(f.Goal.Actual.Printed, 3)},
		{tall("绩效指标", len(f.Indicators)+1), one("一级指标"), one("二级指标"), one("三级指标"), one("指标值"), one("全年实际完成值"), one("未完成原因和改进措施")},
	}...)
	for i, n := range f.Indicators {
		rows = append(rows, append(levels(f, i), one(n.Level3.Printed), one(n.Target.Printed), one(n.Actual.Printed), one(n.Note.Printed)))
	}
	rows = append(rows, []box{one("说明"), wide("无", 6)})
	return sheet{above: []string{"转移支付区域（项目）绩效目标自评表", "（2023年度）"}, rows: rows}
}

// chongqing prints a department's indicators without levels, with a coefficient.
func chongqing(f audit.Form) sheet {
	rows := [][]box{
		{one("主管部门"), wide(f.Department.Printed, 3), one("财政处室"), wide("某处", 2), wide("自评总分\n（分）", 2), wide(f.Total.Score.Printed, 2)},
		{tall("部门预算执行情况（万元）", 2), wide("年初预算数", 2), wide("全年（调整）预算数", 2), wide("全年执行数", 2), one("执行率（%）"), one("执行率权重"), wide("执行率得分（分）", 2)},
		{wide(f.Funds[0].Initial.Printed, 2), wide(f.Funds[0].FullYear.Printed, 2), wide(f.Funds[0].Executed.Printed, 2),
			one(strings.TrimSuffix(f.Execution.Rate.Printed, "%")), one(f.Execution.Weight.Printed), wide(f.Execution.Score.Printed, 2)},
		{tall("当年绩效目标", 2), wide("年初绩效目标", 4), wide("全年（调整）绩效目标", 2), wide("全年目标实际完成情况", 4)},
		{wide(f.Goal.Expected.Printed, 4), wide("", 2), wide(f.Goal.Actual.Printed, 4)},
		{tall("绩效指标", len(f.Indicators)+1), one("指标名称"), one("计量单位"), one("指标性质"), one("年初指标值"), one("调整指标值"), one("全年完成值"),
			one("得分系数（%）"), one("指标权重（分）"), one("指标得分（分）"), one("是否核心指标")},
	}
	for _, n := range f.Indicators {
		rows = append(rows, []box{one(n.Level3.Printed), one(""), one("定量指标"), one(n.Target.Printed), one(""), one(n.Actual.Printed),
			one("100%"), one(n.Weight.Printed), one(n.Score.Printed), one("否")})
	}
	return sheet{above: []string{"2023年度部门整体绩效自评表"}, rows: rows}
}
