package commands_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/commands"
)

// payments makes n payments of one fen.
func payments(prefix string, n int) []commands.Item {
	items := make([]commands.Item, n)
	for i := range items {
		items[i] = pay(fmt.Sprintf("%s%d", prefix, i), "0.01")
	}
	return items
}

// refunds gives the payments of a prefix back.
func refunds(prefix string, n int) []commands.Item {
	items := make([]commands.Item, n)
	for i := range items {
		items[i] = item(fmt.Sprintf("r%s%d", prefix, i), "disbursement.refunded", "L1",
			fmt.Sprintf(`{"payment":"%s%d","amount":"0.01","date":"2023-06-01","reason":"退"}`, prefix, i))
	}
	return items
}

// gated is a log whose appends wait for their turn, and tells what it was asked.
type gated struct {
	eventlog.Log
	entered chan int      // how many records an append has
	release chan struct{} // one for each append
	staged  *atomic.Int64 // records that were sent ahead
}

func newGated() gated {
	return gated{eventlog.NewMemory(), make(chan int), make(chan struct{}), new(atomic.Int64)}
}

func (g gated) wait(records int) {
	g.entered <- records
	<-g.release
}

func (g gated) Append(ctx context.Context, after uint64, records []eventlog.Record) error {
	g.wait(len(records))
	return g.Log.Append(ctx, after, records)
}

func (g gated) AppendEach(ctx context.Context, after uint64, records []eventlog.Record) (int, error) {
	g.wait(len(records))
	return g.Log.AppendEach(ctx, after, records)
}

func (g gated) Stage(after uint64) eventlog.Staged {
	return &gatedStaged{Staged: g.Log.Stage(after), log: g}
}

type gatedStaged struct {
	eventlog.Staged
	log     gated
	records int
}

func (s *gatedStaged) Add(ctx context.Context, records []eventlog.Record) error {
	s.records += len(records)
	s.log.staged.Add(int64(len(records)))
	return s.Staged.Add(ctx, records)
}

func (s *gatedStaged) Commit(ctx context.Context) error {
	s.log.wait(s.records)
	return s.Staged.Commit(ctx)
}

// pass lets one append through, and says how many records it has.
func (g gated) pass() int {
	n := <-g.entered
	g.release <- struct{}{}
	return n
}

// TestBatchesAreSentAheadAndCommittedInTurn: while the first batch is being
// committed, the two that follow are decided and sent; nothing is lost of what
// is decided on top of others.
func TestBatchesAreSentAheadAndCommittedInTurn(t *testing.T) {
	t.Parallel()
	log := newGated()
	recorder := start(t, log)
	var clients sync.WaitGroup
	clients.Go(func() { submit(t, recorder, registers("1000000.00")...) })
	first := <-log.entered
	for i := range 4 {
		clients.Go(func() {
			for _, result := range submit(t, recorder, payments(fmt.Sprint("c", i, "-"), commands.MaxPart)...) {
				if result.Status != commands.Accepted {
					t.Errorf("got %s (%v)", result.Status, result.Refusal)
				}
			}
		})
	}
	for log.staged.Load() < 2*eventlog.MaxBatch { // one sealed, one open
		runtime.Gosched()
	}
	log.release <- struct{}{}
	if first != 4 {
		t.Errorf("the first append has %d records", first)
	}
	for range 2 {
		if n := log.pass(); n != eventlog.MaxBatch {
			t.Errorf("a batch has %d records; want it full", n)
		}
	}
	clients.Wait()
	wantLast(t, log, 4+4*commands.MaxPart)
	verifyChain(t, log)
}

// TestALongSubmissionLetsOthersHaveTheirTurn: a single event that comes while a
// long submission is under way stands in the log behind few of its parts.
func TestALongSubmissionLetsOthersHaveTheirTurn(t *testing.T) {
	t.Parallel()
	log := newGated()
	recorder := start(t, log)
	var clients sync.WaitGroup
	clients.Go(func() { submit(t, recorder, registers("1000000.00")...) })
	log.pass()
	clients.Wait()
	const parts, few = 20, 8 // it should be two; the goroutine may be late
	clients.Go(func() { submit(t, recorder, payments("long", parts*commands.MaxPart)...) })
	<-log.entered // the first part is being appended
	clients.Go(func() {
		if at := submit(t, recorder, pay("single", "0.01"))[0].Sequence; at > few*commands.MaxPart {
			t.Errorf("the single event is number %d in the log", at)
		}
	})
	for recorder.Waiting() < 2 {
		runtime.Gosched()
	}
	log.release <- struct{}{}
	done := make(chan struct{})
	go func() { clients.Wait(); close(done) }()
	for waiting := true; waiting; {
		select {
		case <-done:
			waiting = false
		case <-log.entered:
			log.release <- struct{}{}
		}
	}
	wantLast(t, log, 4+1+parts*commands.MaxPart)
}

