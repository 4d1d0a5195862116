package review_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/review"
)

var today = fiscal.Date{Year: 2023, Month: 10, Day: 31}

const yuan money.Amount = 100

// submitted makes an event as somebody submits it.
func submitted(t *testing.T, id events.EventID, subject string, data events.Data) events.Event {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": id, "source": "/test", "type": data.Type(), "subject": subject, "data": data,
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

// city has the units city ← bureau ← school, and office beside the bureau, with a
// line each of school and office.
func city() *budget.Books {
	b := budget.NewBooks()
	b.Load(budget.Changes{
		Units: map[events.UnitID]budget.Unit{
			"city": {ID: "city"}, "bureau": {ID: "bureau", Parent: "city"}, "school": {ID: "school", Parent: "bureau"}, "office": {ID: "office", Parent: "city"},
		},
		Lines: map[events.LineID]budget.Line{
			"L-school": {ID: "L-school", Year: 2023, Unit: "school"}, "L-office": {ID: "L-office", Year: 2023, Unit: "office"},
		},
	})
	return b
}

// log records events one after another.
type log struct {
	*testing.T
	*review.State
	sequence uint64
}

func newLog(t *testing.T) *log { return &log{T: t, State: &review.State{}} }

// say decides an event and records it.
func (l *log) say(by, subject string, data events.Data) error {
	l.Helper()
	e := submitted(l.T, events.EventID(fmt.Sprint("e", l.sequence+1)), subject, data)
	if err := l.Decide(city(), e, by); err != nil {
		return err
	}
	l.sequence++
	recorded, err := e.Record(events.Stamp{Sequence: l.sequence, Actor: by, RecordedTime: time.Date(2023, 10, 31, 9, 0, int(l.sequence), 0, time.UTC)})
	if err != nil {
		l.Fatal(err)
	}
	if err := l.Evolve(city(), recorded); err != nil {
		l.Fatal(err)
	}
	return nil
}

func (l *log) must(by, subject string, data events.Data) {
	l.Helper()
	if err := l.say(by, subject, data); err != nil {
		l.Fatalf("%s: %v", data.Type(), err)
	}
}

func (l *log) refuses(by, subject string, data events.Data, code events.Code, reason events.Reason) {
	l.Helper()
	if refusal := events.AsRefusal(l.say(by, subject, data)); refusal == nil || refusal.Code != code || refusal.Reason != reason {
		l.Errorf("%s by %s: %v, want %s: %s", data.Type().Noun(), by, refusal, code, reason)
	}
}

func paid(amount money.Amount) events.DisbursementPaid {
	return events.DisbursementPaid{Amount: amount, Date: today, Document: "1"}
}

func rule(id events.ReviewID, over money.Amount, types ...events.Data) events.ReviewSet {
	set := events.ReviewSet{Review: id, Over: over, Date: today}
	for _, one := range types {
		set.Types = append(set.Types, one.Type())
	}
	return set
}

func remove(id events.ReviewID) events.ReviewRemoved {
	return events.ReviewRemoved{Review: id, Date: today}
}

// propose proposes an event about a line.
func propose(id events.ProposalID, e events.Event) events.ProposalMade {
	return events.ProposalMade{Kind: e.About(), Proposal: id, Review: "large", Event: events.Submitted(e.Raw())}
}

func approve(id events.ProposalID) events.ProposalApproved {
	return events.ProposalApproved{Kind: events.OfLine, Proposal: id}
}
func decline(id events.ProposalID) events.ProposalDeclined {
	return events.ProposalDeclined{Kind: events.OfLine, Proposal: id, Reason: "r"}
}
func withdraw(id events.ProposalID) events.ProposalWithdrawn {
	return events.ProposalWithdrawn{Kind: events.OfLine, Proposal: id}
}

func TestWhatWaitsForASecondPerson(t *testing.T) {
	t.Parallel()
	payments, all := rule("large", 500*yuan, events.DisbursementPaid{}), rule("all", 0, events.DisbursementPaid{}, events.PlanSet{}, events.CarryoverConfirmed{})
	type set struct {
		unit string
		rule events.ReviewSet
	}
	plan := events.PlanSet{Kind: events.OfLine, Year: 2023, Date: today}
	for i := range plan.Months {
		plan.Months[i] = 100 * yuan
	}
	transferred := events.BudgetTransferred{To: "L-office", Amount: 600 * yuan, Date: today, Document: "1", Reason: "r"}
	for name, c := range map[string]struct {
		rules   []set
		subject string
		data    events.Data
		want    string // unit/rule; empty if it does not wait
	}{
		"nothing without a rule":                   {nil, "L-school", paid(600 * yuan), ""},
		"an amount above the limit":                {[]set{{"school", payments}}, "L-school", paid(500*yuan + 1), "school/large"},
		"the limit itself does not":                {[]set{{"school", payments}}, "L-school", paid(500 * yuan), ""},
		"under the rule of a unit above":           {[]set{{"city", payments}}, "L-school", paid(600 * yuan), "city/large"},
		"not under that of a unit beside":          {[]set{{"office", payments}}, "L-school", paid(600 * yuan), ""},
		"the nearest unit's rule first":            {[]set{{"city", payments}, {"bureau", payments}}, "L-school", paid(600 * yuan), "bureau/large"},
		"a looser rule below does not loosen":      {[]set{{"city", payments}, {"school", rule("loose", 900*yuan, events.DisbursementPaid{})}}, "L-school", paid(600 * yuan), "city/large"},
		"another type does not":                    {[]set{{"school", payments}}, "L-school", events.CommitmentMade{Commitment: "c", Amount: 600 * yuan, Date: today}, ""},
		"every amount over nothing":                {[]set{{"school", all}}, "L-school", paid(1), "school/all"},
		"an amount of nothing over nothing":        {[]set{{"school", all}}, "L-school", events.CarryoverConfirmed{Date: today, FromYear: 2022, Document: "1"}, "school/all"},
		"within a unit by code":                    {[]set{{"school", payments}, {"school", all}}, "L-school", paid(600 * yuan), "school/all"},
		"a correction is above every limit":        {[]set{{"school", rule("fix", 900*yuan, events.DisbursementCorrected{})}}, "L-school", events.DisbursementCorrected{Payment: "p", ToEconomicClass: "302", Date: today, Reason: "r"}, "school/fix"},
		"a release is above every limit":           {[]set{{"school", rule("free", 900*yuan, events.CommitmentReleased{})}}, "L-school", events.CommitmentReleased{Commitment: "c", Date: today}, "school/free"},
		"a plan by the whole year's amount":        {[]set{{"school", rule("plan", 1199*yuan, events.PlanSet{})}}, "L-school", plan, "school/plan"},
		"a plan of no more":                        {[]set{{"school", rule("plan", 1200*yuan, events.PlanSet{})}}, "L-school", plan, ""},
		"a transfer to a line of a unit that asks": {[]set{{"office", rule("in", 500*yuan, events.BudgetTransferred{})}}, "L-school", transferred, "office/in"},
		"a line that is not there":                 {[]set{{"city", all}}, "L-moon", paid(600 * yuan), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t)
			for _, one := range c.rules {
				l.must("admin", one.unit, one.rule)
			}
			got := ""
			if found, needs := l.Needs(city(), submitted(t, "p", c.subject, c.data)); needs {
				got = string(found.Unit) + "/" + string(found.ID)
			}
			if got != c.want {
				t.Errorf("it waits under %q, want %q", got, c.want)
			}
		})
	}
}

