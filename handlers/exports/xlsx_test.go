package exports_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections/forms"
)

func workbook(tb testing.TB, sheets ...exports.Sheet) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := exports.XLSX(&out, sheets, language.In(language.Chinese)); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestAWorkbookShowsTheReportsTablesCellByCell(t *testing.T) {
	t.Parallel()
	sheets := []exports.Sheet{department(t), training(t)}
	tabs := readXLSX(t, workbook(t, sheets...))
	for i, sheet := range sheets {
		if diff := cmp.Diff(wanted(sheet), tabs[i].table(sheet)); diff != "" {
			t.Errorf("%s (-form +worksheet):\n%s", sheet.Title, diff)
		}
		if tabs[i].name != sheet.Title {
			t.Errorf("the tab is %q, the form %q", tabs[i].name, sheet.Title)
		}
		if page := tabs[i].sheet.Page; page.Paper != 9 || page.Wide != 1 {
			t.Errorf("%s prints on paper %d, %d wide; A4 is 9", sheet.Title, page.Paper, page.Wide)
		}
	}
}

// TestAnotherReaderSeesTheSame: excelize, which applies formats itself.
func TestAnotherReaderSeesTheSame(t *testing.T) {
	t.Parallel()
	sheet := training(t)
	book, err := excelize.OpenReader(bytes.NewReader(workbook(t, sheet)))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for _, cell := range wanted(sheet).Cells {
		got, err := book.GetCellValue(sheet.Title, address(cell.Row+1, cell.Col))
		if err != nil || got != cell.Text {
			t.Errorf("%s: %q, want %q (%v)", address(cell.Row+1, cell.Col), got, cell.Text, err)
		}
	}
}

