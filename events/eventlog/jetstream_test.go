package eventlog_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/outturn/outturn/deploy/local"
	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/eventlog/logtest"
)

const (
	streamName = "LOG"
	// patience bounds what a test waits for.
	patience = time.Minute
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// jetStreamStore keeps a log in a NATS of its own.
type jetStreamStore struct {
	dir    string
	server *local.NATS
}

func newJetStreamStore(t testing.TB) *jetStreamStore {
	dir := t.TempDir()
	return &jetStreamStore{dir: dir, server: localtest.NATSDir(t, dir)}
}

func (s *jetStreamStore) Open(t testing.TB) eventlog.Log { return open(t, connect(t, s.server)) }

func (s *jetStreamStore) Restart(t testing.TB) {
	s.server.Stop()
	s.server = localtest.NATSDir(t, s.dir)
}

func TestJetStream(t *testing.T) {
	t.Parallel()
	logtest.Run(t, func(t testing.TB) logtest.Store { return newJetStreamStore(t) })
}

func connect(t testing.TB, server *local.NATS) *nats.Conn {
	t.Helper()
	conn, err := server.Connect(nats.ReconnectBufSize(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func open(t testing.TB, conn *nats.Conn) *eventlog.JetStream {
	t.Helper()
	log, err := eventlog.OpenJetStream(bounded(t), conn, eventlog.Config{Stream: streamName})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func admin(t testing.TB, conn *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// keys makes records with these keys.
func keys(names ...string) []eventlog.Record {
	records := make([]eventlog.Record, len(names))
	for i, name := range names {
		records[i] = eventlog.Record{Subject: "line.L1", Key: name, Body: []byte(name)}
	}
	return records
}

func mustAppend(t testing.TB, log eventlog.Log, after uint64, names ...string) {
	t.Helper()
	if err := log.Append(bounded(t), after, keys(names...)); err != nil {
		t.Fatal(err)
	}
}

func TestOpenMakesAStreamThatOnlyGrows(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	mustAppend(t, open(t, conn), 0, "one", "two")
	stream, err := admin(t, conn).Stream(bounded(t), streamName)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(bounded(t), 1); err == nil {
		t.Error("a message could be deleted")
	}
	if err := stream.Purge(bounded(t)); err == nil {
		t.Error("the stream could be purged")
	}
	m, err := stream.GetMsg(bounded(t), 2)
	if err != nil || m.Subject != "outturn.line.L1" || m.Header.Get("Nats-Msg-Id") != "two" {
		t.Errorf("the stream holds %+v, error %v", m, err)
	}
}

func TestOpenAtOnceMakesOneLog(t *testing.T) {
	t.Parallel()
	const servers = 8
	server := localtest.NATS(t)
	conns := make([]*nats.Conn, servers)
	for i := range conns {
		conns[i] = connect(t, server)
	}
	identities := make([]string, servers)
	var wg sync.WaitGroup
	for i := range servers {
		wg.Go(func() {
			log, err := eventlog.OpenJetStream(bounded(t), conns[i], eventlog.Config{Stream: streamName})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			identities[i] = log.Identity()
		})
	}
	wg.Wait()
	for _, identity := range identities {
		if identity == "" || identity != identities[0] {
			t.Fatalf("identities %q, want all the same", identities)
		}
	}
}

func TestOpenRefusesAStreamThatCouldLoseRecords(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	js := admin(t, conn)
	keepFolder(t, js)
	for setting, spoil := range map[string]func(*jetstream.StreamConfig){
		"storage":                 func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"retention":               func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy },
		"discard":                 func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"max_msgs":                func(c *jetstream.StreamConfig) { c.MaxMsgs = 5 },
		"max_bytes":               func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 20 },
		"max_age":                 func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour },
		"max_msgs_per_subject":    func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 1 },
		"max_msg_size":            func(c *jetstream.StreamConfig) { c.MaxMsgSize = 1000 },
		"deny_delete":             func(c *jetstream.StreamConfig) { c.DenyDelete = false },
		"deny_purge":              func(c *jetstream.StreamConfig) { c.DenyPurge = false },
		"allow_rollup_hdrs":       func(c *jetstream.StreamConfig) { c.AllowRollup, c.DenyPurge = true, false },
		"allow_msg_ttl":           func(c *jetstream.StreamConfig) { c.AllowMsgTTL = true },
		"allow_atomic":            func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
		"allow_direct":            func(c *jetstream.StreamConfig) { c.AllowDirect = true },
		"allow_batched":           func(c *jetstream.StreamConfig) { c.AllowBatchPublish = true },
		"allow_msg_counter":       func(c *jetstream.StreamConfig) { c.AllowMsgCounter, c.Discard = true, jetstream.DiscardOld },
		"no_ack":                  func(c *jetstream.StreamConfig) { c.NoAck, c.AllowAtomicPublish = true, false },
		"first_seq":               func(c *jetstream.StreamConfig) { c.FirstSeq = 100 },
		"sources":                 func(c *jetstream.StreamConfig) { c.Sources = []*jetstream.StreamSource{{Name: "OTHER"}} },
		"subjects":                func(c *jetstream.StreamConfig) { c.Subjects = []string{"outturn.line.>"} },
		eventlog.IdentityMetadata: func(c *jetstream.StreamConfig) { c.Metadata = nil },
		"subject_transform": func(c *jetstream.StreamConfig) {
			c.SubjectTransform = &jetstream.SubjectTransformConfig{Source: "outturn.a", Destination: "outturn.b"}
		},
		"subject_delete_marker_ttl": func(c *jetstream.StreamConfig) {
			c.SubjectDeleteMarkerTTL, c.AllowMsgTTL, c.AllowRollup, c.DenyPurge = time.Minute, true, true, false
		},
	} {
		config := suitable()
		config.Name += "-" + setting
		spoil(&config)
		wantRefused(t, js, conn, config, setting)
	}
}

// keepFolder makes a stream that stays. A server that deletes its last stream
// removes the folder of all of them a moment later, also when a new one is being
// made in it.
func keepFolder(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	if _, err := js.CreateStream(bounded(t), jetstream.StreamConfig{Name: "KEEP", Subjects: []string{"keep"}}); err != nil {
		t.Fatal(err)
	}
}

// suitable is a configuration that a log takes.
func suitable() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               streamName,
		Subjects:           []string{"outturn.>"},
		Storage:            jetstream.FileStorage,
		Discard:            jetstream.DiscardNew,
		DenyDelete:         true,
		DenyPurge:          true,
		AllowAtomicPublish: true,
		Metadata:           map[string]string{eventlog.IdentityMetadata: "an-identity"},
	}
}

