package web

import (
	"cmp"
	"crypto/rand"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/control"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/review"
	"github.com/outturn/outturn/projections"
)

// ControlsPage lists the controls of availability, the overrides and the rules
// of two people.
type ControlsPage struct {
	Office
	Controls, Overrides, Reviews []RuleRow
	// NewControl, NewOverride and NewReview are forms; empty for who may not.
	NewControl, NewOverride, NewReview string
}

func (*ControlsPage) template() string { return "officecontrols" }

// RuleRow is a rule in words.
type RuleRow struct {
	Code, Unit, Href string // Href leads to what it is about
	Covers, Says     string
	Change, Remove   string
}

func (s *server) controls(v *visit) (page, error) {
	o := s.officer(v)
	if !o.holds() {
		return s.refuseRoles(v, events.Roles()...), nil
	}
	head, err := s.office(v, v.Text("office.controls.title"))
	if err != nil {
		return nil, err
	}
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	p, names := &ControlsPage{Office: head}, namesOf(units)
	if o.holds(events.Admin) {
		p.NewControl, p.NewReview = controlsPath+"/control", controlsPath+"/review"
	}
	if o.holds(events.Approver) {
		p.NewOverride = controlsPath + "/override"
	}
	for _, rule := range o.view.Controls {
		if o.concerns(rule.Unit) {
			p.Controls = append(p.Controls, v.controlRow(o, rule, names))
		}
	}
	for _, rule := range o.view.Reviews {
		if o.concerns(rule.Unit) {
			p.Reviews = append(p.Reviews, v.reviewRow(o, rule, names))
		}
	}
	if p.Overrides, err = s.overrides(v, o); err != nil {
		return nil, err
	}
	return p, v.filters.end()
}

// concerns says whether a rule of a unit holds for something that the officer
// may read: it is in reach, or above what is.
func (o officer) concerns(unit events.UnitID) bool {
	if o.reads(unit) {
		return true
	}
	for _, root := range o.within() {
		for above := range o.view.Upwards(root) {
			if above == unit {
				return true
			}
		}
	}
	return false
}

func ruleAddress(unit events.UnitID, name, code string) address {
	return address{}.with("unit", string(unit), name, code)
}

func (v *visit) controlRow(o officer, rule control.Rule, names unitNames) RuleRow {
	row := RuleRow{Code: string(rule.ID), Unit: names.of(rule.Unit), Covers: v.controlCovers(rule), Says: v.controlSays(rule)}
	if o.has(events.Admin, rule.Unit) {
		at := ruleAddress(rule.Unit, "control", string(rule.ID))
		row.Change, row.Remove = at.at(controlsPath+"/control"), at.at(controlsPath+"/control/remove")
	}
	return row
}

// controlCovers says which lines a control covers.
func (v *visit) controlCovers(rule control.Rule) string {
	var parts []string
	if rule.Project != "" {
		parts = append(parts, v.Text("filter.project")+" "+string(rule.Project))
	}
	if rule.Kind != "" {
		parts = append(parts, v.Kind(rule.Kind))
	}
	if rule.Fund != "" {
		parts = append(parts, v.Fund(rule.Fund))
	}
	if rule.EconomicClass != "" {
		parts = append(parts, v.Member("economic_class")+" "+string(rule.EconomicClass))
	}
	if len(parts) == 0 {
		return v.Text("office.control.all")
	}
	return strings.Join(parts, " · ")
}

// controlSays says what a control does.
func (v *visit) controlSays(rule control.Rule) string {
	parts := []string{v.Text("availability." + string(rule.Availability))}
	if rule.Tolerance > 0 {
		parts = append(parts, v.Text("office.control.tolerance", "amount", v.Money(rule.Tolerance, money.Yuan)))
	}
	if rule.TolerancePercent != "" && rule.TolerancePercent != "0" {
		parts = append(parts, v.Text("office.control.percent", "percent", string(rule.TolerancePercent)))
	}
	parts = append(parts, v.Member("pool")+v.Text("office.colon")+v.Text("pool."+string(cmp.Or(rule.Pool, events.PoolLine))))
	if rule.Plan != "" && rule.Plan != events.PlanNone {
		parts = append(parts, v.Member("plan")+v.Text("office.colon")+v.Text("planlimit."+string(rule.Plan)))
	}
	return strings.Join(parts, v.Text("office.semicolon"))
}

