package api_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/commands"
)

// scene is a log with something of everything that an event can collide with.
func scene() []string {
	all := append(registers(),
		event("u2", "unit.registered", "U2", `{"name":"已关账单位"}`),
		event("p2", "project.registered", "P2", `{"unit":"U2","year":2023,"name":"旧项目","kind":"project"}`),
		event("l9", "line.opened", "L9", strings.NewReplacer("U1", "U2", "P1", "P2").Replace(lineData)),
		event("p3", "project.registered", "P1", `{"unit":"U1","year":2024,"name":"项目","kind":"project"}`),
		event("l4", "line.opened", "L4", strings.ReplaceAll(lineData, `"year":2023`, `"year":2024`)),
		event("l3", "line.opened", "L3", lineData),
		pay("pay-1", `"100.00"`),
		event("c1", "commitment.made", "L1", `{"commitment":"C1","amount":"50.00","date":"2023-05-01"}`),
		event("c2", "commitment.made", "L1", `{"commitment":"C2","amount":"20.00","date":"2023-05-01"}`),
		event("c3", "disbursement.paid", "L1", `{"amount":"15.00","date":"2023-05-02","document":"D-2","commitment":"C1"}`),
		event("c4", "commitment.released", "L1", `{"commitment":"C2","date":"2023-05-03","reason":"终止"}`),
		event("f1", "budget.frozen", "L1", `{"amount":"10.00","date":"2023-05-01","document":"F-1","reason":"暂缓"}`),
		event("m1", "period.closed", "U1", `{"year":2023,"month":1}`),
		event("y1", "year.closed", "U2", `{"year":2023,"date":"2023-12-31"}`),
	)
	// One more allocation of 100 trillion yuan, and the sum leaves 64 bits.
	for i := range 922 {
		all = append(all, event("huge-"+strconv.Itoa(i), "budget.allocated", "L3", `{"amount":"100000000000000.00","date":"2023-02-01","document":"B-3"}`))
	}
	return all
}

// paid writes the data of a payment with one member changed; an empty value
// leaves the member out.
func paid(member, value string) string {
	data := map[string]json.RawMessage{"amount": json.RawMessage(`"1.00"`), "date": json.RawMessage(`"2023-05-01"`), "document": json.RawMessage(`"D-1"`)}
	data[member] = json.RawMessage(value)
	if value == "" {
		delete(data, member)
	}
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // the table is wrong
	}
	return event("bad", "disbursement.paid", "L1", string(raw))
}

