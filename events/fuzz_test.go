package events_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/outturn/outturn/events"
)

func FuzzCanonical(f *testing.F) {
	for _, g := range goldenLog(f) {
		f.Add(g.submitted(f))
	}
	for _, raw := range []string{`[1,]`, `{"a":1,"a":2}`, `"\ud83d\ude00"`, `"\\ud800"`, `{"\u20ac":"\u000f"}`, ` [ { } , -0.5e+7 ] `, `[}`, `"`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		canonical, err := events.Canonical(raw)
		if err != nil {
			if events.AsRefusal(err) == nil {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		if !json.Valid(raw) || !json.Valid(canonical) {
			t.Fatalf("%q became %q, and one of them is not JSON", raw, canonical)
		}
		var said, says any
		must(t, json.Unmarshal(raw, &said))
		must(t, json.Unmarshal(canonical, &says))
		before, err := json.Marshal(said)
		must(t, err)
		after, err := json.Marshal(says)
		must(t, err)
		if !bytes.Equal(before, after) {
			t.Fatalf("%q became %q, which says something else", raw, canonical)
		}
		again, err := events.Canonical(canonical)
		if err != nil || !bytes.Equal(again, canonical) {
			t.Fatalf("canonical %q, a second time %q, %v", canonical, again, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, g := range goldenLog(f) {
		f.Add(g.submitted(f))
		f.Add(minimal(f, g))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		parsed, err := events.Parse(raw)
		if err != nil {
			if events.AsRefusal(err) == nil {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		recorded, err := parsed.Record(stamp())
		must(t, err)
		decoded, err := events.Decode(recorded.Raw())
		if err != nil {
			t.Fatalf("%q was accepted and does not decode: %v", raw, err)
		}
		if decoded.Key() != parsed.Key() || decoded.Type != parsed.Type || decoded.Subject != parsed.Subject || !decoded.Time.Equal(parsed.Time) {
			t.Fatalf("submitted %+v, decoded %+v", parsed, decoded)
		}
		content, err := decoded.Content()
		must(t, err)
		if !bytes.Equal(content, parsed.Raw()) {
			t.Fatalf("content %q, submitted %q", content, parsed.Raw())
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, file := range goldenFiles(f) {
		f.Add(readGolden(f, file))
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		event, err := events.Decode(stored)
		if err != nil {
			if !errors.Is(err, events.ErrBroken) || events.AsRefusal(err) != nil {
				t.Fatalf("%v is not ErrBroken alone", err)
			}
			return
		}
		if event.Data == nil || event.Sequence == 0 {
			t.Fatalf("%q decodes to %+v", stored, event)
		}
		if _, err := event.Content(); err != nil {
			t.Fatal(err)
		}
	})
}
