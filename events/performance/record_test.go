package performance_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/performance"
)

const project = "GX-TRAIN"

var key = performance.Key{Kind: events.OfProject, ID: project, Year: 2023}

// log numbers events about the project as the log does.
func log(all ...events.Data) []events.Event {
	var recorded []events.Event
	for i, data := range all {
		recorded = append(recorded, events.Event{
			ID: "E", Source: "/finance", Type: data.Type(), Subject: project, Data: data, Stamp: events.Stamp{Sequence: uint64(i + 1)},
		})
	}
	return recorded
}

func on(text string) fiscal.Date {
	date, err := fiscal.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

func set(id events.IndicatorID, target events.Text, weight events.Points) events.IndicatorSet {
	return events.IndicatorSet{
		Kind: events.OfProject, Year: 2023, Indicator: id, Level1: "产出指标", Level2: "数量指标", Level3: "培训人次",
		Operator: events.AtLeast, Target: target, Weight: weight, Date: on("2023-01-25"),
	}
}

func reported(id events.IndicatorID, date string, actual events.Text) events.IndicatorReported {
	return events.IndicatorReported{Kind: events.OfProject, Year: 2023, Indicator: id, Date: on(date), Actual: actual}
}

func scored(id events.IndicatorID, points events.Points) events.IndicatorScored {
	return events.IndicatorScored{Kind: events.OfProject, Year: 2023, Indicator: id, Date: on("2024-01-20"), Score: points, Reason: "一期取消"}
}

// fold folds events about the project, which must fit.
func fold(t *testing.T, all ...events.Data) *performance.Record {
	t.Helper()
	records, err := performance.Fold(log(all...))
	if err != nil {
		t.Fatal(err)
	}
	return records[key]
}

func TestFoldGathersWhatTheLogSays(t *testing.T) {
	t.Parallel()
	got := fold(t,
		events.GoalSet{Kind: events.OfProject, Year: 2023, Date: on("2023-01-25"), Goal: "培训 2000 人次"},
		set("SL-01", "2000", "20"),
		set("ZL-01", "95", "10"),
		reported("SL-01", "2023-12-31", "2160"),
		reported("SL-01", "2023-07-31", "900"), // recorded late
		set("SL-01", "2100", "20"),
		scored("SL-01", "19"),
		scored("SL-01", "20"),
		events.GoalReported{Kind: events.OfProject, Year: 2023, Date: on("2023-12-31"), Actual: "培训 2160 人次"},
		events.GoalReported{Kind: events.OfProject, Year: 2023, Date: on("2023-07-31"), Actual: "培训 900 人次"},
		events.GoalSet{Kind: events.OfProject, Year: 2023, Date: on("2023-08-01"), Goal: "培训 2100 人次"},
		events.PeriodClosed{Year: 2023, Month: 1},
	)
	want := &performance.Record{
		Key:      key,
		Expected: &performance.Statement{Text: "培训 2100 人次", Date: on("2023-08-01"), Sequence: 11, Earlier: []uint64{1}},
		Actual:   &performance.Statement{Text: "培训 2160 人次", Date: on("2023-12-31"), Sequence: 9, Earlier: []uint64{10}},
		Indicators: []performance.Indicator{
			{
				Definition: set("SL-01", "2100", "20"), Sets: []uint64{2, 6}, Changed: 6,
				Reports: []performance.Report{
					{Actual: "900", Date: on("2023-07-31"), Sequence: 5},
					{Actual: "2160", Date: on("2023-12-31"), Sequence: 4},
				},
				Score:      &performance.Given{Points: "20", Reason: "一期取消", Date: on("2024-01-20"), Sequence: 8},
				Superseded: []uint64{7},
			},
			{Definition: set("ZL-01", "95", "10"), Sets: []uint64{3}, Changed: 3},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(performance.Record{})); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if sequences := got.Indicators[0].Sequences(); !slices.Equal(sequences, []uint64{2, 4, 5, 6, 7, 8}) {
		t.Errorf("the indicator rests on %v", sequences)
	}
	if latest := got.Indicators[0].Latest(); latest.Actual != "2160" {
		t.Errorf("the latest report is %q", latest.Actual)
	}
	if latest := got.Indicators[1].Latest(); latest != nil {
		t.Errorf("an indicator without a report has the report %+v", latest)
	}
}

func TestAScoreIsOutdatedByWhatItRestsOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*events.IndicatorSet)
		want   bool
	}{
		"the same again":     {func(*events.IndicatorSet) {}, false},
		"a later date":       {func(s *events.IndicatorSet) { s.Date = on("2024-02-01") }, false},
		"a remark":           {func(s *events.IndicatorSet) { s.Memo = "更正" }, false},
		"a core indicator":   {func(s *events.IndicatorSet) { s.Core = true }, false},
		"another target":     {func(s *events.IndicatorSet) { s.Target = "2101" }, true},
		"an adjusted target": {func(s *events.IndicatorSet) { s.AdjustedTarget = "2000" }, true},
		"another weight":     {func(s *events.IndicatorSet) { s.Weight = "10" }, true},
		"another operator":   {func(s *events.IndicatorSet) { s.Operator = events.Equal }, true},
		"another name":       {func(s *events.IndicatorSet) { s.Level3 = "培训班次" }, true},
	} {
		after := set("SL-01", "2100", "20")
		c.change(&after)
		i := fold(t, set("SL-01", "2100", "20"), scored("SL-01", "20"), after).Indicators[0]
		if i.Score.Outdated != c.want || c.want != (i.Changed == 3) {
			t.Errorf("%s: outdated %v, changed by %d; want %v", name, i.Score.Outdated, i.Changed, c.want)
		}
	}
	again := fold(t, set("SL-01", "2100", "20"), scored("SL-01", "20"), set("SL-01", "2100", "10"), scored("SL-01", "9"))
	if again.Indicators[0].Score.Outdated {
		t.Error("a score after the change is outdated")
	}
}

