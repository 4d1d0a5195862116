package performance

import (
	"math/big"
	"strings"
)

// measure is a unit that a number is written in: a name that units of the same
// quantity share, and how many of it one is.
type measure struct {
	name string
	size *big.Rat
}

// times is the number of digits in the shared unit.
func (m measure) times(digits string) *big.Rat {
	number, ok := new(big.Rat).SetString(strings.ReplaceAll(digits, ",", ""))
	if !ok {
		panic("performance: not a number: " + digits) // the pattern takes digits only
	}
	return number.Mul(number, m.size)
}

// converted are units that are an exact multiple of another one.
var converted = map[string]measure{
	"百元": {"元", big.NewRat(100, 1)}, "千元": {"元", big.NewRat(1000, 1)},
	"角": {"元", big.NewRat(1, 10)}, "人民币": {"元", big.NewRat(1, 1)},
	"‰": {"%", big.NewRat(1, 10)}, "百分比": {"%", big.NewRat(1, 1)}, "百分率": {"%", big.NewRat(1, 1)},
	"百分点": {"个百分点", big.NewRat(1, 1)},
	"公里":  {"米", big.NewRat(1000, 1)}, "千米": {"米", big.NewRat(1000, 1)}, "km": {"米", big.NewRat(1000, 1)}, "m": {"米", big.NewRat(1, 1)},
	"㎡": {"平方米", big.NewRat(1, 1)}, "m²": {"平方米", big.NewRat(1, 1)}, "平方公里": {"平方米", big.NewRat(1_000_000, 1)},
	"公顷": {"平方米", big.NewRat(10_000, 1)}, "亩": {"平方米", big.NewRat(2000, 3)}, // 15 亩 are 1 公顷
	"m³": {"立方米", big.NewRat(1, 1)},
	"公斤": {"千克", big.NewRat(1, 1)}, "kg": {"千克", big.NewRat(1, 1)}, "斤": {"千克", big.NewRat(1, 2)}, "克": {"千克", big.NewRat(1, 1000)}, "吨": {"千克", big.NewRat(1000, 1)},
	"度": {"千瓦时", big.NewRat(1, 1)}, "kWh": {"千瓦时", big.NewRat(1, 1)},
	"日": {"天", big.NewRat(1, 1)}, "工作日": {"个工作日", big.NewRat(1, 1)}, "场次": {"场", big.NewRat(1, 1)},
}

// known are units that stand for themselves; among words, only these and the
// converted ones are found.
var known = func() map[string]bool {
	words := strings.Fields(`% 元 个百分点 家 户 个 次 场 人 名 位 人次 户次 家次 件次 项次 车次 班次 批次 人天 人日 台班 台套
		项 件 篇 期 批 天 小时 个月 个工作日 年 分 分钟 米 平方米 立方米 千克 千瓦 千瓦时 吨标准煤
		套 台 条 份 起 辆 座 处 所 册 本 张 种 类 届 课时 学时 株 头 只 艘 艇 栋 间 床 例 宗 幅 部 支 片`)
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[word] = true
	}
	return set
}()

// multiples are the words that multiply the unit behind them, the longer ones
// first.
var multiples = []struct {
	word string
	size int64
}{{"万亿", 1_000_000_000_000}, {"千万", 10_000_000}, {"百万", 1_000_000}, {"亿", 100_000_000}, {"万", 10_000}, {"千", 1000}}

// unitOf reads a whole unit. One that is not in the tables stands for itself.
func unitOf(word string) measure {
	word = strings.Trim(word, "()")
	if m, ok := lookUp(word); ok {
		return m
	}
	for _, multiple := range multiples[:len(multiples)-1] { // 千 begins other words, too
		if rest, ok := strings.CutPrefix(word, multiple.word); ok {
			return measure{rest, big.NewRat(multiple.size, 1)}
		}
	}
	return measure{word, big.NewRat(1, 1)}
}

// lookUp finds a unit of the tables, or a multiple of one.
func lookUp(word string) (measure, bool) {
	if m, ok := converted[word]; ok {
		return m, true
	}
	if known[word] {
		return measure{word, big.NewRat(1, 1)}, true
	}
	for _, multiple := range multiples {
		rest, ok := strings.CutPrefix(word, multiple.word)
		if !ok {
			continue
		}
		if m, ok := lookUp(rest); ok {
			return measure{m.name, new(big.Rat).Mul(m.size, big.NewRat(multiple.size, 1))}, true
		}
	}
	return measure{}, false
}

// longestUnit is the number of characters of the longest word in the tables,
// multiples included.
const longestUnit = 6

// unitAtStart finds the longest unit of the tables that a text begins with. A
// unit that goes on ("元/人", "人" and then another unit) is not found: it is a
// unit of its own.
func unitAtStart(text string) (measure, bool) {
	runes := []rune(text)
	for length := min(longestUnit, len(runes)); length > 0; length-- {
		word, rest := string(runes[:length]), string(runes[length:])
		m, ok := lookUp(word)
		if !ok {
			continue
		}
		if strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "每") {
			return measure{}, false
		}
		if length < len(runes) && word != "个" { // 2个项目 are 2个
			if _, goesOn := lookUp(string(runes[length])); goesOn {
				return measure{}, false
			}
		}
		return m, true
	}
	return measure{}, false
}

// counts says whether a unit counts things one by one, so that a bare number
// beside it means as many: 13 beside 13次, but not 10 beside 100%, 80 beside
// 80万元 or 2 beside 2万元/户.
func (m measure) counts() bool {
	switch m.name {
	case "%", "元", "个百分点", "米", "平方米", "立方米", "千克", "千瓦时":
		return false
	}
	return m.size.Cmp(big.NewRat(1, 1)) == 0 && !strings.ContainsAny(m.name, "/每")
}
