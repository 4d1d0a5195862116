package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

// Position implements [Reader].
func (s *Store) Position(ctx context.Context) (sequence uint64, recorded time.Time, err error) {
	var at *time.Time
	err = s.pool.QueryRow(ctx, "SELECT c.sequence, e.recorded_at FROM checkpoint c LEFT JOIN event e USING (sequence)").Scan(&sequence, &at)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read the position: %w", unavailable(err))
	}
	if at != nil {
		recorded = at.UTC()
	}
	return sequence, recorded, nil
}

// Years implements [Reader].
func (s *Store) Years(ctx context.Context) ([]fiscal.Year, error) {
	return list(ctx, s, "the years", pgx.RowTo[fiscal.Year], "SELECT DISTINCT year FROM line ORDER BY year DESC")
}

// Units implements [Reader].
func (s *Store) Units(ctx context.Context) ([]budget.Unit, error) {
	return list(ctx, s, "the units", func(row pgx.CollectableRow) (u budget.Unit, err error) {
		return u, row.Scan(&u.ID, &u.Name, &u.Parent)
	}, `WITH RECURSIVE tree AS (
			SELECT id, name, parent, 0 AS depth FROM unit WHERE parent IS NULL
			UNION ALL
			SELECT u.id, u.name, u.parent, t.depth + 1 FROM unit u JOIN tree t ON u.parent = t.id)
		SELECT id, name, coalesce(parent, '') FROM tree ORDER BY depth, id`)
}

// Projects implements [Reader].
func (s *Store) Projects(ctx context.Context, year fiscal.Year) ([]budget.Project, error) {
	return list(ctx, s, fmt.Sprintf("the projects of %d", year), func(row pgx.CollectableRow) (p budget.Project, err error) {
		return p, row.Scan(&p.Key.ID, &p.Key.Year, &p.Unit, &p.Name, &p.Kind, &p.ImplementingUnit)
	}, "SELECT id, year, unit, name, kind, implementing_unit FROM project WHERE year = $1 ORDER BY id", int32(year))
}

// list reads all rows of one query.
func list[T any](ctx context.Context, s *Store, what string, scan pgx.RowToFunc[T], sql string, arguments ...any) ([]T, error) {
	var all []T
	err := s.snapshot(ctx, what, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, arguments...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, scan)
		return err
	})
	return all, err
}

// eventsOf reads the events of sequences with their postings, newest first.
func eventsOf(ctx context.Context, tx pgx.Tx, sequences []int64) ([]EventView, error) {
	rows, err := tx.Query(ctx, "SELECT body FROM event WHERE sequence = ANY($1) ORDER BY sequence DESC", sequences)
	if err != nil {
		return nil, err
	}
	views, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v EventView, err error) {
		var body []byte
		if err := row.Scan(&body); err != nil {
			return v, err
		}
		v.Event, err = events.Decode(body)
		v.Hash = v.Event.Hash()
		return v, err
	})
	if err != nil {
		return nil, err
	}
	postings, err := postingsOf(ctx, tx, views)
	for i := range views {
		views[i].Postings = postings[views[i].Event.Sequence]
	}
	return views, err
}

// Event implements [Reader].
func (s *Store) Event(ctx context.Context, sequence uint64) (EventView, error) {
	var view EventView
	err := s.snapshot(ctx, fmt.Sprintf("event %d", sequence), func(tx pgx.Tx) error {
		found, err := eventsOf(ctx, tx, []int64{int64(sequence)})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return ErrNotFound
		}
		view = found[0]
		return nil
	})
	return view, err
}

// LineEvents implements [Reader].
func (s *Store) LineEvents(ctx context.Context, id events.LineID, before uint64, limit int) (EventsPage, error) {
	var page EventsPage
	limit = pageSize(limit)
	err := s.snapshot(ctx, fmt.Sprintf("the events of line %s", id), func(tx pgx.Tx) (err error) {
		if page.Sequence, err = position(ctx, tx, AsOf{}); err != nil {
			return err
		}
		sequences, err := lineSequences(ctx, tx, id, before, limit+1)
		if err != nil {
			return err
		}
		if page.More = len(sequences) > limit; page.More {
			sequences = sequences[:limit]
		}
		page.Events, err = eventsOf(ctx, tx, sequences)
		return err
	})
	return page, err
}

// lineSequences finds the events about a line or posted to it, newest first.
// Error: ErrNotFound if there is no such line.
func lineSequences(ctx context.Context, tx pgx.Tx, id events.LineID, before uint64, limit int) ([]int64, error) {
	var open bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM line WHERE id = $1)", string(id)).Scan(&open); err != nil {
		return nil, err
	}
	if !open {
		return nil, ErrNotFound
	}
	rows, err := tx.Query(ctx, `
		(SELECT sequence FROM event WHERE NOT posted AND subject = $1 AND subject_kind = 'line' AND ($2 = 0 OR sequence < $2) ORDER BY sequence DESC LIMIT $3)
		UNION
		(SELECT DISTINCT sequence FROM posting WHERE line = $1 AND ($2 = 0 OR sequence < $2) ORDER BY sequence DESC LIMIT $3)
		ORDER BY sequence DESC LIMIT $3`, string(id), int64(before), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

func pageSize(limit int) int {
	if limit <= 0 {
		return DefaultPage
	}
	return min(limit, MaxPage)
}
