package projections_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/projections"
)

// desk is a store with a ledger's events.
func desk(t *testing.T, l *ledger) *projections.Store {
	t.Helper()
	store, _ := newDatabase(t).fresh()
	project(t, store, l.log)
	return store
}

func codes(lines []projections.LineView) string {
	var ids []string
	for _, view := range lines {
		ids = append(ids, string(view.Line.ID))
	}
	return strings.Join(ids, " ")
}

func TestFindLines(t *testing.T) {
	t.Parallel()
	store := desk(t, scenario(t))
	searches := map[string]struct {
		search projections.LineSearch
		want   string
	}{
		"everything, oldest vintage first": {projections.LineSearch{Year: 2023}, "L2 L1 L3 L4 L5"},
		"all years":                        {projections.LineSearch{}, "L2 P1 L1 L3 L4 L5"},
		"the code, whatever its case":      {projections.LineSearch{Text: "l4"}, "L4"},
		"the exact code comes first":       {projections.LineSearch{Text: "P1", Year: 2022}, "P1"},
		"a part of the name":               {projections.LineSearch{Text: "指标L"}, "L2 L1 L3 L4 L5"},
		"the project's name":               {projections.LineSearch{Text: "培训", Year: 2023}, "L2 L1 L3"},
		"the project's code":               {projections.LineSearch{Text: "basic"}, "L4 L5"},
		"the unit's name":                  {projections.LineSearch{Text: "实验室"}, "L3"},
		"all words":                        {projections.LineSearch{Text: " 培训  实验室 "}, "L3"},
		"one word that nothing has":        {projections.LineSearch{Text: "培训 火箭"}, ""},
		"no wildcards":                     {projections.LineSearch{Text: "%"}, ""},
		"no wildcard of one letter":        {projections.LineSearch{Text: "L_"}, ""},
		"a backslash":                      {projections.LineSearch{Text: `\`}, ""},
		"a zero byte":                      {projections.LineSearch{Text: "L4\x00"}, "L4"},
		"cut within a letter":              {projections.LineSearch{Text: "L4" + strings.Repeat(" ", projections.MaxSearch-3) + "训"}, "L4"},
		"a unit and all under it":          {projections.LineSearch{Unit: "RADIO"}, "L3"},
		"within units":                     {projections.LineSearch{Within: []events.UnitID{"RADIO", "SME"}, Year: 2023}, "L2 L1 L3"},
		"within no unit":                   {projections.LineSearch{Within: []events.UnitID{}}, ""},
		"within, and a unit":               {projections.LineSearch{Within: []events.UnitID{"RADIO"}, Unit: "SME"}, ""},
		"a project":                        {projections.LineSearch{Project: "BASIC"}, "L4 L5"},
		"a fund":                           {projections.LineSearch{Fund: events.UnitFunds}, "L3"},
		"a class and those under it":       {projections.LineSearch{EconomicClass: "302"}, "L2 P1 L1"},
		"a class of five digits":           {projections.LineSearch{EconomicClass: "30216"}, "P1"},
		"a vintage":                        {projections.LineSearch{Vintage: 2022, Year: 2023}, "L2"},
		"a few":                            {projections.LineSearch{Year: 2023, Limit: 2}, "L2 L1"},
	}
	for name, c := range searches {
		t.Run(name, func(t *testing.T) {
			lines, err := store.FindLines(t.Context(), c.search)
			if got := codes(lines); err != nil || got != c.want {
				t.Errorf("%q, want %q, %v", got, c.want, err)
			}
		})
	}
	lines, err := store.FindLines(t.Context(), projections.LineSearch{Text: "L1"})
	want, _ := store.Line(t.Context(), "L1", projections.AsOf{})
	if err != nil || len(lines) != 1 || lines[0] != want {
		t.Errorf("%+v, want %+v, %v", lines, want, err)
	}
}

func TestWithinKeepsTheLinesOfTheUnitsAndAllUnderThem(t *testing.T) {
	t.Parallel()
	store := desk(t, scenario(t))
	for _, c := range []struct {
		within []events.UnitID
		want   string
	}{
		{nil, "L1 L2 L3 L4 L5"},
		{[]events.UnitID{}, ""},
		{[]events.UnitID{"LAB"}, "L3"},
		{[]events.UnitID{"RADIO", "SME"}, "L1 L2 L3"},
		{[]events.UnitID{"GX", "SME"}, "L1 L2 L3 L4 L5"},
		{[]events.UnitID{"NONE"}, ""},
	} {
		q := projections.Query{Year: 2023, By: projections.ByLine, Within: c.within}
		_, lines, err := store.Lines(t.Context(), q)
		report, err2 := store.Execution(t.Context(), q)
		q.AsOf.Through = 1_000
		then, err3 := store.Execution(t.Context(), q)
		var keys, keysThen []string
		for _, row := range report.Rows {
			keys = append(keys, row.Key)
		}
		for _, row := range then.Rows {
			keysThen = append(keysThen, row.Key)
		}
		if err != nil || err2 != nil || err3 != nil || codes(lines) != c.want || strings.Join(keys, " ") != c.want || strings.Join(keysThen, " ") != c.want {
			t.Errorf("within %v: %q, %v, %v; want %q (%v, %v, %v)", c.within, codes(lines), keys, keysThen, c.want, err, err2, err3)
		}
		postings, err := store.Postings(t.Context(), projections.PostingsQuery{Query: q})
		if err != nil || (postings.Count == 0) != (c.want == "") {
			t.Errorf("within %v: %d postings, %v", c.within, postings.Count, err)
		}
	}
}

func TestCommitments(t *testing.T) {
	t.Parallel()
	store := desk(t, scenario(t))
	all, err := store.Commitments(t.Context(), projections.CommitmentQuery{})
	if err != nil || len(all.Rows) != 2 || all.More {
		t.Fatalf("%+v, %v", all, err)
	}
	line, _ := store.Line(t.Context(), "L1", projections.AsOf{})
	want := projections.CommitmentView{
		Key: budget.CommitmentKey{Line: "L1", ID: "C1"}, Commitment: budget.Commitment{Amount: 9_000_000, Used: 4_000_000, Released: true},
		Line: line, Made: all.Rows[0].Made, Date: date("2023-02-01"), Counterparty: "某公司",
	}
	if diff := cmp.Diff(want, all.Rows[0]); diff != "" {
		t.Error(diff)
	}
	if event, err := store.Event(t.Context(), all.Rows[0].Made); err != nil || event.Event.Type.Noun() != "commitment.made" {
		t.Errorf("made by event %d: %v, %v", all.Rows[0].Made, event.Event.Type, err)
	}
	for name, c := range map[string]struct {
		q    projections.CommitmentQuery
		want string
	}{
		"open":           {projections.CommitmentQuery{OpenOnly: true}, "L3/C1"},
		"of a line":      {projections.CommitmentQuery{Line: "L1"}, "L1/C1"},
		"of a year":      {projections.CommitmentQuery{Year: 2022}, ""},
		"within a unit":  {projections.CommitmentQuery{Within: []events.UnitID{"RADIO"}}, "L3/C1"},
		"within no unit": {projections.CommitmentQuery{Within: []events.UnitID{}}, ""},
		"the first page": {projections.CommitmentQuery{Limit: 1}, "L1/C1 …"},
		"the next page":  {projections.CommitmentQuery{Limit: 1, After: budget.CommitmentKey{Line: "L1", ID: "C1"}}, "L3/C1"},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := store.Commitments(t.Context(), c.q)
			var got []string
			for _, row := range page.Rows {
				got = append(got, string(row.Key.Line)+"/"+string(row.Key.ID))
			}
			if page.More {
				got = append(got, "…")
			}
			if strings.Join(got, " ") != c.want || err != nil {
				t.Errorf("%v, want %q, %v", got, c.want, err)
			}
		})
	}
}

func TestPayment(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	moved := payment(t, l, "L1", 500_000) // to L3 by the scenario
	l.post(t, "disbursement.corrected", "L3", object{"payment": moved, "to_line": "L4", "date": "2023-12-01", "reason": "又错"})
	l.post(t, "disbursement.corrected", "L4", object{"payment": moved, "to_line": "L1", "date": "2023-12-02", "reason": "还原"})
	refunded := payment(t, l, "L1", 41_140_000)
	store := desk(t, l)
	books := l.books.Changes().Payments
	for _, key := range []budget.PaymentKey{{Line: "L1", ID: moved}, {Line: "L3", ID: moved}, {Line: "L4", ID: moved}, {Line: "L1", ID: refunded}} {
		view, err := store.Payment(t.Context(), key)
		if err != nil || view.Payment != books[key] || view.Key != key || view.Sequence != l.last() {
			t.Errorf("%v: %+v, want %+v, %v", key, view.Payment, books[key], err)
		}
		if view.Paid.ID != key.ID || view.Paid.Subject != "L1" || view.Paid.Type.Noun() != "disbursement.paid" {
			t.Errorf("%v was paid by event %d, %s about %s", key, view.Paid.Sequence, view.Paid.Type, view.Paid.Subject)
		}
	}
	if _, err := store.Payment(t.Context(), budget.PaymentKey{Line: "L2", ID: moved}); !isNotFound(err) {
		t.Errorf("a payment of another line: %v", err)
	}
}

// payment finds the id of a payment of an amount on a line.
func payment(t *testing.T, l *ledger, line string, fen int64) events.EventID {
	t.Helper()
	for _, event := range l.events {
		if paid, is := event.Data.(events.DisbursementPaid); is && event.Subject == line && int64(paid.Amount) == fen {
			return event.ID
		}
	}
	t.Fatalf("no payment of %d fen on %s", fen, line)
	return ""
}

// carried is a ledger of three years: what 2022 left goes on to 2023, once by
// stated lines and once by the keys alone.
func carried(t *testing.T) *ledger {
	t.Helper()
	l := newLedger()
	l.post(t, "unit.registered", "U1", object{"name": "甲单位"})
	l.post(t, "unit.registered", "U2", object{"name": "乙单位"})
	for _, year := range []int{2022, 2023} {
		l.post(t, "project.registered", "P1", object{"unit": "U1", "year": year, "name": fmt.Sprint("项目", year), "kind": "project"})
		l.post(t, "project.registered", "P2", object{"unit": "U2", "year": year, "name": fmt.Sprint("另一项目", year), "kind": "project"})
	}
	line := func(id, unit, project string, year, vintage int) {
		l.post(t, "line.opened", id, object{"year": year, "unit": unit, "project": project, "fund": "general_public", "vintage": vintage, "function_class": "215", "economic_class": "302"})
	}
	line("A22", "U1", "P1", 2022, 2022)
	line("B22", "U1", "P1", 2022, 2021)
	line("C22", "U2", "P2", 2022, 2022)
	line("A23", "U1", "P1", 2023, 2022)
	line("C23", "U1", "P1", 2023, 2022) // takes what C22 left: the project moved to another unit
	amount := func(noun, line, yuan, date string, more object) {
		data := object{"amount": yuan, "date": date, "document": "1"}
		for key, value := range more {
			data[key] = value
		}
		l.post(t, noun, line, data)
	}
	amount("budget.allocated", "A22", "100.00", "2022-01-05", nil)
	amount("carryover.received", "B22", "50.00", "2022-01-05", object{"from_year": 2021})
	amount("budget.allocated", "C22", "30.00", "2022-01-05", nil)
	amount("disbursement.paid", "A22", "60.00", "2022-05-05", nil)
	amount("surplus.returned", "A22", "10.00", "2022-12-30", object{"reason": "结余"})
	amount("carryover.sent", "A22", "13.97", "2022-12-31", object{"to_year": 2023})
	amount("carryover.sent", "C22", "20.00", "2022-12-31", object{"to_year": 2023, "to_line": "C23"})
	amount("carryover.received", "A23", "13.98", "2023-01-05", object{"from_year": 2022})
	amount("carryover.received", "C23", "20.00", "2023-01-05", object{"from_year": 2022, "from_line": "C22"})
	amount("carryover.confirmed", "C23", "20.00", "2023-03-05", object{"from_year": 2022, "from_line": "C22"})
	return l
}

func TestCarryover(t *testing.T) {
	t.Parallel()
	l := carried(t)
	store := desk(t, l)
	got, err := store.Carryover(t.Context(), 2022, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []projections.CarryoverRow{
		{Unit: "U1", UnitName: "甲单位", Project: "P1", ProjectName: "项目2022", Fund: "general_public", Vintage: 2021,
			From: []events.LineID{"B22"}, Unspent: 5_000, Unsettled: 5_000},
		{Unit: "U1", UnitName: "甲单位", Project: "P1", ProjectName: "项目2022", Fund: "general_public", Vintage: 2022,
			From: []events.LineID{"A22"}, To: []events.LineID{"A23"}, Unspent: 4_000, Sent: 1_397, Returned: 1_000, Unsettled: 1_603,
			Received: 1_398, Estimated: 1_398, Difference: -1},
		{Unit: "U2", UnitName: "乙单位", Project: "P2", ProjectName: "另一项目2022", Fund: "general_public", Vintage: 2022,
			From: []events.LineID{"C22"}, To: []events.LineID{"C23"}, Unspent: 3_000, Sent: 2_000, Unsettled: 1_000,
			Received: 2_000, Estimated: 2_000, Confirmed: 2_000, Settled: true},
	}
	if diff := cmp.Diff(want, got.Rows); diff != "" {
		t.Error(diff)
	}
	var lapses []string
	for _, lapse := range got.Lapses {
		lapses = append(lapses, fmt.Sprint(lapse.On, " ", lapse.Line.Line.ID, " ", lapse.Left))
	}
	if diff := cmp.Diff([]string{"2022-12-31 B22 50.00", "2023-12-31 A22 16.03", "2023-12-31 C22 10.00"}, lapses); diff != "" {
		t.Error(diff)
	}
	if got.Sequence != l.last() || got.More {
		t.Errorf("it stands at %d, more: %t", got.Sequence, got.More)
	}
	l.post(t, "carryover.confirmed", "A23", object{"amount": "13.97", "date": "2023-03-05", "from_year": 2022, "document": "决算1"})
	project(t, store, l.log)
	got, err = store.Carryover(t.Context(), 2022, []events.UnitID{"U1"})
	if err != nil || len(got.Rows) != 3 {
		t.Fatalf("%+v, %v", got.Rows, err)
	}
	confirmed := want[1]
	confirmed.Received, confirmed.Confirmed, confirmed.Settled, confirmed.Difference = 1_397, 1_397, true, 0
	foreign := projections.CarryoverRow{
		Unit: "U1", UnitName: "甲单位", Project: "P1", ProjectName: "项目2023", Fund: "general_public", Vintage: 2022,
		To: []events.LineID{"C23"}, Received: 2_000, Estimated: 2_000, Confirmed: 2_000, Settled: true, Elsewhere: "C22",
	}
	if diff := cmp.Diff([]projections.CarryoverRow{want[0], confirmed, foreign}, got.Rows); diff != "" {
		t.Error(diff)
	}
}

func TestTheViewOfCarryoverSaysWhatTheChainSays(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	store, schema := db.fresh()
	project(t, store, carried(t).log)
	got := db.query("SELECT concat_ws(' ', year, line, received_fen, unspent_fen, sent_fen, returned_fen, unsettled_fen, unsettled_yuan, lapses_on) FROM " + schema + ".carryover_by_line ORDER BY line")
	want := []string{
		"2022 A22 0 4000 1397 1000 1603 16.03 2023-12-31", "2023 A23 1398 1398 0 0 1398 13.98 2023-12-31", "2022 B22 5000 5000 0 0 5000 50.00 2022-12-31",
		"2022 C22 0 3000 2000 0 1000 10.00 2023-12-31", "2023 C23 2000 2000 0 0 2000 20.00 2023-12-31",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// proposed is a ledger with six proposals: open, approved, declined, withdrawn,
// an open one for a line that is not registered yet, and one that has the code of
// the declined one.
func proposed(t *testing.T) *ledger {
	t.Helper()
	l := scenario(t)
	freeze := object{"amount": "1.00", "date": "2023-12-05", "document": "1", "reason": "冻结"}
	made := func(id, line string) {
		l.say(t, "proposal.made", line, object{"about": "line", "proposal": id, "review": "R1", "event": submitted("X-"+id, "budget.frozen", line, freeze)})
	}
	made("PR1", "L1")
	made("PR2", "L3")
	made("PR3", "L4")
	made("PR4", "L1")
	l.say(t, "proposal.approved", "L3", object{"about": "line", "proposal": "PR2"})
	l.say(t, "proposal.declined", "L4", object{"about": "line", "proposal": "PR3", "reason": "不妥"})
	l.say(t, "proposal.withdrawn", "L1", object{"about": "line", "proposal": "PR4"})
	l.say(t, "proposal.made", "NEW", object{"about": "line", "proposal": "PR5", "review": "R1", "event": submitted("X-PR5", "line.opened", "NEW",
		object{"year": 2023, "unit": "LAB", "project": "TRAIN", "fund": "general_public", "vintage": 2023, "function_class": "215", "economic_class": "302"})})
	made("PR3", "L4")
	return l
}

func TestProposals(t *testing.T) {
	t.Parallel()
	l := proposed(t)
	store := desk(t, l)
	for name, c := range map[string]struct {
		q    projections.ProposalQuery
		want string
	}{
		"all":                  {projections.ProposalQuery{}, "PR3:open@GX PR5:open@LAB PR4:withdrawn@SME PR3:declined@GX PR2:approved@LAB PR1:open@SME"},
		"open":                 {projections.ProposalQuery{State: projections.ProposalOpen}, "PR3:open@GX PR5:open@LAB PR1:open@SME"},
		"approved":             {projections.ProposalQuery{State: projections.ProposalApproved}, "PR2:approved@LAB"},
		"declined":             {projections.ProposalQuery{State: projections.ProposalDeclined}, "PR3:declined@GX"},
		"withdrawn":            {projections.ProposalQuery{State: projections.ProposalWithdrawn}, "PR4:withdrawn@SME"},
		"within units":         {projections.ProposalQuery{Within: []events.UnitID{"RADIO"}}, "PR5:open@LAB PR2:approved@LAB"},
		"within no unit":       {projections.ProposalQuery{Within: []events.UnitID{}}, ""},
		"a page":               {projections.ProposalQuery{Limit: 2}, "PR3:open@GX PR5:open@LAB …"},
		"a page before":        {projections.ProposalQuery{Limit: 2, Before: l.last() - 5}, "PR3:declined@GX PR2:approved@LAB …"},
		"open, a page of many": {projections.ProposalQuery{State: projections.ProposalOpen, Limit: 1}, "PR3:open@GX …"},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := store.Proposals(t.Context(), c.q)
			var got []string
			for _, row := range page.Rows {
				got = append(got, fmt.Sprintf("%s:%s@%s", row.Data.Proposal, row.State, row.Unit))
				decided := l.decided(row.Made.Sequence, row.Data.Proposal)
				if diff := cmp.Diff(decided, row.Decided, sameEvents); diff != "" || string(row.Event.ID) != "X-"+string(row.Data.Proposal) {
					t.Errorf("%s: %s %s", row.Data.Proposal, row.Event.ID, diff)
				}
			}
			if page.More {
				got = append(got, "…")
			}
			if strings.Join(got, " ") != c.want || err != nil {
				t.Errorf("%v, want %q, %v", got, c.want, err)
			}
		})
	}
	if _, err := store.Proposals(t.Context(), projections.ProposalQuery{State: "lost"}); err == nil {
		t.Error("a state that there is not")
	}
}

func TestSignInsAndEventsOfAUser(t *testing.T) {
	t.Parallel()
	l := scenario(t)
	l.say(t, "user.registered", "L1", object{"label": "与指标同名"})
	l.say(t, "session.opened", "L1", object{"method": "token"})
	l.say(t, "user.registered", "shenhe", object{})
	l.say(t, "session.refused", "shenhe", object{"method": "oidc", "cause": "没有角色"})
	l.say(t, "session.opened", "L1", object{"method": "oidc"})
	store := desk(t, l)
	nouns := func(page projections.EventsPage, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, view := range page.Events {
			all = append(all, view.Event.Type.Noun()+"/"+view.Event.Subject)
		}
		if page.More {
			all = append(all, "…")
		}
		return strings.Join(all, " ")
	}
	for got, want := range map[string]string{
		nouns(store.SignIns(t.Context(), 0, 2)):                   "session.opened/L1 session.refused/shenhe …",
		nouns(store.SignIns(t.Context(), l.last()-1, 2)):          "session.opened/L1",
		nouns(store.EventsOfUser(t.Context(), "L1", 0, 0)):        "session.opened/L1 session.opened/L1 user.registered/L1",
		nouns(store.EventsOfUser(t.Context(), "L1", l.last(), 1)): "session.opened/L1 …",
		nouns(store.EventsOfUser(t.Context(), "nobody", 0, 0)):    "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
