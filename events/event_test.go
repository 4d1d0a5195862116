package events_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
)

// stamp is what a log adds to its seventh event.
func stamp() events.Stamp {
	return events.Stamp{
		Sequence:     7,
		RecordedTime: time.Date(2023, time.October, 31, 9, 0, 1, 123456789, time.FixedZone("", 8*60*60)),
		Actor:        "finance",
		PrevHash:     events.Hash{0: 0xab, 31: 0xcd},
	}
}

func record(t testing.TB, raw string) events.Event {
	t.Helper()
	event, err := events.Parse([]byte(raw))
	must(t, err)
	event, err = event.Record(stamp())
	must(t, err)
	return event
}

func TestRecordGivesTheStoredBytes(t *testing.T) {
	t.Parallel()
	event := record(t, ` {"type":"outturn.period.closed.v1", "subject":"U1", "zone":true, "time":"2023-11-05T18:00:00.50+08:00",
		"data":{"year":2023,"memo":"\u5bf9\u8d26 <&>","month":10}, "specversion":"1.0", "source":"/f", "id":"C-1", "batch":7, "note":"\u0041\/"}`)
	// The client's attributes stand as written, an extension's number and the
	// zone and fraction of the time among them.
	const want = `{"actor":"finance","batch":7,"data":{"memo":"对账 <&>","month":10,"year":2023},"id":"C-1","note":"A/",` +
		`"prevhash":"ab000000000000000000000000000000000000000000000000000000000000cd","recordedtime":"2023-10-31T01:00:01.123456Z",` +
		`"sequence":"7","source":"/f","specversion":"1.0","subject":"U1","time":"2023-11-05T18:00:00.50+08:00","type":"outturn.period.closed.v1","zone":true}`
	if string(event.Raw()) != want {
		t.Errorf("stored\n%s\nwant\n%s", event.Raw(), want)
	}
	if event.RecordedTime.Nanosecond() != 123456000 || event.RecordedTime.Location() != time.UTC {
		t.Errorf("recorded time %v is not UTC to the microsecond", event.RecordedTime)
	}
	canonical, err := events.Canonical(event.Raw())
	must(t, err)
	if !bytes.Equal(canonical, event.Raw()) {
		t.Errorf("the stored bytes are not canonical: %s", canonical)
	}
}

func TestDecodeReadsBackWhatWasRecorded(t *testing.T) {
	t.Parallel()
	want := record(t, paid("time", `"2023-10-31T09:00:00+08:00"`))
	got, err := events.Decode(want.Raw())
	must(t, err)
	if got.Stamp != want.Stamp {
		t.Errorf("stamp %+v, want %+v", got.Stamp, want.Stamp)
	}
	if got.Data != want.Data || !got.Time.Equal(want.Time) || got.Key() != want.Key() || got.Hash() != want.Hash() {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, offset := got.Time.Zone(); offset != 8*60*60 {
		t.Errorf("the time's offset is %d s, want +08:00 as written", offset)
	}
}

func TestContentIsWhatWasSubmitted(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"a payment":         paid(),
		"extensions":        paid("batch", "7", "urgent", "false", "zz", `"末"`),
		"attributes null":   paid("time", "null"),
		"the time's offset": paid("time", `"2023-10-31T09:00:00.000-00:00"`),
	} {
		submitted, err := events.Canonical([]byte(raw))
		must(t, err)
		parsed, err := events.Parse([]byte(raw))
		must(t, err)
		decoded, err := events.Decode(record(t, raw).Raw())
		must(t, err)
		for stage, event := range map[string]events.Event{"parsed": parsed, "recorded": record(t, raw), "decoded": decoded} {
			content, err := event.Content()
			must(t, err)
			if !bytes.Equal(content, submitted) {
				t.Errorf("%s, %s: content %s, want %s", name, stage, content, submitted)
			}
		}
	}
}