// TestALongDryRunLetsOthersHaveTheirTurn: it is decided in parts, too.
func TestALongDryRunLetsOthersHaveTheirTurn(t *testing.T) {
	t.Parallel()
	log := eventlog.NewMemory()
	recorder := start(t, log)
	submit(t, recorder, registers("1000000.00")...)
	var clients sync.WaitGroup
	clients.Go(func() {
		results, err := recorder.Submit(context.Background(), commands.Submission{By: root, Items: payments("dry", 20*commands.MaxPart), DryRun: true})
		if err != nil || len(results) != 20*commands.MaxPart || results[len(results)-1].Status != commands.Accepted {
			t.Errorf("the dry run: %v", err)
		}
	})
	for i := range 100 {
		wantStatus(t, submit(t, recorder, pay(fmt.Sprint("x", i), "0.01")), commands.Accepted)
	}
	clients.Wait()
	wantLast(t, log, 104)
}

// unsteady is a log whose appends go wrong at random.
type unsteady struct {
	eventlog.Log
	mu     *sync.Mutex
	random *rand.Rand
}

// try does an append, or not, and tells the truth about it, or nothing.
func (u unsteady) try(do func() error) error {
	u.mu.Lock()
	fate, pause := u.random.IntN(20), u.random.IntN(200)
	u.mu.Unlock()
	for range pause {
		runtime.Gosched()
	}
	switch fate {
	case 0:
		return eventlog.ErrConflict
	case 1:
		return eventlog.ErrUncertain
	case 2:
		return errors.Join(eventlog.ErrUncertain, do())
	case 3:
		return eventlog.ErrUnavailable
	}
	return do()
}

func (u unsteady) Append(ctx context.Context, after uint64, records []eventlog.Record) error {
	return u.try(func() error { return u.Log.Append(ctx, after, records) })
}

func (u unsteady) AppendEach(ctx context.Context, after uint64, records []eventlog.Record) (int, error) {
	for i := range records {
		if err := u.Append(ctx, after+uint64(i), records[i:i+1]); err != nil {
			return i, err
		}
	}
	return len(records), nil
}

func (u unsteady) Stage(after uint64) eventlog.Staged {
	return unsteadyStaged{u.Log.Stage(after), u}
}

type unsteadyStaged struct {
	eventlog.Staged
	log unsteady
}

func (s unsteadyStaged) Commit(ctx context.Context) error {
	return s.log.try(func() error { return s.Staged.Commit(ctx) })
}

// TestAnUnsteadyLogLosesAndDoublesNothing: two servers and many clients, long and
// short, on a log that fails at every turn. Everybody tries again until there is
// an answer. In the end each event is in the log once, and where its answer said.
func TestAnUnsteadyLogLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		memory := eventlog.NewMemory()
		submit(rt, start(rt, memory), registers("1000000.00")...)
		log := unsteady{memory, &sync.Mutex{}, rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))}
		p := newPast(memory)
		p.eager = true
		servers := []*commands.Recorder{
			run(rt, open(rt, commands.Config{Log: log})),
			run(rt, open(rt, commands.Config{Log: log, Past: p},
				commands.Generation(rapid.IntRange(0, 50).Draw(rt, "generation")), commands.Follow(time.Millisecond))),
		}
		var clients sync.WaitGroup
		var wrong atomic.Pointer[string]
		sizes := []int{300, 120, 30, 16, 5, 2, 1, 1, 1, 1, 1, 1}
		total := 0
		for i, size := range sizes {
			total += 2 * size
			clients.Go(func() {
				prefix := fmt.Sprint("c", i, "-")
				problem := persist(servers[i%2], memory, payments(prefix, size))
				if problem == "" { // and back at the other server
					problem = persist(servers[(i+1)%2], memory, refunds(prefix, size))
				}
				if problem != "" {
					wrong.Store(&problem)
				}
			})
		}
		clients.Wait()
		if problem := wrong.Load(); problem != nil {
			rt.Fatal(*problem)
		}
		wantLast(rt, memory, uint64(4+total))
		verifyChain(rt, memory)
		if sums := lineOf(rt, memory).Sums; sums[budget.Executed] != sums[budget.Refunded] {
			rt.Fatalf("%s was paid and %s came back", sums[budget.Executed], sums[budget.Refunded])
		}
	})
}

// persist submits until there is an answer, and compares it with the log.
func persist(server *commands.Recorder, log eventlog.Log, items []commands.Item) (problem string) {
	for {
		results, err := server.Submit(context.Background(), commands.Submission{By: root, Items: items})
		if err != nil {
			continue
		}
		for i, result := range results {
			record, err := log.At(context.Background(), result.Sequence)
			if err != nil || result.Status != commands.Accepted && result.Status != commands.Duplicate {
				return fmt.Sprintf("%s is %s (%v), %v", items[i].Event.ID, result.Status, result.Refusal, err)
			}
			if event, err := events.Decode(record.Body); err != nil || event.ID != items[i].Event.ID {
				return fmt.Sprintf("%s is said to be event %d, which is %s, %v", items[i].Event.ID, result.Sequence, event.ID, err)
			}
		}
		return ""
	}
}
