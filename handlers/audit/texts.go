package audit

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// textNumber: a number that the goal's text and an indicator both state is the
// same. The two are tied together by the target: where the expected goal states
// an indicator's target, the actual goal, in the same words, states its actual
// value.
func textNumber(p *page, l *ledger) {
	expected, actual := facts(p.Goal.Expected.Printed), facts(p.Goal.Actual.Printed)
	for _, goal := range expected {
		row, tied := p.tiedTo(goal)
		if !tied {
			continue
		}
		said, told := sameWords(goal, actual)
		if !told || row.actual.Nature != Number || row.actual.About || said.About {
			continue
		}
		value, comparable := said.inUnit(row.actual.Unit)
		if !comparable || said.Unit != goal.Unit {
			continue
		}
		if value.Cmp(row.actual.Value) == 0 || slices.ContainsFunc(actual, row.states) {
			l.agree()
			continue
		}
		f := found{form: p.ID, where: row.cell("actual"), severity: Wrong, printed: row.Actual.Printed, derived: said.Text, message: "differs",
			params: []string{"name", row.name(), "words", tail(wordsBefore(said), shownWords)}, cells: []string{"goal.actual"}}
		if factor, ten := powerOfTen(value, row.actual.Value); ten {
			f.message = "factor"
			f.params = append(f.params, "factor", factor)
		}
		l.add(f)
	}
}

const shownWords = 12

// states says that a fact is the row's actual value.
func (i *item) states(f fact) bool {
	value, comparable := f.inUnit(i.actual.Unit)
	return comparable && i.actual.Value != nil && value.Cmp(i.actual.Value) == 0
}

// tiedTo is the one indicator whose target the text states.
func (p *page) tiedTo(goal fact) (*item, bool) {
	var only *item
	count := 0
	for _, row := range p.items {
		if row.target.Nature != Number || row.target.Unit == "" {
			continue
		}
		value, comparable := goal.inUnit(row.target.Unit)
		if comparable && value.Cmp(row.target.Value) == 0 {
			only, count = row, count+1
		}
	}
	return only, count == 1
}

// sameWordsRunes is how many characters before two numbers must be the same for
// them to state one fact.
const sameWordsRunes = 4

// sameWords is the one fact that the same words introduce.
func sameWords(goal fact, actual []fact) (fact, bool) {
	var only fact
	count := 0
	for _, f := range actual {
		if sharedEnd(wordsBefore(goal), wordsBefore(f)) >= sameWordsRunes {
			only, count = f, count+1
		}
	}
	return only, count == 1
}

var beforeNumber = regexp.MustCompile(`(?:不低于|不少于|不小于|不超过|达到了?|超过|至少|达|共|累计|为|了|约|近|≥|≤|>|<|\s)+$`)

// wordsBefore is what stands before a number, without operators.
func wordsBefore(f fact) string { return beforeNumber.ReplaceAllString(f.before, "") }

func sharedEnd(a, b string) int {
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[len(x)-1-n] == y[len(y)-1-n] {
		n++
	}
	return n
}

func tail(text string, n int) string {
	runes := []rune(text)
	return string(runes[max(0, len(runes)-n):])
}

// powerOfTen says that one value is 10, 100, 1000 or 10000 times the other.
func powerOfTen(a, b *big.Rat) (string, bool) {
	if a.Sign() <= 0 || b.Sign() <= 0 {
		return "", false
	}
	ratio := new(big.Rat).Quo(a, b)
	if ratio.Cmp(one) < 0 {
		ratio.Inv(ratio)
	}
	for _, factor := range []string{"10", "100", "1000", "10000"} {
		if ratio.RatString() == factor {
			return factor, true
		}
	}
	return "", false
}

// crossFact: the same fact has one value wherever it stands.
func crossFact(b *book, l *ledger) {
	for _, p := range b.pages {
		rowAgainstText(p, l)
		rowAgainstRow(p, l)
	}
	for _, of := range b.families() {
		projectAgainstDepartment(of, l)
	}
	staffAgainstRows(b, l)
	narrativeAgainstForms(b, l)
}

