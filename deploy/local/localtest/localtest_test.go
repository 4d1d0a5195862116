package localtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/outturn/outturn/deploy/local/localtest"
)

func open(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestPostgresGivesEachTestAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := open(t, localtest.Postgres(t))
			if _, err := conn.Exec(t.Context(), "CREATE TABLE mine ()"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPostgresDropsTheDatabaseWithItsTest(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("owner", func(t *testing.T) { dsn = localtest.Postgres(t) })
	if conn, err := pgx.Connect(t.Context(), dsn); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the database outlived its test")
	}
}

func TestNATSDirKeepsTheLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, want := range []uint64{1, 2} {
		server := localtest.NATSDir(t, dir)
		conn, err := server.Connect()
		if err != nil {
			t.Fatal(err)
		}
		js, err := jetstream.New(conn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "LOG"}); err != nil {
			t.Fatal(err)
		}
		ack, err := js.Publish(t.Context(), "LOG", nil)
		if err != nil {
			t.Fatal(err)
		}
		if ack.Sequence != want {
			t.Errorf("sequence is %d, want %d", ack.Sequence, want)
		}
		conn.Close()
		server.Stop()
	}
}

func TestNATSGivesEachTestItsOwn(t *testing.T) {
	t.Parallel()
	if localtest.NATS(t).URL() == localtest.NATS(t).URL() {
		t.Error("two tests share a server")
	}
}
