package audit

import (
	"math/big"
	"slices"
	"strings"

	"github.com/outturn/outturn/events/money"
)

// fundSum: in each column the parts add up to the total, and none exceeds it.
func fundSum(p *page, l *ledger) {
	for _, c := range columns() {
		fundSumIn(p, c, l)
	}
}

func fundSumIn(p *page, c column, l *ledger) {
	total := p.sum(c)
	parts := printedParts(p, c)
	if !total.printed() || len(parts) == 0 {
		return
	}
	sum, gap := addFigures(parts), new(big.Rat)
	gap.Sub(sum, total.value)
	larger := -1
	if !slices.ContainsFunc(parts, func(f figure) bool { return f.value.Sign() < 0 }) {
		larger = slices.IndexFunc(parts, func(f figure) bool { return f.value.Cmp(total.value) > 0 })
	}
	f := found{form: p.ID, where: total.where, severity: Wrong, printed: total.raw, derived: p.amount(sum),
		params: []string{"gap", p.amount(distance(sum, total.value))}, cells: wheres(columnOf(p, c))}
	switch {
	case gap.Sign() == 0 && larger < 0 || !allRead(p, c) && larger < 0:
		if gap.Sign() == 0 {
			l.agree()
		}
		return
	case larger < 0 && (nests(p, c) || gap.Sign() < 0 && !closes(p, c)):
		return
	case gap.Sign() != 0 && distance(sum, total.value).Cmp(tailOf(p.tail(), nonZero(parts))) <= 0:
		f.severity, f.message = Info, "tail"
	case larger >= 0:
		f.message = "part"
		f.params = append(f.params, "part", parts[larger].raw)
	default:
		f.message = "sum"
	}
	l.add(f)
}

// columnOf lists the parts of a column, read or not.
func columnOf(p *page, c column) []figure {
	var all []figure
	for _, row := range p.parts {
		all = append(all, row.cells[c])
	}
	return all
}

func printedParts(p *page, c column) []figure {
	return slices.DeleteFunc(columnOf(p, c), func(f figure) bool { return !f.printed() })
}

// allRead says that no part holds something that cannot be read.
func allRead(p *page, c column) bool {
	return !slices.ContainsFunc(columnOf(p, c), func(f figure) bool { return !f.printed() && !f.blank })
}

func addFigures(all []figure) *big.Rat {
	sum := new(big.Rat)
	for _, f := range all {
		sum.Add(sum, f.orZero())
	}
	return sum
}

func nonZero(all []figure) int {
	count := 0
	for _, f := range all {
		if f.printed() && f.value.Sign() != 0 {
			count++
		}
	}
	return count
}

func wheres(all []figure) []string {
	places := make([]string, len(all))
	for i, f := range all {
		places[i] = f.where
	}
	return places
}

// closes says that the table ends in a row for all other money, and that it is
// filled in: only then must the parts reach the total.
func closes(p *page, c column) bool {
	return slices.ContainsFunc(p.parts, func(row fundRow) bool {
		rest := row.key == rowOther || strings.Contains(row.label, "其他") || strings.Contains(row.label, "单位资金")
		cell := row.cells[c]
		return rest && (cell.printed() || cell.blank && strings.TrimSpace(cell.raw) != "")
	})
}

// maxNested is the longest table that is searched for subtotals.
const maxNested = 12

// nests says that the parts add up when rows are read as subtotals of the rows
// below them, as in 财政资金 with 当年财政拨款 and 上年结转资金 under it, or
// when rows that begin with 其中 are left to the row above. The rows of the
// central form are never subtotals.
func nests(p *page, c column) bool {
	if len(p.parts) > maxNested {
		return false
	}
	n := nesting{rows: p.parts, column: c, total: p.sum(c).value, tried: make(map[int]bool)}
	return n.fits(1<<len(p.parts) - 1)
}

// nesting searches a column for rows that are part of the row above them. A set
// of rows is a number with one bit for each.
type nesting struct {
	rows   []fundRow
	column column
	total  *big.Rat
	tried  map[int]bool
}

func (n nesting) cell(i int) *big.Rat { return n.rows[i].cells[n.column].orZero() }

// fits says that the rows of a set, or what is left of them without those that
// belong to a row above, add up to the total.
func (n nesting) fits(set int) bool {
	if n.tried[set] {
		return false
	}
	n.tried[set] = true
	var left []int
	sum := new(big.Rat)
	for i := range n.rows {
		if set>>i&1 == 1 {
			left = append(left, i)
			sum.Add(sum, n.cell(i))
		}
	}
	if sum.Cmp(n.total) == 0 {
		return true
	}
	for at, upper := range left {
		below, without := new(big.Rat), set
		for _, lower := range left[at+1:] {
			below.Add(below, n.cell(lower))
			without &^= 1 << lower
			if n.belong(upper, left[at+1], below) && n.fits(without) {
				return true
			}
		}
	}
	return false
}

