package intake_test

import (
	"context"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/language"
)

// whatever imports a file of anybody: it is refused, or every row is either an
// event or has a problem, and its report can be written.
func whatever(t *testing.T, name string, body []byte) {
	recorder := &taker{}
	desk := intake.New(intake.Config{Recorder: recorder})
	ctx, cancel := context.WithCancel(context.Background())
	defer func() { cancel(); _ = desk.Run(ctx) }()
	p, err := desk.Start(ctx, intake.Upload{Name: name, Body: body, By: root})
	if err != nil {
		if events.AsRefusal(err) == nil {
			t.Fatalf("not a refusal: %v", err)
		}
		return
	}
	if _, err := desk.Wait(ctx, p.ID, root); err != nil {
		t.Fatal(err)
	}
	report, _ := desk.Report(p.ID, root)
	if report.Stage != intake.Done || len(recorder.events)+report.Rejected != len(report.Rows) {
		t.Fatalf("%d events of %d rows with %d rejected; %s %v", len(recorder.events), len(report.Rows), report.Rejected, report.Stage, report.Problem)
	}
	var b strings.Builder
	if err := report.Write(&b, intake.CSV, language.In(language.Chinese)); err != nil {
		t.Fatal(err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(plain))
	f.Add([]byte(faulty))
	f.Add([]byte(kindsHeader + "调剂,L1,1,2023-10-31,文3,,,,L2,,,统筹,\n上年结转,L1,1,2023-01-01,,,,,,,,,\n合计,,1,,,,,,,,,,\n"))
	f.Add([]byte("line;amount_wan;date;document\nL1;(1,000.5);20231031;'=1\n"))
	f.Add([]byte("\xFF\xFEl\x00i\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		// A row that names no line asks the projection, which there is none of here.
		if strings.Contains(string(body), "nit") || strings.Contains(string(body), "单位") {
			return
		}
		whatever(t, "f.csv", body)
	})
}

func FuzzXLSX(f *testing.F) {
	f.Add(xmlRow("指标编码", "金额", "日期", "凭证号") + xmlRow("L1", `<c><v>0.30000000000000004</v></c>`, `<c s="1"><v>45230</v></c>`, `<c s="2"><v>7</v></c>`))
	f.Add(xmlRow("Line", "Amount", "Date", "Document") + `<row r="9"><c r="B9"><f>1+1</f><v>2</v></c><c r="IV9" t="s"><v>7</v></c></row>`)
	f.Add(`<row r="1"><c r="A1" t="e"><v>#REF!</v></c><c t="b"><v>1</v></c><c t="d"><v>2023-01-01</v></c></row>`)
	f.Fuzz(func(t *testing.T, rows string) {
		if strings.Contains(rows, "nit") || strings.Contains(rows, "单位") {
			return
		}
		whatever(t, "f.xlsx", sheetOf(t, rows, nil))
	})
}

func FuzzArchive(f *testing.F) {
	f.Add(sheetOf(f, xmlRow("Line", "Amount", "Date", "Document")+xmlRow("L1", "1", "2023-01-01", "D"), nil))
	f.Fuzz(func(t *testing.T, body []byte) { whatever(t, "f.xlsx", body) })
}
