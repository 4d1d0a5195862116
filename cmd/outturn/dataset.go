package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
)

type datasetCommand struct {
	Year    int    `arg:"" help:"Fiscal year."`
	Unit    string `arg:"" help:"Code of the unit; the lines of all under it are in the set."`
	Format  string `default:"datapackage" enum:"datapackage,ministry-csv,csv" help:"datapackage (a zip), ministry-csv or csv."`
	License string `placeholder:"ID" help:"What others may do with a data package, such as CC-BY-4.0."`
	Profile string `placeholder:"FILE" type:"existingfile" help:"JSON file with the codes of your own system, for the Ministry of Finance's field names (docs/exports.md)."`
	lookback
	output
	remote
}

// Run reads the execution of a unit's year as open data.
func (d datasetCommand) Run(ctx context.Context, c console) error {
	server, err := d.connect()
	if err != nil {
		return err
	}
	query := url.Values{"format": {d.Format}, "license": {d.License}}
	d.lookback.add(query)
	if d.Profile != "" {
		profile, err := os.ReadFile(d.Profile)
		if err != nil {
			return misuse{err}
		}
		query.Set("profile", string(profile))
	}
	body, err := server.Get(ctx, fmt.Sprintf("/v1/datasets/%d/%s?%s", d.Year, url.PathEscape(d.Unit), query.Encode()))
	if err != nil {
		return asked(err)
	}
	return d.output.write(c, body)
}
