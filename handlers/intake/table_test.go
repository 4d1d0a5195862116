package intake_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/formimport"
	"github.com/outturn/outturn/handlers/intake"
)

const plain = "指标编码,金额,日期,凭证号,收款人\nL1,\"1,000.00\",2023-10-31,支字1号,印务公司\n"
const plainPaid = "L1 1000.00 2023-10-31 支字1号 印务公司  \n"

func encoded(t *testing.T, body []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestCSVFilesThatSayTheSame(t *testing.T) {
	t.Parallel()
	gb, gbErr := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(plain))
	wide, wideErr := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(strings.NewReplacer(`"1,000.00"`, "1000", ",", "\t").Replace(plain)))
	for name, body := range map[string][]byte{
		"UTF-8":                []byte(plain),
		"with a mark":          []byte("\uFEFF" + plain),
		"GB18030":              encoded(t, gb, gbErr),
		"UTF-16 with tabs":     encoded(t, wide, wideErr),
		"semicolons":           []byte("指标编码;金额;日期;凭证号;收款人\nL1;1,000.00;2023-10-31;支字1号;印务公司\n"),
		"semicolons announced": []byte("sep=;\r\n指标编码;金额;日期;凭证号;收款人\r\nL1;1,000.00;2023-10-31;支字1号;印务公司\r\n"),
		"line ends of Macs":    []byte(strings.ReplaceAll(plain, "\n", "\r")),
		"titles above":         []byte("某局支付明细表,,,,\n,,,,单位：元\n\n" + plain),
		"English headers":      []byte("Budget line,Amount,Payment date,Voucher no.,Payee\nL1,1000,2023/10/31,支字1号,印务公司\n"),
		"members as headers":   []byte("line,amount,date,document,payee\nL1,1000,2023/10/31,支字1号,印务公司\n"),
		"stars and spaces":     []byte("指标 编码*,金 额,日期*,凭证号,收款人（全称）\nL1,1000,2023/10/31,支字1号,印务公司\n"),
		"wan above":            []byte("支付明细,,,,\n单位：万元,,,,\n指标编码,金额,日期,凭证号,收款人\nL1,0.1,2023-10-31,支字1号,印务公司\n"),
		"header beats above":   []byte("单位：万元,,,,\n指标编码,金额（元）,日期,凭证号,收款人\nL1,1000,2023-10-31,支字1号,印务公司\n"),
		"a likelier header":    []byte("指标,指标编码,金额,日期,凭证号,收款人\n不是编码,L1,1000,2023-10-31,支字1号,印务公司\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, report := read(t, "支付.CSV", body, intake.Options{})
			if got := paid(t, all); got != plainPaid {
				t.Errorf("got %q; %+v", got, report)
			}
		})
	}
}

func TestTheDenominationThatWasChosen(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"line,amount,date,document\nL1,1,2023-01-01,D\n":          "L1 10000.00 2023-01-01 D   \n",
		"line,amount (yuan),date,document\nL1,1,2023-01-01,D\n":   "L1 1.00 2023-01-01 D   \n",
		"单位：元\nline,amount,date,document\nL1,1,2023-01-01,D\n":    "L1 1.00 2023-01-01 D   \n",
		"line,amount,date,document\nL1,\"1 元\",2023-01-01,D\n":    "L1 1.00 2023-01-01 D   \n",
		"line,amount_wan,date,document\nL1,0.0001,2023-01-01,D\n": "L1 1.00 2023-01-01 D   \n",
	} {
		if all, report := read(t, "a.csv", []byte(body), intake.Options{Unit: intake.WanYuan}); paid(t, all) != want {
			t.Errorf("%q: got %q; %+v", body, paid(t, all), report.Rows)
		}
	}
}

func TestRowsAreNumberedAsASpreadsheetDoes(t *testing.T) {
	t.Parallel()
	body := "标题\n\n指标编码,金额,日期,凭证号,备注\nL1,1,2023-01-01,D1,\"两\n行\"\n\n,,,,\nL1,2,2023-01-01,D2,\n"
	_, report := read(t, "a.csv", []byte(body), intake.Options{})
	if len(report.Rows) != 2 || report.Rows[0].Number != 4 || report.Rows[1].Number != 7 {
		t.Errorf("rows %+v", report.Rows)
	}
}

func TestColumnsThatAreNotRead(t *testing.T) {
	t.Parallel()
	_, report := read(t, "a.csv", []byte("序号,指标编码,金额,日期,凭证号,经办处室,※问题\n1,L1,1,2023-01-01,D1,x,y\n"), intake.Options{})
	if want := []string{"序号", "经办处室"}; !slices.Equal(report.Ignored, want) {
		t.Errorf("ignored %q, want %q", report.Ignored, want)
	}
}

