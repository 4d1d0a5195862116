package budget

import (
	"iter"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Decide says whether an event may be recorded on the books where no control of
// availability is set: nil, or an *[events.Refusal] that says what is wrong, where,
// and with which figures. It does not change the books. Package control decides
// where there are controls.
func Decide(b *Books, e events.Event) error {
	if err := Holds(b, e); err != nil {
		return err
	}
	return leavesEnough(b, e)
}

// Holds decides by all rules but the one about what is available.
func Holds(b *Books, e events.Event) error {
	d := &decision{books: b, event: e}
	d.line, _ = b.lines.Get(events.LineID(e.Subject))
	if err := d.refersToWhatIsThere(); err != nil {
		return err
	}
	if err := d.isInOpenBooks(); err != nil {
		return err
	}
	return d.fitsWhatWasRecorded()
}

// decision is one event against one state.
type decision struct {
	books *Books
	event events.Event
	line  Line // the event's subject, if it is an open line
}

// refersToWhatIsThere checks that every code in the event names something, and
// that a code which the event registers is free.
func (d *decision) refersToWhatIsThere() error {
	switch data := d.event.Data.(type) {
	case events.UnitRegistered:
		return d.unitMayRegister(data)
	case events.ProjectRegistered:
		return d.projectMayRegister(data)
	case events.LineOpened:
		return d.lineMayOpen(data)
	case events.ControlSet:
		return d.policyCovers(data.Project, data.Date)
	case events.PaceSet:
		return d.policyCovers(data.Project, data.Date)
	case events.ProposalMade, events.ProposalApproved, events.ProposalDeclined, events.ProposalWithdrawn:
		return nil // what is proposed may be the registration of its subject
	}
	if err := d.subjectExists(); err != nil {
		return err
	}
	if id, where := d.otherLine(); id != "" {
		return d.otherLineFits(id, where)
	}
	return nil
}

func (d *decision) unitMayRegister(data events.UnitRegistered) error {
	id := events.UnitID(d.event.Subject)
	if _, taken := d.books.units.Get(id); taken {
		return events.Refuse(events.CodeAlreadyRegistered, events.ReasonUnitTaken, "/subject", "unit", string(id))
	}
	if data.Parent == nil {
		return nil
	}
	if *data.Parent == id {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonOwnParent, "/data/parent", "unit", string(id))
	}
	return d.unitExists(*data.Parent, "/data/parent")
}

func (d *decision) projectMayRegister(data events.ProjectRegistered) error {
	key := ProjectKey{events.ProjectID(d.event.Subject), data.Year}
	if _, taken := d.books.projects.Get(key); taken {
		return events.Refuse(events.CodeAlreadyRegistered, events.ReasonProjectTaken, "/subject",
			"project", string(key.ID), "year", year(key.Year))
	}
	return d.unitExists(data.Unit, "/data/unit")
}

func (d *decision) lineMayOpen(data events.LineOpened) error {
	if _, taken := d.books.lines.Get(events.LineID(d.event.Subject)); taken {
		return events.Refuse(events.CodeAlreadyRegistered, events.ReasonLineTaken, "/subject", "line", d.event.Subject)
	}
	if err := d.unitExists(data.Unit, "/data/unit"); err != nil {
		return err
	}
	return d.projectExists(ProjectKey{data.Project, data.Year}, "/data/project")
}

// policyCovers checks that the unit of a control or a pace rule is there, and its
// project if it names one: in the year of its date or one beside it, since it may
// be set before the year begins.
func (d *decision) policyCovers(project events.ProjectID, on fiscal.Date) error {
	if err := d.subjectExists(); err != nil || project == "" {
		return err
	}
	for _, of := range []fiscal.Year{on.Year - 1, on.Year + 1} {
		if d.projectExists(ProjectKey{project, of}, "") == nil {
			return nil
		}
	}
	return d.projectExists(ProjectKey{project, on.Year}, "/data/project")
}

func (d *decision) subjectExists() error {
	switch d.event.About() {
	case events.OfUser:
		return nil // for package access to say
	case events.OfUnit:
		return d.unitExists(events.UnitID(d.event.Subject), "/subject")
	case events.OfProject:
		return d.subjectProjectExists()
	}
	if d.line.ID == "" {
		return unknownLine(d.event.Subject, "/subject")
	}
	if stated, ok := StatedYear(d.event.Data); ok && stated != d.line.Year {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonOtherYear, "/data/year",
			"line", d.event.Subject, "year", year(d.line.Year), "other", year(stated))
	}
	return nil
}

