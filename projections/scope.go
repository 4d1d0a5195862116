package projections

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
)

// lineScope finds the lines of a Query as "scope", with the names of what they
// belong to. A line that was opened after the position is not there yet.
const lineScope = `
	RECURSIVE subtree AS (
		SELECT id FROM unit WHERE id = @unit
		UNION
		SELECT u.id FROM unit u JOIN subtree s ON u.parent = s.id),
	readable AS (
		SELECT id FROM unit WHERE id = ANY(@within::text[])
		UNION
		SELECT u.id FROM unit u JOIN readable r ON u.parent = r.id),
	scope AS (
		SELECT l.*, coalesce(u.name, '') AS unit_name, coalesce(p.name, '') AS project_name, coalesce(p.kind, '') AS kind
		FROM line l
		LEFT JOIN unit u ON u.id = l.unit
		LEFT JOIN project p ON p.year = l.year AND p.id = l.project
		WHERE l.opened_sequence <= @through
		AND (@year::int = 0 OR l.year = @year::int)
		AND (@unit::text = '' OR l.unit IN (SELECT id FROM subtree))
		AND (@within::text[] IS NULL OR l.unit IN (SELECT id FROM readable))
		AND (@project::text = '' OR l.project = @project)
		AND (@line::text = '' OR l.id = @line)
		AND (cardinality(@lines::text[]) = 0 OR l.id = ANY(@lines))
		AND (@fund::text = '' OR l.fund = @fund)
		AND (@kind::text = '' OR p.kind = @kind)
		AND (@cut::text = '' OR @key = CASE @cut
			WHEN 'line' THEN l.id WHEN 'project' THEN l.project WHEN 'unit' THEN l.unit WHEN 'fund' THEN l.fund
			WHEN 'source' THEN l.source WHEN 'function' THEN l.function_class WHEN 'economic' THEN l.economic_class END))`

// postingsAsOf keeps the postings of the scope's lines that an AsOf keeps.
const postingsAsOf = `line IN (SELECT id FROM scope) AND sequence <= @through AND (@date::date IS NULL OR date <= @date)`

// arguments are the parameters of lineScope and postingsAsOf, for a reader that
// stands at a position.
func (q Query) arguments(through uint64) pgx.NamedArgs {
	var date *time.Time
	if !q.AsOf.Date.IsZero() {
		day := q.AsOf.Date.Time()
		date = &day
	}
	return pgx.NamedArgs{
		"year": int32(q.Year), "unit": string(q.Unit), "within": withinOf(q.Within), "project": string(q.Project), "line": string(q.Line),
		"lines": texts(q.Lines), "fund": string(q.Fund), "kind": string(q.Kind),
		"cut": string(q.Cut.By), "key": q.Cut.Key, "through": int64(through), "date": date,
	}
}

// withinOf is null for units that keep everything; no units keep nothing.
func withinOf(units []events.UnitID) []string {
	if units == nil {
		return nil
	}
	return texts(units)
}

// lastKnown finds the last of the first $1 events that was recorded up to $2, by
// halving: sequences have no gaps and recorded times never run backwards, so no
// index on the time is needed.
const lastKnown = `
	WITH RECURSIVE search (low, high) AS (
		SELECT 0::bigint, $1::bigint
		UNION ALL
		SELECT CASE WHEN recorded_at <= $2 THEN sequence ELSE low END, CASE WHEN recorded_at <= $2 THEN high ELSE sequence - 1 END
		FROM search JOIN event ON sequence = (low + high + 1) / 2
		WHERE low < high)
	SELECT low FROM search WHERE low = high`

// position is the sequence that a reader stands at: the projection's, or an
// earlier one that at asks for: a time of knowledge is a sequence, too.
func position(ctx context.Context, tx pgx.Tx, at AsOf) (uint64, error) {
	sequence, _, err := stand(ctx, tx, at)
	return sequence, err
}

// stand is the position, and when the tables last changed: no two states of them
// have the same time, also those of a rebuild.
func stand(ctx context.Context, tx pgx.Tx, at AsOf) (sequence uint64, changed time.Time, err error) {
	if err := tx.QueryRow(ctx, "SELECT sequence, updated_at FROM checkpoint").Scan(&sequence, &changed); err != nil {
		return 0, changed, err
	}
	if at.Through != 0 {
		sequence = min(sequence, at.Through)
	}
	if at.KnownAt.IsZero() {
		return sequence, changed, nil
	}
	var known uint64
	if err := tx.QueryRow(ctx, lastKnown, int64(sequence), at.KnownAt).Scan(&known); err != nil {
		return 0, changed, err
	}
	return known, changed, nil
}
