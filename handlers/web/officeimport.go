package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/projections"
)

// Limits of the pages of imports.
const (
	shownRows   = 200      // rows with problems on the page; the file has all
	shownRemark = 50       // warnings and notes
	formAround  = 64 << 10 // bytes that a sent form has beside its file
	maxOption   = 100      // bytes of an option
)

// importers are the roles that record what files say.
func importers() []events.Role { return []events.Role{events.Poster} }

func (s *server) importRoutes(mux *http.ServeMux) {
	mux.Handle("GET "+importPath, s.page(s.importForm))
	mux.Handle("POST "+importPath, http.MaxBytesHandler(s.action(s.startImport), intake.MaxBytes+formAround))
	mux.Handle("GET "+importPath+"/template.csv", s.page(s.importTemplate))
	mux.Handle("GET "+importPath+"/template.xlsx", s.page(s.importTemplate))
	mux.Handle("GET "+importPath+"/{id}", s.page(s.importReport))
	mux.Handle("POST "+importPath+"/{id}", http.MaxBytesHandler(s.action(s.recordImport), maxOfficeForm))
	mux.Handle("GET "+importPath+"/{id}/rows.csv", s.page(s.importRows))
	mux.Handle("GET "+importPath+"/{id}/rows.xlsx", s.page(s.importRows))
	mux.HandleFunc("GET "+importPath+"/{id}/progress", s.importProgress)
}

// ImportPage takes a file, and lists the imports of late.
type ImportPage struct {
	Office
	Limit, Rows  string
	Units, Modes []Choice
	Wrong        string
	Recent       []ImportRow
	answer       int
}

func (*ImportPage) template() string { return "officeimport" }
func (p *ImportPage) status() int    { return p.answer }

// ImportRow is an import in a list.
type ImportRow struct {
	Name, Href, Began, Kind, Stage string
	Rows, Good, Bad                string
}

// The names of the form's fields, and what they may hold.
const (
	fieldUnit = "unit"
	fieldMode = "mode"
	modeEach  = "each"
	modeWhole = "whole"
)

func (s *server) importPage(v *visit, unit, mode string) (*ImportPage, error) {
	head, err := s.office(v, v.Text("office.import.title"))
	if err != nil {
		return nil, err
	}
	p := &ImportPage{Office: head, Limit: strconv.Itoa(intake.MaxBytes >> 20), Rows: v.number(intake.MaxRows), answer: http.StatusOK}
	p.Units = []Choice{
		{string(intake.Yuan), v.Text("money.yuan"), unit != string(intake.WanYuan)},
		{string(intake.WanYuan), v.Text("money.wan"), unit == string(intake.WanYuan)},
	}
	p.Modes = []Choice{
		{modeEach, v.Text("office.import.each"), mode != modeWhole},
		{modeWhole, v.Text("office.import.whole"), mode == modeWhole},
	}
	for _, one := range s.Imports.Recent(s.officer(v).by) {
		p.Recent = append(p.Recent, v.importRow(one))
	}
	return p, nil
}

func (v *visit) importRow(p intake.Progress) ImportRow {
	return ImportRow{
		Name: p.Name, Href: importHref(p.ID), Began: v.Time(p.Began), Kind: v.Text("office.import." + importKindOf(p)), Stage: v.Text("office.stage." + string(p.Stage)),
		Rows: v.number(p.Rows), Good: v.number(p.Accepted + p.Duplicates + p.Proposed), Bad: v.number(p.Rejected),
	}
}

func importKindOf(p intake.Progress) string {
	if p.DryRun {
		return "dry"
	}
	return "recording"
}

func importHref(id string) string { return importPath + "/" + id }

// number writes a count for people.
func (v *visit) number(n int) string { return v.sequence(uint64(n)) }

func (s *server) importForm(v *visit) (page, error) {
	if !s.officer(v).holds(importers()...) {
		return s.refuseRoles(v, importers()...), nil
	}
	p, err := s.importPage(v, "", "")
	if err != nil {
		return nil, err
	}
	return p, v.filters.end()
}

// startImport reads the file that was sent and begins its dry run.
func (s *server) startImport(v *visit) (string, page, error) {
	o := s.officer(v)
	if !o.holds(importers()...) {
		return "", s.refuseRoles(v, importers()...), nil
	}
	upload, err := readUpload(v.Request)
	mode := modeEach
	if upload.Mode == commands.AllOrNothing {
		mode = modeWhole
	}
	if err == nil {
		upload.By, upload.DryRun, upload.Within = o.by, true, o.within()
		var begun intake.Progress
		if begun, err = s.Imports.Start(v.Context(), upload); err == nil {
			return s.importAddress(begun.ID, mode), nil, nil
		}
	}
	refusal := events.AsRefusal(err)
	if refusal == nil {
		return "", nil, err
	}
	p, err := s.importPage(v, string(upload.Unit), mode)
	if err != nil {
		return "", nil, err
	}
	p.Failed, p.Wrong, p.answer = true, v.Refusal(refusal), http.StatusUnprocessableEntity
	return "", p, nil
}

