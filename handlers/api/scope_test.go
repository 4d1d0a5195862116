package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/auth"
)

// places are where a role may be granted: in unit A, in unit B, everywhere.
var places = []string{"A", "B", "all"}

// townEvents are two units of one bureau, each with a project, two lines (one of
// them under a body below the unit), a payment, a commitment and a proposal.
func townEvents() []string {
	all := []string{
		event("u0", "unit.registered", "TOP", `{"name":"局"}`),
		event("k0", "control.set", "TOP", `{"control":"K-TOP","availability":"warn","date":"2023-01-01","plan":"none"}`),
	}
	for _, at := range []string{"A", "B"} {
		named := strings.NewReplacer("@", at)
		for _, text := range []string{
			event("u-@", "unit.registered", "U-@", `{"name":"单位@","parent":"TOP"}`),
			event("v-@", "unit.registered", "V-@", `{"name":"下属@","parent":"U-@"}`),
			event("p-@", "project.registered", "P-@", `{"unit":"U-@","year":2023,"name":"项目@","kind":"project"}`),
			event("l-@", "line.opened", "L-@", `{"year":2023,"unit":"V-@","project":"P-@","name":"线@","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}`),
			event("b-@", "budget.allocated", "L-@", `{"amount":"1000.00","date":"2023-01-01","document":"B-1"}`),
			event("plan-@", "plan.set", "L-@", `{"about":"line","year":2023,"months":["100.00","100.00","100.00","100.00","100.00","100.00","100.00","100.00","100.00","100.00","0.00","0.00"],"date":"2023-01-01"}`),
			event("pay-@", "disbursement.paid", "L-@", `{"amount":"250.00","date":"2023-03-01","document":"D-1"}`),
			event("c-@", "commitment.made", "L-@", `{"commitment":"C-@","amount":"50.00","date":"2023-03-01","counterparty":"公司@"}`),
			event("o-@", "override.granted", "L-@", `{"override":"O-@","amount":"10.00","until":"2023-12-31","date":"2023-03-01","reason":"应急"}`),
			event("w-@", "alert.raised", "L-@", `{"about":"line","alert":"W-@","year":2023,"rule":"slow","date":"2023-08-01","due":"2023-08-15"}`),
			event("pace-@", "pace.set", "U-@", `{"pace":"PC-@","curve":"month","watch":"5","behind":"20","date":"2023-01-01"}`),
			event("r-@", "review.set", "U-@", `{"review":"R-@","types":["outturn.surplus.returned.v1"],"over":"0.00","date":"2023-01-01"}`),
		} {
			all = append(all, named.Replace(text))
		}
	}
	return all
}

// town is a served bureau with a user of each role at each place.
type town struct {
	*server
	tokens   map[string]string // secrets by user: "poster-A"
	proposal map[string]string // by unit
	snapshot map[string]string
}

func startTown(t *testing.T) *town {
	t.Helper()
	s, _ := startWhole(t)
	w := &town{server: s, tokens: map[string]string{}, proposal: map[string]string{}, snapshot: map[string]string{}}
	s.record(townEvents()...)
	for _, at := range []string{"A", "B"} {
		proposed := read[api.ProposedAnswer](t, s.post("/v1/events", mediaEvent, surplus("s-"+at, "L-"+at)), http.StatusAccepted)
		w.proposal[at] = string(proposed.Proposal)
		sealed := read[api.SnapshotAnswer](t, s.post("/v1/snapshots", mediaJSON, `{"unit":"U-`+at+`","year":2023}`), http.StatusCreated)
		w.snapshot[at] = sealed.ID
	}
	w.admit("nobody", "", "")
	for _, role := range events.Roles() {
		w.admit(string(role)+"-A", role, "U-A")
		w.admit(string(role)+"-B", role, "U-B")
		w.admit(string(role)+"-all", role, "")
	}
	return w
}

func surplus(id, line string) string {
	return event(id, "surplus.returned", line, `{"amount":"1.00","date":"2023-12-01","document":"S-1"}`)
}

// admit registers a user with a role and issues a token for it.
func (w *town) admit(user string, role events.Role, unit string) {
	w.t.Helper()
	w.record(event("user-"+user, "user.registered", user, `{}`))
	if role != "" {
		granted := `{"role":"` + string(role) + `","unit":"` + unit + `"}`
		if unit == "" {
			granted = `{"role":"` + string(role) + `"}`
		}
		w.record(event("role-"+user, "role.granted", user, granted))
	}
	issued := read[api.TokenAnswer](w.t, w.post("/v1/users/"+user+"/tokens", mediaJSON, `{"token":"T-1","expires":"2099-12-31"}`), http.StatusCreated)
	w.tokens[user] = issued.Secret
}

