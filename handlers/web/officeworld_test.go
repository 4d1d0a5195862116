package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/web"
	"github.com/outturn/outturn/projections"
)

// officeNow is the clock of the office's tests.
func officeNow() time.Time { return time.Date(2026, time.November, 24, 3, 0, 0, 0, time.UTC) }

// operator is the operator's own token.
var operator = access.Principal{Name: "admin", Root: true}

// world is a real recorder over a log in memory, with a reader of what it holds.
type world struct {
	t        *testing.T
	recorder *commands.Recorder
	imports  *intake.Desk
	ledger   *ledger
}

// newWorld is the example year 2023 with people and rules.
func newWorld(t *testing.T) *world {
	t.Helper()
	log := eventlog.NewMemory()
	recorder, err := commands.Open(t.Context(), commands.Config{Log: log, Now: officeNow, Logger: quietLogger()})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, recorder: recorder, ledger: &ledger{log: log}}
	runs(t, recorder.Run)
	w.runImports(recorder)
	body, err := examples.Events("yueyang-2023")
	if err != nil {
		t.Fatal(err)
	}
	w.take(operator, linesOf(string(body))...)
	w.post(operator,
		`user.registered clerk {"label":"经办一岗"}`, `role.granted clerk {"role":"poster","unit":"YYGX"}`,
		`user.registered chief {"label":"复核岗"}`, `role.granted chief {"role":"approver","unit":"YYGX"}`,
		`user.registered boss {"label":"系统管理岗"}`, `role.granted boss {"role":"admin"}`, `role.granted boss {"role":"viewer","until":"2027-12-31"}`,
		`user.registered looker {"label":"审计岗"}`, `role.granted looker {"role":"auditor"}`,
		`user.registered radio {"label":"监测站"}`, `role.granted radio {"role":"viewer","unit":"YYGX-RADIO"}`,
		`user.registered gone-1 {}`, `user.retired gone-1 {"reason":"岗位撤销"}`,
		`budget.supplemented yueyang-2023-04-a {"amount":"1000000.00","date":"2023-11-01","document":"追〔2023〕9 号","reason":"追加培训经费"}`,
		`review.set YYGX {"review":"big","types":["outturn.disbursement.paid.v1","outturn.budget.transferred.v1"],"over":"100000.00","date":"2023-01-01"}`)
	return w
}

func linesOf(text string) []string {
	var lines []string
	start := 0
	for i, r := range text {
		if r == '\n' {
			if i > start {
				lines = append(lines, text[start:i])
			}
			start = i + 1
		}
	}
	return lines
}

// runs runs something until the test ends.
func runs(t *testing.T, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { _ = run(ctx) })
	t.Cleanup(func() { cancel(); work.Wait() })
}

// runImports makes the world's desk of imports record by a recorder.
func (w *world) runImports(recorder intake.Recorder) {
	w.imports = intake.New(intake.Config{Recorder: recorder, Reader: w.ledger, Now: officeNow, Logger: quietLogger()})
	runs(w.t, w.imports.Run)
}

// rules are a control, an override and closed months.
func (w *world) rules() *world {
	w.post(operator,
		`control.set YYGX {"control":"soft","kind":"project","availability":"warn","tolerance_amount":"1000.00","pool":"project","plan":"quarter","date":"2023-01-01"}`,
		`override.granted yueyang-2023-15-a {"override":"TP-1","amount":"5000.00","until":"2026-12-31","date":"2023-11-01","reason":"应急"}`,
		`period.closed YYGX-RADIO {"year":2023,"month":5}`, `period.closed YYGX {"year":2023,"month":3}`,
		`token.issued clerk {"token":"desk","hash":"`+string(auth.Hash("outturn_a"))+`","expires":"2027-01-31","label":"办公室电脑"}`,
		`session.opened clerk {"method":"token","token":"desk"}`, `session.refused gone-1 {"method":"oidc","cause":"user_retired"}`)
	return w
}