func TestNumbersStayTheLiteralsThatWerePrinted(t *testing.T) {
	t.Parallel()
	tab := readXLSX(t, workbook(t, training(t)))[0]
	for at, want := range map[string][2]string{
		"F5":  {"41.14", "0.00"},
		"H5":  {"51.42", `0.00"%"`},
		"I5":  {"5.14", "0.00"},
		"D5":  {"0", "0"},
		"H15": {"7.5", "0.0"},
		"H21": {"90.64", "0.00"},
	} {
		if got := [2]string{tab.raw[at], tab.formats[at]}; got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
	if raw, is := tab.raw["G6"]; is {
		t.Errorf("the blank mark — became the number %s", raw)
	}
}

func TestTheWorkbookSaysWhereEachNumberComesFrom(t *testing.T) {
	t.Parallel()
	sheet := training(t)
	tabs := readXLSX(t, workbook(t, department(t), sheet))
	tab := tabs[2]
	if tab.name != "来源" || len(tab.sheet.Rows) != 1+len(sheet.Form.Cells) {
		t.Fatalf("worksheet %s has %d rows for %d cells", tab.name, len(tab.sheet.Rows), len(sheet.Form.Cells))
	}
	var names []string
	for row := 1; row < len(tab.sheet.Rows); row++ {
		names = append(names, tab.shown[address(row, 2)])
		// Where the form shows the cell, it shows what the list says.
		if at := tab.shown[address(row, 1)]; tabs[1].shown[at] != tab.shown[address(row, 3)] {
			t.Errorf("%s: the list says %q, %s shows %q", names[row-1], tab.shown[address(row, 3)], at, tabs[1].shown[at])
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(sheet.Form.Cells)), slices.Sorted(slices.Values(names))); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string][]string{
		"funds.total.executed": {"04 赋能培训班", "F5", "funds.total.executed", "41.14", "2057/50", "2", "truncate", "分录: executed, refunded (year=2023&project=yueyang-2023-04)", "1204"},
		"indicators.3.score":   {"04 赋能培训班", "H15", "indicators.3.score", "7.5", "7.5", "2", "truncate", "事件: #903, #1103", "1204"},
		"indicators.2.actual":  {"04 赋能培训班", "F14", "indicators.2.actual", "2024年4月", "", "", "", "事件: #1102", "1204"},
		"total.score":          {"04 赋能培训班", "H21", "total.score", "90.64", "36257/400", "2", "truncate", "单元格: execution.score, indicators.0.score", "1204"},
	} {
		var line []string
		for col := range 9 {
			line = append(line, tab.shown[address(1+slices.Index(names, name), col)])
		}
		if diff := cmp.Diff(want, line); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTheWorkbookListsWhatChangedTheBudget(t *testing.T) {
	t.Parallel()
	tabs := readXLSX(t, workbook(t, training(t)))
	tab := tabs[len(tabs)-1]
	var line []string
	for col := range 8 {
		line = append(line, tab.shown[address(1, col)])
	}
	want := []string{"04 赋能培训班", "311", "yueyang-2023-04-a", "追加", "800000.00", "2023-04-18", "岳财预〔2023〕41号", "追加培训经费"}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Error(diff)
	}
}

func TestFormsThatNothingChangedHaveNoListOfChanges(t *testing.T) {
	t.Parallel()
	if tabs := readXLSX(t, workbook(t, department(t))); len(tabs) != 2 {
		t.Errorf("%d worksheets, want the form and its provenance", len(tabs))
	}
}

func TestTextsThatLookLikeFormulasStayTexts(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{"=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－A1", "＠x", " =1", "\u3000=1", `=HYPERLINK("http://x","y")`} {
		sheet := single(forms.GridCell{Text: hostile, Role: forms.RoleText, Cols: 1, Rows: 1})
		tab := readXLSX(t, workbook(t, sheet))[0]
		if tab.shown["A2"] != carried(hostile) || tab.raw["A2"] != "" || tab.formats["A2"] != "@" {
			t.Errorf("%q is shown %q, number %q, under the format %q", hostile, tab.shown["A2"], tab.raw["A2"], tab.formats["A2"])
		}
	}
}

// single is a sheet of one cell.
func single(cell forms.GridCell) exports.Sheet {
	return exports.Sheet{Title: "form", Grid: forms.Grid{Title: "title", Widths: []int{1}, Rows: [][]forms.GridCell{{cell}}}}
}

func TestANumberIsANumberOnlyIfAFormatShowsItAsPrinted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ number, text, raw, format string }{
		"whole":                   {"80", "80", "80", "0"},
		"trailing zeros":          {"80.00", "80.00", "80.00", "0.00"},
		"negative":                {"-12.5", "-12.5", "-12.5", "0.0"},
		"percent":                 {"51.43", "51.43%", "51.43", `0.00"%"`},
		"with its unit":           {"80", "80万元", "80", `0"万元"`},
		"after a sign":            {"95", "≥95%", "95", `"≥"0"%"`},
		"grouped":                 {"1955.93", "1,955.93", "1955.93", "#,##0.00"},
		"grouped negative":        {"-1234567", "-1,234,567", "-1234567", "#,##0"},
		"fifteen digits":          {"1234567890123.45", "1234567890123.45", "1234567890123.45", "0.00"},
		"more than doubles hold":  {"12345678901234.56", "12345678901234.56", "", "General"},
		"leading zero":            {"007", "007", "", "General"},
		"negative zero":           {"-0.00", "-0.00", "", "General"},
		"blank mark":              {"—", "—", "", "General"},
		"no number":               {"", "不适用", "", "General"},
		"another number in words": {"10", "8-10家", "", "General"},
		"part of another number":  {"1.5", "11.5", "", "General"},
		"sign apart":              {"-5", "约-5", "", "General"},
		"exponent":                {"1e5", "1e5", "", "General"},
		"formula":                 {"=1", "=1", "", "@"},
	} {
		tab := readXLSX(t, workbook(t, single(forms.GridCell{Text: c.text, Number: c.number, Role: forms.RoleNumber, Cols: 1, Rows: 1})))[0]
		if tab.shown["A2"] != c.text || tab.raw["A2"] != c.raw || tab.formats["A2"] != c.format {
			t.Errorf("%s: shown %q, stored %q, format %q", name, tab.shown["A2"], tab.raw["A2"], tab.formats["A2"])
		}
	}
}

