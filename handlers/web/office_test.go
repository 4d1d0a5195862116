package web_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/web/browser"
)

// officePages are the pages of an office that has something of everything.
func officePages(open events.ProposalID, decided string) []struct{ name, path string } {
	at := "/approvals/" + string(open)
	return []struct{ name, path string }{
		{"import", "/import"}, {"approvals", "/approvals"}, {"approval", at}, {"decline", at + "/decline"}, {"withdraw", at + "/withdraw"},
		{"decided", decided}, {"close", "/close?year=2023"}, {"close-month", "/close/YYGX?year=2023&act=month&month=4"},
		{"close-year", "/close/YYGX?year=2023&act=year"}, {"reopen", "/close/YYGX?year=2023&act=reopen"}, {"controls", "/controls"},
		{"control", "/controls/control?unit=YYGX&control=soft"}, {"control-remove", "/controls/control/remove?unit=YYGX&control=soft"},
		{"override", "/controls/override"}, {"override-end", "/controls/override/end?line=yueyang-2023-15-a&override=TP-1"},
		{"review", "/controls/review?unit=YYGX&review=big"}, {"review-remove", "/controls/review/remove?unit=YYGX&review=big"},
		{"people", "/people"}, {"person", "/people/clerk"}, {"retired", "/people/gone-1"}, {"register", "/register"}, {"grant", "/people/clerk/grant"},
		{"revoke", "/people/clerk/revoke?role=poster&unit=YYGX"}, {"token", "/people/clerk/token"},
		{"token-revoke", "/people/clerk/token/revoke?token=desk"}, {"retire", "/people/clerk/retire"}, {"signins", "/signins"},
	}
}

// busyOffice is a world with rules, a proposal that was declined and one that
// waits, and its pages.
func busyOffice(t *testing.T) (*world, []struct{ name, path string }) {
	w := newWorld(t).rules()
	first := w.propose("150000.00")
	made := w.recorder.Position()
	w.post(user("chief"), `proposal.declined yueyang-2023-04-a {"about":"line","proposal":"`+string(first)+`","reason":"凭证不全，请补附合同"}`)
	return w, officePages(w.propose("160000.00"), fmt.Sprintf("/approvals/%s?made=%d", first, made))
}

func TestEveryPageOfTheOfficeIsWhole(t *testing.T) {
	t.Parallel()
	w, pages := busyOffice(t)
	server := w.as(operator)
	shown := regexp.MustCompile(`>[^<]*\b(office|member|figure|filter|type|role|availability|pool|planlimit|event)\.[a-z_]+\b[^<]*<`)
	for _, lang := range languages {
		for _, page := range pages {
			got := get(t, server+page.path, lang)
			if got.status != http.StatusOK || !strings.Contains(got.body, `aria-current="page"`) {
				t.Errorf("%s in %s answers %d", page.path, lang, got.status)
			}
			if found := shown.FindString(got.body); found != "" || strings.Contains(got.body, "no value") {
				t.Errorf("%s in %s shows %q", page.path, lang, found)
			}
			if strings.Contains(got.body, " style=") || strings.Contains(got.body, "<script>") {
				t.Errorf("%s has style or script of its own, which the policy forbids", page.path)
			}
		}
	}
}

func TestTheOfficeIsSmall(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int64{"static/office.css": 6 << 10, "static/office.js": 3 << 10} {
		if info, err := os.Stat(name); err != nil || info.Size() > limit {
			t.Errorf("%s: %v, %v; want at most %d bytes", name, info, err, limit)
		}
	}
}

