package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	// maxPayload is the largest message that the private NATS takes, in bytes.
	maxPayload = 1 << 20
	// natsListenTimeout bounds the time from a recovered log to an open port.
	natsListenTimeout = 10 * time.Second
)

// NATSOptions says where a private NATS keeps its log.
type NATSOptions struct {
	// Dir is the folder of the log. It is made if it is not there.
	Dir string
	// Listen is the address for other processes, as host:port. Defaults to a random port of 127.0.0.1.
	Listen string
	// Logger gets the server's warnings and errors. Defaults to slog.Default().
	Logger *slog.Logger
}

// NATS is a NATS server that runs in this process, with JetStream on disk.
type NATS struct {
	server   *server.Server
	password string
	stop     func()
}

// StartNATS starts NATS on the log in o.Dir, or on an empty one. Every acknowledgement of a stored
// message comes after its fsync. It returns when clients can connect; recovering a large log takes its
// time, bounded by ctx alone.
//
// The error is ErrInUse when someone else has the folder, and otherwise says what the server said.
func StartNATS(ctx context.Context, o NATSOptions) (*NATS, error) {
	n, err := startNATS(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	return n, nil
}

func startNATS(ctx context.Context, o NATSOptions) (*NATS, error) {
	host, port, err := natsAddress(o.Listen)
	if err != nil {
		return nil, err
	}
	dir, lock, err := claimFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	password := newPassword()
	s, err := server.NewServer(&server.Options{
		ServerName:             userName,
		Host:                   host,
		Port:                   port,
		Username:               userName,
		Password:               password,
		JetStream:              true,
		StoreDir:               dir,
		SyncAlways:             true,
		MaxPayload:             maxPayload,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		lock.Close()
		return nil, err
	}
	n := &NATS{server: s, password: password, stop: sync.OnceFunc(func() { shutDown(s, lock) })}
	if err := n.serve(ctx, natsLog{logger: orDefault(o.Logger), fatal: make(chan string, 1)}); err != nil {
		n.Stop()
		return nil, err
	}
	return n, nil
}

// serve starts the server and waits until clients can connect.
func (n *NATS) serve(ctx context.Context, log natsLog) error {
	n.server.SetLogger(log, false, false)
	started := make(chan error, 1)
	go func() { started <- n.start(log) }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-started:
		return err
	}
}

// start recovers the log, opens the port and returns the first fatal reason, if there is one.
func (n *NATS) start(log natsLog) error {
	n.server.Start()
	select {
	case fatal := <-log.fatal:
		return errors.New(fatal)
	default:
	}
	if !n.server.ReadyForConnections(natsListenTimeout) {
		return fmt.Errorf("no port opened within %s", natsListenTimeout)
	}
	return nil
}

// natsAddress splits a listen address; port −1 asks the server for a random one.
func natsAddress(listen string) (host string, port int, err error) {
	if listen == "" {
		return loopback, server.RANDOM_PORT, nil
	}
	host, digits, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("listen address %q: %w", listen, err)
	}
	number, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("listen address %q: the port must be a number from 0 to 65535", listen)
	}
	if number == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(number), nil
}

// URL returns the address for other processes, user and password included.
func (n *NATS) URL() string {
	return (&url.URL{
		Scheme: "nats",
		User:   url.UserPassword(userName, n.password),
		Host:   n.server.Addr().String(),
	}).String()
}

// Connect opens a connection within the process, without a socket. The caller closes it.
func (n *NATS) Connect(opts ...nats.Option) (*nats.Conn, error) {
	opts = append([]nats.Option{nats.InProcessServer(n.server), nats.UserInfo(userName, n.password)}, opts...)
	conn, err := nats.Connect("", opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to the private NATS: %w", err)
	}
	return conn, nil
}

// Stop closes all connections, writes the log's index and gives the folder back. A second Stop does nothing.
func (n *NATS) Stop() { n.stop() }

func shutDown(s *server.Server, lock *os.File) {
	s.Shutdown()
	s.WaitForShutdown()
	lock.Close()
}
