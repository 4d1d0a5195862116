package formimport

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is what a label of a form announces.
type field string

// The fields of a form's head and foot.
const (
	project    field = "project"
	department field = "department"
	unit       field = "implementing_unit"
	filledOn   field = "filled_on"
	signature  field = "signature"
	totalScore field = "total.score"
	grade      field = "total.grade"
	wholeGoal  field = "goal.expected" // a goal without a column of what became of it
	contact    field = "contact"       // who to call: not part of what a form declares
	elsewhere  field = "elsewhere"     // known, but a declared form has no place for it
)

// The columns of the tables of money, goals and indicators.
const (
	initial         field = "initial"
	fullYear        field = "full_year"
	executed        field = "executed"
	weight          field = "weight"
	rate            field = "rate"
	score           field = "score"
	expected        field = "expected"
	achieved        field = "actual_goal"
	level1          field = "level1"
	level2          field = "level2"
	level3          field = "level3"
	nature          field = "nature"
	target          field = "target"
	measure         field = "measure" // 度量单位
	actual          field = "actual"
	note            field = "note"
	noPlace         field = "no_place"
	generalBudget   field = "general_public_budget"
	governmentFund  field = "government_fund"
	specialAccount  field = "special_account_nontax"
	otherIncome     field = "other"
	basicSpending   field = "basic"
	projectSpending field = "project_spending"
)

// words turns a field and its words into a lookup by word.
func words(fields map[field]string) map[string]field {
	lookup := map[string]field{}
	for f, all := range fields {
		for _, word := range strings.Fields(all) {
			lookup[word] = f
		}
	}
	return lookup
}

