package intake

import (
	"regexp"
	"strings"

	"golang.org/x/text/width"

	"github.com/outturn/outturn/events"
)

// key names what a column holds.
type key uint8

// The keys, in the order of the template.
const (
	keyID key = iota
	keyType
	keyLine
	keyUnit
	keyProject
	keyFund
	keyVintage
	keyYear
	keyEconomicClass
	keyAmount
	keyDate
	keyDocument
	keyPayee
	keyPurpose
	keyCommitment
	keyTo
	keyPayment
	keyToEconomicClass
	keyReason
	keyMemo
	keyCount
)

// column is what is known of a key: its member in events, its header in a
// template, and the other headers that it goes by, the likeliest first.
type column struct {
	member string
	zh, en string
	words  string // separated by spaces, as canonical writes them
}

// columns is the one table of headers.
var columns = [keyCount]column{
	keyID:              {"id", "流水号", "ID", "编号 业务流水号 支付流水号 交易流水号 serialno serial"},
	keyType:            {"type", "类型", "Type", "业务类型 事项类型 事项 eventtype kind"},
	keyLine:            {"line", "指标编码", "Line", "预算指标编码 预算指标 指标编号 指标id 指标 预算指标编号 budgetline linecode lineid budgetlinecode"},
	keyUnit:            {"unit", "单位编码", "Unit", "预算单位编码 单位代码 预算单位代码 预算单位 单位 unitcode budgetunit"},
	keyProject:         {"project", "项目编码", "Project", "项目代码 项目编号 项目 projectcode projectid"},
	keyFund:            {"fund", "资金性质", "Fund", "资金性质编码 资金来源 fundtype fundnature"},
	keyVintage:         {"vintage", "年份来源", "Vintage", "指标年份来源 资金年度 指标年度 vintageyear"},
	keyYear:            {"year", "年度", "Year", "预算年度 会计年度 fiscalyear budgetyear"},
	keyEconomicClass:   {"economic_class", "经济分类", "Economic class", "部门经济分类 部门经济分类编码 经济分类编码 经济分类科目 支出经济分类 经济科目 economic class economiccode"},
	keyAmount:          {"amount", "金额", "Amount", "支付金额 发生额 支出金额 付款金额 实付金额 amountpaid sum"},
	keyDate:            {"date", "日期", "Date", "支付日期 业务日期 付款日期 发生日期 记账日期 paymentdate businessdate postingdate"},
	keyDocument:        {"document", "凭证号", "Document", "文号 凭证编号 支付凭证号 凭证号码 指标文号 documentno documentnumber voucher voucherno"},
	keyPayee:           {"payee", "收款人", "Payee", "收款单位 收款方 收款人名称 收款人全称 对方单位 签约方 供应商 counterparty payeename supplier vendor"},
	keyPurpose:         {"purpose", "用途", "Purpose", "摘要 资金用途 支付用途 用途摘要 description summary details"},
	keyCommitment:      {"commitment", "合同", "Commitment", "合同编号 合同编码 合同号 合同占用 contract contractno commitmentid"},
	keyTo:              {"to", "目标指标", "To", "调入指标 转入指标 更正后指标 目标指标编码 调入指标编码 toline targetline"},
	keyPayment:         {"payment", "原支付", "Payment", "原支付编号 原支付流水号 原流水号 原业务流水号 originalpayment paymentid"},
	keyToEconomicClass: {"to_economic_class", "更正后经济分类", "To economic class", "目标经济分类 调整后经济分类 toclass"},
	keyReason:          {"reason", "原因", "Reason", "理由 事由 调整原因 退回原因 why cause"},
	keyMemo:            {"memo", "备注", "Memo", "说明 remark remarks note notes"},
}

// kind is a type of event that a row may be, and the words for it.
type kind struct {
	noun   string
	zh, en string
	words  string
	// takes are the columns that become members of its data, needs those that
	// it cannot do without.
	takes, needs []key
	// effect is what its amount does to what is available on its line: −1, 0, +1.
	effect int
}

