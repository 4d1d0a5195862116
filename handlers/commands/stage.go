package commands

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/performance"
	"github.com/outturn/outturn/events/review"
)

// CodeInternal and ReasonInternal stand for a fault of the program.
const (
	CodeInternal   events.Code   = "internal"
	ReasonInternal events.Reason = "internal" // problem
)

// reviewSource is the source of the events that the recorder makes itself.
const reviewSource = "outturn/review"

// trial is where the events of one request are decided and stamped. What holds
// is kept by the batch, or dropped with the trial.
type trial struct {
	*state
	recorder *Recorder
	began    uint64    // the sequence that it was begun at
	now      time.Time // when it was begun
	dry      bool      // nothing of it will be recorded
	records  []eventlog.Record
	together bool // some of the records must stand or fall together
}

func (r *Recorder) newTrial(on *state, q *request) *trial {
	return &trial{state: on.fork(), recorder: r, began: on.sequence, now: r.config.Now(), dry: q.DryRun}
}

// decideRange decides some of a request's items. Refused says whether one of
// them was.
func (t *trial) decideRange(q *request, from, to int) (refused bool) {
	for i := from; i < to; i++ {
		q.results[i] = t.decide(q, i)
		refused = refused || q.results[i].Status == Rejected
	}
	return refused
}

// decide decides one item and, if it holds, stages its event.
func (t *trial) decide(q *request, i int) Result {
	item := q.Items[i]
	if item.Refusal != nil {
		return Result{Status: Rejected, Refusal: item.Refusal}
	}
	event, said := item.Event, q.said[i]
	if first, found := t.known.Get(said.key); found {
		return t.repeated(event, said, first)
	}
	if waiting, found := t.reviews.Waiting(said.key); found {
		return stillWaiting(event, waiting)
	}
	if err := t.people.Authorise(q.By, event, t.books, t.today()); err != nil {
		return refused(err)
	}
	warnings, err := t.judge(event, q.By)
	if err != nil {
		return refused(err)
	}
	if rule, needed := t.reviews.Needs(t.books, event); needed {
		return t.propose(event, said, rule, q.By, warnings)
	}
	if approval, ok := event.Data.(events.ProposalApproved); ok {
		return t.approve(event, said, approval, q.By)
	}
	if err := t.record(event, said, events.Stamp{Actor: q.By.Name}); err != nil {
		return internal(err)
	}
	return Result{Status: Accepted, Sequence: t.sequence, Warnings: warnings, Line: t.lineOf(event)}
}

func (t *trial) today() fiscal.Date { return fiscal.Today(t.now) }

// judge applies the rules: those of people and of reviews to their own events,
// those of money, those of monitoring, those of performance.
func (t *trial) judge(event events.Event, by access.Principal) (warnings []*events.Refusal, err error) {
	if err := t.people.Decide(t.books, event); err != nil {
		return nil, err
	}
	if err := t.reviews.Decide(t.books, event, by.Name); err != nil {
		return nil, err
	}
	if warnings, err = t.controls.Decide(t.books, event); err != nil {
		return nil, err
	}
	if err := t.paces.Decide(event); err != nil {
		return nil, err
	}
	if err := t.alerts.Decide(event); err != nil { // whose subject the books know
		return nil, err
	}
	if key, ok := performance.KeyOf(event); ok {
		record, _ := t.goals.Get(key)
		err = performance.Decide(record, event)
	}
	return warnings, err
}

// propose records that an event waits for a second person.
func (t *trial) propose(event events.Event, said said, rule review.Rule, by access.Principal, warnings []*events.Refusal) Result {
	id := proposalID(said.key)
	if t.mayBeUsed(id) { // an earlier proposal of it was declined or withdrawn
		id += events.ProposalID("-" + strconv.FormatUint(t.sequence+1, 10))
	}
	proposal, err := ownEvent(string(id), event, events.ProposalMade{
		Kind: event.About(), Proposal: id, Review: rule.ID, Event: events.Submitted(event.Raw()),
	})
	if err != nil {
		return internal(err)
	}
	if err := t.record(proposal, saidIn(proposal), events.Stamp{Actor: by.Name}); err != nil {
		return internal(err)
	}
	return Result{Status: Proposed, Sequence: t.sequence, Proposal: id, Warnings: warnings, Line: t.lineOf(event)}
}

// mayBeUsed says whether a proposal may have had this id.
func (t *trial) mayBeUsed(id events.ProposalID) bool {
	key := events.KeyOf(reviewSource, events.EventID(id))
	_, known := t.known.Get(key)
	return known || t.recorder.config.Past != nil && t.recorder.filter.mayHold(key)
}

