package exports

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Encoding says how a CSV file begins.
type Encoding string

// CSV is UTF-8 always. Excel takes a file for UTF-8 only if it begins with a
// byte order mark; programs mostly want none.
const (
	UTF8         Encoding = "utf-8"
	UTF8ForExcel Encoding = "utf-8-bom"
)

const byteOrderMark = "\uFEFF"

// CSV writes a form as RFC 4180: the title, the rows of the grid, the notes, all
// with as many fields as the grid has columns. A cell that spans stands at its
// top left; the places that it covers are blank. Numbers are as printed. Error:
// *GridError, or what w returns.
func CSV(w io.Writer, s Sheet, encoding Encoding) error {
	l, err := lay(s)
	if err != nil {
		return err
	}
	return writeCSV(w, l.records(), encoding)
}

// CSVArchive writes each form as a CSV file of a zip. Error: as [CSV].
func CSVArchive(w io.Writer, sheets []Sheet, encoding Encoding) error {
	all, err := layAll(sheets)
	if err != nil {
		return err
	}
	names := newNames(maxFileName)
	files := make([]file, len(all))
	for i, l := range all {
		var data bytes.Buffer
		if err := writeCSV(&data, l.records(), encoding); err != nil {
			return err
		}
		files[i] = file{fmt.Sprintf("%03d %s.csv", i+1, names.take(l.Title)), data.Bytes()}
	}
	return archive(w, files)
}

// records are the rows as CSV has them.
func (l laid) records() [][]string {
	line := func(text string) []string {
		record := make([]string, l.columns())
		record[0] = inert(clean(text))
		return record
	}
	records := [][]string{line(l.Grid.Title)}
	table := make([][]string, len(l.at))
	for row := range table {
		table[row] = make([]string, l.columns())
	}
	for _, cell := range l.cells {
		table[cell.row][cell.col] = inert(cell.Text)
	}
	records = append(records, table...)
	for _, note := range l.Grid.Notes {
		records = append(records, line(note))
	}
	return records
}

// Records writes records of any kind as the forms' CSV: what could be read as a
// formula is marked as text. Error: what w returns.
func Records(w io.Writer, records [][]string, encoding Encoding) error {
	marked := make([][]string, len(records))
	for i, record := range records {
		marked[i] = make([]string, len(record))
		for j, field := range record {
			marked[i][j] = inert(field)
		}
	}
	return writeCSV(w, marked, encoding)
}

func writeCSV(w io.Writer, records [][]string, encoding Encoding) error {
	switch encoding {
	case UTF8:
	case UTF8ForExcel:
		if _, err := io.WriteString(w, byteOrderMark); err != nil {
			return err
		}
	default:
		return fmt.Errorf("unknown encoding %q of CSV: use %s or %s", encoding, UTF8, UTF8ForExcel)
	}
	return writeRecords(w, records)
}

// writeRecords is RFC 4180: CRLF between records, and "\n" inside a field as it
// is. encoding/csv would turn that into CRLF too, and it leaves a record of one
// empty field as an empty line, which readers skip.
func writeRecords(w io.Writer, records [][]string) error {
	var all strings.Builder
	for _, record := range records {
		for i, field := range record {
			if i > 0 {
				all.WriteByte(',')
			}
			all.WriteString(quoted(field, len(record)))
		}
		all.WriteString("\r\n")
	}
	_, err := io.WriteString(w, all.String())
	return err
}

func quoted(field string, fields int) string {
	if !strings.ContainsAny(field, ",\"\r\n") && (field != "" || fields > 1) {
		return field
	}
	return `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
}
