package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
)

// sectionOffice is the part of the navigation that the office's pages belong to.
const sectionOffice = "office"

// The pages of the office.
const (
	importPath    = "/import"
	approvalsPath = "/approvals"
	closePath     = "/close"
	controlsPath  = "/controls"
	peoplePath    = "/people"
)

// officeRoutes are the pages of imports, approvals, closing, and of people and
// rules.
func (s *server) officeRoutes(mux *http.ServeMux) {
	if s.Imports != nil {
		s.importRoutes(mux)
	}
	mux.Handle("GET "+approvalsPath, s.page(s.approvals))
	s.task(mux, approvalsPath+"/{proposal}", s.approveTask)
	s.task(mux, approvalsPath+"/{proposal}/decline", s.declineTask)
	s.task(mux, approvalsPath+"/{proposal}/withdraw", s.withdrawTask)
	if s.Forms != nil {
		mux.Handle("GET "+closePath, s.page(s.closings))
		s.task(mux, closePath+"/{unit}", s.closeTask)
	}
	mux.Handle("GET "+controlsPath, s.page(s.controls))
	s.task(mux, controlsPath+"/control", s.controlTask)
	s.task(mux, controlsPath+"/control/remove", s.uncontrolTask)
	s.task(mux, controlsPath+"/override", s.overrideTask)
	s.task(mux, controlsPath+"/override/end", s.endOverrideTask)
	s.task(mux, controlsPath+"/review", s.reviewTask)
	s.task(mux, controlsPath+"/review/remove", s.unreviewTask)
	mux.Handle("GET "+peoplePath, s.page(s.people))
	mux.Handle("GET "+peoplePath+"/{user}", s.page(s.person))
	s.task(mux, registerPath, s.registerTask)
	s.task(mux, peoplePath+"/{user}/grant", s.grantTask)
	s.task(mux, peoplePath+"/{user}/revoke", s.revokeTask)
	s.task(mux, peoplePath+"/{user}/token", s.tokenTask)
	s.task(mux, peoplePath+"/{user}/token/revoke", s.revokeTokenTask)
	s.task(mux, peoplePath+"/{user}/retire", s.retireTask)
	mux.Handle("GET "+signInsPath, s.page(s.signIns))
}

// officeReader is what the office looks up beside the figures.
type officeReader interface {
	Proposals(ctx context.Context, q projections.ProposalQuery) (projections.ProposalsPage, error)
	SignIns(ctx context.Context, before uint64, limit int) (projections.EventsPage, error)
	EventsOfUser(ctx context.Context, user events.UserID, before uint64, limit int) (projections.EventsPage, error)
}

// past is what the projection knows of proposals and people; nil if it does not.
func (s *server) past() officeReader {
	reader, _ := s.Reader.(officeReader)
	return reader
}

// officer is who asks, with the rules and people of this moment.
type officer struct {
	by    access.Principal
	view  *commands.View
	today fiscal.Date
}

func (s *server) officer(v *visit) officer {
	return officer{auth.Principal(v.Context()), s.Recorder.View(), fiscal.Today(s.Now())}
}

// has says whether the officer has a role for a unit, or everywhere.
func (o officer) has(role events.Role, unit events.UnitID) bool {
	return o.view.Access.Has(o.by, role, o.view, unit, o.today)
}

// holds says whether the officer has one of some roles anywhere.
func (o officer) holds(roles ...events.Role) bool {
	if o.by.Root {
		return true
	}
	user, known := o.view.Access.User(events.UserID(o.by.Name))
	return known && !user.Retired && slices.ContainsFunc(user.Grants, func(g access.Grant) bool {
		return g.Holds(o.today) && (len(roles) == 0 || slices.Contains(roles, g.Role))
	})
}

// oversees says whether the officer may look at people.
func (o officer) oversees() bool {
	return o.has(events.Admin, everyUnit) || o.has(events.Auditor, everyUnit)
}

// everyUnit stands for all units.
const everyUnit events.UnitID = ""

// within is what the officer may read, as a query takes it.
func (o officer) within() []events.UnitID {
	units, everything := o.view.Access.Reads(o.by, o.today)
	if everything {
		return nil
	}
	return append([]events.UnitID{}, units...)
}

// reads says whether a unit is one that the officer may read.
func (o officer) reads(unit events.UnitID) bool {
	units, everything := o.view.Access.Reads(o.by, o.today)
	if everything {
		return true
	}
	for above := range o.view.Upwards(unit) {
		if slices.Contains(units, above) {
			return true
		}
	}
	return false
}

