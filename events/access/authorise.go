package access

import (
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

// RolesFor lists the roles of which one is needed to record an event of a type;
// none for what only the server itself records, in the operator's name.
func RolesFor(t events.Type) []events.Role { return rolesByNoun[t.Noun()] }

var rolesByNoun = func() map[string][]events.Role {
	table := map[string][]events.Role{
		"form.issued":   {events.Auditor, events.Approver, events.Admin},
		"proposal.made": nil, "session.opened": nil, "session.refused": nil,
	}
	for role, nouns := range map[events.Role][]string{
		events.Poster: {
			"budget.allocated", "budget.supplemented", "budget.reduced", "budget.recalled", "budget.frozen", "budget.unfrozen", "budget.transferred",
			"carryover.received", "carryover.confirmed", "carryover.sent", "surplus.returned",
			"commitment.made", "commitment.changed", "commitment.released",
			"disbursement.paid", "disbursement.refunded", "disbursement.corrected", "plan.set",
			"goal.set", "goal.reported", "indicator.set", "indicator.reported", "indicator.scored",
			"alert.answered", "proposal.withdrawn",
		},
		events.Approver: {
			"proposal.approved", "proposal.declined", "override.granted", "override.ended",
			"period.closed", "alert.raised", "alert.escalated", "alert.closed",
		},
		events.Admin: {
			"unit.registered", "project.registered", "line.opened", "year.opened", "year.closed", "year.reopened",
			"control.set", "control.removed", "pace.set", "pace.removed", "review.set", "review.removed",
			"user.registered", "user.retired", "role.granted", "role.revoked", "token.issued", "token.revoked",
		},
	} {
		for _, noun := range nouns {
			table[noun] = []events.Role{role}
		}
	}
	return table
}()

// Authorise says whether somebody may record an event today: nil, or an
// *events.Refusal of code forbidden that says which role is missing where. An
// event about what is not there is let through to whoever has the role anywhere:
// the rules of the books say that it is not there.
func (s *State) Authorise(by Principal, e events.Event, b *budget.Books, today fiscal.Date) error {
	if by.Root {
		return nil
	}
	roles := RolesFor(e.Type)
	if len(roles) == 0 {
		return events.Refuse(CodeForbidden, ReasonOnlyServerRecord, "/type", "type", e.Type.Noun())
	}
	units := Units(b, e)
	if len(units) == 0 && !s.hasAnywhere(by, roles, today) {
		return events.Refuse(CodeForbidden, ReasonRoleNeededOfAll, "", "actor", by.Name, "role", list(roles))
	}
	for _, unit := range units {
		has := func(role events.Role) bool { return s.Has(by, role, b, unit, today) }
		switch {
		case slices.ContainsFunc(roles, has):
		case unit == everywhere:
			return events.Refuse(CodeForbidden, ReasonRoleNeededOfAll, "", "actor", by.Name, "role", list(roles))
		default:
			return events.Refuse(CodeForbidden, ReasonRoleNeeded, "", "actor", by.Name, "role", list(roles), "unit", string(unit))
		}
	}
	return nil
}

// everywhere stands for all units.
const everywhere events.UnitID = ""

// Units are the units that an event touches: that of its subject first, then
// that of the other line of a transfer or a correction. An event about a user, or
// about a unit at the top that is yet to be registered, touches everything, which
// is the empty unit. There are none for a subject that is not registered.
func Units(b *budget.Books, e events.Event) []events.UnitID {
	switch data := e.Data.(type) {
	case events.UnitRegistered:
		if data.Parent == nil {
			return []events.UnitID{everywhere}
		}
		return []events.UnitID{*data.Parent}
	case events.ProjectRegistered:
		return []events.UnitID{data.Unit}
	case events.LineOpened:
		return []events.UnitID{data.Unit}
	}
	switch e.About() {
	case events.OfUser:
		return []events.UnitID{everywhere}
	case events.OfUnit:
		return []events.UnitID{events.UnitID(e.Subject)}
	case events.OfProject:
		return projectUnits(b, e)
	}
	return lineUnits(b, events.LineID(e.Subject), otherLine(e.Data))
}

func otherLine(data events.Data) events.LineID {
	switch data := data.(type) {
	case events.BudgetTransferred:
		return data.To
	case events.DisbursementCorrected:
		return data.ToLine
	}
	return ""
}

func lineUnits(b *budget.Books, lines ...events.LineID) []events.UnitID {
	var units []events.UnitID
	for _, id := range lines {
		if line, open := b.Line(id); open && !slices.Contains(units, line.Unit) {
			units = append(units, line.Unit)
		}
	}
	return units
}

// projectUnits is the unit of the project in the year that the event states. If
// it states none, they are the project's units of all years: one code is seldom
// registered for two units, and then a role for both is needed.
func projectUnits(b *budget.Books, e events.Event) []events.UnitID {
	first, last := fiscal.MinYear, fiscal.MaxYear
	if year, stated := budget.StatedYear(e.Data); stated {
		first, last = year, year
	}
	var units []events.UnitID
	for year := first; year <= last; year++ {
		project, ok := b.Project(budget.ProjectKey{ID: events.ProjectID(e.Subject), Year: year})
		if ok && !slices.Contains(units, project.Unit) {
			units = append(units, project.Unit)
		}
	}
	return units
}

// Has says whether somebody has a role for a unit today. An empty unit asks for
// the role everywhere.
func (s *State) Has(by Principal, role events.Role, tree Tree, unit events.UnitID, today fiscal.Date) bool {
	if by.Root {
		return true
	}
	covered := func(at events.UnitID) bool {
		for above := range tree.Upwards(unit) {
			if above == at {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(s.grants(by, today), func(g Grant) bool {
		return g.Role == role && (g.Unit == everywhere || covered(g.Unit))
	})
}

func (s *State) hasAnywhere(by Principal, roles []events.Role, today fiscal.Date) bool {
	return slices.ContainsFunc(s.grants(by, today), func(g Grant) bool { return slices.Contains(roles, g.Role) })
}

// grants are those that somebody has today; a retired user has none.
func (s *State) grants(by Principal, today fiscal.Date) []Grant {
	user, known := s.User(events.UserID(by.Name))
	if !known || user.Retired {
		return nil
	}
	if !slices.ContainsFunc(user.Grants, func(g Grant) bool { return !g.Holds(today) }) {
		return user.Grants
	}
	return slices.DeleteFunc(slices.Clone(user.Grants), func(g Grant) bool { return !g.Holds(today) })
}

// Reads is what somebody may read today: the roots of the subtrees, by code, or
// everything. Any role reads.
func (s *State) Reads(by Principal, today fiscal.Date) (units []events.UnitID, everything bool) {
	if by.Root {
		return nil, true
	}
	for _, grant := range s.grants(by, today) {
		if grant.Unit == everywhere {
			return nil, true
		}
		units = append(units, grant.Unit)
	}
	slices.Sort(units)
	return slices.Compact(units), false
}

// Authenticate finds whose token has this SHA-256. Error: an *events.Refusal of
// code unauthenticated: token_unknown, token_expired, token_revoked, user_retired.
// The principal of all but the first is told beside the error, so that it can be
// said who was refused; who does not look at the error lets them in.
func (s *State) Authenticate(hash events.Digest, today fiscal.Date) (Principal, error) {
	key, known := s.tokens.Get(hash)
	if !known {
		return Principal{}, events.Refuse(CodeUnauthenticated, ReasonTokenUnknown, "")
	}
	by := Principal{Name: string(key.user), Token: key.token}
	user, _ := s.User(key.user)
	token := user.Tokens[user.token(key.token)]
	switch {
	case user.Retired:
		return by, events.Refuse(CodeUnauthenticated, ReasonUserRetired, "", "user", by.Name)
	case token.Revoked:
		return by, events.Refuse(CodeUnauthenticated, ReasonTokenRevoked, "", "token", string(token.ID), "user", by.Name)
	case today.Compare(token.Expires) > 0:
		return by, events.Refuse(CodeUnauthenticated, ReasonTokenExpired, "", "token", string(token.ID), "user", by.Name, "expired", token.Expires.String())
	}
	return by, nil
}

// Admit says whether a user whom somebody else vouches for is let in today: it is
// registered, not retired, and has a role. Error: an *events.Refusal of code
// unauthenticated: unknown_user, user_retired, no_role. As with Authenticate, the
// principal of a known user is told beside the error.
func (s *State) Admit(id events.UserID, today fiscal.Date) (Principal, error) {
	user, known := s.User(id)
	if !known {
		return Principal{}, events.Refuse(CodeUnauthenticated, ReasonUnknownUser, "", "user", string(id))
	}
	by := Principal{Name: string(id)}
	switch {
	case user.Retired:
		return by, events.Refuse(CodeUnauthenticated, ReasonUserRetired, "", "user", by.Name)
	case len(s.grants(by, today)) == 0:
		return by, events.Refuse(CodeUnauthenticated, ReasonNoRole, "", "user", by.Name)
	}
	return by, nil
}
