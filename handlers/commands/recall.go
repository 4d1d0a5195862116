package commands

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/performance"
	"github.com/outturn/outturn/projections"
)

// lack is what decisions need and memory does not have.
type lack struct {
	projections.Wanted
	contents []uint64 // sequences of events whose content was not read yet
}

func (l *lack) size() int { return len(l.contents) + l.ofPast() }

func (l *lack) add(other *lack) {
	l.Keys = append(l.Keys, other.Keys...)
	l.Subjects = append(l.Subjects, other.Subjects...)
	l.Payments = append(l.Payments, other.Payments...)
	l.Commitments = append(l.Commitments, other.Commitments...)
	l.Goals = append(l.Goals, other.Goals...)
	l.contents = append(l.contents, other.contents...)
}

// ofPast counts what has to be recalled from the projection.
func (l *lack) ofPast() int {
	return len(l.Keys) + len(l.Subjects) + len(l.Payments) + len(l.Commitments) + len(l.Goals)
}

// lacking finds what memory lacks for some of a request's items.
func (r *Recorder) lacking(s *state, q *request, from, to int) *lack {
	l := &lack{}
	for i := from; i < to; i++ {
		if q.Items[i].Refusal == nil {
			r.seek(s, q.Items[i].Event, q.said[i].key, l)
		}
	}
	return l
}

// seek adds what memory lacks to decide one event.
func (r *Recorder) seek(s *state, event events.Event, key events.Key, l *lack) {
	if first, known := s.known.Get(key); !known {
		r.seekKey(key, l)
	} else if first.content == (events.Hash{}) {
		l.contents = append(l.contents, first.sequence)
	}
	if r.config.Past == nil {
		return
	}
	if subject := subjectOf(event); r.mayHaveHead(s, event) {
		if _, ok := s.heads.Get(subject); !ok {
			l.Subjects = append(l.Subjects, subject)
		}
	}
	r.seekMoney(s, event, l)
	if key, ok := performance.KeyOf(event); ok {
		if _, ok := s.goals.Get(key); !ok {
			l.Goals = append(l.Goals, key)
		}
	}
	if approval, ok := event.Data.(events.ProposalApproved); ok {
		if proposal, open := s.reviews.Proposal(approval.Proposal); open {
			r.seek(s, proposal.Event, proposal.Event.Key(), l)
		}
	}
}

func (r *Recorder) seekKey(key events.Key, l *lack) {
	if r.config.Past != nil && r.filter.mayHold(key) {
		l.Keys = append(l.Keys, key)
	}
}

// seekMoney adds the payments and commitments that an event refers to or makes.
func (r *Recorder) seekMoney(s *state, event events.Event, l *lack) {
	var touched budget.Touched
	touched.Touch(event)
	line := events.LineID(event.Subject)
	switch data := event.Data.(type) {
	case events.DisbursementPaid:
		touched.Payments = append(touched.Payments, budget.PaymentKey{Line: line, ID: event.ID})
	case events.DisbursementCorrected:
		if data.ToLine != "" {
			touched.Payments = append(touched.Payments, budget.PaymentKey{Line: data.ToLine, ID: data.Payment})
		}
	case events.CommitmentMade:
		touched.Commitments = append(touched.Commitments, budget.CommitmentKey{Line: line, ID: data.Commitment})
	}
	for _, key := range touched.Payments {
		if _, ok := s.books.Payment(key); !ok && r.filter.mayHold(projections.PaymentKey(key)) {
			l.Payments = append(l.Payments, key)
		}
	}
	for _, key := range touched.Commitments {
		if _, ok := s.books.Commitment(key); !ok {
			l.Commitments = append(l.Commitments, key)
		}
	}
}

// mayHaveHead says whether there may be events about an event's subject that
// memory does not know of.
func (r *Recorder) mayHaveHead(s *state, event events.Event) bool {
	if r.config.Past == nil {
		return false
	}
	switch event.About() {
	case events.OfLine:
		_, open := s.books.Line(events.LineID(event.Subject))
		return open
	case events.OfUnit:
		_, registered := s.books.Unit(events.UnitID(event.Subject))
		return registered
	}
	return true
}

