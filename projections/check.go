package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events/budget"
)

// ErrSums: a table of the projection does not say what the postings or the
// checkpoint say. Rebuild it, and find out who wrote to it.
var ErrSums = errors.New("the projection contradicts itself")

// CheckSums proves that the caches are sums of the postings and that every
// event up to the checkpoint is there, exactly once. The error wraps ErrSums
// and names the first difference.
func (s *Store) CheckSums(ctx context.Context) error {
	return s.snapshot(ctx, "the sums", func(tx pgx.Tx) error {
		if err := checkEvents(ctx, tx); err != nil {
			return err
		}
		if err := checkCache(ctx, tx, "balance", "'whole year'"); err != nil {
			return err
		}
		if err := checkCache(ctx, tx, "month_total", "to_char(%s, 'YYYY-MM')"); err != nil {
			return err
		}
		return checkKept(ctx, tx)
	})
}

func checkEvents(ctx context.Context, tx pgx.Tx) error {
	var sequence, last, count int64
	err := tx.QueryRow(ctx, "SELECT (SELECT sequence FROM checkpoint), coalesce(max(sequence), 0), count(*) FROM event").Scan(&sequence, &last, &count)
	if err == nil && (last != sequence || count != sequence) {
		err = fmt.Errorf("%w: it stands at sequence %d and has %d events, the last being %d", ErrSums, sequence, count, last)
	}
	return err
}

// checkKept proves that the balances kept of earlier sequences are sums of the
// postings up to there: that each has a row for every line of then, and that one
// differs from the one before by the postings in between.
func checkKept(ctx context.Context, tx pgx.Tx) error {
	var sequence, count, lines int64
	err := tx.QueryRow(ctx, `SELECT kept.sequence, kept.count, (SELECT count(*) FROM line WHERE opened_sequence <= kept.sequence) AS lines
		FROM (SELECT sequence, count(*) AS count FROM balance_then GROUP BY 1) kept
		WHERE count <> (SELECT count(*) FROM line WHERE opened_sequence <= kept.sequence) ORDER BY 1 LIMIT 1`).Scan(&sequence, &count, &lines)
	if err == nil {
		return fmt.Errorf("%w: balance_then has %d lines at sequence %d, where %d were open", ErrSums, count, sequence, lines)
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	var line string
	var grown, posted budget.Sums
	err = tx.QueryRow(ctx, keptSQL).Scan(append(append([]any{&line, &sequence}, scanSums(&grown)...), scanSums(&posted)...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, m := range budget.Measures() {
		if grown[m] != posted[m] {
			return fmt.Errorf("%w: balance_then of line %s: up to sequence %d %s grew by %d fen, its postings since the one before sum to %d fen",
				ErrSums, line, sequence, m, grown[m], posted[m])
		}
	}
	return nil
}

// keptSQL finds a line and a sequence with kept balances at which its sums grew
// by something else than the sums of the postings since the one before.
var keptSQL = `
	WITH kept AS (
		SELECT line, sequence, ` + forMeasures("%[1]s - lag(%[1]s, 1, 0::bigint) OVER earlier AS %[1]s") + `
		FROM balance_then WINDOW earlier AS (PARTITION BY line ORDER BY sequence)),
	marks AS (SELECT array_agg(DISTINCT sequence) AS at FROM balance_then),
	posted AS (
		SELECT line, at[1 + width_bucket(sequence - 1, at)] AS sequence, ` + sumPostings + `
		FROM posting, marks WHERE sequence <= at[cardinality(at)] GROUP BY 1, 2)
	SELECT line, sequence, ` + forMeasures("coalesce(k.%[1]s, 0)") + ", " + forMeasures("coalesce(p.%[1]s, 0)") + `
	FROM kept k FULL JOIN posted p USING (line, sequence)
	WHERE ROW (` + forMeasures("coalesce(k.%[1]s, 0)") + ") <> ROW (" + forMeasures("coalesce(p.%[1]s, 0)") + `)
	ORDER BY 2, 1 LIMIT 1`

// checkCache compares a table of sums with the postings, line by line and
// measure by measure. span says in SQL, from a date, which span a row covers.
func checkCache(ctx context.Context, tx pgx.Tx, table, span string) error {
	of := func(date string) string { return strings.ReplaceAll(span, "%s", date) }
	sql := `SELECT coalesce(c.line, p.line), coalesce(c.span, p.span), coalesce(c.measure, p.measure), coalesce(c.fen, 0), coalesce(p.fen, 0)
		FROM (SELECT t.line, ` + of("t.month") + ` AS span, m.measure, m.fen
			FROM ` + table + ` t CROSS JOIN LATERAL (VALUES ` + forMeasures("('%[2]s', t.%[1]s)") + `) AS m (measure, fen)) c
		FULL JOIN (SELECT line, ` + of("date") + ` AS span, measure, sum(amount_fen) AS fen FROM posting GROUP BY 1, 2, 3) p
			ON p.line = c.line AND p.span = c.span AND p.measure = c.measure
		WHERE coalesce(c.fen, 0) <> coalesce(p.fen, 0) ORDER BY 1, 2, 3 LIMIT 1`
	var line, covers, measure string
	var cached, posted int64
	err := tx.QueryRow(ctx, sql).Scan(&line, &covers, &measure, &cached, &posted)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s of line %s, %s: %s is %d fen, its postings sum to %d fen", ErrSums, table, line, covers, measure, cached, posted)
}
