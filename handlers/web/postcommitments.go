package web

import (
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// commitmentsPage is how many commitments a page lists.
const commitmentsPage = 50

// CommitmentsPage lists commitments, by line and code.
type CommitmentsPage struct {
	Shell
	Back          Link
	Views         []Link // the open ones, or all
	New           string
	Rows          []CommitmentRow
	Older, Newest string
}

func (*CommitmentsPage) template() string { return "postcommitments" }

// CommitmentRow is a commitment in the list.
type CommitmentRow struct {
	Code, Href             string
	Line, LineHref         string
	Counterparty, Document string
	Date                   string
	Amount, Used, Left     string
	Open                   bool
	Acts                   []Link
}

func (s *server) commitments(v *visit) (page, error) {
	o := s.officer(v)
	if !o.holds(events.Poster) {
		return s.refuseRoles(v, events.Poster), nil
	}
	query := projections.CommitmentQuery{
		Line: events.LineID(v.filters.get(lineParameter)), Year: v.filters.year("year", 0),
		OpenOnly: oneOf(v.filters, "show", showOpen, showOpen, showAll) == showOpen,
		After:    budget.CommitmentKey{Line: events.LineID(v.filters.get("after_line")), ID: events.CommitmentID(v.filters.get("after"))},
	}
	if err := v.filters.end(); err != nil {
		return nil, err
	}
	if err := s.catchUp(v); err != nil {
		return nil, err
	}
	return s.commitmentsOf(v, o, query)
}

// What a list of commitments shows.
const (
	showOpen = "open"
	showAll  = "all"
)

func (s *server) commitmentsOf(v *visit, o officer, query projections.CommitmentQuery) (page, error) {
	query.Within, query.Limit = o.within(), commitmentsPage
	found, err := s.Desk.Commitments(v.Context(), query)
	if err != nil {
		return nil, err
	}
	keep := address{}.with(lineParameter, string(query.Line))
	if query.Year != 0 {
		keep = keep.with("year", strconv.Itoa(int(query.Year)))
	}
	p := &CommitmentsPage{
		Shell: s.deskShell(v.Text("desk.commitments")), Back: Link{Label: v.Text("desk.title"), Href: deskPath}, New: findAct("commit").at(query.Line),
		Views: []Link{
			{Label: v.Text("desk.show.open"), Href: keep.at(commitmentsPath), On: query.OpenOnly},
			{Label: v.Text("desk.show.all"), Href: keep.with("show", showAll).at(commitmentsPath), On: !query.OpenOnly},
		},
	}
	if !query.OpenOnly {
		keep = keep.with("show", showAll)
	}
	for _, view := range found.Rows {
		p.Rows = append(p.Rows, v.commitmentRow(o, view))
	}
	if query.After.ID != "" {
		p.Newest = keep.at(commitmentsPath)
	}
	if n := len(found.Rows); found.More && n > 0 {
		last := found.Rows[n-1].Key
		p.Older = keep.with("after_line", string(last.Line), "after", string(last.ID)).at(commitmentsPath)
	}
	return p, nil
}

func (v *visit) commitmentRow(o officer, view projections.CommitmentView) CommitmentRow {
	c, key := view.Commitment, view.Key
	row := CommitmentRow{
		Code: string(key.ID), Href: eventHref(view.Made), Line: nameOf(view.Line), LineHref: "/lines/" + string(key.Line),
		Counterparty: string(view.Counterparty), Document: string(view.Document), Date: v.Date(view.Date),
		Amount: v.Money(c.Amount, money.Yuan), Used: v.Money(c.Used, money.Yuan), Left: v.Money(c.Left(), money.Yuan), Open: c.Left() > 0,
	}
	if row.Open && o.has(events.Poster, view.Line.Line.Unit) {
		for _, name := range []string{"pay", "change", "release"} {
			row.Acts = append(row.Acts, Link{Label: v.Text("desk.act." + name), Href: findAct(name).at(key.Line, memberCommitment, row.Code), ID: name})
		}
	}
	return row
}
