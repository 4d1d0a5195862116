package intake

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// cell is a cell of a file, and what kind of content the file says it is.
type cell struct {
	text string
	kind content
}

// content is the kind of a cell's content. A CSV file has only texts.
type content uint8

const (
	text    content = iota
	number          // a number of a workbook, as it is stored
	formula         // whatever it came to, that result is not to be trusted
	fault           // #N/A and the like
)

// significant is how many digits a spreadsheet shows of a number. It stores up
// to 17, of which the last two are noise of binary fractions: 123.45 may be
// stored as 123.45000000000002.
const significant = 15

// The decimals of a whole fen in each denomination.
const (
	yuanDecimals = 2
	wanDecimals  = 6
)

var (
	decimalPattern = regexp.MustCompile(`^(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$`)
	groupedPattern = regexp.MustCompile(`^\d{1,3}(,\d{3})+(\.\d*)?$`)
	unitSuffix     = regexp.MustCompile(`(万元|元|圆|yuan|YUAN)$`)
	currencySign   = regexp.MustCompile(`^(¥|RMB|CNY|人民币)`)
)

// amountOf reads an amount. It is exact: what is no whole number of fen is refused.
func amountOf(c cell, unit Denomination, field string) (money.Amount, *events.Refusal) {
	unread := events.Refuse(events.CodeAmountInvalid, ReasonAmountUnread, "", "field", field, "value", c.text)
	digits, negative, unit, ok := plainNumber(c, unit)
	if !ok {
		return 0, unread
	}
	parts := decimalPattern.FindStringSubmatch(digits)
	if parts == nil || parts[1]+parts[2] == "" || parts[3] != "" && c.kind != number {
		return 0, unread
	}
	exponent, _ := strconv.Atoi(parts[3])
	whole, point := parts[1]+parts[2], len(parts[1])+exponent
	rounded := whole
	if c.kind == number {
		rounded, point = roundSignificant(whole, point)
	}
	places := yuanDecimals
	if unit == WanYuan {
		places = wanDecimals
	}
	fen, exact := scaled(rounded, point+places)
	switch {
	case !exact && c.kind == number && len(strings.Trim(whole, "0")) >= significant:
		return 0, events.Refuse(events.CodeAmountInvalid, ReasonAmountTail, "", "field", field, "value", c.text)
	case !exact:
		return 0, events.Refuse(events.CodeAmountInvalid, ReasonAmountDecimals, "", "field", field, "value", c.text,
			"decimals", strconv.Itoa(places))
	case fen > money.MaxStated:
		return 0, events.Refuse(events.CodeAmountInvalid, events.ReasonAmountTooLarge, "", "field", field, "value", c.text)
	case negative && fen > 0:
		return 0, events.Refuse(events.CodeAmountInvalid, events.ReasonAmountNegative, "", "field", field, "value", c.text)
	}
	return fen, nil
}

// plainNumber takes off what people write around a number: signs of currency,
// units, brackets and minus for negative ones, separators of thousands.
func plainNumber(c cell, unit Denomination) (digits string, negative bool, in Denomination, ok bool) {
	digits, in = c.text, unit
	if c.kind != number {
		digits = strings.NewReplacer(" ", "", "\u00A0", "", "−", "-", "–", "-", "'", "").Replace(width.Fold.String(digits))
	}
	if rest, found := strings.CutPrefix(digits, "("); found && strings.HasSuffix(rest, ")") {
		digits, negative = strings.TrimSuffix(rest, ")"), true
	}
	digits = currencySign.ReplaceAllString(digits, "")
	if rest, found := strings.CutPrefix(digits, "-"); found {
		digits, negative = rest, !negative
	}
	digits = currencySign.ReplaceAllString(strings.TrimPrefix(digits, "+"), "")
	if suffix := unitSuffix.FindString(digits); suffix != "" {
		digits, in = strings.TrimSuffix(digits, suffix), Yuan
		if suffix == "万元" {
			in = WanYuan
		}
	}
	if !strings.Contains(digits, ",") {
		return digits, negative, in, true
	}
	return strings.ReplaceAll(digits, ",", ""), negative, in, groupedPattern.MatchString(digits)
}

