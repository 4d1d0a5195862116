package projections_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/projections"
)

// wordFields are the fields that say in words why or what for; an event has at
// most one of them that is not empty.
var wordFields = []string{"Purpose", "Reason", "Goal", "Detail", "Note"}

func TestPaperFindsTheDocumentAndTheWordsOfEveryType(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.FromSlash("../events/testdata/golden/*.json"))
	if err != nil || len(files) < len(events.Definitions()) {
		t.Fatalf("%d goldens of %d types, %v", len(files), len(events.Definitions()), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		event, err := events.Decode(raw)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		document, says := projections.Paper(event.Data)
		data := reflect.ValueOf(event.Data)
		if field := data.FieldByName("Document"); field.IsValid() && field.String() != string(document) {
			t.Errorf("%s: the document is %q, want %q", event.Type, document, field)
		}
		for _, name := range wordFields {
			if field := data.FieldByName(name); field.IsValid() && field.String() != string(says) {
				t.Errorf("%s: it says %q, want %q", event.Type, says, field)
			}
		}
	}
}
