package projections

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
)

// Start reads what a writer needs to go on from where the projection stands. All
// its maps are there, empty if nothing is in them, but for those of commitments
// and payments, which [Store.Recall] has. Errors: [ErrUnavailable], or that an
// event cannot be read.
func (s *Store) Start(ctx context.Context) (Start, error) {
	start := Start{
		Books: budget.Changes{
			Units:    map[events.UnitID]budget.Unit{},
			Projects: map[budget.ProjectKey]budget.Project{},
			Lines:    map[events.LineID]budget.Line{},
			Closings: map[budget.YearKey]budget.Closing{},
		},
		Spent: map[events.LineID][12]money.Amount{},
	}
	err := s.snapshot(ctx, "what a writer starts from", func(tx pgx.Tx) error {
		queries := &pgx.Batch{}
		start.queuePosition(queries)
		start.queueRegisters(queries)
		start.queueLines(queries)
		start.queueSpent(queries)
		start.queueStanding(queries)
		return tx.SendBatch(ctx, queries).Close()
	})
	if err != nil {
		return Start{}, err
	}
	return start, nil
}

func (s *Start) queuePosition(queries *pgx.Batch) {
	sql := "SELECT coalesce(c.log_identity, ''), c.sequence, c.hash, e.recorded_at FROM checkpoint c LEFT JOIN event e USING (sequence)"
	queries.Queue(sql).QueryRow(func(row pgx.Row) error {
		var hash []byte
		var recorded *time.Time
		if err := row.Scan(&s.Identity, &s.Sequence, &hash, &recorded); err != nil {
			return err
		}
		copy(s.Hash[:], hash)
		if recorded != nil {
			s.Recorded = recorded.UTC()
		}
		return nil
	})
}

func (s *Start) queueRegisters(queries *pgx.Batch) {
	queries.Queue("SELECT id, name, coalesce(parent, '') FROM unit").Query(func(rows pgx.Rows) error {
		var unit budget.Unit
		_, err := pgx.ForEachRow(rows, []any{&unit.ID, &unit.Name, &unit.Parent}, func() error {
			s.Books.Units[unit.ID] = unit
			return nil
		})
		return err
	})
	queries.Queue("SELECT id, year, unit, name, kind, implementing_unit FROM project").Query(func(rows pgx.Rows) error {
		var p budget.Project
		_, err := pgx.ForEachRow(rows, []any{&p.Key.ID, &p.Key.Year, &p.Unit, &p.Name, &p.Kind, &p.ImplementingUnit}, func() error {
			s.Books.Projects[p.Key] = p
			return nil
		})
		return err
	})
	queries.Queue("SELECT unit, year, month, whole FROM closing").Query(func(rows pgx.Rows) error {
		var key budget.YearKey
		var month int
		var whole bool
		_, err := pgx.ForEachRow(rows, []any{&key.Unit, &key.Year, &month, &whole}, func() error {
			s.Books.Closings[key] = budget.Closing{Month: events.Month(month), Year: whole}
			return nil
		})
		return err
	})
}

func (s *Start) queueLines(queries *pgx.Batch) {
	sql := "SELECT " + lineColumns + ", " + forMeasures("coalesce(b.%[1]s, 0)") + " FROM line l LEFT JOIN balance b ON b.line = l.id"
	queries.Queue(sql).Query(func(rows pgx.Rows) error {
		var line budget.Line
		_, err := pgx.ForEachRow(rows, scanLine(&line), func() error {
			s.Books.Lines[line.ID] = line
			return nil
		})
		return err
	})
}

// queueSpent reads the months in which a line executed something. Only a month
// of the line's own year has a posting of these measures.
func (s *Start) queueSpent(queries *pgx.Batch) {
	sql := `SELECT line, extract(month FROM month)::int, executed_fen - refunded_fen FROM month_total
		WHERE executed_fen <> refunded_fen ORDER BY line`
	queries.Queue(sql).Query(func(rows pgx.Rows) error {
		var line events.LineID
		var month int
		var spent money.Amount
		_, err := pgx.ForEachRow(rows, []any{&line, &month, (*int64)(&spent)}, func() error {
			months := s.Spent[line]
			months[month-1] = spent
			s.Spent[line] = months
			return nil
		})
		return err
	})
}

// standing are the types whose events' effect lasts.
func standing() []events.Type {
	return []events.Type{
		events.ControlSet{}.Type(), events.ControlRemoved{}.Type(),
		events.OverrideGranted{}.Type(), events.OverrideEnded{}.Type(),
		events.PlanSet{}.Type(),
		events.PaceSet{}.Type(), events.PaceRemoved{}.Type(),
		events.AlertRaised{}.Type(), events.AlertAnswered{}.Type(), events.AlertEscalated{}.Type(), events.AlertClosed{}.Type(),
		events.ReviewSet{}.Type(), events.ReviewRemoved{}.Type(),
		events.UserRegistered{}.Type(), events.UserRetired{}.Type(),
		events.RoleGranted{}.Type(), events.RoleRevoked{}.Type(),
		events.TokenIssued{}.Type(), events.TokenRevoked{}.Type(),
	}
}

// decisions are the types that end a proposal.
func decisions() []events.Type {
	return []events.Type{events.ProposalApproved{}.Type(), events.ProposalDeclined{}.Type(), events.ProposalWithdrawn{}.Type()}
}

func (s *Start) queueStanding(queries *pgx.Batch) {
	sql := `SELECT body FROM event WHERE type = ANY($1)
		UNION ALL
		SELECT made.body FROM event made WHERE made.type = $2 AND NOT EXISTS (
			SELECT FROM event d WHERE d.type = ANY($3) AND proposal_of(d.body) = proposal_of(made.body) AND d.sequence > made.sequence)`
	queries.Queue(sql, texts(standing()), string(events.ProposalMade{}.Type()), texts(decisions())).Query(func(rows pgx.Rows) (err error) {
		if s.Standing, err = pgx.CollectRows(rows, bodyOf); err != nil {
			return fmt.Errorf("the standing events: %w", err)
		}
		slices.SortFunc(s.Standing, func(a, b events.Event) int { return cmp.Compare(a.Sequence, b.Sequence) })
		return nil
	})
}

// bodyOf decodes the event of a row that is a body.
func bodyOf(row pgx.CollectableRow) (events.Event, error) {
	var body []byte
	if err := row.Scan(&body); err != nil {
		return events.Event{}, err
	}
	return events.Decode(body)
}
