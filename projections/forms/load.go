package forms

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// Limits of templates.
const (
	// MaxTemplateBytes is the largest template file.
	MaxTemplateBytes = 256 << 10
	// MaxTemplates is the largest number of files in a folder of templates.
	MaxTemplates = 200
)

//go:embed templates/*.json
var files embed.FS

// shipped are the templates that come with the program. They are a part of it:
// one that cannot be read is a fault of the build.
var shipped = sync.OnceValue(func() map[string]*Template {
	folder, err := fs.Sub(files, "templates")
	if err != nil {
		panic(err)
	}
	all, err := LoadTemplates(folder)
	if err != nil {
		panic(err)
	}
	return all
})

// Templates lists the templates that come with the program, by id.
func Templates() []*Template {
	all := shipped()
	list := make([]*Template, 0, len(all))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[id])
	}
	return list
}

// Shipped finds a template that comes with the program.
func Shipped(id string) (*Template, bool) {
	t, ok := shipped()[id]
	return t, ok
}

// TemplateError is one thing that is wrong with a template.
type TemplateError struct {
	// File is the file's name, empty where the caller gave none.
	File string
	// Path is the place in the JSON, "funds.columns[2].value"; empty for the whole.
	Path string
	// Problem says what is wrong and what may stand there.
	Problem string
}

// Error says file, place and problem.
func (e TemplateError) Error() string {
	parts := []string{"template"}
	if e.File != "" {
		parts[0] = "template " + e.File
	}
	if e.Path != "" {
		parts = append(parts, e.Path)
	}
	return strings.Join(append(parts, e.Problem), ": ")
}

// LoadTemplate reads a template. The error joins one [TemplateError] for each
// thing that is wrong.
func LoadTemplate(raw []byte) (*Template, error) { return load("", raw) }

func load(file string, raw []byte) (*Template, error) {
	if len(raw) > MaxTemplateBytes {
		return nil, TemplateError{File: file, Problem: fmt.Sprintf("%d bytes, at most %d are read", len(raw), MaxTemplateBytes)}
	}
	t := new(Template)
	problems := decodeStrict(raw, t)
	if len(problems) == 0 {
		problems = t.check()
	}
	wrong := make([]error, len(problems))
	for i, p := range problems {
		p.File = file
		wrong[i] = p
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return t, nil
}

// LoadTemplates reads every .json file of a folder. The error joins those of all
// files; two files with one id are an error, too.
func LoadTemplates(folder fs.FS) (map[string]*Template, error) {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list the templates: %w", err)
	}
	if len(names) > MaxTemplates {
		return nil, fmt.Errorf("the folder has %d templates, at most %d are read", len(names), MaxTemplates)
	}
	all, from := map[string]*Template{}, map[string]string{}
	var wrong []error
	for _, name := range names {
		t, err := loadFile(folder, name)
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case from[t.ID] != "":
			wrong = append(wrong, TemplateError{name, "id", fmt.Sprintf("%q is the id of %s already; give each template its own", t.ID, from[t.ID])})
		default:
			all[t.ID], from[t.ID] = t, name
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return all, nil
}

func loadFile(folder fs.FS, name string) (*Template, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return nil, TemplateError{File: name, Problem: err.Error()}
	}
	if info.Size() > MaxTemplateBytes {
		return nil, TemplateError{File: name, Problem: fmt.Sprintf("%d bytes, at most %d are read", info.Size(), MaxTemplateBytes)}
	}
	raw, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, TemplateError{File: name, Problem: err.Error()}
	}
	return load(path.Base(name), raw)
}
