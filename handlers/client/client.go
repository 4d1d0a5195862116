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
)

// timeout bounds one request.
const timeout = 2 * time.Minute

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

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

func (c *Client) do(request *http.Request, answer any) error {
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept-Language", c.language)
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		problem := &Problem{}
		if json.Unmarshal(body, &problem.Problem) != nil || problem.Code == "" {
			return fmt.Errorf("%s answered %s", c.address, response.Status)
		}
		return problem
	}
	return json.Unmarshal(body, answer)
}
