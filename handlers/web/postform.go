package web

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
)

// The kinds of fields that only the desk has.
const (
	FieldCode FieldKind = "code"
	FieldLine FieldKind = "line" // the code of a line, or words to find it by
	FieldYear FieldKind = "year"
)

// PostPage is a page with a form of the desk, in one of its three states: to be
// filled, to be confirmed, recorded.
type PostPage struct {
	Shell
	Behaviour string // the desk's script
	Back      Link
	Form      *OfficeForm
	Line      LineCard
	// About tells the payment or the commitment that the form is about.
	About []Fact
	// Effect is the sign of what the amount does to the available balance, for the
	// script; 0 if it cannot say.
	Effect int
	Check  *Check
	// Unsure is why it is not known, or not the case, that the form was recorded.
	Unsure, UnsureTitle string
	Done                *Done

	act     act
	officer officer
	line    projections.LineView
	other   *projections.LineView // that the form names
	given   string
	event   events.Event
	answer  int
}

func (p *PostPage) template() string {
	switch {
	case p.Done != nil:
		return "postdone"
	case p.Check != nil:
		return "postcheck"
	}
	return "postfill"
}

func (p *PostPage) status() int {
	if p.answer == 0 {
		return http.StatusOK
	}
	return p.answer
}

func (p *PostPage) fail(status int) { p.answer, p.Failed = status, true }

// LineCard tells a line and what it has left.
type LineCard struct {
	Code, Name, Href string
	Facts, Balance   []Fact
	// Available is for people, Plain for the script.
	Available, Plain string
}

func (v *visit) lineCard(view projections.LineView) LineCard {
	line, f := view.Line, view.Figures
	vintage := strconv.Itoa(int(line.Vintage))
	if line.Vintage < line.Year {
		vintage = v.Text("line.carried", "vintage", vintage)
	}
	return LineCard{
		Code: string(line.ID), Name: nameOf(view), Href: "/lines/" + string(line.ID),
		Facts: []Fact{
			{v.Member("unit"), string(view.UnitName), ""}, {v.Member("project"), string(view.ProjectName), ""},
			{v.Member("fund"), v.Fund(line.Fund), ""}, {v.Member("vintage"), vintage, ""}, {v.Member("year"), strconv.Itoa(int(line.Year)), ""},
		},
		Balance: []Fact{
			{v.Text("figure.full_year"), v.Money(f.FullYear, money.Yuan), ""}, {v.Text("figure.frozen"), v.Money(f.Frozen, money.Yuan), ""},
			{v.Text("figure.committed"), v.Money(f.Committed, money.Yuan), ""}, {v.Text("figure.executed"), v.Money(f.Executed, money.Yuan), ""},
		},
		Available: v.Money(f.Available, money.Yuan), Plain: f.Available.String(),
	}
}

// postPage makes an act's page with an empty form. What comes in its stead asks
// first for the line, the payment or the commitment, or is for those who may
// not.
func (s *server) postPage(v *visit, a act) (*PostPage, page, error) {
	o := s.officer(v)
	if !o.holds(events.Poster) {
		return nil, s.refuseRoles(v, events.Poster), nil
	}
	if v.filters.get(lineParameter) == "" {
		other, err := s.linesFor(v, o, a)
		return nil, other, err
	}
	line, other, err := s.lineToPost(v, o)
	if err != nil || other != nil {
		return nil, other, err
	}
	p := &PostPage{
		Shell: s.deskShell(v.Type(a.data.Type())), Behaviour: s.assets.address("post.js"), Line: v.lineCard(line), Effect: a.effect,
		Back: Link{Label: v.Text("desk.title"), Href: deskPath}, act: a, officer: o, line: line,
	}
	p.Form = &OfficeForm{Action: v.URL.RequestURI(), Button: v.Text("desk.check"), Key: rand.Text(), Fields: p.memberFields(v, o.today)}
	if a.given != "" {
		if p.given = v.filters.get(a.given); p.given == "" {
			other, err := s.pick(v, p)
			return nil, other, err
		}
	}
	return p, nil, s.tellGiven(v, p)
}

