package exports

import (
	"embed"
	"encoding/xml"
	"io"
	"strings"

	"github.com/outturn/outturn/projections/forms"
)

// DOCX writes a Word document (ECMA-376): A4, each form a table that begins on a
// new page, with real spans, a title above and notes below. A page that a form
// runs on to repeats the rows that say what it is about. Error: *GridError,
// [ErrNoSheets], or what w returns.
func DOCX(w io.Writer, sheets []Sheet) error {
	all, err := layAll(sheets)
	if err != nil {
		return err
	}
	text, err := xml.Marshal(newDocument(all))
	if err != nil {
		return err
	}
	core, err := xml.Marshal(newProperties(clean(all[0].Grid.Title)))
	if err != nil {
		return err
	}
	files := make([]file, 0, len(fixedParts)+2)
	for _, part := range fixedParts {
		data, err := parts.ReadFile(part.source)
		if err != nil {
			return err
		}
		files = append(files, file{part.path, data})
	}
	files = append(files,
		file{"word/document.xml", append([]byte(xml.Header), text...)},
		file{"docProps/core.xml", append([]byte(xml.Header), core...)})
	return archive(w, files)
}

// parts holds what no form changes in a document.
//
//go:embed docx
var parts embed.FS

// fixedParts are the parts in it by their path in the document; the list of
// contents comes first, as readers expect it.
var fixedParts = []struct{ path, source string }{
	{"[Content_Types].xml", "docx/content_types.xml"},
	{"_rels/.rels", "docx/package.rels"},
	{"word/_rels/document.xml.rels", "docx/document.rels"},
	{"word/styles.xml", "docx/styles.xml"},
	{"word/settings.xml", "docx/settings.xml"},
}

// Sizes in twentieths of a point: A4, its margins, and what is left for tables.
const (
	pageWidth  = 11906
	pageHeight = 16838
	pageMargin = 1021
	tableWidth = pageWidth - 2*pageMargin
	cellMargin = 70
	digitWidth = 115 // of 9 pt, in the widest of the usual fonts
)

// newDocument builds the document's tree.
func newDocument(all []laid) document {
	d := document{Namespace: "http://schemas.openxmlformats.org/wordprocessingml/2006/main"}
	for i, l := range all {
		title := newParagraph("FormTitle", clean(l.Grid.Title))
		if i > 0 {
			title.Props.PageBreakBefore = &mark{}
		}
		d.Body.Blocks = append(d.Body.Blocks, title, newTable(l))
		for _, note := range l.Grid.Notes {
			d.Body.Blocks = append(d.Body.Blocks, newParagraph("FormNote", clean(note)))
		}
		if len(l.Grid.Notes) == 0 { // a table is always followed by a paragraph
			d.Body.Blocks = append(d.Body.Blocks, newParagraph("FormEnd", ""))
		}
	}
	d.Body.Section = section{
		Size: pageSize{pageWidth, pageHeight},
		Margins: pageMargins{
			Top: pageMargin, Right: pageMargin, Bottom: pageMargin, Left: pageMargin, Header: pageMargin / 2, Footer: pageMargin / 2,
		},
	}
	return d
}

func newTable(l laid) table {
	widths := l.fitted(tableWidth, digitWidth, 2*cellMargin)
	t := table{Props: tableProps{
		Width:   measured{tableWidth, "dxa"},
		Align:   value{"center"},
		Borders: allBorders(),
		Layout:  layout{"fixed"},
		Margins: cellMargins{Left: measured{cellMargin, "dxa"}, Right: measured{cellMargin, "dxa"}},
	}}
	for _, width := range widths {
		t.Grid = append(t.Grid, gridColumn{width})
	}
	head := l.headRows()
	for row := range l.at {
		t.Rows = append(t.Rows, newRow(l, row, widths, row < head))
	}
	return t
}

// maxWhole is the length of text up to which a row is kept on one page.
const maxWhole = 300

// newRow writes a row: every cell that covers a place in it, those from above as
// the continuation of a vertical span.
func newRow(l laid, row int, widths []int, repeats bool) tableRow {
	r := tableRow{}
	longest := 0
	for col := 0; col < len(widths); {
		cell := l.cells[l.at[row][col]]
		r.Cells = append(r.Cells, newCell(cell, row, total(widths[col:col+cell.Cols])))
		longest = max(longest, len([]rune(cell.Text)))
		col += cell.Cols
	}
	if repeats {
		r.Props.Header = &mark{}
	}
	if longest <= maxWhole {
		r.Props.Whole = &mark{}
	}
	return r
}

func newCell(cell placed, row, width int) tableCell {
	c := tableCell{Props: cellProps{Width: measured{width, "dxa"}, Align: value{"center"}}}
	if cell.Cols > 1 {
		c.Props.Columns = &number{cell.Cols}
	}
	if row > cell.row {
		c.Props.Merge = &value{"continue"}
		c.Paragraphs = []paragraph{newParagraph(styleOf(cell.Role), "")}
		return c
	}
	if cell.Rows > 1 {
		c.Props.Merge = &value{"restart"}
	}
	for line := range strings.SplitSeq(cell.Text, "\n") {
		c.Paragraphs = append(c.Paragraphs, newParagraph(styleOf(cell.Role), line))
	}
	return c
}

// styleOf is the paragraph style of a role, as styles.xml names it.
func styleOf(role forms.Role) string {
	switch role {
	case forms.RoleLabel:
		return "FormLabel"
	case forms.RoleNumber:
		return "FormNumber"
	case forms.RoleTotal:
		return "FormTotal"
	}
	return "FormText"
}

func newParagraph(style, text string) paragraph {
	p := paragraph{Props: paragraphProps{Style: value{style}}}
	if text == "" {
		return p
	}
	var r run
	for i, piece := range strings.Split(text, "\t") {
		if i > 0 {
			r.Content = append(r.Content, tab{})
		}
		for j, line := range strings.Split(piece, "\n") {
			if j > 0 {
				r.Content = append(r.Content, lineBreak{})
			}
			if line != "" {
				r.Content = append(r.Content, runText{Space: "preserve", Text: line})
			}
		}
	}
	p.Runs = []run{r}
	return p
}
