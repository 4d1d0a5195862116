package exports_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/exports"
)

// The readers of these tests know nothing of the writers: they read the formats
// as other programs do, and rebuild the rectangle of cells.

// read is a table as a reader sees it.
type read struct {
	Title string
	Notes []string
	Cells []readCell // in reading order
	Cols  int
}

type readCell struct {
	Text                 string
	Row, Col, Rows, Cols int
}

// wanted is what a reader should see of a sheet.
func wanted(s exports.Sheet) read {
	w := read{Title: carried(s.Grid.Title), Cols: len(s.Grid.Widths)}
	for _, note := range s.Grid.Notes {
		w.Notes = append(w.Notes, carried(note))
	}
	covered := map[[2]int]bool{}
	for row, cells := range s.Grid.Rows {
		col := 0
		for _, cell := range cells {
			for covered[[2]int{row, col}] {
				col++
			}
			w.Cells = append(w.Cells, readCell{carried(cell.Text), row, col, cell.Rows, cell.Cols})
			for i := range cell.Rows * cell.Cols {
				covered[[2]int{row + i/cell.Cols, col + i%cell.Cols}] = true
			}
		}
	}
	return w
}

var (
	notXML   = regexp.MustCompile(`[^\x{09}\x{0A}\x{20}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]`)
	lineEnds = regexp.MustCompile(`\r\n?`)
)

// carried is a text as XML can carry it.
func carried(text string) string {
	return notXML.ReplaceAllString(lineEnds.ReplaceAllString(text, "\n"), "\uFFFD")
}

// unzip reads an archive, and fails on a file that carries a time.
func unzip(tb testing.TB, data []byte) map[string][]byte {
	tb.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			tb.Fatal(err)
		}
		if files[f.Name] != nil {
			tb.Errorf("%s is there twice", f.Name)
		}
		files[f.Name] = content
	}
	return files
}

func decode(tb testing.TB, data []byte, into any) {
	tb.Helper()
	if err := xml.Unmarshal(data, into); err != nil {
		tb.Fatalf("%v in %.300s", err, data)
	}
}

// wordParagraph is the text of w:p and what it says of itself.
type wordParagraph struct {
	Text  string
	Style string
	Break bool
}

func (p *wordParagraph) UnmarshalXML(d *xml.Decoder, _ xml.StartElement) error {
	inText := false
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "t":
				inText = true
			case "tab":
				p.Text += "\t"
			case "br":
				p.Text += "\n"
			case "pageBreakBefore":
				p.Break = true
			case "pStyle":
				p.Style = t.Attr[0].Value
			}
		case xml.CharData:
			if inText {
				p.Text += string(t)
			}
		case xml.EndElement:
			inText = false
			if t.Name.Local == "p" {
				return nil
			}
		}
	}
}

type wordTable struct {
	Columns []struct {
		Width int `xml:"w,attr"`
	} `xml:"tblGrid>gridCol"`
	Rows []struct {
		Header *struct{} `xml:"trPr>tblHeader"`
		Cells  []struct {
			Width struct {
				Width int `xml:"w,attr"`
			} `xml:"tcPr>tcW"`
			Span struct {
				Value int `xml:"val,attr"`
			} `xml:"tcPr>gridSpan"`
			Merge *struct {
				Value string `xml:"val,attr"`
			} `xml:"tcPr>vMerge"`
			Paragraphs []wordParagraph `xml:"p"`
		} `xml:"tc"`
	} `xml:"tr"`
}

// wordBody keeps the order of paragraphs and tables.
type wordBody struct{ blocks []any }

func (b *wordBody) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			var block any = new(struct{})
			switch t.Name.Local {
			case "p":
				block = new(wordParagraph)
			case "tbl":
				block = new(wordTable)
			}
			if err := d.DecodeElement(block, &t); err != nil {
				return err
			}
			b.blocks = append(b.blocks, block)
		case xml.EndElement:
			if t.Name == start.Name {
				return nil
			}
		}
	}
}