func (v *visit) reviewRow(o officer, rule review.Rule, names unitNames) RuleRow {
	types := make([]string, len(rule.Types))
	for i, t := range rule.Types {
		types[i] = v.Type(t)
	}
	row := RuleRow{Code: string(rule.ID), Unit: names.of(rule.Unit), Covers: strings.Join(types, v.Text("office.comma")), Says: v.Text("office.review.all")}
	if rule.Over > 0 {
		row.Says = v.Text("office.review.over", "amount", v.Money(rule.Over, money.Yuan))
	}
	if o.has(events.Admin, rule.Unit) {
		at := ruleAddress(rule.Unit, "review", string(rule.ID))
		row.Change, row.Remove = at.at(controlsPath+"/review"), at.at(controlsPath+"/review/remove")
	}
	return row
}

// overrides are those of lines that the officer may read.
func (s *server) overrides(v *visit, o officer) ([]RuleRow, error) {
	var rows []RuleRow
	for _, one := range o.view.Overrides {
		line, err := s.Reader.Line(v.Context(), one.Line, projections.AsOf{})
		if err != nil {
			return nil, err
		}
		if !o.reads(line.Line.Unit) {
			continue
		}
		row := RuleRow{
			Code: string(one.ID), Unit: nameOf(line), Href: "/lines/" + string(one.Line), Covers: string(one.Reason),
			Says: v.Text("office.override.says", "amount", v.Money(one.Amount, money.Yuan), "until", v.Date(one.Until)),
		}
		if one.Until.Compare(o.today) < 0 {
			row.Says = v.Text("office.override.past", "amount", v.Money(one.Amount, money.Yuan), "until", v.Date(one.Until))
		}
		if o.has(events.Approver, line.Line.Unit) {
			row.Remove = address{}.with("line", string(one.Line), "override", string(one.ID)).at(controlsPath + "/override/end")
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// ruleTask begins a form about a rule.
func (s *server) ruleTask(v *visit, role events.Role, title string, fields ...*OfficeField) (*officeTask, page, error) {
	if !s.officer(v).holds(role) {
		return nil, s.refuseRoles(v, role), nil
	}
	heading := "office.title." + title
	lead := "office.lead." + title
	button := "office.button." + title
	head, err := s.office(v, v.Text(heading))
	if err != nil {
		return nil, nil, err
	}
	return &officeTask{next: controlsPath, page: &TaskPage{
		Office: head, Back: Link{Label: v.Text("office.controls.title"), Href: controlsPath}, Lead: []string{v.Text(lead)},
		Form: &OfficeForm{Action: v.URL.RequestURI(), Button: v.Text(button), Key: rand.Text(), Fields: fields},
	}}, nil, nil
}

// unitField asks for one of the units that the officer may set rules for.
func (s *server) unitField(v *visit, role events.Role, chosen events.UnitID) (*OfficeField, error) {
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	choices := unitTree(s.officer(v).unitsOf(role, units))
	for i := range choices {
		choices[i].On = choices[i].Value == string(chosen)
	}
	return &OfficeField{Name: "unit", Label: v.Text("office.field.unit_below"), Kind: FieldSelect, Choices: choices, At: "/subject"}, nil
}

// chosen are choices of words, with one of them on.
func chosen[T ~string](v *visit, prefix string, on T, words ...T) []Choice {
	choices := make([]Choice, len(words))
	for i, word := range words {
		choices[i] = Choice{Value: string(word), Label: v.Text(prefix + string(word)), On: word == on}
	}
	return choices
}

func (s *server) controlTask(v *visit) (*officeTask, page, error) {
	o, unit, code := s.officer(v), events.UnitID(v.filters.get("unit")), events.ControlID(v.filters.get("control"))
	rule := control.Rule{ID: code, Unit: unit, Availability: events.Reject, Pool: events.PoolLine, Plan: events.PlanNone}
	for _, one := range o.view.Controls {
		if one.Unit == unit && one.ID == code && o.concerns(unit) {
			rule = one
		}
	}
	in, err := s.unitField(v, events.Admin, unit)
	if err != nil {
		return nil, nil, err
	}
	all := Choice{Label: v.Text("office.control.any")}
	tolerance := ""
	if rule.Tolerance > 0 {
		tolerance = rule.Tolerance.String()
	}
	t, other, err := s.ruleTask(v, events.Admin, "control_set", in,
		&OfficeField{Name: "control", Label: v.Member("control"), Hint: v.Text("office.control.code_hint"), Kind: FieldText, Value: string(rule.ID)},
		&OfficeField{Name: "availability", Label: v.Text("office.control.when"), Kind: FieldSelect, Choices: chosen(v, "availability.", rule.Availability, events.Availabilities()...)},
		&OfficeField{Name: "tolerance_amount", Label: v.Member("tolerance_amount"), Kind: FieldAmount, Value: tolerance, Optional: true},
		&OfficeField{Name: "tolerance_percent", Label: v.Member("tolerance_percent"), Hint: v.Text("office.control.percent_hint"), Kind: FieldText, Value: string(rule.TolerancePercent), Optional: true},
		&OfficeField{Name: "pool", Label: v.Member("pool"), Hint: v.Text("office.control.pool_hint"), Kind: FieldSelect, Choices: chosen(v, "pool.", rule.Pool, events.Pools()...)},
		&OfficeField{Name: "plan", Label: v.Member("plan"), Kind: FieldSelect, Choices: chosen(v, "planlimit.", rule.Plan, events.PlanLimits()...)},
		&OfficeField{Name: "project", Label: v.Text("office.control.project"), Hint: v.Text("office.control.project_hint"), Kind: FieldText, Value: string(rule.Project), Optional: true},
		&OfficeField{Name: "kind", Label: v.Text("filter.kind"), Kind: FieldSelect, Choices: append([]Choice{all}, chosen(v, "kind.", rule.Kind, events.ProjectKinds()...)...), Optional: true},
		&OfficeField{Name: "fund", Label: v.Text("filter.fund"), Kind: FieldSelect, Choices: append([]Choice{all}, chosen(v, "fund.", rule.Fund, events.Funds()...)...), Optional: true},
		&OfficeField{Name: "economic_class", Label: v.Member("economic_class"), Hint: v.Text("office.control.class_hint"), Kind: FieldText, Value: string(rule.EconomicClass), Optional: true},
		dateField(v, o.today),
		&OfficeField{Name: "document", Label: v.Member("document"), Kind: FieldText, Optional: true},
		v.reasonField(true))
	if err != nil || other != nil {
		return nil, other, err
	}
	t.event = func(f *OfficeForm) officeEvent {
		return officeEvent{events.ControlSet{}, f.value("unit"), f.data("control", "availability", "tolerance_amount", "tolerance_percent",
			"pool", "plan", "project", "kind", "fund", "economic_class", "date", "document", "reason")}
	}
	return t, nil, nil
}

// removal is a form that ends a rule.
func (s *server) removal(v *visit, role events.Role, title, subject, rule string, data events.Data) (*officeTask, page, error) {
	about, code := v.filters.get(subject), v.filters.get(rule)
	t, other, err := s.ruleTask(v, role, title, dateField(v, s.officer(v).today), v.reasonField(true))
	if err != nil || other != nil {
		return nil, other, err
	}
	t.page.Facts = []Fact{{Name: v.Text("filter." + subject), Value: about}, {Name: v.Member(rule), Value: code}}
	t.page.Form.Grave = true
	t.event = func(f *OfficeForm) officeEvent {
		members := f.data("date", "reason")
		members[rule] = code
		return officeEvent{data, about, members}
	}
	return t, nil, nil
}

func (s *server) uncontrolTask(v *visit) (*officeTask, page, error) {
	return s.removal(v, events.Admin, "control_remove", "unit", "control", events.ControlRemoved{})
}

func (s *server) unreviewTask(v *visit) (*officeTask, page, error) {
	return s.removal(v, events.Admin, "review_remove", "unit", "review", events.ReviewRemoved{})
}

func (s *server) endOverrideTask(v *visit) (*officeTask, page, error) {
	return s.removal(v, events.Approver, "override_end", "line", "override", events.OverrideEnded{})
}

func (s *server) overrideTask(v *visit) (*officeTask, page, error) {
	o := s.officer(v)
	t, other, err := s.ruleTask(v, events.Approver, "override_grant",
		&OfficeField{Name: "line", Label: v.Text("filter.line"), Hint: v.Text("office.override.line_hint"), Kind: FieldText, Value: v.filters.get("line"), At: "/subject"},
		&OfficeField{Name: "override", Label: v.Member("override"), Kind: FieldText, Value: v.proposedCode("TP")},
		&OfficeField{Name: "amount", Label: v.Member("amount"), Hint: v.Text("office.override.amount_hint"), Kind: FieldAmount},
		&OfficeField{Name: "until", Label: v.Member("until"), Kind: FieldDate, Value: o.today.MonthEnd().String()},
		dateField(v, o.today),
		&OfficeField{Name: "document", Label: v.Member("document"), Kind: FieldText, Optional: true},
		v.reasonField(false))
	if err != nil || other != nil {
		return nil, other, err
	}
	t.event = func(f *OfficeForm) officeEvent {
		return officeEvent{events.OverrideGranted{}, f.value("line"), f.data("override", "amount", "until", "date", "document", "reason")}
	}
	return t, nil, nil
}

// proposedCode is a code that is hardly taken, for whoever wants none of their
// own.
func (v *visit) proposedCode(prefix string) string { return prefix + "-" + rand.Text()[:tokenIDChars] }

func (s *server) reviewTask(v *visit) (*officeTask, page, error) {
	o, unit, code := s.officer(v), events.UnitID(v.filters.get("unit")), events.ReviewID(v.filters.get("review"))
	rule := review.Rule{ID: code, Unit: unit}
	for _, one := range o.view.Reviews {
		if one.Unit == unit && one.ID == code && o.concerns(unit) {
			rule = one
		}
	}
	in, err := s.unitField(v, events.Admin, unit)
	if err != nil {
		return nil, nil, err
	}
	types := &OfficeField{Name: "types", Label: v.Text("office.review.types"), Kind: FieldChecks}
	for _, t := range review.Types() {
		types.Choices = append(types.Choices, Choice{Value: string(t), Label: v.Type(t), On: slices.Contains(rule.Types, t)})
	}
	over := ""
	if rule.Over > 0 {
		over = rule.Over.String()
	}
	t, other, err := s.ruleTask(v, events.Admin, "review_set", in,
		&OfficeField{Name: "review", Label: v.Text("office.review.code"), Hint: v.Text("office.control.code_hint"), Kind: FieldText, Value: string(rule.ID)},
		types,
		&OfficeField{Name: "over", Label: v.Text("office.review.above"), Hint: v.Text("office.review.above_hint"), Kind: FieldAmount, Value: over, Optional: true},
		dateField(v, o.today), v.reasonField(true))
	if err != nil || other != nil {
		return nil, other, err
	}
	t.event = func(f *OfficeForm) officeEvent {
		members := f.data("review", "types", "over", "date", "reason")
		if members["over"] == nil {
			members["over"] = "0.00"
		}
		return officeEvent{events.ReviewSet{}, f.value("unit"), members}
	}
	return t, nil, nil
}