// said is an event written as "noun subject {data}".
func (w *world) said(i int, text string) string {
	var noun, subject string
	if _, err := fmt.Sscan(text, &noun, &subject); err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf(`{"specversion":"1.0","id":"w-%d-%d","source":"/test","type":"outturn.%s.v1","subject":%q,"data":%s}`,
		w.recorder.Position(), i, noun, subject, text[len(noun)+len(subject)+2:])
}

// post records events, or proposes them.
func (w *world) post(by access.Principal, all ...string) []commands.Result {
	w.t.Helper()
	for i := range all {
		all[i] = w.said(i, all[i])
	}
	return w.take(by, all...)
}

func (w *world) take(by access.Principal, all ...string) []commands.Result {
	w.t.Helper()
	var items []commands.Item
	for _, one := range all {
		event, err := events.Parse([]byte(one))
		if err != nil {
			w.t.Fatalf("%v in %s", err, one)
		}
		items = append(items, commands.Item{Event: event})
	}
	results, err := w.recorder.Submit(context.Background(), commands.Submission{By: by, Items: items})
	if err != nil {
		w.t.Fatal(err)
	}
	for i, result := range results {
		if result.Refusal != nil {
			w.t.Fatalf("%v in %s", result.Refusal, all[i])
		}
	}
	return results
}

// propose has the clerk propose a payment.
func (w *world) propose(amount string) events.ProposalID {
	w.t.Helper()
	return w.post(user("clerk"), `disbursement.paid yueyang-2023-04-a {"amount":"`+amount+`","date":"2023-11-20","document":"凭证 88","payee":"湖南理工学院","purpose":"第三期培训"}`)[0].Proposal
}

func user(name string) access.Principal { return access.Principal{Name: name} }

// as serves the pages to somebody.
func (w *world) as(by access.Principal) string {
	w.t.Helper()
	pages := web.New(web.Config{
		Reader: w.ledger, Desk: deskReader{w.ledger}, Forms: w.ledger, Recorder: w.recorder, Imports: w.imports, Now: officeNow, Logger: quietLogger(),
	})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { pages.ServeHTTP(rw, auth.With(r, by)) }))
	w.t.Cleanup(server.Close)
	return server.URL
}

// ledger reads a log: each read sees all that is recorded by then.
type ledger struct {
	log *eventlog.Memory

	mu   sync.Mutex
	now  *fake
	last uint64
}

// read replays the log if it has gone on; what it returned before is not changed.
func (l *ledger) read() *fake {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, err := l.log.Last(context.Background())
	if err == nil && (l.now == nil || last != l.last) {
		f, books := &fake{}, budget.NewBooks()
		err = l.log.Read(context.Background(), 1, last, func(records []eventlog.Record) error {
			for _, record := range records {
				if err := f.replay(books, record.Body); err != nil {
					return err
				}
			}
			return nil
		})
		l.now, l.last = f, last
	}
	if err != nil {
		return &fake{err: err}
	}
	return l.now
}

// replay takes an event as it was recorded.
func (f *fake) replay(books *budget.Books, body []byte) error {
	event, err := events.Decode(body)
	if err != nil {
		return err
	}
	posted, err := budget.Evolve(books, event)
	if err != nil {
		return err
	}
	f.events = append(f.events, projections.EventView{Event: event, Hash: event.Hash(), Postings: posted})
	f.register(event)
	for _, posting := range posted {
		f.post(event, posting)
	}
	return nil
}

func (l *ledger) WaitFor(ctx context.Context, n uint64) error { return l.read().WaitFor(ctx, n) }
func (l *ledger) Position(ctx context.Context) (uint64, time.Time, error) {
	return l.read().Position(ctx)
}
func (l *ledger) Years(ctx context.Context) ([]fiscal.Year, error) { return l.read().Years(ctx) }
func (l *ledger) Units(ctx context.Context) ([]budget.Unit, error) { return l.read().Units(ctx) }
func (l *ledger) Projects(ctx context.Context, year fiscal.Year) ([]budget.Project, error) {
	return l.read().Projects(ctx, year)
}

func (l *ledger) Execution(ctx context.Context, q projections.Query) (projections.Report, error) {
	if q.Year == 0 {
		q.Year = 2023 // the only one that the example has
	}
	return l.read().Execution(ctx, q)
}