func TestFoldKeepsEventsAboutIndicatorsThatWereNeverSet(t *testing.T) {
	t.Parallel()
	got := fold(t, reported("SL-01", "2023-12-31", "1"), scored("SL-01", "1"), set("SL-01", "1", "1"))
	if !slices.Equal(got.Unset, []uint64{1, 2}) || len(got.Indicators[0].Reports) != 0 || got.Indicators[0].Score != nil {
		t.Errorf("record %+v", got)
	}
}

func TestFoldTellsRecordsApart(t *testing.T) {
	t.Parallel()
	next := set("SL-01", "1", "1")
	next.Year = 2024
	unit := set("SL-01", "1", "1")
	unit.Kind = events.OfUnit
	records, err := performance.Fold(log(set("SL-01", "1", "1"), next, unit))
	if err != nil || len(records) != 3 {
		t.Errorf("%d records, %v", len(records), err)
	}
}

func TestFoldRefusesWhatIsNoLog(t *testing.T) {
	t.Parallel()
	backwards := log(set("A", "1", "1"), set("B", "1", "1"))
	slices.Reverse(backwards)
	unrecorded := log(set("A", "1", "1"))
	unrecorded[0].Stamp = events.Stamp{}
	for name, all := range map[string][]events.Event{
		"backwards":          backwards,
		"never recorded":     unrecorded,
		"no points":          log(set("A", "1", "1/3")),
		"a score of letters": log(set("A", "1", "1"), scored("A", "ten")),
	} {
		if records, err := performance.Fold(all); err == nil || records != nil {
			t.Errorf("%s: %v, %v", name, records, err)
		}
	}
	if err := performance.Evolve(&performance.Record{Key: performance.Key{}}, log(set("A", "1", "1"))[0]); err == nil {
		t.Error("an event of another record was added")
	}
	if err := performance.Evolve(&performance.Record{Key: key}, log(events.PeriodClosed{Year: 2023, Month: 1})[0]); err == nil {
		t.Error("an event of no record was added")
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	computed := set("ZX-01", "90%", "10")
	computed.Computed = events.ComputedExecutionRate
	record := fold(t, set("SL-01", "2100", "20"), computed)
	for name, c := range map[string]struct {
		record *performance.Record
		data   events.Data
		code   events.Code
		reason events.Reason
		where  string
	}{
		"an indicator":                 {nil, set("SL-01", "1", "1"), "", "", ""},
		"a goal":                       {nil, events.GoalSet{Kind: events.OfProject, Year: 2023, Goal: "x"}, "", "", ""},
		"another type":                 {nil, events.PeriodClosed{Year: 2023, Month: 1}, "", "", ""},
		"a report":                     {record, reported("SL-01", "2023-12-31", "2160"), "", "", ""},
		"a score":                      {record, scored("SL-01", "19.9999"), "", "", ""},
		"a score of the whole weight":  {record, scored("SL-01", "20.0"), "", "", ""},
		"a score of a computed one":    {record, scored("ZX-01", "8"), "", "", ""},
		"a report on an empty record":  {nil, reported("SL-01", "2023-12-31", "1"), events.CodeUnknownIndicator, events.ReasonUnknownIndicator, "/data/indicator"},
		"a score on an empty record":   {nil, scored("SL-01", "1"), events.CodeUnknownIndicator, events.ReasonUnknownIndicator, "/data/indicator"},
		"a report of another one":      {record, reported("SL-02", "2023-12-31", "1"), events.CodeUnknownIndicator, events.ReasonUnknownIndicator, "/data/indicator"},
		"a score of another one":       {record, scored("sl-01", "1"), events.CodeUnknownIndicator, events.ReasonUnknownIndicator, "/data/indicator"},
		"a report of a computed one":   {record, reported("ZX-01", "2023-12-31", "88%"), events.CodeInvalidEvent, events.ReasonIndicatorComputed, "/data/actual"},
		"a score just above the most":  {record, scored("SL-01", "20.0001"), events.CodeInvalidEvent, events.ReasonScoreAboveWeight, "/data/score"},
		"a score with more characters": {record, scored("SL-01", "100"), events.CodeInvalidEvent, events.ReasonScoreAboveWeight, "/data/score"},
	} {
		err := performance.Decide(c.record, log(c.data)[0])
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if r := events.AsRefusal(err); r == nil || r.Code != c.code || r.Reason != c.reason || r.Where != c.where {
			t.Errorf("%s: %v; want %s %s at %s", name, err, c.code, c.reason, c.where)
		}
	}
}

func TestARefusalNamesTheSubject(t *testing.T) {
	t.Parallel()
	r := events.AsRefusal(performance.Decide(nil, log(scored("SL-01", "1"))[0]))
	want := map[string]string{"indicator": "SL-01", "subject": project, "year": "2023"}
	if diff := cmp.Diff(want, r.Params); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultRulesAreValid(t *testing.T) {
	t.Parallel()
	hubei := performance.Default()
	hubei.ExecutionWeight, hubei.Bands[1].To, hubei.Bands[2].From = "20", "50", "50"
	bare := performance.Default()
	bare.ExecutionWeight, bare.Overshoot, bare.Grades = "", "", nil
	for name, rules := range map[string]performance.Rules{"central": performance.Default(), "Hubei": hubei, "without execution, overshoot and grades": bare} {
		if err := rules.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		raw, err := json.Marshal(rules)
		if err != nil {
			t.Fatal(err)
		}
		var back performance.Rules
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rules, back); diff != "" {
			t.Errorf("%s: JSON changes the rules:\n%s", name, diff)
		}
	}
}

func TestValidateNamesTheBadField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*performance.Rules)
		field string
	}{
		"a weight of letters":     {func(r *performance.Rules) { r.ExecutionWeight = "ten" }, "execution_weight"},
		"a weight above 100":      {func(r *performance.Rules) { r.ExecutionWeight = "100.1" }, "execution_weight"},
		"a fraction":              {func(r *performance.Rules) { r.ExecutionWeight = "1/3" }, "execution_weight"},
		"an unknown mode":         {func(r *performance.Rules) { r.Quantitative = "half" }, "quantitative"},
		"no way by hand":          {func(r *performance.Rules) { r.ByHand = "" }, "by_hand"},
		"no bands":                {func(r *performance.Rules) { r.Bands = nil }, "bands"},
		"a band below the top":    {func(r *performance.Rules) { r.Bands[0].From = "90" }, "bands[0].from"},
		"a gap":                   {func(r *performance.Rules) { r.Bands[1].From = "79" }, "bands[1].from"},
		"a band without an edge":  {func(r *performance.Rules) { r.Bands[1].To = "" }, "bands[1].to"},
		"a band that goes up":     {func(r *performance.Rules) { r.Bands[1].To = "90" }, "bands[1].to"},
		"a band above nothing":    {func(r *performance.Rules) { r.Bands[2].To = "10" }, "bands[2].to"},
		"a band without a name":   {func(r *performance.Rules) { r.Bands[2].Grade = " " }, "bands[2].grade"},
		"a name given twice":      {func(r *performance.Rules) { r.Bands[2].Also = []string{"达成"} }, "bands[2].grade"},
		"an overshoot below 100":  {func(r *performance.Rules) { r.Overshoot = "99" }, "overshoot"},
		"an overshoot of letters": {func(r *performance.Rules) { r.Overshoot = "130%" }, "overshoot"},
		"an unknown way for 不适用":  {func(r *performance.Rules) { r.NotApplicable = "drop" }, "not_applicable"},
		"five digits":             {func(r *performance.Rules) { r.Digits = 5 }, "digits"},
		"negative digits":         {func(r *performance.Rules) { r.Digits = -1 }, "digits"},
		"an unknown rounding":     {func(r *performance.Rules) { r.Rounding = "up" }, "rounding"},
		"an unknown sum":          {func(r *performance.Rules) { r.SumOf = "both" }, "sum_of"},
		"grades that go up":       {func(r *performance.Rules) { r.Grades[1].From = "95" }, "grades[1].from"},
		"two grades of one name":  {func(r *performance.Rules) { r.Grades[1].Grade = "优" }, "grades[1].grade"},
		"grades above nothing":    {func(r *performance.Rules) { r.Grades = r.Grades[:3] }, "grades[2].from"},
		"a grade without an edge": {func(r *performance.Rules) { r.Grades[0].From = "" }, "grades[0].from"},
	} {
		rules := performance.Default()
		c.spoil(&rules)
		err := rules.Validate()
		if err == nil || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%s: %v; want an error of %s", name, err, c.field)
		}
	}
}

func TestValidateNamesEveryBadField(t *testing.T) {
	t.Parallel()
	err := performance.Rules{}.Validate()
	for _, field := range []string{"quantitative", "by_hand", "bands", "not_applicable", "rounding", "sum_of"} {
		if !strings.Contains(err.Error(), field+": ") {
			t.Errorf("%v does not name %s", err, field)
		}
	}
}
