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
		return checkCache(ctx, tx, "month_total", "to_char(%s, 'YYYY-MM')")
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

// checkCache compares a table of sums with the postings, line by line and
// measure by measure. span says in SQL, from a date, which span a row covers.
func checkCache(ctx context.Context, tx pgx.Tx, table, span string) error {
	of := func(date string) string { return strings.ReplaceAll(span, "%s", date) }
	var measures []string
	for _, m := range budget.Measures() {
		measures = append(measures, fmt.Sprintf("('%s', t.%s)", m, column(m)))
	}
	sql := `SELECT coalesce(c.line, p.line), coalesce(c.span, p.span), coalesce(c.measure, p.measure), coalesce(c.fen, 0), coalesce(p.fen, 0)
		FROM (SELECT t.line, ` + of("t.month") + ` AS span, m.measure, m.fen
			FROM ` + table + ` t CROSS JOIN LATERAL (VALUES ` + strings.Join(measures, ", ") + `) AS m (measure, fen)) c
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
