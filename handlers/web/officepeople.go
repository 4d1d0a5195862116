package web

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
)

// Limits of the pages of people.
const (
	signInsPath  = "/signins"
	registerPath = "/register" // beside the codes of users
	signInsPage  = 50          // sign-ins on a page
	userEvents   = 50          // events about a user on its page
	tokenMonths  = 3           // how long a token is good if nobody says otherwise
	tokenIDChars = 8           // of a token's proposed code
)

// PeoplePage lists the users with their roles.
type PeoplePage struct {
	Office
	Users    []UserRow
	Register string // the address of the form; empty for who may not
}

func (*PeoplePage) template() string { return "officepeople" }

// UserRow is a user in the list.
type UserRow struct {
	Code, Label, Href string
	Retired           bool
	Roles             []RoleView
	Tokens            int
	Expires           string // the last day of the token that is good longest
}

// RoleView is a role with the unit that it is for.
type RoleView struct {
	Role, Unit, Until, Revoke string
	Ended                     bool
}

func (s *server) people(v *visit) (page, error) {
	o := s.officer(v)
	if !o.oversees() {
		return s.refuseRoles(v, events.Admin, events.Auditor), nil
	}
	head, err := s.office(v, v.Text("office.people.title"))
	if err != nil {
		return nil, err
	}
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	p := &PeoplePage{Office: head}
	if o.has(events.Admin, everyUnit) {
		p.Register = registerPath
	}
	for _, user := range o.view.Access.Users() {
		row := UserRow{Code: string(user.ID), Label: string(user.Label), Href: userHref(user.ID, ""), Retired: user.Retired, Roles: v.roles(o, user, namesOf(units))}
		for _, token := range user.Tokens {
			if isGood(token, o.today) {
				row.Tokens++
				row.Expires = max(row.Expires, v.Date(token.Expires))
			}
		}
		p.Users = append(p.Users, row)
	}
	slices.SortStableFunc(p.Users, func(a, b UserRow) int { return cmp.Compare(retiredLast(a), retiredLast(b)) })
	return p, v.filters.end()
}

func retiredLast(row UserRow) int {
	if row.Retired {
		return 1
	}
	return 0
}

func isGood(token access.Token, today fiscal.Date) bool {
	return !token.Revoked && today.Compare(token.Expires) <= 0
}

// userHref is the address of a user's page, or of a form about the user.
func userHref(user events.UserID, form string) string { return peoplePath + "/" + string(user) + form }

func (v *visit) roles(o officer, user access.User, names unitNames) []RoleView {
	var roles []RoleView
	for _, grant := range user.Grants {
		role := RoleView{
			Role: v.Text("role." + string(grant.Role)), Unit: v.Text("office.people.everywhere"), Ended: !grant.Holds(o.today),
			Revoke: address{}.with("role", string(grant.Role), "unit", string(grant.Unit)).at(userHref(user.ID, "/revoke")),
		}
		if grant.Unit != everyUnit {
			role.Unit = names.of(grant.Unit)
		}
		if grant.Until != (fiscal.Date{}) {
			role.Until = v.Date(grant.Until)
		}
		roles = append(roles, role)
	}
	return roles
}

// PersonPage is a user with roles, tokens and history.
type PersonPage struct {
	Office
	Code, Label  string
	Retired      bool
	Roles        []RoleView
	Tokens       []TokenView
	Rows         []SignInRow // what happened to the user, newest first
	MayChange    bool
	Grant, Issue string
	Retire       string
}

func (*PersonPage) template() string { return "officeperson" }

// TokenView is a token of which only the code is known.
type TokenView struct {
	Code, Label, Expires, State, Revoke string
	Good                                bool
}

// SignInRow is an event about a user.
type SignInRow struct {
	Sequence, Href, Time, User, UserHref, What, By string
	Refused                                        bool
}

// userOf finds the user that an address names.
func (s *server) userOf(v *visit) (officer, access.User, page, error) {
	o := s.officer(v)
	if !o.oversees() {
		return o, access.User{}, s.refuseRoles(v, events.Admin, events.Auditor), nil
	}
	user, known := o.view.Access.User(events.UserID(v.PathValue("user")))
	if !known {
		return o, user, nil, projections.ErrNotFound
	}
	return o, user, nil, nil
}

