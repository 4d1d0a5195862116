package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/projections"
)

// answerTo is an event that answers a proposal about a line.
func answerTo(id, noun, line, proposal, more string) string {
	return event(id, noun, line, `{"about":"line","proposal":"`+proposal+`"`+more+`}`)
}

// TestAProposalGoesThroughTwoPeople from its 202 to its end.
func TestAProposalGoesThroughTwoPeople(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	post := func(user, body string) answer {
		t.Helper()
		return w.as(user, request{method: "POST", path: "/v1/events", media: mediaEvent, body: body})
	}
	body := surplus("two", "L-A")
	a := post("poster-A", body)
	made := read[api.ProposedAnswer](t, a, http.StatusAccepted)
	wantMembers(t, a.body, "proposal", "proposed", "sequence")
	if again := read[api.ProposedAnswer](t, post("poster-A", body), http.StatusAccepted); again.Proposal != made.Proposal || again.Sequence != made.Sequence {
		t.Errorf("the repeat got %+v; want %+v", again, made)
	}
	batch := read[api.BatchAnswer](t, w.as("poster-A", request{method: "POST", path: "/v1/events", media: mediaNDJSON, body: body + "\n" + surplus("three", "L-A")}), http.StatusOK)
	if batch.Proposed != 2 || batch.Accepted != 0 || batch.Results[0].Status != commands.Proposed || batch.Results[0].Proposal != made.Proposal {
		t.Errorf("among many: %+v", batch)
	}
	open := read[api.ProposalAnswer](t, w.as("viewer-A", request{path: "/v1/proposals/" + string(made.Proposal)}), http.StatusOK)
	if open.State != projections.ProposalOpen || open.By != "poster-A" || open.Unit != "V-A" || open.Subject != "L-A" || open.Decided != nil {
		t.Errorf("it waits as %+v", open)
	}
	w.wantProblem("who posts may not approve", post("poster-A", answerTo("ap-0", "proposal.approved", "L-A", string(made.Proposal), "")), 403, api.CodeForbidden, "")
	w.wantProblem("another unit's approver", post("approver-B", answerTo("ap-1", "proposal.approved", "L-A", string(made.Proposal), "")), 403, api.CodeForbidden, "")
	read[api.EventAnswer](t, post("approver-A", answerTo("ap-2", "proposal.approved", "L-A", string(made.Proposal), `,"note":"可以"`)), http.StatusCreated)
	done := read[api.ProposalAnswer](t, w.as("viewer-A", request{path: "/v1/proposals/" + string(made.Proposal)}), http.StatusOK)
	if done.State != projections.ProposalApproved || done.Decided.By != "approver-A" || done.Decided.Says != "可以" {
		t.Errorf("it ends as %+v", done)
	}
	if again := read[api.EventAnswer](t, post("poster-A", body), http.StatusOK); !again.Duplicate {
		t.Errorf("once approved, the repeat got %+v", again)
	}
	declined := w.proposal["A"]
	read[api.EventAnswer](t, post("approver-A", answerTo("de-1", "proposal.declined", "L-A", declined, `,"reason":"附件不全"`)), http.StatusCreated)
	page := read[api.ProposalsAnswer](t, w.as("viewer-A", request{path: "/v1/proposals?state=declined&limit=1"}), http.StatusOK)
	if len(page.Proposals) != 1 || string(page.Proposals[0].Proposal) != declined || page.Proposals[0].Decided.Says != "附件不全" {
		t.Errorf("declined: %+v", page)
	}
	w.wantProblem("one's own proposal", w.post("/v1/events", mediaEvent, answerTo("own", "proposal.approved", "L-B", w.proposal["B"], "")), 403, "own_proposal", "/data/proposal")
	w.wantProblem("no such proposal", w.get("/v1/proposals/P-none"), 404, api.CodeNotFound, "")
}