// envelope writes a good payment with one attribute changed or, with an empty
// value, left out.
func envelope(attribute, value string) string {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal([]byte(pay("bad", `"1.00"`)), &attributes); err != nil {
		panic(err)
	}
	attributes[attribute] = json.RawMessage(value)
	if value == "" {
		delete(attributes, attribute)
	}
	raw, err := json.Marshal(attributes)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// badEvents are refused alone, in an array's place or on a line of NDJSON.
var badEvents = []struct {
	name, body string
	status     int
	code       events.Code
	pointer    string
}{
	{"amount as a float", paid("amount", `1.5`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount as a whole number", paid("amount", `100`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount true", paid("amount", `true`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount null", paid("amount", `null`), 400, events.CodeInvalidEvent, "/data/amount"},
	{"amount missing", paid("amount", ``), 400, events.CodeInvalidEvent, "/data/amount"},
	{"amount negative", paid("amount", `"-1.00"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount zero", paid("amount", `"0.00"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount with three decimals", paid("amount", `"1.234"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount with separators", paid("amount", `"1,000.00"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount with an exponent", paid("amount", `"1e3"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount in spaces", paid("amount", `" 1.00"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount with a plus", paid("amount", `"+1.00"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount in full-width digits", paid("amount", `"１.00"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount without a whole part", paid("amount", `".50"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount that ends with the point", paid("amount", `"1."`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount NaN", paid("amount", `"NaN"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount empty", paid("amount", `""`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount a fen beyond what an event may state", paid("amount", `"100000000000000.01"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"amount of thirty digits", paid("amount", `"999999999999999999999999999999"`), 400, events.CodeAmountInvalid, "/data/amount"},
	{"sum beyond 64 bits of fen", event("bad", "budget.allocated", "L3", `{"amount":"100000000000000.00","date":"2023-02-01","document":"B-3"}`), 400, events.CodeAmountInvalid, "/data/amount"},

	{"day that does not exist", paid("date", `"2023-02-30"`), 400, events.CodeInvalidEvent, "/data/date"},
	{"date without zeros", paid("date", `"2023-5-1"`), 400, events.CodeInvalidEvent, "/data/date"},
	{"date as a number", paid("date", `20230501`), 400, events.CodeInvalidEvent, "/data/date"},
	{"date with a time", paid("date", `"2023-05-01T00:00:00Z"`), 400, events.CodeInvalidEvent, "/data/date"},
	{"date in a year without books", paid("date", `"0023-05-01"`), 400, events.CodeInvalidEvent, "/data/date"},
	{"date of another year", paid("date", `"2024-05-01"`), 400, events.CodeInvalidEvent, "/data/date"},

	{"document missing", paid("document", ``), 400, events.CodeInvalidEvent, "/data/document"},
	{"document of spaces", paid("document", `"  "`), 400, events.CodeInvalidEvent, "/data/document"},
	{"economic class of four digits", paid("economic_class", `"3021"`), 400, events.CodeInvalidEvent, "/data/economic_class"},
	{"member that the type does not have", paid("amout", `"1.00"`), 400, events.CodeInvalidEvent, "/data/amout"},
	{"member in other letters", paid("Amount", `"1.00"`), 400, events.CodeInvalidEvent, "/data/Amount"},
	{"data an array", envelope("data", `[]`), 400, events.CodeInvalidEvent, "/data"},
	{"fund that does not exist", event("bad", "line.opened", "L5", strings.ReplaceAll(lineData, "general_public", "general")), 400, events.CodeInvalidEvent, "/data/fund"},
	{"vintage after the year", event("bad", "line.opened", "L5", strings.ReplaceAll(lineData, `"vintage":2023`, `"vintage":2024`)), 400, events.CodeInvalidEvent, "/data/vintage"},
	{"unit under itself", event("bad", "unit.registered", "U5", `{"name":"局","parent":"U5"}`), 400, events.CodeInvalidEvent, "/data/parent"},
	{"transfer to the same line", event("bad", "budget.transferred", "L1", `{"to":"L1","amount":"1.00","date":"2023-05-01","document":"T-1","reason":"调剂"}`), 400, events.CodeInvalidEvent, "/data/to"},
	{"transfer to a line of another year", event("bad", "budget.transferred", "L1", `{"to":"L4","amount":"1.00","date":"2023-05-01","document":"T-1","reason":"调剂"}`), 400, events.CodeInvalidEvent, "/data/to"},
	{"correction of nothing", event("bad", "disbursement.corrected", "L1", `{"payment":"pay-1","date":"2023-05-01","reason":"更正"}`), 400, events.CodeInvalidEvent, "/data"},

	{"type that does not exist", envelope("type", `"outturn.budget.vanished.v1"`), 400, events.CodeInvalidEvent, "/type"},
	{"type with a slip of the pen", envelope("type", `"outturn.disbursment.paid.v1"`), 400, events.CodeInvalidEvent, "/type"},
	{"type of a later version", envelope("type", `"outturn.disbursement.paid.v2"`), 400, events.CodeInvalidEvent, "/type"},
	{"specversion missing", envelope("specversion", ``), 400, events.CodeInvalidEvent, "/specversion"},
	{"specversion of old", envelope("specversion", `"0.3"`), 400, events.CodeInvalidEvent, "/specversion"},
	{"id missing", envelope("id", ``), 400, events.CodeInvalidEvent, "/id"},
	{"id with a space", envelope("id", `"a b"`), 400, events.CodeInvalidEvent, "/id"},
	{"id of 129 bytes", envelope("id", `"`+strings.Repeat("x", 129)+`"`), 400, events.CodeInvalidEvent, "/id"},
	{"source missing", envelope("source", ``), 400, events.CodeInvalidEvent, "/source"},
	{"subject missing", envelope("subject", ``), 400, events.CodeInvalidEvent, "/subject"},
	{"subject in Chinese", envelope("subject", `"指标"`), 400, events.CodeInvalidEvent, "/subject"},
	{"subject with a dot", envelope("subject", `"L1.L2"`), 400, events.CodeInvalidEvent, "/subject"},
	{"time that is none", envelope("time", `"yesterday"`), 400, events.CodeInvalidEvent, "/time"},
	{"content type of XML", envelope("datacontenttype", `"text/xml"`), 400, events.CodeInvalidEvent, "/datacontenttype"},
	{"extension in capitals", envelope("Trace", `"x"`), 400, events.CodeInvalidEvent, "/Trace"},
	{"sequence set by the client", envelope("sequence", `"7"`), 400, events.CodeInvalidEvent, "/sequence"},
	{"actor set by the client", envelope("actor", `"root"`), 400, events.CodeInvalidEvent, "/actor"},
	{"the name of the program as source", envelope("source", `"outturn/snapshots"`), 400, events.CodeInvalidEvent, "/source"},
	{"prevhash set by the client", envelope("prevhash", `""`), 400, events.CodeInvalidEvent, "/prevhash"},
	{"recordedtime set by the client", envelope("recordedtime", `"2023-01-01T00:00:00Z"`), 400, events.CodeInvalidEvent, "/recordedtime"},

	{"JSON cut short", `{"specversion":"1.0"`, 400, events.CodeInvalidEvent, ""},
	{"JSON null", `null`, 400, events.CodeInvalidEvent, ""},
	{"JSON number", `7`, 400, events.CodeInvalidEvent, ""},
	{"text after the event", pay("bad", `"1.00"`) + `{}`, 400, events.CodeInvalidEvent, ""},
	{"attribute given twice", strings.Replace(pay("bad", `"1.00"`), `"id":"bad"`, `"id":"bad","id":"bad2"`, 1), 400, events.CodeInvalidEvent, ""},
	{"amount given twice", strings.Replace(pay("bad", `"1.00"`), `"amount":"1.00"`, `"amount":"1.00","amount":"2.00"`, 1), 400, events.CodeInvalidEvent, ""},
	{"bytes that are not UTF-8", strings.Replace(pay("bad", `"1.00"`), "D-1", "D-\xff", 1), 400, events.CodeInvalidEvent, ""},
	{"half a surrogate pair", strings.Replace(pay("bad", `"1.00"`), "D-1", `D-\ud800`, 1), 400, events.CodeInvalidEvent, ""},
	{"nested too deep", envelope("data", strings.Repeat("[", 20)+strings.Repeat("]", 20)), 400, events.CodeInvalidEvent, ""},
	{"event of 64 KiB and a byte", padded(events.MaxBytes+1, pay("bad", `"1.00"`)), 413, api.CodeTooLarge, ""},

	{"line that is not open", event("bad", "budget.allocated", "L-none", `{"amount":"1.00","date":"2023-05-01","document":"B"}`), 422, events.CodeUnknownLine, "/subject"},
	{"transfer to a line that is not open", event("bad", "budget.transferred", "L1", `{"to":"L-none","amount":"1.00","date":"2023-05-01","document":"T-1","reason":"调剂"}`), 422, events.CodeUnknownLine, "/data/to"},
	{"unit that is not registered", event("bad", "project.registered", "P5", `{"unit":"U-none","year":2023,"name":"项目","kind":"project"}`), 422, events.CodeUnknownUnit, "/data/unit"},
	{"parent that is not registered", event("bad", "unit.registered", "U5", `{"name":"局","parent":"U-none"}`), 422, events.CodeUnknownUnit, "/data/parent"},
	{"project of another year", event("bad", "line.opened", "L5", strings.ReplaceAll(lineData, `2023,"unit"`, `2025,"unit"`)), 422, events.CodeUnknownProject, "/data/project"},
	{"payment that was not made", event("bad", "disbursement.refunded", "L1", `{"payment":"none","amount":"1.00","date":"2023-06-01","reason":"退回"}`), 422, events.CodeUnknownPayment, "/data/payment"},
	{"commitment that was not made", paid("commitment", `"C-none"`), 422, events.CodeUnknownCommitment, "/data/commitment"},
	{"commitment that was released", paid("commitment", `"C2"`), 422, events.CodeUnknownCommitment, "/data/commitment"},
	{"payment of a fen too much", paid("amount", `"840.01"`), 422, events.CodeInsufficientFunds, "/data/amount"},
	{"payment from an empty line", event("bad", "disbursement.paid", "L2", `{"amount":"0.01","date":"2023-05-01","document":"D"}`), 422, events.CodeInsufficientFunds, "/data/amount"},
	{"transfer of a fen too much", event("bad", "budget.transferred", "L1", `{"to":"L2","amount":"840.01","date":"2023-05-01","document":"T-1","reason":"调剂"}`), 422, events.CodeInsufficientFunds, "/data/amount"},
	{"refund of a fen too much", event("bad", "disbursement.refunded", "L1", `{"payment":"pay-1","amount":"100.01","date":"2023-06-01","reason":"退回"}`), 422, events.CodeExceedsPayment, "/data/amount"},
	{"commitment below what was paid", event("bad", "commitment.changed", "L1", `{"commitment":"C1","amount":"14.99","date":"2023-06-01","reason":"变更"}`), 422, events.CodeExceedsPayment, "/data/amount"},
	{"unfreeze of a fen too much", event("bad", "budget.unfrozen", "L1", `{"amount":"10.01","date":"2023-06-01","document":"F-2","reason":"恢复"}`), 422, events.CodeExceedsFrozen, "/data/amount"},
	{"payment in a closed month", paid("date", `"2023-01-31"`), 422, events.CodePeriodClosed, "/data/date"},
	{"budget in a closed year", event("bad", "budget.allocated", "L9", `{"amount":"1.00","date":"2023-05-01","document":"B"}`), 422, events.CodeYearClosed, ""},
	{"reopening of an open year", event("bad", "year.reopened", "U1", `{"year":2023,"date":"2024-01-10","reason":"补记"}`), 422, events.CodeYearNotClosed, ""},

	{"id of other content", pay("pay-1", `"100.01"`), 409, events.CodeIDReused, "/id"},
	{"unit of a taken code", event("bad", "unit.registered", "U1", `{"name":"局"}`), 409, events.CodeAlreadyRegistered, "/subject"},
	{"line of a taken code", event("bad", "line.opened", "L1", lineData), 409, events.CodeAlreadyRegistered, "/subject"},
	{"commitment of a taken code", event("bad", "commitment.made", "L1", `{"commitment":"C1","amount":"1.00","date":"2023-05-01"}`), 409, events.CodeAlreadyRegistered, "/data/commitment"},
}

// padded fills an event up with white space to a size.
func padded(size int, body string) string {
	return "{" + strings.Repeat(" ", size-len(body)) + body[1:]
}

// badRequests are refused as a whole.
var badRequests = []struct {
	name   string
	with   request
	status int
	code   events.Code
}{
	{"no token", request{header: map[string]string{"Authorization": ""}}, 401, api.CodeUnauthenticated},
	{"wrong token", request{header: map[string]string{"Authorization": "Bearer outturn_some-other-token"}}, 401, api.CodeUnauthenticated},
	{"token cut short", request{header: map[string]string{"Authorization": "Bearer " + token[:len(token)-1]}}, 401, api.CodeUnauthenticated},
	{"token under another scheme", request{header: map[string]string{"Authorization": "Basic " + token}}, 401, api.CodeUnauthenticated},
	{"token without a scheme", request{header: map[string]string{"Authorization": token}}, 401, api.CodeUnauthenticated},
	{"token in the address", request{path: "/v1/events?access_token=" + token, header: map[string]string{"Authorization": ""}}, 401, api.CodeUnauthenticated},

	{"method PUT", request{method: http.MethodPut}, 405, api.CodeMethodNotAllowed},
	{"method DELETE", request{method: http.MethodDelete}, 405, api.CodeMethodNotAllowed},
	{"method GET", request{method: http.MethodGet}, 405, api.CodeMethodNotAllowed},
	{"path that is no call", request{path: "/v1/event"}, 404, api.CodeNotFound},

	{"media type CSV", request{media: "text/csv"}, 415, api.CodeUnsupportedMediaType},
	{"media type of a form", request{media: "application/x-www-form-urlencoded"}, 415, api.CodeUnsupportedMediaType},
	{"media type that is none", request{media: "json"}, 415, api.CodeUnsupportedMediaType},

	{"unknown parameter", request{path: "/v1/events?dryrun=true"}, 400, api.CodeQueryInvalid},
	{"flag that is neither true nor false", request{path: "/v1/events?dry_run=1"}, 400, api.CodeQueryInvalid},
	{"flag given twice", request{path: "/v1/events?dry_run=false&dry_run=true"}, 400, api.CodeQueryInvalid},
	{"flag cut off by a semicolon", request{path: "/v1/events?dry_run=true;atomic=true"}, 400, api.CodeQueryInvalid},
	{"flag with a broken escape", request{path: "/v1/events?dry_run=true%zz"}, 400, api.CodeQueryInvalid},

	{"empty body", request{body: " "}, 400, events.CodeInvalidEvent},
	{"empty body of plain JSON", request{media: mediaJSON, body: " "}, 400, events.CodeInvalidEvent},
	{"array as one event", request{media: mediaEvent, body: "[" + pay("bad", `"1.00"`) + "]"}, 400, events.CodeInvalidEvent},
	{"one event as a batch", request{media: mediaBatch}, 400, events.CodeInvalidEvent},
	{"null as a batch", request{media: mediaBatch, body: "null"}, 400, events.CodeInvalidEvent},
	{"batch cut short", request{media: mediaBatch, body: "[" + pay("bad", `"1.00"`)}, 400, events.CodeInvalidEvent},
	{"batch without a comma", request{media: mediaBatch, body: "[" + pay("bad", `"1.00"`) + pay("bad2", `"1.00"`) + "]"}, 400, events.CodeInvalidEvent},
	{"batch with text after it", request{media: mediaBatch, body: "[" + pay("bad", `"1.00"`) + "] x"}, 400, events.CodeInvalidEvent},
	{"array of plain JSON cut short", request{media: mediaJSON, body: " [" + pay("bad", `"1.00"`)}, 400, events.CodeInvalidEvent},

	{"body of a byte too much", request{media: mediaNDJSON, body: pay("bad", `"1.00"`) + strings.Repeat("\n", api.MaxBody+1-len(pay("bad", `"1.00"`)))}, 413, api.CodeTooLarge},
	{"an event too much in an array", request{media: mediaBatch, body: "[" + strings.Repeat("0,", api.MaxEvents) + "0]"}, 413, api.CodeTooLarge},
	{"an event too much in NDJSON", request{media: mediaNDJSON, body: strings.Repeat("0\n", api.MaxEvents+1)}, 413, api.CodeTooLarge},
	{"an event too much to stand or fall together", request{path: "/v1/events?atomic=true", media: mediaNDJSON, body: strings.Repeat("0\n", maxAtomic+1)}, 413, api.CodeTooLarge},
}

func TestBadEventsAreRefusedAndNothingIsAppended(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(scene()...)
	before := s.last()
	for _, bad := range badEvents {
		s.wantProblem(bad.name, s.post("/v1/events", mediaEvent, bad.body), bad.status, bad.code, bad.pointer)
		if s.last() != before {
			t.Fatalf("%s: the log has grown", bad.name)
		}
	}
	if len(badEvents)+len(badRequests) < 40 {
		t.Errorf("the tables have only %d rows", len(badEvents)+len(badRequests))
	}
}

func TestBadEventsAmongManyAreRejectedAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(scene()...)
	before := s.last()
	lines := make([]string, len(badEvents))
	for i, bad := range badEvents {
		lines[i] = bad.body
	}
	batch := read[api.BatchAnswer](t, s.post("/v1/events", mediaNDJSON, strings.Join(lines, "\n")), http.StatusOK)
	if batch.Accepted != 0 || batch.Duplicates != 0 || batch.Rejected != len(badEvents) || s.last() != before {
		t.Fatalf("%d accepted, %d duplicates, %d rejected; the log went from %d to %d", batch.Accepted, batch.Duplicates, batch.Rejected, before, s.last())
	}
	for i, result := range batch.Results {
		want := badEvents[i]
		if result.Index != i || result.Status != commands.Rejected || result.Code != want.code || result.Pointer != want.pointer || result.Detail == "" {
			t.Errorf("%s: the result is %+v; want code %s at %q", want.name, result, want.code, want.pointer)
		}
	}
}

func TestBadRequestsAreRefusedAndNothingIsAppended(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	before := s.last()
	for _, bad := range badRequests {
		r := request{method: http.MethodPost, path: "/v1/events", media: mediaEvent, body: pay("bad", `"1.00"`), header: bad.with.header}
		if bad.with.method != "" {
			r.method = bad.with.method
		}
		if bad.with.path != "" {
			r.path = bad.with.path
		}
		if bad.with.media != "" {
			r.media = bad.with.media
		}
		if bad.with.body != "" {
			r.body = bad.with.body
		}
		s.wantProblem(bad.name, s.do(r), bad.status, bad.code, "")
		if s.last() != before {
			t.Fatalf("%s: the log has grown", bad.name)
		}
	}
}

// wantProblem checks a problem and returns it.
func (s *server) wantProblem(name string, a answer, status int, code events.Code, pointer string) api.Problem {
	s.t.Helper()
	if media := a.header.Get("Content-Type"); !strings.HasPrefix(media, "application/problem+json") {
		s.t.Errorf("%s: the answer (%d) is %s, not a problem: %.300s", name, a.status, media, a.body)
		return api.Problem{}
	}
	problem := read[api.Problem](s.t, a, a.status)
	if a.status != status || problem.Status != status || problem.Code != code || problem.Pointer != pointer {
		s.t.Errorf("%s: %d %s at %q; want %d %s at %q (%s)", name, a.status, problem.Code, problem.Pointer, status, code, pointer, problem.Detail)
	}
	if problem.Type != api.TypePrefix+string(code) || problem.Title == "" || problem.Detail == "" || problem.Reason == "" {
		s.t.Errorf("%s: the problem lacks something: %+v", name, problem)
	}
	return problem
}

func TestARefusalTellsItsFigures(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	problem := s.wantProblem("a fen too much", s.post("/v1/events", mediaEvent, pay("x", `"1000.01"`)), 422, events.CodeInsufficientFunds, "/data/amount")
	for name, want := range map[string]string{"available": "1000.00", "asked": "1000.01", "missing": "0.01", "line": "L1"} {
		if problem.Params[name] != want {
			t.Errorf("%s is %q; want %q", name, problem.Params[name], want)
		}
	}
	problem = s.wantProblem("near type", s.post("/v1/events", mediaEvent, envelope("type", `"outturn.disbursment.paid.v1"`)), 400, events.CodeInvalidEvent, "/type")
	if problem.Params["nearest"] != "outturn.disbursement.paid.v1" {
		t.Errorf("the nearest type is %q", problem.Params["nearest"])
	}
}
