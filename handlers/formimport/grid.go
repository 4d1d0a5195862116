package formimport

import (
	"fmt"
	"unicode/utf8"

	"github.com/outturn/outturn/events"
)

// block is a paragraph, or a table if it has rows.
type block struct {
	place Place
	text  string
	rows  [][]cell
	// flat says that the spans of the cells are lost: a short row's cells are not
	// under the labels that have their number.
	flat bool
}

// cell is a cell of a grid. It covers the columns from, from+1, … to-1.
type cell struct {
	place    Place
	text     string // as found
	from, to int
	// merged says that the cell continues the one above, whose text it repeats.
	merged bool
}

// meter counts what a file holds against the limits.
type meter struct {
	tables, rows, cells, text int
}

func (m *meter) table() error { return m.count(&m.tables, MaxTables, "tables") }

func (m *meter) row() error { return m.count(&m.rows, MaxRows, "rows") }

func (m *meter) count(n *int, limit int, what string) error {
	if *n++; *n > limit {
		return events.Refuse(CodeTooLarge, ReasonTooMany, "", "what", what, "limit", fmt.Sprint(limit))
	}
	return nil
}

// cell counts a cell that ends at a column.
func (m *meter) cell(text string, place Place, to int) error {
	if to > MaxColumns {
		return events.Refuse(CodeTooLarge, ReasonTooMany, place.String(), "what", "columns", "limit", fmt.Sprint(MaxColumns))
	}
	if utf8.RuneCountInString(text) > MaxCellRunes {
		return events.Refuse(CodeTooLarge, ReasonCellText, place.String(), "limit", fmt.Sprint(MaxCellRunes))
	}
	if m.text += len(text); m.text > MaxTextBytes {
		return events.Refuse(CodeTooLarge, ReasonTooMany, place.String(), "what", "text", "limit", fmt.Sprint(MaxTextBytes))
	}
	return m.count(&m.cells, MaxCells, "cells")
}
