package audit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/outturn/outturn/handlers/audit"
)

// parse reads a document that a test needs.
func parse(t testing.TB, raw []byte) audit.Declared {
	t.Helper()
	declared, err := audit.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return declared
}

func read(t testing.TB, path string) audit.Declared {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, raw)
}

// regions lists the correct forms of other regions.
func regions(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/regions/*.json")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d documents in testdata/regions: %v", len(paths), err)
	}
	return paths
}

func TestCorrectFormsOfOtherRegionsRaiseNoAlarm(t *testing.T) {
	t.Parallel()
	for _, path := range regions(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			report := audit.Run(read(t, path), audit.Options{})
			for _, finding := range report.Findings {
				if finding.Severity != audit.Info {
					t.Errorf("%s %s %s %s: %s", finding.Severity, finding.Rule, finding.Form, finding.Where, finding.Message)
				}
			}
			if len(report.Checked) == 0 {
				t.Error("nothing was checked")
			}
		})
	}
}
