package examples_test

import (
	"strings"
	"testing"

	"github.com/outturn/outturn/examples"
)

func TestEveryNameHasEvents(t *testing.T) {
	t.Parallel()
	names := examples.Names()
	if len(names) == 0 || names[0] != "yueyang-2023" {
		t.Fatalf("Names() = %q, want yueyang-2023 in it", names)
	}
	for _, name := range names {
		body, err := examples.Events(name)
		if err != nil || len(body) == 0 || body[len(body)-1] != '\n' {
			t.Errorf("Events(%q) = %d bytes, %v; want whole lines", name, len(body), err)
		}
	}
}

func TestUnknownNameIsRefusedWithTheKnownOnes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "none", "../examples/yueyang-2023", "yueyang-2023/.", "Yueyang-2023"} {
		if _, err := examples.Events(name); err == nil || !strings.Contains(err.Error(), "yueyang-2023") {
			t.Errorf("Events(%q): error = %v, want one that names yueyang-2023", name, err)
		}
	}
}
