package budget

import (
	"cmp"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

func (d *decision) receivedFits(data events.CarryoverReceived) error {
	if err := d.carryoverInFits(data.FromYear); err != nil || data.FromLine == "" {
		return err
	}
	_, err := d.otherEnd(data.FromLine, data.FromYear, "/data/from_line")
	return err
}

// confirmedFits: the final accounts say what the line of the earlier year sent.
func (d *decision) confirmedFits(data events.CarryoverConfirmed) error {
	if err := d.carryoverInFits(data.FromYear); err != nil || data.FromLine == "" {
		return err
	}
	from, err := d.otherEnd(data.FromLine, data.FromYear, "/data/from_line")
	if err != nil {
		return err
	}
	return agree(from, from.Sums[CarryoverOut], d.line, data.Amount)
}

// sentFits: where both ends agree, more is received before it is sent, so that
// what was confirmed stays what was sent.
func (d *decision) sentFits(data events.CarryoverSent) error {
	if data.ToYear <= d.line.Year {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonCarryoverYears, "/data/to_year",
			"from", year(d.line.Year), "to", year(data.ToYear))
	}
	if data.ToLine == "" {
		return nil
	}
	to, err := d.otherEnd(data.ToLine, data.ToYear, "/data/to_line")
	if err != nil {
		return err
	}
	sent, received := d.line.Sums[CarryoverOut], to.Sums[CarryoverIn]
	if sent == 0 || sent != received {
		return nil
	}
	total, err := sent.Add(data.Amount)
	if err != nil {
		return Overflow(d.line.ID)
	}
	return agree(d.line, total, to, received)
}

// agree refuses what would leave the two ends of a carryover apart.
func agree(from Line, sent money.Amount, to Line, received money.Amount) error {
	if sent == received {
		return nil
	}
	return events.Refuse(events.CodeCarryoverMismatch, events.ReasonCarryoverMismatch, "/data/amount",
		"line", string(to.ID), "other", string(from.ID), "sent", sent.String(), "received", received.String())
}

// otherEnd finds the other line of a carryover: of the year that the event
// names, with the same fund and vintage.
func (d *decision) otherEnd(id events.LineID, of fiscal.Year, where string) (Line, error) {
	other, open := d.books.lines.Get(id)
	if !open {
		return Line{}, unknownLine(string(id), where)
	}
	if other.Year != of || other.Fund != d.line.Fund || other.Vintage != d.line.Vintage {
		return Line{}, events.Refuse(events.CodeInvalidEvent, events.ReasonCarryoverLine, where,
			"line", string(id), "year", year(of), "fund", string(d.line.Fund), "vintage", year(d.line.Vintage))
	}
	return other, nil
}

// carryoverInFits: only a line of an earlier vintage takes carryover, and only
// from a year before its own.
func (d *decision) carryoverInFits(from fiscal.Year) error {
	if d.line.Vintage >= d.line.Year {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonNotCarried, "/subject",
			"line", string(d.line.ID), "vintage", year(d.line.Vintage))
	}
	if from >= d.line.Year || from < d.line.Vintage {
		return events.Refuse(events.CodeInvalidEvent, events.ReasonCarryoverYears, "/data/from_year",
			"from", year(from), "to", year(d.line.Year))
	}
	return nil
}

// Lapses is the last day on which a line's money may be used: what is unspent
// for two consecutive years is taken back by finance (结转资金连续两年未用完的收回;
// http://changlipeixun.com/caikuai/a/22593.html sums the central rule up). Money
// of a vintage is first unspent at the end of that year and again at the end of
// the next one. Construction projects are excepted until they are completed; the
// books do not know which projects those are, so nothing is refused by this day.
func (l Line) Lapses() fiscal.Date { return (l.Vintage + 1).Last() }

// Portion is a part of an amount, to be taken from one line.
type Portion struct {
	Line   events.LineID
	Amount money.Amount
}

// Spend divides an amount over lines in the order that money is spent in by
// default: the oldest vintage first, then by code, each down to nothing
// available. Missing is what they do not have.
func Spend(lines []Line, amount money.Amount) (portions []Portion, missing money.Amount) {
	ordered := slices.SortedFunc(slices.Values(lines), func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Vintage, b.Vintage), cmp.Compare(a.ID, b.ID))
	})
	for _, line := range ordered {
		figures, err := line.Sums.Figures()
		if part := min(figures.Available, amount); err == nil && part > 0 {
			portions = append(portions, Portion{line.ID, part})
			amount -= part
		}
	}
	return portions, amount
}
