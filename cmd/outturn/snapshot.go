package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/snapshots"
)

type snapshotCommand struct {
	Create  snapshotCreate  `cmd:"" help:"Seal a unit's year. Example: outturn snapshot create YYGX 2023 --output 2023.zip"`
	Verify  snapshotVerify  `cmd:"" help:"Check a bundle; needs nothing but the file. Example: outturn snapshot verify 2023.zip --key signer.pem"`
	Compare snapshotCompare `cmd:"" help:"Compare two bundles cell by cell. Example: outturn snapshot compare january.zip march.zip"`
}

type snapshotCreate struct {
	Unit     string `arg:"" help:"Code of the unit."`
	Year     int    `arg:"" help:"Fiscal year."`
	Position uint64 `placeholder:"SEQUENCE" help:"Sequence of the log to seal at; by default the newest."`
	Output   string `short:"o" placeholder:"FILE" help:"File to write the bundle to."`
	JSON     bool   `name:"json" help:"Print JSON."`
	remote
}

// Run seals a unit's year on a server and, if asked to, fetches the bundle.
func (s snapshotCreate) Run(ctx context.Context, c console) error {
	server, err := s.connect()
	if err != nil {
		return err
	}
	sealed, err := server.Seal(ctx, api.SnapshotRequest{Unit: events.UnitID(s.Unit), Year: fiscal.Year(s.Year), Position: s.Position})
	if err != nil {
		return asked(err)
	}
	if s.Output != "" {
		bundle, err := server.Get(ctx, sealed.Bundle)
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.Output, bundle, 0o644); err != nil {
			return err
		}
	}
	if s.JSON {
		return json.NewEncoder(c.out).Encode(sealed)
	}
	_, err = fmt.Fprintln(c.out, language.In(language.Tag(s.Lang)).Text("snapshot.sealed", "id", sealed.ID, "unit", sealed.Unit,
		"year", int(sealed.Year), "position", sealed.Position, "sequence", sealed.Sequence, "forms", len(sealed.Forms), "digest", sealed.Digest))
	return err
}

type snapshotVerify struct {
	File string `arg:"" type:"existingfile" help:"The bundle."`
	Key  string `placeholder:"FILE" type:"existingfile" help:"Public key (PEM) that it must be signed with."`
	JSON bool   `name:"json" help:"Print JSON: what was checked, and the problems."`
	Lang string `env:"OUTTURN_LANG" default:"zh-CN" enum:"zh-CN,en" help:"Language of messages: zh-CN or en."`
}

// Run checks a bundle. It exits with 1 if anything is wrong with it.
func (s snapshotVerify) Run(c console) error {
	var options snapshots.Options
	if s.Key != "" {
		key, err := snapshots.LoadPublicKey(s.Key)
		if err != nil {
			return misuse{err}
		}
		options.TrustedKey = key
	}
	bundle, err := readAtMost(s.File, snapshots.MaxBytes)
	if err != nil {
		return misuse{err}
	}
	report := snapshots.Verify(bytes.NewReader(bundle), int64(len(bundle)), options)
	if s.JSON {
		err = json.NewEncoder(c.out).Encode(report)
	} else {
		_, err = fmt.Fprintln(c.out, told(report, language.In(language.Tag(s.Lang))))
	}
	if err == nil && !report.Whole() {
		return foundWrong
	}
	return err
}

// told says what a verification found: that the bundle is whole, or each problem.
func told(r snapshots.Report, p language.Printer) string {
	if r.Whole() {
		whole := p.Text("snapshot.whole", "id", r.ID, "unit", r.Manifest.Unit, "year", int(r.Manifest.Year), "position", r.Manifest.Position,
			"events", r.Events, "postings", r.Postings, "forms", r.Forms, "cells", r.Cells)
		if r.Trusted {
			return whole + "\n" + p.Text("snapshot.trusted", "signer", r.Signer)
		}
		return whole + "\n" + p.Text("snapshot.signed", "signer", r.Signer)
	}
	lines := make([]string, len(r.Problems))
	for i, problem := range r.Problems {
		lines[i] = tell(problem, p)
	}
	return strings.Join(lines, "\n")
}

