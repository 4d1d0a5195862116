package projections_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
)

// floorTables are the rows that a projection cannot do without, with one key
// each: events, postings, and their sums.
const floorTables = `
	CREATE TABLE event (sequence bigint PRIMARY KEY, key bytea NOT NULL, type text NOT NULL, subject text NOT NULL,
		date date, recorded_at timestamptz NOT NULL, body bytea NOT NULL);
	CREATE TABLE posting (line text NOT NULL, sequence bigint, ordinal smallint, measure text NOT NULL, amount_fen bigint NOT NULL,
		date date NOT NULL, economic_class text NOT NULL, recorded_at timestamptz NOT NULL, PRIMARY KEY (sequence, ordinal));
	CREATE TABLE balance (line text PRIMARY KEY, allocated_fen bigint NOT NULL, executed_fen bigint NOT NULL)`

// floorTransaction is how many events a transaction of the floor holds, as many
// as one of a projector that is far behind.
const floorTransaction = 32_000

// writeFloor writes what a projector must at least write, as Postgres takes it
// fastest: COPY of events and postings, and one upsert of folded sums, which
// are all made before. Only the writing is timed; the timer stands still before
// and afterwards.
func writeFloor(b *testing.B, dsn string, log *eventlog.Memory) {
	conn, err := pgx.Connect(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	if _, err := conn.Exec(b.Context(), floorTables); err != nil {
		b.Fatal(err)
	}
	books := budget.NewBooks()
	var batch []eventlog.Record
	flush := func() {
		rows := floorRows(b, books, batch)
		b.StartTimer()
		err := pgx.BeginTxFunc(b.Context(), conn, pgx.TxOptions{BeginQuery: "begin; set local synchronous_commit = off"}, rows.write)
		b.StopTimer()
		if err != nil {
			b.Fatal(err)
		}
		batch = batch[:0]
	}
	last, _ := log.Last(b.Context())
	err = log.Read(b.Context(), 1, last, func(records []eventlog.Record) error {
		if batch = append(batch, records...); len(batch) >= floorTransaction {
			flush()
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	flush()
}

// floor is one transaction of the floor.
type floor struct {
	b                   *testing.B
	events, postings    [][]any
	lines               []string
	allocated, executed []int64
}

func floorRows(b *testing.B, books *budget.Books, batch []eventlog.Record) floor {
	f := floor{b: b}
	touched := map[events.LineID]bool{}
	for _, record := range batch {
		event, err := events.Decode(record.Body)
		if err != nil {
			b.Fatal(err)
		}
		postings, err := budget.Evolve(books, event)
		if err != nil {
			b.Fatal(err)
		}
		key := event.Key()
		var on *time.Time
		if date, dated := event.On(); dated {
			day := date.Time()
			on = &day
		}
		f.events = append(f.events, []any{int64(event.Sequence), key[:], string(event.Type), event.Subject, on, event.RecordedTime, event.Raw()})
		for _, p := range postings {
			touched[p.Line] = true
			f.postings = append(f.postings, []any{string(p.Line), int64(p.Sequence), int16(p.Ordinal), p.Measure.String(), int64(p.Amount),
				p.Date.Time(), string(p.EconomicClass), p.RecordedTime})
		}
	}
	for id := range touched {
		f.lines = append(f.lines, string(id))
	}
	slices.Sort(f.lines)
	for _, id := range f.lines {
		line, _ := books.Line(events.LineID(id))
		f.allocated, f.executed = append(f.allocated, int64(line.Sums[budget.Initial])), append(f.executed, int64(line.Sums[budget.Executed]))
	}
	return f
}

func (f floor) write(tx pgx.Tx) error {
	ctx := f.b.Context()
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"event"},
		[]string{"sequence", "key", "type", "subject", "date", "recorded_at", "body"}, pgx.CopyFromRows(f.events))
	if err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"posting"},
		[]string{"line", "sequence", "ordinal", "measure", "amount_fen", "date", "economic_class", "recorded_at"}, pgx.CopyFromRows(f.postings))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO balance SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
		ON CONFLICT (line) DO UPDATE SET allocated_fen = excluded.allocated_fen, executed_fen = excluded.executed_fen`, f.lines, f.allocated, f.executed)
	return err
}
