package web

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/yearend"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// books are the forms that the events derive, by what they are about.
type books map[formKey]forms.Form

// formKey finds a derived form for a declared one: the events know no ids of
// other people's forms, so that the year and the name have to do.
type formKey struct {
	year fiscal.Year
	kind string
	name string
}

var _ audit.Source = books(nil)

func keyOf(form audit.Form) formKey {
	name := form.Project.Printed
	if form.Kind == audit.Department {
		name = form.Department.Printed
	}
	return formKey{fiscal.Year(form.Year), form.Kind, squeezed(name)}
}

// squeezed is a name without spaces, of which printed forms have more or fewer.
func squeezed(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, name)
}

// books derives the forms of the years that a document is about, in its own
// templates where the program has them.
func (s *server) books(v *visit, declared audit.Declared) (books, error) {
	known := books{}
	if !s.reach(v).Everything() {
		return known, nil // sums over part of the books would find faults that are not there
	}
	years, err := s.Reader.Years(v.Context())
	if err != nil {
		return nil, err
	}
	units, err := s.Reader.Units(v.Context())
	if err != nil {
		return nil, err
	}
	for _, year := range years {
		set, asked := templatesOf(s.Templates, declared, year)
		if !asked {
			continue
		}
		for _, unit := range units {
			if unit.Parent != "" {
				continue
			}
			derived, err := forms.DeriveAll(v.Context(), s.Forms, unit.ID, year, set, projections.AsOf{Through: v.at.sequence})
			if err != nil {
				return nil, err
			}
			for _, form := range derived {
				kind := audit.Project
				if form.Subject.Kind == events.OfUnit {
					kind = audit.Department
				}
				known[formKey{year, kind, squeezed(formName(form))}] = form
			}
		}
	}
	return known, nil
}

// templatesOf are the templates that a document's forms of a year follow.
func templatesOf(all forms.Catalogue, declared audit.Declared, year fiscal.Year) (set forms.Set, asked bool) {
	set = yearend.Defaults()
	for _, form := range declared.Forms {
		if fiscal.Year(form.Year) != year {
			continue
		}
		template, known := all.Find(form.Template.Printed)
		switch {
		case known && template.Kind == forms.DepartmentForm:
			set.Department = template
		case known:
			set.Project = template
		}
		asked = true
	}
	return set, asked
}

// Derive is what the events say of a declared form's money.
func (b books) Derive(form audit.Form) ([]audit.Derived, bool) {
	derived, ok := b[keyOf(form)]
	if !ok {
		return nil, false
	}
	var rows []audit.Derived
	for _, row := range derived.Funds {
		one := audit.Derived{Row: row.Row}
		for value, to := range map[string]*money.Amount{forms.Initial: &one.Initial, forms.FullYear: &one.FullYear, forms.Executed: &one.Executed} {
			if cell := derived.Cells["funds."+row.Row+"."+value]; cell.Fen != nil {
				*to = *cell.Fen
			}
		}
		rows = append(rows, one)
	}
	return rows, true
}

// Comparison is a declared form beside what the events derive.
type Comparison struct {
	Href                  string // of the derived form
	Rows                  []ComparedRow
	Equal, Named, Unnamed int
	Open                  bool
}

// ComparedRow is a cell printed and derived. Rules are those that name the
// difference; Follows says that they name a cell that this one is computed from.
type ComparedRow struct {
	Name, Printed, Derived, Href string
	Equal, Follows               bool
	Rules                        []Link

	where string
}

// compare holds every cell of money, rate, weight and score of a form against
// the books; nil if they do not know the form.
func (b books) compare(v *visit, form audit.Form, findings []audit.Finding) *Comparison {
	derived, ok := b[keyOf(form)]
	if !ok || form.ID == "" {
		return nil
	}
	at := formAt(derived.Year, derived.Subject.ID)
	keep := address{}.with(templateParameter, derived.Template)
	c := &Comparison{Href: keep.at(at)}
	for _, cell := range cellsOf(form) {
		row := ComparedRow{Name: v.placeName(form, cell.where), Printed: strings.TrimSpace(cell.printed), where: cell.where}
		name := cellOf(cell.where)
		own, has := derived.Cells[name]
		if has {
			row.Derived, row.Href = own.Printed, keep.with("cell", name).at(at)+"#cell"
		}
		if audit.Read(row.Printed).Nature == audit.Blank && (!has || own.Exact == nil || own.Exact.Sign() == 0) {
			continue // nothing stands there, and nothing is missing
		}
		row.Equal = equal(form, row.Printed, own)
		row.Rules = naming(form.ID, cell.where, findings)
		c.Rows = append(c.Rows, row)
	}
	c.follow()
	c.count()
	return c
}