// as makes a call as a user.
func (w *town) as(user string, r request) answer {
	w.t.Helper()
	r.header = map[string]string{"Authorization": "Bearer " + w.tokens[user]}
	return w.do(r)
}

// may says whether a role at a place is let make a call about unit A.
type may func(role events.Role, place string) bool

func anybody(events.Role, string) bool { return true }

// ofA are those of unit A and of everywhere who have one of some roles; any role
// if none is named.
func ofA(roles ...events.Role) may {
	return func(role events.Role, place string) bool {
		return place != "B" && (len(roles) == 0 || slices.Contains(roles, role))
	}
}

// somewhere are those who have one of some roles at any place.
func somewhere(roles ...events.Role) may {
	return func(role events.Role, _ string) bool { return slices.Contains(roles, role) }
}

// everywhere are those who have one of some roles without a unit.
func everywhere(roles ...events.Role) may {
	return func(role events.Role, place string) bool { return place == "all" && slices.Contains(roles, role) }
}

// call is a call about unit A, what it is answered with where it is let be made,
// and who may make it.
type call struct {
	request
	status int
	may    may
}

// calls has every call of the API, by its route; a stream is tried elsewhere.
func (w *town) calls() map[string][]call {
	get := func(path string, status int, may may) []call {
		return []call{{request{path: path}, status, may}}
	}
	overseers := everywhere(events.Auditor, events.Admin)
	posters := somewhere(events.Poster)
	return map[string][]call{
		"POST /v1/events":                                    {{request{method: "POST", path: "/v1/events?dry_run=true", media: mediaEvent, body: strings.ReplaceAll(pay("new", `"1.00"`), `"L1"`, `"L-A"`)}, 200, ofA(events.Poster)}},
		"GET /v1/events/{sequence}":                          append(get(fmt.Sprint("/v1/events/", w.find("pay-A")), 200, ofA()), get(fmt.Sprint("/v1/events/", w.find("user-nobody")), 200, overseers)...),
		"GET /v1/execution":                                  get("/v1/execution?year=2023&by=line", 200, anybody),
		"GET /v1/lagging":                                    get("/v1/lagging?year=2023&by=line", 200, anybody),
		"GET /v1/lines":                                      get("/v1/lines?q=L-&year=2023", 200, anybody),
		"GET /v1/lines/{line}":                               get("/v1/lines/L-A", 200, ofA()),
		"GET /v1/lines/{line}/events":                        get("/v1/lines/L-A/events", 200, ofA()),
		"GET /v1/lines/{line}/control":                       get("/v1/lines/L-A/control", 200, ofA()),
		"GET /v1/commitments":                                append(get("/v1/commitments?year=2023&open=true", 200, anybody), get("/v1/commitments?line=L-A", 200, ofA())...),
		"GET /v1/carryover":                                  get("/v1/carryover?year=2023", 200, anybody),
		"GET /v1/cases":                                      get("/v1/cases?year=2023&state=all", 200, anybody),
		"GET /v1/cases/{alert}":                              get("/v1/cases/W-A", 200, ofA()),
		"GET /v1/paces":                                      get("/v1/paces", 200, anybody),
		"GET /v1/proposals":                                  get("/v1/proposals?state=open", 200, anybody),
		"GET /v1/proposals/{proposal}":                       get("/v1/proposals/"+w.proposal["A"], 200, ofA()),
		"GET /v1/forms/{year}/{subject}":                     append(get("/v1/forms/2023/P-A", 200, ofA()), get("/v1/forms/2023/V-A", 200, ofA())...),
		"GET /v1/forms/{year}/{subject}/cells/{cell}/events": get("/v1/forms/2023/P-A/cells/funds.total.executed/events", 200, ofA()),
		"POST /v1/audit": {
			{request{method: "POST", path: "/v1/audit", media: mediaJSON, body: `{"forms":[]}`}, 200, anybody},
			{request{method: "POST", path: "/v1/audit?events=true", media: mediaJSON, body: `{"forms":[]}`}, 200, func(_ events.Role, place string) bool { return place == "all" }},
		},
		"GET /v1/datasets/{year}/{unit}":       get("/v1/datasets/2023/U-A?format=csv", 200, ofA()),
		"POST /v1/snapshots":                   {{request{method: "POST", path: "/v1/snapshots", media: mediaJSON, body: `{"unit":"U-A","year":2023}`}, 201, ofA(events.Auditor, events.Approver, events.Admin)}},
		"GET /v1/snapshots/{file}":             get("/v1/snapshots/"+w.snapshot["A"]+".zip", 200, ofA()),
		"POST /v1/imports":                     {{request{method: "POST", path: "/v1/imports", media: "text/csv", body: "不是表\n"}, 422, posters}},
		"GET /v1/imports":                      get("/v1/imports", 200, posters),
		"GET /v1/imports/{import}":             get("/v1/imports/none", 404, posters),
		"POST /v1/imports/{import}/record":     {{request{method: "POST", path: "/v1/imports/none/record"}, 404, posters}},
		"GET /v1/imports/{import}/report.json": get("/v1/imports/none/report.json", 404, posters),
		"GET /v1/imports/{import}/report.csv":  get("/v1/imports/none/report.csv", 404, posters),
		"GET /v1/imports/{import}/report.xlsx": get("/v1/imports/none/report.xlsx", 404, posters),
		"GET /v1/imports/template.csv":         get("/v1/imports/template.csv", 200, anybody),
		"GET /v1/imports/template.xlsx":        get("/v1/imports/template.xlsx", 200, anybody),
		"GET /v1/me":                           get("/v1/me", 200, anybody),
		"GET /v1/users":                        get("/v1/users", 200, overseers),
		"GET /v1/users/{user}":                 get("/v1/users/nobody", 200, overseers),
		"POST /v1/users/{user}/tokens":         {{request{method: "POST", path: "/v1/users/nobody/tokens", media: mediaJSON, body: `{"token":"T-1","expires":"2099-12-31"}`}, 409, everywhere(events.Admin)}},
		"GET /v1/signins":                      get("/v1/signins", 200, overseers),
	}
}

