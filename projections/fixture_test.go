package projections_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/projections"
)

// update rewrites docs/sql-views.md: go test ./projections -update.
var update = flag.Bool("update", false, "rewrite docs/sql-views.md")

// patience bounds what must happen in a test.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	// Each check fills tables; a hundred of them would take minutes.
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

var quiet = slog.New(slog.DiscardHandler)

// database is an empty database with schemas of any number.
type database struct {
	t       *testing.T
	dsn     string
	schemas atomic.Int32
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	return &database{t: t, dsn: localtest.Postgres(t)}
}

// open opens the store of a schema, which ends with the test.
func (d *database) open(schema string) *projections.Store {
	d.t.Helper()
	store, err := projections.Open(d.t.Context(), d.dsn, projections.Options{Schema: schema, Logger: quiet, MaxConns: 6})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(store.Close)
	projections.KeepBalances(store, keptInTests)
	return store
}

// keptInTests is after how many events a test keeps balances: often, so that
// figures as known earlier rest on them. Where depends on how events were
// gathered, so that dumps leave them out.
const keptInTests = 5

// fresh opens the store of a schema that nobody has used.
func (d *database) fresh() (store *projections.Store, schema string) {
	d.t.Helper()
	schema = fmt.Sprintf("s%d", d.schemas.Add(1))
	return d.open(schema), schema
}

// empty makes a schema as it was when it was fresh.
func (d *database) empty(schema string) {
	d.t.Helper()
	d.exec("SET search_path = " + schema + "; TRUNCATE balance_then, " + strings.Join(tables, ", ") +
		"; UPDATE checkpoint SET log_identity = NULL, sequence = 0, hash = NULL, problem = NULL")
}

func (d *database) exec(sql string) {
	d.t.Helper()
	conn, err := pgx.Connect(context.Background(), d.dsn)
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
}

// query returns the rows of one query as text.
func (d *database) query(sql string, arguments ...any) []string {
	d.t.Helper()
	conn, err := pgx.Connect(context.Background(), d.dsn)
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(context.Background(), sql, arguments...)
	if err != nil {
		d.t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	return found
}

var tables = []string{"event", "unit", "project", "line", "commitment", "payment", "closing", "posting", "balance", "month_total"}

// dump writes every row of a schema in a fixed order.
func (d *database) dump(schema string, of ...string) string {
	d.t.Helper()
	if len(of) == 0 {
		of = append([]string{"checkpoint"}, tables...)
	}
	var out strings.Builder
	for _, table := range of {
		columns := "t::text"
		if table == "checkpoint" {
			columns = "concat_ws('|', sequence, log_identity, hash, problem)"
		}
		for _, row := range d.query("SELECT " + columns + " FROM " + schema + "." + table + " t ORDER BY 1") {
			fmt.Fprintln(&out, table, row)
		}
	}
	return out.String()
}

// start runs a projector; stop ends it and returns Run's error.
func start(store *projections.Store, log projections.Log) (p *projections.Projector, stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	p = projections.NewProjector(store, log, projections.ProjectorOptions{Logger: quiet})
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	return p, func() error {
		cancel()
		err := <-done
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
}

// await waits until a projection has reached a sequence.
func await(t failer, store *projections.Store, sequence uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := store.WaitFor(ctx, sequence); err != nil {
		t.Fatalf("%v", err)
	}
}

// eventually polls until what is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to pass: %s", what)
		}
	}
}

// project projects a whole log.
func project(t failer, store *projections.Store, log projections.Log) {
	t.Helper()
	last, _ := log.Last(context.Background())
	_, stop := start(store, log)
	await(t, store, last)
	if err := stop(); err != nil {
		t.Fatalf("%v", err)
	}
}

// pieces is a log that is read in pieces of the sizes given, over and over, and
// that ends at a sequence.
type pieces struct {
	*eventlog.Memory
	sizes []int
	end   uint64
}

func (l pieces) Last(context.Context) (uint64, error) { return l.end, nil }

func (l pieces) Follow(ctx context.Context, from uint64, deliver func([]eventlog.Record) error) error {
	for i := 0; from <= l.end; i++ {
		size := uint64(l.sizes[i%len(l.sizes)])
		var piece []eventlog.Record
		for sequence := from; sequence < from+size && sequence <= l.end; sequence++ {
			record, err := l.At(ctx, sequence)
			if err != nil {
				return err
			}
			piece = append(piece, record)
		}
		from += uint64(len(piece))
		if err := deliver(piece); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}
