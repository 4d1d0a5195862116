package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// schemaDialect is the draft of JSON Schema that the schemas are written in,
// the one that OpenAPI 3.1 uses.
const schemaDialect = "https://json-schema.org/draft/2020-12/schema"

// schema is a JSON Schema as encoding/json writes it.
type schema = map[string]any

// Member is one member of a type's data.
type Member struct {
	Name     string
	Required bool
	// Says is what the member means, in a sentence without its full stop.
	Says string
}

// Members lists the members of the type's data in the order of documentation.
func (d Definition) Members() []Member {
	var members []Member
	for _, f := range fieldsOf(d.data) {
		members = append(members, Member{Name: f.name, Required: !f.optional, Says: meanings[f.name]})
	}
	return members
}

// Schema writes the JSON Schema (draft 2020-12) of a whole event of a type, as
// a client submits it: indented, members sorted, the same bytes every time. An
// error says that there is no such type.
//
// What [Parse] accepts, the schema accepts. A few things pass the schema and
// are refused by Parse, because JSON Schema cannot say them: a whole number
// written as 1.0 or 1e0, a vintage after the line's year, a text of nothing but
// rare kinds of space, a second of 60, a proposed event that is none of its own
// type, steps that do not rise, thresholds in the wrong order, and what
// [Canonical] refuses.
func Schema(t Type) ([]byte, error) {
	d, known := Lookup(t)
	if !known {
		return nil, unknownType(t)
	}
	whole := d.EventSchema()
	whole["$schema"] = schemaDialect
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(whole); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", t, err)
	}
	return out.Bytes(), nil
}

// EventSchema is the JSON Schema of a whole event of the type, to be embedded
// in an OpenAPI 3.1 document. The caller owns the map.
func (d Definition) EventSchema() map[string]any {
	properties := schema{
		"specversion":     schema{"const": "1.0", "description": "Version of CloudEvents"},
		"id":              describe(visibleSchema(), "Names the event within its source: the two are its idempotency key, for ever"),
		"source":          describe(with(visibleSchema(), "format", "uri-reference"), "URI reference of the system that says it"),
		"type":            schema{"const": string(d.Type)},
		"subject":         describe(codeSchema(), fmt.Sprintf("Code of the %s that the event is about", orList(d.Abouts))),
		"time":            schema{"type": list("string", "null"), "format": "date-time", "pattern": timePattern.String(), "description": "When it was said, kept as written"},
		"datacontenttype": schema{"type": list("string", "null"), "pattern": `^\s*[aA][pP][pP][lL][iI][cC][aA][tT][iI][oO][nN]/[jJ][sS][oO][nN]\s*(;|$)`},
		"dataschema":      schema{"type": list("string", "null"), "format": "uri-reference", "minLength": 1},
		"data":            d.DataSchema(),
	}
	for _, name := range attributesOfLog() {
		properties[name] = false // the log's to write
	}
	return schema{
		"title":         d.Zh + " " + d.Type.Noun(),
		"description":   "Says that " + d.Says + ".",
		"type":          "object",
		"properties":    properties,
		"required":      list("specversion", "id", "source", "type", "subject", "data"),
		"propertyNames": schema{"pattern": extensionName.String()},
		"additionalProperties": schema{
			"description": "Extension attributes, kept as they are",
			"type":        list("string", "integer", "boolean", "null"),
			"minimum":     -1 << 31, "maximum": 1<<31 - 1,
			"pattern": `^[^\x00-\x1f\x7f-\x9f]*$`,
		},
	}
}