// follow names the differences that follow from others: points from the rate,
// the total from all points.
func (c *Comparison) follow() {
	for range c.Rows { // a chain is no longer than the rows
		changed := false
		for i := range c.Rows {
			row := &c.Rows[i]
			if row.Equal || len(row.Rules) > 0 {
				continue
			}
			for _, from := range c.Rows {
				if !from.Equal && drawnFrom(row.where, from.where) {
					row.Rules, row.Follows = appendNew(row.Rules, from.Rules...), true
				}
			}
			changed = changed || len(row.Rules) > 0
		}
		if !changed {
			return
		}
	}
}

func (c *Comparison) count() {
	for _, row := range c.Rows {
		switch {
		case row.Equal:
			c.Equal++
		case len(row.Rules) > 0:
			c.Named++
		default:
			c.Unnamed++
		}
	}
	c.Open = c.Unnamed > 0
}

// drawnFrom says whether a cell is computed from another: the rate from the
// money, points from the rate, weights from each other where that of a row that
// is not applicable is redistributed, scores from weights, totals from all.
func drawnFrom(where, from string) bool {
	isWeight, isScore := strings.HasSuffix(from, ".weight"), strings.HasSuffix(from, ".score")
	ofIndicator := strings.HasPrefix(from, placeIndicators)
	switch {
	case where == "execution.rate":
		return from == "funds.full_year" || from == "funds.executed"
	case where == "execution.score":
		return from == "execution.rate" || from == "execution.weight"
	case where == "total.weight":
		return isWeight
	case where == "total.score":
		return isScore
	case strings.HasPrefix(where, placeIndicators):
		return ofIndicator && isWeight
	}
	return false
}

// declaredCell is a cell of a declared form with its place.
type declaredCell struct{ where, printed string }

// cellsOf are the cells that are compared, in the order of the form.
func cellsOf(form audit.Form) []declaredCell {
	var cells []declaredCell
	add := func(where string, text audit.Text) { cells = append(cells, declaredCell{where, text.Printed}) }
	for _, row := range form.Funds {
		prefix := placeFunds + "."
		if row.Row != "total" {
			prefix += row.Row + "."
		}
		add(prefix+forms.Initial, row.Initial)
		add(prefix+forms.FullYear, row.FullYear)
		add(prefix+forms.Executed, row.Executed)
	}
	if in := form.Income; in != nil {
		add("income.general_public_budget", in.GeneralPublicBudget)
		add("income.government_fund", in.GovernmentFund)
		add("income.special_account_nontax", in.SpecialAccountNontax)
		add("income.other", in.Other)
	}
	if out := form.Spending; out != nil {
		add("spending.basic", out.Basic)
		add("spending.project", out.Project)
	}
	add("execution.weight", form.Execution.Weight)
	add("execution.rate", form.Execution.Rate)
	add("execution.score", form.Execution.Score)
	for i, row := range form.Indicators {
		add(fmt.Sprintf("indicators[%d].weight", i), row.Weight)
		add(fmt.Sprintf("indicators[%d].score", i), row.Score)
	}
	add("total.weight", form.Total.Weight)
	add("total.score", form.Total.Score)
	return cells
}

// equal compares a printed number with a derived one: as printed or, for money,
// as it would print in the form's own unit and with its decimals.
func equal(form audit.Form, printed string, own forms.Cell) bool {
	read := audit.Read(printed)
	if read.Value == nil || read.Nature != audit.Number {
		return false
	}
	if own.Exact == nil {
		return read.Value.Sign() == 0 && own.Printed == "" // 0 points where none are given
	}
	if own.Fen == nil {
		derived := number(own.Printed)
		return derived != nil && derived.Cmp(read.Value) == 0
	}
	unit := money.Wan
	if form.MoneyUnit.Printed == forms.Yuan {
		unit = money.Yuan
	}
	exact := big.NewRat(int64(*own.Fen), int64(unit))
	rounded, _ := new(big.Rat).SetString(money.Print(exact, min(read.Digits, money.MaxDigits), money.HalfUp))
	return rounded.Cmp(read.Value) == 0 || exact.Cmp(read.Value) == 0
}

// naming are the rules whose findings are drawn from a cell.
func naming(form, where string, findings []audit.Finding) []Link {
	var links []Link
	for _, f := range findings {
		own := f.Form == form && (f.Where == where || slices.Contains(f.Cells, where))
		if own || slices.Contains(f.Cells, form+":"+where) {
			links = appendNew(links, Link{Label: f.Rule, Href: ruleHref(f.Rule)})
		}
	}
	return links
}

// appendNew adds the links that are not there yet.
func appendNew(links []Link, more ...Link) []Link {
	for _, link := range more {
		if !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	return links
}
