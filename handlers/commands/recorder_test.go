package commands_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/commands"
)

// root may do everything.
var root = access.Principal{Name: "tester", Root: true}

// TestMain lets nothing go on but the process of the tests' Postgres.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/outturn/outturn/deploy/local.(*process).run"),
		goleak.IgnoreAnyFunction("os/exec.(*Cmd).writerDescriptor.func1"))
}

// tester is a *testing.T, a *testing.B or a *rapid.T.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Cleanup(func())
	Context() context.Context
}

// item builds an event as a client sends it.
func item(id, noun, subject, data string) commands.Item {
	event, err := events.Parse(fmt.Appendf(nil,
		`{"specversion":"1.0","id":%q,"source":"/test","type":"outturn.%s.v1","subject":%q,"data":%s}`, id, noun, subject, data))
	if refusal := events.AsRefusal(err); refusal != nil {
		return commands.Item{Refusal: refusal}
	}
	return commands.Item{Event: event}
}

func pay(id, amount string) commands.Item {
	return item(id, "disbursement.paid", "L1", `{"amount":"`+amount+`","date":"2023-05-01","document":"D-1"}`)
}

// registers opens line L1 with a budget.
func registers(amount string) []commands.Item {
	return []commands.Item{
		item("u", "unit.registered", "U1", `{"name":"局"}`),
		item("p", "project.registered", "P1", `{"unit":"U1","year":2023,"name":"项目","kind":"project"}`),
		item("l", "line.opened", "L1", `{"year":2023,"unit":"U1","project":"P1","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}`),
		item("b", "budget.allocated", "L1", `{"amount":"`+amount+`","date":"2023-01-01","document":"B-1"}`),
	}
}

