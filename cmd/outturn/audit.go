package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/formimport"
	"github.com/outturn/outturn/handlers/language"
)

type auditCommand struct {
	File string `arg:"" type:"existingfile" help:"Forms: declared-form JSON, .docx, .xlsx, or the text of a table."`
	JSON bool   `name:"json" help:"Print JSON: {\"forms\", \"findings\", \"checked\"}."`
	Lang string `env:"OUTTURN_LANG" default:"zh-CN" enum:"zh-CN,en" help:"Language of messages: zh-CN or en."`
}

// Run audits a file, without a server. It exits with 1 if something cannot be
// true, contradicts itself or is not scored by the rule.
func (a auditCommand) Run(c console) error {
	content, err := readAtMost(a.File, audit.MaxBytes)
	if err != nil {
		return misuse{err}
	}
	printer := language.In(language.Tag(a.Lang))
	declared, read, err := formimport.Any(a.File, content)
	if err != nil {
		return misuse{fmt.Errorf("%s: %s", a.File, printer.Failure(err))}
	}
	report := audit.Run(declared, audit.Options{Language: printer.Tag()})
	if a.JSON {
		err = json.NewEncoder(c.out).Encode(struct {
			audit.Report
			Unread []formimport.Unread `json:"unread,omitempty"`
		}{report, read.Unread})
	} else {
		err = printReport(c.out, report, read, printer)
	}
	if err == nil && !report.Clean() {
		return foundWrong
	}
	return err
}

// readAtMost reads a file that is not larger than a limit.
func readAtMost(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read: split it", name, info.Size(), limit)
	}
	return os.ReadFile(name)
}

// printReport lists the findings by form, and what was checked and found right.
func printReport(out io.Writer, report audit.Report, read formimport.Report, p language.Printer) error {
	form := "\x00"
	for _, f := range report.Findings {
		if f.Form != form {
			form = f.Form
			fmt.Fprintf(out, "\n%s\n", orNarrative(form, p))
		}
		fmt.Fprintf(out, "  %-8s %-20s %s\n           %s\n", f.Severity, f.Rule, f.Where, f.Message)
	}
	for _, u := range read.Unread {
		fmt.Fprintf(out, "  %s: %s %s\n", p.Text("audit.unread"), u.Place, u.Text)
	}
	right := 0
	for _, check := range report.Checked {
		right += check.Places
	}
	_, err := fmt.Fprintf(out, "\n%s\n", p.Text("audit.summary", "forms", report.Forms,
		"errors", report.Count(audit.Wrong), "conflicts", report.Count(audit.Conflict),
		"scoring", report.Count(audit.Scoring), "info", report.Count(audit.Info), "right", right))
	return err
}

func orNarrative(form string, p language.Printer) string {
	if form == "" {
		return p.Text("audit.narrative")
	}
	return form
}
