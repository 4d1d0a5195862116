package exports_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/projections/forms"
)

var update = flag.Bool("update", false, "write the golden files again")

func word(tb testing.TB, sheets ...exports.Sheet) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := exports.DOCX(&out, sheets); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestADocumentShowsTheReportsTablesCellByCell(t *testing.T) {
	t.Parallel()
	sheets := []exports.Sheet{department(t), training(t)}
	want := []read{wanted(sheets[0]), wanted(sheets[1])}
	if diff := cmp.Diff(want, readDOCX(t, word(t, sheets...))); diff != "" {
		t.Errorf("(-form +document):\n%s", diff)
	}
}

// TestPartsAreAsTheyWere holds the parts of both office formats to golden files,
// so that a change of what Word or Excel gets to see is a change that is read.
func TestPartsAreAsTheyWere(t *testing.T) {
	t.Parallel()
	sheet := training(t)
	for golden, got := range map[string][]byte{
		"training.document.xml": unzip(t, word(t, sheet))["word/document.xml"],
		"training.sheet.xml":    readXLSX(t, workbook(t, sheet))[0].part,
	} {
		path := filepath.Join("testdata", golden)
		lines := []byte(strings.ReplaceAll(string(got), "><", ">\n<") + "\n")
		if *update {
			if err := os.WriteFile(path, lines, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(lines)); diff != "" {
			t.Errorf("%s (go test ./handlers/exports -update writes it again):\n%s", golden, diff)
		}
	}
}

func TestAPageThatGoesOnSaysWhatTheFormIsAbout(t *testing.T) {
	t.Parallel()
	plain := forms.GridCell{Text: "words", Role: forms.RoleText, Cols: 1, Rows: 1}
	tall, count := plain, plain
	tall.Rows = 2
	count.Role = forms.RoleNumber
	for name, c := range map[string]struct {
		rows [][]forms.GridCell
		want int
	}{
		"the form of a project":    {training(t).Grid.Rows, 2},
		"the form of a department": {department(t).Grid.Rows, 1},
		"numbers at once":          {[][]forms.GridCell{{count}, {plain}}, 0},
		"a span from the top":      {[][]forms.GridCell{{tall}, {}, {count}}, 0},
		"words only":               {[][]forms.GridCell{{plain}, {plain}}, 0},
		"more words than a head":   {[][]forms.GridCell{{plain}, {plain}, {plain}, {plain}, {plain}, {count}}, 0},
	} {
		widths := make([]int, 9)
		if len(c.rows[0]) == 1 {
			widths = widths[:1]
		}
		for i := range widths {
			widths[i] = 1
		}
		document := string(unzip(t, word(t, exports.Sheet{Grid: forms.Grid{Widths: widths, Rows: c.rows}}))["word/document.xml"])
		if got := strings.Count(document, "<w:tblHeader>"); got != c.want {
			t.Errorf("%s: %d rows are repeated, want %d", name, got, c.want)
		}
	}
}

// TestANumberIsNeverBroken: a narrow column gets what its number needs from the
// columns that have more, and the table stays as wide as it was.
func TestANumberIsNeverBroken(t *testing.T) {
	t.Parallel()
	amount := forms.GridCell{Text: "-9,999,999,999.99", Role: forms.RoleNumber, Cols: 1, Rows: 1}
	prose := forms.GridCell{Text: "words", Role: forms.RoleText, Cols: 1, Rows: 1}
	sheet := exports.Sheet{Grid: forms.Grid{Widths: []int{1, 50, 49}, Rows: [][]forms.GridCell{{amount, prose, prose}}}}
	var document struct {
		Columns []struct {
			Width int `xml:"w,attr"`
		} `xml:"body>tbl>tblGrid>gridCol"`
	}
	decode(t, unzip(t, word(t, sheet))["word/document.xml"], &document)
	sum := 0
	for _, column := range document.Columns {
		sum += column.Width
	}
	const a4WithoutMargins = 11906 - 2*1021
	if digits := 17 * 90; document.Columns[0].Width < digits || sum != a4WithoutMargins {
		t.Errorf("columns %v: the first needs %d, together %d", document.Columns, digits, a4WithoutMargins)
	}
}

// TestEveryShippedTemplateIsWritten: whatever a region's form looks like, Word
// and Excel show the grid that its template makes.
func TestEveryShippedTemplateIsWritten(t *testing.T) {
	t.Parallel()
	var sheets []exports.Sheet
	var want []read
	for _, template := range forms.Templates() {
		form := trainingForm(declared(t, "yueyang-2023-04"))
		if template.Kind == forms.DepartmentForm {
			form = forms.Form{Declared: declared(t, "yueyang-2023-00")}
		}
		sheets = append(sheets, exports.Sheet{Title: template.ID, Grid: forms.Layout(form, template), Form: form})
		want = append(want, wanted(sheets[len(sheets)-1]))
	}
	if diff := cmp.Diff(want, readDOCX(t, word(t, sheets...))); diff != "" {
		t.Errorf("(-form +document):\n%s", diff)
	}
	for i, tab := range readXLSX(t, workbook(t, sheets...))[:len(sheets)] {
		if diff := cmp.Diff(want[i], tab.table(sheets[i])); diff != "" {
			t.Errorf("%s (-form +worksheet):\n%s", tab.name, diff)
		}
	}
}
