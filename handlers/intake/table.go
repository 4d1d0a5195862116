package intake

import (
	"bytes"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/formimport"
)

// Limits of what is read. Beyond them a file is refused.
const (
	// MaxBytes is the largest file: 32 MiB.
	MaxBytes = 32 << 20
	// MaxRows is the largest number of rows with something in them, below the header.
	MaxRows = 50_000
	// MaxColumns is how far to the right a cell may stand.
	MaxColumns = 256
	// MaxCell is the longest text of a cell, in characters: the most that Excel holds.
	MaxCell = 32_767
	// MaxText is what the cells of a file may hold in all: 64 MiB.
	MaxText = 64 << 20
	// MaxUnzipped is what a workbook may hold once unzipped: 128 MiB.
	MaxUnzipped = 128 << 20
	// MaxPart is the largest part of a workbook that is no table: 4 MiB.
	MaxPart = 4 << 20
	// MaxParts is the largest number of parts of a workbook.
	MaxParts = 2_000
	// MaxRatio is how many times its size a part may unzip to, from 1 MiB on.
	MaxRatio  = 200
	ratioFrom = 1 << 20
	// maxUntagged is how many bytes of XML may follow without a tag: 1 MiB.
	maxUntagged = 1 << 20
	// HeaderRows is how far down the header may stand.
	HeaderRows = 30
)

// line is a row of a file with something in it. Its number counts from 1.
type line struct {
	number int
	cells  []cell
}

// cell is the row's cell of a column, an empty one where the row has none.
func (l line) cell(column int) cell {
	if column < 0 || column >= len(l.cells) {
		return cell{}
	}
	return l.cells[column]
}

func (l line) isBlank() bool {
	return !slices.ContainsFunc(l.cells, func(c cell) bool { return c.kind == formula || strings.TrimSpace(c.text) != "" })
}

// sheet is one way to read a file as a table. Its rows can be read again.
type sheet struct {
	name     string
	from1904 bool
	rows     iter.Seq2[line, error]
}

// layout is what the header of a table says.
type layout struct {
	number  int // of the header's row
	headers []string
	at      [keyCount]int // the column of each key, −1 for none
	unit    Denomination
	ignored []string
}

// table is a file that was read.
type table struct {
	layout
	from1904 bool
	lines    []line
	unread   []string // names of further sheets that look like tables of this kind
}

// readTable reads a file by its name's ending and its content. Errors:
// *events.Refusal.
func readTable(name string, body []byte) (*table, error) {
	sheets, err := sheetsOf(name, body)
	if err != nil {
		return nil, err
	}
	best := notFound{}
	var chosen *table
	for _, s := range sheets {
		found, err := findHeader(s, &best)
		switch {
		case err != nil && len(sheets) == 1:
			return nil, err
		case err != nil || found == nil:
			best.note(err)
		case chosen == nil:
			chosen = &table{layout: *found, from1904: s.from1904}
			if err := chosen.fill(s); err != nil {
				return nil, err
			}
		case s.name != "":
			chosen.unread = append(chosen.unread, s.name)
		}
	}
	if chosen == nil {
		return nil, best.refusal()
	}
	return chosen, nil
}

const (
	zipSignature = "PK\x03\x04"
	oleSignature = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" // .xls, and encrypted .xlsx
)

func sheetsOf(name string, body []byte) ([]sheet, error) {
	if len(body) > MaxBytes {
		return nil, events.Refuse(formimport.CodeTooLarge, formimport.ReasonFileSize, "", "size", fmt.Sprint(len(body)), "limit", fmt.Sprint(MaxBytes))
	}
	ending := strings.ToLower(path.Ext(name))
	switch {
	case bytes.HasPrefix(body, []byte(oleSignature)), ending == ".xls":
		return nil, events.Refuse(formimport.CodeKind, ReasonOldWorkbook, "", "name", name)
	case ending == ".xlsm", ending == ".xlsb", ending == ".xltm":
		return nil, events.Refuse(formimport.CodeMacros, formimport.ReasonMacros, "", "part", name)
	case ending == ".xlsx" && bytes.HasPrefix(body, []byte(zipSignature)):
		return workbookSheets(body)
	case ending == ".csv" && !bytes.HasPrefix(body, []byte(zipSignature)):
		return csvSheets(body)
	}
	return nil, events.Refuse(formimport.CodeKind, ReasonNotATable, "", "name", name)
}

// findHeader looks for the header among a sheet's first rows; nil if there is
// none. What is nearest to one goes into best.
func findHeader(s sheet, best *notFound) (*layout, error) {
	var above Denomination
	looked := 0
	for row, err := range s.rows {
		if err != nil {
			return nil, err
		}
		if row.isBlank() {
			continue
		}
		found, err := layoutOf(row)
		if err != nil {
			return nil, err
		}
		missing := found.missing()
		if len(missing) == 0 {
			if found.unit == "" {
				found.unit = above
			}
			return found, nil
		}
		best.consider(found, missing)
		for _, c := range row.cells {
			if unit := unitAbove(c.text); unit != "" {
				above = unit
			}
		}
		if looked++; looked == HeaderRows {
			break
		}
	}
	return nil, nil
}

