package events

// ProposalApproved (复核通过) says that a second person approved a proposal; its
// event is the next one in the log.
type ProposalApproved struct {
	Kind     Subject    `json:"about"`
	Proposal ProposalID `json:"proposal"`
	Note     Note       `json:"note,omitempty"`
	Memo     Note       `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (ProposalApproved) Type() Type { return "outturn.proposal.approved.v1" }

// About says what the subject names, as the event itself states.
func (e ProposalApproved) About() Subject { return e.Kind }

func (e ProposalApproved) check() error { return checkAbout(e.Kind, OfLine, OfProject, OfUnit) }
