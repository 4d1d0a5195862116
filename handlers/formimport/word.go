package formimport

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
)

// wordBlocks reads the body of a Word document (ECMA-376 part 1, chapter 17):
// paragraphs, and tables with horizontal (gridSpan) and vertical (vMerge)
// merging. Deleted and hidden text is not printed and not read.
func wordBlocks(files *archive, main string, report *Report) ([]block, error) {
	raw, err := files.part(main)
	if err != nil {
		return nil, err
	}
	w := &wordReader{tokens: xml.NewDecoder(bytes.NewReader(raw)), report: report}
	if err := w.body(); err != nil {
		if refusal := events.AsRefusal(err); refusal != nil {
			return nil, refusal
		}
		return nil, damaged(main, err)
	}
	return w.blocks, nil
}

type wordReader struct {
	tokens *xml.Decoder
	report *Report
	meter  meter
	blocks []block
	depth  int
}

// elements calls visit for each child of the element that is open, or of the
// document, until it ends. visit must read its element to the end.
func (w *wordReader) elements(visit func(xml.StartElement) error) error {
	for {
		token, err := w.tokens.Token()
		if err == io.EOF {
			return nil // of the document: inside an element the decoder returns another error
		}
		if err != nil {
			return err
		}
		switch element := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := visit(element); err != nil {
				return err
			}
		}
	}
}

// wrapped are elements that only hold others: the document itself, content
// controls, insertions, links and what a newer Word writes beside a fallback.
var wrapped = map[string]bool{
	"document": true, "body": true, "sdt": true, "sdtContent": true, "ins": true, "moveTo": true, "hyperlink": true,
	"smartTag": true, "customXml": true, "fldSimple": true, "AlternateContent": true, "Choice": true,
	"oMath": true, "oMathPara": true, "dir": true, "bdo": true, "ruby": true, "rubyBase": true,
}

// body reads paragraphs and tables in their order.
func (w *wordReader) body() error {
	return w.elements(func(element xml.StartElement) error {
		switch name := element.Name.Local; {
		case name == "p":
			text, err := w.paragraph(Place{})
			if err != nil || tidy(text) == "" {
				return err
			}
			if err := w.meter.cell(text, Place{}, 0); err != nil {
				return err
			}
			w.blocks = append(w.blocks, block{text: text})
			return nil
		case name == "tbl":
			return w.table()
		case wrapped[name]:
			return w.nested(w.body)
		}
		return w.tokens.Skip()
	})
}

// nested goes one level down; a file cannot make the stack as deep as it likes.
func (w *wordReader) nested(read func() error) error {
	if w.depth++; w.depth > MaxNesting {
		return events.Refuse(CodeTooLarge, ReasonTooMany, "", "what", "levels", "limit", strconv.Itoa(MaxNesting))
	}
	defer func() { w.depth-- }()
	return read()
}

// paragraph reads the text of a paragraph. A picture in a table is reported.
func (w *wordReader) paragraph(place Place) (string, error) {
	var text strings.Builder
	err := w.runs(&text, place)
	return text.String(), err
}

func (w *wordReader) runs(text *strings.Builder, place Place) error {
	hidden := false
	return w.elements(func(element xml.StartElement) error {
		switch name := element.Name.Local; {
		case name == "rPr":
			var properties struct {
				Vanish *onOff `xml:"vanish"`
			}
			err := w.tokens.DecodeElement(&properties, &element)
			hidden = properties.Vanish.on()
			return err
		case hidden:
			return w.tokens.Skip()
		case name == "t":
			var content string
			err := w.tokens.DecodeElement(&content, &element)
			text.WriteString(content)
			return err
		case name == "br" || name == "cr":
			text.WriteByte('\n')
		case name == "tab":
			text.WriteByte(' ')
		case name == "noBreakHyphen":
			text.WriteByte('-')
		case name == "drawing" || name == "pict" || name == "object":
			if place.Table > 0 {
				w.report.unread(place, "", WhyPicture)
			}
		case name == "r" || wrapped[name]:
			return w.nested(func() error { return w.runs(text, place) })
		}
		return w.tokens.Skip()
	})
}

// onOff is a property that is on unless it says otherwise.
type onOff struct {
	Val string `xml:"val,attr"`
}

func (o *onOff) on() bool {
	return o != nil && o.Val != "0" && o.Val != "false" && o.Val != "off"
}

