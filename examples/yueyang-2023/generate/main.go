package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

const (
	formsFile  = "declared-forms.json"
	eventsFile = "events.ndjson"
)

func main() {
	dir := flag.String("dir", filepath.Join("examples", "yueyang-2023"),
		"folder that holds "+formsFile+" and gets "+eventsFile)
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	forms, err := os.ReadFile(filepath.Join(dir, formsFile))
	if err != nil {
		return fmt.Errorf("read the figures: %w; run from the repository's root or set -dir", err)
	}
	body, err := generate(forms)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, formsFile), err)
	}
	return os.WriteFile(filepath.Join(dir, eventsFile), body, 0o644)
}

// generate turns declared forms into events as NDJSON.
func generate(forms []byte) ([]byte, error) {
	r, err := readReport(forms)
	if err != nil {
		return nil, err
	}
	projects, err := r.projects()
	if err != nil {
		return nil, err
	}
	performance, err := perform(r)
	if err != nil {
		return nil, err
	}
	return encode(projects, performance)
}