// memberFields are the fields for the members of the event's data, in their
// order: what a member is filled with its Go type says, and omitempty that it
// may be left out. Left out here are what the address gives, and notes on
// persons, which do not belong in a form of the desk.
func (p *PostPage) memberFields(v *visit, today fiscal.Date) []*OfficeField {
	data := reflect.TypeOf(p.act.data)
	var fields []*OfficeField
	for i := range data.NumField() {
		member := data.Field(i)
		name, options, _ := strings.Cut(member.Tag.Get("json"), ",")
		if name == p.act.given || name == memberMemo {
			continue
		}
		field := &OfficeField{Name: name, Label: v.Member(name), Kind: kindOf(member.Type), Optional: strings.Contains(options, "omitempty")}
		field.Value = p.standard(field, today)
		if hint := p.act.hint(name); hint != "" {
			field.Hint = v.Text(hint)
		}
		fields = append(fields, field)
	}
	return fields
}

// hint is the text that helps with a member; empty if there is none.
func (a act) hint(member string) string {
	switch member {
	case memberAmount:
		switch a.name {
		case "change":
			return "desk.hint.total"
		case "carryover.confirmed":
			return "desk.hint.confirmed"
		}
		return "desk.hint.amount"
	case "to", "to_line", "from_line":
		return "desk.hint.line"
	case memberDate:
		return "desk.hint.date"
	case "payee", "counterparty":
		return "desk.hint.organisation"
	case "economic_class":
		return "desk.hint.economic_class"
	case memberCommitment:
		return "desk.hint.commitment"
	}
	return ""
}

// kindOf is what a member of a Go type is filled with.
func kindOf(member reflect.Type) FieldKind {
	switch reflect.Zero(member).Interface().(type) {
	case money.Amount:
		return FieldAmount
	case fiscal.Date:
		return FieldDate
	case fiscal.Year:
		return FieldYear
	case events.LineID:
		return FieldLine
	case events.Note:
		return FieldNote
	case events.Text:
		return FieldText
	}
	return FieldCode
}

// standard is what a field begins with: the last day of the line's year that is
// not to come, and the years on either side of it.
func (p *PostPage) standard(field *OfficeField, today fiscal.Date) string {
	year := p.line.Line.Year
	switch {
	case field.Kind == FieldDate:
		return earlier(today, year.Last()).String()
	case field.Name == "from_year":
		return strconv.Itoa(int(year) - 1)
	case field.Name == "to_year":
		return strconv.Itoa(int(year) + 1)
	}
	return ""
}

// tellGiven looks up the payment or the commitment that the form is about, and
// offers the commitments of the line where one may be named.
func (s *server) tellGiven(v *visit, p *PostPage) error {
	switch {
	case p.act.given == memberPayment:
		return s.tellPayment(v, p)
	case p.act.given == memberCommitment:
		return s.tellCommitment(v, p)
	case p.act.name == "pay":
		return s.offerCommitments(v, p)
	}
	return nil
}

func (s *server) tellPayment(v *visit, p *PostPage) error {
	view, err := s.Desk.Payment(v.Context(), budget.PaymentKey{Line: p.line.Line.ID, ID: events.EventID(p.given)})
	if err != nil {
		return err
	}
	left := v.Money(view.Payment.Left(), money.Yuan)
	p.About = []Fact{
		{v.Text("desk.paid"), v.Money(view.Payment.Amount, money.Yuan), eventHref(view.Paid.Sequence)},
		{v.Text("desk.refunded"), v.Money(view.Payment.Refunded, money.Yuan), ""}, {v.Text("desk.left"), left, ""},
	}
	if paid, ok := view.Paid.Data.(events.DisbursementPaid); ok {
		p.About = append([]Fact{{v.Member(memberDate), v.Date(paid.Date), ""}, {v.Member("document"), string(paid.Document), ""}}, p.About...)
		if paid.Payee != "" {
			p.About = append(p.About, Fact{v.Member("payee"), string(paid.Payee), ""})
		}
	}
	if field := p.Form.field(memberAmount); field.Name != "" {
		field.Hint = v.Text("desk.at_most", "amount", left)
	}
	return nil
}

