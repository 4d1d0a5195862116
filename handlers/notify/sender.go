package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/eventlog"
)

// sender tells one subscriber, while it holds its cursor.
type sender struct {
	Config
	subscriber Subscriber
	channel    channel
	me         string // this server, in the cursor

	mu     sync.Mutex // guards what is below
	cursor eventlog.Cursor
	status Status
}

// run takes the cursor whenever nobody else has it, and sends while it is held.
func (s *sender) run(ctx context.Context) {
	defer s.channel.close()
	for ctx.Err() == nil {
		err := s.take(ctx)
		if err == nil {
			err = s.serve(ctx)
		}
		if ctx.Err() == nil && !errors.Is(err, errTaken) {
			s.Logger.WarnContext(ctx, "notifications are interrupted", "error", err)
		}
		if s.Wait(ctx, HoldTime/renewals) != nil {
			return
		}
	}
}

// take makes this server the one that sends. A subscriber that is new begins at
// the log's end. Error: errTaken.
func (s *sender) take(ctx context.Context) error {
	c, err := s.Cursors.Load(ctx, s.subscriber.Name)
	if err != nil {
		return err
	}
	if c.Holder != "" && c.Holder != s.me && s.Now().Before(c.Until) {
		return errTaken
	}
	if c.IsNew() {
		if c.Sequence, err = s.Log.Last(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor = c
	if err := s.store(ctx); err != nil {
		return err
	}
	s.status.Held = true
	return nil
}

// store keeps the cursor and holds it for another while; the lock is held. An
// answer that was lost is looked up. Error: errTaken.
func (s *sender) store(ctx context.Context) error {
	wanted := s.cursor
	wanted.Holder, wanted.Until = s.me, s.Now().Add(HoldTime).UTC()
	stored, err := s.Cursors.Store(ctx, s.subscriber.Name, wanted)
	if errors.Is(err, eventlog.ErrConflict) {
		is, loadErr := s.Cursors.Load(ctx, s.subscriber.Name)
		if loadErr == nil && is.Holder == s.me {
			stored, err = s.Cursors.Store(ctx, s.subscriber.Name, again(wanted, is))
		} else if loadErr == nil {
			return errTaken
		}
	}
	if err != nil {
		return err
	}
	s.cursor, s.status.Sequence = stored, stored.Sequence
	return nil
}

// again is what was to be stored, on top of what is there.
func again(wanted, is eventlog.Cursor) eventlog.Cursor {
	is.Sequence, is.Until = max(wanted.Sequence, is.Sequence), wanted.Until
	return is
}

// serve reads and sends until the cursor is lost, the log fails, or ctx ends.
func (s *sender) serve(ctx context.Context) error {
	working, stop := context.WithCancelCause(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { stop(s.renew(working)) })
	defer func() {
		stop(nil)
		beside.Wait()
		s.release(ctx)
	}()
	err := s.Log.Follow(working, s.at()+1, func(records []eventlog.Record) error {
		for _, record := range records {
			if err := s.handle(working, record); err != nil {
				return err
			}
		}
		s.pass(records[len(records)-1].Sequence)
		return nil
	})
	if cause := context.Cause(working); cause != nil && ctx.Err() == nil {
		return cause
	}
	return err
}

// renew holds the cursor until ctx ends or it is lost. Its clock is the system's:
// a hold is about real time.
func (s *sender) renew(ctx context.Context) error {
	tick := time.NewTicker(HoldTime / renewals)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		s.mu.Lock()
		err := s.store(ctx)
		s.mu.Unlock()
		if missed++; err == nil {
			missed = 0
		}
		if errors.Is(err, errTaken) || missed == renewals {
			return err
		}
	}
}

// release lets others take the cursor at once.
func (s *sender) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Held = false
	free := s.cursor
	free.Holder, free.Until = "", time.Time{}
	if _, err := s.Cursors.Store(ctx, s.subscriber.Name, free); err != nil {
		s.Logger.DebugContext(ctx, "the cursor was not given back; others wait until its time is over", "error", err)
	}
}

func (s *sender) at() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor.Sequence
}

// pass notes how far the log is read. It is stored with the next renewal: what
// comes between holds nothing for this subscriber.
func (s *sender) pass(sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor.Sequence, s.status.Sequence = sequence, sequence
}

// handle sends a record if it is one for this subscriber, and stores that it did.
func (s *sender) handle(ctx context.Context, record eventlog.Record) error {
	if !isCase(record.Body) {
		return nil
	}
	event, err := events.Decode(record.Body)
	if err != nil {
		return fmt.Errorf("event %d in the log: %w", record.Sequence, err)
	}
	of, wanted, err := s.wants(ctx, event)
	if err != nil || !wanted {
		return err
	}
	if err := s.deliver(ctx, notification{event, of}); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor.Sequence = record.Sequence
	return s.store(ctx)
}

// wants says whether the subscriber is to be told of an event, and of which case
// it is. It waits until the event is in the view.
func (s *sender) wants(ctx context.Context, event events.Event) (of alert.Case, wanted bool, err error) {
	id, is := caseOf(event.Data)
	if !is || len(s.subscriber.Kinds) > 0 && !slices.Contains(s.subscriber.Kinds, event.Type.Noun()) {
		return of, false, nil
	}
	view := s.View()
	for ; view.Sequence < event.Sequence; view = s.View() {
		if err := s.Wait(ctx, lookPause); err != nil {
			return of, false, err
		}
	}
	of, known := view.Cases.Case(id)
	if len(s.subscriber.Units) == 0 {
		return of, true, nil
	}
	if known && of.Unit != "" {
		for above := range view.Upwards(of.Unit) {
			wanted = wanted || slices.Contains(s.subscriber.Units, above)
		}
	}
	return of, wanted, nil
}

func caseOf(data events.Data) (events.AlertID, bool) {
	switch data := data.(type) {
	case events.AlertRaised:
		return data.Alert, true
	case events.AlertAnswered:
		return data.Alert, true
	case events.AlertEscalated:
		return data.Alert, true
	case events.AlertClosed:
		return data.Alert, true
	}
	return "", false
}

// deliver sends until the subscriber takes it. Error: only ctx's.
func (s *sender) deliver(ctx context.Context, n notification) error {
	for failed := 0; ; {
		err := s.attempt(ctx, n)
		if ctx.Err() != nil && err != nil {
			return ctx.Err()
		}
		s.count(err)
		if err == nil {
			return nil
		}
		failed++
		next := pause(failed)
		s.Logger.WarnContext(ctx, "a notification failed; it is tried again",
			"sequence", n.event.Sequence, "attempt", failed, "pause", next, "error", err)
		if err := s.Wait(ctx, next); err != nil {
			return err
		}
	}
}

// attempt sends once. What is on its way when ctx ends may still arrive: else the
// subscriber would get it twice whenever a server is stopped.
func (s *sender) attempt(ctx context.Context, n notification) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Timeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })()
	return s.channel.send(bounded, n)
}

func (s *sender) count(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.status.Delivered++
		s.status.Problem = ""
		return
	}
	s.status.Failed++
	s.status.Problem = err.Error()
}

func (s *sender) report() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}