// belong says that rows from first on, with that sum, can be part of the row
// above them.
func (n nesting) belong(upper, first int, sum *big.Rat) bool {
	order := sum.Cmp(n.cell(upper))
	central := slices.Contains([]string{rowCurrent, rowCarryover, rowOther}, n.rows[upper].key)
	return order == 0 && !central || order <= 0 && strings.HasPrefix(n.rows[first].label, "其中")
}

// partsMissing: a total is filled in whose parts are blank, though the table
// has parts in another column.
func partsMissing(p *page, l *ledger) {
	filled := func(c column) bool { return len(printedParts(p, c)) > 0 }
	if len(p.parts) == 0 || !slices.ContainsFunc(columns(), filled) {
		return
	}
	for _, c := range columns() {
		total, parts := p.sum(c), printedParts(p, c)
		if !total.printed() || !allRead(p, c) {
			continue
		}
		f := found{form: p.ID, where: total.where, severity: Info, printed: total.raw, cells: wheres(columnOf(p, c))}
		switch {
		case len(parts) == 0:
			f.message = "all"
		case len(parts) < len(p.parts) && addFigures(parts).Cmp(total.value) < 0 && !closes(p, c) && !nests(p, c):
			f.message, f.derived = "some", p.amount(addFigures(parts))
		default:
			l.agree()
			continue
		}
		l.add(f)
	}
}

// incomeTotal: a department's money adds up to the same total by its nature and
// by its use.
func incomeTotal(p *page, l *ledger) {
	if p.income != nil {
		breakdown(p, l, "income", p.income, 2)
	}
	if p.spending != nil {
		breakdown(p, l, "spending", p.spending, len(p.spending))
	}
}

// breakdown holds a breakdown against the totals of the columns: forms break
// down one or another. At least so many of its cells must be printed before it
// can fall short.
func breakdown(p *page, l *ledger, where string, cells []figure, atLeast int) {
	if slices.ContainsFunc(cells, func(f figure) bool { return !f.printed() && !f.blank }) {
		return
	}
	count := len(slices.DeleteFunc(slices.Clone(cells), func(f figure) bool { return !f.printed() }))
	sum := addFigures(cells)
	nearest, gap := figure{}, (*big.Rat)(nil)
	for _, c := range []column{fullYear, executed, initial} {
		total := p.sum(c)
		if !total.printed() {
			continue
		}
		if away := distance(sum, total.value); gap == nil || c != initial && away.Cmp(gap) < 0 || away.Sign() == 0 {
			nearest, gap = total, away
		}
	}
	if count == 0 || gap == nil {
		return
	}
	if gap.Sign() == 0 {
		l.agree()
		return
	}
	if sum.Cmp(nearest.value) < 0 && count < atLeast {
		return
	}
	against := nearest
	if where == "income" && p.sum(fullYear).printed() {
		against = p.sum(fullYear)
	}
	f := found{form: p.ID, where: where, severity: Wrong, printed: against.raw, derived: p.amount(sum), message: where,
		params: []string{"gap", p.amount(distance(sum, against.value)), "budget", p.sum(fullYear).raw, "executed", p.sum(executed).raw},
		cells:  append(wheres(cells), "funds.full_year", "funds.executed")}
	if gap.Cmp(tailOf(p.tail(), nonZero(cells))) <= 0 {
		f.severity, f.message, f.printed = Info, "tail", nearest.raw
	}
	l.add(f)
}

// importClean: a cell of money or points still carries what a word processor
// put there.
func importClean(p *page, l *ledger) {
	check := func(where string, cell Text) {
		raw := strings.Trim(cell.Printed, " ")
		if raw == "" {
			return
		}
		if withoutArtefacts(raw) != raw || strings.ContainsAny(raw, "\n\r\t\v\u3000\u00A0\u200B\uFEFF") {
			l.add(found{form: p.ID, where: where, severity: Info, printed: cell.Printed, derived: tidy(raw), message: "found"})
			return
		}
		l.agree()
	}
	for i, row := range p.Funds {
		prefix := "funds."
		if row.Row != rowTotal {
			prefix += row.Row + "."
		}
		check(prefix+string(initial), p.Funds[i].Initial)
		check(prefix+string(fullYear), p.Funds[i].FullYear)
		check(prefix+string(executed), p.Funds[i].Executed)
	}
	check("execution.rate", p.Execution.Rate)
	check("execution.score", p.Execution.Score)
	for _, row := range p.items {
		check(row.cell("weight"), row.Weight)
		check(row.cell("score"), row.Score)
	}
	check("total.score", p.Total.Score)
}

