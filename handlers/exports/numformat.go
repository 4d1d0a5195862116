package exports

import (
	"regexp"
	"strings"
)

// exact is a decimal literal that a spreadsheet, which computes in doubles,
// shows again as it stands.
var exact = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// maxSignificant is the number of digits that a double keeps for certain;
// maxAffix bounds the words in a number format, which holds 255 characters.
const (
	maxSignificant = 15
	maxAffix       = 60
)

// numberFormat is the format with which a spreadsheet shows the number as the
// text: "41.14" is 0.00, "51.43%" is 0.00"%", "1,955.93" is #,##0.00 and "80万元"
// is 0"万元". It is false where there is none; the cell then stays a text.
func numberFormat(number, text string) (format string, ok bool) {
	if !exact.MatchString(number) || digits(number) > maxSignificant || isNegativeZero(number) {
		return "", false
	}
	whole, fraction, _ := strings.Cut(number, ".")
	format = "0"
	shown := number
	if !strings.Contains(text, number) && strings.Contains(text, ",") {
		format, shown = "#,##0", grouped(whole)
		if fraction != "" {
			shown += "." + fraction
		}
	}
	if fraction != "" {
		format += "." + strings.Repeat("0", len(fraction))
	}
	before, after, found := strings.Cut(text, shown)
	if !found || !isAffix(before) || !isAffix(after) || before != "" && number[0] == '-' {
		return "", false
	}
	return affix(before) + format + affix(after), true
}

func digits(number string) int {
	return len(strings.TrimLeft(strings.ReplaceAll(strings.TrimPrefix(number, "-"), ".", ""), "0"))
}

func isNegativeZero(number string) bool { return number[0] == '-' && digits(number) == 0 }

// isAffix says whether the words beside a number fit into its format and do not
// make it another number.
func isAffix(words string) bool {
	return len(words) <= maxAffix && !strings.ContainsAny(words, "\"\\\n\t,.-0123456789")
}

func affix(words string) string {
	if words == "" {
		return ""
	}
	return `"` + words + `"`
}

// grouped writes thousands separators into a whole number.
func grouped(whole string) string {
	sign := ""
	if whole[0] == '-' {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole
}
