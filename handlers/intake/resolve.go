package intake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// resolver finds the lines of rows that name a unit and a project instead.
type resolver struct {
	reader Reader
	within []events.UnitID
	lines  map[place][]budget.Line
	// moved is what the rows so far did to what is available on a line.
	moved map[events.LineID]money.Amount
}

// place is what lines are looked for by. The class is a row's 类, of three digits.
type place struct {
	year    fiscal.Year
	unit    events.UnitID
	project events.ProjectID
	fund    events.Fund
	vintage fiscal.Year
	class   events.EconomicClass
}

// placeOf is the place that a row names.
func placeOf(e *entry) place {
	p := place{year: e.date.Year, unit: events.UnitID(e.says[keyUnit]), project: events.ProjectID(e.says[keyProject]), fund: events.Fund(e.says[keyFund])}
	if said, err := fiscal.ParseYear(e.says[keyYear]); err == nil {
		p.year = said
	}
	p.vintage, _ = fiscal.ParseYear(e.says[keyVintage]) // of all vintages if it is not said
	p.class = events.EconomicClass(e.says[keyEconomicClass])
	p.class = p.class[:min(len(p.class), classDigits)]
	return p
}

// classDigits is the length of a class 类.
const classDigits = 3

func newResolver(reader Reader, within []events.UnitID) *resolver {
	return &resolver{reader, within, make(map[place][]budget.Line), make(map[events.LineID]money.Amount)}
}

// resolve gives each fit row its portions, in the order of the file: a payment
// that fits lines of several vintages is spent from the oldest with something
// left. Rows that were recorded by an earlier run keep theirs, and what they did
// is in what is available already. Errors: those of reading.
func (r *resolver) resolve(ctx context.Context, entries []entry, name func(key) string) error {
	for i := range entries {
		e := &entries[i]
		if !e.isFit() || e.recorded {
			continue
		}
		if line := events.LineID(e.says[keyLine]); line != "" {
			e.portions = append(e.portions[:0], budget.Portion{Line: line, Amount: e.Amount})
		} else if err := r.choose(ctx, e, name); err != nil {
			return err
		}
		for _, p := range e.portions {
			r.move(p.Line, p.Amount, e.kind.effect)
		}
		if to := events.LineID(e.says[keyTo]); e.kind.noun == "budget.transferred" && e.isFit() {
			r.move(to, e.Amount, +1)
		}
	}
	return nil
}

// move notes what a row does to what is available on a line. An overflow is the
// recorder's to refuse.
func (r *resolver) move(line events.LineID, amount money.Amount, effect int) {
	r.moved[line] += amount * money.Amount(effect)
}

// choose finds the lines of a row.
func (r *resolver) choose(ctx context.Context, e *entry, name func(key) string) error {
	at := placeOf(e)
	lines, err := r.at(ctx, at)
	if err != nil {
		return err
	}
	fitting := nearestClass(lines, e.says[keyEconomicClass])
	switch {
	case len(fitting) == 0:
		e.refuse(Problem{Column: name(keyProject), Value: e.says[keyProject], Refusal: events.Refuse(CodeLineUnclear, ReasonLineNotFound, "",
			"unit", string(at.unit), "project", string(at.project), "year", fmt.Sprint(int(at.year)))})
	case len(fitting) == 1:
		e.portions = append(e.portions[:0], budget.Portion{Line: fitting[0].ID, Amount: e.Amount})
	case e.kind.noun != "disbursement.paid" || e.says[keyCommitment] != "" || !differOnlyInVintage(fitting):
		var codes []string
		for _, line := range fitting {
			codes = append(codes, string(line.ID))
		}
		e.refuse(Problem{Column: name(keyProject), Value: e.says[keyProject],
			Refusal: events.Refuse(CodeLineUnclear, ReasonLineAmbiguous, "", "lines", strings.Join(codes, ", "))})
	default:
		e.portions = r.spend(fitting, e.Amount)
	}
	return nil
}

// spend takes an amount from the lines in their order. What is missing is asked
// of the last one, whose controls decide.
func (r *resolver) spend(lines []budget.Line, amount money.Amount) []budget.Portion {
	for i := range lines {
		lines[i].Sums[budget.Supplement] += r.moved[lines[i].ID]
	}
	portions, missing := budget.Spend(lines, amount)
	if missing == 0 {
		return portions
	}
	last := slices.MaxFunc(lines, func(a, b budget.Line) int {
		return cmp.Or(cmp.Compare(a.Vintage, b.Vintage), cmp.Compare(a.ID, b.ID))
	})
	if n := len(portions); n > 0 && portions[n-1].Line == last.ID {
		portions[n-1].Amount += missing
		return portions
	}
	return append(portions, budget.Portion{Line: last.ID, Amount: missing})
}

// nearestClass keeps, of lines with a class 类 and with one of its items 款,
// those nearest to the row's class.
func nearestClass(lines []budget.Line, class string) []budget.Line {
	var nearest []budget.Line
	longest := 0
	for _, line := range lines {
		n := len(line.EconomicClass)
		switch {
		case class == "":
		case !strings.HasPrefix(class, string(line.EconomicClass)) || n < longest:
			continue
		case n > longest:
			longest, nearest = n, nil
		}
		nearest = append(nearest, line)
	}
	return nearest
}

func differOnlyInVintage(lines []budget.Line) bool {
	for _, line := range lines[1:] {
		if line.Fund != lines[0].Fund || line.FunctionClass != lines[0].FunctionClass || line.EconomicClass != lines[0].EconomicClass {
			return false
		}
	}
	return true
}

// at reads the lines at a place, those of the unit itself and not of the units
// under it, once.
func (r *resolver) at(ctx context.Context, p place) ([]budget.Line, error) {
	if known, ok := r.lines[p]; ok {
		return known, nil
	}
	views, err := r.reader.FindLines(ctx, projections.LineSearch{Year: p.year, Unit: p.unit, Project: p.project, Fund: p.fund,
		Vintage: p.vintage, EconomicClass: p.class, Within: r.within, Limit: projections.MaxPage})
	if err != nil {
		return nil, err
	}
	if len(views) == projections.MaxPage {
		views = nil // there may be more: the row has to name its line
	}
	lines := make([]budget.Line, 0, len(views))
	for _, view := range views {
		if view.Line.Unit == p.unit {
			lines = append(lines, view.Line)
		}
	}
	r.lines[p] = lines
	return lines, nil
}
