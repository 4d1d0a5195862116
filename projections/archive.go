package projections

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

// archiveScope finds what a unit's year is made of: the lines of the unit and of
// all under it, and those of their projects, whoever holds them; the projects of
// both; and the units of all that with everything above them.
const archiveScope = `
	WITH RECURSIVE subtree AS (
		SELECT id FROM unit WHERE id = @unit
		UNION
		SELECT u.id FROM unit u JOIN subtree s ON u.parent = s.id),
	own AS (SELECT id FROM project WHERE year = @year AND unit IN (SELECT id FROM subtree)),
	scope AS (
		SELECT id, unit, project FROM line
		WHERE year = @year AND opened_sequence <= @through
		AND (unit IN (SELECT id FROM subtree) OR project IN (SELECT id FROM own))),
	projects AS (SELECT id FROM own UNION SELECT project FROM scope),
	units AS (
		SELECT id, parent FROM unit
		WHERE id IN (SELECT id FROM subtree UNION SELECT unit FROM scope
			UNION SELECT unit FROM project WHERE year = @year AND id IN (SELECT id FROM projects))
		UNION
		SELECT u.id, u.parent FROM unit u JOIN units below ON u.id = below.parent)`

// archiveSQL reads the events about the scope or posted to its lines. Units and
// projects live for many years: what is said of another year is left out.
const archiveSQL = archiveScope + `,
	found AS (
		SELECT sequence FROM event
		WHERE NOT posted AND subject_kind = 'unit' AND subject IN (SELECT id FROM units) AND type = ANY(@types)
		AND coalesce((convert_from(body, 'UTF8')::jsonb #>> '{data,year}')::int, @year) = @year
		UNION ALL
		SELECT sequence FROM event
		WHERE NOT posted AND subject_kind = 'project' AND subject IN (SELECT id FROM projects) AND type = ANY(@types)
		AND coalesce((convert_from(body, 'UTF8')::jsonb #>> '{data,year}')::int, @year) = @year
		UNION ALL
		SELECT sequence FROM event
		WHERE NOT posted AND subject_kind = 'line' AND subject IN (SELECT id FROM scope)
		UNION ALL
		SELECT sequence FROM posting WHERE line IN (SELECT id FROM scope))
	SELECT body FROM event WHERE sequence IN (SELECT sequence FROM found) AND sequence <= @through ORDER BY sequence`

// archiveTypes are the types that say something of a unit's or a project's year.
// All but the registration of a unit name the year.
func archiveTypes() []events.Type {
	return []events.Type{
		events.UnitRegistered{}.Type(), events.ProjectRegistered{}.Type(),
		events.YearOpened{}.Type(), events.PeriodClosed{}.Type(), events.YearClosed{}.Type(), events.YearReopened{}.Type(),
		events.PlanSet{}.Type(), events.GoalSet{}.Type(), events.GoalReported{}.Type(),
		events.IndicatorSet{}.Type(), events.IndicatorReported{}.Type(), events.IndicatorScored{}.Type(), events.FormIssued{}.Type(),
	}
}

// EventsUnder reads the events that the forms of a unit and of its projects in a
// year can be derived from without anything else, in the order of the log, and
// the position that they stand at:
//
//   - every event about or posted to the lines of the year that belong to the
//     unit, to a unit under it, or to a project of these: the statement of each
//     such line is complete;
//   - the registrations of these units and of all above them, their closings, and
//     the projects with their goals, indicators, plans and issued forms;
//   - of lines outside that money came from or went to, the opening and what tells
//     how much of a corrected payment was left there, and no more.
//
// The date of at is ignored: an archive holds what was known, and whoever derives
// from it chooses the date. A unit that is not registered has no events.
func (s *Store) EventsUnder(ctx context.Context, unit events.UnitID, year fiscal.Year, at AsOf) (sequence uint64, all []events.Event, err error) {
	err = s.snapshot(ctx, fmt.Sprintf("the events under unit %s in %d", unit, year), func(tx pgx.Tx) (err error) {
		if sequence, err = position(ctx, tx, at); err != nil {
			return err
		}
		found, err := eventsBy(ctx, tx, archiveSQL, pgx.NamedArgs{
			"unit": string(unit), "year": int32(year), "through": int64(sequence), "types": texts(archiveTypes()),
		})
		if err != nil {
			return err
		}
		a := &archive{tx: tx, through: sequence, kept: map[uint64]events.Event{}, outside: map[events.LineID][]events.Event{}}
		all, err = a.complete(ctx, found)
		return err
	})
	return sequence, all, err
}

