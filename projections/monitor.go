package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections/pace"
)

// MonitorReader is what those read who watch execution through the year. All
// methods may return ErrUnavailable. All that one call returns stands at one
// sequence.
type MonitorReader interface {
	// Months reads a year month by month: a Series for each row of a report, by key.
	// The query names its year. A report by month is none of months: it is refused.
	Months(ctx context.Context, q Query) ([]Series, error)
	// Rules are the pace rules that are set, as known at a sequence; 0 is now.
	Rules(ctx context.Context, through uint64) (*pace.Rules, error)
}

var _ MonitorReader = (*Store)(nil)

// Series is a row of a report with its year month by month, all in fen, up to the
// day and the sequence that were asked for.
type Series struct {
	// Key and Name are as in a [Row].
	Key, Name string
	// Unit is the row's own: of a line, of a project as it was registered, or the
	// unit itself; empty for other rows.
	Unit events.UnitID
	// Covered is what is the same for all lines of the row.
	Covered pace.Covered
	Figures budget.Figures
	// Executed is what was paid in each month, less refunds; FullYear and Committed
	// are by how much the full-year budget and the commitments changed.
	Executed, FullYear, Committed pace.Months
	// LastPaid is the day of the last payment; zero if there is none.
	LastPaid fiscal.Date
	// Old is what is not yet executed of money that lapses at the end of the year:
	// of lines of an earlier vintage. See budget.Line.Lapses.
	Old money.Amount
	// Plan is the use plan (用款计划): a line's own; a project's own or, without one,
	// those of its lines together; a unit's those of its projects together. Nil if
	// there is none, and for other rows.
	Plan *pace.Months
}

// Funded is the last day of the month in which money first came; zero if that was
// January, or if none did. See [pace.IdleDays].
func (s Series) Funded(year fiscal.Year) fiscal.Date {
	var sum money.Amount
	for i, change := range s.FullYear {
		if sum += change; sum > 0 && i > 0 {
			return monthOf(year, i).MonthEnd()
		}
		if sum > 0 {
			break
		}
	}
	return fiscal.Date{}
}

// Standing is how the row stands on a day by a rule.
func (s Series) Standing(year fiscal.Year, on fiscal.Date, rule pace.Rule) pace.Standing {
	return pace.Standing{
		Figures:  s.Figures,
		Progress: rule.Curve.Progress(year, on, s.Plan),
		Idle:     pace.IdleDays(on, s.LastPaid, s.Funded(year)),
	}
}

// Course is the row's year so far, to be forecast. Last is the same row of the
// whole year before; nil if it was not there.
func (s Series) Course(year fiscal.Year, on fiscal.Date, last *Series) pace.Course {
	return pace.Course{
		Year: year, On: on, FullYear: s.Figures.FullYear, Committed: s.Figures.Committed,
		Executed: s.Executed, Plan: s.Plan, Last: last.past(),
	}
}

// History is the row's whole year, to test forecasts on; it was read without a
// date. Last is the same row of the whole year before; nil if it was not there.
func (s Series) History(year fiscal.Year, last *Series) pace.History {
	return pace.History{
		Year: year, FullYear: running(s.FullYear), Committed: running(s.Committed),
		Executed: s.Executed, Plan: s.Plan, Last: last.past(),
	}
}

func (s *Series) past() *pace.Past {
	if s == nil {
		return nil
	}
	return &pace.Past{FullYear: s.Figures.FullYear, Executed: s.Executed}
}

// running adds up changes month by month.
func running(changes pace.Months) pace.Months {
	for i := 1; i < len(changes); i++ {
		changes[i] += changes[i-1]
	}
	return changes
}

// Months implements [MonitorReader].
func (s *Store) Months(ctx context.Context, q Query) ([]Series, error) {
	if _, known := groups[q.By]; !known || q.By == ByMonth {
		return nil, fmt.Errorf("the months of rows by %q: there is no such report", q.By)
	}
	if err := q.Year.Validate(); err != nil {
		return nil, fmt.Errorf("the months of year %d: %w", q.Year, err)
	}
	m := months{query: q}
	err := s.snapshot(ctx, fmt.Sprintf("months of %d by %s", q.Year, q.By), func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT sequence FROM checkpoint").Scan(&m.present); err != nil {
			return err
		}
		var err error
		if m.through, err = position(ctx, tx, q.AsOf); err != nil {
			return err
		}
		return m.read(ctx, tx)
	})
	return m.rows, err
}

// Rules implements [MonitorReader].
func (s *Store) Rules(ctx context.Context, through uint64) (*pace.Rules, error) {
	rules := new(pace.Rules)
	err := s.snapshot(ctx, "the pace rules", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT body FROM event WHERE type = ANY($1) AND ($2 = 0 OR sequence <= $2) ORDER BY sequence",
			texts([]events.Type{events.PaceSet{}.Type(), events.PaceRemoved{}.Type()}), int64(through))
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, bodyOf)
		for _, event := range all {
			rules.Evolve(event)
		}
		return err
	})
	return rules, err
}
