package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/client"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/projections"
)

// script answers requests in turn, the last answer again and again, and keeps
// what was asked.
type script struct {
	mu      sync.Mutex
	asked   []string // "METHOD path?query body"
	headers []http.Header
	answers []func(http.ResponseWriter)
}

func play(t *testing.T, answers ...func(http.ResponseWriter)) (*script, *client.Client) {
	t.Helper()
	s := &script{answers: answers}
	served := httptest.NewServer(s)
	t.Cleanup(served.Close)
	return s, client.New(served.URL, "the-token", "en")
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a body that is cut short differs from the wanted one
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	s.headers = append(s.headers, r.Header.Clone())
	next := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	next(w)
}

func (s *script) want(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.asked, want) {
		t.Errorf("it asked\n%s\nwant\n%s", strings.Join(s.asked, "\n"), strings.Join(want, "\n"))
	}
}

func says(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// busy asks for another try at once.
func busy(status int, code events.Code) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "0")
		says(status, fmt.Sprintf(`{"code":%q,"status":%d,"detail":"busy"}`, code, status))(w)
	}
}

func TestWhatAServerIsTooBusyForIsSentAgain(t *testing.T) {
	t.Parallel()
	s, c := play(t, busy(503, "overloaded"), busy(429, "rate_limited"), says(200, `{"accepted":1,"results":[]}`))
	answer, err := c.Post(t.Context(), []byte("{}"), client.Options{})
	if err != nil || answer.Accepted != 1 {
		t.Errorf("%+v, %v", answer, err)
	}
	const post = "POST /v1/events?atomic=false&dry_run=false {}"
	s.want(t, post, post, post)
}

func TestAServerThatStaysBusyIsAnError(t *testing.T) {
	t.Parallel()
	s, c := play(t, busy(503, "log_unavailable"))
	_, err := c.Get(t.Context(), "/v1/me")
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Code != "log_unavailable" || len(s.asked) != client.MaxTries {
		t.Errorf("%v after %d tries; want %d", err, len(s.asked), client.MaxTries)
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, c := play(t, func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "3600")
		says(503, `{"code":"overloaded","status":503}`)(w)
		cancel()
	})
	if _, err := c.Get(ctx, "/v1/me"); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestATokenIsAskedForOnce(t *testing.T) {
	t.Parallel()
	s, c := play(t, busy(503, "log_unavailable"))
	if _, err := c.IssueToken(t.Context(), "cashier-1", api.TokenRequest{Token: "T-1"}); err == nil {
		t.Error("no error")
	}
	if len(s.asked) != 1 {
		t.Errorf("it was asked for %d times", len(s.asked))
	}
}

func TestProposalsComeFromAllPages(t *testing.T) {
	t.Parallel()
	s, c := play(t, says(200, `{"proposals":[{"proposal":"P-2"}],"next":"?before=9&state=open"}`), says(200, `{"proposals":[{"proposal":"P-1"}],"next":null}`))
	all, err := c.Proposals(t.Context(), projections.ProposalOpen)
	if err != nil || len(all) != 2 || all[1].Proposal != "P-1" {
		t.Errorf("%+v, %v", all, err)
	}
	s.want(t, "GET /v1/proposals?state=open", "GET /v1/proposals?before=9&state=open")
}

func TestAnImportIsFollowedToItsReport(t *testing.T) {
	t.Parallel()
	s, c := play(t,
		says(202, `{"id":"i1","stage":"reading"}`), says(200, `{"id":"i1","stage":"deciding","rows":2,"handled":1}`),
		says(200, `{"id":"i1","stage":"done","rows":2,"handled":2}`),
		says(200, `{"id":"i1","stage":"done","rows":2,"rejected":1,"results":[{"row":2,"status":"rejected"}]}`),
		says(202, `{"id":"i2","stage":"failed","problem":{"code":"import_interrupted","detail":"broke off"}}`), says(200, "a,b\n"))
	var handled []int
	report, err := c.Import(t.Context(), "dir/a.XLSX", []byte("PK"), client.ImportOptions{Options: client.Options{DryRun: true}, Unit: intake.WanYuan},
		func(at api.ImportAnswer) { handled = append(handled, at.Handled) })
	if err != nil || report.Rejected != 1 || report.Results[0].Row != 2 || !slices.Equal(handled, []int{0, 1, 2}) {
		t.Errorf("%+v, %v; told of %v", report, err, handled)
	}
	failed, err := c.RecordImport(t.Context(), "i1", func(api.ImportAnswer) {})
	if err != nil || failed.Stage != intake.Failed || failed.Problem.Code != intake.CodeInterrupted {
		t.Errorf("%+v, %v", failed, err)
	}
	if file, err := c.ImportFile(t.Context(), "i1", intake.CSV); err != nil || string(file) != "a,b\n" {
		t.Errorf("%q, %v", file, err)
	}
	s.want(t, "POST /v1/imports?atomic=false&dry_run=true&filename=a.XLSX&unit=wan PK", "GET /v1/imports/i1", "GET /v1/imports/i1",
		"GET /v1/imports/i1/report.json", "POST /v1/imports/i1/record", "GET /v1/imports/i1/report.csv")
	if media := s.headers[0].Get("Content-Type"); !strings.HasSuffix(media, "spreadsheetml.sheet") {
		t.Errorf("it was sent as %s", media)
	}
}

