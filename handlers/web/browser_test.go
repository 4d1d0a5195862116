package web_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/web"
	"github.com/outturn/outturn/handlers/web/browser"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// serve puts pages over a reader on a server. Its clock is in 2026, so that
// the year 2023 is shown at its end.
func serve(t *testing.T, reader projections.Reader, change ...func(*web.Config)) string {
	t.Helper()
	config := web.Config{
		Reader: reader, Logger: quietLogger(),
		Now: func() time.Time { return time.Date(2026, time.November, 24, 3, 0, 0, 0, time.UTC) },
	}
	if source, ok := reader.(forms.Source); ok {
		config.Forms = source
	}
	for _, one := range change {
		one(&config)
	}
	server := httptest.NewServer(web.New(config))
	t.Cleanup(server.Close)
	return server.URL
}

// signsIn makes a server ask for a token.
func signsIn(config *web.Config) { config.Entrance = door{} }

// door lets in who has the right token.
type door struct{}

func (door) SignIn(w http.ResponseWriter, _ *http.Request, token string) *events.Refusal {
	if token != "right" {
		return events.Refuse(access.CodeUnauthenticated, access.ReasonTokenUnknown, "")
	}
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "opened", Path: "/", HttpOnly: true})
	return nil
}

func (door) SignOut(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
}

// looked at are the pages that are looked at, by the name of their picture.
var lookedAt = []struct{ name, path string }{
	{"overview", "/?year=2023"},
	{"overview-may", "/?year=2023&as_of=2023-05-31&money=yuan"},
	{"filters", "/?year=2023&as_of=2023-10-31&unit=YYGX&fund=general_public&kind=project"},
	{"months", "/?year=2023&by=month"},
	{"lines", "/?year=2023&by=line&sort=full_year"},
	{"sources", "/?year=2023&by=source"},
	{"postings", "/postings?year=2023&as_of=2023-12-31&project=yueyang-2023-06&figure=full_year"},
	{"executed", "/postings?year=2023&as_of=2023-12-31&figure=executed"},
	{"zero", "/postings?year=2023&figure=frozen"},
	{"line", "/lines/yueyang-2023-04-a"},
	{"event", "/events/52"},
	{"narrow", "/?year=2023&fund=state_capital"},
	{"bad-filter", "/?year=20x3&fund=gold"},
	{"not-found", "/lines/nowhere"},
	{"forms", "/forms"},
	{"form", "/forms/2023/yueyang-2023-04?cell=funds.total.executed"},
	{"form-department", "/forms/2023/YYGX?cell=execution.rate"},
	{"form-total", "/forms/2023/yueyang-2023-15?cell=total.score"},
	{"form-sichuan", "/forms/2023/yueyang-2023-06?template=sichuan"},
	{"form-no-cell", "/forms/2023/yueyang-2023-04?cell=nothing"},
	{"audit", "/audit"},
	{"rules", "/audit/rules"},
}

// TestInTheBrowser shares one browser; each part has tabs of its own.
func TestInTheBrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	url := serve(t, report2023(t))
	for name, part := range map[string]func(*testing.T, *browser.Browser, string){
		"every number opens without a script":         everyNumberOpens,
		"a script switches the theme in place":        themeSwitches,
		"new events are offered and not pushed":       newEventsAreOffered,
		"signing in leads to the page asked for":      signingIn,
		"printed pages are A4 with heads and pages":   printedPages,
		"a cell opens to the events it is the sum of": cellOpens,
		"a file is audited and compared":              fileIsAudited,
		"a form is printed alone on A4 upright":       printedForm,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, b, url)
		})
	}
	for name, look := range map[string]browser.Look{
		"zh-light":  {Width: 1400, Height: 1000, Language: "zh-CN"},
		"en-dark":   {Width: 1400, Height: 1000, Language: "en", Dark: true},
		"zh-phone":  {Width: 390, Height: 844, Language: "zh-CN", Phone: true},
		"en-phone":  {Width: 390, Height: 844, Language: "en", Phone: true, Dark: true},
		"en-tablet": {Width: 900, Height: 1100, Language: "en"},
	} {
		t.Run("pages look right in "+name, func(t *testing.T) {
			t.Parallel()
			tab := b.Tab(t, look)
			for _, page := range lookedAt {
				tab.Open(url + page.path)
				tab.View(page.name + "-" + name)
				tab.CheckAccessible()
				if wide := browser.Evaluate[int](tab, "document.documentElement.scrollWidth"); wide > int(look.Width) {
					t.Errorf("%s is %d wide, more than the %d of the screen", page.path, wide, look.Width)
				}
			}
		})
	}
}

