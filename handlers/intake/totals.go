package intake

import (
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
)

// totals add up the rows above a sum: since the last one of any kind, and from
// the beginning.
type totals struct {
	all, part money.Amount
	unsure    bool // an amount above could not be read
}

func (t *totals) add(e *entry, unread bool) {
	all, err := t.all.Add(e.Amount)
	t.unsure = t.unsure || unread || err != nil
	t.all, t.part = all, t.part+e.Amount
}

var sumWords = []string{"合计", "小计", "总计", "共计", "累计", "本页合计", "本月合计", "本月小计", "total", "subtotal", "grandtotal", "sum"}

// isSum tells a row that adds up others: a cell says so, and no line, date or
// serial number is named.
func (r *rowReader) isSum(l line) bool {
	said := false
	for _, c := range l.cells {
		word := canonical(c.text)
		for _, sum := range sumWords {
			said = said || word == sum
		}
	}
	if !said {
		return false
	}
	for _, k := range []key{keyDate, keyLine, keyDocument} {
		word := canonical(l.cell(r.at[k]).text)
		named := word != "" && !isBlank(word)
		for _, sum := range sumWords {
			named = named && word != sum
		}
		if named {
			return false
		}
	}
	return true
}

// checkSum compares a sum with the rows above. What a formula came to, or what
// cannot be read, is not compared; nor is a running total of earlier months.
func (r *rowReader) checkSum(l line) {
	part := r.sums.part
	r.sums.part = 0
	c := l.cell(r.at[keyAmount])
	if r.sums.unsure || c.kind == formula || isBlank(c.text) || isRunning(l) {
		return
	}
	stated, refusal := amountOf(c, r.unit, r.name(keyAmount))
	if refusal != nil || stated == part || stated == r.sums.all {
		return
	}
	r.notes = append(r.notes, Note{Row: l.number, Problem: Problem{Column: r.name(keyAmount), Value: c.text,
		Refusal: events.Refuse(CodeCheckWarning, ReasonTotalDiffers, "", "value", stated.String(), "sum", r.sums.all.String())}})
}

func isRunning(l line) bool {
	for _, c := range l.cells {
		if canonical(c.text) == "累计" {
			return true
		}
	}
	return false
}

// isExample tells the example row of a template, which says of itself that it is
// not read.
func (r *rowReader) isExample(l line) bool {
	memo := strings.TrimSpace(l.cell(r.at[keyMemo]).text)
	for _, tag := range language.Tags() {
		if memo != "" && memo == language.In(tag).Text(exampleText) {
			return true
		}
	}
	return false
}
