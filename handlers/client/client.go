// Package client speaks to an Outturn server over its HTTP API, for the command
// line and for other programs in Go.
package client

import (
	"bytes"
	"context"
	"encoding/json"
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

// MaxAnswer is the largest answer in bytes that is read: 256 MiB, the largest
// snapshot.
const MaxAnswer = snapshots.MaxBytes

// Client is a connection to one server under one token.
type Client struct {
	address, token, language string
	http                     *http.Client
}

// New makes a client. Address is the server's URL; language is what problems
// are told in, "zh-CN" or "en".
func New(address, token, language string) *Client {
	return &Client{
		address: strings.TrimSuffix(address, "/"), token: token, language: language,
		http: &http.Client{Timeout: timeout},
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
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+"/v1/events?"+query.Encode(), bytes.NewReader(ndjson))
	if err != nil {
		return api.BatchAnswer{}, err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	var answer api.BatchAnswer
	err = c.do(request, &answer)
	return answer, err
}

// Seal seals a unit's year. Error: a *Problem, or that of the connection. After
// an error it is safe to ask for the same position again.
func (c *Client) Seal(ctx context.Context, asked api.SnapshotRequest) (api.SnapshotAnswer, error) {
	body, err := json.Marshal(asked)
	if err != nil {
		return api.SnapshotAnswer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+"/v1/snapshots", bytes.NewReader(body))
	if err != nil {
		return api.SnapshotAnswer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	var answer api.SnapshotAnswer
	err = c.do(request, &answer)
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

func (c *Client) do(request *http.Request, answer any) error {
	body, err := c.send(request)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, answer)
}

// send sends a request with the token, and returns the body of its answer.
func (c *Client) send(request *http.Request) ([]byte, error) {
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept-Language", c.language)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > MaxAnswer {
		return nil, fmt.Errorf("%s answered with more than %d bytes", c.address, MaxAnswer)
	}
	if response.StatusCode >= http.StatusBadRequest {
		problem := &Problem{}
		if json.Unmarshal(body, &problem.Problem) != nil || problem.Code == "" {
			return nil, fmt.Errorf("%s answered %s", c.address, response.Status)
		}
		return nil, problem
	}
	return body, nil
}