// wantRefused checks that a log is not opened on a stream, names the setting, and leaves the stream as it is.
func wantRefused(t *testing.T, js jetstream.JetStream, conn *nats.Conn, config jetstream.StreamConfig, setting string) {
	t.Helper()
	stream, err := js.CreateStream(bounded(t), config)
	if err != nil {
		t.Fatalf("%s: %v", setting, err)
	}
	defer func() { _ = js.DeleteStream(bounded(t), config.Name) }()
	_, err = eventlog.OpenJetStream(bounded(t), conn, eventlog.Config{Stream: config.Name})
	if err == nil || !strings.Contains(err.Error(), setting+" must be") {
		t.Errorf("error %v, want one that names %s", err, setting)
	}
	before := stream.CachedInfo().Config
	after, err := stream.Info(bounded(t))
	if err != nil || after.Config.DenyDelete != before.DenyDelete || after.Config.MaxMsgs != before.MaxMsgs {
		t.Errorf("%s: the stream was changed to %+v, error %v", setting, after, err)
	}
}

func TestOpenTakesASuitableStream(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	if _, err := admin(t, conn).CreateStream(bounded(t), suitable()); err != nil {
		t.Fatal(err)
	}
	if got := open(t, conn).Identity(); got != "an-identity" {
		t.Errorf("identity %q, want that of the stream", got)
	}
}

