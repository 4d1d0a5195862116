package snapshots

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/projections/forms"
)

// Options says whom a verification trusts.
type Options struct {
	// TrustedKey is the key that a bundle must be signed with. Without one, the
	// report says which key signed, and whoever reads it has to know that key.
	TrustedKey ed25519.PublicKey
}

// Report is what a verification found.
type Report struct {
	ID string `json:"id,omitempty"`
	// Manifest is what the bundle says of itself. It means something only if the
	// bundle is whole.
	Manifest Manifest `json:"manifest"`
	// Signer is the fingerprint of the key that signed, and Trusted says that it is
	// the trusted one.
	Signer  string `json:"signer,omitempty"`
	Trusted bool   `json:"trusted"`
	// What was checked: events decoded and applied, lines with a whole statement,
	// postings, forms and cells derived again and compared.
	Events   int `json:"events"`
	Lines    int `json:"lines"`
	Postings int `json:"postings"`
	Forms    int `json:"forms"`
	Cells    int `json:"cells"`
	// Problems is empty if the bundle is whole. The first is the one to name: the
	// first cell, event or file that differs.
	Problems []Problem `json:"problems"`
}

// Whole says that nothing is wrong with the bundle.
func (r Report) Whole() bool { return len(r.Problems) == 0 }

// Verify checks a bundle by itself: it reads nothing else and trusts nothing but
// the key. What it holds is: the file is, to the bit, what was signed; the
// statement of every line is complete; and the postings, every cell of every form
// and the page follow from the events.
func Verify(r io.ReaderAt, size int64, o Options) Report {
	_, report := open(r, size, o)
	return report
}

// Open verifies a bundle and returns what is in it, or the first [Problem] as the
// error.
func Open(r io.ReaderAt, size int64, o Options) (*Snapshot, error) {
	snapshot, report := open(r, size, o)
	if !report.Whole() {
		return nil, &report.Problems[0]
	}
	return snapshot, nil
}

func open(r io.ReaderAt, size int64, o Options) (*Snapshot, Report) {
	v := &verification{report: Report{Problems: []Problem{}}, trusted: o.TrustedKey, files: map[string][]byte{}}
	if v.read(r, size) && v.manifest() {
		v.list()
		v.signature()
		v.content()
	}
	v.report.Problems = v.ordered()
	return &v.snapshot, v.report
}

// verification is a bundle under verification. Each step notes the first problem
// that it finds.
type verification struct {
	report   Report
	trusted  ed25519.PublicKey
	files    map[string][]byte
	snapshot Snapshot
	set      forms.Set

	shape, listed, signed, deep []Problem // by what they were found in
}

// ordered puts the problems in the order of what they say: first what is known of
// files that are not those listed, then what the content contradicts, then the
// signature and the zip.
func (v *verification) ordered() []Problem {
	for i, bad := range v.listed {
		for j, found := range v.deep {
			if found.File == bad.File {
				v.listed[i], v.deep = found, slices.Delete(v.deep, j, j+1)
				break
			}
		}
	}
	return append([]Problem{}, slices.Concat(v.listed, v.deep, v.signed, v.shape)...) // never nil: JSON has a list
}

// read reads the files of the zip, and compares the zip with the only one that
// may hold them. It says whether there is anything to go on with.
func (v *verification) read(r io.ReaderAt, size int64) bool {
	refuse := func(detail string) bool {
		v.shape = append(v.shape, Problem{Reason: NotABundle, Detail: detail})
		return false
	}
	if size > MaxBytes {
		return refuse(fmt.Sprintf("%d bytes, at most %d are read", size, MaxBytes))
	}
	raw, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return refuse(err.Error())
	}
	files, broken, err := decode(raw)
	if err != nil {
		return refuse(err.Error())
	}
	v.snapshot.Bundle = raw
	for _, f := range files {
		if _, twice := v.files[f.path]; twice {
			return refuse(f.path + " is there twice")
		}
		v.files[f.path] = f.data
	}
	v.shape = append(v.shape, broken...)
	if !bytes.Equal(encode(files), raw) {
		v.shape = append(v.shape, Problem{Reason: NotCanonical, Detail: "the zip holds something beside its files, or is packed in another way"})
	}
	return true
}

