package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/web/browser"
)

// caseWorld has a case in each stage, and pace rules.
func caseWorld(t *testing.T) *world {
	w := newWorld(t)
	raised := func(alert, about, subject, rule, date, due, more string) string {
		return `alert.raised ` + subject + ` {"about":"` + about + `","alert":"` + alert + `","year":2023,"rule":"` + rule + `","date":"` + date + `","due":"` + due + `"` + more + `}`
	}
	w.post(operator,
		raised("W-closed", "line", "yueyang-2023-04-a", "proportional-stalled", "2026-09-01", "2026-09-14", ""),
		`alert.closed yueyang-2023-04-a {"about":"line","alert":"W-closed","date":"2026-09-05","reason":"执行已跟上"}`,
		raised("W-answered", "line", "yueyang-2023-04-a", "steps-goal_gap", "2026-09-02", "2026-09-16", ""),
		`alert.answered yueyang-2023-04-a {"about":"line","alert":"W-answered","answer":"continue","date":"2026-09-05","reason":"九月支付"}`,
		raised("W-late", "line", "yueyang-2023-15-a", "sichuan_2025-far_behind", "2026-11-02", "2026-11-16", `,"rate":"21.40","progress":"83.33","detail":"执行率 21.40%，序时进度 83.33%，相差 -61.93 个百分点。"`),
		`alert.escalated yueyang-2023-15-a {"about":"line","alert":"W-late","date":"2026-11-17"}`,
		raised("W-open", "unit", "YYGX", "proportional-far_behind", "2026-11-20", "2026-12-04", `,"rate":"61.40","progress":"83.33"`),
		raised("W-hand", "line", "yueyang-2023-04-a", "by-hand", "2026-11-20", "2026-11-24", ""),
		`pace.set YYGX {"pace":"steps","curve":"steps","steps":[{"on":"04-30","percent":"25"},{"on":"06-30","percent":"40"}],"watch":"0","behind":"20","stalled_days":60,"goal_gap":"10","answer_days":5,"kind":"project","date":"2026-01-01"}`)
	return w
}

// casePages are the pages of cases and of pace rules.
func casePages() []struct{ name, path string } {
	return []struct{ name, path string }{
		{"cases", "/cases"}, {"cases-all", "/cases?state=all"}, {"case-late", "/cases/W-late"}, {"case-answered", "/cases/W-answered"},
		{"case-closed", "/cases/W-closed"}, {"case-answer", "/cases/W-late/answer"}, {"case-close", "/cases/W-open/close"},
		{"paces", "/paces"}, {"pace", "/paces/rule?unit=YYGX&pace=steps"}, {"pace-set", "/paces/rule?set=sichuan_2025"},
		{"pace-remove", "/paces/rule/remove?unit=YYGX&pace=steps"},
	}
}

func TestCasesPagesAreWhole(t *testing.T) {
	t.Parallel()
	server := caseWorld(t).as(operator)
	shown := regexp.MustCompile(`>[^<]*\b(office|member|case|pace|stage|answer|about|curve|type)\.[a-z_]+\b[^<]*<`)
	for _, lang := range languages {
		for _, page := range casePages() {
			got := get(t, server+page.path, lang)
			if got.status != http.StatusOK || !strings.Contains(got.body, `aria-current="page"`) {
				t.Errorf("%s in %s answers %d", page.path, lang, got.status)
			}
			if found := shown.FindString(got.body); found != "" || strings.Contains(got.body, "no value") || strings.Contains(got.body, " style=") {
				t.Errorf("%s in %s shows %q", page.path, lang, found)
			}
		}
	}
	list := get(t, server+"/cases", "zh-CN").body
	wants(t, list, "执行严重滞后（四川 2025", "逾期 6 个工作日", "剩 8 个工作日", "今天到期", "by-hand", "绩效目标与支出脱节（steps）", "未关闭 4", "已关闭 1")
	if strings.Contains(list, "W-closed") || strings.Index(list, "W-open") > strings.Index(list, "W-late") {
		t.Error("the page has a closed case, or an older case first")
	}
	wants(t, get(t, server+"/cases/W-late", "en").body, "Executed 21.40%", "61.93 points behind", `href="/events/`, "Escalated")
	wants(t, get(t, newWorld(t).as(operator)+"/cases", "en").body, "No such cases", "A case is raised when")
	wants(t, get(t, server+"/cases?state=all&before=2", "en").body, "No such cases", "Back to the newest")
	if got := get(t, server+"/cases?state=late", "en").status; got != http.StatusBadRequest {
		t.Errorf("a state that is none answers %d", got)
	}
}

