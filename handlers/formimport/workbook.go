package formimport

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/events"
)

// workbookBlocks reads each visible sheet of a workbook as a table. Numbers are
// read as they are shown, since that is what the form printed.
func workbookBlocks(files *archive, r io.Reader, report *Report) (blocks []block, err error) {
	// The library is not ours and the file is anybody's.
	defer func() {
		if problem := recover(); problem != nil {
			blocks, err = nil, events.Refuse(CodeDamaged, ReasonZip, "", "problem", fmt.Sprint(problem))
		}
	}()
	layouts, err := sheetLayouts(files)
	if err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(r, excelize.Options{
		UnzipSizeLimit: MaxUnzippedBytes, UnzipXMLSizeLimit: MaxPartBytes,
		ShortDatePattern: "yyyy/m/d", LongDatePattern: `yyyy"年"m"月"d"日"`, CultureInfo: excelize.CultureNameZhCN,
	})
	if err != nil {
		return nil, events.Refuse(CodeDamaged, ReasonZip, "", "problem", err.Error())
	}
	defer book.Close()
	w := &workbookReader{book: book, report: report}
	for _, layout := range layouts {
		if layout.hidden {
			report.unread(Place{Sheet: layout.name}, "", WhyHidden)
			continue
		}
		if err := w.sheet(layout); err != nil {
			return nil, err
		}
	}
	return w.blocks, nil
}

type workbookReader struct {
	book   *excelize.File
	report *Report
	meter  meter
	blocks []block
}

func (w *workbookReader) sheet(layout *sheetLayout) error {
	if err := w.meter.table(); err != nil {
		return err
	}
	lines, err := w.book.Rows(layout.name)
	if err != nil {
		return damaged(layout.name, err)
	}
	defer lines.Close()
	b := block{place: Place{Sheet: layout.name}, rows: [][]cell{}}
	texts := map[[2]int]string{}
	for number := 1; lines.Next() && number <= layout.rows; number++ {
		columns, err := lines.Columns()
		if err != nil {
			return damaged(layout.name, err)
		}
		row, err := w.row(layout, number, columns, texts)
		if err != nil {
			return err
		}
		if len(row) > 0 {
			b.rows = append(b.rows, row)
		}
	}
	if err := lines.Error(); err != nil {
		return damaged(layout.name, err)
	}
	for _, at := range layout.formulas {
		w.report.unread(Place{Sheet: layout.name, Row: at[0], Column: at[1]}, "", WhyNoResult)
	}
	w.blocks = append(w.blocks, b)
	return nil
}

// row makes the cells of a row. texts are those of merged cells that began
// above.
func (w *workbookReader) row(layout *sheetLayout, number int, columns []string, texts map[[2]int]string) ([]cell, error) {
	var row []cell
	merges := layout.merges[number]
	last, blank := len(columns), true
	for _, m := range merges {
		last = max(last, m.toColumn)
	}
	for column := 1; column <= last; column++ {
		c := cell{place: Place{Sheet: layout.name, Row: number, Column: column}, from: column - 1, to: column}
		if column <= len(columns) {
			c.text = columns[column-1]
		}
		if m, found := merges[column]; found {
			first := [2]int{m.fromRow, m.fromColumn}
			if number == m.fromRow {
				texts[first] = c.text
			} else {
				c.text, c.merged = texts[first], true
			}
			c.to = m.toColumn
			column = m.toColumn
		}
		blank = blank && c.text == ""
		if err := w.meter.cell(c.text, c.place, c.to); err != nil {
			return nil, err
		}
		row = append(row, c)
	}
	if blank {
		return nil, nil
	}
	return row, w.meter.row()
}

// sheetLayout is what the workbook library does not tell without building the
// whole grid in memory, which a small file can make larger than any machine.
type sheetLayout struct {
	name     string
	hidden   bool
	rows     int                   // the last row with a cell
	merges   map[int]map[int]merge // by row and first column
	formulas [][2]int              // row and column of formulas without a result
}

// merge is a rectangle of cells that are one. Rows and columns count from 1.
type merge struct {
	fromRow, toRow, fromColumn, toColumn int
}