// manifest reads the manifest. It must be written as this program writes it.
func (v *verification) manifest() bool {
	raw, there := v.files[manifestPath]
	if !there {
		v.shape = append(v.shape, Problem{Reason: NotABundle, File: manifestPath, Detail: "it is not there"})
		return false
	}
	refuse := func(detail string) bool {
		v.listed = append(v.listed, Problem{Reason: ManifestInvalid, File: manifestPath, Detail: detail})
		return false
	}
	m := &v.snapshot.Manifest
	if err := json.Unmarshal(raw, m); err != nil {
		return refuse(err.Error())
	}
	if m.Format != Format {
		return refuse(fmt.Sprintf("the format is %q; this program reads %s", m.Format, Format))
	}
	written, err := indented(m)
	if err != nil || !bytes.Equal(written, raw) {
		return refuse("it is not written as the format says")
	}
	v.report.ID, v.report.Manifest = m.ID(), *m
	return true
}

// list compares the files with the manifest's list, and the digest with both.
func (v *verification) list() {
	note := func(reason Reason, path, detail string) {
		v.listed = append(v.listed, Problem{Reason: reason, File: path, Detail: detail})
	}
	known := map[string]bool{manifestPath: true, signaturePath: true, signerPath: true}
	var evidence []file
	for _, listed := range v.snapshot.Manifest.Files {
		data, there := v.files[listed.Path]
		known[listed.Path] = true
		if f := (file{listed.Path, data}); isEvidence(f) {
			evidence = append(evidence, f)
		}
		switch {
		case !there:
			note(FileMissing, listed.Path, "the manifest lists it")
		case len(data) != listed.Size || digestOf(data) != listed.SHA256:
			note(FileDiffers, listed.Path, fmt.Sprintf("the manifest lists %d bytes with the SHA-256 %s; it has %d with %s", listed.Size, listed.SHA256, len(data), digestOf(data)))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(v.files)) {
		if !known[path] {
			note(FileUnknown, path, "the manifest does not list it")
		}
	}
	if len(v.listed) > 0 {
		return
	}
	again := v.snapshot.Manifest
	written := again.list(filesOf(v.files))
	if !bytes.Equal(written.data, v.files[sumsPath]) || again.Digest != v.snapshot.Manifest.Digest || !slices.Equal(again.Files, v.snapshot.Manifest.Files) {
		note(FileDiffers, sumsPath, fmt.Sprintf("the sums of the files have the digest %s, the manifest states %s", again.Digest, v.snapshot.Manifest.Digest))
	}
}

// filesOf are the files that a manifest lists, but for the sums.
func filesOf(all map[string][]byte) []file {
	var files []file
	for path, data := range all {
		if !slices.Contains(first, path) {
			files = append(files, file{path, data})
		}
	}
	return files
}

// signature checks who signed the manifest.
func (v *verification) signature() {
	note := func(reason Reason, path, detail string) {
		v.signed = append(v.signed, Problem{Reason: reason, File: path, Detail: detail})
	}
	key, err := parsePublicKey(v.files[signerPath])
	if err != nil || !bytes.Equal(signerFile(key), v.files[signerPath]) {
		note(SignatureInvalid, signerPath, "it is not a public key as the format writes it")
		return
	}
	v.report.Signer = Fingerprint(key)
	if !ed25519.Verify(key, v.files[manifestPath], v.files[signaturePath]) {
		note(SignatureInvalid, signaturePath, "it is not this key's signature of the manifest")
		return
	}
	switch {
	case v.trusted == nil:
	case !v.trusted.Equal(key):
		note(SignerUntrusted, signerPath, fmt.Sprintf("signed with %s, trusted is %s", v.report.Signer, Fingerprint(v.trusted)))
	default:
		v.report.Trusted = true
	}
}

// content derives everything again, and notes the first thing that differs.
func (v *verification) content() {
	for _, step := range []func() *Problem{v.templates, v.readEvents, v.chains, v.readPostings, v.readForms, v.page} {
		if problem := step(); problem != nil {
			v.deep = append(v.deep, *problem)
			return
		}
	}
}

func (v *verification) templates() *Problem {
	ids := v.snapshot.Manifest.Templates
	for _, part := range []struct {
		id   string
		kind forms.Kind
		into **forms.Template
	}{{ids.Department, forms.DepartmentForm, &v.set.Department}, {ids.Project, forms.ProjectForm, &v.set.Project}} {
		if part.id == "" {
			continue
		}
		path := templatePath(part.id)
		t, err := forms.LoadTemplate(v.files[path])
		if err != nil {
			return &Problem{Reason: TemplateInvalid, File: path, Detail: err.Error()}
		}
		if t.ID != part.id || t.Kind != part.kind {
			return &Problem{Reason: TemplateInvalid, File: path, Detail: fmt.Sprintf("it is the template %s for a %s", t.ID, t.Kind)}
		}
		*part.into = t
	}
	if v.set == (forms.Set{}) {
		return &Problem{Reason: TemplateInvalid, File: manifestPath, Detail: "it names no template"}
	}
	return nil
}

// readEvents decodes the events and applies them to empty books.
func (v *verification) readEvents() *Problem {
	m := v.snapshot.Manifest
	var all []events.Event
	var last uint64
	seen := map[events.Key]bool{}
	number := 0
	for line := range bytes.Lines(v.files[eventsPath]) {
		number++
		problem := Problem{File: eventsPath, Line: number}
		event, err := decodeStored(line)
		if err != nil {
			problem.Reason, problem.Detail = EventInvalid, err.Error()
			return &problem
		}
		problem.Sequence = event.Sequence
		switch {
		case event.Sequence <= last:
			problem.Reason, problem.Detail = EventMisplaced, fmt.Sprintf("it follows event %d", last)
		case event.Sequence > m.Position:
			problem.Reason, problem.Detail = EventMisplaced, fmt.Sprintf("it lies beyond the position %d", m.Position)
		case seen[event.Key()]:
			problem.Reason, problem.Detail = EventMisplaced, fmt.Sprintf("an event with the id %q of %q came before", event.ID, event.Source)
		case event.Sequence == m.Position && event.Hash().String() != string(m.PositionHash):
			problem.Reason, problem.Detail = EventMisplaced, "its hash is not that of the position in the manifest"
		}
		if problem.Reason != "" {
			return &problem
		}
		last, seen[event.Key()], all = event.Sequence, true, append(all, event)
	}
	record, err := FromEvents(m.Unit, m.Year, m.Position, all)
	if err != nil {
		return &Problem{Reason: EventUnfit, File: eventsPath, Detail: err.Error()}
	}
	v.snapshot.Record, v.report.Events = record, len(all)
	return nil
}

// decodeStored reads a line of events. It must be the bytes that the log has, of
// an event that could be submitted: decoding alone does not look at the fields.
// Only data of an older version of its type, which cannot be submitted any more,
// is taken as it is.
func decodeStored(line []byte) (events.Event, error) {
	stored, ended := bytes.CutSuffix(line, []byte("\n"))
	canonical, err := events.Canonical(stored)
	if err != nil {
		return events.Event{}, err
	}
	if !ended || !bytes.Equal(canonical, stored) {
		return events.Event{}, errors.New("it is not written as the log stores it")
	}
	event, err := events.Decode(stored)
	if _, current := events.Lookup(event.Type); err != nil || !current {
		return event, err
	}
	submitted, err := event.Content()
	if err != nil {
		return event, err
	}
	_, err = events.Parse(submitted)
	return event, err
}

// chains follows the hashes from event to event. A line of the record has every
// event of its subject, so each must name the hash of the one before it, and the
// first none.
func (v *verification) chains() *Problem {
	type subject struct {
		kind events.Subject
		id   string
	}
	record, ends := v.snapshot.Record, map[subject]events.Hash{}
	for i, event := range record.events {
		of := subject{event.About(), event.Subject}
		end, follows := ends[of]
		_, complete := record.lines[events.LineID(event.Subject)]
		complete = complete && of.kind == events.OfLine
		if complete && event.PrevHash != end || follows && event.PrevHash == (events.Hash{}) {
			return &Problem{
				Reason: ChainBroken, File: eventsPath, Line: i + 1, Sequence: event.Sequence,
				Stated: event.PrevHash.String(), Derived: end.String(),
				Detail: fmt.Sprintf("it is not the next event of %s %s", of.kind, of.id),
			}
		}
		ends[of] = event.Hash()
	}
	v.report.Lines = len(record.lines)
	return nil
}

// readPostings compares the postings that are stated with those of the events.
func (v *verification) readPostings() *Problem {
	derived, err := v.snapshot.Record.postingLines()
	if err != nil {
		return &Problem{Reason: PostingDiffers, File: postingsPath, Detail: err.Error()}
	}
	v.report.Postings = len(v.snapshot.Record.postings)
	stated := v.files[postingsPath]
	if bytes.Equal(stated, derived) {
		return nil
	}
	here, there := strings.SplitAfter(string(stated), "\n"), strings.SplitAfter(string(derived), "\n")
	for i := range max(len(here), len(there)) {
		a, b := at(here, i), at(there, i)
		if a != b {
			p := Problem{Reason: PostingDiffers, File: postingsPath, Line: i + 1, Stated: strings.TrimSpace(a), Derived: strings.TrimSpace(b)}
			if i < len(v.snapshot.Record.postings) {
				p.Sequence = v.snapshot.Record.postings[i].Sequence
			}
			return &p
		}
	}
	return nil
}

// at is an element of a list, or nothing beyond its end.
func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// readForms derives the forms again and compares them cell by cell.
func (v *verification) readForms() *Problem {
	var err error
	if v.snapshot.Forms, err = derive(context.Background(), v.snapshot.Record, v.set); err != nil {
		return &Problem{Reason: EventUnfit, File: eventsPath, Detail: err.Error()}
	}
	known := map[string]bool{}
	for _, form := range v.snapshot.Forms {
		path := formPath(form.Subject)
		known[path] = true
		stated, there := v.files[path]
		if !there {
			return &Problem{Reason: FormMissing, File: path, Form: form.ID}
		}
		if problem := sameForm(stated, form); problem != nil {
			problem.File = path
			return problem
		}
		v.report.Forms, v.report.Cells = v.report.Forms+1, v.report.Cells+len(form.Cells)
	}
	for _, path := range slices.Sorted(maps.Keys(v.files)) {
		if strings.HasPrefix(path, "forms/") && !known[path] {
			return &Problem{Reason: FormUnknown, File: path}
		}
	}
	return nil
}

// page compares what the page says with what the forms say. How it looks may
// change from one version of the program to the next.
func (v *verification) page() *Problem {
	drawn, err := drawPage(v.snapshot.Forms, v.set)
	if err != nil {
		return &Problem{Reason: PageDiffers, File: pagePath, Detail: err.Error()}
	}
	if bytes.Equal(drawn, v.files[pagePath]) {
		return nil
	}
	stated, derived := wordsOf(v.files[pagePath]), wordsOf(drawn)
	for i := range max(len(stated), len(derived)) {
		if a, b := at(stated, i), at(derived, i); a != b {
			return &Problem{Reason: PageDiffers, File: pagePath, Stated: a, Derived: b}
		}
	}
	return nil
}
