package events_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// update rewrites the golden files, the schemas and docs/events:
// go test ./events -update.
var update = flag.Bool("update", false, "rewrite testdata/golden and docs/events")

// golden is one event of the golden log as a program would write it.
type golden struct {
	id, subject, at string
	data            events.Data
	extensions      map[string]any
}

func yuan(t testing.TB, text string) money.Amount {
	t.Helper()
	amount, err := money.Parse(text)
	if err != nil {
		t.Fatalf("amount %q: %v", text, err)
	}
	return amount
}

func day(t testing.TB, text string) fiscal.Date {
	t.Helper()
	date, err := fiscal.ParseDate(text)
	if err != nil {
		t.Fatalf("date %q: %v", text, err)
	}
	return date
}

func ref[T any](value T) *T { return &value }

// goldenLog is a log with one event of each type, and one more of a type that
// got new members later. New ones go to its end, so that no golden file that
// exists ever changes.
func goldenLog(t testing.TB) []golden {
	y := func(text string) money.Amount { return yuan(t, text) }
	d := func(text string) fiscal.Date { return day(t, text) }
	const line, old, project, unit = "2023-GX-TRAIN-YB", "2023-GX-TRAIN-JZ", "GX-TRAIN", "YYGX-RADIO"
	return []golden{
		{"DJ-2023-0001", unit, "2023-01-01T09:00:00+08:00", events.UnitRegistered{Name: "岳阳市无线电监测站", Parent: ref(events.UnitID("YYGX")), Memo: "局属事业单位"}, nil},
		{"DJ-2023-0002", project, "2023-01-01T09:01:00+08:00", events.ProjectRegistered{Unit: "YYGX-RADIO", Year: 2023, Name: "企业人才培训专项经费", Kind: events.KindProject, ImplementingUnit: "岳阳市中小企业服务中心", Memo: "一级项目"}, nil},
		{"DJ-2023-0003", line, "2023-01-01T09:02:00+08:00", events.LineOpened{Year: 2023, Unit: "YYGX-RADIO", Project: project, Name: "培训费·本年一般公共预算", Fund: events.GeneralPublic, Vintage: 2023, FunctionClass: "2150805", EconomicClass: "30216", Memo: "单位资金不在此列"}, nil},
		{"ND-2023-0001", unit, "2023-01-01T09:03:00+08:00", events.YearOpened{Year: 2023, Date: d("2023-01-01"), Reason: "2023 年度开账", Memo: "全局"}, nil},
		{"XD-2023-0117", line, "2023-01-20T10:00:00+08:00", events.BudgetAllocated{Amount: y("500000.00"), Date: d("2023-01-20"), Document: "岳财预〔2023〕17号", Reason: "批复年初预算", Memo: "人大批准后二十日内批复"}, map[string]any{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}},
		{"ZJ-2023-0042", line, "2023-05-11T10:00:00+08:00", events.BudgetSupplemented{Amount: y("300000.00"), Date: d("2023-05-10"), Document: "岳财预指〔2023〕42号", Reason: "省级专项资金下达,新增培训班次", Memo: "省级资金"}, nil},
		{"ZJ-2023-0043", line, "2023-06-02T10:00:00+08:00", events.BudgetReduced{Amount: y("20000.00"), Date: d("2023-06-01"), Document: "岳财预〔2023〕63号", Reason: "压减一般性支出", Memo: "统一压减 4%"}, nil},
		{"SH-2023-0007", line, "2023-09-15T10:00:00+08:00", events.BudgetRecalled{Amount: y("10000.50"), Date: d("2023-09-15"), Document: "岳财督〔2023〕7号", Reason: "长期沉淀,财政收回统筹", Memo: "两年未用"}, nil},
		{"DJ-2023-0101", line, "2023-07-03T10:00:00+08:00", events.BudgetFrozen{Amount: y("50000.00"), Date: d("2023-07-03"), Document: "岳财绩〔2023〕9号", Reason: "绩效监控发现偏差,暂缓拨付", Memo: "待整改"}, nil},
		{"JD-2023-0101", line, "2023-08-21T10:00:00+08:00", events.BudgetUnfrozen{Amount: y("50000.00"), Date: d("2023-08-21"), Document: "岳财绩〔2023〕15号", Reason: "整改到位", Memo: "全额解冻"}, nil},
		{"TJ-2023-0003", line, "2023-08-25T10:00:00+08:00", events.BudgetTransferred{To: "2023-GX-OFFICE-YB", Amount: y("8000.00"), Date: d("2023-08-25"), Document: "岳财预调〔2023〕3号", Reason: "培训场地改为自有会议室,调剂用于办公费", Memo: "项目内调剂"}, nil},
		{"JZ-2023-0001", old, "2023-01-05T10:00:00+08:00", events.CarryoverReceived{Amount: y("123456.78"), Date: d("2023-01-01"), FromYear: 2022, Document: "岳财库〔2023〕1号", Memo: "按预算编制时估计"}, nil},
		{"JZ-2023-0002", old, "2023-04-18T10:00:00+08:00", events.CarryoverConfirmed{Amount: y("0.00"), Date: d("2023-04-18"), FromYear: 2022, Document: "岳财库〔2023〕26号", Memo: "决算核定无结转"}, nil},
		{"JZ-2023-0900", line, "2023-12-31T17:00:00+08:00", events.CarryoverSent{Amount: y("60000.00"), Date: d("2023-12-31"), ToYear: 2024, Document: "岳财库〔2023〕88号", Memo: "项目跨年实施"}, nil},
		{"JY-2023-0001", line, "2023-12-31T17:10:00+08:00", events.SurplusReturned{Amount: y("1234.56"), Date: d("2023-12-31"), Document: "缴款书 20231231-003", Reason: "项目完成后的结余", Memo: "缴入国库"}, nil},
		{"HT-2023-0011", line, "2023-03-02T10:00:00+08:00", events.CommitmentMade{Commitment: "HT-2023-011", Amount: y("180000.00"), Date: d("2023-03-01"), Counterparty: "湖南理工学院", Document: "培训服务合同 2023-011", Memo: "分两期付款"}, nil},
		{"HT-2023-0012", line, "2023-05-20T10:00:00+08:00", events.CommitmentChanged{Commitment: "HT-2023-011", Amount: y("200000.00"), Date: d("2023-05-20"), Reason: "增加一期班次", Memo: "补充协议一"}, nil},
		{"HT-2023-0013", line, "2023-11-30T10:00:00+08:00", events.CommitmentReleased{Commitment: "HT-2023-011", Date: d("2023-11-30"), Reason: "合同履行完毕,余额释放", Memo: "验收单已归档"}, nil},
		{"ZF-2023-0117", line, "2023-10-31T09:00:00+08:00", events.DisbursementPaid{Amount: y("411400.00"), Date: d("2023-10-31"), Document: "国库集中支付凭证 00231", Payee: "湖南理工学院", Purpose: "中小企业经营管理人员培训\n(第三期)", EconomicClass: "30216", Commitment: "HT-2023-011", Memo: "授权支付"}, map[string]any{"batch": 7, "urgent": false}},
		{"ZF-2023-0118", line, "2023-11-08T09:00:00+08:00", events.DisbursementRefunded{Payment: "ZF-2023-0117", Amount: y("3500.00"), Date: d("2023-11-08"), Reason: "学员缺席,退回伙食费", Memo: "原渠道退回"}, nil},
		{"ZF-2023-0119", line, "2023-11-09T09:00:00+08:00", events.DisbursementCorrected{Payment: "ZF-2023-0117", ToLine: "2023-GX-OFFICE-YB", ToEconomicClass: "30201", Date: d("2023-11-09"), Reason: "经济分类列错,更正为办公费", Memo: "更正通知书 12"}, nil},
		{"JH-2023-0001", line, "2023-01-25T10:00:00+08:00", events.PlanSet{Kind: events.OfLine, Year: 2023, Months: [12]money.Amount{2: y("100000.00"), 5: y("150000.00"), 9: y("250000.00")}, Date: d("2023-01-25"), Document: "用款计划表 2023-01", Reason: "按培训班次安排", Memo: "第一版"}, nil},
		{"JX-2023-0001", project, "2023-01-25T11:00:00+08:00", events.GoalSet{Kind: events.OfProject, Year: 2023, Date: d("2023-01-25"), Goal: "全年举办企业人才培训班 6 期,培训 600 人次,提升中小企业经营管理水平。", Memo: "随预算批复"}, nil},
		{"JX-2023-0002", project, "2024-01-15T11:00:00+08:00", events.GoalReported{Kind: events.OfProject, Year: 2023, Date: d("2023-12-31"), Actual: "举办培训班 5 期,培训 523 人次。", Memo: "一期因疫情取消"}, nil},
		{"JX-2023-0003", project, "2023-01-25T11:10:00+08:00", events.IndicatorSet{Kind: events.OfProject, Year: 2023, Indicator: "SL-01", Level1: "产出指标", Level2: "数量指标", Level3: "培训人次", Operator: events.AtLeast, Target: "600", MeasuringUnit: "人次", Weight: "10", Core: true, Date: d("2023-01-25"), Memo: "核心指标"}, nil},
		{"JX-2023-0004", project, "2024-01-15T11:10:00+08:00", events.IndicatorReported{Kind: events.OfProject, Year: 2023, Indicator: "SL-01", Date: d("2023-12-31"), Actual: "523", Note: "签到册统计", Memo: "含线上 80 人"}, nil},
		{"JX-2023-0005", project, "2024-01-20T11:10:00+08:00", events.IndicatorScored{Kind: events.OfProject, Year: 2023, Indicator: "SL-01", Date: d("2024-01-20"), Score: "8.72", Grade: "部分达成", Reason: "第六期取消,今后改为线上举办", Memo: "按完成比例计分"}, nil},
		{"YJ-2023-0010", unit, "2023-11-05T18:00:00+08:00", events.PeriodClosed{Year: 2023, Month: 10, Reason: "10 月对账完成", Memo: "与国库一致"}, nil},
		{"ND-2023-0900", unit, "2024-01-10T18:00:00+08:00", events.YearClosed{Year: 2023, Date: d("2023-12-31"), Reason: "决算前年结", Memo: "全部对账无误"}, nil},
		{"ND-2023-0901", unit, "2024-03-01T09:00:00+08:00", events.YearReopened{Year: 2023, Date: d("2024-03-01"), Reason: "审计调整", Memo: "审计报告 2024-5"}, nil},
		{"YJ-2023-0301", line, "2023-07-01T08:00:00+08:00", events.AlertRaised{Kind: events.OfLine, Alert: "LAG-2023-GX-TRAIN-YB-1", Year: 2023, Rule: "lag-20-points", Date: d("2023-06-30"), Detail: "执行率 18.00%,序时进度 50.00%,滞后 32 个百分点", Memo: "黄色预警"}, nil},
		{"YJ-2023-0302", line, "2023-07-08T08:00:00+08:00", events.AlertAnswered{Kind: events.OfLine, Alert: "LAG-2023-GX-TRAIN-YB-1", Answer: events.AnswerContinue, Date: d("2023-07-08"), Reason: "下半年集中办班,10 月底前支付", Memo: "附排期表"}, nil},
		{"YJ-2023-0303", line, "2023-11-01T08:00:00+08:00", events.AlertClosed{Kind: events.OfLine, Alert: "LAG-2023-GX-TRAIN-YB-1", Date: d("2023-10-31"), Reason: "执行率已达序时进度", Memo: "系统自动关闭"}, nil},
		{"ZP-2023-0001", project, "2024-02-01T15:00:00+08:00", events.FormIssued{Kind: events.OfProject, Year: 2023, Date: d("2024-02-01"), Template: "项目支出绩效自评表 2023 版", Digest: events.Digest(strings.Repeat("0123456789abcdef", 4)), Position: 33, Memo: "随决算公开"}, nil},
		{"JX-2023-0006", project, "2023-08-01T11:00:00+08:00", events.IndicatorSet{Kind: events.OfProject, Year: 2023, Indicator: "SX-02", Level1: "产出指标", Level2: "时效指标", Level3: "预算执行率", Operator: events.AtLeast, Target: "95", AdjustedTarget: "90", MeasuringUnit: "%", Weight: "5", Core: true, Computed: events.ComputedExecutionRate, Date: d("2023-08-01"), Memo: "年中调整指标值"}, nil},
		{"JZ-2024-0001", "2024-GX-TRAIN-JZ", "2024-01-05T10:00:00+08:00", events.CarryoverReceived{Amount: y("60000.00"), Date: d("2024-01-01"), FromYear: 2023, FromLine: line, Document: "岳财库〔2024〕1号", Memo: "按预算编制时估计"}, nil},
		{"JZ-2024-0002", "2024-GX-TRAIN-JZ", "2024-04-18T10:00:00+08:00", events.CarryoverConfirmed{Amount: y("60000.00"), Date: d("2024-04-18"), FromYear: 2023, FromLine: line, Document: "岳财库〔2024〕26号", Memo: "决算核定"}, nil},
		{"JZ-2023-0901", line, "2023-12-31T17:05:00+08:00", events.CarryoverSent{Amount: y("60000.00"), Date: d("2023-12-31"), ToYear: 2024, ToLine: "2024-GX-TRAIN-JZ", Document: "岳财库〔2023〕89号", Memo: "与下年指标对应"}, nil},
		{"TP-2023-0001", line, "2023-09-01T10:00:00+08:00", events.OverrideGranted{Override: "TP-1", Amount: y("20000.00"), Until: d("2023-12-31"), Date: d("2023-09-01"), Document: "会议纪要〔2023〕12号", Reason: "防汛抢险先行支付", Memo: "追加批复后终止"}, nil},
		{"TP-2023-0002", line, "2023-10-10T10:00:00+08:00", events.OverrideEnded{Override: "TP-1", Date: d("2023-10-10"), Reason: "追加已下达", Memo: "不再需要"}, nil},
		{"KZ-2023-0001", unit, "2023-01-01T09:30:00+08:00", events.ControlSet{Control: "yonghuan", Project: project, ProjectKind: events.KindProject, Fund: events.GeneralPublic, EconomicClass: "302", Availability: events.Warn, ToleranceAmount: y("1000.00"), TolerancePercent: "2.5", Pool: events.PoolClass, Plan: events.PlanQuarter, Date: d("2023-01-01"), Document: "岳财办〔2023〕2号", Reason: "按季控制用款", Memo: "试行"}, nil},
		{"KZ-2023-0002", unit, "2023-06-30T09:30:00+08:00", events.ControlRemoved{Control: "yonghuan", Date: d("2023-06-30"), Reason: "试行结束", Memo: "恢复逐笔控制"}, nil},
		{"FH-2023-0001", unit, "2023-01-01T09:31:00+08:00", events.ReviewSet{Review: "daer", Types: events.Types{"outturn.disbursement.paid.v1", "outturn.budget.transferred.v1"}, Over: y("50000.00"), Date: d("2023-01-01"), Reason: "大额支付须复核", Memo: "内控制度"}, nil},
		{"FH-2023-0002", unit, "2023-12-31T09:31:00+08:00", events.ReviewRemoved{Review: "daer", Date: d("2023-12-31"), Reason: "制度修订", Memo: "改为新规则"}, nil},
		{"TJ-2023-0901", line, "2023-10-30T09:00:00+08:00", events.ProposalMade{Kind: events.OfLine, Proposal: "P-41", Review: "daer", Event: events.Submitted(`{"data":{"amount":"60000.00","date":"2023-10-30","document":"00232"},"id":"ZF-2023-0120","source":"/finance/yueyang","specversion":"1.0","subject":"2023-GX-TRAIN-YB","type":"outturn.disbursement.paid.v1"}`), Memo: "经办提交"}, nil},
		{"TJ-2023-0902", line, "2023-10-30T10:00:00+08:00", events.ProposalApproved{Kind: events.OfLine, Proposal: "P-41", Note: "凭证齐全", Memo: "复核人甲"}, nil},
		{"TJ-2023-0903", line, "2023-10-30T10:01:00+08:00", events.ProposalDeclined{Kind: events.OfLine, Proposal: "P-43", Reason: "缺少验收单", Memo: "退回补充"}, nil},
		{"TJ-2023-0904", line, "2023-10-30T10:02:00+08:00", events.ProposalWithdrawn{Kind: events.OfLine, Proposal: "P-44", Reason: "重复提交", Memo: "经办撤回"}, nil},
		{"YH-2023-0001", "desk-1", "2023-01-01T08:00:00+08:00", events.UserRegistered{Label: "局财务科经办一岗", Memo: "岗位账号"}, nil},
		{"YH-2023-0002", "desk-1", "2023-01-01T08:01:00+08:00", events.RoleGranted{Role: events.Poster, Unit: "YYGX", Until: ref(d("2023-12-31")), Reason: "年度授权", Memo: "一年一授"}, nil},
		{"YH-2023-0003", "desk-1", "2023-12-31T08:01:00+08:00", events.RoleRevoked{Role: events.Poster, Unit: "YYGX", Reason: "岗位调整", Memo: "交接完毕"}, nil},
		{"YH-2023-0004", "desk-1", "2023-01-01T08:02:00+08:00", events.TokenIssued{Token: "treasury", Hash: events.Digest(strings.Repeat("0123456789abcdef", 4)), Expires: d("2023-12-31"), Label: "国库支付接口", Memo: "接口专用"}, nil},
		{"YH-2023-0005", "desk-1", "2023-08-01T08:02:00+08:00", events.TokenRevoked{Token: "treasury", Reason: "接口更换", Memo: "旧令牌作废"}, nil},
		{"YH-2023-0006", "desk-1", "2023-08-02T08:02:00+08:00", events.SessionOpened{Method: events.SignInToken, Token: "treasury", Memo: "浏览器"}, nil},
		{"YH-2023-0007", "desk-1", "2023-08-03T08:02:00+08:00", events.SessionRefused{Method: events.SignInOIDC, Cause: "no_role", Memo: "无角色"}, nil},
		{"YH-2023-0008", "desk-1", "2023-12-31T18:00:00+08:00", events.UserRetired{Reason: "岗位撤销", Memo: "停用"}, nil},
		{"ZF-2023-0120", line, "2023-10-30T09:00:00+08:00", events.DisbursementPaid{Amount: y("60000.00"), Date: d("2023-10-30"), Document: "00232"}, nil},
		{"XS-2023-0001", unit, "2023-01-01T09:32:00+08:00", events.PaceSet{Pace: "jindu", Project: project, ProjectKind: events.KindProject, Fund: events.GeneralPublic, Curve: events.CurveSteps, Steps: events.Steps{{On: "04-30", Percent: "25"}, {On: "06-30", Percent: "40"}, {On: "08-31", Percent: "60"}, {On: "10-31", Percent: "80"}}, Watch: "5", Behind: "20", StalledDays: 90, GoalGap: "10", AnswerDays: 10, Date: d("2023-01-01"), Document: "岳财绩〔2023〕1号", Reason: "按月考核支出进度", Memo: "试行"}, nil},
		{"XS-2023-0002", unit, "2023-12-31T09:32:00+08:00", events.PaceRemoved{Pace: "jindu", Date: d("2023-12-31"), Reason: "年度终了", Memo: "改用通用规则"}, nil},
		{"YJ-2023-0304", line, "2023-09-01T08:00:00+08:00", events.AlertRaised{Kind: events.OfLine, Alert: "LAG-2023-GX-TRAIN-YB-2", Year: 2023, Rule: "far_behind", Date: d("2023-08-31"), Due: ref(d("2023-09-14")), Rate: "18.00", Progress: "60.00", Detail: "滞后 42 个百分点"}, nil},
		{"YJ-2023-0305", line, "2023-09-15T08:00:00+08:00", events.AlertEscalated{Kind: events.OfLine, Alert: "LAG-2023-GX-TRAIN-YB-2", Date: d("2023-09-15"), Reason: "逾期未答复", Memo: "报分管领导"}, nil},
	}
}

