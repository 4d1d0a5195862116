package auth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
)

// deadline bounds the wait for what a recorder shows to others.
const deadline = 10 * time.Second

// TestSignInsStandInTheLog runs over a real recorder: users are let in and put out
// by events alone, and the log says who came.
func TestSignInsStandInTheLog(t *testing.T) {
	t.Parallel()
	log := eventlog.NewMemory()
	recorder, err := commands.Open(t.Context(), commands.Config{Log: log, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = recorder.Run(ctx) }()
	t.Cleanup(func() { stop(); <-stopped })

	ring := &auth.Keyring{}
	if err := ring.Add("admin", operatorToken); err != nil {
		t.Fatal(err)
	}
	out, _ := logger()
	sessions := auth.NewSessions(auth.SessionsConfig{
		Tokens: auth.Tokens{Keyring: ring, Directory: func() auth.Directory { return recorder.View().Access }},
		Audit:  auth.NewJournal(auth.JournalConfig{Recorder: recorder, Logger: out}),
	})
	say(t, recorder, events.UserRegistered{})
	say(t, recorder, events.RoleGranted{Role: events.Viewer})
	say(t, recorder, events.TokenIssued{Token: "t1", Hash: auth.Hash(deskToken), Expires: fiscal.Today(time.Now()).AddDays(1)})
	w := &world{T: t}
	cookie := w.signIn(sessions, deskToken)
	operators := w.signIn(sessions, operatorToken)
	if !signedIn(sessions, cookie) || !signedIn(sessions, operators) {
		t.Fatal("not signed in")
	}
	say(t, recorder, events.TokenRevoked{Token: "t1"})
	if signedIn(sessions, cookie) || !signedIn(sessions, operators) {
		t.Error("the session outlives its token")
	}
	if _, refusal := trySignIn(sessions, deskToken); refusal == nil || refusal.Reason != access.ReasonTokenRevoked {
		t.Errorf("the revoked token: %v", refusal)
	}
	want := []string{
		"user.registered desk by admin", "role.granted desk by admin", "token.issued desk by admin",
		"session.opened desk by outturn", "session.opened admin by outturn", "token.revoked desk by admin", "session.refused desk by outturn",
	}
	if got := recorded(t, log); !slices.Equal(got, want) {
		t.Errorf("the log says\n%s", strings.Join(got, "\n"))
	}
}

// say records an event about desk in the operator's name, and waits until
// everybody can see it.
func say(t *testing.T, recorder *commands.Recorder, data events.Data) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": string(data.Type()), "source": "/test", "type": data.Type(), "subject": "desk", "data": data,
	})
	if err != nil {
		t.Fatal(err)
	}
	event, err := events.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	results, err := recorder.Submit(t.Context(), commands.Submission{By: access.Principal{Name: "admin", Root: true}, Items: []commands.Item{{Event: event}}})
	if err != nil || results[0].Status != commands.Accepted {
		t.Fatalf("%s: %+v, %v", data.Type(), results, err)
	}
	for began := time.Now(); recorder.View().Sequence < results[0].Sequence; time.Sleep(time.Millisecond) {
		if time.Since(began) > deadline {
			t.Fatalf("%s is not seen after %s", data.Type(), deadline)
		}
	}
}

// recorded is what the log says: which event, about whom, by whom.
func recorded(t *testing.T, log *eventlog.Memory) []string {
	t.Helper()
	last, err := log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for sequence := uint64(1); sequence <= last; sequence++ {
		record, err := log.At(t.Context(), sequence)
		if err != nil {
			t.Fatal(err)
		}
		e, err := events.Decode(record.Body)
		if err != nil {
			t.Fatalf("event %d: %v", sequence, err)
		}
		all = append(all, fmt.Sprintf("%s %s by %s", e.Type.Noun(), e.Subject, e.Actor))
	}
	return all
}
