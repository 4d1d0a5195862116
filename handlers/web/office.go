package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/reach"
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
	s.caseRoutes(mux)
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

// officer is who asks, with the rules and people of this moment.
type officer struct {
	by    access.Principal
	view  *commands.View
	today fiscal.Date
	reach reach.Reach
}

func (s *server) officer(v *visit) officer {
	r := s.reach(v)
	return officer{r.By, r.View, r.Today, r}
}

// has says whether the officer has a role for a unit, or everywhere.
func (o officer) has(role events.Role, unit events.UnitID) bool { return o.reach.Has(unit, role) }

// holds says whether the officer has one of some roles anywhere.
func (o officer) holds(roles ...events.Role) bool { return o.reach.Holds(roles...) }

// oversees says whether the officer may look at people.
func (o officer) oversees() bool { return o.reach.People() }

// everyUnit stands for all units.
const everyUnit events.UnitID = ""

// within is what the officer may read, as a query takes it.
func (o officer) within() []events.UnitID { return o.reach.Within() }

// reads says whether a unit is one that the officer may read.
func (o officer) reads(unit events.UnitID) bool { return o.reach.Reads(unit) }

// unitsInReach are the units that the officer may read, parents first.
func (s *server) unitsInReach(v *visit, o officer) ([]budget.Unit, error) {
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(units), func(u budget.Unit) bool { return !o.reads(u.ID) }), nil
}

// unitTree offers units, each behind the one above it and a step in. A unit
// whose parent is not among them stands at the margin.
func unitTree(units []budget.Unit) []Choice {
	var choices []Choice
	var under func(unit budget.Unit, indent string)
	under = func(unit budget.Unit, indent string) {
		choices = append(choices, Choice{Value: string(unit.ID), Label: indent + string(unit.Name)})
		for _, below := range units {
			if below.Parent == unit.ID {
				under(below, indent+"　")
			}
		}
	}
	for _, unit := range units {
		if !slices.ContainsFunc(units, func(above budget.Unit) bool { return above.ID == unit.Parent }) {
			under(unit, "")
		}
	}
	return choices
}

// unitsOf are the units for which the officer has a role.
func (o officer) unitsOf(role events.Role, units []budget.Unit) []budget.Unit {
	return slices.DeleteFunc(slices.Clone(units), func(u budget.Unit) bool { return !o.has(role, u.ID) })
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
	FileStyle    string // the style of pages that take files
}

// office makes what surrounds a page. The figures on it stand where the rules
// and proposals do, or a moment behind.
func (s *server) office(v *visit, heading string) (Office, error) {
	o := Office{
		Shell: Shell{Heading: heading, Section: sectionOffice, FormStyle: s.assets.address("office.css")},
		Tabs:  s.officeNav(v), Behaviour: s.assets.address("office.js"), FileStyle: s.assets.address("forms.css"),
	}
	recorded := v.filters.number(recordedParameter, 1, 1<<53-1)
	if recorded != 0 && recorded <= s.Recorder.Position() {
		o.Recorded, o.RecordedHref = recorded, eventHref(recorded)
	}
	return o, s.catchUp(v)
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
		on := v.URL.Path == path || strings.HasPrefix(v.URL.Path, path+"/") || path == peoplePath && (v.URL.Path == signInsPath || v.URL.Path == registerPath) || path == casesPath && strings.HasPrefix(v.URL.Path, pacesPath)
		links = append(links, Link{Label: label, Href: path, On: on})
	}
	if s.Imports != nil && o.holds(importers()...) {
		add(importPath, v.Text("office.nav.import"))
	}
	add(approvalsPath, v.Text("office.nav.approvals"))
	if s.Forms != nil {
		add(closePath, v.Text("office.nav.close"))
	}
	add(casesPath, v.Text("case.nav"))
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
