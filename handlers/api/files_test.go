package api_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/formimport"
	"github.com/outturn/outturn/handlers/snapshots"
)

const (
	mediaDOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	mediaXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// media is an answer's media type without its parameters.
func (a answer) media() string {
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	return media
}

// fileName is what an answer is to be kept as.
func (a answer) fileName() string {
	_, params, _ := mime.ParseMediaType(a.header.Get("Content-Disposition"))
	return params["filename"]
}

// unzip reads the files of a zip.
func unzip(t *testing.T, body []byte) map[string][]byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, entry := range archive.File {
		file, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[entry.Name], err = io.ReadAll(file); err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	return files
}

func records(t *testing.T, body []byte) [][]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFormsInEveryFormat(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	holds := func(t *testing.T, text string) {
		t.Helper()
		if !strings.Contains(text, "41.14") || !strings.Contains(text, "51.43%") {
			t.Errorf("neither 41.14 nor 51.43%% is in %.300s", text)
		}
	}
	one := "/v1/forms/2023/yueyang-2023-04?format="
	all := "/v1/forms/2023/YYGX?projects=true&format="
	t.Run("xlsx", func(t *testing.T) {
		a := s.get(one + "xlsx")
		book, err := excelize.OpenReader(bytes.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		rows, err := book.GetRows(book.GetSheetName(0))
		if err != nil {
			t.Fatal(err)
		}
		holds(t, fmt.Sprint(rows))
		if a.media() != mediaXLSX || a.fileName() != "yueyang-2023-04-2023.xlsx" {
			t.Errorf("%s as %q", a.media(), a.fileName())
		}
	})
	t.Run("docx, which reads back as the form", func(t *testing.T) {
		a := s.get(one + "docx")
		declared, _, err := formimport.Any("form.docx", a.body)
		if err != nil {
			t.Fatal(err)
		}
		if got := declared.Forms[0].Execution; got.Rate.Printed != "51.43%" || got.Score.Printed != "5.14" || a.media() != mediaDOCX {
			t.Errorf("%s: %+v", a.media(), got)
		}
	})
	t.Run("html", func(t *testing.T) {
		a := s.get(one + "html")
		holds(t, string(a.body))
		whole := bytes.HasPrefix(bytes.ToLower(a.body), []byte("<!doctype html>")) && bytes.HasSuffix(bytes.TrimSpace(a.body), []byte("</html>"))
		if a.media() != "text/html" || a.fileName() != "" || !whole {
			t.Errorf("%s as %q", a.media(), a.fileName())
		}
	})
	t.Run("csv of one form", func(t *testing.T) {
		a := s.get(one + "csv&projects=true") // a project has no projects
		holds(t, fmt.Sprint(records(t, a.body)))
		if a.media() != "text/csv" || a.fileName() != "yueyang-2023-04-2023.csv" {
			t.Errorf("%s as %q", a.media(), a.fileName())
		}
	})
	t.Run("csv of many forms", func(t *testing.T) {
		a := s.get(all + "csv")
		files := unzip(t, a.body)
		if len(files) != 17 || a.media() != "application/zip" || a.fileName() != "YYGX-2023.zip" {
			t.Errorf("%d files, %s as %q", len(files), a.media(), a.fileName())
		}
	})
	t.Run("json of many forms at one position", func(t *testing.T) {
		forms := s.formsOf("YYGX", "projects=true")
		for _, form := range forms {
			if form.Sequence != forms[0].Sequence {
				t.Errorf("%s stands at %d, %s at %d", form.ID, form.Sequence, forms[0].ID, forms[0].Sequence)
			}
		}
		if len(forms) != 17 { // the department, 15 of the report, and what no form shows
			t.Errorf("%d forms", len(forms))
		}
	})
	t.Run("another template", func(t *testing.T) {
		form := s.formsOf("yueyang-2023-04", "template=yunnan")[0]
		if form.MoneyUnit != "元" || form.Cells["funds.total.executed"].Printed != "411400.00" {
			t.Errorf("%s in %s", form.Cells["funds.total.executed"].Printed, form.MoneyUnit)
		}
	})
	t.Run("every template holds to the contract", func(t *testing.T) {
		for subject, templates := range map[string][]string{
			"yueyang-2023-15": {"central-project", "sichuan", "hubei", "yunnan", "transfer-payment"},
			"YYGX":            {"hunan-department", "chongqing-department"},
		} {
			for _, template := range templates {
				if got := s.formsOf(subject, "template="+template)[0].Template; got != template {
					t.Errorf("%s by %s", got, template)
				}
			}
		}
	})
	t.Run("as of a day", func(t *testing.T) {
		if got := *s.formsOf("yueyang-2023-04", "as_of=2023-10-31")[0].Execution.Rate; got != "42.85%" {
			t.Errorf("on 2023-10-31 the rate is %s; want 42.85%%", got)
		}
	})
	t.Run("as known at a position", func(t *testing.T) {
		last := s.last()
		before := s.formsOf("yueyang-2023-04", fmt.Sprintf("through=%d", last))[0]
		s.record(event("late-payment", "budget.supplemented", string(before.Changes[0].Line), `{"amount":"1.00","date":"2023-12-30","document":"L-1","reason":"追加"}`))
		again, now := s.formsOf("yueyang-2023-04", fmt.Sprintf("through=%d", last))[0], s.form("yueyang-2023-04")
		if printed := again.Cells["funds.total.full_year"].Fraction; printed != before.Cells["funds.total.full_year"].Fraction {
			t.Errorf("at %d it was %s and is %s", last, before.Cells["funds.total.full_year"].Fraction, printed)
		}
		if len(now.Changes) != len(before.Changes)+1 {
			t.Errorf("a late event makes %d changes of %d", len(now.Changes), len(before.Changes))
		}
	})
}

// refused is a call with the problem that it gets.
type refused struct {
	request
	status int
	code   events.Code
}

func (s *server) wantRefused(all map[string]refused) {
	s.t.Helper()
	for name, want := range all {
		if got := read[api.Problem](s.t, s.do(want.request), want.status); got.Code != want.code {
			s.t.Errorf("%s: %s (%s); want %s", name, got.Code, got.Detail, want.code)
		}
	}
}

func TestWhatIsNoForm(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	get := func(path string, status int, code events.Code) refused {
		return refused{request{path: "/v1/forms" + path}, status, code}
	}
	s.wantRefused(map[string]refused{
		"no such subject":                 get("/2023/nobody", 404, api.CodeNotFound),
		"a subject of another year":       get("/2022/yueyang-2023-04", 404, api.CodeNotFound),
		"a subject that is no code":       get("/2023/%00", 404, api.CodeNotFound),
		"a year that is none":             get("/23/YYGX", 404, api.CodeNotFound),
		"no such template":                get("/2023/YYGX?template=moon", 400, api.CodeQueryInvalid),
		"a template of another kind":      get("/2023/YYGX?template=central-project", 400, api.CodeQueryInvalid),
		"no such template, many forms":    get("/2023/YYGX?projects=true&template=moon", 400, api.CodeQueryInvalid),
		"no such format":                  get("/2023/YYGX?format=pdf", 400, api.CodeQueryInvalid),
		"a parameter that is not known":   get("/2023/YYGX?format=json&colour=red", 400, api.CodeQueryInvalid),
		"a day that is none":              get("/2023/YYGX?as_of=2023-02-30", 400, api.CodeQueryInvalid),
		"before it was registered":        get("/2023/yueyang-2023-04?through=1", 404, api.CodeNotFound),
		"a position that is not there":    get("/2023/YYGX?through=999999", 503, api.CodeProjectionBehind),
		"no such cell":                    get("/2023/YYGX/cells/funds.moon.executed/events", 404, api.CodeNotFound),
		"a cell of nobody":                get("/2023/nobody/cells/execution.rate/events", 404, api.CodeNotFound),
		"a page beyond the limit":         get("/2023/YYGX/cells/execution.rate/events?limit=501", 400, api.CodeQueryInvalid),
		"a format of what is always JSON": get("/2023/YYGX/cells/execution.rate/events?format=csv", 400, api.CodeQueryInvalid),
	})
}

// audited is an audit's answer, read without the importer.
type audited struct {
	audit.Report
	Unread []struct{ Place, Text, Why string }
}

// imported reads a file of the importer's tests.
func imported(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../formimport/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestAuditOfAnyKindOfDocument(t *testing.T) {
	t.Parallel()
	s := start(t)
	report, err := os.ReadFile("../../examples/yueyang-2023/declared-forms.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("JSON", func(t *testing.T) {
		got := read[audited](t, s.post("/v1/audit", mediaJSON, string(report)), http.StatusOK)
		rules := map[string]bool{}
		for _, finding := range got.Findings {
			rules[finding.Rule+" "+finding.Form] = true
		}
		for _, want := range []string{"FUND-SUM yueyang-2023-04", "SCORE-BLANK yueyang-2023-13", "COVERAGE yueyang-2023-00", "QUANT-SCORE yueyang-2023-15"} {
			if !rules[want] {
				t.Errorf("no finding %s", want)
			}
		}
		if got.Forms != 16 || len(got.Checked) == 0 {
			t.Errorf("%d forms, %d rules found something right", got.Forms, len(got.Checked))
		}
	})
	t.Run("the language asked for", func(t *testing.T) {
		en := read[audited](t, s.post("/v1/audit?lang=en", mediaJSON, string(report)), http.StatusOK)
		zh := read[audited](t, s.post("/v1/audit", mediaJSON, string(report)), http.StatusOK)
		isHan := func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }
		if strings.ContainsFunc(strings.SplitN(en.Findings[0].Message, "(", 2)[0], isHan) || !strings.ContainsFunc(zh.Findings[0].Message, isHan) {
			t.Errorf("en: %s\nzh: %s", en.Findings[0].Message, zh.Findings[0].Message)
		}
	})
	for name, file := range map[string]string{"Word": "central.docx", "Excel": "central.xlsx"} {
		t.Run(name+", whatever its Content-Type says", func(t *testing.T) {
			got := read[audited](t, s.post("/v1/audit", mediaJSON, imported(t, file)), http.StatusOK)
			if got.Forms == 0 {
				t.Errorf("%s: no form", file)
			}
		})
	}
	t.Run("the text of a table", func(t *testing.T) {
		text := "项目支出绩效自评表\n\t项目资金（万元）\n\t年初预算数\n\t全年预算数\n\t全年执行数\n\n\t年度资金总额\n\t0\n\t80\n\t41.14\n\n" +
			"\t一级指标\n\t二级指标\n\t三级指标\n\t年度指标值\n\t实际完成值\n\t分值\n\t得分\n\n\t产出指标\n\t数量指标\n\t培训人次\n\t2100\n\t2160\n\t20\n\t20\n\n"
		if got := read[audited](t, s.post("/v1/audit", "text/plain", text), http.StatusOK); got.Forms != 1 || len(got.Checked) == 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestAuditAgainstTheEvents finds where the report of 2023 is not what its events
// add up to, and only where it is asked to.
func TestAuditAgainstTheEvents(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	report, err := os.ReadFile("../../examples/yueyang-2023/declared-forms.json")
	if err != nil {
		t.Fatal(err)
	}
	found := func(query, body string) []string {
		t.Helper()
		var places []string
		for _, finding := range read[audited](t, s.post("/v1/audit"+query, mediaJSON, body), http.StatusOK).Findings {
			if finding.Rule == "EVENT-FIGURE" {
				places = append(places, fmt.Sprintf("%s %s %s %s", finding.Form, finding.Where, finding.Printed, finding.Derived))
			}
		}
		return places
	}
	want := []string{
		"yueyang-2023-00 funds.full_year 3317.55 3371.59",
		"yueyang-2023-04 funds.current_appropriation.executed 69 41.14",
		"yueyang-2023-15 funds.carryover.initial 13.98 0.00",
	}
	if got := found("?events=true", string(report)); !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if got := found("", string(report)); got != nil {
		t.Errorf("without being asked: %q", got)
	}
	// A form from elsewhere is known by its name, with whatever spaces; an unknown one is not.
	byName := `{"forms":[{"id":"x","kind":"project","year":2023,"money_unit":"万元","project":"岳阳市九大重点产业链　高质量发展赋能培训班","funds":[{"row":"total","executed":"69"}]},
		{"id":"y","kind":"project","year":2023,"money_unit":"万元","project":"别的项目","funds":[{"row":"total","executed":"69"}]},
		{"id":"z","kind":"project","money_unit":"万元","project":"岳阳市九大重点产业链高质量发展赋能培训班","funds":[{"row":"total","executed":"69"}]}]}`
	if got, want := found("?events=true", byName), []string{"x funds.executed 69 41.14"}; !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// archived writes a zip of some files.
func archived(t *testing.T, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for name, text := range files {
		file, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(file, text)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// letter is a Word document with a table that is no form.
func letter(t *testing.T) string {
	t.Helper()
	return archived(t, map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
		"_rels/.rels":         `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
		"word/document.xml":   `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:tbl><w:tr><w:tc><w:p><w:r><w:t>年会菜单</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>`,
	})
}

func TestWhatIsNotAudited(t *testing.T) {
	t.Parallel()
	s := start(t)
	post := func(body string, status int, code events.Code) refused {
		return refused{request{method: http.MethodPost, path: "/v1/audit", body: body}, status, code}
	}
	unknown := post(`{"forms":[]}`, 400, api.CodeQueryInvalid)
	unknown.path += "?strict=true"
	s.wantRefused(map[string]refused{
		"broken JSON":                   post(`{"forms":[`, 400, api.CodeDeclaredInvalid),
		"JSON of something else":        post(`{"rows":[]}`, 400, api.CodeDeclaredInvalid),
		"a kind that there is not":      post(`{"forms":[{"kind":"moon"}]}`, 400, api.CodeDeclaredInvalid),
		"a file without forms":          post(letter(t), 422, formimport.CodeNotAForm),
		"a file with macros":            post(archived(t, map[string]string{"word/vbaProject.bin": "x", "word/document.xml": "x", "[Content_Types].xml": "<Types/>"}), 422, formimport.CodeMacros),
		"a zip that is cut off":         post(letter(t)[:200], 400, formimport.CodeDamaged),
		"an old file":                   post("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and more", 415, formimport.CodeKind),
		"a text that is no table":       post("Good morning", 415, formimport.CodeKind),
		"nothing":                       post("", 415, formimport.CodeKind),
		"a body above the limit":        post(strings.Repeat(" ", api.MaxBody+1), 413, api.CodeTooLarge),
		"a parameter that is not known": unknown,
	})
}

func TestADataSetInEveryFormat(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	path := "/v1/datasets/2023/YYGX?"
	profile := url.QueryEscape(`{"division":"430600000","funds":{"general_public":"11","unit_funds":"3"}}`)
	wantSum := func(t *testing.T, table [][]string, column string) {
		t.Helper()
		at, sum := slices.Index(table[0], column), int64(0)
		for _, row := range table[1:] {
			var yuan, fen int64
			if _, err := fmt.Sscanf(row[at], "%d.%02d", &yuan, &fen); err != nil {
				t.Fatalf("%q: %v", row[at], err)
			}
			sum += yuan*100 + fen
		}
		if sum != 3317_2600_00 {
			t.Errorf("executed adds up to %d fen; want 3317.26 万元", sum)
		}
	}
	t.Run("a data package", func(t *testing.T) {
		a := s.get(path + "license=CC-BY-4.0&lang=en&profile=" + profile)
		files := unzip(t, a.body)
		var descriptor struct {
			Name, Version, Created string
			Resources              []struct{ Name string }
		}
		if err := json.Unmarshal(files["datapackage.json"], &descriptor); err != nil {
			t.Fatal(err)
		}
		if descriptor.Name != "yygx-2023" || descriptor.Version != fmt.Sprint(s.last()) || len(descriptor.Resources) != 2 || a.fileName() != "yygx-2023.zip" {
			t.Errorf("%+v as %q", descriptor, a.fileName())
		}
		wantSum(t, records(t, files["data/execution.csv"]), "executed")
		if again := s.get(path + "license=CC-BY-4.0&lang=en&profile=" + profile); !bytes.Equal(again.body, a.body) {
			t.Error("the same position gives other bytes")
		}
	})
	t.Run("csv", func(t *testing.T) { wantSum(t, records(t, s.get(path+"format=csv").body), "executed") })
	t.Run("the Ministry's names", func(t *testing.T) {
		wantSum(t, records(t, s.get(path+"format=ministry-csv&profile="+profile).body), "executed")
	})
	get := func(query string, status int, code events.Code) refused {
		return refused{request{path: "/v1/datasets" + query}, status, code}
	}
	s.wantRefused(map[string]refused{
		"no licence":              get("/2023/YYGX", 400, api.CodeQueryInvalid),
		"no profile":              get("/2023/YYGX?format=ministry-csv", 400, api.CodeQueryInvalid),
		"a profile that is none":  get("/2023/YYGX?format=ministry-csv&profile=%7B%22moon%22%3A1%7D", 400, api.CodeQueryInvalid),
		"a profile without funds": get("/2023/YYGX?format=ministry-csv&profile=%7B%22division%22%3A%22430600000%22%7D", 400, api.CodeQueryInvalid),
		"no such format":          get("/2023/YYGX?format=xml", 400, api.CodeQueryInvalid),
		"no such unit":            get("/2023/nobody?format=csv", 404, api.CodeNotFound),
		"a year without lines":    get("/2020/YYGX?format=csv", 404, api.CodeNotFound),
	})
}

func TestASnapshotIsSealedOnceAndServedForEver(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	seal := func() api.SnapshotAnswer {
		t.Helper()
		return read[api.SnapshotAnswer](t, s.post("/v1/snapshots", mediaJSON, `{"unit":"YYGX","year":2023}`), http.StatusCreated)
	}
	before := s.last()
	sealed := seal()
	if sealed.Position != before || sealed.Sequence != before+1 || len(sealed.Forms) != 17 {
		t.Errorf("sealed %+v in a log of %d", sealed, before)
	}
	again := read[api.SnapshotAnswer](t, s.post("/v1/snapshots", mediaJSON, fmt.Sprintf(`{"unit":"YYGX","year":2023,"position":%d}`, before)), http.StatusCreated)
	if again.Digest != sealed.Digest || again.Sequence != sealed.Sequence || s.last() != before+1 {
		t.Errorf("the same position again: %+v in a log of %d", again, s.last())
	}
	bundle := s.get(sealed.Bundle)
	report := snapshots.Verify(bytes.NewReader(bundle.body), int64(len(bundle.body)), snapshots.Options{})
	if !report.Whole() || report.ID != sealed.ID || len(bundle.body) != sealed.Bytes || bundle.fileName() != sealed.ID+".zip" {
		t.Errorf("%d bytes as %q: %+v", len(bundle.body), bundle.fileName(), report)
	}
	line := s.form("yueyang-2023-04").Changes[0].Line
	s.record(event("late", "budget.supplemented", string(line), `{"amount":"1.00","date":"2023-12-30","document":"L-1","reason":"追加"}`))
	if late := s.get(sealed.Bundle); !bytes.Equal(late.body, bundle.body) {
		t.Error("a late event changes the sealed bundle")
	}
	if next := seal(); next.Digest == sealed.Digest {
		t.Error("a late event does not change the next snapshot")
	}
	if got := read[api.SnapshotAnswer](t, s.get("/v1/snapshots/"+string(sealed.Digest)), http.StatusOK); got.ID != sealed.ID || got.Position != sealed.Position {
		t.Errorf("by its digest: %+v", got)
	}
}

func TestWhatIsNotSealed(t *testing.T) {
	t.Parallel()
	s := startExample(t)
	post := func(body string, status int, code events.Code) refused {
		return refused{request{method: http.MethodPost, path: "/v1/snapshots", media: mediaJSON, body: body}, status, code}
	}
	s.wantRefused(map[string]refused{
		"no such unit":                 post(`{"unit":"nobody","year":2023}`, 422, events.CodeUnknownUnit),
		"no unit":                      post(`{"year":2023}`, 400, api.CodeRequestInvalid),
		"no year":                      post(`{"unit":"YYGX"}`, 400, api.CodeRequestInvalid),
		"a member that is not known":   post(`{"unit":"YYGX","year":2023,"moon":1}`, 400, api.CodeRequestInvalid),
		"broken JSON":                  post(`{"unit":`, 400, api.CodeRequestInvalid),
		"two objects":                  post(`{"unit":"YYGX","year":2023}{}`, 400, api.CodeRequestInvalid),
		"a position that is not there": post(`{"unit":"YYGX","year":2023,"position":999999}`, 503, api.CodeProjectionBehind),
		"no such snapshot":             {request{path: "/v1/snapshots/0123456789abcdef"}, 404, api.CodeNotFound},
		"no such bundle":               {request{path: "/v1/snapshots/0123456789abcdef.zip"}, 404, api.CodeNotFound},
	})
	without := start(t)
	without.wantRefused(map[string]refused{
		"to seal without a key": {request{method: http.MethodPost, path: "/v1/snapshots", body: `{"unit":"YYGX","year":2023}`}, 501, api.CodeSigningKeyMissing},
		"to read without a key": {request{path: "/v1/snapshots/0123456789abcdef"}, 501, api.CodeSigningKeyMissing},
	})
}
