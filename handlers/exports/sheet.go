package exports

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/outturn/outturn/projections/forms"
)

// Sheet is one form to be written. Title is its short name: the tab of its
// worksheet, the name of its file in an archive.
type Sheet struct {
	Title string
	Grid  forms.Grid
	Form  forms.Form
}

// Limits of what is written. MaxColumns is Word's own limit for a table,
// MaxText Excel's for a cell.
const (
	MaxSheets  = 2_000
	MaxRows    = 5_000
	MaxColumns = 63
	MaxText    = 32_767
)

// ErrNoSheets says that there is nothing to write.
var ErrNoSheets = errors.New("there is no form to export: name a unit or project that has one")

// GridError says which place of which sheet cannot be written. Row and Col
// count from 1; 0 means the whole.
type GridError struct {
	Sheet    string
	Row, Col int
	Problem  string
}

func (e *GridError) Error() string {
	if e.Row == 0 {
		return fmt.Sprintf("form %q: %s", e.Sheet, e.Problem)
	}
	return fmt.Sprintf("form %q, row %d, column %d: %s", e.Sheet, e.Row, e.Col, e.Problem)
}

// laid is a sheet on its rectangle.
type laid struct {
	Sheet
	cells []placed // in reading order
	at    [][]int  // index of the cell that covers a place
}

// placed is a cell with its top left corner, counted from 0.
type placed struct {
	forms.GridCell
	row, col int
}

func (l laid) columns() int { return len(l.Grid.Widths) }

// layAll lays all sheets, or says what is wrong with the first that is.
func layAll(sheets []Sheet) ([]laid, error) {
	switch n := len(sheets); {
	case n == 0:
		return nil, ErrNoSheets
	case n > MaxSheets:
		return nil, fmt.Errorf("%d forms are more than the %d that one file holds: export unit by unit", n, MaxSheets)
	}
	all := make([]laid, len(sheets))
	for i, s := range sheets {
		l, err := lay(s)
		if err != nil {
			return nil, err
		}
		all[i] = l
	}
	return all, nil
}

// lay finds the place of every cell. The spans have to fill the rectangle of
// widths × rows without gap or overlap.
func lay(s Sheet) (laid, error) {
	l := laid{Sheet: s}
	fault := func(row, col int, problem string) error {
		return &GridError{Sheet: s.Title, Row: row + 1, Col: col + 1, Problem: problem}
	}
	rows, cols := len(s.Grid.Rows), len(s.Grid.Widths)
	if rows == 0 || rows > MaxRows || cols == 0 || cols > MaxColumns {
		return l, &GridError{Sheet: s.Title, Problem: fmt.Sprintf("its table is %d × %d; 1 × 1 to %d × %d can be written", rows, cols, MaxRows, MaxColumns)}
	}
	if isTooLong(s.Grid.Title) || slices.ContainsFunc(s.Grid.Notes, isTooLong) {
		return l, &GridError{Sheet: s.Title, Problem: "title or notes: " + tooLong}
	}
	for i, width := range s.Grid.Widths {
		if width < 1 {
			return l, fault(-1, i, "the width of the column is not positive")
		}
	}
	l.at = blank(rows, cols)
	for row, cells := range s.Grid.Rows {
		col := 0
		for _, cell := range cells {
			for col < cols && l.at[row][col] != free {
				col++
			}
			if problem := l.put(cell, row, col); problem != "" {
				return l, fault(row, col, problem)
			}
		}
		for col := range cols {
			if l.at[row][col] == free {
				return l, fault(row, col, "no cell covers this place")
			}
		}
	}
	return l, nil
}

var tooLong = fmt.Sprintf("the text is longer than the %d characters that a cell of a worksheet holds", MaxText)

// isTooLong counts as worksheets do, and their escapes with it.
func isTooLong(text string) bool { return len(utf16.Encode([]rune(escapeUnderscores(text)))) > MaxText }

// free marks a place that no cell covers yet.
const free = -1

func blank(rows, cols int) [][]int {
	at := make([][]int, rows)
	for row := range at {
		at[row] = make([]int, cols)
		for col := range at[row] {
			at[row][col] = free
		}
	}
	return at
}

// put covers the cell's places, or says why it cannot.
func (l *laid) put(cell forms.GridCell, row, col int) (problem string) {
	switch {
	case cell.Cols < 1 || cell.Rows < 1:
		return "a span is less than 1"
	case row+cell.Rows > len(l.at) || col+cell.Cols > l.columns():
		return "the cell reaches beyond the table"
	case isTooLong(cell.Text):
		return tooLong
	}
	for r := row; r < row+cell.Rows; r++ {
		for c := col; c < col+cell.Cols; c++ {
			if l.at[r][c] != free {
				return "the cell overlaps one above it"
			}
			l.at[r][c] = len(l.cells)
		}
	}
	cell.Text = clean(cell.Text)
	l.cells = append(l.cells, placed{cell, row, col})
	return ""
}

// maxHeadRows bounds the rows that stand again on each new page.
const maxHeadRows = 4

// headRows counts the leading rows that say what the form is about: no number in
// them, and no cell that reaches below. A page that continues the form repeats
// them.
func (l laid) headRows() int {
	head := 0
	for _, cells := range l.Grid.Rows {
		for _, cell := range cells {
			if cell.Rows > 1 || cell.Role == forms.RoleNumber || cell.Role == forms.RoleTotal {
				return head
			}
		}
		if head++; head > maxHeadRows {
			break
		}
	}
	if head > maxHeadRows || head == len(l.Grid.Rows) {
		return 0 // a table of words has no head
	}
	return head
}

// clean makes a text that XML can carry: line ends are "\n", and a character
// that XML 1.0 does not allow becomes U+FFFD.
func clean(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000:
			return r
		}
		return utf8.RuneError
	}, text)
}
