package pace_test

import (
	"encoding/json"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections/pace"
)

// said is an event about a unit, as the log has it at a sequence.
func said(t testing.TB, sequence uint64, unit string, data events.Data) events.Event {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"specversion": "1.0", "id": "e", "source": "test", "type": data.Type(), "subject": unit, "data": data})
	if err != nil {
		t.Fatal(err)
	}
	event, err := events.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if event, err = event.Record(events.Stamp{Sequence: sequence, RecordedTime: time.Unix(1, 0), Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	return event
}

func set(id events.PaceID) events.PaceSet {
	return events.PaceSet{Pace: id, Curve: events.CurveDay, Watch: "2.5", Behind: "7.5", Date: date("2023-01-01")}
}

// upwards are a unit and those above it.
func upwards(units ...events.UnitID) func(func(events.UnitID) bool) {
	return func(yield func(events.UnitID) bool) {
		for _, unit := range units {
			if !yield(unit) {
				return
			}
		}
	}
}

func TestTheNearestAndMostSpecificRuleHolds(t *testing.T) {
	t.Parallel()
	of := func(id events.PaceID, project events.ProjectID, fund events.Fund, kind events.ProjectKind) events.PaceSet {
		rule := set(id)
		rule.Project, rule.Fund, rule.ProjectKind = project, fund, kind
		return rule
	}
	type at struct {
		unit string
		data events.Data
	}
	city, bureau := at{"city", of("city", "", "", "")}, at{"bureau", of("bureau", "", "", "")}
	line := pace.Covered{Project: "p", Kind: events.KindProject, Fund: events.GeneralPublic}
	for name, c := range map[string]struct {
		set  []at
		of   pace.Covered
		want events.PaceID
	}{
		"none is proportional":                   {nil, line, pace.SetProportional},
		"that of the unit above":                 {[]at{city}, line, "city"},
		"the nearest":                            {[]at{bureau, city}, line, "bureau"},
		"another unit's is none":                 {[]at{{"museum", set("m")}}, line, pace.SetProportional},
		"above, if the nearer does not cover it": {[]at{city, {"bureau", of("b", "other", "", "")}}, line, "city"},
		"a project before a fund":                {[]at{{"bureau", of("a", "p", "", "")}, {"bureau", of("b", "", events.GeneralPublic, events.KindProject)}}, line, "a"},
		"a fund before a kind":                   {[]at{{"bureau", of("a", "", events.GeneralPublic, "")}, {"bureau", of("b", "", "", events.KindProject)}}, line, "a"},
		"a kind before nothing":                  {[]at{{"bureau", of("a", "", "", events.KindProject)}, bureau}, line, "a"},
		"the one set last":                       {[]at{bureau, {"bureau", of("a", "", "", "")}}, line, "a"},
		"set again it is the last":               {[]at{{"bureau", of("a", "", "", "")}, bureau, {"bureau", of("a", "", "", "")}}, line, "a"},
		"set again in other words":               {[]at{{"bureau", of("a", "p", "", "")}, {"bureau", of("a", "other", "", "")}}, line, pace.SetProportional},
		"removed":                                {[]at{bureau, {"bureau", events.PaceRemoved{Pace: "bureau", Date: date("2023-02-01")}}}, line, pace.SetProportional},
		"a unit has no project":                  {[]at{{"bureau", of("a", "p", "", "")}, city}, pace.Covered{}, "city"},
		"a project of two funds":                 {[]at{{"bureau", of("a", "", events.GeneralPublic, "")}, city}, pace.Covered{Project: "p", Kind: events.KindProject}, "city"},
	} {
		var rules pace.Rules
		for i, s := range c.set {
			event := said(t, uint64(i+1), s.unit, s.data)
			if err := rules.Decide(event); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			rules.Evolve(event)
		}
		if got := rules.For(c.of, upwards("bureau", "city")); got.ID != c.want {
			t.Errorf("%s: %s holds, want %s", name, got.ID, c.want)
		}
	}
}

func TestARuleSaysWhatItsEventSaid(t *testing.T) {
	t.Parallel()
	data := events.PaceSet{
		Pace: "p", Curve: events.CurveSteps, Steps: events.Steps{{On: "06-30", Percent: "40"}}, Watch: "0", Behind: "12.5",
		StalledDays: 60, GoalGap: "7.5", AnswerDays: 3, Date: date("2023-01-01"),
	}
	var rules pace.Rules
	rules.Evolve(said(t, 7, "bureau", data))
	got := rules.For(pace.Covered{}, upwards("bureau"))
	if got.Watch.Sign() != 0 || got.Behind.String() != "25/2" || got.StalledDays != 60 || got.GoalGap.String() != "15/2" ||
		got.AnswerDays != 3 || got.Sequence != 7 || got.Unit != "bureau" || !slices.Equal(got.Curve.Steps, data.Steps) {
		t.Errorf("%+v", got)
	}
	rules.Evolve(said(t, 8, "bureau", set("p")))
	got = rules.For(pace.Covered{}, upwards("bureau"))
	if got.StalledDays != 0 || got.GoalGap != nil || got.AnswerDays != pace.DefaultAnswerDays {
		t.Errorf("what is absent: %+v", got)
	}
}

func TestOnlyWhatIsSetIsRemoved(t *testing.T) {
	t.Parallel()
	var rules pace.Rules
	rules.Evolve(said(t, 1, "bureau", set("p")))
	removed := events.PaceRemoved{Pace: "p", Date: date("2023-02-01")}
	for name, event := range map[string]events.Event{
		"of the unit above": said(t, 2, "city", removed),
		"of another code":   said(t, 2, "bureau", events.PaceRemoved{Pace: "q", Date: date("2023-02-01")}),
	} {
		if r := events.AsRefusal(rules.Decide(event)); r == nil || r.Code != pace.CodeUnknownPace || r.Where != "/data/pace" {
			t.Errorf("%s: %v", name, r)
		}
	}
	again := said(t, 3, "bureau", removed)
	if err := rules.Decide(again); err != nil {
		t.Error(err)
	}
	rules.Evolve(again)
	if rules.Decide(again) == nil {
		t.Error("it is removed twice")
	}
}

func TestAForkChangesNothingUntilItIsMerged(t *testing.T) {
	t.Parallel()
	var rules pace.Rules
	rules.Evolve(said(t, 1, "bureau", set("p")))
	fork := rules.Fork()
	fork.Evolve(said(t, 2, "bureau", set("q")))
	fork.Evolve(said(t, 3, "city", set("r")))
	if all := rules.All(); len(all) != 1 || all[0].ID != "p" {
		t.Errorf("before: %v", all)
	}
	fork.Merge()
	if all := rules.All(); len(all) != 3 || all[0].ID != "p" || all[1].ID != "q" || all[2].Unit != "city" {
		t.Errorf("after: %v", all)
	}
}

func TestBuiltInSetsAreTheirSources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id   events.PaceID
		on   string
		rate int64 // percent
		want pace.Status
	}{
		{pace.SetProportional, "2023-07-31", 56, pace.Watch},
		{pace.SetSichuan2025, "2023-04-29", 0, pace.OnPace},
		{pace.SetSichuan2025, "2023-04-30", 25, pace.OnPace},
		{pace.SetSichuan2025, "2023-04-30", 24, pace.Behind},
		{pace.SetSichuan2025, "2023-06-30", 39, pace.Behind},
		{pace.SetSichuan2025, "2023-08-31", 60, pace.OnPace},
		{pace.SetSichuan2025, "2023-10-31", 59, pace.FarBehind},
		{pace.SetJulyNovember, "2023-07-30", 1, pace.OnPace},
		{pace.SetJulyNovember, "2023-07-31", 39, pace.Behind},
		{pace.SetJulyNovember, "2023-11-30", 80, pace.OnPace},
		{pace.SetJulyNovember, "2023-11-30", 79, pace.Behind},
	} {
		sets := pace.Sets()
		i := slices.IndexFunc(sets, func(r pace.Rule) bool { return r.ID == c.id })
		if i < 0 {
			t.Fatalf("there is no set %s", c.id)
		}
		s := pace.Standing{
			Figures:  budget.Figures{Executed: money.Amount(c.rate), FullYear: 100},
			Progress: sets[i].Curve.Progress(2023, date(c.on), nil),
		}
		if got := s.Status(sets[i]); got != c.want {
			t.Errorf("%s on %s at %d %%: %s, want %s", c.id, c.on, c.rate, got, c.want)
		}
	}
}