// The labels as [label] writes them: no spaces, no parentheses and what stands
// in them, no number before and no colon after.
var (
	headLabels = words(map[field]string{
		project:    "项目支出名称 项目名称 专项名称 专项资金名称 转移支付名称 专项转移支付名称 项目支出项目名称 政策名称",
		department: "主管部门 主管部门名称 项目主管部门 市级预算部门名称 省级预算部门名称 县级预算部门名称 区级预算部门名称 预算部门名称 部门名称 中央主管部门 地方主管部门 省级主管部门 市级主管部门 主管部门及代码 一级预算部门",
		unit:       "实施单位 项目单位 项目实施单位 资金使用单位 单位名称 预算单位 填报单位 具体实施单位 基层预算单位",
		filledOn:   "填报日期 填表日期 填报时间 填表时间 日期 报日期",
		signature:  "单位负责人签字 单位负责人 部门负责人签字 负责人签字 单位负责人签章",
		totalScore: "自评总分 自评得分 总得分 总分",
		grade:      "评价等级 自评等级 自评结果等级 绩效等级 等级 评价结论等级",
		wholeGoal:  "年度绩效目标 年度总体绩效目标 年度目标 总体目标 年度总体目标",
		contact:    "填表人 填报人 联系电话 联系人 部门联系人 电话 项目负责人 财务负责人 项目负责人及联系电话",
		elsewhere: "财政处室 项目编码 项目代码 单位代码 备注 注 说明 评价结论 存在问题 改进措施 " +
			"项目类别 项目属性 项目类型 项目起止时间 项目周期 资金性质 资金来源 其他需要说明的问题 其他需要说明事项 其他需要说明的事项 项目实施内容及过程概述 项目基本情况 约束性指标说明 主要用途",
	})
	fundColumns = words(map[field]string{
		initial:  "年初预算数 年初预算 年初预算金额 年初批复数 年初安排数 年初预算安排数 预算批复数",
		fullYear: "全年预算数 全年预算 全年预算金额 全年调整预算数 调整后预算数 调整后预算 调整预算数 预算调整数 预算数 预算金额 本年预算数 调整后全年预算数 全年总预算数",
		executed: "全年执行数 全年执行 全年执行金额 预算执行数 执行数 实际执行数 全年实际执行数 全年支出数 实际支出数 支出数 决算数 资金执行数 实际支出 年度执行数 执行金额 全年实际支出数",
		rate:     "执行率 预算执行率 资金执行率 全年执行率 预算完成率",
		weight:   "分值 权重 分值权重 执行率权重 权重分值 标准分 执行率分值",
		score:    "得分 执行率得分 自评得分 实际得分",
		note:     "原因 偏差原因 备注 说明 未完成原因 偏差原因分析 偏差原因分析及改进措施 未执行完毕原因",
	})
	goalColumns = words(map[field]string{
		expected: "预期目标 年初设定目标 年初目标 年初绩效目标 项目年度目标 年度预期目标 绩效目标 设定目标 总体目标 年初预期目标 年度绩效目标 年度总体目标 年初设定绩效目标",
		achieved: "实际完成情况 全年实际完成情况 目标实际完成情况 全年目标实际完成情况 年度目标完成情况 完成情况 目标完成情况 实际完成目标 年度目标实际完成情况 总体目标完成情况",
		noPlace:  "全年绩效目标 调整绩效目标 调整后绩效目标",
	})
	indicatorColumns = words(map[field]string{
		level1: "一级指标 一级", level2: "二级指标 二级",
		level3:  "三级指标 三级 指标名称 指标内容 绩效指标名称 具体指标 三级指标名称",
		nature:  "指标性质 符号 运算符号 指标符号 性质",
		target:  "年度指标值 指标值 年初目标值 目标值 年初指标值 年度目标值 预期指标值 全年指标值 年度绩效指标值 计划指标值 预期值",
		measure: "度量单位 计量单位 指标单位",
		actual:  "实际完成值 全年实际完成值 全年完成值 完成值 实际完成情况 实际值 实际完成指标值 完成情况 自评完成值 全年实际值",
		weight:  "分值 权重 分值权重 指标权重 指标分值 权重分值 标准分",
		score:   "得分 自评得分 指标得分 实际得分 评分",
		note: "偏差原因分析及改进措施 偏差原因分析与改进措施 偏差原因及改进措施 未完成原因分析 未完成原因和改进措施 未完成原因及改进措施 未完成原因分析及改进措施 偏差原因分析 偏差原因 未完成原因 原因分析 备注 说明 " +
			"未完成绩效目标或偏离绩效目标原因分析及改进措施 未完成原因和拟采取的改进措施 未完成原因及拟采取的改进措施",
		noPlace: "调整指标值 调整后指标值 得分系数 是否核心指标 核心指标 评分标准 评分规则 评价标准 指标说明 指标解释 数据来源 佐证材料 序号",
	})
	splitLabels = words(map[field]string{
		generalBudget:  "一般公共预算 一般公共预算拨款 一般公共预算财政拨款 一般公共预算资金",
		governmentFund: "政府性基金拨款 政府性基金 政府性基金预算 政府性基金预算拨款 政府性基金预算财政拨款",
		specialAccount: "纳入专户管理的非税收入拨款 纳入专户管理的非税收入 财政专户管理的非税收入",
		otherIncome:    "其他资金 其它资金", basicSpending: "基本支出 基本支出总额", projectSpending: "项目支出 项目支出总额",
	})
	totalLabels   = words(map[field]string{score: "总分 合计 总计 总得分 自评总分 总分值 合计得分 得分合计 综合得分 自评得分合计"})
	sectionLabels = set("总体目标完成情况 年度目标完成情况 年度总体目标完成情况 绩效目标完成情况 目标完成情况 绩效指标 项目资金 年度预算申请 年度预算数 预算执行情况 年度总体目标 年度绩效目标 项目年度目标完成情况 项目基本情况 资金情况 当年绩效目标 总体目标 年度绩效指标 绩效指标完成情况 年度目标 部门预算执行情况 部门预算资金")
	splitMarks    = set("按收入性质分 按支出性质分 收入性质 支出性质")
)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}

// fundRows tells the rows of the table of money by what their labels hold. The
// first that fits counts.
var fundRows = []struct{ key, holds string }{
	{"carryover", "结转"}, {"total", "资金总额"}, {"total", "总额"}, {"total", "资金合计"}, {"total", "合计"}, {"total", "总计"},
	{"current_appropriation", "当年财政拨款"}, {"current_appropriation", "本年财政拨款"}, {"current_appropriation", "当年拨款"},
	{"current_appropriation", "本年拨款"}, {"special_account", "财政专户"}, {"special_account", "专户管理"},
	{"unit_funds", "单位资金"}, {"government_fund", "政府性基金"}, {"state_capital", "国有资本"}, {"general_public_budget", "一般公共预算"},
	{"central", "中央"}, {"provincial", "省级"}, {"municipal", "市级"}, {"county", "县"}, {"local", "地方"},
	{"other", "其他"}, {"other", "其它"}, {"basic", "基本支出"}, {"project", "项目支出"}, {"fiscal", "财政"},
}

