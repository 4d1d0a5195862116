package intake

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/language"
)

// Write writes the rows that were not recorded, as a file to be mended and sent
// again: the file's own columns, then what is wrong and how to mend it. The
// latter are not read on the way back in.
func (r Report) Write(w io.Writer, format string, in language.Printer) error {
	headers := slices.Clone(r.Headers)
	if _, unit, _ := header(headers[r.amount]); unit == "" {
		headers[r.amount] += unitIn(r.unit, in)
	}
	own := len(headers)
	headers = append(headers, mark+in.Text("intake.problem"), mark+in.Text("intake.why"), mark+in.Text("intake.fix"))
	table, err := newTableWriter(w, format, in.Text("intake.report"), headers)
	if err != nil {
		return err
	}
	for _, row := range r.Rows {
		switch row.Status {
		case commands.Accepted, commands.Duplicate, commands.Proposed:
			continue
		}
		record, bad := make([]string, own), make([]bool, len(headers))
		copy(record, row.Cells)
		for _, p := range row.Problems {
			if at := slices.Index(r.Headers, p.Column); at >= 0 {
				bad[at] = true
			}
		}
		if err := table.write(append(record, advice(row.Problems, in)...), bad); err != nil {
			return err
		}
	}
	return table.close()
}

// unitIn is what is added to the header of amounts, so that it is known when the
// file comes back.
func unitIn(unit Denomination, in language.Printer) string {
	if unit == WanYuan {
		return in.Text("intake.in_wan")
	}
	return in.Text("intake.in_yuan")
}

// advice says what is wrong with a row, why, and how to mend it. Each text of a
// refusal ends with the sentence that says what to do.
func advice(problems []Problem, in language.Printer) []string {
	var what, why, fix []string
	for _, p := range problems {
		code := p.Refusal.Code
		if code == events.CodeInvalidEvent {
			code = CodeCellInvalid // people fill in cells, not events
		}
		title := in.Title(string(code))
		if p.Column != "" {
			title = in.Text("intake.at", "column", p.Column, "problem", title)
		}
		reason, mend := SplitAdvice(in.Refusal(p.Refusal))
		what, why, fix = append(what, title), append(why, reason), append(fix, mend)
	}
	return []string{strings.Join(what, "\n"), strings.Join(why, "\n"), strings.Join(fix, "\n")}
}

// SplitAdvice parts the text of a refusal into why, and what to do about it: its
// last sentence. A text of one sentence is both.
func SplitAdvice(words string) (why, fix string) {
	body := strings.TrimRight(words, "。. ")
	cut := 0
	for _, stop := range []string{"。", ". ", "？", "? ", "！", "! "} {
		if at := strings.LastIndex(body, stop); at >= 0 {
			cut = max(cut, at+len(stop))
		}
	}
	if cut == 0 {
		return words, words
	}
	return strings.TrimSpace(words[:cut]), strings.TrimSpace(words[cut:])
}

// tableWriter writes a table of texts.
type tableWriter struct {
	write func(record []string, bad []bool) error
	close func() error
}

func newTableWriter(w io.Writer, format, title string, headers []string) (tableWriter, error) {
	switch format {
	case CSV:
		return csvWriter(w, headers)
	case XLSX:
		return workbookWriter(w, title, headers)
	}
	return tableWriter{}, fmt.Errorf("unknown format %q of a table: use %s or %s", format, CSV, XLSX)
}

// byteOrderMark begins a CSV file that Excel is to take for UTF-8.
const byteOrderMark = "\uFEFF"

func csvWriter(w io.Writer, headers []string) (tableWriter, error) {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return tableWriter{}, err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	write := func(record []string, _ []bool) error {
		inert := make([]string, len(record))
		for i, field := range record {
			if inert[i] = field; isFormulaLike(field) {
				inert[i] = "'" + field
			}
		}
		return out.Write(inert)
	}
	return tableWriter{write, func() error { out.Flush(); return out.Error() }}, write(headers, nil)
}

// Formats and colours of workbooks.
const (
	formatText  = 49 // @
	headerColor = "E8EEF4"
	faultColor  = "FDE2DD"
	columnWidth = 18
)

// workbookWriter writes texts as texts: a workbook keeps digits as they are, and
// what begins with "=" is no formula there.
func workbookWriter(w io.Writer, title string, headers []string) (tableWriter, error) {
	book := excelize.NewFile()
	plain, err := book.NewStyle(&excelize.Style{NumFmt: formatText})
	if err != nil {
		return tableWriter{}, err
	}
	fault, err := book.NewStyle(&excelize.Style{NumFmt: formatText, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{faultColor}}})
	if err != nil {
		return tableWriter{}, err
	}
	head, err := headStyle(book)
	if err != nil {
		return tableWriter{}, err
	}
	if err := book.SetSheetName("Sheet1", title); err != nil {
		return tableWriter{}, err
	}
	out, err := book.NewStreamWriter(title)
	if err != nil {
		return tableWriter{}, err
	}
	row := 0
	put := func(record []string, styleOf func(int) int) error {
		row++
		cells := make([]any, len(record))
		for i, field := range record {
			cells[i] = excelize.Cell{StyleID: styleOf(i), Value: field}
		}
		return out.SetRow(fmt.Sprintf("A%d", row), cells)
	}
	write := func(record []string, bad []bool) error {
		return put(record, func(i int) int {
			if i < len(bad) && bad[i] {
				return fault
			}
			return plain
		})
	}
	if err := out.SetColWidth(1, len(headers), columnWidth); err != nil {
		return tableWriter{}, err
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return tableWriter{}, err
	}
	finish := func() error {
		if err := out.Flush(); err != nil {
			return err
		}
		if err := book.Write(w); err != nil {
			return err
		}
		return book.Close()
	}
	return tableWriter{write, finish}, put(headers, func(int) int { return head })
}

func headStyle(book *excelize.File) (int, error) {
	return book.NewStyle(&excelize.Style{NumFmt: formatText, Font: &excelize.Font{Bold: true},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{headerColor}}})
}
