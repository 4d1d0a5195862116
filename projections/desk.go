package projections

import (
	"context"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// DeskReader is what a finance desk looks up beside the figures of a [Reader]:
// lines, commitments, payments, carryover, proposals, people. All methods may
// return ErrUnavailable. All that one call returns stands at one sequence, now.
// Within everywhere is what whoever asks may read, as in a [Query].
type DeskReader interface {
	// FindLines finds lines for somebody who types: one whose code is the text first,
	// then the oldest vintage first, then by code.
	FindLines(ctx context.Context, search LineSearch) ([]LineView, error)
	// Commitments reads a page of commitments, by line and code.
	Commitments(ctx context.Context, q CommitmentQuery) (CommitmentsPage, error)
	// Payment reads a payment as it stands on a line. Error: ErrNotFound.
	Payment(ctx context.Context, key budget.PaymentKey) (PaymentView, error)
	// Carryover reads how the unspent money of a year goes on into the next one.
	Carryover(ctx context.Context, year fiscal.Year, within []events.UnitID) (Carryover, error)
	// Proposals reads a page of proposals, newest first.
	Proposals(ctx context.Context, q ProposalQuery) (ProposalsPage, error)
	// SignIns reads a page of who signed in or was refused, newest first, with
	// sequences below before (0: from the newest).
	SignIns(ctx context.Context, before uint64, limit int) (EventsPage, error)
	// EventsOfUser reads a page of the events about a user (roles, tokens, sign-ins),
	// newest first, with sequences below before (0: from the newest); empty if there
	// are none.
	EventsOfUser(ctx context.Context, user events.UserID, before uint64, limit int) (EventsPage, error)
}

var _ DeskReader = (*Store)(nil)

// Limits of looking up.
const (
	// MaxSearch is how many bytes of a text are searched for, and MaxWords how many
	// words; the rest is ignored.
	MaxSearch = 200
	MaxWords  = 8
	// MaxCarryover bounds the rows, and the lapses, of a Carryover.
	MaxCarryover = 5_000
)

// LineSearch asks for lines. All that is not empty must fit.
type LineSearch struct {
	Year fiscal.Year // 0: of all years
	// Text is words, each of which is part of the line's code or name, of its
	// project's code or name, or of its unit's name. Case is ignored.
	Text    string
	Within  []events.UnitID
	Unit    events.UnitID // and all units under it
	Project events.ProjectID
	Fund    events.Fund
	// EconomicClass also finds the classes under it.
	EconomicClass events.EconomicClass
	Vintage       fiscal.Year
	Limit         int // at most MaxPage; DefaultPage if it is 0
}

// CommitmentQuery asks for commitments.
type CommitmentQuery struct {
	Within   []events.UnitID
	Year     fiscal.Year   // of the lines; 0: of all years
	Line     events.LineID // empty: of all lines
	OpenOnly bool          // only those of which something is left
	// After is the last one of the page before.
	After budget.CommitmentKey
	Limit int // at most MaxPage
}

// CommitmentView is a commitment with its line and what its commitment.made
// event says.
type CommitmentView struct {
	Key        budget.CommitmentKey
	Commitment budget.Commitment
	Line       LineView
	// Made is the sequence of the commitment.made event.
	Made         uint64
	Date         fiscal.Date
	Counterparty events.Text
	Document     events.Text
}

// CommitmentsPage is a page of commitments.
type CommitmentsPage struct {
	Sequence uint64
	Rows     []CommitmentView
	More     bool
}

// PaymentView is a payment as it stands on the line that it counts for.
type PaymentView struct {
	Sequence uint64
	Key      budget.PaymentKey
	Payment  budget.Payment
	// Paid is its disbursement.paid event. A correction may have brought the payment
	// here: the event is then about another line.
	Paid events.Event
}

// Carryover is the chain of carryover from a year into the next one, and the
// clock of two years.
type Carryover struct {
	Sequence uint64
	Year     fiscal.Year
	// Rows stand by unit, project, fund and vintage.
	Rows []CarryoverRow
	// Lapses are the lines of the year with money left, by the day that it lapses
	// and by code.
	Lapses []Lapse
	// More is true if there are more rows or lapses than MaxCarryover.
	More bool
}

// CarryoverRow is what is left in a year of one vintage of a project's fund at a
// unit, and what became of it. A line of the next year stands in the row of the
// line that it is stated to come from or, where nobody stated that, in the row
// of its own keys.
type CarryoverRow struct {
	Unit        events.UnitID
	UnitName    events.Text
	Project     events.ProjectID
	ProjectName events.Text
	Fund        events.Fund
	Vintage     fiscal.Year
	// From are the lines of the year, To those of the next one.
	From, To []events.LineID
	// Unspent is full_year − executed of the year; Sent and Returned of that were
	// carried over (结转) and returned (结余上缴); Unsettled is the rest.
	Unspent, Sent, Returned, Unsettled money.Amount
	// Received is what counts in the next year: Estimated as it came in at budget
	// time, or Confirmed by the final accounts where they are there.
	Received, Estimated, Confirmed money.Amount
	// Settled says that the final accounts have confirmed all lines in To.
	Settled bool
	// Difference is Sent − Received: 0 once both years say the same.
	Difference money.Amount
	// Elsewhere is the line that the money is stated to come from, where that is one
	// that the reader may not read: what it sent is not known here, nor is the
	// difference. Else it is empty.
	Elsewhere events.LineID
}

// Lapse says until when the money left on a line may be used, and how much would
// be taken back then.
type Lapse struct {
	Line LineView
	On   fiscal.Date // see [budget.Line.Lapses]
	Left money.Amount
}

// ProposalState says what became of a proposal.
type ProposalState string

// The states of proposals.
const (
	ProposalOpen      ProposalState = "open"
	ProposalApproved  ProposalState = "approved"
	ProposalDeclined  ProposalState = "declined"
	ProposalWithdrawn ProposalState = "withdrawn"
)

// ProposalQuery asks for proposals.
type ProposalQuery struct {
	Within []events.UnitID
	State  ProposalState // empty: all
	Before uint64        // only proposals made before that sequence; 0: from the newest
	Limit  int           // at most MaxPage
}

// ProposalView is a proposal and what became of it.
type ProposalView struct {
	// Made is the proposal.made event: its actor proposed, and its data says by which
	// rule.
	Made events.Event
	Data events.ProposalMade
	// Event is what was proposed, as submitted.
	Event events.Event
	// Unit is the one whose approver is asked; empty if it is not registered.
	Unit     events.UnitID
	UnitName events.Text
	State    ProposalState
	// Decided is the event that ended it, whose actor decided; nil while it is open.
	// The event of an approved proposal is the next one in the log.
	Decided *events.Event
}

// ProposalsPage is a page of proposals, newest first.
type ProposalsPage struct {
	Sequence uint64
	Rows     []ProposalView
	More     bool
}
