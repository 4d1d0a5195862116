package budget

import (
	"fmt"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Posting is one term of every figure: an amount of one measure on one line.
// A figure is a sum over postings; its provenance is the list of them.
type Posting struct {
	// Sequence is the event's place in the log, and Ordinal the posting's place
	// within the event, from 0 on.
	Sequence uint64
	Ordinal  int
	Line     events.LineID
	Measure  Measure
	// Amount may be negative: it then takes back what an earlier posting of the
	// same measure said.
	Amount money.Amount
	// Date is the business date; an as-of figure sums the postings up to a date.
	Date fiscal.Date
	// EconomicClass is the payment's own class where it is finer than its line's,
	// and else the line's.
	EconomicClass events.EconomicClass
	// RecordedTime is when the log took the event; an as-known figure sums the
	// postings up to a sequence or a time.
	RecordedTime time.Time
}

// postings derives the postings of an event from the state before it. It
// returns an error if the state does not have what the event refers to, which
// [Decide] rules out.
func postings(b *Books, e events.Event) ([]Posting, error) {
	p := poster{books: b, event: e}
	switch data := e.Data.(type) {
	case events.BudgetAllocated:
		p.post(p.subject(), Initial, data.Amount)
	case events.BudgetSupplemented:
		p.post(p.subject(), Supplement, data.Amount)
	case events.BudgetReduced:
		p.post(p.subject(), Reduction, data.Amount)
	case events.BudgetRecalled:
		p.post(p.subject(), Recalled, data.Amount)
	case events.BudgetFrozen:
		p.post(p.subject(), Frozen, data.Amount)
	case events.BudgetUnfrozen:
		p.post(p.subject(), Frozen, -data.Amount)
	case events.BudgetTransferred:
		p.post(p.subject(), TransferOut, data.Amount)
		p.post(p.line(data.To), TransferIn, data.Amount)
	case events.CarryoverReceived:
		p.post(p.subject(), CarryoverIn, data.Amount)
	case events.CarryoverConfirmed:
		line := p.subject()
		p.post(line, CarryoverIn, data.Amount-line.Sums[CarryoverIn])
	case events.CarryoverSent:
		p.post(p.subject(), CarryoverOut, data.Amount)
	case events.SurplusReturned:
		p.post(p.subject(), Returned, data.Amount)
	case events.CommitmentMade:
		p.post(p.subject(), Committed, data.Amount)
	case events.CommitmentChanged:
		p.post(p.subject(), Committed, data.Amount-p.commitment(data.Commitment).Amount)
	case events.CommitmentReleased:
		p.post(p.subject(), Committed, -p.commitment(data.Commitment).Left())
	case events.DisbursementPaid:
		p.paid(data)
	case events.DisbursementRefunded:
		p.refunded(data)
	case events.DisbursementCorrected:
		p.corrected(data)
	}
	return p.out, p.err
}

// poster collects the postings of one event and the first thing that it did
// not find.
type poster struct {
	books *Books
	event events.Event
	class events.EconomicClass // of the postings to come, if not the line's
	out   []Posting
	err   error
}

func (p *poster) post(line Line, measure Measure, amount money.Amount) {
	if amount == 0 || p.err != nil {
		return
	}
	class := p.class
	if class == "" {
		class = line.EconomicClass
	}
	date, _ := p.event.On()
	p.out = append(p.out, Posting{
		Sequence: p.event.Sequence, Ordinal: len(p.out), RecordedTime: p.event.RecordedTime,
		Line: line.ID, Measure: measure, Amount: amount, Date: date, EconomicClass: class,
	})
}

func (p *poster) paid(data events.DisbursementPaid) {
	line := p.subject()
	p.class = data.EconomicClass
	p.post(line, Executed, data.Amount)
	if data.Commitment != "" {
		p.class = ""
		p.post(line, Committed, -min(data.Amount, p.commitment(data.Commitment).Left()))
	}
}

// refunded lowers the outturn of the year that the payment counted for. Money
// that comes back in a later year is no longer that year's outturn, and has no
// posting.
func (p *poster) refunded(data events.DisbursementRefunded) {
	line := p.subject()
	p.class = p.payment(data.Payment).EconomicClass
	if data.Date.Year == line.Year {
		p.post(line, Refunded, data.Amount)
	}
}

// corrected moves what is left of a payment: one posting takes it off where it
// stood, one puts it where it belongs.
func (p *poster) corrected(data events.DisbursementCorrected) {
	from, to, payment := p.subject(), p.subject(), p.payment(data.Payment)
	if data.ToLine != "" {
		to = p.line(data.ToLine)
	}
	p.class = payment.EconomicClass
	p.post(from, Executed, -payment.Left())
	p.class = classAfter(data, payment, from, to)
	p.post(to, Executed, payment.Left())
}

// classAfter is the economic class that a corrected payment counts for: the
// one stated; or its own finer one while it stays on its line; or the new
// line's.
func classAfter(data events.DisbursementCorrected, payment Payment, from, to Line) events.EconomicClass {
	switch {
	case data.ToEconomicClass != "":
		return data.ToEconomicClass
	case from.ID == to.ID:
		return payment.EconomicClass
	}
	return to.EconomicClass
}

func (p *poster) subject() Line { return p.line(events.LineID(p.event.Subject)) }

func (p *poster) line(id events.LineID) Line {
	line, ok := p.books.lines.Get(id)
	p.need(ok, "line %s", id)
	return line
}

func (p *poster) commitment(id events.CommitmentID) Commitment {
	commitment, ok := p.books.commitments.Get(CommitmentKey{events.LineID(p.event.Subject), id})
	p.need(ok, "commitment %s", id)
	return commitment
}

func (p *poster) payment(id events.EventID) Payment {
	payment, ok := p.books.payments.Get(PaymentKey{events.LineID(p.event.Subject), id})
	p.need(ok, "payment %s", id)
	return payment
}

func (p *poster) need(found bool, what string, id any) {
	if !found && p.err == nil {
		p.err = fmt.Errorf("event %d (%s) refers to "+what+", which the books do not have", p.event.Sequence, p.event.Type, id)
	}
}
