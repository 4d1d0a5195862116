package projections

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
)

// FindLines implements [DeskReader].
func (s *Store) FindLines(ctx context.Context, search LineSearch) ([]LineView, error) {
	var lines []LineView
	err := s.snapshot(ctx, "lines that fit a search", func(tx pgx.Tx) error {
		sequence, err := position(ctx, tx, AsOf{})
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "WITH "+lineScope+" SELECT "+viewColumns+` FROM scope l LEFT JOIN balance f ON f.line = l.id
			WHERE (@vintage::int = 0 OR l.vintage = @vintage) AND starts_with(l.economic_class, @class)
			AND NOT EXISTS (SELECT FROM unnest(@words::text[]) AS word
				WHERE concat_ws(E'\n', l.id, l.name, l.project, l.project_name, l.unit_name) COLLATE "C" NOT ILIKE word)
			ORDER BY lower(l.id) = lower(@text) DESC, l.vintage, l.id LIMIT @limit`, search.arguments(sequence))
		if err != nil {
			return err
		}
		lines, err = collectViews(rows, sequence)
		return err
	})
	return lines, err
}

func (l LineSearch) arguments(through uint64) pgx.NamedArgs {
	text := strings.ToValidUTF8(strings.ReplaceAll(l.Text[:min(len(l.Text), MaxSearch)], "\x00", " "), "")
	words := strings.Fields(text)
	patterns := make([]string, min(len(words), MaxWords))
	for i := range patterns {
		patterns[i] = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(words[i]) + "%"
	}
	q := Query{Year: l.Year, Within: l.Within, Unit: l.Unit, Project: l.Project, Fund: l.Fund}
	arguments := q.arguments(through)
	maps.Copy(arguments, pgx.NamedArgs{
		"vintage": int32(l.Vintage), "class": string(l.EconomicClass), "words": patterns,
		"text": strings.TrimSpace(text), "limit": pageSize(l.Limit),
	})
	return arguments
}

// Commitments implements [DeskReader].
func (s *Store) Commitments(ctx context.Context, q CommitmentQuery) (CommitmentsPage, error) {
	var page CommitmentsPage
	limit := pageSize(q.Limit)
	err := s.snapshot(ctx, "commitments", func(tx pgx.Tx) (err error) {
		if page.Sequence, err = position(ctx, tx, AsOf{}); err != nil {
			return err
		}
		arguments := Query{Year: q.Year, Within: q.Within, Line: q.Line}.arguments(page.Sequence)
		maps.Copy(arguments, pgx.NamedArgs{
			"open": q.OpenOnly, "after_line": string(q.After.Line), "after": string(q.After.ID), "limit": limit + 1,
		})
		if page.Rows, err = commitmentsPage(ctx, tx, page.Sequence, arguments); err != nil {
			return err
		}
		if page.More = len(page.Rows) > limit; page.More {
			page.Rows = page.Rows[:limit]
		}
		return addMade(ctx, tx, page.Rows)
	})
	return page, err
}

func commitmentsPage(ctx context.Context, tx pgx.Tx, sequence uint64, arguments pgx.NamedArgs) ([]CommitmentView, error) {
	rows, err := tx.Query(ctx, "WITH "+lineScope+" SELECT c.line, c.id, c.amount_fen, c.used_fen, c.released, "+viewColumns+`
		FROM commitment c JOIN scope l ON l.id = c.line LEFT JOIN balance f ON f.line = c.line
		WHERE (c.line, c.id) > (@after_line, @after) AND (NOT @open OR NOT c.released AND c.used_fen < c.amount_fen)
		ORDER BY c.line, c.id LIMIT @limit`, arguments)
	if err != nil {
		return nil, err
	}
	var all []CommitmentView
	view := CommitmentView{Line: LineView{Sequence: sequence}}
	targets := []any{&view.Key.Line, &view.Key.ID, (*int64)(&view.Commitment.Amount), (*int64)(&view.Commitment.Used), &view.Commitment.Released}
	_, err = pgx.ForEachRow(rows, append(targets, scanView(&view.Line)...), func() (err error) {
		view.Line.Figures, err = view.Line.Line.Sums.Figures()
		all = append(all, view)
		return err
	})
	return all, err
}

// addMade adds what the events say that made the commitments.
func addMade(ctx context.Context, tx pgx.Tx, views []CommitmentView) error {
	at, lines := map[budget.CommitmentKey]*CommitmentView{}, make([]string, len(views))
	for i := range views {
		at[views[i].Key], lines[i] = &views[i], string(views[i].Key.Line)
	}
	rows, err := tx.Query(ctx, "SELECT body FROM event WHERE type = $1 AND subject = ANY($2)",
		string(events.CommitmentMade{}.Type()), slices.Compact(lines))
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, bodyOf)
	for _, event := range all {
		made, _ := event.Data.(events.CommitmentMade)
		if view := at[budget.CommitmentKey{Line: events.LineID(event.Subject), ID: made.Commitment}]; view != nil {
			view.Made, view.Date, view.Counterparty, view.Document = event.Sequence, made.Date, made.Counterparty, made.Document
		}
	}
	return err
}

// Payment implements [DeskReader].
func (s *Store) Payment(ctx context.Context, key budget.PaymentKey) (PaymentView, error) {
	view := PaymentView{Key: key}
	err := s.snapshot(ctx, fmt.Sprintf("payment %s of line %s", key.ID, key.Line), func(tx pgx.Tx) (err error) {
		if view.Sequence, err = position(ctx, tx, AsOf{}); err != nil {
			return err
		}
		p := &view.Payment
		err = tx.QueryRow(ctx, "SELECT amount_fen, refunded_fen, economic_class, moved FROM payment WHERE line = $1 AND id = $2", string(key.Line), string(key.ID)).
			Scan((*int64)(&p.Amount), (*int64)(&p.Refunded), &p.EconomicClass, &p.Moved)
		if err != nil {
			return err
		}
		view.Paid, err = paidAs(ctx, tx, key, view.Sequence)
		return err
	})
	return view, err
}

// broughtSQL finds the first event that brought a payment to a line: the payment
// itself, or a correction.
const broughtSQL = `
	SELECT e.body FROM posting p JOIN event e ON e.sequence = p.sequence
	WHERE p.line = $1 AND p.measure = 'executed' AND p.sequence <= $3
	AND CASE e.type
		WHEN 'outturn.disbursement.paid.v1' THEN convert_from(e.body, 'UTF8')::jsonb ->> 'id' = $2::text
		WHEN 'outturn.disbursement.corrected.v1' THEN convert_from(e.body, 'UTF8')::jsonb -> 'data' @> jsonb_build_object('payment', $2::text, 'to_line', $1::text)
		ELSE false END
	ORDER BY p.sequence LIMIT 1`

// paidAs finds the event of a payment. A correction that brought it to its line
// took it from another one, where it had been before: the sequences fall until
// the payment itself is found.
func paidAs(ctx context.Context, tx pgx.Tx, key budget.PaymentKey, before uint64) (events.Event, error) {
	for {
		rows, err := tx.Query(ctx, broughtSQL, string(key.Line), string(key.ID), int64(before))
		if err != nil {
			return events.Event{}, err
		}
		event, err := pgx.CollectExactlyOneRow(rows, bodyOf)
		if _, paid := event.Data.(events.DisbursementPaid); paid || err != nil {
			return event, err
		}
		key.Line, before = events.LineID(event.Subject), event.Sequence-1
	}
}
