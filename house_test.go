// Package outturn_test keeps the house in order: which package may import which,
// what every package and dependency must say of itself.
package outturn_test

import (
	"encoding/json"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/outturn/outturn"

// listed is what "go list" says of a package.
type listed struct {
	ImportPath, Dir, Name string
	Imports               []string
	GoFiles               []string
	Standard              bool
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Name,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	if len(all) < 10 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	return all
}

// layer is the first folder of a package: events, projections, handlers, …
func layer(importPath string) string {
	rest, ours := strings.CutPrefix(importPath, module+"/")
	if !ours {
		return ""
	}
	if strings.HasPrefix(rest, "deploy/local") {
		return "deploy/local"
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// TestImportsRunOneWay: events ← projections ← handlers ← cmd. deploy/local
// knows none of them, so that the tests of any layer may use it.
func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{
		"events":       {"events"},
		"projections":  {"events", "projections"},
		"handlers":     {"events", "projections", "handlers"},
		"deploy/local": {"deploy/local"},
		"examples":     {"events", "examples"},
		"cmd":          {"events", "projections", "handlers", "deploy/local", "examples"},
	}
	for _, p := range packages(t) {
		of, known := allowed[layer(p.ImportPath)]
		if !known {
			t.Errorf("%s lies in no layer of the layout", p.ImportPath)
		}
		for _, imported := range p.Imports {
			if to := layer(imported); to != "" && !slices.Contains(of, to) {
				t.Errorf("%s imports %s: %s may import only %s", p.ImportPath, imported, layer(p.ImportPath), strings.Join(of, ", "))
			}
		}
	}
}

// TestEachLayerKeepsItsTechnology: which modules of others a layer may import.
func TestEachLayerKeepsItsTechnology(t *testing.T) {
	t.Parallel()
	only := map[string][]string{ // module prefix → layers that may import it
		"github.com/nats-io/nats.go":          {"events", "cmd", "deploy/local"},
		"github.com/nats-io/nats-server":      {"deploy/local"},
		"github.com/jackc/pgx":                {"projections", "deploy/local"},
		"github.com/pressly/goose":            {"projections"},
		"net/http":                            {"handlers", "cmd"},
		"github.com/prometheus/client_golang": {"handlers"},
		"github.com/alecthomas/kong":          {"cmd"},
	}
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			for prefix, layers := range only {
				if strings.HasPrefix(imported, prefix) && !slices.Contains(layers, layer(p.ImportPath)) {
					t.Errorf("%s imports %s, which belongs to %s", p.ImportPath, imported, strings.Join(layers, ", "))
				}
			}
			if strings.HasSuffix(p.Name, "test") {
				continue // a suite of tests that other packages run
			}
			outside := strings.Contains(strings.Split(imported, "/")[0], ".") && !strings.HasPrefix(imported, module)
			if outside && layer(p.ImportPath) == "events" &&
				!strings.HasPrefix(imported, "github.com/nats-io/nats.go") && imported != "github.com/google/uuid" {
				t.Errorf("%s imports %s: events stands on the standard library, nats.go and uuid only", p.ImportPath, imported)
			}
		}
	}
}

func TestPackageNamesSayWhatTheyKnow(t *testing.T) {
	t.Parallel()
	empty := regexp.MustCompile(`^(utils?|common|helpers?|models?|types|misc|base|shared)$`)
	for _, p := range packages(t) {
		if empty.MatchString(p.Name) {
			t.Errorf("%s: the name %q says nothing", p.ImportPath, p.Name)
		}
	}
}

// TestEverythingExportedIsExplained: each package has a doc comment, and so has
// each exported identifier.
func TestEverythingExportedIsExplained(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		files, set := parse(t, p)
		documented, err := doc.NewFromFiles(set, files, p.ImportPath)
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(documented.Doc) == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		for _, f := range documented.Funcs {
			explained(t, p, f.Name, f.Doc)
		}
		for _, typ := range documented.Types {
			explained(t, p, typ.Name, typ.Doc)
			for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
				explained(t, p, typ.Name+"."+f.Name, f.Doc)
			}
		}
	}
}

func explained(t *testing.T, p listed, name, comment string) {
	t.Helper()
	last := name[strings.LastIndex(name, ".")+1:]
	if ast.IsExported(last) && strings.TrimSpace(comment) == "" && !isWellKnown(last) {
		t.Errorf("%s: %s has no doc comment", p.ImportPath, name)
	}
}

// isWellKnown: methods whose meaning an interface of the standard library fixes.
func isWellKnown(method string) bool {
	return slices.Contains([]string{"Error", "Unwrap", "String", "Len", "Less", "Swap", "Write", "WriteHeader", "Run"}, method)
}

func parse(t *testing.T, p listed) ([]*ast.File, *token.FileSet) {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files, set
}

// maxFunctionLines: a function fits a screen.
const maxFunctionLines = 70

func TestFunctionsFitAScreen(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		files, set := parse(t, p)
		for _, file := range files {
			for _, declared := range file.Decls {
				f, ok := declared.(*ast.FuncDecl)
				if !ok {
					continue
				}
				if lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; lines > maxFunctionLines {
					t.Errorf("%s: %s has %d lines; more than %d do not fit a screen", p.ImportPath, f.Name.Name, lines, maxFunctionLines)
				}
			}
		}
	}
}

// TestDependenciesAreExplained: each direct dependency has its line in
// docs/dependencies.md.
func TestDependenciesAreExplained(t *testing.T) {
	t.Parallel()
	explained := read(t, "docs/dependencies.md")
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(read(t, "go.mod"), -1)
	if len(direct) == 0 {
		t.Fatal("go.mod names no dependency")
	}
	for _, match := range direct {
		if !strings.Contains(explained, "`"+match[1]+"`") {
			t.Errorf("docs/dependencies.md says nothing of %s", match[1])
		}
	}
}

// TestNoTestIsSkipped: what a test needs it starts, or it fails.
func TestNoTestIsSkipped(t *testing.T) {
	t.Parallel()
	skip := regexp.MustCompile(`\bt\.Skip(f|Now)?\(`)
	eachFile(t, "_test.go", func(path, text string) {
		if path != "house_test.go" && skip.MatchString(text) {
			t.Errorf("%s skips a test", path)
		}
	})
}

// TestNoFloatTouchesMoney: neither events nor projections know floats.
func TestNoFloatTouchesMoney(t *testing.T) {
	t.Parallel()
	float := regexp.MustCompile(`\bfloat(32|64)\b`)
	eachFile(t, ".go", func(path, text string) {
		if (strings.HasPrefix(path, "events/") || strings.HasPrefix(path, "projections/")) &&
			!strings.HasSuffix(path, "_test.go") && float.MatchString(text) {
			t.Errorf("%s uses a float", path)
		}
	})
}

// TestReadmesNameTheTwoCommands holds both READMEs to the Makefile.
func TestReadmesNameTheTwoCommands(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	for _, readme := range []string{"README.md", "README.zh-CN.md"} {
		for _, target := range []string{"run", "test"} {
			if !strings.Contains(read(t, readme), "make "+target) || !strings.Contains(makefile, "\n"+target+":") {
				t.Errorf("%s and Makefile: make %s", readme, target)
			}
		}
	}
	if !strings.Contains(read(t, ".ci/run"), "make test") {
		t.Error(".ci/run does not run the README's test command")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// eachFile visits the files of the tree that end so, but for those that are
// kept out of version control.
func eachFile(t *testing.T, ending string, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(path, ".") && path != "." || path == "data" || path == "bin" || path == "artifacts") {
			return filepath.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(path, ending) {
			visit(path, read(t, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