func TestSumsAreSkippedAndChecked(t *testing.T) {
	t.Parallel()
	body := "指标编码,金额,日期,凭证号\nL1,1,2023-01-01,D1\nL1,2,2023-01-02,D2\n小 计,3.00,,\nL1,4,2023-01-03,D3\n小计,5,,\n合计,7,,\n累计,100,,\n"
	all, report := read(t, "a.csv", []byte(body), intake.Options{})
	if len(all) != 3 || len(report.Notes) != 1 {
		t.Fatalf("%d events, notes %+v", len(all), report.Notes)
	}
	note := report.Notes[0]
	if note.Row != 6 || note.Column != "金额" || note.Refusal.Reason != intake.ReasonTotalDiffers || note.Refusal.Params["value"] != "5.00" {
		t.Errorf("note %+v %v", note, note.Refusal)
	}
	payee := "指标编码,金额,日期,凭证号,收款人\nL1,1,2023-01-01,D1,合计\n"
	if all, _ := read(t, "a.csv", []byte(payee), intake.Options{}); len(all) != 1 {
		t.Error("a payment to somebody of that name is taken for a sum")
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	good := xmlRow("指标编码", "金额", "日期", "凭证号") + xmlRow("L1", "1", "2023-01-01", "D1")
	wide := xmlRow("指标编码", "金额", "日期", "凭证号") + `<row><c r="ZZ2"><v>1</v></c></row>`
	const external = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId9" Type="http://x/oleObject" Target="file:///c:/x" TargetMode="External"/></Relationships>`
	many := plain[:strings.Index(plain, "\n")+1] + strings.Repeat("L1,1,2023-10-31,D,x\n", intake.MaxRows+1)
	for name, c := range map[string]struct {
		file string
		body []byte
		want events.Reason
	}{
		"an old workbook":         {"a.xls", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), intake.ReasonOldWorkbook},
		"an encrypted workbook":   {"a.xlsx", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), intake.ReasonOldWorkbook},
		"a workbook with macros":  {"a.xlsm", sheetOf(t, good, nil), formimport.ReasonMacros},
		"another kind":            {"a.pdf", []byte("%PDF"), intake.ReasonNotATable},
		"a CSV that says xlsx":    {"a.xlsx", []byte(plain), intake.ReasonNotATable},
		"a workbook that says so": {"a.csv", sheetOf(t, good, nil), intake.ReasonNotATable},
		"a large file":            {"a.csv", make([]byte, intake.MaxBytes+1), formimport.ReasonFileSize},
		"nothing":                 {"a.csv", nil, intake.ReasonNoRows},
		"only a header":           {"a.csv", []byte("指标编码,金额,日期,凭证号\n"), intake.ReasonNoRows},
		"only sums":               {"a.csv", []byte("指标编码,金额,日期,凭证号\n合计,1,,\n"), intake.ReasonNoRows},
		"no header":               {"a.csv", []byte("a,b,c\n1,2,3\n"), intake.ReasonNoHeader},
		"a header far down":       {"a.csv", []byte(strings.Repeat("x\n", intake.HeaderRows) + plain), intake.ReasonNoHeader},
		"a column missing":        {"a.csv", []byte("指标编码,金额,凭证号\nL1,1,D\n"), intake.ReasonNoHeader},
		"a column twice":          {"a.csv", []byte("指标编码,金额,金额（元）,日期,凭证号\nL1,1,1,2023-01-01,D\n"), intake.ReasonColumnTwice},
		"open quotation marks":    {"a.csv", []byte(plain + "\"L1,2\n"), intake.ReasonCSVSyntax},
		"another encoding":        {"a.csv", []byte("指标\xFF\xFF"), intake.ReasonEncoding},
		"zero bytes":              {"a.csv", []byte("a\x00b"), intake.ReasonEncoding},
		"too many rows":           {"a.csv", []byte(many), formimport.ReasonTooMany},
		"a long cell":             {"a.csv", []byte(plain + "L1,1,2023-01-01,D," + strings.Repeat("长", intake.MaxCell+1)), formimport.ReasonCellText},
		"a column far right":      {"a.xlsx", sheetOf(t, wide, nil), formimport.ReasonTooMany},
		"half a zip":              {"a.xlsx", sheetOf(t, good, nil)[:300], formimport.ReasonZip},
		"a bomb":                  {"a.xlsx", sheetOf(t, good+strings.Repeat(" ", 8<<20), nil), intake.ReasonUnzipRatio},
		"a project of VBA":        {"a.xlsx", sheetOf(t, good, map[string]string{"xl/vbaProject.bin": "x"}), formimport.ReasonMacros},
		"macros by content type": {"a.xlsx", sheetOf(t, good, map[string]string{"[Content_Types].xml": `<Types><Override PartName="/xl/workbook.xml" ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>`}),
			formimport.ReasonMacros},
		"a sheet of old macros": {"a.xlsx", sheetOf(t, good, map[string]string{"xl/macrosheets/sheet1.xml": "x"}), formimport.ReasonMacros},
		"external links":        {"a.xlsx", sheetOf(t, good, map[string]string{"xl/externalLinks/externalLink1.xml": "x"}), formimport.ReasonExternalLinks},
		"an external object":    {"a.xlsx", sheetOf(t, good, map[string]string{"xl/worksheets/_rels/sheet1.xml.rels": external}), formimport.ReasonExternalLinks},
		"a document type":       {"a.xlsx", sheetOf(t, "", map[string]string{"xl/worksheets/sheet1.xml": `<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>`}), formimport.ReasonDTD},
		"a document type in the book": {"a.xlsx", sheetOf(t, good, map[string]string{"xl/workbook.xml": `<!DOCTYPE x><workbook/>`}),
			formimport.ReasonDTD},
		"XML that ends early": {"a.xlsx", sheetOf(t, "", map[string]string{"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row>`}), formimport.ReasonPart},
		"a lost sheet": {"a.xlsx", sheetOf(t, good, map[string]string{"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="gone.xml"/></Relationships>`}),
			formimport.ReasonPartMissing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := refused(t, c.file, c.body); got.Reason != c.want {
				t.Errorf("refused as %v; want %s", got, c.want)
			}
		})
	}
}

// TestABombThatLies: what the table of contents says of sizes is not believed.
func TestABombThatLies(t *testing.T) {
	t.Parallel()
	const spaces = 8 << 20
	body := sheetOf(t, strings.Repeat(" ", spaces), nil)
	lie := bytes.ReplaceAll(body, le32(uint32(len(sheetXML(spaces)))), le32(1000))
	if bytes.Equal(lie, body) {
		t.Fatal("the size was not found")
	}
	if got := refused(t, "a.xlsx", lie); got.Code != formimport.CodeTooLarge && got.Code != formimport.CodeDamaged {
		t.Errorf("refused as %v", got)
	}
}

func sheetXML(spaces int) string {
	return `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheetData>` +
		strings.Repeat(" ", spaces) + `</sheetData></worksheet>`
}

func le32(n uint32) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)} }

