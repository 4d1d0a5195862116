package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/projections"
)

type proposalsCommand struct {
	List     proposalListCommand     `cmd:"" help:"List what waits for a second person. Example: outturn proposals list"`
	Approve  proposalApproveCommand  `cmd:"" help:"Approve a proposal: its event is recorded. Example: outturn proposals approve P-412"`
	Decline  proposalDeclineCommand  `cmd:"" help:"Decline a proposal. Example: outturn proposals decline P-412 --reason 附件不全"`
	Withdraw proposalWithdrawCommand `cmd:"" help:"Take your own proposal back. Example: outturn proposals withdraw P-412"`
}

type proposalListCommand struct {
	State projections.ProposalState `default:"open" enum:"open,approved,declined,withdrawn" help:"open, approved, declined or withdrawn."`
	remote
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists proposals, newest first.
func (p proposalListCommand) Run(ctx context.Context, c console) error {
	server, err := p.connect()
	if err != nil {
		return err
	}
	all, err := server.Proposals(ctx, p.State)
	if err != nil {
		return err
	}
	if p.JSON {
		return json.NewEncoder(c.out).Encode(all)
	}
	for _, proposal := range all {
		if err := printProposal(c, proposal); err != nil {
			return err
		}
	}
	return nil
}

func printProposal(c console, p api.ProposalAnswer) error {
	var event struct {
		Type events.Type
		Data struct{ Amount string }
	}
	if err := json.Unmarshal(p.Event, &event); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "%s  %s  %s  %s  %s  by %s\n", p.Proposal, p.State, event.Type.Noun(), p.Subject, event.Data.Amount, p.By)
	return err
}

// answer records what somebody says about a proposal, which the data is made of.
func (s said) answer(ctx context.Context, c console, id events.ProposalID, data func(events.Subject) events.Data) error {
	server, err := s.connect()
	if err != nil {
		return err
	}
	proposal, err := server.Proposal(ctx, id)
	if err != nil {
		return err
	}
	return s.say(ctx, c, proposal.Subject, data(proposal.About))
}

type proposalApproveCommand struct {
	Proposal events.ProposalID `arg:"" help:"Code of the proposal."`
	Note     events.Note       `placeholder:"TEXT" help:"What to say about it."`
	said
}

// Run approves a proposal.
func (p proposalApproveCommand) Run(ctx context.Context, c console) error {
	return p.answer(ctx, c, p.Proposal, func(about events.Subject) events.Data {
		return events.ProposalApproved{Kind: about, Proposal: p.Proposal, Note: p.Note}
	})
}

type proposalDeclineCommand struct {
	Proposal events.ProposalID `arg:"" help:"Code of the proposal."`
	Reason   events.Note       `required:"" placeholder:"TEXT" help:"Why."`
	said
}

// Run declines a proposal.
func (p proposalDeclineCommand) Run(ctx context.Context, c console) error {
	return p.answer(ctx, c, p.Proposal, func(about events.Subject) events.Data {
		return events.ProposalDeclined{Kind: about, Proposal: p.Proposal, Reason: p.Reason}
	})
}

type proposalWithdrawCommand struct {
	Proposal events.ProposalID `arg:"" help:"Code of the proposal."`
	Reason   events.Note       `placeholder:"TEXT" help:"Why."`
	said
}

// Run takes a proposal back.
func (p proposalWithdrawCommand) Run(ctx context.Context, c console) error {
	return p.answer(ctx, c, p.Proposal, func(about events.Subject) events.Data {
		return events.ProposalWithdrawn{Kind: about, Proposal: p.Proposal, Reason: p.Reason}
	})
}