// TestEveryAmountIsKnown: a reviewable type that has an amount is judged by it.
func TestEveryAmountIsKnown(t *testing.T) {
	t.Parallel()
	base := map[string]any{
		"amount": "600.00", "date": "2023-10-31", "document": "1", "reason": "r", "to": "L-office", "from_year": 2022, "to_year": 2024,
		"commitment": "c", "payment": "p", "to_line": "L-office", "about": "line", "year": 2023, "months": months("50.00"),
	}
	types := review.Types()
	if len(types) != 18 {
		t.Errorf("%d types may be put under review", len(types))
	}
	for _, one := range types {
		d, _ := events.Lookup(one)
		data := make(map[string]any)
		var schema struct {
			Properties map[string]any `json:"properties"`
			Required   []string       `json:"required"`
		}
		raw, err := json.Marshal(d.DataSchema())
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &schema); err != nil {
			t.Fatal(err)
		}
		for _, field := range schema.Required {
			data[field] = base[field]
		}
		_, amount := schema.Properties["amount"]
		_, plan := schema.Properties["months"]
		if schema.Properties["to_line"] != nil {
			data["to_line"] = "L-office"
		}
		raw, err = json.Marshal(map[string]any{"specversion": "1.0", "id": "e", "source": "/test", "type": one, "subject": "L-school", "data": data})
		if err != nil {
			t.Fatal(err)
		}
		e, err := events.Parse(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		for over, above := range map[money.Amount]bool{599 * yuan: true, 600 * yuan: !amount && !plan} {
			l := newLog(t)
			l.must("admin", "city", events.ReviewSet{Review: "r", Types: events.Types{one}, Over: over, Date: today})
			if _, needs := l.Needs(city(), e); needs != above {
				t.Errorf("%s of 600.00 waits over %s: %v", one.Noun(), over, needs)
			}
		}
	}
}

