package eventlog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// pullMessages is how many messages are on their way to a reader at once. It
	// hides the time that deliver takes; half of it is asked for again at a time.
	pullMessages = 2 * MaxDelivery
	// pullBytes bounds the bytes of those messages.
	pullBytes = 32 << 20
	// heartbeat is how often the server says that it has nothing. A reader that
	// hears nothing for two of them subscribes again.
	heartbeat = time.Second
	// pullExpiry is how long the server keeps one request for messages.
	pullExpiry = 30 * time.Second
	// consumerExpiry is how long the server keeps the consumer of a reader that is gone.
	consumerExpiry = 30 * time.Second
	// tornAfter is how long a batch may stay open with nothing coming after it.
	// The server writes a batch in milliseconds, and finishes one that it was
	// writing when it crashed before it serves again.
	tornAfter = 10 * time.Second
	// readAttempts is how often in a row Read subscribes without getting on.
	readAttempts = 5
	// retryPause is the pause before a reader subscribes again.
	retryPause = 250 * time.Millisecond
)

// errLost is an error that subscribing again may mend.
var errLost = errors.New("the reader lost the log")

// Read implements [Log]. Like Follow it rides out short losses of connection.
func (l *JetStream) Read(ctx context.Context, from, upTo uint64, deliver func([]Record) error) error {
	last, err := l.Last(ctx)
	if err != nil {
		return err
	}
	if upTo > last {
		return fmt.Errorf("%w: stream %s ends at %d, before %d", ErrNotFound, l.name, last, upTo)
	}
	r := reader{log: l, upTo: upTo, deliver: deliver, next: max(from, 1)}
	for attempt := 0; ; attempt++ {
		before := r.next
		err := r.run(ctx)
		if !errors.Is(err, errLost) {
			return err
		}
		if r.next > before {
			attempt = 0
		}
		if attempt == readAttempts {
			return fmt.Errorf("read stream %s from %d: %w: %w", l.name, r.next, ErrUnavailable, err)
		}
		if !pause(ctx) {
			return ctx.Err()
		}
	}
}

// Follow implements [Log]. It ends also when the connection is closed for good,
// when the stream is gone, and with ErrGap when from lies beyond the log's end:
// the reader has then seen records that the log lost.
func (l *JetStream) Follow(ctx context.Context, from uint64, deliver func([]Record) error) error {
	r := reader{log: l, upTo: endless, deliver: deliver, next: max(from, 1)}
	for {
		err := r.run(ctx)
		if !errors.Is(err, errLost) {
			return err
		}
		if l.conn.IsClosed() {
			return fmt.Errorf("follow stream %s from %d: %w: the connection is closed", l.name, r.next, ErrUnavailable)
		}
		if !pause(ctx) {
			return ctx.Err()
		}
	}
}

// pause waits before the next attempt and says whether there is to be one.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(retryPause):
		return true
	}
}

// reader delivers the records from next to upTo.
type reader struct {
	log     *JetStream
	upTo    uint64
	deliver func([]Record) error
	// next is the first sequence that was not delivered.
	next uint64
}

// run subscribes and delivers until the end is reached or something fails. What
// was not delivered by then is read again by the next run.
func (r *reader) run(ctx context.Context) error {
	if r.next > r.upTo {
		return nil
	}
	next, unsubscribe, err := r.subscribe(ctx)
	if err != nil {
		return err
	}
	defer unsubscribe()
	b := newBatches(r.next)
	pending := uint64(1)
	for received := uint64(1); ; received++ {
		m, err := wait(ctx, next, b, pending)
		if err != nil {
			return err
		}
		at, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("stream %s sent a message that is not its own: %w", r.log.name, err)
		}
		if at.Sequence.Consumer != received {
			return fmt.Errorf("%w: delivery %d was lost on the way", errLost, received)
		}
		if err := b.add(r.log.entry(at.Sequence.Stream, m)); err != nil {
			return fmt.Errorf("stream %s: %w", r.log.name, err)
		}
		pending = at.NumPending
		if err := r.flush(b, pending); err != nil {
			return err
		}
		if r.next > r.upTo {
			return nil
		}
	}
}

