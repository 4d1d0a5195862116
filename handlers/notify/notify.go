package notify

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/eventlog"
)

// How often things are tried.
const (
	// FirstPause and MaxPause are about how long a subscriber is left alone after its
	// first failed attempt, and at most: each pause is between half of twice the one
	// before and the whole of it.
	FirstPause = time.Second
	MaxPause   = 10 * time.Minute
	// DefaultTimeout bounds an attempt, all in all.
	DefaultTimeout = 10 * time.Second
	// HoldTime is how long a server that is gone still keeps others from sending to
	// its subscribers.
	HoldTime = 30 * time.Second
	// lookPause is between two looks at the recorder's view.
	lookPause = 50 * time.Millisecond
	// renewals is how often a hold is renewed before it would end.
	renewals = 3
	// stopGrace is how long an attempt may go on when its server stops.
	stopGrace = 2 * time.Second
	// storeTimeout bounds giving a cursor back at the end.
	storeTimeout = 2 * time.Second
)

// Log is what is read of the log.
type Log interface {
	Last(ctx context.Context) (uint64, error)
	Follow(ctx context.Context, from uint64, deliver func([]eventlog.Record) error) error
}

var _ Log = (eventlog.Log)(nil)

// View is what is known of cases at a sequence of the log.
type View struct {
	Sequence uint64
	Cases    *alert.State
	// Upwards yields a unit and every unit above it.
	Upwards func(events.UnitID) iter.Seq[events.UnitID]
}

// Config is what a notifier is made of.
type Config struct {
	Settings Settings
	Log      Log
	Cursors  eventlog.Cursors
	// View is the latest one; it comes to every sequence of the log in time.
	View func() View
	// Roots are the authorities that subscribers' and mail servers' certificates are
	// checked by. Nil: those of the system.
	Roots *x509.CertPool
	// Timeout bounds an attempt. Defaults to DefaultTimeout.
	Timeout time.Duration
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Wait lets a while pass, or returns ctx's error. Defaults to a timer.
	Wait func(ctx context.Context, d time.Duration) error
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// Status is how it stands with a subscriber on this server.
type Status struct {
	Name string
	// Held says whether this server is the one that sends to it.
	Held bool
	// Sequence is the last of the log that it is told of, if it is among those that
	// it wants to be told of.
	Sequence uint64
	// Delivered and Failed count attempts since the start.
	Delivered, Failed uint64
	// Problem is why the last attempt failed; empty after one that did not.
	Problem string
}

// Notifier tells subscribers of cases. Make one with [New], and run it.
type Notifier struct{ senders []*sender }

// channel is a way to a subscriber.
type channel interface {
	send(ctx context.Context, n notification) error
	close()
}

// notification is one event for one subscriber.
type notification struct {
	event events.Event
	of    alert.Case
}

func (n notification) id() string   { return n.event.Key().String() }
func (n notification) body() []byte { return n.event.Raw() }

// New makes a notifier. Error: a subscriber's settings that cannot be right.
func New(c Config) (*Notifier, error) {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if err := c.Settings.check(); err != nil {
		return nil, fmt.Errorf("notifications: %w", err)
	}
	n := &Notifier{}
	for _, subscriber := range c.Settings.Subscribers {
		s := &sender{Config: c, subscriber: subscriber, me: uuid.NewString(), status: Status{Name: subscriber.Name}}
		s.Logger = c.Logger.With("subscriber", subscriber.Name)
		var err error
		if subscriber.URL != "" {
			s.channel, err = newWebhook(subscriber, c)
		} else {
			s.channel = &mailer{server: *c.Settings.Mail, to: subscriber.MailTo, roots: c.Roots, now: c.Now}
		}
		if err != nil {
			return nil, fmt.Errorf("notifications to %s: %w", subscriber.Name, err)
		}
		n.senders = append(n.senders, s)
	}
	return n, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Run tells subscribers until ctx ends. A problem with one of them, or with the
// log, is in the program's log and in [Notifier.Status], and is tried again.
func (n *Notifier) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, s := range n.senders {
		group.Go(func() { s.run(ctx) })
	}
	group.Wait()
	return ctx.Err()
}

// Status says how it stands with each subscriber, in the settings' order.
func (n *Notifier) Status() []Status {
	all := make([]Status, len(n.senders))
	for i, s := range n.senders {
		all[i] = s.report()
	}
	return all
}

// isCase finds the events of cases among the log's bodies, which are canonical
// JSON, without reading the others.
func isCase(body []byte) bool { return bytes.Contains(body, []byte(`"type":"outturn.alert.`)) }

// pause is how long to wait after so many failed attempts in a row.
func pause(failed int) time.Duration {
	longest := MaxPause
	if doublings := failed - 1; doublings < 20 {
		longest = min(FirstPause<<doublings, MaxPause)
	}
	return longest/2 + rand.N(longest/2+1)
}

// errTaken: another server reads for the subscriber.
var errTaken = errors.New("another server sends to this subscriber")
