package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// tryPost posts an event and returns its sequence, or 0 if no answer came.
func (p *program) tryPost(ctx context.Context, event string) (sequence uint64, duplicate bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Address+"/v1/events", strings.NewReader(event))
	if err != nil {
		return 0, false
	}
	request.Header.Set("Authorization", "Bearer "+p.Token)
	request.Header.Set("Content-Type", "application/cloudevents+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, false
	}
	defer response.Body.Close()
	var answer struct {
		Sequence  uint64 `json:"sequence"`
		Duplicate bool   `json:"duplicate"`
	}
	if json.NewDecoder(response.Body).Decode(&answer) != nil {
		return 0, false
	}
	return answer.Sequence, answer.Duplicate
}

// TestAKillUnderLoadLosesNothing kills the server while clients post. After it,
// every acknowledged event stands where it was said to stand, what was not
// acknowledged can be posted again without harm, and each is there once.
func TestAKillUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	server := startDev(t, data, "--demo", "none")
	const registers = `{"specversion":"1.0","id":"u","source":"/t","type":"outturn.unit.registered.v1","subject":"U1","data":{"name":"局"}}
{"specversion":"1.0","id":"p","source":"/t","type":"outturn.project.registered.v1","subject":"P1","data":{"unit":"U1","year":2023,"name":"项目","kind":"project"}}
{"specversion":"1.0","id":"l","source":"/t","type":"outturn.line.opened.v1","subject":"L1","data":{"year":2023,"unit":"U1","project":"P1","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}}
{"specversion":"1.0","id":"b","source":"/t","type":"outturn.budget.allocated.v1","subject":"L1","data":{"amount":"100000.00","date":"2023-01-01","document":"B-1"}}`
	if status, body := server.call(http.MethodPost, "/v1/events", "application/x-ndjson", registers); !strings.Contains(string(body), `"accepted":4`) {
		t.Fatalf("registers: %d %s", status, body)
	}
	payment := func(client, i int) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"c%d-%d","source":"/t","type":"outturn.disbursement.paid.v1","subject":"L1","data":{"amount":"1.00","date":"2023-05-01","document":"D-1"}}`, client, i)
	}
	const clients, each = 8, 200
	acknowledged := make([][each]uint64, clients) // sequence, or 0 without an answer
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for i := range each {
				acknowledged[client][i], _ = server.tryPost(t.Context(), payment(client, i))
				if client == 0 && i == each/4 {
					_ = server.cmd.Process.Kill() // in the midst of the others
				}
			}
		})
	}
	all.Wait()
	server.kill()

	server = startDev(t, data, "--demo", "none")
	seen := map[uint64]string{}
	answered := 0
	for client := range clients {
		for i := range each {
			sequence, duplicate := server.tryPost(t.Context(), payment(client, i))
			if first := acknowledged[client][i]; first != 0 {
				answered++
				if sequence != first || !duplicate {
					t.Errorf("c%d-%d was acknowledged as %d; now it is %d, duplicate %t", client, i, first, sequence, duplicate)
				}
			}
			if other, twice := seen[sequence]; twice || sequence == 0 {
				t.Errorf("c%d-%d stands at %d, as does %q", client, i, sequence, other)
			}
			seen[sequence] = fmt.Sprintf("c%d-%d", client, i)
		}
	}
	if answered == 0 || answered == clients*each {
		t.Fatalf("%d of %d were acknowledged: the kill did not come under load", answered, clients*each)
	}
	var line struct{ Executed string }
	if err := json.Unmarshal(server.get("/v1/lines/L1"), &line); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%d.00", clients*each); line.Executed != want {
		t.Errorf("the line has executed %s; each of the payments once is %s", line.Executed, want)
	}
}
