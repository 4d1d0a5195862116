package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/outturn/outturn/events"
)

// separators are what may stand between the fields of a CSV file.
const separators = ",;\t"

// csvSheets reads a CSV file in each way that it may be separated.
func csvSheets(body []byte) ([]sheet, error) {
	decoded, err := decodeText(body)
	if err != nil {
		return nil, err
	}
	var sheets []sheet
	for _, separator := range separators {
		sheets = append(sheets, sheet{rows: func(yield func(line, error) bool) { readCSV(decoded, separator, yield) }})
	}
	return sheets, nil
}

var utf16Marks = []string{"\xFF\xFE", "\xFE\xFF"}

// decodeText makes UTF-8 of what spreadsheets write: UTF-8 with or without a byte
// order mark, UTF-16 with one ("Unicode text"), or GB18030.
func decodeText(body []byte) ([]byte, error) {
	for _, byteOrder := range utf16Marks {
		if bytes.HasPrefix(body, []byte(byteOrder)) {
			return decodedBy(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(body))
		}
	}
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if utf8.Valid(body) {
		return decodedBy(body, nil)
	}
	return decodedBy(simplifiedchinese.GB18030.NewDecoder().Bytes(body))
}

// decodedBy refuses what came out of the wrong decoder.
func decodedBy(body []byte, err error) ([]byte, error) {
	if err != nil || bytes.ContainsRune(body, utf8.RuneError) || bytes.IndexByte(body, 0) >= 0 {
		return nil, events.Refuse(events.CodeInvalidEvent, ReasonEncoding, "")
	}
	if !bytes.Contains(body, []byte("\n")) {
		body = bytes.ReplaceAll(body, []byte("\r"), []byte("\n")) // lines of old Macs
	}
	return body, nil
}

// readCSV yields the records of a CSV file with the numbers that a spreadsheet
// gives them: blank lines count, line ends inside a field do not.
func readCSV(decoded []byte, separator rune, yield func(line, error) bool) {
	reader := csv.NewReader(bytes.NewReader(decoded))
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord = separator, -1, true
	row, next := 0, 1 // the number of the last record, and the file's line behind it
	for {
		fields, err := reader.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			yield(line{}, csvSyntax(err))
			return
		}
		at, _ := reader.FieldPos(0)
		row += at - next + 1
		next = at + 1
		read := line{number: row, cells: make([]cell, len(fields))}
		for i, field := range fields {
			next += strings.Count(field, "\n")
			read.cells[i] = cell{text: strings.Clone(field)}
		}
		if !yield(read, nil) {
			return
		}
	}
}

func csvSyntax(err error) error {
	var problem *csv.ParseError
	if errors.As(err, &problem) {
		return events.Refuse(events.CodeInvalidEvent, ReasonCSVSyntax, "", "line", fmt.Sprint(problem.Line), "problem", problem.Err.Error())
	}
	return events.Refuse(events.CodeInvalidEvent, ReasonCSVSyntax, "", "line", "?", "problem", err.Error())
}
