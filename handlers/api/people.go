package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/google/uuid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
)

// UsersAnswer lists who may be let in, by code.
type UsersAnswer struct {
	ThroughSequence uint64       `json:"through_sequence"`
	Users           []UserAnswer `json:"users"`
}

// UserAnswer is a user with its roles and tokens. Of a token nobody can read the
// secret, nor its hash.
type UserAnswer struct {
	User    events.UserID  `json:"user"`
	Label   events.Text    `json:"label,omitempty"`
	Retired bool           `json:"retired"`
	Roles   []RoleAnswer   `json:"roles"`
	Tokens  []IssuedAnswer `json:"tokens"`
}

// RoleAnswer is a role for a unit and all under it; null is everywhere. Until is
// the last day that it holds, or null.
type RoleAnswer struct {
	Role  events.Role    `json:"role"`
	Unit  *events.UnitID `json:"unit"`
	Until *fiscal.Date   `json:"until"`
}

// IssuedAnswer is a token that was issued.
type IssuedAnswer struct {
	Token   events.TokenID `json:"token"`
	Label   events.Text    `json:"label,omitempty"`
	Expires fiscal.Date    `json:"expires"`
	Revoked bool           `json:"revoked"`
}

func userAnswer(u access.User) UserAnswer {
	answer := UserAnswer{User: u.ID, Label: u.Label, Retired: u.Retired, Roles: rolesAnswer(u.Grants), Tokens: []IssuedAnswer{}}
	for _, t := range u.Tokens {
		answer.Tokens = append(answer.Tokens, IssuedAnswer{t.ID, t.Label, t.Expires, t.Revoked})
	}
	return answer
}

func rolesAnswer(grants []access.Grant) []RoleAnswer {
	roles := []RoleAnswer{}
	for _, grant := range grants {
		role := RoleAnswer{Role: grant.Role, Until: dateOrNull(grant.Until)}
		if grant.Unit != "" {
			role.Unit = &grant.Unit
		}
		roles = append(roles, role)
	}
	return roles
}

func (a *API) getUsers(w http.ResponseWriter, r *http.Request) {
	if err := queryOf(r).end(); err != nil {
		a.fail(w, r, err)
		return
	}
	view := a.config.Recorder.View()
	answer := UsersAnswer{ThroughSequence: view.Sequence, Users: []UserAnswer{}}
	for _, user := range view.Access.Users() {
		answer.Users = append(answer.Users, userAnswer(user))
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

func (a *API) getUser(w http.ResponseWriter, r *http.Request) {
	if err := queryOf(r).end(); err != nil {
		a.fail(w, r, err)
		return
	}
	user, known := a.config.Recorder.View().Access.User(events.UserID(r.PathValue("user")))
	if !known {
		a.fail(w, r, notFound(r, projections.ErrNotFound))
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, userAnswer(user))
}

// MeAnswer says who asks, which roles he has today and what he may read.
type MeAnswer struct {
	Name string `json:"name"`
	// Root is the operator, who may do everything.
	Root  bool           `json:"root"`
	Token events.TokenID `json:"token,omitempty"`
	Roles []RoleAnswer   `json:"roles"`
	Reads ReadsAnswer    `json:"reads"`
}

// ReadsAnswer is what somebody may read: everything, or some units with all under
// them.
type ReadsAnswer struct {
	Everything bool            `json:"everything"`
	Units      []events.UnitID `json:"units"`
}

func (a *API) getMe(w http.ResponseWriter, r *http.Request) {
	if err := queryOf(r).end(); err != nil {
		a.fail(w, r, err)
		return
	}
	s := a.reach(r)
	answer := MeAnswer{
		Name: s.By.Name, Root: s.By.Root, Token: s.By.Token, Roles: []RoleAnswer{},
		Reads: ReadsAnswer{s.Everything(), append([]events.UnitID{}, s.Within()...)},
	}
	if !s.By.Root {
		answer.Roles = rolesAnswer(s.Grants())
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// TokenRequest asks for a token of a user. Token is its code, by which it can be
// revoked; Expires is the last day that it is good.
type TokenRequest struct {
	Token   events.TokenID `json:"token"`
	Expires fiscal.Date    `json:"expires"`
	Label   events.Text    `json:"label,omitempty"`
}

// TokenAnswer is a new token. Secret is what lets its user in; it is said this
// once and kept nowhere.
type TokenAnswer struct {
	Sequence uint64         `json:"sequence"`
	User     events.UserID  `json:"user"`
	Token    events.TokenID `json:"token"`
	Expires  fiscal.Date    `json:"expires"`
	Secret   string         `json:"secret"`
}

// accessSource is the source of the events about people that the API makes.
const accessSource = ownSource + "api"

// postToken makes a random token for a user and records its SHA-256.
func (a *API) postToken(w http.ResponseWriter, r *http.Request) {
	asked, err := a.tokenRequest(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	secret := auth.NewToken()
	event, err := tokenIssued(r.PathValue("user"), asked, secret)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	results, err := a.config.Recorder.Submit(r.Context(), commands.Submission{
		By: auth.Principal(r.Context()), Items: []commands.Item{{Event: event}},
	})
	if err == nil && results[0].Status == commands.Rejected {
		err = results[0].Refusal
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusCreated, mediaJSON, TokenAnswer{
		results[0].Sequence, events.UserID(event.Subject), asked.Token, asked.Expires, secret,
	})
}

func (a *API) tokenRequest(w http.ResponseWriter, r *http.Request) (asked TokenRequest, err error) {
	if err := queryOf(r).end(); err != nil {
		return asked, err
	}
	if !isCode(r.PathValue("user")) {
		return asked, notFound(r, projections.ErrNotFound)
	}
	return asked, readJSON(w, r, &asked)
}

// readJSON reads the one JSON object of a request's body, as strictly as an event
// is read.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(into); err == nil && decoder.Decode(&struct{}{}) != io.EOF {
		err = errors.New("something follows the JSON object")
	}
	if err != nil {
		return events.Refuse(CodeRequestInvalid, ReasonRequestInvalid, "", "problem", err.Error())
	}
	return nil
}

// tokenIssued is the event that a token was issued, of which it keeps the hash.
func tokenIssued(user string, asked TokenRequest, secret string) (events.Event, error) {
	data := events.TokenIssued{Token: asked.Token, Hash: auth.Hash(secret), Expires: asked.Expires, Label: asked.Label}
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": uuid.NewString(), "source": accessSource, "type": data.Type(), "subject": user, "data": data,
	})
	if err != nil {
		return events.Event{}, err
	}
	return events.Parse(raw)
}
