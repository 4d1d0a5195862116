package commands_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
)

// past is a projection in memory: it replays a log as far as it is told.
type past struct {
	log eventlog.Log
	// eager projects all that the log has before it answers anything.
	eager bool

	mu       sync.Mutex
	books    *budget.Books
	head     events.Event
	keys     map[events.Key]uint64
	payments map[budget.PaymentKey]bool
	heads    map[projections.Subject]events.Hash
	goals    map[performance.Key][]events.Event
	spent    map[events.LineID][12]money.Amount
	standing []events.Event
}

func newPast(log eventlog.Log) *past {
	return &past{
		log: log, books: budget.NewBooks(), keys: map[events.Key]uint64{}, payments: map[budget.PaymentKey]bool{},
		heads: map[projections.Subject]events.Hash{}, goals: map[performance.Key][]events.Event{},
		spent: map[events.LineID][12]money.Amount{},
	}
}

// project goes on to a sequence.
func (p *past) project(upTo uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.projectLocked(upTo)
}

func (p *past) projectLocked(upTo uint64) error {
	if upTo <= p.head.Sequence {
		return nil
	}
	return p.log.Read(context.Background(), p.head.Sequence+1, upTo, func(records []eventlog.Record) error {
		for _, record := range records {
			event, err := events.Decode(record.Body)
			if err != nil {
				return err
			}
			if err := p.take(event); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *past) take(e events.Event) error {
	posted, err := budget.Evolve(p.books, e)
	if err != nil {
		return err
	}
	for _, posting := range posted {
		months := p.spent[posting.Line]
		switch posting.Measure {
		case budget.Executed:
			months[posting.Date.Month-1] += posting.Amount
		case budget.Refunded:
			months[posting.Date.Month-1] -= posting.Amount
		}
		p.spent[posting.Line] = months
	}
	p.head, p.keys[e.Key()] = e, e.Sequence
	p.heads[projections.Subject{Kind: e.About(), Code: e.Subject}] = e.Hash()
	if key, ok := performance.KeyOf(e); ok {
		p.goals[key] = append(p.goals[key], e)
	}
	switch data := e.Data.(type) {
	case events.DisbursementPaid:
		p.payments[budget.PaymentKey{Line: events.LineID(e.Subject), ID: e.ID}] = true
	case events.DisbursementCorrected:
		if data.ToLine != "" {
			p.payments[budget.PaymentKey{Line: data.ToLine, ID: data.Payment}] = true
		}
	case events.ControlSet, events.ReviewSet, events.ProposalMade, events.UserRegistered, events.RoleGranted, events.PlanSet:
		p.standing = append(p.standing, e)
	case events.ProposalApproved:
		p.end(data.Proposal)
	case events.ProposalDeclined:
		p.end(data.Proposal)
	}
	return nil
}

func (p *past) end(id events.ProposalID) {
	p.standing = slices.DeleteFunc(p.standing, func(e events.Event) bool {
		made, ok := e.Data.(events.ProposalMade)
		return ok && made.Proposal == id
	})
}

// lock locks it, at the log's end if it is eager.
func (p *past) lock() error {
	p.mu.Lock()
	if !p.eager {
		return nil
	}
	last, err := p.log.Last(context.Background())
	if err != nil {
		return err
	}
	return p.projectLocked(last)
}

func (p *past) Start(context.Context) (projections.Start, error) {
	err := p.lock()
	defer p.mu.Unlock()
	changes := p.books.Changes()
	start := projections.Start{
		Identity: p.log.Identity(), Sequence: p.head.Sequence, Recorded: p.head.RecordedTime,
		Books: budget.Changes{
			Units: maps.Clone(changes.Units), Projects: maps.Clone(changes.Projects),
			Lines: maps.Clone(changes.Lines), Closings: maps.Clone(changes.Closings),
		},
		Spent: maps.Clone(p.spent), Standing: slices.Clone(p.standing),
	}
	if p.head.Sequence > 0 {
		start.Hash = p.head.Hash()
	}
	return start, err
}

func (p *past) Recall(_ context.Context, w projections.Wanted) (projections.Recalled, error) {
	err := p.lock()
	defer p.mu.Unlock()
	got := projections.Recalled{
		Sequence: p.head.Sequence, Keys: map[events.Key]uint64{}, Heads: map[projections.Subject]events.Hash{},
		Payments: map[budget.PaymentKey]budget.Payment{}, Commitments: map[budget.CommitmentKey]budget.Commitment{},
		Goals: map[performance.Key][]events.Event{},
	}
	for _, key := range w.Keys {
		if sequence, ok := p.keys[key]; ok {
			got.Keys[key] = sequence
		}
	}
	for _, subject := range w.Subjects {
		if hash, ok := p.heads[subject]; ok {
			got.Heads[subject] = hash
		}
	}
	for _, key := range w.Payments {
		if payment, ok := p.books.Payment(key); ok {
			got.Payments[key] = payment
		}
	}
	for _, key := range w.Commitments {
		if commitment, ok := p.books.Commitment(key); ok {
			got.Commitments[key] = commitment
		}
	}
	for _, key := range w.Goals {
		if said, ok := p.goals[key]; ok {
			got.Goals[key] = slices.Clone(said)
		}
	}
	return got, err
}

func (p *past) Known(_ context.Context, yield func(events.Key)) (uint64, error) {
	err := p.lock()
	defer p.mu.Unlock()
	for key := range p.keys {
		yield(key)
	}
	for key := range p.payments {
		yield(projections.PaymentKey(key))
	}
	return p.head.Sequence, err
}

func (p *past) Position(context.Context) (uint64, time.Time, error) {
	err := p.lock()
	defer p.mu.Unlock()
	return p.head.Sequence, p.head.RecordedTime, err
}

// noting is a log that notes the first sequence that is read.
type noting struct {
	eventlog.Log
	first *uint64
}

func (n noting) Read(ctx context.Context, from, upTo uint64, deliver func([]eventlog.Record) error) error {
	*n.first = min(*n.first, from)
	return n.Log.Read(ctx, from, upTo, deliver)
}

// story submits what later events refer to, and returns a log of 12 events.
func story(t testing.TB) *eventlog.Memory {
	log := eventlog.NewMemory()
	recorder := start(t, log)
	results := submit(t, recorder, append(registers("100.00"),
		item("l2", "line.opened", "L2", `{"year":2023,"unit":"U1","project":"P1","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}`),
		item("b2", "budget.allocated", "L2", `{"amount":"50.00","date":"2023-01-01","document":"B-2"}`),
		pay("x1", "40.00"),
		pay("x2", "5.00"),
		item("c1", "commitment.made", "L1", `{"commitment":"C1","amount":"20.00","date":"2023-02-01"}`),
		item("i1", "indicator.set", "P1", `{"about":"project","year":2023,"indicator":"i1","level1":"产出指标","level2":"数量指标","level3":"人次","operator":"≥","target":"100","weight":"10","date":"2023-01-10"}`),
		item("r1", "disbursement.refunded", "L1", `{"payment":"x1","amount":"10.00","date":"2023-06-01","reason":"退"}`),
		item("plan", "plan.set", "L1", `{"about":"line","year":2023,"date":"2023-01-01","months":["1.00","0.00","0.00","0.00","0.00","0.00","0.00","0.00","0.00","0.00","0.00","0.00"]}`))...)
	for i, result := range results {
		if result.Status != commands.Accepted {
			t.Fatalf("event %d of the story: %v", i, result.Refusal)
		}
	}
	return log
}

// afterwards are events that refer to the story, and what becomes of each.
func afterwards() (items []commands.Item, want []commands.Status) {
	for _, next := range []struct {
		item commands.Item
		want commands.Status
	}{
		{pay("x1", "40.00"), commands.Duplicate},
		{pay("x1", "41.00"), commands.Rejected},
		{item("r2", "disbursement.refunded", "L1", `{"payment":"x1","amount":"30.01","date":"2023-06-01","reason":"退"}`), commands.Rejected},
		{item("r3", "disbursement.refunded", "L1", `{"payment":"x1","amount":"20.00","date":"2023-06-01","reason":"退"}`), commands.Accepted},
		{item("k1", "disbursement.corrected", "L1", `{"payment":"x2","to_line":"L2","date":"2023-06-01","reason":"更正"}`), commands.Accepted},
		{item("k2", "disbursement.corrected", "L1", `{"payment":"x2","to_line":"L2","date":"2023-06-01","reason":"更正"}`), commands.Rejected},
		{item("c2", "commitment.made", "L1", `{"commitment":"C1","amount":"1.00","date":"2023-02-01"}`), commands.Rejected},
		{item("x3", "disbursement.paid", "L1", `{"amount":"15.00","date":"2023-07-01","document":"D","commitment":"C1"}`), commands.Accepted},
		{item("c3", "commitment.changed", "L1", `{"commitment":"C1","amount":"14.00","date":"2023-07-01"}`), commands.Rejected},
		{item("c4", "commitment.released", "L1", `{"commitment":"C1","date":"2023-07-01","reason":"完"}`), commands.Accepted},
		{item("s1", "indicator.scored", "P1", `{"about":"project","year":2023,"indicator":"i1","date":"2024-01-10","score":"10.5"}`), commands.Rejected},
		{item("s2", "indicator.scored", "P1", `{"about":"project","year":2023,"indicator":"i1","date":"2024-01-10","score":"9"}`), commands.Accepted},
		{pay("x4", "75.01"), commands.Rejected},
		{pay("x5", "75.00"), commands.Accepted},
	} {
		items, want = append(items, next.item), append(want, next.want)
	}
	return items, want
}

func TestAStartFromTheCheckpointKnowsAllThatWentBefore(t *testing.T) {
	t.Parallel()
	for _, at := range []uint64{0, 5, 7, 11, 12} {
		t.Run(fmt.Sprint("projected to ", at), func(t *testing.T) {
			t.Parallel()
			log := story(t)
			p := newPast(log)
			if err := p.project(at); err != nil {
				t.Fatal(err)
			}
			first := uint64(1000)
			recorder := run(t, open(t, commands.Config{Log: noting{log, &first}, Past: p}))
			if first <= at {
				t.Errorf("the start read event %d, which the checkpoint at %d has", first, at)
			}
			if recorder.Position() != 12 {
				t.Errorf("the recorder stands at %d", recorder.Position())
			}
			items, want := afterwards()
			wantStatus(t, submit(t, recorder, items...), want...)
			verifyChain(t, log)
		})
	}
}

// TestNothingInMemory: after each event everything that can be dropped is.
func TestNothingInMemory(t *testing.T) {
	t.Parallel()
	log := story(t)
	p := newPast(log)
	p.eager = true
	recorder := run(t, open(t, commands.Config{Log: log, Past: p}, commands.Generation(0)))
	items, want := afterwards()
	for i, one := range items {
		last, _ := log.Last(t.Context())
		recorder.Forget(last)
		wantStatus(t, submit(t, recorder, one), want[i])
	}
	recorder.Forget(recorder.Position())
	for i, result := range submit(t, recorder, items...) {
		if want[i] == commands.Accepted && result.Status != commands.Duplicate {
			t.Errorf("event %d again is %s (%v)", i, result.Status, result.Refusal)
		}
	}
	verifyChain(t, log)
}

// verifyChain checks that the log can be replayed and holds no key twice.
func verifyChain(t tester, log eventlog.Log) *past {
	p := newPast(log)
	last, err := log.Last(context.Background())
	if err != nil {
		t.Fatalf("%v", err)
	}
	heads, seen := map[string]events.Hash{}, map[events.Key]uint64{}
	err = log.Read(context.Background(), 1, last, func(records []eventlog.Record) error {
		for _, record := range records {
			event, err := events.Decode(record.Body)
			if err != nil {
				return err
			}
			if event.PrevHash != heads[record.Subject] {
				return fmt.Errorf("event %d does not follow on the one before it on %s", event.Sequence, record.Subject)
			}
			if first, twice := seen[event.Key()]; twice {
				return fmt.Errorf("events %d and %d have the same key", first, event.Sequence)
			}
			heads[record.Subject], seen[event.Key()] = event.Hash(), event.Sequence
			if err := p.take(event); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("the log is not whole: %v", err)
	}
	return p
}

func TestACheckpointOfAnotherLogStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*projections.Start){
		"another identity":     func(s *projections.Start) { s.Identity = "other" },
		"another event there":  func(s *projections.Start) { s.Hash[0]++ },
		"beyond the log's end": func(s *projections.Start) { s.Sequence = 13 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := story(t)
			p := newPast(log)
			if err := p.project(8); err != nil {
				t.Fatal(err)
			}
			if _, err := commands.Open(t.Context(), commands.Config{Log: log, Past: spoilt{p, spoil}}); !errors.Is(err, commands.ErrOtherLog) {
				t.Errorf("got %v; want %v", err, commands.ErrOtherLog)
			}
		})
	}
}

type spoilt struct {
	*past
	spoil func(*projections.Start)
}

func (s spoilt) Start(ctx context.Context) (projections.Start, error) {
	start, err := s.past.Start(ctx)
	s.spoil(&start)
	return start, err
}

func TestAStartWaitsForAProjectionThatIsFarBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := story(t)
		p := newPast(log)
		opened := make(chan *commands.Recorder)
		go func() { opened <- open(t, commands.Config{Log: log, Past: p}, commands.Tail(3)) }()
		synctest.Wait()
		select {
		case <-opened:
			t.Fatal("the start did not wait")
		default:
		}
		if err := p.project(9); err != nil {
			t.Fatal(err)
		}
		if at := (<-opened).Position(); at != 12 {
			t.Errorf("the recorder stands at %d", at)
		}
	})
}