// start runs a recorder over a log until the test ends.
func start(t tester, log commands.Log) *commands.Recorder {
	t.Helper()
	recorder, err := commands.Open(t.Context(), commands.Config{Log: log, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return run(t, recorder)
}

// open opens a recorder with other limits.
func open(t tester, config commands.Config, small ...commands.Limit) *commands.Recorder {
	t.Helper()
	config.Logger = slog.New(slog.DiscardHandler)
	recorder, err := commands.OpenLimited(t.Context(), config, small...)
	if err != nil {
		t.Fatal(err)
	}
	return recorder
}

// run runs a recorder until the test ends.
func run(t tester, recorder *commands.Recorder) *commands.Recorder {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = recorder.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return recorder
}

func submit(t tester, r *commands.Recorder, items ...commands.Item) []commands.Result {
	t.Helper()
	results, err := r.Submit(context.Background(), commands.Submission{By: root, Items: items})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func wantStatus(t tester, results []commands.Result, want ...commands.Status) {
	t.Helper()
	for i, result := range results {
		if result.Status != want[i] {
			t.Fatalf("item %d is %s (%v); want %s", i, result.Status, result.Refusal, want[i])
		}
	}
}

func wantLast(t tester, log eventlog.Log, want uint64) {
	t.Helper()
	if last, err := log.Last(context.Background()); err != nil || last != want {
		t.Fatalf("the log ends at %d (%v); want %d", last, err, want)
	}
}

func TestAcceptedEventsStandInTheLogWithTheirStamp(t *testing.T) {
	log := eventlog.NewMemory()
	recorder := start(t, log)
	results := submit(t, recorder, append(registers("100.00"), pay("x1", "40.00"))...)
	wantStatus(t, results, commands.Accepted, commands.Accepted, commands.Accepted, commands.Accepted, commands.Accepted)
	if figures, _ := results[4].Line.Sums.Figures(); figures.Available != 60*money.Yuan {
		t.Errorf("60.00 is available after the payment, not %s", figures.Available)
	}
	var before events.Hash
	for sequence := uint64(3); sequence <= 5; sequence++ {
		record, err := log.At(context.Background(), sequence)
		if err != nil {
			t.Fatal(err)
		}
		event, err := events.Decode(record.Body)
		if err != nil {
			t.Fatal(err)
		}
		if event.Sequence != sequence || event.Actor != "tester" || event.PrevHash != before || record.Subject != "line.L1" {
			t.Errorf("event %d is stamped %+v on %s; its predecessor hashes to %s", sequence, event.Stamp, record.Subject, before)
		}
		before = event.Hash()
	}
}

func TestARepeatGetsTheFirstAnswer(t *testing.T) {
	log := eventlog.NewMemory()
	recorder := start(t, log)
	submit(t, recorder, registers("100.00")...)
	first := submit(t, recorder, pay("x1", "40.00"))[0]

	again := submit(t, recorder, pay("x1", "40.00"))[0]
	if again.Status != commands.Duplicate || again.Sequence != first.Sequence {
		t.Errorf("the repeat got %+v; want a duplicate of %d", again, first.Sequence)
	}
	other := submit(t, recorder, pay("x1", "41.00"))[0]
	if other.Status != commands.Rejected || other.Refusal.Code != events.CodeIDReused {
		t.Errorf("other content under the same id got %+v", other)
	}
	twins := submit(t, recorder, pay("x2", "1.00"), pay("x2", "1.00"), pay("x2", "2.00"))
	wantStatus(t, twins, commands.Accepted, commands.Duplicate, commands.Rejected)
	wantLast(t, log, 6)
}

func TestWhatIsRefusedIsNotAppended(t *testing.T) {
	log := eventlog.NewMemory()
	recorder := start(t, log)
	submit(t, recorder, registers("100.00")...)
	results := submit(t, recorder, pay("x1", "100.01"), pay("x2", "100.00"), pay("x3", "0.01"), pay("x4", "-1"))
	wantStatus(t, results, commands.Rejected, commands.Accepted, commands.Rejected, commands.Rejected)
	if code := results[0].Refusal.Code; code != events.CodeInsufficientFunds {
		t.Errorf("overspending is refused as %s", code)
	}
	wantLast(t, log, 5)
}

func TestAllOrNothing(t *testing.T) {
	log := eventlog.NewMemory()
	recorder := start(t, log)
	submit(t, recorder, registers("100.00")...)
	send := func(mode commands.Mode, items ...commands.Item) []commands.Result {
		results, err := recorder.Submit(context.Background(), commands.Submission{By: root, Items: items, Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		return results
	}
	wantStatus(t, send(commands.AllOrNothing, pay("a1", "60.00"), pay("a2", "60.00")), commands.Withheld, commands.Rejected)
	wantLast(t, log, 4)
	wantStatus(t, send(commands.AllOrNothing, pay("a1", "60.00"), pay("a2", "40.00")), commands.Accepted, commands.Accepted)
	wantLast(t, log, 6)
}

func TestADryRunRecordsNothing(t *testing.T) {
	log := eventlog.NewMemory()
	recorder := start(t, log)
	submit(t, recorder, registers("100.00")...)
	for range 2 {
		results, err := recorder.Submit(context.Background(), commands.Submission{
			By:    root,
			Items: []commands.Item{pay("x1", "60.00"), pay("x2", "60.00")}, DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		wantStatus(t, results, commands.Accepted, commands.Rejected)
		if results[0].Sequence != 0 {
			t.Error("a dry run promises no sequence")
		}
	}
	wantLast(t, log, 4)
}

func TestGoalsAreHeldToTheirRules(t *testing.T) {
	log := eventlog.NewMemory()
	recorder := start(t, log)
	submit(t, recorder, registers("100.00")...)
	score := func(id, points string) commands.Item {
		return item(id, "indicator.scored", "P1", `{"about":"project","year":2023,"indicator":"i1","date":"2024-01-10","score":"`+points+`"}`)
	}
	set := item("s", "indicator.set", "P1", `{"about":"project","year":2023,"indicator":"i1","level1":"产出指标","level2":"数量指标","level3":"人次","operator":"≥","target":"100","weight":"10","date":"2023-01-10"}`)
	results := submit(t, recorder, score("g0", "5"), set, score("g1", "10.5"), score("g2", "10"))
	wantStatus(t, results, commands.Rejected, commands.Accepted, commands.Rejected, commands.Accepted)
	if results[0].Refusal.Code != events.CodeUnknownIndicator || results[2].Refusal.Reason != events.ReasonScoreAboveWeight {
		t.Errorf("refused as %v and %v", results[0].Refusal, results[2].Refusal)
	}
	wantStatus(t, submit(t, start(t, log), score("g3", "10.5"), score("g4", "9")), commands.Rejected, commands.Accepted)
}

func TestALongDryRunSeesItsOwnBeginning(t *testing.T) {
	recorder := start(t, eventlog.NewMemory())
	items := registers("100000.00")
	for i := range 1100 {
		items = append(items, pay(fmt.Sprint("x", i), "1.00"))
	}
	results, err := recorder.Submit(context.Background(), commands.Submission{By: root, Items: items, DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if result.Status != commands.Accepted {
			t.Fatalf("item %d is %s: %v", i, result.Status, result.Refusal)
		}
	}
}

func TestLimitsOfASubmission(t *testing.T) {
	log := eventlog.NewMemory()
	recorder := start(t, log)
	submit(t, recorder, registers("100000.00")...)
	payments := func(prefix string, n int) []commands.Item {
		items := make([]commands.Item, n)
		for i := range items {
			items[i] = pay(fmt.Sprintf("%s%d", prefix, i), "1.00")
		}
		return items
	}
	ctx := context.Background()
	if _, err := recorder.Submit(ctx, commands.Submission{By: root, Items: payments("a", commands.MaxAtomic+1), Mode: commands.AllOrNothing}); !errors.Is(err, commands.ErrTooMany) {
		t.Errorf("%d events all or nothing: %v; want %v", commands.MaxAtomic+1, err, commands.ErrTooMany)
	}
	wantLast(t, log, 4)
	if _, err := recorder.Submit(ctx, commands.Submission{By: root, Items: payments("b", commands.MaxAtomic), Mode: commands.AllOrNothing}); err != nil {
		t.Errorf("%d events all or nothing: %v", commands.MaxAtomic, err)
	}
	submit(t, recorder, payments("c", 2500)...)
	wantLast(t, log, 4+1000+2500)
}

func TestARestartKnowsEverything(t *testing.T) {
	log := eventlog.NewMemory()
	submit(t, start(t, log), append(registers("100.00"), pay("x1", "40.00"))...)
	again := start(t, log)
	wantStatus(t, submit(t, again, pay("x1", "40.00"), pay("x2", "60.01"), pay("x3", "60.00")),
		commands.Duplicate, commands.Rejected, commands.Accepted)
	third := start(t, log) // reads the chain of both
	if third.Position() != 6 {
		t.Errorf("the third one stands at %d; want 6", third.Position())
	}
}

func TestASecondServerDecidesOnTheLogsEnd(t *testing.T) {
	log := eventlog.NewMemory()
	one, other := start(t, log), start(t, log)
	submit(t, one, registers("100.00")...)
	// The other one has seen nothing of this yet: neither its refusal nor its
	// acceptance may rest on that.
	wantStatus(t, submit(t, other, pay("x1", "100.01")), commands.Rejected)
	if got := submit(t, other, pay("x2", "100.01"))[0].Refusal.Code; got != events.CodeInsufficientFunds {
		t.Errorf("refused as %s; the line is there", got)
	}
	wantStatus(t, submit(t, other, pay("x3", "60.00")), commands.Accepted)
	wantStatus(t, submit(t, one, pay("x3", "60.00"), pay("x4", "60.00")), commands.Duplicate, commands.Rejected)
}

// TestManyClientsOnTwoServersSpendExactlyTheBudget: whatever the schedule, no fen
// is overspent, and none is left when more was asked for in equal parts.
func TestManyClientsOnTwoServersSpendExactlyTheBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		log := eventlog.NewMemory()
		servers := []*commands.Recorder{start(rt, log), start(rt, log)}
		part, parts := rapid.IntRange(1, 300).Draw(rt, "fen"), rapid.IntRange(5, 20).Draw(rt, "parts")
		budgeted, atLeast := part*parts, part*parts
		submit(rt, servers[0], registers(money.Amount(budgeted).String())...)
		amounts := slices.Repeat([]int{part}, parts+rapid.IntRange(1, 10).Draw(rt, "too many"))
		if equal := rapid.Bool().Draw(rt, "equal"); !equal {
			amounts = rapid.SliceOfN(rapid.IntRange(1, budgeted), 8, 24).Draw(rt, "amounts")
			atLeast = 0
		}
		wantSpent(rt, log, scramble(servers, amounts), budgeted, atLeast)
	})
}

// scramble has a client for each amount pay it, and again by the other server as
// if the answer had been lost. It returns the sum of what was accepted.
func scramble(servers []*commands.Recorder, amounts []int) int {
	var spent atomic.Int64
	var clients sync.WaitGroup
	for i, fen := range amounts {
		clients.Go(func() {
			for _, server := range []*commands.Recorder{servers[i%2], servers[(i+1)%2]} {
				results, err := server.Submit(context.Background(), commands.Submission{By: root, Items: []commands.Item{pay(fmt.Sprint("x", i), money.Amount(fen).String())}})
				if err == nil && results[0].Status == commands.Accepted {
					spent.Add(int64(fen))
				}
			}
		})
	}
	clients.Wait()
	return int(spent.Load())
}

// wantSpent checks that the log holds what was accepted, at most the budget and
// at least so much.
func wantSpent(t tester, log eventlog.Log, accepted, budgeted, atLeast int) {
	verifyChain(t, log)
	executed := int(lineOf(t, log).Sums[budget.Executed])
	if executed != accepted || executed > budgeted || executed < atLeast {
		t.Fatalf("%d fen were accepted and %d recorded, of a budget of %d; at least %d fit", accepted, executed, budgeted, atLeast)
	}
}

// TestManyClientsOnTwoServersOverARealLog is the same on JetStream.
func TestManyClientsOnTwoServersOverARealLog(t *testing.T) {
	t.Parallel()
	log, _ := onDisk(t)
	servers := []*commands.Recorder{start(t, log), start(t, log)}
	const part, parts = 7, 300
	submit(t, servers[0], registers(money.Amount(part*parts).String())...)
	amounts := slices.Repeat([]int{part}, parts+100)
	wantSpent(t, log, scramble(servers, amounts), part*parts, part*parts)
}

// lineOf folds the log anew and returns L1.
func lineOf(t tester, log eventlog.Log) budget.Line {
	books := budget.NewBooks()
	last, err := log.Last(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	err = log.Read(context.Background(), 1, last, func(records []eventlog.Record) error {
		for _, record := range records {
			event, err := events.Decode(record.Body)
			if err != nil {
				return err
			}
			if _, err := budget.Evolve(books, event); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	line, _ := books.Line("L1")
	return line
}

// faulty is a log whose next appends go wrong as told.
type faulty struct {
	eventlog.Log
	appends chan func(append func() error) error
}

func (f faulty) Append(ctx context.Context, after uint64, records []eventlog.Record) error {
	plain := func() error { return f.Log.Append(ctx, after, records) }
	select {
	case fault := <-f.appends:
		return fault(plain)
	default:
		return plain()
	}
}

func (f faulty) AppendEach(ctx context.Context, after uint64, records []eventlog.Record) (int, error) {
	for i := range records {
		if err := f.Append(ctx, after+uint64(i), records[i:i+1]); err != nil {
			return i, err
		}
	}
	return len(records), nil
}

// Stage goes through Append, and so through its faults.
func (f faulty) Stage(after uint64) eventlog.Staged { return &faultyStaged{log: f, after: after} }

type faultyStaged struct {
	log     faulty
	after   uint64
	records []eventlog.Record
}

func (s *faultyStaged) Add(_ context.Context, records []eventlog.Record) error {
	s.records = append(s.records, records...)
	return nil
}

func (s *faultyStaged) Commit(ctx context.Context) error {
	return s.log.Append(ctx, s.after, s.records)
}

func (s *faultyStaged) Discard() {}

// TestAPrefixThatWasAppendedIsNotRecordedTwice: of four events appended one by
// one the second meets a conflict; the first is in the log by then.
func TestAPrefixThatWasAppendedIsNotRecordedTwice(t *testing.T) {
	log := faulty{eventlog.NewMemory(), make(chan func(func() error) error, 2)}
	recorder := start(t, log)
	log.appends <- func(do func() error) error { return do() }
	log.appends <- func(func() error) error { return eventlog.ErrConflict }
	wantStatus(t, submit(t, recorder, registers("100.00")...), commands.Accepted, commands.Accepted, commands.Accepted, commands.Accepted)
	wantLast(t, log, 4)
}

func TestALostAnswerIsFoundOut(t *testing.T) {
	for name, fault := range map[string]func(func() error) error{
		"appended, answer lost": func(do func() error) error { return errors.Join(do(), eventlog.ErrUncertain) },
		"lost before appending": func(func() error) error { return eventlog.ErrUncertain },
	} {
		t.Run(name, func(t *testing.T) {
			log := faulty{eventlog.NewMemory(), make(chan func(func() error) error, 1)}
			recorder := start(t, log)
			submit(t, recorder, registers("100.00")...)
			log.appends <- fault
			if got := submit(t, recorder, pay("x1", "40.00"))[0]; got.Status != commands.Accepted || got.Sequence != 5 {
				t.Errorf("the payment got %+v; want accepted as 5", got)
			}
			wantStatus(t, submit(t, recorder, pay("x1", "40.00")), commands.Duplicate)
			wantLast(t, log, 5)
		})
	}
}

func TestAnUnreachableLogIsSaidToBe(t *testing.T) {
	log := faulty{eventlog.NewMemory(), make(chan func(func() error) error, 1)}
	recorder := start(t, log)
	log.appends <- func(func() error) error { return eventlog.ErrUnavailable }
	_, err := recorder.Submit(context.Background(), commands.Submission{By: root, Items: registers("1.00")})
	if !errors.Is(err, commands.ErrLogUnavailable) {
		t.Errorf("got %v; want %v", err, commands.ErrLogUnavailable)
	}
	wantStatus(t, submit(t, recorder, registers("1.00")...), commands.Accepted, commands.Accepted, commands.Accepted, commands.Accepted)
}

func TestEndlessConflictsEnd(t *testing.T) {
	log := faulty{eventlog.NewMemory(), make(chan func(func() error) error, commands.MaxAttempts)}
	recorder := start(t, log)
	for range commands.MaxAttempts {
		log.appends <- func(func() error) error { return eventlog.ErrConflict }
	}
	if _, err := recorder.Submit(context.Background(), commands.Submission{By: root, Items: registers("1.00")}); !errors.Is(err, commands.ErrConflict) {
		t.Errorf("got %v; want %v", err, commands.ErrConflict)
	}
	wantLast(t, log, 0)
}

func TestTooManyWaitingAreTurnedAway(t *testing.T) {
	log := faulty{eventlog.NewMemory(), make(chan func(func() error) error, 1)}
	recorder := start(t, log)
	entered, release := make(chan struct{}), make(chan struct{})
	log.appends <- func(do func() error) error { close(entered); <-release; return do() }
	var waiting sync.WaitGroup
	waiting.Go(func() { submit(t, recorder, registers("1.00")...) })
	<-entered
	var overloaded atomic.Int64
	turnedAway := make(chan struct{})
	for range commands.MaxWaiting { // with the one that is being appended one too many
		waiting.Go(func() {
			_, err := recorder.Submit(context.Background(), commands.Submission{By: root, Items: []commands.Item{pay("x", "0.01")}})
			if errors.Is(err, commands.ErrOverloaded) && overloaded.Add(1) == 1 {
				close(turnedAway)
			}
		})
	}
	<-turnedAway
	close(release)
	waiting.Wait()
	if got := overloaded.Load(); got != 1 {
		t.Errorf("%d were turned away; exactly one is over the limit", got)
	}
}

func TestTimeInTheLogNeverRunsBackwards(t *testing.T) {
	log := eventlog.NewMemory()
	times := []time.Time{time.Unix(2000, 0), time.Unix(1000, 0)}
	var calls atomic.Int64
	recorder, err := commands.Open(t.Context(), commands.Config{Log: log, Now: func() time.Time {
		return times[min(int(calls.Add(1))-1, 1)]
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = recorder.Run(ctx) }()
	defer func() { cancel(); <-done }()
	submit(t, recorder, registers("1.00")[0])
	submit(t, recorder, registers("1.00")[1])
	for sequence := uint64(1); sequence <= 2; sequence++ {
		record, _ := log.At(ctx, sequence)
		if event, err := events.Decode(record.Body); err != nil || !event.RecordedTime.Equal(times[0]) {
			t.Errorf("event %d is recorded at %s, %v; want %s", sequence, event.RecordedTime, err, times[0])
		}
	}
}

func TestAnUnreadableLogStopsTheStart(t *testing.T) {
	log := eventlog.NewMemory()
	record := []eventlog.Record{{Subject: "line.L1", Key: "k", Body: []byte(`{"type":"outturn.moon.landed.v9","sequence":"1","prevhash":"` + events.Hash{}.String() + `","recordedtime":"2023-01-01T00:00:00Z","data":{}}`)}}
	if err := log.Append(t.Context(), 0, record); err != nil {
		t.Fatal(err)
	}
	if _, err := commands.Open(t.Context(), commands.Config{Log: log}); !errors.Is(err, events.ErrBroken) {
		t.Errorf("got %v; want %v", err, events.ErrBroken)
	}
}

func TestAfterTheStopNothingIsTaken(t *testing.T) {
	recorder, err := commands.Open(t.Context(), commands.Config{Log: eventlog.NewMemory()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := recorder.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
	if _, err := recorder.Submit(t.Context(), commands.Submission{By: root, Items: registers("1.00")}); !errors.Is(err, commands.ErrStopped) {
		t.Errorf("got %v; want %v", err, commands.ErrStopped)
	}
	if recorder.Stopped() == nil {
		t.Error("a stopped recorder says why")
	}
}
