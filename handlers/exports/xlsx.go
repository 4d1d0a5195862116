package exports

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/width"

	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections/forms"
)

// XLSX writes a workbook: a worksheet a form, one that lists where every
// computed cell comes from, and, where budgets were changed, one with the
// changes. Numbers are numbers under a format that shows exactly what the form
// prints; the rest is text, and marked as text where it begins like a formula.
// Error: *GridError, [ErrNoSheets], or what w returns.
func XLSX(w io.Writer, sheets []Sheet, p language.Printer) error {
	all, err := layAll(sheets)
	if err != nil {
		return err
	}
	b := &workbook{File: excelize.NewFile(), looks: map[look]int{}, words: wordsIn(p.Tag())}
	defer b.Close() // it holds no file of ours; what it wrote, w has
	b.do(b.SetDefaultFont(bodyFont))
	tabs := newNames(maxTabName, b.words.Provenance, b.words.Changes, "History", firstTab)
	for _, l := range all {
		b.tabs = append(b.tabs, tabs.take(l.Title))
	}
	b.do(b.SetSheetName(firstTab, b.words.Provenance))
	b.provenance(all)
	b.changes(all, p)
	lists := b.SheetCount
	for i, l := range all {
		b.form(l, b.tabs[i])
	}
	b.arrange(lists)
	b.do(b.SetDocProps(&excelize.DocProperties{
		Creator: producer, Title: clean(all[0].Grid.Title),
		Created: epoch.Format(timestamp), Modified: epoch.Format(timestamp),
	}))
	if b.err != nil {
		return fmt.Errorf("write the workbook: %w", b.err)
	}
	return b.Write(w)
}

const (
	firstTab  = "Sheet1" // what a new workbook calls its first worksheet
	producer  = "Outturn"
	timestamp = "2006-01-02T15:04:05Z"
	bodyFont  = "宋体"
	titleFont = "黑体"
)

// workbook is a workbook being written. The first error stays; what follows it
// does nothing that matters.
type workbook struct {
	*excelize.File
	looks    map[look]int
	tabs     []string // of the forms, in their order
	repeated []excelize.DefinedName
	words    words
	err      error
}

