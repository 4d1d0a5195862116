package intake_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/projections"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var root = access.Principal{Name: "tester", Root: true}

// taker is a recorder that takes everything and keeps it.
type taker struct{ events []events.Event }

func (r *taker) Submit(_ context.Context, s commands.Submission) ([]commands.Result, error) {
	results := make([]commands.Result, len(s.Items))
	for i, item := range s.Items {
		if results[i] = (commands.Result{Status: commands.Accepted}); item.Refusal != nil {
			results[i] = commands.Result{Status: commands.Rejected, Refusal: item.Refusal}
			continue
		}
		r.events = append(r.events, item.Event)
	}
	return results, nil
}

// run makes a desk and runs it until the test ends.
func run(t testing.TB, c intake.Config) *intake.Desk {
	t.Helper()
	desk := intake.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = desk.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return desk
}

// follow waits for an import's end and returns its report.
func follow(t testing.TB, desk *intake.Desk, p intake.Progress, err error) intake.Report {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Wait(context.Background(), p.ID, root); err != nil {
		t.Fatal(err)
	}
	report, ok := desk.Report(p.ID, root)
	if !ok {
		t.Fatal("there is no report")
	}
	return report
}

func send(t testing.TB, desk *intake.Desk, name string, body []byte, options intake.Options) intake.Report {
	t.Helper()
	p, err := desk.Start(context.Background(), intake.Upload{Name: name, Body: body, By: root, Options: options})
	return follow(t, desk, p, err)
}

// read imports a file that needs no lines, and returns what was to be recorded.
func read(t testing.TB, name string, body []byte, options intake.Options) ([]events.Event, intake.Report) {
	t.Helper()
	recorder := &taker{}
	report := send(t, run(t, intake.Config{Recorder: recorder}), name, body, options)
	return recorder.events, report
}

// refused starts an import that cannot be taken as a whole.
func refused(t testing.TB, name string, body []byte) *events.Refusal {
	t.Helper()
	_, err := run(t, intake.Config{Recorder: &taker{}}).Start(context.Background(), intake.Upload{Name: name, Body: body, By: root})
	refusal := events.AsRefusal(err)
	if refusal == nil {
		t.Fatalf("%s: want a refusal, got %v", name, err)
	}
	return refusal
}

// paid is what payments say, one a line.
func paid(t testing.TB, all []events.Event) string {
	t.Helper()
	var b strings.Builder
	for _, event := range all {
		data, ok := event.Data.(events.DisbursementPaid)
		if !ok {
			t.Fatalf("%s is no payment", event.Type)
		}
		fmt.Fprintln(&b, event.Subject, data.Amount, data.Date, data.Document, data.Payee, data.Purpose, data.EconomicClass)
	}
	return b.String()
}

// sheetOf is a workbook with one sheet of this XML, dates of style 1 and zeros
// (000) of style 2.
func sheetOf(t testing.TB, sheetData string, more map[string]string) []byte {
	t.Helper()
	const space = ` xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	const relationships = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>`
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	parts := map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`,
		"_rels/.rels":                fmt.Sprintf(relationships, `<Relationship Id="rId1" Type="`+office+`officeDocument" Target="xl/workbook.xml"/>`),
		"xl/workbook.xml":            `<workbook` + space + `><sheets><sheet name="支付" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": fmt.Sprintf(relationships, `<Relationship Id="rId1" Type="`+office+`worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="`+office+`styles" Target="styles.xml"/>`),
		"xl/styles.xml":              `<styleSheet` + space + `><numFmts><numFmt numFmtId="164" formatCode="000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
		"xl/worksheets/sheet1.xml":   `<worksheet` + space + `><sheetData>` + sheetData + `</sheetData></worksheet>`,
	}
	maps.Copy(parts, more)
	return zipped(t, parts)
}

