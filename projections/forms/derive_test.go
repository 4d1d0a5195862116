package forms_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// id is the id of the event that a ledger posted at a sequence.
func id(sequence uint64) string { return fmt.Sprintf("T%d", sequence) }

func TestFiguresOfAProjectWithEveryKindOfPosting(t *testing.T) {
	t.Parallel()
	form := derive(t, busy(t).store(), forms.Project("TRAIN", 2023), "central-project", projections.AsOf{})
	for cell, want := range map[string]string{
		"funds.total.initial":                   "85",
		"funds.total.full_year":                 "97.5", // 80+5 +5.5 carryover +10 −2 −1, and 3 within
		"funds.total.executed":                  "47",   // 41.14 −0.14 +0.5 +5.5
		"funds.current_appropriation.full_year": "84",
		"funds.carryover.initial":               "0",
		"funds.carryover.full_year":             "5.5",
		"funds.carryover.executed":              "5.5",
		"funds.other.full_year":                 "8",
		"funds.other.executed":                  "0.5",
		"execution.rate":                        "48.21%",
		"rate_initial":                          "55.29%",
		"execution.score":                       "4.82",
	} {
		if got := printed(t, form, cell); got != want {
			t.Errorf("%s = %s; want %s", cell, got, want)
		}
	}
	if form.Department != "某局" || *form.ImplementingUnit != "某站" || *form.Project != "培训" {
		t.Errorf("head: %s, %s, %s", form.Department, *form.ImplementingUnit, *form.Project)
	}
}

func TestChangesLeadFromTheInitialToTheFullYearBudget(t *testing.T) {
	t.Parallel()
	store := busy(t).store()
	for _, subject := range []forms.Subject{forms.Project("TRAIN", 2023), forms.Unit("DEPT", 2023)} {
		template := "central-project"
		if subject == forms.Unit("DEPT", 2023) {
			template = "hunan-department"
		}
		form := derive(t, store, subject, template, projections.AsOf{})
		sum := *form.Cells["funds.total.initial"].Fen
		for i, change := range form.Changes {
			sum += change.Amount
			if change.Document == "" || change.Sequence == 0 || i > 0 && change.Date.Compare(form.Changes[i-1].Date) < 0 {
				t.Errorf("%s: change %d is %+v", subject.ID, i, change)
			}
		}
		if want := *form.Cells["funds.total.full_year"].Fen; sum != want {
			t.Errorf("%s: the changes lead to %s, not to %s", subject.ID, sum, want)
		}
	}
}

func TestAFormAsOfADayAndAsKnownThen(t *testing.T) {
	t.Parallel()
	l := busy(t)
	store := l.store()
	train := forms.Project("TRAIN", 2023)
	before := derive(t, store, train, "central-project", projections.AsOf{})
	known := l.now
	l.now = l.now.Add(time.Hour)
	late := l.post("budget.supplemented", "L1", object{"amount": "10000.00", "date": "2023-06-01", "document": "补1", "reason": "补记"})
	l.post("project.registered", "LATE", object{"unit": "DEPT", "year": 2023, "name": "后立", "kind": "project"})
	l.reach(store)
	for name, c := range map[string]struct {
		at   projections.AsOf
		want string
	}{
		"now":                  {projections.AsOf{}, "98.5"},
		"as known then":        {projections.AsOf{KnownAt: known}, "97.5"},
		"before it, by place":  {projections.AsOf{Through: late - 1}, "97.5"},
		"on a day":             {projections.AsOf{Date: date("2023-05-31")}, "100.5"},
		"on a day, late event": {projections.AsOf{Date: date("2023-06-10")}, "101.5"},
		"on a day, as known":   {projections.AsOf{Date: date("2023-06-10"), KnownAt: known}, "100.5"},
		"before everything":    {projections.AsOf{Date: date("2022-12-31")}, "0"},
	} {
		if got := printed(t, derive(t, store, train, "central-project", c.at), "funds.total.full_year"); got != c.want {
			t.Errorf("%s: %s; want %s", name, got, c.want)
		}
	}
	again := derive(t, store, train, "central-project", projections.AsOf{Through: before.Sequence})
	if !reflect.DeepEqual(again.Cells, before.Cells) || !reflect.DeepEqual(again.Declared, before.Declared) {
		t.Error("the form at the same sequence is another one")
	}
	set := forms.Set{Department: shipped(t, "hunan-department"), Project: shipped(t, "central-project")}
	for at, want := range map[projections.AsOf]int{{}: 4, {Through: late}: 3} { // DEPT, OTHER, TRAIN and LATE
		all, err := forms.DeriveAll(t.Context(), store, "DEPT", 2023, set, at)
		if err != nil || len(all) != want {
			t.Errorf("as of %+v: %d forms, %v; want %d", at, len(all), err, want)
		}
	}
	_, err := forms.Derive(t.Context(), store, forms.Project("LATE", 2023), set.Project, projections.AsOf{Through: late})
	if !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("a project that was registered later: %v; want ErrNotFound", err)
	}
}

func TestBeforeTheFirstEventThereIsNothing(t *testing.T) {
	t.Parallel()
	store := busy(t).store()
	at := projections.AsOf{KnownAt: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	_, err := forms.Derive(t.Context(), store, forms.Project("TRAIN", 2023), shipped(t, "central-project"), at)
	if !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("error = %v; want ErrNotFound", err)
	}
}

