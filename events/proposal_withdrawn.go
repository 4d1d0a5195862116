package events

// ProposalWithdrawn (撤回提交) says that a proposal was taken back by who made it.
type ProposalWithdrawn struct {
	Kind     Subject    `json:"about"`
	Proposal ProposalID `json:"proposal"`
	Reason   Note       `json:"reason,omitempty"`
	Memo     Note       `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (ProposalWithdrawn) Type() Type { return "outturn.proposal.withdrawn.v1" }

// About says what the subject names, as the event itself states.
func (e ProposalWithdrawn) About() Subject { return e.Kind }

func (e ProposalWithdrawn) check() error { return checkAbout(e.Kind, OfLine, OfProject, OfUnit) }
