package api

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/yearend"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// formRequest reads which form a call is about.
func (a *API) formRequest(r *http.Request, q *query) (yearend.Request, error) {
	year, err := fiscal.ParseYear(r.PathValue("year"))
	if err != nil || !isCode(r.PathValue("subject")) {
		return yearend.Request{}, notFound(r, projections.ErrNotFound)
	}
	request := yearend.Request{Templates: a.config.Templates, Year: year, Code: r.PathValue("subject"), Template: q.get("template"), At: q.asOf()}
	return request, nil
}

func (a *API) getForm(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	request, err := a.formRequest(r, q)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	request.WithProjects = q.flag("projects")
	format := oneOf(q, "format", exports.Formats())
	if format == "" {
		format = exports.FormatJSON
	}
	issues, err := a.derive(r, q, request)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var file bytes.Buffer
	if err := exports.Write(&file, format, yearend.Sheets(issues), language.Of(r)); err != nil {
		a.fail(w, r, err)
		return
	}
	ending, mediaType := format.File(len(issues))
	if format == exports.FormatJSON || format == exports.FormatHTML { // to be read, not kept
		send(w, http.StatusOK, mediaType, file.Bytes())
		return
	}
	sendFile(w, mediaType, fmt.Sprintf("%s-%d%s", request.Code, request.Year, ending), file.Bytes())
}

// derive checks the query, waits for the projection and derives the forms.
func (a *API) derive(r *http.Request, q *query, request yearend.Request) ([]yearend.Issue, error) {
	if err := q.end(); err != nil {
		return nil, err
	}
	if err := a.wait(r.Context(), request.At.Through); err != nil {
		return nil, err
	}
	if err := a.places().Subject(r.Context(), a.reach(r), request.Year, request.Code); err != nil {
		return nil, notFound(r, err)
	}
	issues, err := yearend.Derive(r.Context(), a.config.Forms, request)
	if errors.Is(err, yearend.ErrTemplate) {
		return nil, events.Refuse(CodeQueryInvalid, ReasonParameterInvalid, "", "parameter", "template", "value", request.Template,
			"want", "the id of a template for this kind of form")
	}
	return issues, notFound(r, err)
}

// CellAnswer is what a cell of a form is made of: a cell of money, a rate and
// execution points of postings, a cell of an indicator or a goal of events, the
// points of the total of other cells.
type CellAnswer struct {
	Cell            string         `json:"cell"`
	Printed         string         `json:"printed"`
	Exact           *string        `json:"exact"` // a fraction in the unit that is printed, null for words
	Digits          int            `json:"digits"`
	Rounding        money.Rounding `json:"rounding,omitempty"`
	ThroughSequence uint64         `json:"through_sequence"`
	// Amount is the sum of what the postings add, of a cell of money. A rate and
	// execution points are Executed over Budget.
	Amount   *money.Amount `json:"amount"`
	Executed *money.Amount `json:"executed"`
	Budget   *money.Amount `json:"budget"`
	Count    int           `json:"count"` // of all its postings
	Postings []CellPosting `json:"postings"`
	Events   []EventView   `json:"events"`
	Cells    []string      `json:"cells"`
	Next     *string       `json:"next"`
}

// CellPosting is a posting under a cell, with what it adds to it.
type CellPosting struct {
	Sequence uint64         `json:"sequence"`
	EventID  events.EventID `json:"event_id"`
	Type     events.Type    `json:"type"`
	Document events.Text    `json:"document"`
	Says     events.Note    `json:"says"`
	Actor    string         `json:"actor"`
	Adds     money.Amount   `json:"adds"`
	PostingAnswer
}

func (a *API) getCell(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	page := forms.Page{Before: q.sequence("before"), Limit: q.limit()}
	request, err := a.formRequest(r, q)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	issues, err := a.derive(r, q, request)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	terms, err := forms.Provenance(r.Context(), a.config.Forms, issues[0].Form, r.PathValue("cell"), page)
	if errors.Is(err, forms.ErrNoCell) {
		err = projections.ErrNotFound
	}
	if err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	answer := cellAnswer(terms)
	if terms.More {
		answer.Next = nextPage(q.values, page.Limit, terms)
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// nextPage is the query of the page after one: the same form, at the position
// that this page stands at.
func nextPage(asked url.Values, limit int, t forms.Terms) *string {
	next := maps.Clone(asked)
	next.Set("limit", strconv.Itoa(limit))
	next.Set("before", strconv.FormatUint(t.Before, 10))
	next.Set("through", strconv.FormatUint(t.Sequence, 10))
	next.Del("known_at") // the position says it
	query := "?" + next.Encode()
	return &query
}

func cellAnswer(t forms.Terms) CellAnswer {
	answer := CellAnswer{
		Cell: t.Name, Printed: t.Cell.Printed, Digits: t.Cell.Digits, Rounding: t.Cell.Rounding, ThroughSequence: t.Sequence,
		Count: t.Count, Postings: make([]CellPosting, len(t.Postings)), Events: make([]EventView, len(t.Events)),
		Cells: append([]string{}, t.Cell.Of...),
	}
	if t.Cell.Fraction != "" {
		answer.Exact = &t.Cell.Fraction
	}
	switch {
	case t.Cell.Fen != nil:
		answer.Amount = &t.Amount
	case len(t.Cell.Measures) > 0:
		answer.Executed, answer.Budget = &t.Executed, &t.Budget
	}
	for i, term := range t.Postings {
		answer.Postings[i] = cellPosting(term)
	}
	for i, event := range t.Events {
		answer.Events[i] = eventView(event)
	}
	return answer
}

func cellPosting(t forms.Term) CellPosting {
	p := t.Posting
	return CellPosting{
		Sequence: p.Sequence, EventID: t.EventID, Type: t.Type, Document: t.Document, Says: t.Says, Actor: t.Actor, Adds: t.Adds,
		PostingAnswer: PostingAnswer{p.Line, p.Measure.String(), p.Amount, p.Date, p.EconomicClass},
	}
}
