// Package reach knows what somebody may read: the units that their roles cover,
// and what lies in them. The API and the pages ask it the same questions.
//
//	r := reach.Of(recorder.View(), auth.Principal(ctx), today)
//	query.Within = r.Within()           // narrows sums and lists
//	err := places.Line(ctx, r, id)      // refuses what lies elsewhere
package reach

import (
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/commands"
)

// ReasonOutside: what was asked for lies outside the units that one may read, or
// do this for.
const ReasonOutside events.Reason = "outside_scope" // kind, code

// Reach is what somebody may read and do on a day.
type Reach struct {
	By         access.Principal
	Today      fiscal.Date
	View       *commands.View
	units      []events.UnitID
	everything bool
}

// Of returns what somebody may read and do on a day.
func Of(view *commands.View, by access.Principal, today fiscal.Date) Reach {
	r := Reach{By: by, Today: today, View: view, everything: by.Root}
	if !by.Root {
		r.units, r.everything = view.Access.Reads(by, today)
	}
	return r
}

// Everything says whether nothing is out of reach.
func (r Reach) Everything() bool { return r.everything }

// Nothing says whether nothing is within reach.
func (r Reach) Nothing() bool { return !r.everything && len(r.units) == 0 }

// Within is what a projections.Query is narrowed by: nil keeps all, empty keeps
// none.
func (r Reach) Within() []events.UnitID {
	if r.everything {
		return nil
	}
	return append([]events.UnitID{}, r.units...)
}

// Reads says whether a unit, or a unit above it, is one that they read.
func (r Reach) Reads(unit events.UnitID) bool {
	if r.everything {
		return true
	}
	for at := range r.View.Upwards(unit) {
		if slices.Contains(r.units, at) {
			return true
		}
	}
	return false
}

// Has says whether they have one of some roles for a unit; everywhere if it is
// empty.
func (r Reach) Has(unit events.UnitID, roles ...events.Role) bool {
	return r.By.Root || slices.ContainsFunc(roles, func(role events.Role) bool {
		return r.View.Access.Has(r.By, role, r.View, unit, r.Today)
	})
}

// Holds says whether they have one of some roles for any unit; any role, if none
// is named.
func (r Reach) Holds(roles ...events.Role) bool {
	return r.By.Root || slices.ContainsFunc(r.Grants(), func(g access.Grant) bool {
		return len(roles) == 0 || slices.Contains(roles, g.Role)
	})
}

// Grants are the roles that they have today; the operator has none and needs none.
func (r Reach) Grants() []access.Grant {
	user, known := r.View.Access.User(events.UserID(r.By.Name))
	if !known || user.Retired {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(user.Grants), func(g access.Grant) bool { return !g.Holds(r.Today) })
}

// People says whether they may read who is let in and who signed in.
func (r Reach) People() bool { return r.Has("", events.Auditor, events.Admin) }

// LetIn says whether they, and the token that let them in, are still let in.
func (r Reach) LetIn() bool {
	if r.By.Root {
		return true
	}
	user, known := r.View.Access.User(events.UserID(r.By.Name))
	if !known || user.Retired {
		return false
	}
	return !slices.ContainsFunc(user.Tokens, func(t access.Token) bool {
		return t.ID == r.By.Token && (t.Revoked || t.Expires.Compare(r.Today) < 0)
	})
}

// Outside refuses to show something, without saying which unit it belongs to.
func Outside(kind, code string) *events.Refusal {
	return events.Refuse(access.CodeForbidden, ReasonOutside, "", "kind", kind, "code", code)
}
