package forms_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/outturn/outturn/projections/forms"
)

func TestAFolderAddsTemplates(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("templates/hubei.json")
	if err != nil {
		t.Fatal(err)
	}
	mine := strings.Replace(string(raw), `"hubei"`, `"wuhan"`, 1)
	catalogue, err := forms.OpenCatalogue(fstest.MapFS{"wuhan.json": {Data: []byte(mine)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := catalogue.Find("wuhan"); !ok {
		t.Error("the folder's template is not found")
	}
	if _, ok := catalogue.Find("hubei"); !ok {
		t.Error("a template that comes with the program is not found beside it")
	}
	if got, want := len(catalogue.List()), len(forms.Templates())+1; got != want {
		t.Errorf("%d templates are listed, want %d", got, want)
	}
	if len((forms.Catalogue{}).List()) != len(forms.Templates()) {
		t.Error("the zero catalogue is what comes with the program")
	}
}

func TestAFolderCannotReplaceWhatComesWithTheProgram(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("templates/hubei.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct{ file, text string }{
		"an id that is taken": {string(raw), "hubei"},
		"not a template":      {`{"id": "x"}`, "x.json"},
	} {
		if _, err := forms.OpenCatalogue(fstest.MapFS{"x.json": {Data: []byte(want.file)}}); err == nil || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: %v; want an error that names %s", name, err, want.text)
		}
	}
}
