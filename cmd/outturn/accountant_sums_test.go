package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/web/browser"
)

// What the file of the day is made of.
const (
	unitOfDay    = "U-1"
	linesOfDay   = 10
	lineBudget   = money.Amount(20_000_00)
	paymentRows  = 500
	correctedRow = 5 // a payment on wrongLine
)

// registers are a unit with its projects, lines and budgets, the rule that a
// second person looks at transfers, and the months that are closed.
func registers() []string {
	day := fiscal.Date{Year: 2023, Month: 1, Day: 1}
	lines := []string{
		eventOf("unit", unitOfDay, events.UnitRegistered{Name: "示例局"}),
		eventOf("project-1", "P-1", events.ProjectRegistered{Unit: unitOfDay, Year: 2023, Name: "培训", Kind: events.KindProject}),
		eventOf("project-2", "P-2", events.ProjectRegistered{Unit: unitOfDay, Year: 2023, Name: "监测", Kind: events.KindProject}),
		eventOf("review", unitOfDay, events.ReviewSet{Review: "transfers", Types: events.Types{events.BudgetTransferred{}.Type()}, Date: day}),
	}
	for i := range linesOfDay {
		line, project := lineOf(i), events.ProjectID(fmt.Sprintf("P-%d", 1+i/5))
		lines = append(lines,
			eventOf("open-"+line, line, events.LineOpened{
				Year: 2023, Unit: unitOfDay, Project: project, Name: events.Text("指标 " + line), Fund: events.GeneralPublic, Vintage: 2023,
				FunctionClass: "2150501", EconomicClass: "302",
			}),
			eventOf("budget-"+line, line, events.BudgetAllocated{Amount: lineBudget, Date: day, Document: "批复-1"}))
	}
	return append(lines, eventOf("closed", unitOfDay, events.PeriodClosed{Year: 2023, Month: 5}))
}

func lineOf(row int) string                { return fmt.Sprintf("L-%02d", 1+row%linesOfDay) }
func documentOf(row int) string            { return fmt.Sprintf("J-%03d", 1+row) }
func amountOf(row int) money.Amount        { return money.Amount(100_00 + 37*row) }
func grouped(a money.Amount) string        { return fmt.Sprintf("%d,%03d.%02d", a/100_000, a/100%1000, a%100) }
func cellOf(column string, row int) string { return fmt.Sprintf("%s%d", column, row+2) } // the header is row 1

// fault is a cell of the file that is wrong: where it is and what stands there.
type fault struct {
	row                   int
	column, header, wrong string
}

// faultsOfDay are all that is wrong with the file.
func faultsOfDay() []fault {
	const amount = "金额(元)"
	return []fault{
		{17, "C", amount, "1OO.29"}, // two letters
		{88, "A", "指标编码", "L-99"},
		{159, "B", "日期", "2022-06-20"},
		{230, "C", amount, "9999999.00"}, // more than there is
		{301, "C", amount, "-211.37"},
		{372, "C", amount, "=100+137.64"},
		{443, "D", "凭证号", ""},
	}
}

// wantFaults are the row, column and value that the report names of each.
func wantFaults() [][3]string {
	var all [][3]string
	for _, f := range faultsOfDay() {
		shown := f.wrong
		if strings.HasPrefix(shown, "=") {
			shown = amountOf(f.row).String() // what the formula came to, as the sheet shows it
		}
		all = append(all, [3]string{fmt.Sprint(f.row + 2), f.header, shown})
	}
	return all
}

// put writes what a payment says into a row of a book, as texts.
func put(book *excelize.File, sheet string, row, payment int) error {
	cells := []string{lineOf(payment), fmt.Sprintf("2023-06-%02d", 1+payment%28), amountOf(payment).String(), documentOf(payment), "岳阳市第一供应商", "六月支出"}
	for i, text := range cells {
		cell := cellOf(string(rune('A'+i)), row)
		if err := book.SetCellFormula(sheet, cell, ""); err != nil {
			return err
		}
		if err := book.SetCellStr(sheet, cell, text); err != nil {
			return err
		}
	}
	return nil
}

