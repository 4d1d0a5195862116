package web_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/web"
	"github.com/outturn/outturn/handlers/web/browser"
)

const (
	payLine     = "/desk/pay?line=yueyang-2023-04-a"
	otherLine   = "yueyang-2023-15-a"
	transferred = "/desk/transfer?line=yueyang-2023-04-a"
	minePage    = "/desk/mine"
)

// deskPages are the pages of the desk.
func deskPages() []struct{ name, path string } {
	pages := []struct{ name, path string }{
		{"find", "/desk"}, {"mine-none", minePage}, {"found", "/desk?q=2023-04"}, {"found-none", "/desk?q=nothing+here"}, {"pay-find", "/desk/pay"}, {"pay", payLine},
		{"transfer", transferred}, {"refund-pick", "/desk/refund?line=yueyang-2023-04-a"}, {"refund", "/desk/refund?line=yueyang-2023-04-a&payment=paid-once"},
		{"correct", "/desk/correct?line=yueyang-2023-04-a&payment=paid-once"}, {"commit", "/desk/commit?line=yueyang-2023-04-a"},
		{"commitments", "/desk/commitments"}, {"commitments-none", "/desk/commitments?line=" + otherLine},
		{"change", "/desk/commitments/change?line=yueyang-2023-04-a&commitment=HT-2023-07"}, {"release", "/desk/commitments/release?line=yueyang-2023-04-a&commitment=HT-2023-07"},
		{"pay-commitment", payLine + "&commitment=HT-2023-07"}, {"budget", "/desk/budget?line=yueyang-2023-04-a"},
	}
	for _, kind := range []string{"allocated", "supplemented", "reduced", "recalled", "frozen", "unfrozen", "carryover.received", "carryover.confirmed", "carryover.sent", "surplus.returned"} {
		pages = append(pages, struct{ name, path string }{kind, "/desk/budget?line=yueyang-2023-04-a&kind=" + kind})
	}
	return pages
}

// sheetOf is a page's form as a browser would send it back: its hidden fields
// and what stands in the others.
var fieldPattern = regexp.MustCompile(`(?s)<input[^>]* name="([a-z_]+)" value="([^"]*)"|<textarea[^>]* name="([a-z_]+)"[^>]*>([^<]*)<`)

func sheetOf(body string, fill ...string) url.Values {
	values := url.Values{}
	for _, found := range fieldPattern.FindAllStringSubmatch(body, -1) {
		if !strings.Contains(found[0], `type="radio"`) {
			values.Set(found[1]+found[3], html.UnescapeString(found[2]+found[4]))
		}
	}
	for i := 0; i+1 < len(fill); i += 2 {
		values.Set(fill[i], fill[i+1])
	}
	return values
}

// sendForm sends a form in a language.
func sendForm(t *testing.T, address string, values url.Values, lang string) answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept-Language", lang)
	return send(t, request)
}

