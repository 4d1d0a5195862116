package events

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// field is a member of a type's data, as its Go struct states it.
type field struct {
	name     string
	index    []int
	optional bool // may be absent or null
	zero     bool // an amount that may be 0.00
}

var fieldCache sync.Map // reflect.Type → []field

// fieldsOf lists the members of a data struct in their order.
func fieldsOf(data reflect.Type) []field {
	if cached, ok := fieldCache.Load(data); ok {
		return cached.([]field)
	}
	var fields []field
	for _, f := range reflect.VisibleFields(data) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, field{
			name:     name,
			index:    f.Index,
			optional: strings.Contains(options, "omitempty"),
			zero:     f.Tag.Get("zero") == "allowed",
		})
	}
	fieldCache.Store(data, fields)
	return fields
}

// decodeStrict reads data member by member, so that every refusal can name its
// place, and refuses members that the type does not have: a typo in an
// optional member must not lose what it said.
func decodeStrict(d *Definition, raw json.RawMessage) (Data, error) {
	members := membersOf(raw)
	if members == nil {
		return nil, Refuse(CodeInvalidEvent, ReasonNotAnObject, "/data")
	}
	fields := fieldsOf(d.data)
	if err := checkNames(members, fields); err != nil {
		return nil, err
	}
	target := reflect.New(d.data).Elem()
	for _, f := range fields {
		member, present := members[f.name]
		if !present || string(member) == "null" {
			if !f.optional {
				return nil, Refuse(CodeInvalidEvent, ReasonFieldRequired, "/data/"+f.name, "field", f.name)
			}
			continue
		}
		if err := f.decode(member, target.FieldByIndex(f.index)); err != nil {
			return nil, err
		}
	}
	data := target.Interface().(Data)
	if checked, ok := data.(interface{ check() error }); ok {
		if err := checked.check(); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// checkNames refuses the first member, in the order of their names, that the
// type does not have. It comes before the search for missing members, so that
// "Amount" is told of "amount" instead of that the amount is missing.
func checkNames(members map[string]json.RawMessage, fields []field) error {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(names, name) {
			return Refuse(CodeInvalidEvent, ReasonFieldUnknown, pointer("/data", name), "field", name, "nearest", nearest(name, names))
		}
	}
	return nil
}

// decode reads one member and checks it by its own type's rule.
func (f field) decode(raw json.RawMessage, into reflect.Value) error {
	if into.Kind() == reflect.Array && !hasLength(raw, into.Len()) {
		return f.refuse(raw, into.Type(), invalid{jsonKind(into.Type())})
	}
	if err := json.Unmarshal(raw, into.Addr().Interface()); err != nil {
		return f.refuse(raw, into.Type(), err)
	}
	if into.Kind() == reflect.Pointer {
		into = into.Elem()
	}
	switch value := into.Interface().(type) {
	case money.Amount:
		return f.checkAmount(value)
	case [12]money.Amount:
		for _, amount := range value {
			if err := f.checkAmount(amount); err != nil {
				return err
			}
		}
	case fiscal.Year:
		return f.refuse(raw, into.Type(), checkYear(value))
	case interface{ check() error }:
		return f.refuse(raw, into.Type(), value.check())
	}
	return nil
}

// hasLength says whether raw is an array of n: encoding/json would fill up a
// short one and cut off a long one in silence.
func hasLength(raw json.RawMessage, n int) bool {
	var elements []json.RawMessage
	return json.Unmarshal(raw, &elements) == nil && len(elements) == n
}

func (f field) checkAmount(amount money.Amount) error {
	switch {
	case amount < 0:
		return Refuse(CodeAmountInvalid, ReasonAmountNegative, "/data/"+f.name, "field", f.name, "value", amount.String())
	case amount == 0 && !f.zero:
		return Refuse(CodeAmountInvalid, ReasonAmountZero, "/data/"+f.name, "field", f.name)
	}
	return nil
}

// refuse turns what went wrong with a member into a refusal that names it.
func (f field) refuse(raw json.RawMessage, t reflect.Type, err error) error {
	if err == nil {
		return nil
	}
	where, value := "/data/"+f.name, strings.Trim(string(raw), `"`)
	var bad invalid
	switch {
	case errors.Is(err, money.ErrNotText):
		return Refuse(CodeAmountInvalid, ReasonAmountNotText, where, "field", f.name)
	case errors.Is(err, money.ErrSyntax):
		return Refuse(CodeAmountInvalid, ReasonAmountSyntax, where, "field", f.name, "value", value)
	case errors.Is(err, money.ErrTooLarge):
		return Refuse(CodeAmountInvalid, ReasonAmountTooLarge, where, "field", f.name, "value", value)
	case t == reflect.TypeFor[fiscal.Date](), t == reflect.TypeFor[*fiscal.Date]():
		return Refuse(CodeInvalidEvent, ReasonDateInvalid, where, "field", f.name, "value", value)
	case errors.As(err, &bad):
		return Refuse(CodeInvalidEvent, ReasonFieldInvalid, where, "field", f.name, "want", bad.want)
	}
	return Refuse(CodeInvalidEvent, ReasonFieldInvalid, where, "field", f.name, "want", jsonKind(t))
}

// jsonKind names the JSON that a member's type is written as.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonKind(t.Elem()) + " or null"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Array:
		return "an array of 12"
	case reflect.Slice:
		if t == reflect.TypeFor[Submitted]() {
			return "an event"
		}
		return "an array"
	}
	return "a whole number"
}

// nearest finds the candidate with the smallest edit distance, if it is near
// enough to be a slip of the pen.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", len(word)/3+2
	for _, candidate := range candidates {
		if distance := editDistance(word, candidate); distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// maxMisspelled bounds the work of comparing a word that somebody sent.
const maxMisspelled = 100

func editDistance(a, b string) int {
	if len(a) > maxMisspelled {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
