package language_test

import (
	"testing"

	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
)

// TestAmountsInCapitals: the first rows are the regulation's own examples.
func TestAmountsInCapitals(t *testing.T) {
	t.Parallel()
	for amount, want := range map[string]string{
		"1409.50":            "壹仟肆佰零玖元伍角整",
		"6007.14":            "陆仟零柒元壹角肆分",
		"1680.32":            "壹仟陆佰捌拾元叁角贰分",
		"107000.53":          "壹拾万柒仟元伍角叁分",
		"16409.02":           "壹万陆仟肆佰零玖元零贰分",
		"325.04":             "叁佰贰拾伍元零肆分",
		"0.00":               "零元整",
		"0.05":               "伍分",
		"0.50":               "伍角整",
		"10.00":              "壹拾元整",
		"100000000.00":       "壹亿元整",
		"100001000.00":       "壹亿零壹仟元整",
		"411400.00":          "肆拾壹万壹仟肆佰元整",
		"10010010.10":        "壹仟零壹万零壹拾元壹角整",
		"1000000000000.00":   "壹万亿元整",
		"100000000000000.00": "壹佰万亿元整",
		"-3500.00":           "负叁仟伍佰元整",
	} {
		parsed, err := money.Parse(amount)
		if err != nil {
			t.Fatal(err)
		}
		if got := language.Capital(parsed); got != want {
			t.Errorf("%s is %s; want %s", amount, got, want)
		}
	}
}
