// Package intake takes files of payments and other money events: CSV and XLSX
// as people keep them, with headers in Chinese or English, amounts in 元 or 万元,
// full-width digits and thousands separators.
//
//	file ─▶ Read (a table) ─▶ rows of events, or what is wrong with them
//	     ─▶ dry run: a report by row, column, value, reason and fix
//	     ─▶ record: the same rows, in pieces, resumable
//
// A row's event has an id made of what the row says, so that a file that was
// mended and sent again records only what is missing.
package intake

import (
	"context"
	"log/slog"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
)

// Recorder records what a file says.
type Recorder interface {
	Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error)
}

// Reader finds the lines of rows that name a unit and a project, and the events
// that earlier runs recorded of them.
type Reader interface {
	FindLines(ctx context.Context, search projections.LineSearch) ([]projections.LineView, error)
	Event(ctx context.Context, sequence uint64) (projections.EventView, error)
}

var _ Reader = (*projections.Store)(nil)

// Config is what a Desk is made of.
type Config struct {
	Recorder Recorder
	Reader   Reader
	// Now is the clock that imports are kept by. Defaults to time.Now.
	Now func() time.Time
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Observe is told of each import that is Done or Failed. Defaults to nothing.
	Observe func(Progress)
}

// Upload is a file on its way in.
type Upload struct {
	// Name of the file; its ending says what it is: .csv or .xlsx.
	Name string
	Body []byte
	By   access.Principal
	Options
}

// Options say how a file is read and recorded.
type Options struct {
	// Unit is what amounts are in where the header does not say it.
	Unit Denomination
	// Mode is whether the rows stand or fall alone.
	Mode commands.Mode
	// DryRun decides everything and records nothing.
	DryRun bool
	// Source is the events' source, within which a row's serial number counts
	// once for ever. Defaults to [DefaultSource].
	Source string
	// Within keeps the lines that rows are matched with to these units and all
	// under them: what whoever asks may read. Nil keeps all.
	Within []events.UnitID
}

// DefaultSource is the source of imported events.
const DefaultSource = "/import"

// Denomination is what an amount without a sign is in.
type Denomination string

// The denominations.
const (
	Yuan    Denomination = "yuan" // 元
	WanYuan Denomination = "wan"  // 万元
)

// Stage is how far an import is.
type Stage string

// The stages.
const (
	Reading   Stage = "reading"
	Deciding  Stage = "deciding"
	Recording Stage = "recording"
	Done      Stage = "done"
	Failed    Stage = "failed"
)

// Progress is how an import is doing.
type Progress struct {
	ID     string
	Name   string
	By     string
	Began  time.Time
	DryRun bool
	Stage  Stage
	// Rows is how many rows with something in them the file has, Handled how many
	// are decided or recorded.
	Rows, Handled int
	// What became of them; Proposed wait for a second person.
	Accepted, Duplicates, Rejected, Proposed int
	// Sum is that of the amounts of accepted rows.
	Sum money.Amount
	// Problem is why a Failed import failed.
	Problem *events.Refusal
}

// Report is what an import came to, row by row.
type Report struct {
	Progress
	// Headers are the file's own, in its order.
	Headers []string
	// Ignored are the headers of columns that were not read.
	Ignored []string
	// Notes are what was found beside the rows: sums that do not add up, sheets
	// that were not read.
	Notes []Note
	Rows  []Row

	amount int // the index of the amounts' column
	unit   Denomination
}

// Note is a remark on a file. Row is 0 if it is not about one.
type Note struct {
	Row int
	Problem
}

// Row is what became of one row. Number counts the file's rows from 1, the
// header's included, as a spreadsheet does.
type Row struct {
	Number   int
	Cells    []string // as in the file
	Status   commands.Status
	Sequence uint64
	Amount   money.Amount
	Problems []Problem
	// Warnings are what an accepted row was taken in spite of.
	Warnings []Problem
	// Proposal is the one that a proposed row waits under.
	Proposal events.ProposalID
}

// Problem is what is wrong with a row.
type Problem struct {
	// Column is the header of the cell at fault, Value what stands in it; empty if
	// the row as a whole is at fault.
	Column, Value string
	// Refusal says why. Its Where is empty: the place is the column.
	Refusal *events.Refusal
}

// The formats of reports and templates.
const (
	CSV  = "csv"
	XLSX = "xlsx"
)
