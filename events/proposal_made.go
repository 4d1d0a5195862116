package events

// ProposalMade (提交复核) says that somebody proposed an event that a second person
// has to approve.
type ProposalMade struct {
	Kind     Subject    `json:"about"`
	Proposal ProposalID `json:"proposal"`
	Review   ReviewID   `json:"review"`
	Event    Submitted  `json:"event"`
	Memo     Note       `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (ProposalMade) Type() Type { return "outturn.proposal.made.v1" }

// About says what the subject names, as the event itself states.
func (e ProposalMade) About() Subject { return e.Kind }

func (e ProposalMade) check() error { return checkAbout(e.Kind, OfLine, OfProject, OfUnit) }
