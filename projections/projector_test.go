package projections_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// payingLedger is a ledger with a number of payments on a few lines, in batches.
func payingLedger(t failer, count int) *ledger {
	t.Helper()
	l := registered(t)
	l.pay(t, count)
	return l
}

// pay records payments of one fen, in batches of up to 50.
func (l *ledger) pay(t failer, count int) {
	t.Helper()
	for count > 0 {
		size := min(count, 50)
		batch := make([]events.Event, size)
		for i := range batch {
			n := len(l.events) + i
			batch[i] = parse(t, fmt.Sprintf("E%d", n+1), "disbursement.paid", randomLines[n%3],
				object{"amount": "0.01", "date": fmt.Sprintf("2023-%02d-%02d", n%12+1, n%28+1), "document": "凭1"})
		}
		l.appendAll(t, batch...)
		count -= size
	}
}

// stopped waits for a projector to stop by itself.
func stopped(t *testing.T, store *projections.Store, log projections.Log) (*projections.Projector, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p := projections.NewProjector(store, log, projections.ProjectorOptions{Logger: quiet})
	return p, p.Run(ctx)
}

func TestPoisonStopsTheProjectionExactlyBeforeIt(t *testing.T) {
	t.Parallel()
	edit := func(from, to string) func(*testing.T, *ledger) []byte {
		return func(t *testing.T, l *ledger) []byte {
			event := l.record(t, parse(t, "POISON", "disbursement.paid", "L1", object{"amount": "1.00", "date": "2023-05-05", "document": "1"}))
			body := strings.Replace(string(event.Raw()), from, to, 1)
			if body == string(event.Raw()) {
				t.Fatalf("nothing to edit in %s", body)
			}
			return []byte(body)
		}
	}
	tests := map[string]struct {
		poison func(*testing.T, *ledger) []byte
		want   error  // in the chain
		says   string // in the text
	}{
		"unknown type":        {edit("disbursement.paid.v1", "disbursement.paid.v9"), events.ErrBroken, "disbursement.paid.v9"},
		"not JSON":            {edit("{", ""), events.ErrBroken, "line.L1"},
		"broken amount":       {edit(`"1.00"`, `1.00`), events.ErrBroken, "amount"},
		"another sequence":    {edit(`"sequence":"`, `"sequence":"9`), events.ErrBroken, "says that it is event 9"},
		"a line that is not":  {edit(`"subject":"L1"`, `"subject":"NONE"`), nil, "line NONE"},
		"an event once more":  {edit(`"id":"POISON"`, `"id":"E3"`), nil, "event_key_key"},
		"a sum that is large": {func(t *testing.T, l *ledger) []byte { return l.overflow(t) }, money.ErrOverflow, "supplement of line L1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			store, schema := db.fresh()
			l := payingLedger(t, 37)
			poison := test.poison(t, l)
			good := l.last()
			want := db.goodDump(t, l)
			l.appendRaw(t, poison, recordOf(l.record(t, parse(t, "AFTER", "disbursement.paid", "L2", object{"amount": "1.00", "date": "2023-05-05", "document": "1"}))).Body)
			for range 2 { // a restart meets it again
				p, err := stopped(t, store, l.log)
				if err == nil || !strings.Contains(err.Error(), fmt.Sprint(good+1)) || test.want != nil && !errors.Is(err, test.want) {
					t.Fatalf("Run returned %v", err)
				}
				if !strings.Contains(err.Error(), test.says) {
					t.Errorf("Run does not say %q: %v", test.says, err)
				}
				if status := p.Status(); status.Sequence != good || !errors.Is(status.Problem, err) {
					t.Errorf("status: %+v", status)
				}
			}
			if got := db.dump(schema, tables...); got != want {
				t.Errorf("the events before it:\n%s\nwant:\n%s", got, want)
			}
			stored := db.query("SELECT sequence || ' ' || problem FROM " + schema + ".checkpoint")
			if len(stored) != 1 || !strings.HasPrefix(stored[0], fmt.Sprint(good, " ")) {
				t.Errorf("the checkpoint says %q", stored)
			}
		})
	}
}

// overflow records events that fill a sum, and makes one that no longer fits.
func (l *ledger) overflow(t failer) []byte {
	t.Helper()
	large := func() events.Event {
		return parse(t, fmt.Sprintf("E%d", len(l.events)+1), "budget.supplemented", "L1",
			object{"amount": "100000000000000.00", "date": "2023-05-05", "document": "1", "reason": "追加"})
	}
	for range money.MaxSum / money.MaxStated {
		l.appendAll(t, large())
	}
	return l.record(t, large()).Raw()
}

