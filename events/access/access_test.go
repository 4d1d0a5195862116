package access_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

var today = fiscal.Date{Year: 2023, Month: 10, Day: 31}

// event makes an event as somebody submits it.
func event(t *testing.T, subject string, data events.Data) events.Event {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": "e", "source": "/test", "type": data.Type(), "subject": subject, "data": data,
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := events.Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return e
}

// city has the units city ← bureau ← school and, beside the bureau, office; a line
// each of school and office; and the project P, of the school in 2023 and of the
// office in 2024.
func city() *budget.Books {
	b := budget.NewBooks()
	b.Load(budget.Changes{
		Units: map[events.UnitID]budget.Unit{
			"city": {ID: "city"}, "bureau": {ID: "bureau", Parent: "city"}, "school": {ID: "school", Parent: "bureau"}, "office": {ID: "office", Parent: "city"},
		},
		Lines: map[events.LineID]budget.Line{
			"L-school": {ID: "L-school", Year: 2023, Unit: "school"}, "L-office": {ID: "L-office", Year: 2023, Unit: "office"},
		},
		Projects: map[budget.ProjectKey]budget.Project{
			{ID: "P", Year: 2023}: {Key: budget.ProjectKey{ID: "P", Year: 2023}, Unit: "school"},
			{ID: "P", Year: 2024}: {Key: budget.ProjectKey{ID: "P", Year: 2024}, Unit: "office"},
		},
	})
	return b
}

// digest is the hash of some token.
func digest(c string) events.Digest { return events.Digest(strings.Repeat(c, 64)) }

// people records what is said about users.
func people(t *testing.T, all ...said) *access.State {
	t.Helper()
	s := &access.State{}
	tell(t, s, all...)
	return s
}

func tell(t *testing.T, s *access.State, all ...said) {
	t.Helper()
	for _, one := range all {
		e := event(t, one.user, one.data)
		if err := s.Decide(city(), e); err != nil {
			t.Fatalf("%s of %s: %v", e.Type, one.user, err)
		}
		s.Evolve(e)
	}
}

type said struct {
	user string
	data events.Data
}

func register(user string) said { return said{user, events.UserRegistered{Label: "岗位"}} }
func retire(user string) said   { return said{user, events.UserRetired{Reason: "撤岗"}} }
func grant(user string, role events.Role, unit events.UnitID) said {
	return said{user, events.RoleGranted{Role: role, Unit: unit}}
}
func grantUntil(user string, role events.Role, unit events.UnitID, until fiscal.Date) said {
	return said{user, events.RoleGranted{Role: role, Unit: unit, Until: &until}}
}
func revoke(user string, role events.Role, unit events.UnitID) said {
	return said{user, events.RoleRevoked{Role: role, Unit: unit}}
}
func issue(user string, token events.TokenID, hash events.Digest) said {
	return said{user, events.TokenIssued{Token: token, Hash: hash, Expires: today}}
}
func revokeToken(user string, token events.TokenID) said {
	return said{user, events.TokenRevoked{Token: token}}
}