// rowAgainstText holds an indicator against the clause of the goal's text that
// is about the same thing.
func rowAgainstText(p *page, l *ledger) {
	sides := []struct {
		name string
		text []fact
		cell func(*item) Cell
	}{
		{"expected", facts(p.Goal.Expected.Printed), func(i *item) Cell { return i.target }},
		{"actual", facts(p.Goal.Actual.Printed), func(i *item) Cell { return i.actual }},
	}
	for _, side := range sides {
		if len(side.text) == 0 {
			continue
		}
		for _, row := range p.items {
			said, about := aboutSame(row, side.cell(row), side.text)
			if !about {
				continue
			}
			cell := side.cell(row)
			value, _ := said.inUnit(cell.Unit)
			if value.Cmp(cell.Value) == 0 {
				l.agree()
				continue
			}
			place := map[string]string{"expected": "target", "actual": "actual"}[side.name]
			l.add(found{form: p.ID, where: row.cell(place), severity: Conflict, printed: cell.Text, derived: said.Text, message: "text",
				params: []string{"name", row.name(), "words", tail(said.before, shownWords) + said.Text + head(said.after, shownWords)}, cells: []string{"goal." + side.name}})
		}
	}
}

func head(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), n)])
}

// How much of an indicator's name a clause must share to be about the same
// thing: 70 % of its pairs of characters, and at least four.
const (
	sharedPairs      = 4
	sharedPercentage = 70
)

// ofPart are words of a clause that is about a part, or about each.
var ofPart = regexp.MustCompile(`其中|每|各|平均|分别`)

// aboutSame is the one fact of a text that is about an indicator and has the
// unit of its cell. A fact that states the cell's value anywhere in the text is
// preferred; a clause about a part is not about the whole.
func aboutSame(row *item, cell Cell, text []fact) (fact, bool) {
	if cell.Nature != Number || cell.Unit == "" || cell.About || kindOf(cell.Unit) != "count" {
		return fact{}, false
	}
	var candidates []fact
	for _, f := range text {
		if f.Unit != cell.Unit || f.About {
			continue
		}
		if f.Value.Cmp(cell.Value) == 0 {
			return f, true
		}
		if words := f.before + f.after; !ofPart.MatchString(words) && shares(row.name(), words) {
			candidates = append(candidates, f)
		}
	}
	if len(candidates) != 1 {
		return fact{}, false
	}
	return candidates[0], true
}

var nameEnding = regexp.MustCompile(`(?:达到数|人次数|次数|人数|个数|户数|家数|场次|篇数|活动|情况|数量|人次|数|率)+$`)

func shares(name, words string) bool {
	name = nameEnding.ReplaceAllString(name, "")
	common := commonPairs(name, words)
	return common >= sharedPairs && common*100 >= sharedPercentage*len(pairs(name))
}

// commonPairs counts the pairs of characters that two texts share.
func commonPairs(a, b string) int {
	have, common := pairs(b), 0
	for pair := range pairs(a) {
		if have[pair] {
			common++
		}
	}
	return common
}

// pairs are the pairs of neighbouring characters of a text.
func pairs(text string) map[[2]rune]bool {
	all := make(map[[2]rune]bool)
	var previous rune
	for _, r := range text {
		if !unicode.Is(unicode.Han, r) && !unicode.IsLetter(r) {
			continue
		}
		if previous != 0 {
			all[[2]rune{previous, r}] = true
		}
		previous = r
	}
	return all
}