// subjectProjectExists finds the project in the year that the event states or,
// if it states none, in the year of its date or the one before: what was raised
// in December is answered in January.
func (d *decision) subjectProjectExists() error {
	id := events.ProjectID(d.event.Subject)
	if of, stated := StatedYear(d.event.Data); stated {
		return d.projectExists(ProjectKey{id, of}, "/subject")
	}
	date, _ := d.event.On()
	if d.projectExists(ProjectKey{id, date.Year - 1}, "/subject") == nil {
		return nil
	}
	return d.projectExists(ProjectKey{id, date.Year}, "/subject")
}

// StatedYear is the fiscal year that an event about a line or a project names.
func StatedYear(data events.Data) (fiscal.Year, bool) {
	switch data := data.(type) {
	case events.PlanSet:
		return data.Year, true
	case events.GoalSet:
		return data.Year, true
	case events.GoalReported:
		return data.Year, true
	case events.IndicatorSet:
		return data.Year, true
	case events.IndicatorReported:
		return data.Year, true
	case events.IndicatorScored:
		return data.Year, true
	case events.AlertRaised:
		return data.Year, true
	case events.FormIssued:
		return data.Year, true
	}
	return 0, false
}

func (d *decision) unitExists(id events.UnitID, where string) error {
	if _, ok := d.books.units.Get(id); !ok {
		return events.Refuse(events.CodeUnknownUnit, events.ReasonUnknownUnit, where, "unit", string(id))
	}
	return nil
}

func (d *decision) projectExists(key ProjectKey, where string) error {
	if _, ok := d.books.projects.Get(key); !ok {
		return events.Refuse(events.CodeUnknownProject, events.ReasonUnknownProject, where,
			"project", string(key.ID), "year", year(key.Year))
	}
	return nil
}

func unknownLine(id, where string) error {
	return events.Refuse(events.CodeUnknownLine, events.ReasonUnknownLine, where, "line", id)
}

// otherLine is the second line of a transfer or a correction, and where the
// event names it; empty if there is none.
func (d *decision) otherLine() (id events.LineID, where string) {
	switch data := d.event.Data.(type) {
	case events.BudgetTransferred:
		return data.To, "/data/to"
	case events.DisbursementCorrected:
		return data.ToLine, "/data/to_line"
	}
	return "", ""
}

// otherLineFits checks the second line: it is open, is not the first, and
// belongs to the same year (money does not move between years but by
// carryover).
func (d *decision) otherLineFits(id events.LineID, where string) error {
	other, open := d.books.lines.Get(id)
	switch {
	case !open:
		return unknownLine(string(id), where)
	case id == d.line.ID:
		return events.Refuse(events.CodeInvalidEvent, events.ReasonSameLine, where, "line", string(id))
	case other.Year != d.line.Year:
		return events.Refuse(events.CodeInvalidEvent, events.ReasonOtherYear, where,
			"line", string(id), "year", year(d.line.Year), "other", year(other.Year))
	}
	return nil
}

// isInOpenBooks checks that the event's date lies in its line's year and that
// neither the month nor the year is closed. Only events about money are held to
// it: reports and alerts go on after the close.
func (d *decision) isInOpenBooks() error {
	switch data := d.event.Data.(type) {
	case events.LineOpened:
		return d.yearOpen(data.Unit, data.Year)
	case events.YearClosed:
		return d.yearOpen(events.UnitID(d.event.Subject), data.Year)
	case events.YearReopened:
		return d.yearIsClosed(YearKey{events.UnitID(d.event.Subject), data.Year})
	}
	if d.event.About() != events.OfLine || !isMoney(d.event.Data) {
		return nil
	}
	date, _ := d.event.On()
	if refund, ok := d.event.Data.(events.DisbursementRefunded); ok && refund.Date.Year > d.line.Year {
		return nil // comes back in a later year: this year's books do not change
	}
	if date.Year != d.line.Year {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonYearMismatch, "/data/date",
			"date", date.String(), "year", year(d.line.Year))
	}
	if err := d.lineIsOpen(&d.line); err != nil {
		return err
	}
	if id, _ := d.otherLine(); id != "" {
		other, _ := d.books.lines.Get(id)
		return d.lineIsOpen(&other)
	}
	return nil
}

// isMoney says whether a type changes figures.
func isMoney(data events.Data) bool {
	switch data.(type) {
	case events.PlanSet, events.AlertRaised, events.AlertAnswered, events.AlertEscalated, events.AlertClosed,
		events.OverrideGranted, events.OverrideEnded,
		events.ProposalMade, events.ProposalApproved, events.ProposalDeclined, events.ProposalWithdrawn:
		return false
	}
	return true
}

