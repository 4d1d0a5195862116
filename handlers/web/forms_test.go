package web_test

import (
	"archive/zip"
	"bytes"
	"html"
	"math/big"
	"mime/multipart"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/formimport"
	"github.com/outturn/outturn/handlers/web"
)

func TestFormsListTheDepartmentAndEveryProject(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	for _, path := range []string{"/forms", "/forms/2023", "/forms?year=2023&unit=YYGX"} {
		got := get(t, url+path, "zh-CN")
		for _, want := range []string{
			`href="/forms/2023/YYGX"`, `href="/forms/2023/yueyang-2023-15"`, `href="/forms/2023/YYGX.xlsx?projects=true"`,
			`href="/forms/2023/yueyang-2023-04?cell=total.score#cell"`, ">90.64<", ">94.89<", ">51.43%<", ">100%<",
		} {
			if !strings.Contains(html.UnescapeString(got.body), want) {
				t.Errorf("%s does not have %s", path, want)
			}
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	for path, want := range map[string]int{
		"/forms/20x3": http.StatusNotFound, "/forms/2023/nowhere": http.StatusNotFound, "/forms/2023/YYGX.exe": http.StatusNotFound,
		"/forms/2023/YYGX?cell=nothing": http.StatusNotFound, "/forms/2023/YYGX?template=sichuan": http.StatusBadRequest,
		"/forms/2023/YYGX.pdf?projects=true": http.StatusNotFound, "/forms?template=nowhere": http.StatusBadRequest,
		"/forms?unit=nowhere": http.StatusBadRequest, "/forms/2023/YYGX?as_of=x": http.StatusBadRequest, "/forms/2023/YYGX?sort=name": http.StatusBadRequest,
		"/forms/2031": http.StatusOK,
	} {
		if got := get(t, url+path, "en").status; got != want {
			t.Errorf("%s answers %d, want %d", path, got, want)
		}
	}
	closed := serve(t, report2023(t), func(c *web.Config) { c.Forms = nil })
	if got := get(t, closed+"/forms", "en").status; got != http.StatusNotFound {
		t.Errorf("without a source the forms answer %d", got)
	}
}

var (
	cellLink = regexp.MustCompile(`<td [^>]*id="c-([^"]+)"[^>]*><a href="([^"]+)"[^>]*>([^<]*)`)
	termSum  = regexp.MustCompile(`<span class="n" id="cell-sum">([^<]*)<`)
	termRow  = regexp.MustCompile(`</small></span><span class="n">([^<]*)</span></li>`)
)

// TestEveryCellOpensToWhatItIs opens all cells of forms: the panel shows the
// printed value, and the postings under money add up to it to the fen.
func TestEveryCellOpensToWhatItIs(t *testing.T) {
	t.Parallel()
	server := serve(t, report2023(t, aRefund...))
	summed := 0
	for _, form := range []string{"/forms/2023/yueyang-2023-04", "/forms/2023/yueyang-2023-15?as_of=2023-10-31", "/forms/2023/YYGX?template=chongqing-department", "/forms/2023/yueyang-2023-06?template=yunnan"} {
		body := get(t, server+form, "en").body
		links := cellLink.FindAllStringSubmatch(body, -1)
		if len(links) < 20 {
			t.Errorf("%s has %d cells to open", form, len(links))
		}
		for _, link := range links {
			panel := get(t, server+strings.TrimSuffix(html.UnescapeString(link[2]), "#cell"), "en")
			if panel.status != http.StatusOK || !strings.Contains(panel.body, ` on" id="c-`+link[1]) {
				t.Errorf("%s: the cell %s answers %d and is not marked", form, link[1], panel.status)
			}
			sum := termSum.FindStringSubmatch(panel.body)
			rows := termRow.FindAllStringSubmatch(between(panel.body, `id="cell"`, `id="budget-title"`), -1)
			if sum == nil || strings.Contains(panel.body, `rel="next"`) {
				continue
			}
			total := new(big.Rat)
			for _, row := range rows {
				total.Add(total, number(t, row[1]))
			}
			if total.Cmp(number(t, sum[1])) != 0 {
				t.Errorf("%s: the postings of %s add up to %s, the sum is %s", form, link[1], total.FloatString(2), sum[1])
			}
			summed++
		}
	}
	if summed < 15 {
		t.Errorf("only %d cells had a sum", summed)
	}
}

func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}

func TestThePanelShowsTheFractionAndTheRounding(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	for path, wants := range map[string][]string{
		"yueyang-2023-04?cell=execution.rate":       {"411,400.00 ÷ 800,000.00", "2057/40 = 51.425", "Half up to 2 decimals"},
		"yueyang-2023-04?cell=execution.score":      {"10 × 411,400.00 ÷ 800,000.00", "2057/400 = 5.1425"},
		"yueyang-2023-04?cell=funds.total.executed": {"411,400.00 yuan", "Payments − refunds", "None needed"},
		"yueyang-2023-04?cell=total.score":          {"2266/25 = 90.64", "cell=execution.score#cell"},
		"YYGX?cell=rate_initial":                    {"33,172,600.00 ÷ 19,559,300.00"},
		"yueyang-2023-04?cell=indicators.2.note":    {"应企业家要求"},
	} {
		body := html.UnescapeString(get(t, url+"/forms/2023/"+path, "en").body)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not show %s", path, want)
			}
		}
	}
}

