package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/web/browser"
)

// The people of the day, and what the day is about.
const (
	poster      = "desk-1"
	approver    = "head-1"
	movedAmount = "1234.56" // from movedFrom to movedTo, by a second person
	movedFrom   = "L-01"
	movedTo     = "L-02"
	wrongLine   = "L-06" // of the payment that is corrected
	rightLine   = "L-07"
)

// day is an accountant's day at two browsers on one server.
type day struct {
	*testing.T
	server *program
	events eventTable
	desk   *browser.Tab // the poster's
	head   *browser.Tab // the approver's
}

// TestAccountantsDay goes through the last day of June: a file of 500 payments
// with seven that are wrong, a transfer that a second person approves, a
// correction, and the month's close. What the pages say in the end is what SQL
// over the events says.
func TestAccountantsDay(t *testing.T) {
	t.Parallel()
	database := localtest.Postgres(t)
	d := &day{T: t, server: startServe(t, localtest.NATS(t).URL(), database), events: connectEvents(t, database)}
	d.record(registers())
	for _, user := range []string{poster, approver} {
		d.record(letIn(user))
	}
	b := browser.Start(t)
	d.desk, d.head = d.signIn(b, poster), d.signIn(b, approver)

	d.importTheMonth()
	d.transfer()
	d.approve()
	d.correct()
	d.closeTheMonth()
	d.payTooLate()
	d.agree()
	d.wantNames()
}

// record posts events as the operator.
func (d *day) record(lines []string) {
	d.Helper()
	status, body := d.server.call(http.MethodPost, "/v1/events", "application/x-ndjson", strings.Join(lines, "\n"))
	if status != http.StatusOK || !strings.Contains(string(body), fmt.Sprintf(`"accepted":%d`, len(lines))) {
		d.Fatalf("%d %s", status, body)
	}
}

// eventOf is an event as a client posts it.
func eventOf(id, subject string, data events.Data) string {
	raw, err := json.Marshal(map[string]any{"specversion": "1.0", "id": id, "source": "/office", "type": data.Type(), "subject": subject, "data": data})
	if err != nil {
		panic(err) // data of ours
	}
	return string(raw)
}

func letIn(user string) []string {
	role := events.Poster
	if user == approver {
		role = events.Approver
	}
	return []string{eventOf("user-"+user, user, events.UserRegistered{}), eventOf("role-"+user, user, events.RoleGranted{Role: role, Unit: unitOfDay})}
}

// signIn lets a user in at a browser of its own, by a token.
func (d *day) signIn(b *browser.Browser, user string) *browser.Tab {
	d.Helper()
	status, body := d.server.call(http.MethodPost, "/v1/users/"+user+"/tokens", "application/json", `{"token":"`+user+`","expires":"2099-12-31"}`)
	var token struct{ Secret string }
	if err := json.Unmarshal(body, &token); err != nil || status != http.StatusCreated {
		d.Fatalf("%d %s: %v", status, body, err)
	}
	tab := b.Tab(d, browser.Look{Width: 1400, Height: 1000, Language: "zh-CN"})
	tab.Open(d.server.Address + "/desk")
	if !strings.Contains(tab.Address(), auth.SignInPath) {
		d.Fatalf("a stranger is let in to %s", tab.Address())
	}
	tab.Fill("#token", token.Secret)
	tab.Click("form.token button")
	if !strings.HasSuffix(tab.Address(), "/desk") {
		d.Fatalf("%s signs in and is led to %s:\n%s", user, tab.Address(), tab.Text("main"))
	}
	return tab
}

func (d *day) open(tab *browser.Tab, path string) {
	d.Helper()
	if status := tab.Open(d.server.Address + path); status != http.StatusOK {
		d.Fatalf("%s answers %d:\n%s", path, status, tab.Text("main"))
	}
}

// retype puts a text into fields in place of what they hold; fields are names
// and texts.
func retype(tab *browser.Tab, fields ...string) {
	for i := 0; i < len(fields); i += 2 {
		selector := "#o-" + fields[i]
		browser.Evaluate[bool](tab, `(document.querySelector("`+selector+`").value = "", true)`)
		tab.Fill(selector, fields[i+1])
	}
}

// wantText insists on what a part of the page says.
func (d *day) wantText(tab *browser.Tab, selector string, parts ...string) {
	d.Helper()
	wantParts(d.T, tab.Text(selector), parts...)
}

