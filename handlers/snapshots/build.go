package snapshots

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Snapshot is a unit's year at a position of the log, with all that it rests on.
type Snapshot struct {
	Manifest Manifest
	// Forms are the unit's and those of its projects, by code, derived from the
	// record.
	Forms  []forms.Form
	Record *Record
	// Bundle is the file: a zip.
	Bundle []byte
}

// build derives the forms of a record and writes the bundle. The same record,
// templates and key give the same bytes, for ever. Errors: those of
// forms.DeriveAll and [ErrTooLarge].
func build(ctx context.Context, r *Record, at projections.Anchor, set forms.Set, key ed25519.PrivateKey) (*Snapshot, error) {
	s := &Snapshot{Record: r, Manifest: Manifest{
		Format: Format, Log: at.Log, Unit: r.unit, Year: r.year, Position: r.position,
		PositionHash: events.Digest(at.Hash.String()), Templates: idsOf(set),
	}}
	var err error
	if s.Forms, err = derive(ctx, r, set); err != nil {
		return nil, err
	}
	files, err := s.evidence(set)
	if err != nil {
		return nil, err
	}
	page, err := drawPage(s.Forms, set)
	if err != nil {
		return nil, err
	}
	files = append(files, file{pagePath, page})
	files = append(files, s.Manifest.list(files))
	manifest, err := indented(s.Manifest)
	if err != nil {
		return nil, err
	}
	files = append(files, file{manifestPath, manifest}, file{signaturePath, ed25519.Sign(key, manifest)},
		file{signerPath, signerFile(key.Public().(ed25519.PublicKey))})
	if err := fits(files); err != nil {
		return nil, err
	}
	s.Bundle = encode(files)
	return s, nil
}

func derive(ctx context.Context, r *Record, set forms.Set) ([]forms.Form, error) {
	return forms.DeriveAll(ctx, r, r.unit, r.year, set, projections.AsOf{Through: r.position})
}

// idsOf are the ids of the templates of a set.
func idsOf(set forms.Set) Templates {
	var ids Templates
	if set.Department != nil {
		ids.Department = set.Department.ID
	}
	if set.Project != nil {
		ids.Project = set.Project.ID
	}
	return ids
}

// evidence writes the files that the digest is made of.
func (s *Snapshot) evidence(set forms.Set) ([]file, error) {
	files := []file{{eventsPath, s.Record.eventLines()}}
	postings, err := s.Record.postingLines()
	if err != nil {
		return nil, err
	}
	files = append(files, file{postingsPath, postings})
	for _, t := range []*forms.Template{set.Department, set.Project} {
		if t == nil {
			continue
		}
		written, err := indented(t)
		if err != nil {
			return nil, err
		}
		files = append(files, file{templatePath(t.ID), written})
	}
	for _, form := range s.Forms {
		written, err := indented(form)
		if err != nil {
			return nil, err
		}
		files = append(files, file{formPath(form.Subject), written})
	}
	return files, nil
}

func templatePath(id string) string { return "templates/" + id + ".json" }

// formPath names the file of a form; a unit and a project may have one code.
func formPath(s forms.Subject) string { return fmt.Sprintf("forms/%s-%s.json", s.Kind, s.ID) }

// eventLines writes the events as they are stored, one a line.
func (r *Record) eventLines() []byte {
	var out bytes.Buffer
	for _, event := range r.events {
		out.Write(event.Raw())
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// postingLine is a posting as a bundle states it.
type postingLine struct {
	Sequence      uint64               `json:"sequence"`
	Ordinal       int                  `json:"ordinal"`
	Line          events.LineID        `json:"line"`
	Measure       string               `json:"measure"`
	AmountFen     int64                `json:"amount_fen"`
	Date          fiscal.Date          `json:"date"`
	EconomicClass events.EconomicClass `json:"economic_class"`
	RecordedAt    time.Time            `json:"recorded_at"`
}

func lineOf(p budget.Posting) postingLine {
	return postingLine{p.Sequence, p.Ordinal, p.Line, p.Measure.String(), int64(p.Amount), p.Date, p.EconomicClass, p.RecordedTime.UTC()}
}

// postingLines writes the postings on the lines of the record, one a line.
func (r *Record) postingLines() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	for _, p := range r.postings {
		if err := encoder.Encode(lineOf(p)); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// drawPage draws all forms on one page that prints, in Chinese: forms are
// handed in as their templates word them.
func drawPage(all []forms.Form, set forms.Set) ([]byte, error) {
	sheets := make([]exports.Sheet, 0, len(all))
	for _, form := range all {
		t := set.Project
		if form.Subject.Kind == events.OfUnit {
			t = set.Department
		}
		sheets = append(sheets, exports.Sheet{Title: form.ID, Grid: forms.Layout(form, t), Form: form})
	}
	var page bytes.Buffer
	err := exports.HTML(&page, sheets, language.In(language.Chinese))
	return page.Bytes(), err
}