func TestBesideTheRateStandsEveryChange(t *testing.T) {
	t.Parallel()
	body := html.UnescapeString(get(t, serve(t, report2023(t))+"/forms/2023/yueyang-2023-06", "zh-CN").body)
	box := between(body, `id="budget-title"`, `id="warnings"`)
	for _, want := range []string{"对年初预算", "2.27%", "追减", "−273.64", "示例〔2023〕", "/events/"} {
		if !strings.Contains(box, want) {
			t.Errorf("beside the rate there is no %s:\n%s", want, box)
		}
	}
}

func TestFilesAreKeptAndNotShown(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	for path, want := range map[string]struct{ begin, file string }{
		"/forms/2023/yueyang-2023-04.xlsx":       {"PK", "yueyang-2023-04-2023.xlsx"},
		"/forms/2023/yueyang-2023-04.docx":       {"PK", "yueyang-2023-04-2023.docx"},
		"/forms/2023/yueyang-2023-04.html":       {"<!", "yueyang-2023-04-2023.html"},
		"/forms/2023/yueyang-2023-04.csv":        {"\uFEFF", "yueyang-2023-04-2023.csv"},
		"/forms/2023/YYGX.json?projects=true":    {"{", "YYGX-2023.json"},
		"/forms/2023/YYGX.csv?projects=true":     {"PK", "YYGX-2023.zip"},
		"/forms/2023/YYGX.docx?as_of=2023-06-30": {"PK", "YYGX-2023.docx"},
	} {
		got := get(t, url+path, "zh-CN")
		if got.status != http.StatusOK || !strings.HasPrefix(got.body, want.begin) || got.header.Get("Content-Disposition") != "attachment; filename="+want.file {
			t.Errorf("%s answers %d, %q, beginning %.20q", path, got.status, got.header.Get("Content-Disposition"), got.body)
		}
	}
}

// upload sends a file to the audit as a browser does.
func upload(t *testing.T, url, lang, name string, content []byte, fields ...string) answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, field := range fields {
		if err := w.WriteField(field, "yes"); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, url+"/audit", &body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	request.Header.Set("Accept-Language", lang)
	return send(t, request)
}

const declaredFile = "../../examples/yueyang-2023/declared-forms.json"

