package examples

import (
	"embed"
	"fmt"
	"strings"
)

// eventsFile is the name of the events in each example's folder.
const eventsFile = "events.ndjson"

//go:embed */events.ndjson
var files embed.FS

// Names lists the examples in alphabetical order.
func Names() []string {
	folders, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("examples: the compiled-in folder cannot be listed: %v", err))
	}
	names := make([]string, len(folders))
	for i, folder := range folders {
		names[i] = folder.Name()
	}
	return names
}

// Events returns the events of an example as NDJSON: one CloudEvent a line, in
// UTF-8, each line ended by a line feed. The caller owns the bytes. The error
// says that there is no example of that name, and which there are.
func Events(name string) ([]byte, error) {
	body, err := files.ReadFile(name + "/" + eventsFile)
	if err != nil {
		return nil, fmt.Errorf("example %q does not exist; choose one of: %s", name, strings.Join(Names(), ", "))
	}
	return body, nil
}