func TestGoalsAgainstMoney(t *testing.T) {
	t.Parallel()
	rule := pace.Proportional()
	for name, c := range map[string]struct {
		attained *big.Rat
		want     string
		apart    bool
	}{
		"level":                  {big.NewRat(1, 2), "0.00", false},
		"ten points ahead":       {big.NewRat(6, 10), "10.00", false},
		"a little more than ten": {big.NewRat(6001, 10000), "10.01", true},
		"reads ten":              {big.NewRat(600049, 1000000), "10.00", false},
		"ten points behind":      {big.NewRat(4, 10), "-10.00", false},
		"more behind":            {big.NewRat(3999, 10000), "-10.01", true},
	} {
		gap := standing(50, 100, 6).GoalGap(c.attained)
		if got := money.Print(gap, pace.Digits, money.HalfUp); got != c.want || rule.Apart(gap) != c.apart {
			t.Errorf("%s: %s, apart %t; want %s, %t", name, got, rule.Apart(gap), c.want, c.apart)
		}
	}
	if gap := standing(0, 0, 6).GoalGap(big.NewRat(1, 1)); gap != nil || rule.Apart(gap) {
		t.Errorf("without a budget: %v", gap)
	}
	rule.GoalGap = nil
	if rule.Apart(standing(0, 100, 6).GoalGap(big.NewRat(1, 1))) {
		t.Error("a rule without a gap compares")
	}
}