// layoutOf reads a row as a header. Where two headers mean one thing, the
// likelier one does; equally likely ones are refused if it is a header at all.
func layoutOf(row line) (*layout, error) {
	l := &layout{number: row.number}
	var rank [keyCount]int
	var twice error
	for k := range l.at {
		l.at[k] = -1
	}
	for i, c := range row.cells {
		l.headers = append(l.headers, strings.TrimSpace(c.text))
		found, unit, ok := header(c.text)
		k := key(found.of)
		if !ok || l.at[k] >= 0 && rank[k] < found.rank {
			continue
		}
		if l.at[k] >= 0 && rank[k] == found.rank {
			twice = events.Refuse(CodeNoHeader, ReasonColumnTwice, "", "column", columns[k].zh, "headers", l.headers[l.at[k]]+"、"+l.headers[i])
			continue
		}
		l.at[k], rank[k] = i, found.rank
		if k == keyAmount {
			l.unit = unit
		}
	}
	for i, h := range l.headers {
		if h != "" && !slices.Contains(l.at[:], i) && !strings.HasPrefix(h, mark) {
			l.ignored = append(l.ignored, h)
		}
	}
	if twice != nil && len(l.missing()) == 0 {
		return nil, twice
	}
	return l, nil
}

// missing are the columns without which nothing can be read: the line or what it
// is found by, the amount, the date and, where every row is a payment, its
// document.
func (l *layout) missing() []key {
	var missing []key
	for _, k := range []key{keyAmount, keyDate} {
		if l.at[k] < 0 {
			missing = append(missing, k)
		}
	}
	if l.at[keyLine] < 0 && (l.at[keyUnit] < 0 || l.at[keyProject] < 0) {
		missing = append(missing, keyLine)
	}
	if l.at[keyType] < 0 && l.at[keyDocument] < 0 {
		missing = append(missing, keyDocument)
	}
	return missing
}

// isEnglish says whether the file speaks English: none of the headers that were
// understood is Chinese.
func (l *layout) isEnglish() bool {
	for _, at := range l.at {
		if at >= 0 && strings.ContainsFunc(l.headers[at], func(r rune) bool { return r >= utf8.RuneSelf }) {
			return false
		}
	}
	return true
}

// name is the file's own header of a key, or what it would be.
func (l *layout) name(k key) string {
	switch {
	case l.at[k] >= 0:
		return l.headers[l.at[k]]
	case l.isEnglish():
		return columns[k].en
	}
	return columns[k].zh
}

// notFound is what comes nearest to a header, to be told if there is none.
type notFound struct {
	headers []string
	missing []key
	mapped  int
	seen    bool
	err     error
}

func (n *notFound) note(err error) {
	if n.err == nil {
		n.err = err
	}
}

func (n *notFound) consider(l *layout, missing []key) {
	mapped := 0
	for _, at := range l.at {
		if at >= 0 {
			mapped++
		}
	}
	if n.seen && mapped <= n.mapped {
		return
	}
	*n = notFound{headers: l.headers, missing: missing, mapped: mapped, seen: true, err: n.err}
}

// nearHeaders bounds how many headers a refusal lists, shownRunes how much of each.
const (
	nearHeaders = 20
	shownRunes  = 30
)

func (n *notFound) refusal() error {
	if !n.seen || n.mapped == 0 && n.err != nil {
		if n.err != nil {
			return n.err
		}
		return events.Refuse(CodeNoHeader, ReasonNoRows, "")
	}
	var missing, near, seen []string
	for _, k := range n.missing {
		missing = append(missing, columns[k].zh+" / "+columns[k].en)
	}
	for _, h := range n.headers {
		if h = shown(h); h == "" || len(seen) == nearHeaders {
			continue
		}
		seen = append(seen, h)
		_, _, known := header(h)
		if of, ok := headerWords.nearest(h); ok && !known && slices.Contains(n.missing, key(of)) {
			near = append(near, h+" → "+columns[of].zh)
		}
	}
	return events.Refuse(CodeNoHeader, ReasonNoHeader, "", "missing", strings.Join(missing, "、"),
		"headers", strings.Join(seen, "、"), "nearest", strings.Join(near, "、"))
}

// shown is as much of a text as a message can show.
func shown(words string) string {
	runes := []rune(strings.TrimSpace(words))
	if len(runes) > shownRunes {
		return string(runes[:shownRunes]) + "…"
	}
	return string(runes)
}

// fill reads the rows below the header.
func (t *table) fill(s sheet) error {
	held := 0
	for row, err := range s.rows {
		if err != nil {
			return err
		}
		if row.number <= t.number || row.isBlank() {
			continue
		}
		if len(t.lines) == MaxRows {
			return tooMany("rows", MaxRows)
		}
		for _, c := range row.cells {
			held += len(c.text)
			if len(c.text) > MaxCell && utf8.RuneCountInString(c.text) > MaxCell {
				return events.Refuse(formimport.CodeTooLarge, formimport.ReasonCellText, "", "limit", fmt.Sprint(MaxCell))
			}
		}
		if len(row.cells) > MaxColumns {
			return tooMany("columns", MaxColumns)
		}
		if held > MaxText {
			return tooMany("bytes of text", MaxText)
		}
		t.lines = append(t.lines, row)
	}
	if len(t.lines) == 0 {
		return events.Refuse(CodeNoHeader, ReasonNoRows, "")
	}
	return nil
}
