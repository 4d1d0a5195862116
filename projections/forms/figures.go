package forms

import (
	"cmp"
	"context"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

func compare[T cmp.Ordered](a, b T) int { return cmp.Compare(a, b) }

// The measures that the figures of forms are sums of.
var (
	changeMeasures = []budget.Measure{budget.Supplement, budget.Reduction, budget.TransferIn, budget.TransferOut, budget.CarryoverIn, budget.Recalled}
	measuresOf     = map[string][]budget.Measure{
		Initial:     {budget.Initial},
		FullYear:    append([]budget.Measure{budget.Initial}, changeMeasures...),
		Executed:    {budget.Executed, budget.Refunded},
		Adjustment:  changeMeasures,
		Unspent:     append([]budget.Measure{budget.Initial, budget.Executed, budget.Refunded}, changeMeasures...),
		Rate:        append([]budget.Measure{budget.Initial, budget.Executed, budget.Refunded}, changeMeasures...),
		RateInitial: {budget.Initial, budget.Executed, budget.Refunded},
	}
)

// amountOf is the figure of a money value, or money.ErrOverflow.
func amountOf(value string, f budget.Figures) (money.Amount, error) {
	switch value {
	case Initial:
		return f.Initial, nil
	case FullYear:
		return f.FullYear, nil
	case Executed:
		return f.Executed, nil
	case Adjustment:
		return less(f.FullYear, f.Initial)
	}
	return less(f.FullYear, f.Executed) // Unspent
}

func less(from, amount money.Amount) (money.Amount, error) {
	opposite, err := amount.Neg()
	if err != nil {
		return 0, err
	}
	return from.Add(opposite)
}

// Signed is what a posting adds to the cell's amount, or, of a rate and its
// points, to the budget or the executed amount: a reduction lowers the full-year
// budget, a refund the executed amount, a payment the unspent one.
func (c Cell) Signed(p budget.Posting) money.Amount {
	sign := money.Amount(1)
	switch p.Measure {
	case budget.Reduction, budget.TransferOut, budget.Recalled, budget.Refunded:
		sign = -1
	}
	spends := p.Measure == budget.Executed || p.Measure == budget.Refunded
	if spends && c.Fen != nil && slices.Contains(c.Measures, budget.Initial) { // unspent
		sign = -sign
	}
	return sign * p.Amount
}

// selection is a set of lines with its figures and the query that finds their
// postings.
type selection struct {
	query   projections.Query
	empty   bool // no lines: nothing to find
	figures budget.Figures
}

// pick sums the lines that a selection keeps. The query is the scope's, narrowed
// by a filter where there is one for it, else to the lines.
func pick(scope projections.Query, lines []projections.LineView, s Lines) (selection, error) {
	picked := selection{query: scope, empty: true}
	var sums budget.Sums
	var ids []events.LineID
	for _, line := range lines {
		if !s.keeps(line) {
			continue
		}
		ids = append(ids, line.Line.ID)
		if err := sums.Add(line.Line.Sums); err != nil {
			return picked, err
		}
	}
	picked.empty = len(ids) == 0
	if !s.narrow(&picked.query) {
		picked.query.Lines = ids
	}
	var err error
	picked.figures, err = sums.Figures()
	return picked, err
}

// narrow puts a selection into a query if the query can say it.
func (s Lines) narrow(q *projections.Query) bool {
	if len(s.Named) > 0 || len(s.Unnamed) > 0 || len(s.Funds) > 1 || len(s.Kinds) > 1 {
		return false
	}
	switch {
	case len(s.Sources) == 0:
	case len(s.Sources) == 1 && s.Sources[0] == Other && len(s.Funds) == 0:
		q.Fund = events.UnitFunds
	default:
		return false
	}
	if len(s.Funds) == 1 {
		q.Fund = s.Funds[0]
	}
	if len(s.Kinds) == 1 {
		q.Kind = s.Kinds[0]
	}
	return true
}

// readChanges reads all that led from the initial to the full-year budgets.
func (b *books) readChanges(ctx context.Context, source Source, q projections.Query) error {
	b.changes = map[events.LineID][]Change{}
	ask := projections.PostingsQuery{Query: q, Measures: changeMeasures, Limit: projections.MaxPage}
	for {
		page, err := source.Postings(ctx, ask)
		if err := b.same(page.Sequence, err); err != nil {
			return err
		}
		for _, row := range page.Rows {
			line := row.Posting.Line
			b.changes[line] = append(b.changes[line], change(row))
		}
		if !page.More {
			return nil
		}
		ask.Before = page.Rows[len(page.Rows)-1].Posting.Sequence
	}
}

func change(row projections.PostingView) Change {
	p := row.Posting
	return Change{
		Sequence: p.Sequence, Line: p.Line, Measure: p.Measure.String(), Amount: Cell{}.Signed(p),
		Date: p.Date, Document: row.Document, Reason: row.Says,
	}
}

// sortChanges orders changes by date, and those of a day as they were recorded.
func sortChanges(changes []Change) {
	slices.SortStableFunc(changes, func(x, y Change) int {
		return cmp.Or(x.Date.Compare(y.Date), cmp.Compare(x.Sequence, y.Sequence), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Measure, y.Measure))
	})
}