// wants fails the test for each text that a body does not have.
func wants(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(body, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

func wantsStatus(t *testing.T, got answer, want int) {
	t.Helper()
	if got.status != want {
		t.Fatalf("answered %d, want %d:\n%s", got.status, want, got.body)
	}
}

func TestEveryPageOfTheDeskIsWhole(t *testing.T) {
	t.Parallel()
	server := newDesk(t).as(user("clerk"))
	shown := regexp.MustCompile(`>[^<]*\b(desk|member|figure|filter|office|type)\.[a-z_]+\b[^<]*<`)
	for _, lang := range languages {
		for _, page := range deskPages() {
			got := get(t, server+page.path, lang)
			if got.status != http.StatusOK {
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

func TestAPaymentIsCheckedThenRecordedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	server, before := d.as(user("clerk")), d.recorder.Position()
	filled := sheetOf(get(t, server+payLine, "zh-CN").body, "amount", "￥１，２００．５０ 元", "document", "凭证 99", "payee", "岳阳市印刷厂", "purpose", "教材")
	if filled.Get("date") != "2023-12-31" {
		t.Errorf("the date begins as %q; the year of the line is over", filled.Get("date"))
	}
	checked := sendForm(t, server+payLine, filled, "zh-CN")
	wantsStatus(t, checked, http.StatusOK)
	wants(t, checked.body, "壹仟贰佰元伍角整", "¥1,200.50", "支付 ¥1,200.50", "尚未记账", "教材")
	if d.recorder.Position() != before {
		t.Fatal("checking recorded something")
	}
	confirmed := sheetOf(checked.body, "step", "record")
	recorded := sendForm(t, server+payLine, confirmed, "zh-CN")
	wantsStatus(t, recorded, http.StatusOK)
	wants(t, recorded.body, "已记账", "¥1,200.50", "/events/")
	again := sendForm(t, server+payLine, confirmed, "zh-CN")
	wantsStatus(t, again, http.StatusOK)
	wants(t, again.body, "没有重复记账", "/events/")
	if got := d.recorder.Position(); got != before+1 {
		t.Errorf("%d events were recorded, want 1", got-before)
	}
	changed := sendForm(t, server+payLine, sheetOf(checked.body, "amount", "7"), "zh-CN")
	wantsStatus(t, changed, http.StatusUnprocessableEntity)
	wants(t, changed.body, "内容与这次不同")
	if sheetOf(changed.body).Get("key") == confirmed.Get("key") {
		t.Error("the form keeps the key of what was recorded")
	}
}

func TestAnErrorKeepsAllThatWasTyped(t *testing.T) {
	t.Parallel()
	server := newDesk(t).as(user("clerk"))
	typed := []string{"amount", "99,999,999.00", "date", "2023-06-31", "document", `凭证 "7" <b>`, "payee", "某单位", "purpose", "两行\n文字"}
	got := sendForm(t, server+payLine, sheetOf(get(t, server+payLine, "zh-CN").body, typed...), "zh-CN")
	wantsStatus(t, got, http.StatusUnprocessableEntity)
	wants(t, got.body, `role="alert"`, `href="#o-date"`, `id="e-date"`, "<title>出错：支付")
	for i, kept := 0, sheetOf(got.body); i < len(typed); i += 2 {
		if kept.Get(typed[i]) != typed[i+1] {
			t.Errorf("%s is %q, typed was %q", typed[i], kept.Get(typed[i]), typed[i+1])
		}
	}
	short := sendForm(t, server+payLine, sheetOf(got.body, "date", "2023-06-30"), "zh-CN")
	wantsStatus(t, short, http.StatusUnprocessableEntity)
	wants(t, short.body, `href="#o-amount"`, `id="e-amount"`, "还差")
}

func TestARefundAboveWhatWasPaidIsRefusedBesideItsField(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	server, path := d.as(user("clerk")), "/desk/refund?line=yueyang-2023-04-a&payment=paid-once"
	empty := get(t, server+path, "zh-CN")
	wants(t, empty.body, "最多可退 9,000.00 元", "凭证 52")
	above := sendForm(t, server+path, sheetOf(empty.body, "amount", "9000.01", "reason", "多付"), "zh-CN")
	wantsStatus(t, above, http.StatusUnprocessableEntity)
	wants(t, above.body, `href="#o-amount"`, `id="e-amount"`)
	checked := sendForm(t, server+path, sheetOf(above.body, "amount", "9000"), "zh-CN")
	wantsStatus(t, checked, http.StatusOK)
	recorded := sendForm(t, server+path, sheetOf(checked.body, "step", "record"), "zh-CN")
	wants(t, recorded.body, "已记账：退回", "¥9,000.00")
}

// failing answers every submission that is not a dry run with an error.
type failing struct {
	*commands.Recorder
	err error
}

func (f failing) Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error) {
	if s.DryRun {
		return f.Recorder.Submit(ctx, s)
	}
	return nil, f.err
}

func TestALogThatDoesNotAnswerLosesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for want, err := range map[string]error{`id="wrong-title">没有记账<`: commands.ErrLogUnavailable, `id="wrong-title">没有收到记账结果<`: commands.ErrOutcomeUnknown} {
		server := d.as(user("clerk"), func(c *web.Config) { c.Recorder = failing{d.recorder, err} })
		checked := sendForm(t, server+payLine, sheetOf(get(t, server+payLine, "zh-CN").body, "amount", "5", "document", "凭证 1"), "zh-CN")
		sent := sheetOf(checked.body, "step", "record")
		got := sendForm(t, server+payLine, sent, "zh-CN")
		wantsStatus(t, got, http.StatusServiceUnavailable)
		wants(t, got.body, want, "不会重复记账", `role="alert"`)
		if kept := sheetOf(got.body, "step", "record"); kept.Encode() != sent.Encode() {
			t.Errorf("to be sent again is %v, sent was %v", kept, sent)
		}
	}
}

func TestOnlyPostersPost(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, c := range map[string]struct {
		by   access.Principal
		path string
		want int
	}{
		"a poster of the department":      {user("clerk"), payLine, http.StatusOK},
		"the operator":                    {operator, payLine, http.StatusOK},
		"who approves only":               {user("chief"), payLine, http.StatusForbidden},
		"who looks only":                  {user("looker"), "/desk", http.StatusForbidden},
		"nobody":                          {access.Principal{}, "/desk/commitments", http.StatusForbidden},
		"a line that does not exist":      {user("clerk"), "/desk/pay?line=nowhere", http.StatusNotFound},
		"a payment that does not exist":   {user("clerk"), "/desk/refund?line=yueyang-2023-04-a&payment=none", http.StatusNotFound},
		"a commitment that is not there":  {user("clerk"), "/desk/commitments/release?line=yueyang-2023-04-a&commitment=none", http.StatusNotFound},
		"a kind of change that is not so": {user("clerk"), "/desk/budget?line=yueyang-2023-04-a&kind=doubled", http.StatusBadRequest},
	} {
		if got := get(t, d.as(c.by)+c.path, "zh-CN"); got.status != c.want {
			t.Errorf("%s: %s answers %d, want %d", name, c.path, got.status, c.want)
		}
	}
	got := sendForm(t, d.as(user("chief"))+payLine, url.Values{"key": {"abc"}, "amount": {"1"}, "step": {"record"}}, "en")
	wantsStatus(t, got, http.StatusForbidden)
}

func TestALargePaymentWaitsForASecondPerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	server := d.as(user("clerk"))
	checked := sendForm(t, server+payLine, sheetOf(get(t, server+payLine, "en").body, "amount", "150000", "document", "No. 8"), "en")
	wantsStatus(t, checked, http.StatusOK)
	wants(t, checked.body, "Submit for approval: Pay ¥150,000.00", "until another person approves")
	got := sendForm(t, server+payLine, sheetOf(checked.body, "step", "record"), "en")
	wantsStatus(t, got, http.StatusOK)
	waiting := d.recorder.View().Proposals
	if len(waiting) != 1 {
		t.Fatalf("%d proposals wait, want 1", len(waiting))
	}
	wants(t, got.body, "/approvals/"+string(waiting[0].ID), "Submitted for approval")
}

func TestWordsFindTheOtherLine(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	server := d.as(user("clerk"))
	filled := sheetOf(get(t, server+transferred, "zh-CN").body, "to", "2023-15", "amount", "300", "document", "调 1", "reason", "调剂")
	offered := sendForm(t, server+transferred, filled, "zh-CN")
	wantsStatus(t, offered, http.StatusUnprocessableEntity)
	wants(t, offered.body, `value="`+otherLine+`"`, "请从下面选择")
	checked := sendForm(t, server+transferred, sheetOf(offered.body, "to_choice", otherLine), "zh-CN")
	wantsStatus(t, checked, http.StatusOK)
	if got := strings.Count(checked.body, `class="moves"`); got != 2 {
		t.Errorf("%d lines are shown before and after, want 2", got)
	}
	recorded := sendForm(t, server+transferred, sheetOf(checked.body, "step", "record"), "zh-CN")
	wants(t, recorded.body, "已记账：预算调剂")
	none := sendForm(t, server+transferred, sheetOf(offered.body, "to", "没有的"), "zh-CN")
	wantsStatus(t, none, http.StatusUnprocessableEntity)
	wants(t, none.body, "没有找到含有“没有的”的指标", `href="#o-to"`)
}

func TestAPaymentUsesUpACommitment(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	server, path := d.as(user("clerk")), payLine+"&commitment=HT-2023-07"
	empty := get(t, server+path, "zh-CN")
	wants(t, empty.body, `<option value="HT-2023-07" selected>`, "剩余 40,000.00 元")
	checked := sendForm(t, server+path, sheetOf(empty.body, "amount", "40000", "document", "凭证 3", "commitment", "HT-2023-07"), "zh-CN")
	recorded := sendForm(t, server+path, sheetOf(checked.body, "step", "record"), "zh-CN")
	wantsStatus(t, recorded, http.StatusOK)
	wants(t, get(t, server+"/desk/commitments", "zh-CN").body, "没有未用完的合同占用")
	wants(t, get(t, server+"/desk/commitments?show=all", "zh-CN").body, "HT-2023-07", "60,000.00")
}

func TestTheDeskIsSmall(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int64{"static/post.css": 8 << 10, "static/post.js": 6 << 10} {
		if info, err := os.Stat(name); err != nil || info.Size() > limit {
			t.Errorf("%s: %v, %v; want at most %d bytes", name, info, err, limit)
		}
	}
}

// TestDeskInTheBrowser shares one browser; each part has tabs of its own.
func TestDeskInTheBrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	t.Run("the script writes amounts as the server does", func(t *testing.T) { t.Parallel(); scriptSpeaks(t, b) })
	t.Run("a payment by keyboard alone", func(t *testing.T) { t.Parallel(); payByKeyboard(t, b) })
	for name, look := range map[string]browser.Look{
		"zh-light": {Width: 1400, Height: 1100, Language: "zh-CN"},
		"en-dark":  {Width: 1400, Height: 1100, Language: "en", Dark: true},
		"zh-phone": {Width: 390, Height: 844, Language: "zh-CN", Phone: true},
	} {
		t.Run("pages look right in "+name, func(t *testing.T) { t.Parallel(); deskLooks(t, b.Tab(t, look), name, int(look.Width)) })
	}
}

// deskLooks looks at every page, and goes once through the steps of a payment
// with an error.
func deskLooks(t *testing.T, tab *browser.Tab, look string, width int) {
	d := newDesk(t)
	server := d.as(user("clerk"))
	see := func(name string) {
		t.Helper()
		tab.Screenshot("desk-" + name + "-" + look)
		tab.CheckAccessible()
		if wide := browser.Evaluate[int](tab, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("%s is %d wide", name, wide)
		}
	}
	for _, page := range deskPages() {
		tab.Open(server + page.path)
		see(page.name)
	}
	tab.Open(server + payLine)
	tab.Fill("#o-amount", "98765432.10")
	tab.Click(".entry button")
	see("pay-missing")
	tab.Fill("#o-document", "凭证 2023-1107")
	tab.Click(".entry button")
	see("pay-short")
	tab.Press("#o-amount")
	browser.Evaluate[string](tab, `document.querySelector("#o-amount").value = ""`)
	tab.Fill("#o-amount", "１５0,010.5")
	if got := tab.Text(".echo"); !strings.Contains(got, "壹拾伍万零壹拾元伍角整") {
		t.Errorf("the amount is echoed as %q", got)
	}
	see("pay-filled")
	tab.Click(".entry button")
	see("pay-check")
	tab.Click(`[value="record"]`)
	see("pay-done")
	tab.PDF("desk-done-" + look)
	d.post(user("clerk"), `disbursement.paid yueyang-2023-04-a {"amount":"3650.00","date":"2023-05-08","document":"凭证 60","purpose":"会议室租用"}`)
	for name, path := range map[string]string{
		"front-waiting": "/desk?q=2023-04", "mine": minePage, "line": "/lines/yueyang-2023-04-a", "line-narrowed": "/lines/yueyang-2023-04-a?q=%E5%87%AD%E8%AF%81&least=5000",
		"line-none": "/lines/yueyang-2023-04-a?q=nothing", "event": "/events/" + strconv.FormatUint(d.recorder.Position(), 10),
	} {
		tab.Open(server + path)
		see(name)
	}
}

// payByKeyboard pays without a mouse: from the search to the result.
func payByKeyboard(t *testing.T, b *browser.Browser) {
	d := newDesk(t)
	server, before := d.as(user("clerk")), d.recorder.Position()
	tab := b.Tab(t, browser.Look{Width: 1400, Height: 1000, Language: "zh-CN"})
	press := func(keys string) { t.Helper(); tab.Fill(":focus", keys) }
	until := func(selector string) { // moves on to an element
		t.Helper()
		for range 80 {
			if browser.Evaluate[bool](tab, `document.activeElement.matches('`+selector+`')`) {
				return
			}
			press("\t")
		}
		t.Fatalf("%s is not reached by the keyboard", selector)
	}
	tab.Open(server + "/desk")
	until("#q")
	press("2023-04-a\r")
	tab.Wait(`location.search.includes("q=") && document.readyState == "complete"`)
	browser.Evaluate[bool](tab, `(document.querySelector("#q").focus(), true)`)
	until(`.acts .first`)
	press("\r")
	tab.Wait(`document.querySelector("#o-amount") && document.readyState == "complete"`)
	until("#o-amount")
	press("1,200\t")
	until("#o-document")
	press("凭证 12\r")
	tab.Wait(`document.querySelector("form.confirm") && document.readyState == "complete"`)
	until(`[value="record"]`)
	press("\r")
	tab.Wait(`document.querySelector(".slip.done")`)
	if got := d.recorder.Position(); got != before+1 {
		t.Errorf("%d events were recorded, want 1", got-before)
	}
	if got := tab.Text("h1"); !strings.Contains(got, "已记账：支付") {
		t.Errorf("the last page is %q", got)
	}
}
