package formimport_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/formimport"
)

// refusal reads a file that must be refused.
func refusal(t testing.TB, file []byte) *events.Refusal {
	t.Helper()
	_, _, err := formimport.Read("x", bytes.NewReader(file), int64(len(file)))
	r := events.AsRefusal(err)
	if r == nil {
		t.Fatalf("read without a refusal: %v", err)
	}
	return r
}

// with are the parts of a good document with some replaced or added.
func with(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	all := wordParts(paragraph("2024年度项目支出绩效自评表") + wordTable(small(unchanged).rows))
	maps.Copy(all, parts)
	return zipped(t, all)
}

func external(sort string) string {
	return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/` +
		sort + `" Target="https://example.org/x" TargetMode="External"/></Relationships>`
}

func body(inner string) string {
	return `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + inner + `</w:body></w:document>`
}

func TestFilesAreRefusedWithACode(t *testing.T) {
	t.Parallel()
	good := with(t, nil)
	book := xlsx(t, small(unchanged))
	cases := map[string]struct {
		file   []byte
		code   events.Code
		reason events.Reason
	}{
		"nothing":                      {nil, formimport.CodeKind, formimport.ReasonUnknownKind},
		"a picture":                    {[]byte("\x89PNG\r\n\x1a\n"), formimport.CodeKind, formimport.ReasonUnknownKind},
		"a plain text":                 {[]byte("绩效指标\n一级指标\n"), formimport.CodeKind, formimport.ReasonUnknownKind},
		"the old format or a password": {[]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest"), formimport.CodeKind, formimport.ReasonOldFormat},
		"a zip of something else":      {zipped(t, map[string]string{"[Content_Types].xml": "<Types/>"}), formimport.CodeKind, formimport.ReasonUnknownKind},
		"a zip without content types":  {zipped(t, map[string]string{"a.txt": "a"}), formimport.CodeDamaged, formimport.ReasonPartMissing},
		"a cut document":               {good[:len(good)/2], formimport.CodeDamaged, formimport.ReasonZip},
		"a cut workbook":               {book[:len(book)-200], formimport.CodeDamaged, formimport.ReasonZip},
		"a document that says it is a workbook": {with(t, map[string]string{
			"[Content_Types].xml": `<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`}),
			formimport.CodeDamaged, formimport.ReasonZip},
		"no main part": {with(t, map[string]string{
			"[Content_Types].xml": `<Types><Override PartName="/word/other.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`}),
			formimport.CodeDamaged, formimport.ReasonPartMissing},
		"XML that ends early":           {with(t, map[string]string{"word/document.xml": strings.TrimSuffix(body("<w:p>"), "</w:body></w:document>")}), formimport.CodeDamaged, formimport.ReasonPart},
		"macros in a document":          {with(t, map[string]string{"word/vbaProject.bin": "x"}), formimport.CodeMacros, formimport.ReasonMacros},
		"macros by content type":        {with(t, map[string]string{"[Content_Types].xml": `<Types><Override PartName="/word/document.xml" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>`}), formimport.CodeMacros, formimport.ReasonMacros},
		"a remote template":             {with(t, map[string]string{"word/_rels/settings.xml.rels": external("attachedTemplate")}), formimport.CodeExternalLinks, formimport.ReasonExternalLinks},
		"an external workbook":          {with(t, map[string]string{"xl/externalLinks/externalLink1.xml": "<x/>"}), formimport.CodeExternalLinks, formimport.ReasonExternalLinks},
		"a document type definition":    {with(t, map[string]string{"word/document.xml": `<!DOCTYPE a [<!ENTITY b "c">]>` + body("<w:p/>")}), formimport.CodeDTD, formimport.ReasonDTD},
		"no form in it":                 {with(t, map[string]string{"word/document.xml": body(paragraph("工作总结"))}), formimport.CodeNotAForm, formimport.ReasonNoForm},
		"more columns than a grid has":  {with(t, map[string]string{"word/document.xml": body(`<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="999999999"/></w:tcPr><w:p/></w:tc></w:tr></w:tbl>`)}), formimport.CodeTooLarge, formimport.ReasonTooMany},
		"more rows than a file may":     {with(t, map[string]string{"word/document.xml": body("<w:tbl>" + strings.Repeat("<w:tr/>", formimport.MaxRows+1) + "</w:tbl>")}), formimport.CodeTooLarge, formimport.ReasonTooMany},
		"more tables than a file may":   {with(t, map[string]string{"word/document.xml": body(strings.Repeat("<w:tbl/>", formimport.MaxTables+1))}), formimport.CodeTooLarge, formimport.ReasonTooMany},
		"a part beyond its limit":       {with(t, map[string]string{"xl/styles.xml": strings.Repeat(" ", formimport.MaxPartBytes+1)}), formimport.CodeTooLarge, formimport.ReasonPartSize},
		"tables beyond all limits":      {with(t, map[string]string{"word/document.xml": strings.Repeat(" ", formimport.MaxUnzippedBytes+1)}), formimport.CodeTooLarge, formimport.ReasonUnzippedSize},
		"a cell beyond its limit":       {with(t, map[string]string{"word/document.xml": body("<w:tbl><w:tr><w:tc>" + paragraph(strings.Repeat("文", formimport.MaxCellRunes+1)) + "</w:tc></w:tr></w:tbl>")}), formimport.CodeTooLarge, formimport.ReasonCellText},
		"elements in each other":        {with(t, map[string]string{"word/document.xml": body(strings.Repeat("<w:sdt>", 1000) + strings.Repeat("</w:sdt>", 1000))}), formimport.CodeTooLarge, formimport.ReasonTooMany},
		"a picture as large as a disk":  {with(t, map[string]string{"word/media/image1.png": strings.Repeat("\x00", formimport.MaxUnzippedBytes+1)}), formimport.CodeTooLarge, formimport.ReasonUnzippedSize},
		"parts beyond the limit in all": {bombOfMany(t), formimport.CodeTooLarge, formimport.ReasonUnzippedSize},
		"a header that lies about size": {lying(t), formimport.CodeDamaged, formimport.ReasonPart},
		"a part twice":                  {twice(t), formimport.CodeDamaged, formimport.ReasonPartTwice},
		"more parts than a file may":    {manyParts(t), formimport.CodeTooLarge, formimport.ReasonTooMany},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r := refusal(t, c.file); r.Code != c.code || r.Reason != c.reason {
				t.Errorf("%v", r)
			}
		})
	}
}

