package projections_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

var background = context.Background()

func isNotFound(err error) bool { return errors.Is(err, projections.ErrNotFound) }

func TestRegisters(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	if sequence, recorded, err := store.Position(t.Context()); sequence != 0 || !recorded.IsZero() || err != nil {
		t.Errorf("position of nothing: %d, %v, %v", sequence, recorded, err)
	}
	project(t, store, l.log)
	sequence, recorded, err := store.Position(t.Context())
	if last := l.events[len(l.events)-1]; sequence != last.Sequence || !recorded.Equal(last.RecordedTime) || err != nil {
		t.Errorf("position: %d, %v, %v", sequence, recorded, err)
	}
	years, err := store.Years(t.Context())
	if diff := cmp.Diff([]fiscal.Year{2023, 2022}, years); diff != "" || err != nil {
		t.Errorf("years: %v %s", err, diff)
	}
	units, err := store.Units(t.Context())
	wantUnits := []budget.Unit{
		{ID: "A-TOP", Name: "另一单位"}, {ID: "GX", Name: "市工业和信息化局"},
		{ID: "RADIO", Name: "无线电监测站", Parent: "GX"}, {ID: "SME", Name: "中小企业服务中心", Parent: "GX"},
		{ID: "LAB", Name: "实验室", Parent: "RADIO"},
	}
	if diff := cmp.Diff(wantUnits, units); diff != "" || err != nil {
		t.Errorf("units: %v %s", err, diff)
	}
	projects, err := store.Projects(t.Context(), 2023)
	basic, _ := l.books.Project(budget.ProjectKey{ID: "BASIC", Year: 2023})
	train, _ := l.books.Project(budget.ProjectKey{ID: "TRAIN", Year: 2023})
	if diff := cmp.Diff([]budget.Project{basic, train}, projects); diff != "" || err != nil {
		t.Errorf("projects: %v %s", err, diff)
	}
}

// views makes the EventView of each event that keep takes, newest first.
func (l *ledger) views(keep func(events.Event, []budget.Posting) bool) []projections.EventView {
	var views []projections.EventView
	for _, event := range slices.Backward(l.events) {
		var posted []budget.Posting
		for _, p := range l.postings {
			if p.Sequence == event.Sequence {
				posted = append(posted, p)
			}
		}
		if keep(event, posted) {
			views = append(views, projections.EventView{Event: event, Hash: event.Hash(), Postings: posted})
		}
	}
	return views
}

var sameEvents = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b events.Event) bool { return string(a.Raw()) == string(b.Raw()) && a.Sequence == b.Sequence })}

func TestLineEventsAreThoseAboutItAndPostedToIt(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	for _, line := range []events.LineID{"L1", "L3", "L5"} {
		want := l.views(func(e events.Event, posted []budget.Posting) bool {
			return e.Subject == string(line) || slices.ContainsFunc(posted, func(p budget.Posting) bool { return p.Line == line })
		})
		var got []projections.EventView
		for page, more := uint64(0), true; more; {
			events, err := store.LineEvents(t.Context(), line, page, 3)
			if err != nil {
				t.Fatal(err)
			}
			if events.Sequence != l.last() || len(events.Events) > 3 {
				t.Errorf("a page of %d events at %d", len(events.Events), events.Sequence)
			}
			got, more = append(got, events.Events...), events.More
			page = got[len(got)-1].Event.Sequence
		}
		if diff := cmp.Diff(want, got, sameEvents); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
	if _, err := store.LineEvents(t.Context(), "NONE", 0, 10); !isNotFound(err) {
		t.Errorf("an unknown line: %v", err)
	}
}

func TestEvent(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	for _, want := range l.views(func(events.Event, []budget.Posting) bool { return true }) {
		got, err := store.Event(t.Context(), want.Event.Sequence)
		if diff := cmp.Diff(want, got, sameEvents); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
	if _, err := store.Event(t.Context(), l.last()+1); !isNotFound(err) {
		t.Errorf("an event that is not there: %v", err)
	}
}

func TestPostingsAreTheTermsOfAFigure(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	queries := map[string]projections.PostingsQuery{
		"a year":           {Query: projections.Query{Year: 2023}},
		"a line":           {Query: projections.Query{Year: 2023, Line: "L1"}},
		"executed":         {Query: projections.Query{Year: 2023, Project: "TRAIN"}, Measures: []budget.Measure{budget.Executed, budget.Refunded}},
		"a month":          {Query: projections.Query{Year: 2023}, Month: 10},
		"as of":            {Query: projections.Query{Year: 2023, AsOf: projections.AsOf{Date: date("2023-06-30"), Through: 40}}},
		"nothing":          {Query: projections.Query{Year: 2023, Line: "L5"}},
		"a unit and below": {Query: projections.Query{Year: 2023, Unit: "RADIO"}},
	}
	for name, q := range queries {
		t.Run(name, func(t *testing.T) {
			want, sums := l.terms(q)
			for _, limit := range []int{1, 2, 7, 500} {
				q.Limit = limit
				got := allPostings(t, store, q, sums, len(want))
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("limit %d: %s", limit, diff)
				}
			}
		})
	}
}

// terms are the postings that a query finds, newest first, and their sums.
func (l *ledger) terms(q projections.PostingsQuery) (found []budget.Posting, sums budget.Sums) {
	for _, view := range l.views(func(events.Event, []budget.Posting) bool { return true }) {
		for _, p := range view.Postings {
			line, _ := l.books.Line(p.Line)
			if l.matches(q.Query, line) && keeps(q.AsOf, p) &&
				(len(q.Measures) == 0 || slices.Contains(q.Measures, p.Measure)) && (q.Month == 0 || int(p.Date.Month) == q.Month) {
				found = append(found, p)
				sums[p.Measure] += p.Amount
			}
		}
	}
	return found, sums
}

// allPostings pages through what a query finds.
func allPostings(t *testing.T, store projections.Reader, q projections.PostingsQuery, sums budget.Sums, count int) []budget.Posting {
	t.Helper()
	var got []budget.Posting
	for more := true; more; {
		page, err := store.Postings(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if page.Sums != sums || page.Count != count {
			t.Fatalf("count %d of %d, sums %v, want %v", page.Count, count, page.Sums, sums)
		}
		for _, row := range page.Rows {
			got = append(got, row.Posting)
			q.Before = row.Posting.Sequence
		}
		more = page.More
	}
	return got
}

func TestPostingsSayWhatTheirEventSays(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	page, err := store.Postings(t.Context(), projections.PostingsQuery{
		Query: projections.Query{Year: 2023, Line: "L4"}, Measures: []budget.Measure{budget.Initial},
	})
	if err != nil || len(page.Rows) != 1 {
		t.Fatalf("%d rows, %v", len(page.Rows), err)
	}
	got := page.Rows[0]
	want := projections.PostingView{
		Posting: got.Posting, LineName: "指标L4", EventID: l.events[got.Posting.Sequence-1].ID, Type: "outturn.budget.allocated.v1",
		Document: "财〔2023〕1号", Says: "下达", Actor: "finance",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
