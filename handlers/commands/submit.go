package commands

import (
	"context"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
)

// Submission is what one caller wants to record.
type Submission struct {
	// Actor is who asks; it stands in every event.
	Actor string
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

// The statuses. Withheld is an item that would have been recorded but for the
// refusal of another one in an all-or-nothing submission.
const (
	Accepted  Status = "accepted"
	Duplicate Status = "duplicate"
	Rejected  Status = "rejected"
	Withheld  Status = "withheld"
)

// Result is what became of an item.
type Result struct {
	Status Status
	// Sequence of the event in the log; 0 if it is not recorded, also in a dry
	// run.
	Sequence uint64
	// Refusal of a rejected item.
	Refusal *events.Refusal
	// Line is the line after the event, with its figures, for an accepted or
	// repeated event about a line.
	Line *budget.Line
}

// Submit decides and records, and returns a result for each item in its order.
// Errors: ErrTooMany, ErrOverloaded, ErrConflict, ErrLogUnavailable,
// ErrOutcomeUnknown, ErrStopped, and ctx's. After an error of a submission of
// more than MaxAtomic items, the first ones may be recorded; to submit the
// whole again is safe.
func (r *Recorder) Submit(ctx context.Context, s Submission) ([]Result, error) {
	if s.Mode == AllOrNothing && len(s.Items) > MaxAtomic {
		return nil, ErrTooMany
	}
	size := eventlog.MaxBatch
	if s.DryRun {
		size = len(s.Items) // nothing is appended, and what comes first must be seen by what comes after
	}
	results := make([]Result, 0, len(s.Items))
	for rest := s.Items; len(rest) > 0; {
		n := min(len(rest), size)
		part := s
		part.Items, rest = rest[:n], rest[n:]
		request := &request{Submission: part, items: part.Items, done: make(chan error, 1)}
		if err := r.hand(ctx, request); err != nil {
			return results, err
		}
		results = append(results, request.results...)
	}
	return results, nil
}

// hand passes a request to the recorder's goroutine and waits for its answer.
func (r *Recorder) hand(ctx context.Context, q *request) error {
	select {
	case <-r.stopped:
		return ErrStopped
	default:
	}
	select {
	case r.requests <- q:
	default:
		return ErrOverloaded
	}
	select {
	case err := <-q.done:
		return err
	case <-r.stopped:
		select {
		case err := <-q.done: // answered before the stop
			return err
		default:
			return ErrStopped
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// request is a submission, or a part of one, on its way through the recorder.
// Its results are written by the recorder's goroutine before done is sent.
type request struct {
	Submission
	items   []Item
	results []Result
	done    chan error
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