// approver is who approved the golden event: only what was proposed has one.
func (g golden) approver() string {
	if g.id == "ZF-2023-0120" {
		return "review-desk"
	}
	return ""
}

// submitted writes the event as a client would.
func (g golden) submitted(t testing.TB) []byte {
	t.Helper()
	event := map[string]any{
		"specversion": "1.0", "id": g.id, "source": "/finance/yueyang", "type": g.data.Type(), "subject": g.subject,
		"time": g.at, "datacontenttype": "application/json", "data": g.data,
	}
	for name, value := range g.extensions {
		event[name] = value
	}
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatalf("marshal %s: %v", g.id, err)
	}
	return raw
}

// record parses and stamps the whole golden log, chained as the log chains it.
func recordGoldens(t testing.TB) []events.Event {
	t.Helper()
	var recorded []events.Event
	last := map[string]events.Hash{}
	for i, g := range goldenLog(t) {
		event, err := events.Parse(g.submitted(t))
		if err != nil {
			t.Fatalf("golden %s is refused: %v", g.data.Type(), err)
		}
		subject := string(event.About()) + "." + event.Subject
		event, err = event.Record(events.Stamp{
			Sequence:     uint64(i + 1),
			RecordedTime: time.Date(2024, time.February, 1, 8, 0, i, 123456000, time.UTC),
			Actor:        "finance-office",
			Approver:     g.approver(),
			PrevHash:     last[subject],
		})
		if err != nil {
			t.Fatalf("record golden %s: %v", g.data.Type(), err)
		}
		last[subject] = event.Hash()
		recorded = append(recorded, event)
	}
	return recorded
}

