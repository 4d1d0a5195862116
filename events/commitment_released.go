package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// CommitmentReleased (合同占用释放) says that what is left of a commitment will
// not be paid.
type CommitmentReleased struct {
	Commitment CommitmentID `json:"commitment"`
	Date       fiscal.Date  `json:"date"`
	Reason     Note         `json:"reason,omitempty"`
	Memo       Note         `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (CommitmentReleased) Type() Type { return "outturn.commitment.released.v1" }

// About says what the subject names.
func (CommitmentReleased) About() Subject { return OfLine }

// On is the business date.
func (e CommitmentReleased) On() fiscal.Date { return e.Date }