func TestEventsAboutUsers(t *testing.T) {
	t.Parallel()
	desk := []said{register("desk")}
	for name, c := range map[string]struct {
		given  []said
		say    said
		code   events.Code
		reason events.Reason
	}{
		"a new user":                         {nil, register("desk"), "", ""},
		"a code that is taken":               {desk, register("desk"), events.CodeAlreadyRegistered, access.ReasonUserTaken},
		"a code of somebody retired":         {append(desk, retire("desk")), register("desk"), events.CodeAlreadyRegistered, access.ReasonUserTaken},
		"the operator's name":                {nil, register("admin"), events.CodeAlreadyRegistered, access.ReasonUserReserved},
		"the demonstration's name":           {nil, register("demo"), events.CodeAlreadyRegistered, access.ReasonUserReserved},
		"the server's name":                  {nil, register("outturn"), events.CodeAlreadyRegistered, access.ReasonUserReserved},
		"a user retires":                     {desk, retire("desk"), "", ""},
		"nobody retires":                     {nil, retire("desk"), access.CodeUnknownUser, access.ReasonUnknownUser},
		"a user retires twice":               {append(desk, retire("desk")), retire("desk"), access.CodeUnknownUser, access.ReasonUserRetired},
		"a role for a unit":                  {desk, grant("desk", events.Poster, "school"), "", ""},
		"a role everywhere":                  {desk, grant("desk", events.Poster, ""), "", ""},
		"a role for no unit that is there":   {desk, grant("desk", events.Poster, "moon"), events.CodeUnknownUnit, events.ReasonUnknownUnit},
		"a role for nobody":                  {nil, grant("desk", events.Poster, ""), access.CodeUnknownUser, access.ReasonUnknownUser},
		"a role for somebody retired":        {append(desk, retire("desk")), grant("desk", events.Poster, ""), access.CodeUnknownUser, access.ReasonUserRetired},
		"the same role twice":                {append(desk, grant("desk", events.Poster, "school")), grant("desk", events.Poster, "school"), access.CodeAlreadyGranted, access.ReasonRoleHeld},
		"the same role with another day":     {append(desk, grant("desk", events.Poster, "school")), grantUntil("desk", events.Poster, "school", today), "", ""},
		"the same role for another unit":     {append(desk, grant("desk", events.Poster, "school")), grant("desk", events.Poster, "office"), "", ""},
		"a role is revoked":                  {append(desk, grant("desk", events.Poster, "school")), revoke("desk", events.Poster, "school"), "", ""},
		"a role is revoked for a unit under": {append(desk, grant("desk", events.Poster, "bureau")), revoke("desk", events.Poster, "school"), access.CodeUnknownGrant, access.ReasonRoleNotHeld},
		"another role is revoked":            {append(desk, grant("desk", events.Poster, "school")), revoke("desk", events.Admin, "school"), access.CodeUnknownGrant, access.ReasonRoleNotHeld},
		"a role is revoked twice":            {append(desk, grant("desk", events.Poster, ""), revoke("desk", events.Poster, "")), revoke("desk", events.Poster, ""), access.CodeUnknownGrant, access.ReasonRoleNotHeld},
		"a token":                            {desk, issue("desk", "t1", digest("a")), "", ""},
		"a token's code again":               {append(desk, issue("desk", "t1", digest("a"))), issue("desk", "t1", digest("b")), events.CodeAlreadyRegistered, access.ReasonTokenTaken},
		"a token's code for somebody else":   {append(desk, register("till"), issue("desk", "t1", digest("a"))), issue("till", "t1", digest("b")), "", ""},
		"a token's hash again":               {append(desk, register("till"), issue("desk", "t1", digest("a"))), issue("till", "t2", digest("a")), events.CodeAlreadyRegistered, access.ReasonTokenHashTaken},
		"a revoked token's hash again":       {append(desk, issue("desk", "t1", digest("a")), revokeToken("desk", "t1")), issue("desk", "t2", digest("a")), events.CodeAlreadyRegistered, access.ReasonTokenHashTaken},
		"a token is revoked":                 {append(desk, issue("desk", "t1", digest("a"))), revokeToken("desk", "t1"), "", ""},
		"a token is revoked twice":           {append(desk, issue("desk", "t1", digest("a")), revokeToken("desk", "t1")), revokeToken("desk", "t1"), access.CodeUnknownToken, access.ReasonTokenRevoked},
		"no such token is revoked":           {desk, revokeToken("desk", "t1"), access.CodeUnknownToken, access.ReasonTokenNotOfUser},
		"the operator signed in":             {nil, said{"admin", events.SessionOpened{Method: events.SignInToken}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := people(t, c.given...)
			err := s.Decide(city(), event(t, c.say.user, c.say.data))
			if c.reason == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			refusal := events.AsRefusal(err)
			if refusal == nil || refusal.Code != c.code || refusal.Reason != c.reason {
				t.Fatalf("%v, want %s: %s", err, c.code, c.reason)
			}
		})
	}
}

