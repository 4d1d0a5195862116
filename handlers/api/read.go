package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/reach"
	"github.com/outturn/outturn/projections"
)

// rateDigits is how many digits a rate has in the API.
const rateDigits = 2

// FiguresAnswer are figures as the API writes them.
type FiguresAnswer struct {
	Initial      money.Amount `json:"initial"`
	FullYear     money.Amount `json:"full_year"`
	Committed    money.Amount `json:"committed"`
	Frozen       money.Amount `json:"frozen"`
	Executed     money.Amount `json:"executed"`
	Available    money.Amount `json:"available"`
	Rate         *string      `json:"rate"`
	RateInitial  *string      `json:"rate_initial"`
	RateFraction [2]int64     `json:"rate_fraction"`
}

// LineFigures are the figures of one line.
type LineFigures struct {
	Line events.LineID `json:"line"`
	FiguresAnswer
}

func figuresAnswer(f budget.Figures) FiguresAnswer {
	return FiguresAnswer{
		Initial: f.Initial, FullYear: f.FullYear, Committed: f.Committed, Frozen: f.Frozen,
		Executed: f.Executed, Available: f.Available,
		Rate: rate(f.Rate()), RateInitial: rate(f.RateInitial()),
		RateFraction: [2]int64{int64(f.Executed), int64(f.FullYear)},
	}
}

func rate(r money.Ratio) *string {
	if !r.OK() {
		return nil
	}
	printed := r.Percent(rateDigits, money.HalfUp)
	return &printed
}

// RowAnswer is a row of an execution report.
type RowAnswer struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	FiguresAnswer
}

// ExecutionAnswer is an execution report.
type ExecutionAnswer struct {
	Year            fiscal.Year    `json:"year"`
	By              projections.By `json:"by"`
	AsOf            *fiscal.Date   `json:"as_of"`
	ThroughSequence uint64         `json:"through_sequence"`
	Rows            []RowAnswer    `json:"rows"`
	Total           FiguresAnswer  `json:"total"`
}

func allBy() []projections.By {
	return []projections.By{
		projections.ByLine, projections.ByProject, projections.ByUnit, projections.ByFund,
		projections.BySource, projections.ByFunction, projections.ByEconomic, projections.ByMonth,
	}
}

func (a *API) getExecution(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	asked := projections.Query{
		Year: q.year(), By: oneOf(q, "by", allBy()), Unit: code[events.UnitID](q, "unit"),
		Project: code[events.ProjectID](q, "project"), Line: code[events.LineID](q, "line"),
		Fund: oneOf(q, "fund", events.Funds()), Kind: oneOf(q, "kind", events.ProjectKinds()), AsOf: q.asOf(), Within: a.reach(r).Within(),
	}
	report, err := a.report(r, q, asked)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, executionAnswer(report))
}

// report reads what was asked, by project if nothing else is named, once the
// whole query is read and the projection is where it should be.
func (a *API) report(r *http.Request, q *query, asked projections.Query) (projections.Report, error) {
	asked.By = cmp.Or(asked.By, projections.ByProject)
	if err := q.end(); err != nil {
		return projections.Report{}, err
	}
	if err := a.wait(r.Context(), asked.AsOf.Through); err != nil {
		return projections.Report{}, err
	}
	return a.config.Reader.Execution(r.Context(), asked)
}

func executionAnswer(report projections.Report) ExecutionAnswer {
	answer := ExecutionAnswer{
		Year: report.Query.Year, By: report.Query.By, AsOf: dateOrNull(report.Query.AsOf.Date),
		ThroughSequence: report.Sequence, Rows: make([]RowAnswer, len(report.Rows)), Total: figuresAnswer(report.Total),
	}
	for i, row := range report.Rows {
		answer.Rows[i] = RowAnswer{Key: row.Key, Name: row.Name, FiguresAnswer: figuresAnswer(row.Figures)}
		if report.Query.By == projections.ByMonth {
			// A month's row holds what was posted in the month: to divide its
			// payments by its budget changes would say nothing.
			answer.Rows[i].Rate, answer.Rows[i].RateInitial = nil, nil
		}
	}
	return answer
}

func dateOrNull(date fiscal.Date) *fiscal.Date {
	if date.IsZero() {
		return nil
	}
	return &date
}

// wait lets a read see a sequence that it names, or else what this server has
// recorded itself. Only the first may fail for being late; the second then
// answers with what there is, and says so by its through_sequence.
func (a *API) wait(ctx context.Context, through uint64) error {
	if through > 0 {
		return a.waitFor(ctx, through)
	}
	bounded, cancel := context.WithTimeout(ctx, WaitOwn)
	defer cancel()
	err := a.config.Reader.WaitFor(bounded, a.config.Recorder.Position())
	if errors.Is(err, projections.ErrBehind) {
		return nil
	}
	return err
}

func (a *API) waitFor(ctx context.Context, sequence uint64) error {
	bounded, cancel := context.WithTimeout(ctx, WaitExplicit)
	defer cancel()
	err := a.config.Reader.WaitFor(bounded, sequence)
	if errors.Is(err, projections.ErrBehind) {
		return events.Refuse(CodeProjectionBehind, ReasonProjectionBehind, "", "sequence", strconv.FormatUint(sequence, 10))
	}
	return err
}

// LineAnswer is a line with its figures and the sums under them.
type LineAnswer struct {
	FoundLine
	Measures        map[string]money.Amount `json:"measures"`
	AsOf            *fiscal.Date            `json:"as_of"`
	ThroughSequence uint64                  `json:"through_sequence"`
}

