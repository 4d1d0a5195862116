package commands

import (
	"context"
	"crypto/sha256"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
)

// Submission is what one caller wants to record.
type Submission struct {
	// By is who asks: its name stands in every event, its roles are asked for.
	By    access.Principal
	Items []Item
	// Mode is what happens when some items are refused.
	Mode Mode
	// DryRun decides and records nothing.
	DryRun bool
}

// Item is one event of a submission, or why it could not be read as one.
type Item struct {
	Event   events.Event
	Refusal *events.Refusal
}

// Mode says whether items stand or fall alone.
type Mode int

// The modes.
const (
	EachAlone    Mode = iota // what holds is recorded, the rest refused
	AllOrNothing             // one refusal, and nothing is recorded
)

// Status is what became of an item.
type Status string

// The statuses. Proposed is an item that waits for a second person, under the
// proposal of its result. Withheld is an item that would have been recorded but for the
// refusal of another one in an all-or-nothing submission.
const (
	Accepted  Status = "accepted"
	Duplicate Status = "duplicate"
	Rejected  Status = "rejected"
	Withheld  Status = "withheld"
	Proposed  Status = "proposed"
)

// Result is what became of an item.
type Result struct {
	Status Status
	// Sequence of the event in the log; 0 if it is not recorded, also in a dry
	// run.
	Sequence uint64
	// Refusal of a rejected item.
	Refusal *events.Refusal
	// Warnings are what an accepted or proposed item was taken in spite of. A repeat
	// has none.
	Warnings []*events.Refusal
	// Proposal is the one that a proposed item waits under, Sequence is its; empty
	// in a dry run.
	Proposal events.ProposalID
	// Line is the line after the event, with its figures, for an accepted or
	// repeated event about a line.
	Line *budget.Line
}

// Submit decides and records, and returns a result for each item in its order.
// Errors: ErrTooMany, ErrOverloaded, ErrConflict, ErrPastBehind,
// ErrLogUnavailable, ErrOutcomeUnknown, ErrStopped, and ctx's. After an error of
// a submission of more than one part (see MaxPart), the first ones may be
// recorded; to submit the whole again is safe.
func (r *Recorder) Submit(ctx context.Context, s Submission) ([]Result, error) {
	if s.Mode == AllOrNothing && len(s.Items) > MaxAtomic {
		return nil, ErrTooMany
	}
	if s.DryRun || s.Mode == AllOrNothing {
		return r.hand(ctx, newRequest(s)) // its items must see each other
	}
	results := make([]Result, 0, len(s.Items))
	for rest := s.Items; len(rest) > 0; {
		part := s
		n := min(len(rest), MaxPart)
		part.Items, rest = rest[:n], rest[n:]
		decided, err := r.hand(ctx, newRequest(part))
		if err != nil {
			return results, err
		}
		results = append(results, decided...)
	}
	return results, nil
}

// hand passes a request to the recorder's goroutine and waits for its answer.
func (r *Recorder) hand(ctx context.Context, q *request) ([]Result, error) {
	select {
	case <-r.stopped:
		return nil, ErrStopped
	default:
	}
	if r.waiting.Add(1) > MaxWaiting {
		r.waiting.Add(-1)
		return nil, ErrOverloaded
	}
	if len(q.Items) > maxSingle {
		r.parts <- q // has room for as many as may wait
	} else {
		r.singles <- q
	}
	select {
	case err := <-q.done:
		return q.results, err
	case <-r.stopped:
		select {
		case err := <-q.done: // answered before the stop
			return q.results, err
		default:
			return nil, ErrStopped
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// request is a submission, or a part of one, on its way through the recorder.
// Its results are written by the recorder's goroutine before done is sent.
type request struct {
	Submission
	said    []said
	results []Result
	done    chan error

	next     int    // of a dry run: the item to be decided next
	trial    *trial // of a dry run: what was decided so far
	asked    bool   // what memory lacked for it in that era was recalled
	era      uint64
	attempts int // how often it was part of a batch that failed
}

// said is what tells one submitted event from another.
type said struct {
	key     events.Key
	content events.Hash
}

func saidIn(event events.Event) said { return said{event.Key(), sha256.Sum256(event.Raw())} }

func newRequest(s Submission) *request {
	q := &request{Submission: s, said: make([]said, len(s.Items)), results: make([]Result, len(s.Items)), done: make(chan error, 1)}
	for i, item := range s.Items {
		if item.Refusal == nil {
			q.said[i] = saidIn(item.Event)
		}
	}
	return q
}

func (q *request) observe(o Observer) {
	if q.DryRun {
		return
	}
	for _, result := range q.results {
		switch result.Status {
		case Duplicate:
			o.Duplicated()
		case Rejected:
			o.Rejected(result.Refusal.Code)
		}
	}
}

// withhold takes back what an all-or-nothing request would have recorded after a
// sequence.
func (q *request) withhold(after uint64) {
	for i, result := range q.results {
		if result.Status == Accepted && result.Sequence > after || result.Status == Proposed && result.Sequence > after {
			q.results[i] = Result{Status: Withheld}
		}
	}
}

// forgetSequences takes the places in the log out of a dry run's results.
func (q *request) forgetSequences(after uint64) {
	for i, result := range q.results {
		if result.Sequence > after {
			q.results[i].Sequence, q.results[i].Proposal = 0, ""
		}
	}
}
