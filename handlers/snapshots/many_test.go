package snapshots_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/snapshots"
)

const (
	manyProjects   = 200
	manyIndicators = 10
	// inSeconds bounds each step with the many projects.
	inSeconds = 10 * time.Second
)

// many is a department with many projects of three lines, a year of payments and
// ten indicators each. It returns the id of a payment on each project's first
// line.
func (w *world) many(t *testing.T) (last []string) {
	t.Helper()
	w.post(t, "unit.registered", "DEPT", object{"name": "某局"})
	for p := range manyProjects {
		var raw [][]byte
		add := func(noun, subject string, data object) { raw = append(raw, w.raw(t, noun, subject, data)) }
		project := fmt.Sprintf("P%03d", p)
		add("project.registered", project, object{"unit": "DEPT", "year": 2023, "name": "项目" + project, "kind": "project"})
		for i, fund := range []string{"general_public", "government_fund", "unit_funds"} {
			line := fmt.Sprintf("%s-%d", project, i)
			add("line.opened", line, object{"year": 2023, "unit": "DEPT", "project": project, "fund": fund,
				"vintage": 2023, "function_class": "2150805", "economic_class": "302"})
			add("budget.allocated", line, object{"amount": "120000.00", "date": "2023-01-05", "document": "财1", "reason": "年初"})
			add("budget.supplemented", line, object{"amount": "1200.00", "date": "2023-05-05", "document": "追1", "reason": "追加"})
			for month := 1; month <= 12; month++ {
				add("disbursement.paid", line, object{"amount": "9999.99", "date": fmt.Sprintf("2023-%02d-25", month), "document": "凭1", "purpose": "支付"})
			}
			if i == 0 {
				last = append(last, fmt.Sprintf("T%d", w.posted))
			}
		}
		for i := range manyIndicators {
			of := func(more object) object {
				more["about"], more["year"], more["indicator"] = "project", 2023, fmt.Sprintf("i%02d", i)
				return more
			}
			add("indicator.set", project, of(object{"level1": "产出指标", "level2": "数量指标", "level3": "次数", "operator": "≥", "target": "10次", "weight": "9", "date": "2023-01-15"}))
			add("indicator.reported", project, of(object{"date": "2024-01-10", "actual": "9次", "note": "推迟"}))
		}
		w.submit(t, raw...)
	}
	return last
}

// TestTwoHundredProjectsInSeconds holds the time of a whole department.
func TestTwoHundredProjectsInSeconds(t *testing.T) {
	t.Parallel()
	newDatabase(t).run(t, func(w *world) {
		payments := w.many(t)
		w.reach(t)
		began := time.Now()
		step := func(what string) {
			took := time.Since(began)
			t.Logf("%s: %v", what, took.Round(time.Millisecond))
			if limit := slowdown * inSeconds; took > limit {
				t.Errorf("%s took %v, more than %v", what, took, limit)
			}
			began = time.Now()
		}
		sealed, before, err := w.sealer.Seal(context.Background(), snapshots.Request{Unit: "DEPT", Year: 2023, Set: report(t), By: access.Principal{Name: "finance", Root: true}})
		if err != nil {
			t.Fatal(err)
		}
		step("seal")
		found := mustBeWhole(t, before.Bundle)
		step("verify")
		if found.Forms != 1+manyProjects {
			t.Errorf("%d forms, want %d", found.Forms, 1+manyProjects)
		}
		t.Logf("%d bytes, %d events, %d postings, %d forms, %d cells", len(before.Bundle), found.Events, found.Postings, found.Forms, found.Cells)
		for p := range manyProjects {
			w.post(t, "disbursement.refunded", fmt.Sprintf("P%03d-0", p), object{"payment": payments[p], "amount": "1.00", "date": "2023-12-30", "reason": "退回"})
		}
		w.reach(t)
		began = time.Now()
		_, again, err := w.sealer.Find(context.Background(), sealed.ID)
		if err != nil || !bytes.Equal(again.Bundle, before.Bundle) {
			t.Errorf("another bundle is found, %v", err)
		}
		step("find")
		_, after := w.seal(t, "DEPT", report(t))
		began = time.Now()
		differences := snapshots.Compare(before, after)
		step(fmt.Sprintf("compare (%d differences)", len(differences)))
		if len(differences) < 3*manyProjects {
			t.Errorf("%d cells differ", len(differences))
		}
	})
}