func TestOneFormOfMany(t *testing.T) {
	t.Parallel()
	l := busy(t)
	// A project of the department may have money on a line of a unit elsewhere, and
	// the department a line of somebody else's project.
	l.post("unit.registered", "ELSE", object{"name": "别处", "parent": nil})
	l.post("project.registered", "FOREIGN", object{"unit": "ELSE", "year": 2023, "name": "他人项目", "kind": "project"})
	for line, of := range map[string][2]string{"L8": {"ELSE", "TRAIN"}, "L9": {"STATION", "FOREIGN"}} {
		l.post("line.opened", line, object{"year": 2023, "unit": of[0], "project": of[1], "name": "指标", "fund": "general_public",
			"vintage": 2023, "function_class": "2150805", "economic_class": "302"})
		l.post("budget.supplemented", line, object{"amount": "70000.00", "date": "2023-01-05", "document": "财9", "reason": "追加"})
	}
	store := l.store()
	set := forms.Set{Department: shipped(t, "hunan-department"), Project: shipped(t, "central-project")}
	all, err := forms.DeriveAll(t.Context(), store, "DEPT", 2023, set, projections.AsOf{})
	if err != nil {
		t.Fatal(err)
	}
	if got := printed(t, all[0], "funds.total.full_year"); got != "205.5" { // 97.5 + 11 + 90, and 7 of L9
		t.Errorf("the department has %s; want 205.5", got)
	}
	for _, form := range all {
		alone := derive(t, store, form.Subject, form.Template, projections.AsOf{})
		if !reflect.DeepEqual(alone, form) {
			t.Errorf("%s alone is not what it is among all", form.ID)
		}
	}
}

func TestRefusedDerivations(t *testing.T) {
	t.Parallel()
	store := busy(t).store()
	for name, c := range map[string]struct {
		subject  forms.Subject
		template string
		want     error
	}{
		"no such project":      {forms.Project("NONE", 2023), "central-project", projections.ErrNotFound},
		"not in that year":     {forms.Project("TRAIN", 2022), "central-project", projections.ErrNotFound},
		"no such unit":         {forms.Unit("NONE", 2023), "hunan-department", projections.ErrNotFound},
		"a template of a unit": {forms.Project("TRAIN", 2023), "hunan-department", nil},
		"a subject of no kind": {forms.Subject{ID: "TRAIN", Year: 2023}, "central-project", nil},
	} {
		_, err := forms.Derive(t.Context(), store, c.subject, shipped(t, c.template), projections.AsOf{})
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: error = %v; want %v", name, err, c.want)
		}
	}
	set := forms.Set{Department: shipped(t, "central-project")}
	if _, err := forms.DeriveAll(t.Context(), store, "DEPT", 2023, set, projections.AsOf{}); err == nil {
		t.Error("a project's template was taken for a department")
	}
}

func TestRatesWithoutABudget(t *testing.T) {
	t.Parallel()
	l := busy(t)
	l.post("project.registered", "EMPTY", object{"unit": "DEPT", "year": 2023, "name": "空", "kind": "project"})
	form := derive(t, l.store(), forms.Project("EMPTY", 2023), "central-project", projections.AsOf{})
	if got := printed(t, form, "execution.rate"); got != "不适用" {
		t.Errorf("0/0 prints %s; want 不适用", got)
	}
	if form.Execution.Score != nil || form.RateInitial != nil {
		t.Errorf("0/0 has the points %v and the rate against the initial budget %v; want none", form.Execution.Score, form.RateInitial)
	}
}

func TestNeverHundredPercentByRounding(t *testing.T) {
	t.Parallel()
	l := busy(t)
	l.post("disbursement.paid", "L1", object{"amount": "429999.99", "date": "2023-12-30", "document": "凭9", "purpose": "年末"})
	form := derive(t, l.store(), forms.Project("TRAIN", 2023), "central-project", projections.AsOf{})
	if got := printed(t, form, "funds.current_appropriation.executed"); got != "84" {
		t.Fatalf("executed prints %s; want 84, a fen below it", got)
	}
	l2 := busy(t)
	l2.post("disbursement.paid", "L1", object{"amount": "430000.00", "date": "2023-12-30", "document": "凭9", "purpose": "年末"})
	l2.post("disbursement.paid", "L3", object{"amount": "74999.99", "date": "2023-12-30", "document": "凭9", "purpose": "年末"})
	form = derive(t, l2.store(), forms.Project("TRAIN", 2023), "central-project", projections.AsOf{})
	if got := printed(t, form, "execution.rate"); got != "99.99%" {
		t.Errorf("a fen below the budget prints %s; want 99.99%%", got)
	}
}

func TestTheJSONIsADeclaredForm(t *testing.T) {
	t.Parallel()
	form := derive(t, busy(t).store(), forms.Project("TRAIN", 2023), "central-project", projections.AsOf{})
	raw, err := json.Marshal(form)
	if err != nil {
		t.Fatal(err)
	}
	var back forms.Declared
	if err := json.Unmarshal(raw, &back); err != nil || !reflect.DeepEqual(back, form.Declared) {
		t.Errorf("read back as %+v, %v", back, err)
	}
	var more struct {
		Sequence uint64                `json:"through_sequence"`
		Cells    map[string]forms.Cell `json:"cells"`
		Changes  []struct{ Amount money.Amount }
	}
	if err := json.Unmarshal(raw, &more); err != nil {
		t.Fatal(err)
	}
	if more.Sequence != form.Sequence || more.Cells["execution.rate"].Fraction != "1880/39" || len(more.Changes) != len(form.Changes) {
		t.Errorf("beside the declared form: sequence %d, rate %+v, %d changes", more.Sequence, more.Cells["execution.rate"], len(more.Changes))
	}
}