func TestCasesByRole(t *testing.T) {
	t.Parallel()
	w := caseWorld(t)
	for name, statuses := range map[string]map[string]int{
		"clerk":  {"/cases": 200, "/cases/W-late": 200, "/cases/W-late/answer": 200, "/cases/W-late/close": 403, "/paces": 200, "/paces/rule": 403},
		"chief":  {"/cases/W-late/answer": 403, "/cases/W-late/close": 200},
		"boss":   {"/paces/rule": 200, "/cases/W-late/answer": 403, "/cases/nothing": 404},
		"radio":  {"/cases": 200, "/cases/W-open": 404, "/cases/W-open/answer": 404},
		"gone-1": {"/cases": 403, "/paces": 403},
	} {
		server := w.as(user(name))
		for path, want := range statuses {
			if got := get(t, server+path, "zh-CN").status; got != want {
				t.Errorf("%s: %s answers %d, want %d", name, path, got, want)
			}
		}
	}
	if body := get(t, w.as(user("radio"))+"/cases?state=all", "zh-CN").body; strings.Contains(body, "W-open") {
		t.Error("a case of another unit is listed")
	}
	wants(t, get(t, w.as(user("radio"))+"/paces", "zh-CN").body, "60 天无支付为停滞") // it holds for the station, too
}

func TestCasesAreAnsweredOnceAndClosed(t *testing.T) {
	t.Parallel()
	w := caseWorld(t)
	clerk, chief := w.as(user("clerk")), w.as(user("chief"))
	page := get(t, clerk+"/cases/W-late", "zh-CN").body
	wants(t, page, "/cases/W-late/answer")
	if strings.Contains(page, "/cases/W-late/close") {
		t.Error("a poster is offered to close")
	}
	const path = "/cases/W-late/answer"
	missing := sendForm(t, clerk+path, sheetOf(get(t, clerk+path, "zh-CN").body), "zh-CN")
	wantsStatus(t, missing, http.StatusUnprocessableEntity)
	wants(t, missing.body, `href="#o-answer"`, `id="e-answer"`, `id="e-reason"`)
	early := sendForm(t, clerk+path, sheetOf(missing.body, "answer", "reallocate", "reason", "调剂", "date", "2026-10-01"), "zh-CN")
	wantsStatus(t, early, http.StatusUnprocessableEntity)
	wants(t, early.body, `id="e-date"`, "调剂")

	form := sheetOf(early.body, "answer", "reallocate", "reason", "培训改为线上", "date", "2026-11-24")
	wants(t, done(t, clerk, path, form).body, "调整：培训改为线上", "已答复")
	before := w.recorder.Position()
	done(t, clerk, path, form) // sent twice
	if w.recorder.Position() != before {
		t.Error("a form that was sent twice is recorded twice")
	}
	again := sendForm(t, clerk+path, sheetOf(get(t, clerk+path, "zh-CN").body, "answer", "cancel", "reason", "不做了"), "zh-CN")
	wantsStatus(t, again, http.StatusUnprocessableEntity)
	wants(t, again.body, `role="alert"`, "答复不再更改")

	closed := done(t, chief, "/cases/W-late/close", sheetOf(get(t, chief+"/cases/W-late/close", "zh-CN").body, "reason", "资金已收回"))
	wants(t, closed.body, "已关闭", "资金已收回")
	c, _ := w.recorder.View().Alerts.Case("W-late")
	if len(c.History) != 4 || c.Answer != events.AnswerReallocate || c.History[2].Actor != "clerk" || c.History[3].Actor != "chief" {
		t.Errorf("the case is %+v", c)
	}
}

func TestCasesHavePaceRules(t *testing.T) {
	t.Parallel()
	w := caseWorld(t)
	boss := w.as(user("boss"))
	const path = "/paces/rule?set=july_november"
	sheet := sheetOf(get(t, boss+path, "zh-CN").body, "unit", "YYGX", "pace", "jn", "curve", "steps", "answer_days", "很快", "behind", "20")
	wrong := sendForm(t, boss+path, sheet, "zh-CN")
	wantsStatus(t, wrong, http.StatusUnprocessableEntity)
	wants(t, wrong.body, `id="e-answer_days"`)
	sheet.Set("answer_days", "7")
	wants(t, done(t, boss, path, sheet).body, "07-31 40%、11-30 80%", "7 个工作日内答复", ">jn<")
	const remove = "/paces/rule/remove?unit=YYGX&pace=jn"
	left := done(t, boss, remove, sheetOf(get(t, boss+remove, "zh-CN").body, "reason", "改回按月")).body
	if strings.Contains(left, ">jn<") {
		t.Error("a removed rule is still listed")
	}
}

func TestCasesInTheBrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	w := caseWorld(t)
	server, empty := w.as(operator), newWorld(t).as(operator)
	for name, look := range officeLook {
		tab := b.Tab(t, look)
		for _, page := range casePages() {
			tab.Open(server + page.path)
			checkLook(t, tab, page.name, name)
		}
		tab.Open(empty + "/cases")
		checkLook(t, tab, "cases-empty", name)
	}
	for _, noScript := range []bool{false, true} {
		look := officeLook["zh-phone"]
		look.NoScript = noScript
		tab := b.Tab(t, look)
		tab.Open(w.as(user("clerk")) + "/cases/W-late/answer")
		tab.Fill("#o-reason", "年底前支付")
		tab.Click(".entry button")
		if got := tab.Text("#e-answer"); got == "" {
			t.Error("a missing answer is not said beside its field")
		}
		if !noScript {
			checkLook(t, tab, "case-answer-wrong", "zh-phone")
		}
	}
}
