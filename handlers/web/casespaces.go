package web

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/projections/pace"
)

// pacesPath is the page of the rules that lagging is judged by.
const pacesPath = "/paces"

// PacesPage lists pace rules.
type PacesPage struct {
	Office
	Back    Link
	Default string
	Rules   []RuleRow
	// New is the form of a rule, and Sets are forms that begin with a built-in one;
	// empty for who may not.
	New  string
	Sets []Link
}

func (*PacesPage) template() string { return "casespaces" }

func (s *server) paces(v *visit) (page, error) {
	o := s.officer(v)
	if !o.holds() {
		return s.refuseRoles(v, events.Roles()...), nil
	}
	head, err := s.office(v, v.Text("pace.title"))
	if err != nil {
		return nil, err
	}
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	p := &PacesPage{Office: head, Back: Link{Label: v.Text("case.title"), Href: casesPath}, Default: v.Text("pace.default", "says", v.paceSays(pace.Proportional()))}
	if o.holds(events.Admin) {
		p.New = pacesPath + "/rule"
		for _, set := range pace.Sets() {
			p.Sets = append(p.Sets, Link{Label: v.paceName(set.ID), Href: address{}.with("set", string(set.ID)).at(pacesPath + "/rule")})
		}
	}
	for _, rule := range o.view.Paces.All() {
		if o.concerns(rule.Unit) {
			p.Rules = append(p.Rules, v.paceRow(o, rule, namesOf(units)))
		}
	}
	return p, v.filters.end()
}

func (v *visit) paceRow(o officer, rule pace.Rule, names unitNames) RuleRow {
	row := RuleRow{Code: string(rule.ID), Unit: names.of(rule.Unit), Covers: v.paceCovers(rule), Says: v.paceSays(rule)}
	if o.has(events.Admin, rule.Unit) {
		at := ruleAddress(rule.Unit, "pace", string(rule.ID))
		row.Change, row.Remove = at.at(pacesPath+"/rule"), at.at(pacesPath+"/rule/remove")
	}
	return row
}

// paceName is what people call a built-in rule; others go by their code.
func (v *visit) paceName(id events.PaceID) string {
	switch id {
	case pace.SetProportional:
		return v.Text("pace.set.proportional")
	case pace.SetSichuan2025:
		return v.Text("pace.set.sichuan_2025")
	case pace.SetJulyNovember:
		return v.Text("pace.set.july_november")
	}
	return string(id)
}

func (v *visit) paceCovers(rule pace.Rule) string {
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
	if len(parts) == 0 {
		return v.Text("office.control.all")
	}
	return strings.Join(parts, " · ")
}

// paceSays says what a rule asks for.
func (v *visit) paceSays(rule pace.Rule) string {
	curve := v.Text("curve." + string(rule.Curve.Kind))
	if len(rule.Curve.Steps) > 0 {
		curve += v.Text("office.colon") + stepsText(rule.Curve.Steps, "%", v.Text("office.comma"))
	}
	parts := []string{curve, v.Text("pace.points", "watch", points(rule.Watch), "behind", points(rule.Behind))}
	if rule.StalledDays > 0 {
		parts = append(parts, v.Text("pace.stalled", "days", rule.StalledDays))
	}
	if rule.GoalGap != nil {
		parts = append(parts, v.Text("pace.goals", "points", points(rule.GoalGap)))
	}
	return strings.Join(append(parts, v.Text("pace.answer", "days", rule.AnswerDays)), v.Text("office.semicolon"))
}

// stepsText writes steps for people: "04-30 25".
func stepsText(steps events.Steps, unit, between string) string {
	all := make([]string, len(steps))
	for i, step := range steps {
		all[i] = step.On + " " + step.Percent + unit
	}
	return strings.Join(all, between)
}

// stepsOf reads steps, one a line; what is wrong with them the event says.
func stepsOf(text string) []events.Step {
	var steps []events.Step
	for line := range strings.Lines(text) {
		if on, percent, _ := strings.Cut(strings.TrimSpace(line), " "); on != "" {
			steps = append(steps, events.Step{On: on, Percent: strings.TrimSuffix(strings.TrimSpace(percent), "%")})
		}
	}
	return steps
}

// paceAsked is the rule that a form begins with: the one that the address names,
// a built-in one, or the one that holds where none is set.
func (v *visit) paceAsked(o officer) pace.Rule {
	unit, code := events.UnitID(v.filters.get("unit")), events.PaceID(v.filters.get("pace"))
	begin := oneOf(v.filters, "set", pace.SetProportional, pace.SetProportional, pace.SetSichuan2025, pace.SetJulyNovember)
	for _, rule := range o.view.Paces.All() {
		if rule.Unit == unit && rule.ID == code && o.concerns(unit) {
			return rule
		}
	}
	sets := pace.Sets()
	rule := sets[slices.IndexFunc(sets, func(r pace.Rule) bool { return r.ID == begin })]
	rule.Unit = unit
	return rule
}