func TestHashChangesWithEveryByte(t *testing.T) {
	t.Parallel()
	stored := record(t, paid()).Raw()
	seen := map[events.Hash]int{}
	for i := range stored {
		// Flip a bit; what still is an event must have a hash of its own.
		other := bytes.Clone(stored)
		other[i] ^= 1
		event, err := events.Decode(other)
		if err != nil {
			continue
		}
		if before, twice := seen[event.Hash()]; twice {
			t.Errorf("bytes %d and %d give the same hash", before, i)
		}
		seen[event.Hash()] = i
	}
	if original, _ := events.Decode(stored); seen[original.Hash()] != 0 || len(seen) < 100 {
		t.Errorf("%d changed events, or one of them with the hash of the original", len(seen))
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	base := events.KeyOf("/finance", "P-1")
	for name, other := range map[string]events.Key{
		"another id":             events.KeyOf("/finance", "P-2"),
		"another source":         events.KeyOf("/finance2", "P-1"),
		"the border moved":       events.KeyOf("/financeP", "-1"),
		"source and id exchange": events.KeyOf("P-1", "/finance"),
	} {
		if other == base {
			t.Errorf("%s has the same key", name)
		}
	}
	event := record(t, paid())
	if event.Key() != base {
		t.Errorf("key %s, want %s", event.Key(), base)
	}
	// The key is stored in NATS headers for ever: it must never change.
	if got := base.String(); got != "271628bd29fef2a26c09bd529808bbb6" {
		t.Errorf("the key of /finance and P-1 is now %s", got)
	}
}

func TestDecodeSaysWhatIsBroken(t *testing.T) {
	t.Parallel()
	stored := string(record(t, paid()).Raw())
	change := func(old, new string) string {
		if !strings.Contains(stored, old) {
			t.Fatalf("the stored event has no %s", old)
		}
		return strings.Replace(stored, old, new, 1)
	}
	tests := map[string]struct{ stored, says string }{
		"nothing":           {"", "unexpected end"},
		"not JSON":          {"{", "unexpected end"},
		"an array":          {"[]", "sequence is missing"},
		"no sequence":       {change(`"sequence":"7",`, ""), "sequence"},
		"a broken sequence": {change(`"sequence":"7"`, `"sequence":"x"`), "sequence"},
		"a sequence of 0":   {change(`"sequence":"7"`, `"sequence":"0"`), "sequence"},
		"a number sequence": {change(`"sequence":"7"`, `"sequence":7`), "sequence"},
		"no recorded time":  {change(`"recordedtime":"`, `"recorded":"`), "event 7: recordedtime"},
		"no id":             {change(`"id":"P-1",`, ""), "id is missing"},
		"no source":         {change(`"source":"/finance",`, ""), "source is missing"},
		"no subject":        {change(`"subject":"L1",`, ""), "subject is missing"},
		"no previous hash":  {change(`"prevhash":"ab`, `"prevhash":"`), "event 7: prevhash"},
		"a broken hash":     {change(`"prevhash":"ab`, `"prevhash":"zz`), "event 7: prevhash"},
		"a broken time":     {change(`"recordedtime":"2023-`, `"recordedtime":"soon`), "event 7: recordedtime"},
		"a time of its own": {change(`"source":`, `"time":"soon","source":`), "event 7: time"},
		"an unknown type":   {change(".disbursement.paid.v1", ".disbursement.paid.v2"), `event 7: type "outturn.disbursement.paid.v2" is unknown here`},
		"a float amount":    {change(`"411400.00"`, `411400.00`), "event 7: data of outturn.disbursement.paid.v1"},
		"no such date":      {change("2023-10-31\",\"document", "2023-13-31\",\"document"), "event 7: data of outturn.disbursement.paid.v1"},
		"null data":         {change(`"data":{`, `"data":null,"old":{`), "data is missing or is no object"},
		"data in a list":    {change(`"data":{`, `"data":[],"old":{`), "data is missing or is no object"},
		"no data":           {change(`"data":{`, `"date":{`), "data is missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			event, err := events.Decode([]byte(test.stored))
			if !errors.Is(err, events.ErrBroken) {
				t.Fatalf("got %+v, %v; want ErrBroken", event, err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q does not say %q", err, test.says)
			}
			if events.AsRefusal(err) != nil {
				t.Errorf("%v is a refusal, but no client can mend the log", err)
			}
		})
	}
}

func TestOnlyAParsedEventIsRecorded(t *testing.T) {
	t.Parallel()
	byHand := events.Event{ID: "P-1", Source: "/finance", Type: events.PeriodClosed{}.Type(), Data: events.PeriodClosed{Year: 2023, Month: 1}}
	if recorded, err := byHand.Record(stamp()); err == nil {
		t.Errorf("an event without bytes was recorded as %s", recorded.Raw())
	}
	byHand.Stamp = stamp()
	if content, err := byHand.Content(); err == nil {
		t.Errorf("an event without bytes has the content %s", content)
	}
}

func TestTypesWithoutADate(t *testing.T) {
	t.Parallel()
	event := record(t, about("period.closed", `{"year":2023,"month":10}`))
	if date, ok := event.On(); ok {
		t.Errorf("a closed period counts for %v, want no date", date)
	}
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	for _, d := range events.Definitions() {
		found, known := events.Lookup(d.Type)
		if !known || found.Zh != d.Zh {
			t.Errorf("Lookup(%s) = %+v, %v", d.Type, found, known)
		}
		group, _, _ := strings.Cut(d.Type.Noun(), ".")
		if group != d.Group || d.Zh == "" || d.Says == "" || len(d.Abouts) == 0 {
			t.Errorf("%s: %+v is incomplete", d.Type, d)
		}
	}
	if _, known := events.Lookup("outturn.budget.spent.v1"); known {
		t.Error("an unknown type was found")
	}
	events.Definitions()[0].Zh = "changed"
	if events.Definitions()[0].Zh == "changed" {
		t.Error("a caller can change the registry")
	}
}

// BenchmarkEvent measures the way of a payment through the package.
func BenchmarkEvent(b *testing.B) {
	var submitted []byte
	for _, g := range goldenLog(b) {
		if g.data.Type() == (events.DisbursementPaid{}).Type() {
			submitted = g.submitted(b)
		}
	}
	parsed, err := events.Parse(submitted)
	must(b, err)
	recorded, err := parsed.Record(stamp())
	must(b, err)
	b.Run("Canonical", measure(func() error { _, err := events.Canonical(submitted); return err }))
	b.Run("Parse", measure(func() error { _, err := events.Parse(submitted); return err }))
	b.Run("Record", measure(func() error { _, err := parsed.Record(stamp()); return err }))
	b.Run("Decode", measure(func() error { _, err := events.Decode(recorded.Raw()); return err }))
	b.Run("Content", measure(func() error { _, err := recorded.Content(); return err }))
}

func measure(work func() error) func(*testing.B) {
	return func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := work(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
