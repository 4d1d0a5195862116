package web

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/review"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
)

// Limits of the pages of proposals.
const (
	openProposals   = 200 // open proposals on the page, oldest first
	closedProposals = 20  // others on a page, newest first
)

// ApprovalsPage lists the open proposals, and what became of earlier ones.
type ApprovalsPage struct {
	Office
	Open          []ProposalRow
	Count, Mine   int
	Unlisted      int
	Closed        []ProposalRow
	Older, Newest string
}

func (*ApprovalsPage) template() string { return "officeapprovals" }

// ProposalRow is a proposal in a list.
type ProposalRow struct {
	What, Href, Amount    string
	Line, LineHref, Unit  string
	By, Since, Rule       string
	State, Decided, Waits string
	Says                  string
	Own                   bool // of whoever looks
}

func proposalHref(id events.ProposalID) string { return approvalsPath + "/" + string(id) }

func (s *server) approvals(v *visit) (page, error) {
	o := s.officer(v)
	if !o.holds() {
		return s.refuseRoles(v, events.Roles()...), nil
	}
	before := v.filters.number("before", 1, 1<<53-1)
	head, err := s.office(v, v.Text("office.approvals.title"))
	if err != nil {
		return nil, err
	}
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	p, names := &ApprovalsPage{Office: head}, namesOf(units)
	for _, proposal := range o.view.Proposals {
		if !o.reads(proposal.Unit) {
			continue
		}
		if p.Count++; p.Count > openProposals {
			p.Unlisted++
			continue
		}
		row := v.proposed(proposal.Event)
		row.Href, row.Unit, row.By, row.Own = proposalHref(proposal.ID), names.of(proposal.Unit), proposal.By, proposal.By == o.by.Name
		row.Since, row.Rule = v.Time(proposal.Recorded), v.ruleWords(o, proposal.Review)
		switch {
		case row.Own:
			row.Waits = v.Text("office.approvals.own")
		case o.has(events.Approver, proposal.Unit):
			row.Waits = v.Text("office.approvals.yours")
			p.Mine++
		default:
			row.Waits = v.Text("office.approvals.others")
		}
		p.Open = append(p.Open, row)
	}
	if err := s.nameLines(v, p.Open); err != nil {
		return nil, err
	}
	if err := s.closedProposals(v, o, p, before); err != nil {
		return nil, err
	}
	return p, v.filters.end()
}

// proposed tells what is proposed, with the line that it is about.
func (v *visit) proposed(e events.Event) ProposalRow {
	row := ProposalRow{What: v.Type(e.Type), Line: e.Subject}
	if e.About() == events.OfLine {
		row.LineHref = "/lines/" + e.Subject
	}
	if amount, stated := amountIn(e); stated {
		row.Amount = v.Money(amount, money.Yuan)
	}
	return row
}

// amountIn is the amount that an event states.
func amountIn(e events.Event) (money.Amount, bool) {
	var states struct {
		Data struct{ Amount *money.Amount }
	}
	if err := json.Unmarshal(e.Raw(), &states); err != nil || states.Data.Amount == nil {
		return 0, false
	}
	return *states.Data.Amount, true
}