func TestOpenWithoutAServer(t *testing.T) {
	t.Parallel()
	server := localtest.NATS(t)
	conn := connect(t, server)
	server.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := eventlog.OpenJetStream(ctx, conn, eventlog.Config{Stream: streamName}); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}

func TestAppendWithoutAServerIsUnavailable(t *testing.T) {
	t.Parallel()
	server := localtest.NATS(t)
	conn := connect(t, server)
	log := open(t, conn)
	conn.Close()
	if err := log.Append(bounded(t), 0, keys("one", "two")); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}

func TestAppendToAStreamThatIsGoneIsUnavailable(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	log := open(t, conn)
	if err := admin(t, conn).DeleteStream(bounded(t), streamName); err != nil {
		t.Fatal(err)
	}
	for _, records := range [][]eventlog.Record{keys("one"), keys("one", "two")} {
		if err := log.Append(bounded(t), 0, records); !errors.Is(err, eventlog.ErrUnavailable) {
			t.Errorf("append of %d: error %v, want ErrUnavailable", len(records), err)
		}
	}
}

// TestAppendWithoutAnAnswerIsUncertain takes the acknowledgements away: the
// record is in the log and the writer cannot know.
func TestAppendWithoutAnAnswerIsUncertain(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	log := open(t, conn)
	stream, err := admin(t, conn).Stream(bounded(t), streamName)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.NoAck, config.AllowAtomicPublish = true, false
	if _, err := admin(t, conn).UpdateStream(bounded(t), config); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := log.Append(ctx, 0, keys("one")); !errors.Is(err, eventlog.ErrUncertain) {
		t.Errorf("error %v, want ErrUncertain", err)
	}
	if last, err := log.Last(bounded(t)); err != nil || last != 1 {
		t.Errorf("the log ends at %d, error %v; want the record in it", last, err)
	}
}

func TestFollowEndsWhenTheStreamIsGone(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	log := open(t, conn)
	mustAppend(t, log, 0, "one")
	err := log.Follow(bounded(t), 1, func([]eventlog.Record) error {
		return admin(t, conn).DeleteStream(bounded(t), streamName)
	})
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("error %v, want that the stream is gone", err)
	}
}

