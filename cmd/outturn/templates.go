package main

import (
	"fmt"
	"os"

	"github.com/outturn/outturn/projections/forms"
)

// templates names a folder of templates beside those that come with the program.
type templates struct {
	Templates string `env:"OUTTURN_TEMPLATES" placeholder:"DIR" help:"Folder of more form templates, one .json file each; docs/templates.md shows how to write one."`
}

// open reads the folder; every fault of every file is in the error.
func (t templates) open() (forms.Catalogue, error) {
	if t.Templates == "" {
		return forms.Catalogue{}, nil
	}
	catalogue, err := forms.OpenCatalogue(os.DirFS(t.Templates))
	if err != nil {
		return forms.Catalogue{}, misuse{fmt.Errorf("templates in %s:\n%w", t.Templates, err)}
	}
	return catalogue, nil
}
