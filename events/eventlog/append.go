package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Headers of an atomic batch, as of nats-server 2.12.
const (
	batchIDHeader       = "Nats-Batch-Id"
	batchSequenceHeader = "Nats-Batch-Sequence"
	batchCommitHeader   = "Nats-Batch-Commit"
)

// Error codes of nats-server that its client does not name.
const (
	codeInsufficientResources jetstream.ErrorCode = 10023
	codeClusterNotAvailable   jetstream.ErrorCode = 10008
	codeHeaderTooLarge        jetstream.ErrorCode = 10097
	codeStreamOffline         jetstream.ErrorCode = 10118
	codeDuplicateInProcess    jetstream.ErrorCode = 10158
	codeTooManyRequests       jetstream.ErrorCode = 10167
	codeBatchIncomplete       jetstream.ErrorCode = 10176
	codeBatchTooLarge         jetstream.ErrorCode = 10199
	codeBatchDuplicate        jetstream.ErrorCode = 10201
	codeBatchesInFlight       jetstream.ErrorCode = 10210
	codeStoreFailed           jetstream.ErrorCode = 10077
)

// publishAck is what the server answers to a message and to the commit of a batch.
type publishAck struct {
	Sequence  uint64              `json:"seq"`
	Duplicate bool                `json:"duplicate"`
	Error     *jetstream.APIError `json:"error"`
}

// Append implements [Log]. One record is a plain message, several are an atomic
// batch, which costs a few milliseconds more.
//
// If the log has moved on and a key is there already, either error may come: a
// lone server tests the guard of a message first, a cluster its key, and a batch
// is tested record by record. So whoever sends a batch again after ErrUncertain
// looks for its keys whatever the error is.
func (l *JetStream) Append(ctx context.Context, after uint64, records []Record) error {
	if err := checkBatch(records); err != nil {
		return err
	}
	if len(records) == 0 {
		return l.expect(ctx, after)
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	last, err := l.publish(ctx, l.messages(after, records))
	if err != nil {
		return fmt.Errorf("append %d records after %d to stream %s: %w", len(records), after, l.name, err)
	}
	if want := after + uint64(len(records)); last != want {
		return fmt.Errorf("%w: stream %s put the batch at %d instead of %d", ErrGap, l.name, last, want)
	}
	setSequences(records, after)
	return nil
}

// expect is the append of nothing: it only tests the guard.
func (l *JetStream) expect(ctx context.Context, after uint64) error {
	last, err := l.Last(ctx)
	if err == nil && last != after {
		return fmt.Errorf("%w: it ends at %d, not at %d", ErrConflict, last, after)
	}
	return err
}

// messages makes the messages of a batch. The guard stands on the first alone:
// the server refuses it on any other.
func (l *JetStream) messages(after uint64, records []Record) []*nats.Msg {
	messages := make([]*nats.Msg, len(records))
	for i, r := range records {
		m := nats.NewMsg(l.prefix + r.Subject)
		m.Data = r.Body
		m.Header[jetstream.MsgIDHeader] = []string{r.Key}
		messages[i] = m
	}
	l.guard(messages[0], after)
	if len(messages) == 1 {
		return messages
	}
	batch := []string{uuid.NewString()}
	for i, m := range messages {
		m.Header[batchIDHeader] = batch
		m.Header[batchSequenceHeader] = []string{strconv.Itoa(i + 1)}
	}
	messages[len(messages)-1].Header[batchCommitHeader] = []string{"1"}
	return messages
}

// guard has the server take a message only if the stream ends at after.
func (l *JetStream) guard(first *nats.Msg, after uint64) {
	first.Header[jetstream.ExpectedStreamHeader] = []string{l.name}
	first.Header[jetstream.ExpectedLastSeqHeader] = []string{strconv.FormatUint(after, 10)}
}

// publish sends the messages and waits for the answer to the last, which is the
// only one that the server owes. Until that one is sent nothing can be appended.
func (l *JetStream) publish(ctx context.Context, messages []*nats.Msg) (uint64, error) {
	if err := l.sendable(ctx, messages); err != nil {
		return 0, err
	}
	commit := len(messages) - 1
	for _, m := range messages[:commit] {
		if err := l.conn.PublishMsg(m); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	reply, err := l.conn.RequestMsgWithContext(ctx, messages[commit])
	if err != nil {
		return 0, unanswered(err)
	}
	var ack publishAck
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return 0, fmt.Errorf("%w: its answer is not JSON: %w", ErrUncertain, err)
	}
	if ack.Error != nil {
		return 0, refused(ack.Error)
	}
	if ack.Duplicate {
		return 0, fmt.Errorf("%w: at sequence %d", ErrDuplicate, ack.Sequence)
	}
	return ack.Sequence, nil
}

// sendable says whether sending makes sense: the server would take each message,
// and can be reached.
func (l *JetStream) sendable(ctx context.Context, messages []*nats.Msg) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	if !l.conn.IsConnected() {
		return fmt.Errorf("%w: the connection is %s", ErrUnavailable, l.conn.Status())
	}
	for i, m := range messages {
		if size := m.Size(); int64(size) > l.conn.MaxPayload() {
			return fmt.Errorf("%w: record %d of the batch makes a message of %d bytes, the server's max_payload is %d",
				ErrTooLarge, i, size, l.conn.MaxPayload())
		}
	}
	return nil
}

// unanswered is the error of a request without an answer. Unless it is sure that
// it was never sent or never heard, the batch may be in the log.
func unanswered(err error) error {
	switch {
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, nats.ErrReconnectBufExceeded):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	default:
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
}

// refused is the error of a request that the server refused.
func refused(err *jetstream.APIError) error {
	switch err.ErrorCode {
	case jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant,
		codeDuplicateInProcess:
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case codeBatchDuplicate:
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	case jetstream.JSErrCodeStreamMessageExceedsMaximum, codeHeaderTooLarge, codeBatchTooLarge:
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case codeInsufficientResources, codeClusterNotAvailable, codeStreamOffline, codeTooManyRequests,
		codeBatchIncomplete, codeBatchesInFlight:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case codeStoreFailed:
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	default:
		return err
	}
}
