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
func upsert(ctx context.Context, tx pgx.Tx, b batch, payments map[budget.PaymentKey]budget.Payment) error {
	statements, changes, posted := &pgx.Batch{}, b.books.Changes(), b.measures()
	queueUnits(statements, changes.Units)
	queueProjects(statements, changes.Projects)
	queueOpenedLines(statements, b.events)
	queueBalances(statements, changes.Lines, posted)
	queueMonths(statements, b.postings, posted)
	queueCommitmentRows(statements, changes.Commitments)
	queuePaymentRows(statements, payments)
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

// queueBalances writes the sums of the lines that changed: those of the measures
// that were posted.
func queueBalances(statements *pgx.Batch, lines map[events.LineID]budget.Line, posted []budget.Measure) {
	if len(lines) == 0 {
		return
	}
	keys := make([]string, 0, len(lines))
	sums := make([]budget.Sums, 0, len(lines))
	for _, id := range slices.Sorted(maps.Keys(lines)) {
		keys, sums = append(keys, string(id)), append(sums, lines[id].Sums)
	}
	after := "NOTHING"
	if len(posted) > 0 {
		after = "UPDATE SET " + forEach(posted, "%[1]s = excluded.%[1]s")
	}
	statements.Queue("INSERT INTO balance ("+columnsOf("line", posted)+") SELECT * FROM unnest($1::text[]"+bigintArrays(2, len(posted))+
		") ON CONFLICT (line) DO "+after, append([]any{keys}, transpose(sums, posted)...)...)
}

// monthKey names a row of month_total.
type monthKey struct {
	line  events.LineID
	month fiscal.Date // its first day
}

// queueMonths adds postings to the sums of their months.
func queueMonths(statements *pgx.Batch, postings []budget.Posting, posted []budget.Measure) {
	if len(postings) == 0 {
		return
	}
	months := map[monthKey]*budget.Sums{}
	for _, p := range postings {
		key := monthKey{p.Line, fiscal.Date{Year: p.Date.Year, Month: p.Date.Month, Day: 1}}
		if months[key] == nil {
			months[key] = &budget.Sums{}
		}
		months[key][p.Measure] += p.Amount
	}
	keys := slices.SortedFunc(maps.Keys(months), func(a, b monthKey) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.month.Year, b.month.Year), cmp.Compare(a.month.Month, b.month.Month))
	})
	lines, firsts, sums := make([]string, len(keys)), make([]time.Time, len(keys)), make([]budget.Sums, len(keys))
	for i, key := range keys {
		lines[i], firsts[i], sums[i] = string(key.line), key.month.Time(), *months[key]
	}
	statements.Queue("INSERT INTO month_total ("+columnsOf("line, month", posted)+") SELECT * FROM unnest($1::text[], $2::date[]"+
		bigintArrays(3, len(posted))+") ON CONFLICT (line, month) DO UPDATE SET "+forEach(posted, "%[1]s = month_total.%[1]s + excluded.%[1]s"),
		append([]any{lines, firsts}, transpose(sums, posted)...)...)
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
	for _, key := range slices.SortedFunc(maps.Keys(payments), comparePayments) {
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
