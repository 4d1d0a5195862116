package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/handlers/auth"
)

// startServe runs "outturn serve" in this process against real servers.
func startServe(t *testing.T, natsURL, databaseURL string) *program {
	t.Helper()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	probe.Close()
	p := &program{t: t, errs: &bytes.Buffer{}, Address: "http://" + address, Token: auth.NewToken()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() {
		done <- execute(ctx, []string{"serve", "--nats-url", natsURL, "--database-url", databaseURL, "--listen", address, "--token", p.Token, "--log-level", "WARN"}, console{p.errs, p.errs})
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitFine {
			t.Errorf("serve ended with %d:\n%s", code, p.errs)
		}
	})
	for deadline := time.Now().Add(startupTimeout); ; {
		response, err := http.Get(p.Address + "/readyz")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return p
			}
		}
		select {
		case code := <-done:
			t.Fatalf("serve ended with %d:\n%s", code, p.errs)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("serve is not ready after %s", startupTimeout)
		}
	}
}

// TestTwoServersOnOneLogSpendOneBudget drives two servers at once on a real
// JetStream and a real Postgres: what they accept together is the budget.
func TestTwoServersOnOneLogSpendOneBudget(t *testing.T) {
	t.Parallel()
	bus, database := localtest.NATS(t), localtest.Postgres(t)
	servers := []*program{startServe(t, bus.URL(), database), startServe(t, bus.URL(), database)}
	const registers = `{"specversion":"1.0","id":"u","source":"/t","type":"outturn.unit.registered.v1","subject":"U1","data":{"name":"局"}}
{"specversion":"1.0","id":"p","source":"/t","type":"outturn.project.registered.v1","subject":"P1","data":{"unit":"U1","year":2023,"name":"项目","kind":"project"}}
{"specversion":"1.0","id":"l","source":"/t","type":"outturn.line.opened.v1","subject":"L1","data":{"year":2023,"unit":"U1","project":"P1","name":"指标","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}}
{"specversion":"1.0","id":"b","source":"/t","type":"outturn.budget.allocated.v1","subject":"L1","data":{"amount":"100.00","date":"2023-01-01","document":"B-1"}}`
	if status, body := servers[0].call(http.MethodPost, "/v1/events", "application/x-ndjson", registers); status != http.StatusOK || !strings.Contains(string(body), `"accepted":4`) {
		t.Fatalf("registers: %d %s", status, body)
	}
	const clients, each = 8, 10 // 80 payments of 3.00 on a budget of 100.00
	statuses := make([][]int, clients)
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for i := range each {
				event := fmt.Sprintf(`{"specversion":"1.0","id":"c%d-%d","source":"/t","type":"outturn.disbursement.paid.v1","subject":"L1","data":{"amount":"3.00","date":"2023-05-01","document":"D-1"}}`, client, i)
				status, _ := servers[client%2].call(http.MethodPost, "/v1/events", "application/cloudevents+json", event)
				statuses[client] = append(statuses[client], status)
			}
		})
	}
	all.Wait()
	count := map[int]int{}
	for _, of := range statuses {
		for _, status := range of {
			count[status]++
		}
	}
	if count[http.StatusCreated] != 33 || count[http.StatusUnprocessableEntity] != 47 {
		t.Errorf("answers %v; want 33 accepted (99.00 of 100.00) and 47 refused", count)
	}
	for _, server := range servers {
		var line struct{ Executed, Available string }
		if err := json.Unmarshal(server.get("/v1/lines/L1"), &line); err != nil {
			t.Fatal(err)
		}
		if line.Executed != "99.00" || line.Available != "1.00" {
			t.Errorf("a server says executed %s, available %s; want 99.00 and 1.00", line.Executed, line.Available)
		}
	}
}

// TestPagesAreForThoseWhoSignIn: serve shows nothing to strangers.
func TestPagesAreForThoseWhoSignIn(t *testing.T) {
	t.Parallel()
	server := startServe(t, localtest.NATS(t).URL(), localtest.Postgres(t))
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(request *http.Request) *http.Response {
		t.Helper()
		response, err := browser.Do(request.WithContext(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	page, _ := http.NewRequest(http.MethodGet, server.Address+"/", nil)
	if got := ask(page); got.StatusCode != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), auth.SignInPath) {
		t.Errorf("a stranger gets %s to %q", got.Status, got.Header.Get("Location"))
	}
	signIn := func(token string) *http.Response {
		form := strings.NewReader(url.Values{"token": {token}, "next": {"/"}}.Encode())
		request, _ := http.NewRequest(http.MethodPost, server.Address+auth.SignInPath, form)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return ask(request)
	}
	if got := signIn("outturn_not-a-token-of-ours"); len(got.Cookies()) != 0 && got.StatusCode == http.StatusSeeOther {
		t.Errorf("a wrong token gets %s and %v", got.Status, got.Cookies())
	}
	in := signIn(server.Token)
	if in.StatusCode != http.StatusSeeOther || len(in.Cookies()) == 0 {
		t.Fatalf("the right token gets %s", in.Status)
	}
	for _, cookie := range in.Cookies() {
		page.AddCookie(cookie)
	}
	if got := ask(page); got.StatusCode != http.StatusOK {
		t.Errorf("signed in, the page answers %s", got.Status)
	}
}

// TestTheServerTellsOfItself: what a monitor asks for is open and true.
func TestTheServerTellsOfItself(t *testing.T) {
	t.Parallel()
	server := startServe(t, localtest.NATS(t).URL(), localtest.Postgres(t))
	const unit = `{"specversion":"1.0","id":"u","source":"/t","type":"outturn.unit.registered.v1","subject":"U1","data":{"name":"局"}}`
	if status, body := server.call(http.MethodPost, "/v1/events", "application/cloudevents+json", unit); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	server.get("/v1/execution?year=2023") // waits for the projection
	metrics := string(server.get("/metrics"))
	for _, line := range []string{
		"outturn_append_events_total 1\n", "outturn_log_sequence 1\n", "outturn_projection_sequence 1\n", "outturn_projection_stopped 0\n", "outturn_projection_lag_events 0\n",
		`outturn_http_request_seconds_count{method="POST",route="POST /v1/events",status="201"} 1`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics does not say %q", line)
		}
	}
	if status, _ := (&program{t: t, Address: server.Address}).call(http.MethodGet, "/metrics/execution", "", ""); status != http.StatusUnauthorized {
		t.Errorf("a stranger who asks for everybody's figures gets %d", status)
	}
	if figures := string(server.get("/metrics/execution")); !strings.Contains(figures, "outturn_") {
		t.Errorf("/metrics/execution says %.200s", figures)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		var health struct {
			Status   string
			Problems map[string]string
		}
		if err := json.Unmarshal(server.get(path), &health); err != nil || health.Status != "ok" || len(health.Problems) != 0 {
			t.Errorf("%s: %+v, %v", path, health, err)
		}
	}
}