// readDOCX rebuilds the forms of a Word document, and holds it to what Word
// demands of tables.
func readDOCX(tb testing.TB, data []byte) []read {
	tb.Helper()
	files := unzip(tb, data)
	for _, part := range []string{"[Content_Types].xml", "_rels/.rels", "word/_rels/document.xml.rels", "word/styles.xml", "word/settings.xml", "docProps/core.xml"} {
		decode(tb, files[part], new(struct{}))
	}
	var document struct {
		Body wordBody `xml:"body"`
	}
	decode(tb, files["word/document.xml"], &document)
	var forms []read
	for _, block := range document.Body.blocks {
		switch b := block.(type) {
		case *wordParagraph:
			if !bytes.Contains(files["word/styles.xml"], []byte(`w:styleId="`+b.Style+`"`)) {
				tb.Errorf("there is no style %q", b.Style)
			}
			switch b.Style {
			case "FormTitle":
				if b.Break != (len(forms) > 0) {
					tb.Errorf("form %d: page break before its title: %v", len(forms)+1, b.Break)
				}
				forms = append(forms, read{Title: b.Text})
			case "FormNote":
				forms[len(forms)-1].Notes = append(forms[len(forms)-1].Notes, b.Text)
			}
		case *wordTable:
			b.rebuild(tb, &forms[len(forms)-1])
		}
	}
	return forms
}

// rebuild follows spans down and across.
func (t *wordTable) rebuild(tb testing.TB, into *read) {
	tb.Helper()
	into.Cols = len(t.Columns)
	above := map[int]int{} // column → index of the cell that may continue
	for row := range t.Rows {
		col := 0
		for _, c := range t.Rows[row].Cells {
			cols, width := max(c.Span.Value, 1), 0
			for i := col; i < col+cols && i < len(t.Columns); i++ {
				width += t.Columns[i].Width
			}
			if width != c.Width.Width {
				tb.Errorf("row %d, column %d: w:tcW is %d, its columns have %d", row, col, c.Width.Width, width)
			}
			if len(c.Paragraphs) == 0 {
				tb.Fatalf("row %d, column %d: no paragraph", row, col)
			}
			if c.Merge != nil && c.Merge.Value == "continue" {
				from := &into.Cells[above[col]]
				if from.Col != col || from.Cols != cols || from.Row+from.Rows != row {
					tb.Fatalf("row %d, column %d continues nothing", row, col)
				}
				from.Rows++
			} else {
				var lines []string
				for _, p := range c.Paragraphs {
					lines = append(lines, p.Text)
				}
				above[col] = len(into.Cells)
				into.Cells = append(into.Cells, readCell{strings.Join(lines, "\n"), row, col, 1, cols})
			}
			col += cols
		}
		if col != into.Cols {
			tb.Fatalf("row %d has %d columns of %d", row, col, into.Cols)
		}
	}
}

// workbookXML is what the parts of a workbook say, by local names.
type workbookXML struct {
	Sheets []struct {
		Name string `xml:"name,attr"`
		Rel  string `xml:"id,attr"`
	} `xml:"sheets>sheet"`
	Names []struct {
		Name string `xml:"name,attr"`
		Text string `xml:",chardata"`
	} `xml:"definedNames>definedName"`
}