func TestFollowEndsWhenTheStreamIsMadeAnew(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	keepFolder(t, admin(t, conn))
	log := open(t, conn)
	mustAppend(t, log, 0, "one")
	err := log.Follow(bounded(t), 1, func([]eventlog.Record) error {
		if err := admin(t, conn).DeleteStream(bounded(t), streamName); err != nil {
			return err
		}
		mustAppend(t, open(t, conn), 0, "one", "two")
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "made anew") {
		t.Errorf("error %v, want that the stream was made anew", err)
	}
}

func TestFollowEndsWhenTheConnectionIsClosed(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	log := open(t, conn)
	mustAppend(t, log, 0, "one")
	err := log.Follow(bounded(t), 1, func([]eventlog.Record) error {
		conn.Close()
		return nil
	})
	if !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}

// TestFollowRidesOutARestart stops the server under a follower, which loses its
// connection and its consumer, and gets every record once all the same.
func TestFollowRidesOutARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := localtest.NATSDir(t, dir)
	address, err := url.Parse(first.URL())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	user := address.User
	conn, err := nats.Connect("nats://"+address.Host,
		nats.ReconnectBufSize(-1), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.IgnoreAuthErrorAbort(),
		nats.UserInfoHandler(func() (string, string) {
			mu.Lock()
			defer mu.Unlock()
			password, _ := user.Password()
			return user.Username(), password
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	log := open(t, conn)
	mustAppend(t, log, 0, "one", "two")

	ctx, cancel := context.WithCancel(bounded(t))
	delivered := make(chan eventlog.Record, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- log.Follow(ctx, 1, func(records []eventlog.Record) error {
			for _, r := range records {
				delivered <- r
			}
			return nil
		})
	}()
	wantNext(t, delivered, 1, 2)
	first.Stop()
	second, err := local.StartNATS(bounded(t), local.NATSOptions{Dir: dir, Listen: address.Host, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Stop)
	again, err := url.Parse(second.URL())
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	user = again.User
	mu.Unlock()
	mustAppend(t, open(t, connect(t, second)), 2, "three", "four")
	wantNext(t, delivered, 3, 4)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if len(delivered) != 0 {
		t.Errorf("%d more records came", len(delivered))
	}
}

func wantNext(t *testing.T, delivered <-chan eventlog.Record, sequences ...uint64) {
	t.Helper()
	deadline := time.After(patience)
	for _, want := range sequences {
		select {
		case r := <-delivered:
			if r.Sequence != want {
				t.Fatalf("sequence %d came, want %d", r.Sequence, want)
			}
		case <-deadline:
			t.Fatalf("sequence %d did not come", want)
		}
	}
}

// TestReadFindsATornBatch puts the beginning of a batch into the log the one way
// that a server allows: as a fast batch, whose headers it does not look at.
func TestReadFindsATornBatch(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	log := tornLog(t, conn)
	mustAppend(t, log, 2, "alone")
	for from, want := range map[uint64]error{1: eventlog.ErrTorn, 3: nil} {
		err := log.Read(bounded(t), from, 3, func(records []eventlog.Record) error {
			if records[0].Sequence < 3 {
				t.Errorf("record %d of the torn batch was delivered", records[0].Sequence)
			}
			return nil
		})
		if !errors.Is(err, want) {
			t.Errorf("read from %d: error %v, want %v", from, err, want)
		}
	}
}

// tornLog is a log whose two records are the first two of a batch of more.
func tornLog(t *testing.T, conn *nats.Conn) *eventlog.JetStream {
	t.Helper()
	js, config := admin(t, conn), suitable()
	config.AllowBatchPublish = true
	if _, err := js.CreateStream(bounded(t), config); err != nil {
		t.Fatal(err)
	}
	acks, err := conn.SubscribeSync("acks.>")
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{"1", "2"} {
		m := nats.NewMsg("outturn.line.L1")
		m.Reply = "acks.fast" + place + ".1.fail.1.2.$FI" // batch id, flow, gaps, sequence 1, commit
		m.Header.Set("Nats-Batch-Id", "torn")
		m.Header.Set("Nats-Batch-Sequence", place)
		if err := conn.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
		ack, err := acks.NextMsgWithContext(bounded(t))
		if err != nil || !strings.Contains(string(ack.Data), `"seq":`+place) {
			t.Fatalf("the server answered %v, error %v", ack, err)
		}
	}
	if _, err := js.UpdateStream(bounded(t), suitable()); err != nil {
		t.Fatal(err)
	}
	return open(t, conn)
}

// TestReadFindsAMissingSequence lets an operator delete a record.
func TestReadFindsAMissingSequence(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	log := open(t, conn)
	for after := range uint64(4) {
		mustAppend(t, log, after, string(rune('a'+after)))
	}
	stream, err := admin(t, conn).Stream(bounded(t), streamName)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxMsgs, config.Discard = 2, jetstream.DiscardOld
	if _, err := admin(t, conn).UpdateStream(bounded(t), config); err != nil {
		t.Fatal(err)
	}
	if err := log.Read(bounded(t), 1, 4, func([]eventlog.Record) error { return nil }); !errors.Is(err, eventlog.ErrGap) {
		t.Errorf("error %v, want ErrGap", err)
	}
}

// TestReadersLeaveNothingBehind looks at the server after reads.
func TestReadersLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	conn := connect(t, localtest.NATS(t))
	log := open(t, conn)
	mustAppend(t, log, 0, "one", "two")
	for range 3 {
		if err := log.Read(bounded(t), 1, 2, func([]eventlog.Record) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := admin(t, conn).Stream(bounded(t), streamName)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Consumers; n != 0 {
		t.Errorf("%d consumers are left", n)
	}
}
