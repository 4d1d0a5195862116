package eventlog

import (
	"context"
	"fmt"
)

// AppendEach implements [Log].
//
// Each message is sent when the one before it has been answered. To send them
// without waiting would need a guard that tells this writer's message from any
// other one at its place. JetStream has none: its sequence may be right by chance
// after a conflict further up, and the id of the message before is the record's
// key, which another server's record of the same event has, too.
func (l *JetStream) AppendEach(ctx context.Context, after uint64, records []Record) (int, error) {
	return appendEach(ctx, l, after, records)
}

// AppendEach implements [Log].
func (m *Memory) AppendEach(ctx context.Context, after uint64, records []Record) (int, error) {
	return appendEach(ctx, m, after, records)
}

func appendEach(ctx context.Context, log Log, after uint64, records []Record) (int, error) {
	if err := checkBatch(records); err != nil {
		return 0, err
	}
	for i := range records {
		if err := log.Append(ctx, after+uint64(i), records[i:i+1]); err != nil {
			return i, fmt.Errorf("append record %d of %d: %w", i+1, len(records), err)
		}
	}
	return len(records), nil
}