func TestTabsHaveNamesThatExcelTakes(t *testing.T) {
	t.Parallel()
	var sheets []exports.Sheet
	for _, title := range []string{"a", "A", "", "History", "来源", "Sheet1", `a/b\c?d*e[f]:g`, "'quoted'", strings.Repeat("长", 40), strings.Repeat("长", 40), strings.Repeat("𠀀", 20)} {
		sheet := single(forms.GridCell{Text: title, Cols: 1, Rows: 1})
		sheet.Title = title
		sheets = append(sheets, sheet)
	}
	seen := map[string]bool{}
	for _, tab := range readXLSX(t, workbook(t, sheets...)) {
		units := 0
		for _, r := range tab.name {
			units += 1 + min(int(r>>16), 1)
		}
		lower := strings.ToLower(tab.name)
		if units == 0 || units > 31 || strings.ContainsAny(tab.name, `:\/?*[]`) || strings.Trim(tab.name, "' ") != tab.name || seen[lower] || lower == "history" {
			t.Errorf("tab %q", tab.name)
		}
		seen[lower] = true
	}
	if len(seen) != len(sheets)+1 {
		t.Errorf("%d tabs for %d forms", len(seen), len(sheets))
	}
}

func TestSameFormsSameBytes(t *testing.T) {
	t.Parallel()
	p := language.In(language.English)
	for name, write := range map[string]func(*bytes.Buffer, []exports.Sheet) error{
		"xlsx":     func(w *bytes.Buffer, s []exports.Sheet) error { return exports.XLSX(w, s, p) },
		"docx":     func(w *bytes.Buffer, s []exports.Sheet) error { return exports.DOCX(w, s) },
		"html":     func(w *bytes.Buffer, s []exports.Sheet) error { return exports.HTML(w, s, p) },
		"csv":      func(w *bytes.Buffer, s []exports.Sheet) error { return exports.CSV(w, s[0], exports.UTF8) },
		"csv, zip": func(w *bytes.Buffer, s []exports.Sheet) error { return exports.CSVArchive(w, s, exports.UTF8) },
		"json":     func(w *bytes.Buffer, s []exports.Sheet) error { return exports.JSON(w, s) },
		"package":  func(w *bytes.Buffer, _ []exports.Sheet) error { return exports.DataPackage(w, dataset(), p) },
	} {
		var first bytes.Buffer
		if err := write(&first, []exports.Sheet{department(t), training(t)}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			var again bytes.Buffer
			if err := write(&again, []exports.Sheet{department(t), training(t)}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first.Bytes(), again.Bytes()) {
				t.Errorf("%s: the same forms gave other bytes", name)
			}
		}
	}
}

