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
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DatabaseName is the database that StartPostgres makes.
const DatabaseName = "outturn"

const (
	// maintenanceDatabase always exists; databases are made from there.
	maintenanceDatabase = "postgres"
	// readyTimeout bounds a start, the recovery after a crash included.
	readyTimeout = 2 * time.Minute
	// readyPoll is the pause between two attempts to connect to a starting server.
	readyPoll = 20 * time.Millisecond
	// launchAttempts: someone may take the free port between finding it and opening it.
	launchAttempts = 3
	// duplicateDatabase is PostgreSQL's error code for a name that is taken.
	duplicateDatabase = "42P04"
)

// stopSteps are PostgreSQL's three ways to stop, each tried for a while before the next:
// fast (sessions end, a checkpoint is written), immediate (recovery at the next start), and the kernel's.
var stopSteps = [...]struct {
	signal   syscall.Signal
	patience time.Duration
}{
	{syscall.SIGINT, 30 * time.Second},
	{syscall.SIGQUIT, 5 * time.Second},
	{syscall.SIGKILL, 5 * time.Second},
}

// Durability says what a power cut may take from PostgreSQL.
type Durability int

const (
	// Durable loses nothing that was committed.
	Durable Durability = iota
	// Disposable may lose the whole cluster: for tests, where it saves the fsyncs.
	Disposable
)

// PostgresOptions says where a private PostgreSQL keeps its data.
type PostgresOptions struct {
	// Dir is the folder of the cluster, the password and the lock. It is made if it is not there. When root
	// starts the server and its unprivileged user may not enter Dir, the data stands below /var/lib/outturn
	// and Dir holds a link to it.
	Dir string
	// Logger gets what the server prints: its warnings as such, the rest as debug. Defaults to slog.Default().
	Logger *slog.Logger
	// Durability defaults to Durable.
	Durability Durability
}

// Postgres is a PostgreSQL server that runs as a child of this process.
type Postgres struct {
	password string
	port     int
	process  *process
	stop     func() error
}

// StartPostgres starts PostgreSQL on the cluster in o.Dir, making the cluster first if there is none, and
// returns when it answers and the database DatabaseName exists. ctx bounds the start, not the server's life.
// A former server of the same folder, left behind by a killed parent, is awaited.
//
// The error is ErrNoPostgres when the machine has no PostgreSQL, ErrInUse when someone else has the folder.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	o.Logger = orDefault(o.Logger)
	dir, lock, err := claimFolder(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	p, err := startPostgres(ctx, dir, o)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	p.stop = sync.OnceValue(func() error { defer lock.Close(); return p.process.stop() })
	if err := p.CreateDatabase(ctx, DatabaseName); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// startPostgres does the work of StartPostgres in a folder that is locked.
func startPostgres(ctx context.Context, dir string, o PostgresOptions) (*Postgres, error) {
	runAs, err := unprivileged()
	if err != nil {
		return nil, err
	}
	home, err := openHome(ctx, dir, runAs, o.Logger)
	if err != nil {
		return nil, err
	}
	if err := awaitFormer(ctx, home.cluster()); err != nil {
		return nil, err
	}
	programs, err := findPrograms(ctx, home.version(), runAs)
	if err != nil {
		return nil, err
	}
	if home.version() == "" {
		if err := home.create(ctx, programs, o.Durability); err != nil {
			return nil, err
		}
	}
	p := &Postgres{}
	if p.password, err = home.password(); err != nil {
		return nil, err
	}
	for range launchAttempts {
		if err = p.launch(ctx, home, programs, o); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// launch starts the server once, on a free port, and waits until it answers.
func (p *Postgres) launch(ctx context.Context, home home, programs programs, o PostgresOptions) error {
	var err error
	if p.port, err = freePort(); err != nil {
		return err
	}
	cmd := home.runAs.command(home.path, programs.postgres, serverArgs(home.cluster(), p.port, o.Durability)...)
	if p.process, err = startProcess(cmd, o.Logger); err != nil {
		return err
	}
	if err := p.awaitReady(ctx); err != nil {
		return errors.Join(err, p.process.stop())
	}
	return nil
}

// serverArgs are the settings, given at each start so that the cluster's own file stays as initdb wrote it.
func serverArgs(cluster string, port int, durability Durability) []string {
	settings := []string{
		"listen_addresses=" + loopback,
		"port=" + strconv.Itoa(port),
		"unix_socket_directories=", // none: its path must be under 108 bytes, and a folder may be deep
		"shared_buffers=128MB",
		"max_connections=100",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_line_prefix=", // severity reads the beginning of the line
		"log_destination=stderr",
		"logging_collector=off",
		"lc_messages=C",
	}
	if durability == Disposable {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := []string{"-D", cluster}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// freePort returns a port of the loopback address that nobody listens on at the moment.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// awaitReady connects again and again until the server answers or ends.
func (p *Postgres) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, p.DSN(maintenanceDatabase))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-p.process.done:
			return fmt.Errorf("the server ended at once (%v): it said:\n%s", p.process.err, p.process.log)
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w: last: %w: it said:\n%s", ctx.Err(), err, p.process.log)
		case <-time.After(readyPoll):
		}
	}
}

// DSN returns the connection string of a database, password included; it works from other processes too.
func (p *Postgres) DSN(database string) string {
	return (&url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(userName, p.password),
		Host:     net.JoinHostPort(loopback, strconv.Itoa(p.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}).String()
}

// CreateDatabase makes a database unless it is there.
func (p *Postgres) CreateDatabase(ctx context.Context, database string) error {
	return p.exec(ctx, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize())
}

// DropDatabase removes a database and ends the sessions in it. A database that is not there is fine.
func (p *Postgres) DropDatabase(ctx context.Context, database string) error {
	return p.exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{database}.Sanitize()+" WITH (FORCE)")
}

func (p *Postgres) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, p.DSN(maintenanceDatabase))
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, statement)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == duplicateDatabase {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// Done is closed when the server has ended, by Stop or by itself.
func (p *Postgres) Done() <-chan struct{} { return p.process.done }

// Stop ends all sessions, stops the server and gives the folder back. A server that does not stop within
// 30 seconds is stopped harder, and the error says so. A second Stop returns the first one's error.
func (p *Postgres) Stop() error { return p.stop() }

// RemovePostgres deletes the folder of a stopped server, wherever its data stands. The error is ErrInUse when
// someone has it.
func RemovePostgres(ctx context.Context, dir string) error {
	dir, lock, err := claimFolder(dir)
	if err != nil {
		return fmt.Errorf("remove PostgreSQL's folder: %w", err)
	}
	defer lock.Close()
	for _, path := range []string{awayFrom(dir), dir} {
		err := awaitFormer(ctx, home{path: path}.cluster())
		if err == nil {
			err = os.RemoveAll(path)
		}
		if err != nil {
			return fmt.Errorf("remove PostgreSQL's folder: %w", err)
		}
	}
	return nil
}
