// Package client speaks to an Outturn server over its HTTP API, for the command
// line and for other programs in Go.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/snapshots"
)

// timeout bounds one request.
const timeout = 2 * time.Minute

// Limits of trying again.
const (
	// MaxTries is how often a request is sent in all, when the server says that it is
	// to be sent again later.
	MaxTries = 6
	// MaxWait is the longest time that is waited between two tries, whatever the
	// server says.
	MaxWait = 30 * time.Second
)

// MaxAnswer is the largest answer in bytes that is read: 256 MiB, the largest
// snapshot.
const MaxAnswer = snapshots.MaxBytes

// Client is a connection to one server under one token. A request that the server
// is too busy for (429 and 503) is sent again after the time that the answer
// names: what is recorded is never recorded twice.
type Client struct {
	address, token, language string
	http                     *http.Client
	streams                  *http.Client // without a bound on the time of an answer
}

// New makes a client. Address is the server's URL; language is what problems
// are told in, "zh-CN" or "en".
func New(address, token, language string) *Client {
	return &Client{
		address: strings.TrimSuffix(address, "/"), token: token, language: language,
		http: &http.Client{Timeout: timeout}, streams: &http.Client{},
	}
}

// Problem is an answer that says what went wrong (RFC 9457).
type Problem struct{ api.Problem }

// Error is the problem's detail and code.
func (p *Problem) Error() string { return fmt.Sprintf("%s (%s)", p.Detail, p.Code) }

// Options are how events are posted.
type Options struct{ Atomic, DryRun bool }

// Post posts lines of NDJSON. Error: a *Problem, or that of the connection.
// After an error it is safe to post the same events again.
func (c *Client) Post(ctx context.Context, ndjson []byte, o Options) (api.BatchAnswer, error) {
	query := url.Values{"atomic": {strconv.FormatBool(o.Atomic)}, "dry_run": {strconv.FormatBool(o.DryRun)}}
	var answer api.BatchAnswer
	err := c.post(ctx, "/v1/events?"+query.Encode(), "application/x-ndjson", ndjson, &answer)
	return answer, err
}

// Seal seals a unit's year. Error: a *Problem, or that of the connection. After
// an error it is safe to ask for the same position again.
func (c *Client) Seal(ctx context.Context, asked api.SnapshotRequest) (api.SnapshotAnswer, error) {
	body, err := json.Marshal(asked)
	if err != nil {
		return api.SnapshotAnswer{}, err
	}
	var answer api.SnapshotAnswer
	err = c.post(ctx, "/v1/snapshots", "application/json", body, &answer)
	return answer, err
}

// Get reads the body of a call. Error: a *Problem, or that of the connection.
func (c *Client) Get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address+path, nil)
	if err != nil {
		return nil, err
	}
	return c.send(request)
}

// get reads the answer of a call.
func (c *Client) get(ctx context.Context, path string, answer any) error {
	body, err := c.Get(ctx, path)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, answer)
}

// post sends a body and reads the answer.
func (c *Client) post(ctx context.Context, path, mediaType string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", mediaType)
	raw, err := c.send(request)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, answer)
}

// send sends a request, again and again while the server says that it is to be
// sent later, and returns the body of its answer.
func (c *Client) send(request *http.Request) ([]byte, error) {
	for try := 1; ; try++ {
		body, wait, err := c.try(request)
		if wait == 0 || try == MaxTries {
			return body, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-request.Context().Done():
			timer.Stop()
			return nil, errors.Join(request.Context().Err(), err)
		}
		if request.GetBody != nil {
			if request.Body, err = request.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// try sends a request once, with the token. Wait is how long to wait before the
// next try, 0 where none would help.
func (c *Client) try(request *http.Request) (body []byte, wait time.Duration, err error) {
	c.sign(request)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return nil, 0, err
	case len(body) > MaxAnswer:
		return nil, 0, fmt.Errorf("%s answered with more than %d bytes", c.address, MaxAnswer)
	case response.StatusCode >= http.StatusBadRequest:
		return nil, retryAfter(response), c.problem(response, body)
	}
	return body, 0, nil
}

// sign puts in who asks, and in which language.
func (c *Client) sign(request *http.Request) {
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept-Language", c.language)
}

// problem reads what went wrong.
func (c *Client) problem(response *http.Response, body []byte) error {
	problem := &Problem{}
	if json.Unmarshal(body, &problem.Problem) != nil || problem.Code == "" {
		return fmt.Errorf("%s answered %s", c.address, response.Status)
	}
	return problem
}

// retryAfter is how long an answer asks to wait; 0 if it does not ask for another
// try (RFC 9110, section 10.2.3, in seconds).
func retryAfter(response *http.Response) time.Duration {
	if response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return min(max(time.Duration(seconds)*time.Second, minWait), MaxWait)
}

// minWait keeps a server that says 0 from being asked without a pause.
const minWait = 100 * time.Millisecond