// archive adds to the events of a scope what their evolution reads of lines
// outside.
type archive struct {
	tx      pgx.Tx
	through uint64
	kept    map[uint64]events.Event
	// opened are the lines whose opening is kept; outside those of them that are
	// not in the scope, with all their events.
	opened  map[events.LineID]bool
	outside map[events.LineID][]events.Event
}

// complete keeps events and, round by round, what they refer to that is not yet
// there.
func (a *archive) complete(ctx context.Context, found []events.Event) ([]events.Event, error) {
	a.opened = map[events.LineID]bool{}
	for _, event := range found {
		if _, opens := event.Data.(events.LineOpened); opens {
			a.opened[events.LineID(event.Subject)] = true
		}
	}
	for len(found) > 0 {
		var touched budget.Touched
		for _, event := range found {
			a.kept[event.Sequence] = event
			touched.Touch(event)
		}
		if err := a.readOutside(ctx, touched.Lines); err != nil {
			return nil, err
		}
		found = a.missing(touched)
	}
	return slices.SortedFunc(maps.Values(a.kept), func(x, y events.Event) int { return cmp.Compare(x.Sequence, y.Sequence) }), nil
}

// outsideSQL reads the events of lines that a payment's history can be in.
const outsideSQL = `
	SELECT body FROM event WHERE sequence <= @through AND sequence IN (
		SELECT sequence FROM event WHERE NOT posted AND subject_kind = 'line' AND subject = ANY(@lines)
		UNION ALL
		SELECT sequence FROM posting WHERE line = ANY(@lines) AND measure IN ('executed', 'refunded', 'committed'))
	ORDER BY sequence`

// readOutside reads the events of those lines that were not read yet.
func (a *archive) readOutside(ctx context.Context, lines []events.LineID) error {
	var unread []events.LineID
	fresh := map[events.LineID]bool{}
	for _, line := range lines {
		if !a.opened[line] {
			a.opened[line], fresh[line], unread = true, true, append(unread, line)
		}
	}
	if len(unread) == 0 {
		return nil
	}
	found, err := eventsBy(ctx, a.tx, outsideSQL, pgx.NamedArgs{"lines": texts(unread), "through": int64(a.through)})
	if err != nil {
		return err
	}
	for _, event := range found {
		var touched budget.Touched
		touched.Touch(event)
		for _, line := range touched.Lines {
			if fresh[line] {
				a.outside[line] = append(a.outside[line], event)
			}
		}
	}
	return nil
}

// missing are the events of lines outside that shaped what was touched, and are
// not kept yet.
func (a *archive) missing(touched budget.Touched) []events.Event {
	found := map[uint64]events.Event{}
	keep := func(line events.LineID, shapes func(events.Event) bool) {
		for _, event := range a.outside[line] {
			if _, kept := a.kept[event.Sequence]; !kept && shapes(event) {
				found[event.Sequence] = event
			}
		}
	}
	for _, line := range touched.Lines {
		keep(line, func(e events.Event) bool {
			_, opens := e.Data.(events.LineOpened)
			return opens
		})
	}
	for _, payment := range touched.Payments {
		keep(payment.Line, func(e events.Event) bool { return shapesPayment(e, payment.ID) })
	}
	for _, commitment := range touched.Commitments {
		keep(commitment.Line, func(e events.Event) bool {
			made, ok := e.Data.(events.CommitmentMade)
			return ok && made.Commitment == commitment.ID
		})
	}
	return slices.Collect(maps.Values(found))
}

