package intake

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/formimport"
)

// workbook reads the sheets of a workbook as a stream. The workbook library
// tells of a cell in a stream only how it is shown; an import needs to know what
// is stored, and whether it is a number, a date or the result of a formula.
type workbook struct {
	files    *archive
	from1904 bool
	strings  []string
	styles   []style
}

// style is what matters of a cell's format.
type style struct {
	date bool
	pad  int // as many digits, with zeros before: format 0000
}

// workbookSheets are the visible sheets of a workbook in their order.
func workbookSheets(body []byte) ([]sheet, error) {
	files, err := openArchive(body)
	if err != nil {
		return nil, err
	}
	main, err := files.mainPart()
	if err != nil {
		return nil, err
	}
	var book struct {
		Properties struct {
			From1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"id,attr"` // r:id
		} `xml:"sheets>sheet"`
	}
	if err := files.decode(main, &book); err != nil {
		return nil, err
	}
	related, err := files.related(main)
	if err != nil {
		return nil, err
	}
	w := &workbook{files: files, from1904: book.Properties.From1904 == "1" || book.Properties.From1904 == "true"}
	if err := w.prepare(main, related); err != nil {
		return nil, err
	}
	var sheets []sheet
	for _, s := range book.Sheets {
		at := slices.IndexFunc(related, func(r relationship) bool { return r.ID == s.ID })
		if at < 0 || !strings.HasSuffix(related[at].Type, "/worksheet") || s.State != "" && s.State != "visible" {
			continue
		}
		part := target(main, related[at])
		sheets = append(sheets, sheet{name: s.Name, from1904: w.from1904, rows: func(yield func(line, error) bool) { w.read(part, yield) }})
	}
	return sheets, nil
}

// mainPart finds the part of the workbook itself, and refuses one with macros.
func (a *archive) mainPart() (string, error) {
	const types = "[Content_Types].xml"
	var parsed struct {
		Overrides []struct {
			Part string `xml:"PartName,attr"`
			Type string `xml:"ContentType,attr"`
		} `xml:"Override"`
	}
	if err := a.decode(types, &parsed); err != nil {
		return "", err
	}
	main := ""
	for _, o := range parsed.Overrides {
		sort := strings.ToLower(o.Type)
		switch {
		case strings.Contains(sort, "macroenabled"), strings.Contains(sort, "vbaproject"):
			return "", events.Refuse(formimport.CodeMacros, formimport.ReasonMacros, "", "part", o.Part)
		case strings.HasSuffix(sort, "spreadsheetml.sheet.main+xml"), strings.HasSuffix(sort, "spreadsheetml.template.main+xml"):
			main = strings.TrimPrefix(o.Part, "/")
		}
	}
	if main == "" {
		return "", events.Refuse(formimport.CodeKind, ReasonNotATable, "", "name", types)
	}
	return main, nil
}

// prepare reads what cells refer to: shared texts and formats.
func (w *workbook) prepare(main string, related []relationship) error {
	for _, r := range related {
		var err error
		switch {
		case strings.HasSuffix(r.Type, "/sharedStrings"):
			err = w.readStrings(target(main, r))
		case strings.HasSuffix(r.Type, "/styles"):
			err = w.readStyles(target(main, r))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// walk hands each element of a part to see. It refuses document type
// definitions, which could make much out of little.
func (w *workbook) walk(part string, see func(xml.Token) error) error {
	content, err := w.files.open(part, MaxUnzipped)
	if err != nil {
		return err
	}
	defer content.Close()
	tokens := xml.NewDecoder(content)
	for {
		token, err := tokens.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return damaged(part, err)
		}
		if _, is := token.(xml.Directive); is {
			return dtd(part)
		}
		if err := see(token); err != nil {
			return err
		}
	}
}

// readStrings reads the texts that cells share, without what is said of their
// pronunciation.
func (w *workbook) readStrings(part string) error {
	var words strings.Builder
	inText, inPhonetic := false, false
	held := 0
	return w.walk(part, func(token xml.Token) error {
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "si":
				words.Reset()
			case "t":
				inText = !inPhonetic
			case "rPh":
				inPhonetic = true
			}
		case xml.CharData:
			if inText {
				words.Write(t)
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "si":
				if held += words.Len(); held > MaxText {
					return tooMany("bytes of text", MaxText)
				}
				w.strings = append(w.strings, unescaped(words.String()))
			case "t":
				inText = false
			case "rPh":
				inPhonetic = false
			}
		}
		return nil
	})
}

// unescaped writes the carriage returns that a workbook escapes as nothing.
func unescaped(words string) string { return strings.ReplaceAll(words, "_x000D_", "") }

// The formats of dates that have no code of their own in a file (ECMA-376 part
// 1, 18.8.30, with those of Chinese editions).
func isDateFormat(id int) bool {
	return id >= 14 && id <= 17 || id == 22 || id >= 27 && id <= 31 || id == 36 || id >= 50 && id <= 54 || id == 57 || id == 58
}

var (
	formatLiteral = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.|_.|\*.`)
	formatOfDate  = regexp.MustCompile(`[yYdD]`)
	formatOfZeros = regexp.MustCompile(`^0{2,}$`)
)

func (w *workbook) readStyles(part string) error {
	var sheet struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := w.files.decode(part, &sheet); err != nil {
		return err
	}
	codes := make(map[int]style)
	for _, f := range sheet.Formats {
		if formatOfZeros.MatchString(f.Code) {
			codes[f.ID] = style{pad: len(f.Code)}
			continue
		}
		codes[f.ID] = style{date: formatOfDate.MatchString(formatLiteral.ReplaceAllString(f.Code, ""))}
	}
	for _, c := range sheet.Cells {
		s, own := codes[c.Format]
		if !own {
			s.date = isDateFormat(c.Format)
		}
		w.styles = append(w.styles, s)
	}
	return nil
}

// errEnough ends a walk whose caller wants no more.
var errEnough = errors.New("enough was read")

// read yields the rows of a sheet that have cells.
func (w *workbook) read(part string, yield func(line, error) bool) {
	walk := sheetWalk{book: w, yield: yield}
	if err := w.walk(part, walk.see); err != nil && !errors.Is(err, errEnough) {
		yield(line{}, err)
	}
}

// sheetWalk walks over the XML of a sheet and keeps where it stands.
type sheetWalk struct {
	book  *workbook
	yield func(line, error) bool
	row   line
	// The cell that it is in: its column from 0, type, style and content.
	column     int
	sort       string
	style      style
	hasFormula bool
	inValue    bool
	inPhonetic bool
	value      strings.Builder
}

func (s *sheetWalk) see(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return s.start(t)
	case xml.CharData:
		if s.inValue {
			s.value.Write(t)
		}
	case xml.EndElement:
		return s.end(t.Name.Local)
	}
	return nil
}