var (
	adjustment = []key{keyAmount, keyDate, keyDocument, keyReason, keyMemo}
	reasoned   = []key{keyAmount, keyDate, keyDocument, keyReason}
	documented = []key{keyAmount, keyDate, keyDocument}
	dated      = []key{keyAmount, keyDate}
)

// kinds is the one table of types. The first is what a row is if it does not say.
var kinds = []kind{
	{"disbursement.paid", "支付", "Payment", "付款 支出 拨付 paid disbursement pay",
		[]key{keyAmount, keyDate, keyDocument, keyPayee, keyPurpose, keyEconomicClass, keyCommitment, keyMemo}, documented, -1},
	{"disbursement.refunded", "退回", "Refund", "退款 支付退回 refunded",
		[]key{keyPayment, keyAmount, keyDate, keyReason, keyMemo}, []key{keyPayment, keyAmount, keyDate, keyReason}, +1},
	{"disbursement.corrected", "更正", "Correction", "支付更正 corrected",
		[]key{keyPayment, keyTo, keyToEconomicClass, keyDate, keyReason, keyMemo}, []key{keyPayment, keyDate, keyReason}, 0},
	{"budget.allocated", "年初预算", "Allocation", "下达 年初预算下达 预算下达 年初预算数 allocated initial initialbudget", adjustment, documented, +1},
	{"budget.supplemented", "追加", "Supplement", "预算追加 调增 supplemented", adjustment, reasoned, +1},
	{"budget.reduced", "追减", "Reduction", "预算追减 调减 reduced", adjustment, reasoned, -1},
	{"budget.transferred", "调剂", "Transfer", "预算调剂 transferred",
		[]key{keyTo, keyAmount, keyDate, keyDocument, keyReason, keyMemo}, []key{keyTo, keyAmount, keyDate, keyDocument, keyReason}, -1},
	{"budget.recalled", "收回", "Recall", "预算收回 recalled", adjustment, reasoned, -1},
	{"budget.frozen", "冻结", "Freeze", "预算冻结 frozen", adjustment, reasoned, -1},
	{"budget.unfrozen", "解冻", "Unfreeze", "预算解冻 unfrozen", adjustment, reasoned, +1},
	{"carryover.received", "结转转入", "Carryover in", "上年结转转入 上年结转 carryover carryoverreceived",
		[]key{keyAmount, keyDate, keyDocument, keyMemo}, dated, +1},
	{"carryover.confirmed", "结转确认", "Carryover confirmed", "结转数决算确认 决算确认",
		[]key{keyAmount, keyDate, keyDocument, keyMemo}, documented, 0},
	{"carryover.sent", "结转下年", "Carryover out", "carryoversent", []key{keyAmount, keyDate, keyDocument, keyMemo}, dated, -1},
	{"surplus.returned", "结余上缴", "Surplus returned", "结余 上缴 surplus", adjustment, documented, -1},
	{"commitment.made", "合同占用", "Commitment", "签订合同 committed commitmentmade",
		[]key{keyCommitment, keyAmount, keyDate, keyPayee, keyDocument, keyMemo}, []key{keyCommitment, keyAmount, keyDate}, -1},
	{"commitment.changed", "合同变更", "Commitment changed", "合同占用变更",
		[]key{keyCommitment, keyAmount, keyDate, keyReason, keyMemo}, []key{keyCommitment, keyAmount, keyDate}, 0},
	{"commitment.released", "合同释放", "Commitment released", "合同占用释放",
		[]key{keyCommitment, keyDate, keyReason, keyMemo}, []key{keyCommitment, keyDate}, 0},
}

// funds are the words for each fund.
var funds = []struct {
	fund  events.Fund
	zh    string
	words string
}{
	{events.GeneralPublic, "一般公共预算", "一般公共预算资金 一般公共预算拨款 公共预算 generalpublicbudget general"},
	{events.GovernmentFund, "政府性基金", "政府性基金预算 政府性基金预算资金 政府性基金拨款 基金预算"},
	{events.StateCapital, "国有资本经营", "国有资本经营预算 国有资本经营预算资金 国有资本"},
	{events.SocialInsurance, "社会保险基金", "社会保险基金预算 社保基金 socialinsurancefund"},
	{events.SpecialAccount, "财政专户管理资金", "财政专户管理资金(非税) 财政专户 专户资金 specialfiscalaccount"},
	{events.UnitFunds, "单位资金", "单位资金/其他资金 其他资金 unitfunds(other) other"},
}

