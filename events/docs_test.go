package events_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
)

var docsDir = filepath.Join("..", "docs", "events")

// generated is what docs/events must hold, by file name.
func generated(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"README.md": readme(t)}
	for _, d := range events.Definitions() {
		schema, err := events.Schema(d.Type)
		must(t, err)
		files[filepath.Join("schemas", versioned(d.Type)+".schema.json")] = schema
	}
	return files
}

func readme(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`# Event types

This page and the [schemas](schemas) are written by ` + "`go test ./events -update`" + ` from the
Go types in [events](../../events); do not edit them by hand.

An event is a [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md)
event in structured JSON. ` + "`source` and `id`" + ` are its idempotency key for ever, ` + "`subject`" + `
is the code of the line, project, unit or user that it is about, ` + "`time`" + ` (optional) is when it was
said, and ` + "`data.date`" + ` is the business date that it counts for. Amounts are decimal strings
in yuan. The log adds ` + "`sequence`, `recordedtime`, `actor`, `prevhash`" + ` and, where a second person
had to approve the event, ` + "`approver`" + `; a client must not.
A member with a question mark may be absent or null; every other one must be there. Each type has a
golden file in [testdata/golden](../../events/testdata/golden) that must decode for ever.

This payment, as the log stores it (here with line breaks), is the golden file of its type:

`)
	b.WriteString("```json\n")
	for _, event := range recordGoldens(t) {
		if event.Type == (events.DisbursementPaid{}).Type() {
			b.Write(indented(t, event.Raw()))
			break
		}
	}
	b.WriteString("\n```\n")
	group := ""
	for _, d := range events.Definitions() {
		if d.Group != group {
			group = d.Group
			fmt.Fprintf(&b, "\n## %s\n\n| type | 中文 | subject | data | says that |\n|---|---|---|---|---|\n", group)
		}
		name := versioned(d.Type)
		fmt.Fprintf(&b, "| [`%s`](schemas/%s.schema.json) | %s | %s | %s | %s |\n", d.Type, name, d.Zh, subjects(d), members(d), d.Says)
	}
	b.WriteString("\n## Members\n\nA name means the same in every type.\n\n| member | meaning |\n|---|---|\n")
	seen := map[string]bool{}
	for _, d := range events.Definitions() {
		for _, member := range d.Members() {
			if !seen[member.Name] {
				fmt.Fprintf(&b, "| `%s` | %s |\n", member.Name, member.Says)
			}
			seen[member.Name] = true
		}
	}
	return b.Bytes()
}

func subjects(d events.Definition) string {
	names := make([]string, len(d.Abouts))
	for i, about := range d.Abouts {
		names[i] = string(about)
	}
	return strings.Join(names, ", ")
}

func members(d events.Definition) string {
	var names []string
	for _, member := range d.Members() {
		name := "`" + member.Name + "`"
		if !member.Required {
			name += "?"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// TestDocsAreUpToDate is not parallel, so that -update has written everything
// before the parallel tests read.
func TestDocsAreUpToDate(t *testing.T) {
	files := generated(t)
	for name, want := range files {
		path := filepath.Join(docsDir, name)
		if *update {
			writeFile(t, path, want)
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is out of date (%v): run go test ./events -update", path, err)
		}
	}
	for _, dir := range []string{".", "schemas"} {
		entries, err := os.ReadDir(filepath.Join(docsDir, dir))
		must(t, err)
		for _, entry := range entries {
			name := filepath.Join(dir, entry.Name())
			if _, known := files[name]; !known && !entry.IsDir() {
				t.Errorf("%s belongs to no event type: delete it", filepath.Join(docsDir, name))
			}
		}
	}
}
