package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/client"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
)

// table imports a CSV or an XLSX: a dry run first, then what holds or, with
// --atomic, all or nothing.
func (p postCommand) table(ctx context.Context, c console) error {
	format, err := p.reportFormat()
	if err != nil {
		return err
	}
	server, err := p.connect()
	if err != nil {
		return err
	}
	body, err := os.ReadFile(p.File)
	if err != nil {
		return err
	}
	tried := client.ImportOptions{Options: p.options(), Unit: p.Unit}
	tried.DryRun = true
	report, err := p.imported(c, "try", func(told func(api.ImportAnswer)) (api.ImportReportAnswer, error) {
		return server.Import(ctx, p.File, body, tried, told)
	})
	if err == nil && !p.DryRun && (report.Rejected == 0 || !p.Atomic) {
		report, err = p.imported(c, "post", func(told func(api.ImportAnswer)) (api.ImportReportAnswer, error) {
			return server.RecordImport(ctx, report.ID, told)
		})
	}
	if err != nil {
		return err
	}
	if p.Report != "" {
		file, err := server.ImportFile(ctx, report.ID, format)
		if err == nil {
			err = os.WriteFile(p.Report, file, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return p.printTable(c, report)
}

// reportFormat is what the report's file ends with.
func (p postCommand) reportFormat() (string, error) {
	format := strings.ToLower(strings.TrimPrefix(filepath.Ext(p.Report), "."))
	if p.Report != "" && format != intake.CSV && format != intake.XLSX {
		return "", misuse{fmt.Errorf("--report %s: the report of a table is a .csv or an .xlsx", p.Report)}
	}
	return format, nil
}

// imported waits for an import behind a progress bar. One that failed is an error.
func (p postCommand) imported(c console, name string, begin func(func(api.ImportAnswer)) (api.ImportReportAnswer, error)) (api.ImportReportAnswer, error) {
	bar := progress(c, name, 0)
	defer bar.stop()
	report, err := begin(func(at api.ImportAnswer) {
		bar.resize(int64(at.Rows))
		bar.to(int64(at.Handled))
	})
	switch {
	case err != nil:
		return report, fmt.Errorf("%w\nPost the same file again: what is recorded will not be recorded twice", err)
	case report.Stage == intake.Failed && report.Problem == nil:
		return report, errors.New("the import failed; post the same file again")
	case report.Stage == intake.Failed:
		return report, fmt.Errorf("%s (%s)", report.Problem.Detail, report.Problem.Code)
	}
	return report, nil
}

// postedTable is what became of a table.
type postedTable struct {
	Import     string                `json:"import"`
	Accepted   int                   `json:"accepted"`
	Duplicates int                   `json:"duplicates"`
	Rejected   int                   `json:"rejected"`
	Proposed   int                   `json:"proposed"`
	Sum        string                `json:"sum"`
	DryRun     bool                  `json:"dry_run"`
	Notes      []api.FaultAnswer     `json:"notes"`
	Rows       []api.ImportRowAnswer `json:"rejected_rows"`
}

func (p postCommand) printTable(c console, report api.ImportReportAnswer) error {
	total := postedTable{
		Import: report.ID, Accepted: report.Accepted, Duplicates: report.Duplicates, Rejected: report.Rejected, Proposed: report.Proposed,
		Sum: report.Sum.String(), DryRun: report.DryRun, Notes: report.Notes, Rows: []api.ImportRowAnswer{},
	}
	for _, row := range report.Results {
		if row.Status == commands.Rejected {
			total.Rows = append(total.Rows, row)
		}
	}
	if p.JSON {
		if err := json.NewEncoder(c.out).Encode(total); err != nil {
			return err
		}
	} else {
		p.printRows(c, total)
	}
	if total.Rejected > 0 {
		return foundWrong
	}
	return nil
}

func (p postCommand) printRows(c console, total postedTable) {
	for _, note := range total.Notes {
		place := p.File
		if note.Row > 0 {
			place += fmt.Sprintf(":%d", note.Row)
		}
		fmt.Fprintf(c.out, "%s  %s\n", place, oneLine(note.Detail))
	}
	for _, row := range total.Rows {
		for _, problem := range row.Problems {
			fmt.Fprintf(c.out, "%s:%d  %s  %q  %s\n", p.File, row.Row, problem.Column, problem.Value, oneLine(problem.Detail))
		}
	}
	text := counts(total.Accepted, total.Duplicates, total.Rejected, total.Proposed) + ", sum " + total.Sum
	switch {
	case p.DryRun:
		text += "; nothing is recorded: this was a dry run"
	case total.DryRun:
		text += "; nothing is recorded: --atomic records all rows or none"
	}
	fmt.Fprintln(c.out, text)
}
