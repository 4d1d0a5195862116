package formimport

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/outturn/outturn/events"
)

// The text of a Word table: each cell on a line of its own after a tab, more
// lines of a cell without one, an empty line after each row, and one more after
// the table. A cell that a merged one covers is a tab alone; how many columns a
// cell spans is lost.

// isFlattened tells such a text from any other: a table of some cells stands in
// it, and a self-evaluation form is spoken of.
func isFlattened(raw []byte) bool {
	const fewest = 8
	return bytes.Count(raw, []byte("\n\t")) >= fewest && bytes.Contains(raw, []byte("指标"))
}

// textBlocks reads the paragraphs and tables of a flattened document.
func textBlocks(text string) ([]block, error) {
	t := &textReader{}
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		if err := t.line(strings.TrimRight(line, "\n")); err != nil {
			return nil, err
		}
	}
	if err := t.endTable(); err != nil {
		return nil, err
	}
	return t.blocks, nil
}

type textReader struct {
	blocks []block
	meter  meter
	table  [][]string // rows of the table that is open
	row    []string   // cells of the row that is open
	seen   int        // cells so far, in tables not yet counted too
	empty  int        // empty lines since the last line of a cell
}

func (t *textReader) line(line string) error {
	inTable := len(t.row) > 0 || len(t.table) > 0
	switch {
	case strings.HasPrefix(line, "\t"):
		if t.empty > 0 {
			t.endRow()
		}
		t.row = append(t.row, line[1:])
		t.empty = 0
		return t.meter.count(&t.seen, MaxCells, "cells")
	case inTable && line == "":
		t.empty++
	case inTable && t.empty < 2 && len(t.row) > 0 && !afterTable.MatchString(line):
		last := &t.row[len(t.row)-1]
		*last += strings.Repeat("\n", t.empty+1) + line
		t.empty = 0
		if len(*last) > MaxCellRunes*utf8.UTFMax {
			return events.Refuse(CodeTooLarge, ReasonCellText, "", "limit", fmt.Sprint(MaxCellRunes))
		}
	default:
		if err := t.endTable(); err != nil {
			return err
		}
		return t.paragraph(line)
	}
	return nil
}

// afterTable is how a line begins that stands under a form, not in its last cell.
var afterTable = regexp.MustCompile(`^[\s　]*(备注|注[:：]|说明[:：]|填表人|填报人|填报日期|单位负责人|附件|(19|20)[0-9]{2}\s*年度?.*自评表)`)

func (t *textReader) paragraph(line string) error {
	if tidy(line) == "" {
		return nil
	}
	if err := t.meter.cell(line, Place{}, 0); err != nil {
		return err
	}
	t.blocks = append(t.blocks, block{text: line})
	return nil
}

func (t *textReader) endRow() {
	if len(t.row) > 0 {
		t.table = append(t.table, t.row)
	}
	t.row, t.empty = nil, 0
}

func (t *textReader) endTable() error {
	t.endRow()
	if len(t.table) == 0 {
		return nil
	}
	if err := t.meter.table(); err != nil {
		return err
	}
	b := block{place: Place{Table: t.meter.tables}, flat: true}
	for i, texts := range mended(t.table) {
		if err := t.meter.row(); err != nil {
			return err
		}
		row := make([]cell, len(texts))
		for j, text := range texts {
			place := Place{Table: t.meter.tables, Row: i + 1, Column: j + 1}
			if err := t.meter.cell(text, place, j+1); err != nil {
				return err
			}
			row[j] = cell{place: place, text: text, from: j, to: j + 1}
		}
		b.rows = append(b.rows, row)
	}
	t.blocks = append(t.blocks, b)
	t.table = nil
	return nil
}

// mended joins the rows that an empty last line of a cell broke in two. Under a
// row of labels each has as many cells as that; two short ones that follow each
// other and have that many together are one.
func mended(rows [][]string) [][]string {
	var out [][]string
	width := 0
	for _, row := range rows {
		before := len(out) - 1
		switch does := roleOfTexts(row); {
		case does == roleFunds || does == roleGoals || does == roleIndicators:
			if before >= 0 && len(out[before]) == 1 && sectionLabels[label(out[before][0])] {
				row = append(out[before], row...)
				out = out[:before]
			}
			width = len(row)
		case width > 0 && len(out[before])+len(row) == width && roleOfTexts(out[before]) != roleTotal:
			row = append(out[before], row...)
			out = out[:before]
		}
		out = append(out, row)
	}
	return out
}

func roleOfTexts(texts []string) role {
	row := make([]cell, len(texts))
	for i, text := range texts {
		row[i].text = text
	}
	return roleOf(labelled(row))
}
