package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
)

// datasetFormat is what a data set is written as.
type datasetFormat string

// The formats of data sets.
const (
	formatPackage  datasetFormat = "datapackage"
	formatMinistry datasetFormat = "ministry-csv"
	formatCSV      datasetFormat = "csv"
)

func datasetFormats() []datasetFormat {
	return []datasetFormat{formatPackage, formatMinistry, formatCSV}
}

// file names the file of a data set, and its media type.
func (f datasetFormat) file(name string) (fileName, mediaType string) {
	switch f {
	case formatPackage:
		return name + ".zip", "application/zip"
	case formatMinistry:
		return name + "-ministry.csv", "text/csv; charset=utf-8"
	}
	return name + ".csv", "text/csv; charset=utf-8"
}

// datasetRequest is what a call asks for. Profile is that of the place's own
// system, without which there are no names of the Ministry's.
type datasetRequest struct {
	year    fiscal.Year
	unit    events.UnitID
	format  datasetFormat
	license string
	profile *exports.Ministry
	at      projections.AsOf
}

func datasetRequestOf(r *http.Request) (datasetRequest, error) {
	q := queryOf(r)
	year, err := fiscal.ParseYear(r.PathValue("year"))
	if err != nil || !isCode(r.PathValue("unit")) {
		return datasetRequest{}, notFound(r, projections.ErrNotFound)
	}
	asked := datasetRequest{
		year: year, unit: events.UnitID(r.PathValue("unit")), format: oneOf(q, "format", datasetFormats()),
		license: q.get("license"), profile: q.profile(), at: q.asOf(),
	}
	if asked.format == "" {
		asked.format = formatPackage
	}
	switch {
	case asked.format == formatPackage && asked.license == "":
		q.require("license")
	case asked.format == formatMinistry && asked.profile == nil:
		q.require("profile")
	}
	return asked, q.end()
}

// profile reads the codes of the place's own system.
func (q *query) profile() *exports.Ministry {
	text := q.get("profile")
	if text == "" {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	profile := &exports.Ministry{}
	if err := decoder.Decode(profile); err != nil || decoder.More() {
		q.bad("profile", "a JSON object with division, agencies, projects and funds")
	}
	return profile
}

// getDataset answers with the execution of a unit's year by budget line, as open
// data. The same position gives the same bytes.
func (a *API) getDataset(w http.ResponseWriter, r *http.Request) {
	asked, err := datasetRequestOf(r)
	if err == nil {
		err = a.wait(r.Context(), asked.at.Through)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if err := a.places().Unit(r.Context(), a.reach(r), asked.unit); err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	set, err := a.dataset(r.Context(), asked, language.Of(r))
	if err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	var file bytes.Buffer
	if err := writeDataset(&file, asked, set, language.Of(r)); err != nil {
		a.fail(w, r, datasetError(err))
		return
	}
	name, mediaType := asked.format.file(set.Name)
	sendFile(w, mediaType, name, file.Bytes())
}

// dataset reads the lines. Its time is that of the event that it stands at.
func (a *API) dataset(ctx context.Context, asked datasetRequest, p language.Printer) (exports.Dataset, error) {
	lines, sequence, err := exports.ReadLines(ctx, a.config.Forms, asked.year, asked.unit, asked.at)
	if err != nil {
		return exports.Dataset{}, err
	}
	if len(lines) == 0 {
		return exports.Dataset{}, projections.ErrNotFound
	}
	last, err := a.config.Reader.Event(ctx, sequence)
	if err != nil {
		return exports.Dataset{}, err
	}
	unit := string(lines[0].DepartmentName)
	return exports.Dataset{
		Name: strings.ToLower(fmt.Sprintf("%s-%d", asked.unit, asked.year)), Year: asked.year,
		Title:   p.Text("dataset.title", "unit", unit, "year", int(asked.year)),
		Created: last.Event.RecordedTime, Sequence: sequence, Lines: lines, Ministry: asked.profile,
		Licenses: []exports.License{{Name: asked.license}}, Sources: []exports.Source{{Title: unit}},
	}, nil
}

func writeDataset(w *bytes.Buffer, asked datasetRequest, set exports.Dataset, p language.Printer) error {
	switch asked.format {
	case formatMinistry:
		return exports.MinistryCSV(w, set.Lines, *asked.profile, exports.UTF8)
	case formatCSV:
		return exports.ExecutionCSV(w, set.Lines, exports.UTF8, p)
	}
	return exports.DataPackage(w, set, p)
}

// datasetError turns what the profile lacks into a problem of that parameter.
func datasetError(err error) error {
	var lacks *exports.MinistryError
	if errors.As(err, &lacks) {
		return events.Refuse(CodeQueryInvalid, ReasonParameterInvalid, "", "parameter", "profile", "value", lacks.Field, "want", lacks.Error())
	}
	return err
}
