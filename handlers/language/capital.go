package language

import (
	"strings"

	"github.com/outturn/outturn/events/money"
)

// The characters of amounts in capitals, which cannot be changed into one another
// by a stroke (支付结算办法, annex 1, article 1).
const (
	tenThousand = 10_000
	hundredMio  = 100_000_000
)

var (
	capitalDigits = []string{"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"}
	capitalPlaces = []string{"仟", "佰", "拾", ""}
)

// Capital writes an amount in capitals (人民币大写) as on cheques and vouchers:
// 壹仟陆佰捌拾元叁角贰分, 伍拾元整. One 零 stands for zeros between digits; 整 ends
// an amount without 分 (支付结算办法, annex 1, articles 2 and 3).
func Capital(amount money.Amount) string {
	var out strings.Builder
	fen := uint64(amount)
	if amount < 0 {
		out.WriteString("负")
		fen = -fen // also of the smallest amount, which has no positive counterpart
	}
	yuan, jiao, rest := fen/100, fen/10%10, fen%10
	if yuan > 0 {
		out.WriteString(capitalNumber(yuan) + "元")
	}
	switch {
	case fen == 0:
		return "零元整"
	case jiao > 0:
		out.WriteString(capitalDigits[jiao] + "角")
	case rest > 0 && yuan > 0:
		out.WriteString("零")
	}
	if rest == 0 {
		return out.String() + "整"
	}
	return out.String() + capitalDigits[rest] + "分"
}

// capitalNumber writes a whole number above zero.
func capitalNumber(n uint64) string {
	switch {
	case n >= hundredMio:
		return capitalNumber(n/hundredMio) + "亿" + capitalRest(n%hundredMio, hundredMio/10)
	case n >= tenThousand:
		return capitalNumber(n/tenThousand) + "万" + capitalRest(n%tenThousand, tenThousand/10)
	}
	var out strings.Builder
	zero := false
	for i, place := range []uint64{1000, 100, 10, 1} {
		digit := n / place % 10
		switch {
		case digit == 0:
			zero = out.Len() > 0
		default:
			if zero {
				out.WriteString(capitalDigits[0])
			}
			zero = false
			out.WriteString(capitalDigits[digit] + capitalPlaces[i])
		}
	}
	return out.String()
}

// capitalRest writes what follows 亿 or 万: nothing, or the number with a 零
// before it where its first place is empty.
func capitalRest(n, firstPlace uint64) string {
	switch {
	case n == 0:
		return ""
	case n < firstPlace:
		return capitalDigits[0] + capitalNumber(n)
	}
	return capitalNumber(n)
}
