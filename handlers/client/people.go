package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/projections"
)

// Me says who the client's token belongs to. Error: a *Problem, or that of the
// connection; so of all that follow.
func (c *Client) Me(ctx context.Context) (answer api.MeAnswer, err error) {
	return answer, c.get(ctx, "/v1/me", &answer)
}

// Users lists who may be let in.
func (c *Client) Users(ctx context.Context) (answer api.UsersAnswer, err error) {
	return answer, c.get(ctx, "/v1/users", &answer)
}

// User reads one user.
func (c *Client) User(ctx context.Context, id events.UserID) (answer api.UserAnswer, err error) {
	return answer, c.get(ctx, "/v1/users/"+url.PathEscape(string(id)), &answer)
}

// IssueToken issues a token for a user. The answer holds its secret, which nobody
// can read again. It is sent once: another try would make another secret.
func (c *Client) IssueToken(ctx context.Context, user events.UserID, asked api.TokenRequest) (answer api.TokenAnswer, err error) {
	body, err := json.Marshal(asked)
	if err != nil {
		return answer, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+"/v1/users/"+url.PathEscape(string(user))+"/tokens", bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	request.Header.Set("Content-Type", "application/json")
	raw, _, err := c.try(request)
	if err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(raw, &answer)
}

// Proposals lists the proposals of a state, all of them if it is empty, newest
// first and from all pages.
func (c *Client) Proposals(ctx context.Context, state projections.ProposalState) ([]api.ProposalAnswer, error) {
	all := []api.ProposalAnswer{}
	next := "?" + url.Values{"state": {string(state)}}.Encode()
	for {
		var page api.ProposalsAnswer
		if err := c.get(ctx, "/v1/proposals"+next, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Proposals...)
		if page.Next == nil {
			return all, nil
		}
		next = *page.Next
	}
}

// Proposal reads one proposal.
func (c *Client) Proposal(ctx context.Context, id events.ProposalID) (answer api.ProposalAnswer, err error) {
	return answer, c.get(ctx, "/v1/proposals/"+url.PathEscape(string(id)), &answer)
}

// Execution reads an execution report. Query has the parameters of GET
// /v1/execution, such as year and by.
func (c *Client) Execution(ctx context.Context, query url.Values) (answer api.ExecutionAnswer, err error) {
	return answer, c.get(ctx, "/v1/execution?"+query.Encode(), &answer)
}
