package audit

import (
	"math/big"
	"slices"
	"strings"

	"github.com/outturn/outturn/events/money"
)

// The endings of narrative keys that say which cell a figure means.
var meanings = []struct {
	ending string
	cell   func(*page) figure
}{
	{"initial", func(p *page) figure { return p.sum(initial) }},
	{"full_year", func(p *page) figure { return p.sum(fullYear) }},
	{"executed", func(p *page) figure { return p.sum(executed) }},
	{"issued", func(p *page) figure { return p.sum(executed) }},
	{"paid", func(p *page) figure { return p.sum(executed) }},
	{"carryover", func(p *page) figure { return p.part(rowCarryover, fullYear) }},
}

// subject is what the text says of one project or one group of projects.
type subject struct {
	name  string
	says  []said
	forms []*page // the forms that it means; none if that is not known
}

// said is one figure of a subject.
type said struct {
	Statement
	meaning int // index in meanings
	value   Cell
}

// subjectsOf groups the narrative's figures by what stands before their ending:
// radio_initial and radio_paid are two figures of radio.
func (b *book) subjectsOf() []*subject {
	var all []*subject
	byName := make(map[string]*subject)
	for _, statement := range b.narrative {
		for i, meaning := range meanings {
			name, fits := strings.CutSuffix(statement.Path, meaning.ending)
			name = strings.TrimRight(name, "_.")
			value := Read(statement.Text)
			if !fits || name == "" || value.Nature != Number || value.About || strings.HasPrefix(statement.Path, "forms.") {
				continue
			}
			s := byName[name]
			if s == nil {
				s = &subject{name: name}
				byName[name] = s
				all = append(all, s)
			}
			s.says = append(s.says, said{statement, i, value})
			break
		}
	}
	for _, s := range all {
		b.identify(s)
	}
	return all
}

// identify finds the forms of a subject: as declared, else by a name that is a
// project's, else by two of its figures that one form alone states.
func (b *book) identify(s *subject) {
	names := slices.Clone(b.subjects[s.name])
	for _, statement := range b.narrative {
		if statement.Path == "forms."+s.name || strings.HasPrefix(statement.Path, "forms."+s.name+".") {
			names = append(names, statement.Text)
		}
	}
	for _, p := range b.pages {
		if slices.Contains(names, p.ID) || p.Project.Printed != "" && slices.Contains(names, p.Project.Printed) {
			s.forms = append(s.forms, p)
		}
	}
	if len(names) > 0 {
		return
	}
	const shortestName = 4
	for _, p := range b.pages {
		project := tidy(p.Project.Printed)
		if len([]rune(s.name)) >= shortestName && project != "" && (project == s.name || strings.Contains(project, s.name)) {
			s.forms = append(s.forms, p)
		}
	}
	if len(s.forms) > 1 {
		s.forms = nil
	}
	if len(s.forms) == 0 {
		b.recognise(s)
	}
}

// recognise finds the one project form that states at least two of a subject's
// figures, in the cells that they mean, each with three digits or more.
func (b *book) recognise(s *subject) {
	var only *page
	for _, p := range b.pages {
		matches := 0
		for _, figure := range s.says {
			cell := meanings[figure.meaning].cell(p)
			if cell.printed() && telling(figure.value) && cell.value.Cmp(figure.value.Value) == 0 {
				matches++
			}
		}
		if matches < 2 || p.Kind != Project {
			continue
		}
		if only != nil {
			return
		}
		only = p
	}
	if only != nil {
		s.forms = []*page{only}
	}
}

// telling says that a number has enough digits to be no coincidence.
func telling(c Cell) bool {
	digits := strings.Trim(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, c.Text), "0")
	return len(digits) >= 3
}

// against adds a cell over the forms of a subject and says whether the figure
// agrees, in the unit of the first form.
func (s *subject) against(figure said) (sum *big.Rat, cells []string, known bool) {
	sum = new(big.Rat)
	first := s.forms[0]
	for _, p := range s.forms {
		cell := meanings[figure.meaning].cell(p)
		if !cell.printed() {
			return nil, nil, false
		}
		sum.Add(sum, first.fromYuan(p.yuan(cell.value)))
		cells = append(cells, p.ID+":"+cell.where)
	}
	return sum, cells, true
}

// narrativeInitial: the initial budget that the text states is the form's.
func narrativeInitial(b *book, l *ledger) {
	for _, s := range b.subjectsOf() {
		for _, figure := range s.says {
			if meanings[figure.meaning].ending == "initial" {
				s.hold(b, l, figure)
			}
		}
	}
}