// bookOfPayments is a workbook of the month's payments with all faults.
func bookOfPayments(t *testing.T) string {
	t.Helper()
	book := excelize.NewFile()
	const sheet = "Sheet1"
	headers := []string{"指标编码", "日期", "金额(元)", "凭证号", "收款人", "用途"}
	if err := book.SetSheetRow(sheet, "A1", &headers); err != nil {
		t.Fatal(err)
	}
	for row := range paymentRows {
		if err := errors.Join(put(book, sheet, row, row), book.SetCellDefault(sheet, cellOf("C", row), amountOf(row).String())); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range faultsOfDay() {
		if err := spoil(book, sheet, f); err != nil {
			t.Fatal(err)
		}
	}
	return save(t, book)
}

func spoil(book *excelize.File, sheet string, f fault) error {
	cell := cellOf(f.column, f.row)
	switch {
	case strings.HasPrefix(f.wrong, "="):
		return book.SetCellFormula(sheet, cell, f.wrong[1:])
	case strings.Trim(f.wrong, "-0123456789.") == "" && f.column == "C":
		return book.SetCellDefault(sheet, cell, f.wrong)
	}
	return book.SetCellStr(sheet, cell, f.wrong)
}

// mendAll mends the faulty rows in a copy of the whole file.
func mendAll(t *testing.T, file string) string {
	t.Helper()
	return mend(t, file, func(_ int, f fault) int { return f.row })
}

// mendRows mends the file of nothing but the faulty rows.
func mendRows(t *testing.T, file string) string {
	t.Helper()
	return mend(t, file, func(i int, _ fault) int { return i })
}

func mend(t *testing.T, file string, at func(int, fault) int) string {
	t.Helper()
	book, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range faultsOfDay() {
		if err := put(book, book.GetSheetName(0), at(i, f), f.row); err != nil {
			t.Fatal(err)
		}
	}
	return save(t, book)
}

func save(t *testing.T, book *excelize.File) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "六月支出.xlsx")
	if err := book.SaveAs(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// eventTable reads the events as they were recorded, and no figure that was
// derived from them.
type eventTable struct {
	*testing.T
	conn *pgx.Conn
}

func connectEvents(t *testing.T, database string) eventTable {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return eventTable{t, conn}
}

// saidSQL is the log as rows: what each event says and who said it.
const saidSQL = `WITH said AS (
	SELECT body->>'type' AS type, body->>'subject' AS line, body->>'id' AS id, body->>'actor' AS actor, body->>'approver' AS approver,
		body->'data' AS data, (body->'data'->>'amount')::numeric AS amount
	FROM (SELECT convert_from(body, 'UTF8')::jsonb AS body FROM outturn.event) AS event
)`

// linesSQL adds up what happened to each line.
const linesSQL = saidSQL + `, moves AS (
	SELECT line, amount AS full_year, 0 AS executed FROM said WHERE type = 'outturn.budget.allocated.v1'
	UNION ALL SELECT line, -amount, 0 FROM said WHERE type = 'outturn.budget.transferred.v1'
	UNION ALL SELECT data->>'to', amount, 0 FROM said WHERE type = 'outturn.budget.transferred.v1'
	UNION ALL SELECT line, 0, amount FROM said WHERE type = 'outturn.disbursement.paid.v1'
	UNION ALL SELECT c.line, 0, -p.amount FROM said c JOIN said p ON p.line = c.line AND p.id = c.data->>'payment'
		WHERE c.type = 'outturn.disbursement.corrected.v1' AND p.type = 'outturn.disbursement.paid.v1'
	UNION ALL SELECT c.data->>'to_line', 0, p.amount FROM said c JOIN said p ON p.line = c.line AND p.id = c.data->>'payment'
		WHERE c.type = 'outturn.disbursement.corrected.v1' AND p.type = 'outturn.disbursement.paid.v1'
)
SELECT line, sum(full_year)::numeric(20,2)::text, sum(executed)::numeric(20,2)::text, (sum(full_year) - sum(executed))::numeric(20,2)::text
FROM moves GROUP BY line ORDER BY line`

// figures are the full-year budget, what is executed and what is available.
type figures [3]string

func (e eventTable) lines() map[string]figures {
	e.Helper()
	all := map[string]figures{}
	rows, err := e.conn.Query(e.Context(), linesSQL)
	if err != nil {
		e.Fatal(err)
	}
	for rows.Next() {
		var line string
		var f figures
		if err := rows.Scan(&line, &f[0], &f[1], &f[2]); err != nil {
			e.Fatal(err)
		}
		all[line] = f
	}
	if err := rows.Err(); err != nil {
		e.Fatal(err)
	}
	return all
}

// paid is the sum of all payments.
func (e eventTable) paid() money.Amount {
	e.Helper()
	amount, err := money.Parse(e.text(`SELECT sum(amount)::numeric(20,2)::text FROM said WHERE type = 'outturn.disbursement.paid.v1'`))
	if err != nil {
		e.Fatal(err)
	}
	return amount
}

// text is the one text that a query over said answers.
func (e eventTable) text(query string) string {
	e.Helper()
	var text string
	if err := e.conn.QueryRow(e.Context(), saidSQL+query).Scan(&text); err != nil {
		e.Fatalf("%s: %v", query, err)
	}
	return text
}

// agree compares the pages and the API with the sums over the events, and those
// with the file.
func (d *day) agree() {
	d.sequence() // waits until the projection has every event
	sums := d.events.lines()
	if len(sums) != linesOfDay {
		d.Fatalf("the events tell of %d lines: %v", len(sums), sums)
	}
	var paid money.Amount
	for row := range paymentRows {
		paid += amountOf(row)
	}
	if got := d.events.paid(); got != paid {
		d.Errorf("%s is paid; the file says %s", got, paid)
	}
	var report struct {
		Rows []struct {
			Key                 string
			FullYear            string `json:"full_year"`
			Executed, Available string
		}
		Total struct{ Executed string }
	}
	if err := json.Unmarshal(d.server.get("/v1/execution?year=2023&by=line"), &report); err != nil {
		d.Fatal(err)
	}
	if len(report.Rows) != linesOfDay || report.Total.Executed != paid.String() {
		d.Errorf("/v1/execution tells of %d lines and %s executed; want %d and %s", len(report.Rows), report.Total.Executed, linesOfDay, paid)
	}
	for _, row := range report.Rows {
		if got := (figures{row.FullYear, row.Executed, row.Available}); got != sums[row.Key] {
			d.Errorf("/v1/execution says %v of %s; the events add up to %v", got, row.Key, sums[row.Key])
		}
	}
	for _, line := range slices.Backward(slices.Sorted(maps.Keys(sums))) { // movedFrom comes last
		if got, want := d.page(line), sums[line]; got != want {
			d.Errorf("the page of %s says %v; the events add up to %v", line, got, want)
		}
	}
	d.desk.Screenshot("accountant-9-line")
	d.wantMoved(sums)
}

// page is what a line's page says of it.
func (d *day) page(line string) figures {
	d.Helper()
	d.open(d.desk, "/lines/"+line+"?money=yuan")
	var f figures
	for i, text := range browser.Evaluate[[]string](d.desk, `[...document.querySelectorAll(".strip .big")].slice(0, 3).map(dd => dd.innerText.trim())`) {
		f[i] = strings.ReplaceAll(text, ",", "")
	}
	return f
}

// wantMoved insists that the transfer and the correction are in the sums: both
// sides of each by their amount, and no other line's.
func (d *day) wantMoved(sums map[string]figures) {
	d.Helper()
	moved, err := money.Parse(movedAmount)
	if err != nil {
		d.Fatal(err)
	}
	for line, f := range sums {
		full, executed := lineBudget, money.Amount(0)
		for row := range paymentRows {
			if lineOf(row) == line {
				executed += amountOf(row)
			}
		}
		switch line {
		case movedFrom:
			full -= moved
		case movedTo:
			full += moved
		case wrongLine:
			executed -= amountOf(correctedRow)
		case rightLine:
			executed += amountOf(correctedRow)
		}
		if want := (figures{full.String(), executed.String(), (full - executed).String()}); f != want {
			d.Errorf("the events of %s add up to %v; the day's work to %v", line, f, want)
		}
	}
}

// wantNames insists on who stands in the events: the actor, and the approver
// where there is one.
func (d *day) wantNames() {
	if nameless := d.events.text(`SELECT count(*)::text FROM said WHERE coalesce(actor, '') = ''`); nameless != "0" {
		d.Errorf("%s events are of nobody", nameless)
	}
	for what, want := range map[string]string{
		"disbursement.paid":      "500 desk-1",
		"disbursement.corrected": "1 desk-1",
		"proposal.made":          "1 desk-1",
		"proposal.approved":      "1 head-1",
		"budget.transferred":     "1 desk-1 head-1",
		"period.closed":          "1 head-1", // the months before it were closed by the operator
	} {
		got := d.events.text(`SELECT count(*) || ' ' || string_agg(DISTINCT concat_ws(' ', actor, approver), ',') FROM said
			WHERE type = 'outturn.` + what + `.v1' AND coalesce(data->>'month', '6') = '6'`)
		if got != want {
			d.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	signedIn := d.events.text(`SELECT string_agg(line, ' ' ORDER BY line) FROM said WHERE type = 'outturn.session.opened.v1'`)
	if want := poster + " " + approver; signedIn != want {
		d.Errorf("%s signed in, want %s", signedIn, want)
	}
}
