package exports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Widths of the columns of the two lists, in digits.
var (
	provenanceWidths = []int{26, 7, 28, 22, 26, 9, 11, 56, 10}
	changesWidths    = []int{26, 10, 26, 16, 18, 12, 24, 60}
)

// provenance writes the worksheet that lists every cell that was computed or
// that events state: where it stands, what is printed, what it is exactly, and
// what it is made of.
func (b *workbook) provenance(all []laid) {
	tab := b.list(b.words.Provenance, b.words.ProvenanceHead, provenanceWidths)
	row := 1
	for i, l := range all {
		places := l.places()
		for _, name := range cellNames(l) {
			row++
			cell := l.Form.Cells[name]
			digits := strconv.Itoa(cell.Digits)
			if cell.Rounding == "" {
				digits = "" // words are not rounded
			}
			b.entries(tab, row, provenanceWidths, []string{
				b.tabs[i], places[name], name, clean(cell.Printed), fraction(cell), digits, string(cell.Rounding),
				b.madeOf(cell), strconv.FormatUint(l.Form.Sequence, 10),
			}, 3, 5, 8)
		}
	}
}

// changes writes the worksheet of what led from the initial to the full-year
// budgets, if anything did.
func (b *workbook) changes(all []laid, p language.Printer) {
	if !slices.ContainsFunc(all, func(l laid) bool { return len(l.Form.Changes) > 0 }) {
		return
	}
	tab := b.list(b.words.Changes, b.words.ChangesHead, changesWidths)
	row := 1
	for i, l := range all {
		for _, change := range l.Form.Changes {
			row++
			b.entries(tab, row, changesWidths, []string{
				b.tabs[i], strconv.FormatUint(change.Sequence, 10), string(change.Line), measure(change.Measure, p),
				change.Amount.String(), change.Date.String(), clean(string(change.Document)), clean(string(change.Reason)),
			}, 1, 4)
		}
	}
}

func measure(name string, p language.Printer) string {
	if m, ok := budget.ParseMeasure(name); ok {
		return p.Measure(m)
	}
	return name
}

// list begins a worksheet that is a list under a head.
func (b *workbook) list(tab string, head []string, widths []int) string {
	_, err := b.NewSheet(tab) // which leaves one that is there as it is
	b.do(err)
	for i, title := range head {
		b.do(b.SetColWidth(tab, column(i), column(i), float64(widths[i])))
		b.entry(tab, i, 1, title, lookLabel)
	}
	b.do(b.SetPanes(tab, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	b.paper(tab, "landscape", 1)
	return tab
}

// entries write a row of a list; numbers names the columns that hold numbers
// where what is printed is one.
func (b *workbook) entries(tab string, row int, widths []int, texts []string, numbers ...int) {
	tallest := 0.0
	for col, text := range texts {
		if slices.Contains(numbers, col) {
			b.number(tab, col, row, text)
		} else {
			b.entry(tab, col, row, text, lookText)
		}
		tallest = max(tallest, height(text, widths[col]))
	}
	b.do(b.SetRowHeight(tab, row, tallest))
}

// entry writes a text of a list.
func (b *workbook) entry(tab string, col, row int, text string, kind lookKind) {
	b.text(tab, col, row, text)
	b.look(tab, col, row, 1, 1, look{kind: kind}.marked(text))
}

// number writes a number of a list as it is printed; what is none, such as
// 不适用, as a text.
func (b *workbook) number(tab string, col, row int, printed string) {
	literal := strings.TrimSuffix(printed, "%")
	format, ok := numberFormat(literal, printed)
	if !ok {
		b.entry(tab, col, row, printed, lookText)
		return
	}
	b.do(b.SetCellDefault(tab, address(col, row), literal))
	b.look(tab, col, row, 1, 1, look{lookNumber, format})
}

// cellNames are the names of a form's computed cells: those that the grid shows
// in reading order, then the others by name.
func cellNames(l laid) []string {
	order := map[string]int{}
	for i, cell := range l.cells {
		if _, seen := order[cell.Name]; !seen {
			order[cell.Name] = i
		}
	}
	for name := range l.Form.Cells {
		if _, shown := order[name]; !shown {
			order[name] = len(l.cells)
		}
	}
	return slices.SortedFunc(maps.Keys(l.Form.Cells), func(a, b string) int {
		return cmp.Or(cmp.Compare(order[a], order[b]), cmp.Compare(a, b))
	})
}

// places are the addresses at which the worksheet shows the named cells.
func (l laid) places() map[string]string {
	all := map[string]string{}
	for _, cell := range l.cells {
		if _, seen := all[cell.Name]; !seen {
			all[cell.Name] = address(cell.col, firstRow+cell.row)
		}
	}
	return all
}

// fraction is the value before rounding.
func fraction(cell forms.Cell) string {
	if cell.Fraction == "" && cell.Exact != nil {
		return cell.Exact.RatString()
	}
	return cell.Fraction
}

// madeOf says what a cell is made of: the measures and the filter of its
// postings, the sequences of its events, the cells that it adds up.
func (b *workbook) madeOf(cell forms.Cell) string {
	var parts []string
	if len(cell.Measures) > 0 {
		measures := make([]string, len(cell.Measures))
		for i, m := range cell.Measures {
			measures[i] = m.String()
		}
		parts = append(parts, fmt.Sprintf("%s: %s (%s)", b.words.Postings, strings.Join(measures, ", "), filter(cell.Query)))
	}
	if len(cell.Events) > 0 {
		sequences := make([]string, len(cell.Events))
		for i, sequence := range cell.Events {
			sequences[i] = fmt.Sprintf("#%d", sequence)
		}
		parts = append(parts, b.words.Events+": "+strings.Join(sequences, ", "))
	}
	if len(cell.Of) > 0 {
		parts = append(parts, b.words.Cells+": "+strings.Join(cell.Of, ", "))
	}
	if parts == nil {
		return b.words.Nothing
	}
	return strings.Join(parts, "; ")
}

// filter writes a query as the API's parameters do.
func filter(q projections.Query) string {
	parts := []string{"year=" + strconv.Itoa(int(q.Year))}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	add("unit", string(q.Unit))
	add("project", string(q.Project))
	add("line", string(q.Line))
	add("fund", string(q.Fund))
	add("kind", string(q.Kind))
	if !q.AsOf.Date.IsZero() {
		add("as_of", q.AsOf.Date.String())
	}
	if !q.AsOf.KnownAt.IsZero() {
		add("known_at", q.AsOf.KnownAt.UTC().Format(timestamp))
	}
	return strings.Join(parts, "&")
}
