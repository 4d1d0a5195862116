package web

import (
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/review"
	"github.com/outturn/outturn/projections"
)

// minePath is the page of what whoever asks has posted.
const minePath = deskPath + "/mine"

// Limits of the page of one's own postings.
const (
	mineRows  = 50 // events shown, newest first
	minePages = 4  // pages of projections.MaxPage postings that are looked through for them
)

// MinePage lists what whoever asks has posted last, and what of it waits for a
// second person.
type MinePage struct {
	Shell
	Back    Link
	Waiting []ProposalRow
	Rows    []MineRow
	// Looked is how many postings were looked through, if there are more.
	Looked int
	Footer string
}

func (*MinePage) template() string { return "postmine" }

// MineRow is an event by its first posting.
type MineRow struct {
	PostingRow
	Recorded string
}

func (s *server) mine(v *visit) (page, error) {
	o := s.officer(v)
	if !o.holds(events.Poster) {
		return s.refuseRoles(v, events.Poster), nil
	}
	if err := v.filters.end(); err != nil {
		return nil, err
	}
	if err := s.catchUp(v); err != nil {
		return nil, err
	}
	p := &MinePage{Shell: s.deskShell(v.Text("desk.mine")), Back: Link{Label: v.Text("desk.title"), Href: deskPath}, Footer: v.Text("desk.mine") + " · " + o.by.Name}
	for _, proposal := range slices.Backward(o.ownProposals()) {
		row := v.proposed(proposal.Event)
		row.Href, row.Since = proposalHref(proposal.ID), v.Time(proposal.Recorded)
		p.Waiting = append(p.Waiting, row)
	}
	if err := s.nameLines(v, p.Waiting); err != nil {
		return nil, err
	}
	return p, s.lastBy(v, o, p)
}

// lastBy looks through the newest postings for those of the officer.
func (s *server) lastBy(v *visit, o officer, p *MinePage) error {
	sheet := sheet{visit: v, unit: money.Yuan}
	q := projections.PostingsQuery{Query: projections.Query{Within: o.within(), AsOf: projections.AsOf{Through: v.at.sequence}}, Limit: projections.MaxPage}
	for range minePages {
		found, err := s.Reader.Postings(v.Context(), q)
		if err != nil {
			return err
		}
		p.Looked += len(found.Rows)
		for _, posting := range found.Rows {
			again := len(p.Rows) > 0 && p.Rows[len(p.Rows)-1].Sequence == posting.Posting.Sequence
			if posting.Actor != o.by.Name || again {
				continue
			}
			row, err := sheet.posting(posting, signs{posting.Posting.Measure: plus})
			if err != nil {
				return err
			}
			p.Rows = append(p.Rows, MineRow{row, v.Time(posting.Posting.RecordedTime)})
		}
		if !found.More || len(found.Rows) == 0 {
			p.Looked = 0
			break
		}
		if len(p.Rows) >= mineRows {
			break
		}
		q.Before = found.Rows[len(found.Rows)-1].Posting.Sequence
	}
	p.Rows = p.Rows[:min(len(p.Rows), mineRows)]
	return nil
}

// ownProposals are the open proposals of the officer, oldest first.
func (o officer) ownProposals() []review.Proposal {
	return slices.DeleteFunc(slices.Clone(o.view.Proposals), func(p review.Proposal) bool { return p.By != o.by.Name })
}

// waiting tells what waits for a second person: the officer, or somebody else.
func (v *visit) waiting(o officer) []Link {
	var links []Link
	forMe := slices.DeleteFunc(slices.Clone(o.view.Proposals), func(p review.Proposal) bool {
		return p.By == o.by.Name || !o.has(events.Approver, p.Unit)
	})
	if n := len(forMe); n > 0 {
		links = append(links, Link{Label: v.Text("desk.waiting_yours", "count", n), Href: approvalsPath})
	}
	if n := len(o.ownProposals()); n > 0 {
		links = append(links, Link{Label: v.Text("desk.waiting_others", "count", n), Href: minePath})
	}
	return links
}
