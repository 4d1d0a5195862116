package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
)

// SignIns implements [DeskReader].
func (s *Store) SignIns(ctx context.Context, before uint64, limit int) (EventsPage, error) {
	return s.eventsPage(ctx, "the sign-ins", before, limit,
		`SELECT sequence FROM event WHERE type = ANY($3) AND ($1 = 0 OR sequence < $1) ORDER BY sequence DESC LIMIT $2`,
		texts([]events.Type{events.SessionOpened{}.Type(), events.SessionRefused{}.Type()}))
}

// EventsOfUser implements [DeskReader].
func (s *Store) EventsOfUser(ctx context.Context, user events.UserID, before uint64, limit int) (EventsPage, error) {
	return s.eventsPage(ctx, fmt.Sprintf("the events of user %s", user), before, limit,
		`SELECT sequence FROM event WHERE NOT posted AND subject = $3 AND subject_kind = 'user' AND ($1 = 0 OR sequence < $1)
			ORDER BY sequence DESC LIMIT $2`, string(user))
}

// eventsPage reads a page of the events that a query finds, whose parameters are
// where the page begins ($1), how many rows it may have ($2), and more.
func (s *Store) eventsPage(ctx context.Context, what string, before uint64, limit int, sql string, more ...any) (EventsPage, error) {
	var page EventsPage
	limit = pageSize(limit)
	err := s.snapshot(ctx, what, func(tx pgx.Tx) (err error) {
		if page.Sequence, err = position(ctx, tx, AsOf{}); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sql, append([]any{int64(before), limit + 1}, more...)...)
		if err != nil {
			return err
		}
		sequences, err := pgx.CollectRows(rows, pgx.RowTo[int64])
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