func (s *server) person(v *visit) (page, error) {
	o, user, other, err := s.userOf(v)
	if err != nil || other != nil {
		return other, err
	}
	head, err := s.office(v, v.Text("office.person.title", "user", string(user.ID)))
	if err != nil {
		return nil, err
	}
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	p := &PersonPage{Office: head, Code: string(user.ID), Label: string(user.Label), Retired: user.Retired, Roles: v.roles(o, user, namesOf(units))}
	p.MayChange = o.has(events.Admin, everyUnit) && !user.Retired
	p.Grant, p.Issue, p.Retire = userHref(user.ID, "/grant"), userHref(user.ID, "/token"), userHref(user.ID, "/retire")
	for _, token := range user.Tokens {
		view := TokenView{
			Code: string(token.ID), Label: string(token.Label), Expires: v.Date(token.Expires), Good: isGood(token, o.today) && !user.Retired,
			Revoke: address{}.with("token", string(token.ID)).at(userHref(user.ID, "/token/revoke")),
		}
		switch {
		case token.Revoked:
			view.State = v.Text("office.token.revoked")
		case !view.Good:
			view.State = v.Text("office.token.ended")
		default:
			view.State = v.Text("office.token.good")
		}
		p.Tokens = append(p.Tokens, view)
	}
	found, err := s.Desk.EventsOfUser(v.Context(), user.ID, 0, userEvents)
	if err != nil {
		return nil, err
	}
	p.Rows = v.userEvents(found.Events)
	return p, v.filters.end()
}

// userEvents tells events about users, in words.
func (v *visit) userEvents(all []projections.EventView) []SignInRow {
	rows := make([]SignInRow, len(all))
	for i, view := range all {
		e := view.Event
		row := SignInRow{
			Sequence: v.sequence(e.Sequence), Href: eventHref(e.Sequence), Time: v.Time(e.RecordedTime),
			User: e.Subject, UserHref: userHref(events.UserID(e.Subject), ""), What: v.Type(e.Type), By: e.Actor,
		}
		switch data := e.Data.(type) {
		case events.SessionOpened:
			row.What = v.Text("office.signin.opened", "method", v.Text("method."+string(data.Method)), "token", string(data.Token))
		case events.SessionRefused:
			row.Refused = true
			row.What = v.Text("office.signin.refused", "method", v.Text("method."+string(data.Method)), "cause", v.cause(string(data.Cause)))
		case events.RoleGranted:
			row.What += v.Text("office.colon") + v.Text("role."+string(data.Role)) + " " + string(data.Unit)
		case events.RoleRevoked:
			row.What += v.Text("office.colon") + v.Text("role."+string(data.Role)) + " " + string(data.Unit)
		case events.TokenIssued:
			row.What += v.Text("office.colon") + string(data.Token)
		case events.TokenRevoked:
			row.What += v.Text("office.colon") + string(data.Token)
		}
		rows[i] = row
	}
	return rows
}

// causes are why people are not let in, with their texts.
func causes() map[string]string {
	return map[string]string{
		string(access.ReasonTokenExpired): "office.cause.token_expired", string(access.ReasonTokenRevoked): "office.cause.token_revoked",
		string(access.ReasonUserRetired): "office.cause.user_retired", string(access.ReasonNoRole): "office.cause.no_role",
		string(access.ReasonTokenUnknown): "office.cause.token_unknown",
	}
}

// cause names why somebody was not let in.
func (v *visit) cause(reason string) string {
	if id, known := causes()[reason]; known {
		return v.Text(id)
	}
	return reason
}

// roleMeans says what a role may do.
func (v *visit) roleMeans(role events.Role) string {
	switch role {
	case events.Poster:
		return v.Text("office.role.poster")
	case events.Approver:
		return v.Text("office.role.approver")
	case events.Auditor:
		return v.Text("office.role.auditor")
	case events.Admin:
		return v.Text("office.role.admin")
	}
	return v.Text("office.role.viewer")
}

// SignInsPage lists who signed in and who was refused.
type SignInsPage struct {
	Office
	Rows          []SignInRow
	Older, Newest string
}

func (*SignInsPage) template() string { return "officesignins" }

