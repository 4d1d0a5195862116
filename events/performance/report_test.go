package performance_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
)

// example reads the published report of 2023, as the log records it.
func example(t testing.TB) []events.Event {
	t.Helper()
	raw, err := os.ReadFile(filepath.FromSlash("../../examples/yueyang-2023/events.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var recorded []events.Event
	for i, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n")) {
		event, err := events.Parse(line)
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if event, err = event.Record(events.Stamp{Sequence: uint64(i + 1)}); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		recorded = append(recorded, event)
	}
	return recorded
}

// TestTheReportOf2023 scores all 16 forms of the published report. Each total is
// the printed one but for form 13, which prints 100 with a row that nobody scored.
func TestTheReportOf2023(t *testing.T) {
	t.Parallel()
	const year = 2023
	unit := performance.Key{Kind: events.OfUnit, ID: "YYGX", Year: year}
	form := func(number string) performance.Key {
		return performance.Key{Kind: events.OfProject, ID: "yueyang-2023-" + number, Year: year}
	}
	spent := map[performance.Key]money.Ratio{
		unit:       {Num: 3317_2600_00, Den: 3317_5500_00},
		form("04"): {Num: 41_1400_00, Den: 80_0000_00},
		form("15"): {Num: 124_5100_00, Den: 139_9800_00},
	}
	want := map[performance.Key]string{unit: "99.00", form("04"): "90.64", form("13"): "94.00", form("15"): "94.89"}
	byRule := map[performance.Key]string{unit: "98.57", form("04"): "93.14", form("13"): "94.00", form("15"): "96.34"}
	records, err := performance.Fold(example(t))
	if err != nil || len(records) != 16 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	checked := performance.Default()
	checked.ByHand = performance.Checked
	for key, record := range records {
		rate, ok := spent[key]
		if !ok {
			rate = all
		}
		rows := record.Rows(performance.Facts{})
		for rules, totals := range map[*performance.Rules]map[performance.Key]string{ref(performance.Default()): want, &checked: byRule} {
			total, ok := totals[key]
			if !ok {
				total = "100.00"
			}
			got := rules.Evaluate(rate, rows)
			if got.Printed != total || got.Complete != (key != form("13")) || shown(got.Weight) != "100" || got.Grade != "优" {
				t.Errorf("%s, by hand %s: %s %s, complete %v; want %s", key.ID, rules.ByHand, got.Printed, got.Grade, got.Complete, total)
			}
		}
	}
}

func ref[T any](value T) *T { return &value }

// TestTheExampleFitsTheRules decides every event of the example on the record
// before it.
func TestTheExampleFitsTheRules(t *testing.T) {
	t.Parallel()
	records := map[performance.Key]*performance.Record{}
	for _, event := range example(t) {
		key, ok := performance.KeyOf(event)
		if !ok {
			continue
		}
		if err := performance.Decide(records[key], event); err != nil {
			t.Errorf("event %d: %v", event.Sequence, err)
		}
		if records[key] == nil {
			records[key] = &performance.Record{Key: key}
		}
		if err := performance.Evolve(records[key], event); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkEvaluate scores a form of a dozen rows.
func BenchmarkEvaluate(b *testing.B) {
	var rows []performance.Row
	for range 12 {
		rows = append(rows, typed(b, events.AtLeast, "≥95.5万元", "工业增产值同比增长5%，经济总量稳居全省第二", "5"))
	}
	for b.Loop() {
		performance.Default().Evaluate(all, rows)
	}
}