func (b *workbook) do(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Sizes on paper: sheetWidth is A4 upright less its margins, in widths of a
// digit; heights are in points.
const (
	sheetWidth  = 96
	lineHeight  = 13.5
	rowPadding  = 6
	maxHeight   = 409
	titleHeight = 36
	a4          = 9
)

// form writes one form on a worksheet of its own.
func (b *workbook) form(l laid, tab string) {
	_, err := b.NewSheet(tab)
	b.do(err)
	widths := l.fitted(sheetWidth, 1, 2)
	for i, width := range widths {
		b.do(b.SetColWidth(tab, column(i), column(i), float64(width)))
	}
	b.line(tab, 1, l.columns(), clean(l.Grid.Title), look{kind: lookTitle})
	b.do(b.SetRowHeight(tab, 1, titleHeight))
	for _, cell := range l.cells {
		b.cell(tab, cell)
	}
	for row, height := range heights(l, widths) {
		b.do(b.SetRowHeight(tab, firstRow+row, height))
	}
	for i, note := range l.Grid.Notes {
		row := firstRow + len(l.at) + i
		b.line(tab, row, l.columns(), clean(note), look{kind: lookNote})
		b.do(b.SetRowHeight(tab, row, height(clean(note), sheetWidth)))
	}
	b.paper(tab, "portrait", 1+l.headRows())
}

// firstRow is where a form's table begins; above it stands the title.
const firstRow = 2

// line writes a text over the whole width.
func (b *workbook) line(tab string, row, cols int, text string, as look) {
	b.text(tab, 0, row, text)
	b.look(tab, 0, row, cols, 1, as.marked(text))
}

func (b *workbook) cell(tab string, cell placed) {
	as := look{kind: kindOf(cell.Role)}
	row := firstRow + cell.row
	if format, ok := numberFormat(cell.Number, cell.Text); ok {
		as.format = format
		b.do(b.SetCellDefault(tab, address(cell.col, row), cell.Number))
	} else if cell.Text != "" {
		as = as.marked(cell.Text)
		b.text(tab, cell.col, row, cell.Text)
	}
	b.look(tab, cell.col, row, cell.Cols, cell.Rows, as)
}

// text writes a string, which is never a formula.
func (b *workbook) text(tab string, col, row int, text string) {
	if escaped := escapeUnderscores(text); escaped != text {
		// Inline: the table of shared strings takes two such texts for one.
		b.do(b.SetCellDefault(tab, address(col, row), escaped))
		return
	}
	b.do(b.SetCellStr(tab, address(col, row), text))
}

// escapeUnderscores writes a text that looks like an escape of SpreadsheetML as
// that text: _x0041_ would be read as A (ECMA-376 part 1, 22.9.2.19). Escapes
// may overlap, so each underscore is looked at by itself.
func escapeUnderscores(text string) string {
	if !escape.MatchString(text) {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		if text[i] == '_' && i+escapeLength <= len(text) && escape.MatchString(text[i:i+escapeLength]) {
			b.WriteString("_x005F")
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

const escapeLength = len("_x0041_")

var escape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// look gives places their style, and merges them if they are several.
func (b *workbook) look(tab string, col, row, cols, rows int, as look) {
	from, to := address(col, row), address(col+cols-1, row+rows-1)
	b.do(b.SetCellStyle(tab, from, to, b.style(as)))
	if from != to {
		b.do(b.MergeCell(tab, from, to))
	}
}

// paper sets a worksheet up for A4, as wide as the page; the first rows stand
// again on each page.
func (b *workbook) paper(tab, orientation string, repeated int) {
	size, wide, high, fit, centred := a4, 1, 0, true, true
	side, end := 0.6, 0.7
	b.do(b.SetSheetProps(tab, &excelize.SheetPropsOptions{FitToPage: &fit}))
	b.do(b.SetPageLayout(tab, &excelize.PageLayoutOptions{
		Size: &size, Orientation: &orientation, FitToWidth: &wide, FitToHeight: &high,
	}))
	b.do(b.SetPageMargins(tab, &excelize.PageLayoutMarginsOptions{
		Left: &side, Right: &side, Top: &end, Bottom: &end, Horizontally: &centred,
	}))
	b.do(b.SetHeaderFooter(tab, &excelize.HeaderFooterOptions{OddFooter: "&C&P / &N"}))
	b.repeated = append(b.repeated, excelize.DefinedName{
		Name: "_xlnm.Print_Titles", Scope: tab,
		RefersTo: fmt.Sprintf("'%s'!$1:$%d", strings.ReplaceAll(tab, "'", "''"), repeated),
	})
}

// arrange puts the lists, which were written first, behind the forms: excelize
// looks for a worksheet among all that there are at every cell, and the lists
// have the most cells. Names with a scope go by position, so they come last.
func (b *workbook) arrange(lists int) {
	sheets := b.WorkBook.Sheets.Sheet
	b.WorkBook.Sheets.Sheet = slices.Concat(sheets[lists:], sheets[:lists])
	b.SetActiveSheet(0)
	for _, name := range b.repeated {
		b.do(b.SetDefinedName(&name))
	}
}

// heights are those of the rows of the table, in points: spreadsheets do not fit
// rows to merged cells. What a cell over several rows needs beyond them, the
// last of them gets.
func heights(l laid, widths []int) []float64 {
	all := make([]float64, len(l.at))
	for row := range all {
		all[row] = lineHeight + rowPadding
	}
	for _, tall := range []bool{false, true} {
		for _, cell := range l.cells {
			if (cell.Rows > 1) != tall {
				continue
			}
			needs := height(cell.Text, total(widths[cell.col:cell.col+cell.Cols]))
			for _, has := range all[cell.row : cell.row+cell.Rows-1] {
				needs -= has
			}
			last := &all[cell.row+cell.Rows-1]
			*last = min(max(*last, needs), maxHeight)
		}
	}
	return all
}

// height is what a text needs in a column of that width, in points.
func height(text string, columnWidth int) float64 {
	lines := 0
	for line := range strings.SplitSeq(text, "\n") {
		lines += 1 + (printedWidth(line)-1)/max(columnWidth-1, 2)
	}
	return min(float64(lines)*lineHeight+rowPadding, maxHeight)
}

// printedWidth is a text's width in digits: an East Asian character takes two,
// and so does what such a font draws as wide.
func printedWidth(text string) int {
	sum := 0
	for _, r := range text {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
			sum += 2
		default:
			sum++
		}
	}
	return sum
}

func column(i int) string {
	name, err := excelize.ColumnNumberToName(i + 1)
	if err != nil {
		panic(err) // MaxColumns keeps it from happening
	}
	return name
}

func address(col, row int) string { return fmt.Sprintf("%s%d", column(col), row) }

// look is what a cell looks like.
type look struct {
	kind   lookKind
	format string
}

type lookKind int

const (
	lookText lookKind = iota
	lookLabel
	lookNumber
	lookTotal
	lookTitle
	lookNote
)

func kindOf(role forms.Role) lookKind {
	switch role {
	case forms.RoleLabel:
		return lookLabel
	case forms.RoleNumber:
		return lookNumber
	case forms.RoleTotal:
		return lookTotal
	}
	return lookText
}

// asText is the format under which a spreadsheet keeps what is edited a text.
const asText = "@"

// marked adds the format of text where the text begins like a formula.
func (a look) marked(text string) look {
	if isFormulaLike(text) {
		a.format = asText
	}
	return a
}

// style registers the look once.
func (b *workbook) style(as look) int {
	if id, ok := b.looks[as]; ok {
		return id
	}
	style := excelize.Style{
		Font:      &excelize.Font{Family: bodyFont, Size: 10, Bold: as.kind == lookTotal},
		Alignment: &excelize.Alignment{Vertical: "center", WrapText: true},
	}
	switch as.kind {
	case lookLabel:
		style.Alignment.Horizontal = "center"
	case lookNumber, lookTotal:
		style.Alignment.Horizontal = "right"
	case lookTitle:
		style.Alignment.Horizontal = "center"
		style.Font = &excelize.Font{Family: titleFont, Size: 16}
	default:
		style.Alignment.Horizontal = "left"
	}
	if as.kind != lookTitle && as.kind != lookNote {
		for _, side := range []string{"left", "right", "top", "bottom"} {
			style.Border = append(style.Border, excelize.Border{Type: side, Color: "000000", Style: 1})
		}
	}
	if as.format != "" {
		style.CustomNumFmt = &as.format
	}
	id, err := b.NewStyle(&style)
	b.do(err)
	b.looks[as] = id
	return id
}
