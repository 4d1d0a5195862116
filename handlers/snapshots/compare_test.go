package snapshots_test

import (
	"slices"
	"testing"

	"github.com/outturn/outturn/handlers/snapshots"
)

// differ seals, lets something happen, seals again and compares.
func differ(t *testing.T, happen func(*world)) []snapshots.Difference {
	t.Helper()
	var found []snapshots.Difference
	newDatabase(t).run(t, func(w *world) {
		w.department(t)
		_, before := w.seal(t, "D1", report(t))
		happen(w)
		_, after := w.seal(t, "D1", report(t))
		found = snapshots.Compare(before, after)
	})
	return found
}

func find(t *testing.T, all []snapshots.Difference, form, cell string) snapshots.Difference {
	t.Helper()
	i := slices.IndexFunc(all, func(d snapshots.Difference) bool { return d.Form == form && d.Cell == cell })
	if i < 0 {
		t.Fatalf("%s %s is not among what differs: %+v", form, cell, all)
	}
	return all[i]
}

func TestNothingDiffersWhereNothingHappened(t *testing.T) {
	t.Parallel()
	found := differ(t, func(w *world) {
		w.post(t, "budget.supplemented", "X1", object{"amount": "1.00", "date": "2023-07-01", "document": "1", "reason": "别人的"})
	})
	if len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

func TestAFormThatIsNewIsNamed(t *testing.T) {
	t.Parallel()
	var registered uint64
	found := differ(t, func(w *world) {
		registered = w.post(t, "project.registered", "P3", object{"unit": "D1", "year": 2023, "name": "新项目", "kind": "project"})
	})
	d := find(t, found, "P3", "")
	if d.Before != nil || *d.After != "新项目" || len(d.Events) != 1 || d.Events[0].Sequence != registered {
		t.Errorf("%+v", d)
	}
	if len(found) != 1 {
		t.Errorf("%+v", found)
	}
}

func TestAnIndicatorIsComparedWithItselfWhereverItStands(t *testing.T) {
	t.Parallel()
	var set, reported uint64
	found := differ(t, func(w *world) {
		set = w.post(t, "indicator.set", "P1", object{"about": "project", "year": 2023, "indicator": "i0", "date": "2023-03-01",
			"level1": "产出指标", "level2": "时效指标", "level3": "及时", "operator": "≥", "target": "1次", "weight": "5"})
		reported = w.post(t, "indicator.reported", "P1", object{"about": "project", "year": 2023, "indicator": "i2", "date": "2024-01-15", "actual": "10次"})
	})
	actual := find(t, found, "P1", "indicators.1.actual")
	if *actual.Before != "9次" || *actual.After != "10次" || len(actual.Events) != 1 || actual.Events[0].Sequence != reported || actual.Events[0].Amount != nil {
		t.Errorf("%+v", actual)
	}
	target := find(t, found, "P1", "indicators.2.target")
	if target.Before != nil || *target.After != "≥1次" && *target.After != "1次" || target.Events[0].Sequence != set {
		t.Errorf("%+v", target)
	}
	for _, d := range found {
		if d.Cell == "indicators.0.actual" || d.Form == "P2" {
			t.Errorf("nothing happened to %s %s", d.Form, d.Cell)
		}
	}
}

func TestMoneyThatMovesIsExplainedOnBothSides(t *testing.T) {
	t.Parallel()
	var moved uint64
	found := differ(t, func(w *world) {
		moved = w.post(t, "disbursement.corrected", "L2", object{"payment": w.payments[1], "to_line": "L1", "date": "2023-06-05", "reason": "记错"})
	})
	for _, form := range []string{"P1", "P2"} {
		d := find(t, found, form, "funds.total.executed")
		if len(d.Events) != 1 || d.Events[0].Sequence != moved || *d.Events[0].Amount != "300.00" {
			t.Errorf("%+v", d)
		}
	}
	for _, d := range found {
		if d.Form == "D1" && d.Cell == "funds.total.executed" {
			t.Errorf("the department's sum stays: %+v", d)
		}
	}
}
