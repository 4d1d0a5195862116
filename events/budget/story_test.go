package budget_test

import (
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
)

func TestACommitmentIsUsedUpByPayments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...)
	w.posts(commit("c", "a", "60.00"), "a committed 60.00 302")
	w.has("a", "committed 60.00 executed 0.00 available 40.00")

	w.posts(pay("p1", "a", "25.00").against("c"), "a executed 25.00 302", "a committed -25.00 302")
	w.has("a", "committed 35.00 executed 25.00 available 40.00")

	// The rest of the commitment and 5.00 of what is available beside it.
	w.posts(pay("p2", "a", "40.00").against("c").with("economic_class", "30217"), "a executed 40.00 30217", "a committed -35.00 302")
	w.has("a", "committed 0.00 executed 65.00 available 35.00")

	// Nothing is left of it: a further payment takes only what is available.
	w.posts(pay("p3", "a", "1.00").against("c"), "a executed 1.00 302")
	w.posts(release("c", "a"))
	w.refuses(pay("p4", "a", "1.00").against("c"), events.CodeUnknownCommitment, events.ReasonUnknownCommitment)
}

func TestACommitmentChangesUpAndDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(commit("c", "a", "60.00"), pay("p", "a", "25.00").against("c"))
	w.posts(change("c", "a", "100.00"), "a committed 40.00 302")
	w.has("a", "committed 75.00 available 0.00")
	w.posts(change("c", "a", "25.00"), "a committed -75.00 302")
	w.has("a", "committed 0.00 available 75.00")
	w.posts(change("c", "a", "30.00"), "a committed 5.00 302")
	w.posts(release("c", "a"), "a committed -5.00 302")
	w.has("a", "committed 0.00 executed 25.00 available 75.00")
	w.refuses(change("c", "a", "40.00"), events.CodeUnknownCommitment, events.ReasonUnknownCommitment)
}

func TestACorrectionMovesWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(pay("p", "a", "40.00"), refund("p", "a", "10.00"))
	w.posts(move("p", "a", "b"), "a executed -30.00 302", "b executed 30.00 303")
	w.has("a", "executed 0.00 available 100.00")
	w.has("b", "executed 30.00 available 70.00")

	// It now counts for the other line, there and nowhere else.
	w.refuses(refund("p", "a", "0.01"), events.CodeExceedsPayment, events.ReasonExceedsPayment)
	w.refuses(refund("p", "b", "30.01"), events.CodeExceedsPayment, events.ReasonExceedsPayment)
	w.posts(refund("p", "b", "5.00"), "b refunded 5.00 303")
	w.has("b", "executed 25.00 available 75.00")
}

func TestAPaymentMovesOnAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(supplement("a2", "50.00"), pay("p", "a", "40.00"), move("p", "a", "b"))
	w.posts(move("p", "b", "a2"), "b executed -40.00 303", "a2 executed 40.00 310")
	w.posts(move("p", "a2", "a"), "a2 executed -40.00 310", "a executed 40.00 302")
	w.has("a", "executed 40.00 available 60.00")
	w.posts(refund("p", "a", "15.00"), "a refunded 15.00 302")
	w.posts(move("p", "a", "b"), "a executed -25.00 302", "b executed 25.00 303")
	w.posts(move("p", "b", "a"), "b executed -25.00 303", "a executed 25.00 302")
	w.refuses(refund("p", "a", "25.01"), events.CodeExceedsPayment, events.ReasonExceedsPayment)
	w.posts(refund("p", "a", "25.00"), "a refunded 25.00 302")
	w.has("a", "executed 0.00 available 100.00")
}

func TestACorrectionChangesTheClass(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(pay("p", "a", "40.00").with("economic_class", "30217"), supplement("a2", "50.00"))
	w.posts(reclassify("p", "a", "30231"), "a executed -40.00 30217", "a executed 40.00 30231")
	w.posts(refund("p", "a", "10.00"), "a refunded 10.00 30231")
	w.posts(move("p", "a", "a2").with("to_economic_class", "31002"), "a executed -30.00 30231", "a2 executed 30.00 31002")
	w.posts(refund("p", "a2", "10.00"), "a2 refunded 10.00 31002")
	w.has("a", "executed 0.00 available 100.00")
	w.has("a2", "executed 20.00 available 30.00")
}

// The report's form 15: 13.98 was estimated, the final accounts say 13.97.
func TestTheFinalAccountsReplaceTheEstimate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...)
	w.posts(confirm("old", "13.97", 2022), "old carryover_in -0.01 302")
	w.has("old", "carryover_in 13.97 full_year 13.97 available 13.97")
	w.posts(confirm("old", "13.97", 2022))
	w.given(pay("p", "old", "13.97"))
	w.refuses(confirm("old", "13.96", 2022), events.CodeInsufficientFunds, events.ReasonInsufficientFunds)
	w.posts(confirm("old", "14.00", 2022), "old carryover_in 0.03 302")
	w.has("old", "full_year 14.00 executed 13.97 available 0.03")
}

func TestTheYearEndSplitsTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(pay("p", "a", "70.00"))
	w.posts(send("a", "20.00", 2024), "a carryover_out 20.00 302")
	w.refuses(returnSurplus("a", "10.01"), events.CodeInsufficientFunds, events.ReasonInsufficientFunds)
	w.posts(returnSurplus("a", "10.00"), "a returned 10.00 302")
	w.has("a", "full_year 100.00 executed 70.00 carryover_out 20.00 returned 10.00 available 0.00")
}

