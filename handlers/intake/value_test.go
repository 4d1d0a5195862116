package intake_test

import (
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/intake"
)

// one imports a file of one payment in which a value stands under a header.
func one(t *testing.T, header, value string) (string, intake.Report) {
	t.Helper()
	headers := []string{"指标编码", "金额", "日期", "凭证号"}
	values := []string{"L1", "1.00", "2023-10-31", "D1"}
	at := -1
	for i := range headers {
		if strings.HasPrefix(header, headers[i]) {
			at = i
		}
	}
	if at < 0 {
		headers, values, at = append(headers, header), append(values, ""), len(headers)
	}
	headers[at], values[at] = header, `"`+strings.ReplaceAll(value, `"`, `""`)+`"`
	all, report := read(t, "a.csv", []byte(strings.Join(headers, ",")+"\n"+strings.Join(values, ",")+"\n"), intake.Options{})
	return strings.TrimSpace(paid(t, all)), report
}

func TestAmountsOfTexts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ header, value, want string }{
		"plain":                       {"金额", "1234.5", "1234.50"},
		"thousands":                   {"金额", "1,234,567.89", "1234567.89"},
		"full width":                  {"金额", "１，２３４．５０", "1234.50"},
		"a sign of currency":          {"金额", "¥1,000.00", "1000.00"},
		"a full-width sign":           {"金额", "￥ 1000", "1000.00"},
		"its unit behind":             {"金额", "1000元", "1000.00"},
		"its unit is wan":             {"金额", "1.5万元", "15000.00"},
		"the column is in wan":        {"金额（万元）", "207.4538", "2074538.00"},
		"wan to the fen":              {"金额(万元)", "0.000001", "0.01"},
		"the header says yuan":        {"金额（元）", "12", "12.00"},
		"zeros behind":                {"金额", "12.3400", "12.34"},
		"a plus":                      {"金额", "+12", "12.00"},
		"no zero before the point":    {"金额", ".5", "0.50"},
		"a space of no break":         {"金额", "1\u00A0234.00", "1234.00"},
		"the largest that is allowed": {"金额", "100000000000000.00", "100000000000000.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, report := one(t, c.header, c.value)
			if want := "L1 " + c.want + " 2023-10-31 D1"; got != want {
				t.Errorf("got %q, want %q; %v", got, want, report.Rows)
			}
		})
	}
}

func TestAmountsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header, value string
		want          events.Reason
	}{
		"negative":               {"金额", "-5", events.ReasonAmountNegative},
		"in brackets":            {"金额", "(5.00)", events.ReasonAmountNegative},
		"in full-width brackets": {"金额", "（5.00）", events.ReasonAmountNegative},
		"a long minus":           {"金额", "−5", events.ReasonAmountNegative},
		"zero":                   {"金额", "0.00", events.ReasonAmountZero},
		"blank":                  {"金额", " ", events.ReasonFieldRequired},
		"a dash":                 {"金额", "—", events.ReasonFieldRequired},
		"half a fen":             {"金额", "1.005", intake.ReasonAmountDecimals},
		"less than a fen in wan": {"金额（万元）", "0.0000001", intake.ReasonAmountDecimals},
		"a noisy text":           {"金额", "123.45000000000002", intake.ReasonAmountDecimals},
		"groups of two":          {"金额", "12,34.00", intake.ReasonAmountUnread},
		"a comma for the point":  {"金额", "1.234,56", intake.ReasonAmountUnread},
		"an exponent":            {"金额", "1E5", intake.ReasonAmountUnread},
		"words":                  {"金额", "壹佰元整", intake.ReasonAmountUnread},
		"another currency":       {"金额", "$5", intake.ReasonAmountUnread},
		"too large":              {"金额", "100000000000000.01", events.ReasonAmountTooLarge},
		"far too large":          {"金额", strings.Repeat("9", 400), events.ReasonAmountTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, report := one(t, c.header, c.value)
			if problems := report.Rows[0].Problems; got != "" || len(problems) != 1 || problems[0].Refusal.Reason != c.want || problems[0].Column != c.header {
				t.Errorf("got %q and %+v; want %s at %s", got, problems, c.want, c.header)
			}
		})
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"2023-10-31": "2023-10-31", "2023/10/31": "2023-10-31", "2023.10.31": "2023-10-31", "2023年10月31日": "2023-10-31",
		"20231031": "2023-10-31", "２０２３－１０－３１": "2023-10-31", "2023/1/5": "2023-01-05", "2023年1月5日": "2023-01-05",
		"2023-10-31 00:00:00": "2023-10-31", "2024-02-29": "2024-02-29",
		"2023-02-29": "", "10/31/2023": "", "23-10-31": "", "2023-10/31": "", "45230": "", "20231301": "", "昨天": "", "2023-10-31 12:00": "", "1900-01-01": "",
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			got, report := one(t, "日期", value)
			if want != "" && got != "L1 1.00 "+want+" D1" {
				t.Errorf("got %q, want %s; %+v", got, want, report.Rows)
			}
			if problems := report.Rows[0].Problems; want == "" && (len(problems) != 1 || problems[0].Refusal.Reason != events.ReasonDateInvalid || problems[0].Value != value) {
				t.Errorf("got %q and %+v", got, problems)
			}
		})
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header, value string
		want          events.Reason
	}{
		"a formula":                  {"收款人", `=HYPERLINK("http://x","y")`, intake.ReasonCellFormulaText},
		"a formula, full width":      {"收款人", "＝1+1", intake.ReasonCellFormulaText},
		"a formula behind a space":   {"用途", " @SUM(A1)", intake.ReasonCellFormulaText},
		"a formula of our own CSV":   {"用途", "'+1+1", intake.ReasonCellFormulaText},
		"a tab":                      {"备注", "\tcmd", intake.ReasonCellFormulaText},
		"an unknown type":            {"类型", "支负", intake.ReasonTypeWord},
		"an unknown fund":            {"资金性质", "一般公共预筭", intake.ReasonFundWord},
		"an unknown year":            {"年度", "23", events.ReasonFieldInvalid},
		"a payment of a payment":     {"原支付", "x", intake.ReasonCellUnused},
		"a document on two lines":    {"凭证号", "a\nb", ""},
		"a dash for nothing":         {"收款人", "-", ""},
		"an apostrophe":              {"收款人", "'s-Hertogenbosch", ""},
		"a class with its name":      {"经济分类", "30201 办公费", ""},
		"a class of four digits":     {"经济分类", "3020", events.ReasonFieldInvalid},
		"a code that is no code":     {"指标编码", "指标一", events.ReasonAttributeInvalid},
		"a document of spaces":       {"凭证号", "　", events.ReasonFieldRequired},
		"a serial number in Chinese": {"流水号", "支付-1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, report := one(t, c.header, c.value)
			problems := report.Rows[0].Problems
			if c.want == "" && (got == "" || len(problems) > 0) {
				t.Errorf("refused: %+v", problems)
			}
			if c.want != "" && (len(problems) != 1 || problems[0].Refusal.Reason != c.want || problems[0].Column != c.header) {
				t.Errorf("got %q and %+v; want %s", got, problems, c.want)
			}
		})
	}
}