// find is the sequence of an event by its id.
func (s *server) find(id string) uint64 {
	s.t.Helper()
	for sequence := uint64(1); sequence <= s.last(); sequence++ {
		if bytes.Contains(s.stored(sequence), []byte(`"id":"`+id+`"`)) {
			return sequence
		}
	}
	s.t.Fatalf("no event %s in the log", id)
	return 0
}

// TestEveryCallIsOnlyForThoseWhoMayMakeIt tries every call with every role at
// every place: who may not is told so, and nobody is told of another unit.
func TestEveryCallIsOnlyForThoseWhoMayMakeIt(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	calls := w.calls()
	for _, route := range api.Routes() {
		if calls[route] == nil && route != "GET /v1/stream" {
			t.Errorf("nobody tried %s", route)
		}
		for _, call := range calls[route] {
			for _, role := range events.Roles() {
				for _, place := range places {
					w.try(call, role, place)
				}
			}
			w.tryNobody(route, call)
		}
	}
}

func (w *town) try(call call, role events.Role, place string) {
	w.t.Helper()
	user := string(role) + "-" + place
	a := w.as(user, call.request)
	want := call.status
	if !call.may(role, place) {
		want = http.StatusForbidden
	}
	if a.status != want {
		w.t.Errorf("%s: %s %s is answered %d; want %d: %.300s", user, call.method, call.path, a.status, want, a.body)
		return
	}
	others := map[string][]string{"A": {"L-B", "P-B", "U-B", "V-B", "C-B", "W-B"}, "B": {"L-A", "P-A", "U-A", "V-A", "C-A", "W-A"}}[place]
	for _, code := range others {
		// A refusal repeats the code that was asked for, and nothing else.
		if a.status < http.StatusBadRequest && bytes.Contains(a.body, []byte(`"`+code+`"`)) {
			w.t.Errorf("%s: %s tells of %s: %.500s", user, call.path, code, a.body)
		}
	}
}

// tryNobody tries a call as a user without a role, who may only ask who he is.
func (w *town) tryNobody(route string, call call) {
	w.t.Helper()
	want := http.StatusForbidden
	if route == "GET /v1/me" {
		want = http.StatusOK
	}
	if a := w.as("nobody", call.request); a.status != want {
		w.t.Errorf("nobody: %s is answered %d; want %d: %.300s", route, a.status, want, a.body)
	}
}

