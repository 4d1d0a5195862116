package projections_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/projections"
)

// TestAnotherVersionsTablesAreRefused: tables that other migrations made, or that
// say nothing of how they were made, are not used; a rebuild replaces them.
func TestAnotherVersionsTablesAreRefused(t *testing.T) {
	t.Parallel()
	for name, comment := range map[string]string{"other migrations": "1 00ff", "no word of them": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := localtest.Postgres(t)
			store, err := projections.Open(t.Context(), dsn, projections.Options{Logger: quiet})
			if err != nil {
				t.Fatal(err)
			}
			store.Close()
			if again, err := projections.Open(t.Context(), dsn, projections.Options{Logger: quiet}); err != nil {
				t.Fatalf("its own tables: %v", err)
			} else {
				again.Close()
			}
			pool, err := pgxpool.New(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			if _, err := pool.Exec(t.Context(), "COMMENT ON SCHEMA "+projections.DefaultSchema+" IS '"+comment+"'"); err != nil {
				t.Fatal(err)
			}
			if _, err := projections.Open(t.Context(), dsn, projections.Options{Logger: quiet}); !errors.Is(err, projections.ErrOldLayout) {
				t.Errorf("it is opened: %v", err)
			}
			log := eventlog.NewMemory()
			if err := projections.Rebuild(t.Context(), dsn, log, projections.RebuildOptions{Logger: quiet}); err != nil {
				t.Fatal(err)
			}
			renewed, err := projections.Open(t.Context(), dsn, projections.Options{Logger: quiet})
			if err != nil {
				t.Fatalf("after a rebuild: %v", err)
			}
			renewed.Close()
		})
	}
}
