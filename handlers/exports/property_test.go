package exports_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections/forms"
)

// hostile are texts that break careless writers.
var hostile = []string{
	"", " ", "\u3000", "a\nb", "\n", "a\n", "\n\n", "\ta\tb", "a\rb", "a\r\nb", "  lead and trail  ", "]]>", "<w:p>", "</script>", "&amp;", "&#0;",
	"\x00\x01\x1f", "\uFFFE", "\uFEFFbom", "_x0041_", "_x005F_x0041_", "_x005f_", "=1+1", "'=1", `"`, `""`, ",", "—", "-", "--", "不适用", "𠀀喆堃", "e\u0301", "\u202Eabc",
	"[bookmark: _Hlk]", strings.Repeat("长", 400), "100%", "≥95%", "2.7万元",
}

func texts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(hostile), rapid.String())
}

// cells draws a cell of words or of a printed number.
func cells(t *rapid.T) forms.GridCell {
	cell := forms.GridCell{Cols: 1, Rows: 1, Role: rapid.SampledFrom([]forms.Role{forms.RoleLabel, forms.RoleText, forms.RoleNumber, forms.RoleTotal, ""}).Draw(t, "role")}
	if rapid.Bool().Draw(t, "is words") {
		cell.Text = texts().Draw(t, "text")
		cell.Number = rapid.SampledFrom([]string{"", "1", cell.Text}).Draw(t, "number of words")
		return cell
	}
	digits := rapid.IntRange(0, 4).Draw(t, "digits")
	cell.Number = rapid.StringMatching(`-?(0|[1-9][0-9]{0,15})`).Draw(t, "whole")
	if digits > 0 {
		cell.Number += "." + rapid.StringMatching(fmt.Sprintf(`[0-9]{%d}`, digits)).Draw(t, "fraction")
	}
	cell.Percent = rapid.Bool().Draw(t, "percent")
	cell.Text = cell.Number + map[bool]string{true: "%"}[cell.Percent]
	return cell
}

// grids draws a rectangle filled with spans.
func grids(t *rapid.T) forms.Grid {
	rows, cols := rapid.IntRange(1, 7).Draw(t, "rows"), rapid.IntRange(1, 6).Draw(t, "cols")
	grid := forms.Grid{
		Title: texts().Draw(t, "title"), Notes: rapid.SliceOfN(texts(), 0, 2).Draw(t, "notes"),
		Widths: rapid.SliceOfN(rapid.IntRange(1, 40), cols, cols).Draw(t, "widths"), Rows: make([][]forms.GridCell, rows),
	}
	covered := map[[2]int]bool{}
	for i := range rows * cols {
		row, col := i/cols, i%cols
		if covered[[2]int{row, col}] {
			continue
		}
		room := 1
		for col+room < cols && !covered[[2]int{row, col + room}] {
			room++
		}
		cell := cells(t)
		cell.Cols, cell.Rows = rapid.IntRange(1, room).Draw(t, "span"), rapid.IntRange(1, rows-row).Draw(t, "down")
		for j := range cell.Rows * cell.Cols {
			covered[[2]int{row + j/cell.Cols, col + j%cell.Cols}] = true
		}
		grid.Rows[row] = append(grid.Rows[row], cell)
	}
	return grid
}

func TestAnyGridIsReadBackFromAnyFile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		sheet := exports.Sheet{Title: texts().Draw(rt, "sheet"), Grid: grids(rt)}
		want := wanted(sheet)
		if diff := cmp.Diff([]read{want}, readDOCX(t, word(t, sheet))); diff != "" {
			rt.Fatalf("docx (-form +document):\n%s", diff)
		}
		if diff := cmp.Diff(want, readXLSX(t, workbook(t, sheet))[0].table(sheet)); diff != "" {
			rt.Fatalf("xlsx (-form +worksheet):\n%s", diff)
		}
		if diff := cmp.Diff(want, readHTML(t, page(t, sheet))[0]); diff != "" {
			rt.Fatalf("html (-form +page):\n%s", diff)
		}
		checkCSV(rt, sheet, want)
	})
}

// checkCSV: the places are right, and a mark before a text is all that differs.
func checkCSV(t *rapid.T, sheet exports.Sheet, want read) {
	var out bytes.Buffer
	if err := exports.CSV(&out, sheet, exports.UTF8); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1+len(sheet.Grid.Rows)+len(sheet.Grid.Notes) {
		t.Fatalf("%d records", len(records))
	}
	expected := make([][]string, len(sheet.Grid.Rows))
	for row := range expected {
		expected[row] = make([]string, want.Cols)
	}
	for _, cell := range want.Cells {
		expected[cell.Row][cell.Col] = cell.Text
	}
	for row, record := range records[1 : 1+len(expected)] {
		for col, got := range record {
			if text := expected[row][col]; got != text && got != "'"+text {
				t.Fatalf("row %d, column %d: %q, want %q", row, col, got, text)
			}
		}
	}
}

func page(tb testing.TB, sheets ...exports.Sheet) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := exports.HTML(&out, sheets, language.In(language.Chinese)); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
