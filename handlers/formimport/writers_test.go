package formimport_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// box is a cell of a printed form that covers cols × rows of its grid.
type box struct {
	text       string
	cols, rows int
}

func one(text string) box            { return box{text: text, cols: 1, rows: 1} }
func wide(text string, cols int) box { return box{text: text, cols: cols, rows: 1} }
func tall(text string, rows int) box { return box{text: text, cols: 1, rows: rows} }

// sheet is a printed form: what stands above its table, the table, and below.
type sheet struct {
	above []string
	rows  [][]box
	below []string
}

// placed is a box at its place in the grid.
type placed struct {
	box
	row, column int // from 0
}

// place finds each box its place: from the left, where nothing from above is.
func place(rows [][]box) (boxes []placed, width int) {
	covered := map[[2]int]bool{}
	for i, row := range rows {
		column := 0
		for _, b := range row {
			for covered[[2]int{i, column}] {
				column++
			}
			boxes = append(boxes, placed{box: b, row: i, column: column})
			for r := range b.rows {
				for c := range b.cols {
					covered[[2]int{i + r, column + c}] = true
				}
			}
			column += b.cols
			width = max(width, column)
		}
	}
	return boxes, width
}

// docx writes a Word document with the sheets below each other.
func docx(t testing.TB, sheets ...sheet) []byte {
	t.Helper()
	var body strings.Builder
	for _, s := range sheets {
		for _, line := range s.above {
			body.WriteString(paragraph(line))
		}
		body.WriteString(wordTable(s.rows))
		for _, line := range s.below {
			body.WriteString(paragraph(line))
		}
	}
	return zipped(t, wordParts(body.String()))
}

func wordParts(body string) map[string]string {
	return map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
		"_rels/.rels":         `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
		"word/document.xml":   `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + body + `</w:body></w:document>`,
	}
}

func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, name := range sortedKeys(parts) {
		part, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(parts[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// paragraph writes a paragraph in two runs, as word processors do.
func paragraph(text string) string {
	runes := []rune(text)
	half := len(runes) / 2
	return "<w:p><w:pPr><w:jc w:val=\"left\"/></w:pPr>" + run(string(runes[:half])) + `<w:proofErr w:type="spellStart"/>` + run(string(runes[half:])) + "</w:p>"
}

func run(text string) string {
	if text == "" {
		return ""
	}
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(text))
	return `<w:r><w:rPr><w:rFonts w:hint="eastAsia"/></w:rPr><w:t xml:space="preserve">` +
		strings.ReplaceAll(escaped.String(), "&#xA;", `</w:t><w:br/><w:t xml:space="preserve">`) + `</w:t></w:r>`
}

func wordTable(rows [][]box) string {
	boxes, _ := place(rows)
	cells := make([]strings.Builder, len(rows))
	columns := make([]map[int]string, len(rows))
	for i := range columns {
		columns[i] = map[int]string{}
	}
	for _, b := range boxes {
		for r := range b.rows {
			merge, text := "", b.text
			switch {
			case r > 0:
				merge, text = `<w:vMerge/>`, ""
			case b.rows > 1:
				merge = `<w:vMerge w:val="restart"/>`
			}
			if b.row+r < len(rows) {
				columns[b.row+r][b.column] = fmt.Sprintf(`<w:tc><w:tcPr><w:gridSpan w:val="%d"/>%s</w:tcPr>%s</w:tc>`, b.cols, merge, paragraphsOf(text))
			}
		}
	}
	var table strings.Builder
	table.WriteString("<w:tbl><w:tblPr/>")
	for i := range cells {
		table.WriteString("<w:tr>")
		for _, column := range sortedKeys(columns[i]) {
			table.WriteString(columns[i][column])
		}
		table.WriteString("</w:tr>")
	}
	table.WriteString("</w:tbl>")
	return table.String()
}

// paragraphsOf writes a cell, a paragraph a line.
func paragraphsOf(text string) string {
	all := ""
	for line := range strings.SplitSeq(text, "\n") {
		all += paragraph(line)
	}
	return all
}

// xlsx writes a workbook with a sheet each. Numbers are numbers, formatted so
// that they show as printed.
func xlsx(t testing.TB, sheets ...sheet) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	for i, s := range sheets {
		name := "表" + strconv.Itoa(i+1)
		if _, err := book.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		fill(t, book, name, s)
	}
	if err := book.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	file, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func fill(t testing.TB, book *excelize.File, name string, s sheet) {
	t.Helper()
	boxes, width := place(s.rows)
	row := 1
	for _, line := range s.above {
		put(t, book, name, placed{box: wide(line, width), row: row - 1})
		row++
	}
	for _, b := range boxes {
		b.row += row - 1
		put(t, book, name, b)
	}
	row += len(s.rows)
	for _, line := range s.below {
		put(t, book, name, placed{box: wide(line, width), row: row - 1})
		row++
	}
}

var (
	decimalText = regexp.MustCompile(`^[0-9]+(?:\.([0-9]+))?$`)
	percentText = regexp.MustCompile(`^([0-9]+(?:\.([0-9]+))?)%$`)
)

func put(t testing.TB, book *excelize.File, name string, b placed) {
	t.Helper()
	from, err := excelize.CoordinatesToCellName(b.column+1, b.row+1)
	if err != nil {
		t.Fatal(err)
	}
	to, _ := excelize.CoordinatesToCellName(b.column+b.cols, b.row+b.rows)
	if b.cols*b.rows > 1 {
		if err := book.MergeCell(name, from, to); err != nil {
			t.Fatal(err)
		}
	}
	format, digits := "", ""
	var value any = b.text
	if m := decimalText.FindStringSubmatch(b.text); m != nil {
		number, _ := strconv.ParseFloat(b.text, 64)
		value, digits = number, m[1]
		format = "0"
	}
	if m := percentText.FindStringSubmatch(b.text); m != nil {
		number, _ := strconv.ParseFloat(m[1], 64)
		value, digits = number/100, m[2]
		format = "0%"
	}
	if digits != "" {
		format = strings.Replace(format, "0", "0."+strings.Repeat("0", len(digits)), 1)
	}
	if b.text == "" {
		return
	}
	if err := book.SetCellValue(name, from, value); err != nil {
		t.Fatal(err)
	}
	if format != "" {
		style, err := book.NewStyle(&excelize.Style{CustomNumFmt: &format})
		if err != nil {
			t.Fatal(err)
		}
		if err := book.SetCellStyle(name, from, from, style); err != nil {
			t.Fatal(err)
		}
	}
}

// flattened writes the text of a Word table as the readers of such files do.
func flattened(sheets ...sheet) []byte {
	var out strings.Builder
	for _, s := range sheets {
		for _, line := range s.above {
			out.WriteString(line + "\n")
		}
		boxes, _ := place(s.rows)
		for i := range s.rows {
			columns := map[int]string{}
			for _, b := range boxes {
				if i >= b.row && i < b.row+b.rows {
					columns[b.column] = ""
					if i == b.row {
						columns[b.column] = b.text
					}
				}
			}
			for _, column := range sortedKeys(columns) {
				out.WriteString("\t" + columns[column] + "\n")
			}
			out.WriteString("\n")
		}
		out.WriteString("\n")
		for _, line := range s.below {
			out.WriteString(line + "\n")
		}
	}
	return []byte(out.String())
}
