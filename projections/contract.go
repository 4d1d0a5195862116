package projections

import (
	"context"
	"errors"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

// Errors of reading.
var (
	// ErrNotFound: nothing of that code is in the projection.
	ErrNotFound = errors.New("not in the projection")
	// ErrBehind: the projection did not reach the sequence asked for in time.
	ErrBehind = errors.New("the projection has not reached that sequence yet")
	// ErrUnavailable: Postgres cannot be reached or did not answer.
	ErrUnavailable = errors.New("the projection cannot be reached")
)

// By names what an execution report has a row for.
type By string

// The rows of a report by source, which are those of self-evaluation forms. The
// generated column line.source holds the same names.
const (
	SourceCurrent   = "current_appropriation" // 当年财政拨款
	SourceCarryover = "carryover"             // 上年结转资金
	SourceOther     = "other"                 // 其他资金
)

// The rows of execution reports. BySource is the cut of self-evaluation forms.
const (
	ByLine     By = "line"
	ByProject  By = "project"
	ByUnit     By = "unit"
	ByFund     By = "fund"
	BySource   By = "source"
	ByFunction By = "function"
	ByEconomic By = "economic"
	ByMonth    By = "month"
)

// AsOf narrows figures to what counted on a day and to what was known then. The
// zero value is everything that the projection has.
type AsOf struct {
	// Date keeps postings with a business date up to it.
	Date fiscal.Date
	// KnownAt keeps postings recorded up to it.
	KnownAt time.Time
	// Through keeps postings up to a sequence.
	Through uint64
}

// Query asks for an execution report.
type Query struct {
	// Year is the lines' year; 0 keeps the lines of all years.
	Year fiscal.Year
	By   By
	// Unit keeps the lines of a unit and all under it; empty keeps all.
	Unit events.UnitID
	// Within keeps the lines of these units and all under them: what whoever asks
	// may read. Nil keeps all; empty keeps none.
	Within []events.UnitID
	// Project, Line, Fund and Kind keep the lines of one project, one line, one
	// fund, one kind; empty keeps all.
	Project events.ProjectID
	Line    events.LineID
	Fund    events.Fund
	Kind    events.ProjectKind
	// Lines keeps the lines of these codes; empty keeps all.
	Lines []events.LineID
	// Cut keeps the lines under one row of a report; the zero value keeps all.
	Cut  Cut
	AsOf AsOf
}

// Cut names a row of a report: what it is by, and its key. A unit's row is its
// own lines, without those of the units under it. There is no cut by month,
// which keeps postings and not lines.
type Cut struct {
	By  By
	Key string
}

// Row is one row of a report.
type Row struct {
	// Key is the code: of a line, project, unit, fund, source, class, or a month
	// "2023-10". Name is its name where it has one, else empty.
	Key, Name string
	Figures   budget.Figures
}

// Report is the answer to a Query. Rows are ordered by key; the total is that
// of the rows. A row by month holds what was posted in that month.
type Report struct {
	Query Query
	// Sequence is the log position that the report stands at.
	Sequence uint64
	Rows     []Row
	Total    budget.Figures
}

// LineView is a line with its figures and the names of what it belongs to.
type LineView struct {
	Line        budget.Line
	UnitName    events.Text
	ProjectName events.Text
	ProjectKind events.ProjectKind
	Figures     budget.Figures
	Sequence    uint64
}

// PostingView is one posting with what people need to know of its event.
type PostingView struct {
	Posting  budget.Posting
	LineName events.Text
	EventID  events.EventID
	Type     events.Type
	Document events.Text
	Says     events.Note // the event's purpose or reason
	Actor    string
}

// PostingsQuery asks for the postings under one figure.
type PostingsQuery struct {
	Query                     // By is ignored
	Measures []budget.Measure // empty: all
	Month    int              // 0: all; else only business dates in that month
	Limit    int              // at most MaxPage; a page ends with a whole event, so it may hold a row more
	Before   uint64           // only sequences below it; 0: from the newest
}

// Postings is a page of postings, newest first.
type Postings struct {
	Sequence uint64 // the log position that the page stands at
	Rows     []PostingView
	// Sums are the sums of all postings that the query finds, not of the page.
	Sums  budget.Sums
	Count int
	More  bool
}

// EventView is a recorded event with its postings.
type EventView struct {
	Event    events.Event
	Hash     events.Hash
	Postings []budget.Posting
}

// EventsPage is a page of a line's events, newest first.
type EventsPage struct {
	Sequence uint64
	Events   []EventView
	More     bool
}

// Limits of reading.
const (
	MaxPage     = 500
	DefaultPage = 50
)

// Reader is everything that can be read from a projection. All methods may
// return ErrUnavailable. All that one call returns stands at one sequence.
type Reader interface {
	// WaitFor returns when the projection has reached the sequence, or ErrBehind
	// when ctx ends first.
	WaitFor(ctx context.Context, sequence uint64) error
	// Position is the sequence that the projection stands at and the recorded
	// time of the event there; zero when it is empty.
	Position(ctx context.Context) (sequence uint64, recorded time.Time, err error)
	// Years lists the years that have lines, newest first.
	Years(ctx context.Context) ([]fiscal.Year, error)
	// Units lists all units, parents before children, then by code.
	Units(ctx context.Context) ([]budget.Unit, error)
	// Projects lists the projects of a year by code.
	Projects(ctx context.Context, year fiscal.Year) ([]budget.Project, error)
	// Execution makes a report.
	Execution(ctx context.Context, q Query) (Report, error)
	// Line reads a line. Error: ErrNotFound.
	Line(ctx context.Context, id events.LineID, at AsOf) (LineView, error)
	// LineEvents reads a page of the events about a line or posted to it, with
	// sequences below before (0: from the newest). Error: ErrNotFound.
	LineEvents(ctx context.Context, id events.LineID, before uint64, limit int) (EventsPage, error)
	// Postings reads a page of the postings under a figure.
	Postings(ctx context.Context, q PostingsQuery) (Postings, error)
	// Event reads one event. Error: ErrNotFound.
	Event(ctx context.Context, sequence uint64) (EventView, error)
}

var _ Reader = (*Store)(nil)
