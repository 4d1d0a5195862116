package events

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/outturn/outturn/events/fiscal"
)

// MaxBytes is the largest event in bytes, as submitted.
const MaxBytes = 64 << 10

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// String writes the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Key is the idempotency key of an event: the first 128 bits of the SHA-256
// over its source, a zero byte and its id.
type Key [16]byte

// String writes the key in hexadecimal.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// KeyOf makes the idempotency key of a source and an id.
func KeyOf(source string, id EventID) Key {
	sum := sha256.Sum256([]byte(source + "\x00" + string(id)))
	return Key(sum[:16])
}

// Event is a fact: a CloudEvents 1.0 envelope around the data of one type.
type Event struct {
	// ID and Source together are the idempotency key, for ever.
	ID     EventID
	Source string
	Type   Type
	// Subject is the code of the line, project or unit that the event is about.
	Subject string
	// Time is when it was said; zero if the client did not state it.
	Time time.Time
	Data Data

	// Stamp is what the log added; zero before the event is recorded.
	Stamp

	raw []byte // the canonical bytes: as submitted, or as stored
}

// Stamp is what the log adds to an event.
type Stamp struct {
	// Sequence is the event's place in the log, from 1 on, without gaps.
	Sequence uint64
	// RecordedTime is when the log took it, to the microsecond; it never runs
	// backwards from one event to the next.
	RecordedTime time.Time
	// Actor is who posted it: the name of a token or user, never of a person.
	Actor string
	// Approver is who approved it, where a second person had to; else empty.
	Approver string
	// PrevHash is the hash of the event before it on the same subject; zero for
	// the first.
	PrevHash Hash
}

// Key is the event's idempotency key.
func (e Event) Key() Key { return KeyOf(e.Source, e.ID) }

// About says what kind of thing the subject names.
func (e Event) About() Subject { return e.Data.About() }

// On is the business date; ok is false for types that have none.
func (e Event) On() (date fiscal.Date, ok bool) {
	if dated, is := e.Data.(Dated); is {
		return dated.On(), true
	}
	return fiscal.Date{}, false
}

// Raw is the event's canonical bytes: as submitted, or, once recorded, as
// stored. The caller must not change them.
func (e Event) Raw() []byte { return e.raw }

// Hash is the SHA-256 of the event's canonical bytes.
func (e Event) Hash() Hash { return sha256.Sum256(e.raw) }

// The attributes that the log adds.
const (
	attributeSequence     = "sequence"
	attributeRecordedTime = "recordedtime"
	attributeActor        = "actor"
	attributeApprover     = "approver"
	attributePrevHash     = "prevhash"
)

func attributesOfLog() []string {
	return []string{attributeSequence, attributeRecordedTime, attributeActor, attributeApprover, attributePrevHash}
}

// Parse reads one event as a client submits it. Everything that is not exactly
// an event is a [Refusal]: see its reasons. Size is the caller's to bound, by
// [MaxBytes].
func Parse(raw []byte) (Event, error) {
	canonical, err := Canonical(raw)
	if err != nil {
		return Event{}, err
	}
	attributes := membersOf(canonical)
	if attributes == nil {
		return Event{}, Refuse(CodeInvalidEvent, ReasonNotAnObject, "")
	}
	event := Event{raw: canonical}
	if err := event.readEnvelope(attributes); err != nil {
		return Event{}, err
	}
	definition, known := byType[event.Type]
	if !known {
		return Event{}, unknownType(event.Type)
	}
	if event.Data, err = decodeStrict(definition, attributes["data"]); err != nil {
		return Event{}, err
	}
	return event, nil
}