// importAddress is where an import is told about; whether it stands or falls as
// a whole goes along.
func (s *server) importAddress(id, mode string) string {
	if mode != modeWhole {
		mode = ""
	}
	return address{}.with(fieldMode, mode).at(importHref(id))
}

// readUpload reads the form into memory; nothing touches the disk.
func readUpload(r *http.Request) (intake.Upload, error) {
	var u intake.Upload
	parts, err := r.MultipartReader()
	if err != nil {
		return u, events.Refuse(codeFile, noFile, "")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return u, brokenOff(err)
		}
		if part.FormName() == fieldFile {
			u.Name = part.FileName()
			if u.Body, err = io.ReadAll(part); err != nil {
				return u, brokenOff(err)
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, maxOption))
		if err != nil {
			return u, brokenOff(err)
		}
		switch part.FormName() {
		case fieldUnit:
			if string(value) == string(intake.WanYuan) {
				u.Unit = intake.WanYuan
			}
		case fieldMode:
			if string(value) == modeWhole {
				u.Mode = commands.AllOrNothing
			}
		}
	}
	if len(u.Body) == 0 {
		return u, events.Refuse(codeFile, noFile, "")
	}
	return u, nil
}

func (s *server) importTemplate(v *visit) (page, error) {
	format := strings.TrimPrefix(path.Ext(v.URL.Path), ".")
	var body bytes.Buffer
	if err := intake.Template(&body, format, v.Printer); err != nil {
		return nil, err
	}
	return download{v.Text("office.import.template_name") + "." + format, mediaTypeOf(format), body.Bytes()}, nil
}

