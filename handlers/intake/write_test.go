package intake_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/language"
)

var update = flag.Bool("update", false, "write the golden files again")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

// flat is a workbook as lines of cells.
func flat(t *testing.T, body []byte) string {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	var b strings.Builder
	for _, sheet := range book.GetSheetList() {
		b.WriteString("== " + sheet + "\n")
		rows, err := book.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			b.WriteString(strings.ReplaceAll(strings.Join(row, " | "), "\n", "⏎") + "\n")
		}
	}
	return b.String()
}

const faulty = "单位：万元\n序号,指标编码,金额,日期,凭证号,收款人\n1,L1,0.0000001,2023-13-01,D1,甲\n2,L1,1,2023-10-31,D2,=cmd\n3,L1,1,2023-10-31,D3,丙\n4,,1,2023-10-31,,丁\n"

func TestReportsAreFilesToMend(t *testing.T) {
	t.Parallel()
	_, report := read(t, "a.csv", []byte(faulty), intake.Options{})
	for _, tag := range language.Tags() {
		for _, format := range []string{intake.CSV, intake.XLSX} {
			var b bytes.Buffer
			if err := report.Write(&b, format, language.In(tag)); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if format == intake.XLSX {
				text = flat(t, b.Bytes())
			}
			golden(t, "report."+format+"."+string(tag)+".txt", text)

			_, again := read(t, "b."+format, b.Bytes(), intake.Options{})
			wantCells(t, again, "2 日期=2023-13-01 date_invalid", "2 金额"+map[language.Tag]string{language.Chinese: "（万元）", language.English: " (10,000 yuan)"}[tag]+"=0.0000001 amount_decimals",
				"3 收款人="+map[string]string{intake.CSV: "'", intake.XLSX: ""}[format]+"=cmd cell_formula_text",
				"4 指标编码= line_missing", "4 凭证号= field_required")
			if len(again.Ignored) != 1 {
				t.Errorf("ignored are %q", again.Ignored)
			}
		}
	}
}

func TestTemplatesExplainThemselvesAndRecordNothing(t *testing.T) {
	t.Parallel()
	for _, tag := range language.Tags() {
		for _, format := range []string{intake.CSV, intake.XLSX} {
			var b bytes.Buffer
			if err := intake.Template(&b, format, language.In(tag)); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if format == intake.XLSX {
				text = flat(t, b.Bytes())
			}
			golden(t, "template."+format+"."+string(tag)+".txt", text)
			if refusal := refused(t, "t."+format, b.Bytes()); refusal.Reason != intake.ReasonNoRows {
				t.Errorf("%s %s is refused as %v", tag, format, refusal)
			}
		}
	}
}

// TestTheExampleOfATemplateWouldBeTaken, if it did not say that it is one.
func TestTheExampleOfATemplateWouldBeTaken(t *testing.T) {
	t.Parallel()
	for _, tag := range language.Tags() {
		var b bytes.Buffer
		if err := intake.Template(&b, intake.CSV, language.In(tag)); err != nil {
			t.Fatal(err)
		}
		body := strings.ReplaceAll(b.String(), language.In(tag).Text("intake.example"), "x")
		all, report := read(t, "t.csv", []byte(body), intake.Options{})
		if len(all) != 1 || len(report.Ignored) > 0 {
			t.Errorf("%s: %d events, %q ignored, %+v", tag, len(all), report.Ignored, report.Rows)
		}
	}
}

func TestListsOfTheTemplate(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := intake.Template(&b, intake.XLSX, language.In(language.Chinese)); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	lists, err := book.GetDataValidations("导入")
	if err != nil || len(lists) != 2 {
		t.Fatalf("%d lists, %v", len(lists), err)
	}
	if shown, err := book.GetCellValue("导入", "K2"); err != nil || shown != "2023-10-31" {
		t.Errorf("the date shows as %q, %v", shown, err)
	}
}

func TestUnknownFormats(t *testing.T) {
	t.Parallel()
	_, report := read(t, "a.csv", []byte(plain), intake.Options{})
	if report.Write(&bytes.Buffer{}, "pdf", language.In(language.Chinese)) == nil || intake.Template(&bytes.Buffer{}, "pdf", language.In(language.Chinese)) == nil {
		t.Error("a PDF is written")
	}
}

// TestEveryReasonSaysWhatToDo: the last sentence of each text is the advice.
func TestEveryReasonSaysWhatToDo(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("problem.go")
	if err != nil {
		t.Fatal(err)
	}
	reasons := regexp.MustCompile(`events\.Reason += "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(reasons) < 25 {
		t.Fatalf("only %d reasons were found", len(reasons))
	}
	for _, tag := range language.Tags() {
		for _, reason := range reasons {
			why, fix := intake.SplitAdvice(language.In(tag).Refusal(events.Refuse("x", events.Reason(reason[1]), "", "near", "")))
			if why == fix || fix == "" || strings.HasPrefix(why, "reason.") {
				t.Errorf("%s: %s says %q and %q", tag, reason[1], why, fix)
			}
		}
	}
}