// readEnvelope checks every attribute but the data.
func (e *Event) readEnvelope(attributes map[string]json.RawMessage) error {
	for _, name := range []string{"specversion", "id", "source", "type", "subject", "data"} {
		if raw, present := attributes[name]; !present || string(raw) == "null" {
			return Refuse(CodeInvalidEvent, ReasonAttributeRequired, "/"+name, "field", name)
		}
	}
	for _, name := range attributesOfLog() {
		if _, present := attributes[name]; present {
			return Refuse(CodeInvalidEvent, ReasonAttributeOfLog, "/"+name, "field", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if name == "data" {
			continue
		}
		if want := e.readAttribute(name, attributes[name]); want != "" {
			return Refuse(CodeInvalidEvent, ReasonAttributeInvalid, pointer("", name), "field", name, "want", want)
		}
	}
	return nil
}

// pointer extends a JSON pointer (RFC 6901) by a name that somebody sent.
func pointer(to, name string) string {
	return to + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// timePattern holds time.Parse to RFC 3339: it takes hours of one digit, a
// comma before the fraction and offsets of a whole day, too.
var timePattern = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)

var extensionName = regexp.MustCompile(`^[a-z0-9]{1,20}$`)

// readAttribute takes one attribute, or says what it should be. An optional
// one that is null counts as absent (CloudEvents JSON format, section 2.2).
func (e *Event) readAttribute(name string, raw json.RawMessage) (want string) {
	if string(raw) == "null" && extensionName.MatchString(name) {
		return ""
	}
	text, isText := textOf(raw), raw[0] == '"'
	switch name {
	case "specversion":
		return unless(isText && text == "1.0", `"1.0"`)
	case "id":
		e.ID = EventID(text)
		return unless(isText && e.ID.check() == nil, wantVisible)
	case "source":
		e.Source = text
		_, err := url.Parse(text)
		return unless(isText && err == nil && checkVisible(text) == nil, "a URI reference of "+wantVisible)
	case "type":
		e.Type = Type(text)
		return unless(isText, "the name of an event type")
	case "subject":
		e.Subject = text
		return unless(isText && checkCode(text) == nil, wantCode)
	case "time":
		var err error
		e.Time, err = time.Parse(time.RFC3339Nano, text)
		return unless(isText && err == nil && timePattern.MatchString(text), `an RFC 3339 time such as "2023-10-31T09:00:00+08:00"`)
	case "datacontenttype":
		media, _, _ := strings.Cut(text, ";")
		return unless(isText && strings.EqualFold(strings.TrimSpace(media), "application/json"), `"application/json"`)
	case "dataschema":
		_, err := url.Parse(text)
		return unless(isText && err == nil && text != "", "a URI")
	}
	return unless(extensionName.MatchString(name) && isScalar(raw), "an extension: a name of 1 to 20 of a-z 0-9 with a string without control characters, a whole number of 32 bits, true or false")
}

func unless(ok bool, want string) string {
	if ok {
		return ""
	}
	return want
}

// isScalar says whether a CloudEvents extension may hold this value.
func isScalar(raw json.RawMessage) bool {
	switch {
	case raw[0] == '"':
		return !strings.ContainsFunc(textOf(raw), unicode.IsControl)
	case string(raw) == "true", string(raw) == "false":
		return true
	}
	_, err := strconv.ParseInt(string(raw), 10, 32)
	return err == nil && string(raw) != "-0"
}

// Record stamps a parsed event and gives it the bytes that are stored for
// ever: the canonical form with the log's attributes among the client's.
func (e Event) Record(stamp Stamp) (Event, error) {
	if len(e.raw) == 0 || e.Sequence != 0 {
		return Event{}, fmt.Errorf("record %q of %q: only an event that Parse made can be recorded, and once", e.ID, e.Source)
	}
	stamp.RecordedTime = stamp.RecordedTime.UTC().Truncate(time.Microsecond)
	e.Stamp = stamp
	e.raw = stamp.among(e.raw)
	return e, nil
}

// stampBytes is about how much longer a stamp makes an event.
const stampBytes = 256

// among writes the canonical object that submitted becomes with the stamp's
// attributes. Both are in canonical order, so they are merged member by member.
func (s Stamp) among(submitted []byte) []byte {
	added := s.attributes()
	out := append(make([]byte, 0, len(submitted)+stampBytes), '{')
	for name, value := range membersIn(submitted) {
		for len(added) > 0 && added[0].name < string(name[1:len(name)-1]) {
			out = appendMember(out, added[0])
			added = added[1:]
		}
		out = append(out, name...)
		out = append(out, ':')
		out = append(out, value...)
		out = append(out, ',')
	}
	for _, a := range added {
		out = appendMember(out, a)
	}
	out[len(out)-1] = '}' // in place of the last comma
	return out
}

type attribute struct{ name, value string }

// attributes are the stamp's, in canonical order.
func (s Stamp) attributes() []attribute {
	all := make([]attribute, 0, 5)
	all = append(all, attribute{attributeActor, s.Actor})
	if s.Approver != "" {
		all = append(all, attribute{attributeApprover, s.Approver})
	}
	return append(all,
		attribute{attributePrevHash, s.PrevHash.String()},
		attribute{attributeRecordedTime, s.RecordedTime.Format(time.RFC3339Nano)},
		attribute{attributeSequence, strconv.FormatUint(s.Sequence, 10)})
}

// appendMember writes a member with a comma behind it.
func appendMember(out []byte, a attribute) []byte {
	out = appendString(out, a.name)
	out = append(out, ':')
	out = appendString(out, a.value)
	return append(out, ',')
}

// Content is the canonical bytes of what the client submitted: two events
// under one key are the same if their contents are.
func (e Event) Content() ([]byte, error) {
	if e.Sequence == 0 {
		return e.raw, nil
	}
	attributes := membersOf(e.raw)
	if attributes == nil {
		return nil, fmt.Errorf("content of event %d: only an event that Record or Decode made has one", e.Sequence)
	}
	for _, name := range attributesOfLog() {
		delete(attributes, name)
	}
	return appendObject(nil, attributes), nil
}

// wire is the stored envelope.
type wire struct {
	id, source, kind, subject, time                   string
	sequence, recordedTime, actor, approver, prevHash string
	data                                              json.RawMessage
}

func readWire(stored []byte) (w wire, err error) {
	if !json.Valid(stored) {
		return w, json.Unmarshal(stored, new(json.RawMessage)) // says why
	}
	for name, value := range membersIn(stored) {
		switch string(name) {
		case `"id"`:
			w.id = textOf(value)
		case `"source"`:
			w.source = textOf(value)
		case `"type"`:
			w.kind = textOf(value)
		case `"subject"`:
			w.subject = textOf(value)
		case `"time"`:
			w.time = textOf(value)
		case `"data"`:
			w.data = value
		case `"sequence"`:
			w.sequence = textOf(value)
		case `"recordedtime"`:
			w.recordedTime = textOf(value)
		case `"actor"`:
			w.actor = textOf(value)
		case `"approver"`:
			w.approver = textOf(value)
		case `"prevhash"`:
			w.prevHash = textOf(value)
		}
	}
	return w, w.complete()
}

// complete asks for what every stored event has and no later step would miss.
func (w wire) complete() error {
	for _, attribute := range []struct{ name, value string }{
		{"sequence", w.sequence}, {"id", w.id}, {"source", w.source}, {"subject", w.subject},
	} {
		if attribute.value == "" {
			return errors.New(attribute.name + " is missing")
		}
	}
	if len(w.data) == 0 || w.data[0] != '{' {
		return errors.New("data is missing or is no object")
	}
	return nil
}

// ErrBroken is in the chain of every error of [Decode]: the stored bytes are
// not an event that this program can read.
var ErrBroken = errors.New("the stored event cannot be read")

// Decode reads an event back from the log, in any version that was ever
// written. It keeps stored and does not change it.
func Decode(stored []byte) (Event, error) {
	w, err := readWire(stored)
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	event := Event{ID: EventID(w.id), Source: w.source, Type: Type(w.kind), Subject: w.subject, raw: stored}
	event.Actor, event.Approver = w.actor, w.approver
	if event.Sequence, err = strconv.ParseUint(w.sequence, 10, 64); err != nil || event.Sequence == 0 {
		return Event{}, fmt.Errorf("%w: sequence %q is not a whole number from 1 on", ErrBroken, w.sequence)
	}
	if err := event.decodeRest(w); err != nil {
		return Event{}, fmt.Errorf("%w: event %d: %w", ErrBroken, event.Sequence, err)
	}
	return event, nil
}

func (e *Event) decodeRest(w wire) (err error) {
	if e.RecordedTime, err = time.Parse(time.RFC3339Nano, w.recordedTime); err != nil {
		return fmt.Errorf("recordedtime: %w", err)
	}
	if w.time != "" {
		if e.Time, err = time.Parse(time.RFC3339Nano, w.time); err != nil {
			return fmt.Errorf("time: %w", err)
		}
	}
	if err = e.PrevHash.parse(w.prevHash); err != nil {
		return fmt.Errorf("prevhash: %w", err)
	}
	e.Data, err = decodeStored(e.Type, w.data)
	return err
}

func (h *Hash) parse(text string) error {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(h) {
		return errors.New("not a SHA-256 in hexadecimal")
	}
	copy(h[:], raw)
	return nil
}
