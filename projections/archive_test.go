package projections_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

// evolved applies events to empty books and returns the postings on some lines.
func evolved(t failer, all []events.Event, lines map[events.LineID]bool) []budget.Posting {
	t.Helper()
	books := budget.NewBooks()
	var kept []budget.Posting
	var last uint64
	for _, event := range all {
		if event.Sequence <= last {
			t.Fatalf("event %d comes after event %d", event.Sequence, last)
		}
		last = event.Sequence
		posted, err := budget.Evolve(books, event)
		if err != nil {
			t.Fatalf("the events are not enough: %v", err)
		}
		for _, p := range posted {
			if lines[p.Line] {
				kept = append(kept, p)
			}
		}
	}
	return kept
}

// scopeOf are the lines under a unit.
func (l *ledger) scopeOf(unit events.UnitID, through uint64) map[events.LineID]bool {
	lines := map[events.LineID]bool{}
	for _, line := range l.linesAsOf(projections.AsOf{Through: through}) {
		lines[line.ID] = l.within(line.Unit, unit)
	}
	return lines
}

// sameArchive compares what the events under a unit evolve to with the postings
// of the whole log.
func sameArchive(t failer, store *projections.Store, l *ledger, unit events.UnitID, through uint64) []events.Event {
	t.Helper()
	sequence, all, err := store.EventsUnder(background, unit, 2023, projections.AsOf{Through: through})
	if err != nil || sequence != through {
		t.Fatalf("the events under %s stand at %d, %v; want %d", unit, sequence, err, through)
	}
	lines := l.scopeOf(unit, through)
	var want []budget.Posting
	for _, p := range l.postings {
		if lines[p.Line] && p.Sequence <= through {
			want = append(want, p)
		}
	}
	if got := evolved(t, all, lines); !slices.Equal(got, want) {
		t.Fatalf("the events under %s evolve to\n%v\nthe log to\n%v", unit, got, want)
	}
	return all
}

func TestTheEventsUnderAUnitEvolveToItsPostings(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	rapid.Check(t, func(t *rapid.T) {
		db.empty(schema)
		l := registered(t)
		grow(t, l, 80)
		project(t, store, l.log)
		for _, unit := range []events.UnitID{"U1", "U2", "U3"} {
			all := sameArchive(t, store, l, unit, l.last())
			wholeStatements(t, l, all, l.scopeOf(unit, l.last()))
			sameArchive(t, store, l, unit, rapid.Uint64Range(1, l.last()).Draw(t, "through"))
		}
	})
}

// wholeStatements holds that every event about a line of the scope is there.
func wholeStatements(t failer, l *ledger, all []events.Event, lines map[events.LineID]bool) {
	t.Helper()
	there := map[uint64]bool{}
	for _, event := range all {
		there[event.Sequence] = true
	}
	for _, event := range l.events {
		if event.About() == events.OfLine && lines[events.LineID(event.Subject)] && !there[event.Sequence] {
			t.Fatalf("event %d about line %s is missing", event.Sequence, event.Subject)
		}
	}
}

// twoDepartments is money that goes to and fro between line A of department D
// and lines of another.
func twoDepartments(t *testing.T) *ledger {
	t.Helper()
	l := newLedger()
	l.post(t, "unit.registered", "CITY", object{"name": "市"})
	for _, unit := range []string{"D", "E"} {
		l.post(t, "unit.registered", unit, object{"name": unit, "parent": "CITY"})
		l.post(t, "project.registered", "P"+unit, object{"unit": unit, "year": 2023, "name": "甲", "kind": "project"})
		l.post(t, "project.registered", "P"+unit, object{"unit": unit, "year": 2022, "name": "旧", "kind": "project"})
	}
	for i, line := range []string{"A", "X", "Y", "Z"} {
		unit := []string{"D", "E", "E", "E"}[i]
		l.post(t, "line.opened", line, object{"year": 2023, "unit": unit, "project": "P" + unit, "fund": "general_public",
			"vintage": 2023, "function_class": "215", "economic_class": "302"})
		l.post(t, "budget.allocated", line, object{"amount": "1000.00", "date": "2023-01-05", "document": "1"})
	}
	return l
}