func declaredForms(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile(declaredFile)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// formSection is the part of a page of findings about one form.
func formSection(t *testing.T, body, id string) string {
	t.Helper()
	for _, section := range strings.Split(body, `<section class="box group"`) {
		if strings.Contains(section, `<small class="code">`+id+`</small>`) {
			return section
		}
	}
	t.Fatalf("the page has no findings about %s", id)
	return ""
}

func TestTheReportOf2023IsAudited(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	for _, lang := range languages {
		got := upload(t, url, lang, "declared-forms.json", declaredForms(t))
		if found := leftOver.FindString(strings.ReplaceAll(got.body, "declared-forms.json", "")); got.status != http.StatusOK || found != "" {
			t.Errorf("in %s: %d, left over %q", lang, got.status, found)
		}
		for id, rule := range map[string]string{"yueyang-2023-04": "FUND-SUM", "yueyang-2023-13": "SCORE-BLANK", "yueyang-2023-00": "RATE-PRECISION"} {
			section := formSection(t, got.body, id)
			lead := between(section, `<li class="s-error">`, `</li>`)
			if !strings.Contains(section, `href="/audit/rules#`+rule+`"`) || lead == "" {
				t.Errorf("in %s: %s is not found on %s", lang, rule, id)
			}
		}
		if strings.Contains(got.body, `id="compared"`) {
			t.Error("the books are compared without being asked")
		}
	}
}

// TestTheReportOf2023IsTheBooksOrNamed is the table of printed against derived:
// every cell of money, rate, weight and score is equal, or a rule names it.
func TestTheReportOf2023IsTheBooksOrNamed(t *testing.T) {
	t.Parallel()
	body := upload(t, serve(t, report2023(t)), "en", "declared-forms.json", declaredForms(t), "books").body
	if n := strings.Count(body, `class="sheet compare"`); n != 16 {
		t.Errorf("%d forms are compared, want 16", n)
	}
	if strings.Contains(body, "Differs, named by no rule") {
		t.Error("a difference is named by no rule")
	}
	if equal := strings.Count(body, "✓ Equal</span></td>"); equal < 500 {
		t.Errorf("only %d cells are equal", equal)
	}
	for id, want := range map[string]string{
		"yueyang-2023-00": `>99</td>`, "yueyang-2023-04": `>69</td>`, "yueyang-2023-15": `>88.94%</td>`,
	} {
		if section := formSection(t, body, id); !strings.Contains(between(section, `<table`, `</table>`), want) {
			t.Errorf("%s: the comparison does not show %s", id, want)
		}
	}
}

func TestAWordFileIsReadAndWhatIsNotIsSaid(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	for _, name := range []string{"hunan.docx", "hunan.xlsx", "central.docx"} {
		content, err := os.ReadFile("../formimport/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got := upload(t, url, "zh-CN", name, content, "books")
		if got.status != http.StatusOK || !strings.Contains(got.body, "未能读取") || !strings.Contains(got.body, `class="counts"`) {
			t.Errorf("%s answers %d", name, got.status)
		}
	}
}

func TestFilesThatAreRefusedSayWhyBesideTheField(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	var macros bytes.Buffer
	w := zip.NewWriter(&macros)
	if _, err := w.Create("word/vbaProject.bin"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		status  int
		zh, en  string
	}{
		"nothing":       {nil, http.StatusUnprocessableEntity, "没有收到文件", "No file came"},
		"a picture":     {[]byte("\x89PNG\r\n\x1a\n\x00"), http.StatusUnprocessableEntity, "不是自评表的 JSON", "neither declared forms"},
		"macros":        {macros.Bytes(), http.StatusUnprocessableEntity, "文件带有宏", "holds macros"},
		"a broken JSON": {[]byte(`{"forms": [{"kind": "<b>x"}]}`), http.StatusUnprocessableEntity, "自评表数据无法读取", "cannot be read"},
		"too large":     {make([]byte, formimport.MaxFileBytes+1), http.StatusRequestEntityTooLarge, "上限为 16777216 字节", "at most 16777216 are read"},
	} {
		for lang, want := range map[string]string{"zh-CN": c.zh, "en": c.en} {
			got := upload(t, url, lang, "x.docx", c.content)
			shown := between(got.body, `id="file-error">`, `</p>`)
			if got.status != c.status || !strings.Contains(shown, want) || !strings.Contains(got.body, `aria-invalid="true"`) || strings.Contains(got.body, "<b>x") {
				t.Errorf("%s in %s answers %d with %q", name, lang, got.status, shown)
			}
		}
	}
}

func TestNamesOfOthersAreOnlyWords(t *testing.T) {
	t.Parallel()
	hostile := `<script>alert(1)</script>`
	declared := strings.ReplaceAll(string(declaredForms(t)), "人才工作经费", strings.ReplaceAll(hostile, `"`, `\"`))
	declared = strings.Replace(declared, `"id": "yueyang-2023-03"`, `"id": "\"><img src=x onerror=alert(1)>"`, 1)
	got := upload(t, serve(t, report2023(t)), "en", hostile+".json", []byte(declared), "books")
	if got.status != http.StatusOK || strings.Contains(got.body, hostile) || strings.Contains(got.body, "<img") || !strings.Contains(got.body, html.EscapeString(hostile)) {
		t.Errorf("a hostile name answers %d or is not escaped", got.status)
	}
	registered := report2023(t, `{"specversion":"1.0","id":"h1","source":"/test","type":"outturn.project.registered.v1","subject":"hostile","data":{"year":2023,"unit":"YYGX","name":"<script>alert(1)</script>","kind":"project"}}`)
	url := serve(t, registered)
	for _, path := range []string{"/forms", "/forms/2023/hostile", "/forms/2023/hostile?cell=funds.total.initial"} {
		if body := get(t, url+path, "en").body; strings.Contains(body, hostile) || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s does not escape a project's name", path)
		}
	}
}

func TestEveryRuleIsExplained(t *testing.T) {
	t.Parallel()
	url := serve(t, report2023(t))
	body := get(t, url+"/audit/rules", "zh-CN").body
	found := upload(t, url, "zh-CN", "declared-forms.json", declaredForms(t), "books").body
	for _, link := range regexp.MustCompile(`href="/audit/rules#([A-Z-]+)"`).FindAllStringSubmatch(found, -1) {
		if !strings.Contains(body, `id="`+link[1]+`"`) {
			t.Errorf("the rule %s is not explained", link[1])
		}
	}
}