// versioned is the type's noun and version, "disbursement.paid.v1".
func versioned(t events.Type) string { return strings.TrimPrefix(string(t), "outturn.") }

// goldenFiles names the file of each event of the golden log:
// "indicator.set.v1.json" and, for the second of a type,
// "indicator.set.v1.2.json".
func goldenFiles(t testing.TB) []string {
	t.Helper()
	var files []string
	nth := map[events.Type]int{}
	for _, g := range goldenLog(t) {
		of := g.data.Type()
		nth[of]++
		name := versioned(of)
		if nth[of] > 1 {
			name = fmt.Sprintf("%s.%d", name, nth[of])
		}
		files = append(files, filepath.Join("testdata", "golden", name+".json"))
	}
	return files
}

// readGolden gives the stored bytes of a golden, without the file's newline.
func readGolden(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: write it with go test ./events -update", err)
	}
	return bytes.TrimSuffix(raw, []byte("\n"))
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestGoldens is not parallel, so that -update has written everything before
// the parallel tests read.
func TestGoldens(t *testing.T) {
	for i, event := range recordGoldens(t) {
		want := goldenLog(t)[i].data
		file := goldenFiles(t)[i]
		t.Run(filepath.Base(file), func(t *testing.T) {
			if *update {
				writeFile(t, file, append(event.Raw(), '\n'))
			}
			stored := readGolden(t, file)
			got, err := events.Decode(stored)
			if err != nil {
				t.Fatalf("a stored event must decode for ever: %v", err)
			}
			if diff := cmp.Diff(want, got.Data); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(event.Stamp, got.Stamp); diff != "" {
				t.Errorf("stamp (-want +got):\n%s", diff)
			}
			date, dated := got.On()
			if says := parsed(t, event.Raw())["data"].(object)["date"]; dated != (says != nil) || dated && date.String() != says {
				t.Errorf("it counts for %v (%v), and says %v", date, dated, says)
			}
			content, err := got.Content()
			if err != nil {
				t.Fatal(err)
			}
			submitted, err := events.Parse(content)
			if err != nil {
				t.Fatalf("the content of a golden is refused: %v", err)
			}
			again, err := submitted.Record(got.Stamp)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.Raw(), stored) {
				t.Errorf("recorded again:\n%s\nstored:\n%s", again.Raw(), stored)
			}
		})
	}
}

