package web

import (
	"context"
	"net/http"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
)

// sectionDesk is the part of the navigation that the desk's pages belong to.
const sectionDesk = "desk"

// The pages of the finance desk; each act of it has one of its own below.
const (
	deskPath        = "/desk"
	budgetPath      = deskPath + "/budget"
	commitmentsPath = deskPath + "/commitments"
)

// deskSource is the source of the events that the desk's forms record.
const deskSource = "/desk"

// catchUpTimeout is how long a page waits for the figures to hold what was just
// recorded; then it shows what there is.
const catchUpTimeout = 2 * time.Second

// act is something that the desk records: an event of one type. Its form has a
// field for each member of the type's data; see [memberFields].
type act struct {
	name string // of its texts and, of a change of the budget, in the address
	path string
	data events.Data
	// effect is the sign of what the amount does to the line's available balance; 0
	// if that is more than a sum.
	effect int
	// given is the member that the address names instead of the form.
	given string
}

// acts are all that the desk records.
func acts() []act {
	return []act{
		{"pay", deskPath + "/pay", events.DisbursementPaid{}, -1, ""},
		{"transfer", deskPath + "/transfer", events.BudgetTransferred{}, -1, ""},
		{"refund", deskPath + "/refund", events.DisbursementRefunded{}, 1, memberPayment},
		{"correct", deskPath + "/correct", events.DisbursementCorrected{}, 0, memberPayment},
		{"commit", deskPath + "/commit", events.CommitmentMade{}, -1, ""},
		{"change", commitmentsPath + "/change", events.CommitmentChanged{}, 0, memberCommitment},
		{"release", commitmentsPath + "/release", events.CommitmentReleased{}, 0, memberCommitment},
		{"allocated", budgetPath, events.BudgetAllocated{}, 1, ""},
		{"supplemented", budgetPath, events.BudgetSupplemented{}, 1, ""},
		{"reduced", budgetPath, events.BudgetReduced{}, -1, ""},
		{"recalled", budgetPath, events.BudgetRecalled{}, -1, ""},
		{"frozen", budgetPath, events.BudgetFrozen{}, -1, ""},
		{"unfrozen", budgetPath, events.BudgetUnfrozen{}, 1, ""},
		{"carryover.received", budgetPath, events.CarryoverReceived{}, 1, ""},
		{"carryover.confirmed", budgetPath, events.CarryoverConfirmed{}, 0, ""},
		{"carryover.sent", budgetPath, events.CarryoverSent{}, -1, ""},
		{"surplus.returned", budgetPath, events.SurplusReturned{}, -1, ""},
	}
}

// The members of events that an act may be given, and those that are treated
// apart from what their Go type says.
const (
	memberPayment    = "payment"
	memberCommitment = "commitment"
	memberAmount     = "amount"
	memberDate       = "date"
	memberMemo       = "memo"
)

// The parameters of the desk's addresses.
const (
	lineParameter = "line"
	kindParameter = "kind"
)

// at is the address of the act for a line, with more parameters given as name,
// value.
func (a act) at(line events.LineID, more ...string) string {
	to := address{}.with(lineParameter, string(line)).with(more...)
	if a.path == budgetPath {
		to = to.with(kindParameter, a.name)
	}
	return to.at(a.path)
}

func findAct(name string) act {
	for _, a := range acts() {
		if a.name == name {
			return a
		}
	}
	panic("web: no act " + name) // names are constants
}

// chosenAct is the change of the budget that the address names; false if it
// names none.
func chosenAct(v *visit) (act, bool) {
	var kinds []string
	for _, a := range budgetActs() {
		kinds = append(kinds, a.name)
	}
	kind := oneOf(v.filters, kindParameter, "", kinds...)
	if kind == "" {
		return act{path: budgetPath}, false
	}
	return findAct(kind), true
}

// budgetActs are the acts that change a line's budget.
func budgetActs() []act {
	var some []act
	for _, a := range acts() {
		if a.path == budgetPath {
			some = append(some, a)
		}
	}
	return some
}

// actRoutes serves an act's form and takes what is sent.
func (s *server) actRoutes(mux *http.ServeMux, path string, choose func(*visit) (act, bool)) {
	mux.Handle("GET "+path, s.page(func(v *visit) (page, error) {
		a, chosen := choose(v)
		if !chosen {
			return s.budgetKinds(v)
		}
		p, other, err := s.postPage(v, a)
		if err != nil || other != nil {
			return other, err
		}
		return p, v.filters.end()
	}))
	mux.Handle("POST "+path, http.MaxBytesHandler(s.action(func(v *visit) (string, page, error) {
		if err := v.ParseForm(); err != nil {
			return "", v.tooMuch(err), nil
		}
		a, chosen := choose(v)
		if !chosen {
			return "", nil, projections.ErrNotFound
		}
		p, other, err := s.postPage(v, a)
		if err != nil || other != nil {
			return "", other, err
		}
		p.Form.read(v)
		return "", p, s.step(v, p)
	}), maxOfficeForm))
}

