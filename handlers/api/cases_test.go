package api_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
)

// withCases are three alerts: one closed, one answered, one that waits; and a
// pace rule.
func withCases(t *testing.T) *server {
	t.Helper()
	s := start(t)
	s.record(registers()...)
	s.record(
		event("a1", "alert.raised", "L1", `{"about":"line","alert":"W-1","year":2023,"rule":"proportional-stalled","date":"2023-07-01","due":"2023-07-14"}`),
		event("a2", "alert.closed", "L1", `{"about":"line","alert":"W-1","date":"2023-07-05","reason":"已支付"}`),
		event("a3", "alert.raised", "P1", `{"about":"project","alert":"W-2","year":2023,"rule":"proportional-far_behind","date":"2023-08-01","due":"2023-08-14","rate":"20.00","progress":"66.67"}`),
		event("a4", "alert.answered", "P1", `{"about":"project","alert":"W-2","answer":"continue","date":"2023-08-07","reason":"九月支付"}`),
		event("a5", "alert.raised", "U1", `{"about":"unit","alert":"W-3","year":2023,"rule":"proportional-far_behind","date":"2023-08-02","due":"2023-08-15"}`),
		event("p", "pace.set", "U1", `{"pace":"steps","curve":"steps","steps":[{"on":"06-30","percent":"40"}],"watch":"0","behind":"20","goal_gap":"10","date":"2023-01-01"}`))
	return s
}

func alertsOf(answer api.CasesAnswer) []events.AlertID {
	ids := []events.AlertID{}
	for _, c := range answer.Cases {
		ids = append(ids, c.Alert)
	}
	return ids
}

func TestCasesAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	s := withCases(t)
	for path, want := range map[string][]events.AlertID{
		"/v1/cases": {"W-3", "W-2", "W-1"}, "/v1/cases?state=all&year=2023&unit=U1": {"W-3", "W-2", "W-1"},
		"/v1/cases?state=open": {"W-3"}, "/v1/cases?state=answered": {"W-2"}, "/v1/cases?state=closed": {"W-1"}, "/v1/cases?state=escalated": {},
		"/v1/cases?year=2024": {}, "/v1/cases?unit=U2": {},
	} {
		if got := alertsOf(read[api.CasesAnswer](t, s.get(path), http.StatusOK)); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", path, got, want)
		}
	}
	var paged []events.AlertID
	for next := "?limit=1"; ; {
		page := read[api.CasesAnswer](t, s.get("/v1/cases"+next), http.StatusOK)
		paged = append(paged, alertsOf(page)...)
		if page.Next == nil {
			break
		}
		next = *page.Next
	}
	if !slices.Equal(paged, []events.AlertID{"W-3", "W-2", "W-1"}) {
		t.Errorf("page by page there are %v", paged)
	}
	s.wantProblem("a state that is none", s.get("/v1/cases?state=late"), http.StatusBadRequest, api.CodeQueryInvalid, "")
	s.wantProblem("a year that is none", s.get("/v1/cases?year=x"), http.StatusBadRequest, api.CodeQueryInvalid, "")
}

func TestCasesHaveTheirHistory(t *testing.T) {
	t.Parallel()
	s := withCases(t)
	c := read[api.CaseHistoryAnswer](t, s.get("/v1/cases/W-2"), http.StatusOK)
	if len(c.History) != 2 || c.History[1].Type.Noun() != "alert.answered" || c.History[1].By != "tester" || c.Answer == nil || c.Answer.Reason != "九月支付" || c.Rate != "20.00" || c.Overdue {
		t.Errorf("the case is %+v", c)
	}
	if waits := read[api.CaseHistoryAnswer](t, s.get("/v1/cases/W-3"), http.StatusOK); !waits.Overdue || waits.Answer != nil {
		t.Errorf("a case that nobody answered is %+v", waits)
	}
	s.wantProblem("no case", s.get("/v1/cases/W-9"), http.StatusNotFound, api.CodeNotFound, "")
	paces := read[api.PacesAnswer](t, s.get("/v1/paces"), http.StatusOK)
	if len(paces.Paces) != 1 || paces.Paces[0].Pace != "steps" || paces.Paces[0].StalledDays != nil || *paces.Paces[0].GoalGap != "10" || len(paces.Paces[0].Steps) != 1 {
		t.Errorf("the pace rules are %+v", paces)
	}
}
