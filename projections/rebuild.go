package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// swapAttempts bounds how often the swap is tried while readers are in the way.
	swapAttempts = 20
	// swapPatience bounds how long one attempt waits for them; new readers queue
	// behind it.
	swapPatience = "2s"
	// endOfLog is beyond any sequence.
	endOfLog = math.MaxUint64
)

// RebuildOptions says how a projection is rebuilt.
type RebuildOptions struct {
	// Schema is the live one. The new one is built in Schema with "_next" behind
	// it, and the former one is kept with "_old" behind it until the next time.
	// Defaults to DefaultSchema.
	Schema string
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Progress is told how many events of how many are done. Defaults to nothing.
	Progress func(done, total uint64)
}

// Rebuild derives the whole projection from the log again, beside the live one,
// which is read and written meanwhile, and then swaps the two in one
// transaction. Readers and projectors of the live one go on with the new one.
// If it fails or is interrupted the live one is untouched, and the next rebuild
// begins anew. Only one runs at a time; a second one waits.
func Rebuild(ctx context.Context, dsn string, log Log, o RebuildOptions) error {
	if o.Schema == "" {
		o.Schema = DefaultSchema
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	admin, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return fmt.Errorf("rebuild: %w", unavailable(err))
	}
	defer admin.Close()
	unlock, err := lock(ctx, admin, "rebuild "+o.Schema)
	if err != nil {
		return fmt.Errorf("rebuild: %w", unavailable(err))
	}
	r := rebuild{RebuildOptions: o, admin: admin, dsn: dsn, log: log}
	if err := errors.Join(r.run(ctx), unlock()); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	return nil
}

// rebuild is one rebuild at work.
type rebuild struct {
	RebuildOptions
	admin *pgxpool.Pool
	dsn   string
	log   Log
}

func (r rebuild) next() string { return r.Schema + "_next" }
func (r rebuild) old() string  { return r.Schema + "_old" }

func (r rebuild) run(ctx context.Context) error {
	if err := r.drop(ctx, r.next()); err != nil {
		return err
	}
	store, err := Open(ctx, r.dsn, Options{Schema: r.next(), Logger: r.Logger})
	if err != nil {
		return err
	}
	defer store.Close()
	if err := r.fill(ctx, store); err != nil {
		return err
	}
	if err := store.CheckSums(ctx); err != nil {
		return err
	}
	if err := r.drop(ctx, r.old()); err != nil {
		return err
	}
	return r.swap(ctx, store)
}

func (r rebuild) drop(ctx context.Context, schema string) error {
	_, err := r.admin.Exec(ctx, "DROP SCHEMA IF EXISTS "+pgx.Identifier{schema}.Sanitize()+" CASCADE")
	if err != nil {
		return fmt.Errorf("drop schema %s: %w", schema, unavailable(err))
	}
	return nil
}

// fill projects the log into the new schema, and makes the indexes that only
// readers need when the rows are there.
func (r rebuild) fill(ctx context.Context, store *Store) error {
	indexes, err := store.dropIndexes(ctx)
	if err != nil {
		return err
	}
	if err := r.catchUp(ctx, store, endOfLog); err != nil {
		return err
	}
	for _, statement := range append(indexes, "ANALYZE") {
		if _, err := store.pool.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, unavailable(err))
		}
	}
	return nil
}

// dropIndexes drops the indexes that no constraint rests on, and returns the
// statements that make them again.
func (s *Store) dropIndexes(ctx context.Context) ([]string, error) {
	var statements []string
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = $1
			AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = format('%I.%I', schemaname, indexname)::regclass)`, s.schema)
		if err != nil {
			return err
		}
		indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Statement string }])
		if err != nil {
			return err
		}
		for _, index := range indexes {
			if _, err := tx.Exec(ctx, "DROP INDEX "+pgx.Identifier{s.schema, index.Name}.Sanitize()); err != nil {
				return err
			}
			statements = append(statements, index.Statement)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("set the indexes aside: %w", unavailable(err))
	}
	return statements, nil
}

// catchUp projects up to a sequence, or to the end that the log has now.
func (r rebuild) catchUp(ctx context.Context, store *Store, upTo uint64) error {
	last, err := r.log.Last(ctx)
	if err != nil {
		return err
	}
	projector := NewProjector(store, r.log, ProjectorOptions{Logger: r.Logger, Observe: func(a Applied) {
		r.Progress(a.Sequence, max(last, a.Sequence))
	}})
	return projector.catchUp(ctx, min(last, upTo))
}

// swap puts the new schema in place of the live one, as soon as no reader is in
// the way.
func (r rebuild) swap(ctx context.Context, store *Store) error {
	for attempt := 1; ; attempt++ {
		if err := r.catchUp(ctx, store, endOfLog); err != nil {
			return err
		}
		err := pgx.BeginFunc(ctx, r.admin, func(tx pgx.Tx) error { return r.swapIn(ctx, tx, store) })
		if err == nil {
			return nil
		}
		var refused *pgconn.PgError
		if attempt == swapAttempts || !errors.As(err, &refused) || refused.Code != lockNotAvailable {
			return fmt.Errorf("swap schemas %s and %s: %w", r.Schema, r.next(), err)
		}
	}
}

// swapIn locks the live checkpoint, which stops the live projector and makes
// readers wait ([Store.write] and [Store.snapshot] hold locks on it), applies
// the few events that the live projection is ahead by, and renames.
func (r rebuild) swapIn(ctx context.Context, tx pgx.Tx, store *Store) error {
	live := pgx.Identifier{r.Schema, "checkpoint"}.Sanitize()
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", live).Scan(&exists); err != nil {
		return err
	}
	if exists {
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+swapPatience+"'; LOCK TABLE "+live+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
		var sequence uint64
		if err := tx.QueryRow(ctx, "SELECT sequence FROM "+live).Scan(&sequence); err != nil {
			return err
		}
		if err := r.catchUp(ctx, store, sequence); err != nil {
			return err
		}
		if err := rename(ctx, tx, r.Schema, r.old()); err != nil {
			return err
		}
	}
	return rename(ctx, tx, r.next(), r.Schema)
}

func rename(ctx context.Context, tx pgx.Tx, from, to string) error {
	_, err := tx.Exec(ctx, "ALTER SCHEMA "+pgx.Identifier{from}.Sanitize()+" RENAME TO "+pgx.Identifier{to}.Sanitize())
	return err
}