// TestNumbersOfAWorkbook: numbers are read as they are stored, without the noise
// of binary fractions that a spreadsheet does not show either.
func TestNumbersOfAWorkbook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ amount, date, document, want string }{
		"a number":               {`<c><v>1234.5</v></c>`, `<c s="1"><v>45230</v></c>`, "D1", "L1 1234.50 2023-10-31 D1"},
		"noise at the end":       {`<c><v>123.45000000000002</v></c>`, `<c s="1"><v>45230</v></c>`, "D1", "L1 123.45 2023-10-31 D1"},
		"0.1 + 0.2":              {`<c><v>0.30000000000000004</v></c>`, `<c><v>45230.75</v></c>`, "D1", "L1 0.30 2023-10-31 D1"},
		"noise below":            {`<c><v>1234567.8899999999</v></c>`, `<c><v>20231031</v></c>`, "D1", "L1 1234567.89 2023-10-31 D1"},
		"a text left behind":     {`<c><v>12.5</v><is><t>old</t></is></c>`, `<c t="inlineStr"><v>45230</v><is><t>2023-10-31</t></is></c>`, "D1", "L1 12.50 2023-10-31 D1"},
		"an exponent":            {`<c><v>1.2E+6</v></c>`, "2023-10-31", "D1", "L1 1200000.00 2023-10-31 D1"},
		"a small exponent":       {`<c><v>1E-2</v></c>`, "2023-10-31", "D1", "L1 0.01 2023-10-31 D1"},
		"zeros of a format":      {`<c><v>1</v></c>`, "2023-10-31", `<c s="2"><v>7</v></c>`, "L1 1.00 2023-10-31 007"},
		"a number as a document": {`<c><v>1</v></c>`, "2023-10-31", `<c><v>202310310001</v></c>`, "L1 1.00 2023-10-31 202310310001"},
		"a third decimal":        {`<c><v>1.005</v></c>`, "2023-10-31", "D1", "amount_decimals"},
		"a quotient":             {`<c><v>33.333333333333336</v></c>`, "2023-10-31", "D1", "amount_tail"},
		"a negative number":      {`<c><v>-5</v></c>`, "2023-10-31", "D1", "amount_negative"},
		"a formula":              {`<c><f>1+1</f><v>2</v></c>`, "2023-10-31", "D1", "cell_formula"},
		"a shared formula":       {`<c><f t="shared" si="0"/><v>2</v></c>`, "2023-10-31", "D1", "cell_formula"},
		"an error":               {`<c t="e"><v>#REF!</v></c>`, "2023-10-31", "D1", "cell_error"},
		"lost digits":            {`<c><v>1</v></c>`, "2023-10-31", `<c><v>1.23456789012345E+17</v></c>`, "cell_number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, report := read(t, "a.xlsx", sheetOf(t, xmlRow("指标编码", "金额", "日期", "凭证号")+xmlRow("L1", c.amount, c.date, c.document), nil), intake.Options{})
			got := strings.TrimSpace(paid(t, all))
			if len(all) == 0 && len(report.Rows[0].Problems) == 1 {
				got = string(report.Rows[0].Problems[0].Refusal.Reason)
			}
			if got != c.want {
				t.Errorf("got %q, want %q: %+v", got, c.want, report.Rows[0].Problems)
			}
		})
	}
}

func TestDaysOf1904(t *testing.T) {
	t.Parallel()
	const workbook = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><workbookPr date1904="1"/><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`
	file := sheetOf(t, xmlRow("Line", "Amount", "Date", "Document")+xmlRow("L1", "1", `<c s="1"><v>43768</v></c>`, "D1")+xmlRow("L1", "1", `<c><v>43768</v></c>`, "D2"),
		map[string]string{"xl/workbook.xml": workbook})
	all, report := read(t, "a.xlsx", file, intake.Options{})
	if got, want := paid(t, all), "L1 1.00 2023-10-31 D1   \nL1 1.00 2023-10-31 D2   \n"; got != want {
		t.Errorf("got %q; %+v", got, report.Rows)
	}
}
