package forms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// decodeStrict reads one JSON object into a struct and says of everything that
// does not fit where it stands and what may stand there.
func decodeStrict(raw []byte, into any) []TemplateError {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	var whole json.RawMessage
	if err := decoder.Decode(&whole); err != nil {
		return []TemplateError{{Problem: "not JSON: " + syntax(raw, err)}}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return []TemplateError{{Problem: "something follows the JSON object; write one object in one file"}}
	}
	if problems := fits(whole, reflect.TypeOf(into).Elem(), ""); len(problems) > 0 {
		return problems
	}
	if err := json.Unmarshal(whole, into); err != nil {
		return []TemplateError{{Problem: err.Error()}}
	}
	return nil
}

// syntax says in which line JSON is broken.
func syntax(raw []byte, err error) string {
	var broken *json.SyntaxError
	if !errors.As(err, &broken) {
		return err.Error()
	}
	line := 1 + bytes.Count(raw[:min(int(broken.Offset), len(raw))], []byte("\n"))
	return fmt.Sprintf("line %d: %v", line, err)
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// fits compares a JSON value with the type that it will be read into.
func fits(raw json.RawMessage, t reflect.Type, at string) []TemplateError {
	for t.Kind() == reflect.Pointer {
		if string(raw) == "null" {
			return nil
		}
		t = t.Elem()
	}
	switch {
	case reflect.PointerTo(t).Implements(unmarshaler):
		if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
			return []TemplateError{{Path: at, Problem: err.Error()}}
		}
		return nil
	case t.Kind() == reflect.Struct:
		return objectFits(raw, t, at)
	case t.Kind() == reflect.Slice:
		return listFits(raw, t, at)
	}
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil || string(raw) == "null" {
		return []TemplateError{{Path: at, Problem: fmt.Sprintf("%s: write %s", excerpt(raw), wanted(t))}}
	}
	return nil
}

func objectFits(raw json.RawMessage, t reflect.Type, at string) []TemplateError {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		return []TemplateError{{Path: at, Problem: fmt.Sprintf("%s: write an object", excerpt(raw))}}
	}
	members := membersOf(t)
	var problems []TemplateError
	for _, m := range members {
		value, present := object[m.name]
		switch {
		case present:
			problems = append(problems, fits(value, m.t, under(at, m.name))...)
		case m.required:
			problems = append(problems, TemplateError{Path: under(at, m.name), Problem: "is missing: write " + wanted(m.t)})
		}
		delete(object, m.name)
	}
	for _, name := range sortedKeys(object) {
		problems = append(problems, TemplateError{Path: under(at, name), Problem: "there is no such member; there are " + names(members)})
	}
	return problems
}

func listFits(raw json.RawMessage, t reflect.Type, at string) []TemplateError {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return []TemplateError{{Path: at, Problem: fmt.Sprintf("%s: write a list", excerpt(raw))}}
	}
	var problems []TemplateError
	for i, value := range list {
		problems = append(problems, fits(value, t.Elem(), fmt.Sprintf("%s[%d]", at, i))...)
	}
	return problems
}

// member is a member of an object; those without omitempty are required.
type member struct {
	name     string
	t        reflect.Type
	required bool
}

func membersOf(t reflect.Type) []member {
	var all []member
	for i := range t.NumField() {
		field := t.Field(i)
		tag, tagged := field.Tag.Lookup("json")
		switch name, options, _ := strings.Cut(tag, ","); {
		case field.Anonymous && !tagged:
			all = append(all, membersOf(field.Type)...)
		case name != "-" && field.IsExported():
			optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
			all = append(all, member{name, field.Type, !optional && field.Type.Kind() != reflect.Bool})
		}
	}
	return all
}

func names(members []member) string {
	list := make([]string, len(members))
	for i, m := range members {
		list[i] = m.name
	}
	return strings.Join(list, ", ")
}

func sortedKeys(object map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// wanted says in words what a type is written as.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

func under(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// excerpt is the beginning of a value, for an error message.
func excerpt(raw []byte) string {
	const shown = 40
	runes := []rune(strings.Join(strings.Fields(string(raw)), " "))
	if len(runes) <= shown {
		return string(runes)
	}
	return string(runes[:shown]) + "…"
}