// importTheMonth imports the file, mends what is wrong with it, and imports that.
func (d *day) importTheMonth() {
	book := bookOfPayments(d.T)
	d.upload(book)
	d.wantCounts(map[string]string{"可以记录": "493", "有问题": "7", "此前已记，不再重复": "0"})
	if got, want := d.faults(), wantFaults(); !reflect.DeepEqual(got, want) {
		d.Errorf("the report names\n%q\nand should name\n%q", got, want)
	}
	d.desk.CheckAccessible()
	d.desk.Screenshot("accountant-1-report")
	toMend := d.download(`.files a[href$=".xlsx"]`)
	before := d.sequence()
	d.recordRows("493")
	d.wantGrowth(before, 493)

	whole := mendAll(d.T, book)
	d.upload(whole)
	d.wantCounts(map[string]string{"可以记录": "7", "有问题": "0", "此前已记，不再重复": "493"})
	before = d.sequence()
	d.upload(mendRows(d.T, toMend))
	d.wantCounts(map[string]string{"可以记录": "7", "有问题": "0", "此前已记，不再重复": "0"})
	d.recordRows("7")
	d.desk.Screenshot("accountant-2-mended")
	d.wantGrowth(before, 7)

	d.upload(whole)
	d.wantCounts(map[string]string{"可以记录": "0", "有问题": "0", "此前已记，不再重复": "500"})
	if browser.Evaluate[bool](d.desk, `!!document.querySelector("form.record")`) {
		d.Error("a file that is recorded as a whole can be recorded again")
	}
}

// upload sends a file for its dry run and waits for the report.
func (d *day) upload(file string) {
	d.Helper()
	d.open(d.desk, "/import")
	d.desk.Upload("#file", file)
	d.desk.Click(".upload button")
	d.desk.Wait(`document.querySelector(".counts")`)
}

// recordRows records the rows that hold and waits until it is said.
func (d *day) recordRows(count string) {
	d.Helper()
	d.desk.Click("form.record button")
	d.desk.Wait(`document.querySelector("main .recorded") && !document.querySelector("form.record")`)
	d.wantText(d.desk, "main .recorded", "已记录 "+count+" 行")
}

// wantCounts compares the strip of a report.
func (d *day) wantCounts(want map[string]string) {
	d.Helper()
	got := browser.Evaluate[map[string]string](d.desk, `Object.fromEntries([...document.querySelectorAll(".counts li")].map(
		li => [li.querySelector(".severity").innerText.trim(), li.querySelector("b").innerText.trim()]))`)
	for label, count := range want {
		if got[label] != count {
			d.Fatalf("the report says %v; want %s: %s\n%s", got, label, count, d.desk.Text("main"))
		}
	}
}

// faults are the row, column and value of each problem on the page.
func (d *day) faults() [][3]string {
	rows := browser.Evaluate[[][3]string](d.desk, `[...document.querySelectorAll(".report tbody tr")].map(
		tr => [tr.cells[0].innerText.trim(), tr.cells[1].innerText.trim(), tr.cells[2].querySelector("q")?.innerText.trim() ?? ""])`)
	for _, why := range browser.Evaluate[[]string](d.desk, `[...document.querySelectorAll(".report tbody tr")].map(tr => tr.cells[3].innerText.trim())`) {
		if why == "" {
			d.Error("a problem comes without its reason")
		}
	}
	return rows
}

// download fetches what a link of the page leads to, with the session of the
// page, and keeps it in a file.
func (d *day) download(selector string) string {
	d.Helper()
	data := browser.Evaluate[string](d.desk, `fetch(document.querySelector('`+selector+`').href).then(r => r.blob()).then(
		b => new Promise(done => { const reader = new FileReader(); reader.onload = () => done(reader.result); reader.readAsDataURL(b) }))`)
	_, encoded, _ := strings.Cut(data, ",")
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		d.Fatal(err)
	}
	file := filepath.Join(d.TempDir(), "rows.xlsx")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		d.Fatal(err)
	}
	return file
}

// sequence is how many events there are, once the projection has them all.
func (d *day) sequence() uint64 {
	d.Helper()
	var report struct {
		Through uint64 `json:"through_sequence"`
	}
	if err := json.Unmarshal(d.server.get("/v1/execution?year=2023"), &report); err != nil {
		d.Fatal(err)
	}
	return report.Through
}

func (d *day) wantGrowth(before, want uint64) {
	d.Helper()
	if got := d.sequence() - before; got != want {
		d.Errorf("%d events were recorded, want %d", got, want)
	}
}

// available is what a line has left, by the API.
func (d *day) available(line string) string {
	d.Helper()
	var figures struct{ Available string }
	if err := json.Unmarshal(d.server.get("/v1/lines/"+line), &figures); err != nil {
		d.Fatal(err)
	}
	return figures.Available
}

