package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
)

// recorder keeps what is submitted, or fails.
type recorder struct {
	mu     sync.Mutex
	said   []commands.Submission
	answer commands.Result
	err    error
}

func (r *recorder) Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.said = append(r.said, s)
	if r.answer.Status == "" {
		return []commands.Result{{Status: commands.Accepted, Sequence: 1}}, r.err
	}
	return []commands.Result{r.answer}, r.err
}

func TestSignInsAreEvents(t *testing.T) {
	t.Parallel()
	clock, kept := newClock(), &recorder{}
	out, written := logger()
	var observed []string
	journal := auth.NewJournal(auth.JournalConfig{Recorder: kept, Now: clock.now, Logger: out, Observe: func(method events.SignInMethod, cause events.Reason) {
		observed = append(observed, fmt.Sprint(method, " ", cause))
	}})
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	journal.Opened(gone, access.Principal{Name: "desk", Token: "t1"}, events.SignInToken) // signed in, whether or not it waits for the page
	journal.Opened(t.Context(), access.Principal{Name: "admin", Root: true}, events.SignInToken)
	journal.Refused(t.Context(), "till", events.SignInOIDC, access.ReasonNoRole)
	journal.Refused(t.Context(), "", events.SignInToken, access.ReasonTokenUnknown)

	var said []string
	ids := make(map[events.EventID]bool)
	for _, s := range kept.said {
		e := s.Items[0].Event
		ids[e.ID] = true
		if s.By != (access.Principal{Name: "outturn", Root: true}) || e.Source != "outturn/auth" || !e.Time.Equal(clock.now()) {
			t.Errorf("%s of %s is said by %+v at %s", e.Type, e.Source, s.By, e.Time)
		}
		said = append(said, fmt.Sprintf("%s %s %+v", e.Type.Noun(), e.Subject, e.Data))
	}
	want := []string{
		"session.opened desk {Method:token Token:t1 Memo:}",
		"session.opened admin {Method:token Token: Memo:}",
		"session.refused till {Method:oidc Cause:no_role Memo:}",
	}
	if !slices.Equal(said, want) || len(ids) != len(want) {
		t.Errorf("said was\n%s", strings.Join(said, "\n"))
	}
	if want := []string{"token ", "token ", "oidc no_role", "token token_unknown"}; !slices.Equal(observed, want) {
		t.Errorf("observed were %q", observed)
	}
	if n := strings.Count(written.String(), "\n"); n != 4 {
		t.Errorf("the log has %d lines: %s", n, written)
	}
}

func TestRefusedSignInsOfOneUserAreOneEventAMinute(t *testing.T) {
	t.Parallel()
	clock, kept := newClock(), &recorder{}
	out, written := logger()
	journal := auth.NewJournal(auth.JournalConfig{Recorder: kept, Now: clock.now, Logger: out})
	for range 5 {
		journal.Refused(t.Context(), "desk", events.SignInToken, access.ReasonTokenExpired)
	}
	journal.Refused(t.Context(), "till", events.SignInToken, access.ReasonTokenExpired)
	clock.pass(time.Minute)
	journal.Refused(t.Context(), "desk", events.SignInToken, access.ReasonTokenExpired)
	if n, lines := len(kept.said), strings.Count(written.String(), "\n"); n != 3 || lines != 7 {
		t.Errorf("%d events and %d lines", n, lines)
	}
}

func TestASignInThatIsNotRecordedIsLogged(t *testing.T) {
	t.Parallel()
	for name, kept := range map[string]*recorder{
		"the log is away":      {err: errors.New("the log is away")},
		"the event is refused": {answer: commands.Result{Status: commands.Rejected, Refusal: events.Refuse(access.CodeForbidden, "why", "")}},
	} {
		out, written := logger()
		auth.NewJournal(auth.JournalConfig{Recorder: kept, Now: newClock().now, Logger: out}).Opened(t.Context(), access.Principal{Name: "desk"}, events.SignInOIDC)
		if text := written.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "desk") {
			t.Errorf("%s: %s", name, text)
		}
	}
	out, written := logger()
	auth.NewJournal(auth.JournalConfig{Recorder: &recorder{}, Logger: out}).Opened(t.Context(), access.Principal{Name: "no code", Root: true}, events.SignInToken)
	if text := written.String(); !strings.Contains(text, "level=ERROR") {
		t.Errorf("a name that is no code: %s", text)
	}
}
