package projections

import "github.com/outturn/outturn/events"

// paper is the number on the event's document and what the event says in
// words: its purpose, reason or the like. Either may be empty.
func paper(data events.Data) (events.Text, events.Note) {
	switch d := data.(type) {
	case events.YearOpened:
		return "", d.Reason
	case events.BudgetAllocated:
		return d.Document, d.Reason
	case events.BudgetSupplemented:
		return d.Document, d.Reason
	case events.BudgetReduced:
		return d.Document, d.Reason
	case events.BudgetRecalled:
		return d.Document, d.Reason
	case events.BudgetFrozen:
		return d.Document, d.Reason
	case events.BudgetUnfrozen:
		return d.Document, d.Reason
	case events.BudgetTransferred:
		return d.Document, d.Reason
	case events.CarryoverReceived:
		return d.Document, ""
	case events.CarryoverConfirmed:
		return d.Document, ""
	case events.CarryoverSent:
		return d.Document, ""
	case events.SurplusReturned:
		return d.Document, d.Reason
	case events.CommitmentMade:
		return d.Document, ""
	case events.CommitmentChanged:
		return "", d.Reason
	case events.CommitmentReleased:
		return "", d.Reason
	case events.DisbursementPaid:
		return d.Document, d.Purpose
	case events.DisbursementRefunded:
		return "", d.Reason
	case events.DisbursementCorrected:
		return "", d.Reason
	case events.PlanSet:
		return d.Document, d.Reason
	}
	return "", said(data)
}

// said is what the events say that are not about money.
func said(data events.Data) events.Note {
	switch d := data.(type) {
	case events.GoalSet:
		return d.Goal
	case events.GoalReported:
		return d.Actual
	case events.IndicatorReported:
		return d.Note
	case events.IndicatorScored:
		return d.Reason
	case events.PeriodClosed:
		return d.Reason
	case events.YearClosed:
		return d.Reason
	case events.YearReopened:
		return d.Reason
	case events.AlertRaised:
		return d.Detail
	case events.AlertAnswered:
		return d.Reason
	case events.AlertClosed:
		return d.Reason
	}
	return ""
}