// note lets the filter know what an event makes known.
func (r *Recorder) note(event events.Event, key events.Key) {
	if r.config.Past == nil {
		return
	}
	r.filter.add(key)
	switch data := event.Data.(type) {
	case events.DisbursementPaid:
		r.filter.add(projections.PaymentKey(budget.PaymentKey{Line: events.LineID(event.Subject), ID: event.ID}))
	case events.DisbursementCorrected:
		if data.ToLine != "" {
			r.filter.add(projections.PaymentKey(budget.PaymentKey{Line: data.ToLine, ID: data.Payment}))
		}
	}
}

// recollection is a look-up for requests that wait for it.
type recollection struct {
	requests []*request
	lack     *lack
	era      uint64 // that it was begun in
	got      projections.Recalled
	contents map[uint64]events.Hash
	err      error
}

// park lets a request wait until what it lacks is recalled.
func (r *Recorder) park(q *request, l *lack) {
	q.asked, q.era = false, r.era
	r.parked = append(r.parked, parked{q, l})
}

// parked is a request that waits for a look-up.
type parked struct {
	request *request
	lack    *lack
}

// maxLookup is about how many things are looked up at once.
const maxLookup = 10_000

// recall looks up what the parked requests lack, one look-up at a time: while
// one is made, others gather for the next.
func (r *Recorder) recall(ctx context.Context) {
	if r.recalling || r.held != nil || len(r.parked) == 0 {
		return
	}
	c := newRecollection()
	c.era = r.era
	for len(r.parked) > 0 && c.lack.size() < maxLookup {
		c.requests = append(c.requests, r.parked[0].request)
		c.lack.add(r.parked[0].lack)
		r.parked = r.parked[1:]
	}
	r.recalling = true
	r.work.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, recallTimeout)
		defer cancel()
		c.err = r.lookUp(ctx, c)
		r.recalled <- c
	})
}

func newRecollection() *recollection { return &recollection{lack: &lack{}} }

// lookUp recalls from the projection, and reads from the log what the events
// said whose keys come up again.
func (r *Recorder) lookUp(ctx context.Context, c *recollection) (err error) {
	if c.lack.ofPast() > 0 {
		if c.got, err = r.config.Past.Recall(ctx, unique(c.lack.Wanted)); err != nil {
			return fmt.Errorf("%w: %w", ErrPastBehind, err)
		}
	}
	sequences := slices.AppendSeq(c.lack.contents, maps.Values(c.got.Keys))
	slices.Sort(sequences)
	if c.contents, err = r.readContents(ctx, slices.Compact(sequences)); err != nil {
		return unavailable(err)
	}
	return nil
}

// unique names everything once: many requests ask for the same.
func unique(w projections.Wanted) projections.Wanted {
	return projections.Wanted{
		Keys: once(w.Keys), Subjects: once(w.Subjects), Payments: once(w.Payments),
		Commitments: once(w.Commitments), Goals: once(w.Goals),
	}
}

func once[T comparable](all []T) []T {
	seen := make(map[T]bool, len(all))
	return slices.DeleteFunc(all, func(one T) bool {
		was := seen[one]
		seen[one] = true
		return was
	})
}

// Reading events back: those that lie close together are read as one stretch.
const (
	maxHole     = 32 // events between two that are still read on the way
	minToStream = 8  // events from which a stretch is read and not one by one
)

// readContents reads what events said, by ascending sequence.
func (r *Recorder) readContents(ctx context.Context, sequences []uint64) (map[uint64]events.Hash, error) {
	contents := make(map[uint64]events.Hash, len(sequences))
	take := func(records []eventlog.Record) error {
		for _, record := range records {
			event, err := events.Decode(record.Body)
			if err != nil {
				return err
			}
			said, err := event.Content()
			if err != nil {
				return err
			}
			contents[record.Sequence] = sha256.Sum256(said)
		}
		return nil
	}
	for len(sequences) > 0 {
		n := 1
		for n < len(sequences) && sequences[n]-sequences[n-1] <= maxHole {
			n++
		}
		stretch := sequences[:n]
		sequences = sequences[n:]
		if n >= minToStream {
			if err := r.config.Log.Read(ctx, stretch[0], stretch[n-1], take); err != nil {
				return nil, err
			}
			continue
		}
		for _, sequence := range stretch {
			record, err := r.config.Log.At(ctx, sequence)
			if err != nil {
				return nil, err
			}
			if err := take([]eventlog.Record{record}); err != nil {
				return nil, err
			}
		}
	}
	return contents, nil
}

