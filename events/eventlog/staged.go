package eventlog

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Staged is an append that is sent bit by bit while an earlier one may still be
// on its way, and takes effect with its commit. A writer that knows where its
// earlier append will end stages the next one on top of it, and commits it once
// the earlier one is in. To commit without waiting would not do: if the earlier
// one is refused because others have appended, the log may end just where the
// next one expects it to.
//
// It is for one goroutine. It stays open for a few seconds at most; a log that
// gave it up by then says [ErrUnavailable] at the commit.
type Staged interface {
	// Add sends more records. The records are the batch's until the commit. An error
	// is that of the commit, early.
	Add(ctx context.Context, records []Record) error
	// Commit appends what was added, as [Log.Append] does and with its errors.
	Commit(ctx context.Context) error
	// Discard gives it up; nothing is appended.
	Discard()
}

// eob commits a batch without being part of it.
const eob = "eob"

// stagedBatch is an atomic batch of JetStream whose commit is held back.
type stagedBatch struct {
	log     *JetStream
	after   uint64
	id      string
	records []Record
	err     error
}

// Stage implements [Log]: an atomic batch, also for one record.
func (l *JetStream) Stage(after uint64) Staged {
	return &stagedBatch{log: l, after: after, id: uuid.NewString()}
}

// Add implements [Staged]. The server stages each message as it comes.
func (b *stagedBatch) Add(ctx context.Context, records []Record) error {
	if b.err != nil {
		return b.err
	}
	b.err = b.add(ctx, records)
	return b.err
}

func (b *stagedBatch) add(ctx context.Context, records []Record) error {
	if size := len(b.records) + len(records); size > MaxBatch {
		return fmt.Errorf("%w: %d records, at most %d fit; append them in parts", ErrTooLarge, size, MaxBatch)
	}
	if err := checkBatch(records); err != nil {
		return err
	}
	messages := make([]*nats.Msg, len(records))
	for i, r := range records {
		messages[i] = b.message(r.Subject, len(b.records)+i+1)
		messages[i].Data = r.Body
		messages[i].Header[jetstream.MsgIDHeader] = []string{r.Key}
	}
	if len(b.records) == 0 && len(messages) > 0 {
		b.log.guard(messages[0], b.after)
	}
	if err := b.log.sendable(ctx, messages); err != nil {
		return err
	}
	b.records = append(b.records, records...)
	for _, m := range messages {
		if err := b.log.conn.PublishMsg(m); err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	return nil
}

func (b *stagedBatch) message(subject string, place int) *nats.Msg {
	m := nats.NewMsg(b.log.prefix + subject)
	m.Header[batchIDHeader] = []string{b.id}
	m.Header[batchSequenceHeader] = []string{strconv.Itoa(place)}
	return m
}

// Commit implements [Staged].
func (b *stagedBatch) Commit(ctx context.Context) error {
	if b.err != nil {
		b.Discard()
		return b.err
	}
	if len(b.records) == 0 {
		return b.log.expect(ctx, b.after)
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	end := b.message(b.records[0].Subject, len(b.records)+1)
	end.Header[batchCommitHeader] = []string{eob}
	last, err := b.log.publish(ctx, []*nats.Msg{end})
	if err != nil {
		return fmt.Errorf("append %d staged records after %d to stream %s: %w", len(b.records), b.after, b.log.name, err)
	}
	if want := b.after + uint64(len(b.records)); last != want {
		return fmt.Errorf("%w: stream %s put the batch at %d instead of %d", ErrGap, b.log.name, last, want)
	}
	return nil
}

// Discard implements [Staged]: a hole in its numbers makes the server drop the
// batch. If that does not arrive, the server drops it after ten seconds.
func (b *stagedBatch) Discard() {
	if len(b.records) == 0 {
		return
	}
	_ = b.log.conn.PublishMsg(b.message(b.records[0].Subject, len(b.records)+2))
}

// stagedMemory keeps what was added until the commit.
type stagedMemory struct {
	log     *Memory
	after   uint64
	records []Record
}

// Stage implements [Log].
func (m *Memory) Stage(after uint64) Staged { return &stagedMemory{log: m, after: after} }

// Add implements [Staged].
func (b *stagedMemory) Add(_ context.Context, records []Record) error {
	b.records = append(b.records, records...)
	return checkBatch(b.records)
}

// Commit implements [Staged].
func (b *stagedMemory) Commit(ctx context.Context) error {
	return b.log.Append(ctx, b.after, b.records)
}

// Discard implements [Staged].
func (b *stagedMemory) Discard() { b.records = nil }