func (s *server) signIns(v *visit) (page, error) {
	o := s.officer(v)
	if !o.oversees() {
		return s.refuseRoles(v, events.Admin, events.Auditor), nil
	}
	before := v.filters.number("before", 1, 1<<53-1)
	head, err := s.office(v, v.Text("office.signins.title"))
	if err != nil {
		return nil, err
	}
	p := &SignInsPage{Office: head}
	found, err := s.Desk.SignIns(v.Context(), before, signInsPage)
	if err != nil {
		return nil, err
	}
	p.Rows = v.userEvents(found.Events)
	if before != 0 {
		p.Newest = signInsPath
	}
	if n := len(found.Events); found.More && n > 0 {
		p.Older = address{}.with("before", strconv.FormatUint(found.Events[n-1].Event.Sequence, 10)).at(signInsPath)
	}
	return p, v.filters.end()
}

// peopleTask begins a form about a user.
func (s *server) peopleTask(v *visit, heading, button string, fields ...*OfficeField) (*TaskPage, error) {
	head, err := s.office(v, heading)
	if err != nil {
		return nil, err
	}
	return &TaskPage{Office: head, Form: &OfficeForm{Action: v.URL.RequestURI(), Button: button, Key: rand.Text(), Fields: fields}}, nil
}

// administered finds the user of a form that takes an administrator.
func (s *server) administered(v *visit) (access.User, page, error) {
	o, user, other, err := s.userOf(v)
	if err == nil && other == nil && !o.has(events.Admin, everyUnit) {
		other = s.refuseRoles(v, events.Admin)
	}
	return user, other, err
}

func (v *visit) reasonField(optional bool) *OfficeField {
	return &OfficeField{Name: "reason", Label: v.Text("office.field.reason"), Kind: FieldNote, Optional: optional}
}

func (s *server) registerTask(v *visit) (*officeTask, page, error) {
	if !s.officer(v).has(events.Admin, everyUnit) {
		return nil, s.refuseRoles(v, events.Admin), nil
	}
	p, err := s.peopleTask(v, v.Text("office.title.register"), v.Text("office.button.register"),
		&OfficeField{Name: "user", Label: v.Text("office.field.user"), Hint: v.Text("office.register.hint"), Kind: FieldText, At: "/subject"},
		&OfficeField{Name: "label", Label: v.Text("office.field.label"), Hint: v.Text("office.register.label_hint"), Kind: FieldText, Optional: true})
	if err != nil {
		return nil, nil, err
	}
	p.Back, p.Lead = Link{Label: v.Text("office.people.title"), Href: peoplePath}, []string{v.Text("office.lead.register")}
	t := &officeTask{page: p}
	t.event = func(f *OfficeForm) officeEvent {
		t.next = userHref(events.UserID(f.value("user")), "")
		return officeEvent{events.UserRegistered{}, f.value("user"), f.data("label")}
	}
	return t, nil, nil
}

// userTask is a form about a user that is there.
func (s *server) userTask(v *visit, user access.User, title string, fields ...*OfficeField) (*officeTask, error) {
	heading := "office.title." + title
	lead := "office.lead." + title
	button := "office.button." + title
	p, err := s.peopleTask(v, v.Text(heading, "user", string(user.ID)), v.Text(button), fields...)
	if err != nil {
		return nil, err
	}
	p.Back = Link{Label: v.Text("office.person.title", "user", string(user.ID)), Href: userHref(user.ID, "")}
	p.Lead = []string{v.Text(lead)}
	return &officeTask{page: p, next: userHref(user.ID, "")}, nil
}

func (s *server) grantTask(v *visit) (*officeTask, page, error) {
	user, other, err := s.administered(v)
	if err != nil || other != nil {
		return nil, other, err
	}
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, nil, err
	}
	role := &OfficeField{Name: "role", Label: v.Member("role"), Hint: v.Text("office.grant.role_hint"), Kind: FieldSelect, Choices: []Choice{{Label: v.Text("office.choose")}}}
	for _, one := range events.Roles() {
		role.Choices = append(role.Choices, Choice{Value: string(one), Label: v.Text("role."+string(one)) + v.Text("office.dash") + v.roleMeans(one)})
	}
	where := append([]Choice{{Label: v.Text("office.people.everywhere")}}, unitTree(units)...)
	t, err := s.userTask(v, user, "grant", role,
		&OfficeField{Name: "unit", Label: v.Text("office.field.unit_below"), Kind: FieldSelect, Choices: where, Optional: true},
		&OfficeField{Name: "until", Label: v.Text("office.field.until"), Hint: v.Text("office.grant.until_hint"), Kind: FieldDate, Optional: true},
		v.reasonField(true))
	if err != nil {
		return nil, nil, err
	}
	t.event = func(f *OfficeForm) officeEvent {
		return officeEvent{events.RoleGranted{}, string(user.ID), f.data("role", "unit", "until", "reason")}
	}
	return t, nil, nil
}