// TestAWarningIsSaid where a control only warns, on one event and among many.
func TestAWarningIsSaid(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	too := func(id string) string { return strings.ReplaceAll(pay(id, `"900.00"`), `"L1"`, `"L-A"`) }
	one := read[api.EventAnswer](t, w.post("/v1/events?dry_run=true", mediaEvent, too("w1")), http.StatusOK)
	if len(one.Warnings) != 1 || one.Warnings[0].Code != events.CodeInsufficientFunds || one.Warnings[0].Params["asked"] != "900.00" || one.Warnings[0].Detail == "" {
		t.Errorf("one: %+v", one.Warnings)
	}
	many := read[api.BatchAnswer](t, w.post("/v1/events", mediaNDJSON, too("w2")+"\n"+strings.ReplaceAll(pay("w3", `"1.00"`), `"L1"`, `"L-B"`)), http.StatusOK)
	if many.Accepted != 2 || len(many.Results[0].Warnings) != 1 || many.Results[1].Warnings != nil {
		t.Errorf("many: %+v", many.Results)
	}
}

func TestALineTellsHowItIsHeld(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	held := read[api.ControlAnswer](t, w.get("/v1/lines/L-A/control"), http.StatusOK)
	if c := held.Control; *c.Control != "K-TOP" || *c.Unit != "TOP" || c.Availability != events.Warn || c.Pool != events.PoolLine {
		t.Errorf("it is held by %+v", c)
	}
	if len(held.Overrides) != 1 || held.Overrides[0].Override != "O-A" || held.Overrides[0].Amount.String() != "10.00" {
		t.Errorf("its overrides are %+v", held.Overrides)
	}
	// 250.00 were paid in March and 100.00 are planned each month through October.
	for month, want := range map[int]string{1: "100.00", 3: "50.00", 10: "750.00", 12: "750.00"} {
		if got := held.Plan.Months[month-1]; got.Month != month || got.Left.String() != want {
			t.Errorf("through month %d: %+v; want %s left", month, got, want)
		}
	}
	// A control nearer to the line holds, and of two there the one by economic class.
	w.record(
		event("k1", "control.set", "V-A", `{"control":"K-1","availability":"allow","date":"2023-01-01"}`),
		event("k2", "control.set", "V-A", `{"control":"K-2","availability":"reject","pool":"class","economic_class":"302","date":"2023-01-01","tolerance_amount":"5.00"}`),
		event("l-A2", "line.opened", "M-A", `{"year":2023,"unit":"V-A","project":"P-A","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"30201"}`),
		event("b-A2", "budget.allocated", "M-A", `{"amount":"10.00","date":"2023-01-01","document":"B-2"}`),
	)
	held = read[api.ControlAnswer](t, w.get("/v1/lines/L-A/control"), http.StatusOK)
	if *held.Control.Control != "K-2" || held.Control.Tolerance.String() != "5.00" {
		t.Errorf("it is held by %+v", held.Control)
	}
	if fmt.Sprint(held.Pool.Lines) != "[L-A M-A]" || held.Pool.FullYear.String() != "1010.00" || held.Pool.Available.String() != "710.00" {
		t.Errorf("the pool is %+v", held.Pool)
	}
	w.record(event("x2", "control.removed", "V-A", `{"control":"K-2","date":"2023-01-02","reason":"换"}`), event("x1", "control.removed", "V-A", `{"control":"K-1","date":"2023-01-02","reason":"换"}`),
		event("x0", "control.removed", "TOP", `{"control":"K-TOP","date":"2023-01-02","reason":"换"}`))
	if held = read[api.ControlAnswer](t, w.get("/v1/lines/L-A/control"), http.StatusOK); held.Control.Control != nil || held.Control.Availability != events.Reject {
		t.Errorf("without a control it is held by %+v", held.Control)
	}
}