// TestFiguresAreThoseOfOnesUnits: the lists and sums of a user are those of the
// units that he reads.
func TestFiguresAreThoseOfOnesUnits(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	for user, want := range map[string]struct {
		lines    int
		fullYear string
	}{"viewer-A": {1, "1000.00"}, "viewer-B": {1, "1000.00"}, "viewer-all": {2, "2000.00"}} {
		report := read[api.ExecutionAnswer](t, w.as(user, request{path: "/v1/execution?year=2023&by=line"}), http.StatusOK)
		if len(report.Rows) != want.lines || report.Total.FullYear.String() != want.fullYear {
			t.Errorf("%s: %d lines of %s; want %d of %s", user, len(report.Rows), report.Total.FullYear, want.lines, want.fullYear)
		}
		found := read[api.LinesAnswer](t, w.as(user, request{path: "/v1/lines?q=%E7%BA%BF"}), http.StatusOK)
		made := read[api.CommitmentsAnswer](t, w.as(user, request{path: "/v1/commitments"}), http.StatusOK)
		proposals := read[api.ProposalsAnswer](t, w.as(user, request{path: "/v1/proposals"}), http.StatusOK)
		if len(found.Lines) != want.lines || len(made.Commitments) != want.lines || len(proposals.Proposals) != want.lines {
			t.Errorf("%s: %d lines, %d commitments, %d proposals; want %d of each", user, len(found.Lines), len(made.Commitments), len(proposals.Proposals), want.lines)
		}
	}
}

// TestAStreamHasOnlyWhatOneMayRead, and goes on after the last event that came.
func TestAStreamHasOnlyWhatOneMayRead(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	w.record(event("end", "budget.supplemented", "L-A", `{"amount":"1.00","date":"2023-06-01","document":"E-1","reason":"追加"}`))
	w.record(event("end-B", "budget.supplemented", "L-B", `{"amount":"1.00","date":"2023-06-01","document":"E-1","reason":"追加"}`))
	for user, sees := range map[string]func(subject string) bool{
		"viewer-A": func(subject string) bool {
			return strings.HasSuffix(subject, "-A") && !strings.Contains(subject, "er-") && !strings.Contains(subject, "or-") && !strings.HasPrefix(subject, "admin")
		},
		"viewer-all":  func(subject string) bool { return subject == "TOP" || len(subject) == 3 },
		"auditor-all": func(string) bool { return true },
	} {
		var want []uint64
		for sequence := uint64(1); sequence <= w.last(); sequence++ {
			decoded, err := events.Decode(w.stored(sequence))
			if err != nil {
				t.Fatal(err)
			}
			if sees(decoded.Subject) {
				want = append(want, sequence)
			}
		}
		header := map[string]string{"Authorization": "Bearer " + w.tokens[user]}
		w.follow(request{path: "/v1/stream?from=1", header: header}).want(w.server, want...)
		header = map[string]string{"Authorization": "Bearer " + w.tokens[user], "Last-Event-ID": fmt.Sprint(want[3])}
		w.follow(request{path: "/v1/stream", header: header}).want(w.server, want[4:]...)
	}
	a := w.as("nobody", request{path: "/v1/stream"})
	w.wantProblem("a stream without a role", a, http.StatusForbidden, api.CodeForbidden, "")
}

// TestAStreamEndsForWhoIsLetInNoMore when the next event comes.
func TestAStreamEndsForWhoIsLetInNoMore(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	f := w.follow(request{path: "/v1/stream", header: map[string]string{"Authorization": "Bearer " + w.tokens["viewer-A"]}})
	w.record(event("revoked", "token.revoked", "viewer-A", `{"token":"T-1","reason":"遗失"}`))
	w.record(event("after", "budget.supplemented", "L-A", `{"amount":"1.00","date":"2023-06-01","document":"E-1","reason":"追加"}`))
	if m, ok := f.next(); ok {
		t.Errorf("the stream goes on with %d", m.id)
	}
	a := w.as("viewer-A", request{path: "/v1/me"})
	w.wantProblem("a revoked token", a, http.StatusUnauthorized, api.CodeUnauthenticated, "")
}

// TestWhoAsksTooOftenIsToldWhenToComeBack, and the operator is not bounded.
func TestWhoAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	s := &server{t: t, log: &brokenLog{Memory: eventlog.NewMemory()}, closing: make(chan struct{}), rate: auth.Rate{Count: 1, Per: time.Hour, Burst: 1}}
	s.reader = newReader(s.log.Memory)
	s.serve(api.Config{Recorder: s.open(), Reader: s.reader}, func(*http.Server) {})
	w := &town{server: s, tokens: map[string]string{}}
	w.admit("viewer", events.Viewer, "")
	read[api.MeAnswer](t, w.as("viewer", request{path: "/v1/me"}), http.StatusOK)
	a := w.as("viewer", request{path: "/v1/me"})
	w.wantProblem("a request too many", a, http.StatusTooManyRequests, api.CodeRateLimited, "")
	if wait := a.header.Get("Retry-After"); wait != "3600" {
		t.Errorf("it is to come back after %q s; want 3600", wait)
	}
	read[api.MeAnswer](t, s.get("/v1/me"), http.StatusOK)
}
