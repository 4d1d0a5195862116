package eventlog

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// AppendEach implements [Log]. The messages are sent without waiting in between;
// the server takes them in order and syncs each.
func (l *JetStream) AppendEach(ctx context.Context, after uint64, records []Record) (int, error) {
	if err := checkBatch(records); err != nil {
		return 0, err
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	messages := make([]*nats.Msg, len(records))
	for i := range records {
		messages[i] = l.messages(after+uint64(i), records[i:i+1])[0]
		if i > 0 {
			// The sequence alone would not do: if the first is refused because others
			// have appended, the log may end just where a later one expects it to.
			messages[i].Header[jetstream.ExpectedLastMsgIDHeader] = []string{records[i-1].Key}
		}
	}
	if err := l.sendable(ctx, messages); err != nil {
		return 0, err
	}
	appended, err := l.settle(ctx, l.send(messages))
	setSequences(records[:appended], after)
	if err != nil {
		return appended, fmt.Errorf("append record %d of %d after %d to stream %s: %w", appended+1, len(records), after+uint64(appended), l.name, err)
	}
	return appended, nil
}

// sending is a message on its way, or why it was not sent.
type sending struct {
	answer jetstream.PubAckFuture
	err    error
}

// send sends the messages in order, as far as the connection takes them.
func (l *JetStream) send(messages []*nats.Msg) []sending {
	var sent []sending
	for _, m := range messages {
		answer, err := l.js.PublishMsgAsync(m, jetstream.WithRetryAttempts(0),
			jetstream.WithExpectStream(l.name))
		sent = append(sent, sending{answer, err})
		if err != nil {
			return sent
		}
	}
	return sent
}

// settle waits for every answer, so that nothing is on its way any more, and
// returns how many of the first are appended and why the next one is not.
func (l *JetStream) settle(ctx context.Context, sent []sending) (appended int, problem error) {
	for _, s := range sent {
		err := s.await(ctx)
		if problem == nil {
			problem = err
		}
		if problem == nil {
			appended++
		}
	}
	return appended, problem
}

func (s sending) await(ctx context.Context) error {
	if s.err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, s.err)
	}
	select {
	case ack := <-s.answer.Ok():
		if ack.Duplicate {
			return fmt.Errorf("%w: at sequence %s", ErrDuplicate, strconv.FormatUint(ack.Sequence, 10))
		}
		return nil
	case err := <-s.answer.Err():
		var refusal *jetstream.APIError
		if errors.As(err, &refusal) {
			return refused(refusal)
		}
		return unanswered(err)
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUncertain, ctx.Err())
	}
}
