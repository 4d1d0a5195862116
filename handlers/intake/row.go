package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/commands"
)

// entry is a row on its way: what it says, then what became of it.
type entry struct {
	Row
	kind   *kind
	says   [keyCount]string // as events write it; empty for nothing
	date   fiscal.Date
	id     events.EventID
	digest string // of what the row says
	ownID  bool

	faults   []Problem // what reading found
	portions []budget.Portion
	recorded bool // by an earlier run
}

// reset forgets what became of the row after it was read.
func (e *entry) reset() {
	e.Row = Row{Number: e.Number, Cells: e.Cells, Amount: e.Amount, Problems: slices.Clone(e.faults)}
	if !e.isFit() {
		e.Status = commands.Rejected
	}
}

// isPlaced says whether the row names a unit and a project instead of a line, so
// that its portions rest on the lines that there are.
func (e *entry) isPlaced() bool { return e.says[keyLine] == "" }

// isFit says whether nothing is known against the row yet.
func (e *entry) isFit() bool { return len(e.Problems) == 0 }

// refuse adds a problem and makes the row a rejected one.
func (e *entry) refuse(p Problem) {
	e.Problems = append(e.Problems, p)
	e.Status = commands.Rejected
}

// rowReader makes entries of the rows of a table.
type rowReader struct {
	*table
	unit  Denomination
	seen  map[string]int // how often the same row came before
	sums  totals
	notes []Note
}

// readRows reads all rows but blank ones, sums and the example of a template.
func readRows(t *table, unit Denomination) ([]entry, []Note) {
	if t.unit != "" {
		unit = t.unit
	}
	r := &rowReader{table: t, unit: unit, seen: make(map[string]int)}
	t.layout.unit = unit
	entries := make([]entry, 0, len(t.lines))
	for _, l := range t.lines {
		switch {
		case r.isSum(l):
			r.checkSum(l)
		case !r.isExample(l):
			entries = append(entries, r.entry(l))
		}
	}
	for _, name := range t.unread {
		r.notes = append(r.notes, Note{Problem: Problem{Refusal: events.Refuse(CodeCheckWarning, ReasonSheetUnread, "", "sheet", name)}})
	}
	return entries, r.notes
}

// entry reads a row cell by cell, and finds all that is wrong with it.
func (r *rowReader) entry(l line) entry {
	e := entry{Row: Row{Number: l.number, Cells: texts(l)}, kind: &kinds[0]}
	if c := l.cell(r.at[keyType]); r.readable(&e, keyType, c) {
		kind, refusal := kindOf(c, r.name(keyType))
		if refusal != nil {
			e.refuse(r.problem(keyType, c, refusal))
		} else {
			e.kind = kind
			e.says[keyType] = kind.noun
		}
	}
	r.say(&e, keyDate, l) // the years of other columns are told from it
	for k := range keyCount {
		if k != keyType && k != keyDate {
			r.say(&e, k, l)
		}
	}
	r.sums.add(&e, r.isRefused(&e, keyAmount))
	r.check(&e, l)
	e.faults = e.Problems
	if e.isFit() {
		r.identify(&e)
	}
	return e
}

// say reads a cell into what the row says.
func (r *rowReader) say(e *entry, k key, l line) {
	c := l.cell(r.at[k])
	if !r.readable(e, k, c) {
		return
	}
	value, refusal := r.value(e, k, c)
	if refusal != nil {
		e.refuse(r.problem(k, c, refusal))
		return
	}
	e.says[k] = value
}

func texts(l line) []string {
	texts := make([]string, len(l.cells))
	for i, c := range l.cells {
		texts[i] = c.text
	}
	return texts
}

// readable says whether a cell holds something that can be looked at. What a
// formula came to when the file was saved is not known to be what it comes to now.
func (r *rowReader) readable(e *entry, k key, c cell) bool {
	switch {
	case c.kind == formula:
		e.refuse(r.problem(k, c, events.Refuse(CodeCellInvalid, ReasonCellFormula, "", "field", r.name(k))))
		return false
	case c.kind == fault:
		e.refuse(r.problem(k, c, events.Refuse(CodeCellInvalid, ReasonCellError, "", "field", r.name(k), "value", c.text)))
		return false
	}
	return !isBlank(c.text)
}

// value reads a cell as what its column holds.
func (r *rowReader) value(e *entry, k key, c cell) (string, *events.Refusal) {
	name := r.name(k)
	switch k {
	case keyAmount:
		amount, refusal := amountOf(c, r.unit, name)
		e.Amount = amount
		return amount.String(), refusal
	case keyDate:
		date, refusal := dateOf(c, r.from1904, name)
		e.date = date
		return date.String(), refusal
	case keyFund:
		return fundOf(c, name)
	case keyVintage, keyYear:
		return yearOf(c, e.date.Year, name)
	case keyEconomicClass, keyToEconomicClass:
		return classOf(c, name)
	case keyLine, keyUnit, keyProject, keyTo, keyCommitment:
		return codeOf(c, name)
	case keyID, keyPayment:
		code, refusal := codeOf(c, name)
		return eventID(code), refusal
	case keyDocument, keyPayee:
		words, refusal := textOf(c, name)
		return strings.Join(strings.Fields(words), " "), refusal
	}
	return textOf(c, name)
}

// eventID is a serial number as the id of an event, which is visible ASCII.
func eventID(serial string) string {
	if strings.ContainsFunc(serial, func(r rune) bool { return r < '!' || r > '~' }) {
		return url.QueryEscape(serial)
	}
	return serial
}

// problem places a refusal at a cell.
func (r *rowReader) problem(k key, c cell, refusal *events.Refusal) Problem {
	return Problem{Column: r.name(k), Value: c.text, Refusal: refusal}
}