// transfer proposes to move money; it moves nothing yet.
func (d *day) transfer() {
	from, to := d.available(movedFrom), d.available(movedTo)
	d.open(d.desk, "/desk")
	d.desk.Fill("#q", movedFrom)
	d.desk.Click("form.find button")
	d.desk.Click(`.acts a[href^="/desk/transfer"]`)
	retype(d.desk, "to", movedTo, "amount", movedAmount, "date", "2023-06-20", "document", "调剂-6", "reason", "六月调剂")
	d.desk.Click(".entry button")
	d.wantText(d.desk, ".slip", "¥1,234.56", "壹仟贰佰叁拾肆元伍角陆分")
	d.desk.Click(`.confirm button[value="record"]`)
	d.desk.Screenshot("accountant-3-transfer-waits")
	if from != d.available(movedFrom) || to != d.available(movedTo) {
		d.Error("a transfer moved money before it was approved")
	}
	d.desk.Click(`.done .notice a[href^="/approvals/"]`)
	if browser.Evaluate[bool](d.desk, `!!document.querySelector(".entry button")`) {
		d.Error("who proposes a transfer may approve it")
	}
}

// approve lets the second person find the proposal and approve it.
func (d *day) approve() {
	d.open(d.head, "/approvals")
	d.wantText(d.head, "tbody", "1,234.56", poster)
	d.head.Screenshot("accountant-4-approvals")
	d.head.Click(`tbody th a[href^="/approvals/"]`)
	d.wantText(d.head, "main", "1,234.56", movedTo)
	before := d.sequence()
	d.head.Click(".entry button")
	d.wantText(d.head, "main", approver)
	d.head.Screenshot("accountant-5-approved")
	d.wantGrowth(before, 2) // the approval and the transfer
	d.open(d.head, "/approvals")
	if !browser.Evaluate[bool](d.head, `!!document.querySelector(".empty")`) {
		d.Errorf("something still waits:\n%s", d.head.Text("main"))
	}
}

// correct moves a payment to another line, from the page of its event.
func (d *day) correct() {
	document := documentOf(correctedRow)
	d.open(d.desk, "/lines/"+wrongLine)
	d.desk.Fill("#f-q", document)
	d.desk.Click("form.filters button")
	d.desk.Click(".statement .c-sequence a")
	d.wantText(d.desk, "main", document)
	d.desk.Click(`a[href^="/desk/correct"]`)
	retype(d.desk, "to_line", rightLine, "date", "2023-06-28", "reason", "记错指标")
	d.desk.Click(".entry button")
	before := d.sequence()
	d.desk.Click(`.confirm button[value="record"]`)
	d.wantText(d.desk, ".done", rightLine, "2023")
	d.desk.Screenshot("accountant-6-corrected")
	d.wantGrowth(before, 1)
}

// closeTheMonth closes June; the months before it are closed.
func (d *day) closeTheMonth() {
	d.open(d.head, "/close?year=2023")
	d.head.Click(`.close a.button[href*="month=6"]`)
	d.wantText(d.head, ".facts", grouped(d.events.paid()))
	d.head.Screenshot("accountant-7-close")
	before := d.sequence()
	d.head.Click(".entry button")
	if got := browser.Evaluate[int](d.head, `document.querySelectorAll(".close .months li.on").length`); got != 6 {
		d.Errorf("%d months are closed, want 6:\n%s", got, d.head.Text("main"))
	}
	d.wantGrowth(before, 1)
}

// payTooLate dates a payment in the closed month: it is refused at its date, and
// nothing that was typed is lost.
func (d *day) payTooLate() {
	before := d.sequence()
	d.open(d.desk, "/desk/pay?"+url.Values{"line": {"L-03"}}.Encode())
	retype(d.desk, "amount", "8.88", "date", "2023-06-30", "document", "J-501")
	d.desk.Click(".entry button")
	d.wantText(d.desk, "#e-date", "月结", "2023-06-30")
	d.desk.Screenshot("accountant-8-refused")
	for field, want := range map[string]string{"amount": "8.88", "date": "2023-06-30", "document": "J-501"} {
		if got := browser.Evaluate[string](d.desk, `document.getElementById("o-`+field+`").value`); got != want {
			d.Errorf("the %s holds %q, want %q", field, got, want)
		}
	}
	d.wantGrowth(before, 0)
	retype(d.desk, "date", "2023-07-03")
	d.desk.Click(".entry button")
	d.wantText(d.desk, ".slip", "¥8.88") // July is open
}