// The steps that the buttons of a form ask for; without one it is checked.
const (
	stepRecord = "record"
	stepEdit   = "edit"
)

// step takes a filled form one step on.
func (s *server) step(v *visit, p *PostPage) error {
	if err := s.findLinesOf(v, p); err != nil {
		return err
	}
	asked := v.PostForm.Get("step")
	switch {
	case asked == stepEdit && len(p.Form.Wrong) == 0:
		return nil
	case len(p.Form.Wrong) > 0:
		p.fail(http.StatusUnprocessableEntity)
		return nil
	}
	result, refusal, status := s.decide(v, p, asked != stepRecord)
	switch {
	case status == http.StatusServiceUnavailable && asked == stepRecord: // sent again as it stands
		p.Unsure, p.UnsureTitle = v.Refusal(refusal), v.Text("desk.not_recorded")
		if refusal.Reason == reasonUnknownOutcome {
			p.UnsureTitle = v.Text("desk.unsure")
		}
		p.fail(status)
		return p.check(v, commands.Result{})
	case refusal != nil:
		p.refuse(v, refusal)
		p.fail(status)
		return nil
	case asked == stepRecord || result.Status == commands.Duplicate:
		return p.finish(v, result)
	}
	return p.check(v, result)
}

// reasonUnknownOutcome is the one of [server.unrecorded] after which an event may
// stand in the log.
const reasonUnknownOutcome events.Reason = "outcome_unknown"

// decide submits what the form says; with dry, nothing is recorded. A refusal
// comes with the answer's status.
func (s *server) decide(v *visit, p *PostPage, dry bool) (commands.Result, *events.Refusal, int) {
	event, err := p.parse(v)
	if refusal := events.AsRefusal(err); refusal != nil {
		return commands.Result{}, refusal, http.StatusUnprocessableEntity
	}
	if err != nil {
		return commands.Result{}, events.Refuse(commands.CodeInternal, commands.ReasonInternal, "", "problem", err.Error()), http.StatusInternalServerError
	}
	p.event = event
	result, err := s.submitOne(v.Context(), commands.Submission{By: p.officer.by, Items: []commands.Item{{Event: event}}, DryRun: dry})
	switch {
	case err != nil && dry:
		s.Logger.ErrorContext(v.Context(), "a form of the desk was not checked", "error", err, "path", v.URL.Path)
		return result, events.Refuse("log_unavailable", "log_unavailable", ""), http.StatusServiceUnavailable
	case err != nil:
		return result, s.unrecorded(v, err), http.StatusServiceUnavailable
	case result.Status == commands.Rejected && result.Refusal.Code == "forbidden":
		return result, result.Refusal, http.StatusForbidden
	case result.Status == commands.Rejected:
		return result, result.Refusal, http.StatusUnprocessableEntity
	}
	return result, nil, http.StatusOK
}

// catchUp waits a little for the figures to hold what was recorded, and pins
// the page to where they stand.
func (s *server) catchUp(v *visit) error {
	ctx, cancel := context.WithTimeout(v.Context(), catchUpTimeout)
	defer cancel()
	_ = s.Reader.WaitFor(ctx, s.Recorder.Position()) // figures a moment old beat none, and the page says where they stand
	return s.standAt(v)
}

// deskShell is what surrounds a page of the desk.
func (s *server) deskShell(heading string) Shell {
	return Shell{Heading: heading, Section: sectionDesk, FormStyle: s.assets.address("post.css")}
}

// lineToPost reads the line that the address names. The page that comes in its
// stead is for those who may not post on it.
func (s *server) lineToPost(v *visit, o officer) (projections.LineView, page, error) {
	id := events.LineID(v.filters.get(lineParameter))
	if err := s.catchUp(v); err != nil {
		return projections.LineView{}, nil, err
	}
	view, err := s.Reader.Line(v.Context(), id, projections.AsOf{})
	switch {
	case err != nil:
		return view, nil, err
	case !o.reads(view.Line.Unit):
		return view, nil, projections.ErrNotFound
	case !o.has(events.Poster, view.Line.Unit):
		return view, s.refuseRoles(v, events.Poster), nil
	}
	return view, nil, nil
}
