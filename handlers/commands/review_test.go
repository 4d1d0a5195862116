package commands_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/review"
	"github.com/outturn/outturn/handlers/commands"
)

// desk is who posts, chief who approves, in unit U1.
var (
	desk  = access.Principal{Name: "desk"}
	chief = access.Principal{Name: "chief"}
)

func user(id, role string) []commands.Item {
	return []commands.Item{
		item("u"+id, "user.registered", id, `{"label":"岗位"}`),
		item("g"+id, "role.granted", id, `{"role":"`+role+`","unit":"U1"}`),
	}
}

// office is a line of 100.00 yuan, two people, and the rule that payments over
// 10.00 yuan wait for the second.
func office(t *testing.T, recorder *commands.Recorder) {
	t.Helper()
	items := slices.Concat(registers("100.00"), user("desk", "poster"), user("chief", "approver"), []commands.Item{
		item("rule", "review.set", "U1", `{"review":"large","types":["outturn.disbursement.paid.v1"],"over":"10.00","date":"2023-01-01"}`)})
	for i, result := range submit(t, recorder, items...) {
		if result.Status != commands.Accepted {
			t.Fatalf("event %d: %v", i, result.Refusal)
		}
	}
}

func as(t tester, r *commands.Recorder, by access.Principal, items ...commands.Item) []commands.Result {
	t.Helper()
	results, err := r.Submit(context.Background(), commands.Submission{By: by, Items: items})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func approval(id string, proposal events.ProposalID) commands.Item {
	return item(id, "proposal.approved", "L1", fmt.Sprintf(`{"about":"line","proposal":%q}`, proposal))
}

// available is what a result's line has left, in fen.
func available(result commands.Result) int {
	figures, _ := result.Line.Sums.Figures()
	return int(figures.Available)
}

func recordedAt(t tester, log eventlog.Log, sequence uint64) events.Event {
	t.Helper()
	record, err := log.At(context.Background(), sequence)
	if err != nil {
		t.Fatal(err)
	}
	event, err := events.Decode(record.Body)
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func TestNobodyRecordsWithoutTheRole(t *testing.T) {
	t.Parallel()
	recorder := start(t, eventlog.NewMemory())
	office(t, recorder)
	nobody := access.Principal{Name: "nobody"}
	for name, by := range map[string]access.Principal{"a stranger": nobody, "one who only approves": chief} {
		if got := as(t, recorder, by, pay("x"+by.Name, "1.00"))[0]; got.Status != commands.Rejected || got.Refusal.Code != access.CodeForbidden {
			t.Errorf("%s got %s (%v)", name, got.Status, got.Refusal)
		}
	}
	wantStatus(t, as(t, recorder, desk, pay("x", "1.00")), commands.Accepted)
}

// forEachMemory runs a test on a recorder that keeps everything and on one that
// forgets everything before each submission.
func forEachMemory(t *testing.T, test func(t *testing.T, log eventlog.Log, recorder *commands.Recorder, forget func())) {
	t.Run("all in memory", func(t *testing.T) {
		t.Parallel()
		log := eventlog.NewMemory()
		test(t, log, start(t, log), func() {})
	})
	t.Run("nothing in memory", func(t *testing.T) {
		t.Parallel()
		log := eventlog.NewMemory()
		p := newPast(log)
		p.eager = true
		recorder := run(t, open(t, commands.Config{Log: log, Past: p}, commands.Generation(0)))
		test(t, log, recorder, func() { recorder.Forget(recorder.Position()) })
	})
}

func TestAProposalBecomesAnEventWhenAnotherPersonApproves(t *testing.T) {
	t.Parallel()
	forEachMemory(t, func(t *testing.T, log eventlog.Log, recorder *commands.Recorder, forget func()) {
		office(t, recorder)
		forget()
		made := as(t, recorder, desk, pay("x1", "40.00"))[0]
		if made.Status != commands.Proposed || made.Proposal == "" || available(made) != 10000 {
			t.Fatalf("a payment that has to wait got %+v (%v)", made, made.Refusal)
		}
		forget()
		again := as(t, recorder, desk, pay("x1", "40.00"), pay("x1", "41.00"))
		wantStatus(t, again, commands.Proposed, commands.Rejected)
		if again[0].Proposal != made.Proposal || again[0].Sequence != made.Sequence {
			t.Errorf("the same again got %+v; want %+v", again[0], made)
		}
		if waiting := recorder.View().Proposals; len(waiting) != 1 || waiting[0].ID != made.Proposal || waiting[0].By != "desk" {
			t.Errorf("these wait: %+v", waiting)
		}
		forget()
		approved := as(t, recorder, chief, approval("a1", made.Proposal))[0]
		if approved.Status != commands.Accepted || available(approved) != 6000 {
			t.Fatalf("the approval got %+v (%v)", approved, approved.Refusal)
		}
		first, second := recordedAt(t, log, approved.Sequence), recordedAt(t, log, approved.Sequence+1)
		if first.ID != "a1" || first.Actor != "chief" || second.ID != "x1" || second.Actor != "desk" || second.Approver != "chief" {
			t.Errorf("recorded were %s by %s and %s by %s, approved by %s", first.ID, first.Actor, second.ID, second.Actor, second.Approver)
		}
		forget()
		wantStatus(t, as(t, recorder, desk, pay("x1", "40.00")), commands.Duplicate)
		wantStatus(t, as(t, recorder, chief, approval("a1", made.Proposal), approval("a2", made.Proposal)), commands.Duplicate, commands.Rejected)
		if waiting := recorder.View().Proposals; len(waiting) != 0 {
			t.Errorf("these still wait: %+v", waiting)
		}
		verifyChain(t, log)
	})
}

func TestAnApprovalFallsWithItsEvent(t *testing.T) {
	t.Parallel()
	log := eventlog.NewMemory()
	recorder := start(t, log)
	office(t, recorder)
	made := as(t, recorder, desk, pay("x1", "40.00"))[0]
	submit(t, recorder, item("f", "budget.frozen", "L1", `{"amount":"70.00","date":"2023-05-01","document":"F-1","reason":"冻结"}`))
	refused := as(t, recorder, chief, approval("a1", made.Proposal))[0]
	if refused.Status != commands.Rejected || refused.Refusal.Code != events.CodeInsufficientFunds {
		t.Fatalf("the approval of more than is there got %+v (%v)", refused, refused.Refusal)
	}
	if len(recorder.View().Proposals) != 1 {
		t.Error("the proposal is gone")
	}
	submit(t, recorder, item("uf", "budget.unfrozen", "L1", `{"amount":"70.00","date":"2023-05-01","document":"F-2","reason":"解冻"}`))
	wantStatus(t, as(t, recorder, chief, approval("a1", made.Proposal)), commands.Accepted)
	own := as(t, recorder, access.Principal{Name: "desk", Root: true}, pay("x2", "20.00"))[0]
	got := as(t, recorder, access.Principal{Name: "desk", Root: true}, approval("a2", own.Proposal))[0]
	if got.Status != commands.Rejected || got.Refusal.Code != review.CodeOwnProposal {
		t.Errorf("an approval of one's own got %+v (%v)", got, got.Refusal)
	}
}

func TestWhatWasDeclinedMayBeProposedAgain(t *testing.T) {
	t.Parallel()
	forEachMemory(t, func(t *testing.T, log eventlog.Log, recorder *commands.Recorder, forget func()) {
		office(t, recorder)
		seen := map[events.ProposalID]bool{}
		for i := range 3 {
			forget()
			made := as(t, recorder, desk, pay("x1", "40.00"))[0]
			if made.Status != commands.Proposed || seen[made.Proposal] {
				t.Fatalf("round %d: %+v (%v)", i, made, made.Refusal)
			}
			seen[made.Proposal] = true
			decline := item(fmt.Sprint("d", i), "proposal.declined", "L1", fmt.Sprintf(`{"about":"line","proposal":%q,"reason":"不符"}`, made.Proposal))
			wantStatus(t, as(t, recorder, chief, decline), commands.Accepted)
		}
		verifyChain(t, log)
	})
}

func TestADryRunOfAProposalProposesNothing(t *testing.T) {
	t.Parallel()
	log := eventlog.NewMemory()
	recorder := start(t, log)
	office(t, recorder)
	before := recorder.Position()
	results, err := recorder.Submit(t.Context(), commands.Submission{By: desk, Items: []commands.Item{pay("x1", "40.00"), pay("x1", "40.00")}, DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, results, commands.Proposed, commands.Proposed)
	if results[0].Proposal != "" || results[0].Sequence != 0 {
		t.Errorf("a dry run promises %+v", results[0])
	}
	wantLast(t, log, before)
}

// TestApprovalsAreNeverTornApart: 20 approvals in one submission are one batch,
// each with its event behind it.
func TestApprovalsAreNeverTornApart(t *testing.T) {
	t.Parallel()
	log := eventlog.NewMemory()
	recorder := start(t, log)
	office(t, recorder)
	var approvals []commands.Item
	for i := range 9 {
		made := as(t, recorder, desk, pay(fmt.Sprint("x", i), "11.00"))[0]
		approvals = append(approvals, approval(fmt.Sprint("a", i), made.Proposal))
	}
	results, err := recorder.Submit(t.Context(), commands.Submission{By: chief, Items: approvals, Mode: commands.AllOrNothing})
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if event := recordedAt(t, log, result.Sequence+1); result.Status != commands.Accepted || event.ID != events.EventID(fmt.Sprint("x", i)) {
			t.Errorf("approval %d is %s, and behind it stands %s", i, result.Status, event.ID)
		}
	}
}

func TestWarningsAreHandedOn(t *testing.T) {
	t.Parallel()
	recorder := start(t, eventlog.NewMemory())
	office(t, recorder)
	submit(t, recorder, item("c", "control.set", "U1", `{"control":"soft","availability":"warn","pool":"line","plan":"none","date":"2023-01-01"}`))
	got := submit(t, recorder, pay("small", "9.00"), item("b9", "budget.frozen", "L1", `{"amount":"90.00","date":"2023-05-01","document":"F-1","reason":"冻结"}`), pay("over", "5.00"))
	wantStatus(t, got, commands.Accepted, commands.Accepted, commands.Accepted)
	if len(got[0].Warnings) != 0 || len(got[2].Warnings) != 1 || got[2].Warnings[0].Code != events.CodeInsufficientFunds {
		t.Errorf("warnings %v and %v", got[0].Warnings, got[2].Warnings)
	}
}

func TestAViewShowsWhoMayWhat(t *testing.T) {
	t.Parallel()
	log := eventlog.NewMemory()
	one := start(t, log)
	idle := run(t, open(t, commands.Config{Log: log}, commands.Follow(1e6)))
	before := one.View()
	office(t, one)
	today := fiscal.Date{Year: 2023, Month: 5, Day: 1}
	if before.Access.Has(desk, events.Poster, before, "U1", today) {
		t.Error("an earlier view has changed")
	}
	view := one.View()
	if !view.Access.Has(desk, events.Poster, view, "U1", today) || view.Sequence != one.Position() || len(view.Reviews) != 1 {
		t.Errorf("the view at %d of %d does not know the desk's role, or has %d rules", view.Sequence, one.Position(), len(view.Reviews))
	}
	for idle.View().Sequence != one.Position() { // comes up by itself
		if t.Context().Err() != nil {
			t.Fatal("the idle server never caught up")
		}
	}
	if view := idle.View(); !view.Access.Has(desk, events.Poster, view, "U1", today) {
		t.Error("the idle server does not know the desk's role")
	}
	submit(t, one, pay("x", "1.00"))
	if later := one.View(); later.Access != view.Access || later.Sequence != view.Sequence+1 {
		t.Error("a payment made the view of people anew")
	}
}
