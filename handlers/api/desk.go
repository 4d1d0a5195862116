package api

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// LinesAnswer lists the lines that fit a search.
type LinesAnswer struct {
	Lines []FoundLine `json:"lines"`
}

// getLines finds lines for somebody who types.
func (a *API) getLines(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	search := projections.LineSearch{
		Text: q.get("q"), Unit: code[events.UnitID](q, "unit"), Project: code[events.ProjectID](q, "project"),
		Fund: oneOf(q, "fund", events.Funds()), Limit: q.limit(), Within: a.reach(r).Within(),
	}
	if q.get("year") != "" {
		search.Year = q.year()
	}
	if err := a.ready(r, q); err != nil {
		a.fail(w, r, err)
		return
	}
	lines, err := a.config.Desk.FindLines(r.Context(), search)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer := LinesAnswer{Lines: make([]FoundLine, len(lines))}
	for i, line := range lines {
		answer.Lines[i] = foundLine(line)
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// ready checks the query, and waits for what this server recorded itself.
func (a *API) ready(r *http.Request, q *query) error {
	if err := q.end(); err != nil {
		return err
	}
	return a.wait(r.Context(), 0)
}

// next is the query of the page after one: the same with another beginning.
func (q *query) next(set ...string) *string {
	values := url.Values{}
	for name, all := range q.values {
		values[name] = all
	}
	for i := 0; i+1 < len(set); i += 2 {
		values.Set(set[i], set[i+1])
	}
	text := "?" + values.Encode()
	return &text
}

// CommitmentsAnswer is a page of commitments, by line and code.
type CommitmentsAnswer struct {
	ThroughSequence uint64             `json:"through_sequence"`
	Commitments     []CommitmentAnswer `json:"commitments"`
	Next            *string            `json:"next"`
}

// CommitmentAnswer is a contract or an order that takes up money of a line.
type CommitmentAnswer struct {
	Commitment   events.CommitmentID `json:"commitment"`
	Line         events.LineID       `json:"line"`
	LineName     events.Text         `json:"line_name"`
	Unit         events.UnitID       `json:"unit"`
	Sequence     uint64              `json:"sequence"` // of its commitment.made
	Date         fiscal.Date         `json:"date"`
	Counterparty events.Text         `json:"counterparty"`
	Document     events.Text         `json:"document"`
	Amount       money.Amount        `json:"amount"`
	Used         money.Amount        `json:"used"`
	Left         money.Amount        `json:"left"`
	Released     bool                `json:"released"`
}

func commitmentAnswer(view projections.CommitmentView) CommitmentAnswer {
	return CommitmentAnswer{
		Commitment: view.Key.ID, Line: view.Key.Line, LineName: view.Line.Line.Name, Unit: view.Line.Line.Unit,
		Sequence: view.Made, Date: view.Date, Counterparty: view.Counterparty, Document: view.Document,
		Amount: view.Commitment.Amount, Used: view.Commitment.Used, Left: view.Commitment.Left(), Released: view.Commitment.Released,
	}
}

// getCommitments lists commitments. A page begins after the commitment that
// after_line and after name together.
func (a *API) getCommitments(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	s := a.reach(r)
	asked := projections.CommitmentQuery{
		Within: s.Within(), Line: code[events.LineID](q, "line"), OpenOnly: q.flag("open"), Limit: q.limit(),
		After: budget.CommitmentKey{Line: code[events.LineID](q, "after_line"), ID: code[events.CommitmentID](q, "after")},
	}
	if q.get("year") != "" {
		asked.Year = q.year()
	}
	err := a.ready(r, q)
	if err == nil && asked.Line != "" {
		err = notFound(r, a.places().Line(r.Context(), s, asked.Line))
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, err := a.config.Desk.Commitments(r.Context(), asked)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer := CommitmentsAnswer{ThroughSequence: page.Sequence, Commitments: make([]CommitmentAnswer, len(page.Rows))}
	for i, row := range page.Rows {
		answer.Commitments[i] = commitmentAnswer(row)
	}
	if page.More {
		last := page.Rows[len(page.Rows)-1].Key
		answer.Next = q.next("after_line", string(last.Line), "after", string(last.ID))
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// CarryoverAnswer is how the unspent money of a year goes on into the next one,
// and what lapses when.
type CarryoverAnswer struct {
	Year            fiscal.Year          `json:"year"`
	ThroughSequence uint64               `json:"through_sequence"`
	Rows            []CarryoverRowAnswer `json:"rows"`
	Lapses          []LapseAnswer        `json:"lapses"`
	More            bool                 `json:"more"` // there is more than is listed
}

// CarryoverRowAnswer is what is left of one vintage of a project's fund at a unit,
// and what became of it. Difference is sent less received: "0.00" once both years
// say the same.
type CarryoverRowAnswer struct {
	Unit        events.UnitID    `json:"unit"`
	UnitName    events.Text      `json:"unit_name"`
	Project     events.ProjectID `json:"project"`
	ProjectName events.Text      `json:"project_name"`
	Fund        events.Fund      `json:"fund"`
	Vintage     fiscal.Year      `json:"vintage"`
	From        []events.LineID  `json:"from"`
	To          []events.LineID  `json:"to"`
	Unspent     money.Amount     `json:"unspent"`
	Sent        money.Amount     `json:"sent"`
	Returned    money.Amount     `json:"returned"`
	Unsettled   money.Amount     `json:"unsettled"`
	Received    money.Amount     `json:"received"`
	Estimated   money.Amount     `json:"estimated"`
	Confirmed   money.Amount     `json:"confirmed"`
	Settled     bool             `json:"settled"`
	Difference  money.Amount     `json:"difference"`
}

// LapseAnswer is the day through which what is left on a line may be used.
type LapseAnswer struct {
	Line events.LineID `json:"line"`
	Name events.Text   `json:"name"`
	Unit events.UnitID `json:"unit"`
	On   fiscal.Date   `json:"on"`
	Left money.Amount  `json:"left"`
}

func (a *API) getCarryover(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	year := q.year()
	if err := a.ready(r, q); err != nil {
		a.fail(w, r, err)
		return
	}
	found, err := a.config.Desk.Carryover(r.Context(), year, a.reach(r).Within())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer := CarryoverAnswer{
		Year: year, ThroughSequence: found.Sequence, More: found.More,
		Rows: make([]CarryoverRowAnswer, len(found.Rows)), Lapses: make([]LapseAnswer, len(found.Lapses)),
	}
	for i, row := range found.Rows {
		answer.Rows[i] = carryoverRow(row)
	}
	for i, lapse := range found.Lapses {
		line := lapse.Line.Line
		answer.Lapses[i] = LapseAnswer{line.ID, line.Name, line.Unit, lapse.On, lapse.Left}
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

func carryoverRow(row projections.CarryoverRow) CarryoverRowAnswer {
	return CarryoverRowAnswer{
		Unit: row.Unit, UnitName: row.UnitName, Project: row.Project, ProjectName: row.ProjectName, Fund: row.Fund, Vintage: row.Vintage,
		From: append([]events.LineID{}, row.From...), To: append([]events.LineID{}, row.To...),
		Unspent: row.Unspent, Sent: row.Sent, Returned: row.Returned, Unsettled: row.Unsettled,
		Received: row.Received, Estimated: row.Estimated, Confirmed: row.Confirmed, Settled: row.Settled, Difference: row.Difference,
	}
}

// SignInsAnswer is a page of who signed in and who was refused, newest first.
type SignInsAnswer struct {
	ThroughSequence uint64         `json:"through_sequence"`
	SignIns         []SignInAnswer `json:"signins"`
	Next            *string        `json:"next"`
}

// SignInAnswer is an attempt to sign in at a browser. Cause is why it was refused,
// or null.
type SignInAnswer struct {
	Sequence uint64              `json:"sequence"`
	Recorded time.Time           `json:"recorded"`
	User     events.UserID       `json:"user"`
	Method   events.SignInMethod `json:"method"`
	Token    events.TokenID      `json:"token,omitempty"`
	Cause    *events.Text        `json:"cause"`
}

func signInAnswer(e events.Event) SignInAnswer {
	answer := SignInAnswer{Sequence: e.Sequence, Recorded: e.RecordedTime, User: events.UserID(e.Subject)}
	switch data := e.Data.(type) {
	case events.SessionOpened:
		answer.Method, answer.Token = data.Method, data.Token
	case events.SessionRefused:
		answer.Method, answer.Cause = data.Method, &data.Cause
	}
	return answer
}

func (a *API) getSignIns(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	before, limit := q.sequence("before"), q.limit()
	if err := a.ready(r, q); err != nil {
		a.fail(w, r, err)
		return
	}
	page, err := a.config.Desk.SignIns(r.Context(), before, limit)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer := SignInsAnswer{ThroughSequence: page.Sequence, SignIns: make([]SignInAnswer, len(page.Events))}
	for i, view := range page.Events {
		answer.SignIns[i] = signInAnswer(view.Event)
	}
	if page.More {
		answer.Next = q.next("before", strconv.FormatUint(answer.SignIns[len(answer.SignIns)-1].Sequence, 10))
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}
