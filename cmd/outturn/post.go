package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/client"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
)

// postChunk is how many events go in one request. A whole file goes in one when
// it is to be posted all or nothing, and as much as the server takes of one that
// is only tried, because in a dry run no request sees what came before it.
const postChunk = 1000

type postCommand struct {
	File   string              `arg:"" type:"existingfile" help:"NDJSON or JSON: CloudEvents. CSV or XLSX: a table of payments and other money events."`
	DryRun bool                `help:"Decide everything, record nothing."`
	Atomic bool                `help:"Record all of the file or nothing (at most 1000 events)."`
	Unit   intake.Denomination `default:"yuan" enum:"yuan,wan" help:"What amounts of a table are in where its header does not say it: yuan or wan."`
	Report string              `placeholder:"FILE" help:"Write what was not recorded to a file to mend and post again: events as NDJSON; rows of a table as CSV or XLSX, by the file's ending."`
	remote
	JSON bool `name:"json" help:"Print JSON: counts, and each event or row that was not recorded anew."`
}

// Run posts events as they are; a table goes through an import.
func (p postCommand) Run(ctx context.Context, c console) error {
	switch ending := strings.ToLower(filepath.Ext(p.File)); ending {
	case "." + intake.CSV, "." + intake.XLSX:
		return p.table(ctx, c)
	case ".json", ".ndjson", ".jsonl":
		return p.events(ctx, c)
	default:
		return misuse{fmt.Errorf("%s ends with %q: post takes .ndjson, .jsonl, .json, .csv and .xlsx", p.File, ending)}
	}
}

// events posts a file of CloudEvents in parts.
func (p postCommand) events(ctx context.Context, c console) error {
	server, err := p.connect()
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(p.File)
	if err != nil {
		return err
	}
	lines, err := eventsOf(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", p.File, err)
	}
	total := posted{Results: []refusedLine{}, DryRun: p.DryRun}
	bar := progress(c, "post", int64(len(lines)))
	for _, chunk := range p.chunks(lines) {
		answer, err := server.Post(ctx, bytes.Join(chunk.lines, []byte("\n")), p.options())
		if err != nil {
			bar.stop()
			return fmt.Errorf("%w\n%d of %d events were answered; post the same file again, what is recorded will not be recorded twice", err, chunk.from, len(lines))
		}
		total.add(answer, chunk.from)
		bar.to(int64(chunk.from + len(chunk.lines)))
	}
	bar.stop()
	if err := p.keep(total, lines); err != nil {
		return err
	}
	return p.print(c, total)
}

func (p postCommand) options() client.Options {
	return client.Options{Atomic: p.Atomic, DryRun: p.DryRun}
}

// eventsOf cuts a file into events: the members of one JSON array or, in any other
// file, its lines or its one object.
func eventsOf(raw []byte) ([][]byte, error) {
	trimmed := bytes.TrimSpace(raw)
	var array []json.RawMessage
	if bytes.HasPrefix(trimmed, []byte("[")) {
		if err := json.Unmarshal(trimmed, &array); err != nil {
			return nil, err
		}
	} else if json.Valid(trimmed) {
		array = []json.RawMessage{trimmed}
	}
	if array == nil {
		return linesOf(raw), nil
	}
	lines := make([][]byte, len(array))
	for i, event := range array {
		var line bytes.Buffer
		if err := json.Compact(&line, event); err != nil {
			return nil, err
		}
		lines[i] = line.Bytes()
	}
	return lines, nil
}

func linesOf(raw []byte) [][]byte {
	var lines [][]byte
	for line := range bytes.Lines(raw) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// chunk is part of a file; from counts its lines from 0.
type chunk struct {
	from  int
	lines [][]byte
}

func (p postCommand) chunks(lines [][]byte) []chunk {
	size := postChunk
	switch {
	case p.Atomic:
		return []chunk{{0, lines}}
	case p.DryRun:
		size = api.MaxEvents
	}
	var chunks []chunk
	for from := 0; from < len(lines); from += size {
		chunks = append(chunks, chunk{from, lines[from:min(from+size, len(lines))]})
	}
	return chunks
}

// posted is what became of a file.
type posted struct {
	Accepted   int           `json:"accepted"`
	Duplicates int           `json:"duplicates"`
	Rejected   int           `json:"rejected"`
	Proposed   int           `json:"proposed"`
	DryRun     bool          `json:"dry_run"`
	Results    []refusedLine `json:"rejected_events"`
}

// refusedLine is an event that was refused. Line counts the file's events from
// 1.
type refusedLine struct {
	Line int `json:"line"`
	api.ResultAnswer
}

func (p *posted) add(answer api.BatchAnswer, from int) {
	p.Accepted += answer.Accepted
	p.Duplicates += answer.Duplicates
	p.Rejected += answer.Rejected
	p.Proposed += answer.Proposed
	for _, result := range answer.Results {
		if result.Status == commands.Rejected {
			p.Results = append(p.Results, refusedLine{from + result.Index + 1, result})
		}
	}
}

// keep writes the events that were refused to the file that was asked for.
func (p postCommand) keep(total posted, lines [][]byte) error {
	if p.Report == "" {
		return nil
	}
	var refused bytes.Buffer
	for _, r := range total.Results {
		refused.Write(lines[r.Line-1])
		refused.WriteByte('\n')
	}
	return os.WriteFile(p.Report, refused.Bytes(), 0o644)
}

func (p postCommand) print(c console, total posted) error {
	if p.JSON {
		if err := json.NewEncoder(c.out).Encode(total); err != nil {
			return err
		}
	} else {
		for _, r := range total.Results {
			fmt.Fprintf(c.out, "%s:%d  %s  %s  %s\n", p.File, r.Line, r.ID, r.Code, oneLine(r.Detail))
		}
		fmt.Fprintln(c.out, counts(total.Accepted, total.Duplicates, total.Rejected, total.Proposed))
	}
	if total.Rejected > 0 {
		return foundWrong
	}
	return nil
}

// counts says what became of events; of those that wait only if there are any.
func counts(accepted, duplicates, rejected, proposed int) string {
	text := fmt.Sprintf("accepted %d, duplicates %d, rejected %d", accepted, duplicates, rejected)
	if proposed > 0 {
		text += fmt.Sprintf(", proposed %d", proposed)
	}
	return text
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// bar is a progress bar on a terminal, and nothing elsewhere.
type bar struct {
	all *mpb.Progress
	one *mpb.Bar
}

func progress(c console, name string, total int64) bar {
	file, ok := c.err.(*os.File)
	if !ok || !isTerminal(file) {
		return bar{}
	}
	all := mpb.New(mpb.WithOutput(file))
	one := all.AddBar(total,
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d / %d")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_GO)))
	return bar{all, one}
}

func (b bar) to(done int64) {
	if b.one != nil {
		b.one.SetCurrent(done)
	}
}

// resize sets the total, where it is only known on the way.
func (b bar) resize(total int64) {
	if b.one != nil {
		b.one.SetTotal(total, false)
	}
}

func (b bar) stop() {
	if b.all != nil {
		b.one.SetTotal(-1, true)
		b.all.Wait()
	}
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
