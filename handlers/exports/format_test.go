package exports_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/language"
)

func TestEveryFormatIsWrittenAsItSays(t *testing.T) {
	t.Parallel()
	begins := map[string]string{".json": "{\n", ".xlsx": "PK\x03\x04", ".docx": "PK\x03\x04", ".html": "<!doctype html>", ".csv": "\uFEFF2023年度", ".zip": "PK\x03\x04"}
	for _, format := range exports.Formats() {
		if parsed, err := exports.ParseFormat(string(format)); err != nil || parsed != format {
			t.Errorf("%s: %v", format, err)
		}
		for _, sheets := range [][]exports.Sheet{{training(t)}, {training(t), department(t)}} {
			ending, mediaType := format.File(len(sheets))
			var out bytes.Buffer
			if err := exports.Write(&out, format, sheets, language.In(language.English)); err != nil {
				t.Fatal(err)
			}
			if begin := begins[ending]; begin == "" || !strings.HasPrefix(out.String(), begin) {
				t.Errorf("%d forms as %s: %s begins with %.12q", len(sheets), format, ending, out.String())
			}
			if sniffed := http.DetectContentType(out.Bytes()); strings.HasPrefix(mediaType, "text/") && !strings.HasPrefix(sniffed, "text/") {
				t.Errorf("%s is said to be %s and looks like %s", format, mediaType, sniffed)
			}
		}
	}
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	t.Parallel()
	if err := exports.Write(&bytes.Buffer{}, "pdf", []exports.Sheet{training(t)}, language.In(language.English)); err == nil || !strings.Contains(err.Error(), `"docx"`) {
		t.Errorf("%v", err)
	}
}