// check looks at the row as a whole.
func (r *rowReader) check(e *entry, l line) {
	takes := func(k key) bool { return slices.Contains(e.kind.takes, k) }
	for _, k := range []key{keyTo, keyPayment, keyToEconomicClass, keyCommitment} {
		if e.says[k] != "" && !takes(k) {
			e.refuse(r.problem(k, l.cell(r.at[k]), events.Refuse(CodeCellInvalid, ReasonCellUnused, "", "field", r.name(k), "type", e.kind.zh)))
		}
	}
	if e.says[keyLine] == "" && (e.says[keyUnit] == "" || e.says[keyProject] == "") && !r.isRefused(e, keyLine, keyUnit, keyProject) {
		e.refuse(Problem{Column: r.name(keyLine), Refusal: events.Refuse(CodeLineUnclear, ReasonLineMissing, "")})
	}
	if e.says[keyReason] == "" && takes(keyReason) {
		e.says[keyReason] = e.says[keyPurpose]
	}
	if e.says[keyPurpose] == "" && takes(keyPurpose) {
		e.says[keyPurpose] = e.says[keyReason]
	}
	for _, k := range e.kind.needs {
		if e.says[k] == "" && !r.isRefused(e, k) {
			e.refuse(r.problem(k, l.cell(r.at[k]), events.Refuse(events.CodeInvalidEvent, events.ReasonFieldRequired, "", "field", r.name(k))))
		}
	}
}

func (r *rowReader) isRefused(e *entry, keys ...key) bool {
	return slices.ContainsFunc(e.Problems, func(p Problem) bool {
		return slices.ContainsFunc(keys, func(k key) bool { return p.Column == r.name(k) })
	})
}

// idLength is how many hexadecimal digits of the digest make an id.
const idLength = 32

// identify gives the row the id of its event: its own, or one made of what it
// says and of how many rows above say the same.
func (r *rowReader) identify(e *entry) {
	var said strings.Builder
	for k, value := range e.says {
		if value != "" && key(k) != keyType {
			fmt.Fprintf(&said, "%s=%s\x00", columns[k].member, value)
		}
	}
	said.WriteString(e.kind.noun)
	content := said.String()
	if own := e.says[keyID]; own != "" {
		e.ownID, e.id = true, events.EventID(own)
	} else {
		r.seen[content]++
		content += "\x00" + strconv.Itoa(r.seen[content])
	}
	sum := sha256.Sum256([]byte(content))
	e.digest = hex.EncodeToString(sum[:])[:idLength]
	if !e.ownID {
		e.id = events.EventID("row-" + e.digest)
	}
}

// extension is the attribute of an event that names the row that it came from,
// so that a row is known again when its amount was spread over other lines.
const extension = "importrow"

// envelope is an event as it is submitted.
type envelope struct {
	SpecVersion string         `json:"specversion"`
	ID          string         `json:"id"`
	Source      string         `json:"source"`
	Type        string         `json:"type"`
	Subject     string         `json:"subject"`
	Row         string         `json:"importrow"`
	Data        map[string]any `json:"data"`
}

// items are the events of a row, one for each portion.
func (e *entry) items(source string, name func(key) string) []commands.Item {
	items := make([]commands.Item, len(e.portions))
	for i, p := range e.portions {
		items[i] = e.item(source, i, p, name)
	}
	return items
}

func (e *entry) item(source string, i int, p budget.Portion, name func(key) string) commands.Item {
	id := string(e.id)
	if i > 0 {
		id += "~" + strconv.Itoa(i+1)
	}
	raw, err := json.Marshal(envelope{"1.0", id, source, "outturn." + e.kind.noun + ".v1", string(p.Line), e.digest, e.data(p, name)})
	if err != nil {
		return commands.Item{Refusal: events.Refuse(events.CodeInvalidEvent, events.ReasonJSONSyntax, "", "problem", err.Error())}
	}
	event, err := events.Parse(raw)
	if refusal := events.AsRefusal(err); refusal != nil {
		return commands.Item{Refusal: refusal}
	}
	return commands.Item{Event: event}
}

// data are the members of the event. What the type has no member for is said in
// the memo: nothing that a row says is lost.
func (e *entry) data(p budget.Portion, name func(key) string) map[string]any {
	data := make(map[string]any, len(e.kind.takes)+1)
	var memo []string
	for _, k := range []key{keyMemo, keyDocument, keyPayee, keyPurpose, keyReason} {
		value := e.says[k]
		switch {
		case value == "" || k == keyPurpose && value == e.says[keyReason] || k == keyReason && value == e.says[keyPurpose]:
		case k == keyMemo:
			memo = append(memo, value)
		case !slices.Contains(e.kind.takes, k):
			memo = append(memo, name(k)+": "+value)
		}
	}
	for _, k := range e.kind.takes {
		value := e.says[k]
		if k == keyAmount && value != "" {
			value = p.Amount.String()
		}
		if value != "" {
			data[e.kind.member(k)] = value
		}
	}
	if len(memo) > 0 {
		data[columns[keyMemo].member] = strings.Join(memo, "\n")
	}
	switch e.kind.noun {
	case "carryover.received", "carryover.confirmed":
		data["from_year"] = e.date.Year - 1
	case "carryover.sent":
		data["to_year"] = e.date.Year + 1
	}
	return data
}

// member is the name that a key has in the data of this type.
func (k *kind) member(of key) string {
	switch {
	case of == keyPayee && k.noun == "commitment.made":
		return "counterparty"
	case of == keyTo && k.noun == "disbursement.corrected":
		return "to_line"
	}
	return columns[of].member
}
