package web_test

import (
	"fmt"
	"html"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/web"
	"github.com/outturn/outturn/projections"
)

func quietLogger() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// answer is what a page answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// get opens a page in a language without following redirects.
func get(t *testing.T, address, lang string) answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Language", lang)
	return send(t, request)
}

func send(t *testing.T, request *http.Request) answer {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

var languages = []string{"zh-CN", "en"}

// leftOver finds ids of texts and empty parameters that a page shows instead of
// words.
var leftOver = regexp.MustCompile(`>[^<]*(<no value>|&lt;no value|\b(overview|column|filter|strip|status|postings|event|line|reason|code|member|figure|measure|type|fund|kind|source|gap|bar|chart|empty|problem|signin|shell|nav|theme|by|money|row|rate|cell|print|pager|forms|form|how|cellname|fundrow|rounding|spoken|budget|warning|warnings|audit|kindof|fileplace|unread|severity|compare|rules|format)\.[a-z_]+\b)[^<]*<`)

func TestEveryPageIsWholeInBothLanguages(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	for _, lang := range languages {
		for _, page := range lookedAt {
			got := get(t, url+page.path, lang)
			if want := fmt.Sprintf(`<html lang="%s"`, lang); !strings.Contains(got.body, want) || !strings.HasSuffix(strings.TrimSpace(got.body), "</html>") {
				t.Errorf("%s in %s is not a whole page with %s", page.path, lang, want)
			}
			if found := leftOver.FindString(got.body); found != "" && !strings.Contains(found, "outturn.") {
				t.Errorf("%s in %s shows %q", page.path, lang, found)
			}
			if strings.Contains(got.body, " style=") || strings.Contains(got.body, "<script>") {
				t.Errorf("%s has style or script of its own, which the policy forbids", page.path)
			}
		}
	}
}

func TestThePolicyIsOnEveryAnswer(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	for _, path := range []string{"/", "/nowhere", "/?year=0", "/events/1", "/position"} {
		header := get(t, url+path, "en").header
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "same-origin",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestStyleAndScriptAreSmallAndKept(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int64{"static/outturn.css": 15 << 10, "static/forms.css": 6 << 10, "static/outturn.js": 10 << 10} {
		if info, err := os.Stat(name); err != nil || info.Size() > limit {
			t.Errorf("%s: %v, %v; want at most %d bytes", name, info, err, limit)
		}
	}
	server := serve(t, report2023(t))
	body := get(t, server+"/", "en").body
	for _, pattern := range []string{`href="(/static/outturn\.[0-9a-f]{10}\.css)"`, `src="(/static/outturn\.[0-9a-f]{10}\.js)"`, `href="(/static/icon\.[0-9a-f]{10}\.svg)"`} {
		found := regexp.MustCompile(pattern).FindStringSubmatch(body)
		if found == nil {
			t.Errorf("the page does not refer to %s", pattern)
			continue
		}
		got := get(t, server+found[1], "en")
		if got.status != http.StatusOK || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s answers %d, %v", found[1], got.status, got.header)
		}
	}
	if got := get(t, server+"/static/outturn.css", "en").status; got != http.StatusNotFound {
		t.Errorf("a name without a hash answers %d", got)
	}
}

// number reads a printed amount exactly.
func number(t *testing.T, printed string) *big.Rat {
	t.Helper()
	value, ok := new(big.Rat).SetString(strings.NewReplacer(",", "", "−", "-").Replace(strings.TrimSpace(printed)))
	if !ok {
		t.Fatalf("%q is not a number", printed)
	}
	return value
}

var (
	rowPattern  = regexp.MustCompile(`(?s)<tr role="row"( class="total")?>(.*?)</tr>`)
	cellPattern = regexp.MustCompile(`(?s)<td role="cell" class="n c-(initial|full_year|executed|available|amount)"[^>]*>(?:<a href="([^"]*)"[^>]*>)?([^<]*)`)
	bigPattern  = regexp.MustCompile(`<p class="big">([^ ]+) <small>`)
	nextPattern = regexp.MustCompile(`<a href="([^"]*)" rel="next">`)
)

// amounts are the cells of a page's table: of the total row and of the others.
type amounts struct {
	total map[string]*big.Rat
	sum   map[string]*big.Rat
	links map[string]*big.Rat // what each link's amount reads
	rows  int
}

func readTable(t *testing.T, body string) amounts {
	t.Helper()
	table := amounts{map[string]*big.Rat{}, map[string]*big.Rat{}, map[string]*big.Rat{}, 0}
	for _, row := range rowPattern.FindAllStringSubmatch(body, -1) {
		for _, cell := range cellPattern.FindAllStringSubmatch(row[2], -1) {
			value := number(t, cell[3])
			if cell[2] != "" {
				table.links[html.UnescapeString(cell[2])] = value
			}
			if row[1] != "" {
				table.total[cell[1]] = value
				continue
			}
			if table.sum[cell[1]] == nil {
				table.sum[cell[1]] = new(big.Rat)
			}
			table.sum[cell[1]].Add(table.sum[cell[1]], value)
		}
		table.rows++
	}
	return table
}

func TestRowsAddUpToTheTotal(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t, aRefund...))
	for _, by := range []string{"project", "line", "unit", "fund", "source", "function", "economic", "month"} {
		table := readTable(t, get(t, url+"/?year=2023&as_of=2023-10-31&money=yuan&by="+by, "en").body)
		if len(table.total) != 4 {
			t.Fatalf("by %s the total has %d amounts", by, len(table.total))
		}
		for column, total := range table.total {
			if table.sum[column] == nil || table.sum[column].Cmp(total) != 0 {
				t.Errorf("by %s: %s of the rows is %v, the total %v", by, column, table.sum[column], total)
			}
		}
	}
}

