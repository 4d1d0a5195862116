package web_test

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/web/browser"
)

const statementLine = "/lines/yueyang-2023-04-a"

// rowsIn counts the rows of a statement that a page shows.
func rowsIn(body string) int { return strings.Count(body, `class="n c-amount"`) }

func TestAStatementIsNarrowed(t *testing.T) {
	t.Parallel()
	server := newDesk(t).as(user("clerk"))
	for query, want := range map[string]int{
		"?q=%E5%87%AD%E8%AF%81+52":             1, // a document
		"?q=%E6%95%99%E6%9D%90":                1, // a purpose
		"?q=%E5%87%AD%E8%AF%81+%E4%B8%8D":      0, // all words have to be there
		"?least=9%2C000&most=%EF%BC%99000.00":  1, // as people write amounts
		"?least=20000&most=20000":              2, // a payment, and the commitment that it uses up
		"?least=20000&most=20000&month=4":      2,
		"?least=20000&most=20000&month=5":      0,
		"?least=20000&measure=executed&most=1": 0,
		"?measure=committed":                   2,
	} {
		got := get(t, server+statementLine+query, "zh-CN")
		wantsStatus(t, got, http.StatusOK)
		if rows := rowsIn(got.body); rows != want {
			t.Errorf("%s keeps %d postings, want %d", query, rows, want)
		}
		if strings.Contains(got.body, "c-balance") {
			t.Errorf("%s leaves postings out and shows a running balance", query)
		}
		if want == 0 {
			wants(t, got.body, "没有符合条件的分录")
		}
	}
	wrong := get(t, server+statementLine+"?least=many", "zh-CN")
	wantsStatus(t, wrong, http.StatusBadRequest)
	wants(t, wrong.body, "以元为单位、不为负的金额")
}

func TestAStatementIsAFileThatSpreadsheetsMayOpen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.post(operator, `disbursement.paid yueyang-2023-04-a {"amount":"1.00","date":"2023-12-30","document":"=1+1","purpose":"+cmd"}`)
	server := d.as(user("clerk"))
	read := func(query string) [][]string {
		t.Helper()
		got := get(t, server+statementLine+"/statement.csv"+query, "en")
		wantsStatus(t, got, http.StatusOK)
		body, marked := strings.CutPrefix(got.body, "\uFEFF")
		if !marked || !strings.Contains(got.header.Get("Content-Disposition"), "yueyang-2023-04-a-2023-12-31.csv") {
			t.Errorf("the file begins with a mark: %t; it is %q", marked, got.header.Get("Content-Disposition"))
		}
		records, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return records
	}
	records := read("")
	last := records[len(records)-1]
	if last[2] != "'=1+1" || last[3] != "'+cmd" {
		t.Errorf("what reads as a formula is %q and %q", last[2], last[3])
	}
	if last[5] != "-1.00" || last[6] != "1319599.00" {
		t.Errorf("the last posting takes %s and leaves %s", last[5], last[6])
	}
	narrowed := read("?most=1")
	if len(narrowed) != 2 || narrowed[1][6] != "" {
		t.Errorf("the narrowed file is %v; want one posting without a balance", narrowed)
	}
}