// TestWhoSeesWhat: the office's pages by role.
func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	w, pages := busyOffice(t)
	open := pages[2].path
	for name, statuses := range map[string]map[string]int{
		"clerk": {
			"/import": 200, "/approvals": 200, open: 200, open + "/decline": 403, "/close": 200, "/close/YYGX?year=2023": 403,
			"/controls": 200, "/controls/control": 403, "/controls/override": 403, "/people": 403, "/people/clerk": 403, "/signins": 403, "/register": 403,
		},
		"chief":  {"/import": 403, open + "/decline": 200, "/close/YYGX?year=2023": 200, "/close/YYGX?year=2023&act=year": 403, "/controls/override": 200, "/controls/review": 403},
		"boss":   {"/people": 200, "/people/clerk/grant": 200, "/people/nobody": 404, "/close/YYGX?year=2023&act=year": 200, "/controls/review": 200, "/import": 403},
		"looker": {"/people": 200, "/people/clerk": 200, "/people/clerk/grant": 403, "/signins": 200, "/register": 403},
		"radio":  {"/approvals": 200, open: 404, pages[5].path: 404, "/close": 200, "/close/YYGX?year=2023": 404, "/close/YYGX-RADIO?year=2023": 403},
		"gone-1": {"/approvals": 403, "/controls": 403, "/close": 403, "/import": 403},
	} {
		server := w.as(user(name))
		for path, want := range statuses {
			if got := get(t, server+path, "zh-CN").status; got != want {
				t.Errorf("%s: %s answers %d, want %d", name, path, got, want)
			}
		}
	}
	radio := w.as(user("radio"))
	for path, hidden := range map[string]string{"/approvals": "160,000.00", "/close?year=2023": ">岳阳市工业和信息化局<", "/controls": "TP-2"} {
		if body := get(t, radio+path, "zh-CN").body; strings.Contains(body, hidden) {
			t.Errorf("%s shows %q to who may read another unit only", path, hidden)
		}
	}
	// Who may not press a button does not see it, and is refused all the same.
	if body := get(t, w.as(user("looker"))+"/people/clerk", "zh-CN").body; strings.Contains(body, "/people/clerk/grant") {
		t.Error("an auditor is offered to grant roles")
	}
	for path, fill := range map[string][]string{"/people/clerk/grant": {"role", "admin"}, "/controls/override": {"line", "yueyang-2023-04-a"}, "/close/YYGX?year=2023": {"reason", "x"}} {
		wantsStatus(t, sendForm(t, w.as(user("clerk"))+path, sheetOf("", fill...), "zh-CN"), http.StatusForbidden)
	}
}

// done sends a form and follows it to the page that says what was recorded.
func done(t *testing.T, server, path string, form url.Values) answer {
	t.Helper()
	sent := sendForm(t, server+path, form, "zh-CN")
	wantsStatus(t, sent, http.StatusSeeOther)
	page := get(t, server+sent.header.Get("Location"), "zh-CN")
	wantsStatus(t, page, http.StatusOK)
	wants(t, page.body, "已记录为事件")
	return page
}

func TestAnotherPersonApproves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/approvals/" + string(w.propose("160000.00"))
	clerk, chief := w.as(user("clerk")), w.as(user("chief"))
	own := get(t, clerk+path, "zh-CN").body
	wants(t, own, "这一笔由您本人提交", "1,388,600.00", "1,228,600.00", path+"/withdraw")
	if strings.Contains(own, "复核通过</button>") {
		t.Error("the proposer is offered to approve")
	}
	refused := sendForm(t, clerk+path, sheetOf(own), "zh-CN")
	wantsStatus(t, refused, http.StatusForbidden) // the clerk is no approver
	w.post(operator, `role.granted clerk {"role":"approver","unit":"YYGX"}`)
	refused = sendForm(t, clerk+path, sheetOf(own), "zh-CN")
	wantsStatus(t, refused, http.StatusUnprocessableEntity)
	wants(t, refused.body, `role="alert"`, "须由另一人复核")

	form := sheetOf(get(t, chief+path, "zh-CN").body, "note", "同意")
	approved := done(t, chief, path, form)
	wants(t, approved.body, "复核通过：支付", "chief", "同意", "记录为事件")
	wants(t, get(t, chief+"/approvals", "zh-CN").body, "没有等待复核的事项", "已办结", "同意")
	again := sendForm(t, chief+path, form, "zh-CN")
	wantsStatus(t, again, http.StatusNotFound) // it waits no more
	last := w.ledger.read().events
	if event := last[len(last)-1].Event; event.Type.Noun() != "disbursement.paid" || event.Actor != "clerk" || event.Approver != "chief" {
		t.Errorf("the log ends with %s of %s, approved by %s", event.Type, event.Actor, event.Approver)
	}
}