// aRefund adds what the example lacks: a refund, a freeze, a commitment and a
// transfer.
var aRefund = []string{
	`{"specversion":"1.0","id":"r1","source":"/test","type":"outturn.disbursement.refunded.v1","subject":"yueyang-2023-04-a","data":{"payment":"paid-yueyang-2023-04-a-06","amount":"120.50","date":"2023-10-20","reason":"多付退回"}}`,
	`{"specversion":"1.0","id":"f1","source":"/test","type":"outturn.budget.frozen.v1","subject":"yueyang-2023-04-a","data":{"amount":"1000.00","date":"2023-10-21","document":"冻〔2023〕1 号","reason":"核查"}}`,
	`{"specversion":"1.0","id":"c1","source":"/test","type":"outturn.commitment.made.v1","subject":"yueyang-2023-04-a","data":{"commitment":"HT-1","amount":"2500.00","date":"2023-10-22","counterparty":"示例单位","document":"HT-1"}}`,
	`{"specversion":"1.0","id":"t1","source":"/test","type":"outturn.budget.transferred.v1","subject":"yueyang-2023-04-a","data":{"to":"yueyang-2023-15-a","amount":"300.00","date":"2023-10-23","document":"调〔2023〕1 号","reason":"调剂"}}`,
}

func TestEveryNumberLeadsToItsPostings(t *testing.T) {
	t.Parallel()
	server := serve(t, report2023(t, aRefund...))
	opened := 0
	for _, start := range []string{"/?year=2023&as_of=2023-10-31&money=yuan", "/?year=2023&money=yuan&by=month", "/?year=2023&money=yuan&by=fund&kind=project", "/?year=2023&money=yuan&by=unit"} {
		for link, want := range readTable(t, get(t, server+start, "en").body).links {
			checkFigure(t, server, link, want)
			opened++
		}
	}
	if opened < 100 {
		t.Errorf("only %d numbers were opened", opened)
	}
}

// checkFigure opens the postings under a number: the page's own value, its
// total row and the sum over all its pages are the number.
func checkFigure(t *testing.T, server, link string, want *big.Rat) {
	t.Helper()
	sum, first := new(big.Rat), true
	for next := link; next != ""; {
		body := get(t, server+next, "en").body
		if first {
			found := bigPattern.FindStringSubmatch(body)
			if found == nil || number(t, found[1]).Cmp(want) != 0 {
				t.Errorf("%s shows %v, the number is %s", link, found, want.FloatString(2))
				return
			}
			first = false
		}
		table := readTable(t, body)
		if total := table.total["amount"]; total != nil && total.Cmp(want) != 0 {
			t.Errorf("the total of %s is %s, the number is %s", next, total.FloatString(2), want.FloatString(2))
		}
		if table.sum["amount"] != nil {
			sum.Add(sum, table.sum["amount"])
		}
		next = ""
		if found := nextPattern.FindStringSubmatch(body); found != nil {
			next = html.UnescapeString(found[1])
		}
	}
	if sum.Cmp(want) != 0 {
		t.Errorf("the postings of %s add up to %s, the number is %s", link, sum.FloatString(2), want.FloatString(2))
	}
}