// lineIsOpen checks that a line's unit and all above it have neither the year
// nor the month of the event's date closed.
func (d *decision) lineIsOpen(line *Line) error {
	if err := d.yearOpen(line.Unit, line.Year); err != nil {
		return err
	}
	date, _ := d.event.On()
	for unit := range d.books.Upwards(line.Unit) {
		closing, _ := d.books.closings.Get(YearKey{unit, line.Year})
		if events.Month(date.Month) <= closing.Month {
			return events.Refuse(events.CodePeriodClosed, events.ReasonPeriodClosed, "/data/date",
				"date", date.String(), "unit", string(unit), "month", strconv.Itoa(int(closing.Month)))
		}
	}
	return nil
}

func (d *decision) yearOpen(unit events.UnitID, of fiscal.Year) error {
	for unit := range d.books.Upwards(unit) {
		if closing, _ := d.books.closings.Get(YearKey{unit, of}); closing.Year {
			return events.Refuse(events.CodeYearClosed, events.ReasonYearClosed, "", "year", year(of), "unit", string(unit))
		}
	}
	return nil
}

func (d *decision) yearIsClosed(key YearKey) error {
	if closing, _ := d.books.closings.Get(key); !closing.Year {
		return events.Refuse(events.CodeYearNotClosed, events.ReasonYearNotClosed, "", "year", year(key.Year), "unit", string(key.Unit))
	}
	return nil
}

// Upwards yields a unit and every unit above it. A parent is registered before
// its child and never changes, so there is no circle.
func (b *Books) Upwards(unit events.UnitID) iter.Seq[events.UnitID] {
	return func(yield func(events.UnitID) bool) {
		for at := unit; at != ""; {
			if !yield(at) {
				return
			}
			entry, _ := b.units.Get(at)
			at = entry.Parent
		}
	}
}

// fitsWhatWasRecorded checks the event against the earlier event that it names:
// a payment, a commitment, a freeze, a carryover.
func (d *decision) fitsWhatWasRecorded() error {
	switch data := d.event.Data.(type) {
	case events.BudgetUnfrozen:
		if frozen := d.line.Sums[Frozen]; data.Amount > frozen {
			return events.Refuse(events.CodeExceedsFrozen, events.ReasonExceedsFrozen, "/data/amount",
				"line", string(d.line.ID), "frozen", frozen.String(), "asked", data.Amount.String())
		}
	case events.CarryoverReceived:
		return d.receivedFits(data)
	case events.CarryoverConfirmed:
		return d.confirmedFits(data)
	case events.CarryoverSent:
		return d.sentFits(data)
	case events.CommitmentMade:
		return d.commitmentIsFree(data.Commitment)
	case events.CommitmentChanged:
		return d.commitmentMayChange(data)
	case events.CommitmentReleased:
		return d.commitmentIsOpen(data.Commitment)
	case events.DisbursementPaid:
		return d.paymentFits(data)
	case events.DisbursementRefunded:
		return d.refundFits(data)
	case events.DisbursementCorrected:
		return d.correctionFits(data)
	}
	return nil
}

func (d *decision) commitmentIsFree(id events.CommitmentID) error {
	line := events.LineID(d.event.Subject)
	if _, taken := d.books.commitments.Get(CommitmentKey{line, id}); taken {
		return events.Refuse(events.CodeAlreadyRegistered, events.ReasonCommitmentTaken, "/data/commitment",
			"commitment", string(id), "line", string(line))
	}
	return nil
}

func (d *decision) commitmentIsOpen(id events.CommitmentID) error {
	line := events.LineID(d.event.Subject)
	commitment, ok := d.books.commitments.Get(CommitmentKey{line, id})
	if !ok || commitment.Released {
		return events.Refuse(events.CodeUnknownCommitment, events.ReasonUnknownCommitment, "/data/commitment",
			"commitment", string(id), "line", string(line))
	}
	return nil
}

// commitmentMayChange: the new total covers at least what was paid.
func (d *decision) commitmentMayChange(data events.CommitmentChanged) error {
	if err := d.commitmentIsOpen(data.Commitment); err != nil {
		return err
	}
	commitment, _ := d.books.commitments.Get(CommitmentKey{events.LineID(d.event.Subject), data.Commitment})
	if data.Amount < commitment.Used {
		return events.Refuse(events.CodeExceedsPayment, events.ReasonBelowUsed, "/data/amount",
			"commitment", string(data.Commitment), "used", commitment.Used.String(), "asked", data.Amount.String())
	}
	return nil
}

