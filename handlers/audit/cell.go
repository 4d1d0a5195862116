package audit

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Nature says what a printed cell holds.
type Nature string

// The natures of cells. A text that is not one of the others stays a text:
// nothing is guessed from it.
const (
	Blank         Nature = "blank"          // nothing, or a mark such as — or /
	NotApplicable Nature = "not_applicable" // 不适用
	Number        Nature = "number"
	Range         Nature = "range" // 8-10家
	Date          Nature = "date"  // 2024年4月
	Words         Nature = "words"
)

// Bound says which values beside its own a printed number allows.
type Bound string

// The bounds, from operators and from words such as 不低于 or 以内.
const (
	Exactly Bound = ""
	AtLeast Bound = ">="
	Above   Bound = ">"
	AtMost  Bound = "<="
	Below   Bound = "<"
)

// Cell is a printed cell, read exactly.
type Cell struct {
	Nature Nature
	Text   string   // as printed, without artefacts, full-width forms and outer spaces
	Value  *big.Rat // of a Number, and the lower end of a Range, in Unit; nil otherwise
	High   *big.Rat // the upper end of a Range
	Digits int      // decimals printed
	Unit   string   // %, 万元, 家, …; "" if none is printed
	Bound  Bound
	About  bool // 余, 多, 约: not the exact number
	Day    int  // of a Date: 20231231; the last day of a month, year or quarter that is named without one
}

// The units of money.
const (
	yuan    = "元"
	wan     = "万元"
	percent = "%"
	points  = "分"
)

// perUnit is how many yuan a unit of money is.
var perUnit = map[string]*big.Rat{
	yuan: big.NewRat(1, 1), "千元": big.NewRat(1000, 1), wan: big.NewRat(10_000, 1),
	"百万元": big.NewRat(1_000_000, 1), "千万元": big.NewRat(10_000_000, 1), "亿元": big.NewRat(100_000_000, 1),
}

var hundred = big.NewRat(100, 1)

// Limits of reading.
const (
	// maxNumberBytes is the longest text that is read as a number with its unit.
	maxNumberBytes = 80
	// maxBeside is how many characters before and after a number belong to it.
	maxBeside = 60
	// maxFacts is how many numbers of one text are compared with indicators.
	maxFacts = 200
)

// bounds are written before a number. Longer ones stand first.
var bounds = []struct {
	word  string
	bound Bound
}{
	{"大于等于", AtLeast}, {"大于或等于", AtLeast}, {"不低于", AtLeast}, {"不少于", AtLeast}, {"不小于", AtLeast}, {"至少", AtLeast},
	{"小于等于", AtMost}, {"小于或等于", AtMost}, {"不超过", AtMost}, {"不高于", AtMost}, {"不大于", AtMost}, {"不多于", AtMost},
	{"控制在", AtMost}, {"超过", Above}, {"高于", Above}, {"大于", Above}, {"多于", Above}, {"低于", Below}, {"小于", Below}, {"少于", Below},
	{">=", AtLeast}, {"=>", AtLeast}, {"<=", AtMost}, {"=<", AtMost}, {"≥", AtLeast}, {"≧", AtLeast}, {"⩾", AtLeast},
	{"≤", AtMost}, {"≦", AtMost}, {"⩽", AtMost}, {">", Above}, {"<", Below}, {"达到", Exactly}, {"达", Exactly}, {"=", Exactly},
}

// endings are written after a number and its unit.
var endings = []struct {
	word  string
	bound Bound
}{
	{"及以上", AtLeast}, {"(含)以上", AtLeast}, {"以上", AtLeast}, {"及以下", AtMost}, {"(含)以下", AtMost}, {"以内", AtMost}, {"以下", Below},
}

const (
	decimal = `[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?`
	// unitText: a unit is short and holds no digit or punctuation.
	unitText = `(?:[%‰]|[^0-9\s,.;:(){}\[\]<>=%‰、。“”"'!?/+~≥≤—–-]{1,6}(?:/[^0-9\s,.;:(){}\[\]<>=%‰、。“”"'!?/+~≥≤—–-]{1,4})?)?`
)

var (
	artefact  = regexp.MustCompile(`\[(?i:bookmark|hyperlink|comment|image|footnote)[^\]]*\]`)
	oneNumber = regexp.MustCompile(`^(-?)(` + decimal + `)(余|多)?\s*(` + unitText + `)$`)
	twoEnds   = regexp.MustCompile(`^(` + decimal + `)\s*(` + unitText + `)\s*(?:-|~|—|–|至|到)+\s*(` + decimal + `)\s*(` + unitText + `)$`)
	chinaDate = regexp.MustCompile(`^((?:19|20)[0-9]{2})年(?:(全年|年底|底)|([0-9]{1,2})月(?:(底|末)|([0-9]{1,2})[日号])?)?(?:前|止|之前|以前|完成|底前)?$`)
	plainDate = regexp.MustCompile(`^((?:19|20)[0-9]{2})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})$`)
)

