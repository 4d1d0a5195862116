package events_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// drawData draws a data struct of the type that sample has, each member by its Go
// type. A new type of member without a generator fails the test.
func drawData(t *rapid.T, sample events.Data, abouts []events.Subject) events.Data {
	data := reflect.New(reflect.TypeOf(sample)).Elem()
	for _, f := range reflect.VisibleFields(data.Type()) {
		optional := strings.Contains(f.Tag.Get("json"), "omitempty")
		if optional && rapid.Bool().Draw(t, f.Name+" absent") {
			continue
		}
		var value any
		if f.Type == reflect.TypeFor[events.Subject]() {
			value = rapid.SampledFrom(abouts).Draw(t, "about")
		} else {
			value = drawMember(t, f, f.Tag.Get("zero") == "allowed")
		}
		data.FieldByIndex(f.Index).Set(reflect.ValueOf(value).Convert(f.Type))
	}
	return repaired(data.Interface().(events.Data))
}

// repaired makes true what a type asks beyond its single members.
func repaired(data events.Data) events.Data {
	switch d := data.(type) {
	case events.LineOpened:
		d.Vintage = min(d.Vintage, d.Year)
		return d
	case events.PaceSet:
		if d.Steps = nil; d.Curve == events.CurveSteps {
			d.Steps = events.Steps{{On: "02-29", Percent: "7.5"}, {On: "10-31", Percent: "80"}}
		}
		if d.Behind.Rat().Cmp(d.Watch.Rat()) < 0 {
			d.Watch, d.Behind = d.Behind, d.Watch
		}
		return d
	case events.DisbursementCorrected:
		if d.ToLine == "" && d.ToEconomicClass == "" {
			d.ToLine = "L2"
		}
		return d
	}
	return data
}