func TestTheDeskLooksUp(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	made := read[api.CommitmentsAnswer](t, w.get("/v1/commitments?limit=1&year=2023"), http.StatusOK)
	if c := made.Commitments[0]; c.Commitment != "C-A" || c.Left.String() != "50.00" || c.Counterparty != "公司A" || made.Next == nil {
		t.Fatalf("the first commitment is %+v, next %v", c, made.Next)
	}
	rest := read[api.CommitmentsAnswer](t, w.get("/v1/commitments"+*made.Next), http.StatusOK)
	if len(rest.Commitments) != 1 || rest.Commitments[0].Commitment != "C-B" || rest.Next != nil {
		t.Errorf("the next page is %+v", rest)
	}
	found := read[api.LinesAnswer](t, w.get("/v1/lines?q=l-b&fund=general_public"), http.StatusOK)
	if len(found.Lines) != 1 || found.Lines[0].Line != "L-B" || found.Lines[0].Available.String() != "700.00" {
		t.Errorf("found %+v", found.Lines)
	}
	carried := read[api.CarryoverAnswer](t, w.get("/v1/carryover?year=2023"), http.StatusOK)
	if len(carried.Rows) != 2 || carried.Rows[0].Unspent.String() != "750.00" || carried.Rows[0].Sent.String() != "0.00" {
		t.Errorf("carryover: %+v", carried)
	}
	w.record(event("in", "session.opened", "viewer-A", `{"method":"token","token":"T-1"}`), event("out", "session.refused", "viewer-B", `{"method":"oidc","cause":"no_role"}`))
	page := read[api.SignInsAnswer](t, w.get("/v1/signins?limit=1"), http.StatusOK)
	if s := page.SignIns[0]; s.User != "viewer-B" || s.Method != events.SignInOIDC || *s.Cause != "no_role" || page.Next == nil {
		t.Fatalf("the last sign-in is %+v, next %v", s, page.Next)
	}
	page = read[api.SignInsAnswer](t, w.get("/v1/signins"+*page.Next), http.StatusOK)
	if s := page.SignIns[0]; s.User != "viewer-A" || s.Token != "T-1" || s.Cause != nil {
		t.Errorf("the one before it is %+v", s)
	}
	for _, path := range []string{"/v1/carryover", "/v1/lines?year=x", "/v1/commitments?open=yes", "/v1/proposals?state=lost", "/v1/signins?limit=0", "/v1/me?a=1"} {
		w.wantProblem(path, w.get(path), http.StatusBadRequest, api.CodeQueryInvalid, "")
	}
}

// TestASecretIsSaidOnce: the token lets its user in, and neither the log nor any
// other answer holds the secret.
func TestASecretIsSaidOnce(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	secret := w.tokens["poster-A"]
	for sequence := uint64(1); sequence <= w.last(); sequence++ {
		if bytes.Contains(w.stored(sequence), []byte(secret)) {
			t.Errorf("event %d holds the secret", sequence)
		}
	}
	a := w.get("/v1/users/poster-A")
	user := read[api.UserAnswer](t, a, http.StatusOK)
	if len(user.Tokens) != 1 || user.Tokens[0].Token != "T-1" || bytes.Contains(a.body, []byte(auth.Hash(secret))) || bytes.Contains(a.body, []byte(secret)) {
		t.Errorf("the user is %s", a.body)
	}
	me := read[api.MeAnswer](t, w.as("poster-A", request{path: "/v1/me"}), http.StatusOK)
	if me.Name != "poster-A" || me.Root || me.Token != "T-1" || len(me.Roles) != 1 || me.Roles[0].Role != events.Poster || fmt.Sprint(me.Reads.Units) != "[U-A]" {
		t.Errorf("it is %+v", me)
	}
	if me := read[api.MeAnswer](t, w.get("/v1/me"), http.StatusOK); !me.Root || !me.Reads.Everything {
		t.Errorf("the operator is %+v", me)
	}
	w.wantProblem("a token for nobody", w.post("/v1/users/ghost/tokens", mediaJSON, `{"token":"T","expires":"2099-01-01"}`), 422, "unknown_user", "/subject")
	w.wantProblem("a token without an end", w.post("/v1/users/nobody/tokens", mediaJSON, `{"token":"T"}`), 400, events.CodeInvalidEvent, "/data/expires")
	w.wantProblem("a member too many", w.post("/v1/users/nobody/tokens", mediaJSON, `{"token":"T","secret":"mine"}`), 400, api.CodeRequestInvalid, "")
}

const payments = "指标编码,金额(元),日期,凭证号\n" +
	"L-A,\"1,00.00\",2023-05-01,J-1\n" + // a separator at the wrong place
	"L-A,100.00,2023-05-02,J-2\n" +
	"L-A,２００．００,2023-05-03,J-3\n" // full-width digits

// until asks for an import's progress until it is done.
func (s *server) until(id string) api.ImportAnswer {
	s.t.Helper()
	for {
		at := read[api.ImportAnswer](s.t, s.get("/v1/imports/"+id), http.StatusOK)
		if at.Stage == intake.Done || at.Stage == intake.Failed {
			return at
		}
	}
}