func TestAGridThatDoesNotFillItsRectangleIsRefused(t *testing.T) {
	t.Parallel()
	cell := func(cols, rows int) forms.GridCell { return forms.GridCell{Cols: cols, Rows: rows} }
	for name, c := range map[string]struct {
		widths []int
		rows   [][]forms.GridCell
		want   exports.GridError
	}{
		"a gap":                  {[]int{1, 1}, [][]forms.GridCell{{cell(1, 1)}}, exports.GridError{Row: 1, Col: 2}},
		"a gap below a span":     {[]int{1, 1}, [][]forms.GridCell{{cell(1, 2), cell(1, 1)}, {}}, exports.GridError{Row: 2, Col: 2}},
		"too wide":               {[]int{1}, [][]forms.GridCell{{cell(2, 1)}}, exports.GridError{Row: 1, Col: 1}},
		"too tall":               {[]int{1}, [][]forms.GridCell{{cell(1, 2)}}, exports.GridError{Row: 1, Col: 1}},
		"one cell too many":      {[]int{1}, [][]forms.GridCell{{cell(1, 1), cell(1, 1)}}, exports.GridError{Row: 1, Col: 2}},
		"overlap":                {[]int{1, 1}, [][]forms.GridCell{{cell(1, 1), cell(1, 2)}, {cell(2, 1)}}, exports.GridError{Row: 2, Col: 1}},
		"no span":                {[]int{1}, [][]forms.GridCell{{cell(0, 1)}}, exports.GridError{Row: 1, Col: 1}},
		"no rows":                {[]int{1}, nil, exports.GridError{}},
		"no columns":             {nil, [][]forms.GridCell{{}}, exports.GridError{}},
		"a column of no width":   {[]int{1, 0}, [][]forms.GridCell{{cell(2, 1)}}, exports.GridError{Row: 0, Col: 2}},
		"more columns than 63":   {slices.Repeat([]int{1}, exports.MaxColumns+1), [][]forms.GridCell{{cell(exports.MaxColumns+1, 1)}}, exports.GridError{}},
		"a text beyond a cell's": {[]int{1}, [][]forms.GridCell{{{Text: strings.Repeat("长", exports.MaxText+1), Cols: 1, Rows: 1}}}, exports.GridError{Row: 1, Col: 1}},
	} {
		sheet := exports.Sheet{Title: "form", Grid: forms.Grid{Widths: c.widths, Rows: c.rows}}
		for writer, err := range map[string]error{
			"xlsx": exports.XLSX(&bytes.Buffer{}, []exports.Sheet{sheet}, language.In(language.English)),
			"docx": exports.DOCX(&bytes.Buffer{}, []exports.Sheet{sheet}),
			"html": exports.HTML(&bytes.Buffer{}, []exports.Sheet{sheet}, language.In(language.English)),
			"csv":  exports.CSV(&bytes.Buffer{}, sheet, exports.UTF8),
		} {
			got, is := err.(*exports.GridError)
			if !is || got.Row != c.want.Row || got.Col != c.want.Col || got.Sheet != "form" || got.Problem == "" {
				t.Errorf("%s, %s: %v, want row %d, column %d", name, writer, err, c.want.Row, c.want.Col)
			}
		}
	}
}

func TestTheLongestTextIsWritten(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", exports.MaxText)
	sheet := single(forms.GridCell{Text: long, Cols: 1, Rows: 1})
	if got := readXLSX(t, workbook(t, sheet))[0].shown["A2"]; got != long {
		t.Errorf("%d bytes of %d", len(got), len(long))
	}
}

func TestATitleOrNoteBeyondACellIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", exports.MaxText+1)
	for place, grid := range map[string]forms.Grid{"title": {Title: long}, "notes": {Notes: []string{"fits", long}}} {
		grid.Widths, grid.Rows = []int{1}, [][]forms.GridCell{{{Cols: 1, Rows: 1}}}
		if err := exports.DOCX(&bytes.Buffer{}, []exports.Sheet{{Grid: grid}}); err == nil || !strings.Contains(err.Error(), fmt.Sprint(exports.MaxText)) {
			t.Errorf("%s: %v", place, err)
		}
	}
}

func TestNothingToWriteIsAnError(t *testing.T) {
	t.Parallel()
	p := language.In(language.English)
	for writer, err := range map[string]error{
		"xlsx": exports.XLSX(&bytes.Buffer{}, nil, p),
		"docx": exports.DOCX(&bytes.Buffer{}, nil),
		"html": exports.HTML(&bytes.Buffer{}, nil, p),
		"csv":  exports.CSVArchive(&bytes.Buffer{}, nil, exports.UTF8),
		"json": exports.JSON(&bytes.Buffer{}, nil),
	} {
		if err != exports.ErrNoSheets {
			t.Errorf("%s: %v", writer, err)
		}
	}
	if err := exports.DOCX(&bytes.Buffer{}, make([]exports.Sheet, exports.MaxSheets+1)); err == nil || !strings.Contains(err.Error(), fmt.Sprint(exports.MaxSheets)) {
		t.Errorf("too many forms: %v", err)
	}
}
