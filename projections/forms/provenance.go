package forms

import (
	"context"
	"errors"
	"fmt"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// ErrNoCell says that a form has no cell of that name.
var ErrNoCell = errors.New("the form has no such cell")

// Page asks for a part of the postings under a cell.
type Page struct {
	Limit  int    // at most [projections.MaxPage]; 0 is [projections.DefaultPage]
	Before uint64 // only sequences below it; 0 begins with the newest
}

// Terms are what a cell is made of: postings, events, or other cells.
type Terms struct {
	Name string
	Cell Cell
	// Sequence is the log position that the form stands at, as do all its cells.
	Sequence uint64
	// Postings are a page of those under the cell, newest first. More says that
	// there are others: ask again with Before.
	Postings []Term
	Count    int
	More     bool
	Before   uint64
	// Amount is the sum of all postings under a cell of money: what the cell
	// states. Of a rate, Executed is that over Budget.
	Amount, Executed, Budget money.Amount
	// Events are those under a cell of an indicator or a goal, oldest first.
	Events []projections.EventView
}

// Term is a posting with what it adds to its cell.
type Term struct {
	projections.PostingView
	Adds money.Amount
}

// Provenance reads what a cell is made of. Errors: [ErrNoCell] and those of the
// source.
func Provenance(ctx context.Context, source Source, f Form, name string, page Page) (Terms, error) {
	cell, ok := f.Cells[name]
	if !ok {
		return Terms{}, fmt.Errorf("%w: %q", ErrNoCell, name)
	}
	terms := Terms{Name: name, Cell: cell, Sequence: f.Sequence}
	for _, sequence := range cell.Events {
		event, err := source.Event(ctx, sequence)
		if err != nil {
			return terms, fmt.Errorf("read what %s is made of: %w", name, err)
		}
		terms.Events = append(terms.Events, event)
	}
	if len(cell.Measures) == 0 {
		return terms, nil
	}
	if err := terms.readPostings(ctx, source, page); err != nil {
		return terms, fmt.Errorf("read what %s is made of: %w", name, err)
	}
	return terms, nil
}

func (t *Terms) readPostings(ctx context.Context, source Source, page Page) error {
	found, err := source.Postings(ctx, projections.PostingsQuery{
		Query: t.Cell.Query, Measures: t.Cell.Measures, Limit: page.Limit, Before: page.Before,
	})
	if err != nil {
		return err
	}
	t.Count, t.More = found.Count, found.More
	for _, row := range found.Rows {
		t.Postings = append(t.Postings, Term{row, t.Cell.Signed(row.Posting)})
		t.Before = row.Posting.Sequence
	}
	figures, err := found.Sums.Figures()
	if err != nil {
		return err
	}
	t.Executed, t.Budget = figures.Executed, figures.FullYear
	if t.Cell.Fen != nil {
		t.Amount, err = t.Cell.sum(found.Sums)
	}
	return err
}

// sum adds up the sums of a cell of money as [Cell.Signed] does its postings.
func (c Cell) sum(sums budget.Sums) (money.Amount, error) {
	var total money.Amount
	for _, measure := range c.Measures {
		var err error
		if total, err = total.Add(c.Signed(budget.Posting{Measure: measure, Amount: sums[measure]})); err != nil {
			return 0, err
		}
	}
	return total, nil
}