// TestAFileIsTriedMendedAndRecorded through its import.
func TestAFileIsTriedMendedAndRecorded(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	a := w.post("/v1/imports?dry_run=true&filename=payments.csv", "text/csv; charset=utf-8", payments)
	begun := read[api.ImportAnswer](t, a, http.StatusAccepted)
	if a.header.Get("Location") != "/v1/imports/"+begun.ID {
		t.Errorf("it is to be asked for at %q", a.header.Get("Location"))
	}
	before := w.last()
	tried := w.until(begun.ID)
	if tried.Rows != 3 || tried.Accepted != 2 || tried.Rejected != 1 || tried.Sum.String() != "300.00" || w.last() != before {
		t.Errorf("the trial came to %+v", tried)
	}
	report := read[api.ImportReportAnswer](t, w.get("/v1/imports/"+begun.ID+"/report.json"), http.StatusOK)
	if bad := report.Results[0]; bad.Row != 2 || bad.Status != commands.Rejected || len(bad.Problems) == 0 || bad.Problems[0].Value != "1,00.00" || bad.Problems[0].Detail == "" {
		t.Errorf("the bad row is %+v", bad)
	}
	sheet := w.get("/v1/imports/" + begun.ID + "/report.csv")
	if rows := records(t, sheet.body); len(rows) < 2 || !strings.Contains(fmt.Sprint(rows), "1,00.00") || sheet.fileName() == "" {
		t.Errorf("the file to mend is %q as %q", sheet.body, sheet.fileName())
	}
	book, err := excelize.OpenReader(bytes.NewReader(w.get("/v1/imports/" + begun.ID + "/report.xlsx").body))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	recorded := w.until(read[api.ImportAnswer](t, w.do(request{method: "POST", path: "/v1/imports/" + begun.ID + "/record"}), http.StatusAccepted).ID)
	if recorded.DryRun || recorded.Accepted != 2 || w.last() != before+2 {
		t.Errorf("the import came to %+v; the log went from %d to %d", recorded, before, w.last())
	}
	mended := w.until(read[api.ImportAnswer](t, w.post("/v1/imports", "text/csv", strings.Replace(payments, "1,00.00", "100.00", 1)), http.StatusAccepted).ID)
	if mended.Accepted != 1 || mended.Duplicates != 2 || w.last() != before+3 {
		t.Errorf("the mended file came to %+v", mended)
	}
	if all := read[api.ImportsAnswer](t, w.get("/v1/imports"), http.StatusOK); len(all.Imports) != 3 || all.Imports[0].ID != mended.ID {
		t.Errorf("%d imports: %+v", len(all.Imports), all.Imports)
	}
}

func TestWhatIsNoTableIsRefused(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	post := func(path, media, body string) request {
		return request{method: "POST", path: path, media: media, body: body}
	}
	w.wantRefused(map[string]refused{
		"a media type":          {post("/v1/imports", "application/pdf", "%PDF"), 415, api.CodeUnsupportedMediaType},
		"no media type":         {post("/v1/imports", "", payments), 415, api.CodeUnsupportedMediaType},
		"another ending":        {post("/v1/imports?filename=a.xlsx", "text/csv", payments), 400, api.CodeQueryInvalid},
		"a unit that is none":   {post("/v1/imports?unit=dollar", "text/csv", payments), 400, api.CodeQueryInvalid},
		"no header":             {post("/v1/imports", "text/csv", "一,二\n三,四\n"), 422, intake.CodeNoHeader},
		"text as a workbook":    {post("/v1/imports", mediaXLSX, payments), 415, "file_kind"},
		"a record of nothing":   {request{method: "POST", path: "/v1/imports/none/record"}, 404, api.CodeNotFound},
		"a report of no import": {request{path: "/v1/imports/none/report.json"}, 404, api.CodeNotFound},
		"another method":        {request{method: "DELETE", path: "/v1/imports/none"}, 405, api.CodeMethodNotAllowed},
		"a template by post":    {request{method: "POST", path: "/v1/imports/template.csv"}, 405, api.CodeMethodNotAllowed},
	})
}
