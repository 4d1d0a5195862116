package web

import (
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// CellPanel says what a cell of a form is made of, down to the events.
type CellPanel struct {
	Name, Title   string
	Of            string // what it is of: a row, an indicator
	Value, Unit   string
	Facts         []Fact
	Parts         []PartView // of an amount, by measure
	Cells         []CellPart // the cells that it is made of
	Terms         []TermView
	More          []TermView // those after the first few
	Sum           string     // of all terms, empty if they are not one sum
	Count, Shown  int
	Older, Newest string
	Back          string // to the cell in the form
	NothingUnder  bool
}

// CellPart is a cell that another is made of.
type CellPart struct{ Name, Text, Href string }

// TermView is a posting or an event under a cell, or a change of the budget.
type TermView struct {
	Date, Type, Says, Document, Amount, Href string
	Sequence                                 uint64
	Label                                    string // of the link
}

// The panel has so many postings at once, and unfolds the first few.
const (
	termsPage = 50
	fewTerms  = 6
)

// shownDecimals is how much of a fraction without an end is written out.
const shownDecimals = 6

// cell explains a cell of the form.
func (s *server) cell(f formSheet, name string, before uint64) (*CellPanel, error) {
	terms, err := forms.Provenance(f.Context(), s.Forms, f.issue.Form, name, forms.Page{Limit: termsPage, Before: before})
	if errors.Is(err, forms.ErrNoCell) {
		err = projections.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	title, of, _ := strings.Cut(f.cellName(f.issue.Form, name), " · ")
	p := &CellPanel{
		Name: name, Title: title, Of: of, Value: grouped(terms.Cell), Unit: f.unitOf(name, terms.Cell),
		Facts: f.facts(name, terms), Cells: f.parts(terms.Cell), Back: "#" + cellID(name), Count: terms.Count,
	}
	if err := s.amountParts(f, p, terms.Cell); err != nil {
		return nil, err
	}
	for _, term := range terms.Postings {
		p.Terms = append(p.Terms, f.posting(term))
	}
	for _, event := range terms.Events {
		p.Terms = append(p.Terms, f.event(event))
	}
	p.Shown = len(p.Terms)
	if p.Shown > fewTerms+1 {
		p.Terms, p.More = p.Terms[:fewTerms], p.Terms[fewTerms:]
	}
	p.Count = max(p.Count, p.Shown)
	if terms.Cell.Fen != nil {
		p.Sum = f.Money(terms.Amount, money.Yuan)
	}
	to := f.keep.with("cell", name)
	if terms.More {
		p.Older = to.with("before", strconv.FormatUint(terms.Before, 10)).at(f.path) + "#cell"
	}
	if before != 0 {
		p.Newest = to.at(f.path) + "#cell"
	}
	p.NothingUnder = p.Count == 0 && len(p.Cells) == 0
	return p, nil
}

// amountParts writes an amount as payments less refunds and the like.
func (s *server) amountParts(f formSheet, p *CellPanel, cell forms.Cell) error {
	if cell.Fen == nil || len(cell.Measures) == 0 {
		return nil
	}
	found, err := s.Forms.Postings(f.Context(), projections.PostingsQuery{Query: cell.Query, Measures: cell.Measures, Limit: 1})
	if err != nil {
		return err
	}
	for _, measure := range cell.Measures {
		adds := cell.Signed(budget.Posting{Measure: measure, Amount: found.Sums[measure]})
		if adds == 0 {
			continue
		}
		part := PartView{Name: f.Measure(measure), Cell: Cell{Text: strings.TrimPrefix(f.Money(adds, money.Yuan), "−")}}
		if adds < 0 {
			part.Sign = "−"
		} else if len(p.Parts) > 0 {
			part.Sign = "+"
		}
		p.Parts = append(p.Parts, part)
	}
	return nil
}

// unitOf is the unit of a number that is printed without one.
func (f formSheet) unitOf(name string, cell forms.Cell) string {
	switch {
	case cell.Fen != nil && f.issue.Form.MoneyUnit == forms.Yuan:
		return f.Text("money.yuan")
	case cell.Fen != nil:
		return f.Text("money.wan")
	case cell.Exact != nil && (strings.HasSuffix(name, ".score") || strings.HasSuffix(name, ".weight")):
		return f.Text("cell.points")
	}
	return ""
}

// facts say how the printed value was found: in words, in numbers, exactly, and
// how it was rounded.
func (f formSheet) facts(name string, terms forms.Terms) []Fact {
	facts := []Fact{{Name: f.Text("cell.how"), Value: f.how(name, terms)}}
	cell := terms.Cell
	if numbers := f.inNumbers(name, terms); numbers != "" {
		facts = append(facts, Fact{Name: f.Text("cell.numbers"), Value: numbers})
	}
	if cell.Exact == nil {
		return facts
	}
	exact := decimal(cell.Exact)
	if _, ends := cell.Exact.FloatPrec(); !ends || cell.Fen == nil && !cell.Exact.IsInt() {
		exact = cell.Exact.RatString() + " = " + exact
	}
	if cell.Fen != nil {
		exact = f.Money(*cell.Fen, money.Yuan) + " " + f.Text("money.yuan")
	}
	rounding := f.Text("cell.unrounded")
	if printed := number(cell.Printed); printed == nil || printed.Cmp(cell.Exact) != 0 {
		rounding = f.Text("rounding."+string(cell.Rounding), "count", cell.Digits)
	}
	return append(facts, Fact{Name: f.Text("cell.exact"), Value: exact}, Fact{Name: f.Text("cell.rounding"), Value: rounding})
}

// grouped is a printed cell for people: "−1,234.50", "100%"; words stay as they
// are.
func grouped(cell forms.Cell) string {
	if cell.Exact == nil {
		return cell.Printed
	}
	number, percent := strings.CutSuffix(cell.Printed, "%")
	if percent {
		return language.Group(number) + "%"
	}
	return language.Group(number)
}

// number reads a printed number; nil if it is none.
func number(printed string) *big.Rat {
	value, ok := new(big.Rat).SetString(strings.TrimSuffix(strings.TrimSpace(printed), "%"))
	if !ok {
		return nil
	}
	return value
}

// decimal writes a fraction out, up to [shownDecimals] if it has no end.
func decimal(value *big.Rat) string {
	if digits, ends := value.FloatPrec(); ends {
		return value.FloatString(digits)
	}
	return value.FloatString(shownDecimals) + "…"
}

// how is the formula of a cell in words.
func (f formSheet) how(name string, terms forms.Terms) string {
	parts := strings.Split(name, ".")
	last := parts[len(parts)-1]
	switch {
	case parts[0] == placeIndicators && last == forms.Score:
		if slices.ContainsFunc(terms.Events, func(e projections.EventView) bool { _, scored := e.Event.Data.(events.IndicatorScored); return scored }) {
			return f.Text("how.by_hand")
		}
		return f.Text("how.by_rule")
	case parts[0] == placeIndicators && last == forms.Actual && (len(terms.Cell.Measures) > 0 || terms.Cell.Exact != nil):
		return f.Text("how.computed")
	case parts[0] == "income" || parts[0] == "spending":
		return f.Text("how.cut")
	}
	return f.textOr("how."+parts[0]+"."+last, "")
}

// inNumbers is the formula of a rate or of execution points with its numbers.
func (f formSheet) inNumbers(name string, terms forms.Terms) string {
	cell := terms.Cell
	if len(cell.Measures) == 0 || cell.Fen != nil || cell.Exact == nil {
		return ""
	}
	fraction := f.Money(terms.Executed, money.Yuan) + " ÷ " + f.Money(terms.Budget, money.Yuan)
	if name != "execution.score" {
		return fraction
	}
	return f.issue.Form.Cells["execution.weight"].Printed + " × " + fraction
}

// parts are the cells that a cell is made of.
func (f formSheet) parts(cell forms.Cell) []CellPart {
	var parts []CellPart
	for _, name := range cell.Of {
		parts = append(parts, CellPart{f.cellName(f.issue.Form, name), grouped(f.issue.Form.Cells[name]), f.open(name)})
	}
	return parts
}

// term links to the event of a sequence.
func (f formSheet) term(sequence uint64) TermView {
	return TermView{Sequence: sequence, Href: eventHref(sequence), Label: f.Text("event.open", "sequence", sequence)}
}

func (f formSheet) posting(of forms.Term) TermView {
	term := f.term(of.Posting.Sequence)
	term.Date, term.Type, term.Says, term.Document = f.Date(of.Posting.Date), f.Type(of.Type), string(of.Says), string(of.Document)
	term.Amount = f.Money(of.Adds, money.Yuan)
	return term
}

func (f formSheet) event(view projections.EventView) TermView {
	term := f.term(view.Event.Sequence)
	term.Date, term.Type, term.Says = f.dateOf(view.Event), f.Type(view.Event.Type), f.spoken(view.Event.Data)
	return term
}