func TestTheNearestHeaderIsNamed(t *testing.T) {
	t.Parallel()
	refusal := refused(t, "a.csv", []byte("指标编码,金颔,日期,凭证号\nL1,1,2023-01-01,D\n"))
	if refusal.Reason != intake.ReasonNoHeader || refusal.Params["nearest"] != "金颔 → 金额" || refusal.Params["headers"] != "指标编码、金颔、日期、凭证号" {
		t.Errorf("refused as %v", refusal)
	}
}

// TestSheetsOfAWorkbook: the first visible sheet with a header is read, others
// are told of. The file is written by another program's library.
func TestSheetsOfAWorkbook(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	defer book.Close()
	rows := map[string][][]any{
		"Sheet1": {{"说明"}, {"请看下一张表"}},
		"隐藏":     {{"指标编码", "金额", "日期", "凭证号"}, {"L0", 1, "2023-01-01", "D0"}},
		"支付":     {{"某局支付明细"}, nil, {"指标编码", "金额", "日期", "凭证号"}, {"L1", 1234.56, "2023-10-31", "D1"}, nil, {"合计", 1234.56}},
		"更多":     {{"指标编码", "金额", "日期", "凭证号"}, {"L2", 1, "2023-01-01", "D2"}},
	}
	for _, name := range []string{"隐藏", "支付", "更多"} {
		if _, err := book.NewSheet(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, all := range rows {
		for i, row := range all {
			if err := book.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := book.SetSheetVisible("隐藏", false); err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	if err := book.Write(&body); err != nil {
		t.Fatal(err)
	}
	all, report := read(t, "a.xlsx", body.Bytes(), intake.Options{})
	if got := paid(t, all); got != "L1 1234.56 2023-10-31 D1   \n" {
		t.Errorf("got %q", got)
	}
	if len(report.Notes) != 1 || report.Notes[0].Refusal.Params["sheet"] != "更多" || report.Rows[0].Number != 4 {
		t.Errorf("notes %+v, rows %+v", report.Notes, report.Rows)
	}
}