func drawMember(t *rapid.T, f reflect.StructField, zero bool) any {
	matching := func(pattern string) string { return rapid.StringMatching(pattern).Draw(t, f.Name) }
	lowest := money.Amount(1)
	if zero {
		lowest = 0
	}
	amounts := rapid.Map(rapid.Int64Range(int64(lowest), int64(money.MaxStated)), func(fen int64) money.Amount { return money.Amount(fen) })
	switch f.Type {
	case reflect.TypeFor[money.Amount]():
		return amounts.Draw(t, f.Name)
	case reflect.TypeFor[[12]money.Amount]():
		return [12]money.Amount(rapid.SliceOfN(amounts, 12, 12).Draw(t, f.Name))
	case reflect.TypeFor[fiscal.Date]():
		first := fiscal.MinYear.First()
		return first.AddDays(rapid.IntRange(0, int(fiscal.MaxYear.Last().Time().Sub(first.Time()).Hours()/24)).Draw(t, f.Name))
	case reflect.TypeFor[fiscal.Year]():
		return rapid.IntRange(int(fiscal.MinYear), int(fiscal.MaxYear)).Draw(t, f.Name)
	case reflect.TypeFor[events.Month]():
		return rapid.IntRange(1, 12).Draw(t, f.Name)
	case reflect.TypeFor[events.Position]():
		return rapid.Uint64Range(1, 1<<53-1).Draw(t, f.Name)
	case reflect.TypeFor[bool]():
		return true // false is the same as absent
	case reflect.TypeFor[*events.UnitID]():
		return ref(events.UnitID(matching(`[A-Za-z0-9_-]{1,64}`)))
	case reflect.TypeFor[*fiscal.Date]():
		return ref(fiscal.MinYear.First().AddDays(rapid.IntRange(0, 30_000).Draw(t, f.Name)))
	case reflect.TypeFor[events.Text]():
		return drawText(t, f.Name, events.MaxText, "")
	case reflect.TypeFor[events.Note]():
		return drawText(t, f.Name, events.MaxNote, "\n\t")
	case reflect.TypeFor[events.EventID]():
		return matching(`[!-~]{1,128}`)
	case reflect.TypeFor[events.FunctionClass]():
		return matching(`[0-9]{3}([0-9]{2}){0,2}`)
	case reflect.TypeFor[events.EconomicClass]():
		return matching(`[0-9]{3}([0-9]{2})?`)
	case reflect.TypeFor[events.Points]():
		return matching(`[0-9]{1,3}(\.[0-9]{1,4})?|1000(\.0{1,4})?`)
	case reflect.TypeFor[events.Percent]():
		return matching(`-?[0-9]{1,20}(\.[0-9]{1,4})?`)
	case reflect.TypeFor[events.Days]():
		return rapid.IntRange(1, 366).Draw(t, f.Name)
	case reflect.TypeFor[events.Curve]():
		return rapid.SampledFrom(events.Curves()).Draw(t, f.Name)
	case reflect.TypeFor[events.Steps]():
		return events.Steps{} // repaired gives them to the curve that has them
	case reflect.TypeFor[events.Digest]():
		return matching(`[0-9a-f]{64}`)
	case reflect.TypeFor[events.Fund]():
		return rapid.SampledFrom(events.Funds()).Draw(t, f.Name)
	case reflect.TypeFor[events.ProjectKind]():
		return rapid.SampledFrom(events.ProjectKinds()).Draw(t, f.Name)
	case reflect.TypeFor[events.Answer]():
		return rapid.SampledFrom(events.Answers()).Draw(t, f.Name)
	case reflect.TypeFor[events.Operator]():
		return rapid.SampledFrom(events.Operators()).Draw(t, f.Name)
	case reflect.TypeFor[events.Computation]():
		return rapid.SampledFrom(events.Computations()).Draw(t, f.Name)
	case reflect.TypeFor[events.Role]():
		return rapid.SampledFrom(events.Roles()).Draw(t, f.Name)
	case reflect.TypeFor[events.SignInMethod]():
		return rapid.SampledFrom(events.SignInMethods()).Draw(t, f.Name)
	case reflect.TypeFor[events.Availability]():
		return rapid.SampledFrom(events.Availabilities()).Draw(t, f.Name)
	case reflect.TypeFor[events.Pool]():
		return rapid.SampledFrom(events.Pools()).Draw(t, f.Name)
	case reflect.TypeFor[events.PlanLimit]():
		return rapid.SampledFrom(events.PlanLimits()).Draw(t, f.Name)
	case reflect.TypeFor[events.Types]():
		names := rapid.Map(rapid.SampledFrom(events.Definitions()), func(d events.Definition) events.Type { return d.Type })
		return rapid.SliceOfNDistinct(names, 1, 20, rapid.ID).Draw(t, f.Name)
	case reflect.TypeFor[events.Submitted]():
		return fmt.Appendf(nil, `{"data":{"amount":"%s","date":"2023-10-30","document":"00232"},"id":"ZF-1","source":"/finance","specversion":"1.0","subject":"L1","type":"outturn.disbursement.paid.v1"}`, amounts.Filter(func(a money.Amount) bool { return a > 0 }).Draw(t, f.Name))
	}
	return matching(`[A-Za-z0-9_-]{1,64}`)
}

// drawText draws text of Chinese, signs that JSON escapes, and others.
func drawText(t *rapid.T, name string, limit int, also string) string {
	runes := append([]rune(`预算执行数〔〕"\/<>&'az09`+"𠀀😀\u2028\ufffd\ue000"), []rune(also)...)
	return "字" + rapid.StringOfN(rapid.SampledFrom(runes), 0, min(limit-1, 40), -1).Draw(t, name)
}