// flush delivers what is whole, if it is much or if nothing follows at once.
func (r *reader) flush(b *batches, pending uint64) error {
	ended := !b.open() && (pending == 0 || b.next > r.upTo)
	if b.whole == 0 || !ended && b.whole < MaxDelivery {
		return nil
	}
	records := b.take()
	if err := r.deliver(records); err != nil {
		return err
	}
	r.next = b.taken() + 1
	return nil
}

// nextMessage waits for a message.
type nextMessage func(context.Context) (jetstream.Msg, error)

// wait is the next message. A batch that is open at the log's end may not stay so.
func wait(ctx context.Context, next nextMessage, b *batches, pending uint64) (jetstream.Msg, error) {
	bounded := ctx
	if b.open() && pending == 0 {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, tornAfter)
		defer cancel()
	}
	m, err := next(bounded)
	switch {
	case err == nil:
		return m, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case bounded.Err() != nil:
		return nil, b.torn()
	default:
		return nil, fmt.Errorf("%w: %w", errLost, err)
	}
}

// subscribe starts the messages from next on.
func (r *reader) subscribe(ctx context.Context) (nextMessage, func(), error) {
	last, err := r.log.Last(ctx)
	if err != nil {
		return nil, nil, lost(ctx, err)
	}
	if r.next > last+1 {
		return nil, nil, fmt.Errorf("stream %s: %w", r.log.name, behind(r.next, last))
	}
	consumer, err := r.log.consumer(ctx, r.next)
	if err != nil {
		return nil, nil, lost(ctx, err)
	}
	messages, err := consumer.Messages(
		jetstream.PullMaxMessagesWithBytesLimit(
			int(min(pullMessages, r.upTo-r.next+1)),
			int(max(pullBytes, 2*r.log.conn.MaxPayload()))),
		jetstream.PullExpiry(pullExpiry),
		jetstream.PullHeartbeat(heartbeat),
	)
	if err != nil {
		return nil, nil, lost(ctx, err)
	}
	next := func(ctx context.Context) (jetstream.Msg, error) {
		return messages.Next(jetstream.NextContext(ctx))
	}
	unsubscribe := func() {
		messages.Stop()
		r.log.forget(ctx, consumer.CachedInfo().Name)
	}
	return next, unsubscribe, nil
}

// consumer makes a consumer from a sequence on. The client's ordered consumer
// would do, but that heeds no context while it subscribes again, waits for ever
// for a stream that is gone, and leaves its consumers behind.
func (l *JetStream) consumer(ctx context.Context, from uint64) (jetstream.Consumer, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	return l.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       from,
		AckPolicy:         jetstream.AckNonePolicy,
		InactiveThreshold: consumerExpiry,
		Replicas:          1,
		MemoryStorage:     true,
	})
}

// forget deletes a consumer. If that fails the server does it after a while.
func (l *JetStream) forget(ctx context.Context, consumer string) {
	if !l.conn.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), DefaultTimeout)
	defer cancel()
	_ = l.stream.DeleteConsumer(ctx, consumer)
}

// lost tells the errors of subscribing that a new attempt may mend.
func lost(ctx context.Context, err error) error {
	var refusal *jetstream.APIError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf("the stream is gone: %w", err)
	case errors.Is(reached(err), ErrUnavailable):
		return fmt.Errorf("%w: %w", errLost, err)
	case errors.As(err, &refusal) && refusal.Code >= 500:
		return fmt.Errorf("%w: %w", errLost, err)
	default:
		return err
	}
}

// entry reads a message.
func (l *JetStream) entry(sequence uint64, m jetstream.Msg) entry {
	header := m.Headers()
	e := entry{
		Record: l.record(sequence, m.Subject(), header, m.Data()),
		batch:  header.Get(batchIDHeader),
		commit: header.Get(batchCommitHeader) != "",
	}
	if e.batch != "" {
		// A place that is not a number is 0, which no batch has: it is torn.
		e.place, _ = strconv.Atoi(header.Get(batchSequenceHeader))
	}
	return e
}
