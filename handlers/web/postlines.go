package web

import (
	"context"
	"slices"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// Limits of the desk's lists.
const (
	deskLines    = 50 // lines that a search shows
	pickPayments = 50 // payments to choose from, newest first
)

// DeskPage finds the line to post on. With an act in mind each line leads to
// its form.
type DeskPage struct {
	Shell
	Action, Q, Lead string
	Kept            []Choice
	Years           []Choice
	Rows            []DeskRow
	More            bool
	Searched        bool
	Tasks           []Link
	// Waiting leads to what waits for a second person.
	Waiting []Link
}

func (*DeskPage) template() string { return "postlines" }

// DeskRow is a line that was found.
type DeskRow struct {
	Code, Name, Href    string
	Project, Unit, Fund string
	Vintage, Available  string
	Zero                bool
	Acts                []Link
}

// deskLines is the front page of the desk.
func (s *server) deskLines(v *visit) (page, error) {
	o := s.officer(v)
	if !o.holds(events.Poster) {
		return s.refuseRoles(v, events.Poster), nil
	}
	return s.linesFor(v, o, act{path: deskPath})
}

// linesFor finds lines for an act; without a name it is any.
func (s *server) linesFor(v *visit, o officer, a act) (page, error) {
	if err := s.catchUp(v); err != nil {
		return nil, err
	}
	years, err := s.Reader.Years(v.Context())
	if err != nil {
		return nil, err
	}
	year := v.filters.year("year", currentYear(years, o.today.Year))
	p := &DeskPage{
		Shell: s.deskShell(v.Text("desk.title")), Action: a.path, Q: v.filters.get("q"), Lead: v.Text("desk.lead"),
		Tasks: []Link{
			{Label: v.Text("desk.mine"), Href: minePath}, {Label: v.Text("desk.commitments"), Href: commitmentsPath}, {Label: v.Text("desk.budget"), Href: budgetPath},
			{Label: v.Text("desk.act.refund"), Href: findAct("refund").path}, {Label: v.Text("desk.act.correct"), Href: findAct("correct").path},
		},
	}
	p.Searched = p.Q != ""
	if a.path == deskPath {
		p.Waiting = v.waiting(o)
	}
	p.dressFor(v, a)
	for _, one := range years {
		text := strconv.Itoa(int(one))
		p.Years = append(p.Years, Choice{text, text, one == year})
	}
	if err := v.filters.end(); err != nil {
		return nil, err
	}
	found, err := s.Desk.FindLines(v.Context(), projections.LineSearch{Year: year, Text: p.Q, Within: o.within(), Limit: deskLines + 1})
	if err != nil {
		return nil, err
	}
	if p.More = len(found) > deskLines; p.More {
		found = found[:deskLines]
	}
	for _, view := range found {
		p.Rows = append(p.Rows, v.deskRow(o, a, view))
	}
	return p, nil
}

// dressFor says what the line is looked for.
func (p *DeskPage) dressFor(v *visit, a act) {
	switch {
	case a.data != nil:
		p.Heading = v.Text("desk.find_for", "what", v.Type(a.data.Type()))
	case a.path == budgetPath:
		p.Heading = v.Text("desk.find_for", "what", v.Text("desk.budget"))
	default:
		return
	}
	p.Lead = v.Text("desk.find_first")
	if a.path == budgetPath && a.name != "" {
		p.Kept = []Choice{{Value: a.name, Label: kindParameter}}
	}
	p.Tasks = []Link{{Label: v.Text("desk.back"), Href: deskPath}}
}

// currentYear is this year, or the newest one with lines before it.
func currentYear(years []fiscal.Year, now fiscal.Year) fiscal.Year {
	for _, year := range years { // newest first
		if year <= now {
			return year
		}
	}
	return now
}

func (v *visit) deskRow(o officer, a act, view projections.LineView) DeskRow {
	line := view.Line
	row := DeskRow{
		Code: string(line.ID), Name: nameOf(view), Href: "/lines/" + string(line.ID), Project: string(view.ProjectName), Unit: string(view.UnitName),
		Fund: v.Fund(line.Fund), Vintage: strconv.Itoa(int(line.Vintage)), Available: v.Money(view.Figures.Available, money.Yuan), Zero: view.Figures.Available == 0,
	}
	if line.Vintage < line.Year {
		row.Vintage = v.Text("line.carried", "vintage", row.Vintage)
	}
	if o.has(events.Poster, line.Unit) {
		row.Acts = v.actsOn(a, line.ID)
	}
	if a.path == deskPath {
		row.Acts = append(row.Acts, Link{Label: v.Text("desk.statement"), Href: row.Href})
	}
	return row
}

// actsOn are the acts that a line in the list leads to: the one in mind, or the
// usual ones.
func (v *visit) actsOn(a act, line events.LineID) []Link {
	if a.path != deskPath {
		return []Link{{Label: v.Text("desk.choose_line"), Href: a.at(line)}}
	}
	var links []Link
	for _, name := range []string{"pay", "transfer", "commit"} {
		links = append(links, Link{Label: v.Text("desk.act." + name), Href: findAct(name).at(line), ID: name})
	}
	return append(links, Link{Label: v.Text("desk.more_acts"), Href: act{path: budgetPath}.at(line)})
}

// PickPage chooses what a form is about: a payment of the line, or the kind of
// a change.
type PickPage struct {
	Shell
	Back  Link
	Line  LineCard
	Lead  string
	Empty string
	Rows  []PickRow
}

func (*PickPage) template() string { return "postpick" }

// PickRow is something to choose.
type PickRow struct {
	Label, Href        string
	Note, Date, Amount string
	Others             []Link
}

// budgetKinds chooses how a line's budget changes.
func (s *server) budgetKinds(v *visit) (page, error) {
	o := s.officer(v)
	if !o.holds(events.Poster) {
		return s.refuseRoles(v, events.Poster), nil
	}
	if v.filters.get(lineParameter) == "" {
		return s.linesFor(v, o, act{path: budgetPath})
	}
	line, other, err := s.lineToPost(v, o)
	if err != nil || other != nil {
		return other, err
	}
	p := s.pickPage(v, line, v.Text("desk.budget"), v.Text("desk.kind_lead"))
	for _, a := range budgetActs() {
		p.Rows = append(p.Rows, PickRow{Label: v.Type(a.data.Type()), Href: a.at(line.Line.ID), Note: v.Text("desk.kind." + a.name)})
	}
	for _, name := range []string{"refund", "correct"} {
		a := findAct(name)
		p.Rows = append(p.Rows, PickRow{Label: v.Type(a.data.Type()), Href: a.at(line.Line.ID), Note: v.Text("desk.kind." + name)})
	}
	return p, v.filters.end()
}

func (s *server) pickPage(v *visit, line projections.LineView, heading, lead string) *PickPage {
	return &PickPage{
		Shell: s.deskShell(heading), Back: Link{Label: v.Text("desk.title"), Href: deskPath},
		Line: v.lineCard(line), Lead: lead, Empty: v.Text("desk.no_payments"),
	}
}

// pick chooses the payment or the commitment that an act is about.
func (s *server) pick(v *visit, p *PostPage) (page, error) {
	if err := v.filters.end(); err != nil {
		return nil, err
	}
	if p.act.given == memberCommitment {
		return s.commitmentsOf(v, p.officer, projections.CommitmentQuery{Line: p.line.Line.ID, OpenOnly: true})
	}
	payments, err := s.lastPayments(v.Context(), p.line.Line)
	if err != nil {
		return nil, err
	}
	pick := s.pickPage(v, p.line, p.Heading, v.Text("desk.pick_payment"))
	for _, payment := range payments {
		pick.Rows = append(pick.Rows, PickRow{
			Label: string(payment.Document), Href: p.act.at(p.line.Line.ID, memberPayment, string(payment.EventID)),
			Note: string(payment.Says), Date: v.Date(payment.Posting.Date), Amount: v.Money(payment.Posting.Amount, money.Yuan),
		})
	}
	return pick, nil
}

// lastPayments are the last ones of a line, newest first.
func (s *server) lastPayments(ctx context.Context, line budget.Line) ([]projections.PostingView, error) {
	found, err := s.Reader.Postings(ctx, projections.PostingsQuery{
		Query: projections.Query{Year: line.Year, Line: line.ID}, Measures: []budget.Measure{budget.Executed}, Limit: pickPayments,
	})
	paid := events.DisbursementPaid{}.Type()
	return slices.DeleteFunc(found.Rows, func(one projections.PostingView) bool { return one.Type != paid }), err
}