func everyNumberOpens(t *testing.T, b *browser.Browser, url string) {
	tab := b.Tab(t, browser.Look{Width: 1400, Height: 1000, Language: "zh-CN", NoScript: true})
	tab.Open(url + "/?year=2023")
	total := tab.Text(".total .c-executed")
	tab.Click(".total .c-executed a")
	if got := tab.Text(".figure .big"); !strings.HasPrefix(got, total) {
		t.Errorf("the total %s opened %s", total, got)
	}
	tab.Click("tbody tr:nth-child(2) .c-sequence a")
	if got := tab.Text("h1"); !strings.HasPrefix(got, "支付 #") {
		t.Errorf("the newest posting opened %q", got)
	}
	tab.Click(`.switch a[lang="en"]`)
	if got := tab.Text("h1"); !strings.HasPrefix(got, "Payment #") {
		t.Errorf("in English the event is %q", got)
	}
	tab.Click(`.themes a[data-set-theme="dark"]`)
	tab.Click(".brand")
	if got := browser.Evaluate[string](tab, "document.documentElement.lang + document.documentElement.dataset.theme"); got != "endark" {
		t.Errorf("language and theme are %q on the next page", got)
	}
}

func themeSwitches(t *testing.T, b *browser.Browser, url string) {
	tab := b.Tab(t, browser.Look{Width: 1400, Height: 1000, Language: "zh-CN"})
	tab.Open(url + "/?year=2023")
	tab.Press(`[data-set-theme="dark"]`)
	if got := browser.Evaluate[string](tab, "document.documentElement.dataset.theme + document.cookie"); !strings.HasPrefix(got, "darkoutturn_theme=dark") {
		t.Errorf("after choosing dark: %q", got)
	}
	if got := tab.Address(); got != url+"/?year=2023" {
		t.Errorf("choosing a theme led to %s", got)
	}
}

func newEventsAreOffered(t *testing.T, b *browser.Browser, url string) {
	tab := b.Tab(t, browser.Look{Width: 1400, Height: 1000, Language: "en"})
	tab.Open(url + "/?year=2023")
	if got := browser.Evaluate[bool](tab, `document.querySelector(".news").hidden`); !got {
		t.Error("new events are offered where there are none")
	}
	offered := browser.Evaluate[string](tab, `(document.body.dataset.sequence = "1", dispatchEvent(new Event("focus")), new Promise((shown) => {
		const news = document.querySelector(".news");
		new MutationObserver(() => shown(news.innerText)).observe(news, { attributes: true });
	}))`)
	if !strings.Contains(offered, "new events") {
		t.Errorf("the page offers %q", offered)
	}
	tab.CheckAccessible()
}

func signingIn(t *testing.T, b *browser.Browser, _ string) {
	guarded, empty := serve(t, report2023(t), signsIn), serve(t, &fake{})
	tab := b.Tab(t, browser.Look{Width: 1000, Height: 800, Language: "zh-CN"})
	tab.Open(guarded + "/signin?next=%2Fpostings%3Ffigure%3Dexecuted")
	tab.Fill("#token", "wrong")
	tab.Click("form.token button")
	tab.View("signin-zh-light")
	tab.CheckAccessible()
	tab.Fill("#token", "right")
	tab.Click("form.token button")
	if at := tab.Address(); at != guarded+"/postings?figure=executed" {
		t.Errorf("signing in led to %s", at)
	}
	tab.Open(empty + "/")
	tab.View("empty-zh-light")
	tab.CheckAccessible()
}

func printedPages(t *testing.T, b *browser.Browser, url string) {
	tab := b.Tab(t, browser.Look{Width: 1400, Height: 1000, Language: "zh-CN", Dark: true})
	for name, path := range map[string]string{"overview": "/?year=2023&as_of=2023-10-31", "executed": "/postings?year=2023&figure=executed"} {
		tab.Open(url + path)
		paper, err := os.ReadFile(tab.PDF(name + "-print"))
		if err != nil || !strings.HasPrefix(string(paper), "%PDF-") {
			t.Errorf("%s prints %d bytes, %v", path, len(paper), err)
		}
		// A4 landscape is 297 × 210 mm, in points 841.9 × 595.3.
		if !bytes.Contains(paper, []byte("/MediaBox [0 0 841")) {
			t.Errorf("%s is not printed on A4 landscape", path)
		}
	}
}