func (s *server) tellCommitment(v *visit, p *PostPage) error {
	found, err := s.openCommitments(v, p)
	if err != nil {
		return err
	}
	for _, view := range found {
		if string(view.Key.ID) != p.given {
			continue
		}
		c := view.Commitment
		p.About = []Fact{
			{v.Member(memberCommitment), p.given, eventHref(view.Made)}, {v.Text("desk.committed"), v.Money(c.Amount, money.Yuan), ""},
			{v.Text("desk.used"), v.Money(c.Used, money.Yuan), ""}, {v.Text("desk.left"), v.Money(c.Left(), money.Yuan), ""},
		}
		if view.Counterparty != "" {
			p.About = append(p.About, Fact{v.Member("counterparty"), string(view.Counterparty), ""})
		}
		return nil
	}
	return projections.ErrNotFound
}

// offerCommitments makes a choice of the commitments that a payment may use up.
func (s *server) offerCommitments(v *visit, p *PostPage) error {
	found, err := s.openCommitments(v, p)
	if err != nil {
		return err
	}
	chosen := v.filters.get(memberCommitment)
	field := p.Form.field(memberCommitment)
	field.Kind, field.Value, field.Hint = FieldSelect, chosen, ""
	field.Choices = []Choice{{"", v.Text("desk.no_commitment"), chosen == ""}}
	for _, view := range found {
		id := string(view.Key.ID)
		label := v.Text("desk.commitment_left", "commitment", id, "counterparty", string(view.Counterparty), "left", v.Money(view.Commitment.Left(), money.Yuan))
		field.Choices = append(field.Choices, Choice{id, label, id == chosen})
	}
	return nil
}

func (s *server) openCommitments(v *visit, p *PostPage) ([]projections.CommitmentView, error) {
	found, err := s.Desk.Commitments(v.Context(), projections.CommitmentQuery{Line: p.line.Line.ID, OpenOnly: true, Limit: projections.MaxPage})
	return found.Rows, err
}

// parse makes the event that the form says.
func (p *PostPage) parse(v *visit) (events.Event, error) {
	var names []string
	for _, field := range p.Form.Fields {
		names = append(names, field.Name)
	}
	members := p.Form.data(names...)
	for _, field := range p.Form.Fields {
		text, filled := members[field.Name].(string)
		if !filled {
			continue
		}
		switch field.Kind {
		case FieldCode, FieldLine:
			members[field.Name] = width.Narrow.String(text)
		case FieldYear:
			if year, err := strconv.Atoi(width.Narrow.String(text)); err == nil {
				members[field.Name] = year
			}
		}
	}
	if p.act.given != "" {
		members[p.act.given] = p.given
	}
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": p.Form.Key, "source": deskSource, "type": p.act.data.Type(), "subject": p.line.Line.ID, "data": members,
	})
	if err != nil {
		return events.Event{}, err
	}
	return events.Parse(raw)
}

// refuse tells a refusal beside its field, or above the form.
func (p *PostPage) refuse(v *visit, refusal *events.Refusal) {
	if refusal.Code != events.CodeIDReused {
		p.Form.say(v, refusal)
		return
	}
	p.Form.Key = rand.Text()
	p.Form.Wrong = append(p.Form.Wrong, Link{Label: v.Text("desk.sent_before")})
}

// foundLines is how many lines are offered for words that were typed.
const foundLines = 8

