package formimport_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/formimport"
)

// check reads a file of anybody: it is refused or gives forms that the audit
// parses again.
func check(t *testing.T, file []byte) {
	declared, report, err := formimport.Read("fuzz.docx", bytes.NewReader(file), int64(len(file)))
	if err != nil {
		if events.AsRefusal(err) == nil {
			t.Fatalf("not a refusal: %v", err)
		}
		return
	}
	for i := range declared.Forms {
		declared.Forms[i].Year = max(declared.Forms[i].Year, 1949) // 0 is a form without a year
	}
	raw, err := json.Marshal(declared)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Parse(raw); err != nil {
		t.Fatalf("the forms are not declared forms: %v", err)
	}
	if report.Forms != len(declared.Forms) || report.Forms == 0 {
		t.Fatalf("%d forms, %d reported", len(declared.Forms), report.Forms)
	}
}

// short is a form of few rows, from which a fuzzer gets further.
func short(f *testing.F) audit.Form {
	form := published(f)[1]
	form.Indicators = form.Indicators[:2]
	return form
}

func FuzzDocx(f *testing.F) {
	for _, layout := range layouts() {
		s := layout.print(short(f))
		f.Add(paragraph(s.above[0]) + wordTable(s.rows))
	}
	f.Fuzz(func(t *testing.T, content string) {
		parts := wordParts("")
		maps.Copy(parts, map[string]string{"word/document.xml": body(content)})
		check(t, zipped(t, parts))
	})
}

func FuzzXlsx(f *testing.F) {
	f.Add(`<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>三级指标</t></is></c><c r="B1" t="inlineStr"><is><t>得分</t></is></c></row><row r="2"><c r="A2"><v>1</v></c><c r="B2" s="3"><f>A1</f></c></row></sheetData><mergeCells><mergeCell ref="A1:C3"/></mergeCells>`)
	f.Add(`<dimension ref="A1:XFD1048576"/><sheetData><row r="9"><c r="XFD9" t="s"><v>7</v></c></row></sheetData>`)
	f.Fuzz(func(t *testing.T, content string) {
		check(t, sheetXML(t, content))
	})
}

func FuzzText(f *testing.F) {
	for _, layout := range layouts() {
		f.Add(flattened(layout.print(short(f))))
	}
	f.Fuzz(check)
}
