package projections

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

// upsert writes the entries that a batch changed: one statement for each table,
// all in one round trip. The large ones are sorted by key, so that neighbours in
// the index are written together.
func upsert(ctx context.Context, tx pgx.Tx, b batch) error {
	statements, changes := &pgx.Batch{}, b.books.Changes()
	queueUnits(statements, changes.Units)
	queueProjects(statements, changes.Projects)
	queueOpenedLines(statements, b.events)
	queueBalances(statements, changes.Lines)
	queueMonths(statements, b.postings)
	queueCommitmentRows(statements, changes.Commitments)
	queuePaymentRows(statements, changes.Payments)
	queueClosingRows(statements, changes.Closings)
	return tx.SendBatch(ctx, statements).Close()
}

func queueUnits(statements *pgx.Batch, units map[events.UnitID]budget.Unit) {
	if len(units) == 0 {
		return
	}
	var ids, names, parents []string
	for _, unit := range units {
		ids, names, parents = append(ids, string(unit.ID)), append(names, string(unit.Name)), append(parents, string(unit.Parent))
	}
	statements.Queue(`INSERT INTO unit (id, name, parent)
		SELECT id, name, nullif(parent, '') FROM unnest($1::text[], $2::text[], $3::text[]) AS n (id, name, parent)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent = excluded.parent`, ids, names, parents)
}

func queueProjects(statements *pgx.Batch, projects map[budget.ProjectKey]budget.Project) {
	if len(projects) == 0 {
		return
	}
	var ids, units, names, kinds, implementing []string
	var years []int32
	for key, project := range projects {
		ids, years = append(ids, string(key.ID)), append(years, int32(key.Year))
		units, names = append(units, string(project.Unit)), append(names, string(project.Name))
		kinds, implementing = append(kinds, string(project.Kind)), append(implementing, string(project.ImplementingUnit))
	}
	statements.Queue(`INSERT INTO project (id, year, unit, name, kind, implementing_unit)
		SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[])
		ON CONFLICT (year, id) DO UPDATE SET unit = excluded.unit, name = excluded.name, kind = excluded.kind,
			implementing_unit = excluded.implementing_unit`, ids, years, units, names, kinds, implementing)
}

// queueOpenedLines writes the lines that events opened. What a line is never
// changes afterwards; what it holds is its balance.
func queueOpenedLines(statements *pgx.Batch, all []events.Event) {
	for _, event := range all {
		opened, ok := event.Data.(events.LineOpened)
		if !ok {
			continue
		}
		statements.Queue(`INSERT INTO line (id, year, unit, project, name, fund, vintage, function_class, economic_class, opened_sequence)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			event.Subject, int16(opened.Year), string(opened.Unit), string(opened.Project), string(opened.Name), string(opened.Fund),
			int16(opened.Vintage), string(opened.FunctionClass), string(opened.EconomicClass), int64(event.Sequence))
	}
}

func queueBalances(statements *pgx.Batch, lines map[events.LineID]budget.Line) {
	if len(lines) == 0 {
		return
	}
	keys := make([]string, 0, len(lines))
	sums := make([]budget.Sums, 0, len(lines))
	for _, id := range slices.Sorted(maps.Keys(lines)) {
		keys, sums = append(keys, string(id)), append(sums, lines[id].Sums)
	}
	statements.Queue(`INSERT INTO balance (line, `+forMeasures("%[1]s")+`)
		SELECT * FROM unnest($1::text[]`+bigintArrays(2)+`)
		ON CONFLICT (line) DO UPDATE SET `+forMeasures("%[1]s = excluded.%[1]s"),
		append([]any{keys}, transpose(sums)...)...)
}

// monthKey names a row of month_total.
type monthKey struct {
	line  events.LineID
	month fiscal.Date // its first day
}

// queueMonths adds postings to the sums of their months.
func queueMonths(statements *pgx.Batch, postings []budget.Posting) {
	if len(postings) == 0 {
		return
	}
	at := map[monthKey]int{}
	var lines []string
	var months []time.Time
	var sums []budget.Sums
	for _, p := range postings {
		key := monthKey{p.Line, fiscal.Date{Year: p.Date.Year, Month: p.Date.Month, Day: 1}}
		i, seen := at[key]
		if !seen {
			i = len(sums)
			at[key] = i
			lines, months, sums = append(lines, string(p.Line)), append(months, key.month.Time()), append(sums, budget.Sums{})
		}
		sums[i][p.Measure] += p.Amount
	}
	statements.Queue(`INSERT INTO month_total (line, month, `+forMeasures("%[1]s")+`)
		SELECT * FROM unnest($1::text[], $2::date[]`+bigintArrays(3)+`)
		ON CONFLICT (line, month) DO UPDATE SET `+forMeasures("%[1]s = month_total.%[1]s + excluded.%[1]s"),
		append([]any{lines, months}, transpose(sums)...)...)
}

func queueCommitmentRows(statements *pgx.Batch, commitments map[budget.CommitmentKey]budget.Commitment) {
	if len(commitments) == 0 {
		return
	}
	var lines, ids []string
	var amounts, used []int64
	var released []bool
	for key, c := range commitments {
		lines, ids = append(lines, string(key.Line)), append(ids, string(key.ID))
		amounts, used, released = append(amounts, int64(c.Amount)), append(used, int64(c.Used)), append(released, c.Released)
	}
	statements.Queue(`INSERT INTO commitment (line, id, amount_fen, used_fen, released)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::boolean[])
		ON CONFLICT (line, id) DO UPDATE SET amount_fen = excluded.amount_fen, used_fen = excluded.used_fen,
			released = excluded.released`, lines, ids, amounts, used, released)
}

func queuePaymentRows(statements *pgx.Batch, payments map[budget.PaymentKey]budget.Payment) {
	if len(payments) == 0 {
		return
	}
	var lines, ids, classes []string
	var amounts, refunded []int64
	var moved []bool
	keys := slices.SortedFunc(maps.Keys(payments), func(a, b budget.PaymentKey) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.ID, b.ID))
	})
	for _, key := range keys {
		p := payments[key]
		lines, ids, classes = append(lines, string(key.Line)), append(ids, string(key.ID)), append(classes, string(p.EconomicClass))
		amounts, refunded, moved = append(amounts, int64(p.Amount)), append(refunded, int64(p.Refunded)), append(moved, p.Moved)
	}
	statements.Queue(`INSERT INTO payment (line, id, amount_fen, refunded_fen, economic_class, moved)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::boolean[])
		ON CONFLICT (line, id) DO UPDATE SET amount_fen = excluded.amount_fen, refunded_fen = excluded.refunded_fen,
			economic_class = excluded.economic_class, moved = excluded.moved`, lines, ids, amounts, refunded, classes, moved)
}

func queueClosingRows(statements *pgx.Batch, closings map[budget.YearKey]budget.Closing) {
	if len(closings) == 0 {
		return
	}
	var units []string
	var years, months []int32
	var whole []bool
	for key, c := range closings {
		units, years = append(units, string(key.Unit)), append(years, int32(key.Year))
		months, whole = append(months, int32(c.Month)), append(whole, c.Year)
	}
	statements.Queue(`INSERT INTO closing (unit, year, month, whole)
		SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::boolean[])
		ON CONFLICT (unit, year) DO UPDATE SET month = excluded.month, whole = excluded.whole`, units, years, months, whole)
}