func (l *ledger) Line(ctx context.Context, id events.LineID, at projections.AsOf) (projections.LineView, error) {
	return l.read().Line(ctx, id, at)
}

func (l *ledger) LineEvents(ctx context.Context, id events.LineID, before uint64, limit int) (projections.EventsPage, error) {
	return l.read().LineEvents(ctx, id, before, limit)
}

func (l *ledger) Postings(ctx context.Context, q projections.PostingsQuery) (projections.Postings, error) {
	return l.read().Postings(ctx, q)
}

func (l *ledger) Event(ctx context.Context, n uint64) (projections.EventView, error) {
	return l.read().Event(ctx, n)
}

func (l *ledger) Lines(ctx context.Context, q projections.Query) (uint64, []projections.LineView, error) {
	return l.read().Lines(ctx, q)
}

func (l *ledger) EventsAbout(ctx context.Context, subjects []string, types []events.Type, at projections.AsOf) (uint64, []events.Event, error) {
	return l.read().EventsAbout(ctx, subjects, types, at)
}

func (l *ledger) SumsByClass(ctx context.Context, q projections.Query, classes []events.EconomicClass) (uint64, []projections.ClassSums, error) {
	return l.read().SumsByClass(ctx, q, classes)
}

func (l *ledger) FindLines(context.Context, projections.LineSearch) ([]projections.LineView, error) {
	return nil, nil // the rows of the tests name their lines
}

// newest pages through the events that a test keeps.
func (l *ledger) newest(keep func(events.Event) bool, before uint64, limit int) projections.EventsPage {
	var page projections.EventsPage
	for _, view := range slices.Backward(l.read().events) {
		if !keep(view.Event) || before != 0 && view.Event.Sequence >= before {
			continue
		}
		if page.More = len(page.Events) == limit; page.More {
			break
		}
		page.Events = append(page.Events, view)
	}
	return page
}

func (l *ledger) SignIns(_ context.Context, before uint64, limit int) (projections.EventsPage, error) {
	return l.newest(func(e events.Event) bool {
		return e.Type.Noun() == "session.opened" || e.Type.Noun() == "session.refused"
	}, before, limit), nil
}

func (l *ledger) EventsOfUser(_ context.Context, id events.UserID, before uint64, limit int) (projections.EventsPage, error) {
	return l.newest(func(e events.Event) bool { return e.About() == events.OfUser && e.Subject == string(id) }, before, limit), nil
}

func (l *ledger) Proposals(_ context.Context, q projections.ProposalQuery) (projections.ProposalsPage, error) {
	var page projections.ProposalsPage
	made := l.newest(func(e events.Event) bool { _, ok := e.Data.(events.ProposalMade); return ok }, q.Before, q.Limit)
	for _, one := range made.Events {
		view := projections.ProposalView{Made: one.Event, Data: one.Event.Data.(events.ProposalMade), State: projections.ProposalOpen}
		var err error
		if view.Event, err = events.Parse(view.Data.Event); err != nil {
			return page, err
		}
		view.Unit = l.read().lineOf(events.LineID(view.Event.Subject)).Unit
		if q.Within != nil && !slices.ContainsFunc(q.Within, func(top events.UnitID) bool { return l.read().under(view.Unit, top) }) {
			continue
		}
		for _, later := range l.read().events {
			switch data := later.Event.Data.(type) {
			case events.ProposalApproved:
				end(&view, later.Event, data.Proposal, projections.ProposalApproved)
			case events.ProposalDeclined:
				end(&view, later.Event, data.Proposal, projections.ProposalDeclined)
			case events.ProposalWithdrawn:
				end(&view, later.Event, data.Proposal, projections.ProposalWithdrawn)
			}
		}
		page.Rows = append(page.Rows, view)
	}
	page.More = made.More
	return page, nil
}

// end is what became of a proposal, if an event is about it.
func end(view *projections.ProposalView, e events.Event, id events.ProposalID, state projections.ProposalState) {
	if id == view.Data.Proposal {
		view.Decided, view.State = &e, state
	}
}