// blankZero: a document prints an empty row in one way.
func blankZero(b *book, l *ledger) {
	zeros := false
	var blanks []found
	for _, p := range b.pages {
		for _, row := range p.items {
			if !row.weight.printed() || row.weight.value.Sign() != 0 {
				continue
			}
			zeros = zeros || row.score.printed()
			if row.score.blank {
				blanks = append(blanks, found{form: p.ID, where: row.score.where, severity: Info, printed: row.score.raw, derived: "0", message: "score"})
			}
		}
		printedZero := slices.ContainsFunc(p.income, func(f figure) bool { return f.printed() && f.value.Sign() == 0 })
		for _, f := range p.income {
			if f.blank && printedZero {
				l.add(found{form: p.ID, where: f.where, severity: Info, printed: f.raw, derived: "0", message: "money"})
			}
		}
	}
	if !zeros {
		return
	}
	if len(blanks) == 0 {
		l.agree()
	}
	for _, f := range blanks {
		l.add(f)
	}
}

// eventFigure: what is printed is what the events add up to, at the printed
// digits.
func eventFigure(b *book, l *ledger) {
	if b.source == nil {
		return
	}
	for _, p := range b.pages {
		rows, known := b.source.Derive(*p.Form)
		if !known || perUnit[p.MoneyUnit.Printed] == nil {
			continue
		}
		for _, row := range rows {
			for i, fen := range []money.Amount{row.Initial, row.FullYear, row.Executed} {
				cell := p.part(row.Row, columns()[i])
				if row.Row == rowTotal {
					cell = p.sum(columns()[i])
				}
				agreesWithEvents(p, l, cell, fen)
			}
		}
	}
}

func agreesWithEvents(p *page, l *ledger, cell figure, fen money.Amount) {
	if !cell.printed() {
		return
	}
	exactly := p.fromYuan(big.NewRat(int64(fen), int64(money.Yuan)))
	if compare(exactly, cell.value, max(cell.digits, 2)) == rounded {
		l.agree()
		return
	}
	l.add(found{form: p.ID, where: cell.where, severity: Conflict, printed: cell.raw, derived: p.amount(exactly), message: "found",
		params: []string{"yuan", fen.String()}})
}

// denominatorFit: the full-year budget was set to what was paid, so that the
// rate says nothing.
func denominatorFit(b *book, l *ledger) {
	used := b.initialUsed()
	for _, p := range b.pages {
		before, budget, spent := p.sum(initial), p.sum(fullYear), p.sum(executed)
		if !budget.positive() || !spent.printed() || !before.printed() && !(before.blank && used[p.Template.Printed]) {
			continue
		}
		if budget.value.Cmp(spent.value) != 0 || before.printed() && before.value.Cmp(budget.value) == 0 {
			l.agree()
			continue
		}
		f := found{form: p.ID, where: budget.where, severity: Info, printed: budget.raw, message: "unbudgeted",
			params: []string{"initial", before.raw}, cells: []string{spent.where, before.where}}
		if before.positive() {
			f.message = "found"
			f.derived = money.Print(new(big.Rat).Mul(hundred, new(big.Rat).Quo(spent.value, before.value)), 2, money.HalfUp) + percent
		}
		l.add(f)
	}
}

// initialUsed says of which templates some form prints an initial budget: only
// there is a blank one worth a word.
func (b *book) initialUsed() map[string]bool {
	used := make(map[string]bool)
	for _, p := range b.pages {
		if p.sum(initial).printed() {
			used[p.Template.Printed] = true
		}
	}
	return used
}

// additionReason: all of a project's money came in the year, and the form says
// no word about it.
func additionReason(b *book, l *ledger) {
	used := b.initialUsed()
	for _, p := range b.pages {
		before, budget := p.sum(initial), p.sum(fullYear)
		if p.Kind != Project || !budget.positive() {
			continue
		}
		if before.positive() || !before.printed() && !(before.blank && used[p.Template.Printed]) || p.saysAddition() {
			l.agree()
			continue
		}
		l.add(found{form: p.ID, where: before.where, severity: Info, printed: before.raw, derived: "", message: "found",
			params: []string{"budget", budget.raw}, cells: []string{budget.where}})
	}
}

// saysAddition says that a text of the form speaks of an addition.
func (p *page) saysAddition() bool {
	texts := []string{p.Goal.Expected.Printed, p.Goal.Actual.Printed}
	for _, row := range p.items {
		texts = append(texts, row.Note.Printed)
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		return strings.Contains(text, "追加") || strings.Contains(text, "年中下达")
	})
}

