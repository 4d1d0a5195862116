package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/review"
	"github.com/outturn/outturn/handlers/reach"
	"github.com/outturn/outturn/projections"
)

// ProposalsAnswer is a page of proposals, newest first.
type ProposalsAnswer struct {
	ThroughSequence uint64           `json:"through_sequence"`
	Proposals       []ProposalAnswer `json:"proposals"`
	Next            *string          `json:"next"`
}

func proposalStates() []projections.ProposalState {
	return []projections.ProposalState{
		projections.ProposalOpen, projections.ProposalApproved, projections.ProposalDeclined, projections.ProposalWithdrawn,
	}
}

// ProposalAnswer is an event that waits, or waited, for a second person.
type ProposalAnswer struct {
	Proposal events.ProposalID         `json:"proposal"`
	State    projections.ProposalState `json:"state"`
	Sequence uint64                    `json:"sequence"`
	Recorded time.Time                 `json:"recorded"`
	// Review is the rule that asks for a second person.
	Review events.ReviewID `json:"review"`
	Unit   events.UnitID   `json:"unit"`
	// About and Subject are what the event is about, and what an answer to the
	// proposal has to be about.
	About   events.Subject  `json:"about"`
	Subject string          `json:"subject"`
	By      string          `json:"by"`
	Event   json.RawMessage `json:"event"`
	// Decided is who said what, or null while it is open.
	Decided *DecidedAnswer `json:"decided"`
}

// DecidedAnswer is who answered a proposal, or took it back.
type DecidedAnswer struct {
	Sequence uint64      `json:"sequence"`
	Recorded time.Time   `json:"recorded"`
	By       string      `json:"by"`
	Says     events.Note `json:"says"`
}

func openProposal(p review.Proposal) ProposalAnswer {
	return ProposalAnswer{
		Proposal: p.ID, State: projections.ProposalOpen, Sequence: p.Sequence, Recorded: p.Recorded, Review: p.Review, Unit: p.Unit,
		About: p.Event.About(), Subject: p.Event.Subject, By: p.By, Event: p.Event.Raw(),
	}
}

func proposalAnswer(view projections.ProposalView) ProposalAnswer {
	answer := ProposalAnswer{
		Proposal: view.Data.Proposal, State: view.State, Sequence: view.Made.Sequence, Recorded: view.Made.RecordedTime,
		Review: view.Data.Review, Unit: view.Unit, About: view.Event.About(), Subject: view.Event.Subject, By: view.Made.Actor,
		Event: view.Event.Raw(),
	}
	if d := view.Decided; d != nil {
		answer.Decided = &DecidedAnswer{Sequence: d.Sequence, Recorded: d.RecordedTime, By: d.Actor}
		switch data := d.Data.(type) {
		case events.ProposalApproved:
			answer.Decided.Says = data.Note
		case events.ProposalDeclined:
			answer.Decided.Says = data.Reason
		case events.ProposalWithdrawn:
			answer.Decided.Says = data.Reason
		}
	}
	return answer
}

func (a *API) getProposals(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	asked := projections.ProposalQuery{
		State: oneOf(q, "state", proposalStates()), Before: q.sequence("before"), Limit: q.limit(), Within: a.reach(r).Within(),
	}
	if err := a.ready(r, q); err != nil {
		a.fail(w, r, err)
		return
	}
	page, err := a.config.Desk.Proposals(r.Context(), asked)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer := ProposalsAnswer{ThroughSequence: page.Sequence, Proposals: make([]ProposalAnswer, len(page.Rows))}
	for i, row := range page.Rows {
		answer.Proposals[i] = proposalAnswer(row)
	}
	if page.More {
		answer.Next = q.next("before", strconv.FormatUint(answer.Proposals[len(answer.Proposals)-1].Sequence, 10))
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

func (a *API) getProposal(w http.ResponseWriter, r *http.Request) {
	s, id := a.reach(r), events.ProposalID(r.PathValue("proposal"))
	err := a.ready(r, queryOf(r))
	var answer ProposalAnswer
	if err == nil {
		answer, err = a.proposal(r.Context(), s, id)
	}
	if err == nil && !s.Reads(answer.Unit) {
		err = reach.Outside("proposal", string(id))
	}
	if err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// maxProposals bounds how many proposals that are closed are looked through for
// one.
const maxProposals = 20 * projections.MaxPage

// proposal finds a proposal: among those that the recorder holds open, or else
// among the closed ones, newest first. Error: projections.ErrNotFound.
func (a *API) proposal(ctx context.Context, s reach.Reach, id events.ProposalID) (ProposalAnswer, error) {
	for _, p := range s.View.Proposals {
		if p.ID == id {
			return openProposal(p), nil
		}
	}
	asked := projections.ProposalQuery{Limit: projections.MaxPage}
	for seen := 0; seen < maxProposals; {
		page, err := a.config.Desk.Proposals(ctx, asked)
		if err != nil {
			return ProposalAnswer{}, err
		}
		for _, row := range page.Rows {
			if row.Data.Proposal == id {
				return proposalAnswer(row), nil
			}
			asked.Before = row.Made.Sequence
		}
		if seen += len(page.Rows); !page.More {
			break
		}
	}
	return ProposalAnswer{}, projections.ErrNotFound
}
