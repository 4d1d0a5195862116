package performance

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/outturn/outturn/events"
)

// Value is a target or an actual value, read from what a form says.
type Value struct {
	// Number is the number in Unit, exactly; for a range ("8-10家") its low end.
	// It is nil if the value is not applicable.
	Number *big.Rat
	// High is the high end of a range; nil for a single number.
	High *big.Rat
	// Unit is the unit after conversion: amounts of money are in 元 whatever they
	// were written in. Empty if none is written.
	Unit string
	// Operator is the sign or word that the number stands with ("≥95%", "200余人",
	// "5%以内"); empty if none. Strict says that the number itself is left out
	// ("<15%").
	Operator events.Operator
	Strict   bool
	// InWords says that the number was found among other words ("同比增长5%").
	InWords bool
	// NotApplicable says that the text is 不适用.
	NotApplicable bool

	counted bool // the unit, as written, counts things one by one
}

// blanks are the marks that stand for nothing.
var blanks = []string{"", "/", "-", "--", "—", "——", "–", "−", "…"}

// notApplicable are the ways to write that an indicator does not apply.
var notApplicable = []string{"不适用", "不涉及", "N/A", "n/a", "NA"}

// IsBlank says whether a text is empty or a mark for nothing, such as "—".
func IsBlank(text string) bool { return slices.Contains(blanks, plain(text)) }

const (
	// number is a number with or without thousands separators.
	number = `[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?`
	// unit is what may stand behind it: a short word without digits and marks.
	unit = `[^0-9,.;:、。()“”~—–−至到-]{0,12}`
	// bound is a sign or a word before it.
	bound = `>=|<=|≥|≧|⩾|≤|≦|⩽|>|<|=|不低于|不少于|不小于|至少|大于等于|不高于|不超过|不多于|不大于|小于等于|大于|高于|超过|小于|低于|少于`
)

var (
	numbers = regexp.MustCompile(number)
	// quantity is a bound, a number or a range, and a unit.
	quantity   = regexp.MustCompile(`^(` + bound + `)?([-−])?(` + number + `)(` + unit + `)(?:[-~—–−至到](` + number + `)(` + unit + `))?$`)
	boundAtEnd = regexp.MustCompile(`(?:` + bound + `)$`)
	// aYear is a year, which is no quantity.
	aYear = regexp.MustCompile(`(?:^|[^0-9.])(?:19|20)[0-9]{2}年`)
)

// operators are the signs and words before a number.
var operators = map[string]struct {
	operator events.Operator
	strict   bool
}{
	"=": {events.Equal, false},
	"≥": {events.AtLeast, false}, ">=": {events.AtLeast, false}, "≧": {events.AtLeast, false}, "⩾": {events.AtLeast, false},
	"不低于": {events.AtLeast, false}, "不少于": {events.AtLeast, false}, "不小于": {events.AtLeast, false}, "至少": {events.AtLeast, false}, "大于等于": {events.AtLeast, false},
	">": {events.AtLeast, true}, "大于": {events.AtLeast, true}, "高于": {events.AtLeast, true}, "超过": {events.AtLeast, true},
	"≤": {events.AtMost, false}, "<=": {events.AtMost, false}, "≦": {events.AtMost, false}, "⩽": {events.AtMost, false},
	"不高于": {events.AtMost, false}, "不超过": {events.AtMost, false}, "不多于": {events.AtMost, false}, "不大于": {events.AtMost, false}, "小于等于": {events.AtMost, false},
	"<": {events.AtMost, true}, "小于": {events.AtMost, true}, "低于": {events.AtMost, true}, "少于": {events.AtMost, true},
}

func saysNotApplicable(text string) bool { return slices.Contains(notApplicable, plain(text)) }

// ParseValue reads a target or an actual value as forms write it: "≥95%",
// "2160", "110家", "2.7万元", "8-10家", "200余人次", "不适用", in full-width
// characters and with thousands separators too. A single number among other
// words is read if its unit is a known one and no word turns it round
// ("同比增长5%", but not "下降5%"). ok is false for everything else: several
// numbers, dates, words without a number, blanks.
func ParseValue(text string) (v Value, ok bool) { return ParseMeasured(text, "") }