// largestAdjustment is the share of the initial budget that many provinces let
// a year's changes reach: 10 %.
var largestAdjustment = big.NewRat(10, 100)

// adjustRate: the full-year budget is far from the initial one.
func adjustRate(b *book, l *ledger) {
	for _, p := range b.pages {
		before, budget := p.sum(initial), p.sum(fullYear)
		if before.positive() && budget.printed() {
			adjusted(p, l, before.where, before.value, budget.value, "found", before.raw, budget.raw)
		}
	}
	for _, of := range b.families() {
		basicGrowth(of, l)
	}
}

func adjusted(p *page, l *ledger, where string, before, after *big.Rat, message, from, to string) {
	change := new(big.Rat).Quo(new(big.Rat).Sub(after, before), before)
	if new(big.Rat).Abs(change).Cmp(largestAdjustment) <= 0 {
		l.agree()
		return
	}
	rate := money.Print(new(big.Rat).Mul(change, hundred), 2, money.HalfUp) + percent
	l.add(found{form: p.ID, where: where, severity: Info, printed: to, derived: rate, message: message, params: []string{"from", from, "to", to, "rate", rate},
		cells: []string{"funds.initial", "funds.full_year"}})
}

// basicGrowth: what the projects' forms leave of the department's initial budget
// was for basic expenditure; how far did that grow?
func basicGrowth(of family, l *ledger) {
	d := of.department
	if len(d.spending) == 0 || !d.spending[0].printed() || !d.sum(initial).printed() {
		return
	}
	projects := new(big.Rat)
	for _, p := range of.projects {
		projects.Add(projects, p.yuan(p.sum(initial).orZero()))
	}
	before := new(big.Rat).Sub(d.sum(initial).value, d.fromYuan(projects))
	if before.Sign() > 0 {
		adjusted(d, l, d.spending[0].where, before, d.spending[0].value, "basic", d.amount(before), d.spending[0].raw)
	}
}

// carryoverChain: what was left unspent is carried into the next year or given
// back; carried money is spent first.
func carryoverChain(b *book, l *ledger) {
	type key struct {
		department, project string
		year                Year
	}
	next := make(map[key]*page)
	for _, p := range b.pages {
		if p.Kind == Project && p.Year != 0 && p.Project.Printed != "" {
			next[key{tidy(p.Department.Printed), tidy(p.Project.Printed), p.Year}] = p
		}
	}
	for _, p := range b.pages {
		left, known := p.unspent()
		if p.Kind != Project || !known || left.Sign() <= 0 {
			continue
		}
		after := next[key{tidy(p.Department.Printed), tidy(p.Project.Printed), p.Year + 1}]
		chained(p, after, left, l)
		oldestFirst(p, l)
	}
}

func chained(p, after *page, left *big.Rat, l *ledger) {
	f := found{form: p.ID, where: "funds.unspent", severity: Info, printed: "", derived: p.amount(left), message: "open",
		cells: []string{"funds.full_year", "funds.executed"}}
	if after == nil {
		l.add(f)
		return
	}
	carried := after.part(rowCarryover, fullYear)
	if !carried.printed() {
		return
	}
	into := p.fromYuan(after.yuan(carried.value))
	switch into.Cmp(left) {
	case 0:
		l.agree()
		return
	case 1:
		f.severity, f.message = Conflict, "more"
	default:
		f.message = "less"
	}
	f.form, f.where, f.printed = after.ID, carried.where, carried.raw
	f.cells = []string{p.ID + ":funds.full_year", p.ID + ":funds.executed"}
	l.add(f)
}

func oldestFirst(p *page, l *ledger) {
	budget, spent := p.part(rowCarryover, fullYear), p.part(rowCarryover, executed)
	now := p.part(rowCurrent, executed)
	if !budget.printed() || !spent.printed() || !now.positive() || spent.value.Cmp(budget.value) >= 0 {
		return
	}
	left := new(big.Rat).Sub(budget.value, spent.value)
	l.add(found{form: p.ID, where: spent.where, severity: Info, printed: spent.raw, derived: budget.raw, message: "order",
		params: []string{"left", p.amount(left)}, cells: []string{budget.where, now.where}})
}

// signature: the importer saw the field of the head's signature, and it is empty.
func signature(p *page, l *ledger) {
	if !p.Signature.Stated {
		return
	}
	if Read(p.Signature.Printed).Nature != Blank {
		l.agree()
		return
	}
	l.add(found{form: p.ID, where: "signature", severity: Info, message: "found"})
}