func TestARefundInALaterYearLeavesTheOutturn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(pay("p", "a", "40.00"), closeYear("city", 2023))
	w.posts(refund("p", "a", "15.00").on("2024-01-01"))
	w.has("a", "executed 40.00 refunded 0.00 available 60.00")
	w.refuses(refund("p", "a", "25.01").on("2024-01-02"), events.CodeExceedsPayment, events.ReasonExceedsPayment)
	w.refuses(refund("p", "a", "25.00").on("2023-12-31"), events.CodeYearClosed, events.ReasonYearClosed)
	w.posts(refund("p", "a", "25.00").on("2024-01-02"))
}

func TestATransferReachesAnyUnit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...)
	w.posts(transfer("a", "b", "100.00"), "a transfer_out 100.00 302", "b transfer_in 100.00 303")
	w.has("a", "initial 100.00 full_year 0.00 available 0.00")
	w.has("b", "initial 100.00 full_year 200.00 available 200.00")
	w.posts(transfer("b", "a", "200.00"), "b transfer_out 200.00 303", "a transfer_in 200.00 302")
	w.has("b", "full_year 0.00 available 0.00")
}

func TestFrozenMoneyIsNobodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...)
	w.posts(freeze("a", "30.00"), "a frozen 30.00 302")
	w.has("a", "full_year 100.00 frozen 30.00 available 70.00")
	w.refuses(recall("a", "70.01"), events.CodeInsufficientFunds, events.ReasonInsufficientFunds)
	w.posts(unfreeze("a", "10.00"), "a frozen -10.00 302")
	w.refuses(unfreeze("a", "20.01"), events.CodeExceedsFrozen, events.ReasonExceedsFrozen)
	w.posts(recall("a", "80.00"), "a recalled 80.00 302")
	w.has("a", "full_year 20.00 frozen 20.00 available 0.00")
}

func TestAClosedMonthStaysClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(closeMonth("bureau", 2023, 6), closeMonth("bureau", 2023, 3))
	w.refuses(pay("p", "a", "1.00").on("2023-06-30"), events.CodePeriodClosed, events.ReasonPeriodClosed)
	w.refuses(pay("p", "a", "1.00").on("2023-01-01"), events.CodePeriodClosed, events.ReasonPeriodClosed)
	w.accepts(pay("p", "a", "1.00").on("2023-07-01"))
	w.accepts(pay("p", "b", "1.00").on("2023-01-01"))
	w.refuses(transfer("b", "a", "1.00"), events.CodePeriodClosed, events.ReasonPeriodClosed)
	w.refuses(transfer("b", "a", "1.00").on("2022-06-30"), events.CodeInvalidEvent, events.ReasonYearMismatch)
	w.given(pay("q", "b", "1.00"))
	w.refuses(move("q", "b", "a"), events.CodePeriodClosed, events.ReasonPeriodClosed)
	w.accepts(said{subject: "last", data: events.BudgetAllocated{Amount: 1, Date: date("2022-06-30"), Document: "文"}})
}

func TestAReopenedYearTakesMoneyAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(closeMonth("bureau", 2023, 12), closeYear("bureau", 2023))
	w.refuses(pay("p", "a", "1.00"), events.CodeYearClosed, events.ReasonYearClosed)
	w.given(reopenYear("bureau", 2023))
	w.accepts(pay("p", "a", "1.00").on("2023-12-31"))
	w.given(closeYear("station", 2023), closeYear("bureau", 2023), reopenYear("bureau", 2023))
	w.refuses(pay("q", "a", "1.00"), events.CodeYearClosed, events.ReasonYearClosed)
	w.given(reopenYear("station", 2023))
	w.accepts(pay("q", "a", "1.00"))
}

func TestARefusalSaysTheFigures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(pay("p", "a", "88.00"))
	got := w.refuses(pay("q", "a", "20.50"), events.CodeInsufficientFunds, events.ReasonInsufficientFunds)
	for name, want := range map[string]string{"line": "a", "available": "12.00", "asked": "20.50", "missing": "8.50"} {
		if got.Params[name] != want {
			t.Errorf("%s is %q, want %q", name, got.Params[name], want)
		}
	}
	if got.Where != "/data/amount" {
		t.Errorf("the refusal points to %q", got.Where)
	}
}

// What is raised in December is answered in January.
func TestAnAlertIsAnsweredAcrossTheYearEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, city()...).given(unit("island", ""), project("ferry", 2023))
	answer := said{subject: "ferry", data: events.AlertAnswered{
		Kind: events.OfProject, Alert: "alert", Answer: events.AnswerContinue, Date: date("2024-01-05"), Reason: "合同尾款",
	}}
	w.accepts(answer)
	w.accepts(answer.on("2023-12-29"))
	w.refuses(answer.on("2025-01-05"), events.CodeUnknownProject, events.ReasonUnknownProject)
}

// TestBrokenBooksAreNoticed: what Decide rules out makes Evolve stop.
func TestBrokenBooksAreNoticed(t *testing.T) {
	t.Parallel()
	for missing, s := range map[string]said{
		"line":       allocate("nowhere", "1.00"),
		"other line": transfer("a", "nowhere", "1.00"),
		"commitment": release("none", "a"),
		"payment":    refund("none", "a", "1.00"),
	} {
		w := newWorld(t, city()...)
		if posted, err := budget.Evolve(w.books, w.parsed(s)); err == nil {
			t.Errorf("without its %s the event posts %v", missing, posted)
		}
	}
}