func TestPeopleAndFiguresAreRead(t *testing.T) {
	t.Parallel()
	s, c := play(t, says(200, `{"name":"cashier-1"}`), says(200, `{"users":[{"user":"cashier-1"}]}`), says(200, `{"user":"cashier-1"}`),
		says(200, `{"proposal":"P-1"}`), says(200, `{"year":2023,"rows":[]}`), says(201, `{"secret":"outturn_x"}`))
	me, err := c.Me(t.Context())
	users, err2 := c.Users(t.Context())
	user, err3 := c.User(t.Context(), "cashier-1")
	proposal, err4 := c.Proposal(t.Context(), "P-1")
	report, err5 := c.Execution(t.Context(), url.Values{"year": {"2023"}})
	token, err6 := c.IssueToken(t.Context(), "cashier-1", api.TokenRequest{Token: "T-1", Expires: fiscal.Date{Year: 2099, Month: 1, Day: 2}})
	if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	if me.Name != string(user.User) || users.Users[0].User != user.User || proposal.Proposal != "P-1" || report.Year != 2023 || token.Secret != "outturn_x" {
		t.Errorf("%+v %+v %+v %+v %+v %+v", me, users, user, proposal, report, token)
	}
	s.want(t, "GET /v1/me", "GET /v1/users", "GET /v1/users/cashier-1", "GET /v1/proposals/P-1", "GET /v1/execution?year=2023",
		`POST /v1/users/cashier-1/tokens {"token":"T-1","expires":"2099-01-02"}`)
}

// streamed writes events of these sequences as a stream does, then breaks off.
func streamed(sequences ...uint64) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		io.WriteString(w, ": outturn\n\n")
		for _, n := range sequences {
			fmt.Fprintf(w, "id: %d\nevent: outturn.unit.registered.v1\ndata: %s\n\n", n, stored(n))
		}
		io.WriteString(w, ": still here\n\n")
	}
}

func stored(sequence uint64) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"u-%[1]d","source":"/t","type":"outturn.unit.registered.v1","subject":"U%[1]d","data":{"name":"局"},`+
		`"sequence":"%[1]d","recordedtime":"2023-01-01T00:00:00.000000Z","actor":"a","prevhash":"%[2]s"}`, sequence, strings.Repeat("0", 64))
}

var errEnough = errors.New("enough")

func TestAStreamThatBreaksIsGoneOnWith(t *testing.T) {
	t.Parallel()
	s, c := play(t, streamed(5, 7), busy(503, "overloaded"), streamed(), streamed(8, 9))
	var got []uint64
	err := c.Stream(t.Context(), 4, func(e events.Event) error {
		if got = append(got, e.Sequence); e.Sequence == 9 {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) || !slices.Equal(got, []uint64{5, 7, 8, 9}) {
		t.Errorf("it delivered %v and ended with %v", got, err)
	}
	var after []string
	for _, header := range s.headers {
		after = append(after, header.Get("Last-Event-ID"))
	}
	if want := []string{"4", "7", "7", "7"}; !slices.Equal(after, want) {
		t.Errorf("it went on after %v; want %v", after, want)
	}
}

func TestAStreamEndsWhereATryWouldNotHelp(t *testing.T) {
	t.Parallel()
	_, c := play(t, says(403, `{"code":"forbidden","status":403,"detail":"no role"}`))
	var problem *client.Problem
	if err := c.Stream(t.Context(), 0, nil); !errors.As(err, &problem) || problem.Code != api.CodeForbidden {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, c = play(t, streamed(1))
	err := c.Stream(ctx, 0, func(events.Event) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	_, c = play(t, func(w http.ResponseWriter) { io.WriteString(w, "data: {}\n\n") })
	if err := c.Stream(t.Context(), 0, nil); !errors.Is(err, events.ErrBroken) {
		t.Errorf("the error is %v", err)
	}
}
