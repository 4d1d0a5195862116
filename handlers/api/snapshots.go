package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/reach"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/handlers/yearend"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Snapshots seals a unit's year and finds what was sealed; a [snapshots.Sealer]
// is one.
type Snapshots interface {
	Seal(ctx context.Context, q snapshots.Request) (snapshots.Sealed, *snapshots.Snapshot, error)
	Find(ctx context.Context, id string) (snapshots.Sealed, *snapshots.Snapshot, error)
}

var _ Snapshots = (*snapshots.Sealer)(nil)

// bundleEnding is what the file of a snapshot ends with.
const bundleEnding = ".zip"

// SnapshotRequest asks to seal a unit's year. Position 0 is where the projection
// stands; the templates are those that [yearend.Defaults] names.
type SnapshotRequest struct {
	Unit     events.UnitID `json:"unit"`
	Year     fiscal.Year   `json:"year"`
	Position uint64        `json:"position"`
}

// SnapshotAnswer is a sealed snapshot with the forms in it. Bundle is the path of
// its file.
type SnapshotAnswer struct {
	snapshots.Sealed
	Bundle string         `json:"bundle"`
	Bytes  int            `json:"bytes"`
	Forms  []SnapshotForm `json:"forms"`
}

// SnapshotForm names a form of a snapshot and what it comes to.
type SnapshotForm struct {
	ID    string  `json:"id"`
	Kind  string  `json:"kind"`
	Name  string  `json:"name"`
	Rate  *string `json:"rate"`
	Score *string `json:"score"`
}

func snapshotAnswer(sealed snapshots.Sealed, s *snapshots.Snapshot) SnapshotAnswer {
	answer := SnapshotAnswer{
		Sealed: sealed, Bundle: "/v1/snapshots/" + sealed.ID + bundleEnding,
		Bytes: len(s.Bundle), Forms: make([]SnapshotForm, len(s.Forms)),
	}
	for i, form := range s.Forms {
		answer.Forms[i] = snapshotForm(form)
	}
	return answer
}

func snapshotForm(f forms.Form) SnapshotForm {
	answer := SnapshotForm{ID: f.ID, Kind: f.Kind, Name: f.Department, Score: f.Total.Score}
	if f.Project != nil {
		answer.Name = *f.Project
	}
	if f.Execution != nil {
		answer.Rate = f.Execution.Rate
	}
	return answer
}

// postSnapshot seals a unit's year. To seal the same position again answers with
// the same snapshot.
func (a *API) postSnapshot(w http.ResponseWriter, r *http.Request) {
	asked, err := a.snapshotRequest(w, r)
	if err == nil {
		err = a.maySeal(r, asked)
	}
	if err == nil {
		err = a.wait(r.Context(), asked.Position)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	sealed, snapshot, err := a.config.Snapshots.Seal(r.Context(), snapshots.Request{
		Unit: asked.Unit, Year: asked.Year, Position: asked.Position, Set: yearend.Defaults(), By: auth.Principal(r.Context()),
	})
	if errors.Is(err, projections.ErrNotFound) {
		err = events.Refuse(events.CodeUnknownUnit, events.ReasonUnknownUnit, "/unit", "unit", string(asked.Unit))
	}
	if err != nil {
		a.fail(w, r, snapshotError(err))
		return
	}
	w.Header().Set("Location", "/v1/snapshots/"+sealed.ID)
	writeJSON(w, http.StatusCreated, mediaJSON, snapshotAnswer(sealed, snapshot))
}

// snapshotRequest reads a request as strictly as an event is read.
func (a *API) snapshotRequest(w http.ResponseWriter, r *http.Request) (asked SnapshotRequest, err error) {
	if err := a.canSeal(r); err != nil {
		return asked, err
	}
	if err := readJSON(w, r, &asked); err != nil {
		return asked, err
	}
	switch {
	case !isCode(string(asked.Unit)):
		err = errors.New(`"unit" is the code of a unit`)
	default:
		err = asked.Year.Validate()
	}
	if err != nil {
		return asked, events.Refuse(CodeRequestInvalid, ReasonRequestInvalid, "", "problem", err.Error())
	}
	return asked, nil
}

// maySeal refuses to seal for who has none of the roles for the unit.
func (a *API) maySeal(r *http.Request, asked SnapshotRequest) error {
	if a.reach(r).Has(asked.Unit, events.Auditor, events.Approver, events.Admin) {
		return nil
	}
	return reach.Outside("unit", string(asked.Unit))
}

// canSeal checks the query and that there is a key to sign with.
func (a *API) canSeal(r *http.Request) error {
	if a.config.Snapshots == nil {
		return events.Refuse(CodeSigningKeyMissing, ReasonSigningKeyMissing, "")
	}
	return queryOf(r).end()
}

// getSnapshot answers with a snapshot's description or, where its name ends with
// .zip, with its bundle.
func (a *API) getSnapshot(w http.ResponseWriter, r *http.Request) {
	err := a.canSeal(r)
	if err == nil {
		err = a.wait(r.Context(), 0)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	id, whole := strings.CutSuffix(r.PathValue("file"), bundleEnding)
	sealed, snapshot, err := a.config.Snapshots.Find(r.Context(), id)
	if err == nil {
		err = a.places().Unit(r.Context(), a.reach(r), sealed.Unit)
	}
	switch {
	case err != nil:
		a.fail(w, r, notFound(r, snapshotError(err)))
	case whole:
		sendFile(w, "application/zip", sealed.ID+bundleEnding, snapshot.Bundle)
	default:
		writeJSON(w, http.StatusOK, mediaJSON, snapshotAnswer(sealed, snapshot))
	}
}

// snapshotError turns what keeps a snapshot from being made into a problem.
func snapshotError(err error) error {
	switch {
	case errors.Is(err, snapshots.ErrTooLarge):
		return events.Refuse(CodeTooLarge, ReasonSnapshotTooLarge, "")
	case errors.Is(err, snapshots.ErrChanged), errors.Is(err, snapshots.ErrNoTemplate):
		return events.Refuse(CodeSnapshotChanged, ReasonSnapshotChanged, "", "problem", err.Error())
	}
	return err
}