// narrativeAgainstForms holds the text's other figures against the forms.
func narrativeAgainstForms(b *book, l *ledger) {
	for _, s := range b.subjectsOf() {
		for _, figure := range s.says {
			if meanings[figure.meaning].ending != "initial" {
				s.hold(b, l, figure)
			}
		}
	}
}

func (s *subject) hold(b *book, l *ledger, figure said) {
	if len(s.forms) == 0 {
		if meanings[figure.meaning].ending == "initial" {
			b.laterBudget(l, figure)
		}
		return
	}
	stated, _ := s.forms[0].ownUnit(figure.value)
	sum, cells, known := s.against(figure)
	if stated == nil || !known {
		return
	}
	if compare(sum, stated, figure.value.Digits) == rounded {
		l.agree()
		return
	}
	f := found{form: s.forms[0].ID, where: cells[0][strings.Index(cells[0], ":")+1:], severity: Conflict, printed: s.forms[0].amount(sum),
		derived: figure.Text, message: "narrative",
		params: []string{"key", figure.Path, "gap", s.forms[0].amount(distance(sum, stated))}, cells: append([]string{":narrative." + figure.Path}, cells...)}
	if len(s.forms) > 1 {
		f.form, f.where, f.message = "", "narrative."+figure.Path, "narratives"
		f.printed, f.derived = figure.Text, s.forms[0].amount(sum)
	}
	l.add(f)
}

// laterBudget: the text calls initial what one form alone states as its
// full-year budget, while no form states it as initial. Only numbers with at
// least four digits tell.
func (b *book) laterBudget(l *ledger, figure said) {
	if !telling(figure.value) || figure.value.Digits < 2 || len(strings.Trim(figure.value.Text, "0.")) < 5 {
		return
	}
	var only *page
	for _, p := range b.pages {
		before, budget := p.sum(initial), p.sum(fullYear)
		if before.printed() && before.value.Cmp(figure.value.Value) == 0 {
			return
		}
		if p.Kind != Project || !before.printed() || !budget.printed() || budget.value.Cmp(figure.value.Value) != 0 {
			continue
		}
		if only != nil {
			return
		}
		only = p
	}
	if only == nil {
		return
	}
	l.add(found{form: only.ID, where: "funds.initial", severity: Conflict, printed: only.sum(initial).raw, derived: figure.Text, message: "later",
		params: []string{"key", figure.Path}, cells: []string{":narrative." + figure.Path, "funds.full_year"}})
}

// share is a share of a total that the text prints.
type share struct {
	path    string
	part    *big.Rat
	printed Cell
	of      string // path of its total, if declared
}

// sharesOf finds the shares of the text: {"text": …, "share_printed": …}, or a
// key x with a key x_share_printed or x_share_of_total_printed beside it.
func (n Narrative) sharesOf() []share {
	var all []share
	for _, statement := range n {
		printed := Read(statement.Text)
		if printed.Nature != Number || printed.Unit != percent || printed.Digits > money.MaxDigits {
			continue
		}
		for _, ending := range []string{".share_printed", "_share_of_total_printed", "_share_printed"} {
			name, fits := strings.CutSuffix(statement.Path, ending)
			if !fits {
				continue
			}
			part, found := n.amountOf(name)
			if found {
				of, _ := n.Of(name + ".of")
				all = append(all, share{statement.Path, part, printed, of})
			}
			break
		}
	}
	return all
}

// amountOf is the amount of a subject: name.text, name, or the one key that
// begins with name_ and holds a plain amount.
func (n Narrative) amountOf(name string) (*big.Rat, bool) {
	for _, path := range []string{name + ".text", name + ".amount", name} {
		if text, stated := n.Of(path); stated {
			cell := Read(text)
			return cell.Value, cell.Nature == Number && cell.Unit != percent
		}
	}
	var only *big.Rat
	for _, statement := range n {
		if cell := Read(statement.Text); strings.HasPrefix(statement.Path, name+"_") && cell.Nature == Number && cell.Unit != percent {
			if only != nil {
				return nil, false
			}
			only = cell.Value
		}
	}
	return only, only != nil
}