// bombOfMany is many small parts that are large together.
func bombOfMany(t testing.TB) []byte {
	t.Helper()
	parts := map[string]string{}
	for i := range 9 {
		parts[fmt.Sprintf("word/media/%d.bin", i)] = strings.Repeat("\x00", formimport.MaxUnzippedBytes/8)
	}
	return with(t, parts)
}

// lying is a part whose header says it has one byte.
func lying(t testing.TB) []byte {
	t.Helper()
	content := bytes.Repeat([]byte{0}, formimport.MaxUnzippedBytes+1)
	var squeezed, file bytes.Buffer
	deflate, err := flate.NewWriter(&squeezed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deflate.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := deflate.Close(); err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(&file)
	part, err := w.CreateRaw(&zip.FileHeader{Name: "a.bin", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(squeezed.Len()), UncompressedSize64: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(part, &squeezed); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func twice(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for range 2 {
		if _, err := w.Create("word/document.xml"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func manyParts(t testing.TB) []byte {
	t.Helper()
	parts := map[string]string{}
	for i := range formimport.MaxEntries + 1 {
		parts[fmt.Sprint(i)] = ""
	}
	return zipped(t, parts)
}

func TestAFileBeyondTheLimitIsNotEvenOpened(t *testing.T) {
	t.Parallel()
	_, _, err := formimport.Read("x", nil, formimport.MaxFileBytes+1)
	if r := events.AsRefusal(err); r == nil || r.Code != formimport.CodeTooLarge || r.Reason != formimport.ReasonFileSize {
		t.Errorf("%v", err)
	}
}

// sheetXML replaces the sheet of a good workbook.
func sheetXML(t testing.TB, sheet string) []byte {
	t.Helper()
	return zipped(t, map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
		"_rels/.rels":                `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="表" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` + sheet + `</worksheet>`,
	})
}

// TestASheetThatClaimsAMillionRowsCostsNothing: the claim is not believed, and
// the blank cells before a far one are counted.
func TestASheetThatClaimsAMillionRowsCostsNothing(t *testing.T) {
	t.Parallel()
	far := `<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>工作总结</t></is></c></row>` +
		`<row r="1000000"><c r="A1000000"><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="B2:XFD1000000"/></mergeCells>`
	if r := refusal(t, sheetXML(t, far)); r.Code != formimport.CodeNotAForm && r.Code != formimport.CodeTooLarge {
		t.Errorf("%v", r)
	}
	wide := "<sheetData>" + strings.Repeat(`<row><c r="XFD1"><v>1</v></c></row>`, 1000) + "</sheetData>"
	if r := refusal(t, sheetXML(t, wide)); r.Code != formimport.CodeTooLarge || r.Reason != formimport.ReasonTooMany {
		t.Errorf("%v", r)
	}
}

func TestAFormulaWithoutItsResultIsReported(t *testing.T) {
	t.Parallel()
	cells := func(row int, texts ...string) string {
		all := ""
		for i, text := range texts {
			cell := fmt.Sprintf(`<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+i, row, text)
			if text == "=" {
				cell = fmt.Sprintf(`<c r="%c%d"><f>A1+B1</f></c>`, 'A'+i, row)
			}
			all += cell
		}
		return fmt.Sprintf(`<row r="%d">%s</row>`, row, all)
	}
	file := sheetXML(t, "<sheetData>"+cells(1, "三级指标", "指标值", "完成值", "分值", "得分")+cells(2, "维护里程", "30公里", "31公里", "50", "=")+"</sheetData>")
	declared, report := read(t, file)
	want := formimport.Unread{Place: formimport.Place{Sheet: "表", Row: 2, Column: 5}, Why: formimport.WhyNoResult}
	found := false
	for _, unread := range report.Unread {
		found = found || unread == want
	}
	if !found || declared.Forms[0].Indicators[0].Score.Printed != "" {
		t.Errorf("%v, %+v", report.Unread, declared.Forms[0].Indicators)
	}
}

// TestOddTablesAreReadForWhatTheyHold: a merge without a beginning, rows without
// cells, cells without text.
func TestOddTablesAreReadForWhatTheyHold(t *testing.T) {
	t.Parallel()
	good := wordTable(small(unchanged).rows)
	for name, table := range map[string]string{
		"a merge without a beginning": strings.ReplaceAll(good, `<w:vMerge w:val="restart"/>`, ""),
		"rows without cells":          strings.ReplaceAll(good, "<w:tr>", "<w:tr></w:tr><w:tr>"),
		"cells without paragraphs":    strings.ReplaceAll(good, "<w:p><w:pPr><w:jc w:val=\"left\"/></w:pPr><w:proofErr w:type=\"spellStart\"/></w:p>", ""),
		"spans that are no numbers":   strings.ReplaceAll(good, `<w:gridSpan w:val="1"/>`, `<w:gridSpan w:val="-7"/>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			declared, _ := read(t, with(t, map[string]string{"word/document.xml": body(paragraph("2024年度项目支出绩效自评表") + table)}))
			form := declared.Forms[0]
			if len(form.Indicators) != 2 || form.Funds[0].Executed.Printed != "12" || form.Total.Score.Printed != "99.6" {
				t.Errorf("%+v", form)
			}
		})
	}
}

// TestNamesThatLeaveTheArchiveDoNotExist, and links to click do no harm.
func TestNamesThatLeaveTheArchiveDoNotExist(t *testing.T) {
	t.Parallel()
	declared, _ := read(t, with(t, map[string]string{
		"../../word/document.xml": "<evil/>", `..\word\document.xml`: "<evil/>", "/word/document.xml": "<evil/>",
		"word/_rels/document.xml.rels": external("hyperlink"),
	}))
	if len(declared.Forms) != 1 {
		t.Errorf("%+v", declared)
	}
}