func months(each string) []string {
	var all []string
	for range 12 {
		all = append(all, each)
	}
	return all
}

func TestRulesAreSetAndRemoved(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.must("admin", "school", rule("b", 500*yuan, events.DisbursementPaid{}))
	l.must("admin", "school", rule("a", 0, events.PlanSet{}))
	l.must("admin", "bureau", rule("b", 1*yuan, events.PlanSet{}))
	l.must("admin", "school", rule("b", 700*yuan, events.DisbursementPaid{})) // in place of the first
	want := []review.Rule{
		{ID: "b", Unit: "bureau", Types: events.Types{events.PlanSet{}.Type()}, Over: 1 * yuan},
		{ID: "a", Unit: "school", Types: events.Types{events.PlanSet{}.Type()}},
		{ID: "b", Unit: "school", Types: events.Types{events.DisbursementPaid{}.Type()}, Over: 700 * yuan},
	}
	if got := l.Rules(); !reflect.DeepEqual(got, want) {
		t.Errorf("the rules are %+v", got)
	}
	l.refuses("admin", "school", remove("c"), review.CodeUnknownReview, review.ReasonUnknownReview)
	l.refuses("admin", "city", remove("b"), review.CodeUnknownReview, review.ReasonUnknownReview)
	l.must("admin", "school", remove("b"))
	l.refuses("admin", "school", remove("b"), review.CodeUnknownReview, review.ReasonUnknownReview)
	if _, needs := l.Needs(city(), submitted(t, "p", "L-school", paid(800*yuan))); needs || len(l.Rules()) != 2 {
		t.Error("a removed rule holds")
	}
}

func TestOnlyMoneyAndPlansAreReviewed(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	for _, d := range events.Definitions() {
		set := events.ReviewSet{Review: "r", Types: events.Types{events.DisbursementPaid{}.Type()}, Date: today}
		if d.Type != set.Types[0] {
			set.Types = append(set.Types, d.Type)
		}
		switch d.Group {
		case "budget", "carryover", "surplus", "commitment", "disbursement", "plan":
			l.must("admin", "city", set)
		default:
			l.refuses("admin", "city", set, events.CodeInvalidEvent, review.ReasonNotReviewable)
		}
	}
}

func TestAProposalWaitsUntilItIsClosed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by   string
		data func(events.ProposalID) events.Data
	}{
		"approved":  {"chief", func(id events.ProposalID) events.Data { return approve(id) }},
		"declined":  {"chief", func(id events.ProposalID) events.Data { return decline(id) }},
		"withdrawn": {"desk", func(id events.ProposalID) events.Data { return withdraw(id) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t)
			first, second := submitted(t, "p1", "L-school", paid(600*yuan)), submitted(t, "p2", "L-school", paid(700*yuan))
			l.must("desk", "L-school", propose("Z", first))
			l.must("desk", "L-school", propose("A", second))
			if open := l.Open(); len(open) != 2 || open[0].ID != "Z" || open[1].ID != "A" {
				t.Fatalf("open are %+v", open)
			}
			waiting, waits := l.Waiting(first.Key())
			if !waits || waiting.ID != "Z" || waiting.By != "desk" || waiting.Unit != "school" || waiting.Sequence != 1 ||
				waiting.Review != "large" || waiting.Recorded.Second() != 1 || string(waiting.Event.Raw()) != string(first.Raw()) {
				t.Errorf("the first waits as %+v", waiting)
			}
			l.must(c.by, "L-school", c.data("Z"))
			if _, waits := l.Waiting(first.Key()); waits || len(l.Open()) != 1 {
				t.Error("it waits on")
			}
			if _, there := l.Proposal("Z"); there {
				t.Error("it is there still")
			}
			l.refuses(c.by, "L-school", c.data("Z"), review.CodeUnknownProposal, review.ReasonProposalClosed)
			l.refuses(c.by, "L-school", c.data("Q"), review.CodeUnknownProposal, review.ReasonUnknownProposal)
			l.refuses("desk", "L-school", propose("Z", first), events.CodeAlreadyRegistered, review.ReasonProposalTaken)
			l.must("desk", "L-school", propose("Z2", first)) // under a code of its own it may be proposed again
		})
	}
}