// shareRound: a document rounds its shares in one way.
func shareRound(b *book, l *ledger) {
	shares := b.narrative.sharesOf()
	totals := b.totals(shares)
	bases := make([]*big.Rat, len(shares))
	cut, up := 0, 0
	for i, s := range shares {
		bases[i] = b.narrative.baseOf(s, totals)
		if bases[i] == nil {
			continue
		}
		exactly := s.exactly(bases[i])
		halfUp, truncatedTo := s.at(exactly, money.HalfUp), s.at(exactly, money.Truncate)
		switch {
		case halfUp == truncatedTo:
			l.agree()
		case compare(exactly, s.printed.Value, s.printed.Digits) == rounded:
			up++
			l.agree()
		default:
			cut++
		}
	}
	for i, s := range shares {
		if bases[i] != nil {
			s.judge(l, bases[i], cut, up)
		}
	}
	shareTotals(shares, bases, l)
}

func (s share) exactly(base *big.Rat) *big.Rat {
	return new(big.Rat).Mul(new(big.Rat).Quo(s.part, base), hundred)
}

func (s share) at(exactly *big.Rat, r money.Rounding) string {
	return money.Print(exactly, s.printed.Digits, r)
}

func (s share) judge(l *ledger, base *big.Rat, cut, up int) {
	exactly := s.exactly(base)
	how := compare(exactly, s.printed.Value, s.printed.Digits)
	if how == rounded {
		return
	}
	f := found{form: "", where: "narrative." + s.path, severity: Info, printed: s.printed.Text, derived: s.at(exactly, money.HalfUp) + percent, message: "truncated",
		params: []string{"part", short(s.part, money.MaxDigits), "base", short(base, money.MaxDigits), "exact", money.Print(exactly, 4, money.Truncate)}}
	switch {
	case how == differs:
		f.severity, f.message = Wrong, "differs"
	case up > 0 && cut > 0 && how == truncated:
		f.severity, f.message = Wrong, "mixed"
	}
	l.add(f)
}

// baseOf finds what a share is a share of: the declared total, or the total of
// the text or of a department's form that explains most shares, this one among
// them, by rounding or cutting.
func (n Narrative) baseOf(s share, totals []total) *big.Rat {
	if s.of != "" {
		if base, found := n.amountOf(s.of); found && base.Sign() > 0 {
			return base
		}
		return nil
	}
	best := total{}
	for _, t := range totals {
		if t.explained > best.explained && t.amount.Cmp(s.part) != 0 && s.explainedBy(t.amount) {
			best = t
		}
	}
	return best.amount
}

func (s share) explainedBy(base *big.Rat) bool {
	return compare(s.exactly(base), s.printed.Value, s.printed.Digits) != differs
}

// total is an amount that shares may be shares of, and how many it explains.
type total struct {
	amount    *big.Rat
	explained int
}

// maxTotals is how many amounts are tried as totals of shares.
const maxTotals = 200

// totals lists the amounts that a share may be a share of.
func (b *book) totals(shares []share) []total {
	var all []total
	try := func(amount *big.Rat) {
		if len(all) == maxTotals || amount.Sign() <= 0 {
			return
		}
		t := total{amount: amount}
		for _, s := range shares {
			if s.explainedBy(amount) {
				t.explained++
			}
		}
		all = append(all, t)
	}
	if len(shares) == 0 {
		return nil
	}
	for _, statement := range b.narrative {
		if cell := Read(statement.Text); cell.Nature == Number && cell.Unit != percent && !strings.Contains(statement.Path, ".") {
			try(cell.Value)
		}
	}
	for _, p := range b.pages {
		if p.Kind == Department {
			for _, f := range append([]figure{p.sum(executed), p.sum(fullYear)}, p.spending...) {
				try(f.orZero())
			}
		}
	}
	return all
}

// shareTotals: shares of parts that make up their total add up to 100 %.
func shareTotals(shares []share, bases []*big.Rat, l *ledger) {
	sum, printed := new(big.Rat), new(big.Rat)
	start := 0
	for i, s := range shares {
		if bases[i] == nil || i > start && bases[i].Cmp(bases[i-1]) != 0 {
			sum, printed, start = new(big.Rat), new(big.Rat), i
		}
		if bases[i] == nil {
			start = i + 1
			continue
		}
		sum.Add(sum, s.part)
		printed.Add(printed, s.printed.Value)
		if sum.Cmp(bases[i]) != 0 || i == start {
			continue
		}
		if printed.Cmp(hundred) == 0 {
			l.agree()
		} else {
			l.add(found{where: "narrative." + shares[start].path, severity: Info, printed: short(printed, money.MaxDigits) + percent, derived: "100" + percent, message: "sum"})
		}
		sum, printed, start = new(big.Rat), new(big.Rat), i+1
	}
}
