package commands

import (
	"bytes"
	"context"
	"maps"
	"strconv"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/performance"
)

// stage is where events are decided and stamped before the log has taken them.
// It rests on the recorder or on another stage, and changes neither until it is
// merged.
type stage struct {
	recorder *Recorder
	base     *stage // nil: rests on the recorder
	books    *budget.Books
	sequence uint64
	recorded time.Time
	chain    map[string]events.Hash
	keys     map[events.Key]events.Event // staged here
	goals    map[performance.Key]*performance.Record
	records  []eventlog.Record
	err      error // the log could not be read while deciding; kept on the root stage
}

func newStage(r *Recorder) *stage {
	return &stage{
		recorder: r, books: r.books.Fork(), sequence: r.sequence, recorded: r.recorded,
		chain: make(map[string]events.Hash), keys: make(map[events.Key]events.Event),
		goals: make(map[performance.Key]*performance.Record),
	}
}

func (s *stage) fork() *stage {
	return &stage{
		recorder: s.recorder, base: s, books: s.books.Fork(), sequence: s.sequence, recorded: s.recorded,
		chain: make(map[string]events.Hash), keys: make(map[events.Key]events.Event),
		goals: make(map[performance.Key]*performance.Record),
	}
}

// merge makes what was staged part of what the stage rests on.
func (s *stage) merge() {
	s.books.Merge()
	if s.base != nil {
		s.base.sequence, s.base.recorded = s.sequence, s.recorded
		maps.Copy(s.base.chain, s.chain)
		maps.Copy(s.base.keys, s.keys)
		maps.Copy(s.base.goals, s.goals)
		s.base.records = append(s.base.records, s.records...)
		return
	}
	r := s.recorder
	maps.Copy(r.chain, s.chain)
	maps.Copy(r.goals, s.goals)
	for key, event := range s.keys {
		r.index[key] = event.Sequence
	}
	r.sequence, r.recorded = s.sequence, s.recorded
	r.position.Store(r.sequence)
}

// claim adds what was staged, stamp and all, to what this batch may have appended
// itself.
func (s *stage) claim(mine map[events.Hash]bool) {
	for _, event := range s.keys {
		mine[event.Hash()] = true
	}
}

// decideAll decides the requests in their order, as many as fit in one batch of
// the log, and returns those that it decided.
func (s *stage) decideAll(ctx context.Context, batch []*request, mine map[events.Hash]bool) []*request {
	for i, q := range batch {
		if i > 0 && len(s.records)+len(q.items) > eventlog.MaxBatch {
			return batch[:i]
		}
		s.decideRequest(ctx, q, mine)
	}
	return batch
}

// decideRequest decides one request's items on a stage of their own, and keeps
// it unless the request is a dry run or falls as a whole.
func (s *stage) decideRequest(ctx context.Context, q *request, mine map[events.Hash]bool) {
	own := s.fork()
	q.results = make([]Result, len(q.items))
	refused := false
	for i, item := range q.items {
		q.results[i] = own.decide(ctx, item, q.Actor, mine)
		refused = refused || q.results[i].Status == Rejected
	}
	switch {
	case q.Mode == AllOrNothing && refused:
		withhold(q.results)
	case q.DryRun:
		forgetSequences(q.results)
	default:
		own.merge()
	}
}

func withhold(results []Result) {
	for i := range results {
		if results[i].Status == Accepted {
			results[i] = Result{Status: Withheld}
		}
	}
}

func forgetSequences(results []Result) {
	for i := range results {
		if results[i].Status == Accepted {
			results[i].Sequence = 0
		}
	}
}

// decide decides one item and, if it holds, stages its event.
func (s *stage) decide(ctx context.Context, item Item, actor string, mine map[events.Hash]bool) Result {
	if item.Refusal != nil {
		return Result{Status: Rejected, Refusal: item.Refusal}
	}
	event := item.Event
	if first, found := s.find(ctx, event.Key()); found {
		return s.repeated(event, first, mine[first.Hash()])
	}
	if err := s.judge(event); err != nil {
		if refusal := events.AsRefusal(err); refusal != nil {
			return Result{Status: Rejected, Refusal: refusal}
		}
		return internal(err)
	}
	if err := s.record(event, actor); err != nil {
		return internal(err)
	}
	return Result{Status: Accepted, Sequence: s.sequence, Line: s.lineOf(event)}
}