// TestAProjectionThatIsBehindIsSaidToBe: what was dropped cannot be recalled from
// a projection that has since been made anew and is not there yet.
func TestAProjectionThatIsBehindIsSaidToBe(t *testing.T) {
	t.Parallel()
	log := story(t)
	old, renewed := newPast(log), newPast(log)
	old.eager = true
	p := &switching{past: old}
	recorder := run(t, open(t, commands.Config{Log: log, Past: p}, commands.Generation(0)))
	submit(t, recorder, pay("x3", "1.00")) // the head of L1 is in memory
	recorder.Forget(13)
	p.to(renewed)
	refund := item("r2", "disbursement.refunded", "L1", `{"payment":"x3","amount":"1.00","date":"2023-06-01","reason":"退"}`)
	_, err := recorder.Submit(t.Context(), commands.Submission{By: root, Items: []commands.Item{refund}})
	if !errors.Is(err, commands.ErrPastBehind) {
		t.Errorf("got %v; want %v", err, commands.ErrPastBehind)
	}
	if err := renewed.project(13); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, submit(t, recorder, refund), commands.Accepted)
}

type switching struct {
	mu sync.Mutex
	*past
}

func (s *switching) to(p *past) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = p
}

func (s *switching) Recall(ctx context.Context, w projections.Wanted) (projections.Recalled, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.past.Recall(ctx, w)
}