// ParseMeasured is [ParseValue] for a form with a column for the unit (度量单位):
// a number without a unit of its own is in that one.
func ParseMeasured(text, unit string) (v Value, ok bool) {
	text = plain(text)
	switch {
	case saysNotApplicable(text):
		return Value{NotApplicable: true}, true
	case utf8.RuneCountInString(text) > events.MaxText, aYear.MatchString(text):
		return Value{}, false
	}
	v, ok = parseQuantity(text, plain(unit))
	if ok && (v.Unit == "" || known[v.Unit]) {
		return v, true
	}
	if among, found := parseAmongWords(text); found {
		return among, true
	}
	return v, ok
}

// plain writes full-width characters as their half-width ones and leaves out
// spaces.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == ' ', r == '　', r == '\u00a0', r == '\t', r == '\n', r == '\r':
			return -1
		}
		return r
	}, text)
}

func parseQuantity(text, measuredIn string) (v Value, ok bool) {
	m := quantity.FindStringSubmatch(text)
	if m == nil {
		return Value{}, false
	}
	sign, minus, low, word, high := m[1], m[2], m[3], m[4], m[5]
	if high != "" {
		if word != "" && word != m[6] || minus != "" {
			return Value{}, false
		}
		word = m[6]
	}
	v.Operator, v.Strict = operators[sign].operator, operators[sign].strict
	word, operator := withoutBound(word)
	if !v.bound(operator) || high != "" && v.Operator != "" {
		return Value{}, false
	}
	if word == "" {
		word = measuredIn
	}
	of := unitOf(word)
	v.Unit, v.Number, v.counted = of.name, of.times(low), of.counts()
	if minus != "" {
		v.Number.Neg(v.Number)
	}
	if high != "" {
		v.High = of.times(high)
		return v, v.High.Cmp(v.Number) >= 0
	}
	return v, true
}

// bound adds the bound that a word behind the number states, and says whether it
// agrees with one before it.
func (v *Value) bound(operator events.Operator) bool {
	if operator == "" {
		return true
	}
	agrees := v.Operator == "" || v.Operator == operator
	v.Operator = operator
	return agrees
}

// withoutBound takes off a unit the word that makes its number a bound:
// "余人次", "万多元", "%及以上", "万元以内".
func withoutBound(word string) (rest string, operator events.Operator) {
	for _, more := range []string{"余", "多"} {
		if before, after, found := strings.Cut(word, more); found && strings.Trim(before, "百千万亿") == "" {
			return before + after, events.AtLeast
		}
	}
	for _, suffix := range []struct {
		word     string
		operator events.Operator
	}{{"以上", events.AtLeast}, {"以下", events.AtMost}, {"以内", events.AtMost}, {"之内", events.AtMost}} {
		if rest, found := strings.CutSuffix(word, suffix.word); found {
			return strings.TrimSuffix(rest, "及"), suffix.operator
		}
	}
	return word, ""
}

// turning are words that turn a number round, or make it something else than
// what was reached; inexact ones stand right before it.
var (
	turning = regexp.MustCompile(`降|减|未|不|没|无|缺|少|差|低|负|预计|计划|拟`)
	inexact = regexp.MustCompile(`[第约近]$`)
)

// parseAmongWords reads the only number among words.
func parseAmongWords(text string) (Value, bool) {
	found := numbers.FindAllStringIndex(text, 2)
	if len(found) != 1 {
		return Value{}, false
	}
	before, digits, after := text[:found[0][0]], text[found[0][0]:found[0][1]], text[found[0][1]:]
	sign := boundAtEnd.FindString(before)
	before = strings.TrimSuffix(before, sign)
	if before != "" && !endsInWords(before) || inexact.MatchString(before) || turning.MatchString(before+after) { // PM2.5, A4, 1/2
		return Value{}, false
	}
	v := Value{InWords: true, Operator: operators[sign].operator, Strict: operators[sign].strict}
	after, more := withoutBound(after)
	of, isUnit := unitAtStart(after)
	if !isUnit || !v.bound(more) {
		return Value{}, false
	}
	v.Number, v.Unit, v.counted = of.times(digits), of.name, of.counts()
	return v, true
}

// endsInWords says whether text ends in a Chinese character or a mark between
// sentences.
func endsInWords(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return unicode.Is(unicode.Han, last) || strings.ContainsRune(",:;()、。“”", last)
}