// recollect takes what was looked up into memory and lets its requests go on. It
// is of use only if nothing that was dropped from memory changed after it, and if
// it holds nothing that memory has not come to yet: that would count twice.
func (r *Recorder) recollect(ctx context.Context, c *recollection) error {
	if c.err != nil {
		r.answer(c.requests, c.err)
		return nil
	}
	if c.lack.ofPast() > 0 {
		switch at := c.got.Sequence; {
		case at < r.floor && c.era != r.era: // the floor has risen meanwhile
			r.again = append(r.again, c.requests...)
			return nil
		case at < r.floor:
			r.answer(c.requests, behindFloor(at, r.floor))
			return nil
		case at > r.settled.sequence && !r.idle():
			r.held = c // goes on when the recorder has come as far
			return nil
		case at > r.settled.sequence:
			if err := r.catchUp(ctx); err != nil {
				r.answer(c.requests, unavailable(err))
				return asFatal(err)
			}
			if at > r.settled.sequence {
				r.answer(c.requests, fmt.Errorf("%w: it stands at %d, the log ends at %d", ErrOtherLog, at, r.settled.sequence))
				return nil
			}
			return r.recollect(ctx, c)
		}
	}
	if err := r.remember(r.open.state, c); err != nil {
		return err
	}
	for _, q := range c.requests {
		q.asked = true
	}
	r.again = append(r.again, c.requests...)
	return nil
}

func behindFloor(at, floor uint64) error {
	return fmt.Errorf("%w: it stands at %d, and what it should know changed up to %d", ErrPastBehind, at, floor)
}

// remember puts into the settled state what was looked up and memory, as seen
// from s, still lacks.
func (r *Recorder) remember(s *state, c *recollection) error {
	found := budget.Changes{Payments: c.got.Payments, Commitments: c.got.Commitments}
	maps.DeleteFunc(found.Payments, func(key budget.PaymentKey, _ budget.Payment) bool { _, ok := s.books.Payment(key); return ok })
	maps.DeleteFunc(found.Commitments, func(key budget.CommitmentKey, _ budget.Commitment) bool {
		_, ok := s.books.Commitment(key)
		return ok
	})
	r.settled.books.Load(found)
	for _, subject := range c.lack.Subjects {
		if _, ok := s.heads.Get(subject); !ok {
			r.settled.heads.Put(subject, c.got.Heads[subject]) // zero: nothing was said of it
		}
	}
	for key, sequence := range c.got.Keys {
		if _, ok := s.known.Get(key); !ok {
			r.settled.known.Put(key, entry{sequence: sequence})
		}
	}
	for _, key := range c.lack.Goals {
		if _, ok := s.goals.Get(key); ok {
			continue
		}
		record, err := recordOf(key, c.got.Goals[key])
		if err != nil {
			return fatal{err}
		}
		r.settled.goals.Put(key, record)
	}
	r.fillContents(s, c)
	return nil
}

// fillContents adds what was read of events to the entries of their keys.
func (r *Recorder) fillContents(s *state, c *recollection) {
	fill := func(key events.Key) {
		known, ok := s.known.Get(key)
		content, read := c.contents[known.sequence]
		if ok && read && known.content == (events.Hash{}) {
			r.settled.known.Put(key, entry{known.sequence, content})
		}
	}
	for _, key := range c.lack.Keys {
		fill(key)
	}
	for _, q := range c.requests {
		for _, said := range q.said {
			fill(said.key)
		}
	}
}

// recordOf makes a performance record of its events; nil of none.
func recordOf(key performance.Key, said []events.Event) (*performance.Record, error) {
	if len(said) == 0 {
		return nil, nil
	}
	record := &performance.Record{Key: key}
	for _, event := range said {
		if err := performance.Evolve(record, event); err != nil {
			return nil, fmt.Errorf("event %d: %w", event.Sequence, err)
		}
	}
	return record, nil
}
