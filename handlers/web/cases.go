package web

import (
	"crypto/rand"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// casesPath is the page of cases; each has a page of its own under it.
const casesPath = "/cases"

// shownCases are the cases on a page.
const shownCases = 100

// The stages that the page of cases can be narrowed to beside those of a case.
const (
	notClosed alert.Stage = "waiting" // where nothing else is asked for
	allCases  alert.Stage = "all"
)

func (s *server) caseRoutes(mux *http.ServeMux) {
	mux.Handle("GET "+casesPath, s.page(s.cases))
	mux.Handle("GET "+casesPath+"/{alert}", s.page(s.alertCase))
	s.task(mux, casesPath+"/{alert}/answer", s.answerTask)
	s.task(mux, casesPath+"/{alert}/close", s.closeCaseTask)
	mux.Handle("GET "+pacesPath, s.page(s.paces))
	s.task(mux, pacesPath+"/rule", s.paceTask)
	s.task(mux, pacesPath+"/rule/remove", s.unpaceTask)
}

// CasesPage lists cases, newest first.
type CasesPage struct {
	Office
	States        []Link
	Rows          []CaseRow
	Paces         string
	Older, Newest string
}

func (*CasesPage) template() string { return "cases" }

// CaseRow is a case in a list.
type CaseRow struct {
	Href, Subject, About, Unit string
	Rule, Raised, Due          string
	Left                       *Status // how long there is to answer, or since when not
	Answer                     string
	State                      Status
}

func (s *server) cases(v *visit) (page, error) {
	o := s.officer(v)
	if !o.holds() {
		return s.refuseRoles(v, events.Roles()...), nil
	}
	state := oneOf(v.filters, "state", notClosed, append(alert.Stages(), notClosed, allCases)...)
	before := v.filters.number("before", 1, 1<<53-1)
	head, err := s.office(v, v.Text("case.title"))
	if err != nil {
		return nil, err
	}
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	p, names, counts := &CasesPage{Office: head, Paces: pacesPath}, namesOf(units), map[alert.Stage]int{}
	var last uint64
	for _, c := range slices.Backward(o.view.Alerts.All()) {
		if !o.reads(c.Unit) {
			continue
		}
		in := []alert.Stage{c.Stage(), allCases}
		if c.Stage() != alert.Closed {
			in = append(in, notClosed)
		}
		for _, one := range in {
			counts[one]++
		}
		raised := c.History[0].Sequence
		switch {
		case !slices.Contains(in, state) || before != 0 && raised >= before:
		case len(p.Rows) < shownCases:
			p.Rows, last = append(p.Rows, s.caseRow(v, o, c, names)), raised
		default:
			p.Older = address{}.with("state", string(state), "before", strconv.FormatUint(last, 10)).at(casesPath)
		}
	}
	if before != 0 {
		p.Newest = address{}.with("state", string(state)).at(casesPath)
	}
	for _, one := range append([]alert.Stage{notClosed}, append(alert.Stages(), allCases)...) {
		link := Link{Label: v.Text("case.state.count", "state", v.stage(one), "number", counts[one]), Href: address{}.with("state", string(one)).at(casesPath), On: one == state}
		if one == notClosed {
			link.Href = casesPath
		}
		p.States = append(p.States, link)
	}
	return p, v.filters.end()
}

// stage names a stage, or what the page can be narrowed to beside them.
func (v *visit) stage(stage alert.Stage) string {
	if stage == notClosed || stage == allCases {
		return v.Text("case.state." + string(stage))
	}
	return v.Text("stage." + string(stage))
}

func caseHref(id events.AlertID) string { return casesPath + "/" + string(id) }

func (s *server) caseRow(v *visit, o officer, c alert.Case, names unitNames) CaseRow {
	row := CaseRow{
		Href: caseHref(c.ID), Subject: subjectName(c), About: v.Text("about." + string(c.About)), Unit: names.of(c.Unit),
		Rule: v.caseRule(c.Rule), Raised: v.Date(c.Raised), Left: s.left(v, c, o.today), State: v.caseState(c),
	}
	if !c.Due.IsZero() {
		row.Due = v.Date(c.Due)
	}
	if c.Answer != "" {
		row.Answer = v.Text("answer." + string(c.Answer))
	}
	return row
}

func subjectName(c alert.Case) string {
	if c.Name != "" {
		return string(c.Name)
	}
	return c.Subject
}

// caseState is the stage of a case in words; its shape is that of a status that
// is as grave.
func (v *visit) caseState(c alert.Case) Status {
	shape := map[alert.Stage]pace.Status{alert.Escalated: pace.FarBehind, alert.Open: pace.Behind, alert.Answered: pace.OnPace, alert.Closed: pace.None}
	return Status{string(shape[c.Stage()]), v.stage(c.Stage())}
}

// left says how many working days there are to answer a case, or since how many
// it is overdue; nil if nothing is waited for.
func (s *server) left(v *visit, c alert.Case, today fiscal.Date) *Status {
	if c.Answer != "" || !c.Closed.IsZero() || c.Due.IsZero() {
		return nil
	}
	days := s.Calendar.WorkingDaysBetween(today, c.Due)
	switch {
	case c.Overdue(today):
		return &Status{string(pace.FarBehind), v.Text("case.overdue", "count", -days)}
	case today == c.Due:
		return &Status{string(pace.Behind), v.Text("case.due_today")}
	}
	return &Status{string(pace.Watch), v.Text("case.days_left", "count", days)}
}

// caseRule says what a rule found: the code of a pace rule and a finding, or what
// a person called it.
func (v *visit) caseRule(rule events.AlertRule) string {
	at := strings.LastIndex(string(rule), "-")
	if at < 0 || !slices.Contains(caseFindings(), string(rule)[at+1:]) {
		return string(rule)
	}
	found := "case.found." + string(rule)[at+1:]
	return v.Text("case.found", "what", v.Text(found), "rule", v.paceName(events.PaceID(rule[:at])))
}

// caseFindings are what a pace rule can find.
func caseFindings() []string { return []string{"far_behind", "stalled", "goal_gap"} }

// CasePage is a case with all that was said of it.
type CasePage struct {
	Office
	Back        Link
	State       Status
	Left        *Status
	Bar         *Bar
	Gap         string
	Detail      string
	Facts, Said []Fact
	Steps       []CaseStep
	Answer      string // where it is answered; empty for who may not
	Close       string
}

func (*CasePage) template() string { return "casesone" }

// CaseStep is an event of a case.
type CaseStep struct{ Time, What, By, Sequence, Href string }

// caseOf finds the case that an address names, for who may read it.
func (s *server) caseOf(v *visit) (officer, alert.Case, error) {
	o := s.officer(v)
	c, known := o.view.Alerts.Case(events.AlertID(v.PathValue("alert")))
	if !known || !o.reads(c.Unit) {
		return o, c, projections.ErrNotFound
	}
	return o, c, nil
}

func (s *server) alertCase(v *visit) (page, error) {
	o, c, err := s.caseOf(v)
	if err != nil {
		return nil, err
	}
	head, err := s.office(v, v.Text("case.one", "subject", subjectName(c)))
	if err != nil {
		return nil, err
	}
	p := &CasePage{
		Office: head, Back: Link{Label: v.Text("case.title"), Href: casesPath}, State: v.caseState(c), Left: s.left(v, c, o.today),
		Detail: string(c.Detail), Facts: v.caseFacts(c), Said: v.caseSaid(c),
	}
	p.Bar, p.Gap = v.caseBar(c)
	if v.mayAnswer(o, c) {
		p.Answer = caseHref(c.ID) + "/answer"
	}
	if v.mayClose(o, c) {
		p.Close = caseHref(c.ID) + "/close"
	}
	for _, step := range c.History {
		p.Steps = append(p.Steps, CaseStep{v.Time(step.Recorded), v.Type(step.Type), step.Actor, v.sequence(step.Sequence), eventHref(step.Sequence)})
	}
	return p, v.filters.end()
}

func (v *visit) mayAnswer(o officer, c alert.Case) bool {
	return c.Closed.IsZero() && c.Answer == "" && o.has(events.Poster, c.Unit)
}

func (v *visit) mayClose(o officer, c alert.Case) bool {
	return c.Closed.IsZero() && o.has(events.Approver, c.Unit)
}

// caseFacts are what a case is about and by when it is to be answered.
func (v *visit) caseFacts(c alert.Case) []Fact {
	year := strconv.Itoa(int(c.Year))
	href := "/lines/" + c.Subject
	switch c.About {
	case events.OfProject:
		href = address{}.with("project", c.Subject, "by", "line", "year", year).at("/")
	case events.OfUnit:
		href = address{}.with("unit", c.Subject, "year", year).at("/")
	}
	facts := []Fact{
		{v.Text("about." + string(c.About)), subjectName(c) + " " + c.Subject, href},
		{v.Member("year"), year, ""}, {v.Text("case.rule"), v.caseRule(c.Rule), ""}, {v.Text("case.raised"), v.Date(c.Raised), ""},
	}
	if !c.Due.IsZero() {
		facts = append(facts, Fact{v.Member("due"), v.Date(c.Due), ""})
	}
	return facts
}

// caseSaid is what became of a case.
func (v *visit) caseSaid(c alert.Case) []Fact {
	var said []Fact
	if !c.Escalated.IsZero() {
		said = append(said, Fact{v.Text("stage.escalated"), v.Date(c.Escalated), ""})
	}
	if c.Answer != "" {
		said = append(said, Fact{v.Text("stage.answered"), v.Text("case.said", "date", v.Date(c.Answered), "what", v.Text("answer."+string(c.Answer)), "why", string(c.Remedy)), ""})
	}
	if !c.Closed.IsZero() {
		said = append(said, Fact{v.Text("stage.closed"), v.Text("case.said", "date", v.Date(c.Closed), "what", "", "why", string(c.Outcome)), ""})
	}
	return said
}

// caseBar shows the rate that a rule found against the progress that it judged
// by, with the gap in words.
func (v *visit) caseBar(c alert.Case) (*Bar, string) {
	rate, rated := new(big.Rat).SetString(string(c.Rate))
	progress, judged := new(big.Rat).SetString(string(c.Progress))
	if !rated || !judged {
		return nil, ""
	}
	gap, words := new(big.Rat).Sub(rate, progress), "gap.behind"
	if gap.Sign() >= 0 {
		words = "gap.ahead"
	}
	return &Bar{
		Executed: units(rate), Tick: units(progress), Behind: units(progress), Far: units(new(big.Rat).Sub(progress, pace.Proportional().Behind)),
		Label: v.Text("bar.label", "rate", string(c.Rate)+"%", "progress", string(c.Progress)+"%"),
	}, v.Text(words, "points", language.Group(gap.Abs(gap).FloatString(pace.Digits)))
}

// caseTask begins a form about a case. A form that was sent before is built all
// the same: whether it still fits is for the recorder to say.
func (s *server) caseTask(v *visit, role events.Role, title string, data events.Data, fields ...*OfficeField) (*officeTask, page, error) {
	o, c, err := s.caseOf(v)
	if err != nil {
		return nil, nil, err
	}
	if !o.has(role, c.Unit) {
		return nil, s.refuseRoles(v, role), nil
	}
	heading := "case.task." + title
	head, err := s.office(v, v.Text(heading, "subject", subjectName(c)))
	if err != nil {
		return nil, nil, err
	}
	fields = append(fields, dateField(v, o.today), v.reasonField(title == "close"))
	t := &officeTask{next: caseHref(c.ID), page: &TaskPage{
		Office: head, Back: Link{Label: v.Text("case.one", "subject", subjectName(c)), Href: caseHref(c.ID)},
		Lead: []string{v.Text("case.lead." + title)}, Facts: v.caseFacts(c),
		Form: &OfficeForm{Action: v.URL.RequestURI(), Button: v.Text("case.button." + title), Key: rand.Text(), Fields: fields},
	}}
	t.event = func(f *OfficeForm) officeEvent {
		members := f.data("answer", "date", "reason")
		members["about"], members["alert"] = c.About, c.ID
		return officeEvent{data, c.Subject, members}
	}
	return t, nil, nil
}

func (s *server) answerTask(v *visit) (*officeTask, page, error) {
	choices := append([]Choice{{Label: v.Text("office.choose")}}, chosen(v, "answer.", "", events.Answers()...)...)
	return s.caseTask(v, events.Poster, "answer", events.AlertAnswered{},
		&OfficeField{Name: "answer", Label: v.Member("answer"), Hint: v.Text("case.answer_hint"), Kind: FieldSelect, Choices: choices})
}

func (s *server) closeCaseTask(v *visit) (*officeTask, page, error) {
	return s.caseTask(v, events.Approver, "close", events.AlertClosed{})
}
