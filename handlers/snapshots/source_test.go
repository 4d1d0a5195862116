package snapshots_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

func TestMain(m *testing.M) {
	// Each check opens a projection; a hundred of them would take minutes.
	if err := flag.Set("rapid.checks", "12"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// sameForms derives the forms of a unit from the projection and from the events
// alone, and compares them byte for byte.
func sameForms(t failer, w *world, unit events.UnitID, at projections.AsOf) []forms.Form {
	t.Helper()
	ctx := context.Background()
	want, err := forms.DeriveAll(ctx, w.store, unit, 2023, report(t), at)
	if err != nil {
		t.Fatalf("%v", err)
	}
	position, all, err := w.store.EventsUnder(ctx, unit, 2023, projections.AsOf{Through: at.Through})
	if err != nil {
		t.Fatalf("%v", err)
	}
	record, err := snapshots.FromEvents(unit, 2023, position, all)
	if err != nil {
		t.Fatalf("%v", err)
	}
	got, err := forms.DeriveAll(ctx, record, unit, 2023, report(t), at)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if a, b := asJSON(t, want), asJSON(t, got); a != b {
		t.Fatalf("the projection derives\n%s\nthe events\n%s", a, b)
	}
	for _, form := range got {
		sameTerms(t, w.store, record, form)
		one, err := forms.Derive(ctx, w.store, form.Subject, templateOf(t, form), at)
		if err != nil {
			t.Fatalf("%v", err)
		}
		alone, err := forms.Derive(ctx, record, form.Subject, templateOf(t, form), at)
		if err != nil || asJSON(t, one) != asJSON(t, alone) {
			t.Fatalf("%v: alone, the projection derives\n%s\nthe events\n%s", err, asJSON(t, one), asJSON(t, alone))
		}
	}
	return got
}

func templateOf(t failer, f forms.Form) *forms.Template {
	t.Helper()
	return shipped(t, f.Template)
}

// sameTerms opens every cell on both sides, in small pages.
func sameTerms(t failer, store, record forms.Source, f forms.Form) {
	t.Helper()
	for name := range f.Cells {
		page := forms.Page{Limit: 3}
		for more := true; more; {
			want, err := forms.Provenance(context.Background(), store, f, name, page)
			if err != nil {
				t.Fatalf("%v", err)
			}
			got, err := forms.Provenance(context.Background(), record, f, name, page)
			if err != nil {
				t.Fatalf("%v", err)
			}
			if a, b := asJSON(t, want), asJSON(t, got); a != b {
				t.Fatalf("%s is, in the projection, made of\n%s\nand, of the events,\n%s", name, a, b)
			}
			more, page.Before = want.More, want.Before
		}
	}
}

func TestTheReportOf2023IsDerivedFromItsEventsAlone(t *testing.T) {
	t.Parallel()
	newDatabase(t).run(t, func(w *world) {
		w.example(t, "yueyang-2023")
		if all := sameForms(t, w, "YYGX", projections.AsOf{}); len(all) < 16 {
			t.Errorf("%d forms were compared", len(all))
		}
		for _, day := range []string{"2023-06-30", "2023-12-31"} {
			date, _ := fiscal.ParseDate(day)
			sameForms(t, w, "YYGX", projections.AsOf{Date: date, Through: w.recorder.Position() - 50})
		}
	})
}

// The units, projects and lines of random histories. D2 is another department:
// its lines belong to others, but money comes and goes.
var (
	randomLines    = []string{"L1", "L2", "L3", "L4", "X1", "X2"}
	randomProjects = []string{"P1", "P2", "B1"}
)

func (w *world) register(t failer) {
	t.Helper()
	w.post(t, "unit.registered", "TOP", object{"name": "市"})
	for _, unit := range [][2]string{{"D1", "TOP"}, {"D1a", "D1"}, {"D2", "TOP"}} {
		w.post(t, "unit.registered", unit[0], object{"name": "单位" + unit[0], "parent": unit[1]})
	}
	for _, project := range [][3]string{{"P1", "D1", "project"}, {"P2", "D1a", "project"}, {"B1", "D1", "basic"}, {"Q1", "D2", "project"}} {
		w.post(t, "project.registered", project[0], object{"unit": project[1], "year": 2023, "name": "项目" + project[0], "kind": project[2]})
		w.post(t, "project.registered", project[0], object{"unit": project[1], "year": 2022, "name": "旧" + project[0], "kind": project[2]})
	}
	for i, line := range randomLines {
		w.post(t, "line.opened", line, object{
			"year": 2023, "unit": []string{"D1", "D1a", "D1", "D1", "D2", "D2"}[i], "project": []string{"P1", "P2", "P1", "B1", "Q1", "Q1"}[i],
			"fund":    []string{"general_public", "general_public", "unit_funds", "government_fund", "general_public", "general_public"}[i],
			"vintage": []int{2023, 2022, 2023, 2023, 2023, 2023}[i], "function_class": "21508", "economic_class": []string{"302", "30217", "301"}[i%3],
		})
		w.post(t, "budget.allocated", line, object{"amount": "1000.00", "date": "2023-01-05", "document": "1"})
	}
}

// grow offers random events; the rules take most of them.
func (w *world) grow(t *rapid.T, count int) {
	pick := func(from []string, what string) string { return rapid.SampledFrom(from).Draw(t, what) }
	for range count {
		fen := rapid.IntRange(1, 60_000).Draw(t, "fen")
		date := fiscal.Year(2023).First().AddDays(rapid.IntRange(0, 364).Draw(t, "day")).String()
		data := object{"amount": fmt.Sprintf("%d.%02d", fen/100, fen%100), "date": date}
		noun, subject := pick(randomNouns, "type"), pick(randomLines, "line")
		switch noun {
		case "budget.transferred":
			data["to"], data["document"], data["reason"] = pick(randomLines, "to"), "调1", "调剂"
		case "budget.supplemented", "budget.reduced":
			data["document"], data["reason"] = "追1", "调整"
		case "carryover.confirmed":
			data["from_year"], data["document"] = 2022, "结1"
		case "commitment.made", "commitment.changed":
			data["commitment"] = pick([]string{"C1", "C2"}, "commitment")
		case "disbursement.paid":
			data["document"], data["purpose"] = "凭1", "支付"
			if rapid.Bool().Draw(t, "against a commitment") {
				data["commitment"] = pick([]string{"C1", "C2"}, "commitment")
			}
		case "disbursement.refunded":
			data["payment"], data["reason"] = pick(append(w.payments, "none"), "payment"), "退回"
		case "disbursement.corrected":
			data = object{"date": date, "payment": pick(append(w.payments, "none"), "payment"), "to_line": pick(randomLines, "to line"), "reason": "更正"}
		case "indicator.set", "indicator.reported", "goal.set", "goal.reported":
			subject, data = w.performance(t, noun, date)
		}
		w.offer(t, noun, subject, data)
	}
}

var randomNouns = []string{
	"disbursement.paid", "disbursement.paid", "disbursement.paid", "disbursement.refunded", "disbursement.corrected", "disbursement.corrected",
	"disbursement.corrected", "budget.supplemented", "budget.reduced", "budget.transferred", "budget.transferred", "carryover.confirmed",
	"commitment.made", "commitment.changed", "indicator.set", "indicator.reported", "goal.set", "goal.reported",
}

func (w *world) performance(t *rapid.T, noun, date string) (subject string, data object) {
	subject, about := rapid.SampledFrom(randomProjects).Draw(t, "project"), "project"
	if rapid.Bool().Draw(t, "of the unit") {
		subject, about = rapid.SampledFrom([]string{"D1", "D1a"}).Draw(t, "unit"), "unit"
	}
	data = object{"about": about, "year": rapid.SampledFrom([]int{2023, 2023, 2022}).Draw(t, "year"), "date": date}
	code := rapid.SampledFrom([]string{"i1", "i2", "i3"}).Draw(t, "indicator")
	switch noun {
	case "indicator.set":
		data["indicator"], data["level1"], data["level2"], data["level3"] = code, "产出指标", "数量指标", "次数"+code
		data["operator"], data["target"], data["weight"] = "≥", "10次", "9"
		if code == "i3" {
			data["computed"], data["target"] = rapid.SampledFrom([]string{"execution_rate", "three_public", "adjustments"}).Draw(t, "computed"), "95%"
		}
	case "indicator.reported":
		data["indicator"], data["actual"], data["note"] = code, "9次", "推迟"
	case "goal.set":
		data["goal"] = "目标" + date
	case "goal.reported":
		data["actual"] = "完成" + date
	}
	return subject, data
}

func TestFormsFromTheEventsAreThoseOfTheProjection(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	rapid.Check(t, func(t *rapid.T) {
		db.run(t, func(w *world) {
			w.register(t)
			w.grow(t, 80)
			w.reach(t)
			for _, unit := range []events.UnitID{"D1", "D1a", "TOP"} {
				sameForms(t, w, unit, projections.AsOf{})
			}
			sameForms(t, w, "D1", projections.AsOf{Through: w.recorder.Position() - rapid.Uint64Range(0, 40).Draw(t, "earlier")})
			_, snapshot := w.seal(t, "D1", report(t))
			mustBeWhole(t, snapshot.Bundle)
			sameRows(t, w, snapshot.Record)
		})
	})
}

// sameRows compares the rows of a form with the projection's cut by source.
func sameRows(t failer, w *world, record *snapshots.Record) {
	t.Helper()
	for _, by := range []projections.By{projections.BySource, projections.ByUnit, projections.ByProject, projections.ByFund, projections.ByFunction, projections.ByEconomic, projections.ByLine} {
		q := projections.Query{Year: 2023, Unit: "D1", By: by}
		want, err := w.store.Execution(context.Background(), q)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, row := range want.Rows {
			q.Cut = projections.Cut{By: by, Key: row.Key}
			_, lines, err := record.Lines(context.Background(), q)
			if err != nil {
				t.Fatalf("%v", err)
			}
			var sums budget.Sums
			for _, line := range lines {
				if err := sums.Add(line.Line.Sums); err != nil {
					t.Fatalf("%v", err)
				}
			}
			if got, _ := sums.Figures(); got != row.Figures {
				t.Fatalf("by %s, %s: %+v of the events, %+v in the projection", by, row.Key, got, row.Figures)
			}
		}
	}
}