func TestWhatCameFromOtherDepartmentsIsTracedAndNoMore(t *testing.T) {
	t.Parallel()
	l := twoDepartments(t)
	begin := l.last()
	pay := func(line, amount string, more object) {
		data := object{"amount": amount, "date": "2023-03-01", "document": "凭1"}
		for key, value := range more {
			data[key] = value
		}
		l.post(t, "disbursement.paid", line, data)
	}
	l.post(t, "commitment.made", "X", object{"commitment": "C", "amount": "300.00", "date": "2023-02-01"})                      // 1
	pay("X", "200.00", object{"commitment": "C"})                                                                               // 2: the payment
	payment := fmt.Sprintf("E%d", l.last())                                                                                     //
	pay("X", "50.00", nil)                                                                                                      // 3: another
	l.post(t, "disbursement.refunded", "X", object{"payment": payment, "amount": "20.00", "date": "2023-03-02", "reason": "退"}) // 4
	correct := func(from, to string) {
		l.post(t, "disbursement.corrected", from, object{"payment": payment, "to_line": to, "date": "2023-03-03", "reason": "更"})
	}
	correct("X", "Y")                                                                                                                      // 5
	correct("Y", "A")                                                                                                                      // 6: now it is A's
	l.post(t, "budget.transferred", "Z", object{"to": "A", "amount": "10.00", "date": "2023-04-01", "document": "调1", "reason": "调"})      // 7
	pay("Z", "5.00", nil)                                                                                                                  // 8
	l.post(t, "disbursement.refunded", "A", object{"payment": payment, "amount": "30.00", "date": "2023-05-01", "reason": "退"})            // 9
	l.post(t, "goal.set", "PD", object{"about": "project", "year": 2023, "date": "2023-01-01", "goal": "今年"})                              // 10
	l.post(t, "goal.set", "PD", object{"about": "project", "year": 2022, "date": "2022-01-01", "goal": "去年"})                              // 11
	l.post(t, "goal.set", "PE", object{"about": "project", "year": 2023, "date": "2023-01-01", "goal": "别人"})                              // 12
	l.post(t, "year.closed", "CITY", object{"year": 2023, "date": "2023-12-31", "reason": "年结"})                                           // 13
	l.post(t, "plan.set", "A", object{"about": "line", "year": 2023, "date": "2023-01-01", "months": slices.Repeat([]string{"1.00"}, 12)}) // 14

	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	all := sameArchive(t, store, l, "D", l.last())
	var after []uint64
	opened := map[string]bool{}
	for _, event := range all {
		if event.Sequence > begin {
			after = append(after, event.Sequence-begin)
		}
		if _, opens := event.Data.(events.LineOpened); opens {
			opened[event.Subject] = true
		}
		if registered, ok := event.Data.(events.ProjectRegistered); ok && (registered.Year != 2023 || event.Subject != "PD") {
			t.Errorf("%s of %d is not D's in 2023", event.Subject, registered.Year)
		}
	}
	if want := []uint64{1, 2, 4, 5, 6, 7, 9, 10, 13, 14}; !slices.Equal(after, want) {
		t.Errorf("after the budgets, the events %v are there, want %v", after, want)
	}
	if len(opened) != 4 {
		t.Errorf("the openings of %v are there, want all four lines'", opened)
	}
}

func TestAUnitThatIsNotThereHasNoEvents(t *testing.T) {
	t.Parallel()
	store, _ := newDatabase(t).fresh()
	project(t, store, twoDepartments(t).log)
	if _, all, err := store.EventsUnder(background, "NOBODY", 2023, projections.AsOf{}); err != nil || len(all) > 0 {
		t.Errorf("%d events, %v; want none", len(all), err)
	}
}

func TestIssuedFormsAreFoundByUnitAndYear(t *testing.T) {
	t.Parallel()
	l := twoDepartments(t)
	issue := func(about, subject string, year int) {
		l.post(t, "form.issued", subject, object{"about": about, "year": year, "date": "2024-01-20", "template": "central-project",
			"digest": fmt.Sprintf("%064d", l.last()), "position": l.last()})
	}
	first := l.last() + 1
	issue("unit", "D", 2023)
	issue("unit", "D", 2022)
	issue("unit", "E", 2023)
	issue("project", "PD", 2023)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	for _, asked := range []struct {
		unit events.UnitID
		year fiscal.Year
		want []uint64
	}{{"", 0, []uint64{first, first + 1, first + 2, first + 3}}, {"D", 0, []uint64{first, first + 1}}, {"D", 2023, []uint64{first}}, {"", 2022, []uint64{first + 1}}, {"CITY", 0, nil}} {
		found, err := store.IssuedForms(background, asked.unit, asked.year)
		var got []uint64
		for _, event := range found {
			got = append(got, event.Sequence)
		}
		if err != nil || !slices.Equal(got, asked.want) {
			t.Errorf("unit %q in %d: %v, %v; want %v", asked.unit, asked.year, got, err, asked.want)
		}
	}
}

func TestAnAnchorIsTheEventAtAPosition(t *testing.T) {
	t.Parallel()
	l := twoDepartments(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	anchor, err := store.Anchor(background, 3)
	want := projections.Anchor{Log: l.log.Identity(), Sequence: 3, Hash: l.events[2].Hash(), Recorded: date("2023-01-03")}
	if err != nil || anchor != want {
		t.Errorf("%+v, %v; want %+v", anchor, err, want)
	}
	if _, err := store.Anchor(background, l.last()+1); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("beyond the end: %v, want %v", err, projections.ErrNotFound)
	}
}
