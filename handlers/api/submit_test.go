package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/commands"
)

// members are the names in a JSON object, sorted.
func members(t *testing.T, raw []byte) []string {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func wantMembers(t *testing.T, raw []byte, want ...string) {
	t.Helper()
	if have := members(t, raw); !slices.Equal(have, want) {
		t.Errorf("the answer has %v; want %v", have, want)
	}
}

func TestOneEventIsCreatedAndItsRepeatIsNot(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	body := pay("x1", `"400.00"`)

	a := s.post("/v1/events", mediaEvent, body)
	created := read[api.EventAnswer](t, a, http.StatusCreated)
	wantMembers(t, a.body, "duplicate", "line", "sequence")
	if created.Sequence != 6 || created.Duplicate || s.last() != 6 {
		t.Errorf("the answer is %+v; want sequence 6 and no duplicate", created)
	}
	if line := created.Line; line.Line != "L1" || line.Available.String() != "600.00" || *line.Rate != "40.00" {
		t.Errorf("the line is %+v; want 600.00 available at 40.00 %%", line)
	}
	if err := contractOf(t).validate([]string{"components", "schemas", "Event"}, []byte(body)); err != nil {
		t.Errorf("an event that is accepted does not hold to the contract: %v", err)
	}

	a = s.post("/v1/events", mediaEvent, body)
	again := read[api.EventAnswer](t, a, http.StatusOK)
	wantMembers(t, a.body, "duplicate", "line", "sequence")
	if again.Sequence != 6 || !again.Duplicate || s.last() != 6 {
		t.Errorf("the repeat got %+v; want a duplicate of 6", again)
	}
}

func TestARepeatInOtherWhiteSpaceAndOrderIsTheSame(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	s.record(pay("x1", `"400.00"`))
	other := `{ "data":{"document":"D-1", "date":"2023-05-01","amount":"400.00"},"subject":"L1","type":"outturn.disbursement.paid.v1","source":"\/test","id":"x1","specversion":"1.0" }`
	if again := read[api.EventAnswer](t, s.post("/v1/events", mediaEvent, other), http.StatusOK); !again.Duplicate {
		t.Errorf("the repeat got %+v; want a duplicate", again)
	}
}

func TestAnEventAboutNoLineHasNoLineInItsAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.post("/v1/events", mediaEvent, registers()[0])
	read[api.EventAnswer](t, a, http.StatusCreated)
	wantMembers(t, a.body, "duplicate", "sequence")
}

func TestADryRunOfOneTellsTheLineAndAppendsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	for range 2 { // the second is no repeat of the first
		a := s.post("/v1/events?dry_run=true", mediaEvent, pay("x1", `"400.00"`))
		tried := read[api.EventAnswer](t, a, http.StatusOK)
		wantMembers(t, a.body, "dry_run", "duplicate", "line")
		if tried.Duplicate || !tried.DryRun || tried.Line.Available.String() != "600.00" || s.last() != 5 {
			t.Errorf("the dry run got %+v, and the log ends at %d", tried, s.last())
		}
	}
	s.wantProblem("dry run of too much", s.post("/v1/events?dry_run=true", mediaEvent, pay("x2", `"1000.01"`)), 422, events.CodeInsufficientFunds, "/data/amount")
}

// summary is a batch's answer in short: "accepted:6 duplicate:3 rejected".
func summary(batch api.BatchAnswer) string {
	words := make([]string, len(batch.Results))
	for i, result := range batch.Results {
		words[i] = string(result.Status)
		if result.Sequence > 0 {
			words[i] += ":" + strconv.FormatUint(result.Sequence, 10)
		}
	}
	return strings.Join(words, " ")
}