func TestPagesShowNoMoreThanOnesUnits(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	paid := "/events/" + strconv.FormatUint(d.recorder.Position(), 10)
	radio, all := d.world.as(user("radio")), d.world.as(user("clerk"))
	for path, want := range map[string]int{
		statementLine: 403, statementLine + "/statement.csv": 403, paid: 403, "/postings?year=2023&line=yueyang-2023-04-a": 403,
		"/forms/2023/yueyang-2023-04": 403, "/forms/2023/YYGX": 403,
		"/lines/" + otherLine: 200, "/lines/" + otherLine + "/statement.csv": 200, "/forms/2023/yueyang-2023-15": 200, "/": 200, "/postings?year=2023": 200,
	} {
		if got := get(t, radio+path, "zh-CN").status; got != want {
			t.Errorf("who reads another unit gets %d for %s, want %d", got, path, want)
		}
		if got := get(t, all+path, "zh-CN").status; got != http.StatusOK {
			t.Errorf("who reads the whole department gets %d for %s", got, path)
		}
	}
	for _, path := range []string{"/?year=2023", "/?year=2023&by=line", "/?year=2023&by=unit", "/postings?year=2023&figure=executed", "/forms/2023"} {
		if body := get(t, radio+path, "zh-CN").body; strings.Contains(body, "高质量发展赋能培训班") || strings.Contains(body, ">岳阳市工业和信息化局<") {
			t.Errorf("%s shows what lies in another unit", path)
		}
	}
	if body := get(t, d.world.as(access.Principal{})+"/?year=2023", "zh-CN").body; strings.Contains(body, "无线电") {
		t.Error("figures are shown to somebody without a role")
	}
}

func TestButtonsShowWhatOneMayDo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	paid := "/events/" + strconv.FormatUint(d.recorder.Position(), 10)
	for name, may := range map[string]bool{"clerk": true, "chief": false, "looker": false} {
		server := d.as(user(name))
		for path, task := range map[string]string{statementLine: "/desk/pay?line=yueyang-2023-04-a", paid: "/desk/refund?line=yueyang-2023-04-a&amp;payment=paid-once"} {
			if got := strings.Contains(get(t, server+path, "en").body, `href="`+task+`"`); got != may {
				t.Errorf("%s at %s is led to %s: %t, want %t", name, path, task, got, may)
			}
		}
	}
}

func TestOnesOwnPostingsAreListed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	server := d.as(user("clerk"))
	wants(t, get(t, server+"/desk/mine", "zh-CN").body, "您还没有记过账")
	d.post(user("clerk"), `disbursement.paid yueyang-2023-04-a {"amount":"20.00","date":"2023-05-08","document":"凭证 60","commitment":"HT-2023-07"}`)
	d.propose("150000.00")
	mine := get(t, server+"/desk/mine", "zh-CN")
	wantsStatus(t, mine, http.StatusOK)
	wants(t, mine.body, "凭证 60", "20.00", "150,000.00", "等他人复核")
	if got := rowsIn(mine.body); got != 1 {
		t.Errorf("%d events are listed, want the clerk's one", got)
	}
	front := get(t, server+"/desk", "en").body
	wants(t, front, "1 of yours waits for another person")
	d.post(operator, `role.granted chief {"role":"poster","unit":"YYGX"}`)
	wants(t, get(t, d.as(user("chief"))+"/desk", "en").body, "1 waits for your approval")
}

// scriptSpeaks holds the script's amounts in capitals to the server's.
func scriptSpeaks(t *testing.T, b *browser.Browser) {
	tab := b.Tab(t, browser.Look{Width: 800, Height: 600, Language: "zh-CN"})
	tab.Open(newDesk(t).as(user("clerk")) + payLine)
	amounts := []money.Amount{1, 5, 10, 50, 99, 100, 101, 110, 1000, 10001, 140950, 600714, 10700053, 1640902, 32504, 100000000, 100010000, 1001001010, 1_0000_0000_00, 1_0001_0000_00, 1_0000_0001_05, 10_0500_0000_00, 1_0000_0000_0000_00, 9_9999_9999_9999_99, 1_0010_0100_1001_01}
	for amount := money.Amount(1); amount < 1_0000_0000_0000_00; amount = amount*7 + 3 {
		amounts = append(amounts, amount)
	}
	for _, amount := range amounts {
		if got, want := browser.Evaluate[string](tab, "capital("+strconv.FormatInt(int64(amount), 10)+"n)"), language.Capital(amount); got != want {
			t.Errorf("%s is %s by the script and %s by the server", amount, got, want)
		}
	}
}
