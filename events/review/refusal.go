package review

import "github.com/outturn/outturn/events"

// The codes of refusals about the rule of two people.
const (
	CodeUnknownReview   events.Code = "unknown_review"   // no such rule holds in that unit
	CodeUnknownProposal events.Code = "unknown_proposal" // no such proposal waits
	CodeOwnProposal     events.Code = "own_proposal"     // a second person has to look at it
)

// Reasons for which an event about a rule or a proposal does not fit what was
// recorded.
const (
	ReasonUnknownReview     events.Reason = "unknown_review"     // review, unit
	ReasonNotReviewable     events.Reason = "not_reviewable"     // type
	ReasonProposalTaken     events.Reason = "proposal_taken"     // proposal
	ReasonProposalWaits     events.Reason = "proposal_waits"     // proposal, id
	ReasonProposalOther     events.Reason = "proposal_other"     // subject, about
	ReasonUnknownProposal   events.Reason = "unknown_proposal"   // proposal
	ReasonProposalClosed    events.Reason = "proposal_closed"    // proposal
	ReasonProposalElsewhere events.Reason = "proposal_elsewhere" // proposal, subject
	ReasonOwnProposal       events.Reason = "own_proposal"       // proposal, actor
	ReasonNotProposer       events.Reason = "not_proposer"       // proposal, actor, proposer
)
