package localtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/outturn/outturn/deploy/local"
)

const (
	// folderPrefix begins the names of the test servers' folders in the temporary folder.
	folderPrefix = "outturn-localtest-"
	// staleAfter is the age from which a folder that nobody owns counts as left behind. A younger one may
	// belong to a test process that has made it and is about to lock it.
	staleAfter = time.Minute
	// startTimeout bounds the start of a service.
	startTimeout = time.Minute
)

// shared is the one PostgreSQL of this test process. It is never stopped: it ends with the process.
var shared = sync.OnceValues(startPostgres)

// databases counts the databases that this process has made, for their names.
var databases atomic.Int64

// Postgres returns the connection string of a new, empty database, which is dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := server.CreateDatabase(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.DropDatabase(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	return server.DSN(name)
}

func startPostgres() (*local.Postgres, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	removeStale(ctx)
	dir, err := os.MkdirTemp("", folderPrefix)
	if err != nil {
		return nil, err
	}
	// PostgreSQL's user must be able to enter when root runs the tests.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	server, err := local.StartPostgres(ctx, local.PostgresOptions{
		Dir:        dir,
		Logger:     slog.New(slog.DiscardHandler),
		Durability: local.Disposable,
	})
	if err != nil {
		return nil, errors.Join(err, local.RemovePostgres(ctx, dir))
	}
	return server, nil
}

// removeStale deletes the folders of test processes that have ended. One that is in use, or that cannot be
// deleted now, stays for the next time.
func removeStale(ctx context.Context) {
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	if err != nil {
		return
	}
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if err != nil || time.Since(info.ModTime()) < staleAfter {
			continue
		}
		_ = local.RemovePostgres(ctx, folder)
	}
}

// NATS returns a new NATS with an empty log, which is stopped when the test ends.
func NATS(t testing.TB) *local.NATS {
	t.Helper()
	return NATSDir(t, t.TempDir())
}

// NATSDir returns a NATS on the log in dir, for tests that stop it and start it again. It is stopped when
// the test ends, if the test has not done so.
func NATSDir(t testing.TB, dir string) *local.NATS {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	server, err := local.StartNATS(ctx, local.NATSOptions{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}
