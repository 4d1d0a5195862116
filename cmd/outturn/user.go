package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/client"
	"github.com/outturn/outturn/handlers/commands"
)

type userCommand struct {
	List   userListCommand   `cmd:"" help:"List users with their roles. Example: outturn user list"`
	Add    userAddCommand    `cmd:"" help:"Register a user. Example: outturn user add cashier-1 --label 出纳岗"`
	Grant  userGrantCommand  `cmd:"" help:"Grant a role. Example: outturn user grant cashier-1 poster --unit U1"`
	Revoke userRevokeCommand `cmd:"" help:"Take a role back. Example: outturn user revoke cashier-1 poster --unit U1"`
	Retire userRetireCommand `cmd:"" help:"Let a user in no more. Example: outturn user retire cashier-1 --reason moved"`
}

// commandSource is the source of the events that commands make.
const commandSource = "/command-line"

// record records one event, or returns why it was refused as an error.
func record(ctx context.Context, server *client.Client, subject string, data events.Data) (api.ResultAnswer, error) {
	event, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": uuid.NewString(), "source": commandSource, "type": data.Type(), "subject": subject, "data": data,
	})
	if err != nil {
		return api.ResultAnswer{}, err
	}
	answer, err := server.Post(ctx, event, client.Options{})
	if err != nil {
		return api.ResultAnswer{}, err
	}
	result := answer.Results[0]
	if result.Status == commands.Rejected {
		return result, fmt.Errorf("%s (%s)", result.Detail, result.Code)
	}
	return result, nil
}

// said is a command that records one event.
type said struct {
	remote
	JSON bool `name:"json" help:"Print JSON."`
}

// say records the event and prints where it stands.
func (s said) say(ctx context.Context, c console, subject string, data events.Data) error {
	server, err := s.connect()
	if err != nil {
		return err
	}
	result, err := record(ctx, server, subject, data)
	if err != nil {
		return err
	}
	if s.JSON {
		return json.NewEncoder(c.out).Encode(result)
	}
	_, err = fmt.Fprintf(c.out, "%s %s: %s as event %d\n", data.Type().Noun(), subject, result.Status, result.Sequence)
	return err
}

type userListCommand struct {
	remote
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists users.
func (u userListCommand) Run(ctx context.Context, c console) error {
	server, err := u.connect()
	if err != nil {
		return err
	}
	answer, err := server.Users(ctx)
	if err != nil {
		return err
	}
	if u.JSON {
		return json.NewEncoder(c.out).Encode(answer.Users)
	}
	for _, user := range answer.Users {
		fmt.Fprintf(c.out, "%s  %s  %s\n", user.User, rolesOf(user), user.Label)
	}
	return nil
}

// rolesOf writes a user's roles: "poster@U1 viewer@*".
func rolesOf(user api.UserAnswer) string {
	if user.Retired {
		return "retired"
	}
	words := []string{}
	for _, held := range user.Roles {
		word := string(held.Role) + "@*"
		if held.Unit != nil {
			word = string(held.Role) + "@" + string(*held.Unit)
		}
		if held.Until != nil {
			word += " until " + held.Until.String()
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return "no role"
	}
	return strings.Join(words, ", ")
}

type userAddCommand struct {
	User  events.UserID `arg:"" help:"Code of the user: a post or a desk, never a person's name."`
	Label events.Text   `placeholder:"TEXT" help:"What the post is."`
	said
}

// Run registers a user.
func (u userAddCommand) Run(ctx context.Context, c console) error {
	return u.say(ctx, c, string(u.User), events.UserRegistered{Label: u.Label})
}

type userGrantCommand struct {
	User   events.UserID `arg:"" help:"Code of the user."`
	Role   events.Role   `arg:"" enum:"viewer,poster,approver,auditor,admin" help:"viewer, poster, approver, auditor or admin."`
	Unit   events.UnitID `placeholder:"CODE" help:"Unit that the role is for, with all under it; by default everywhere."`
	Until  string        `placeholder:"DATE" help:"Last day that it holds."`
	Reason events.Note   `placeholder:"TEXT" help:"Why."`
	said
}

// Run grants a role.
func (u userGrantCommand) Run(ctx context.Context, c console) error {
	granted := events.RoleGranted{Role: u.Role, Unit: u.Unit, Reason: u.Reason}
	if u.Until != "" {
		until, err := fiscal.ParseDate(u.Until)
		if err != nil {
			return misuse{fmt.Errorf("--until %q: %w", u.Until, err)}
		}
		granted.Until = &until
	}
	return u.say(ctx, c, string(u.User), granted)
}

type userRevokeCommand struct {
	User   events.UserID `arg:"" help:"Code of the user."`
	Role   events.Role   `arg:"" enum:"viewer,poster,approver,auditor,admin" help:"viewer, poster, approver, auditor or admin."`
	Unit   events.UnitID `placeholder:"CODE" help:"Unit that the role was granted for; by default everywhere."`
	Reason events.Note   `placeholder:"TEXT" help:"Why."`
	said
}

// Run takes a role back.
func (u userRevokeCommand) Run(ctx context.Context, c console) error {
	return u.say(ctx, c, string(u.User), events.RoleRevoked{Role: u.Role, Unit: u.Unit, Reason: u.Reason})
}

type userRetireCommand struct {
	User   events.UserID `arg:"" help:"Code of the user."`
	Reason events.Note   `required:"" placeholder:"TEXT" help:"Why."`
	said
}

// Run lets a user in no more.
func (u userRetireCommand) Run(ctx context.Context, c console) error {
	return u.say(ctx, c, string(u.User), events.UserRetired{Reason: u.Reason})
}