// mark begins the headers that a report adds, so that they are known for its
// own on the way back in.
const mark = "※"

// lexicon finds what words mean, with the rank of each: the likeliest is 0.
type lexicon map[string]meaning

type meaning struct{ of, rank int }

func (l lexicon) learn(of int, words ...string) {
	for rank, word := range words {
		word = canonical(word)
		if _, known := l[word]; !known {
			l[word] = meaning{of, rank}
		}
	}
}

var headerWords, kindWords, fundWords = learnHeaders(), learnKinds(), learnFunds()

func learnHeaders() lexicon {
	words := lexicon{}
	for k, c := range columns {
		words.learn(k, append([]string{c.zh, c.en, c.member}, strings.Fields(c.words)...)...)
	}
	return words
}

func learnKinds() lexicon {
	words := lexicon{}
	for i, k := range kinds {
		words.learn(i, append([]string{k.zh, k.en, k.noun, "outturn." + k.noun + ".v1"}, strings.Fields(k.words)...)...)
	}
	return words
}

func learnFunds() lexicon {
	words := lexicon{}
	for i, f := range funds {
		words.learn(i, append([]string{f.zh, string(f.fund)}, strings.Fields(f.words)...)...)
	}
	return words
}

// canonical is a header or a word without what people write in many ways:
// width, case, spaces, stars, dashes and underscores.
func canonical(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\n', '\r', '\u00A0', '\u3000', '\uFEFF', '*', '_', '-', ',', ':', '.', '\'', '"':
			return -1
		}
		return r
	}, strings.ToLower(width.Fold.String(text)))
}

var (
	unitTail    = regexp.MustCompile(`^(.+?)[(\[]?(?:单位|人民币|in)?(万元|元|wanyuan|wan|10000yuan|yuan|rmb|cny)[)\]]?$`)
	unitCell    = regexp.MustCompile(`^[(\[]?(?:金额|计量)?(?:单位|unit)(?:人民币)?(万元|元|wanyuan|10000yuan|yuan)[)\]]?$`)
	bracketTail = regexp.MustCompile(`[(\[].*[)\]]$`)
)

// header says what a header means, and what its amounts are in if it says so.
func header(text string) (found meaning, unit Denomination, ok bool) {
	word := canonical(text)
	if found, ok = headerWords[word]; ok {
		return found, "", true
	}
	if parts := unitTail.FindStringSubmatch(word); parts != nil {
		if found, ok = headerWords[parts[1]]; ok && key(found.of) == keyAmount {
			return found, denomination(parts[2]), true
		}
	}
	found, ok = headerWords[bracketTail.ReplaceAllString(word, "")]
	return found, "", ok
}

// unitAbove says what amounts are in, if a cell above the header says only that:
// "单位：万元".
func unitAbove(text string) Denomination {
	if parts := unitCell.FindStringSubmatch(canonical(text)); parts != nil {
		return denomination(parts[1])
	}
	return ""
}

func denomination(word string) Denomination {
	switch word {
	case "万元", "wanyuan", "wan", "10000yuan":
		return WanYuan
	}
	return Yuan
}

// nearest finds the word that is nearest to one of the lexicon's in spelling.
func (l lexicon) nearest(word string) (of int, ok bool) {
	word = canonical(word)
	best := len([]rune(word))/2 + 1
	for known, m := range l {
		if distance := distance(word, known); distance < best || distance == best && ok && m.of < of {
			best, of, ok = distance, m.of, true
		}
	}
	return of, ok
}

// maxMisspelled bounds the work of comparing a word that somebody sent, in
// characters.
const maxMisspelled = 40

// distance is how many characters have to be put in, left out or exchanged.
func distance(one, other string) int {
	a, b := []rune(one), []rune(other)
	if len(a) > maxMisspelled {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
