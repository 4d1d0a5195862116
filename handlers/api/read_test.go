package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/projections"
)

// figures are a budget of yuan of which some was spent.
func figures(initial, fullYear, executed string) budget.Figures {
	amount := func(text string) money.Amount {
		parsed, err := money.Parse(text)
		if err != nil {
			panic(err) // the table is wrong
		}
		return parsed
	}
	f := budget.Figures{Initial: amount(initial), FullYear: amount(fullYear), Executed: amount(executed)}
	f.Available = f.FullYear - f.Executed
	return f
}

func printed(rate *string) string {
	if rate == nil {
		return "null"
	}
	return *rate
}

func TestRatesArePrintedOnceFromTheExactFraction(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, want := range []struct {
		name                        string
		initial, fullYear, executed string
		rate, rateInitial           string
		fraction                    [2]int64
	}{
		{"a tie goes up", "500000.00", "800000.00", "411400.00", "51.43", "82.28", [2]int64{41140000, 80000000}},
		{"never rounded twice", "1399800.00", "1399800.00", "1245100.00", "88.95", "88.95", [2]int64{124510000, 139980000}},
		{"nothing of nothing", "0.00", "0.00", "0.00", "null", "null", [2]int64{0, 0}},
		{"nothing at first", "0.00", "100.00", "50.00", "50.00", "null", [2]int64{5000, 10000}},
		{"a fen short of all", "1000000.00", "1000000.00", "999999.99", "99.99", "99.99", [2]int64{99999999, 100000000}},
		{"all", "10.00", "1000000.00", "1000000.00", "100.00", "10000000.00", [2]int64{100000000, 100000000}},
		{"more than all by a fen", "1000000.00", "1000000.00", "1000000.01", "100.01", "100.01", [2]int64{100000001, 100000000}},
	} {
		f := figures(want.initial, want.fullYear, want.executed)
		s.reader.set(func() {
			s.reader.report = projections.Report{Rows: []projections.Row{{Key: "P1", Name: "项目", Figures: f}}, Total: f}
		})
		report := read[api.ExecutionAnswer](t, s.get("/v1/execution?year=2023&by=project"), http.StatusOK)
		row := report.Rows[0]
		if row.Initial.String() != want.initial || row.FullYear.String() != want.fullYear || row.Executed.String() != want.executed {
			t.Errorf("%s: the amounts are %+v", want.name, row)
		}
		if printed(row.Rate) != want.rate || printed(row.RateInitial) != want.rateInitial || row.RateFraction != want.fraction {
			t.Errorf("%s: rates %s and %s of %v; want %s and %s of %v", want.name,
				printed(row.Rate), printed(row.RateInitial), row.RateFraction, want.rate, want.rateInitial, want.fraction)
		}
		if printed(report.Total.Rate) != want.rate {
			t.Errorf("%s: the total's rate is %s", want.name, printed(report.Total.Rate))
		}
	}
}