func (s *server) revokeTask(v *visit) (*officeTask, page, error) {
	user, other, err := s.administered(v)
	if err != nil || other != nil {
		return nil, other, err
	}
	role, unit := oneOf(v.filters, "role", "", events.Roles()...), v.filters.get("unit")
	t, err := s.userTask(v, user, "revoke", v.reasonField(true))
	if err != nil {
		return nil, nil, err
	}
	t.page.Facts = []Fact{{Name: v.Member("role"), Value: v.Text("role." + string(role))}, {Name: v.Text("office.field.unit_below"), Value: cmp.Or(unit, v.Text("office.people.everywhere"))}}
	t.page.Form.Grave = true
	t.event = func(f *OfficeForm) officeEvent {
		members := f.data("reason")
		members["role"] = role
		if unit != "" {
			members["unit"] = unit
		}
		return officeEvent{events.RoleRevoked{}, string(user.ID), members}
	}
	return t, nil, nil
}

// SecretPage shows a token, this once.
type SecretPage struct {
	Office
	Secret, Back string
	Facts        []Fact
}

func (*SecretPage) template() string { return "officesecret" }

func (s *server) tokenTask(v *visit) (*officeTask, page, error) {
	user, other, err := s.administered(v)
	if err != nil || other != nil {
		return nil, other, err
	}
	expires := fiscal.DateOf(s.Now().AddDate(0, tokenMonths, 0))
	proposed := "t-" + strings.ToLower(rand.Text()[:tokenIDChars])
	t, err := s.userTask(v, user, "token",
		&OfficeField{Name: "token", Label: v.Member("token"), Hint: v.Text("office.token.code_hint"), Kind: FieldText, Value: proposed},
		&OfficeField{Name: "label", Label: v.Text("office.token.for"), Hint: v.Text("office.token.for_hint"), Kind: FieldText, Optional: true},
		&OfficeField{Name: "expires", Label: v.Text("office.token.expires"), Kind: FieldDate, Value: expires.String()})
	if err != nil {
		return nil, nil, err
	}
	secret := auth.NewToken()
	t.event = func(f *OfficeForm) officeEvent {
		members := f.data("token", "label", "expires")
		members["hash"] = auth.Hash(secret)
		return officeEvent{events.TokenIssued{}, string(user.ID), members}
	}
	t.done = func(result commands.Result) (page, error) {
		if result.Status != commands.Accepted {
			return nil, fmt.Errorf("a token was issued as %s", result.Status)
		}
		head, err := s.office(v, v.Text("office.secret.title", "user", string(user.ID)))
		form := t.page.Form
		head.Recorded, head.RecordedHref = result.Sequence, eventHref(result.Sequence)
		return &SecretPage{Office: head, Secret: secret, Back: userHref(user.ID, ""), Facts: []Fact{
			{Name: v.Text("office.field.user"), Value: string(user.ID)}, {Name: v.Member("token"), Value: form.value("token")},
			{Name: v.Text("office.token.expires"), Value: form.value("expires")},
		}}, err
	}
	return t, nil, nil
}

func (s *server) revokeTokenTask(v *visit) (*officeTask, page, error) {
	user, other, err := s.administered(v)
	if err != nil || other != nil {
		return nil, other, err
	}
	token := v.filters.get("token")
	t, err := s.userTask(v, user, "revoke_token", v.reasonField(true))
	if err != nil {
		return nil, nil, err
	}
	t.page.Facts, t.page.Form.Grave = []Fact{{Name: v.Member("token"), Value: token}}, true
	t.event = func(f *OfficeForm) officeEvent {
		members := f.data("reason")
		members["token"] = token
		return officeEvent{events.TokenRevoked{}, string(user.ID), members}
	}
	return t, nil, nil
}

func (s *server) retireTask(v *visit) (*officeTask, page, error) {
	user, other, err := s.administered(v)
	if err != nil || other != nil {
		return nil, other, err
	}
	t, err := s.userTask(v, user, "retire", v.reasonField(false))
	if err != nil {
		return nil, nil, err
	}
	t.page.Form.Grave = true
	t.event = func(f *OfficeForm) officeEvent {
		return officeEvent{events.UserRetired{}, string(user.ID), f.data("reason")}
	}
	return t, nil, nil
}
