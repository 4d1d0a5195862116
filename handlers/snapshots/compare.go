package snapshots

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Difference is a cell that two snapshots print differently or, where Cell is
// empty, a form that only one of them has.
type Difference struct {
	Form string         `json:"form"`
	Kind events.Subject `json:"kind"` // of the form: unit or project
	// Cell is its name in the later form or, if it is gone, in the earlier one.
	Cell string `json:"cell,omitempty"`
	// Before and After are what is printed, nil where there is no such cell; of a
	// form that only one has, its title is in its place.
	Before *string `json:"before"`
	After  *string `json:"after"`
	// ExactBefore and ExactAfter are the fractions: they may differ although the
	// same is printed.
	ExactBefore string `json:"exact_before,omitempty"`
	ExactAfter  string `json:"exact_after,omitempty"`
	// Events are those under the cell that the earlier snapshot does not have.
	// Without any, templates or rules differ.
	Events []Cause `json:"events"`
}

// Cause is an event that made a cell another.
type Cause struct {
	Sequence uint64        `json:"sequence"`
	Type     events.Type   `json:"type"`
	Subject  string        `json:"subject"`
	Date     fiscal.Date   `json:"date"`
	Document events.Text   `json:"document,omitempty"`
	Amount   *string       `json:"amount"` // in yuan; nil if it moves no money
	Line     events.LineID `json:"line,omitempty"`
	Actor    string        `json:"actor,omitempty"`
}

// Compare compares two snapshots cell by cell: forms by kind and code, cells as
// forms are read, indicators by their code. Only what differs is listed.
func Compare(before, after *Snapshot) []Difference {
	c := comparison{before: before, after: after}
	for _, p := range after.Record.postings {
		if _, had := before.Record.at[p.Sequence]; !had {
			c.fresh = append(c.fresh, p)
		}
	}
	found := []Difference{}
	earlier, later := bySubject(before.Forms), bySubject(after.Forms)
	all := maps.Clone(earlier)
	maps.Copy(all, later)
	for _, key := range slices.SortedFunc(maps.Keys(all), unitFirst) {
		a, had := earlier[key]
		b, has := later[key]
		switch {
		case !has:
			found = append(found, Difference{Form: key.ID, Kind: key.Kind, Before: titleOf(a), Events: []Cause{}})
		case !had:
			found = append(found, Difference{Form: key.ID, Kind: key.Kind, After: titleOf(b), Events: c.causes(b, "")})
		default:
			found = append(found, c.cells(a, b)...)
		}
	}
	return found
}

type comparison struct {
	before, after *Snapshot
	fresh         []budget.Posting // those of events that the earlier one does not have
}

func bySubject(all []forms.Form) map[forms.Subject]forms.Form {
	found := map[forms.Subject]forms.Form{}
	for _, form := range all {
		found[form.Subject] = form
	}
	return found
}

func unitFirst(x, y forms.Subject) int {
	return cmp.Or(-cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Year, y.Year))
}

// titleOf is what a form is called: its project or its department.
func titleOf(f forms.Form) *string {
	if f.Project != nil {
		return f.Project
	}
	return &f.Department
}

// cells compares two forms of one subject.
func (c comparison) cells(a, b forms.Form) []Difference {
	earlier, later := named(a), named(b)
	all := maps.Clone(earlier)
	maps.Copy(all, later)
	var found []Difference
	for _, key := range slices.SortedFunc(maps.Keys(all), func(x, y string) int { return compareCells(all[x], all[y]) }) {
		d, differ := difference(a, b, earlier[key], later[key])
		if !differ {
			continue
		}
		d.Form, d.Kind, d.Cell, d.Events = b.ID, b.Subject.Kind, all[key], []Cause{}
		if later[key] != "" {
			d.Events = c.causes(b, later[key])
		}
		found = append(found, d)
	}
	return found
}

// named are the names of a form's cells by what they are the same by in another
// form: an indicator by its code, wherever it stands.
func named(f forms.Form) map[string]string {
	keys := map[string]string{}
	for name := range f.Cells {
		keys[keyIn(f, name)] = name
	}
	return keys
}

