package performance_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/performance"
)

// rat reads an exact number such as "1/3" or "88.95".
func rat(t testing.TB, text string) *big.Rat {
	t.Helper()
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return value
}

// shown writes an exact number, or "nil".
func shown(value *big.Rat) string {
	if value == nil {
		return "nil"
	}
	return value.RatString()
}

func TestParseValueReads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		number, unit string
		operator     events.Operator
	}{
		"≥95%":         {"95", "%", events.AtLeast},
		"≥ 13次":        {"13", "次", events.AtLeast},
		"≥22  次":       {"22", "次", events.AtLeast},
		"2160":         {"2160", "", ""},
		"110家":         {"110", "家", ""},
		"2.7万元":        {"27000", "元", ""},
		"26.8900万元":    {"268900", "元", ""},
		"0.8亿元":        {"80000000", "元", ""},
		"3千元":          {"3000", "元", ""},
		"27,560元":      {"27560", "元", ""},
		"1,234,567.89": {"123456789/100", "", ""},
		"１，２３４．５％":     {"12345/10", "%", ""},
		"≥　９５％":        {"95", "%", events.AtLeast},
		"5‰":           {"1/2", "%", ""},
		"99.55分":       {"9955/100", "分", ""},
		"≤80万元":        {"800000", "元", events.AtMost},
		"<=5天":         {"5", "天", events.AtMost},
		"5日":           {"5", "天", ""},
		"-3%":          {"-3", "%", ""},
		"－3.5%":        {"-35/10", "%", ""},
		"200余人次":       {"200", "人次", events.AtLeast},
		"95%以上":        {"95", "%", events.AtLeast},
		"95%及以上":       {"95", "%", events.AtLeast},
		"3万余元":         {"30000", "元", events.AtLeast},
		"5%以内":         {"5", "%", events.AtMost},
		"不低于90%":       {"90", "%", events.AtLeast},
		"不超过100万元":     {"1000000", "元", events.AtMost},
		"30亩":          {"20000", "平方米", ""},
		"2吨":           {"2000", "千克", ""},
		"1.5万人次":       {"15000", "人次", ""},
		"5元/人":         {"5", "元/人", ""},
		"2万元/户":        {"20000", "元/户", ""},
		"10场次":         {"10", "场", ""},
		"45人天":         {"45", "人天", ""},
		"3家次":          {"3", "家次", ""},
		"工业增产值同比增长5%，经济总量稳居全省第二": {"5", "%", ""},
		"≥95%以上":         {"95", "%", events.AtLeast},
		"33家企业被评为清洁生产企业": {"33", "家", ""},
		"满意度不低于95%":      {"95", "%", events.AtLeast},
		"100%完成":         {"100", "%", ""},
		"培训130余篇":        {"130", "篇", events.AtLeast},
		"2个项目":           {"2", "个", ""},
	} {
		got, ok := performance.ParseValue(text)
		if !ok || got.Number.Cmp(rat(t, want.number)) != 0 || got.Unit != want.unit || got.Operator != want.operator || got.High != nil || got.NotApplicable {
			t.Errorf("ParseValue(%q) = %s %q %q, %v; want %+v", text, shown(got.Number), got.Unit, got.Operator, ok, want)
		}
	}
}

func TestParseValueReadsRanges(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]string{
		"8-10家":    {"8", "10", "家"},
		"8家-10家":   {"8", "10", "家"},
		"90%～95%":  {"90", "95", "%"},
		"2至3万元":    {"20000", "30000", "元"},
		"1.5—2.5吨": {"1500", "2500", "千克"},
	} {
		got, ok := performance.ParseValue(text)
		if !ok || shown(got.Number) != want[0] || shown(got.High) != want[1] || got.Unit != want[2] {
			t.Errorf("ParseValue(%q) = %s to %s %q, %v; want %v", text, shown(got.Number), shown(got.High), got.Unit, ok, want)
		}
	}
}

func TestParseValueRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a blank":                 "",
		"a mark for nothing":      "—",
		"words":                   "进一步提升",
		"a year":                  "2023年全年",
		"a date":                  "2023年12月31日",
		"an ISO date":             "2023-12-31",
		"years":                   "2023-2024年",
		"two numbers":             "培训2次，培训200人次",
		"a fraction":              "3/4",
		"a time":                  "1:30",
		"a range that goes down":  "10-8家",
		"a range of two units":    "8家-10户",
		"a bound on a range":      "≥8-10家",
		"two bounds":              "≥95%以下",
		"a decline":               "同比下降5%",
		"a miss":                  "还差5家",
		"about":                   "约200家",
		"a rank":                  "全省第1名",
		"a name with a number":    "PM2.5",
		"a number too long":       strings.Repeat("9", events.MaxText+1),
		"an exponent":             "1e5次-",
		"hexadecimal":             "0x1F-",
		"thousands out of place":  "1,23家",
		"a number without a unit": "完成任务5",
	} {
		if got, ok := performance.ParseValue(text); ok {
			t.Errorf("%s: ParseValue(%q) = %+v; want nothing", name, text, got)
		}
	}
}

func TestParseValueKnowsNotApplicable(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"不适用", " 不适用　", "不涉及", "N/A"} {
		if got, ok := performance.ParseValue(text); !ok || !got.NotApplicable || got.Number != nil {
			t.Errorf("ParseValue(%q) = %+v, %v; want not applicable", text, got, ok)
		}
	}
	for _, text := range []string{"", "—", "/", " ", "－"} {
		if !performance.IsBlank(text) {
			t.Errorf("%q is not blank", text)
		}
	}
	for _, text := range []string{"0", "无", "不适用", "-1"} {
		if performance.IsBlank(text) {
			t.Errorf("%q is blank", text)
		}
	}
}

func TestParseMeasuredTakesTheFormsUnit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, unit, number, in string }{
		{"80", "万元", "800000", "元"},
		{"95", "%", "95", "%"},
		{"95", "（%）", "95", "%"},
		{"41.14元", "万元", "4114/100", "元"},
		{"12", "家", "12", "家"},
		{"12", "", "12", ""},
		{"8-10", "家", "8", "家"},
	} {
		got, ok := performance.ParseMeasured(c.text, c.unit)
		if !ok || got.Number.Cmp(rat(t, c.number)) != 0 || got.Unit != c.in {
			t.Errorf("ParseMeasured(%q, %q) = %s %q, %v; want %s %q", c.text, c.unit, shown(got.Number), got.Unit, ok, c.number, c.in)
		}
	}
}