// appendRaw appends bodies that nobody decided.
func (l *ledger) appendRaw(t failer, bodies ...[]byte) {
	t.Helper()
	for i, body := range bodies {
		record := eventlog.Record{Subject: "line.L1", Key: fmt.Sprintf("raw-%d", l.last()+uint64(i)), Body: body}
		if err := l.log.Append(background, l.last()+uint64(i), []eventlog.Record{record}); err != nil {
			t.Fatalf("append: %v", err)
		}
	}
}

// goodDump is what the ledger's log makes of an empty schema.
func (d *database) goodDump(t failer, l *ledger) string {
	store, schema := d.fresh()
	defer store.Close()
	project(t, store, l.log)
	return d.dump(schema, tables...)
}

func TestTwoProjectorsApplyEachEventOnce(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	first, schema := db.fresh()
	second := db.open(schema)
	l := registered(t)
	_, stopFirst := start(first, l.log)
	_, stopSecond := start(second, l.log)
	for range 30 {
		l.pay(t, 20)
	}
	await(t, first, l.last())
	await(t, second, l.last())
	if err := errors.Join(stopFirst(), stopSecond()); err != nil {
		t.Error(err)
	}
	if err := first.CheckSums(t.Context()); err != nil {
		t.Error(err)
	}
	if want := db.goodDump(t, l); db.dump(schema, tables...) != want {
		t.Error("two projectors wrote something else than one")
	}
}

func TestAKilledProjectorLosesNothing(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	l := payingLedger(t, 2000)
	log := pieces{l.log, []int{1, 7, 40}, l.last()}
	for at, kills := uint64(0), 0; at < l.last(); kills++ {
		_, stop := start(store, log)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(80))*time.Millisecond)
		_ = store.WaitFor(ctx, l.last())
		cancel()
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		var err error
		if at, _, err = store.Position(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := store.CheckSums(t.Context()); err != nil {
			t.Fatalf("after %d kills, at %d: %v", kills, at, err)
		}
	}
	if want := db.goodDump(t, l); db.dump(schema, tables...) != want {
		t.Error("a projector that was killed wrote something else than one that was not")
	}
}

// renamed is a log under another name.
type renamed struct {
	*eventlog.Memory
	identity string
}

func (r renamed) Identity() string { return r.identity }

