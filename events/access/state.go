package access

import (
	"cmp"
	"maps"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/shelf"
)

// Fork returns a state that begins as s is; s must not change while it is used.
func (s *State) Fork() *State {
	return &State{base: s, users: shelf.On(&s.users), tokens: shelf.On(&s.tokens)}
}

// Merge makes a fork's changes those of the state that it was forked from.
func (s *State) Merge() {
	s.users.Merge()
	s.tokens.Merge()
}

// Clone returns a copy that shares nothing that changes, for others to read.
func (s *State) Clone() *State {
	clone := &State{}
	clone.take(s)
	return clone
}

// take loads what another state knows, from the bottom up.
func (s *State) take(other *State) {
	if other.base != nil {
		s.take(other.base)
	}
	s.users.Load(other.users.Own())
	s.tokens.Load(other.tokens.Own())
}

// User finds a user, also a retired one.
func (s *State) User(id events.UserID) (User, bool) { return s.users.Get(id) }

// Users lists all users by code.
func (s *State) Users() []User {
	all := slices.Collect(maps.Values(s.Clone().users.Own()))
	slices.SortFunc(all, func(a, b User) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Evolve records an event; those that are not about users change nothing.
func (s *State) Evolve(e events.Event) {
	if e.About() != events.OfUser {
		return
	}
	user, _ := s.users.Get(events.UserID(e.Subject))
	switch data := e.Data.(type) {
	case events.UserRegistered:
		user = User{ID: events.UserID(e.Subject), Label: data.Label}
	case events.UserRetired:
		user.Retired = true
	case events.RoleGranted:
		user.Grants = append(without(user.Grants, data.Role, data.Unit), grantOf(data))
	case events.RoleRevoked:
		user.Grants = without(user.Grants, data.Role, data.Unit)
	case events.TokenIssued:
		user.Tokens = append(slices.Clone(user.Tokens), Token{ID: data.Token, Label: data.Label, Hash: data.Hash, Expires: data.Expires})
		s.tokens.Put(data.Hash, tokenKey{user.ID, data.Token})
	case events.TokenRevoked:
		user.Tokens = slices.Clone(user.Tokens)
		if i := user.token(data.Token); i >= 0 {
			user.Tokens[i].Revoked = true
		}
	default:
		return
	}
	s.users.Put(user.ID, user)
}

func grantOf(data events.RoleGranted) Grant {
	grant := Grant{Role: data.Role, Unit: data.Unit}
	if data.Until != nil {
		grant.Until = *data.Until
	}
	return grant
}

// without copies grants, but for the one of a role for exactly this unit.
func without(grants []Grant, role events.Role, unit events.UnitID) []Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool { return g.Role == role && g.Unit == unit })
}

// token is the place of a user's token, or −1.
func (u User) token(id events.TokenID) int {
	return slices.IndexFunc(u.Tokens, func(t Token) bool { return t.ID == id })
}

// grant is the place of a user's grant of a role for exactly this unit, or −1.
func (u User) grant(role events.Role, unit events.UnitID) int {
	return slices.IndexFunc(u.Grants, func(g Grant) bool { return g.Role == role && g.Unit == unit })
}