func (s *sheetWalk) start(element xml.StartElement) error {
	switch element.Name.Local {
	case "row":
		s.row = line{number: s.row.number + 1}
		s.column = -1
		if n, err := strconv.Atoi(attribute(element, "r")); err == nil {
			s.row.number = n
		}
	case "c":
		s.column++
		if at, ok := columnOf(attribute(element, "r")); ok {
			s.column = at
		}
		s.sort, s.hasFormula, s.style = attribute(element, "t"), false, style{}
		if n, err := strconv.Atoi(attribute(element, "s")); err == nil && n >= 0 && n < len(s.book.styles) {
			s.style = s.book.styles[n]
		}
		s.value.Reset()
	case "f":
		s.hasFormula = true
	case "rPh":
		s.inPhonetic = true
	case "v":
		s.inValue = s.sort != inline
	case "t":
		s.inValue = s.sort == inline && !s.inPhonetic
	}
	return nil
}

// inline is the type of a cell whose text stands in it; a program that gives it a
// value may leave the former text behind (ECMA-376, 18.3.1.4).
const inline = "inlineStr"

func (s *sheetWalk) end(name string) error {
	switch name {
	case "v", "t":
		s.inValue = false
	case "rPh":
		s.inPhonetic = false
	case "c":
		return s.put()
	case "row":
		if len(s.row.cells) > 0 && !s.yield(s.row, nil) {
			return errEnough
		}
	case "sheetData":
		return errEnough
	}
	return nil
}

// put puts the cell that was read into its row. A blank one takes no place.
func (s *sheetWalk) put() error {
	c := s.cell()
	if c.text == "" && c.kind != formula {
		return nil
	}
	if s.column >= MaxColumns {
		return tooMany("columns", MaxColumns)
	}
	for len(s.row.cells) <= s.column {
		s.row.cells = append(s.row.cells, cell{})
	}
	s.row.cells[s.column] = c
	return nil
}

func (s *sheetWalk) cell() cell {
	value := s.value.String()
	switch {
	case s.hasFormula:
		return cell{value, formula}
	case s.sort == "e":
		return cell{value, fault}
	case s.sort == "s":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n >= len(s.book.strings) {
			return cell{value, fault}
		}
		return cell{text: s.book.strings[n]}
	case s.sort == inline, s.sort == "str", s.sort == "d", s.sort == "b":
		return cell{text: unescaped(value)}
	case value != "" && s.style.date:
		if day, ok := daySerial(value, s.book.from1904); ok {
			return cell{text: day.String()}
		}
	case len(value) < s.style.pad && !strings.ContainsAny(value, "-.eE"):
		return cell{text: strings.Repeat("0", s.style.pad-len(value)) + value}
	}
	return cell{value, number}
}

// columnOf is the column of a reference such as "AB12", from 0.
func columnOf(reference string) (int, bool) {
	column := 0
	for _, r := range reference {
		if r < 'A' || r > 'Z' || column > MaxColumns {
			break
		}
		column = column*26 + int(r-'A') + 1
	}
	return column - 1, column > 0
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}