func TestADeclineNeedsAReasonAndAWithdrawalTheProposer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/approvals/" + string(w.propose("160000.00"))
	clerk, chief := w.as(user("clerk")), w.as(user("chief"))
	missing := sendForm(t, chief+path+"/decline", sheetOf(get(t, chief+path+"/decline", "zh-CN").body), "zh-CN")
	wantsStatus(t, missing, http.StatusUnprocessableEntity)
	wants(t, missing.body, `href="#o-reason"`, `id="e-reason"`, `aria-invalid="true"`, "<title>出错：退回")
	other := sendForm(t, chief+path+"/withdraw", sheetOf(get(t, chief+path+"/withdraw", "zh-CN").body), "zh-CN")
	wantsStatus(t, other, http.StatusForbidden)
	wants(t, done(t, clerk, path+"/withdraw", sheetOf(get(t, clerk+path+"/withdraw", "zh-CN").body, "reason", "金额填错")).body, "撤回提交：支付", "金额填错")
}

func TestAProposalThatNoLongerHoldsSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/approvals/" + string(w.propose("1000000.00"))
	w.post(operator, `budget.reduced yueyang-2023-04-a {"amount":"900000.00","date":"2023-11-21","document":"减 1","reason":"压减"}`)
	chief := w.as(user("chief"))
	page := get(t, chief+path, "zh-CN")
	wants(t, page.body, "这一笔不能通过", "488,600.00")
	refused := sendForm(t, chief+path, sheetOf(page.body, "note", "我的意见"), "zh-CN")
	wantsStatus(t, refused, http.StatusUnprocessableEntity)
	wants(t, refused.body, `role="alert"`, "还差 511,400.00 元", ">我的意见</textarea>")
}

func TestATokenIsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.as(user("boss"))
	form := sheetOf(get(t, server+"/people/clerk/token", "zh-CN").body, "token", "desk-2", "label", "办公室电脑", "expires", "2027-03-31")
	issued := sendForm(t, server+"/people/clerk/token", form, "zh-CN")
	wantsStatus(t, issued, http.StatusOK)
	secret := regexp.MustCompile(`outturn_[A-Za-z0-9_-]+`).FindString(issued.body)
	if strings.Count(issued.body, secret) != 1 || issued.header.Get("Cache-Control") != "no-store" || issued.header.Get("Location") != "" {
		t.Fatalf("the token %q is shown %d times, kept as %q", secret, strings.Count(issued.body, secret), issued.header.Get("Cache-Control"))
	}
	tokens := auth.Tokens{Keyring: &auth.Keyring{}, Directory: func() auth.Directory { return w.recorder.View().Access }, Now: officeNow}
	if by, refusal := tokens.Find(secret); refusal != nil || by.Name != "clerk" || by.Token != "desk-2" {
		t.Errorf("the token lets in %v, %v", by, refusal)
	}
	again := sendForm(t, server+"/people/clerk/token", form, "zh-CN") // the page loaded anew
	wantsStatus(t, again, http.StatusUnprocessableEntity)
	for _, body := range []string{again.body, get(t, server+"/people/clerk", "zh-CN").body, get(t, server+"/people", "zh-CN").body} {
		if strings.Contains(body, secret) || strings.Contains(body, auth.TokenPrefix) {
			t.Error("a page shows the token again")
		}
	}
	for _, view := range w.ledger.read().events {
		if bytes.Contains(view.Event.Raw(), []byte(secret)) {
			t.Errorf("event %d holds the token", view.Event.Sequence)
		}
	}
	revoke := "/people/clerk/token/revoke?token=desk-2"
	done(t, server, revoke, sheetOf(get(t, server+revoke, "zh-CN").body))
	if _, refusal := tokens.Find(secret); refusal == nil || refusal.Reason != access.ReasonTokenRevoked {
		t.Errorf("the revoked token: %v", refusal)
	}
}

func TestPeopleAreLetInByForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.as(user("boss"))
	blank := sheetOf(get(t, server+"/register", "zh-CN").body)
	missing := sendForm(t, server+"/register", blank, "zh-CN")
	wantsStatus(t, missing, http.StatusUnprocessableEntity)
	wants(t, missing.body, `href="#o-user"`, "请填写“用户”")
	bad := sendForm(t, server+"/register", sheetOf(missing.body, "user", "张三", "label", "出纳"), "zh-CN")
	wantsStatus(t, bad, http.StatusUnprocessableEntity)
	wants(t, bad.body, `id="e-user"`, `value="张三"`, `value="出纳"`)
	if strings.Contains(bad.body, "“subject”") || strings.Contains(bad.body, "/subject") {
		t.Error("an error names the field as events do")
	}
	taken := sendForm(t, server+"/register", sheetOf(bad.body, "user", "clerk"), "zh-CN")
	wantsStatus(t, taken, http.StatusUnprocessableEntity)
	wants(t, taken.body, `href="#o-user"`, "已被占用")
	registered := sheetOf(taken.body, "user", "cashier-2")
	done(t, server, "/register", registered)
	before := w.recorder.Position()
	done(t, server, "/register", registered)
	if w.recorder.Position() != before {
		t.Error("a form that is sent twice is recorded twice")
	}
	grant := "/people/cashier-2/grant"
	page := done(t, server, grant, sheetOf(get(t, server+grant, "zh-CN").body, "role", "poster", "unit", "YYGX", "until", "２０２７-０１-３１"))
	wants(t, page.body, "经办", "岳阳市工业和信息化局", "2027-01-31", "cashier-2")
	revoke := "/people/cashier-2/revoke?role=poster&unit=YYGX"
	wants(t, done(t, server, revoke, sheetOf(get(t, server+revoke, "zh-CN").body)).body, "没有角色，不能登录")
	retire := "/people/cashier-2/retire"
	wants(t, done(t, server, retire, sheetOf(get(t, server+retire, "zh-CN").body, "reason", "岗位撤销")).body, "已停用")
}

func TestBooksAreClosedAndReopened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.propose("160000.00")
	chief, boss := w.as(user("chief")), w.as(user("boss"))
	month := "/close/YYGX?year=2023&act=month&month=11"
	asked := get(t, chief+month, "zh-CN")
	wants(t, asked.body, "及其下 1 个单位", "2023-11-30 及以前", "月结不能单独撤销", "1 笔")
	wants(t, done(t, chief, month, sheetOf(asked.body, "reason", "十一月已对账")).body, "已月结到 11 月", "月结 12 月")
	early := get(t, chief+"/close/YYGX?year=2026&act=month&month=11", "en")
	wants(t, early.body, "The month ends on 2026-11-30")
	year := "/close/YYGX?year=2023&act=year"
	wants(t, done(t, boss, year, sheetOf(get(t, boss+year, "zh-CN").body)).body, "全年已结", "重开…")
	wants(t, sendForm(t, boss+year, sheetOf(get(t, boss+year, "zh-CN").body), "zh-CN").body, `role="alert"`, "已年结")
	reopen := "/close/YYGX?year=2023&act=reopen"
	missing := sendForm(t, boss+reopen, sheetOf(get(t, boss+reopen, "zh-CN").body), "zh-CN")
	wantsStatus(t, missing, http.StatusUnprocessableEntity)
	wants(t, done(t, boss, reopen, sheetOf(missing.body, "reason", "审计调整")).body, "尚未月结", "年结…")
	wants(t, get(t, chief+"/close?year=2023", "zh-CN").body, "月结 1 月")
}

func TestRulesAreSetByForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss, chief := w.as(user("boss")), w.as(user("chief"))
	wants(t, get(t, boss+"/controls", "zh-CN").body, "没有规则时", "没有设定额度控制", "支付、预算调剂", "超过 100,000.00 元")
	control := "/controls/control"
	typed := sheetOf(get(t, boss+control, "zh-CN").body, "unit", "YYGX", "control", "soft", "availability", "warn", "tolerance_amount", "１，０００ 元", "tolerance_percent", "7000", "pool", "project", "plan", "quarter", "kind", "project", "fund", "")
	bad := sendForm(t, boss+control, typed, "zh-CN")
	wantsStatus(t, bad, http.StatusUnprocessableEntity)
	wants(t, bad.body, `href="#o-tolerance_percent"`, `<option value="warn" selected>`, `value="7000"`)
	typed.Set("tolerance_percent", "5")
	typed.Set("key", sheetOf(bad.body).Get("key"))
	wants(t, done(t, boss, control, typed).body, "超出时提醒；容差 1,000.00 元；容差为全年预算的 5%；控制范围：整个项目；用款计划控制：按季控制", "项目支出")
	remove := "/controls/control/remove?unit=YYGX&control=soft"
	wants(t, done(t, boss, remove, sheetOf(get(t, boss+remove, "zh-CN").body)).body, "没有设定额度控制")

	override := "/controls/override"
	sheet := sheetOf(get(t, chief+override, "zh-CN").body, "line", "nowhere", "override", "TP-7", "amount", "5000", "until", "2026-12-31", "reason", "应急")
	unknown := sendForm(t, chief+override, sheet, "zh-CN")
	wantsStatus(t, unknown, http.StatusUnprocessableEntity)
	wants(t, unknown.body, `href="#o-line"`, `value="nowhere"`)
	sheet.Set("line", "yueyang-2023-04-a")
	wants(t, done(t, chief, override, sheet).body, "可超出 5,000.00 元，至 2026-12-31", "应急")
	end := "/controls/override/end?line=yueyang-2023-04-a&override=TP-7"
	wants(t, done(t, chief, end, sheetOf(get(t, chief+end, "zh-CN").body)).body, "没有有效的特批")

	review := "/controls/review"
	rule := sheetOf(get(t, boss+review, "zh-CN").body, "unit", "YYGX-RADIO", "review", "all", "over", "")
	rule.Del("types")
	wants(t, sendForm(t, boss+review, rule, "zh-CN").body, `href="#o-types"`, "请填写“哪些事项”")
	rule["types"] = []string{"outturn.disbursement.refunded.v1", "outturn.plan.set.v1"}
	wants(t, done(t, boss, review, rule).body, "退回、用款计划", "每一笔")
	unreview := "/controls/review/remove?unit=YYGX-RADIO&review=all"
	if body := done(t, boss, unreview, sheetOf(get(t, boss+unreview, "zh-CN").body)).body; strings.Contains(body, "退回、用款计划") {
		t.Error("the rule is still there")
	}
}

// paymentsFile is a file of payments, of which the third row cannot be read and
// the fourth is more than there is.
const paymentsFile = "流水号,指标编码,金额,日期,凭证号,收款人,用途\r\n" +
	"S-1,yueyang-2023-04-a,\"1,200.50\",2023-11-20,凭证 1,湖南理工学院,教材\r\n" +
	"S-2,yueyang-2023-04-a,800,2023-11-20,凭证 2,湖南理工学院,=cmd\r\n" +
	"S-3,yueyang-2023-04-a,八百,2023-11-20,凭证 3,湖南理工学院,场地\r\n" +
	"S-4,yueyang-2023-04-a,99000000,2023-11-20,凭证 4,湖南理工学院,场地\r\n" +
	"S-5,yueyang-2023-04-a,300,2023-11-20,凭证 5,湖南理工学院,交通\r\n"

