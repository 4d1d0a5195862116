package web

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/formimport"
	"github.com/outturn/outturn/handlers/language"
)

// AuditPage is the page that takes a file of forms and shows what an audit
// finds in it. Nothing of it is kept.
type AuditPage struct {
	Shell
	Limit    string
	CanBooks bool // the events can be asked
	Books    bool // and were
	Refused  string
	answer   int
	File     string
	Read     []Fact
	Unread   []UnreadView
	Unlisted int
	Cleaned  []CleanedView
	Strip    []Severity
	Compared *Comparison // all forms together; nil if none was compared
	Groups   []FindingGroup
	Omitted  int         // findings that are in the files only
	Checked  []CheckView // what was found right or, before a file came, all rules
	Right    int
	Files    []DataFile
	Done     bool
}

func (*AuditPage) template() string { return "audit" }

func (p *AuditPage) status() int { return p.answer }

// RightText is the number of places found right.
func (p *AuditPage) RightText() string { return language.Group(strconv.Itoa(p.Right)) }

// Severity is a severity in words with the number of its findings; its shape
// and colour hang on ID.
type Severity struct {
	ID, Label string
	Count     int
}

// UnreadView is something in the file that no form took up.
type UnreadView struct{ Place, Text, Why string }

// CleanedView is a cell that reading changed.
type CleanedView struct{ Form, Place, Raw, Text string }

// FindingGroup is what was found in one form.
type FindingGroup struct {
	ID, Name, Form string
	Counts         []Severity
	Findings       []FindingView
	Comparison     *Comparison
}

// FindingView is a finding in words.
type FindingView struct {
	Severity
	Rule, Title, Href string
	Place, Where      string
	Message           string
	Printed, Derived  string
	Blank             bool // nothing stands there
}

// CheckView is what a rule found right.
type CheckView struct {
	Rule, Title, Href string
	Places            int
}

// DataFile is a file that the page holds in itself.
type DataFile struct {
	Label, Name string
	Address     template.URL
}

// Limits of what a page of findings shows; the files have everything.
const (
	maxShownFindings = 1_000
	maxShownUnread   = 200
	maxDataFile      = 1 << 20 // bytes; a larger one is not put into the page
	maxNote          = 1 << 10 // bytes of the other fields of the form
)

// The fields of the form.
const (
	fieldFile  = "file"
	fieldBooks = "books"
)

func (s *server) auditForm(v *visit) (page, error) {
	if err := v.filters.end(); err != nil {
		return nil, err
	}
	if err := s.standAt(v); err != nil {
		return nil, err
	}
	p := s.auditPage(v)
	for _, rule := range audit.Rules() {
		p.Checked = append(p.Checked, CheckView{Rule: rule.Name, Title: rule.Title(v.Tag()), Href: ruleHref(rule.Name)})
	}
	return p, nil
}

func (s *server) auditPage(v *visit) *AuditPage {
	return &AuditPage{
		Shell: Shell{Heading: v.Text("audit.title"), Section: sectionAudit}, answer: http.StatusOK,
		Limit: strconv.Itoa(formimport.MaxFileBytes >> 20), CanBooks: s.Forms != nil, Books: s.Forms != nil,
	}
}

// audit reads the file that was sent and audits it.
func (s *server) audit(v *visit) (page, error) {
	if err := s.standAt(v); err != nil {
		return nil, err
	}
	p := s.auditPage(v)
	sent, err := readSent(v.Request)
	if err != nil {
		return p.refuse(v, err), nil
	}
	p.File, p.Books = sent.name, sent.books && s.Forms != nil
	declared, read, err := formimport.Any(sent.name, sent.content)
	if err != nil {
		return p.refuse(v, err), nil
	}
	p.read(v, declared, read)
	books := books{}
	options := audit.Options{Language: v.Tag()}
	if p.Books {
		if books, err = s.books(v, declared); err != nil {
			return nil, err
		}
		options.Events = books
	}
	p.Done = true
	return p, p.found(v, declared, audit.Run(declared, options), books)
}

// sent is what the form brings.
type sent struct {
	name    string
	content []byte
	books   bool
}

// Reasons of the page's own.
const (
	codeFile   events.Code   = "file_kind"
	noFile     events.Reason = "no_file"
	unreadSent events.Reason = "upload_broken" // problem
)

// readSent reads the form into memory; nothing touches the disk. A file that is
// too large is read past, so that the browser stays to hear it.
func readSent(r *http.Request) (sent, error) {
	var s sent
	parts, err := r.MultipartReader()
	if err != nil {
		return s, events.Refuse(codeFile, noFile, "")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s, brokenOff(err)
		}
		switch part.FormName() {
		case fieldFile:
			s.name = part.FileName()
			if s.content, err = readPart(part); err != nil {
				return s, err
			}
		case fieldBooks:
			value, err := io.ReadAll(io.LimitReader(part, maxNote))
			if err != nil {
				return s, brokenOff(err)
			}
			s.books = string(value) != ""
		}
	}
	if len(s.content) == 0 {
		return s, events.Refuse(codeFile, noFile, "")
	}
	return s, nil
}