// shapesPayment says whether an event of a line tells what is left of a payment
// on it.
func shapesPayment(e events.Event, payment events.EventID) bool {
	switch data := e.Data.(type) {
	case events.DisbursementPaid:
		return e.ID == payment
	case events.DisbursementRefunded:
		return data.Payment == payment
	case events.DisbursementCorrected:
		return data.Payment == payment
	}
	return false
}

// eventsBy reads the events whose bodies a query finds.
func eventsBy(ctx context.Context, tx pgx.Tx, sql string, arguments pgx.NamedArgs) ([]events.Event, error) {
	rows, err := tx.Query(ctx, sql, arguments)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (events.Event, error) {
		var body []byte
		if err := row.Scan(&body); err != nil {
			return events.Event{}, err
		}
		return events.Decode(body)
	})
}

// issuedSQL goes through the units and projects, whose events have an index.
const issuedSQL = `
	SELECT body FROM event
	WHERE NOT posted AND type = @type
	AND subject IN (SELECT id FROM unit UNION SELECT id FROM project) AND (@unit = '' OR subject_kind = 'unit' AND subject = @unit)
	ORDER BY sequence`

// IssuedForms reads the events that say that a form was issued, in the order of
// the log: those about a unit, or about any unit and project if it is empty; of a
// year, or of all years if it is 0.
func (s *Store) IssuedForms(ctx context.Context, unit events.UnitID, year fiscal.Year) ([]events.Event, error) {
	var all []events.Event
	err := s.snapshot(ctx, "issued forms", func(tx pgx.Tx) (err error) {
		all, err = eventsBy(ctx, tx, issuedSQL, pgx.NamedArgs{"type": string(events.FormIssued{}.Type()), "unit": string(unit)})
		return err
	})
	all = slices.DeleteFunc(all, func(e events.Event) bool {
		issued, ok := e.Data.(events.FormIssued)
		return !ok || year != 0 && issued.Year != year
	})
	return all, err
}

// Anchor is a place in the log.
type Anchor struct {
	// Log is the identity of the log.
	Log string
	// Sequence is the place; Hash and Recorded are those of the event there.
	Sequence uint64
	Hash     events.Hash
	Recorded fiscal.Date
}

// Anchor finds a place in the log. Error: [ErrNotFound] if the projection has no
// event of that sequence.
func (s *Store) Anchor(ctx context.Context, sequence uint64) (Anchor, error) {
	anchor := Anchor{Sequence: sequence}
	err := s.snapshot(ctx, fmt.Sprintf("event %d", sequence), func(tx pgx.Tx) error {
		found, err := eventsBy(ctx, tx, "SELECT body FROM event WHERE sequence = @sequence", pgx.NamedArgs{"sequence": int64(sequence)})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return ErrNotFound
		}
		anchor.Hash, anchor.Recorded = found[0].Hash(), fiscal.Today(found[0].RecordedTime)
		return tx.QueryRow(ctx, "SELECT coalesce(log_identity, '') FROM checkpoint").Scan(&anchor.Log)
	})
	return anchor, err
}

// View is a posting of an event as [Store.Postings] shows it.
func View(p budget.Posting, line budget.Line, e events.Event) PostingView {
	document, says := paper(e.Data)
	return PostingView{
		Posting: p, LineName: line.Name, EventID: e.ID, Type: e.Type,
		Document: document, Says: says, Actor: e.Actor,
	}
}

// Source is the row of a self-evaluation form that a line's money stands in:
// other, current_appropriation or carryover, as in the column of that name.
func Source(line budget.Line) string {
	switch {
	case line.Fund == events.UnitFunds:
		return SourceOther
	case line.Vintage == line.Year:
		return SourceCurrent
	}
	return SourceCarryover
}