func mediaTypeOf(format string) string {
	if format == intake.XLSX {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8"
}

// ReportPage is an import under way or what it came to.
type ReportPage struct {
	Office
	Name, Began, Kind string
	Whole             bool // it stands or falls as a whole
	Running           bool
	Progress          ProgressView
	ProgressHref      string
	Broken            string // why it did not come to its end
	Strip             []Severity
	Sum               string
	Rows              []BadRow
	Bad, Unlisted     int
	Waiting           []Link // proposals of rows
	Remarks           []Remark
	Ignored           string
	Files             []Link
	// Record is how many rows can be recorded; RecordHref where.
	Record     int
	RecordWord string
	RecordHref string
	Blocked    string // why nothing can be recorded
	Done       string // what was recorded, in words
}

func (*ReportPage) template() string { return "officereport" }

// ProgressView is how far an import is.
type ProgressView struct {
	Stage   string `json:"stage"`
	Words   string `json:"words"`
	Handled int    `json:"handled"`
	Rows    int    `json:"rows"`
	Done    bool   `json:"done"`
}

// BadRow is a row that cannot be recorded.
type BadRow struct {
	Number   string
	Problems []BadCell
}

// BadCell is what is wrong with a row, and how to mend it.
type BadCell struct{ Column, Value, Why, Fix string }

// Remark is what somebody should look at although it was taken.
type Remark struct{ Row, Says string }

func (v *visit) progressView(p intake.Progress) ProgressView {
	return ProgressView{
		Stage: v.Text("office.stage." + string(p.Stage)), Handled: p.Handled, Rows: max(p.Rows, 1), Done: isOver(p),
		Words: v.Text("office.import.progress", "handled", v.number(p.Handled), "rows", v.number(p.Rows)),
	}
}

func isOver(p intake.Progress) bool { return p.Stage == intake.Done || p.Stage == intake.Failed }

func (s *server) importReport(v *visit) (page, error) {
	p, err := s.reportPage(v)
	if err != nil {
		return nil, err
	}
	return p, v.filters.end()
}

func (s *server) reportPage(v *visit) (*ReportPage, error) {
	by, id := s.officer(v).by, v.PathValue("id")
	whole := oneOf(v.filters, fieldMode, modeEach, modeEach, modeWhole) == modeWhole
	progress, known := s.Imports.Find(id, by)
	if !known {
		return nil, projections.ErrNotFound
	}
	head, err := s.office(v, progress.Name)
	if err != nil {
		return nil, err
	}
	p := &ReportPage{
		Office: head, Name: progress.Name, Began: v.Time(progress.Began), Kind: v.Text("office.import." + importKindOf(progress)), Whole: whole,
		Progress: v.progressView(progress), ProgressHref: importHref(id) + "/progress",
	}
	report, over := s.Imports.Report(id, by)
	if !over {
		p.Running = true
		return p, nil
	}
	p.report(v, report)
	return p, nil
}

// report puts on the page what an import came to.
func (p *ReportPage) report(v *visit, r intake.Report) {
	if r.Problem != nil {
		p.Failed, p.Broken = true, v.Refusal(r.Problem)
	}
	withheld := 0
	for _, row := range r.Rows {
		if row.Status == commands.Withheld {
			withheld++
		}
		p.row(v, row)
	}
	p.Sum = v.Money(r.Sum, money.Yuan)
	word := "office.import.recorded"
	if r.DryRun {
		word = "office.import.holds"
	}
	p.Strip = []Severity{{ID: "right", Label: v.Text(word), Count: r.Accepted}, {ID: "error", Label: v.Text("office.import.bad"), Count: r.Rejected}}
	if r.Proposed > 0 {
		p.Strip = append(p.Strip, Severity{ID: "scoring", Label: v.Text("office.import.proposed"), Count: r.Proposed})
	}
	p.Strip = append(p.Strip, Severity{ID: "info", Label: v.Text("office.import.before"), Count: r.Duplicates})
	if withheld > 0 {
		p.Strip = append(p.Strip, Severity{ID: "info", Label: v.Text("office.import.withheld"), Count: withheld})
	}
	for _, note := range r.Notes {
		p.remark(v, note.Row, note.Problem)
	}
	p.Ignored = strings.Join(r.Ignored, v.Text("office.comma"))
	if r.Rejected+withheld > 0 {
		p.Files = []Link{{Label: "Excel", Href: importHref(r.ID) + "/rows.xlsx"}, {Label: "CSV", Href: importHref(r.ID) + "/rows.csv"}}
	}
	p.whatNext(v, r, withheld)
}

func (p *ReportPage) row(v *visit, row intake.Row) {
	for _, warning := range row.Warnings {
		p.remark(v, row.Number, warning)
	}
	if row.Proposal != "" && len(p.Waiting) < shownRemark {
		p.Waiting = append(p.Waiting, Link{Label: v.Text("office.import.row", "row", row.Number), Href: proposalHref(row.Proposal)})
	}
	if row.Status != commands.Rejected {
		return
	}
	if p.Bad++; p.Bad > shownRows {
		p.Unlisted++
		return
	}
	bad := BadRow{Number: v.number(row.Number)}
	for _, problem := range row.Problems {
		why, fix := intake.SplitAdvice(v.Refusal(problem.Refusal))
		if fix == why {
			fix = ""
		}
		bad.Problems = append(bad.Problems, BadCell{problem.Column, problem.Value, why, fix})
	}
	p.Rows = append(p.Rows, bad)
}

func (p *ReportPage) remark(v *visit, row int, problem intake.Problem) {
	if len(p.Remarks) == shownRemark {
		return
	}
	remark := Remark{Says: v.Refusal(problem.Refusal)}
	if row > 0 {
		remark.Row = v.Text("office.import.row", "row", row)
	}
	p.Remarks = append(p.Remarks, remark)
}

// whatNext offers to record what holds, or says what was recorded.
func (p *ReportPage) whatNext(v *visit, r intake.Report, withheld int) {
	holds := r.Accepted + r.Proposed
	switch {
	case !r.DryRun:
		p.Done = v.Text("office.import.done", "count", r.Accepted)
		if withheld > 0 {
			p.Done = v.Text("office.import.fell", "count", r.Rejected)
		}
	case r.Problem != nil:
	case holds == 0 && r.Rejected == 0:
		p.Blocked = v.Text("office.import.nothing_new")
	case holds == 0:
		p.Blocked = v.Text("office.import.nothing_holds")
	case p.Whole && r.Rejected > 0:
		p.Blocked = v.Text("office.import.blocked", "count", r.Rejected)
	default:
		p.Record, p.RecordHref = holds, v.URL.RequestURI()
		p.RecordWord = v.Text("office.import.record", "count", holds)
	}
}

// recordImport records a file whose dry run is done.
func (s *server) recordImport(v *visit) (string, page, error) {
	o := s.officer(v)
	if !o.holds(importers()...) {
		return "", s.refuseRoles(v, importers()...), nil
	}
	mode := oneOf(v.filters, fieldMode, modeEach, modeEach, modeWhole)
	begun, err := s.Imports.Record(v.Context(), v.PathValue("id"), o.by)
	if err == nil {
		return s.importAddress(begun.ID, mode), nil, nil
	}
	refusal := events.AsRefusal(err)
	if refusal == nil {
		return "", nil, err
	}
	p, err := s.reportPage(v)
	if err != nil {
		return "", nil, err
	}
	p.Failed, p.Broken = true, v.Refusal(refusal)
	return "", p, nil
}

// importRows is the file of the rows to mend.
func (s *server) importRows(v *visit) (page, error) {
	report, over := s.Imports.Report(v.PathValue("id"), s.officer(v).by)
	if !over {
		return nil, projections.ErrNotFound
	}
	format := strings.TrimPrefix(path.Ext(v.URL.Path), ".")
	var body bytes.Buffer
	if err := report.Write(&body, format, v.Printer); err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(report.Name, path.Ext(report.Name)) + v.Text("office.import.mend_name") + "." + format
	return download{name, mediaTypeOf(format), body.Bytes()}, nil
}

// importProgress tells the script how far an import is.
func (s *server) importProgress(w http.ResponseWriter, r *http.Request) {
	v := s.visitOf(r)
	progress, known := s.Imports.Find(r.PathValue("id"), s.officer(v).by)
	if !known {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v.progressView(progress)) // a client that is gone is no error of ours
}
