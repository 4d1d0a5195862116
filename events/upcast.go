package events

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// upcaster rewrites the data of one version of a type as the next version
// writes it. It is pure: the same bytes give the same bytes for ever.
type upcaster struct {
	to      Type
	rewrite func(json.RawMessage) (json.RawMessage, error)
}

// upcasters holds, for each version that is no longer current, the way to the
// next one. The log keeps the old bytes; only the reader changes. No type has
// had a second version yet.
var upcasters = map[Type]upcaster{}

// decodeStored reads data of any version as the current version's Go type.
func decodeStored(t Type, raw json.RawMessage) (Data, error) {
	return decodeThrough(upcasters, t, raw)
}

func decodeThrough(steps map[Type]upcaster, t Type, raw json.RawMessage) (Data, error) {
	for step, old := steps[t]; old; step, old = steps[t] {
		var err error
		if raw, err = step.rewrite(raw); err != nil {
			return nil, fmt.Errorf("upcast %s to %s: %w", t, step.to, err)
		}
		t = step.to
	}
	definition, known := byType[t]
	if !known {
		return nil, fmt.Errorf("type %q is unknown here: run the version of the program that wrote it, or a later one", t)
	}
	target := reflect.New(definition.data)
	if err := json.Unmarshal(raw, target.Interface()); err != nil {
		return nil, fmt.Errorf("data of %s: %w", t, err)
	}
	return target.Elem().Interface().(Data), nil
}
