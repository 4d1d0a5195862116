// Package access knows who may do what. It is pure: users, their roles and the
// hashes of their tokens are events, and [State] is what those events say.
//
//	viewer    reads the figures of its units
//	poster    records what happens to money there, and proposes what needs a second person
//	approver  approves proposals of others, grants overrides, closes months; reads
//	auditor   reads everything of its units, who posted what and who signed in included
//	admin     registers units, projects and lines, sets rules, lets users in, closes years
//
// A role is granted for a unit and covers all units under it; granted without a
// unit it covers everything. A role does not include another one: who may post
// and approve has both, and still nobody approves what is their own. [RolesFor]
// is the table of which role records which event.
package access

import (
	"iter"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/shelf"
)

// Principal is who asks for something.
type Principal struct {
	// Name stands in every event as its actor: a user's code, or the name of a
	// token of the operator's.
	Name string
	// Root is true for the operator's own tokens, which the settings name: they may
	// do everything, and no event says so.
	Root bool
	// Token is the user's token that let it in; empty for a session of OIDC.
	Token events.TokenID
}

// Grant is a role of a user. Unit is empty for everywhere; Until is the last day
// that it holds, zero for no end.
type Grant struct {
	Role  events.Role
	Unit  events.UnitID
	Until fiscal.Date
}

// Holds says whether the grant has not ended on a day.
func (g Grant) Holds(on fiscal.Date) bool { return g.Until.IsZero() || on.Compare(g.Until) <= 0 }

// Token is an API token of a user, of which only the hash is known.
type Token struct {
	ID      events.TokenID
	Label   events.Text
	Hash    events.Digest
	Expires fiscal.Date // the last day on which it is good
	Revoked bool
}

// User is somebody who may be let in. Its slices are not changed once they are
// made: whoever gets a user may keep it, and must not change them either.
type User struct {
	ID      events.UserID
	Label   events.Text
	Retired bool
	Grants  []Grant
	Tokens  []Token
}

// Tree is the tree of units: Upwards yields a unit and every unit above it.
// *budget.Books is one.
type Tree interface {
	Upwards(events.UnitID) iter.Seq[events.UnitID]
}

// State is who may do what. The zero value knows nobody. It is not safe for
// concurrent use; see Clone.
type State struct {
	base   *State // what a fork rests on
	users  shelf.Shelf[events.UserID, User]
	tokens shelf.Shelf[events.Digest, tokenKey]
}

type tokenKey struct {
	user  events.UserID
	token events.TokenID
}