// TestGoldensAreChained follows prevhash through the golden files, as an
// auditor would follow a line's statement.
func TestGoldensAreChained(t *testing.T) {
	t.Parallel()
	last := map[string]events.Hash{}
	for i := range goldenLog(t) {
		event, err := events.Decode(readGolden(t, goldenFiles(t)[i]))
		must(t, err)
		subject := string(event.About()) + "." + event.Subject
		if event.Sequence != uint64(i+1) || event.PrevHash != last[subject] {
			t.Errorf("%s: sequence %d after %s, want %d after %s", event.Type, event.Sequence, event.PrevHash, i+1, last[subject])
		}
		last[subject] = event.Hash()
	}
}

func TestEveryTypeHasAGolden(t *testing.T) {
	t.Parallel()
	have := map[events.Type]int{}
	for _, g := range goldenLog(t) {
		have[g.data.Type()]++
	}
	for _, d := range events.Definitions() {
		if have[d.Type] == 0 {
			t.Errorf("%s has no golden: add one at the end of goldenLog", d.Type)
		}
	}
}

// TestGoldensSayEverything keeps a member from being left out of the goldens.
func TestGoldensSayEverything(t *testing.T) {
	t.Parallel()
	given := map[events.Type]map[string]bool{}
	for _, g := range goldenLog(t) {
		var event struct{ Data map[string]json.RawMessage }
		must(t, json.Unmarshal(g.submitted(t), &event))
		of := g.data.Type()
		if given[of] == nil {
			given[of] = map[string]bool{}
		}
		for name := range event.Data {
			given[of][name] = true
		}
	}
	for _, d := range events.Definitions() {
		for _, member := range d.Members() {
			if !given[d.Type][member.Name] {
				t.Errorf("no golden of %s gives %s", d.Type, member.Name)
			}
			if member.Says == "" {
				t.Errorf("%s: member %s has no meaning: add it to the table in schema.go", d.Type, member.Name)
			}
		}
	}
}