// roundSignificant rounds 0.digits × 10^point to the digits that a spreadsheet
// shows.
func roundSignificant(digits string, point int) (string, int) {
	trimmed := strings.TrimLeft(digits, "0")
	point -= len(digits) - len(trimmed)
	if len(trimmed) <= significant {
		return trimmed, point
	}
	head, up := trimmed[:significant], trimmed[significant] >= '5'
	n, err := strconv.ParseInt(head, 10, 64)
	if err != nil {
		return trimmed, point
	}
	if up {
		n++
	}
	rounded := strconv.FormatInt(n, 10)
	return rounded, point + len(rounded) - significant
}

// scaled is 0.digits × 10^point if that is a whole number. One beyond what
// can be stated is the next larger.
func scaled(digits string, point int) (money.Amount, bool) {
	digits = strings.TrimRight(digits, "0")
	if leading := len(digits) - len(strings.TrimLeft(digits, "0")); leading > 0 {
		digits, point = digits[leading:], point-leading
	}
	switch {
	case digits == "":
		return 0, true
	case len(digits) > point:
		return 0, false
	case point > len(strconv.FormatInt(int64(money.MaxStated), 10)):
		return money.MaxStated + 1, true
	}
	n, err := strconv.ParseInt(digits+strings.Repeat("0", point-len(digits)), 10, 64)
	return money.Amount(n), err == nil
}

var (
	datePattern = regexp.MustCompile(`^(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?(?:[T ]0{1,2}:00(?::00(?:\.0+)?)?)?$`)
	dayPattern  = regexp.MustCompile(`^\d{8}$`)
)

// dateOf reads a business date. A number of a workbook may also be a day's serial.
func dateOf(c cell, from1904 bool, field string) (fiscal.Date, *events.Refusal) {
	invalid := events.Refuse(events.CodeInvalidEvent, events.ReasonDateInvalid, "", "field", field, "value", c.text)
	words := strings.TrimSpace(width.Fold.String(c.text))
	if dayPattern.MatchString(words) {
		words = words[:4] + "-" + words[4:6] + "-" + words[6:]
	} else if c.kind == number {
		day, ok := daySerial(words, from1904)
		if !ok {
			return fiscal.Date{}, invalid
		}
		return day, nil
	}
	parts := datePattern.FindStringSubmatch(words)
	if parts == nil {
		return fiscal.Date{}, invalid
	}
	date, err := fiscal.ParseDate(parts[1] + "-" + twoDigits(parts[2]+parts[3]+parts[4]+parts[5]) + "-" + twoDigits(parts[6]))
	if err != nil {
		return fiscal.Date{}, invalid
	}
	return date, nil
}

func twoDigits(digits string) string {
	if len(digits) == 1 {
		return "0" + digits
	}
	return digits
}

// days1904 is how many days the calendar of 1904 (Excel for the Mac of old)
// counts fewer than that of 1900.
const days1904 = 1462

// daySerial is the day that a workbook counts so (ECMA-376 part 1, 18.17.4.1). A
// time of day is dropped. Serials up to 60, where the calendar of 1900 has a
// day that never was, lie before every year that Outturn keeps books of.
func daySerial(digits string, from1904 bool) (fiscal.Date, bool) {
	whole, _, _ := strings.Cut(digits, ".")
	days, err := strconv.Atoi(whole)
	if err != nil || days < 0 || days > 1_000_000 {
		return fiscal.Date{}, false
	}
	if from1904 {
		days += days1904
	}
	date := fiscal.DateOf(time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days))
	return date, date.Year.Validate() == nil
}

