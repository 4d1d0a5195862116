package events_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/outturn/outturn/events"
)

func indented(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, json.Indent(&b, raw, "", "  "))
	return b.Bytes()
}

func compileSchema(t *testing.T, of events.Type) *jsonschema.Schema {
	t.Helper()
	raw, err := events.Schema(of)
	must(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	must(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	must(t, compiler.AddResource("event.json", document))
	compiled, err := compiler.Compile("event.json")
	must(t, err)
	return compiled
}

func validate(t *testing.T, schema *jsonschema.Schema, raw []byte) error {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	must(t, err)
	return schema.Validate(instance)
}

// object is an event or its data, member by member.
type object = map[string]any

func parsed(t *testing.T, raw []byte) object {
	t.Helper()
	var o object
	must(t, json.Unmarshal(raw, &o))
	return o
}

// mutation is one change to an event, and whether it is still an event.
type mutation struct {
	name  string
	valid bool
	apply func(event, data object)
}

func set(valid bool, member string, values ...any) []mutation {
	var all []mutation
	for _, value := range values {
		all = append(all, mutation{fmt.Sprintf("%s is %.40v", member, value), valid, func(_, data object) { data[member] = value }})
	}
	return all
}

func setAttribute(valid bool, name string, values ...any) []mutation {
	var all []mutation
	for _, value := range values {
		all = append(all, mutation{fmt.Sprintf("attribute %s is %.40v", name, value), valid, func(event, _ object) { event[name] = value }})
	}
	return all
}

func envelopeMutations() []mutation {
	long := strings.Repeat("x", 129)
	all := slices.Concat(
		setAttribute(false, "specversion", "0.3", 1, nil),
		setAttribute(false, "id", "", "a b", "编号", long, 7, nil),
		setAttribute(true, "id", "a", "!~", long[:128]),
		setAttribute(false, "source", "", "a b", "财政", "%zz", long, 7, nil),
		setAttribute(true, "source", "/finance", "https://finance.example/a?b", long[:128]),
		setAttribute(false, "type", "", "outturn.budget.spent.v1", 7, nil),
		setAttribute(false, "subject", "", "a.b", "*", "指标", long[:65], 7, nil),
		setAttribute(true, "subject", "a", "_-9Z", long[:64]),
		setAttribute(false, "time", "", "2023-10-31", "2023-10-31 09:00:00Z", "2023-10-31T9:00:00Z", "2023-13-31T09:00:00Z", "2023-10-31T09:00:00", "2023-10-31t09:00:00z", "2023-10-31T09:00:00,5Z", "2023-10-31T09:00:00+24:00", "2023-10-31T24:00:00Z", 7),
		setAttribute(true, "time", "2023-10-31T09:00:00Z", "2023-10-31T09:00:00.123456789+08:00", nil),
		setAttribute(false, "datacontenttype", "", "application/xml", "application/jsonx", 7),
		setAttribute(true, "datacontenttype", "application/json", "Application/JSON; charset=utf-8", nil),
		setAttribute(false, "dataschema", "", 7),
		setAttribute(true, "dataschema", "https://finance.example/schema.json", nil),
		setAttribute(false, "data", nil, "text", 7, []any{}),
		setAttribute(false, "data_base64", "e30="),
		setAttribute(false, "Extension", "x"),
		setAttribute(false, long[:21], "x"),
		setAttribute(false, "ext", 1.5, math.MaxInt32+1, math.MinInt32-1, []any{}, object{}, "a\u0000b", "a\u0085b"),
		setAttribute(true, "ext", "", "扩展", true, false, math.MaxInt32, math.MinInt32, nil),
		setAttribute(true, long[:20], "x"),
	)
	for _, name := range []string{"sequence", "recordedtime", "actor", "approver", "prevhash"} {
		all = append(all, setAttribute(false, name, "1", 1, nil)...)
	}
	for _, name := range []string{"specversion", "id", "source", "type", "subject", "data"} {
		all = append(all, mutation{"attribute " + name + " is missing", false, func(event, _ object) { delete(event, name) }})
	}
	for _, name := range []string{"time", "datacontenttype"} {
		all = append(all, mutation{"attribute " + name + " is missing", true, func(event, _ object) { delete(event, name) }})
	}
	return all
}

// edges are what a member of each kind may and may not be. The members of one
// name are of one kind in every type.
func edges(member string) []mutation {
	many := strings.Repeat("文", 2001)
	switch member {
	case "amount", "tolerance_amount", "over":
		return append(set(true, member, "0.01", "1", "007.5", "100000000000000", "100000000000000.00", "99999999999999.99"),
			set(false, member, 1, 1.5, "", "1.", ".5", "1.234", "+1", "-1", "-0.01", "1e3", "1,000", " 1", "1 ", "100000000000000.01", "1000000000000000", "NaN", "壹", true, object{})...)
	case "months":
		twelve := func(last any) []any { return append(slices.Repeat([]any{"0"}, 11), last) }
		return append(set(true, member, twelve("0.00"), twelve("1.5"), twelve("-0.00")),
			set(false, member, twelve("-1"), twelve(1), twelve(nil), twelve("x"), twelve("0")[:11], append(twelve("0"), "0"), []any{}, "0", object{})...)
	case "date", "until", "expires", "due":
		return append(set(true, member, "2023-01-01", "2024-02-29", "1950-01-01", "2199-12-31"),
			set(false, member, "", "2023-02-29", "2023-00-10", "2023-1-1", "2023/01/01", "1949-12-31", "2200-01-01", "20230101", "2023-01-01T00:00:00Z", 20230101, object{})...)
	case "year", "from_year", "to_year":
		return append(set(true, member, 2199), set(false, member, 1949, 2200, "2023", 2023.5, true, object{})...)
	case "vintage":
		return append(set(true, member, 1950), set(false, member, 1949, 2200, "2023", 2023.5)...)
	case "month":
		return append(set(true, member, 1, 12), set(false, member, 0, 13, "10", 1.5, -1)...)
	case "stalled_days", "answer_days":
		return append(set(true, member, 1, 366), set(false, member, 0, -1, 367, "10", 1.5)...)
	case "rate", "progress":
		return append(set(true, member, "0", "-3.5000", "100.00", "12345.67"), set(false, member, "", "+1", "1.", ".5", "1.23456", "1e3", "百", 10, object{})...)
	case "watch":
		return append(set(true, member, "0", "5.0000", "20"), set(false, member, "", "-1", "1.23456", ".5", 10)...)
	case "behind":
		return append(set(true, member, "5", "1000.0000"), set(false, member, "", "-1", "1001", "1.23456", ".5", 10)...)
	case "steps":
		step := func(on, percent any) object { return object{"on": on, "percent": percent} }
		steps := func(all ...any) []any { return all }
		return append(set(true, member, steps(step("12-31", "100.0000")), steps(step("02-29", "0"), step("03-01", "0")), steps(step("01-31", "99.9999"))),
			set(false, member, steps(), steps(step("02-30", "1")), steps(step("13-01", "1")), steps(step("06-31", "1")), steps(step("4-30", "1")),
				steps(step("04-30", "100.1")), steps(step("04-30", "-1")), steps(step("04-30", 25)), steps(step(430, "25")), steps(step("04-30", nil)),
				steps(nil), steps("04-30"), steps(object{"on": "04-30"}), steps(object{"on": "04-30", "percent": "1", "per": "1"}),
				steps(object{"On": "04-30", "percent": "1"}), slices.Repeat(steps(step("04-30", "25")), 25), "04-30", 7, object{})...)
	case "position":
		return append(set(true, member, 1, 1<<53-1), set(false, member, 0, -1, 1<<53, "7", 1.5)...)
	case "core":
		return append(set(true, member, true, false), set(false, member, "true", 1, object{})...)
	case "function_class":
		return append(set(true, member, "215", "21508", "2150805"), set(false, member, "", "21", "2150", "215080", "21508050", "215080x", "215080５", 2150805)...)
	case "economic_class", "to_economic_class":
		return append(set(true, member, "302", "30216"), set(false, member, "", "30", "3021", "302160", "3021x", 30216)...)
	case "score", "weight", "tolerance_percent", "goal_gap":
		return append(set(true, member, "0", "10", "8.9423", "999.9999", "1000", "1000.0000"), set(false, member, "", "-1", "1001", "1000.1", "1.23456", ".5", "1.", "十", 10)...)
	case "digest", "hash":
		return set(false, member, "", strings.Repeat("a", 63), strings.Repeat("a", 65), strings.Repeat("A", 64), 7)
	case "types":
		paid, sent := "outturn.disbursement.paid.v1", "outturn.carryover.sent.v1"
		var every []string
		for _, d := range events.Definitions() {
			every = append(every, string(d.Type))
		}
		return append(set(true, member, []string{paid}, []string{paid, sent}, every[:20]),
			set(false, member, []string{}, []string{paid, paid}, []string{paid, "outturn.budget.spent.v1"}, every[:21], []any{7}, []any{nil}, paid, object{})...)
	case "event":
		whole := object{"specversion": "1.0", "id": "e", "source": "s", "type": "outturn.user.registered.v1", "subject": "desk", "data": object{}}
		return append(set(true, member, whole), set(false, member, "", "{}", 7, []any{}, object{}, []any{whole})...)
	case "fund", "kind", "about", "answer", "operator", "computed", "role", "method", "availability", "pool", "plan", "curve":
		return set(false, member, "", "other", "General_Public", 7, object{})
	case "payment":
		return append(set(true, member, "a", strings.Repeat("~", 128)), set(false, member, "", "a b", "编号", strings.Repeat("a", 129), 7)...)
	case "document", "name", "payee", "counterparty", "implementing_unit", "level1", "level2", "level3", "target", "adjusted_target", "measuring_unit", "grade", "template", "label", "cause":
		return append(set(true, member, "x", " x ", many[:3*300], "𠀀"+many[:3*299]),
			set(false, member, "", " ", "　", many[:3*301], "a\nb", "a\tb", "a\u0000", "a\u007f", "a\u0085", 7, object{})...)
	case "reason", "memo", "purpose", "note", "detail", "goal":
		return append(set(true, member, "x", "a\nb\tc", "\n好", many[:3*2000]),
			set(false, member, "", " \n", "　", many, "a\rb", "a\u0000", "a\u007f", "a\u0085", 7, object{})...)
	case "actual": // a Note of goals, a Text of indicators
		return append(set(true, member, "x"), set(false, member, "", "　", "a\rb", 7)...)
	}
	return append(set(true, member, "a", "_-9Z", strings.Repeat("x", 64)),
		set(false, member, "", "a.b", "a b", "*", "单位", strings.Repeat("x", 65), 7, object{})...)
}

func memberMutations(d events.Definition) []mutation {
	all := set(false, "no_such_member", "x", nil)
	for _, member := range d.Members() {
		all = append(all, edges(member.Name)...)
		valid := !member.Required && member.Name != "steps" // the golden's curve has steps
		all = append(all, set(valid, member.Name, nil)...)
		all = append(all,
			mutation{member.Name + " is missing", valid, func(_, data object) { delete(data, member.Name) }},
			mutation{member.Name + " is in capitals", false, func(_, data object) {
				data[strings.ToUpper(member.Name)] = data[member.Name]
				delete(data, member.Name)
			}})
	}
	return all
}

func TestSchemaAndParseAgree(t *testing.T) {
	t.Parallel()
	for _, g := range goldenLog(t) {
		d, _ := events.Lookup(g.data.Type())
		t.Run(d.Type.Noun(), func(t *testing.T) {
			t.Parallel()
			schema := compileSchema(t, d.Type)
			submitted := g.submitted(t)
			must(t, validate(t, schema, submitted))
			must(t, validate(t, schema, minimal(t, g)))
			for _, m := range append(envelopeMutations(), memberMutations(d)...) {
				event := parsed(t, submitted)
				data := event["data"].(object)
				m.apply(event, data)
				raw, err := json.Marshal(event)
				must(t, err)
				_, parseErr := events.Parse(raw)
				schemaErr := validate(t, schema, raw)
				if (parseErr == nil) != m.valid {
					t.Errorf("%s: Parse says %v, want valid = %v", m.name, parseErr, m.valid)
				}
				if (schemaErr == nil) != m.valid {
					t.Errorf("%s: the schema says %v, want valid = %v", m.name, schemaErr, m.valid)
				}
				if parseErr != nil && events.AsRefusal(parseErr) == nil {
					t.Errorf("%s: %v is no refusal", m.name, parseErr)
				}
			}
		})
	}
}

// TestAProposalHoldsAnEvent: what is proposed is held to its own type's rules by
// Parse alone, as the comment of Schema says.
func TestAProposalHoldsAnEvent(t *testing.T) {
	t.Parallel()
	for _, g := range goldenLog(t) {
		if _, ok := g.data.(events.ProposalMade); !ok {
			continue
		}
		for name, change := range map[string]func(proposed object){
			"another member":   func(proposed object) { proposed["data"].(object)["amounts"] = "1.00" },
			"an amount of 0":   func(proposed object) { proposed["data"].(object)["amount"] = "0.00" },
			"a member of log":  func(proposed object) { proposed["sequence"] = "7" },
			"an unknown type":  func(proposed object) { proposed["type"] = "outturn.budget.spent.v1" },
			"no source at all": func(proposed object) { delete(proposed, "source") },
		} {
			event := parsed(t, g.submitted(t))
			change(event["data"].(object)["event"].(object))
			raw, err := json.Marshal(event)
			must(t, err)
			_, err = events.Parse(raw)
			if r := events.AsRefusal(err); r == nil || r.Reason != events.ReasonFieldInvalid || r.Where != "/data/event" {
				t.Errorf("%s: %v, want the proposed event refused", name, err)
			}
		}
	}
}

// TestKindsOfSubjectAgree tries each kind of subject on each type that states it.
func TestKindsOfSubjectAgree(t *testing.T) {
	t.Parallel()
	for _, g := range goldenLog(t) {
		d, _ := events.Lookup(g.data.Type())
		if len(d.Abouts) == 1 {
			continue
		}
		schema := compileSchema(t, d.Type)
		for _, about := range events.Subjects() {
			event := parsed(t, g.submitted(t))
			event["data"].(object)["about"] = about
			raw, err := json.Marshal(event)
			must(t, err)
			want := slices.Contains(d.Abouts, about)
			if _, err := events.Parse(raw); (err == nil) != want {
				t.Errorf("%s about a %s: Parse says %v, want valid = %v", d.Type, about, err, want)
			}
			if err := validate(t, schema, raw); (err == nil) != want {
				t.Errorf("%s about a %s: the schema says %v, want valid = %v", d.Type, about, err, want)
			}
		}
	}
}

func TestACorrectionMustCorrectSomething(t *testing.T) {
	t.Parallel()
	noun := events.DisbursementCorrected{}.Type()
	schema := compileSchema(t, noun)
	for name, absent := range map[string]func(data object){
		"both missing": func(data object) { delete(data, "to_line"); delete(data, "to_economic_class") },
		"both null":    func(data object) { maps.Copy(data, object{"to_line": nil, "to_economic_class": nil}) },
	} {
		for _, g := range goldenLog(t) {
			if g.data.Type() != noun {
				continue
			}
			event := parsed(t, g.submitted(t))
			absent(event["data"].(object))
			raw, err := json.Marshal(event)
			must(t, err)
			if validate(t, schema, raw) == nil {
				t.Errorf("%s: the schema lets it pass", name)
			}
			_, err = events.Parse(raw)
			if r := events.AsRefusal(err); r == nil || r.Reason != events.ReasonNothingToCorrect {
				t.Errorf("%s: %v, want %s", name, err, events.ReasonNothingToCorrect)
			}
		}
	}
}

// TestStepsRiseAndThresholdsAreInOrder tries what Parse alone checks, as the
// comment of Schema says, and steps of a curve that has none.
func TestStepsRiseAndThresholdsAreInOrder(t *testing.T) {
	t.Parallel()
	for _, g := range goldenLog(t) {
		if _, ok := g.data.(events.PaceSet); !ok {
			continue
		}
		for name, c := range map[string]struct {
			member string
			value  any
			where  string
		}{
			"a day twice":          {"steps", []object{{"on": "04-30", "percent": "25"}, {"on": "04-30", "percent": "30"}}, "/data/steps"},
			"a day before":         {"steps", []object{{"on": "04-30", "percent": "25"}, {"on": "04-29", "percent": "30"}}, "/data/steps"},
			"a percent that falls": {"steps", []object{{"on": "04-30", "percent": "25"}, {"on": "05-31", "percent": "24.9999"}}, "/data/steps"},
			"behind below watch":   {"behind", "4.9999", "/data/behind"},
			"watch above behind":   {"watch", "20.0001", "/data/behind"},
			"steps by month":       {"curve", "month", "/data/steps"},
		} {
			event := parsed(t, g.submitted(t))
			event["data"].(object)[c.member] = c.value
			raw, err := json.Marshal(event)
			must(t, err)
			_, err = events.Parse(raw)
			if r := events.AsRefusal(err); r == nil || r.Reason != events.ReasonFieldInvalid || r.Where != c.where {
				t.Errorf("%s: %v, want %s refused", name, err, c.where)
			}
		}
	}
}

func TestSchemaOfAnUnknownType(t *testing.T) {
	t.Parallel()
	if _, err := events.Schema("outturn.budget.spent.v1"); events.AsRefusal(err) == nil {
		t.Errorf("error %v, want a refusal", err)
	}
}
