package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Limits of what is audited at once.
const (
	// MaxBytes is the largest document that [Parse] reads: 64 MiB.
	MaxBytes = 64 << 20
	// MaxForms is the largest number of forms in a document.
	MaxForms = 10_000
	// MaxFundRows is the largest number of fund rows in a form.
	MaxFundRows = 100
	// MaxIndicators is the largest number of indicator rows in a form.
	MaxIndicators = 500
	// MaxTextRunes is the longest text in a cell, in characters.
	MaxTextRunes = 20_000
	// MaxStatements is the largest number of figures in the narrative.
	MaxStatements = 1_000
	// MaxStatementDepth is how deep the narrative's objects may nest.
	MaxStatementDepth = 6
)

// ErrTooLarge is returned by [Parse] for a document beyond [MaxBytes].
var ErrTooLarge = errors.New("the document is larger than 64 MiB: split it and audit the parts")

// Declared is a document of forms as somebody printed them, with the figures
// that the report's text states beside them.
type Declared struct {
	Forms     []Form    `json:"forms"`
	Narrative Narrative `json:"narrative"`
}

// The kinds of forms.
const (
	Project    = "project"
	Department = "department"
)

// Form is one self-evaluation form. Cells are as printed.
type Form struct {
	ID               string      `json:"id"`
	Kind             string      `json:"kind"` // Project or Department
	Year             Year        `json:"year"` // 0 if not stated
	Template         Text        `json:"template"`
	MoneyUnit        Text        `json:"money_unit"` // 万元, 元, or blank if not stated
	Department       Text        `json:"department"`
	ImplementingUnit Text        `json:"implementing_unit"`
	Project          Text        `json:"project"`
	Funds            []FundRow   `json:"funds"`
	Income           *Income     `json:"income"`   // of a department
	Spending         *Spending   `json:"spending"` // of a department
	Execution        Execution   `json:"execution"`
	Goal             Goal        `json:"goal"`
	Indicators       []Indicator `json:"indicators"`
	Total            Total       `json:"total"`
	FilledOn         Text        `json:"filled_on"`
	Signature        Text        `json:"signature,omitzero"` // of the unit's head, where the importer saw the field
}

// FundRow is a row of the table of money. Row is total, current_appropriation,
// carryover, other, or a region's own key.
type FundRow struct {
	Row      string `json:"row"`
	Label    Text   `json:"label"`
	Initial  Text   `json:"initial"`
	FullYear Text   `json:"full_year"`
	Executed Text   `json:"executed"`
}

// Income is a department's money by its nature.
type Income struct {
	GeneralPublicBudget  Text `json:"general_public_budget"`
	GovernmentFund       Text `json:"government_fund"`
	SpecialAccountNontax Text `json:"special_account_nontax"`
	Other                Text `json:"other"`
}

// Spending is a department's money by its use.
type Spending struct {
	Basic   Text `json:"basic"`
	Project Text `json:"project"`
}

// Execution is the scored execution rate.
type Execution struct {
	Weight Text `json:"weight"`
	Rate   Text `json:"rate"`
	Score  Text `json:"score"`
}

// Goal is the year's goal in words and what became of it.
type Goal struct {
	Expected Text `json:"expected"`
	Actual   Text `json:"actual"`
}

// Indicator is a row of the table of indicators.
type Indicator struct {
	Level1 Text `json:"level1"`
	Level2 Text `json:"level2"`
	Level3 Text `json:"level3"`
	Target Text `json:"target"`
	Actual Text `json:"actual"`
	Weight Text `json:"weight"`
	Score  Text `json:"score"`
	Note   Text `json:"note"`
}

// Total is the last row: weight, score and grade of the whole form.
type Total struct {
	Weight Text `json:"weight"`
	Score  Text `json:"score"`
	Grade  Text `json:"grade"`
}

// Text is a cell as printed. A blank cell is "". Stated says that the document
// names the cell, if only as null.
type Text struct {
	Printed string
	Stated  bool
}

// String returns the cell as printed.
func (t Text) String() string { return t.Printed }

// UnmarshalJSON reads a string, null, a number as it is written, or an object
// with the printed text in "printed", as forms with exact figures have.
func (t *Text) UnmarshalJSON(raw []byte) error {
	*t = Text{Stated: true}
	switch {
	case bytes.Equal(raw, []byte("null")):
		return nil
	case raw[0] == '"':
		if err := json.Unmarshal(raw, &t.Printed); err != nil {
			return err
		}
	case raw[0] == '{':
		var beside struct{ Printed *Text }
		if err := json.Unmarshal(raw, &beside); err != nil || beside.Printed == nil {
			return fmt.Errorf("a cell is a string as printed or null, not %s", excerpt(raw))
		}
		t.Printed = beside.Printed.Printed
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		t.Printed = string(raw)
	default:
		return fmt.Errorf("a cell is a string as printed or null, not %s", excerpt(raw))
	}
	if utf8.RuneCountInString(t.Printed) > MaxTextRunes {
		return fmt.Errorf("a cell of more than %d characters, beginning %q", MaxTextRunes, excerpt([]byte(t.Printed)))
	}
	return nil
}

// MarshalJSON writes the cell as printed, a blank one as null.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.Printed == "" {
		return []byte("null"), nil
	}
	return json.Marshal(t.Printed)
}

// Year is a fiscal year, 0 if the document states none.
type Year int

// MarshalJSON writes a year that is not stated as null.
func (y Year) MarshalJSON() ([]byte, error) {
	if y == 0 {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, int64(y), 10), nil
}