// within are the links of a page to other pages.
var within = regexp.MustCompile(`href="(/[^"]*)"`)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	server := serve(t, report2023(t, aRefund...))
	const enough = 600 // the crawl is cut here; the pages repeat themselves
	seen, queue := map[string]bool{}, []string{"/"}
	for len(queue) > 0 && len(seen) < enough {
		path := queue[0]
		queue = queue[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		got := get(t, server+path, "zh-CN")
		if got.status != http.StatusOK {
			t.Errorf("%s answers %d", path, got.status)
			continue
		}
		for _, found := range within.FindAllStringSubmatch(got.body, -1) {
			queue = append(queue, html.UnescapeString(found[1]))
		}
	}
}

func TestTheReportsFiguresAreShown(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	body := get(t, url+"/?year=2023", "zh-CN").body
	for _, want := range []string{"1,955.93", "3,371.59", "3,317.26", "98.39%", "169.60%", "51.43%", "88.95%", "岳阳市工业和信息化局"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not show %s", want)
		}
	}
	first, second := strings.Index(body, "高质量发展赋能培训班"), strings.Index(body, "中央补助资金无线电管理经费")
	third := strings.Index(body, "支持JMRH发展资金")
	if !(first < second && second < third) {
		t.Errorf("the worst is not first: %d, %d, %d", first, second, third)
	}
}

func TestNamesAreEscaped(t *testing.T) {
	t.Parallel()
	hostile := `<script>alert(1)</script>"'&`
	quoted := strings.NewReplacer(`"`, `\"`).Replace(hostile)
	reader := report2023(t,
		`{"specversion":"1.0","id":"p","source":"/test","type":"outturn.project.registered.v1","subject":"hostile","data":{"unit":"YYGX","year":2023,"name":"`+quoted+`","kind":"project"}}`,
		`{"specversion":"1.0","id":"l","source":"/test","type":"outturn.line.opened.v1","subject":"hostile-a","data":{"year":2023,"unit":"YYGX","project":"hostile","name":"`+quoted+`","fund":"general_public","vintage":2023,"function_class":"2150502","economic_class":"302"}}`,
		`{"specversion":"1.0","id":"a","source":"/test","type":"outturn.budget.allocated.v1","subject":"hostile-a","data":{"amount":"1.00","date":"2023-01-15","document":"`+quoted+`","reason":"`+quoted+`"}}`,
	)
	url, last := serve(t, reader), len(reader.events)
	for _, path := range []string{"/?year=2023", "/?year=2023&project=hostile&by=line", "/postings?year=2023&figure=initial", "/lines/hostile-a", fmt.Sprint("/events/", last-2), fmt.Sprint("/events/", last), "/?year=%3Cscript%3E"} {
		body := get(t, url+path, "en").body
		if strings.Contains(body, "<script>") {
			t.Errorf("%s lets a name through as markup", path)
		}
		if !strings.Contains(body, "script&gt;") {
			t.Errorf("%s does not show the name", path)
		}
	}
}

func TestBadFiltersSayWhichAndWhatToDo(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	for query, want := range map[string]string{
		"/?year=20x3":                       "Year (year)",
		"/?year=1800":                       "a year from 1950 to 2199",
		"/?as_of=2023-02-30":                "written as 2023-10-31",
		"/?fund=gold":                       "one of general_public",
		"/?kind=other":                      "one of project, basic",
		"/?unit=nowhere":                    "the code of a registered unit",
		"/?project=nothing":                 "the code of a project of that year",
		"/?by=colour":                       "one of project, line",
		"/?sort=size":                       "one of name, initial",
		"/?dir=up":                          "one of asc, desc",
		"/?money=dollar":                    "one of wan, yuan",
		"/?fnud=unit_funds":                 "There is no parameter",
		"/postings?figure=profit":           "one of initial",
		"/postings?measure=rate":            "one of initial",
		"/postings?month=13":                "a whole number from 1 to 12",
		"/postings?before=0":                "a whole number from 1",
		"/lines/yueyang-2023-04-a?before=x": "a whole number from 1",
		"/events/1?year=2023":               "There is no parameter",
	} {
		got := get(t, url+query, "en")
		if got.status != http.StatusBadRequest || !strings.Contains(html.UnescapeString(got.body), want) {
			t.Errorf("%s answers %d without %q", query, got.status, want)
		}
		if !strings.Contains(got.body, "Open the page without any filter") || !strings.Contains(got.body, "query_invalid") {
			t.Errorf("%s does not say what to do", query)
		}
	}
}