type sheetXML struct {
	Rows []struct {
		Cells []struct {
			At      string    `xml:"r,attr"`
			Type    string    `xml:"t,attr"`
			Style   int       `xml:"s,attr"`
			Value   string    `xml:"v"`
			Inline  string    `xml:"is>t"`
			Formula *struct{} `xml:"f"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
	Merged []struct {
		Range string `xml:"ref,attr"`
	} `xml:"mergeCells>mergeCell"`
	Page struct {
		Paper int `xml:"paperSize,attr"`
		Wide  int `xml:"fitToWidth,attr"`
	} `xml:"pageSetup"`
}

// tabXML is a worksheet as a spreadsheet shows it.
type tabXML struct {
	name    string
	shown   map[string]string // address → text as displayed
	raw     map[string]string // address → number as stored
	formats map[string]string
	merged  map[string][2]int // address → rows, columns
	sheet   sheetXML
	part    []byte
}

// readXLSX reads a workbook's worksheets in their order.
func readXLSX(tb testing.TB, data []byte) []tabXML {
	tb.Helper()
	files := unzip(tb, data)
	var book workbookXML
	decode(tb, files["xl/workbook.xml"], &book)
	var rels struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	decode(tb, files["xl/_rels/workbook.xml.rels"], &rels)
	targets := map[string]string{}
	for _, rel := range rels.All {
		targets[rel.ID] = path.Join("xl", strings.TrimPrefix(rel.Target, "/xl/"))
	}
	var texts struct {
		All []struct {
			Text string `xml:"t"`
		} `xml:"si"`
	}
	decode(tb, files["xl/sharedStrings.xml"], &texts)
	var styles struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	decode(tb, files["xl/styles.xml"], &styles)
	codes := map[int]string{0: "General"}
	for _, format := range styles.Formats {
		codes[format.ID] = format.Code
	}
	var tabs []tabXML
	for _, sheet := range book.Sheets {
		t := tabXML{name: sheet.Name, shown: map[string]string{}, raw: map[string]string{}, formats: map[string]string{}, merged: map[string][2]int{}}
		t.part = files[targets[sheet.Rel]]
		decode(tb, t.part, &t.sheet)
		for _, row := range t.sheet.Rows {
			for _, c := range row.Cells {
				t.formats[c.At] = codes[styles.Cells[c.Style].Format]
				switch {
				case c.Formula != nil:
					tb.Errorf("%s has a formula", c.At)
				case c.Type == "s":
					index, err := strconv.Atoi(c.Value)
					if err != nil {
						tb.Fatal(err)
					}
					t.shown[c.At] = unescape(texts.All[index].Text)
				case c.Type == "inlineStr":
					t.shown[c.At] = unescape(c.Inline)
				case c.Value != "":
					t.raw[c.At], t.shown[c.At] = c.Value, display(tb, c.Value, t.formats[c.At])
				}
			}
		}
		for _, m := range t.sheet.Merged {
			from, to, _ := strings.Cut(m.Range, ":")
			r1, c1 := place(tb, from)
			r2, c2 := place(tb, to)
			t.merged[from] = [2]int{r2 - r1 + 1, c2 - c1 + 1}
		}
		tabs = append(tabs, t)
	}
	return tabs
}

// table rebuilds a form: the title in the first row, the cells of the table,
// the notes below.
func (t tabXML) table(s exports.Sheet) read {
	r := read{Title: t.shown["A1"], Cols: len(s.Grid.Widths)}
	covered := map[[2]int]bool{}
	for row := range s.Grid.Rows {
		for col := range r.Cols {
			if covered[[2]int{row, col}] {
				continue
			}
			at := address(row+1, col)
			span, merged := t.merged[at]
			if !merged {
				span = [2]int{1, 1}
			}
			r.Cells = append(r.Cells, readCell{t.shown[at], row, col, span[0], span[1]})
			for i := range span[0] * span[1] {
				covered[[2]int{row + i/span[1], col + i%span[1]}] = true
			}
		}
	}
	for i := range s.Grid.Notes {
		r.Notes = append(r.Notes, t.shown[address(1+len(s.Grid.Rows)+i, 0)])
	}
	return r
}

// address is a place counted from 0.
func address(row, col int) string {
	name := ""
	for n := col + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return fmt.Sprintf("%s%d", name, row+1)
}

func place(tb testing.TB, at string) (row, col int) {
	tb.Helper()
	letters := strings.TrimRight(at, "0123456789")
	for _, letter := range letters {
		col = col*26 + int(letter-'A') + 1
	}
	row, err := strconv.Atoi(at[len(letters):])
	if err != nil {
		tb.Fatal(err)
	}
	return row, col
}

var escaped = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

// unescape reads _xHHHH_ as ECMA-376 part 1, 22.9.2.19 has it.
func unescape(text string) string {
	return escaped.ReplaceAllStringFunc(text, func(code string) string {
		n, err := strconv.ParseUint(code[2:6], 16, 32)
		if err != nil {
			return code
		}
		return string(rune(n))
	})
}

var formatCode = regexp.MustCompile(`^(?:"([^"]*)")?(#,##)?0(\.0+)?(?:"([^"]*)")?$`)

// display shows a number under a format, as far as forms use formats.
func display(tb testing.TB, number, format string) string {
	tb.Helper()
	m := formatCode.FindStringSubmatch(format)
	if m == nil {
		tb.Fatalf("format %q of %s is not understood", format, number)
	}
	value, err := strconv.ParseFloat(number, 64) // as a spreadsheet does
	if err != nil {
		tb.Fatal(err)
	}
	shown := strconv.FormatFloat(value, 'f', max(len(m[3])-1, 0), 64)
	if m[2] != "" {
		whole, rest, _ := strings.Cut(shown, ".")
		groups := regexp.MustCompile(`[0-9]{1,3}`).FindAllString(reversed(whole), -1)
		shown = strings.Repeat("-", strings.Count(whole, "-")) + reversed(strings.Join(groups, ",")) + strings.Repeat(".", min(len(rest), 1)) + rest
	}
	return m[1] + shown + m[4]
}

func reversed(text string) string {
	runes := []rune(text)
	slices.Reverse(runes)
	return string(runes)
}