// minimal is a golden with nothing but what its type requires.
func minimal(t testing.TB, g golden) []byte {
	t.Helper()
	var event map[string]json.RawMessage
	var data map[string]json.RawMessage
	must(t, json.Unmarshal(g.submitted(t), &event))
	must(t, json.Unmarshal(event["data"], &data))
	d, _ := events.Lookup(g.data.Type())
	for _, member := range d.Members() {
		// A correction must say one of two optional things, and a curve of steps its
		// steps.
		if !member.Required && member.Name != "to_line" && member.Name != "steps" {
			delete(data, member.Name)
		}
	}
	for name := range event {
		switch name {
		case "specversion", "id", "source", "type", "subject":
		default:
			delete(event, name)
		}
	}
	var err error
	event["data"], err = json.Marshal(data)
	must(t, err)
	raw, err := json.Marshal(event)
	must(t, err)
	return raw
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMinimalEventsParse(t *testing.T) {
	t.Parallel()
	for _, g := range goldenLog(t) {
		event, err := events.Parse(minimal(t, g))
		if err != nil {
			t.Errorf("%s: %v", g.data.Type(), err)
			continue
		}
		if !event.Time.IsZero() {
			t.Errorf("%s: time %v, want none", event.Type, event.Time)
		}
		if event.About() != g.data.About() {
			t.Errorf("%s is about %q, want %q", event.Type, event.About(), g.data.About())
		}
	}
}
