package audit_test

import (
	"math/big"
	"testing"

	"github.com/outturn/outturn/handlers/audit"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for printed, want := range map[string]audit.Cell{
		"": {Nature: audit.Blank}, "—": {Nature: audit.Blank}, "/": {Nature: audit.Blank}, "　": {Nature: audit.Blank}, "－－": {Nature: audit.Blank},
		"不适用":                      {Nature: audit.NotApplicable},
		"1":                        {Nature: audit.Number, Value: rat("1")},
		"-3.50":                    {Nature: audit.Number, Value: rat("-3.5"), Digits: 2},
		"－3":                       {Nature: audit.Number, Value: rat("-3")},
		"207.4538":                 {Nature: audit.Number, Value: rat("207.4538"), Digits: 4},
		"1,234,567.80元":            {Nature: audit.Number, Value: rat("1234567.8"), Digits: 2, Unit: "元"},
		"[bookmark: _GoBack]13.98": {Nature: audit.Number, Value: rat("13.98"), Digits: 2},
		"９９．５５分":                   {Nature: audit.Number, Value: rat("99.55"), Digits: 2, Unit: "分"},
		"2.7万元":                    {Nature: audit.Number, Value: rat("2.7"), Digits: 1, Unit: "万元"},
		"5万人次":                     {Nature: audit.Number, Value: rat("50000"), Unit: "人次"},
		"7.0%":                     {Nature: audit.Number, Value: rat("7"), Digits: 1, Unit: "%"},
		"≥95%":                     {Nature: audit.Number, Value: rat("95"), Unit: "%", Bound: audit.AtLeast},
		"≥ 13　次":                   {Nature: audit.Number, Value: rat("13"), Unit: "次", Bound: audit.AtLeast},
		"<15%":                     {Nature: audit.Number, Value: rat("15"), Unit: "%", Bound: audit.Below},
		"不超过80万元":                  {Nature: audit.Number, Value: rat("80"), Unit: "万元", Bound: audit.AtMost},
		"90%以上":                    {Nature: audit.Number, Value: rat("90"), Unit: "%", Bound: audit.AtLeast},
		"控制在5%以内":                  {Nature: audit.Number, Value: rat("5"), Unit: "%", Bound: audit.AtMost},
		"130余篇":                    {Nature: audit.Number, Value: rat("130"), Unit: "篇", About: true},
		"10场次":                     {Nature: audit.Number, Value: rat("10"), Unit: "场次"},
		"8-10家":                    {Nature: audit.Range, Value: rat("8"), High: rat("10"), Unit: "家"},
		"80%~90%":                  {Nature: audit.Range, Value: rat("80"), High: rat("90"), Unit: "%"},
		"2023年全年":                  {Nature: audit.Date, Day: 20231231},
		"2024年4月":                  {Nature: audit.Date, Day: 20240431},
		"2023年12月31日前":             {Nature: audit.Date, Day: 20231231},
		"2023-06-05":               {Nature: audit.Date, Day: 20230605},
		"得到进一步提升":                  {Nature: audit.Words},
		"2次，无新增欠款":                 {Nature: audit.Words},
		"1/3":                      {Nature: audit.Words},
		"10-8家":                    {Nature: audit.Words},
		"1.2.3":                    {Nature: audit.Words},
	} {
		t.Run(printed, func(t *testing.T) {
			t.Parallel()
			got := audit.Read(printed)
			got.Text = ""
			if got.Nature != want.Nature || !same(got.Value, want.Value) || !same(got.High, want.High) || got.Digits != want.Digits ||
				got.Unit != want.Unit || got.Bound != want.Bound || got.About != want.About || got.Day != want.Day {
				t.Errorf("read as %+v, want %+v", got, want)
			}
		})
	}
}

func rat(text string) *big.Rat {
	value, _ := new(big.Rat).SetString(text)
	return value
}

func same(a, b *big.Rat) bool { return a == nil && b == nil || a != nil && b != nil && a.Cmp(b) == 0 }

func FuzzRead(f *testing.F) {
	f.Add("≥95%")
	f.Add("8-10家")
	f.Add("[bookmark: x]１，２３４.５万元以内")
	f.Fuzz(func(t *testing.T, printed string) {
		cell := audit.Read(printed)
		if (cell.Value != nil) != (cell.Nature == audit.Number || cell.Nature == audit.Range) {
			t.Errorf("%q: %+v", printed, cell)
		}
	})
}