func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		part, err := w.Create(name)
		if err == nil {
			_, err = part.Write([]byte(parts[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// xmlRow is a row of inline texts; what begins with "<" is a cell as it is.
func xmlRow(cells ...string) string {
	var b strings.Builder
	b.WriteString("<row>")
	for _, c := range cells {
		if strings.HasPrefix(c, "<") {
			b.WriteString(c)
		} else {
			b.WriteString(`<c t="inlineStr"><is><t>` + c + `</t></is></c>`)
		}
	}
	return b.String() + "</row>"
}

// books is a real recorder over a log in memory, and a reader of what it holds.
type books struct {
	recorder *commands.Recorder
	log      *eventlog.Memory
}

func open(t testing.TB) *books {
	t.Helper()
	log := eventlog.NewMemory()
	recorder, err := commands.Open(context.Background(), commands.Config{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = recorder.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return &books{recorder: recorder, log: log}
}

// desk runs a desk over the books.
func (b *books) desk(t testing.TB) *intake.Desk {
	return run(t, intake.Config{Recorder: b.recorder, Reader: b})
}

// post records events written as "noun subject {data}".
func (b *books) post(t testing.TB, all ...string) {
	t.Helper()
	var items []commands.Item
	for i, one := range all {
		parts := strings.SplitN(one, " ", 3)
		event, err := events.Parse(fmt.Appendf(nil, `{"specversion":"1.0","id":"%d-%d","source":"/test","type":"outturn.%s.v1","subject":%q,"data":%s}`,
			time.Now().UnixNano(), i, parts[0], parts[1], parts[2]))
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, commands.Item{Event: event})
	}
	results, err := b.recorder.Submit(context.Background(), commands.Submission{By: root, Items: items})
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if result.Status != commands.Accepted {
			t.Fatalf("%s: %v", all[i], result.Refusal)
		}
	}
}

// opened are events that open a line with money.
func opened(line, vintage, amount string) []string {
	money := `budget.allocated ` + line + ` {"amount":"` + amount + `","date":"2023-01-01","document":"B"}`
	if vintage != "2023" {
		money = `carryover.received ` + line + ` {"amount":"` + amount + `","date":"2023-01-01","from_year":2022}`
	}
	return []string{`line.opened ` + line + ` {"year":2023,"unit":"U1","project":"P1","fund":"general_public","vintage":` + vintage +
		`,"function_class":"2150501","economic_class":"302"}`, money}
}

func registers() []string {
	return []string{`unit.registered U1 {"name":"局"}`, `project.registered P1 {"unit":"U1","year":2023,"name":"项目","kind":"project"}`}
}

// ledger replays the log into books.
func (b *books) ledger() (*budget.Books, []events.Event) {
	replayed := budget.NewBooks()
	var all []events.Event
	last, _ := b.log.Last(context.Background())
	_ = b.log.Read(context.Background(), 1, last, func(records []eventlog.Record) error {
		for _, record := range records {
			event, err := events.Decode(record.Body)
			if err != nil {
				return err
			}
			if _, err := budget.Evolve(replayed, event); err != nil {
				return err
			}
			all = append(all, event)
		}
		return nil
	})
	return replayed, all
}

func (b *books) FindLines(_ context.Context, q projections.LineSearch) ([]projections.LineView, error) {
	ledger, _ := b.ledger()
	var found []projections.LineView
	for _, id := range slices.Sorted(maps.Keys(ledger.Changes().Lines)) {
		line, _ := ledger.Line(id)
		if line.Year == q.Year && line.Project == q.Project && line.Unit == q.Unit && (q.Fund == "" || line.Fund == q.Fund) &&
			(q.Vintage == 0 || line.Vintage == q.Vintage) && strings.HasPrefix(string(line.EconomicClass), string(q.EconomicClass)) {
			found = append(found, projections.LineView{Line: line})
		}
	}
	return found, nil
}

func (b *books) Event(_ context.Context, sequence uint64) (projections.EventView, error) {
	_, all := b.ledger()
	return projections.EventView{Event: all[sequence-1]}, nil
}
