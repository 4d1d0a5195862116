package api

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
)

// Imports takes files of money events; an [intake.Desk] does.
type Imports interface {
	Start(ctx context.Context, u intake.Upload) (intake.Progress, error)
	Record(ctx context.Context, id string, by access.Principal) (intake.Progress, error)
	Find(id string, by access.Principal) (intake.Progress, bool)
	Recent(by access.Principal) []intake.Progress
	Report(id string, by access.Principal) (intake.Report, bool)
}

var _ Imports = (*intake.Desk)(nil)

// The media types of files that are imported.
const (
	mediaCSV  = "text/csv"
	mediaXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// ImportAnswer is how an import is doing.
type ImportAnswer struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	By         string       `json:"by"`
	Began      time.Time    `json:"began"`
	DryRun     bool         `json:"dry_run"`
	Stage      intake.Stage `json:"stage"`
	Rows       int          `json:"rows"`
	Handled    int          `json:"handled"`
	Accepted   int          `json:"accepted"`
	Duplicates int          `json:"duplicates"`
	Rejected   int          `json:"rejected"`
	Proposed   int          `json:"proposed"`
	Sum        money.Amount `json:"sum"`
	// Problem is why a failed import failed, or null.
	Problem *FaultAnswer `json:"problem"`
}

// FaultAnswer is what is wrong with a file, or with a cell of it.
type FaultAnswer struct {
	// Row is the row of a note; 0 if it is not about one.
	Row int `json:"row,omitempty"`
	// Column is the header of the cell at fault, Value what stands in it.
	Column string            `json:"column,omitempty"`
	Value  string            `json:"value,omitempty"`
	Code   events.Code       `json:"code"`
	Reason events.Reason     `json:"reason"`
	Detail string            `json:"detail"`
	Params map[string]string `json:"params,omitempty"`
}

// ImportsAnswer lists imports, newest first.
type ImportsAnswer struct {
	Imports []ImportAnswer `json:"imports"`
}

// ImportReportAnswer is what an import came to, row by row.
type ImportReportAnswer struct {
	ImportAnswer
	Headers []string `json:"headers"`
	// Ignored are the headers of columns that were not read.
	Ignored []string `json:"ignored"`
	// Notes are what was found beside the rows, such as a total that does not add up.
	Notes   []FaultAnswer     `json:"notes"`
	Results []ImportRowAnswer `json:"results"`
}

// ImportRowAnswer is what became of a row. Row counts the file's rows from 1, as a
// spreadsheet does.
type ImportRowAnswer struct {
	Row      int             `json:"row"`
	Cells    []string        `json:"cells"`
	Status   commands.Status `json:"status"`
	Sequence uint64          `json:"sequence,omitempty"`
	Amount   money.Amount    `json:"amount"`
	Problems []FaultAnswer   `json:"problems"`
}

func (a *API) importAnswer(r *http.Request, p intake.Progress) ImportAnswer {
	answer := ImportAnswer{
		ID: p.ID, Name: p.Name, By: p.By, Began: p.Began, DryRun: p.DryRun, Stage: p.Stage, Rows: p.Rows, Handled: p.Handled,
		Accepted: p.Accepted, Duplicates: p.Duplicates, Rejected: p.Rejected, Proposed: p.Proposed, Sum: p.Sum,
	}
	if p.Problem != nil {
		fault := a.faultAnswer(r, intake.Problem{Refusal: p.Problem})
		answer.Problem = &fault
	}
	return answer
}

func (a *API) faultAnswer(r *http.Request, p intake.Problem) FaultAnswer {
	return FaultAnswer{
		Column: p.Column, Value: p.Value, Code: p.Refusal.Code, Reason: p.Refusal.Reason,
		Detail: a.config.Texts(r).Refusal(p.Refusal), Params: p.Refusal.Params,
	}
}

// postImport takes a file and goes on in the background.
func (a *API) postImport(w http.ResponseWriter, r *http.Request) {
	upload, err := uploadOf(r)
	if err == nil {
		upload.Within = a.reach(r).Within()
		upload.Body, err = readBody(w, r)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	// The import outlives the request that brought the file.
	progress, err := a.config.Imports.Start(context.WithoutCancel(r.Context()), upload)
	a.answerBegun(w, r, progress, err)
}

func uploadOf(r *http.Request) (intake.Upload, error) {
	q := queryOf(r)
	upload := intake.Upload{By: auth.Principal(r.Context()), Name: q.get("filename")}
	upload.Unit = oneOf(q, "unit", []intake.Denomination{intake.Yuan, intake.WanYuan})
	upload.DryRun = q.flag("dry_run")
	if q.flag("atomic") {
		upload.Mode = commands.AllOrNothing
	}
	if upload.Unit == "" {
		upload.Unit = intake.Yuan
	}
	ending, err := endingOf(r)
	if err != nil {
		return upload, err
	}
	if upload.Name == "" {
		_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Disposition")) // without one there is no name
		upload.Name = params["filename"]
	}
	if upload.Name == "" {
		upload.Name = "import" + ending
	}
	if !strings.EqualFold(path.Ext(upload.Name), ending) {
		q.bad("filename", "a name that ends with "+ending+", as the Content-Type says")
	}
	return upload, q.end()
}

// endingOf is how a file of the request's media type ends.
func endingOf(r *http.Request) (string, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == mediaCSV:
		return "." + intake.CSV, nil
	case err == nil && media == mediaXLSX:
		return "." + intake.XLSX, nil
	}
	return "", events.Refuse(CodeUnsupportedMediaType, ReasonMediaType, "", "type", r.Header.Get("Content-Type"), "allowed", mediaCSV+", "+mediaXLSX)
}

