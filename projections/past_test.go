package projections_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
	"github.com/outturn/outturn/projections"
)

// say records an event that the budget's rules have no say in.
func (l *ledger) say(t failer, noun, subject string, data object) events.Event {
	t.Helper()
	l.appendAll(t, parse(t, fmt.Sprintf("E%d", len(l.events)+1), noun, subject, data))
	return l.events[len(l.events)-1]
}

// submitted is an event as it stands in a proposal.
func submitted(id, noun, subject string, data object) object {
	return object{"specversion": "1.0", "id": id, "source": "test", "type": "outturn." + noun + ".v1", "subject": subject, "data": data}
}

// randomRule says something about rules, people, goals or proposals.
func randomRule(t *rapid.T, l *ledger) {
	code := func(name string) string { return fmt.Sprint(name, rapid.IntRange(1, 3).Draw(t, name)) }
	line := rapid.SampledFrom(randomLines).Draw(t, "line of the rule")
	year := rapid.IntRange(2022, 2023).Draw(t, "year")
	switch rapid.IntRange(0, 12).Draw(t, "rule") {
	case 0:
		l.say(t, "control.set", "U1", object{"control": code("C"), "availability": "warn", "date": "2023-01-01"})
	case 1:
		l.say(t, "override.granted", line, object{"override": code("O"), "amount": "1.00", "until": "2023-12-31", "date": "2023-02-01", "reason": "急"})
	case 2:
		l.say(t, "plan.set", line, object{"about": "line", "year": 2023, "date": "2023-01-01", "months": slices.Repeat([]string{"1.00"}, 12)})
	case 3:
		l.say(t, "user.registered", code("user"), object{"label": "会计"})
	case 4:
		l.say(t, "role.granted", code("user"), object{"role": "poster", "unit": "U2"})
	case 5:
		l.say(t, "session.opened", code("user"), object{"method": "token"})
	case 6:
		l.say(t, "review.set", "U1", object{"review": code("R"), "types": []string{"outturn.budget.transferred.v1"}, "over": "0.00", "date": "2023-01-01"})
	case 7, 8, 9:
		l.say(t, "proposal.made", line, object{"about": "line", "proposal": code("PR"), "review": "R1", "event": submitted("X1", "budget.frozen", line,
			object{"amount": "1.00", "date": "2023-01-05", "document": "1", "reason": "冻结"})})
	case 10:
		l.say(t, "proposal."+rapid.SampledFrom([]string{"approved", "withdrawn"}).Draw(t, "end"), line, object{"about": "line", "proposal": code("PR")})
	case 11:
		l.say(t, "goal.set", "P1", object{"about": "project", "year": year, "date": fmt.Sprint(year, "-01-01"), "goal": "办好"})
	case 12:
		l.say(t, "indicator.set", "U1", object{"about": "unit", "year": year, "date": fmt.Sprint(year, "-01-01"), "indicator": code("I"), "level1": "产出指标",
			"level2": "数量指标", "level3": "人数", "operator": "≥", "target": "10", "weight": "10"})
	}
}

func growPast(t *rapid.T, l *ledger) {
	for range rapid.IntRange(1, 8).Draw(t, "rounds") {
		grow(t, l, 6)
		randomRule(t, l)
	}
}

// start makes by hand what Start should read.
func (l *ledger) start() projections.Start {
	books := l.books.Changes()
	books.Payments, books.Commitments = nil, nil
	last := l.events[len(l.events)-1]
	start := projections.Start{
		Identity: l.log.Identity(), Sequence: last.Sequence, Hash: last.Hash(), Recorded: last.RecordedTime,
		Books: books, Spent: map[events.LineID][12]money.Amount{},
	}
	for _, p := range l.postings {
		months := start.Spent[p.Line]
		switch p.Measure {
		case budget.Executed:
			months[p.Date.Month-1] += p.Amount
		case budget.Refunded:
			months[p.Date.Month-1] -= p.Amount
		}
		if start.Spent[p.Line] = months; months == ([12]money.Amount{}) {
			delete(start.Spent, p.Line)
		}
	}
	for _, event := range l.events {
		switch data := event.Data.(type) {
		case events.ControlSet, events.OverrideGranted, events.PlanSet, events.UserRegistered, events.RoleGranted, events.ReviewSet:
			start.Standing = append(start.Standing, event)
		case events.ProposalMade:
			if l.decided(event.Sequence, data.Proposal) == nil {
				start.Standing = append(start.Standing, event)
			}
		}
	}
	return start
}

// decided finds the event that ended a proposal after a sequence.
func (l *ledger) decided(after uint64, id events.ProposalID) *events.Event {
	for _, event := range l.events[after:] {
		switch data := event.Data.(type) {
		case events.ProposalApproved:
			if data.Proposal == id {
				return &event
			}
		case events.ProposalDeclined:
			if data.Proposal == id {
				return &event
			}
		case events.ProposalWithdrawn:
			if data.Proposal == id {
				return &event
			}
		}
	}
	return nil
}

