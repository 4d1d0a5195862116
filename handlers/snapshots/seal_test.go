package snapshots_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

var background = context.Background()

func TestALateEventChangesTheNextSnapshotAndNotTheSealedOne(t *testing.T) {
	t.Parallel()
	newDatabase(t).run(t, func(w *world) {
		w.department(t)
		first, before := w.seal(t, "D1", report(t))
		late := w.post(t, "disbursement.paid", "L1", object{"amount": "123.45", "date": "2023-12-31", "document": "迟1号", "purpose": "补记"})
		second, after := w.seal(t, "D1", report(t))

		if first.ID == second.ID || first.Position >= second.Position {
			t.Errorf("the snapshots are %+v and %+v", first, second)
		}
		mustBeWhole(t, before.Bundle)
		mustBeWhole(t, after.Bundle)
		found, again, err := w.sealer.Find(background, first.ID)
		if err != nil || found != first || !bytes.Equal(again.Bundle, before.Bundle) {
			t.Fatalf("%+v is found as %+v, %v", first, found, err)
		}

		differences := snapshots.Compare(open(t, before.Bundle), open(t, after.Bundle))
		cells := map[string]bool{}
		for _, d := range differences {
			cells[d.Form+" "+d.Cell] = true
			if len(d.Events) != 1 || d.Events[0].Sequence != late || d.Events[0].Document != "迟1号" || *d.Events[0].Amount != "123.45" || d.Events[0].Line != "L1" {
				t.Errorf("%s %s is explained by %+v, want event %d alone", d.Form, d.Cell, d.Events, late)
			}
		}
		for _, want := range []string{"D1 funds.total.executed", "D1 execution.rate", "D1 total.score", "P1 funds.current_appropriation.executed", "P1 execution.rate", "P1 total.score"} {
			if !cells[want] {
				t.Errorf("%s is not among what differs: %v", want, cells)
			}
		}
		for cell := range cells {
			if cell[:2] == "P2" {
				t.Errorf("%s differs, and nothing happened to it", cell)
			}
		}
	})
}

func open(t failer, bundle []byte) *snapshots.Snapshot {
	t.Helper()
	snapshot, err := snapshots.Open(bytes.NewReader(bundle), int64(len(bundle)), snapshots.Options{TrustedKey: public()})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return snapshot
}

func TestSealingAPositionTwiceRecordsOnce(t *testing.T) {
	t.Parallel()
	newDatabase(t).run(t, func(w *world) {
		w.department(t)
		first, snapshot := w.seal(t, "D1", report(t))
		if first.ID != string(first.Digest)[:16] || first.Sequence != first.Position+1 {
			t.Errorf("sealed as %+v", first)
		}
		ask := snapshots.Request{Unit: "D1", Year: 2023, Set: report(t), Position: first.Position, By: access.Principal{Name: "somebody else", Root: true}}
		again, same, err := w.sealer.Seal(background, ask)
		if err != nil || again != first || !bytes.Equal(same.Bundle, snapshot.Bundle) {
			t.Errorf("again: %+v, %v; want %+v", again, err, first)
		}
		all, err := w.store.IssuedForms(background, "D1", 2023)
		if err != nil || len(all) != 1 {
			t.Fatalf("%d forms are issued, %v; want 1", len(all), err)
		}
		issued := all[0].Data.(events.FormIssued)
		if all[0].Actor != "finance" || issued.Digest != first.Digest || uint64(issued.Position) != first.Position || issued.Kind != events.OfUnit {
			t.Errorf("issued: %+v", issued)
		}
		listed, err := w.sealer.List(background, "D1", 2023)
		if err != nil || len(listed) != 1 || listed[0] != first {
			t.Errorf("listed: %+v, %v", listed, err)
		}
	})
}

