package forms

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// Catalogue is the templates to choose from: those that come with the program
// and those of a folder. The zero Catalogue has only the first.
type Catalogue struct{ more map[string]*Template }

// OpenCatalogue adds the templates of a folder. Errors: those of
// [LoadTemplates], and a [TemplateError] if an id is that of a template that
// comes with the program.
func OpenCatalogue(folder fs.FS) (Catalogue, error) {
	more, err := LoadTemplates(folder)
	if err != nil {
		return Catalogue{}, err
	}
	for _, id := range slices.Sorted(maps.Keys(more)) {
		if _, taken := Shipped(id); taken {
			return Catalogue{}, TemplateError{Path: "id", Problem: fmt.Sprintf("%q is the id of a template that comes with the program; choose another", id)}
		}
	}
	return Catalogue{more}, nil
}

// Find finds a template by its id.
func (c Catalogue) Find(id string) (*Template, bool) {
	if t, ok := c.more[id]; ok {
		return t, true
	}
	return Shipped(id)
}

// List lists the templates by id.
func (c Catalogue) List() []*Template {
	all := Templates()
	for _, id := range slices.Sorted(maps.Keys(c.more)) {
		all = append(all, c.more[id])
	}
	slices.SortFunc(all, func(x, y *Template) int { return compare(x.ID, y.ID) })
	return all
}