func TestARoleCoversTheUnitsUnderIt(t *testing.T) {
	t.Parallel()
	s := people(t, register("desk"), grant("desk", events.Poster, "bureau"), register("till"), grant("till", events.Poster, ""), register("gone"), grant("gone", events.Poster, ""), retire("gone"))
	for _, c := range []struct {
		who  string
		role events.Role
		unit events.UnitID
		want bool
	}{
		{"desk", events.Poster, "bureau", true}, {"desk", events.Poster, "school", true},
		{"desk", events.Poster, "city", false}, {"desk", events.Poster, "office", false}, {"desk", events.Poster, "", false}, {"desk", events.Poster, "moon", false},
		{"desk", events.Viewer, "school", false}, {"desk", events.Admin, "school", false},
		{"till", events.Poster, "office", true}, {"till", events.Poster, "", true}, {"till", events.Approver, "office", false},
		{"gone", events.Poster, "office", false}, {"nobody", events.Poster, "office", false}, {"", events.Poster, "", false},
	} {
		if got := s.Has(access.Principal{Name: c.who}, c.role, city(), c.unit, today); got != c.want {
			t.Errorf("%s is %s of %q: %v", c.who, c.role, c.unit, got)
		}
		if !s.Has(access.Principal{Name: c.who, Root: true}, c.role, city(), c.unit, today) {
			t.Errorf("the operator is not %s of %q", c.role, c.unit)
		}
	}
}

func TestARoleEndsAfterItsLastDay(t *testing.T) {
	t.Parallel()
	s := people(t, register("desk"), grantUntil("desk", events.Poster, "bureau", today), grant("desk", events.Viewer, "office"))
	by := access.Principal{Name: "desk"}
	if !s.Has(by, events.Poster, city(), "school", today) || s.Has(by, events.Poster, city(), "school", today.AddDays(1)) {
		t.Error("the role does not hold through its last day and no longer")
	}
	for day, want := range map[fiscal.Date]string{today: "bureau office", today.AddDays(1): "office"} {
		units, everything := s.Reads(by, day)
		var got []string
		for _, unit := range units {
			got = append(got, string(unit))
		}
		if strings.Join(got, " ") != want || everything {
			t.Errorf("on %s it reads %v (%v), want %s", day, units, everything, want)
		}
	}
	tell(t, s, grant("desk", events.Poster, "bureau"))
	if user, _ := s.User("desk"); len(user.Grants) != 2 || !s.Has(by, events.Poster, city(), "school", today.AddDays(1)) {
		t.Errorf("a grant without an end does not take the place of the one with: %v", user.Grants)
	}
}

func TestWhoReadsWhat(t *testing.T) {
	t.Parallel()
	s := people(t, register("desk"), grant("desk", events.Poster, "school"), grant("desk", events.Approver, "school"), grant("desk", events.Viewer, "office"),
		register("all"), grant("all", events.Poster, "school"), grant("all", events.Auditor, ""), register("none"))
	for _, c := range []struct {
		by         access.Principal
		units      int
		everything bool
	}{
		{access.Principal{Name: "desk"}, 2, false}, {access.Principal{Name: "all"}, 0, true}, {access.Principal{Name: "none"}, 0, false},
		{access.Principal{Name: "stranger"}, 0, false}, {access.Principal{}, 0, false}, {access.Principal{Name: "admin", Root: true}, 0, true},
	} {
		if units, everything := s.Reads(c.by, today); len(units) != c.units || everything != c.everything {
			t.Errorf("%+v reads %v (%v)", c.by, units, everything)
		}
	}
}