func TestWhoDecidesAProposal(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.must("desk", "L-school", propose("P", submitted(t, "p1", "L-school", paid(600*yuan))))
	l.refuses("desk", "L-school", approve("P"), review.CodeOwnProposal, review.ReasonOwnProposal)
	l.refuses("desk", "L-school", decline("P"), review.CodeOwnProposal, review.ReasonOwnProposal)
	l.refuses("chief", "L-school", withdraw("P"), access.CodeForbidden, review.ReasonNotProposer)
	l.refuses("chief", "L-office", approve("P"), events.CodeInvalidEvent, review.ReasonProposalElsewhere)
	elsewhere := approve("P")
	elsewhere.Kind = events.OfUnit
	l.refuses("chief", "L-school", elsewhere, events.CodeInvalidEvent, review.ReasonProposalElsewhere)
	l.must("chief", "L-school", approve("P"))
}

func TestAProposalIsAboutWhatItsEventIsAbout(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	payment := submitted(t, "p1", "L-school", paid(600*yuan))
	l.refuses("desk", "L-office", propose("P", payment), events.CodeInvalidEvent, review.ReasonProposalOther)
	otherKind := propose("P", payment)
	otherKind.Kind = events.OfUnit
	l.refuses("desk", "L-school", otherKind, events.CodeInvalidEvent, review.ReasonProposalOther)
	closing := submitted(t, "c1", "school", events.YearClosed{Year: 2023, Date: today})
	l.refuses("desk", "school", propose("P", closing), events.CodeInvalidEvent, review.ReasonNotReviewable)
	l.must("desk", "L-school", propose("P", payment))
	l.refuses("desk", "L-school", propose("P2", payment), events.CodeAlreadyRegistered, review.ReasonProposalWaits)
}

func TestAForkKeepsItsChangesToItself(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	payment := submitted(t, "p1", "L-school", paid(600*yuan))
	l.must("admin", "school", rule("a", 500*yuan, events.DisbursementPaid{}))
	l.must("desk", "L-school", propose("P", payment))
	fork := &log{T: t, State: l.Fork(), sequence: l.sequence}
	fork.must("admin", "school", rule("b", 0, events.PlanSet{}))
	fork.must("admin", "school", remove("a"))
	fork.must("chief", "L-school", approve("P"))
	fork.must("desk", "L-school", propose("P2", submitted(t, "p2", "L-school", paid(600*yuan))))
	if rules := l.Rules(); len(rules) != 1 || rules[0].ID != "a" || len(l.Open()) != 1 {
		t.Errorf("the state learns of what a fork was told: %+v, %+v", rules, l.Open())
	}
	if rules := fork.Rules(); len(rules) != 1 || rules[0].ID != "b" || len(fork.Open()) != 1 || fork.Open()[0].ID != "P2" {
		t.Errorf("the fork has %+v, %+v", rules, fork.Open())
	}
	fork.Merge()
	if rules := l.Rules(); len(rules) != 1 || rules[0].ID != "b" || len(l.Open()) != 1 || l.Open()[0].ID != "P2" {
		t.Errorf("merged are %+v, %+v", rules, l.Open())
	}
	if _, waits := l.Waiting(payment.Key()); waits {
		t.Error("what the fork closed waits")
	}
}
