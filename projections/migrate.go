package projections

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrate makes the schema and brings its tables up to date. A lock makes the
// servers that start at the same time do so one after the other.
func migrate(ctx context.Context, pool *pgxpool.Pool, schema string, logger *slog.Logger) (err error) {
	unlock, err := lock(ctx, pool, "migrate "+schema)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{schema}.Sanitize()); err != nil {
		return fmt.Errorf("make schema %s: %w", schema, err)
	}
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	if err := checkLayout(ctx, pool, schema, files); err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSlog(logger), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema %s: %w", schema, err)
	}
	return noteLayout(ctx, pool, schema, files)
}

// ErrOldLayout: the tables were made by a version of the program whose
// migrations were others. A projection can always be made again, so they are
// changed rather than carried along for ever.
var ErrOldLayout = errors.New("the projection was made by another version of the program; run: outturn rebuild")

// layout names the first n migrations, or all, by what is in them: "4 5f3c…".
func layout(files fs.FS, n int) (string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", err
	}
	if n == 0 || n > len(names) {
		n = len(names)
	}
	all := sha256.New()
	for _, name := range names[:n] {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		all.Write(content)
	}
	return fmt.Sprintf("%d %x", n, all.Sum(nil)), nil
}

// checkLayout compares the migrations that made a schema with those of the
// program. An empty schema fits.
func checkLayout(ctx context.Context, pool *pgxpool.Pool, schema string, files fs.FS) error {
	var made string
	var empty bool
	err := pool.QueryRow(ctx, `SELECT coalesce(obj_description(oid, 'pg_namespace'), ''), NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid)
		FROM pg_namespace n WHERE nspname = $1`, schema).Scan(&made, &empty)
	if err != nil || empty {
		return err
	}
	count, _, _ := strings.Cut(made, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return ErrOldLayout // made before layouts were noted
	}
	known, err := layout(files, n)
	if err == nil && known != made {
		return ErrOldLayout
	}
	return err
}

// noteLayout notes which migrations made a schema.
func noteLayout(ctx context.Context, pool *pgxpool.Pool, schema string, files fs.FS) error {
	all, err := layout(files, 0)
	if err != nil {
		return err
	}
	_, err = pool.Exec(ctx, fmt.Sprintf("COMMENT ON SCHEMA %s IS '%s'", pgx.Identifier{schema}.Sanitize(), all))
	return err
}

// lock takes an advisory lock of that name, waiting for whoever has it. It
// holds a connection of its own, with which the lock ends in any case.
func lock(ctx context.Context, pool *pgxpool.Pool, name string) (unlock func() error, err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", "outturn "+name); err != nil {
		conn.Release()
		return nil, fmt.Errorf("wait for the lock %q: %w", name, err)
	}
	return func() error {
		// Closing the session gives the lock back, whatever state it is in.
		return conn.Hijack().Close(context.WithoutCancel(ctx))
	}, nil
}
