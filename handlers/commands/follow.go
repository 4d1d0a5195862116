package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/performance"
)

// errOvertaken: the projection already has the events that the recorder is about
// to follow, so it cannot say what was before them.
var errOvertaken = errors.New("the projection is ahead of the recorder")

// catchUp reads what others appended since. Nothing may rest on the settled
// state but an empty batch, which is made anew.
func (r *Recorder) catchUp(ctx context.Context) (err error) {
	defer func() {
		r.open = r.newStage(r.settled)
		r.publish()
	}()
	for range maxRestarts {
		if err = r.readOn(ctx); !errors.Is(err, errOvertaken) {
			return err
		}
		if err := r.restart(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w, and was %d times", err, maxRestarts)
}

func (r *Recorder) readOn(ctx context.Context) error {
	last, err := r.config.Log.Last(ctx)
	if err != nil || last == r.settled.sequence {
		return err
	}
	if last < r.settled.sequence {
		return fatal{fmt.Errorf("the log ends at %d, but %d was read from it before: it is not the same log any more", last, r.settled.sequence)}
	}
	return r.config.Log.Read(ctx, r.settled.sequence+1, last, func(records []eventlog.Record) error {
		return r.followAll(ctx, records)
	})
}

// followAll puts some records of the log on the books. What they refer to and
// memory does not hold is recalled first.
func (r *Recorder) followAll(ctx context.Context, records []eventlog.Record) error {
	read := make([]events.Event, len(records))
	for i, record := range records {
		event, err := events.Decode(record.Body)
		if err != nil {
			return fatal{fmt.Errorf("event %d in the log: %w", record.Sequence, err)}
		}
		if event.Sequence != record.Sequence {
			return fatal{fmt.Errorf("event %d in the log says of itself that it is event %d", record.Sequence, event.Sequence)}
		}
		read[i] = event
	}
	if err := r.prepare(ctx, read); err != nil {
		return err
	}
	r.era++ // what was asked for before did not know of these
	for i, event := range read {
		if err := r.follow(event, records[i].Subject); err != nil {
			return fatal{fmt.Errorf("event %d in the log: %w", event.Sequence, err)}
		}
	}
	return nil
}

// follow puts one event of the log on the books.
func (r *Recorder) follow(event events.Event, subject string) error {
	s, hash, key := r.settled, event.Hash(), event.Key()
	if before, ok := s.heads.Get(subjectOf(event)); (ok || r.config.Past == nil) && event.PrevHash != before {
		return fmt.Errorf("its prevhash is %s, but the event before it on %s hashes to %s", event.PrevHash, subject, before)
	}
	if err := s.put(event, key, events.Hash{}); err != nil {
		return err
	}
	r.note(event, key)
	r.claim(hash, key)
	return nil
}

// claim recognises an event of a batch whose answer was lost.
func (r *Recorder) claim(hash events.Hash, key events.Key) {
	if r.claimed[hash] {
		r.landed[key] = true
	}
}

// prepare recalls what events of the log refer to. That has to be as it was
// before them. If the projection has them already it is too late: then the
// recorder begins anew at the projection's checkpoint.
func (r *Recorder) prepare(ctx context.Context, read []events.Event) error {
	if r.config.Past == nil {
		return nil
	}
	c, first := r.missing(read)
	if c.lack.size() == 0 {
		return nil
	}
	if err := r.lookUp(ctx, c); err != nil {
		return err
	}
	switch at := c.got.Sequence; {
	case at < r.floor:
		return behindFloor(at, r.floor)
	case at >= first:
		return errOvertaken
	}
	return r.remember(r.settled, c)
}

// missing finds what events of the log refer to and neither memory nor an event
// among them has, and the first event that does.
func (r *Recorder) missing(read []events.Event) (c *recollection, first uint64) {
	c = newRecollection()
	made := r.settled.fork() // what the events make themselves
	for _, event := range read {
		before := c.lack.ofPast()
		r.missingOf(made, event, c.lack)
		if before == 0 && c.lack.ofPast() > 0 {
			first = event.Sequence
		}
	}
	return c, first
}

func (r *Recorder) missingOf(made *state, event events.Event, l *lack) {
	line := events.LineID(event.Subject)
	var touched budget.Touched
	touched.Touch(event)
	for _, key := range touched.Payments {
		if _, ok := made.books.Payment(key); !ok {
			l.Payments = append(l.Payments, key)
		}
	}
	for _, key := range touched.Commitments {
		if _, ok := made.books.Commitment(key); !ok {
			l.Commitments = append(l.Commitments, key)
		}
	}
	if key, ok := performance.KeyOf(event); ok {
		if _, ok := made.goals.Get(key); !ok {
			l.Goals = append(l.Goals, key)
			made.goals.Put(key, nil)
		}
	}
	makes := budget.Changes{}
	switch data := event.Data.(type) {
	case events.DisbursementPaid:
		makes.Payments = map[budget.PaymentKey]budget.Payment{{Line: line, ID: event.ID}: {}}
	case events.DisbursementCorrected:
		if data.ToLine != "" {
			makes.Payments = map[budget.PaymentKey]budget.Payment{{Line: data.ToLine, ID: data.Payment}: {}}
		}
	case events.CommitmentMade:
		makes.Commitments = map[budget.CommitmentKey]budget.Commitment{{Line: line, ID: data.Commitment}: {}}
	}
	made.books.Load(makes)
}

// restart begins anew at the projection's checkpoint, and looks through the log
// in between for what the filter and lost answers need.
func (r *Recorder) restart(ctx context.Context) error {
	from := r.settled.sequence
	r.config.Logger.InfoContext(ctx, "the projection knows more than this recorder; beginning anew at its checkpoint", "sequence", from)
	s, err := r.checkpoint(ctx)
	if err != nil {
		return err
	}
	if s.sequence <= from {
		return fmt.Errorf("%w: it stands at %d, the recorder at %d", ErrPastBehind, s.sequence, from)
	}
	err = r.config.Log.Read(ctx, from+1, s.sequence, func(records []eventlog.Record) error {
		for _, record := range records {
			event, err := events.Decode(record.Body)
			if err != nil {
				return fatal{fmt.Errorf("event %d in the log: %w", record.Sequence, err)}
			}
			r.note(event, event.Key())
			r.claim(event.Hash(), event.Key())
		}
		return nil
	})
	if err == nil {
		r.begin(s)
	}
	return err
}
