package api

import (
	"net/http"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/reach"
)

// rule says who may make a call, and what keeps the answer to what he may read.
type rule struct {
	narrowed narrowing
	// roles are those of which one is needed somewhere; none are listed where any
	// role will do.
	roles []events.Role
}

// narrowing is what keeps an answer to what whoever asks may read.
type narrowing int

// The narrowings. The zero value is none of them, so that a call cannot be let in
// without one.
const (
	_ narrowing = iota
	// byUnits: only what lies in the units that he reads is in the answer.
	byUnits
	// bySubject: what the call names has to lie in them, or he gets forbidden.
	bySubject
	// byRecorder: the recorder asks for the role that each event needs.
	byRecorder
	// byOwner: the answer is about himself, or what he made himself.
	byOwner
	// byPeople: users and sign-ins have no unit; a role of the rule has to be his
	// everywhere.
	byPeople
	// byNobody: nothing of anybody's is in the answer.
	byNobody
)

// reachOf is what somebody may read now.
func (a *API) reachOf(by access.Principal) reach.Reach {
	return reach.Of(a.config.Recorder.View(), by, fiscal.Today(a.config.Now()))
}

// reach is what whoever asks may read.
func (a *API) reach(r *http.Request) reach.Reach { return a.reachOf(auth.Principal(r.Context())) }

// places finds the units that things belong to, for one request.
func (a *API) places() *reach.Places { return reach.PlacesIn(a.config.Reader) }

// allow says whether a rule lets somebody make a call: nil, or a refusal.
func (a *API) allow(rule rule, s reach.Reach) error {
	switch {
	case rule.narrowed == byOwner && len(rule.roles) == 0:
		return nil // who has no role yet may still ask who he is
	case rule.narrowed == byPeople && !s.Has("", rule.roles...):
		return roleNeeded(rule.roles)
	case len(rule.roles) > 0 && !s.Holds(rule.roles...):
		return roleNeeded(rule.roles)
	case rule.narrowed != byRecorder && s.Nothing():
		return roleNeeded(events.Roles())
	}
	return nil
}

func roleNeeded(roles []events.Role) error {
	words := make([]string, len(roles))
	for i, role := range roles {
		words[i] = string(role)
	}
	return events.Refuse(CodeForbidden, ReasonOneRoleNeeded, "", "roles", strings.Join(words, ", "))
}
