package budget

import (
	"fmt"
	"slices"

	"github.com/outturn/outturn/events"
)

// Evolve records an event on the books and returns its postings. The event was
// decided and recorded before, so an error means that the books are not those
// that it was decided on, or that a sum does not fit: whoever gets it must stop.
// The books may then be half changed; evolve a fork to be able to drop it.
func Evolve(b *Books, e events.Event) ([]Posting, error) {
	posted, err := postings(b, e)
	if err != nil {
		return nil, err
	}
	switch data := e.Data.(type) {
	case events.UnitRegistered:
		unit := Unit{ID: events.UnitID(e.Subject), Name: data.Name}
		if data.Parent != nil {
			unit.Parent = *data.Parent
		}
		b.units.Put(unit.ID, unit)
	case events.ProjectRegistered:
		key := ProjectKey{events.ProjectID(e.Subject), data.Year}
		b.projects.Put(key, Project{key, data.Unit, data.Name, data.Kind, data.ImplementingUnit})
	case events.LineOpened:
		b.lines.Put(events.LineID(e.Subject), Line{
			ID: events.LineID(e.Subject), Year: data.Year, Unit: data.Unit, Project: data.Project, Name: data.Name,
			Fund: data.Fund, Vintage: data.Vintage, FunctionClass: data.FunctionClass, EconomicClass: data.EconomicClass,
		})
	case events.CommitmentMade, events.CommitmentChanged, events.CommitmentReleased:
		b.evolveCommitment(e)
	case events.DisbursementPaid, events.DisbursementRefunded, events.DisbursementCorrected:
		b.evolvePayment(e)
	case events.PeriodClosed, events.YearClosed, events.YearReopened:
		b.evolveClosing(e)
	}
	return posted, b.add(posted)
}

// add adds postings to the sums of their lines.
func (b *Books) add(posted []Posting) error {
	lines, err := b.linesAfter(posted)
	for _, line := range lines {
		b.lines.Put(line.ID, line)
	}
	return err
}

// linesAfter returns the lines that postings change as they are afterwards, in
// the order of the postings, or no line and an error if a sum does not fit.
func (b *Books) linesAfter(posted []Posting) ([]Line, error) {
	var lines []Line
	for _, p := range posted {
		i := slices.IndexFunc(lines, func(line Line) bool { return line.ID == p.Line })
		if i < 0 {
			line, _ := b.lines.Get(p.Line)
			i, lines = len(lines), append(lines, line)
		}
		sum := &lines[i].Sums[p.Measure]
		var err error
		if *sum, err = sum.Add(p.Amount); err != nil {
			return nil, fmt.Errorf("event %d: %s of line %s: %w", p.Sequence, p.Measure, p.Line, err)
		}
	}
	return lines, nil
}

func (b *Books) evolveCommitment(e events.Event) {
	line := events.LineID(e.Subject)
	switch data := e.Data.(type) {
	case events.CommitmentMade:
		b.commitments.Put(CommitmentKey{line, data.Commitment}, Commitment{Amount: data.Amount})
	case events.CommitmentChanged:
		key := CommitmentKey{line, data.Commitment}
		commitment, _ := b.commitments.Get(key)
		commitment.Amount = data.Amount
		b.commitments.Put(key, commitment)
	case events.CommitmentReleased:
		key := CommitmentKey{line, data.Commitment}
		commitment, _ := b.commitments.Get(key)
		commitment.Released = true
		b.commitments.Put(key, commitment)
	}
}

func (b *Books) evolvePayment(e events.Event) {
	id := events.LineID(e.Subject)
	line, _ := b.lines.Get(id)
	switch data := e.Data.(type) {
	case events.DisbursementPaid:
		class := data.EconomicClass
		if class == "" {
			class = line.EconomicClass
		}
		b.payments.Put(PaymentKey{id, e.ID}, Payment{Amount: data.Amount, EconomicClass: class})
		if data.Commitment != "" {
			key := CommitmentKey{id, data.Commitment}
			commitment, _ := b.commitments.Get(key)
			commitment.Used += min(data.Amount, commitment.Left())
			b.commitments.Put(key, commitment)
		}
	case events.DisbursementRefunded:
		key := PaymentKey{id, data.Payment}
		payment, _ := b.payments.Get(key)
		payment.Refunded += data.Amount
		b.payments.Put(key, payment)
	case events.DisbursementCorrected:
		b.movePayment(line, data)
	}
}

func (b *Books) movePayment(from Line, data events.DisbursementCorrected) {
	key := PaymentKey{from.ID, data.Payment}
	payment, _ := b.payments.Get(key)
	to := from
	if data.ToLine != "" {
		to, _ = b.lines.Get(data.ToLine)
	}
	class := classAfter(data, payment, from, to)
	if to.ID == from.ID {
		payment.EconomicClass = class
		b.payments.Put(key, payment)
		return
	}
	b.payments.Put(PaymentKey{to.ID, data.Payment}, Payment{Amount: payment.Left(), EconomicClass: class})
	payment.Moved = true
	b.payments.Put(key, payment)
}

func (b *Books) evolveClosing(e events.Event) {
	unit := events.UnitID(e.Subject)
	switch data := e.Data.(type) {
	case events.PeriodClosed:
		key := YearKey{unit, data.Year}
		closing, _ := b.closings.Get(key)
		closing.Month = max(closing.Month, data.Month)
		b.closings.Put(key, closing)
	case events.YearClosed:
		key := YearKey{unit, data.Year}
		closing, _ := b.closings.Get(key)
		closing.Year = true
		b.closings.Put(key, closing)
	case events.YearReopened:
		// The months are open again, too: nothing else could open them.
		b.closings.Put(YearKey{unit, data.Year}, Closing{})
	}
}

// Touched names the stored entries that an event's evolution reads.
type Touched struct {
	Lines       []events.LineID
	Commitments []CommitmentKey
	Payments    []PaymentKey
	Closings    []YearKey
}

// Touch adds what Evolve reads for e. Loading these entries into empty books is
// enough to evolve e on them.
func (t *Touched) Touch(e events.Event) {
	line := events.LineID(e.Subject)
	if e.About() == events.OfLine {
		t.Lines = append(t.Lines, line)
	}
	switch data := e.Data.(type) {
	case events.BudgetTransferred:
		t.Lines = append(t.Lines, data.To)
	case events.CommitmentChanged:
		t.Commitments = append(t.Commitments, CommitmentKey{line, data.Commitment})
	case events.CommitmentReleased:
		t.Commitments = append(t.Commitments, CommitmentKey{line, data.Commitment})
	case events.DisbursementPaid:
		if data.Commitment != "" {
			t.Commitments = append(t.Commitments, CommitmentKey{line, data.Commitment})
		}
	case events.DisbursementRefunded:
		t.Payments = append(t.Payments, PaymentKey{line, data.Payment})
	case events.DisbursementCorrected:
		t.Payments = append(t.Payments, PaymentKey{line, data.Payment})
		if data.ToLine != "" {
			t.Lines = append(t.Lines, data.ToLine)
		}
	case events.PeriodClosed:
		t.Closings = append(t.Closings, YearKey{events.UnitID(e.Subject), data.Year})
	case events.YearClosed:
		t.Closings = append(t.Closings, YearKey{events.UnitID(e.Subject), data.Year})
	case events.YearReopened:
		t.Closings = append(t.Closings, YearKey{events.UnitID(e.Subject), data.Year})
	}
}