// findLinesOf looks up the lines that the form names. Where words stand instead
// of a code, it offers the lines that they may mean.
func (s *server) findLinesOf(v *visit, p *PostPage) error {
	for _, field := range p.Form.Fields {
		if field.Kind != FieldLine || p.Form.value(field.Name) == "" {
			continue
		}
		if choice := v.PostForm.Get(field.Name + "_choice"); choice != "" && v.PostForm.Get(field.Name+"_for") == field.Value {
			field.Value = choice
		}
		typed := strings.TrimSpace(width.Narrow.String(field.Value))
		view, err := s.Reader.Line(v.Context(), events.LineID(typed), projections.AsOf{})
		switch {
		case err == nil && p.officer.reads(view.Line.Unit):
			p.other = &view
			continue
		case err == nil:
			continue // the recorder says why not
		case !errors.Is(err, projections.ErrNotFound):
			return err
		}
		if err := s.offerLines(v, p, field, typed); err != nil {
			return err
		}
	}
	return nil
}

// offerLines offers the lines that words may mean. A transfer or a correction
// stays within the year.
func (s *server) offerLines(v *visit, p *PostPage, field *OfficeField, words string) error {
	search := projections.LineSearch{Text: words, Within: p.officer.within(), Limit: foundLines}
	if field.Name == "to" || p.act.name == "correct" {
		search.Year = p.line.Line.Year
	}
	found, err := s.Desk.FindLines(v.Context(), search)
	if err != nil {
		return err
	}
	for _, view := range found {
		if view.Line.ID != p.line.Line.ID {
			label := v.Text("desk.found", "name", nameOf(view), "line", string(view.Line.ID), "available", v.Money(view.Figures.Available, money.Yuan))
			field.Choices = append(field.Choices, Choice{Value: string(view.Line.ID), Label: label})
		}
	}
	text := v.Text("desk.choose")
	if len(field.Choices) == 0 {
		text = v.Text("desk.found_none", "words", words)
	}
	p.Form.refuse(field, text)
	return nil
}

// Check is what a form would do, to be confirmed.
type Check struct {
	Amount, Capital string // empty without an amount
	Facts           []Fact
	Movements       []Movement
	Warnings        []string
	Waits           bool // for a second person
	Button          string
}

// Movement is a line before and after.
type Movement struct {
	Line, Href string
	Rows       []MovementRow
}

// MovementRow is a figure before and after; After is empty if that is not known
// yet.
type MovementRow struct {
	Name, Before, After string
	Changed, Balance    bool
}

// check fills in what the form would do.
func (p *PostPage) check(v *visit, result commands.Result) error {
	c := &Check{Waits: result.Status == commands.Proposed}
	for _, warning := range result.Warnings {
		bare := *warning
		bare.Where = ""
		c.Warnings = append(c.Warnings, v.Refusal(&bare))
	}
	amount, stated := amountIn(p.event)
	c.Button = v.Text("desk.act." + p.act.name)
	if stated {
		c.Amount, c.Capital = v.Money(amount, money.Yuan), language.Capital(amount)
		c.Button = v.Text("desk.button", "act", c.Button, "amount", c.Amount)
	}
	if c.Waits {
		c.Button = v.Text("desk.propose", "what", c.Button)
	}
	c.Facts = v.confirmed(p.event.Data)
	p.Check = c
	p.Heading = v.Text("desk.checking", "what", v.Type(p.event.Type))
	var err error
	c.Movements, err = p.movements(v, result, amount)
	return err
}

// confirmed lists what the event says but the amount, which stands above, and
// the payment, which is told beside.
func (v *visit) confirmed(data events.Data) []Fact {
	all := v.data(data)
	var facts []Fact
	for _, fact := range all {
		if fact.Name != v.Member(memberAmount) && fact.Name != v.Member(memberPayment) {
			facts = append(facts, fact)
		}
	}
	return facts
}

