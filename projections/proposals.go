package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
)

// proposalsSQL finds proposals with what ended them. The unit of one is that of
// the line or project that its event is about or, if the event is what registers
// it, the unit that the event names.
const proposalsSQL = `
	WITH RECURSIVE readable AS (
		SELECT id FROM unit WHERE id = ANY(@within::text[])
		UNION
		SELECT u.id FROM unit u JOIN readable r ON u.parent = r.id),
	proposal AS (
		SELECT made.sequence, made.body, CASE made.subject_kind
			WHEN 'line' THEN coalesce((SELECT unit FROM line WHERE id = made.subject), named.unit)
			WHEN 'project' THEN coalesce((SELECT unit FROM project WHERE id = made.subject ORDER BY year DESC LIMIT 1), named.unit)
			ELSE coalesce((SELECT id FROM unit WHERE id = made.subject), named.parent) END AS unit
		FROM event made
		CROSS JOIN LATERAL (SELECT e ->> 'unit' AS unit, e ->> 'parent' AS parent
			FROM (SELECT convert_from(made.body, 'UTF8')::jsonb #> '{data,event,data}') AS submitted (e)) AS named
		WHERE made.type = @made AND (@before = 0 OR made.sequence < @before))
	SELECT p.body, coalesce(u.id, ''), coalesce(u.name, ''), decided.body
	FROM proposal p
	LEFT JOIN LATERAL (
		SELECT d.type, d.body FROM event d
		WHERE d.type = ANY(@decisions) AND proposal_of(d.body) = proposal_of(p.body) AND d.sequence > p.sequence
		ORDER BY d.sequence LIMIT 1) AS decided ON true
	LEFT JOIN unit u ON u.id = p.unit
	WHERE (@state::text IS NULL OR coalesce(decided.type, '') = @state)
	AND (@within::text[] IS NULL OR p.unit IN (SELECT id FROM readable))
	ORDER BY p.sequence DESC LIMIT @limit`

// endedBy is the type of the event that gives a proposal its state.
func endedBy(state ProposalState) (events.Type, error) {
	switch state {
	case ProposalOpen:
		return "", nil
	case ProposalApproved:
		return events.ProposalApproved{}.Type(), nil
	case ProposalDeclined:
		return events.ProposalDeclined{}.Type(), nil
	case ProposalWithdrawn:
		return events.ProposalWithdrawn{}.Type(), nil
	}
	return "", fmt.Errorf("proposals of state %q: it is %s, %s, %s or %s", state, ProposalOpen, ProposalApproved, ProposalDeclined, ProposalWithdrawn)
}

// Proposals implements [DeskReader].
func (s *Store) Proposals(ctx context.Context, q ProposalQuery) (ProposalsPage, error) {
	var page ProposalsPage
	var state *string
	if q.State != "" {
		ended, err := endedBy(q.State)
		if err != nil {
			return page, err
		}
		state = (*string)(&ended)
	}
	limit := pageSize(q.Limit)
	err := s.snapshot(ctx, "proposals", func(tx pgx.Tx) (err error) {
		if page.Sequence, err = position(ctx, tx, AsOf{}); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, proposalsSQL, pgx.NamedArgs{
			"within": withinOf(q.Within), "made": string(events.ProposalMade{}.Type()), "decisions": texts(decisions()),
			"state": state, "before": int64(q.Before), "limit": limit + 1,
		})
		if err != nil {
			return err
		}
		if page.Rows, err = pgx.CollectRows(rows, proposalOf); err != nil {
			return err
		}
		if page.More = len(page.Rows) > limit; page.More {
			page.Rows = page.Rows[:limit]
		}
		return nil
	})
	return page, err
}

// proposalOf reads a row of proposalsSQL.
func proposalOf(row pgx.CollectableRow) (view ProposalView, err error) {
	var made, decided []byte
	if err := row.Scan(&made, &view.Unit, &view.UnitName, &decided); err != nil {
		return view, err
	}
	if view.Made, err = events.Decode(made); err != nil {
		return view, err
	}
	view.Data, _ = view.Made.Data.(events.ProposalMade)
	if view.Event, err = events.Parse(view.Data.Event); err != nil {
		return view, fmt.Errorf("%w: the event proposed by event %d: %w", events.ErrBroken, view.Made.Sequence, err)
	}
	view.State = ProposalOpen
	if decided == nil {
		return view, nil
	}
	event, err := events.Decode(decided)
	if err != nil {
		return view, err
	}
	view.Decided = &event
	switch event.Data.(type) {
	case events.ProposalApproved:
		view.State = ProposalApproved
	case events.ProposalDeclined:
		view.State = ProposalDeclined
	case events.ProposalWithdrawn:
		view.State = ProposalWithdrawn
	}
	return view, nil
}
