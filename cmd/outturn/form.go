package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/handlers/exports"
)

type formCommand struct {
	Year     int    `arg:"" help:"Fiscal year."`
	Code     string `arg:"" help:"Code of a project or of a unit."`
	Format   string `default:"" enum:",json,xlsx,docx,html,csv" help:"json, xlsx, docx, html or csv; by default what the output file ends with, else json. Several forms as csv are a zip."`
	Template string `placeholder:"ID" help:"Template; by default the central project form or the department form of Hunan."`
	Projects bool   `help:"For a unit: add the forms of all its projects."`
	lookback
	output
	remote
}

// Run derives a form on a server and writes it.
func (f formCommand) Run(ctx context.Context, c console) error {
	server, err := f.connect()
	if err != nil {
		return err
	}
	query := url.Values{"format": {f.format()}, "projects": {strconv.FormatBool(f.Projects)}, "template": {f.Template}}
	f.lookback.add(query)
	body, err := server.Get(ctx, fmt.Sprintf("/v1/forms/%d/%s?%s", f.Year, url.PathEscape(f.Code), query.Encode()))
	if err != nil {
		return asked(err)
	}
	return f.output.write(c, body)
}

// format is the one that is asked for or, without one, that which the name of the
// file says; empty is the server's own choice.
func (f formCommand) format() string {
	ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(f.output.File)), ".")
	if f.Format == "" && slices.Contains(exports.Formats(), exports.Format(ending)) {
		return ending
	}
	return f.Format
}