// movements are the line and the other line that the form names, before and
// after. For the other one, and while a second person is waited for, only the
// balance after is told.
func (p *PostPage) movements(v *visit, result commands.Result, amount money.Amount) ([]Movement, error) {
	own := Movement{Line: p.Line.Name, Href: p.Line.Href}
	before := p.line.Figures
	if result.Line != nil && result.Status != commands.Proposed {
		after, err := result.Line.Sums.Figures()
		if err != nil {
			return nil, err
		}
		own.Rows = v.movementRows(before, after)
	} else {
		effect := p.act.effect
		if p.act.name == "pay" && p.Form.value(memberCommitment) != "" {
			effect = 0 // what is committed is not available already
		}
		after, err := estimate(before.Available, amount, effect)
		if err != nil {
			return nil, err
		}
		own.Rows = []MovementRow{v.balanceRow(before.Available, after, effect != 0)}
	}
	all := []Movement{own}
	if p.other != nil && p.act.name == "transfer" {
		after, err := p.other.Figures.Available.Add(amount)
		if err != nil {
			return nil, err
		}
		all = append(all, Movement{nameOf(*p.other), "/lines/" + string(p.other.Line.ID), []MovementRow{v.balanceRow(p.other.Figures.Available, after, true)}})
	}
	return all, nil
}

// estimate is the balance that an amount leads to by the sign of its effect.
func estimate(before, amount money.Amount, effect int) (money.Amount, error) {
	switch effect {
	case 1:
		return before.Add(amount)
	case -1:
		return less(before, amount)
	}
	return before, nil
}

func (v *visit) movementRows(before, after budget.Figures) []MovementRow {
	row := func(figure string, before, after money.Amount) MovementRow {
		return MovementRow{v.Text("figure." + figure), v.Money(before, money.Yuan), v.Money(after, money.Yuan), before != after, false}
	}
	return []MovementRow{
		row(figureFullYear, before.FullYear, after.FullYear), row(figureFrozen, before.Frozen, after.Frozen),
		row(figureCommitted, before.Committed, after.Committed), row(figureExecuted, before.Executed, after.Executed),
		v.balanceRow(before.Available, after.Available, true),
	}
}

func (v *visit) balanceRow(before, after money.Amount, known bool) MovementRow {
	row := MovementRow{Name: v.Text("figure." + figureAvailable), Before: v.Money(before, money.Yuan), Changed: known && before != after, Balance: true}
	if known {
		row.After = v.Money(after, money.Yuan)
	}
	return row
}

// Done is what became of a form.
type Done struct {
	Check
	Sequence, Href string
	// Proposal is where it waits for a second person; empty if it does not.
	Proposal string
	Again    string // empty where nothing is left to do again
	Repeated bool
}

// finish fills in what became of a form.
func (p *PostPage) finish(v *visit, result commands.Result) error {
	if err := p.check(v, result); err != nil {
		return err
	}
	d := &Done{Check: *p.Check, Sequence: v.sequence(result.Sequence), Href: eventHref(result.Sequence), Repeated: result.Status == commands.Duplicate}
	p.Heading = v.Text("desk.recorded", "what", v.Type(p.event.Type))
	if result.Status == commands.Proposed {
		d.Proposal = proposalHref(result.Proposal)
		p.Heading = v.Text("desk.proposed", "what", v.Type(p.event.Type))
	}
	if d.Repeated {
		d.Movements = nil // what was before is no longer known
	}
	if p.act.given == "" {
		d.Again = p.Form.Action
	}
	p.Check, p.Done = nil, d
	return nil
}

// PostField is a field with what its template needs besides.
type PostField struct {
	*OfficeField
	language.Printer
	First bool // where one begins to type
}

// Fields are the fields of the form.
func (p *PostPage) Fields() []PostField {
	fields := make([]PostField, len(p.Form.Fields))
	for i, field := range p.Form.Fields {
		fields[i] = PostField{field, p.Printer, i == 0 && len(p.Form.Wrong) == 0}
	}
	return fields
}

// Moved are the movements to be confirmed, or those that were recorded.
func (p *PostPage) Moved() any {
	moved := struct {
		language.Printer
		Movements []Movement
	}{Printer: p.Printer}
	switch {
	case p.Check != nil:
		moved.Movements = p.Check.Movements
	case p.Done != nil:
		moved.Movements = p.Done.Movements
	}
	return moved
}

// By is whose name stands in the event.
func (p *PostPage) By() string { return p.officer.by.Name }
