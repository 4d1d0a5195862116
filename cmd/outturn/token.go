package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/client"
)

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a random token and print it; with --user, issue it to a user through the server. Example: outturn token create --user cashier-1 --role poster --unit U1 --expires 2024-12-31"`
	List   tokenListCommand   `cmd:"" help:"List the tokens of a user, or of all. Example: outturn token list --user cashier-1"`
	Revoke tokenRevokeCommand `cmd:"" help:"Let a token in no more. Example: outturn token revoke cashier-1 treasury --reason lost"`
}

type tokenCreateCommand struct {
	User    events.UserID  `placeholder:"CODE" help:"User to issue the token to; registered if it is new."`
	Name    events.TokenID `placeholder:"CODE" help:"Code of the token, by which it can be revoked. By default that of the user and the day that it expires."`
	Role    events.Role    `placeholder:"ROLE" help:"Role to grant, if the user does not have it: viewer, poster, approver, auditor or admin."`
	Unit    events.UnitID  `placeholder:"CODE" help:"Unit that the role is for, with all under it; by default everywhere."`
	Expires string         `placeholder:"DATE" help:"Last day that the token is good."`
	Label   events.Text    `placeholder:"TEXT" help:"What the token is for."`
	remote
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints a new token. One without a user is let in once a server is told of
// it (OUTTURN_TOKEN_FILE); one of a user is let in at once.
func (t tokenCreateCommand) Run(ctx context.Context, c console) error {
	if t.User == "" {
		if t.Role != "" || t.Unit != "" || t.Expires != "" || t.Name != "" || t.Label != "" {
			return misuse{errors.New("a token with a role, a unit or an end is a user's: name the user with --user")}
		}
		return t.print(c, api.TokenAnswer{Secret: auth.NewToken()})
	}
	expires, err := fiscal.ParseDate(t.Expires)
	if err != nil {
		return misuse{fmt.Errorf("--expires %q: %w", t.Expires, err)}
	}
	server, err := t.connect()
	if err != nil {
		return err
	}
	if err := t.prepare(ctx, server); err != nil {
		return err
	}
	if t.Name == "" {
		t.Name = events.TokenID(fmt.Sprintf("%s-%s", t.User, expires))
	}
	answer, err := server.IssueToken(ctx, t.User, api.TokenRequest{Token: t.Name, Expires: expires, Label: t.Label})
	if err != nil {
		return err
	}
	return t.print(c, answer)
}

// prepare registers the user if it is new, and grants the role that it lacks.
func (t tokenCreateCommand) prepare(ctx context.Context, server *client.Client) error {
	user, err := server.User(ctx, t.User)
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		_, err = record(ctx, server, string(t.User), events.UserRegistered{})
	}
	if err != nil || t.Role == "" {
		return err
	}
	for _, held := range user.Roles {
		if held.Role == t.Role && (held.Unit == nil && t.Unit == "" || held.Unit != nil && *held.Unit == t.Unit) {
			return nil
		}
	}
	_, err = record(ctx, server, string(t.User), events.RoleGranted{Role: t.Role, Unit: t.Unit})
	return err
}

func (t tokenCreateCommand) print(c console, answer api.TokenAnswer) error {
	if !t.JSON {
		_, err := fmt.Fprintln(c.out, answer.Secret)
		return err
	}
	said := map[string]string{"token": answer.Secret}
	if answer.User != "" {
		said["user"], said["name"], said["expires"] = string(answer.User), string(answer.Token), answer.Expires.String()
	}
	return json.NewEncoder(c.out).Encode(said)
}

type tokenListCommand struct {
	User events.UserID `placeholder:"CODE" help:"Only the tokens of a user."`
	remote
	JSON bool `name:"json" help:"Print JSON."`
}

// userToken is a token with whose it is.
type userToken struct {
	User events.UserID `json:"user"`
	api.IssuedAnswer
}

// Run lists tokens. Their secrets are known to nobody but those who have them.
func (t tokenListCommand) Run(ctx context.Context, c console) error {
	server, err := t.connect()
	if err != nil {
		return err
	}
	answer, err := server.Users(ctx)
	if err != nil {
		return err
	}
	tokens := []userToken{}
	for _, user := range answer.Users {
		for _, token := range user.Tokens {
			if t.User == "" || t.User == user.User {
				tokens = append(tokens, userToken{user.User, token})
			}
		}
	}
	if t.JSON {
		return json.NewEncoder(c.out).Encode(tokens)
	}
	for _, token := range tokens {
		state := "good through " + token.Expires.String()
		if token.Revoked {
			state = "revoked"
		}
		fmt.Fprintf(c.out, "%s  %s  %s  %s\n", token.User, token.Token, state, token.Label)
	}
	return nil
}

type tokenRevokeCommand struct {
	User   events.UserID  `arg:"" help:"Whose token it is."`
	Name   events.TokenID `arg:"" help:"Code of the token."`
	Reason events.Note    `placeholder:"TEXT" help:"Why."`
	said
}

// Run revokes a token.
func (t tokenRevokeCommand) Run(ctx context.Context, c console) error {
	return t.say(ctx, c, string(t.User), events.TokenRevoked{Token: t.Name, Reason: t.Reason})
}