func TestProblemsHaveTheirStatus(t *testing.T) {
	t.Parallel()
	fine := serve(t, report2023(t))
	for path, want := range map[string]int{
		"/nowhere": http.StatusNotFound, "/lines/nowhere": http.StatusNotFound, "/?line=nowhere": http.StatusNotFound, "/events/9999": http.StatusNotFound,
		"/events/0": http.StatusNotFound, "/events/x": http.StatusNotFound, "/events/99999999999999999999": http.StatusNotFound, "/signin": http.StatusNotFound,
	} {
		if got := get(t, fine+path, "zh-CN"); got.status != want || !strings.Contains(got.body, "not_found") {
			t.Errorf("%s answers %d, want %d", path, got.status, want)
		}
	}
	request, err := http.NewRequest(http.MethodPost, fine+"/postings", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t, request); got.status != http.StatusMethodNotAllowed || !strings.Contains(got.body, "method_not_allowed") {
		t.Errorf("POST /postings answers %d", got.status)
	}
	for fault, want := range map[error]struct {
		status int
		code   string
	}{
		projections.ErrUnavailable: {http.StatusServiceUnavailable, "projection_unavailable"},
		projections.ErrBehind:      {http.StatusServiceUnavailable, "projection_behind"},
		io.ErrUnexpectedEOF:        {http.StatusInternalServerError, "internal"},
	} {
		broken := serve(t, &fake{err: fault})
		for _, path := range []string{"/", "/postings", "/lines/x", "/events/1"} {
			got := get(t, broken+path, "en")
			if got.status != want.status || !strings.Contains(got.body, want.code) || !strings.Contains(got.body, "Try again") {
				t.Errorf("%s with %v answers %d", path, fault, got.status)
			}
			if strings.Contains(got.body, fault.Error()) {
				t.Errorf("%s shows the words of the fault", path)
			}
		}
	}
}

func TestEmptyStatesSayWhyAndWhatNext(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/": "outturn dev --demo", "/postings": "No postings under this figure"} {
		if got := get(t, serve(t, &fake{})+path, "en"); got.status != http.StatusOK || !strings.Contains(got.body, want) {
			t.Errorf("%s of nothing answers %d without %q", path, got.status, want)
		}
	}
	url := serve(t, report2023(t))
	for path, want := range map[string]string{
		"/?year=2023&fund=state_capital": "Remove filter: Fund State capital",
		"/?year=2021":                    `<a href="/?year=2023">2023 execution</a>`,
	} {
		if got := get(t, url+path, "en"); !strings.Contains(got.body, want) {
			t.Errorf("%s does not show %q", path, want)
		}
	}
}

func TestProblemsNameTheRequest(t *testing.T) {
	t.Parallel()
	handler := web.New(web.Config{Reader: report2023(t), Logger: quietLogger()})
	recorder := httptest.NewRecorder()
	recorder.Header().Set(web.RequestIDHeader, "request-7")
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/lines/nowhere", nil))
	if !strings.Contains(recorder.Body.String(), "request-7") {
		t.Error("the page does not show the id of the request")
	}
}

func TestNoAddressLeadsToAnotherServer(t *testing.T) {
	t.Parallel()
	server := serve(t, report2023(t))
	for _, path := range []string{"//evil.example/?year=", "//evil.example/", "//evil.example/?year=0", "/%2Fevil.example/?year=", "/\\evil.example/?year="} {
		got := get(t, server+path, "en")
		if to := got.header.Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, "\\") || strings.Contains(to, "://") {
			t.Errorf("%s leads to %q", path, to)
		}
		if strings.Contains(got.body, `href="//`) {
			t.Errorf("the page for %s has a link to another server", path)
		}
	}
}

func TestEmptyParametersLeaveTheAddress(t *testing.T) {
	t.Parallel()
	got := get(t, serve(t, report2023(t))+"/?year=2023&as_of=&unit=&fund=unit_funds&kind=", "en")
	if want := "/?fund=unit_funds&year=2023"; got.status != http.StatusSeeOther || got.header.Get("Location") != want {
		t.Errorf("a form's address answers %d to %q, want %q", got.status, got.header.Get("Location"), want)
	}
}

