package eventlog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// DefaultSubjectPrefix is the first token of the NATS subjects of a log.
	DefaultSubjectPrefix = "outturn"
	// DefaultTimeout bounds a call whose context has no deadline.
	DefaultTimeout = 5 * time.Second
	// DuplicateWindow is how long a stream remembers the keys of its records. It
	// costs the server memory; uniqueness for ever is the caller's.
	DuplicateWindow = 2 * time.Minute
	// IdentityMetadata is the key of the stream's metadata that holds the log's identity.
	IdentityMetadata = "outturn-log-identity"
)

// Config says which stream a log is.
type Config struct {
	// Stream is the stream's name.
	Stream string
	// SubjectPrefix stands, with a dot, before a record's subject. Defaults to DefaultSubjectPrefix.
	SubjectPrefix string
	// Replicas is the number of servers that keep a stream that is made, 1 to 5.
	// A stream that is there keeps its own number. Defaults to 1.
	Replicas int
}

// JetStream is a log in a stream of NATS JetStream.
//
// A record is a message: its subject is the prefix and the record's subject, its
// Nats-Msg-Id the key, its payload the body as it is. Several records are one
// atomic batch (Nats-Batch-Id, ADR-50 of NATS).
//
// Records are synced to disk before Append returns if the server runs with
// sync_interval: always; the stream cannot tell whether it does.
//
// The connection should have nats.ReconnectBufSize(-1): otherwise a batch that
// was sent while the connection was just lost is kept, and may be appended after
// Append returned ErrUncertain. It is harmless, as the guard then refuses
// either it or whatever was appended instead, but the doubt lasts longer.
type JetStream struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	stream   jetstream.Stream
	name     string
	prefix   string // with the dot
	identity string
}

var _ Log = (*JetStream)(nil)

// OpenJetStream opens the stream, and makes it if it is not there. It never
// changes one that is there: if its settings would let a record be lost or
// changed, the error names them.
//
// The connection stays the caller's.
func OpenJetStream(ctx context.Context, conn *nats.Conn, c Config) (*JetStream, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	if c.SubjectPrefix == "" {
		c.SubjectPrefix = DefaultSubjectPrefix
	}
	l, err := openJetStream(ctx, conn, c)
	if err != nil {
		return nil, fmt.Errorf("open the log in stream %s: %w", c.Stream, reached(err))
	}
	return l, nil
}

func openJetStream(ctx context.Context, conn *nats.Conn, c Config) (*JetStream, error) {
	if !codes.MatchString(c.SubjectPrefix) {
		return nil, fmt.Errorf("subject prefix %q is not ASCII codes with dots between them", c.SubjectPrefix)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	stream, err := findOrMake(ctx, js, newStream(c))
	if err != nil {
		return nil, err
	}
	config := stream.CachedInfo().Config
	if err := checkStream(config, c.SubjectPrefix+".>"); err != nil {
		return nil, err
	}
	return &JetStream{
		conn:     conn,
		js:       js,
		stream:   stream,
		name:     c.Stream,
		prefix:   c.SubjectPrefix + ".",
		identity: config.Metadata[IdentityMetadata],
	}, nil
}

// findOrMake returns the stream that is there. Of two processes that make it at
// the same moment one loses, and takes the other's.
func findOrMake(ctx context.Context, js jetstream.JetStream, wanted jetstream.StreamConfig) (jetstream.Stream, error) {
	stream, err := js.Stream(ctx, wanted.Name)
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return stream, err
	}
	stream, err = js.CreateStream(ctx, wanted)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return js.Stream(ctx, wanted.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("make the stream: %w", err)
	}
	return stream, nil
}

// Identity implements [Log]: it is in the stream's metadata from its making on.
func (l *JetStream) Identity() string { return l.identity }

// Last implements [Log]. The stream's leader answers.
func (l *JetStream) Last(ctx context.Context) (uint64, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	info, err := l.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for the last sequence of stream %s: %w", l.name, reached(err))
	}
	if found := info.Config.Metadata[IdentityMetadata]; found != l.identity {
		return 0, fmt.Errorf("stream %s was made anew: its identity is %q, not %s", l.name, found, l.identity)
	}
	return info.State.LastSeq, nil
}

// At implements [Log]. The stream's leader answers, so a record that was
// appended is there.
func (l *JetStream) At(ctx context.Context, sequence uint64) (Record, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	if sequence == 0 {
		return Record{}, fmt.Errorf("%w: 0", ErrNotFound)
	}
	m, err := l.stream.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Record{}, fmt.Errorf("%w: %d", ErrNotFound, sequence)
	}
	if err != nil {
		return Record{}, fmt.Errorf("read sequence %d of stream %s: %w", sequence, l.name, reached(err))
	}
	return l.record(m.Sequence, m.Subject, m.Header, m.Data), nil
}

// record makes a record of what a message holds.
func (l *JetStream) record(sequence uint64, subject string, header nats.Header, body []byte) Record {
	return Record{
		Sequence: sequence,
		Subject:  strings.TrimPrefix(subject, l.prefix),
		Key:      header.Get(jetstream.MsgIDHeader),
		Body:     body,
	}
}

// newIdentity is the metadata of a stream that is made.
func newIdentity() map[string]string {
	return map[string]string{IdentityMetadata: uuid.NewString()}
}

// withTimeout gives a context that has no deadline the default one.
func withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, DefaultTimeout)
}

// reached adds ErrUnavailable to an error that means that no server answered.
func reached(err error) error {
	for _, silent := range []error{
		nats.ErrNoResponders, nats.ErrTimeout, nats.ErrConnectionClosed, nats.ErrDisconnected,
		nats.ErrReconnectBufExceeded, jetstream.ErrJetStreamNotEnabled, context.DeadlineExceeded,
	} {
		if errors.Is(err, silent) {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	return err
}
