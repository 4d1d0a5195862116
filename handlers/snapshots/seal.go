package snapshots

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Reader is what snapshots are read from; a [projections.Store] is one.
type Reader interface {
	EventsUnder(ctx context.Context, unit events.UnitID, year fiscal.Year, at projections.AsOf) (sequence uint64, all []events.Event, err error)
	IssuedForms(ctx context.Context, unit events.UnitID, year fiscal.Year) ([]events.Event, error)
	Anchor(ctx context.Context, sequence uint64) (projections.Anchor, error)
}

// Recorder records that a snapshot was sealed; a [commands.Recorder] is one.
type Recorder interface {
	Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error)
}

var (
	_ Reader   = (*projections.Store)(nil)
	_ Recorder = (*commands.Recorder)(nil)
)

// Errors of sealing and finding. Not found is [projections.ErrNotFound].
var (
	// ErrChanged: what is derived at the position of a snapshot is not what was
	// sealed there. The file that was sealed still verifies; find out which
	// template or which version of the program it was made with.
	ErrChanged = errors.New("what is derived at the snapshot's position now is not what was sealed; the bundle of that day is not served from here")
	// ErrNoTemplate: the templates that a snapshot was sealed with are not here.
	ErrNoTemplate = errors.New("there is no such template here")
)

// Sealer seals snapshots and finds them again.
type Sealer struct {
	Reader   Reader
	Recorder Recorder
	// Key signs the bundles.
	Key ed25519.PrivateKey
	// Template finds a template by its id. Defaults to forms.Shipped.
	Template func(id string) (*forms.Template, bool)
}

// Request asks for a snapshot.
type Request struct {
	Unit events.UnitID
	Year fiscal.Year
	// Set are the templates; one of the two may be nil.
	Set forms.Set
	// Position is the sequence of the log that the snapshot stands at. 0 is where
	// the projection stands.
	Position uint64
	// By is who seals.
	By access.Principal
}

// Sealed is a snapshot that the log knows of.
type Sealed struct {
	ID        string        `json:"id"` // the first 16 digits of the digest
	Digest    events.Digest `json:"digest"`
	Unit      events.UnitID `json:"unit"`
	Year      fiscal.Year   `json:"year"`
	Position  uint64        `json:"position"`
	Templates Templates     `json:"templates"`
	// Sequence is that of the event form.issued that states the digest.
	Sequence uint64 `json:"sequence"`
}

// The event that a snapshot is recorded by. Its id is made of the digest, so
// that to seal the same position again records nothing.
const (
	issuedSource   = "outturn/snapshots"
	issuedIDPrefix = "snapshot-"
)

// Seal derives all forms of a unit and its projects at a position, writes the
// bundle and records its digest. Sealing the same position with the same
// templates again gives the same bundle and the same event. Errors:
// [projections.ErrNotFound] (no such unit by then), [projections.ErrBehind] (the
// projection has not reached the position), [ErrTooLarge], an [events.Refusal],
// and those of the reader and the recorder.
func (s *Sealer) Seal(ctx context.Context, q Request) (Sealed, *Snapshot, error) {
	snapshot, on, err := s.make(ctx, q)
	if err != nil {
		return Sealed{}, nil, fmt.Errorf("seal unit %s in %d: %w", q.Unit, q.Year, err)
	}
	event, err := issued(snapshot.Manifest, on)
	if err != nil {
		return Sealed{}, nil, err
	}
	sequence, err := s.record(ctx, q.By, event)
	if err != nil {
		return Sealed{}, nil, fmt.Errorf("record the snapshot of unit %s: %w", q.Unit, err)
	}
	return sealedOf(snapshot.Manifest, sequence), snapshot, nil
}

func sealedOf(m Manifest, sequence uint64) Sealed {
	return Sealed{
		ID: m.ID(), Digest: m.Digest, Unit: m.Unit, Year: m.Year, Position: m.Position, Templates: m.Templates, Sequence: sequence,
	}
}

// make makes the snapshot that a request asks for, and finds the day that the
// event at its position was recorded on.
func (s *Sealer) make(ctx context.Context, q Request) (*Snapshot, fiscal.Date, error) {
	position, all, err := s.Reader.EventsUnder(ctx, q.Unit, q.Year, projections.AsOf{Through: q.Position})
	switch {
	case err != nil:
		return nil, fiscal.Date{}, err
	case q.Position != 0 && position != q.Position:
		return nil, fiscal.Date{}, fmt.Errorf("position %d: %w; it stands at %d", q.Position, projections.ErrBehind, position)
	case len(all) == 0:
		return nil, fiscal.Date{}, projections.ErrNotFound
	}
	anchor, err := s.Reader.Anchor(ctx, position)
	if err != nil {
		return nil, fiscal.Date{}, err
	}
	record, err := FromEvents(q.Unit, q.Year, position, all)
	if err != nil {
		return nil, fiscal.Date{}, err
	}
	snapshot, err := build(ctx, record, anchor, q.Set, s.Key)
	return snapshot, anchor.Recorded, err
}