func TestAnyPositionOfThePastCanBeSealed(t *testing.T) {
	t.Parallel()
	newDatabase(t).run(t, func(w *world) {
		w.department(t)
		w.reach(t)
		past := w.recorder.Position() - 2 // before the second payment and the transfer
		_, then, err := w.sealer.Seal(background, snapshots.Request{Unit: "D1", Year: 2023, Set: report(t), Position: past, By: access.Principal{Name: "finance", Root: true}})
		if err != nil {
			t.Fatal(err)
		}
		mustBeWhole(t, then.Bundle)
		_, now := w.seal(t, "D1", report(t))
		if a, b := then.Forms[0].Cells["funds.total.executed"].Printed, now.Forms[0].Cells["funds.total.executed"].Printed; a != "0.04" || b != "0.07" {
			t.Errorf("executed %s then and %s now, want 0.04 and 0.07", a, b)
		}
	})
}

func TestARebuiltProjectionGivesTheSameBundle(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.run(t, func(w *world) {
		w.department(t)
		sealed, snapshot := w.seal(t, "D1", report(t))
		other, err := projections.Open(background, db.dsn, projections.Options{Schema: "rebuilt", Logger: quiet, MaxConns: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		ctx, cancel := context.WithCancel(background)
		ended := make(chan error, 1)
		go func() {
			ended <- projections.NewProjector(other, w.log, projections.ProjectorOptions{Logger: quiet}).Run(ctx)
		}()
		waiting, stop := context.WithTimeout(background, patience)
		defer stop()
		if err := other.WaitFor(waiting, w.recorder.Position()); err != nil {
			t.Error(err)
		}
		sealer := snapshots.Sealer{Reader: other, Recorder: w.recorder, Key: key()}
		if _, again, err := sealer.Find(background, string(sealed.Digest)); err != nil || !bytes.Equal(again.Bundle, snapshot.Bundle) {
			t.Errorf("the rebuilt projection gives another bundle, %v", err)
		}
		cancel()
		<-ended
	})
}

func TestWhatCannotBeSealedOrFoundIsSaid(t *testing.T) {
	t.Parallel()
	newDatabase(t).run(t, func(w *world) {
		w.department(t)
		sealed, _ := w.seal(t, "D1", report(t))
		for name, c := range map[string]struct {
			ask  snapshots.Request
			want error
		}{
			"a unit that is not there":       {snapshots.Request{Unit: "NOBODY", Year: 2023}, projections.ErrNotFound},
			"a unit before it was there":     {snapshots.Request{Unit: "D1", Year: 2023, Position: 1}, projections.ErrNotFound},
			"a position that is not reached": {snapshots.Request{Unit: "D1", Year: 2023, Position: 1 << 40}, projections.ErrBehind},
		} {
			c.ask.Set, c.ask.By = report(t), access.Principal{Name: "finance", Root: true}
			if _, _, err := w.sealer.Seal(background, c.ask); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		if _, _, err := w.sealer.Find(background, "0123456789abcdef"); !errors.Is(err, projections.ErrNotFound) {
			t.Errorf("an unknown id: %v", err)
		}
		w.sealer.Template = func(id string) (*forms.Template, bool) { return nil, false }
		if _, _, err := w.sealer.Find(background, sealed.ID); !errors.Is(err, snapshots.ErrNoTemplate) {
			t.Errorf("without its templates: %v", err)
		}
		w.sealer.Template = func(id string) (*forms.Template, bool) {
			changed := *shipped(t, id)
			changed.Title += "（修订）"
			return &changed, true
		}
		if _, snapshot, err := w.sealer.Find(background, sealed.ID); !errors.Is(err, snapshots.ErrChanged) || snapshot != nil {
			t.Errorf("with other templates: %v", err)
		}
	})
}

func TestTemplatesInABundleAreThoseThatWereUsed(t *testing.T) {
	t.Parallel()
	newDatabase(t).run(t, func(w *world) {
		w.department(t)
		for _, template := range forms.Templates() {
			set := forms.Set{Department: shipped(t, "hunan-department"), Project: template}
			if template.Kind == forms.DepartmentForm {
				set = forms.Set{Department: template}
			}
			_, snapshot := w.seal(t, "D1", set)
			mustBeWhole(t, snapshot.Bundle)
		}
	})
}