func readPart(part io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(part, formimport.MaxFileBytes+1))
	if err != nil {
		return nil, brokenOff(err)
	}
	rest, err := io.Copy(io.Discard, part)
	if err != nil {
		return nil, brokenOff(err)
	}
	if size := int64(len(content)) + rest; size > formimport.MaxFileBytes {
		return nil, tooLarge(strconv.FormatInt(size, 10))
	}
	return content, nil
}

// brokenOff is why what was sent could not be read to its end.
func brokenOff(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge("> " + strconv.FormatInt(large.Limit, 10))
	}
	return events.Refuse(codeFile, unreadSent, "", "problem", err.Error())
}

func tooLarge(size string) error {
	return events.Refuse(formimport.CodeTooLarge, formimport.ReasonFileSize, "", "size", size, "limit", strconv.Itoa(formimport.MaxFileBytes))
}

// refuse says beside the field why a file was not taken.
func (p *AuditPage) refuse(v *visit, err error) *AuditPage {
	p.Failed, p.answer = true, http.StatusUnprocessableEntity
	refusal := events.AsRefusal(err)
	if refusal == nil {
		refusal = events.Refuse(formimport.CodeNotAForm, "declared_invalid", "", "problem", err.Error())
	}
	if refusal.Code == formimport.CodeTooLarge {
		p.answer = http.StatusRequestEntityTooLarge
	}
	p.Refused = v.Refusal(refusal)
	return p
}

// read says what was read and what was not.
func (p *AuditPage) read(v *visit, declared audit.Declared, report formimport.Report) {
	kind := string(report.Kind)
	if kind == "" {
		kind = "json"
	}
	p.Read = []Fact{
		{Name: v.Text("audit.file"), Value: p.File},
		{Name: v.Text("audit.kind"), Value: v.Text("kindof." + kind)},
		{Name: v.Text("audit.forms"), Value: strconv.Itoa(len(declared.Forms))},
		{Name: v.Text("audit.unread"), Value: strconv.Itoa(len(report.Unread) + report.Omitted)},
		{Name: v.Text("audit.cleaned"), Value: strconv.Itoa(len(report.Raw))},
	}
	p.Unlisted = report.Omitted
	for i, unread := range report.Unread {
		if i == maxShownUnread {
			p.Unlisted += len(report.Unread) - i
			break
		}
		p.Unread = append(p.Unread, UnreadView{v.filePlace(unread.Place), unread.Text, v.Text("unread." + string(unread.Why))})
	}
	named := formsByID(declared)
	for i, raw := range report.Raw {
		if i == maxShownUnread {
			break
		}
		p.Cleaned = append(p.Cleaned, CleanedView{v.declaredName(named[raw.Form]), v.placeName(named[raw.Form], raw.Where), raw.Raw, raw.Text})
	}
}

func formsByID(declared audit.Declared) map[string]audit.Form {
	named := make(map[string]audit.Form, len(declared.Forms))
	for _, form := range declared.Forms {
		named[form.ID] = form
	}
	return named
}

// filePlace says where something stands in a file.
func (v *visit) filePlace(place formimport.Place) string {
	switch {
	case place.Sheet != "":
		return place.String()
	case place.Table == 0:
		return v.Text("fileplace.text")
	case place.Row == 0:
		return v.Text("fileplace.table", "table", place.Table)
	case place.Column == 0:
		return v.Text("fileplace.row", "table", place.Table, "row", place.Row)
	}
	return v.Text("fileplace.cell", "table", place.Table, "row", place.Row, "column", place.Column)
}

// declaredName is what a declared form is about in words.
func (v *visit) declaredName(form audit.Form) string {
	for _, name := range []string{form.Project.Printed, form.Department.Printed, form.ID} {
		if name = strings.TrimSpace(name); name != "" {
			return name
		}
	}
	return v.Text("audit.narrative")
}