// issued makes the event. Its date is the day of the position: one that went
// with the clock would make a repeat another event.
func issued(m Manifest, on fiscal.Date) (events.Event, error) {
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": issuedIDPrefix + string(m.Digest), "source": issuedSource,
		"type": events.FormIssued{}.Type(), "subject": m.Unit,
		"data": events.FormIssued{
			Kind: events.OfUnit, Year: m.Year, Date: on, Template: templateText(m.Templates),
			Digest: m.Digest, Position: events.Position(m.Position),
		},
	})
	if err != nil {
		return events.Event{}, err
	}
	return events.Parse(raw)
}

// templateText states two templates in one text, the department's first.
func templateText(t Templates) events.Text { return events.Text(t.Department + "," + t.Project) }

func parseTemplates(text events.Text) Templates {
	department, project, _ := strings.Cut(string(text), ",")
	return Templates{department, project}
}

func (s *Sealer) record(ctx context.Context, by access.Principal, event events.Event) (sequence uint64, err error) {
	results, err := s.Recorder.Submit(ctx, commands.Submission{By: by, Items: []commands.Item{{Event: event}}})
	if err != nil {
		return 0, err
	}
	if results[0].Status == commands.Rejected {
		return 0, results[0].Refusal
	}
	return results[0].Sequence, nil
}

// List lists the snapshots of a unit, or of all if it is empty; of a year, or of
// all if it is 0; the oldest first.
func (s *Sealer) List(ctx context.Context, unit events.UnitID, year fiscal.Year) ([]Sealed, error) {
	all, err := s.Reader.IssuedForms(ctx, unit, year)
	if err != nil {
		return nil, err
	}
	list := []Sealed{}
	for _, event := range all {
		data, ok := event.Data.(events.FormIssued)
		if !ok || data.Kind != events.OfUnit || event.Source != issuedSource {
			continue
		}
		list = append(list, Sealed{
			ID: idOf(data.Digest), Digest: data.Digest, Unit: events.UnitID(event.Subject), Year: data.Year,
			Position: uint64(data.Position), Templates: parseTemplates(data.Template), Sequence: event.Sequence,
		})
	}
	return list, nil
}

// Find finds a snapshot by its id or its whole digest, and makes its bundle
// again. It never returns another bundle than the one that was sealed. Errors:
// [projections.ErrNotFound], [ErrNoTemplate], [ErrChanged], and those of the
// reader.
func (s *Sealer) Find(ctx context.Context, id string) (Sealed, *Snapshot, error) {
	all, err := s.List(ctx, "", 0)
	if err != nil {
		return Sealed{}, nil, err
	}
	for _, sealed := range all {
		if id == sealed.ID || id == string(sealed.Digest) {
			snapshot, err := s.again(ctx, sealed)
			if err != nil {
				return sealed, nil, fmt.Errorf("snapshot %s: %w", id, err)
			}
			return sealed, snapshot, nil
		}
	}
	return Sealed{}, nil, fmt.Errorf("snapshot %s: %w", id, projections.ErrNotFound)
}

// again makes the bundle of a sealed snapshot.
func (s *Sealer) again(ctx context.Context, sealed Sealed) (*Snapshot, error) {
	var set forms.Set
	for id, into := range map[string]**forms.Template{sealed.Templates.Department: &set.Department, sealed.Templates.Project: &set.Project} {
		t, err := s.template(id)
		if err != nil {
			return nil, err
		}
		*into = t
	}
	snapshot, _, err := s.make(ctx, Request{Unit: sealed.Unit, Year: sealed.Year, Set: set, Position: sealed.Position})
	if err != nil {
		return nil, err
	}
	if snapshot.Manifest.Digest != sealed.Digest {
		return nil, fmt.Errorf("%w (sealed as %s, derived as %s)", ErrChanged, sealed.Digest, snapshot.Manifest.Digest)
	}
	return snapshot, nil
}

// template finds a template; that of the empty id is none.
func (s *Sealer) template(id string) (*forms.Template, error) {
	if id == "" {
		return nil, nil
	}
	find := s.Template
	if find == nil {
		find = forms.Shipped
	}
	if t, ok := find(id); ok {
		return t, nil
	}
	return nil, fmt.Errorf("%w: %q", ErrNoTemplate, id)
}
