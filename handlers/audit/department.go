package audit

import (
	"math/big"
	"strconv"
)

// sums adds a cell over the projects of a department, in the department's unit.
// read is false if a project's cell holds something that is no number; known
// counts the cells that are printed.
type sums struct {
	value *big.Rat
	cells []string
	read  bool
	known int
}

func (of family) sum(cell func(*page) figure) sums {
	s := sums{value: new(big.Rat), read: true}
	for _, p := range of.projects {
		f := cell(p)
		if !f.printed() {
			s.read = s.read && f.blank
			continue
		}
		s.known++
		s.value.Add(s.value, of.department.fromYuan(p.yuan(f.value)))
		s.cells = append(s.cells, p.ID+":"+f.where)
	}
	return s
}

// tail is how far the projects' rounded cells may miss the department's.
func (of family) tail(n int) *big.Rat { return tailOf(of.department.tail(), n+1) }

// coverage: the project forms execute what the department spends on projects.
func coverage(b *book, l *ledger) {
	for _, of := range b.families() {
		d := of.department
		if len(d.spending) < 2 || !d.spending[1].printed() {
			continue
		}
		spending := d.spending[1]
		executed := of.sum(func(p *page) figure { return p.sum(executed) })
		gap := new(big.Rat).Sub(spending.value, executed.value)
		if executed.known < len(of.projects) && (gap.Sign() >= 0 || !executed.read) {
			continue // a form's total is not there: the sum says nothing yet
		}
		if gap.Sign() == 0 {
			l.agree()
			continue
		}
		f := found{form: d.ID, where: spending.where, severity: Wrong, printed: spending.raw, derived: d.amount(executed.value), message: "less",
			params: []string{"gap", d.amount(distance(spending.value, executed.value)), "forms", strconv.Itoa(len(of.projects))}, cells: executed.cells}
		switch {
		case distance(spending.value, executed.value).Cmp(of.tail(executed.known)) <= 0:
			f.severity, f.message = Info, "tail"
		case gap.Sign() < 0:
			f.message = "more"
		}
		l.add(f)
	}
}

// unspentOf: a department leaves at least as much unspent as its projects do,
// as long as none of them spends more than it has.
func unspentOf(b *book, l *ledger) {
	for _, of := range b.families() {
		d := of.department
		left, known := d.unspent()
		if !known {
			continue
		}
		projects, count := new(big.Rat), 0
		var cells []string
		over := false
		for _, p := range of.projects {
			unspent, known := p.unspent()
			if !known {
				continue
			}
			over = over || unspent.Sign() < 0
			if unspent.Sign() != 0 {
				count++
				cells = append(cells, p.ID+":funds.full_year", p.ID+":funds.executed")
			}
			projects.Add(projects, d.fromYuan(p.yuan(unspent)))
		}
		gap := new(big.Rat).Sub(projects, left)
		if over || gap.Cmp(of.tail(2*count)) <= 0 {
			if !over {
				l.agree()
			}
			continue
		}
		l.add(found{form: d.ID, where: "funds.unspent", severity: Wrong, printed: d.amount(left), derived: d.amount(projects), message: "found",
			params: []string{"budget", d.sum(fullYear).raw, "executed", d.sum(executed).raw, "forms", strconv.Itoa(count)},
			cells:  append([]string{"funds.full_year", "funds.executed"}, cells...)})
	}
}

// sourceSum: the projects of a department do not have more of a source, or of
// all money, than the department has.
func sourceSum(b *book, l *ledger) {
	for _, of := range b.families() {
		d := of.department
		broken := len(d.income) == 4 && !d.breaksDownInitial()
		if broken && d.income[3].printed() && (d.income[2].printed() || d.income[2].blank) {
			whole := figure{where: d.income[3].where, raw: d.income[3].raw, value: add(d.income[3].value, d.income[2].orZero())}
			of.within(l, whole, of.sum(func(p *page) figure { return p.part(rowOther, executed) }), "of")
		}
		if broken && d.income[0].printed() {
			whole := figure{where: d.income[0].where, raw: d.income[0].raw, value: addFigures(d.income[:3])}
			of.within(l, whole, of.sum(func(p *page) figure { return p.part(rowCurrent, executed) }), "of")
		}
		for _, c := range columns() {
			of.within(l, d.sum(c), of.sum(func(p *page) figure { return p.sum(c) }), "total")
			for _, row := range d.parts {
				of.within(l, row.cells[c], of.sum(func(p *page) figure { return p.part(row.key, c) }), "of")
			}
		}
	}
}

// breaksDownInitial says that the income side breaks down the initial budget,
// which does not bound what was spent.
func (p *page) breaksDownInitial() bool {
	before, budget := p.sum(initial), p.sum(fullYear)
	return before.printed() && addFigures(p.income).Cmp(before.value) == 0 && (!budget.printed() || budget.value.Cmp(before.value) != 0)
}

func (of family) within(l *ledger, whole figure, parts sums, message string) {
	if !whole.printed() || !parts.read || parts.known == 0 {
		return
	}
	over := new(big.Rat).Sub(parts.value, whole.value)
	if over.Cmp(of.tail(parts.known)) <= 0 {
		l.agree()
		return
	}
	d := of.department
	l.add(found{form: d.ID, where: whole.where, severity: Wrong, printed: whole.raw, derived: d.amount(parts.value), message: message,
		params: []string{"over", d.amount(over), "forms", strconv.Itoa(parts.known)}, cells: parts.cells})
}