func keyIn(f forms.Form, name string) string {
	row, value, ok := indicatorOf(name)
	if !ok || row >= len(f.Indicators) {
		return name
	}
	return fmt.Sprintf("indicators.%s.%s", f.Indicators[row].Indicator, value)
}

// indicatorOf takes the name of a cell of an indicator apart.
func indicatorOf(name string) (row int, value string, ok bool) {
	parts := strings.Split(name, ".")
	if len(parts) != 3 || parts[0] != "indicators" {
		return 0, "", false
	}
	row, err := strconv.Atoi(parts[1])
	return row, parts[2], err == nil
}

// difference compares two cells; an empty name is a cell that is not there.
func difference(a, b forms.Form, before, after string) (d Difference, differ bool) {
	if before != "" {
		cell := a.Cells[before]
		d.Before, d.ExactBefore = &cell.Printed, cell.Fraction
	}
	if after != "" {
		cell := b.Cells[after]
		d.After, d.ExactAfter = &cell.Printed, cell.Fraction
	}
	same := d.Before != nil && d.After != nil && *d.Before == *d.After && d.ExactBefore == d.ExactAfter
	return d, !same
}

// causes are the events under a cell of the later snapshot, or, without a cell,
// about a form's subject, that the earlier one does not have.
func (c comparison) causes(f forms.Form, cell string) []Cause {
	sequences := map[uint64]bool{}
	if cell == "" {
		for _, event := range c.after.Record.events {
			if event.About() == f.Subject.Kind && event.Subject == f.Subject.ID {
				sequences[event.Sequence] = true
			}
		}
	}
	c.under(f, cell, sequences, map[string]bool{})
	found := []Cause{}
	for _, sequence := range slices.Sorted(maps.Keys(sequences)) {
		if _, had := c.before.Record.at[sequence]; !had {
			found = append(found, c.after.Record.cause(sequence))
		}
	}
	return found
}

// under collects the events under a cell: those it names, those of its fresh
// postings, and those of the cells that it is made of.
func (c comparison) under(f forms.Form, name string, into map[uint64]bool, seen map[string]bool) {
	cell, ok := f.Cells[name]
	if !ok || seen[name] {
		return
	}
	seen[name] = true
	for _, sequence := range cell.Events {
		into[sequence] = true
	}
	of := cell.Of
	if row, value, ok := indicatorOf(name); ok && (value == forms.Score || value == forms.Coefficient) {
		of = append(slices.Clone(of), fmt.Sprintf("indicators.%d.%s", row, forms.Actual))
	}
	for _, part := range of {
		c.under(f, part, into, seen)
	}
	r := c.after.Record
	for _, p := range c.fresh {
		if slices.Contains(cell.Measures, p.Measure) && r.keeps(cell.Query, r.lines[p.Line], r.position) {
			into[p.Sequence] = true
		}
	}
}

// cause says of an event what people know it by.
func (r *Record) cause(sequence uint64) Cause {
	event := r.events[r.at[sequence]]
	on, _ := event.On()
	cause := Cause{
		Sequence: sequence, Type: event.Type, Subject: event.Subject, Date: on,
		Document: projections.View(budget.Posting{}, budget.Line{}, event).Document, Amount: r.amountOf(event), Actor: event.Actor,
	}
	for _, p := range r.posted[sequence] {
		if _, ours := r.lines[p.Line]; ours {
			cause.Line = p.Line
			break
		}
	}
	return cause
}

// amountOf is the amount that an event states or, of a correction, moves.
func (r *Record) amountOf(e events.Event) *string {
	var stated struct {
		Data struct {
			Amount *string `json:"amount"`
		} `json:"data"`
	}
	if json.Unmarshal(e.Raw(), &stated) == nil && stated.Data.Amount != nil {
		return stated.Data.Amount
	}
	posted := r.posted[e.Sequence]
	if len(posted) == 0 {
		return nil
	}
	moved := posted[len(posted)-1].Amount.String()
	return &moved
}
