package api_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
)

// problemRow is a row of the table of problems: code, status, when, what to do.
var problemRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([0-9]{3}) \\| ([^|]+) \\| ([^|]+) \\|$")

func TestEveryProblemCodeIsInTheDocument(t *testing.T) {
	t.Parallel()
	doc := document(t)
	listed := map[events.Code]int{}
	for _, row := range problemRow.FindAllStringSubmatch(doc, -1) {
		status, err := strconv.Atoi(row[2])
		if err != nil {
			t.Fatal(err)
		}
		listed[events.Code(row[1])] = status
	}
	if want := api.StatusOf(); !maps.Equal(listed, want) {
		t.Errorf("docs/api.md lists %v\nthe code has %v", listed, want)
	}
}

func TestEveryCodeThatIsOnlySaidIsInTheDocument(t *testing.T) {
	t.Parallel()
	doc := document(t)
	for _, code := range api.SaidOnly() {
		if !strings.Contains(doc, "- `"+string(code)+"`: ") {
			t.Errorf("docs/api.md does not explain %s", code)
		}
	}
}

// TestTheDocumentTellsWhoMayDoWhat: the table of calls and roles is that of the
// code.
func TestTheDocumentTellsWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	needs := api.Needs()
	var table strings.Builder
	table.WriteString("| call | roles | the answer is narrowed |\n|---|---|---|\n")
	for _, route := range api.Routes() {
		roles := "any"
		if len(needs[route].Roles) > 0 {
			roles = strings.Join(needs[route].Roles, ", ")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", route, roles, needs[route].Narrowed)
	}
	const begin, end = "<!-- begin roles -->\n", "<!-- end roles -->"
	head, rest, begun := strings.Cut(document(t), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !begun || !ended {
		t.Fatalf("docs/api.md does not have its marks %q and %q", begin, end)
	}
	upToDate(t, "../../docs/api.md", head+begin+table.String()+end+tail)
}

func TestTheDocumentStatesTheLimitsAndNamesEveryCall(t *testing.T) {
	t.Parallel()
	doc := document(t)
	for _, want := range []string{
		fmt.Sprintf("a body has %d MiB", api.MaxBody>>20), fmt.Sprintf("a request %d events", api.MaxEvents),
		fmt.Sprintf("or %d with `atomic=true`", maxAtomic), fmt.Sprintf("an event %d KiB", events.MaxBytes>>10),
		fmt.Sprintf("keeps %d streams", api.MaxStreams), api.TypePrefix, api.RequestIDHeader,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("docs/api.md does not say %q", want)
		}
	}
	named := strings.NewReplacer("{line}", "L-docs", "{sequence}", "1", "{year}", "2023", "{subject}", "P-docs", "{unit}", "U-docs",
		"{cell}", "funds.total.executed", "{file}", "$SNAPSHOT.zip", "{proposal}", "$PROPOSAL", "{alert}", "W-docs", "{user}", "cashier-1", "{import}", "$IMPORT")
	for _, route := range api.Routes() {
		_, path, _ := strings.Cut(route, " ")
		called := "$OUTTURN" + named.Replace(path)
		if !regexp.MustCompile(regexp.QuoteMeta(called) + `[?"]`).MatchString(doc) {
			t.Errorf("docs/api.md has no example of %s", route)
		}
	}
}

func document(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}
