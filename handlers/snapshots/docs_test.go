package snapshots_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestEveryReasonIsDocumented(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("problem.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/snapshots.md")
	if err != nil {
		t.Fatal(err)
	}
	reasons := regexp.MustCompile(`= "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(reasons) < 15 {
		t.Fatalf("only %d reasons are found in the source", len(reasons))
	}
	for _, reason := range reasons {
		if !strings.Contains(string(page), "`"+reason[1]+"`") {
			t.Errorf("docs/snapshots.md says nothing of %s", reason[1])
		}
	}
}