// Read reads a printed cell. It never fails: what is no number, range or date
// is [Words].
func Read(printed string) Cell {
	text := tidy(printed)
	switch {
	case strings.Trim(text, "-—–/\\_ ") == "":
		return Cell{Nature: Blank, Text: text}
	case isNotApplicable(text):
		return Cell{Nature: NotApplicable, Text: text}
	}
	if day, ok := readDate(text); ok {
		return Cell{Nature: Date, Text: text, Day: day}
	}
	if cell, ok := readNumber(text); ok {
		return cell
	}
	return Cell{Nature: Words, Text: text}
}

func isNotApplicable(text string) bool {
	return slices.Contains([]string{"不适用", "不涉及", "N/A", "n/a"}, text)
}

// tidy takes out what a word processor or an importer left in a cell and folds
// full-width forms; the cell as printed stays in the form.
func tidy(printed string) string {
	if plain(printed) {
		return strings.TrimSpace(printed)
	}
	text := withoutArtefacts(printed)
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\uFEFF' || r == '\u200B' || r == '\u200C' || r == '\u200D' || r == '\u2060' || r == '\u00AD':
			return -1
		case r >= '\uFF01' && r <= '\uFF5E':
			return r - 0xFEE0
		case r == '\u2212' || r == '\u2010' || r == '\u2011' || r == '\uFE63':
			return '-'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

func withoutArtefacts(text string) string {
	if !strings.Contains(text, "[") {
		return text
	}
	return artefact.ReplaceAllString(text, "")
}

// plain says that a text is ASCII without brackets.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 || text[i] == '[' {
			return false
		}
	}
	return true
}

func readNumber(text string) (Cell, bool) {
	cell := Cell{Nature: Number, Text: text}
	rest := text
	for _, before := range bounds {
		if after, found := strings.CutPrefix(rest, before.word); found {
			cell.Bound, rest = before.bound, strings.TrimSpace(after)
			break
		}
	}
	for _, about := range []string{"约", "近"} {
		if after, found := strings.CutPrefix(rest, about); found {
			cell.About, rest = true, after
		}
	}
	for _, after := range endings {
		if before, found := strings.CutSuffix(rest, after.word); found && cell.Bound == Exactly {
			cell.Bound, rest = after.bound, strings.TrimSpace(before)
			break
		}
	}
	if before, found := strings.CutSuffix(rest, "以内"); found {
		rest = before
	}
	if before, found := strings.CutSuffix(rest, "左右"); found {
		cell.About, rest = true, before
	}
	return cell.numbers(rest)
}

// numbers reads what is left between the words: one number or two ends.
func (c Cell) numbers(text string) (Cell, bool) {
	if text == "" || len(text) > maxNumberBytes || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return Cell{}, false
	}
	if m := oneNumber.FindStringSubmatch(text); m != nil {
		c.Value, c.Digits = exact(m[1] + m[2])
		c.About = c.About || m[3] != ""
		c.Unit = m[4]
		c.scale()
		return c, true
	}
	m := twoEnds.FindStringSubmatch(text)
	if m == nil || m[2] != "" && m[2] != m[4] {
		return Cell{}, false
	}
	c.Nature, c.Unit = Range, m[4]
	c.Value, c.Digits = exact(m[1])
	c.High, _ = exact(m[3])
	if c.Value.Cmp(c.High) > 0 {
		return Cell{}, false
	}
	return c, true
}

// scale reads 5万人次 as 50000 人次; units of money keep their own.
func (c *Cell) scale() {
	if _, money := perUnit[c.Unit]; money || c.Unit == "万" || c.Unit == "亿" {
		return // 50万 may be money or a count
	}
	for word, factor := range map[string]int64{"万": 10_000, "亿": 100_000_000} {
		if unit, found := strings.CutPrefix(c.Unit, word); found {
			c.Value = new(big.Rat).Mul(c.Value, big.NewRat(factor, 1))
			c.Unit, c.Digits = unit, 0
			return
		}
	}
}

// exact reads digits that a regular expression has already passed.
func exact(digits string) (*big.Rat, int) {
	digits = strings.ReplaceAll(digits, ",", "")
	_, fraction, _ := strings.Cut(digits, ".")
	value, _ := new(big.Rat).SetString(digits)
	return value, len(fraction)
}