// cellOpens goes from a number of a form to the events under it, with a script
// in place and without one by loading the page.
func cellOpens(t *testing.T, b *browser.Browser, url string) {
	for name, look := range map[string]browser.Look{
		"script": {Width: 1400, Height: 1000, Language: "en"}, "no script": {Width: 1400, Height: 1000, Language: "en", NoScript: true},
	} {
		tab := b.Tab(t, look)
		tab.Open(url + "/forms/2023/yueyang-2023-04")
		const cell = `[id="c-funds.total.executed"]`
		printed := tab.Text(cell)
		if look.NoScript {
			tab.Click(cell + " a")
		} else {
			tab.Press(cell + " a")
			tab.Wait(`document.querySelector("#cell .big") && location.search.includes("cell=")`)
			if got := browser.Evaluate[string](tab, "document.activeElement.id"); got != "cell" {
				t.Errorf("the focus is on %q, not on the panel", got)
			}
		}
		if got := tab.Text("#cell .big"); !strings.HasPrefix(got, printed) {
			t.Errorf("%s: the cell %s opened %q", name, printed, got)
		}
		sum := browser.Evaluate[string](tab, `[...document.querySelectorAll("#cell .terms li:not(.total) > .n")]
			.reduce((sum, n) => sum + Math.round(100 * n.textContent.replaceAll(",", "").replace("−", "-")), 0) / 1e6 + ""`)
		if sum != printed {
			t.Errorf("%s: the postings add up to %s, the cell is %s", name, sum, printed)
		}
		tab.Click("#cell .terms small a")
		if got := tab.Text("h1"); !strings.HasPrefix(got, "Payment #") {
			t.Errorf("%s: the newest posting opened %q", name, got)
		}
	}
}

// fileIsAudited uploads the report of 2023, its facts only.
func fileIsAudited(t *testing.T, b *browser.Browser, url string) {
	for name, look := range map[string]browser.Look{
		"zh-light": {Width: 1400, Height: 1000, Language: "zh-CN"},
		"en-dark":  {Width: 1400, Height: 1000, Language: "en", Dark: true},
		"zh-phone": {Width: 390, Height: 844, Language: "zh-CN", Phone: true},
	} {
		tab := b.Tab(t, look)
		tab.Open(url + "/audit")
		tab.Upload("#file", declaredFile)
		tab.Click(".drop button")
		tab.View("audited-" + name)
		if got := tab.Text("#form-4 .findings li:first-child"); !strings.Contains(got, "FUND-SUM") || !strings.Contains(got, "69") {
			t.Errorf("%s: the first finding of form 04 is %q", name, got)
		}
		wide := browser.Evaluate[int](tab, `(document.querySelectorAll("#form-4 details").forEach(one => one.open = true),
			document.getElementById("form-4").scrollIntoView(), document.documentElement.scrollWidth)`)
		if wide > int(look.Width) {
			t.Errorf("%s: the findings are %d wide", name, wide)
		}
		tab.View("audited-04-" + name)
		tab.CheckAccessible()
		tab.Open(url + "/audit")
		tab.Upload("#file", "../formimport/testdata/README.md")
		tab.Click(".drop button")
		tab.View("audit-refused-" + name)
		tab.CheckAccessible()
	}
}

func printedForm(t *testing.T, b *browser.Browser, url string) {
	tab := b.Tab(t, browser.Look{Width: 1400, Height: 1000, Language: "zh-CN", Dark: true})
	tab.Open(url + "/forms/2023/yueyang-2023-04?cell=funds.total.executed")
	paper, err := os.ReadFile(tab.PDF("form-print"))
	if err != nil || !bytes.Contains(paper, []byte("/MediaBox [0 0 594.9")) && !bytes.Contains(paper, []byte("/MediaBox [0 0 595")) {
		t.Errorf("the form is not printed on A4 upright: %d bytes, %v", len(paper), err)
	}
	if n := bytes.Count(paper, []byte("/Type /Page\n")); n != 1 {
		t.Errorf("the form takes %d pages", n)
	}
}