// nameLines puts the names of lines in place of their codes.
func (s *server) nameLines(v *visit, rows []ProposalRow) error {
	var lines []events.LineID
	for _, row := range rows {
		if row.LineHref != "" {
			lines = append(lines, events.LineID(row.Line))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	slices.Sort(lines)
	report, err := s.Reader.Execution(v.Context(), projections.Query{By: projections.ByLine, Lines: slices.Compact(lines)})
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, row := range report.Rows {
		names[row.Key] = row.Name
	}
	for i := range rows {
		rows[i].Line = cmp.Or(names[rows[i].Line], rows[i].Line)
	}
	return nil
}

// ruleWords says by which rule an event waits.
func (v *visit) ruleWords(o officer, id events.ReviewID) string {
	for _, rule := range o.view.Reviews {
		if rule.ID == id && rule.Over > 0 {
			return v.Text("office.rule.over", "rule", string(id), "amount", v.Money(rule.Over, money.Yuan))
		}
	}
	return string(id)
}

// closedProposals lists what became of earlier proposals.
func (s *server) closedProposals(v *visit, o officer, p *ApprovalsPage, before uint64) error {
	found, err := s.Desk.Proposals(v.Context(), projections.ProposalQuery{Within: o.within(), Before: before, Limit: closedProposals})
	if err != nil {
		return err
	}
	for _, view := range found.Rows {
		if view.Decided == nil {
			continue
		}
		row := v.proposed(view.Event)
		row.By, row.Since, row.Unit = view.Made.Actor, v.Time(view.Made.RecordedTime), string(view.UnitName)
		row.State, row.Decided = v.Type(view.Decided.Type), v.Text("office.decided", "actor", view.Decided.Actor, "time", v.Time(view.Decided.RecordedTime))
		row.Href, row.Says = madeHref(view.Data.Proposal, view.Made.Sequence), decidedNote(view.Decided.Data)
		p.Closed = append(p.Closed, row)
	}
	if before != 0 {
		p.Newest = approvalsPath
	}
	if n := len(found.Rows); found.More && n > 0 {
		p.Older = address{}.with("before", strconv.FormatUint(found.Rows[n-1].Made.Sequence, 10)).at(approvalsPath)
	}
	return s.nameLines(v, p.Closed)
}

// madeParameter is the sequence of a proposal, by which it is found once it is
// decided.
const madeParameter = "made"

func madeHref(id events.ProposalID, made uint64) string {
	return address{}.with(madeParameter, strconv.FormatUint(made, 10)).at(proposalHref(id))
}

// decidedNote is what whoever decided said about it.
func decidedNote(data events.Data) string {
	switch data := data.(type) {
	case events.ProposalApproved:
		return string(data.Note)
	case events.ProposalDeclined:
		return string(data.Reason)
	case events.ProposalWithdrawn:
		return string(data.Reason)
	}
	return ""
}

// Balance is a line before and after an event.
type Balance struct {
	Line, Href    string
	Before, After []Fact
	// Wrong is why the event does not hold as things stand.
	Wrong    string
	Warnings []string
}

// proposalTask begins a form about an open proposal. What is decided already is
// told instead.
func (s *server) proposalTask(v *visit, title string) (officer, review.Proposal, *officeTask, page, error) {
	o, id := s.officer(v), events.ProposalID(v.PathValue("proposal"))
	made := v.filters.number(madeParameter, 1, 1<<53-1)
	head, err := s.office(v, v.Text(title))
	if err != nil {
		return o, review.Proposal{}, nil, nil, err
	}
	p := &TaskPage{Office: head, Back: Link{Label: v.Text("office.approvals.title"), Href: approvalsPath}}
	i := slices.IndexFunc(o.view.Proposals, func(p review.Proposal) bool { return p.ID == id && o.reads(p.Unit) })
	if i < 0 {
		other, err := s.decidedProposal(v, o, p, id, made)
		return o, review.Proposal{}, nil, other, err
	}
	proposal := o.view.Proposals[i]
	p.Facts = append(v.proposalFacts(o, proposal), v.data(proposal.Event.Data)...)
	t := &officeTask{page: p, next: proposalHref(id), keep: address{}.with(madeParameter, strconv.FormatUint(proposal.Sequence, 10))}
	return o, proposal, t, nil, nil
}

// proposalFacts are who proposed what, when and why it waits.
func (v *visit) proposalFacts(o officer, p review.Proposal) []Fact {
	facts := []Fact{{Name: v.Text("event.type"), Value: v.Type(p.Event.Type)}}
	if p.Event.About() == events.OfLine {
		facts = append(facts, Fact{v.Text("filter.line"), p.Event.Subject, "/lines/" + p.Event.Subject})
	} else {
		facts = append(facts, Fact{v.Text("event.subject"), p.Event.Subject, ""})
	}
	return append(facts,
		Fact{v.Text("office.proposed.by"), p.By, ""}, Fact{v.Text("office.proposed.since"), v.Time(p.Recorded), eventHref(p.Sequence)},
		Fact{v.Text("office.proposed.rule"), v.ruleWords(o, p.Review), ""})
}

// decidedProposal tells what became of a proposal, which is found by its place in
// the log.
func (s *server) decidedProposal(v *visit, o officer, p *TaskPage, id events.ProposalID, made uint64) (page, error) {
	if made == 0 {
		return nil, projections.ErrNotFound
	}
	found, err := s.Desk.Proposals(v.Context(), projections.ProposalQuery{Within: o.within(), Before: made + 1, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found.Rows) == 0 || found.Rows[0].Data.Proposal != id || found.Rows[0].Decided == nil {
		return nil, projections.ErrNotFound
	}
	view := found.Rows[0]
	row := v.proposed(view.Event)
	p.Heading = v.Text("office.decided.title", "state", v.Type(view.Decided.Type), "what", row.What)
	p.Lead = []string{v.Text("office.decided", "actor", view.Decided.Actor, "time", v.Time(view.Decided.RecordedTime))}
	if note := decidedNote(view.Decided.Data); note != "" {
		p.Lead = append(p.Lead, note)
	}
	p.Facts = []Fact{
		{v.Text("event.type"), row.What, ""}, {v.Text("event.subject"), view.Event.Subject, row.LineHref},
		{v.Text("office.proposed.by"), view.Made.Actor, ""}, {v.Text("office.proposed.since"), v.Time(view.Made.RecordedTime), eventHref(view.Made.Sequence)},
		{v.Text("office.decided.event"), "#" + v.sequence(view.Decided.Sequence), eventHref(view.Decided.Sequence)},
	}
	if view.State == projections.ProposalApproved {
		p.Facts = append(p.Facts, Fact{v.Text("office.decided.recorded"), "#" + v.sequence(view.Decided.Sequence+1), eventHref(view.Decided.Sequence + 1)})
	}
	p.Facts = append(p.Facts, v.data(view.Event.Data)...)
	return p, nil
}

// approveTask shows a proposal, with what it would do, and approves it.
func (s *server) approveTask(v *visit) (*officeTask, page, error) {
	o, proposal, t, other, err := s.proposalTask(v, "office.title.approve")
	if err != nil || other != nil {
		return nil, other, err
	}
	row := v.proposed(proposal.Event)
	t.page.Heading = v.Text("office.proposed.title", "what", row.What, "amount", row.Amount)
	if t.page.Balance, err = s.balance(v, proposal); err != nil {
		return nil, nil, err
	}
	own, mayDecide := proposal.By == o.by.Name, o.has(events.Approver, proposal.Unit)
	switch {
	case own:
		t.page.Warning = v.Text("office.approve.own")
		t.page.Others = []Link{{Label: v.Text("office.withdraw.link"), Href: proposalHref(proposal.ID) + "/withdraw"}}
	case mayDecide:
		t.page.Others = []Link{{Label: v.Text("office.decline.link"), Href: proposalHref(proposal.ID) + "/decline"}}
	default:
		t.page.Warning = v.Text("office.approve.not_yours")
	}
	if own || !mayDecide {
		if v.Method == http.MethodPost { // tried all the same: the recorder says why not
			t.page.Form = s.decisionForm(v, "office.button.approve")
		}
		t.event = approval(proposal)
		return t, nil, nil
	}
	t.page.Form = s.decisionForm(v, "office.button.approve", &OfficeField{Name: "note", Label: v.Text("office.approve.note"), Kind: FieldNote, Optional: true})
	t.event = approval(proposal)
	return t, nil, nil
}

func (s *server) decisionForm(v *visit, button string, fields ...*OfficeField) *OfficeForm {
	return &OfficeForm{Action: v.URL.RequestURI(), Button: v.Text(button), Key: rand.Text(), Fields: fields}
}

// approval is the event that approves a proposal.
func approval(p review.Proposal) func(*OfficeForm) officeEvent {
	return decision(events.ProposalApproved{}, p, "note")
}

// decision is an event that ends a proposal.
func decision(data events.Data, p review.Proposal, field string) func(*OfficeForm) officeEvent {
	return func(f *OfficeForm) officeEvent {
		members := f.data(field)
		members["about"], members["proposal"] = p.Event.About(), p.ID
		return officeEvent{data, p.Event.Subject, members}
	}
}

func (s *server) declineTask(v *visit) (*officeTask, page, error) {
	o, proposal, t, other, err := s.proposalTask(v, "office.title.decline")
	if err != nil || other != nil {
		return nil, other, err
	}
	if !o.has(events.Approver, proposal.Unit) {
		return nil, s.refuseRoles(v, events.Approver), nil
	}
	t.page.Lead = []string{v.Text("office.lead.decline")}
	t.page.Back = Link{Label: v.Text("office.proposed.back"), Href: proposalHref(proposal.ID)}
	t.page.Form = s.decisionForm(v, "office.button.decline", v.reasonField(false))
	t.page.Form.Grave = true
	t.event = decision(events.ProposalDeclined{}, proposal, "reason")
	return t, nil, nil
}

func (s *server) withdrawTask(v *visit) (*officeTask, page, error) {
	_, proposal, t, other, err := s.proposalTask(v, "office.title.withdraw")
	if err != nil || other != nil {
		return nil, other, err
	}
	t.page.Lead = []string{v.Text("office.lead.withdraw")}
	t.page.Back = Link{Label: v.Text("office.proposed.back"), Href: proposalHref(proposal.ID)}
	t.page.Form = s.decisionForm(v, "office.button.withdraw", v.reasonField(true))
	t.page.Form.Grave = true
	t.event = decision(events.ProposalWithdrawn{}, proposal, "reason")
	return t, nil, nil
}

// trier decides, as a dry run, what a proposal would do: in nobody's name, so
// that whoever looks sees it.
var trier = access.Principal{Name: "outturn", Root: true}

// balance is the line of a proposal now, and as it would be.
func (s *server) balance(v *visit, p review.Proposal) (*Balance, error) {
	if p.Event.About() != events.OfLine {
		return nil, nil
	}
	line, err := s.Reader.Line(v.Context(), events.LineID(p.Event.Subject), projections.AsOf{})
	if err != nil {
		return nil, err
	}
	b := &Balance{Line: nameOf(line), Href: "/lines/" + p.Event.Subject}
	b.Before = v.balanceFacts(line.Figures.FullYear, line.Figures.Committed, line.Figures.Executed, line.Figures.Available)
	what := approval(p)(&OfficeForm{})
	event, err := officeParse(rand.Text(), what)
	if err != nil {
		return nil, err
	}
	result, err := s.submitOne(v.Context(), commands.Submission{By: trier, Items: []commands.Item{{Event: event}}, DryRun: true})
	switch {
	case err != nil:
		b.Wrong = v.Refusal(s.unrecorded(v, err))
	case result.Refusal != nil:
		b.Wrong = v.bare(result.Refusal)
	case result.Line != nil:
		after, err := result.Line.Sums.Figures()
		if err != nil {
			return nil, err
		}
		b.After = v.balanceFacts(after.FullYear, after.Committed, after.Executed, after.Available)
		for _, warning := range result.Warnings {
			b.Warnings = append(b.Warnings, v.bare(warning))
		}
	}
	return b, nil
}

func (v *visit) balanceFacts(full, committed, executed, available money.Amount) []Fact {
	return []Fact{
		{Name: v.Text("figure.full_year"), Value: v.Money(full, money.Yuan)}, {Name: v.Text("figure.committed"), Value: v.Money(committed, money.Yuan)},
		{Name: v.Text("figure.executed"), Value: v.Money(executed, money.Yuan)}, {Name: v.Text("figure.available"), Value: v.Money(available, money.Yuan)},
	}
}
