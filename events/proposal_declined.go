package events

// ProposalDeclined (复核退回) says that a second person declined a proposal.
type ProposalDeclined struct {
	Kind     Subject    `json:"about"`
	Proposal ProposalID `json:"proposal"`
	Reason   Note       `json:"reason"`
	Memo     Note       `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (ProposalDeclined) Type() Type { return "outturn.proposal.declined.v1" }

// About says what the subject names, as the event itself states.
func (e ProposalDeclined) About() Subject { return e.Kind }

func (e ProposalDeclined) check() error { return checkAbout(e.Kind, OfLine, OfProject, OfUnit) }