// proposalID names the first proposal of an event, by its key.
func proposalID(key events.Key) events.ProposalID {
	return events.ProposalID("P-" + key.String()[:16])
}

// ownEvent makes an event of the recorder's own, about what another is about.
func ownEvent(id string, about events.Event, data events.Data) (events.Event, error) {
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": id, "source": reviewSource,
		"type": data.Type(), "subject": about.Subject, "data": data,
	})
	if err != nil {
		return events.Event{}, err
	}
	return events.Parse(raw)
}

// approve records an approval and, right behind it, the event that was proposed,
// decided here and now: both or none.
func (t *trial) approve(event events.Event, said said, approval events.ProposalApproved, by access.Principal) Result {
	proposal, _ := t.reviews.Proposal(approval.Proposal) // it is open: review.Decide said so
	proposed := saidIn(proposal.Event)
	if first, found := t.known.Get(proposed.key); found {
		return reused(proposal.Event, first.sequence)
	}
	both := &trial{state: t.fork(), recorder: t.recorder, now: t.now, dry: t.dry}
	if err := both.record(event, said, events.Stamp{Actor: by.Name}); err != nil {
		return internal(err)
	}
	approved := both.sequence
	warnings, err := both.judge(proposal.Event, access.Principal{Name: proposal.By})
	if err != nil {
		return refused(err)
	}
	if err := both.record(proposal.Event, proposed, events.Stamp{Actor: proposal.By, Approver: by.Name}); err != nil {
		return internal(err)
	}
	both.merge()
	t.records, t.together = append(t.records, both.records...), true
	return Result{Status: Accepted, Sequence: approved, Warnings: warnings, Line: t.lineOf(proposal.Event)}
}

// repeated answers an event whose key is recorded: the first answer again if
// the content is the same, a refusal if it is not. An event of this very request
// that the log took before its answer was lost is no repeat.
func (t *trial) repeated(event events.Event, said said, first entry) Result {
	if first.content != said.content {
		return reused(event, first.sequence)
	}
	status := Duplicate
	if t.recorder.landed[said.key] {
		status = Accepted
	}
	return Result{Status: status, Sequence: first.sequence, Line: t.lineOf(event)}
}

// stillWaiting answers an event that was proposed before and waits.
func stillWaiting(event events.Event, proposal review.Proposal) Result {
	if !bytes.Equal(proposal.Event.Raw(), event.Raw()) {
		return reused(event, proposal.Sequence)
	}
	return Result{Status: Proposed, Sequence: proposal.Sequence, Proposal: proposal.ID}
}

func reused(event events.Event, sequence uint64) Result {
	return Result{Status: Rejected, Refusal: events.Refuse(events.CodeIDReused, events.ReasonIDReused, "/id",
		"id", string(event.ID), "sequence", strconv.FormatUint(sequence, 10))}
}

// refused is the answer to an event that the rules refuse, or fail to decide.
func refused(err error) Result {
	if refusal := events.AsRefusal(err); refusal != nil {
		return Result{Status: Rejected, Refusal: refusal}
	}
	return internal(err)
}

// internal is the answer to an event that this program fails to decide: it is
// refused, with the fault in the program's own words.
func internal(err error) Result {
	return Result{Status: Rejected, Refusal: events.Refuse(CodeInternal, ReasonInternal, "", "problem", err.Error())}
}

// record stamps an event that was decided, and stages it.
func (t *trial) record(event events.Event, said said, stamp events.Stamp) error {
	subject := subjectOf(event)
	head, ok := t.heads.Get(subject)
	if !ok && t.recorder.mayHaveHead(t.state, event) {
		return fmt.Errorf("the last event about %s %s was not recalled", subject.Kind, subject.Code)
	}
	stamp.Sequence, stamp.PrevHash = t.sequence+1, head
	stamp.RecordedTime = t.now.UTC().Truncate(time.Microsecond)
	if stamp.RecordedTime.Before(t.recorded) {
		stamp.RecordedTime = t.recorded // the log's time never runs backwards
	}
	recorded, err := event.Record(stamp)
	if err != nil {
		return err
	}
	if err := t.put(recorded, said.key, said.content); err != nil {
		return err
	}
	if t.dry {
		return nil
	}
	t.recorder.note(recorded, said.key)
	t.records = append(t.records, eventlog.Record{
		Subject: string(subject.Kind) + "." + subject.Code, Key: said.key.String(), Body: recorded.Raw(),
	})
	return nil
}

func (t *trial) lineOf(event events.Event) *budget.Line {
	if event.About() != events.OfLine {
		return nil
	}
	line, ok := t.books.Line(events.LineID(event.Subject))
	if !ok {
		return nil
	}
	return &line
}