func readDate(text string) (int, bool) {
	if !strings.HasPrefix(text, "19") && !strings.HasPrefix(text, "20") {
		return 0, false
	}
	text = strings.ReplaceAll(text, " ", "")
	if m := plainDate.FindStringSubmatch(text); m != nil {
		return day(m[1], m[2], m[3]), true
	}
	m := chinaDate.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	if m[3] == "" {
		return day(m[1], "12", "31"), true
	}
	if m[5] == "" {
		return day(m[1], m[3], "31"), true
	}
	return day(m[1], m[3], m[5]), true
}

// day numbers a date so that later is larger.
func day(year, month, date string) int {
	number := func(digits string) int {
		value := 0
		for _, digit := range digits {
			value = 10*value + int(digit-'0')
		}
		return value
	}
	return number(year)*10_000 + number(month)*100 + number(date)
}

// kindOf groups units that can be compared: money, percent, points, time and
// things that are counted.
func kindOf(unit string) string {
	if _, money := perUnit[unit]; money {
		return "money"
	}
	switch unit {
	case "":
		return ""
	case percent, "‰":
		return "percent"
	case points:
		return "points"
	case "年", "月", "个月", "天", "日", "个工作日", "工作日", "小时", "分钟", "秒":
		return "time"
	}
	if unit == "万" || unit == "亿" || strings.ContainsAny(unit, "/倍") || strings.Contains(unit, "百分点") {
		return "other"
	}
	return "count"
}

// inUnit gives a number's value in another unit of the same kind.
func (c Cell) inUnit(unit string) (*big.Rat, bool) {
	if c.Unit == unit || c.Unit == "" || unit == "" {
		return c.Value, true
	}
	from, to := perUnit[c.Unit], perUnit[unit]
	if from != nil && to != nil {
		return new(big.Rat).Quo(new(big.Rat).Mul(c.Value, from), to), true
	}
	if c.Unit == "‰" && unit == percent {
		return new(big.Rat).Quo(c.Value, big.NewRat(10, 1)), true
	}
	kind := kindOf(c.Unit)
	return c.Value, kind == kindOf(unit) && kind == "count"
}

// fact is a number with its unit inside a text, and the words beside it.
type fact struct {
	Cell
	before, after string // within the clause
}

// counted are the units that a number inside a text may have. Longer ones
// stand first, so that 人次 is not read as 人.
const counted = `%|‰|亿元|千万元|百万元|万元|千元|元|人次|场次|批次|人|场|批|次|家|个|户|名|项|篇|件|台|套|辆|份|期|亩|吨|公里|平方米`

var (
	inText = regexp.MustCompile(`(` + decimal + `)(余|多)?\s*(` + counted + `)(?:(及以上|以上|以内|以下|左右))?`)
	clause = regexp.MustCompile(`[^，,。；;！!？?\n]+`)
)

// facts finds the numbers with units inside a text. A number that is part of a
// range or a longer figure is left out.
func facts(printed string) []fact {
	var all []fact
	for _, part := range clause.FindAllString(foldDigits(printed), -1) {
		for _, at := range inText.FindAllStringSubmatchIndex(part, -1) {
			before, after := tail(part[:at[0]], maxBeside), head(part[at[1]:], maxBeside)
			if len(all) == maxFacts {
				return all
			}
			if at[1]-at[0] > maxNumberBytes || endsInNumber(before) || strings.HasPrefix(after, "点") {
				continue
			}
			cell := Cell{Nature: Number, Text: part[at[0]:at[1]], Unit: part[at[6]:at[7]]}
			cell.Value, cell.Digits = exact(part[at[2]:at[3]])
			cell.About = at[4] >= 0 || at[8] >= 0 || notExact.MatchString(before)
			all = append(all, fact{Cell: cell, before: before, after: after})
		}
	}
	return all
}

// notExact ends what stands before a number that is only a bound or a guess.
var notExact = regexp.MustCompile(`(?:超过?|逾|近|约|至少|最多|不低于|不少于|不高于|不超过|[≥≤<>])\s*$`)

// foldDigits folds full-width digits and percent signs but keeps the
// punctuation that ends a clause. A comma inside a number is no end.
func foldDigits(text string) string {
	return thousands.ReplaceAllStringFunc(strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - 0xFEE0
		case r == '％':
			return '%'
		case r == '．':
			return '.'
		}
		return r
	}, text), func(number string) string { return strings.ReplaceAll(number, ",", "") })
}

var thousands = regexp.MustCompile(`[0-9]{1,3}(?:,[0-9]{3})+`)

func endsInNumber(text string) bool {
	if text == "" {
		return false
	}
	return strings.ContainsRune("0123456789.-~—–至+", []rune(text)[len([]rune(text))-1])
}
