package access

import (
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
)

// Reserved lists the codes that no user may have: they are the names of the
// operator's own tokens and of the server itself.
func Reserved() []events.UserID { return []events.UserID{"admin", "demo", "outturn"} }

// Decide says whether an event about a user fits what was recorded: nil, or an
// *events.Refusal. Events about other things fit, and so do those of sessions:
// they say what the server saw. The books know which units there are.
//
// A role that is granted again for the same unit with another last day takes the
// place of the earlier grant.
func (s *State) Decide(b *budget.Books, e events.Event) error {
	if e.About() != events.OfUser {
		return nil
	}
	switch data := e.Data.(type) {
	case events.UserRegistered:
		return s.mayRegister(events.UserID(e.Subject))
	case events.SessionOpened, events.SessionRefused:
		return nil
	case events.RoleGranted:
		if err := unitExists(b, data.Unit); err != nil {
			return err
		}
	}
	user, known := s.User(events.UserID(e.Subject))
	switch {
	case !known:
		return events.Refuse(CodeUnknownUser, ReasonUnknownUser, "/subject", "user", e.Subject)
	case user.Retired:
		return events.Refuse(CodeUnknownUser, ReasonUserRetired, "/subject", "user", e.Subject)
	}
	switch data := e.Data.(type) {
	case events.RoleGranted:
		return user.mayHave(grantOf(data))
	case events.RoleRevoked:
		return user.mayLose(data)
	case events.TokenIssued:
		return s.mayIssue(user, data)
	case events.TokenRevoked:
		return user.mayRevoke(data.Token)
	}
	return nil
}

func (s *State) mayRegister(id events.UserID) error {
	if slices.Contains(Reserved(), id) {
		return events.Refuse(events.CodeAlreadyRegistered, ReasonUserReserved, "/subject", "user", string(id), "reserved", list(Reserved()))
	}
	if _, taken := s.User(id); taken {
		return events.Refuse(events.CodeAlreadyRegistered, ReasonUserTaken, "/subject", "user", string(id))
	}
	return nil
}

func unitExists(b *budget.Books, id events.UnitID) error {
	if _, ok := b.Unit(id); id != "" && !ok {
		return events.Refuse(events.CodeUnknownUnit, events.ReasonUnknownUnit, "/data/unit", "unit", string(id))
	}
	return nil
}

func (u User) mayHave(grant Grant) error {
	if slices.Contains(u.Grants, grant) {
		return events.Refuse(CodeAlreadyGranted, ReasonRoleHeld, "/data/role", "user", string(u.ID), "role", string(grant.Role), "unit", string(grant.Unit))
	}
	return nil
}

func (u User) mayLose(data events.RoleRevoked) error {
	if u.grant(data.Role, data.Unit) < 0 {
		return events.Refuse(CodeUnknownGrant, ReasonRoleNotHeld, "/data/role", "user", string(u.ID), "role", string(data.Role), "unit", string(data.Unit))
	}
	return nil
}

func (s *State) mayIssue(user User, data events.TokenIssued) error {
	if user.token(data.Token) >= 0 {
		return events.Refuse(events.CodeAlreadyRegistered, ReasonTokenTaken, "/data/token", "token", string(data.Token), "user", string(user.ID))
	}
	if _, taken := s.tokens.Get(data.Hash); taken {
		return events.Refuse(events.CodeAlreadyRegistered, ReasonTokenHashTaken, "/data/hash")
	}
	return nil
}

func (u User) mayRevoke(id events.TokenID) error {
	i := u.token(id)
	switch {
	case i < 0:
		return events.Refuse(CodeUnknownToken, ReasonTokenNotOfUser, "/data/token", "token", string(id), "user", string(u.ID))
	case u.Tokens[i].Revoked:
		return events.Refuse(CodeUnknownToken, ReasonTokenRevoked, "/data/token", "token", string(id), "user", string(u.ID))
	}
	return nil
}

// list writes codes as the parameter of a refusal.
func list[T ~string](codes []T) string {
	all := make([]string, len(codes))
	for i, code := range codes {
		all[i] = string(code)
	}
	return strings.Join(all, ", ")
}