// found puts the report on the page, grouped by form in the document's order.
func (p *AuditPage) found(v *visit, declared audit.Declared, report audit.Report, books books) error {
	p.Strip = v.severities(report.Findings)
	titles := make(map[string]string)
	for _, rule := range audit.Rules() {
		titles[rule.Name] = rule.Title(v.Tag())
	}
	for _, check := range report.Checked {
		p.Right += check.Places
		p.Checked = append(p.Checked, CheckView{check.Rule, titles[check.Rule], ruleHref(check.Rule), check.Places})
	}
	byForm := make(map[string][]audit.Finding)
	for _, finding := range report.Findings {
		byForm[finding.Form] = append(byForm[finding.Form], finding)
	}
	shown := 0
	for i, form := range append(declared.Forms, audit.Form{}) {
		findings := byForm[form.ID]
		group := FindingGroup{ID: fmt.Sprintf("form-%d", i), Form: form.ID, Name: v.declaredName(form), Counts: v.severities(findings), Comparison: books.compare(v, form, report.Findings)}
		for _, finding := range findings {
			if shown++; shown > maxShownFindings {
				p.Omitted++
				continue
			}
			group.Findings = append(group.Findings, v.finding(form, finding, titles[finding.Rule]))
		}
		if one := group.Comparison; one != nil {
			p.Compared = cmp.Or(p.Compared, &Comparison{})
			p.Compared.Equal, p.Compared.Named, p.Compared.Unnamed = p.Compared.Equal+one.Equal, p.Compared.Named+one.Named, p.Compared.Unnamed+one.Unnamed
		}
		if len(group.Findings) > 0 || group.Comparison != nil {
			p.Groups = append(p.Groups, group)
		}
		delete(byForm, form.ID) // two forms of one id share their findings
	}
	return p.files(report)
}

func ruleHref(rule string) string { return "/audit/rules#" + rule }

// severities counts findings, the gravest first.
func (v *visit) severities(findings []audit.Finding) []Severity {
	var all []Severity
	for _, id := range audit.Severities() {
		one := v.severity(id)
		for _, finding := range findings {
			if finding.Severity == id {
				one.Count++
			}
		}
		all = append(all, one)
	}
	return all
}

func (v *visit) severity(id audit.Severity) Severity {
	return Severity{ID: string(id), Label: v.Text("severity." + string(id))}
}

func (v *visit) finding(form audit.Form, f audit.Finding, title string) FindingView {
	return FindingView{
		Severity: v.severity(f.Severity), Rule: f.Rule, Title: title, Href: ruleHref(f.Rule), Place: v.placeName(form, f.Where), Where: f.Where,
		Message: f.Message, Printed: strings.TrimSpace(f.Printed), Derived: f.Derived, Blank: strings.TrimSpace(f.Printed) == "",
	}
}

// files puts the findings into the page as files, so that nothing has to be
// kept for a download.
func (p *AuditPage) files(report audit.Report) error {
	body, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("write the findings as JSON: %w", err)
	}
	var table bytes.Buffer
	table.WriteString("\uFEFF") // Excel takes it for UTF-8
	w := csv.NewWriter(&table)
	records := [][]string{{"form", "severity", "rule", "where", "printed", "derived", "message"}}
	for _, f := range report.Findings {
		records = append(records, []string{f.Form, string(f.Severity), f.Rule, f.Where, f.Printed, f.Derived, f.Message})
	}
	for _, record := range records {
		for i, field := range record {
			record[i] = unformula(field)
		}
	}
	if err := w.WriteAll(records); err != nil {
		return fmt.Errorf("write the findings as CSV: %w", err)
	}
	for _, file := range []struct {
		label, name, mediaType string
		body                   []byte
	}{{"CSV", "findings.csv", "text/csv", table.Bytes()}, {"JSON", "findings.json", "application/json", body}} {
		if len(file.body) <= maxDataFile {
			address := "data:" + file.mediaType + ";charset=utf-8;base64," + base64.StdEncoding.EncodeToString(file.body)
			// base64 of our own bytes: nothing in it can leave the address
			p.Files = append(p.Files, DataFile{file.label, file.name, template.URL(address)})
		}
	}
	return nil
}

// unformula keeps a spreadsheet from taking a text for a formula.
func unformula(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// RulesPage explains every rule of the audit.
type RulesPage struct {
	Shell
	Rules []RuleView
}

func (*RulesPage) template() string { return "rules" }

// RuleView is a rule in words.
type RuleView struct {
	Name, Title, Why, Example, Source string
	Severities                        []Severity
}

func (s *server) rules(v *visit) (page, error) {
	if err := v.filters.end(); err != nil {
		return nil, err
	}
	p := &RulesPage{Shell: Shell{Heading: v.Text("rules.title"), Section: sectionAudit}}
	for _, rule := range audit.Rules() {
		tag := v.Tag()
		view := RuleView{Name: rule.Name, Title: rule.Title(tag), Why: rule.Explanation(tag), Example: rule.Example(tag), Source: rule.Source(tag)}
		for _, id := range rule.Severities {
			view.Severities = append(view.Severities, v.severity(id))
		}
		p.Rules = append(p.Rules, view)
	}
	return p, nil
}