func (s *server) paceTask(v *visit) (*officeTask, page, error) {
	o := s.officer(v)
	rule := v.paceAsked(o)
	in, err := s.unitField(v, events.Admin, rule.Unit)
	if err != nil {
		return nil, nil, err
	}
	gap := ""
	if rule.GoalGap != nil {
		gap = points(rule.GoalGap)
	}
	all := Choice{Label: v.Text("office.control.any")}
	t, other, err := s.ruleTask(v, events.Admin, "pace_set", in,
		&OfficeField{Name: "pace", Label: v.Text("pace.code"), Hint: v.Text("office.control.code_hint"), Kind: FieldText, Value: string(rule.ID)},
		&OfficeField{Name: "curve", Label: v.Member("curve"), Hint: v.Text("pace.curve_hint"), Kind: FieldSelect, Choices: chosen(v, "curve.", rule.Curve.Kind, events.Curves()...)},
		&OfficeField{Name: "steps", Label: v.Member("steps"), Hint: v.Text("pace.steps_hint"), Kind: FieldNote, Value: stepsText(rule.Curve.Steps, "", "\n"), Optional: true},
		&OfficeField{Name: "watch", Label: v.Member("watch"), Hint: v.Text("pace.watch_hint"), Kind: FieldAmount, Value: points(rule.Watch)},
		&OfficeField{Name: "behind", Label: v.Member("behind"), Hint: v.Text("pace.behind_hint"), Kind: FieldAmount, Value: points(rule.Behind)},
		&OfficeField{Name: "stalled_days", Label: v.Member("stalled_days"), Hint: v.Text("pace.never_hint"), Kind: FieldAmount, Value: days(rule.StalledDays), Optional: true},
		&OfficeField{Name: "goal_gap", Label: v.Member("goal_gap"), Hint: v.Text("pace.never_hint"), Kind: FieldAmount, Value: gap, Optional: true},
		&OfficeField{Name: "answer_days", Label: v.Member("answer_days"), Kind: FieldAmount, Value: days(rule.AnswerDays), Optional: true},
		&OfficeField{Name: "project", Label: v.Text("office.control.project"), Hint: v.Text("office.control.project_hint"), Kind: FieldText, Value: string(rule.Project), Optional: true},
		&OfficeField{Name: "kind", Label: v.Text("filter.kind"), Kind: FieldSelect, Choices: append([]Choice{all}, chosen(v, "kind.", rule.Kind, events.ProjectKinds()...)...), Optional: true},
		&OfficeField{Name: "fund", Label: v.Text("filter.fund"), Kind: FieldSelect, Choices: append([]Choice{all}, chosen(v, "fund.", rule.Fund, events.Funds()...)...), Optional: true},
		dateField(v, o.today),
		&OfficeField{Name: "document", Label: v.Member("document"), Kind: FieldText, Optional: true},
		v.reasonField(true))
	if err != nil || other != nil {
		return nil, other, err
	}
	t.event = func(f *OfficeForm) officeEvent { return officeEvent{events.PaceSet{}, f.value("unit"), paceMembers(f)} }
	return ofPaces(v, t), nil, nil
}

// paceMembers is what the form of a rule says.
func paceMembers(f *OfficeForm) map[string]any {
	members := f.data("pace", "curve", "watch", "behind", "goal_gap", "project", "kind", "fund", "date", "document", "reason")
	for _, name := range []string{"stalled_days", "answer_days"} {
		text := plainAmount(f.value(name))
		if n, err := strconv.Atoi(text); err == nil {
			members[name] = n
		} else if text != "" {
			members[name] = text // which the event refuses
		}
	}
	if steps := stepsOf(f.value("steps")); len(steps) > 0 {
		members["steps"] = steps
	}
	return members
}

func (s *server) unpaceTask(v *visit) (*officeTask, page, error) {
	t, other, err := s.removal(v, events.Admin, "pace_remove", "unit", "pace", events.PaceRemoved{})
	if err != nil || other != nil {
		return nil, other, err
	}
	return ofPaces(v, t), nil, nil
}

// ofPaces leads a form back to the pace rules.
func ofPaces(v *visit, t *officeTask) *officeTask {
	t.next, t.page.Back = pacesPath, Link{Label: v.Text("pace.title"), Href: pacesPath}
	return t
}

// pointDecimals are those that percentage points have at most.
const pointDecimals = 4

// points writes percentage points exactly, without the zeros behind them.
func points(r *big.Rat) string {
	text := r.FloatString(pointDecimals)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// days writes a number of days; nothing for none.
func days(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