// FoundLine is a line with its figures and the names of what it belongs to.
type FoundLine struct {
	LineFigures
	Name          events.Text          `json:"name"`
	Year          fiscal.Year          `json:"year"`
	Unit          events.UnitID        `json:"unit"`
	UnitName      events.Text          `json:"unit_name"`
	Project       events.ProjectID     `json:"project"`
	ProjectName   events.Text          `json:"project_name"`
	Kind          events.ProjectKind   `json:"kind"`
	Fund          events.Fund          `json:"fund"`
	Vintage       fiscal.Year          `json:"vintage"`
	FunctionClass events.FunctionClass `json:"function_class"`
	EconomicClass events.EconomicClass `json:"economic_class"`
}

func foundLine(view projections.LineView) FoundLine {
	return FoundLine{
		LineFigures: LineFigures{Line: view.Line.ID, FiguresAnswer: figuresAnswer(view.Figures)},
		Name:        view.Line.Name, Year: view.Line.Year, Unit: view.Line.Unit, UnitName: view.UnitName,
		Project: view.Line.Project, ProjectName: view.ProjectName, Kind: view.ProjectKind, Fund: view.Line.Fund,
		Vintage: view.Line.Vintage, FunctionClass: view.Line.FunctionClass, EconomicClass: view.Line.EconomicClass,
	}
}

func (a *API) getLine(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	at := q.asOf()
	if err := q.end(); err != nil {
		a.fail(w, r, err)
		return
	}
	if err := a.wait(r.Context(), at.Through); err != nil {
		a.fail(w, r, err)
		return
	}
	line := r.PathValue("line")
	if !isCode(line) {
		a.fail(w, r, notFound(r, projections.ErrNotFound))
		return
	}
	view, err := a.config.Reader.Line(r.Context(), events.LineID(line), at)
	if err == nil && !a.reach(r).Reads(view.Line.Unit) {
		err = reach.Outside("line", line)
	}
	if err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	answer := LineAnswer{
		FoundLine: foundLine(view), Measures: map[string]money.Amount{},
		AsOf: dateOrNull(at.Date), ThroughSequence: view.Sequence,
	}
	for _, m := range budget.Measures() {
		answer.Measures[m.String()] = view.Line.Sums[m]
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// notFound names the path that leads to nothing.
func notFound(r *http.Request, err error) error {
	if errors.Is(err, projections.ErrNotFound) {
		return events.Refuse(CodeNotFound, ReasonNotFound, "", "path", r.URL.Path)
	}
	return err
}

// EventView is a recorded event: its place, its hash, its stored bytes as they
// are, and the postings that it yields.
type EventView struct {
	Sequence uint64          `json:"sequence"`
	Hash     string          `json:"hash"`
	Event    json.RawMessage `json:"event"`
	Postings []PostingAnswer `json:"postings"`
}

// PostingAnswer is one posting.
type PostingAnswer struct {
	Line          events.LineID        `json:"line"`
	Measure       string               `json:"measure"`
	Amount        money.Amount         `json:"amount"`
	Date          fiscal.Date          `json:"date"`
	EconomicClass events.EconomicClass `json:"economic_class"`
}

func eventView(view projections.EventView) EventView {
	answer := EventView{
		Sequence: view.Event.Sequence, Hash: view.Hash.String(), Event: view.Event.Raw(),
		Postings: make([]PostingAnswer, len(view.Postings)),
	}
	for i, p := range view.Postings {
		answer.Postings[i] = PostingAnswer{p.Line, p.Measure.String(), p.Amount, p.Date, p.EconomicClass}
	}
	return answer
}

// LineEventsAnswer is a page of a line's events, newest first. Next is the
// query of the page after it, or null.
type LineEventsAnswer struct {
	Line            events.LineID `json:"line"`
	ThroughSequence uint64        `json:"through_sequence"`
	Events          []EventView   `json:"events"`
	Next            *string       `json:"next"`
}

func (a *API) getLineEvents(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	before, limit := q.sequence("before"), q.limit()
	if err := q.end(); err != nil {
		a.fail(w, r, err)
		return
	}
	if err := a.wait(r.Context(), 0); err != nil {
		a.fail(w, r, err)
		return
	}
	if !isCode(r.PathValue("line")) {
		a.fail(w, r, notFound(r, projections.ErrNotFound))
		return
	}
	line := events.LineID(r.PathValue("line"))
	if err := a.places().Line(r.Context(), a.reach(r), line); err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	page, err := a.config.Reader.LineEvents(r.Context(), line, before, limit)
	if err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	answer := LineEventsAnswer{Line: line, ThroughSequence: page.Sequence, Events: make([]EventView, len(page.Events))}
	for i, view := range page.Events {
		answer.Events[i] = eventView(view)
	}
	if page.More {
		next := "?limit=" + strconv.Itoa(limit) + "&before=" + strconv.FormatUint(answer.Events[len(answer.Events)-1].Sequence, 10)
		answer.Next = &next
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

func (a *API) getEvent(w http.ResponseWriter, r *http.Request) {
	if err := queryOf(r).end(); err != nil {
		a.fail(w, r, err)
		return
	}
	sequence, err := strconv.ParseUint(r.PathValue("sequence"), 10, 63)
	if err != nil {
		a.fail(w, r, notFound(r, projections.ErrNotFound))
		return
	}
	if err := a.wait(r.Context(), 0); err != nil {
		a.fail(w, r, err)
		return
	}
	view, err := a.config.Reader.Event(r.Context(), sequence)
	if err == nil {
		err = a.places().Event(r.Context(), a.reach(r), view.Event)
	}
	if err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, eventView(view))
}