// UnmarshalJSON reads 2023, "2023" or null.
func (y *Year) UnmarshalJSON(raw []byte) error {
	text := string(bytes.Trim(raw, `"`))
	if text == "null" || text == "" {
		return nil
	}
	year, err := strconv.Atoi(text)
	if err != nil || year < 1949 || year > 2999 {
		return fmt.Errorf("the year is a number such as 2023, not %s", excerpt(raw))
	}
	*y = Year(year)
	return nil
}

// Parse reads a document of declared forms. It is strict about what makes a
// document (an object with "forms", each of a known kind and money unit) and
// takes any text in a cell; members that it does not know are left aside. Its
// errors name the place and what to write there.
func Parse(raw []byte) (Declared, error) {
	if len(raw) > MaxBytes {
		return Declared{}, ErrTooLarge
	}
	var document struct {
		Forms     *[]json.RawMessage `json:"forms"`
		Narrative Narrative          `json:"narrative"`
	}
	if err := decode(raw, &document); err != nil {
		return Declared{}, fmt.Errorf("not a document of declared forms: %w", err)
	}
	if document.Forms == nil {
		return Declared{}, errors.New(`not a document of declared forms: it has no "forms"; write {"forms": [{"id": …, "kind": "project", …}]}`)
	}
	if len(*document.Forms) > MaxForms {
		return Declared{}, fmt.Errorf("%d forms, but %d are audited at once: split the document", len(*document.Forms), MaxForms)
	}
	declared := Declared{Forms: make([]Form, len(*document.Forms)), Narrative: document.Narrative}
	for i, rawForm := range *document.Forms {
		form := &declared.Forms[i]
		if err := decode(rawForm, form); err != nil {
			return Declared{}, fmt.Errorf("forms[%d]: %w", i, err)
		}
		if err := form.settle(i); err != nil {
			return Declared{}, fmt.Errorf("forms[%d] (%s): %w", i, form.ID, err)
		}
	}
	return declared, nil
}

// decode reads exactly one JSON value.
func decode(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(into); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return fmt.Errorf("%q is a %s, which does not belong there", wrong.Field, wrong.Value)
		}
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("something follows the JSON document; send one document")
	}
	return nil
}

// settle checks what a form must have and fills in what follows from the rest.
func (f *Form) settle(index int) error {
	if f.ID == "" {
		f.ID = fmt.Sprintf("forms[%d]", index)
	}
	if f.Kind == "" {
		f.Kind = Project
		if f.Income != nil || f.Spending != nil {
			f.Kind = Department
		}
	}
	if f.Kind != Project && f.Kind != Department {
		return fmt.Errorf(`kind %q: write "project" or "department"`, f.Kind)
	}
	if unit := f.MoneyUnit.Printed; unit != "" && unit != wan && unit != yuan {
		return fmt.Errorf(`money_unit %q: write "万元" or "元"`, unit)
	}
	if len(f.Funds) > MaxFundRows {
		return fmt.Errorf("%d fund rows, at most %d are read", len(f.Funds), MaxFundRows)
	}
	if len(f.Indicators) > MaxIndicators {
		return fmt.Errorf("%d indicators, at most %d are read", len(f.Indicators), MaxIndicators)
	}
	return nil
}

// Narrative is what the report's text states, in the order of the document.
type Narrative []Statement

// Statement is one figure of the text. Path is its key, with dots between the
// keys of nested objects: personnel.share_printed.
type Statement struct {
	Path string
	Text string
}

// Of returns what the text states under a path.
func (n Narrative) Of(path string) (string, bool) {
	for _, statement := range n {
		if statement.Path == path {
			return statement.Text, true
		}
	}
	return "", false
}

// UnmarshalJSON flattens nested objects and lists, keeping the order.
func (n *Narrative) UnmarshalJSON(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	first, err := decoder.Token()
	if err != nil || first == nil {
		return err
	}
	if first != json.Delim('{') {
		return errors.New(`"narrative" is an object of figures, such as {"basic_expenditure": "2197.55"}`)
	}
	return n.object(decoder, "", MaxStatementDepth)
}

func (n *Narrative) object(decoder *json.Decoder, prefix string, depth int) error {
	if depth == 0 {
		return fmt.Errorf("narrative.%s: nested more than %d deep", prefix, MaxStatementDepth)
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		if err := n.value(decoder, joined(prefix, key.(string)), depth); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return err
}

func (n *Narrative) value(decoder *json.Decoder, path string, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	text := ""
	switch value := token.(type) {
	case json.Delim:
		if value == '{' {
			return n.object(decoder, path, depth-1)
		}
		return n.list(decoder, path, depth-1)
	case string:
		text = value
	case json.Number:
		text = value.String()
	}
	if len(*n) >= MaxStatements {
		return fmt.Errorf("the narrative has more than %d figures", MaxStatements)
	}
	if utf8.RuneCountInString(text) > MaxTextRunes {
		return fmt.Errorf("narrative.%s: more than %d characters", path, MaxTextRunes)
	}
	*n = append(*n, Statement{Path: path, Text: text})
	return nil
}

func (n *Narrative) list(decoder *json.Decoder, path string, depth int) error {
	if depth <= 0 {
		return fmt.Errorf("narrative.%s: nested more than %d deep", path, MaxStatementDepth)
	}
	for i := 0; decoder.More(); i++ {
		if err := n.value(decoder, joined(path, strconv.Itoa(i)), depth); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return err
}

func joined(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// excerpt is the beginning of a value, for an error message.
func excerpt(raw []byte) string {
	const shown = 40
	runes := []rune(string(raw))
	if len(runes) <= shown {
		return string(runes)
	}
	return string(runes[:shown]) + "…"
}