var (
	artefact    = regexp.MustCompile(`\[(?i:bookmark|hyperlink|comment|image|footnote)[^\]\n]*\]`)
	parentheses = regexp.MustCompile(`\([^()]*\)`)
	ordinal     = regexp.MustCompile(`^(?:\d{1,2}[.、]|[一二三四五六七八九十]{1,3}[、.]|其中:)+`)
	stated      = regexp.MustCompile(`\((\d+(?:\.\d+)?)分`)   // (20分), (20分*执行率)
	ownWeight   = regexp.MustCompile(`\(\d+(?:\.\d+)?分?\)$`) // 产出指标(50分)
	yearText    = regexp.MustCompile(`(?:^|[^0-9])((?:19[5-9]|20[0-9])[0-9])(?:[^0-9]|$)`)
	moneyUnit   = regexp.MustCompile(`[(:](?:单位:|金额单位:)?(万元|元)(?:[),。]|$)`)
	nextLabel   = regexp.MustCompile(` +[\p{Han}()（）]{2,12} ?[:：]`) // an unknown label after a value
	titleText   = regexp.MustCompile(`自评(?:结果|情况|打分|评分)?表|绩效目标完成情况表|绩效评价表`)
)

// label writes a text as the words above are written.
func label(text string) string {
	text = compact(text)
	for {
		shorter := parentheses.ReplaceAllString(text, "")
		if shorter == text {
			break
		}
		text = shorter
	}
	return strings.Trim(ordinal.ReplaceAllString(text, ""), ":;。.*★")
}

// compact is a text without spaces and in half-width forms.
func compact(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, halfWidth(tidy(text)))
}

// halfWidth folds full-width letters, digits and signs.
func halfWidth(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '\uFF01' && r <= '\uFF5E' {
			return r - 0xFEE0
		}
		return r
	}, text)
}

// tidy takes out what a word processor left in a cell and joins its lines: what
// was broken to fit a narrow cell is one word again. Between two Latin words or
// numbers a space remains.
func tidy(text string) string {
	all := lines(text)
	if len(all) == 1 {
		return all[0]
	}
	var joined strings.Builder
	for i, line := range all {
		if i > 0 && latin(all[i-1][len(all[i-1])-1]) && latin(line[0]) {
			joined.WriteByte(' ')
		}
		joined.WriteString(line)
	}
	return joined.String()
}

// paragraphs is tidy for a long text, whose lines are paragraphs.
func paragraphs(text string) string { return strings.Join(lines(text), "\n") }

func latin(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// lines are the lines of a text that hold something, without artefacts,
// invisible characters and outer spaces; every other space is a plain one.
func lines(text string) []string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\r':
			return '\n'
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, withoutArtefacts(text))
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func withoutArtefacts(text string) string {
	if !strings.Contains(text, "[") {
		return text
	}
	return artefact.ReplaceAllString(text, "")
}

// blank tells a text of nothing but spaces and artefacts.
func blank(text string) bool {
	for _, r := range text {
		if r == '[' {
			return tidy(text) == ""
		}
		if !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) {
			return false
		}
	}
	return true
}

// inlineLabel is a label of the head or foot in a text, with a colon after it.
type inlineLabel struct {
	field field
	name  string
	from  int // where the label begins
	value int // where its value begins
}

const (
	// longestInline is how many bytes a text may have in which labels are looked
	// for. A longer one is content.
	longestInline = 2_000
	// mostInline is how many of them are read.
	mostInline = 20
	// longestWord is how many characters a label of the head or foot may have.
	longestWord = 12
)

// inlineLabels finds the labels before the colons of a tidy text: 填报日期：… 联系电话：…
func inlineLabels(text string) []inlineLabel {
	var all []inlineLabel
	if len(text) > longestInline {
		return nil
	}
	for i, r := range text {
		if r != ':' && r != '：' || len(all) == mostInline {
			continue
		}
		if found, ok := labelBefore(text[:i]); ok {
			found.value = i + utf8.RuneLen(r)
			all = append(all, found)
		}
	}
	return all
}

// labelBefore is the longest label at the end of a text, but for a remark in
// parentheses. Its characters may stand apart.
func labelBefore(text string) (inlineLabel, bool) {
	end := strings.TrimRight(text, " ")
	if strings.HasSuffix(end, ")") || strings.HasSuffix(end, "）") {
		end = strings.TrimRight(end[:max(strings.LastIndexAny(end, "(（"), 0)], " ")
	}
	longest, name := inlineLabel{}, ""
	for at, n := len(end), 0; at > 0 && n < longestWord; {
		r, size := utf8.DecodeLastRuneInString(end[:at])
		at -= size
		if r == ' ' {
			continue
		}
		name = string(r) + name
		n++
		if f := headLabels[name]; f != "" && !partOfAWord(end[:at], n) {
			longest = inlineLabel{field: f, name: name, from: at}
		}
	}
	return longest, longest.field != ""
}

// partOfAWord tells a short label at the end of a longer word: 日期 in 起止日期.
// Long ones may follow a value without a space.
func partOfAWord(before string, characters int) bool {
	const long = 4
	last, _ := utf8.DecodeLastRuneInString(before)
	return unicode.Is(unicode.Han, last) && characters < long
}