// tell says what is wrong, and where.
func tell(problem snapshots.Problem, p language.Printer) string {
	parts := []string{p.Text("snapshot." + string(problem.Reason))}
	place := func(name string, value any, stated bool) {
		if stated {
			id := "snapshot.at." + name
			parts = append(parts, p.Text(id, "value", value))
		}
	}
	place("file", problem.File, problem.File != "")
	place("line", problem.Line, problem.Line != 0)
	place("event", problem.Sequence, problem.Sequence != 0)
	place("form", problem.Form, problem.Form != "")
	place("cell", problem.Cell, problem.Cell != "")
	place("stated", problem.Stated, problem.Stated != problem.Derived)
	place("derived", problem.Derived, problem.Stated != problem.Derived)
	if problem.Detail != "" {
		parts = append(parts, problem.Detail)
	}
	return strings.Join(parts, p.Text("snapshot.comma"))
}

type snapshotCompare struct {
	Before string `arg:"" type:"existingfile" help:"The earlier bundle."`
	After  string `arg:"" type:"existingfile" help:"The later bundle."`
	JSON   bool   `name:"json" help:"Print JSON: the differences."`
	Lang   string `env:"OUTTURN_LANG" default:"zh-CN" enum:"zh-CN,en" help:"Language of messages: zh-CN or en."`
}

// Run compares two bundles, both of which must be whole. It exits with 1 if they
// differ.
func (s snapshotCompare) Run(c console) error {
	p := language.In(language.Tag(s.Lang))
	before, err := openSnapshot(s.Before, p)
	if err != nil {
		return err
	}
	after, err := openSnapshot(s.After, p)
	if err != nil {
		return err
	}
	found := snapshots.Compare(before, after)
	if s.JSON {
		err = json.NewEncoder(c.out).Encode(struct {
			Differences []snapshots.Difference `json:"differences"`
		}{found})
	} else {
		err = printDifferences(c.out, found, p)
	}
	if err == nil && len(found) > 0 {
		return foundWrong
	}
	return err
}

// openSnapshot reads a bundle. The error of one that is not whole names its
// first problem.
func openSnapshot(name string, p language.Printer) (*snapshots.Snapshot, error) {
	bundle, err := readAtMost(name, snapshots.MaxBytes)
	if err != nil {
		return nil, misuse{err}
	}
	snapshot, err := snapshots.Open(bytes.NewReader(bundle), int64(len(bundle)), snapshots.Options{})
	if problem, broken := err.(*snapshots.Problem); broken {
		return nil, fmt.Errorf("%s: %s", name, tell(*problem, p))
	}
	return snapshot, err
}

// printDifferences lists what differs, each with the events that explain it.
func printDifferences(out io.Writer, found []snapshots.Difference, p language.Printer) error {
	for _, d := range found {
		before, after := printedOr(d.Before, p), printedOr(d.After, p)
		if before == after {
			before, after = before+" = "+d.ExactBefore, after+" = "+d.ExactAfter
		}
		fmt.Fprintf(out, "%s  %s  %s → %s\n", d.Form, d.Cell, before, after)
		for _, cause := range d.Events {
			amount := ""
			if cause.Amount != nil {
				amount = language.Group(*cause.Amount)
			}
			fmt.Fprintf(out, "    #%d  %s  %s  %s  %s  %s\n", cause.Sequence, cause.Date, p.Type(cause.Type), cause.Subject, amount, cause.Document)
		}
	}
	_, err := fmt.Fprintln(out, p.Text("snapshot.differences", "count", len(found)))
	return err
}

// printedOr is what is printed, or a mark where there is no such cell.
func printedOr(text *string, p language.Printer) string {
	if text == nil {
		return p.Text("snapshot.absent")
	}
	return *text
}