// rowAgainstRow: two rows of a form under one heading with one name and one
// target have one actual value.
func rowAgainstRow(p *page, l *ledger) {
	type key struct{ level2, name, target string }
	first := make(map[key]*item)
	for _, row := range p.items {
		at := key{row.Level2.Printed, row.name(), row.target.Text}
		before, seen := first[at]
		if !seen {
			first[at] = row
		}
		if !seen || row.target.Nature != Number || row.actual.Nature != Number || before.actual.Nature != Number || len([]rune(row.name())) < longName {
			continue
		}
		value, comparable := row.actual.inUnit(before.actual.Unit)
		if !comparable || value.Cmp(before.actual.Value) == 0 {
			l.agree()
			continue
		}
		l.add(found{form: p.ID, where: row.cell("actual"), severity: Conflict, printed: row.Actual.Printed, derived: before.Actual.Printed, message: "row",
			params: []string{"name", row.name(), "other", before.where}, cells: []string{before.cell("actual")}})
	}
}

// longName is how many characters a name must have to mean one fact in two
// forms.
const longName = 8

// projectAgainstDepartment: a project's count is not above the department's
// count of the same name.
func projectAgainstDepartment(of family, l *ledger) {
	counts := make(map[string]*item)
	for _, row := range of.department.items {
		if row.actual.Nature == Number && kindOf(row.actual.Unit) == "count" && len([]rune(row.name())) >= longName {
			counts[row.name()] = row
		}
	}
	for _, p := range of.projects {
		for _, row := range p.items {
			whole, known := counts[row.name()]
			if !known || row.actual.Nature != Number || row.actual.Unit != whole.actual.Unit {
				continue
			}
			if row.actual.Value.Cmp(whole.actual.Value) <= 0 {
				l.agree()
				continue
			}
			l.add(found{form: p.ID, where: row.cell("actual"), severity: Conflict, printed: row.Actual.Printed, derived: whole.Actual.Printed, message: "whole",
				params: []string{"name", row.name()}, cells: []string{of.department.ID + ":" + whole.cell("actual")}})
		}
	}
}

// staffAgainstRows: an indicator that counts the staff in post (在编, 在岗)
// counts no more than the text does.
func staffAgainstRows(b *book, l *ledger) {
	text, stated := b.narrative.Of("staff.actual")
	staff := Read(text)
	if !stated || staff.Nature != Number {
		return
	}
	for _, p := range b.pages {
		for _, row := range p.items {
			a := row.actual
			if a.Nature != Number || a.Unit != "人" || !strings.Contains(row.name()+row.target.Text, "在编") && !strings.Contains(row.name()+row.target.Text, "在岗") {
				continue
			}
			if a.Value.Cmp(staff.Value) <= 0 {
				l.agree()
				continue
			}
			l.add(found{form: p.ID, where: row.cell("actual"), severity: Conflict, printed: row.Actual.Printed, derived: text, message: "staff",
				params: []string{"name", row.name()}, cells: []string{":narrative.staff.actual"}})
		}
	}
}

// claims are words that compare without saying with what.
var claims = regexp.MustCompile(`(?:较|比)(?:上年|去年|往年|年初)(?:度)?(?:有所|大幅|明显|显著|略有|持续)?(?:减少|下降|降低|增长|增加|提高|提升)|同比(?:有所|大幅|明显|显著|略有|持续)?(?:减少|下降|降低|增长|增加|提高|提升)`)

// claimWithoutNumber: a comparison with another year states a number.
func claimWithoutNumber(b *book, l *ledger) {
	check := func(form, where, text string) {
		if !strings.ContainsAny(text, "比较") {
			return
		}
		for _, sentence := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("。；;！？\n", r) }) {
			claim := claims.FindString(sentence)
			if claim == "" {
				continue
			}
			if strings.ContainsAny(foldDigits(sentence), "0123456789") {
				l.agree()
				continue
			}
			l.add(found{form: form, where: where, severity: Info, printed: claim, message: "found"})
		}
	}
	for _, p := range b.pages {
		check(p.ID, "goal.actual", p.Goal.Actual.Printed)
		for _, row := range p.items {
			check(p.ID, row.cell("actual"), row.Actual.Printed)
		}
	}
	for _, statement := range b.narrative {
		check("", "narrative."+statement.Path, statement.Text)
	}
}
