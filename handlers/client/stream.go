package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
)

// maxStreamed is the longest line of a stream in bytes: an event with what the log
// adds to it.
const maxStreamed = 2 * events.MaxBytes

// streamPause is the first pause before a stream that broke is opened again; it
// doubles up to MaxWait while nothing comes.
const streamPause = 200 * time.Millisecond

// errDeliver wraps what the receiver of a stream returned.
type errDeliver struct{ error }

// Stream delivers every event after a sequence, in the order of the log, and goes
// on with new ones as they come. A connection that breaks is opened again after the
// last event that was delivered, so that none is missed and none comes twice.
// Errors: ctx's, what deliver returned, or a *Problem that another try would not
// mend.
func (c *Client) Stream(ctx context.Context, after uint64, deliver func(events.Event) error) error {
	for pause := streamPause; ; {
		last := after
		err := c.follows(ctx, &last, deliver)
		var stop errDeliver
		var problem *Problem
		switch {
		case errors.As(err, &stop):
			return stop.error
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &problem) && !passes(problem.Status):
			return err
		case last > after:
			pause = streamPause
		}
		after = last
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		pause = min(2*pause, MaxWait)
	}
}

// passes says whether what a status says may be over at the next try.
func passes(status int) bool {
	return status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

// follows opens a stream after the last sequence and keeps that up to date.
func (c *Client) follows(ctx context.Context, last *uint64, deliver func(events.Event) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address+"/v1/stream", nil)
	if err != nil {
		return errDeliver{err}
	}
	c.sign(request)
	request.Header.Set("Last-Event-ID", strconv.FormatUint(*last, 10))
	response, err := c.streams.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(response.Body, maxStreamed))
		return errors.Join(err, c.problem(response, body))
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, maxStreamed)
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue // an id or a type, which the event says itself, or a sign of life
		}
		event, err := events.Decode([]byte(data))
		if err != nil {
			return errDeliver{fmt.Errorf("an event of the stream after %d: %w", *last, err)}
		}
		if err := deliver(event); err != nil {
			return errDeliver{err}
		}
		*last = event.Sequence
	}
	return lines.Err()
}
