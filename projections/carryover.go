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
	"github.com/outturn/outturn/events/money"
)

// Carryover implements [DeskReader].
func (s *Store) Carryover(ctx context.Context, year fiscal.Year, within []events.UnitID) (Carryover, error) {
	c := newChain(year)
	err := s.snapshot(ctx, fmt.Sprintf("the carryover of %d", year), func(tx pgx.Tx) (err error) {
		if c.Sequence, err = position(ctx, tx, AsOf{}); err != nil {
			return err
		}
		these, err := linesOf(ctx, tx, Query{Year: year, Within: within}, c.Sequence)
		if err != nil {
			return err
		}
		next, err := linesOf(ctx, tx, Query{Year: year + 1, Within: within}, c.Sequence)
		if err != nil {
			return err
		}
		links, err := linksOf(ctx, tx, year)
		if err != nil {
			return err
		}
		return c.fold(these, next, links)
	})
	return c.Carryover, err
}

// linksOf reads what was said of carryover from a year to the next one: sent in
// the year, received and confirmed in the next, in the order of the log.
func linksOf(ctx context.Context, tx pgx.Tx, year fiscal.Year) ([]events.Event, error) {
	types := []events.Type{events.CarryoverSent{}.Type(), events.CarryoverReceived{}.Type(), events.CarryoverConfirmed{}.Type()}
	rows, err := tx.Query(ctx, "SELECT body FROM event WHERE type = ANY($1) AND date BETWEEN $2 AND $3 ORDER BY sequence",
		texts(types), year.First().Time(), (year + 1).Last().Time())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, bodyOf)
}

// chainKey names a row of a Carryover.
type chainKey struct {
	unit    events.UnitID
	project events.ProjectID
	fund    events.Fund
	vintage fiscal.Year
	// elsewhere is a line that money is stated to come from and that is not among
	// the year's lines.
	elsewhere events.LineID
}

func (k chainKey) compare(other chainKey) int {
	return cmp.Or(cmp.Compare(k.unit, other.unit), cmp.Compare(k.project, other.project), cmp.Compare(k.fund, other.fund), cmp.Compare(k.vintage, other.vintage),
		cmp.Compare(k.elsewhere, other.elsewhere))
}

// received is what events say came into a line.
type received struct {
	estimated, confirmed money.Amount
	settled              bool
	from                 events.LineID // empty if nobody stated it
}

// chain is a Carryover being made.
type chain struct {
	Carryover
	rows map[chainKey]*CarryoverRow
	from map[events.LineID]LineView // the year's lines
	said map[events.LineID]received // of the next year's lines
	err  error                      // the first sum that did not fit
}

func newChain(year fiscal.Year) *chain {
	return &chain{
		Carryover: Carryover{Year: year},
		rows:      map[chainKey]*CarryoverRow{}, from: map[events.LineID]LineView{}, said: map[events.LineID]received{},
	}
}

// fold makes the chain of the year's lines, the next year's, and what was said
// of them. Error: [money.ErrOverflow].
func (c *chain) fold(these, next []LineView, links []events.Event) error {
	for _, view := range these {
		c.leaves(view)
	}
	for _, event := range links {
		c.hear(event)
	}
	for _, view := range next {
		c.arrives(view)
	}
	c.finish()
	return c.err
}

// row finds the row of a line's keys.
func (c *chain) row(view LineView, elsewhere events.LineID) *CarryoverRow {
	l := view.Line
	key := chainKey{l.Unit, l.Project, l.Fund, l.Vintage, elsewhere}
	if c.rows[key] == nil {
		c.rows[key] = &CarryoverRow{
			Unit: l.Unit, UnitName: view.UnitName, Project: l.Project, ProjectName: view.ProjectName, Fund: l.Fund, Vintage: l.Vintage,
			Elsewhere: elsewhere,
		}
	}
	return c.rows[key]
}

// leaves adds a line of the year.
func (c *chain) leaves(view LineView) {
	c.from[view.Line.ID] = view
	unspent := c.less(view.Figures.FullYear, view.Figures.Executed)
	sent, returned := view.Line.Sums[budget.CarryoverOut], view.Line.Sums[budget.Returned]
	if unspent == 0 && sent == 0 && returned == 0 {
		return
	}
	left := c.less(unspent, sent, returned)
	if left > 0 {
		c.Lapses = append(c.Lapses, Lapse{Line: view, On: view.Line.Lapses(), Left: left})
	}
	row := c.row(view, "")
	row.From = append(row.From, view.Line.ID)
	c.add(&row.Unspent, unspent)
	c.add(&row.Sent, sent)
	c.add(&row.Returned, returned)
	c.add(&row.Unsettled, left)
}

// hear takes what an event says of where money came from. What is said of the
// line that receives it comes before what is said of the one that sends it.
func (c *chain) hear(event events.Event) {
	id := events.LineID(event.Subject)
	switch data := event.Data.(type) {
	case events.CarryoverSent:
		if said := c.said[data.ToLine]; data.ToLine != "" && said.from == "" {
			said.from = id
			c.said[data.ToLine] = said
		}
	case events.CarryoverReceived:
		said := c.said[id]
		c.add(&said.estimated, data.Amount)
		said.from = cmp.Or(data.FromLine, said.from)
		c.said[id] = said
	case events.CarryoverConfirmed:
		said := c.said[id]
		said.confirmed, said.settled = data.Amount, true
		said.from = cmp.Or(data.FromLine, said.from)
		c.said[id] = said
	}
}

// arrives adds a line of the next year.
func (c *chain) arrives(view LineView) {
	said, in := c.said[view.Line.ID], view.Line.Sums[budget.CarryoverIn]
	if in == 0 && said == (received{}) {
		return
	}
	at, elsewhere := view, said.from
	if from, known := c.from[said.from]; known {
		at, elsewhere = from, ""
	}
	row := c.row(at, elsewhere)
	row.Settled = said.settled && (row.Settled || len(row.To) == 0)
	row.To = append(row.To, view.Line.ID)
	c.add(&row.Received, in)
	c.add(&row.Estimated, said.estimated)
	c.add(&row.Confirmed, said.confirmed)
}

// finish orders the rows and the lapses, and bounds them.
func (c *chain) finish() {
	for _, key := range slices.SortedFunc(maps.Keys(c.rows), chainKey.compare) {
		row := c.rows[key]
		if row.Elsewhere == "" {
			row.Difference = c.less(row.Sent, row.Received)
		}
		c.Rows = append(c.Rows, *row)
	}
	slices.SortStableFunc(c.Lapses, func(a, b Lapse) int { return a.On.Compare(b.On) })
	if c.More = len(c.Rows) > MaxCarryover || len(c.Lapses) > MaxCarryover; c.More {
		c.Rows, c.Lapses = c.Rows[:min(len(c.Rows), MaxCarryover)], c.Lapses[:min(len(c.Lapses), MaxCarryover)]
	}
}

func (c *chain) add(to *money.Amount, amount money.Amount) {
	total, err := to.Add(amount)
	c.note(err)
	*to = total
}

func (c *chain) note(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *chain) less(from money.Amount, amounts ...money.Amount) money.Amount {
	for _, amount := range amounts {
		opposite, err := amount.Neg()
		c.note(err)
		c.add(&from, opposite)
	}
	return from
}