func sheetLayouts(files *archive) ([]*sheetLayout, error) {
	_, main, err := files.kind()
	if err != nil {
		return nil, err
	}
	raw, err := files.part(main)
	if err != nil {
		return nil, err
	}
	var book struct {
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"id,attr"` // r:id, in the namespace of the transitional or of the strict form
		} `xml:"sheets>sheet"`
	}
	if err := xml.Unmarshal(raw, &book); err != nil {
		return nil, damaged(main, err)
	}
	related, err := files.related(main)
	if err != nil {
		return nil, err
	}
	var layouts []*sheetLayout
	walk := sheetWalk{}
	for _, sheet := range book.Sheets {
		part := related[sheet.ID]
		if !strings.HasSuffix(part.Type, "/worksheet") {
			continue // a chart or a dialogue has no cells
		}
		layout := &sheetLayout{name: sheet.Name, hidden: sheet.State != "" && sheet.State != "visible", merges: map[int]map[int]merge{}}
		if err := walk.read(layout, files, targetPart(main, part)); err != nil {
			return nil, err
		}
		layouts = append(layouts, layout)
	}
	return layouts, nil
}

// sheetWalk walks over the XML of sheets, once each, and keeps where it stands.
type sheetWalk struct {
	layout          *sheetLayout
	row, column     int
	formula, result bool
	reach           int // cells of all sheets so far, blank ones before a cell with them
	covered         int // rows of all merged cells so far
}

func (s *sheetWalk) read(layout *sheetLayout, files *archive, part string) error {
	raw, err := files.part(part)
	if err != nil {
		return err
	}
	s.layout, s.row, s.column = layout, 0, 0
	tokens := xml.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := tokens.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return damaged(part, err)
		}
		switch element := token.(type) {
		case xml.StartElement:
			if err := s.start(element); err != nil {
				return err
			}
		case xml.EndElement:
			s.end(element.Name.Local)
		}
	}
}

func (s *sheetWalk) start(element xml.StartElement) error {
	switch element.Name.Local {
	case "row":
		s.row++
		s.column = 0
		if n, err := parseRow(attribute(element, "r")); err == nil {
			s.row = n
		}
	case "c":
		return s.cell(attribute(element, "r"))
	case "f":
		s.formula = true
	case "v", "is":
		s.result = true
	case "mergeCell":
		return s.merge(attribute(element, "ref"))
	}
	return nil
}

func (s *sheetWalk) cell(reference string) error {
	s.column++
	s.formula, s.result = false, false
	if column, row, err := excelize.CellNameToCoordinates(reference); err == nil {
		s.reach += max(column-s.column, 0)
		s.column, s.row = column, row
	}
	s.reach += max(s.row-s.layout.rows, 0) + 1
	s.layout.rows = max(s.layout.rows, s.row)
	if s.reach > MaxReach {
		return events.Refuse(CodeTooLarge, ReasonTooMany, s.layout.name, "what", "cells", "limit", fmt.Sprint(MaxReach))
	}
	return nil
}

func (s *sheetWalk) end(name string) {
	if name == "c" && s.formula && !s.result {
		s.layout.formulas = append(s.layout.formulas, [2]int{s.row, s.column})
	}
}

func (s *sheetWalk) merge(reference string) error {
	from, to, found := strings.Cut(reference, ":")
	if !found {
		return nil
	}
	fromColumn, fromRow, err := excelize.CellNameToCoordinates(from)
	if err != nil {
		return damaged(s.layout.name, err)
	}
	toColumn, toRow, err := excelize.CellNameToCoordinates(to)
	if err != nil {
		return damaged(s.layout.name, err)
	}
	m := merge{fromRow: min(fromRow, toRow), toRow: max(fromRow, toRow), fromColumn: min(fromColumn, toColumn), toColumn: max(fromColumn, toColumn)}
	m.toRow = min(m.toRow, s.layout.rows)
	if s.covered += max(m.toRow-m.fromRow+1, 0); s.covered > MaxCells {
		return events.Refuse(CodeTooLarge, ReasonTooMany, s.layout.name, "what", "merged cells", "limit", fmt.Sprint(MaxCells))
	}
	for row := m.fromRow; row <= m.toRow; row++ {
		if s.layout.merges[row] == nil {
			s.layout.merges[row] = map[int]merge{}
		}
		s.layout.merges[row][m.fromColumn] = m
	}
	return nil
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

func parseRow(text string) (int, error) {
	_, row, err := excelize.CellNameToCoordinates("A" + text)
	return row, err
}