// triggers are the first characters that make a spreadsheet read a text as a
// formula or a command, in either width.
const triggers = "=+-@\t\r"

// isFormulaLike says whether a spreadsheet could take a text for more than a
// text. A plain number is harmless.
func isFormulaLike(words string) bool {
	folded := strings.TrimLeft(width.Fold.String(words), " \u3000")
	if folded == "" || !strings.ContainsRune(triggers, rune(folded[0])) {
		return false
	}
	return !decimalPattern.MatchString(strings.TrimPrefix(folded, "-")) || folded == "-"
}

// isBlank says whether a cell says nothing: it is empty, or has a dash or a
// stroke in place of a value.
func isBlank(words string) bool {
	switch strings.TrimSpace(words) {
	case "", "-", "－", "—", "——", "–", "/", "\\":
		return true
	}
	return false
}

// textOf reads a text: a name, a number on paper, a sentence.
func textOf(c cell, field string) (string, *events.Refusal) {
	words := c.text
	if rest, found := strings.CutPrefix(words, "'"); found && isFormulaLike(rest) {
		words = rest // the apostrophe that a CSV file of ours begins such a text with
	}
	if isFormulaLike(words) {
		return "", events.Refuse(CodeCellInvalid, ReasonCellFormulaText, "", "field", field, "value", words)
	}
	if c.kind == number && (len(strings.Trim(words, "-.")) > significant || strings.ContainsAny(words, "eE")) {
		return "", events.Refuse(CodeCellInvalid, ReasonCellNumber, "", "field", field, "value", words)
	}
	return strings.TrimSpace(words), nil
}

// codeOf reads a code, which is ASCII whatever width it was typed in.
func codeOf(c cell, field string) (string, *events.Refusal) {
	return textOf(cell{width.Fold.String(c.text), c.kind}, field)
}

var classPattern = regexp.MustCompile(`^(\d{3}(?:\d{2})?)(?:\D.*)?$`)

// classOf reads an economic class, with or without its name behind it.
func classOf(c cell, field string) (string, *events.Refusal) {
	code, refusal := codeOf(c, field)
	if parts := classPattern.FindStringSubmatch(code); parts != nil {
		return parts[1], refusal
	}
	return code, refusal
}

// kindOf reads the word for a type.
func kindOf(c cell, field string) (*kind, *events.Refusal) {
	if found, ok := kindWords[canonical(c.text)]; ok {
		return &kinds[found.of], nil
	}
	near := ""
	if of, ok := kindWords.nearest(c.text); ok {
		near = kinds[of].zh + " / " + kinds[of].en
	}
	return nil, events.Refuse(CodeCellInvalid, ReasonTypeWord, "", "field", field, "value", c.text, "nearest", near)
}

// fundOf reads the word for a fund.
func fundOf(c cell, field string) (string, *events.Refusal) {
	if found, ok := fundWords[canonical(c.text)]; ok {
		return string(funds[found.of].fund), nil
	}
	near := ""
	if of, ok := fundWords.nearest(c.text); ok {
		near = funds[of].zh + " / " + string(funds[of].fund)
	}
	return "", events.Refuse(CodeCellInvalid, ReasonFundWord, "", "field", field, "value", c.text, "nearest", near)
}

// yearOf reads a year: 2023, 2023年, or one that is told from the row's own.
func yearOf(c cell, own fiscal.Year, field string) (string, *events.Refusal) {
	words := strings.TrimSuffix(canonical(c.text), "年")
	switch words {
	case "当", "本", "当年", "本年", "current", "currentyear":
		return strconv.Itoa(int(own)), nil
	case "上", "上年", "上年结转", "lastyear":
		return strconv.Itoa(int(own - 1)), nil
	}
	if _, err := fiscal.ParseYear(words); err != nil {
		return "", events.Refuse(events.CodeInvalidEvent, events.ReasonFieldInvalid, "", "field", field, "want", fiscal.ErrYear.Error())
	}
	return words, nil
}