func TestSortingKeepsTheRestOfTheAddress(t *testing.T) {
	t.Parallel()
	body := get(t, serve(t, report2023(t))+"/?year=2023&fund=general_public&sort=executed&dir=asc", "en").body
	if got := strings.Count(body, "aria-sort"); got != 1 || !strings.Contains(body, `aria-sort="ascending"`) {
		t.Errorf("%d columns say that they sort", got)
	}
	if want := `href="/?dir=desc&amp;fund=general_public&amp;sort=executed&amp;year=2023"`; !strings.Contains(body, want) {
		t.Errorf("no link %s", want)
	}
	var executed []*big.Rat
	for _, row := range rowPattern.FindAllStringSubmatch(body, -1) {
		for _, cell := range cellPattern.FindAllStringSubmatch(row[2], -1) {
			if cell[1] == "executed" && row[1] == "" {
				executed = append(executed, number(t, cell[3]))
			}
		}
	}
	if len(executed) < 10 || !slices.IsSortedFunc(executed, func(a, b *big.Rat) int { return a.Cmp(b) }) {
		t.Errorf("the rows are not in order: %v", executed)
	}
}

func TestStatementRunsToTheAvailableBalance(t *testing.T) {
	t.Parallel()
	reader, want := report2023(t, aRefund...), 0
	for _, view := range reader.postings {
		if view.Posting.Line == "yueyang-2023-04-a" {
			want++
		}
	}
	body := get(t, serve(t, reader)+"/lines/yueyang-2023-04-a?money=yuan", "en").body
	balances := regexp.MustCompile(`c-balance" data-label="[^"]*">([^<]+)<`).FindAllStringSubmatch(body, -1)
	effects := regexp.MustCompile(`c-amount">([^<]+)<`).FindAllStringSubmatch(body, -1)
	if len(balances) != want || len(effects) != want {
		t.Fatalf("the statement has %d balances and %d effects, want %d", len(balances), len(effects), want)
	}
	running := new(big.Rat)
	for i := len(balances) - 1; i >= 0; i-- {
		running.Add(running, number(t, effects[i][1]))
		if got := number(t, balances[i][1]); got.Cmp(running) != 0 {
			t.Errorf("row %d stands at %s, the sum is %s", i, got.FloatString(2), running.FloatString(2))
		}
	}
	if !strings.Contains(body, ">"+balances[0][1]+"</a></dd>") {
		t.Errorf("the newest balance %s is not the available figure", balances[0][1])
	}
}

func TestSignInSetsTheCookieAndStaysInside(t *testing.T) {
	t.Parallel()
	server := serve(t, report2023(t), signsIn)
	for next, want := range map[string]string{
		"/postings?figure=executed": "/postings?figure=executed", "": "/", "//evil.example/": "/", "https://evil.example/": "/", `/\evil.example`: "/", "javascript:alert(1)": "/",
	} {
		got := post(t, server+"/signin", url.Values{"token": {" right "}, "next": {next}})
		if got.status != http.StatusSeeOther || got.header.Get("Location") != want || !strings.Contains(got.header.Get("Set-Cookie"), "session=opened") {
			t.Errorf("signing in for %q answers %d to %q", next, got.status, got.header.Get("Location"))
		}
	}
	got := post(t, server+"/signin", url.Values{"token": {"wrong"}})
	if got.status != http.StatusUnauthorized || !strings.Contains(got.body, `aria-invalid="true"`) || strings.Contains(got.body, "wrong\"") {
		t.Errorf("a wrong token answers %d", got.status)
	}
	if got := post(t, server+"/signout", nil); got.status != http.StatusSeeOther || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("signing out answers %d with %q", got.status, got.header.Get("Set-Cookie"))
	}
}

func post(t *testing.T, address string, form url.Values) answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(t, request)
}

func TestLanguageAndThemeAreRemembered(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client, server := http.Client{Jar: jar}, serve(t, report2023(t))
	for _, path := range []string{"/?lang=en&theme=dark", "/"} {
		response, err := client.Get(server + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || !strings.Contains(string(body), `<html lang="en" data-theme="dark">`) {
			t.Errorf("%s is not in English and dark", path)
		}
	}
}
