package formimport

import (
	"fmt"
	"strings"
)

// Report says what was read and, plainly, what was not.
type Report struct {
	Kind   Kind     `json:"kind"`
	Forms  int      `json:"forms"`
	Unread []Unread `json:"unread"`
	Raw    []Raw    `json:"raw"`
	// Omitted counts the entries beyond [MaxListed] that the two lists leave out.
	Omitted int `json:"omitted"`

	taken int // bytes of text in the forms
}

// Unread is something in the file that no form took up.
type Unread struct {
	Place Place  `json:"place"`
	Text  string `json:"text"` // its beginning, cleaned
	Why   Why    `json:"why"`
}

// Raw is a cell that cleaning changed or that was put together from several.
type Raw struct {
	Form  string `json:"form"`  // id of the form
	Where string `json:"where"` // as in a finding: funds.executed, indicators[2].score
	Place Place  `json:"place"`
	Raw   string `json:"raw"`  // as found in the file
	Text  string `json:"text"` // as in the form
}

// Why is the stable slug of a reason for which something was not read.
type Why string

// The reasons.
const (
	WhyNotAForm       Why = "not_a_form"       // a table without the labels of a form
	WhyNotUnderstood  Why = "not_understood"   // a cell that stands under or beside no known label
	WhyNoPlace        Why = "no_place"         // understood, but a declared form has no place for it
	WhySecond         Why = "second_value"     // a second cell where a form has one
	WhyHidden         Why = "hidden"           // in a hidden sheet, or hidden text
	WhyUnderMerge     Why = "under_merge"      // text that a merged cell covers
	WhyPicture        Why = "picture"          // a picture: its content is not read
	WhyNoResult       Why = "no_result"        // a formula whose result the file does not hold
	WhyUnitNotStated  Why = "unit_not_stated"  // no place of the form names 元 or 万元
	WhyNoFunds        Why = "no_funds"         // a form without a table of money
	WhyNoIndicators   Why = "no_indicators"    // a form without a table of indicators
	WhySubtotal       Why = "subtotal"         // a row of 小计
	WhyTooManyForForm Why = "too_many_in_form" // rows beyond what a form may have
)

// Explain returns the reason as an English sentence.
func (w Why) Explain() string {
	return map[Why]string{
		WhyNotAForm:       "this table has none of the labels of a self-evaluation form",
		WhyNotUnderstood:  "this cell stands under or beside no label that is known",
		WhyNoPlace:        "a declared form has no place for this",
		WhySecond:         "the form has a value there already",
		WhyHidden:         "this is hidden and not printed",
		WhyUnderMerge:     "a merged cell covers this text",
		WhyPicture:        "this is a picture; type what it shows",
		WhyNoResult:       "the file holds the formula but not its result; open and save it in a spreadsheet program",
		WhyUnitNotStated:  "the form does not say whether money is in 元 or 万元",
		WhyNoFunds:        "no table of money (全年预算数, 全年执行数) was found in this form",
		WhyNoIndicators:   "no table of indicators (三级指标, 得分) was found in this form",
		WhySubtotal:       "a subtotal is not an indicator",
		WhyTooManyForForm: "a form holds no more rows of this sort",
	}[w]
}

// excerptRunes is how much of an unread text a report shows.
const excerptRunes = 120

func (r *Report) unread(place Place, text string, why Why) {
	if len(r.Unread) >= MaxListed {
		r.Omitted++
		return
	}
	text = tidy(text)
	if runes := []rune(text); len(runes) > excerptRunes {
		text = string(runes[:excerptRunes]) + "…"
	}
	r.Unread = append(r.Unread, Unread{Place: place, Text: text, Why: why})
}

func (r *Report) raw(entry Raw) {
	if len(r.Raw) >= MaxListed {
		r.Omitted++
		return
	}
	r.Raw = append(r.Raw, entry)
}

// Place is where something stands in a file: a cell of a sheet, a cell of a
// table, or a table as a whole. Numbers count from 1; 0 is not stated.
type Place struct {
	Sheet  string // of a workbook
	Table  int    // of a Word document or a text
	Row    int
	Column int // the column of the grid, so that merged cells count
}

// String writes Sheet1!C5, or table 2, row 5, column 3.
func (p Place) String() string {
	if p.Sheet != "" {
		if p.Row == 0 {
			return p.Sheet
		}
		return fmt.Sprintf("%s!%s%d", p.Sheet, columnLetters(p.Column), p.Row)
	}
	if p.Table == 0 {
		return "text"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "table %d", p.Table)
	if p.Row > 0 {
		fmt.Fprintf(&b, ", row %d", p.Row)
	}
	if p.Column > 0 {
		fmt.Fprintf(&b, ", column %d", p.Column)
	}
	return b.String()
}

// MarshalText is [Place.String].
func (p Place) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// columnLetters is the name of a spreadsheet's column: 1 is A, 27 is AA.
func columnLetters(column int) string {
	letters := ""
	for ; column > 0; column = (column - 1) / 26 {
		letters = string(rune('A'+(column-1)%26)) + letters
	}
	return letters
}
