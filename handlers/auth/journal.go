package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/handlers/commands"
)

// Audit is told who signs in at a browser and who is refused. The user of a
// refusal is empty where nobody could be recognised.
type Audit interface {
	Opened(ctx context.Context, by access.Principal, method events.SignInMethod)
	Refused(ctx context.Context, user events.UserID, method events.SignInMethod, cause events.Reason)
}

var _ Audit = (*Journal)(nil)

type unaudited struct{}

func (unaudited) Opened(context.Context, access.Principal, events.SignInMethod) {}

func (unaudited) Refused(context.Context, events.UserID, events.SignInMethod, events.Reason) {}

// Recorder takes the events of sign-ins; *commands.Recorder is one.
type Recorder interface {
	Submit(ctx context.Context, s commands.Submission) ([]commands.Result, error)
}

// Source is the source of the events that a Journal records, and Server the actor.
const (
	Source = "outturn/auth"
	Server = "outturn"
)

// recordTimeout bounds how long a sign-in waits for its event. Who may look at
// figures still may when the log is away; the program's own log tells of it.
const recordTimeout = 3 * time.Second

// refusedRate bounds the events of refused sign-ins of one user, which strangers
// can cause.
var refusedRate = Rate{Count: 1, Per: time.Minute, Burst: 1}

// JournalConfig is what a journal is made of.
type JournalConfig struct {
	Recorder Recorder
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Logger takes every sign-in and every refusal. Defaults to slog.Default.
	Logger *slog.Logger
	// Observe is told of each, with an empty cause for a sign-in that opened a
	// session. Nil: nobody is.
	Observe func(method events.SignInMethod, cause events.Reason)
}

// Journal records sign-ins as events: session.opened, and session.refused for
// known users, at most one a minute for each. It is safe for concurrent use.
type Journal struct {
	config  JournalConfig
	refused *Limits
}

// NewJournal makes a journal.
func NewJournal(c JournalConfig) *Journal {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Observe == nil {
		c.Observe = func(events.SignInMethod, events.Reason) {}
	}
	return &Journal{config: c, refused: NewLimits(refusedRate, c.Now)}
}

// Opened records that somebody signed in.
func (j *Journal) Opened(ctx context.Context, by access.Principal, method events.SignInMethod) {
	j.config.Observe(method, "")
	j.config.Logger.InfoContext(ctx, "signed in", "user", by.Name, "method", method, "operator", by.Root)
	j.record(ctx, by.Name, events.SessionOpened{Method: method, Token: by.Token})
}

// Refused records that somebody was not let in.
func (j *Journal) Refused(ctx context.Context, user events.UserID, method events.SignInMethod, cause events.Reason) {
	j.config.Observe(method, cause)
	j.config.Logger.WarnContext(ctx, "sign-in refused", "user", user, "method", method, "cause", cause)
	if user != "" && j.refused.Take(string(user)) == 0 {
		j.record(ctx, string(user), events.SessionRefused{Method: method, Cause: events.Text(cause)})
	}
}

// record submits an event in the server's own name. It does not end with the
// request: whoever signs in and hangs up has signed in.
func (j *Journal) record(ctx context.Context, user string, data events.Data) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := j.submit(ctx, user, data); err != nil {
		j.config.Logger.ErrorContext(ctx, "sign-in not recorded", "user", user, "type", data.Type(), "error", err)
	}
}

func (j *Journal) submit(ctx context.Context, user string, data events.Data) error {
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": "session-" + uuid.NewString(), "source": Source,
		"type": data.Type(), "subject": user, "time": j.config.Now().UTC().Format(time.RFC3339), "data": data,
	})
	if err != nil {
		return err
	}
	event, err := events.Parse(raw)
	if err != nil {
		return err
	}
	results, err := j.config.Recorder.Submit(ctx, commands.Submission{
		By: access.Principal{Name: Server, Root: true}, Items: []commands.Item{{Event: event}},
	})
	if err != nil {
		return err
	}
	if status := results[0].Status; status != commands.Accepted {
		return fmt.Errorf("the event is %s: %v", status, results[0].Refusal)
	}
	return nil
}
