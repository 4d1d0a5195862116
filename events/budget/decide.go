package budget

import (
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Decide says whether an event may be recorded on the books: nil, or an
// *[events.Refusal] that says what is wrong, where, and with which figures. It
// does not change the books.
func Decide(b *Books, e events.Event) error {
	d := &decision{books: b, event: e}
	d.line, _ = b.lines.get(events.LineID(e.Subject))
	if err := d.refersToWhatIsThere(); err != nil {
		return err
	}
	if err := d.isInOpenBooks(); err != nil {
		return err
	}
	if err := d.fitsWhatWasRecorded(); err != nil {
		return err
	}
	return d.leavesEnough()
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
	if _, taken := d.books.units.get(id); taken {
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
	if _, taken := d.books.projects.get(key); taken {
		return events.Refuse(events.CodeAlreadyRegistered, events.ReasonProjectTaken, "/subject",
			"project", string(key.ID), "year", year(key.Year))
	}
	return d.unitExists(data.Unit, "/data/unit")
}

func (d *decision) lineMayOpen(data events.LineOpened) error {
	if _, taken := d.books.lines.get(events.LineID(d.event.Subject)); taken {
		return events.Refuse(events.CodeAlreadyRegistered, events.ReasonLineTaken, "/subject", "line", d.event.Subject)
	}
	if err := d.unitExists(data.Unit, "/data/unit"); err != nil {
		return err
	}
	return d.projectExists(ProjectKey{data.Project, data.Year}, "/data/project")
}

func (d *decision) subjectExists() error {
	switch d.event.About() {
	case events.OfUnit:
		return d.unitExists(events.UnitID(d.event.Subject), "/subject")
	case events.OfProject:
		return d.subjectProjectExists()
	}
	if d.line.ID == "" {
		return unknownLine(d.event.Subject, "/subject")
	}
	if stated, ok := statedYear(d.event.Data); ok && stated != d.line.Year {
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
	if of, stated := statedYear(d.event.Data); stated {
		return d.projectExists(ProjectKey{id, of}, "/subject")
	}
	date, _ := d.event.On()
	if d.projectExists(ProjectKey{id, date.Year - 1}, "/subject") == nil {
		return nil
	}
	return d.projectExists(ProjectKey{id, date.Year}, "/subject")
}

// statedYear is the fiscal year that an event about a line or a project names.
func statedYear(data events.Data) (fiscal.Year, bool) {
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
	if _, ok := d.books.units.get(id); !ok {
		return events.Refuse(events.CodeUnknownUnit, events.ReasonUnknownUnit, where, "unit", string(id))
	}
	return nil
}

func (d *decision) projectExists(key ProjectKey, where string) error {
	if _, ok := d.books.projects.get(key); !ok {
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
	other, open := d.books.lines.get(id)
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
		other, _ := d.books.lines.get(id)
		return d.lineIsOpen(&other)
	}
	return nil
}

// isMoney says whether a type changes figures.
func isMoney(data events.Data) bool {
	switch data.(type) {
	case events.PlanSet, events.AlertRaised, events.AlertAnswered, events.AlertClosed:
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
	for unit := range d.books.upwards(line.Unit) {
		closing, _ := d.books.closings.get(YearKey{unit, line.Year})
		if events.Month(date.Month) <= closing.Month {
			return events.Refuse(events.CodePeriodClosed, events.ReasonPeriodClosed, "/data/date",
				"date", date.String(), "unit", string(unit), "month", strconv.Itoa(int(closing.Month)))
		}
	}
	return nil
}

func (d *decision) yearOpen(unit events.UnitID, of fiscal.Year) error {
	for unit := range d.books.upwards(unit) {
		if closing, _ := d.books.closings.get(YearKey{unit, of}); closing.Year {
			return events.Refuse(events.CodeYearClosed, events.ReasonYearClosed, "", "year", year(of), "unit", string(unit))
		}
	}
	return nil
}

func (d *decision) yearIsClosed(key YearKey) error {
	if closing, _ := d.books.closings.get(key); !closing.Year {
		return events.Refuse(events.CodeYearNotClosed, events.ReasonYearNotClosed, "", "year", year(key.Year), "unit", string(key.Unit))
	}
	return nil
}

// upwards yields a unit and every unit above it. A parent is registered before
// its child and never changes, so there is no circle.
func (b *Books) upwards(unit events.UnitID) func(yield func(events.UnitID) bool) {
	return func(yield func(events.UnitID) bool) {
		for at := unit; at != ""; {
			if !yield(at) {
				return
			}
			entry, _ := b.units.get(at)
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
		return d.carryoverInFits(data.FromYear)
	case events.CarryoverConfirmed:
		return d.carryoverInFits(data.FromYear)
	case events.CarryoverSent:
		if data.ToYear <= d.line.Year {
			return events.Refuse(events.CodeInvalidEvent, events.ReasonCarryoverYears, "/data/to_year",
				"from", year(d.line.Year), "to", year(data.ToYear))
		}
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

// carryoverInFits: only a line of an earlier vintage takes carryover, and only
// from a year before its own.
func (d *decision) carryoverInFits(from fiscal.Year) error {
	if d.line.Vintage >= d.line.Year {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonNotCarried, "/subject",
			"line", string(d.line.ID), "vintage", year(d.line.Vintage))
	}
	if from >= d.line.Year || from < d.line.Vintage {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonCarryoverYears, "/data/from_year",
			"from", year(from), "to", year(d.line.Year))
	}
	return nil
}

func (d *decision) commitmentIsFree(id events.CommitmentID) error {
	line := events.LineID(d.event.Subject)
	if _, taken := d.books.commitments.get(CommitmentKey{line, id}); taken {
		return events.Refuse(events.CodeAlreadyRegistered, events.ReasonCommitmentTaken, "/data/commitment",
			"commitment", string(id), "line", string(line))
	}
	return nil
}

func (d *decision) commitmentIsOpen(id events.CommitmentID) error {
	line := events.LineID(d.event.Subject)
	commitment, ok := d.books.commitments.get(CommitmentKey{line, id})
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
	commitment, _ := d.books.commitments.get(CommitmentKey{events.LineID(d.event.Subject), data.Commitment})
	if data.Amount < commitment.Used {
		return events.Refuse(events.CodeExceedsPayment, events.ReasonBelowUsed, "/data/amount",
			"commitment", string(data.Commitment), "used", commitment.Used.String(), "asked", data.Amount.String())
	}
	return nil
}

func (d *decision) paymentFits(data events.DisbursementPaid) error {
	line := events.LineID(d.event.Subject)
	if _, taken := d.books.payments.get(PaymentKey{line, d.event.ID}); taken {
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
	there, taken := d.books.payments.get(PaymentKey{data.ToLine, data.Payment})
	if taken && !there.Moved {
		return paymentTaken(data.Payment, data.ToLine, "/data/to_line")
	}
	return nil
}

func (d *decision) paymentExists(id events.EventID) (Payment, error) {
	line := events.LineID(d.event.Subject)
	payment, ok := d.books.payments.get(PaymentKey{line, id})
	if !ok {
		return Payment{}, events.Refuse(events.CodeUnknownPayment, events.ReasonUnknownPayment, "/data/payment",
			"payment", string(id), "line", string(line))
	}
	return payment, nil
}

// leavesEnough is the one rule about money: no line's available balance may
// fall by the event and end below zero.
func (d *decision) leavesEnough() error {
	posted, err := postings(d.books, d.event)
	if err != nil {
		return err
	}
	lines, err := d.books.linesAfter(posted)
	if err != nil {
		return d.overflow(d.event.Subject)
	}
	for _, after := range lines {
		before, _ := d.books.lines.get(after.ID)
		if err := d.enough(before, after); err != nil {
			return err
		}
	}
	return nil
}

func (d *decision) enough(before, after Line) error {
	was, errBefore := before.Sums.Figures()
	is, errAfter := after.Sums.Figures()
	if errBefore != nil || errAfter != nil {
		return d.overflow(string(after.ID))
	}
	if is.Available >= 0 || is.Available >= was.Available {
		return nil
	}
	return events.Refuse(events.CodeInsufficientFunds, events.ReasonInsufficientFunds, "/data/amount",
		"line", string(after.ID), "available", was.Available.String(),
		"asked", (was.Available - is.Available).String(), "missing", (-is.Available).String())
}

func (d *decision) overflow(line string) error {
	return events.Refuse(events.CodeAmountInvalid, events.ReasonAmountOverflow, "/data/amount", "line", line)
}

func year(y fiscal.Year) string { return strconv.Itoa(int(y)) }
