package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/auth"
)

// heartbeat is how often an idle stream sends a comment, so that proxies keep
// it open and a client that is gone is noticed.
const heartbeat = 15 * time.Second

// streamWriteTimeout is how long a client may take to read one write.
const streamWriteTimeout = 30 * time.Second

// getStream sends events as Server-Sent Events: id is the sequence, event the
// type, data the stored bytes. It begins with the event at from (or after
// Last-Event-ID, or else with the next one to be recorded) and never ends by
// itself. Only events that whoever asks may read are sent.
func (a *API) getStream(w http.ResponseWriter, r *http.Request) {
	from, err := a.streamStart(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	select {
	case a.streams <- struct{}{}:
		defer func() { <-a.streams }()
	default:
		a.refuse(w, r, events.Refuse(CodeOverloaded, ReasonOverloaded, ""))
		return
	}
	s := &stream{w: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if err := s.send(": outturn\n\n"); err != nil {
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		s.beat(ctx, cancel, a.config.Closing)
	}()
	shown := a.shownTo(auth.Principal(r.Context()))
	err = a.config.Log.Follow(ctx, from, func(records []eventlog.Record) error { return s.deliver(ctx, records, shown) })
	if ctx.Err() == nil && !errors.Is(err, errLetOut) {
		a.config.Logger.WarnContext(ctx, "stream ended", "error", err)
	}
	cancel()
	<-beating
}

// streamStart is the first sequence to send. One that is beyond the next event
// is refused: the caller has seen what this log does not have.
func (a *API) streamStart(r *http.Request) (uint64, error) {
	q := queryOf(r)
	from, asked := q.sequence("from"), q.get("from") != ""
	if err := q.end(); err != nil {
		return 0, err
	}
	last, err := a.config.Log.Last(r.Context())
	if err != nil {
		return 0, events.Refuse(CodeLogUnavailable, ReasonLogUnavailable, "")
	}
	name, value := "from", q.get("from")
	if seen := r.Header.Get("Last-Event-ID"); seen != "" {
		name, value = "Last-Event-ID", seen
		n, err := strconv.ParseUint(seen, 10, 63)
		if err != nil {
			return 0, notInLog(name, value, last)
		}
		from, asked = n+1, true
	}
	switch {
	case !asked:
		return last + 1, nil
	case from > last+1:
		return 0, notInLog(name, value, last)
	}
	return max(from, 1), nil
}

func notInLog(name, value string, last uint64) error {
	return events.Refuse(CodeQueryInvalid, ReasonParameterInvalid, "", "parameter", name, "value", value,
		"want", fmt.Sprintf("a sequence of the log, which ends at %d", last))
}

// stream is one client's connection.
type stream struct {
	control *http.ResponseController

	mu sync.Mutex // the follower and the heart write in turn
	w  http.ResponseWriter
}

func (s *stream) send(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A writer that cannot set deadlines (a test recorder) is served without.
	_ = s.control.SetWriteDeadline(time.Now().Add(streamWriteTimeout))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}

// errLetOut ends the stream of somebody who is let in no more.
var errLetOut = errors.New("no longer let in")

// shownTo tells of each event whether somebody may read it, by the roles that he
// has at that moment. What it does not show is passed over. The returned function
// is for one goroutine.
func (a *API) shownTo(by access.Principal) func(context.Context, events.Event) (bool, error) {
	where, reached := a.places(), uint64(0)
	return func(ctx context.Context, e events.Event) (bool, error) {
		if by.Root {
			return true, nil
		}
		s := a.reachOf(by)
		if !s.LetIn() {
			return false, errLetOut
		}
		if !s.Everything() && e.Sequence > reached {
			// The unit of a line is read off the projection, which must know the line.
			err := a.waitFor(ctx, e.Sequence)
			if err == nil {
				reached, _, err = a.config.Reader.Position(ctx)
			}
			if err != nil {
				return false, err
			}
		}
		return where.Shows(ctx, s, e)
	}
}

func (s *stream) deliver(ctx context.Context, records []eventlog.Record, shown func(context.Context, events.Event) (bool, error)) error {
	for _, record := range records {
		event, err := events.Decode(record.Body)
		if err != nil {
			return err
		}
		show, err := shown(ctx, event)
		if err != nil {
			return err
		}
		if !show {
			continue
		}
		if err := s.send(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", record.Sequence, event.Type, record.Body)); err != nil {
			return err
		}
	}
	return nil
}

// beat sends comments until ctx ends, and ends it itself when the server closes
// or the client is gone.
func (s *stream) beat(ctx context.Context, cancel context.CancelFunc, closing <-chan struct{}) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-closing:
			cancel()
			return
		case <-ticker.C:
			if s.send(": still here\n\n") != nil {
				cancel()
				return
			}
		}
	}
}