// recall makes by hand what Recall should find if it is asked for everything.
func (l *ledger) recall() (projections.Wanted, projections.Recalled) {
	want := projections.Recalled{
		Sequence: l.last(), Keys: map[events.Key]uint64{}, Heads: map[projections.Subject]events.Hash{}, Goals: map[performance.Key][]events.Event{},
		Payments: l.books.Changes().Payments, Commitments: l.books.Changes().Commitments,
	}
	for _, event := range l.events {
		want.Keys[event.Key()] = event.Sequence
		want.Heads[projections.Subject{Kind: event.About(), Code: event.Subject}] = event.Hash()
		if key, ok := performance.KeyOf(event); ok {
			want.Goals[key] = append(want.Goals[key], event)
		}
	}
	wanted := projections.Wanted{
		Keys:        []events.Key{events.KeyOf("test", "NEVER")},
		Subjects:    []projections.Subject{{Kind: events.OfProject, Code: "L1"}, {Kind: events.OfLine, Code: "U1"}},
		Payments:    []budget.PaymentKey{{Line: "L1", ID: "NEVER"}},
		Commitments: []budget.CommitmentKey{{Line: "L1", ID: "NEVER"}},
		Goals:       []performance.Key{{Kind: events.OfProject, ID: "P1", Year: 1999}, {Kind: events.OfUnit, ID: "P1", Year: 2023}},
	}
	for key := range want.Keys {
		wanted.Keys = append(wanted.Keys, key)
	}
	for subject := range want.Heads {
		wanted.Subjects = append(wanted.Subjects, subject)
	}
	for key := range want.Payments {
		wanted.Payments = append(wanted.Payments, key)
	}
	for key := range want.Commitments {
		wanted.Commitments = append(wanted.Commitments, key)
	}
	for key := range want.Goals {
		wanted.Goals = append(wanted.Goals, key)
	}
	return wanted, want
}

func samePast(t failer, store *projections.Store, l *ledger) {
	t.Helper()
	start, err := store.Start(background)
	if diff := cmp.Diff(l.start(), start, sameEvents); err != nil || diff != "" {
		t.Fatalf("start: %v %s", err, diff)
	}
	wanted, want := l.recall()
	recalled, err := store.Recall(background, wanted)
	if diff := cmp.Diff(want, recalled, sameEvents); err != nil || diff != "" {
		t.Fatalf("recall: %v %s", err, diff)
	}
	var known, keys []string
	sequence, err := store.Known(background, func(key events.Key) { known = append(known, key.String()) })
	for key := range want.Keys {
		keys = append(keys, key.String())
	}
	for key := range want.Payments {
		keys = append(keys, projections.PaymentKey(key).String())
	}
	slices.Sort(known)
	slices.Sort(keys)
	if diff := cmp.Diff(keys, known); err != nil || diff != "" || sequence != l.last() {
		t.Fatalf("known at %d: %v %s", sequence, err, diff)
	}
}

// What a writer starts from and recalls is what it would know had it followed
// the log from the beginning, wherever the projection stands.
func TestThePastEqualsAReplayInMemory(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	rapid.Check(t, func(t *rapid.T) {
		db.empty(schema)
		l := registered(t)
		growPast(t, l)
		project(t, store, l.log)
		samePast(t, store, l)
		growPast(t, l)
		project(t, store, l.log)
		samePast(t, store, l)
		if err := store.CheckSums(background); err != nil {
			t.Fatal(err)
		}
	})
}

func TestThePastOfNothing(t *testing.T) {
	t.Parallel()
	store, _ := newDatabase(t).fresh()
	start, err := store.Start(t.Context())
	if diff := cmp.Diff(projections.Start{}, start, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	recalled, err := store.Recall(t.Context(), projections.Wanted{Keys: []events.Key{{}}, Subjects: []projections.Subject{{Kind: events.OfLine, Code: "L1"}}})
	if diff := cmp.Diff(projections.Recalled{}, recalled, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	sequence, err := store.Known(t.Context(), func(events.Key) { t.Error("a key") })
	if sequence != 0 || err != nil {
		t.Errorf("known at %d, %v", sequence, err)
	}
}

// A transfer is posted to the line that it goes to, and is not about it: the
// head of that line is an older event.
func TestAHeadIsOfAnEventAboutTheSubject(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	l.post(t, "budget.transferred", "L1", object{"to": "L3", "amount": "1.00", "date": "2023-12-30", "document": "调2", "reason": "调剂"})
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	recalled, err := store.Recall(t.Context(), projections.Wanted{Subjects: []projections.Subject{{Kind: events.OfLine, Code: "L3"}, {Kind: events.OfLine, Code: "L1"}}})
	if err != nil {
		t.Fatal(err)
	}
	for line, noun := range map[string]string{"L1": "budget.transferred", "L3": "commitment.made"} {
		at := slices.IndexFunc(l.events, func(e events.Event) bool {
			return e.Hash() == recalled.Heads[projections.Subject{Kind: events.OfLine, Code: line}]
		})
		if at < 0 || l.events[at].Type.Noun() != noun {
			t.Errorf("%s: its head is event %d, want a %s", line, at+1, noun)
		}
	}
}

// The rebuilt projection has what writers need, too: the indexes and the
// function of migration 3 move with the schema.
func TestARebuildKeepsThePast(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	l := scenario(t)
	l.say(t, "proposal.made", "L1", object{"about": "line", "proposal": "PR1", "review": "R1", "event": submitted("X1", "budget.frozen", "L1",
		object{"amount": "1.00", "date": "2023-01-05", "document": "1", "reason": "冻结"})})
	l.say(t, "user.registered", "kuaiji", object{})
	for range 2 {
		if err := projections.Rebuild(t.Context(), db.dsn, l.log, projections.RebuildOptions{Schema: "past", Logger: quiet}); err != nil {
			t.Fatal(err)
		}
		samePast(t, db.open("past"), l)
	}
}