// judge applies the rules of money and those of performance.
func (s *stage) judge(event events.Event) error {
	if err := budget.Decide(s.books, event); err != nil {
		return err
	}
	if key, ok := performance.KeyOf(event); ok {
		return performance.Decide(s.goal(key), event)
	}
	return nil
}

// goal is the record of a subject's performance as it is staged, or nil.
func (s *stage) goal(key performance.Key) *performance.Record {
	for at := s; at != nil; at = at.base {
		if record, ok := at.goals[key]; ok {
			return record
		}
	}
	return s.recorder.goals[key]
}

// evolveGoal adds an event to a copy of its record, kept by this stage.
func (s *stage) evolveGoal(event events.Event) error {
	key, ok := performance.KeyOf(event)
	if !ok {
		return nil
	}
	record := s.goal(key).Clone()
	if record == nil {
		record = &performance.Record{Key: key}
	}
	s.goals[key] = record
	return performance.Evolve(record, event)
}

// internal is the answer to an event that this program fails to decide: it is
// refused, with the fault in the program's own words.
func internal(err error) Result {
	return Result{Status: Rejected, Refusal: events.Refuse(CodeInternal, ReasonInternal, "", "problem", err.Error())}
}

// CodeInternal and ReasonInternal stand for a fault of the program.
const (
	CodeInternal   events.Code   = "internal"
	ReasonInternal events.Reason = "internal"
)

// find looks for an event of that key on the stages and in the log.
func (s *stage) find(ctx context.Context, key events.Key) (events.Event, bool) {
	root := s
	for at := s; at != nil; at = at.base {
		root = at
		if event, ok := at.keys[key]; ok {
			return event, true
		}
	}
	sequence, ok := s.recorder.index[key]
	if !ok {
		return events.Event{}, false
	}
	event, err := s.recorder.read(ctx, sequence)
	if err != nil {
		root.err = err
	}
	return event, true
}

// repeated answers an event whose key is recorded: the first answer again if
// the content is the same, a refusal if it is not. An event of this very batch
// that the log took before its answer was lost is no repeat.
func (s *stage) repeated(event, first events.Event, own bool) Result {
	was, err := first.Content()
	if err != nil {
		return internal(err)
	}
	if !bytes.Equal(was, event.Raw()) {
		return Result{Status: Rejected, Refusal: events.Refuse(events.CodeIDReused, events.ReasonIDReused, "/id",
			"id", string(event.ID), "sequence", strconv.FormatUint(first.Sequence, 10))}
	}
	status := Duplicate
	if own {
		status = Accepted
	}
	return Result{Status: status, Sequence: first.Sequence, Line: s.lineOf(event)}
}

// record stamps an event that was decided, and stages it.
func (s *stage) record(event events.Event, actor string) error {
	subject := string(event.About()) + "." + event.Subject
	now := s.recorder.config.Now().UTC().Truncate(time.Microsecond)
	if now.Before(s.recorded) {
		now = s.recorded // the log's time never runs backwards
	}
	recorded, err := event.Record(events.Stamp{
		Sequence: s.sequence + 1, RecordedTime: now, Actor: actor, PrevHash: s.lastHash(subject),
	})
	if err != nil {
		return err
	}
	if _, err := budget.Evolve(s.books, recorded); err != nil {
		return err
	}
	if err := s.evolveGoal(recorded); err != nil {
		return err
	}
	s.sequence, s.recorded = recorded.Sequence, now
	s.chain[subject] = recorded.Hash()
	s.keys[event.Key()] = recorded
	s.records = append(s.records, eventlog.Record{Subject: subject, Key: event.Key().String(), Body: recorded.Raw()})
	return nil
}

func (s *stage) lastHash(subject string) events.Hash {
	for at := s; at != nil; at = at.base {
		if hash, ok := at.chain[subject]; ok {
			return hash
		}
	}
	return s.recorder.chain[subject]
}

func (s *stage) lineOf(event events.Event) *budget.Line {
	if event.About() != events.OfLine {
		return nil
	}
	line, ok := s.books.Line(events.LineID(event.Subject))
	if !ok {
		return nil
	}
	return &line
}
