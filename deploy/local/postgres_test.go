package local_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/deploy/local"
)

func startPostgres(t *testing.T, dir string) *local.Postgres {
	t.Helper()
	p, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: dir, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func stop(t *testing.T, p *local.Postgres) {
	t.Helper()
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
}

// query runs one statement on a connection of its own and returns its first value as text.
func query(t *testing.T, dsn, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var value string
	if err := conn.QueryRow(t.Context(), statement).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

func setting(t *testing.T, p *local.Postgres, name string) string {
	t.Helper()
	return query(t, p.DSN(local.DatabaseName), "SELECT current_setting('"+name+"')")
}

const (
	writeMark = "CREATE TABLE mark AS SELECT 'kept' AS value"
	readMark  = "SELECT value FROM mark"
)

func execute(t *testing.T, dsn, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// serverPID reads the process number of the server that runs in dir.
func serverPID(t *testing.T, dir string) int {
	t.Helper()
	written, err := os.ReadFile(filepath.Join(dir, "cluster", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(written), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func signal(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatalf("%s to process %d: %v", signal, pid, err)
	}
}

func TestPostgresIsPrivateAndDurable(t *testing.T) {
	t.Parallel()
	p := startPostgres(t, openDir(t))
	for name, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "TimeZone": "UTC",
		"server_encoding": "UTF8", "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "100",
	} {
		if got := setting(t, p, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	open := strings.Replace(p.DSN(local.DatabaseName), "outturn:", "outturn:wrong", 1)
	if conn, err := pgx.Connect(t.Context(), open); err == nil {
		conn.Close(t.Context())
		t.Error("a wrong password was let in")
	}
}

func TestPostgresDisposableSavesTheSyncs(t *testing.T) {
	t.Parallel()
	p, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: openDir(t), Logger: quiet(), Durability: local.Disposable})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, p)
	if got := setting(t, p, "fsync"); got != "off" {
		t.Errorf("fsync is %q, want off", got)
	}
}

func TestPostgresSecondStartFindsItsData(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	first := startPostgres(t, dir)
	execute(t, first.DSN(local.DatabaseName), writeMark)
	stop(t, first)
	select {
	case <-first.Done():
	default:
		t.Error("Done is open after Stop")
	}

	second := startPostgres(t, dir)
	if got := query(t, second.DSN(local.DatabaseName), readMark); got != "kept" {
		t.Errorf("the mark is %q", got)
	}
}

func TestPostgresSecondOwnerIsRefused(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	startPostgres(t, dir)
	_, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: dir, Logger: quiet()})
	wantInUse(t, err, dir)
	wantInUse(t, local.RemovePostgres(t.Context(), dir), dir)
}

func wantInUse(t *testing.T, err error, dir string) {
	t.Helper()
	if !errors.Is(err, local.ErrInUse) {
		t.Fatalf("error is %v, want ErrInUse", err)
	}
	for _, part := range []string{dir, "process " + strconv.Itoa(os.Getpid())} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not name %q", err, part)
		}
	}
}

func TestPostgresEndsWithItsKilledParent(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	child, dsn := startChild(t, dir)
	execute(t, dsn, writeMark)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "PostgreSQL is gone", func() bool {
		conn, err := net.Dial("tcp", net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))))
		if err == nil {
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})

	next := startPostgres(t, dir)
	if got := query(t, next.DSN(local.DatabaseName), readMark); got != "kept" {
		t.Errorf("the mark is %q", got)
	}
}

func TestPostgresAwaitsTheFormerServer(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	child, dsn := startChild(t, dir)
	execute(t, dsn, writeMark)
	former := serverPID(t, dir)
	signal(t, former, syscall.SIGSTOP)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()

	brief, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := local.StartPostgres(brief, local.PostgresOptions{Dir: dir, Logger: quiet()})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "a former server") {
		t.Errorf("error is %v, want a wait for the former server that the deadline ends", err)
	}
	signal(t, former, syscall.SIGCONT) // now it sees that its parent is gone

	next := startPostgres(t, dir)
	if got := query(t, next.DSN(local.DatabaseName), readMark); got != "kept" {
		t.Errorf("the mark is %q", got)
	}
}

func TestPostgresIgnoresWhatACrashLeft(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	unfinished := filepath.Join(dir, "cluster.unfinished")
	if err := os.MkdirAll(filepath.Join(unfinished, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	stop(t, startPostgres(t, dir))

	// The number of a process that lives and is the same user's, but is not this folder's server.
	other := openDir(t)
	startPostgres(t, other)
	pidFile := filepath.Join(dir, "cluster", "postmaster.pid")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(serverPID(t, other))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	startPostgres(t, dir)
	if _, err := os.Stat(unfinished); err == nil {
		t.Error("the half-made cluster is still there")
	}
}

func TestPostgresInADeepFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), strings.Repeat("a-long-name-", 10), strings.Repeat("预算", 30))
	p := startPostgres(t, dir)
	if got := query(t, p.DSN(local.DatabaseName), "SELECT 'fine'"); got != "fine" {
		t.Errorf("the answer is %q", got)
	}
}

// The folder of a clone under /root is one that PostgreSQL's user may not enter.
func TestPostgresInAClosedFolder(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(openDir(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(closed, "postgres")
	t.Cleanup(func() {
		if err := local.RemovePostgres(context.Background(), dir); err != nil {
			t.Error(err)
		}
	})

	first := startPostgres(t, dir)
	execute(t, first.DSN(local.DatabaseName), writeMark)
	stop(t, first)
	elsewhere, err := os.Readlink(filepath.Join(dir, "elsewhere"))
	if asRoot := os.Geteuid() == 0; asRoot != (err == nil) {
		t.Fatalf("as root: %v, but the link to the data: %q, %v", asRoot, elsewhere, err)
	}

	second := startPostgres(t, dir)
	if got := query(t, second.DSN(local.DatabaseName), readMark); got != "kept" {
		t.Errorf("the mark is %q", got)
	}
	stop(t, second)

	// Who deletes the folder starts afresh, wherever the data stood.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	third := startPostgres(t, dir)
	if got := query(t, third.DSN(local.DatabaseName), "SELECT count(*)::text FROM pg_tables WHERE tablename = 'mark'"); got != "0" {
		t.Error("the deleted folder's data came back")
	}
}

func TestPostgresRefusesAnotherVersionsData(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	stop(t, startPostgres(t, dir))
	if err := os.WriteFile(filepath.Join(dir, "cluster", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: dir, Logger: quiet()})
	if !errors.Is(err, local.ErrNoPostgres) || !strings.Contains(err.Error(), "the data was made by 9") {
		t.Errorf("error is %v, want ErrNoPostgres and the version", err)
	}
}

func TestPostgresMissingNamesTheRemedy(t *testing.T) {
	t.Parallel()
	nowhere := t.TempDir()
	_, message := startChild(t, openDir(t), local.ProgramsVariable+"="+nowhere)
	for _, part := range []string{"make deps", local.ProgramsVariable, nowhere} {
		if !strings.Contains(message, part) {
			t.Errorf("the error %q does not name %q", message, part)
		}
	}
}

func TestPostgresStopsAStartThatIsCancelled(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := local.StartPostgres(ctx, local.PostgresOptions{Dir: dir, Logger: quiet()}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want context.Canceled", err)
	}
	startPostgres(t, dir) // nothing holds the folder
}