// sendFile sends a file to be checked and returns where its import is told about.
func sendFile(t *testing.T, server, name, body string, options ...string) (where string, got answer) {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for i := 0; i+1 < len(options); i += 2 {
		if err := w.WriteField(options[i], options[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = io.WriteString(part, body)
	}
	if err = errorsOf(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, server+"/import", &form)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	request.Header.Set("Accept-Language", "zh-CN")
	got = send(t, request)
	return got.header.Get("Location"), got
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// reported waits for an import's end and returns its page.
func (w *world) reported(by access.Principal, server, where string) answer {
	w.t.Helper()
	id := strings.TrimPrefix(strings.Split(where, "?")[0], "/import/")
	if _, err := w.imports.Wait(w.t.Context(), id, by); err != nil {
		w.t.Fatal(err)
	}
	page := get(w.t, server+where, "zh-CN")
	wantsStatus(w.t, page, http.StatusOK)
	return page
}

func TestAFileIsCheckedMendedAndRecordedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server, before := w.as(user("clerk")), w.recorder.Position()
	where, _ := sendFile(t, server, "支付.csv", paymentsFile, "unit", "yuan", "mode", "each")
	report := w.reported(user("clerk"), server, where)
	wants(t, report.body, "支付.csv", "试算，未记账", "3 行有问题", "记录无误的 2 行", "1,500.50", "<q>八百</q>", "还差", "=cmd")
	if w.recorder.Position() != before {
		t.Fatal("a dry run recorded something")
	}
	mend := get(t, server+where+"/rows.csv", "zh-CN")
	wants(t, mend.header.Get("Content-Disposition"), "attachment")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(mend.body, "\uFEFF"))).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][0] != "S-2" {
		t.Fatalf("%d rows to mend, %v, %v", len(rows), rows, err)
	}
	if book := get(t, server+where+"/rows.xlsx", "zh-CN"); !strings.HasPrefix(book.body, "PK") {
		t.Error("the workbook of rows to mend is none")
	}
	recorded := sendForm(t, server+where, sheetOf(""), "zh-CN")
	wantsStatus(t, recorded, http.StatusSeeOther)
	wants(t, w.reported(user("clerk"), server, recorded.header.Get("Location")).body, "已记录 2 行。", "3 行有问题")
	if got := w.recorder.Position() - before; got != 2 {
		t.Fatalf("%d events were recorded, want 2", got)
	}
	mended := strings.NewReplacer("八百", "800", "99000000", "900", "=cmd", "教材").Replace(paymentsFile)
	where, _ = sendFile(t, server, "支付.csv", mended)
	wants(t, w.reported(user("clerk"), server, where).body, "记录无误的 3 行", "此前已记，不再重复")
	wants(t, get(t, server+"/import", "zh-CN").body, "支付.csv", "试算，未记账 · 完成")
	if got := get(t, w.as(user("boss"))+where, "zh-CN").status; got != http.StatusNotFound {
		t.Errorf("another person's import answers %d", got)
	}
}

func TestAllOrNothingIsBlockedByOneRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server, before := w.as(user("clerk")), w.recorder.Position()
	where, _ := sendFile(t, server, "支付.csv", paymentsFile, "mode", "whole")
	report := w.reported(user("clerk"), server, where)
	wants(t, report.body, "您选择了“要么全部记录，要么都不记”", "有 3 行有问题")
	if strings.Contains(report.body, "记录无误的") {
		t.Error("the rows that hold are offered to be recorded")
	}
	forced := sendForm(t, server+where, sheetOf(""), "zh-CN")
	wants(t, w.reported(user("clerk"), server, forced.header.Get("Location")).body, "什么都没有记录", "因整批未通过而未记")
	if w.recorder.Position() != before {
		t.Error("something was recorded")
	}
}

func TestAFileThatCannotBeTakenKeepsTheOptions(t *testing.T) {
	t.Parallel()
	server := newWorld(t).as(user("clerk"))
	for name, body := range map[string]string{"notes.txt": "hello", "empty.csv": "", "no-header.csv": "a,b\n1,2\n"} {
		_, got := sendFile(t, server, name, body, "unit", "wan", "mode", "whole")
		wantsStatus(t, got, http.StatusUnprocessableEntity)
		wants(t, got.body, `role="alert"`, `href="#file"`, `id="file-error"`, `value="wan" checked`, `value="whole" checked`)
	}
	_, large := sendFile(t, server, "large.csv", strings.Repeat("x", intake.MaxBytes+100_000))
	wantsStatus(t, large, http.StatusUnprocessableEntity)
	wants(t, large.body, "上限为")
	for _, format := range []string{"csv", "xlsx"} {
		got := get(t, server+"/import/template."+format, "zh-CN")
		if got.status != http.StatusOK || len(got.body) < 100 || !strings.Contains(got.header.Get("Content-Disposition"), "attachment") {
			t.Errorf("the template as %s answers %d with %d bytes", format, got.status, len(got.body))
		}
	}
}

func TestAFormThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	server := newWorld(t).as(user("boss"))
	got := sendForm(t, server+"/register", url.Values{"user": {strings.Repeat("x", 100_000)}}, "en")
	wantsStatus(t, got, http.StatusRequestEntityTooLarge)
	wants(t, got.body, "<title>")
}

// TestOfficeInTheBrowser shares one browser; each part has tabs of its own.
func TestOfficeInTheBrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	for name, part := range map[string]func(*testing.T, *browser.Browser){
		"every page is accessible in every look":          officeLooks,
		"an import goes by keyboard from file to records": importByKeyboard,
		"an import goes without a script":                 importWithoutScript,
		"a progress bar moves to the report":              progressMoves,
		"errors are led to, and a token shows once":       officeErrors,
		"pages print": officePrints,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); part(t, b) })
	}
}

// officeLook are the ways that the office is looked at.
var officeLook = map[string]browser.Look{
	"zh-light": {Width: 1400, Height: 1000, Language: "zh-CN"},
	"en-dark":  {Width: 1400, Height: 1000, Language: "en", Dark: true},
	"zh-phone": {Width: 390, Height: 844, Language: "zh-CN", Phone: true},
}

func checkLook(t *testing.T, tab *browser.Tab, name, look string) {
	t.Helper()
	if wide := browser.Evaluate[int](tab, "document.documentElement.scrollWidth"); wide > int(officeLook[look].Width) {
		t.Errorf("%s is %d wide", name, wide)
	}
	tab.Screenshot("office-" + name + "-" + look)
	tab.CheckAccessible()
}

func officeLooks(t *testing.T, b *browser.Browser) {
	w, pages := busyOffice(t)
	server := w.as(operator)
	where, _ := sendFile(t, server, "支付.csv", paymentsFile)
	w.reported(operator, server, where)
	pages = append(pages, []struct{ name, path string }{{"report", where}, {"imports", "/import"}, {"forbidden", "/people/nobody"}}...)
	empty := newWorld(t).as(operator)
	for name, look := range officeLook {
		tab := b.Tab(t, look)
		for _, page := range pages {
			tab.Open(server + page.path)
			checkLook(t, tab, page.name, name)
		}
		for _, path := range []string{"approvals", "controls", "signins"} {
			tab.Open(empty + "/" + path)
			checkLook(t, tab, path+"-empty", name)
		}
	}
}

