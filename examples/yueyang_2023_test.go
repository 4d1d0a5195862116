package examples_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/outturn/outturn/examples"
)

// event is what these tests read of an event, by names of their own.
type event struct {
	ID, Source, Type, Subject, Time string
	Data                            struct {
		Unit, Project, Name, Fund, Date, Amount, Document, Memo string
		Vintage                                                 int
		FromYear                                                int    `json:"from_year"`
		EconomicClass                                           string `json:"economic_class"`
	}
}

// sums are the three amounts of a form, in fen.
type sums struct{ initial, fullYear, executed int64 }

func (s *sums) add(o sums) {
	s.initial, s.fullYear, s.executed = s.initial+o.initial, s.fullYear+o.fullYear, s.executed+o.executed
}

func load(t *testing.T) []event {
	t.Helper()
	body, err := examples.Events("yueyang-2023")
	if err != nil {
		t.Fatal(err)
	}
	var all []event
	for line := range bytes.Lines(body) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("line %d: %v", len(all)+1, err)
		}
		all = append(all, e)
	}
	return all
}

// amount reads a decimal string in yuan with exactly two decimals.
func amount(t *testing.T, e event) int64 {
	t.Helper()
	whole, decimals, _ := strings.Cut(e.Data.Amount, ".")
	value, err := strconv.ParseInt(whole+decimals, 10, 64)
	if err != nil || len(decimals) != 2 || value <= 0 {
		t.Fatalf("event %s has the amount %q", e.ID, e.Data.Amount)
	}
	return value
}

// effect is what an event adds to its line.
func effect(t *testing.T, e event) sums {
	t.Helper()
	switch e.Type {
	case "outturn.budget.allocated.v1":
		return sums{initial: amount(t, e), fullYear: amount(t, e)}
	case "outturn.budget.supplemented.v1", "outturn.carryover.received.v1":
		return sums{fullYear: amount(t, e)}
	case "outturn.budget.reduced.v1":
		return sums{fullYear: -amount(t, e)}
	case "outturn.disbursement.paid.v1":
		return sums{executed: amount(t, e)}
	}
	return sums{}
}

// byProject adds up the events up to a date, by the project of their line.
func byProject(t *testing.T, all []event, asOf string) map[string]sums {
	t.Helper()
	projectOf, result := map[string]string{}, map[string]sums{}
	for _, e := range all {
		if e.Type == "outturn.line.opened.v1" {
			projectOf[e.Subject] = e.Data.Project
		}
		project, isLine := projectOf[e.Subject]
		if !isLine || e.Data.Date > asOf {
			continue
		}
		s := result[project]
		s.add(effect(t, e))
		result[project] = s
	}
	return result
}

// wanHundredth is a hundredth of 万元 in fen; the tables below are in hundredths of 万元,
// as the report prints them.
const wanHundredth = 10_000

