package projections

import (
	"context"
	"fmt"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
)

// maxTransaction is how many events are gathered, while a transaction is being
// written, for the next one. A delivery of the log that crosses it stays whole.
const maxTransaction = 32_000

// delivery is what was read of the log. After its events comes the problem, if
// there is one.
type delivery struct {
	events  []events.Event
	problem error
}

// read reads records of the log and hands them to deliver.
type read func(ctx context.Context, deliver func([]eventlog.Record) error) error

// project applies what read delivers, and moves at. While this goroutine waits
// for Postgres, one reads and decodes and one gathers.
func (p *Projector) project(ctx context.Context, at *checkpoint, read read) error {
	reading, stop := context.WithCancel(ctx)
	decoded, gathered := make(chan delivery), make(chan delivery)
	go decodeAll(reading, read, at.sequence, decoded)
	go gather(reading, decoded, gathered)
	err := p.apply(ctx, at, gathered)
	stop()
	for range gathered { // until both are gone
	}
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// decodeAll sends the events after a sequence, as they are delivered, and how
// the reading ended. It closes out.
func decodeAll(ctx context.Context, read read, after uint64, out chan<- delivery) {
	defer close(out)
	send := func(d delivery) error {
		select {
		case out <- d:
			return d.problem
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := read(ctx, func(records []eventlog.Record) error {
		d := decode(records, after)
		after += uint64(len(d.events))
		return send(d)
	})
	_ = send(delivery{problem: err})
}

// gather passes deliveries on, and puts together those that come while the
// receiver is busy. It closes out when in is closed.
func gather(ctx context.Context, in <-chan delivery, out chan<- delivery) {
	defer close(out)
	var pending delivery
	for open := true; open || !pending.empty(); {
		from, to := in, out
		if !open || pending.problem != nil || len(pending.events) >= maxTransaction {
			from = nil
		}
		if pending.empty() {
			to = nil
		}
		var next delivery
		select {
		case next, open = <-from:
			pending.add(next)
		case to <- pending:
			pending = delivery{}
		case <-ctx.Done():
			for range in { // until the reader is gone
			}
			return
		}
	}
}

func (d *delivery) empty() bool { return len(d.events) == 0 && d.problem == nil }

func (d *delivery) add(next delivery) {
	if len(d.events) == 0 {
		d.events = next.events
	} else {
		d.events = append(d.events, next.events...)
	}
	d.problem = next.problem
}

// decode reads the events of records that come after a sequence, up to the
// first that is not an event or not the next one.
func decode(records []eventlog.Record, after uint64) delivery {
	d := delivery{events: make([]events.Event, 0, len(records))}
	for _, record := range records {
		after++
		event, err := events.Decode(record.Body)
		switch {
		case record.Sequence != after:
			d.problem = fmt.Errorf("%w: the log delivered %d instead of %d", eventlog.ErrGap, record.Sequence, after)
		case err != nil:
			d.problem = fmt.Errorf("event %d of the log (%s): %w", record.Sequence, record.Subject, err)
		case event.Sequence != record.Sequence:
			d.problem = fmt.Errorf("event %d of the log (%s): %w: it says that it is event %d", record.Sequence, record.Subject, events.ErrBroken, event.Sequence)
		}
		if d.problem != nil {
			return d
		}
		d.events = append(d.events, event)
	}
	return d
}