// TestEveryValidEventSurvives draws events of every type: what the log gives
// back says what was submitted, and nothing else.
func TestEveryValidEventSurvives(t *testing.T) {
	t.Parallel()
	for _, g := range goldenLog(t) {
		d, _ := events.Lookup(g.data.Type())
		t.Run(d.Type.Noun(), func(t *testing.T) {
			t.Parallel()
			schema := compileSchema(t, d.Type)
			rapid.Check(t, func(rt *rapid.T) {
				g := golden{
					id:         rapid.StringMatching(`[!-~]{1,128}`).Draw(rt, "id"),
					subject:    rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`).Draw(rt, "subject"),
					at:         drawTime(rt).Format(time.RFC3339Nano),
					data:       drawData(rt, g.data, d.Abouts),
					extensions: map[string]any{"note": drawText(rt, "extension", 40, "")},
				}
				submitted := g.submitted(t)
				parsed, err := events.Parse(submitted)
				if err != nil {
					rt.Fatalf("%s is refused: %v", submitted, err)
				}
				if err := validate(t, schema, submitted); err != nil {
					rt.Fatalf("the schema refuses %s: %v", submitted, err)
				}
				recorded, err := parsed.Record(events.Stamp{
					Sequence:     rapid.Uint64Min(1).Draw(rt, "sequence"),
					RecordedTime: drawTime(rt),
					Actor:        drawText(rt, "actor", 40, ""),
					Approver:     rapid.SampledFrom([]string{"", "review-desk", "复核岗"}).Draw(rt, "approver"),
					PrevHash:     events.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "prevhash")),
				})
				if err != nil {
					rt.Fatal(err)
				}
				decoded, err := events.Decode(recorded.Raw())
				if err != nil {
					rt.Fatalf("%s does not decode: %v", recorded.Raw(), err)
				}
				if diff := cmp.Diff(g.data, decoded.Data); diff != "" {
					rt.Fatalf("data (-submitted +decoded):\n%s", diff)
				}
				if diff := cmp.Diff(recorded.Stamp, decoded.Stamp); diff != "" {
					rt.Fatalf("stamp (-recorded +decoded):\n%s", diff)
				}
				content, err := decoded.Content()
				if err != nil || !bytes.Equal(content, parsed.Raw()) {
					rt.Fatalf("content %s, %v; submitted %s", content, err, parsed.Raw())
				}
			})
		})
	}
}

func drawTime(t *rapid.T) time.Time {
	seconds := rapid.Int64Range(0, 4e9).Draw(t, "seconds")
	offset := rapid.IntRange(-14*60, 14*60).Draw(t, "offset in minutes")
	return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).In(time.FixedZone("", offset*60))
}

func drawJSON(t *rapid.T, depth int) any {
	text := rapid.String().Draw(t, "text")
	kinds := 6
	if depth == 0 {
		kinds = 4
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return json.Number(fmt.Sprint(rapid.Int64().Draw(t, "number")))
	case 3:
		return text
	case 4:
		list := []any{}
		for range rapid.IntRange(0, 4).Draw(t, "length") {
			list = append(list, drawJSON(t, depth-1))
		}
		return list
	}
	members := object{}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		members[rapid.String().Draw(t, "key")] = drawJSON(t, depth-1)
	}
	return members
}

// TestCanonicalIsIdempotent draws JSON, writes it in two ways, and wants one
// canonical form of both, that says the same and is its own canonical form.
func TestCanonicalIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		value := drawJSON(rt, events.MaxDepth-1)
		compact, err := json.Marshal(value)
		if err != nil {
			rt.Fatal(err)
		}
		spaced, err := json.MarshalIndent(value, " ", "\t")
		if err != nil {
			rt.Fatal(err)
		}
		canonical, err := events.Canonical(compact)
		if err != nil {
			rt.Fatalf("%s is refused: %v", compact, err)
		}
		for name, raw := range map[string][]byte{"itself": canonical, "the indented form": spaced} {
			again, err := events.Canonical(raw)
			if err != nil || !bytes.Equal(again, canonical) {
				rt.Fatalf("canonical form of %s: %s, %v; want %s", name, again, err, canonical)
			}
		}
		var back any
		decoder := json.NewDecoder(bytes.NewReader(canonical))
		decoder.UseNumber()
		if err := decoder.Decode(&back); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(value, back); diff != "" {
			rt.Fatalf("the canonical form says something else (-want +got):\n%s", diff)
		}
	})
}
