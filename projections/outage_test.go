package projections_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local"
	"github.com/outturn/outturn/projections"
)

// relay is an address that stays while the server behind it moves.
type relay struct {
	net.Listener
	mu     sync.Mutex
	target string
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: listener}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go r.serve(client)
		}
	}()
	return r
}

func (r *relay) serve(client net.Conn) {
	defer client.Close()
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	_, _ = io.Copy(client, server)
}

// to points the relay at a server and returns the DSN that leads through it.
func (r *relay) to(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.target = u.Host
	r.mu.Unlock()
	u.Host = r.Addr().String()
	return u.String()
}

func TestAProjectorOutlivesPostgres(t *testing.T) {
	t.Parallel()
	options := local.PostgresOptions{Dir: t.TempDir(), Logger: quiet, Durability: local.Disposable}
	server, err := local.StartPostgres(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	relay := newRelay(t)
	db := &database{t: t, dsn: relay.to(t, server.DSN(local.DatabaseName))}
	store, schema := db.fresh()
	l := payingLedger(t, 100)
	projector, stop := start(store, l.log)
	await(t, store, l.last())

	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	l.pay(t, 100)
	eventually(t, "the projector waits", func() bool { return projector.Status().Waiting != nil })
	if _, _, err := store.Position(t.Context()); !errors.Is(err, projections.ErrUnavailable) {
		t.Errorf("without Postgres a read gives %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := store.WaitFor(ctx, l.last()); !errors.Is(err, projections.ErrUnavailable) {
		t.Errorf("without Postgres a wait gives %v", err)
	}

	if server, err = local.StartPostgres(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	relay.to(t, server.DSN(local.DatabaseName))
	eventually(t, "the projector is back", func() bool { return projector.Status().Sequence == l.last() })
	if status := projector.Status(); status.Waiting != nil || status.Problem != nil {
		t.Errorf("status %+v", status)
	}
	l.pay(t, 10)
	await(t, store, l.last())
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := store.CheckSums(t.Context()); err != nil {
		t.Error(err)
	}
	if want := db.goodDump(t, l); db.dump(schema, tables...) != want {
		t.Error("after the outage the projection differs from a new one")
	}
	store.Close()
}

func TestOpenSaysThatPostgresIsNotThere(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, err = projections.Open(t.Context(), "postgres://nobody@"+listener.Addr().String()+"/none?sslmode=disable", projections.Options{Logger: quiet})
	if !errors.Is(err, projections.ErrUnavailable) {
		t.Errorf("Open returned %v", err)
	}
	if _, err := projections.Open(t.Context(), "not a DSN", projections.Options{}); err == nil || errors.Is(err, projections.ErrUnavailable) {
		t.Errorf("Open of nonsense returned %v", err)
	}
}