// answerBegun answers with an import that has begun, and where to ask for it.
func (a *API) answerBegun(w http.ResponseWriter, r *http.Request, progress intake.Progress, err error) {
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/v1/imports/"+progress.ID)
	writeJSON(w, http.StatusAccepted, mediaJSON, a.importAnswer(r, progress))
}

func (a *API) getImports(w http.ResponseWriter, r *http.Request) {
	if err := queryOf(r).end(); err != nil {
		a.fail(w, r, err)
		return
	}
	answer := ImportsAnswer{Imports: []ImportAnswer{}}
	for _, progress := range a.config.Imports.Recent(auth.Principal(r.Context())) {
		answer.Imports = append(answer.Imports, a.importAnswer(r, progress))
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

func (a *API) getImport(w http.ResponseWriter, r *http.Request) {
	err := queryOf(r).end()
	progress, found := a.config.Imports.Find(r.PathValue("import"), auth.Principal(r.Context()))
	if err == nil && !found {
		err = notFound(r, projections.ErrNotFound)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, a.importAnswer(r, progress))
}

// postImportRecord records a file that was tried.
func (a *API) postImportRecord(w http.ResponseWriter, r *http.Request) {
	by := auth.Principal(r.Context())
	err := queryOf(r).end()
	if _, found := a.config.Imports.Find(r.PathValue("import"), by); err == nil && !found {
		err = notFound(r, projections.ErrNotFound)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	progress, err := a.config.Imports.Record(context.WithoutCancel(r.Context()), r.PathValue("import"), by)
	a.answerBegun(w, r, progress, err)
}

// importReport finds the report of an import, once it is done.
func (a *API) importReport(r *http.Request) (intake.Report, error) {
	if err := queryOf(r).end(); err != nil {
		return intake.Report{}, err
	}
	report, found := a.config.Imports.Report(r.PathValue("import"), auth.Principal(r.Context()))
	if !found {
		return report, notFound(r, projections.ErrNotFound)
	}
	return report, nil
}

func (a *API) getImportReport(w http.ResponseWriter, r *http.Request) {
	report, err := a.importReport(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer := ImportReportAnswer{
		ImportAnswer: a.importAnswer(r, report.Progress), Headers: append([]string{}, report.Headers...),
		Ignored: append([]string{}, report.Ignored...), Notes: make([]FaultAnswer, len(report.Notes)),
		Results: make([]ImportRowAnswer, len(report.Rows)),
	}
	for i, note := range report.Notes {
		answer.Notes[i] = a.faultAnswer(r, note.Problem)
		answer.Notes[i].Row = note.Row
	}
	for i, row := range report.Rows {
		faults := make([]FaultAnswer, len(row.Problems))
		for j, problem := range row.Problems {
			faults[j] = a.faultAnswer(r, problem)
		}
		answer.Results[i] = ImportRowAnswer{row.Number, append([]string{}, row.Cells...), row.Status, row.Sequence, row.Amount, faults}
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// getImportFile answers with the rows that were not recorded, as a file to mend
// and send again.
func (a *API) getImportFile(w http.ResponseWriter, r *http.Request) {
	report, err := a.importReport(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	format, media := formatOf(r)
	var file bytes.Buffer
	if err := report.Write(&file, format, language.Of(r)); err != nil {
		a.fail(w, r, err)
		return
	}
	sendFile(w, media, "report-"+report.ID+"."+format, file.Bytes())
}

// getImportTemplate answers with an empty file to fill in.
func (a *API) getImportTemplate(w http.ResponseWriter, r *http.Request) {
	if err := queryOf(r).end(); err != nil {
		a.fail(w, r, err)
		return
	}
	format, media := formatOf(r)
	var file bytes.Buffer
	if err := intake.Template(&file, format, language.Of(r)); err != nil {
		a.fail(w, r, err)
		return
	}
	sendFile(w, media, "template."+format, file.Bytes())
}

// formatOf is the format that a path ends with.
func formatOf(r *http.Request) (format, media string) {
	if path.Ext(r.URL.Path) == "."+intake.XLSX {
		return intake.XLSX, mediaXLSX
	}
	return intake.CSV, mediaCSV + "; charset=utf-8"
}