// table reads a table. Tables inside its cells become tables of their own that
// follow it.
func (w *wordReader) table() error {
	if err := w.meter.table(); err != nil {
		return err
	}
	place := Place{Table: w.meter.tables}
	at := len(w.blocks)
	w.blocks = append(w.blocks, block{place: place, rows: [][]cell{}})
	return w.nested(func() error { return w.rows(at) })
}

func (w *wordReader) rows(at int) error {
	return w.elements(func(element xml.StartElement) error {
		switch name := element.Name.Local; {
		case name == "tr":
			if err := w.meter.row(); err != nil {
				return err
			}
			place := w.blocks[at].place
			place.Row = len(w.blocks[at].rows) + 1
			r := &wordRow{reader: w, place: place, above: last(w.blocks[at].rows)}
			err := w.nested(r.read)
			if len(r.cells) > 0 {
				w.blocks[at].rows = append(w.blocks[at].rows, r.cells)
			}
			return err
		case wrapped[name]:
			return w.nested(func() error { return w.rows(at) })
		}
		return w.tokens.Skip()
	})
}

func last(rows [][]cell) []cell {
	if len(rows) == 0 {
		return nil
	}
	return rows[len(rows)-1]
}

// wordRow reads the cells of a row.
type wordRow struct {
	reader *wordReader
	place  Place
	above  []cell
	cells  []cell
	next   int // the column at which the next cell begins
}

func (r *wordRow) read() error {
	return r.reader.elements(func(element xml.StartElement) error {
		switch name := element.Name.Local; {
		case name == "trPr":
			var properties struct {
				Before *number `xml:"gridBefore"`
			}
			err := r.reader.tokens.DecodeElement(&properties, &element)
			r.next = properties.Before.or(0)
			return err
		case name == "tc":
			return r.reader.nested(r.cell)
		case wrapped[name]:
			return r.reader.nested(r.read)
		}
		return r.reader.tokens.Skip()
	})
}

// number is a property with a whole number.
type number struct {
	Val string `xml:"val,attr"`
}

// or is the number; where it is none, or none that a table can have, other.
func (n *number) or(other int) int {
	if n == nil {
		return other
	}
	value, err := strconv.Atoi(n.Val)
	if err != nil || value < 0 {
		return other
	}
	return min(value, MaxColumns+1)
}

// cellProperties are those that shape the grid.
type cellProperties struct {
	Span     *number `xml:"gridSpan"`
	Vertical *struct {
		Val string `xml:"val,attr"`
	} `xml:"vMerge"`
	Horizontal *struct {
		Val string `xml:"val,attr"`
	} `xml:"hMerge"`
}

func (r *wordRow) cell() error {
	place := r.place
	place.Column = r.next + 1
	var properties cellProperties
	text, err := r.content(place, &properties)
	if err != nil {
		return err
	}
	c := cell{place: place, text: text, from: r.next, to: r.next + max(properties.Span.or(1), 1)}
	if err := r.reader.meter.cell(text, place, c.to); err != nil {
		return err
	}
	r.next = c.to
	if properties.Horizontal != nil && properties.Horizontal.Val != "restart" && len(r.cells) > 0 {
		r.cells[len(r.cells)-1].to = c.to
		return nil
	}
	if properties.Vertical != nil && properties.Vertical.Val != "restart" {
		r.continued(&c)
	}
	r.cells = append(r.cells, c)
	return nil
}

// continued lets a cell continue the one above that begins at the same column.
// Without one it stands for itself.
func (r *wordRow) continued(c *cell) {
	for _, above := range r.above {
		if above.from != c.from {
			continue
		}
		if tidy(c.text) != "" {
			r.reader.report.unread(c.place, c.text, WhyUnderMerge)
		}
		c.text, c.merged = above.text, true
		return
	}
}

// content reads the paragraphs of a cell, one a line.
func (r *wordRow) content(place Place, properties *cellProperties) (string, error) {
	w := r.reader
	var lines []string
	var read func() error
	read = func() error {
		return w.elements(func(element xml.StartElement) error {
			switch name := element.Name.Local; {
			case name == "tcPr":
				return w.tokens.DecodeElement(properties, &element)
			case name == "p":
				text, err := w.paragraph(place)
				lines = append(lines, text)
				return err
			case name == "tbl":
				return w.table()
			case wrapped[name]:
				return w.nested(read)
			}
			return w.tokens.Skip()
		})
	}
	err := read()
	return strings.Join(lines, "\n"), err
}