func TestYueyangSumsAreThoseOfTheReport(t *testing.T) {
	t.Parallel()
	want := map[string]sums{ // initial, full-year, executed in hundredths of 万元
		"yueyang-2023-01":       {155_00, 26_89, 26_89},
		"yueyang-2023-02":       {0, 13_16, 13_16},
		"yueyang-2023-03":       {0, 15_97, 15_97},
		"yueyang-2023-04":       {0, 80_00, 41_14},
		"yueyang-2023-05":       {0, 9_05, 9_05},
		"yueyang-2023-06":       {280_00, 6_36, 6_36},
		"yueyang-2023-07":       {0, 3_20, 3_20},
		"yueyang-2023-08":       {0, 42_01, 42_01},
		"yueyang-2023-09":       {0, 18_45, 18_45},
		"yueyang-2023-10":       {0, 130_09, 130_09},
		"yueyang-2023-11":       {197_00, 19_96, 19_96},
		"yueyang-2023-12":       {65_00, 26_90, 26_90},
		"yueyang-2023-13":       {180_00, 39_00, 39_00},
		"yueyang-2023-14":       {0, 238_04, 238_04},
		"yueyang-2023-15":       {126_00, 139_98, 124_51},
		"yueyang-2023-unlisted": {0, 364_98, 364_98},
		"yueyang-2023-basic":    {952_93, 2197_55, 2197_55},
	}
	got := byProject(t, load(t), "2023-12-31")
	var total sums
	for project, s := range got {
		total.add(s)
		w := want[project]
		if s != (sums{w.initial * wanHundredth, w.fullYear * wanHundredth, w.executed * wanHundredth}) {
			t.Errorf("%s has %+v fen, want %+v hundredths of 万元", project, s, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("projects = %q, want %d", slices.Sorted(maps.Keys(got)), len(want))
	}
	if (total != sums{1955_93 * wanHundredth, 3371_59 * wanHundredth, 3317_26 * wanHundredth}) {
		t.Errorf("total = %+v fen, want 1955.93, 3371.59 and 3317.26 万元", total)
	}
}

func TestYueyangLinesAreThoseOfTheFunds(t *testing.T) {
	t.Parallel()
	all := load(t)
	vintages, funds, executed := map[string]int{}, map[string]string{}, map[string]int64{}
	for _, e := range all {
		switch e.Type {
		case "outturn.line.opened.v1":
			vintages[e.Subject], funds[e.Subject] = e.Data.Vintage, e.Data.Fund
		case "outturn.carryover.received.v1":
			if e.Subject != "yueyang-2023-15-c" || e.Data.FromYear != 2022 || e.Data.Amount != "139800.00" {
				t.Errorf("carryover of %s from %d is %s, want 139800.00 from 2022 for form 15 alone", e.Subject, e.Data.FromYear, e.Data.Amount)
			}
		case "outturn.disbursement.paid.v1":
			executed[e.Subject] += amount(t, e)
			if e.Data.EconomicClass != "" {
				executed[e.Data.EconomicClass] += amount(t, e)
			}
		}
	}
	for line, vintage := range vintages {
		wantVintage, wantFund := 2023, "general_public"
		switch line {
		case "yueyang-2023-15-c":
			wantVintage = 2022
		case "yueyang-2023-14-o":
			wantFund = "unit_funds"
		}
		if vintage != wantVintage || funds[line] != wantFund {
			t.Errorf("line %s has vintage %d of %s, want %d of %s", line, vintage, funds[line], wantVintage, wantFund)
		}
	}
	for key, want := range map[string]int64{ // hundredths of 万元
		"yueyang-2023-15-a": 110_53, "yueyang-2023-15-c": 13_98,
		"yueyang-2023-basic-301": 1251_06, "yueyang-2023-basic-302": 274_20,
		"yueyang-2023-basic-303": 671_25, "yueyang-2023-basic-310": 1_04,
		"30217": 4_61, "30231": 19_48,
	} {
		if executed[key] != want*wanHundredth {
			t.Errorf("executed of %s = %d fen, want %d hundredths of 万元", key, executed[key], want)
		}
	}
}

func TestYueyangStandsAtTenTwelfthsAtTheEndOfOctober(t *testing.T) {
	t.Parallel()
	all := load(t)
	october, december := byProject(t, all, "2023-10-31"), byProject(t, all, "2023-12-31")
	for project, year := range december {
		got := (october[project].executed*100_00 + year.fullYear/2) / year.fullYear // hundredths of a percent, half up
		want := int64(83_33)
		switch project {
		case "yueyang-2023-04":
			want = 42_85
		case "yueyang-2023-15":
			want = 75_79
		}
		if got != want {
			t.Errorf("%s stands at %d hundredths of a percent, want %d", project, got, want)
		}
	}
}

func TestYueyangNeverSpendsMoneyThatIsNotThere(t *testing.T) {
	t.Parallel()
	inFileOrder := load(t)
	byDate := slices.Clone(inFileOrder)
	slices.SortStableFunc(byDate, func(a, b event) int { return strings.Compare(a.Data.Date, b.Data.Date) })
	for name, all := range map[string][]event{"in file order": inFileOrder, "by business date": byDate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			balances := map[string]sums{}
			for _, e := range all {
				s := balances[e.Subject]
				s.add(effect(t, e))
				balances[e.Subject] = s
				if s.fullYear < s.executed {
					t.Errorf("after %s the line has %d fen and paid %d", e.ID, s.fullYear, s.executed)
				}
			}
		})
	}
}

func TestYueyangEventsAreInOrderAndSayWhatIsIllustrative(t *testing.T) {
	t.Parallel()
	known, ids, documents, lastTime := map[string]bool{}, map[string]bool{}, map[string]bool{}, ""
	for i, e := range load(t) {
		if strings.HasSuffix(e.Type, "registered.v1") || e.Type == "outturn.line.opened.v1" {
			known[e.Subject] = true
		}
		for _, name := range []string{e.Subject, e.Data.Unit, e.Data.Project} {
			if name != "" && !known[name] {
				t.Errorf("line %d: %s is used before it is registered", i+1, name)
			}
		}
		if e.Time < lastTime || (e.Data.Date != "" && e.Time != e.Data.Date+"T01:00:00Z") {
			t.Errorf("line %d: time %s after %s, with date %q", i+1, e.Time, lastTime, e.Data.Date)
		}
		if ids[e.ID] || (e.Data.Document != "" && documents[e.Data.Document]) {
			t.Errorf("line %d: id %s or document %s is used twice", i+1, e.ID, e.Data.Document)
		}
		if !strings.HasPrefix(e.Data.Memo, "illustrative: ") {
			t.Errorf("line %d: memo %q does not say what is illustrative", i+1, e.Data.Memo)
		}
		ids[e.ID], documents[e.Data.Document], lastTime = true, true, e.Time
	}
}
