package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/client"
)

// server answers every request in one way and remembers the last.
func server(t *testing.T, status int, contentType, body string) (address string, last func() (*http.Request, string)) {
	t.Helper()
	var request *http.Request
	var sent string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		request, sent = r, string(raw)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() (*http.Request, string) { return request, sent }
}

func TestPostSendsLinesAndReadsTheAnswer(t *testing.T) {
	t.Parallel()
	address, last := server(t, http.StatusOK, "application/json",
		`{"accepted":1,"duplicates":2,"rejected":1,"dry_run":true,"results":[{"index":0,"id":"x","status":"rejected","code":"insufficient_funds","pointer":"/data/amount","detail":"not enough"}]}`)
	answer, err := client.New(address+"/", "the-token", "zh-CN").Post(context.Background(), []byte("{}\n{}\n"), client.Options{Atomic: true, DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Accepted != 1 || answer.Duplicates != 2 || answer.Rejected != 1 || !answer.DryRun || answer.Results[0].Code != events.CodeInsufficientFunds {
		t.Errorf("the answer is %+v", answer)
	}
	request, sent := last()
	if request.Method != http.MethodPost || request.URL.Path != "/v1/events" || request.URL.RawQuery != "atomic=true&dry_run=true" || sent != "{}\n{}\n" {
		t.Errorf("it sent %s %s: %s", request.Method, request.URL, sent)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer the-token", "Accept-Language": "zh-CN", "Content-Type": "application/x-ndjson",
	} {
		if have := request.Header.Get(name); have != want {
			t.Errorf("%s is %q; want %q", name, have, want)
		}
	}
}

func TestAProblemComesAsAnError(t *testing.T) {
	t.Parallel()
	address, _ := server(t, http.StatusUnauthorized, "application/problem+json",
		`{"type":"urn:outturn:problem:unauthenticated","title":"No valid token","status":401,"detail":"Send a valid token","code":"unauthenticated","reason":"token_missing"}`)
	_, err := client.New(address, "wrong", "en").Post(context.Background(), nil, client.Options{})
	var problem *client.Problem
	if !errors.As(err, &problem) {
		t.Fatalf("the error is %v; want a problem", err)
	}
	if problem.Code != "unauthenticated" || problem.Status != http.StatusUnauthorized || problem.Error() != "Send a valid token (unauthenticated)" {
		t.Errorf("the problem is %+v: %v", problem, problem)
	}
}

func TestAnAnswerThatIsNoneOfOursIsAnError(t *testing.T) {
	t.Parallel()
	for body, status := range map[string]int{"<h1>Bad gateway</h1>": http.StatusBadGateway, `{"error":"x"}`: http.StatusInternalServerError, "": http.StatusNotFound} {
		address, _ := server(t, status, "text/html", body)
		_, err := client.New(address, "token", "en").Post(context.Background(), nil, client.Options{})
		if err == nil || !strings.Contains(err.Error(), http.StatusText(status)) || !strings.Contains(err.Error(), address) {
			t.Errorf("%d: %v", status, err)
		}
	}
	address, _ := server(t, http.StatusOK, "text/html", "<h1>A portal</h1>")
	if _, err := client.New(address, "token", "en").Post(context.Background(), nil, client.Options{}); err == nil {
		t.Error("a page is taken for an answer")
	}
}

func TestAServerThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := client.New(gone.URL, "token", "en").Post(context.Background(), nil, client.Options{})
	if err == nil || !strings.Contains(err.Error(), "connect") {
		t.Errorf("the error is %v", err)
	}
	if _, err := client.New("no address", "token", "en").Post(context.Background(), nil, client.Options{}); err == nil {
		t.Error("an address that is none is taken")
	}
}

func TestPostEndsWithItsContext(t *testing.T) {
	t.Parallel()
	address, _ := server(t, http.StatusOK, "application/json", `{}`)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.New(address, "token", "en").Post(ctx, nil, client.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestSealAsksForAPosition(t *testing.T) {
	t.Parallel()
	address, last := server(t, http.StatusCreated, "application/json",
		`{"id":"0123456789abcdef","digest":"x","unit":"U1","year":2023,"position":7,"sequence":8,"bundle":"/v1/snapshots/0123456789abcdef.zip","forms":[{"id":"U1","kind":"department","rate":"51.43%"}]}`)
	sealed, err := client.New(address, "the-token", "en").Seal(t.Context(), api.SnapshotRequest{Unit: "U1", Year: 2023, Position: 7})
	if err != nil {
		t.Fatal(err)
	}
	if sealed.ID != "0123456789abcdef" || sealed.Sequence != 8 || *sealed.Forms[0].Rate != "51.43%" {
		t.Errorf("the answer is %+v", sealed)
	}
	request, sent := last()
	if request.Method != http.MethodPost || request.URL.Path != "/v1/snapshots" || sent != `{"unit":"U1","year":2023,"position":7}` {
		t.Errorf("it sent %s %s: %s", request.Method, request.URL, sent)
	}
}

func TestGetReadsAFileAsItIs(t *testing.T) {
	t.Parallel()
	const body = "PK\x03\x04 \x00\xff"
	address, last := server(t, http.StatusOK, "application/zip", body)
	got, err := client.New(address, "the-token", "en").Get(t.Context(), "/v1/snapshots/x.zip")
	if err != nil || string(got) != body {
		t.Errorf("%q, %v", got, err)
	}
	if request, _ := last(); request.Method != http.MethodGet || request.Header.Get("Authorization") != "Bearer the-token" {
		t.Errorf("it sent %s with %q", request.Method, request.Header.Get("Authorization"))
	}
}
