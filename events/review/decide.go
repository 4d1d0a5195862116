package review

import (
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
)

// Types lists the event types that may be put under review: those about money
// and its planning, in the order of the documentation.
func Types() []events.Type {
	var types []events.Type
	for _, d := range events.Definitions() {
		if slices.Contains([]string{"budget", "carryover", "surplus", "commitment", "disbursement", "plan"}, d.Group) {
			types = append(types, d.Type)
		}
	}
	return types
}

// Needs finds the rule by which an event waits for a second person: the rules of
// the nearest unit upwards come first, within a unit by code. For an event that
// touches two lines the rules of both count.
func (s *State) Needs(b *budget.Books, e events.Event) (Rule, bool) {
	for _, unit := range access.Units(b, e) {
		for above := range b.Upwards(unit) {
			rules, _ := s.rules.Get(above)
			if i := slices.IndexFunc(rules, func(r Rule) bool { return r.covers(e) }); i >= 0 {
				return rules[i], true
			}
		}
	}
	return Rule{}, false
}

func (r Rule) covers(e events.Event) bool {
	if !slices.Contains(r.Types, e.Type) {
		return false
	}
	amount, stated := amountOf(e.Data)
	return !stated || r.Over == 0 || amount > r.Over
}

// amountOf is the amount that an event states, and of a plan the whole year's.
func amountOf(data events.Data) (amount money.Amount, stated bool) {
	switch data := data.(type) {
	case events.BudgetAllocated:
		return data.Amount, true
	case events.BudgetSupplemented:
		return data.Amount, true
	case events.BudgetReduced:
		return data.Amount, true
	case events.BudgetRecalled:
		return data.Amount, true
	case events.BudgetFrozen:
		return data.Amount, true
	case events.BudgetUnfrozen:
		return data.Amount, true
	case events.BudgetTransferred:
		return data.Amount, true
	case events.CarryoverReceived:
		return data.Amount, true
	case events.CarryoverConfirmed:
		return data.Amount, true
	case events.CarryoverSent:
		return data.Amount, true
	case events.SurplusReturned:
		return data.Amount, true
	case events.CommitmentMade:
		return data.Amount, true
	case events.CommitmentChanged:
		return data.Amount, true
	case events.DisbursementPaid:
		return data.Amount, true
	case events.DisbursementRefunded:
		return data.Amount, true
	case events.PlanSet:
		// The months of a plan that does not add up are above every amount.
		year, err := money.Sum(data.Months[:]...)
		return year, err == nil
	}
	return 0, false
}

// Decide says whether an event about a rule or a proposal fits what was
// recorded: nil, or an *events.Refusal. By is who says it: nobody approves or
// declines what is their own, and only the proposer withdraws.
func (s *State) Decide(b *budget.Books, e events.Event, by string) error {
	switch data := e.Data.(type) {
	case events.ReviewSet:
		return mayReview(data.Types)
	case events.ReviewRemoved:
		return s.ruleHolds(events.UnitID(e.Subject), data.Review)
	case events.ProposalMade:
		return s.mayPropose(e, data)
	case events.ProposalApproved:
		return s.secondPerson(e, data.Proposal, by)
	case events.ProposalDeclined:
		return s.secondPerson(e, data.Proposal, by)
	case events.ProposalWithdrawn:
		return s.proposer(e, data.Proposal, by)
	}
	return nil
}

func mayReview(types events.Types) error {
	for _, t := range types {
		if !slices.Contains(Types(), t) {
			return events.Refuse(events.CodeInvalidEvent, ReasonNotReviewable, "/data/types", "type", t.Noun())
		}
	}
	return nil
}

func (s *State) ruleHolds(unit events.UnitID, id events.ReviewID) error {
	rules, _ := s.rules.Get(unit)
	if !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == id }) {
		return events.Refuse(CodeUnknownReview, ReasonUnknownReview, "/data/review", "review", string(id), "unit", string(unit))
	}
	return nil
}

// mayPropose checks that a proposal is about what its event is about, that the
// event is of a type that is reviewed, and that neither waits already.
func (s *State) mayPropose(e events.Event, data events.ProposalMade) error {
	proposed, err := events.Parse(data.Event)
	if err != nil {
		return err
	}
	if proposed.Subject != e.Subject || proposed.About() != data.Kind {
		return events.Refuse(events.CodeInvalidEvent, ReasonProposalOther, "/data/event", "subject", proposed.Subject, "about", string(proposed.About()))
	}
	if !slices.Contains(Types(), proposed.Type) {
		return events.Refuse(events.CodeInvalidEvent, ReasonNotReviewable, "/data/event/type", "type", proposed.Type.Noun())
	}
	if _, taken := s.proposals.Get(data.Proposal); taken {
		return events.Refuse(events.CodeAlreadyRegistered, ReasonProposalTaken, "/data/proposal", "proposal", string(data.Proposal))
	}
	if waiting, waits := s.Waiting(proposed.Key()); waits {
		return events.Refuse(events.CodeAlreadyRegistered, ReasonProposalWaits, "/data/event", "proposal", string(waiting.ID), "id", string(proposed.ID))
	}
	return nil
}

// waits finds the open proposal that an event names, about the same thing.
func (s *State) waits(e events.Event, id events.ProposalID) (Proposal, error) {
	p, known := s.proposals.Get(id)
	switch {
	case !known:
		return Proposal{}, events.Refuse(CodeUnknownProposal, ReasonUnknownProposal, "/data/proposal", "proposal", string(id))
	case !p.open():
		return Proposal{}, events.Refuse(CodeUnknownProposal, ReasonProposalClosed, "/data/proposal", "proposal", string(id))
	case p.Event.Subject != e.Subject || p.Event.About() != e.About():
		return Proposal{}, events.Refuse(events.CodeInvalidEvent, ReasonProposalElsewhere, "/subject", "proposal", string(id), "subject", p.Event.Subject)
	}
	return p, nil
}

func (s *State) secondPerson(e events.Event, id events.ProposalID, by string) error {
	p, err := s.waits(e, id)
	if err != nil {
		return err
	}
	if p.By == by {
		return events.Refuse(CodeOwnProposal, ReasonOwnProposal, "/data/proposal", "proposal", string(id), "actor", by)
	}
	return nil
}

func (s *State) proposer(e events.Event, id events.ProposalID, by string) error {
	p, err := s.waits(e, id)
	if err != nil {
		return err
	}
	if p.By != by {
		return events.Refuse(access.CodeForbidden, ReasonNotProposer, "/data/proposal", "proposal", string(id), "actor", by, "proposer", p.By)
	}
	return nil
}