func TestManyEventsInEachForm(t *testing.T) {
	t.Parallel()
	many := []string{pay("x1", `"400.00"`), pay("x1", `"400.00"`), pay("x2", `"600.01"`), pay("x3", `"600.00"`)}
	for _, form := range []struct{ name, media, body string }{
		{"NDJSON", mediaNDJSON, strings.Join(many, "\n")},
		{"NDJSON with blank lines and CRLF", mediaNDJSON, "\r\n" + strings.Join(many, "\r\n\r\n  \r\n") + "\r\n\r\n"},
		{"array", mediaBatch, "[" + strings.Join(many, ", ") + "]"},
		{"array with a character set", mediaBatch + "; charset=utf-8", "[" + strings.Join(many, ", ") + "]"},
		{"array of plain JSON", mediaJSON, " \n[" + strings.Join(many, ",") + "]\n"},
		{"array without a media type", "", "[" + strings.Join(many, ",") + "]"},
	} {
		t.Run(form.name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.record(registers()...)
			a := s.post("/v1/events", form.media, form.body)
			batch := read[api.BatchAnswer](t, a, http.StatusOK)
			wantMembers(t, a.body, "accepted", "duplicates", "proposed", "rejected", "results")
			if batch.Accepted != 2 || batch.Duplicates != 1 || batch.Rejected != 1 {
				t.Errorf("%d accepted, %d duplicates, %d rejected; want 2, 1, 1", batch.Accepted, batch.Duplicates, batch.Rejected)
			}
			if have, want := summary(batch), "accepted:6 duplicate:6 rejected accepted:7"; have != want {
				t.Errorf("the results are %s; want %s", have, want)
			}
			rejected := batch.Results[2]
			if rejected.ID != "x2" || rejected.Code != events.CodeInsufficientFunds || rejected.Pointer != "/data/amount" {
				t.Errorf("the rejected one is %+v", rejected)
			}
			if s.last() != 7 {
				t.Errorf("the log ends at %d; want 7", s.last())
			}
		})
	}
}

func TestOneEventOfPlainJSONIsOneEvent(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i, media := range []string{mediaJSON, mediaJSON + "; charset=utf-8", ""} {
		body := event("u"+strconv.Itoa(i), "unit.registered", "U"+strconv.Itoa(i), `{"name":"局"}`)
		read[api.EventAnswer](t, s.post("/v1/events", media, "\n "+body), http.StatusCreated)
	}
}

func TestNothingToPostIsAccepted(t *testing.T) {
	t.Parallel()
	s := start(t)
	for media, body := range map[string]string{mediaNDJSON: "\n\n", mediaBatch: "[]"} {
		a := s.post("/v1/events", media, body)
		if batch := read[api.BatchAnswer](t, a, http.StatusOK); len(batch.Results) != 0 || !strings.Contains(string(a.body), `"results":[]`) {
			t.Errorf("the answer to nothing is %s", a.body)
		}
	}
}

func TestABadEventIsToldByItsID(t *testing.T) {
	t.Parallel()
	s := start(t)
	batch := read[api.BatchAnswer](t, s.post("/v1/events", mediaNDJSON, pay("x1", `1.5`)+"\n"+`{"id":7}`+"\n{"), http.StatusOK)
	want := []api.ResultAnswer{{ID: "x1"}, {}, {}}
	for i, result := range batch.Results {
		if result.ID != want[i].ID || result.Index != i {
			t.Errorf("result %d is %+v; want id %q", i, result, want[i].ID)
		}
	}
}

func TestADryRunOfManyDecidesThemInTurnAndAppendsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	all := append(registers(), pay("x1", `"1000.00"`), pay("x2", `"0.01"`))
	a := s.post("/v1/events?dry_run=true", mediaNDJSON, strings.Join(all, "\n"))
	batch := read[api.BatchAnswer](t, a, http.StatusOK)
	wantMembers(t, a.body, "accepted", "dry_run", "duplicates", "proposed", "rejected", "results")
	if batch.Accepted != 6 || batch.Rejected != 1 || strings.Contains(summary(batch), ":") || s.last() != 0 {
		t.Errorf("%s, and the log ends at %d", summary(batch), s.last())
	}
}

func TestAtomicIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	s.record(pay("x1", `"400.00"`))
	mixed := strings.Join([]string{pay("x1", `"400.00"`), pay("x2", `"1.00"`), pay("x3", `"599.01"`), pay("x4", `"2.00"`)}, "\n")
	batch := read[api.BatchAnswer](t, s.post("/v1/events?atomic=true", mediaNDJSON, mixed), http.StatusOK)
	if have, want := summary(batch), "duplicate:6 withheld rejected withheld"; have != want {
		t.Errorf("the results are %s; want %s", have, want)
	}
	if batch.Accepted != 0 || batch.Duplicates != 1 || batch.Rejected != 1 || s.last() != 6 {
		t.Errorf("the counts are %+v, and the log ends at %d", batch, s.last())
	}
	good := strings.Join([]string{pay("x2", `"1.00"`), pay("x3", `"599.00"`)}, "\n")
	batch = read[api.BatchAnswer](t, s.post("/v1/events?atomic=true", mediaNDJSON, good), http.StatusOK)
	if have, want := summary(batch), "accepted:7 accepted:8"; have != want || batch.Accepted != 2 {
		t.Errorf("the results are %s; want %s", have, want)
	}
}

func TestAtomicRefusesAnEventThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	batch := read[api.BatchAnswer](t, s.post("/v1/events?atomic=true", mediaBatch, "["+pay("x1", `"1.00"`)+","+pay("x2", `1`)+"]"), http.StatusOK)
	if have, want := summary(batch), "withheld rejected"; have != want || s.last() != 5 {
		t.Errorf("the results are %s; want %s", have, want)
	}
}

func TestLimitsHoldAtTheirEdge(t *testing.T) {
	t.Parallel()
	t.Run("a body of exactly the limit", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		unit := registers()[0]
		batch := read[api.BatchAnswer](t, s.post("/v1/events", mediaNDJSON, unit+strings.Repeat("\n", api.MaxBody-len(unit))), http.StatusOK)
		if batch.Accepted != 1 {
			t.Errorf("the answer is %+v", batch)
		}
	})
	t.Run("an event of exactly the limit", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		read[api.EventAnswer](t, s.post("/v1/events", mediaEvent, padded(events.MaxBytes, registers()[0])), http.StatusCreated)
	})
	t.Run("as many events as fit", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		batch := read[api.BatchAnswer](t, s.post("/v1/events", mediaBatch, "["+strings.Repeat("0,", api.MaxEvents-1)+"0]"), http.StatusOK)
		if batch.Rejected != api.MaxEvents || len(batch.Results) != api.MaxEvents {
			t.Errorf("%d rejected; want %d", batch.Rejected, api.MaxEvents)
		}
	})
	t.Run("as many events as stand or fall together", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		s.record(registers()...)
		all := make([]string, maxAtomic)
		for i := range all {
			all[i] = pay(fmt.Sprint("x", i), `"0.01"`)
		}
		batch := read[api.BatchAnswer](t, s.post("/v1/events?atomic=true", mediaNDJSON, strings.Join(all, "\n")), http.StatusOK)
		if batch.Accepted != maxAtomic || s.last() != 5+maxAtomic {
			t.Errorf("%d accepted, and the log ends at %d", batch.Accepted, s.last())
		}
	})
}

func TestALogThatDoesNotAnswerIsAPassingProblem(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	s.log.broken.Store(true)
	for _, form := range []struct{ media, body string }{{mediaEvent, pay("x1", `"1.00"`)}, {mediaNDJSON, pay("x1", `"1.00"`)}} {
		a := s.post("/v1/events", form.media, form.body)
		s.wantProblem("broken log", a, http.StatusServiceUnavailable, api.CodeLogUnavailable, "")
		if a.header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to come back")
		}
	}
	s.wantProblem("broken log", s.get("/v1/stream"), http.StatusServiceUnavailable, api.CodeLogUnavailable, "")
	s.log.broken.Store(false)
	read[api.EventAnswer](t, s.post("/v1/events", mediaEvent, pay("x1", `"1.00"`)), http.StatusCreated)
}

func TestStatusesAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	result, _ := contractOf(t).at("components", "schemas", "Result", "properties", "status")
	want := []any{string(commands.Accepted), string(commands.Duplicate), string(commands.Rejected), string(commands.Withheld), string(commands.Proposed)}
	if !reflect.DeepEqual(result["enum"], want) {
		t.Errorf("the contract has the statuses %v; the code has %v", result["enum"], want)
	}
}
