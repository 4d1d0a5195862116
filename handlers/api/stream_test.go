package api_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
)

// follower reads one stream.
type follower struct {
	t        *testing.T
	response *http.Response
	lines    *bufio.Reader
	cancel   context.CancelFunc
}

// message is one Server-Sent Event.
type message struct {
	id    uint64
	event string
	data  string
}

// follow opens a stream and reads its first comment, so that it is known to
// stand.
func (s *server) follow(r request) *follower {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	response, err := s.http.Client().Do(s.new(ctx, r))
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	f := &follower{s.t, response, bufio.NewReader(response.Body), cancel}
	s.t.Cleanup(f.close)
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		s.t.Fatalf("the stream is answered %s as %s", response.Status, response.Header.Get("Content-Type"))
	}
	if err := contractOf(s.t).checkAnswer(http.MethodGet, "/v1/stream", answer{status: response.StatusCode, header: response.Header}); err != nil {
		s.t.Error(err)
	}
	if line, err := f.lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, ":") {
		s.t.Fatalf("the stream begins with %q (%v)", line, err)
	}
	return f
}

func (f *follower) close() {
	f.cancel()
	f.response.Body.Close()
}

// next reads one message; ok is false when the stream has ended.
func (f *follower) next() (m message, ok bool) {
	f.t.Helper()
	for {
		line, err := f.lines.ReadString('\n')
		if err != nil {
			return message{}, false
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			if m.id, err = strconv.ParseUint(value, 10, 64); err != nil {
				f.t.Fatal(err)
			}
		case "event":
			m.event = value
		case "data":
			m.data = value
		case "":
			if m.id != 0 {
				return m, true
			}
		}
	}
}

// want reads messages of these sequences and holds them to the log.
func (f *follower) want(s *server, sequences ...uint64) {
	f.t.Helper()
	for _, want := range sequences {
		m, ok := f.next()
		if !ok || m.id != want {
			f.t.Fatalf("the stream gives %d (%v); want %d", m.id, ok, want)
		}
		if stored := string(s.stored(want)); m.data != stored {
			f.t.Errorf("event %d leaves as\n%s\nand is stored as\n%s", want, m.data, stored)
		}
		if err := contractOf(f.t).validate([]string{"components", "schemas", "StoredEvent"}, []byte(m.data)); err != nil {
			f.t.Errorf("event %d: %v", want, err)
		}
		if decoded, err := events.Decode([]byte(m.data)); err != nil || string(decoded.Type) != m.event {
			f.t.Errorf("event %d is announced as %s: %v", want, m.event, err)
		}
	}
}

func TestAStreamBeginsWhereItIsAskedTo(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	cases := []struct {
		name string
		with request
		want []uint64
	}{
		{"the next one", request{path: "/v1/stream"}, []uint64{6, 7}},
		{"the next one by its number", request{path: "/v1/stream?from=6"}, []uint64{6, 7}},
		{"the beginning", request{path: "/v1/stream?from=0"}, []uint64{1, 2, 3, 4, 5, 6, 7}},
		{"the first", request{path: "/v1/stream?from=1"}, []uint64{1, 2, 3, 4, 5, 6, 7}},
		{"the middle", request{path: "/v1/stream?from=4"}, []uint64{4, 5, 6, 7}},
		{"after the last seen", request{path: "/v1/stream?from=1", header: map[string]string{"Last-Event-ID": "4"}}, []uint64{5, 6, 7}},
		{"after the end", request{path: "/v1/stream", header: map[string]string{"Last-Event-ID": "5"}}, []uint64{6, 7}},
	}
	open := make([]*follower, len(cases))
	for i, c := range cases {
		open[i] = s.follow(c.with)
	}
	s.record(
		event("x1", "disbursement.paid", "L1", `{"amount":"1.00","date":"2023-05-01","document":"D","purpose":"两行\n<b>&\u2028\t 完"}`),
		pay("x2", `"1.00"`),
	)
	for i, c := range cases {
		t.Log(c.name)
		open[i].want(s, c.want...)
	}
}

func TestAStreamBeyondTheLogIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	for name, r := range map[string]request{
		"from":          {path: "/v1/stream?from=7"},
		"Last-Event-ID": {path: "/v1/stream", header: map[string]string{"Last-Event-ID": "6"}},
		"no number":     {path: "/v1/stream", header: map[string]string{"Last-Event-ID": "abc"}},
	} {
		s.wantProblem(name, s.do(r), http.StatusBadRequest, api.CodeQueryInvalid, "")
	}
}

func TestAStreamEndsWhenTheServerCloses(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	f := s.follow(request{path: "/v1/stream?from=5"})
	f.want(s, 5)
	close(s.closing)
	if m, ok := f.next(); ok {
		t.Errorf("the stream goes on with %d", m.id)
	}
}

func TestAStreamOutlivesTheLimitOnReadingARequest(t *testing.T) {
	t.Parallel()
	const limit = 100 * time.Millisecond
	s := startWith(t, func(server *http.Server) { server.ReadTimeout = limit })
	f := s.follow(request{path: "/v1/stream"})
	began := time.Now()
	for i := uint64(1); time.Since(began) < 4*limit; i++ {
		s.record(event(fmt.Sprint("u", i), "unit.registered", fmt.Sprint("U", i), `{"name":"局"}`))
		f.want(s, i)
	}
}

func TestThereAreOnlySoManyStreams(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := make([]*follower, api.MaxStreams)
	for i := range open {
		open[i] = s.follow(request{path: "/v1/stream"})
	}
	a := s.get("/v1/stream")
	s.wantProblem("one stream too many", a, http.StatusServiceUnavailable, api.CodeOverloaded, "")
	if a.header.Get("Retry-After") == "" {
		t.Error("the answer does not say when to come back")
	}
	open[0].close()
	s.untilStreamIsFree()
}

// untilStreamIsFree tries until a place that was left is given away again.
func (s *server) untilStreamIsFree() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		response, err := s.http.Client().Do(s.new(ctx, request{path: "/v1/stream"}))
		if err != nil {
			s.t.Fatalf("no place became free: %v", err)
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
	}
}