func TestExecutionPassesOnWhatIsAsked(t *testing.T) {
	t.Parallel()
	s := start(t)
	report := read[api.ExecutionAnswer](t, s.get("/v1/execution?year=2023&by=line&unit=U1&project=P1&line=L1&fund=unit_funds&kind=basic&as_of=2023-06-30&known_at=2023-07-01T08:00:00%2B08:00&lang=en"), http.StatusOK)
	if report.Year != 2023 || report.By != projections.ByLine || report.AsOf.String() != "2023-06-30" {
		t.Errorf("the report says %+v", report)
	}
	have := s.reader.report.Query
	want := projections.Query{
		Year: 2023, By: projections.ByLine, Unit: "U1", Project: "P1", Line: "L1", Fund: events.UnitFunds, Kind: events.KindBasic,
		AsOf: projections.AsOf{Date: fiscal.Date{Year: 2023, Month: 6, Day: 30}},
	}
	known := have.AsOf.KnownAt
	have.AsOf.KnownAt = time.Time{}
	if !reflect.DeepEqual(have, want) || !known.Equal(time.Date(2023, 7, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the projection was asked %+v (known at %s); want %+v", have, known, want)
	}

	a := s.get("/v1/execution?year=2023")
	if report := read[api.ExecutionAnswer](t, a, http.StatusOK); report.By != projections.ByProject || !bytes.Contains(a.body, []byte(`"as_of":null`)) || !bytes.Contains(a.body, []byte(`"rows":[]`)) {
		t.Errorf("the plain report is %s", a.body)
	}
}

func TestMonthsHaveNoRatesAndTheirTotalHas(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.reader.report = projections.Report{
		Rows:  []projections.Row{{Key: "2023-10", Figures: figures("100.00", "100.00", "50.00")}},
		Total: figures("100.00", "100.00", "50.00"),
	}
	report := read[api.ExecutionAnswer](t, s.get("/v1/execution?year=2023&by=month"), http.StatusOK)
	if row := report.Rows[0]; row.Rate != nil || row.RateInitial != nil || row.Key != "2023-10" || row.Executed != 50*money.Yuan {
		t.Errorf("the month is %+v; want no rates", row)
	}
	if printed(report.Total.Rate) != "50.00" {
		t.Errorf("the total's rate is %s", printed(report.Total.Rate))
	}
}

func TestEveryRowNameOfTheProjectionIsServed(t *testing.T) {
	t.Parallel()
	s := start(t)
	parameters, _ := contractOf(t).at("paths", "/v1/execution", "get")
	for _, parameter := range parameters["parameters"].([]any) {
		if parameter.(object)["name"] != "by" {
			continue
		}
		for _, by := range parameter.(object)["schema"].(object)["enum"].([]any) {
			read[api.ExecutionAnswer](t, s.get(fmt.Sprint("/v1/execution?year=2023&by=", by)), http.StatusOK)
		}
	}
}

func TestBadQueriesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	for _, path := range []string{
		"/v1/execution", "/v1/execution?year=", "/v1/execution?year=23", "/v1/execution?year=1949", "/v1/execution?year=abcd",
		"/v1/execution?year=2023&year=2024", "/v1/execution?year=2023&by=people", "/v1/execution?year=2023&fund=gold",
		"/v1/execution?year=2023&kind=other", "/v1/execution?year=2023&as_of=2023-02-30", "/v1/execution?year=2023&as_of=yesterday",
		"/v1/execution?year=2023&known_at=2023-02-01", "/v1/execution?year=2023&through=-1", "/v1/execution?year=2023&through=1.5",
		"/v1/execution?year=2023&through=99999999999999999999", "/v1/execution?year=2023&unit=%00", "/v1/execution?year=2023&unit=%E5%B1%80",
		"/v1/execution?year=2023&line=a.b", "/v1/execution?year=2023&units=U1", "/v1/execution?year=2023&unit=%zz", "/v1/execution?year=2023;unit=U1",
		"/v1/lines/L1?as_of=x", "/v1/lines/L1?limit=5", "/v1/lines/L1/events?limit=0", "/v1/lines/L1/events?limit=501",
		"/v1/lines/L1/events?limit=ten", "/v1/lines/L1/events?before=-1", "/v1/events/1?limit=5",
		"/v1/stream?from=-1", "/v1/stream?from=x", "/v1/stream?form=1", "/v1/stream?from=7",
	} {
		problem := s.wantProblem(path, s.get(path), http.StatusBadRequest, api.CodeQueryInvalid, "")
		if len(problem.Params) == 0 {
			t.Errorf("%s: the problem does not say what is wrong", path)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	for _, path := range []string{
		"/v1/lines/L-none", "/v1/lines/L-none/events", "/v1/lines/%00", "/v1/lines/%00/events", "/v1/lines/%E7%BA%BF",
		"/v1/lines/" + strings.Repeat("x", 65), "/v1/events/0", "/v1/events/6", "/v1/events/abc", "/v1/events/-1",
		"/v1/", "/v1/lines/", "/v1/nothing", "/v1/lines/L1/payments",
	} {
		s.wantProblem(path, s.get(path), http.StatusNotFound, api.CodeNotFound, "")
	}
}

func TestALineTellsWhatItIsAndItsFigures(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	s.record(pay("x1", `"400.00"`), event("r1", "disbursement.refunded", "L1", `{"payment":"x1","amount":"50.00","date":"2023-06-01","reason":"退回"}`))
	line := read[api.LineAnswer](t, s.get("/v1/lines/L1"), http.StatusOK)
	if line.Line != "L1" || line.UnitName != "局" || line.ProjectName != "项目" || line.Kind != events.KindProject || line.ThroughSequence != 7 {
		t.Errorf("the line is %+v", line)
	}
	if line.Executed.String() != "350.00" || line.Available.String() != "650.00" || printed(line.Rate) != "35.00" {
		t.Errorf("the figures are %+v", line.FiguresAnswer)
	}
	if line.Measures["executed"].String() != "400.00" || line.Measures["refunded"].String() != "50.00" || len(line.Measures) != len(budget.Measures()) {
		t.Errorf("the measures are %v", line.Measures)
	}
	read[api.LineAnswer](t, s.get("/v1/lines/L1?as_of=2023-06-30&through=7"), http.StatusOK)
	if s.reader.asked.Date.String() != "2023-06-30" || s.reader.asked.Through != 7 {
		t.Errorf("the projection was asked %+v", s.reader.asked)
	}
}

func TestTheEventsUnderALineComeNewestFirstInPages(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	for i := range 4 {
		s.record(pay(fmt.Sprint("x", i), `"1.00"`))
	}
	s.record(event("t1", "budget.transferred", "L1", `{"to":"L2","amount":"1.00","date":"2023-05-01","document":"T-1","reason":"调剂"}`))
	var sequences []uint64
	pages := 0
	for path := "/v1/lines/L1/events?limit=3"; path != ""; pages++ {
		page := read[api.LineEventsAnswer](t, s.get(path), http.StatusOK)
		for _, view := range page.Events {
			sequences = append(sequences, view.Sequence)
		}
		path = ""
		if page.Next != nil {
			path = "/v1/lines/L1/events" + *page.Next
		}
	}
	if have, want := fmt.Sprint(sequences), "[10 9 8 7 6 5 3]"; have != want || pages != 3 {
		t.Errorf("%d pages give %s; want 3 with %s", pages, have, want)
	}
	received := read[api.LineEventsAnswer](t, s.get("/v1/lines/L2/events"), http.StatusOK)
	if len(received.Events) != 2 || received.Events[0].Sequence != 10 || len(received.Events[0].Postings) != 2 {
		t.Errorf("the other line of the transfer has %+v", received.Events)
	}
	read[api.LineEventsAnswer](t, s.get("/v1/lines/L1/events?limit=500&before=0"), http.StatusOK)
}

func TestStoredEventsLeaveAsTheBytesThatTheirHashIsOf(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	memo := "<b>&amp; 中文\u2028\u2029 \U0001F4B0 \" \\ / \u007e"
	quoted, err := json.Marshal(memo)
	if err != nil {
		t.Fatal(err)
	}
	s.record(event("x1", "disbursement.paid", "L1", `{"amount":"1.00","date":"2023-05-01","document":"D","memo":`+string(quoted)+`}`))
	stored := s.stored(6)
	if !bytes.Contains(stored, []byte("<b>&amp; 中文\u2028\u2029")) {
		t.Fatalf("the stored bytes are escaped: %s", stored)
	}
	check := func(name string, raw json.RawMessage, hash string) {
		t.Helper()
		sum := sha256.Sum256(raw)
		if !bytes.Equal(raw, stored) || hex.EncodeToString(sum[:]) != hash {
			t.Errorf("%s: sent\n%s\nstored\n%s\nhash %s", name, raw, stored, hash)
		}
	}
	type view struct {
		Hash  string          `json:"hash"`
		Event json.RawMessage `json:"event"`
	}
	one := read[view](t, s.get("/v1/events/6"), http.StatusOK)
	check("the event alone", one.Event, one.Hash)
	page := read[struct{ Events []view }](t, s.get("/v1/lines/L1/events?limit=1"), http.StatusOK)
	check("the event in a page", page.Events[0].Event, page.Events[0].Hash)
}

func TestAReadSeesWhatThisServerRecorded(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	for i, path := range []string{"/v1/execution?year=2023", "/v1/lines/L1", "/v1/lines/L1/events", "/v1/events/6"} {
		s.record(pay(fmt.Sprint("x", i), `"1.00"`))
		a := s.get(path)
		if at, _, _ := s.reader.position(); a.status != http.StatusOK || at != s.last() {
			t.Errorf("%s (%d) was read at %d; the log ends at %d", path, a.status, at, s.last())
		}
	}
}

func TestAReadGoesOnWhenTheProjectionIsLateForItsOwnEvents(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	read[api.LineAnswer](t, s.get("/v1/lines/L1"), http.StatusOK)
	s.reader.set(func() { s.reader.stuck = true })
	s.record(pay("x1", `"1.00"`))
	if line := read[api.LineAnswer](t, s.get("/v1/lines/L1"), http.StatusOK); line.ThroughSequence != 5 {
		t.Errorf("the answer says that it stands at %d; the projection stands at 5", line.ThroughSequence)
	}
}

func TestThroughWaitsForItsSequence(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	answers := make(chan answer, 1)
	go func() { answers <- s.get("/v1/execution?year=2023&through=6") }()
	for sequence := range s.reader.waiting {
		if sequence == 6 {
			break
		}
	}
	s.record(pay("x1", `"1.00"`))
	if report := read[api.ExecutionAnswer](t, <-answers, http.StatusOK); report.ThroughSequence != 6 {
		t.Errorf("the report stands at %d; want 6", report.ThroughSequence)
	}
	if s.reader.report.Query.AsOf.Through != 6 {
		t.Errorf("the projection was asked through %d", s.reader.report.Query.AsOf.Through)
	}
}

func TestThroughThatIsNotReachedIsAPassingProblem(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(registers()...)
	s.reader.set(func() { s.reader.stuck = true })
	for _, path := range []string{"/v1/execution?year=2023&through=5", "/v1/lines/L1?through=5"} {
		a := s.get(path)
		problem := s.wantProblem(path, a, http.StatusServiceUnavailable, api.CodeProjectionBehind, "")
		if problem.Params["sequence"] != "5" || a.header.Get("Retry-After") != "1" {
			t.Errorf("%s: %+v, Retry-After %q", path, problem, a.header.Get("Retry-After"))
		}
	}
}

func TestFaultsOfTheProjection(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, fault := range []struct {
		err    error
		status int
		code   events.Code
	}{
		{fmt.Errorf("%w: connection refused", projections.ErrUnavailable), http.StatusServiceUnavailable, api.CodeProjectionUnavailable},
		{errors.New("secret of the database"), http.StatusInternalServerError, api.CodeInternal},
	} {
		s.reader.set(func() { s.reader.fault = fault.err })
		for _, path := range []string{"/v1/execution?year=2023", "/v1/lines/L1", "/v1/lines/L1/events", "/v1/events/1"} {
			a := s.get(path)
			s.wantProblem(path, a, fault.status, fault.code, "")
			if bytes.Contains(a.body, []byte("secret")) {
				t.Errorf("%s: the server's own words left it: %s", path, a.body)
			}
		}
	}
}

func TestTheContractIsServed(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	if a := start(t).get("/openapi.json"); !bytes.Equal(a.body, want) {
		t.Errorf("/openapi.json (%d) is not the file", a.status)
	}
}

func TestAnswersAreNotKeptByCaches(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/v1/execution?year=2023", "/v1/execution"} {
		if a := s.get(path); a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, a.header)
		}
	}
}
