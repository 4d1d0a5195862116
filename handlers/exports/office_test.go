//go:build office

package exports_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/handlers/exports"
)

// These tests ask LibreOffice what it sees in the files. They are no part of
// "go test ./...": run make test-office, which finds or installs it.

// convert has LibreOffice write a file in another format, and returns the files
// that it wrote by name.
func convert(t *testing.T, name string, data []byte, format string) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, name)
	if err := os.WriteFile(source, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	command := exec.Command("soffice", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", format, "--outdir", out, source)
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s\nrun make test-office, which installs LibreOffice", err, said)
	}
	files := map[string][]byte{}
	paths, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("soffice wrote nothing (%v)", err)
	}
	for _, path := range paths {
		if files[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// everySheetAsShown: comma, double quote, UTF-8, from row 1, cells as displayed,
// each worksheet a file.
const everySheetAsShown = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"

func TestLibreOfficeShowsTheWorkbookAsTheFormsArePrinted(t *testing.T) {
	sheets := []exports.Sheet{department(t), training(t)}
	files := convert(t, "forms.xlsx", workbook(t, sheets...), everySheetAsShown)
	for _, sheet := range sheets {
		got, err := csv.NewReader(bytes.NewReader(files["forms-"+sheet.Title+".csv"])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var own bytes.Buffer
		if err := exports.CSV(&own, sheet, exports.UTF8); err != nil {
			t.Fatal(err)
		}
		want, err := csv.NewReader(&own).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-printed +LibreOffice):\n%s", sheet.Title, diff)
		}
	}
}

func TestLibreOfficeShowsTheDocumentAsTheFormsArePrinted(t *testing.T) {
	sheets := []exports.Sheet{department(t), training(t)}
	text := string(convert(t, "forms.docx", word(t, sheets...), "txt:Text (encoded):UTF8")["forms.txt"])
	// A cell is a line, or several; what was merged is there once.
	got := strings.Fields(strings.TrimPrefix(text, "\uFEFF"))
	var want []string
	for _, sheet := range sheets {
		w := wanted(sheet)
		want = append(want, strings.Fields(w.Title)...)
		for _, cell := range w.Cells {
			want = append(want, strings.Fields(cell.Text)...)
		}
		for _, note := range w.Notes {
			want = append(want, strings.Fields(note)...)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-printed +LibreOffice):\n%s", diff)
	}
}

// pageObject is a page in a PDF; /Pages is their tree.
var pageObject = regexp.MustCompile(`/Type\s*/Page\b`)

// TestEachFormPrintsOnAPageOfItsOwn: the form of a project fits a page, and the
// two lists of its workbook take one each.
func TestEachFormPrintsOnAPageOfItsOwn(t *testing.T) {
	sheets := []exports.Sheet{training(t), training(t), training(t)}
	for _, c := range []struct {
		name  string
		data  []byte
		pages int
	}{{"forms.docx", word(t, sheets...), 3}, {"forms.xlsx", workbook(t, sheets[0]), 1 + 2}} {
		pdf := convert(t, c.name, c.data, "pdf")["forms.pdf"]
		if got := len(pageObject.FindAll(pdf, -1)); got != c.pages {
			t.Errorf("%s prints on %d pages, want %d", c.name, got, c.pages)
		}
	}
}
