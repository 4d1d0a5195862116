package exports

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// triggers are the first characters that make a spreadsheet read a text as a
// formula or a command; East Asian editions take the full-width ones too. A tab
// or a line end at the start hides what follows from a reader.
const triggers = "=+-@＝＋－＠\t\r\n"

// literal is a decimal number as forms print it, with or without the sign of
// percent: it can do no harm whatever it begins with.
var literal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?%?$`)

// isFormulaLike says whether a spreadsheet could take the text for more than a
// text.
func isFormulaLike(text string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, " \u3000"))
	return strings.ContainsRune(triggers, first) && !literal.MatchString(text)
}

// inert is the text for a CSV cell: an apostrophe before what could be read as
// a formula, as spreadsheets themselves mark a text.
func inert(text string) string {
	if isFormulaLike(text) {
		return "'" + text
	}
	return text
}
