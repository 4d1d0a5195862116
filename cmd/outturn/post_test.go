package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write puts a file into a folder of the test's own.
func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// wantParts insists that a text has all of some parts.
func wantParts(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

const townRegisters = `[
{"specversion":"1.0","id":"u","source":"/t","type":"outturn.unit.registered.v1","subject":"U1","data":{"name":"局"}},
{"specversion":"1.0","id":"p","source":"/t","type":"outturn.project.registered.v1","subject":"P1","data":{"unit":"U1","year":2023,"name":"项目","kind":"project"}},
{"specversion":"1.0","id":"l","source":"/t","type":"outturn.line.opened.v1","subject":"L1","data":{"year":2023,"unit":"U1","project":"P1","name":"指标","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}},
{"specversion":"1.0","id":"b","source":"/t","type":"outturn.budget.allocated.v1","subject":"L1","data":{"amount":"1000.00","date":"2023-01-01","document":"B-1"}},
{"specversion":"1.0","id":"r","source":"/t","type":"outturn.review.set.v1","subject":"U1","data":{"review":"R1","types":["outturn.surplus.returned.v1"],"over":"0.00","date":"2023-01-01"}}
]`

const paymentTable = "指标编码,金额(元),日期,凭证号\nL1,100.00,2023-05-01,J-1\nL1,一百,2023-05-02,J-2\nL1,200.00,2023-05-03,J-3\n"

// TestFinancePostsFromTheCommandLine lets a cashier in, posts a table with a bad
// row, mends it, and takes an adjustment through a second person.
func TestFinancePostsFromTheCommandLine(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	dev := startDev(t, data, "--demo", "none")
	run := func(code int, args ...string) string {
		t.Helper()
		return outturn(t, code, append(args, "--data", data, "--lang", "en")...)
	}
	as := func(token string, code int, args ...string) string {
		t.Helper()
		return outturn(t, code, append(args, "--server", dev.Address, "--token", token, "--lang", "en")...)
	}
	wantParts(t, run(exitFine, "post", write(t, "town.json", townRegisters)), "accepted 5, duplicates 0, rejected 0")
	cashier := strings.TrimSpace(run(exitFine, "token", "create", "--user", "cashier", "--role", "poster", "--unit", "U1", "--expires", "2099-12-31"))
	reviewer := strings.TrimSpace(run(exitFine, "token", "create", "--user", "reviewer", "--role", "approver", "--expires", "2099-12-31", "--name", "desk"))
	run(exitWrong, "token", "create", "--user", "cashier", "--role", "poster", "--unit", "U1", "--expires", "2099-12-31") // the same code
	wantParts(t, run(exitFine, "user", "list"), "cashier  poster@U1", "reviewer  approver@*")

	table, mend := write(t, "payments.csv", paymentTable), filepath.Join(data, "mend.csv")
	wantParts(t, as(cashier, exitWrong, "post", table, "--dry-run"), "accepted 2, duplicates 0, rejected 1, sum 300.00", "dry run", `"一百"`, "payments.csv:3")
	wantParts(t, as(cashier, exitWrong, "post", table, "--atomic"), "nothing is recorded: --atomic")
	if executed := executedOf(t, dev); executed != "0.00" {
		t.Errorf("after a dry run and a refused file %s is executed", executed)
	}
	wantParts(t, as(cashier, exitWrong, "post", table, "--report", mend), "accepted 2, duplicates 0, rejected 1, sum 300.00")
	bad, err := os.ReadFile(mend)
	if err != nil {
		t.Fatal(err)
	}
	wantParts(t, string(bad), "一百", "J-2")
	mended := write(t, "payments.csv", strings.Replace(paymentTable, "一百", "100.00", 1))
	wantParts(t, as(cashier, exitFine, "post", mended, "--json"), `"accepted":1`, `"duplicates":2`, `"rejected_rows":[]`)
	if executed := executedOf(t, dev); executed != "400.00" {
		t.Errorf("%s is executed; want 400.00", executed)
	}

	surplus := write(t, "surplus.ndjson", `{"specversion":"1.0","id":"s","source":"/t","type":"outturn.surplus.returned.v1","subject":"L1","data":{"amount":"50.00","date":"2023-12-01","document":"S-1"}}`)
	wantParts(t, as(cashier, exitFine, "post", surplus), "accepted 0, duplicates 0, rejected 0, proposed 1")
	var open []struct{ Proposal string }
	if err := json.Unmarshal([]byte(as(reviewer, exitFine, "proposals", "list", "--json")), &open); err != nil || len(open) != 1 {
		t.Fatalf("%d proposals: %v", len(open), err)
	}
	as(cashier, exitWrong, "proposals", "approve", open[0].Proposal)
	wantParts(t, as(reviewer, exitFine, "proposals", "approve", open[0].Proposal, "--note", "fine"), "proposal.approved L1: accepted")
	wantParts(t, as(cashier, exitFine, "proposals", "list", "--state", "approved"), open[0].Proposal, "surplus.returned", "50.00", "by cashier")

	wantParts(t, run(exitFine, "token", "list", "--user", "reviewer"), "reviewer  desk  good through 2099-12-31")
	run(exitFine, "token", "revoke", "reviewer", "desk", "--reason", "lost")
	as(reviewer, exitWrong, "proposals", "list")
	wantParts(t, run(exitFine, "token", "list"), "revoked")
	run(exitFine, "user", "add", "auditor", "--label", "审计岗")
	run(exitFine, "user", "grant", "auditor", "auditor", "--until", "2099-01-01")
	run(exitFine, "user", "revoke", "auditor", "auditor")
	run(exitFine, "user", "retire", "auditor", "--reason", "left")
	wantParts(t, run(exitFine, "user", "list"), "auditor  retired  审计岗")
}

func executedOf(t *testing.T, dev *program) string {
	t.Helper()
	var line struct{ Executed string }
	if err := json.Unmarshal(dev.get("/v1/lines/L1"), &line); err != nil {
		t.Fatal(err)
	}
	return line.Executed
}

func TestAFileIsCutIntoEvents(t *testing.T) {
	t.Parallel()
	for content, want := range map[string][]string{
		"{\"a\":1}\n\n{\"b\":2}\r\n": {`{"a":1}`, `{"b":2}`},
		"[{\"a\":\n1},{\"b\":2}]\n":  {`{"a":1}`, `{"b":2}`},
		"{\n \"a\": 1\n}\n":          {`{"a":1}`},
		"not json\n{\"b\":2}":        {"not json", `{"b":2}`},
		" [] ":                       {},
		"":                           nil,
	} {
		got, err := eventsOf([]byte(content))
		if err != nil || fmt.Sprintf("%s", got) != fmt.Sprintf("%s", want) {
			t.Errorf("%q is cut into %s: %v; want %s", content, got, err, want)
		}
	}
	if _, err := eventsOf([]byte("[{]")); err == nil {
		t.Error("an array that is broken is taken")
	}
}
