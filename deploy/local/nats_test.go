package local_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/outturn/outturn/deploy/local"
)

func startNATS(t *testing.T, o local.NATSOptions) *local.NATS {
	t.Helper()
	o.Logger = quiet()
	n, err := local.StartNATS(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	return n
}

func openStream(t *testing.T, conn *nats.Conn) (jetstream.JetStream, jetstream.Stream) {
	t.Helper()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "LOG", Subjects: []string{"log.>"}})
	if err != nil {
		t.Fatal(err)
	}
	return js, stream
}

func connect(t *testing.T, n *local.NATS) *nats.Conn {
	t.Helper()
	conn, err := n.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func TestNATSRestartFindsItsLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startNATS(t, local.NATSOptions{Dir: dir})
	js, _ := openStream(t, connect(t, first))
	if _, err := js.Publish(t.Context(), "log.one", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	first.Stop()

	second := startNATS(t, local.NATSOptions{Dir: dir})
	_, stream := openStream(t, connect(t, second))
	message, err := stream.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(message.Data); got != "kept" {
		t.Errorf("the message is %q", got)
	}
}

func TestNATSAnswersOverItsURLOnlyWithThePassword(t *testing.T) {
	t.Parallel()
	n := startNATS(t, local.NATSOptions{Dir: t.TempDir()})
	conn, err := nats.Connect(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	openStream(t, conn)

	address, err := url.Parse(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	if address.Hostname() != "127.0.0.1" {
		t.Errorf("it listens on %s, want the loopback address", address.Hostname())
	}
	address.User = nil
	if stranger, err := nats.Connect(address.String()); err == nil {
		stranger.Close()
		t.Error("a stranger was let in")
	}
}

func TestNATSSecondOwnerIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	startNATS(t, local.NATSOptions{Dir: dir})
	_, err := local.StartNATS(t.Context(), local.NATSOptions{Dir: dir, Logger: quiet()})
	wantInUse(t, err, dir)
}

func TestNATSStopsTwice(t *testing.T) {
	t.Parallel()
	n := startNATS(t, local.NATSOptions{Dir: t.TempDir()})
	n.Stop()
	n.Stop()
	if conn, err := n.Connect(); err == nil {
		conn.Close()
		t.Error("a stopped server was connected to")
	}
}

func TestNATSListen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ listen, fault string }{
		"port zero is a random one": {"127.0.0.1:0", ""},
		"no port":                   {"127.0.0.1", "missing port"},
		"port not a number":         {"127.0.0.1:nats", "number from 0 to 65535"},
		"port too large":            {"127.0.0.1:65536", "number from 0 to 65535"},
		"address of another host":   {"192.0.2.1:0", "Error listening on port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := local.StartNATS(t.Context(), local.NATSOptions{Dir: t.TempDir(), Listen: test.listen, Logger: quiet()})
			if err == nil {
				n.Stop()
			}
			if test.fault == "" && err != nil || test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)) {
				t.Errorf("error is %v, want %q", err, test.fault)
			}
		})
	}
}