func TestAStalledProjectionBoundsWhatIsTaken(t *testing.T) {
	t.Parallel()
	log := story(t)
	p := newPast(log)
	if err := p.project(12); err != nil {
		t.Fatal(err)
	}
	recorder := run(t, open(t, commands.Config{Log: log, Past: p}, commands.Unprojected(2), commands.Follow(time.Hour)))
	submit(t, recorder, pay("y1", "0.01"), pay("y2", "0.01"), pay("y3", "0.01"))
	_, err := recorder.Submit(t.Context(), commands.Submission{By: root, Items: []commands.Item{pay("y4", "0.01")}})
	if !errors.Is(err, commands.ErrPastBehind) {
		t.Errorf("got %v; want %v", err, commands.ErrPastBehind)
	}
	recorder.Forget(15)
	wantStatus(t, submit(t, recorder, pay("y4", "0.01")), commands.Accepted)
}

// TestTwoForgetfulServersDecideAsOneThatKnowsAll submits the same events to a
// recorder that keeps everything, and by turns to two that share a log and forget
// everything every now and then. The answers are the same.
func TestTwoForgetfulServersDecideAsOneThatKnowsAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		whole, shared := eventlog.NewMemory(), eventlog.NewMemory()
		p := newPast(shared)
		model := start(rt, whole)
		forgetful := []*commands.Recorder{}
		for range 2 {
			forgetful = append(forgetful, run(rt, open(rt, commands.Config{Log: shared, Past: p}, commands.Generation(0), commands.Follow(time.Hour))))
		}
		for _, one := range append(registers("30.00"),
			item("l2", "line.opened", "L2", `{"year":2023,"unit":"U1","project":"P1","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}`),
			item("b2", "budget.allocated", "L2", `{"amount":"10.00","date":"2023-01-01","document":"B-2"}`)) {
			submit(rt, model, one)
			submit(rt, forgetful[0], one)
		}
		for range rapid.IntRange(10, 40).Draw(rt, "steps") {
			items := rapid.SliceOfN(rapid.Custom(drawItem), 1, 4).Draw(rt, "items")
			want := submit(rt, model, items...)
			last, _ := shared.Last(context.Background())
			if rapid.Bool().Draw(rt, "project") {
				if err := p.project(last); err != nil {
					rt.Fatal(err)
				}
			}
			server := forgetful[rapid.IntRange(0, 1).Draw(rt, "server")]
			if at, _, _ := p.Position(context.Background()); rapid.Bool().Draw(rt, "forget") {
				server.Forget(at)
			}
			got := insist(rt, p, server, items)
			if diff := cmp.Diff(answers(want), answers(got)); diff != "" {
				rt.Fatalf("%d events are answered otherwise (-all in memory +forgetful):\n%s", len(items), diff)
			}
		}
		if diff := cmp.Diff(verifyChain(rt, whole).books.Changes(), verifyChain(rt, shared).books.Changes()); diff != "" {
			rt.Fatalf("the books differ:\n%s", diff)
		}
	})
}

