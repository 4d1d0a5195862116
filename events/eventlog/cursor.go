package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Cursor is how far a reader of the log has come, and which of several servers
// reads for it just now.
type Cursor struct {
	// Sequence is the last one that the reader is done with.
	Sequence uint64
	// Holder is the server that reads, until Until; both are zero if none does.
	Holder string
	Until  time.Time

	revision uint64 // of what was loaded; 0: nothing was there
}

// IsNew says that the reader has never stored anything.
func (c Cursor) IsNew() bool { return c.revision == 0 }

// Cursors keep the cursors of readers by name, for all servers of a log and
// through restarts. A reader that is to work once, on whichever server, takes its
// cursor by storing itself as the holder; [ErrConflict] means that another server
// was faster, or has taken over. The name is a code.
type Cursors interface {
	// Load returns a reader's cursor; a new one if it has none yet. Error:
	// ErrUnavailable.
	Load(ctx context.Context, name string) (Cursor, error)
	// Store replaces the cursor that was loaded or stored last, and returns what is
	// to be given to the next Store. Errors: ErrConflict if somebody stored another
	// since; ErrUnavailable, after which it may be stored or not: load it again.
	Store(ctx context.Context, name string, c Cursor) (Cursor, error)
}

// cursorsSuffix is added to the name of a stream for the bucket of its cursors.
const cursorsSuffix = "_CURSORS"

// kvCursors keeps cursors in a key-value bucket of JetStream, under the log's
// identity, so that those of a log that was made anew begin anew.
type kvCursors struct {
	bucket jetstream.KeyValue
	prefix string // with the dot
}

// storedCursor is a cursor's JSON.
type storedCursor struct {
	Sequence uint64    `json:"sequence"`
	Holder   string    `json:"holder,omitempty"`
	Until    time.Time `json:"until,omitzero"`
}

// Cursors opens the cursors of the log's readers: a key-value bucket beside the
// stream, named after it and with as many replicas, which is made if it is not
// there. It is no part of the log: without it readers begin anew.
func (l *JetStream) Cursors(ctx context.Context) (Cursors, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	name := l.name + cursorsSuffix
	bucket, err := l.js.KeyValue(ctx, name)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		bucket, err = l.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: name, Description: "Outturn: how far readers of the log have come.",
			Storage: jetstream.FileStorage, Replicas: l.stream.CachedInfo().Config.Replicas,
		})
		if errors.Is(err, jetstream.ErrBucketExists) { // another server made it just now
			bucket, err = l.js.KeyValue(ctx, name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the cursors in bucket %s: %w", name, reached(err))
	}
	return &kvCursors{bucket: bucket, prefix: l.identity + "."}, nil
}

// Load implements [Cursors].
func (k *kvCursors) Load(ctx context.Context, name string) (Cursor, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	entry, err := k.bucket.Get(ctx, k.prefix+name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Cursor{}, nil
	}
	if err != nil {
		return Cursor{}, fmt.Errorf("load the cursor of %s: %w", name, reached(err))
	}
	var stored storedCursor
	if err := json.Unmarshal(entry.Value(), &stored); err != nil {
		return Cursor{}, fmt.Errorf("load the cursor of %s: what is stored is no cursor: %w", name, err)
	}
	return Cursor{stored.Sequence, stored.Holder, stored.Until, entry.Revision()}, nil
}

// Store implements [Cursors].
func (k *kvCursors) Store(ctx context.Context, name string, c Cursor) (Cursor, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	value, err := json.Marshal(storedCursor{c.Sequence, c.Holder, c.Until})
	if err != nil {
		return Cursor{}, fmt.Errorf("store the cursor of %s: %w", name, err)
	}
	if c.IsNew() {
		c.revision, err = k.bucket.Create(ctx, k.prefix+name, value)
	} else {
		c.revision, err = k.bucket.Update(ctx, k.prefix+name, value, c.revision)
	}
	if err != nil {
		return Cursor{}, fmt.Errorf("store the cursor of %s: %w", name, outdated(err))
	}
	return c, nil
}

// outdated adds ErrConflict to an error that means that somebody else stored.
func outdated(err error) error {
	var refusal *jetstream.APIError
	if errors.Is(err, jetstream.ErrKeyExists) {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	if errors.As(err, &refusal) {
		return refused(refusal)
	}
	return reached(err)
}

// memoryCursors keeps cursors as long as the process lives.
type memoryCursors struct {
	mu      sync.Mutex
	cursors map[string]Cursor
}

// NewMemoryCursors makes cursors in memory, for tests and probes. Like the others
// they may be shared by several readers.
func NewMemoryCursors() Cursors { return &memoryCursors{cursors: map[string]Cursor{}} }

// Load implements [Cursors].
func (m *memoryCursors) Load(ctx context.Context, name string) (Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[name], ctx.Err()
}

// Store implements [Cursors].
func (m *memoryCursors) Store(ctx context.Context, name string, c Cursor) (Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return Cursor{}, ctx.Err()
	}
	if c.revision != m.cursors[name].revision {
		return Cursor{}, fmt.Errorf("store the cursor of %s: %w", name, ErrConflict)
	}
	c.revision++
	m.cursors[name] = c
	return c, nil
}