// paymentsOnDisk is the file of payments for a browser to choose.
func paymentsOnDisk(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payments.csv")
	if err := os.WriteFile(path, []byte(paymentsFile), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// importByKeyboard presses nothing but keys once the file is chosen.
func importByKeyboard(t *testing.T, b *browser.Browser) {
	w := newWorld(t)
	server := w.as(user("clerk"))
	tab := b.Tab(t, officeLook["en-dark"])
	tab.Open(server + "/import")
	tab.Upload("#file", paymentsOnDisk(t))
	enter := func(selector string) {
		t.Helper()
		tab.Wait(`document.querySelector('` + selector + `')`)
		browser.Evaluate[bool](tab, `(document.querySelector('`+selector+`').focus(), true)`)
		if got := browser.Evaluate[bool](tab, `document.activeElement.matches('`+selector+`:focus')`); !got {
			t.Fatalf("%s does not take the focus", selector)
		}
		tab.Fill(selector, "\r")
	}
	enter(".upload button")
	tab.Wait(`document.querySelector(".report")`)
	if got := tab.Text(".record button"); got != "Record the 2 rows that hold" {
		t.Errorf("the button reads %q", got)
	}
	enter(".record button")
	tab.Wait(`document.querySelector("main .recorded") && !document.querySelector(".record")`)
	if got := tab.Text(".recorded"); !strings.Contains(got, "2 rows are recorded") {
		t.Errorf("the page says %q", got)
	}
	tab.CheckAccessible()
}

func importWithoutScript(t *testing.T, b *browser.Browser) {
	w := newWorld(t)
	server := w.as(user("clerk"))
	look := officeLook["zh-light"]
	look.NoScript = true
	tab := b.Tab(t, look)
	tab.Open(server + "/import")
	tab.Upload("#file", paymentsOnDisk(t))
	tab.Click(".upload button")
	tab.Wait(`document.querySelector(".report")`) // the page loads itself again until it is over
	tab.Click(".record button")
	tab.Wait(`document.querySelector("main .recorded")`)
	if got := tab.Text(".recorded"); !strings.Contains(got, "已记录 2 行") {
		t.Errorf("the page says %q", got)
	}
}

// slow is a recorder that decides nothing before it is let.
type slow struct {
	*commands.Recorder
	let <-chan struct{}
}

func (s slow) Submit(ctx context.Context, submission commands.Submission) ([]commands.Result, error) {
	select {
	case <-s.let:
		return s.Recorder.Submit(ctx, submission)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// progressMoves holds an import back until it was looked at.
func progressMoves(t *testing.T, b *browser.Browser) {
	for name, look := range officeLook {
		w, let := newWorld(t), make(chan struct{})
		w.runImports(slow{w.recorder, let})
		server := w.as(user("clerk"))
		where, _ := sendFile(t, server, "支付.csv", paymentsFile)
		tab := b.Tab(t, look)
		tab.Open(server + where)
		if got := browser.Evaluate[int](tab, `document.querySelector("progress").max`); got != 5 {
			t.Errorf("the bar is of %d rows", got)
		}
		checkLook(t, tab, "progress", name)
		look.NoScript = true
		bare := b.Tab(t, look)
		bare.Open(server + where)
		close(let)
		for _, one := range []*browser.Tab{tab, bare} {
			one.Wait(`document.querySelector(".report")`)
		}
	}
}

func officeErrors(t *testing.T, b *browser.Browser) {
	w := newWorld(t)
	server := w.as(user("boss"))
	for name, look := range officeLook {
		tab := b.Tab(t, look)
		tab.Open(server + "/controls/control")
		tab.Fill("#o-tolerance_amount", "很多")
		tab.Fill("#o-control", "soft-1")
		tab.Click(".entry button")
		tab.Wait(`document.activeElement.className === "summary"`)
		checkLook(t, tab, "control-wrong", name)
		tab.Press(".summary a")
		tab.Wait(`document.activeElement.id === "o-tolerance_amount" && document.activeElement.value === "很多" && document.getElementById("o-control").value === "soft-1"`)
		tab.Open(server + "/people/looker/token")
		tab.Click(".entry button")
		if got := browser.Evaluate[string](tab, `document.getElementById("secret").value`); !strings.HasPrefix(got, auth.TokenPrefix) {
			t.Errorf("the page shows %q", got)
		}
		if strings.Contains(tab.Address(), auth.TokenPrefix) {
			t.Error("the token stands in the address")
		}
		checkLook(t, tab, "secret", name)
	}
}

func officePrints(t *testing.T, b *browser.Browser) {
	w, pages := busyOffice(t)
	server := w.as(operator)
	tab := b.Tab(t, officeLook["zh-light"])
	for _, name := range []string{"approval", "close", "people", "controls"} {
		for _, page := range pages {
			if page.name != name {
				continue
			}
			tab.Open(server + page.path)
			paper, err := os.ReadFile(tab.PDF("office-" + name))
			if err != nil || !bytes.Contains(paper, []byte("/MediaBox [0 0 841")) {
				t.Errorf("%s is not printed on A4 landscape: %v", name, err)
			}
		}
	}
}