// insist submits, and lets the projection come up when it has to.
func insist(t *rapid.T, p *past, server *commands.Recorder, items []commands.Item) []commands.Result {
	for {
		got, err := server.Submit(context.Background(), commands.Submission{By: root, Items: items})
		if err == nil {
			return got
		}
		last, _ := p.log.Last(context.Background())
		at, _, _ := p.Position(context.Background())
		if !errors.Is(err, commands.ErrPastBehind) || at == last {
			t.Fatalf("projection at %d of %d: %v", at, last, err)
		}
		if err := p.project(last); err != nil {
			t.Fatal(err)
		}
	}
}

type verdict struct {
	Status   commands.Status
	Sequence uint64
	Reason   events.Reason
}

func answers(results []commands.Result) []verdict {
	all := make([]verdict, len(results))
	for i, result := range results {
		all[i] = verdict{result.Status, result.Sequence, ""}
		if result.Refusal != nil {
			all[i].Reason = result.Refusal.Reason
		}
	}
	return all
}

// drawItem draws an event that refers to few others, so that it often fits.
func drawItem(t *rapid.T) commands.Item {
	n := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
	line, amount := fmt.Sprint("L", n("line", 2)), money.Amount(100*n("yuan", 5)).String()
	payment, commitment := fmt.Sprint("x", n("payment", 12)), fmt.Sprint("C", n("commitment", 4))
	id, date := fmt.Sprint("e", n("id", 400)), fiscal.Date{Year: 2023, Month: time.Month(n("month", 12)), Day: 1}
	switch n("kind", 7) {
	case 1:
		return payOn(line, payment, amount)
	case 2:
		return item(id, "disbursement.refunded", line, fmt.Sprintf(`{"payment":%q,"amount":%q,"date":%q,"reason":"退"}`, payment, amount, date))
	case 3:
		to := map[string]string{"L1": "L2", "L2": "L1"}[line]
		return item(id, "disbursement.corrected", line, fmt.Sprintf(`{"payment":%q,"to_line":%q,"date":%q,"reason":"更正"}`, payment, to, date))
	case 4:
		return item(id, "commitment.made", line, fmt.Sprintf(`{"commitment":%q,"amount":%q,"date":%q}`, commitment, amount, date))
	case 5:
		return item(id, "commitment.changed", line, fmt.Sprintf(`{"commitment":%q,"amount":%q,"date":%q}`, commitment, amount, date))
	case 6:
		return item(id, "disbursement.paid", line, fmt.Sprintf(`{"amount":%q,"date":%q,"document":"D","commitment":%q}`, amount, date, commitment))
	}
	return item(id, "indicator.scored", "P1", `{"about":"project","year":2023,"indicator":"i1","date":"2024-01-10","score":"9"}`)
}
