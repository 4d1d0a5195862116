package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
)

// DefaultSchema is the Postgres schema that holds the projection.
const DefaultSchema = "outturn"

const (
	// defaultMaxConns is the largest number of connections of a Store, and
	// leastMaxConns what migrating, projecting and reading take.
	defaultMaxConns = 16
	leastMaxConns   = 4
	// openTimeout bounds the first connection and the migrations.
	openTimeout = time.Minute
	// connectTimeout bounds each attempt to connect.
	connectTimeout = 5 * time.Second
)

// Options says how a Store is opened.
type Options struct {
	// Schema holds the tables; it is made if it is not there. Defaults to
	// DefaultSchema.
	Schema string
	// MaxConns is the largest number of connections, the projector's included.
	// At least 4; defaults to 16.
	MaxConns int
	// Logger is told of migrations. Defaults to slog.Default().
	Logger *slog.Logger
}

// Store is a projection in Postgres: its tables, and the [Reader] of them. It
// may be used by several goroutines.
type Store struct {
	pool   *pgxpool.Pool
	schema string
	moved  broadcast
	// remembered are reports that were asked for lately.
	remembered remembered
	keep       keeping
}

// Open connects to Postgres and brings the tables up to date. Several processes
// may open the same database at once. Error: [ErrUnavailable] when Postgres
// cannot be reached within a minute, or else what is wrong with the DSN or the
// migrations.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	if o.Schema == "" {
		o.Schema = DefaultSchema
	}
	if o.MaxConns == 0 {
		o.MaxConns = defaultMaxConns
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("open the projection: %w", err)
	}
	config.MaxConns = int32(max(o.MaxConns, leastMaxConns))
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = "outturn"
	// All SQL names tables without a schema. The path holds no other schema, so
	// that a table which is not there is an error and never somebody else's.
	config.ConnConfig.RuntimeParams["search_path"] = pgx.Identifier{o.Schema}.Sanitize()
	// No query is so long that compiling it pays; before the tables are analysed,
	// Postgres thinks otherwise.
	config.ConnConfig.RuntimeParams["jit"] = "off"
	// Compiling a query, or starting processes for it, takes longer than it runs;
	// sums over all lines fit into memory.
	config.ConnConfig.RuntimeParams["jit"] = "off"
	config.ConnConfig.RuntimeParams["max_parallel_workers_per_gather"] = "0"
	config.ConnConfig.RuntimeParams["work_mem"] = "32MB"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the projection: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := migrate(ctx, pool, o.Schema, o.Logger); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open the projection: %w", unavailable(err))
	}
	return &Store{pool: pool, schema: o.Schema, keep: keeping{balancesEvery, eventsPerBalance}}, nil
}

// Close ends all connections; it waits for the calls that use them.
func (s *Store) Close() { s.pool.Close() }

// beginReading opens a transaction on one snapshot. The lock comes before the
// snapshot and keeps a rebuild from swapping the tables in between. Plans are
// made for the filters at hand: one plan for all of them would read too much.
const beginReading = "begin isolation level repeatable read read only; " +
	"lock table checkpoint in access share mode; set local plan_cache_mode = force_custom_plan"

// snapshot runs read on one snapshot of the projection.
func (s *Store) snapshot(ctx context.Context, what string, read func(pgx.Tx) error) error {
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: beginReading}, read)
	if err != nil {
		return fmt.Errorf("read %s: %w", what, unavailable(err))
	}
	return nil
}

// unavailable gives an error of Postgres its place among the errors of this
// package; errors that have one keep it.
func unavailable(err error) error {
	var refused *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrUnavailable), errors.Is(err, ErrSums),
		errors.Is(err, money.ErrOverflow), errors.Is(err, events.ErrBroken):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case errors.As(err, &refused) && refused.Code == numericOutOfRange:
		return fmt.Errorf("%w: %w", money.ErrOverflow, err)
	case errors.As(err, &refused) && !passing(err):
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// SQLSTATE codes and classes (Postgres, appendix A).
const (
	numericOutOfRange = "22003"
	lockNotAvailable  = "55P03"
	classConnection   = "08"
	classRollback     = "40" // serialization failures, deadlocks
	classResources    = "53"
	classOperator     = "57" // shutting down, starting up, cancelled
)

// passing says whether an error of an operation on Postgres may be gone at the
// next attempt: the server is away, starting, stopping or busy. What Postgres
// says about the statement itself stays.
func passing(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return true // the connection's
	}
	switch refused.Code[:2] {
	case classConnection, classResources, classOperator, classRollback:
		return true
	}
	return refused.Code == lockNotAvailable
}

// broadcast wakes everybody who waits.
type broadcast struct {
	mu   sync.Mutex
	next chan struct{}
}

// wait returns a channel that is closed at the next wake.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *broadcast) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}