func TestALogThatIsNotTheProjectionsIsRefused(t *testing.T) {
	t.Parallel()
	long, short, other := payingLedger(t, 20), payingLedger(t, 3), registered(t)
	other.now = other.now.Add(time.Second)
	other.pay(t, 30)
	tests := map[string]struct {
		log  projections.Log
		want error
	}{
		"another log":                  {payingLedger(t, 30).log, projections.ErrOtherLog},
		"an empty log":                 {eventlog.NewMemory(), projections.ErrOtherLog},
		"a log that lost events":       {renamed{short.log, long.log.Identity()}, projections.ErrAheadOfLog},
		"a log that went on otherwise": {renamed{other.log, long.log.Identity()}, projections.ErrOtherLog},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			store, schema := db.fresh()
			project(t, store, long.log)
			before := db.dump(schema, tables...)
			p, err := stopped(t, store, test.log)
			if !errors.Is(err, test.want) || !errors.Is(p.Status().Problem, test.want) {
				t.Errorf("Run returned %v, status %+v", err, p.Status())
			}
			if db.dump(schema, tables...) != before {
				t.Error("it changed the projection")
			}
			_, stop := start(store, long.log)
			eventually(t, "the right log goes on", func() bool {
				return db.query("SELECT coalesce(problem, '') FROM " + schema + ".checkpoint")[0] == ""
			})
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestGapsInTheLogStopTheProjection(t *testing.T) {
	t.Parallel()
	store, _ := newDatabase(t).fresh()
	l := payingLedger(t, 10)
	_, err := stopped(t, store, gap{l.log})
	if !errors.Is(err, eventlog.ErrGap) {
		t.Errorf("Run returned %v", err)
	}
}

// gap is a log that delivers its records without the third.
type gap struct{ *eventlog.Memory }

func (g gap) Follow(ctx context.Context, from uint64, deliver func([]eventlog.Record) error) error {
	return g.Memory.Follow(ctx, from, func(records []eventlog.Record) error {
		return deliver(append(records[:2:2], records[3:]...))
	})
}

func TestWaitFor(t *testing.T) {
	t.Parallel()
	store, _ := newDatabase(t).fresh()
	l := payingLedger(t, 10)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := store.WaitFor(ctx, 1); !errors.Is(err, projections.ErrBehind) {
		t.Errorf("without a projector: %v", err)
	}
	waited := make(chan error, 1)
	go func() { waited <- store.WaitFor(t.Context(), l.last()+1) }()
	_, stop := start(store, l.log)
	defer stop()
	await(t, store, l.last())
	l.pay(t, 1)
	if err := <-waited; err != nil {
		t.Error(err)
	}
	if sequence, _, err := store.Position(t.Context()); sequence != l.last() || err != nil {
		t.Errorf("position %d, %v", sequence, err)
	}
}

func TestAProjectorReportsWhatItDid(t *testing.T) {
	t.Parallel()
	store, _ := newDatabase(t).fresh()
	l := scenario(t)
	var events, postings int
	var last projections.Applied
	ctx, cancel := context.WithCancel(t.Context())
	p := projections.NewProjector(store, l.log, projections.ProjectorOptions{Logger: quiet, Observe: func(a projections.Applied) {
		events, postings, last = events+a.Events, postings+a.Postings, a
		if a.Sequence == l.last() {
			cancel()
		}
	}})
	if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	end := l.events[len(l.events)-1]
	if events != len(l.events) || postings != len(l.postings) || last.Sequence != end.Sequence || !last.Recorded.Equal(end.RecordedTime) || last.Took <= 0 {
		t.Errorf("%d events, %d postings, last %+v", events, postings, last)
	}
	if status := p.Status(); status != (projections.Status{Sequence: end.Sequence}) {
		t.Errorf("status %+v", status)
	}
}

// It is not parallel: the other tests' goroutines come and go.
func TestRunLeavesNoGoroutineBehind(t *testing.T) {
	store, _ := newDatabase(t).fresh()
	l := payingLedger(t, 200)
	before := goleak.IgnoreCurrent()
	project(t, store, l.log)
	l.appendRaw(t, []byte("not an event"))
	if _, err := stopped(t, store, l.log); !errors.Is(err, events.ErrBroken) {
		t.Error(err)
	}
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).createIdleResources"))
}

func TestCheckSumsFindsWhatSomeoneChanged(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	l := payingLedger(t, 50)
	tests := map[string]struct{ sql, says string }{
		"a balance":        {"UPDATE balance SET executed_fen = executed_fen + 1 WHERE line = 'L2'", "balance of line L2, whole year: executed is 18 fen, its postings sum to 17 fen"},
		"a month":          {"UPDATE month_total SET initial_fen = 0 WHERE line = 'L1' AND month = '2023-01-01'", "month_total of line L1, 2023-01: initial is 0 fen"},
		"a month too many": {"INSERT INTO month_total SELECT line, '2024-02-01', 1,0,0,0,0,0,0,0,0,0,0,0,0 FROM line WHERE id = 'L1'", "2024-02"},
		"a balance lost":   {"DELETE FROM balance WHERE line = 'L3'", "balance of line L3"},
		"a posting":        {"DELETE FROM posting WHERE sequence = 20", "its postings sum to"},
		"a balance of then": {"UPDATE balance_then SET executed_fen = executed_fen + 1 WHERE line = 'L2' AND sequence = (SELECT max(sequence) FROM balance_then)",
			"executed grew by"},
		"a line of then lost": {"DELETE FROM balance_then WHERE line = 'L2' AND sequence = (SELECT max(sequence) FROM balance_then)", "balance_then has"},
		"an event":            {"DELETE FROM event WHERE sequence = 20", "has 61 events"},
	}
	for name, test := range tests {
		store, schema := db.fresh()
		project(t, store, l.log)
		if err := store.CheckSums(t.Context()); err != nil {
			t.Fatalf("%s: before: %v", name, err)
		}
		db.exec("SET search_path = " + schema + "; " + strings.ReplaceAll(test.sql, "SELECT line,", "SELECT id,"))
		err := store.CheckSums(t.Context())
		if !errors.Is(err, projections.ErrSums) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}
