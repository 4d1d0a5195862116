package events

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// oldUnits are two retired versions of unit.registered: the first said "title"
// where the next said "label", and the current one says "name".
func oldUnits() map[Type]upcaster {
	rename := func(from, to string) func(json.RawMessage) (json.RawMessage, error) {
		return func(raw json.RawMessage) (json.RawMessage, error) {
			var members map[string]json.RawMessage
			if err := json.Unmarshal(raw, &members); err != nil {
				return nil, err
			}
			if members[from] == nil {
				return nil, errors.New(from + " is missing")
			}
			members[to] = members[from]
			delete(members, from)
			return json.Marshal(members)
		}
	}
	return map[Type]upcaster{
		"outturn.unit.registered.v-1": {to: "outturn.unit.registered.v0", rewrite: rename("title", "label")},
		"outturn.unit.registered.v0":  {to: "outturn.unit.registered.v1", rewrite: rename("label", "name")},
	}
}

func TestUpcastersRunOneAfterAnother(t *testing.T) {
	t.Parallel()
	for old, raw := range map[Type]string{
		"outturn.unit.registered.v-1": `{"title":"岳阳市无线电监测站"}`,
		"outturn.unit.registered.v0":  `{"label":"岳阳市无线电监测站"}`,
		"outturn.unit.registered.v1":  `{"name":"岳阳市无线电监测站"}`,
	} {
		data, err := decodeThrough(oldUnits(), old, json.RawMessage(raw))
		if err != nil {
			t.Errorf("%s: %v", old, err)
			continue
		}
		if unit, is := data.(UnitRegistered); !is || unit.Name != "岳阳市无线电监测站" {
			t.Errorf("%s became %#v", old, data)
		}
	}
}

func TestAFailingUpcasterNamesTheStep(t *testing.T) {
	t.Parallel()
	_, err := decodeThrough(oldUnits(), "outturn.unit.registered.v0", json.RawMessage(`{}`))
	if err == nil || !strings.Contains(err.Error(), "outturn.unit.registered.v0 to outturn.unit.registered.v1") {
		t.Errorf("error %v does not name the step", err)
	}
}

// TestUpcastersEndAtACurrentVersion looks at the real table: no step may lead
// to a version that nobody reads, or away from one that is current.
func TestUpcastersEndAtACurrentVersion(t *testing.T) {
	t.Parallel()
	for from, step := range upcasters {
		_, current := byType[step.to]
		_, another := upcasters[step.to]
		if !current && !another {
			t.Errorf("%s leads to %s, which nothing reads", from, step.to)
		}
		if _, current := byType[from]; current {
			t.Errorf("%s is current and needs no upcaster", from)
		}
	}
}