func TestATokenLetsItsUserIn(t *testing.T) {
	t.Parallel()
	s := people(t, register("desk"), issue("desk", "t1", digest("a")), issue("desk", "t2", digest("b")), revokeToken("desk", "t2"),
		register("gone"), issue("gone", "t1", digest("c")), retire("gone"))
	for _, c := range []struct {
		hash   events.Digest
		on     fiscal.Date
		name   string
		reason events.Reason
	}{
		{digest("a"), today, "desk", ""},
		{digest("a"), today.AddDays(1), "desk", access.ReasonTokenExpired},
		{digest("b"), today, "desk", access.ReasonTokenRevoked},
		{digest("c"), today, "gone", access.ReasonUserRetired},
		{digest("d"), today, "", access.ReasonTokenUnknown},
		{"", today, "", access.ReasonTokenUnknown},
	} {
		by, err := s.Authenticate(c.hash, c.on)
		refusal := events.AsRefusal(err)
		if by.Name != c.name || by.Root || (c.reason == "") != (err == nil) || err != nil && (refusal.Reason != c.reason || refusal.Code != access.CodeUnauthenticated) {
			t.Errorf("%.1s on %s: %+v, %v", c.hash, c.on, by, err)
		}
		if err == nil && by.Token != "t1" {
			t.Errorf("it came by token %q", by.Token)
		}
	}
}

func TestAnotherVouchesForAUser(t *testing.T) {
	t.Parallel()
	s := people(t, register("desk"), grantUntil("desk", events.Viewer, "school", today), register("bare"), register("gone"), grant("gone", events.Viewer, ""), retire("gone"))
	for _, c := range []struct {
		user   events.UserID
		on     fiscal.Date
		name   string
		reason events.Reason
	}{
		{"desk", today, "desk", ""}, {"desk", today.AddDays(1), "desk", access.ReasonNoRole}, {"bare", today, "bare", access.ReasonNoRole},
		{"gone", today, "gone", access.ReasonUserRetired}, {"stranger", today, "", access.ReasonUnknownUser},
	} {
		by, err := s.Admit(c.user, c.on)
		if refusal := events.AsRefusal(err); by.Name != c.name || by.Root || (c.reason == "") != (err == nil) || err != nil && (refusal.Reason != c.reason || refusal.Code != access.CodeUnauthenticated) {
			t.Errorf("%s on %s: %+v, %v", c.user, c.on, by, err)
		}
	}
}

func TestAForkKeepsItsChangesToItself(t *testing.T) {
	t.Parallel()
	s := people(t, register("desk"), grant("desk", events.Poster, "school"), issue("desk", "t1", digest("a")))
	before := s.Clone()
	fork := s.Fork()
	tell(t, fork, register("till"), revoke("desk", events.Poster, "school"), grant("desk", events.Admin, ""), revokeToken("desk", "t1"), issue("desk", "t2", digest("b")))
	inner := fork.Fork()
	tell(t, inner, retire("till"))
	for name, at := range map[string]*access.State{"the state": s, "its copy": before} {
		user, _ := at.User("desk")
		if len(at.Users()) != 1 || user.Grants[0].Role != events.Poster || user.Tokens[0].Revoked || len(user.Tokens) != 1 {
			t.Errorf("%s learns of what a fork was told: %+v", name, user)
		}
	}
	if copied := inner.Clone().Users(); len(copied) != 2 || copied[0].ID != "desk" || copied[1].ID != "till" || !copied[1].Retired {
		t.Errorf("a fork's copy has %+v", copied)
	}
	inner.Merge()
	fork.Merge()
	if till, _ := s.User("till"); !till.Retired {
		t.Error("what was merged is not there")
	}
	if _, err := s.Authenticate(digest("b"), today); err != nil {
		t.Errorf("a merged token: %v", err)
	}
	if _, err := before.Authenticate(digest("a"), today); err != nil || len(before.Users()) != 1 {
		t.Errorf("the copy changed with the state: %v", err)
	}
}

func TestUsersAreListedByCode(t *testing.T) {
	t.Parallel()
	s := &access.State{}
	for i := range 20 {
		tell(t, s, register("u"+strconv.Itoa(99-i)))
	}
	users := s.Users()
	for i := 1; i < len(users); i++ {
		if users[i-1].ID >= users[i].ID {
			t.Fatalf("%s stands before %s", users[i-1].ID, users[i].ID)
		}
	}
	if len(users) != 20 {
		t.Errorf("%d users", len(users))
	}
}