// unitsInReach are the units that the officer may read, parents first.
func (s *server) unitsInReach(v *visit, o officer) ([]budget.Unit, error) {
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(units), func(u budget.Unit) bool { return !o.reads(u.ID) }), nil
}

// unitChoicesFor offers the units for which the officer has a role, those below
// a step in.
func unitChoicesFor(o officer, role events.Role, units []budget.Unit) []Choice {
	depth := map[events.UnitID]int{}
	var tree func(parent events.UnitID, level int)
	var ordered []budget.Unit
	tree = func(parent events.UnitID, level int) {
		for _, unit := range units {
			if unit.Parent == parent && unit.ID != parent {
				depth[unit.ID] = level
				ordered = append(ordered, unit)
				tree(unit.ID, level+1)
			}
		}
	}
	tree("", 0)
	for _, unit := range units { // the tops of what may be read
		if _, seen := depth[unit.ID]; !seen {
			depth[unit.ID] = 0
			ordered = append(ordered, unit)
			tree(unit.ID, 1)
		}
	}
	var choices []Choice
	for _, unit := range ordered {
		if o.has(role, unit.ID) {
			choices = append(choices, Choice{Value: string(unit.ID), Label: strings.Repeat("　", depth[unit.ID]) + string(unit.Name)})
		}
	}
	return choices
}

// Office is what the pages of the office have around them.
type Office struct {
	Shell
	// Tabs lead to the other pages of the office.
	Tabs []Link
	// Recorded is the event that was just recorded; 0 if there is none.
	Recorded     uint64
	RecordedHref string
	Behaviour    string // the office's script
}

// office makes what surrounds a page, and waits for the projection if something
// was just recorded.
func (s *server) office(v *visit, heading string) (Office, error) {
	o := Office{
		Shell: Shell{Heading: heading, Section: sectionOffice, FormStyle: s.assets.address("office.css")},
		Tabs:  s.officeNav(v), Behaviour: s.assets.address("office.js"),
	}
	recorded := v.filters.number(recordedParameter, 1, 1<<53-1)
	if recorded != 0 && recorded <= s.Recorder.Position() {
		o.Recorded, o.RecordedHref = recorded, eventHref(recorded)
		if err := s.Reader.WaitFor(v.Context(), recorded); err != nil {
			return o, err
		}
	}
	return o, s.standAt(v)
}

// recordedParameter names the event that led to a page.
const recordedParameter = "recorded"

// officeNav leads to the pages of the office that whoever asks may see; it is
// empty if there are none.
func (s *server) officeNav(v *visit) []Link {
	o := s.officer(v)
	if !o.holds() {
		return nil
	}
	var links []Link
	add := func(path, label string) {
		on := v.URL.Path == path || strings.HasPrefix(v.URL.Path, path+"/") || path == peoplePath && (v.URL.Path == signInsPath || v.URL.Path == registerPath)
		links = append(links, Link{Label: label, Href: path, On: on})
	}
	if s.Imports != nil && o.holds(importers()...) {
		add(importPath, v.Text("office.nav.import"))
	}
	add(approvalsPath, v.Text("office.nav.approvals"))
	if s.Forms != nil {
		add(closePath, v.Text("office.nav.close"))
	}
	add(controlsPath, v.Text("office.nav.controls"))
	if o.oversees() {
		add(peoplePath, v.Text("office.nav.people"))
	}
	return links
}

// refusedPage is in place of a page that somebody may not see, or a form that
// cannot be read.
type refusedPage struct {
	*Problem
	answer int
}

func (p refusedPage) status() int { return p.answer }

// tooMuch is the page for a sent form that cannot be read.
func (v *visit) tooMuch(err error) page {
	refusal := events.AsRefusal(brokenOff(err))
	p := v.problemPage(string(refusal.Code), "")
	p.Sentences = []string{v.Refusal(refusal)}
	return refusedPage{p, http.StatusRequestEntityTooLarge}
}

// refuseRoles is the page for somebody who has none of the roles that it takes.
func (s *server) refuseRoles(v *visit, roles ...events.Role) page {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = v.Text("role." + string(role))
	}
	p := v.problemPage(string(access.CodeForbidden), "")
	p.Sentences = []string{v.Text("reason.one_role_needed", "roles", strings.Join(names, v.Text("office.comma")))}
	return refusedPage{p, http.StatusForbidden}
}

// unitNames finds what people call units; the code stands for what has no name.
type unitNames map[events.UnitID]events.Text

func namesOf(units []budget.Unit) unitNames {
	names := unitNames{}
	for _, unit := range units {
		names[unit.ID] = unit.Name
	}
	return names
}

func (n unitNames) of(id events.UnitID) string {
	if name := n[id]; name != "" {
		return string(name)
	}
	return string(id)
}