func (d *decision) paymentFits(data events.DisbursementPaid) error {
	line := events.LineID(d.event.Subject)
	if _, taken := d.books.payments.Get(PaymentKey{line, d.event.ID}); taken {
		return paymentTaken(d.event.ID, line, "/id")
	}
	if data.Commitment == "" {
		return nil
	}
	return d.commitmentIsOpen(data.Commitment)
}

func paymentTaken(id events.EventID, line events.LineID, where string) error {
	return events.Refuse(events.CodeAlreadyRegistered, events.ReasonPaymentTaken, where,
		"payment", string(id), "line", string(line))
}

// refundFits: never more than is left of what was paid.
func (d *decision) refundFits(data events.DisbursementRefunded) error {
	payment, err := d.paymentExists(data.Payment)
	if err != nil {
		return err
	}
	if left := payment.Left(); data.Amount > left {
		return events.Refuse(events.CodeExceedsPayment, events.ReasonExceedsPayment, "/data/amount",
			"payment", string(data.Payment), "left", left.String(), "asked", data.Amount.String())
	}
	return nil
}

func (d *decision) correctionFits(data events.DisbursementCorrected) error {
	payment, err := d.paymentExists(data.Payment)
	if err != nil {
		return err
	}
	if payment.Left() == 0 {
		return events.Refuse(events.CodeExceedsPayment, events.ReasonExceedsPayment, "/data/payment",
			"payment", string(data.Payment), "left", money.Amount(0).String(), "asked", payment.Amount.String())
	}
	if data.ToLine == "" {
		return nil
	}
	// A payment that moved on leaves its place free, so that it can move back.
	there, taken := d.books.payments.Get(PaymentKey{data.ToLine, data.Payment})
	if taken && !there.Moved {
		return paymentTaken(data.Payment, data.ToLine, "/data/to_line")
	}
	return nil
}

func (d *decision) paymentExists(id events.EventID) (Payment, error) {
	line := events.LineID(d.event.Subject)
	payment, ok := d.books.payments.Get(PaymentKey{line, id})
	if !ok {
		return Payment{}, events.Refuse(events.CodeUnknownPayment, events.ReasonUnknownPayment, "/data/payment",
			"payment", string(id), "line", string(line))
	}
	return payment, nil
}

// leavesEnough is the one rule about money: no line's available balance may
// fall by the event and end below zero.
func leavesEnough(b *Books, e events.Event) error {
	effects, _, err := Effects(b, e)
	if err != nil {
		return err
	}
	for _, effect := range effects {
		if was, is := effect.Was.Available, effect.Is.Available; is < 0 && is < was {
			return Insufficient(effect.After.ID, was, was-is)
		}
	}
	return nil
}

// Insufficient refuses to take more from a line than is available.
func Insufficient(line events.LineID, available, asked money.Amount) *events.Refusal {
	return events.Refuse(events.CodeInsufficientFunds, events.ReasonInsufficientFunds, "/data/amount",
		"line", string(line), "available", available.String(), "asked", asked.String(), "missing", (asked - available).String())
}

// Effect is what an event does to a line.
type Effect struct {
	// After is the line as the event leaves it.
	After Line
	// Was and Is are the line's figures before and after.
	Was, Is Figures
}

// Effects derives what an event that [Holds] would do: to each line that it
// changes, and its postings. It does not change the books. Error: an
// *[events.Refusal] if a sum does not fit.
func Effects(b *Books, e events.Event) ([]Effect, []Posting, error) {
	posted, err := postings(b, e)
	if err != nil {
		return nil, nil, err
	}
	lines, err := b.linesAfter(posted)
	if err != nil {
		return nil, nil, Overflow(events.LineID(e.Subject))
	}
	effects := make([]Effect, len(lines))
	for i, after := range lines {
		before, _ := b.lines.Get(after.ID)
		was, errBefore := before.Sums.Figures()
		is, errAfter := after.Sums.Figures()
		if errBefore != nil || errAfter != nil {
			return nil, nil, Overflow(after.ID)
		}
		effects[i] = Effect{after, was, is}
	}
	return effects, posted, nil
}

// Overflow refuses an amount with which a line's sums would not fit.
func Overflow(line events.LineID) *events.Refusal {
	return events.Refuse(events.CodeAmountInvalid, events.ReasonAmountOverflow, "/data/amount", "line", string(line))
}

func year(y fiscal.Year) string { return strconv.Itoa(int(y)) }