// DataSchema is the JSON Schema of the type's data alone, to be embedded in an
// OpenAPI 3.1 document. The caller owns the map.
func (d Definition) DataSchema() map[string]any {
	properties, required := schema{}, []any{}
	for _, f := range fieldsOf(d.data) {
		properties[f.name] = d.memberSchema(f)
		if !f.optional {
			required = append(required, f.name)
		}
	}
	data := schema{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	switch d.data {
	case reflect.TypeFor[DisbursementCorrected]():
		data["anyOf"] = list(present("to_line"), present("to_economic_class"))
	case reflect.TypeFor[PaceSet]():
		data["if"] = schema{"properties": schema{"curve": schema{"const": string(CurveSteps)}}}
		data["then"] = present("steps")
		data["else"] = schema{"properties": schema{"steps": schema{"type": "null"}}}
	}
	return data
}

// present asks for a member that says something.
func present(name string) schema {
	return schema{"required": list(name), "properties": schema{name: schema{"not": schema{"type": "null"}}}}
}

func (d Definition) memberSchema(f field) schema {
	t := d.data.FieldByIndex(f.index).Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	member := typeSchema(t, f.zero)
	if f.name == "about" {
		member["enum"] = anyOf(d.Abouts)
	}
	if f.optional {
		member["type"] = list(member["type"], "null")
		if enum, ok := member["enum"].([]any); ok {
			member["enum"] = append(enum, nil)
		}
	}
	return describe(member, meanings[f.name])
}

// typeSchema says what the decoder checks of a member's Go type.
func typeSchema(t reflect.Type, zero bool) schema {
	switch t {
	case reflect.TypeFor[money.Amount]():
		return amountSchema(zero)
	case reflect.TypeFor[[12]money.Amount]():
		return schema{"type": "array", "items": amountSchema(zero), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.TypeFor[fiscal.Date]():
		return schema{"type": "string", "format": "date", "pattern": `^(19[5-9][0-9]|20[0-9][0-9]|21[0-9][0-9])-[0-9]{2}-[0-9]{2}$`, "examples": list("2023-10-31")}
	case reflect.TypeFor[fiscal.Year]():
		return schema{"type": "integer", "minimum": int(fiscal.MinYear), "maximum": int(fiscal.MaxYear)}
	case reflect.TypeFor[Days]():
		return schema{"type": "integer", "minimum": 1, "maximum": int(maxDays)}
	case reflect.TypeFor[Month]():
		return schema{"type": "integer", "minimum": 1, "maximum": 12}
	case reflect.TypeFor[Position]():
		return schema{"type": "integer", "minimum": 1, "maximum": int64(maxPosition)}
	case reflect.TypeFor[bool]():
		return schema{"type": "boolean"}
	case reflect.TypeFor[Text]():
		return textSchema(MaxText, `[^\x00-\x1f\x7f-\x9f]`)
	case reflect.TypeFor[Note]():
		return textSchema(MaxNote, `[^\x00-\x08\x0b-\x1f\x7f-\x9f]`)
	case reflect.TypeFor[EventID]():
		return visibleSchema()
	case reflect.TypeFor[FunctionClass]():
		return schema{"type": "string", "pattern": `^([0-9]{3}|[0-9]{5}|[0-9]{7})$`}
	case reflect.TypeFor[EconomicClass]():
		return schema{"type": "string", "pattern": `^([0-9]{3}|[0-9]{5})$`}
	case reflect.TypeFor[Points]():
		return schema{"type": "string", "pattern": pointsPattern.String()}
	case reflect.TypeFor[Percent]():
		return schema{"type": "string", "pattern": percentPattern.String()}
	case reflect.TypeFor[Curve]():
		return schema{"type": "string", "enum": anyOf(Curves())}
	case reflect.TypeFor[Steps]():
		return stepsSchema()
	case reflect.TypeFor[Digest]():
		return schema{"type": "string", "pattern": digestPattern.String()}
	case reflect.TypeFor[Fund]():
		return schema{"type": "string", "enum": anyOf(Funds())}
	case reflect.TypeFor[ProjectKind]():
		return schema{"type": "string", "enum": anyOf(ProjectKinds())}
	case reflect.TypeFor[Subject]():
		return schema{"type": "string", "enum": anyOf(Subjects())}
	case reflect.TypeFor[Answer]():
		return schema{"type": "string", "enum": anyOf(Answers())}
	case reflect.TypeFor[Operator]():
		return schema{"type": "string", "enum": anyOf(Operators())}
	case reflect.TypeFor[Computation]():
		return schema{"type": "string", "enum": anyOf(Computations())}
	case reflect.TypeFor[Role]():
		return schema{"type": "string", "enum": anyOf(Roles())}
	case reflect.TypeFor[SignInMethod]():
		return schema{"type": "string", "enum": anyOf(SignInMethods())}
	case reflect.TypeFor[Availability]():
		return schema{"type": "string", "enum": anyOf(Availabilities())}
	case reflect.TypeFor[Pool]():
		return schema{"type": "string", "enum": anyOf(Pools())}
	case reflect.TypeFor[PlanLimit]():
		return schema{"type": "string", "enum": anyOf(PlanLimits())}
	case reflect.TypeFor[Types]():
		return schema{"type": "array", "items": schema{"type": "string", "enum": typeNames()}, "minItems": 1, "maxItems": maxTypes, "uniqueItems": true}
	case reflect.TypeFor[Submitted]():
		return schema{"type": "object", "required": list("specversion", "id", "source", "type", "subject", "data")}
	}
	return codeSchema()
}

// amountSchema is money.Parse in the words of JSON Schema: up to 100 trillion
// yuan, never negative, above nothing unless zero is allowed.
func amountSchema(zero bool) schema {
	const positive = `0*([0-9]{1,14}(\.[0-9]{1,2})?|100000000000000(\.0{1,2})?)`
	if zero {
		return schema{"type": "string", "pattern": `^(` + positive + `|-0+(\.0{1,2})?)$`, "examples": list("411400.00", "0.00")}
	}
	return schema{"type": "string", "pattern": `^` + positive + `$`, "not": schema{"pattern": `^[0.]*$`}, "examples": list("411400.00")}
}

// textSchema asks for characters of a class with one among them that is no
// space; U+3000 is the space of Chinese text.
func textSchema(limit int, class string) schema {
	return schema{"type": "string", "maxLength": limit, "pattern": `^` + class + `*[^\x00-\x20\x7f-\xa0　]` + class + `*$`}
}

func stepsSchema() schema {
	step := schema{
		"type": "object", "required": list("on", "percent"), "additionalProperties": false,
		"properties": schema{
			"on":      schema{"type": "string", "pattern": dayPattern.String(), "description": "Day of the year from whose end on it holds; 02-29 is the last day of February"},
			"percent": schema{"type": "string", "pattern": sharePattern.String(), "description": "Percent of the full-year budget to be executed by then"},
		},
	}
	return schema{"type": "array", "items": step, "minItems": 1, "maxItems": maxSteps}
}

func codeSchema() schema {
	return schema{"type": "string", "maxLength": MaxCode, "pattern": `^[A-Za-z0-9_-]+$`}
}

func visibleSchema() schema {
	return schema{"type": "string", "maxLength": MaxID, "pattern": `^[!-~]+$`}
}

func describe(s schema, says string) schema { return with(s, "description", says) }

func with(s schema, keyword string, value any) schema {
	s[keyword] = value
	return s
}

func list(values ...any) []any { return values }

func anyOf[T ~string](values []T) []any {
	var names []any
	for _, value := range values {
		names = append(names, string(value))
	}
	return names
}

// typeNames lists the names of all types.
func typeNames() []any {
	var names []any
	for _, d := range registry {
		names = append(names, string(d.Type))
	}
	return names
}

// orList writes "line, project or unit".
func orList(abouts []Subject) string {
	out := string(abouts[0])
	for i, about := range abouts[1:] {
		if i+2 == len(abouts) {
			out += " or " + string(about)
		} else {
			out += ", " + string(about)
		}
	}
	return out
}

// meanings says what a member means, by its name: one name means one thing in
// every type.
var meanings = map[string]string{
	"about":             "Kind of thing that the subject names",
	"actual":            "What was reached",
	"adjusted_target":   "Value to be reached instead of the target since it was adjusted (调整指标值)",
	"alert":             "Code of the alert's case",
	"amount":            "Amount in yuan, a decimal string with at most two decimals; never a number",
	"answer_days":       "Working days in which an alert is to be answered; 10 if absent",
	"answer":            "What the unit will do: continue, reallocate or cancel",
	"availability":      "What happens to a use of more than is available: reject, warn or allow",
	"behind":            "Percentage points behind the curve beyond which execution is far behind, a decimal string",
	"cause":             "Why nobody was let in, in a word",
	"commitment":        "Code of the commitment (合同占用) within its line",
	"computed":          "Figure of the books that is the actual value, which nobody then reports",
	"control":           "Code of the control within its unit",
	"core":              "Whether it is a core indicator (核心指标)",
	"counterparty":      "Organisation on the other side of the contract",
	"curve":             "How the progress of the year is measured: by month, day or quarter, by the use plan, or by steps",
	"date":              "Business date that it counts for",
	"detail":            "What the rule found, in words",
	"digest":            "SHA-256 of the issued form, in lower-case hexadecimal",
	"document":          "Number of the paper (文号 or 凭证号)",
	"due":               "Date by which the alert is to be answered",
	"economic_class":    "Economic class 类/款 (支出经济分类), 3 or 5 digits",
	"event":             "The event that is proposed, as it was submitted",
	"expires":           "Last day on which the token lets its user in",
	"from_line":         "Code of the line of the earlier year that sent the money on, for the two to be held against each other",
	"from_year":         "Fiscal year that the money comes from",
	"function_class":    "Functional class 类/款/项 (支出功能分类), 3, 5 or 7 digits",
	"fund":              "Nature of the money (资金性质)",
	"goal":              "The goal, in words",
	"goal_gap":          "Percentage points that goals and money may be apart, a decimal string; not compared if absent",
	"grade":             "Grade of a qualitative indicator",
	"hash":              "SHA-256 of the token, in lower-case hexadecimal",
	"implementing_unit": "Organisation that carries the project out (实施单位)",
	"indicator":         "Code of the indicator within its subject and year",
	"kind":              "A project, or a unit's basic expenditure (基本支出)",
	"label":             "What the code stands for: a post, a desk, a program; never a person",
	"level1":            "First level of the indicator tree (一级指标)",
	"level2":            "Second level of the indicator tree (二级指标)",
	"level3":            "Third level of the indicator tree (三级指标)",
	"measuring_unit":    "Unit that the target is measured in",
	"memo":              "Remark that no rule reads",
	"method":            "How somebody signed in",
	"month":             "Month that is closed, with all before it",
	"months":            "Planned use of January to December, twelve amounts in yuan",
	"name":              "Name, as on paper",
	"note":              "Remark on the value",
	"operator":          "How the actual value meets the target (指标性质)",
	"over":              "Amount in yuan above which the rule holds; 0.00 for every amount",
	"override":          "Code of the override within its line",
	"pace":              "Code of the pace rule within its unit",
	"parent":            "Code of the unit that it belongs to; null at the top",
	"payee":             "Organisation that was paid",
	"payment":           "Id of the event that the payment was posted under",
	"plan":              "Whether payments are held to the use plan (用款计划), by month or by quarter",
	"pool":              "What availability is controlled on: the line, its economic class or its project",
	"position":          "Sequence of the log that every figure of the form rests on",
	"progress":          "Time progress in percent as it was printed, a decimal string",
	"project":           "Code of the project",
	"proposal":          "Code of the proposal",
	"purpose":           "What the payment was for",
	"rate":              "Execution rate in percent as it was printed, a decimal string",
	"reason":            "Why",
	"review":            "Code of the review rule within its unit",
	"role":              "What the user may do",
	"rule":              "Code of the rule that raised the alert",
	"score":             "Points that the indicator got, a decimal string",
	"stalled_days":      "Days without a payment after which execution stands still; not watched for if absent",
	"steps":             "Days of the year in their order, and the percent of the full-year budget to be executed by the end of each",
	"target":            "Value to be reached",
	"template":          "Template that the form was made from, with its version",
	"to":                "Code of the line that receives the money",
	"to_economic_class": "Economic class that the payment counts for from now on",
	"to_line":           "Code of the other line: that the payment counts for from now on, or that the carryover goes on to",
	"to_year":           "Fiscal year that the money goes on to",
	"token":             "Code of the token within its user",
	"tolerance_amount":  "Amount in yuan by which the available balance may be exceeded",
	"tolerance_percent": "Percent of the full-year budget by which the available balance may be exceeded, a decimal string",
	"types":             "Names of the event types that the rule is about",
	"unit":              "Code of the budget unit",
	"until":             "Last day on which it holds",
	"vintage":           "Fiscal year that the money was first budgeted in; before the year, it is carryover",
	"watch":             "Percentage points behind the curve up to which execution is only watched, a decimal string",
	"weight":            "Points at most, a decimal string",
	"year":              "Fiscal year",
}
