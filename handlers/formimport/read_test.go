package formimport_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/formimport"
)

// published are the facts of the published forms, with goals of our own.
func published(t testing.TB) []audit.Form {
	t.Helper()
	raw, err := os.ReadFile("../../examples/yueyang-2023/declared-forms.json")
	if err != nil {
		t.Fatal(err)
	}
	declared, err := audit.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i := range declared.Forms {
		f := &declared.Forms[i]
		f.Goal = audit.Goal{Expected: text(fmt.Sprintf("完成第%d项工作。\n2、培训300人。", i)), Actual: text("全部完成。\n2、培训310人。")}
	}
	return declared.Forms
}

// differences compares what two forms print: without ids and the names of
// templates, which no document holds, and with every blank cell alike.
func differences(want, got audit.Form) string {
	want.ID, want.Template, got.ID, got.Template = "", audit.Text{}, "", audit.Text{}
	return cmp.Diff(want, got, cmp.Transformer("printed", func(t audit.Text) string { return t.Printed }))
}

func read(t testing.TB, file []byte) (audit.Declared, formimport.Report) {
	t.Helper()
	declared, report, err := formimport.Read("folder/form.bin", bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return declared, report
}

// TestEachLayoutReadsBackCellByCell prints the published facts as each region
// does, into Word and Excel, and reads them back.
func TestEachLayoutReadsBackCellByCell(t *testing.T) {
	t.Parallel()
	forms := published(t)
	for _, layout := range layouts() {
		for _, kind := range []string{"docx", "xlsx", "text"} {
			t.Run(layout.name+" "+kind, func(t *testing.T) {
				t.Parallel()
				for _, form := range forms {
					if layout.name != "hunan department" && form.Kind == audit.Department || layout.name == "hunan department" && form.Kind != audit.Department {
						continue
					}
					declared, report := read(t, written(t, kind, layout.print(form)))
					if len(declared.Forms) != 1 || report.Forms != 1 {
						t.Fatalf("%s: %d forms, the report says %d", form.ID, len(declared.Forms), report.Forms)
					}
					want := layout.printed(cloned(t, form))
					if diff := differences(want, declared.Forms[0]); diff != "" {
						t.Errorf("%s (-printed +read):\n%s", form.ID, diff)
					}
					for _, unread := range report.Unread {
						if unread.Why != formimport.WhyNoPlace && unread.Why != formimport.WhySecond {
							t.Errorf("%s: unread %s %q: %s", form.ID, unread.Place, unread.Text, unread.Why)
						}
					}
				}
			})
		}
	}
}

// cloned is a copy that shares nothing.
func cloned(t testing.TB, f audit.Form) audit.Form {
	t.Helper()
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var out audit.Form
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func written(t testing.TB, kind string, sheets ...sheet) []byte {
	t.Helper()
	switch kind {
	case "docx":
		return docx(t, sheets...)
	case "xlsx":
		return xlsx(t, sheets...)
	}
	return flattened(sheets...)
}

// TestAnyTakesDeclaredFormsAsTheyAre, and recognises every other file.
func TestAnyTakesDeclaredFormsAsTheyAre(t *testing.T) {
	t.Parallel()
	declared, report, err := formimport.Any("x.docx", []byte("\ufeff {\"forms\": [{\"id\": \"a\", \"kind\": \"project\"}]}"))
	if err != nil || report.Forms != 1 || declared.Forms[0].ID != "a" {
		t.Errorf("%+v, %+v, %v", declared, report, err)
	}
	declared, report, err = formimport.Any("x.json", docx(t, small(unchanged)))
	if err != nil || report.Kind != formimport.Word || declared.Forms[0].ID != "x-01" {
		t.Errorf("%+v, %+v, %v", declared, report, err)
	}
}
