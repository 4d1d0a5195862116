package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/control"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/reach"
	"github.com/outturn/outturn/projections"
)

// ControlAnswer is how a line is held: the control that covers it, its overrides,
// its pool, and its use plan.
type ControlAnswer struct {
	Line            events.LineID    `json:"line"`
	ThroughSequence uint64           `json:"through_sequence"`
	Control         HeldAnswer       `json:"control"`
	Pool            PoolAnswer       `json:"pool"`
	Overrides       []OverrideAnswer `json:"overrides"`
	// Plan is the use plan of the line or of its project, or null.
	Plan *PlanAnswer `json:"plan"`
}

// HeldAnswer is the control of availability that covers a line. Control and Unit
// are null where none is set: the line is then held to itself, strictly.
type HeldAnswer struct {
	Control          *events.ControlID   `json:"control"`
	Unit             *events.UnitID      `json:"unit"`
	Availability     events.Availability `json:"availability"`
	Tolerance        money.Amount        `json:"tolerance"`
	TolerancePercent events.Points       `json:"tolerance_percent"`
	Pool             events.Pool         `json:"pool"`
	Plan             events.PlanLimit    `json:"plan"`
	Sequence         uint64              `json:"sequence,omitempty"`
}

// PoolAnswer is what a line is held to: the lines of the pool and what they have
// together.
type PoolAnswer struct {
	Lines     []events.LineID `json:"lines"`
	FullYear  money.Amount    `json:"full_year"`
	Available money.Amount    `json:"available"`
}

// OverrideAnswer lets the line be overspent by up to an amount, through a day.
type OverrideAnswer struct {
	Override events.OverrideID `json:"override"`
	Amount   money.Amount      `json:"amount"`
	Until    fiscal.Date       `json:"until"`
	Reason   events.Note       `json:"reason"`
}

// PlanAnswer is a use plan, cumulated: through each month what is planned, what
// was paid, and what is left.
type PlanAnswer struct {
	Of     events.Subject    `json:"of"` // line or project
	Code   string            `json:"code"`
	Months []PlanMonthAnswer `json:"months"`
}

// PlanMonthAnswer is a month of a use plan, with all before it.
type PlanMonthAnswer struct {
	Month   int          `json:"month"`
	Planned money.Amount `json:"planned"`
	Paid    money.Amount `json:"paid"`
	Left    money.Amount `json:"left"`
}

func (a *API) getControl(w http.ResponseWriter, r *http.Request) {
	if err := queryOf(r).end(); err != nil {
		a.fail(w, r, err)
		return
	}
	answer, err := a.control(r.Context(), a.reach(r), r.PathValue("line"))
	if err != nil {
		a.fail(w, r, notFound(r, err))
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// control reads how a line is held. Error: projections.ErrNotFound.
func (a *API) control(ctx context.Context, s reach.Reach, id string) (ControlAnswer, error) {
	if !isCode(id) {
		return ControlAnswer{}, projections.ErrNotFound
	}
	if err := a.wait(ctx, 0); err != nil {
		return ControlAnswer{}, err
	}
	view, err := a.config.Reader.Line(ctx, events.LineID(id), projections.AsOf{})
	if err != nil {
		return ControlAnswer{}, err
	}
	if !s.Reads(view.Line.Unit) {
		return ControlAnswer{}, reach.Outside("line", id)
	}
	rule := holding(s, view)
	answer := ControlAnswer{Line: view.Line.ID, ThroughSequence: view.Sequence, Control: heldAnswer(rule), Overrides: []OverrideAnswer{}}
	for _, o := range s.View.Overrides {
		if o.Line == view.Line.ID && !o.Ended {
			answer.Overrides = append(answer.Overrides, OverrideAnswer{o.ID, o.Amount, o.Until, o.Reason})
		}
	}
	if answer.Pool, err = a.pool(ctx, view, rule.Pool); err == nil {
		answer.Plan, err = a.plan(ctx, view.Line)
	}
	return answer, err
}

// holding finds the control that holds for a line.
func holding(s reach.Reach, line projections.LineView) control.Rule {
	of := func(unit events.UnitID) []control.Rule {
		return slices.DeleteFunc(slices.Clone(s.View.Controls), func(rule control.Rule) bool { return rule.Unit != unit })
	}
	return control.Holding(of, s.View.Upwards(line.Line.Unit), func(rule control.Rule) bool {
		return rule.Covers(line.Line, line.ProjectKind)
	})
}

func heldAnswer(rule control.Rule) HeldAnswer {
	held := HeldAnswer{
		Availability: rule.Availability, Tolerance: rule.Tolerance, TolerancePercent: cmp.Or(rule.TolerancePercent, "0"),
		Pool: rule.Pool, Plan: rule.Plan, Sequence: rule.Sequence,
	}
	if rule.ID != "" {
		held.Control, held.Unit = &rule.ID, &rule.Unit
	}
	return held
}

// classDigits is the length of an economic class 类, which a pool by class goes by.
const classDigits = 3

// pool adds up the lines that a line shares its money with. They never differ in
// year, unit, fund or vintage.
func (a *API) pool(ctx context.Context, of projections.LineView, pool events.Pool) (PoolAnswer, error) {
	if pool == events.PoolLine {
		return PoolAnswer{[]events.LineID{of.Line.ID}, of.Figures.FullYear, of.Figures.Available}, nil
	}
	_, lines, err := a.config.Forms.Lines(ctx, projections.Query{
		Year: of.Line.Year, Project: of.Line.Project, Unit: of.Line.Unit, Fund: of.Line.Fund,
	})
	if err != nil {
		return PoolAnswer{}, err
	}
	answer := PoolAnswer{Lines: []events.LineID{}}
	for _, line := range lines {
		if line.Line.Unit != of.Line.Unit || line.Line.Vintage != of.Line.Vintage ||
			pool == events.PoolClass && class(line.Line) != class(of.Line) {
			continue
		}
		answer.Lines = append(answer.Lines, line.Line.ID)
		var errs [2]error
		answer.FullYear, errs[0] = answer.FullYear.Add(line.Figures.FullYear)
		answer.Available, errs[1] = answer.Available.Add(line.Figures.Available)
		if err := errors.Join(errs[:]...); err != nil {
			return PoolAnswer{}, err
		}
	}
	return answer, nil
}

func class(line budget.Line) string {
	return string(line.EconomicClass[:min(classDigits, len(line.EconomicClass))])
}

// plan reads the use plan that a line is held to: its own, or else its project's.
func (a *API) plan(ctx context.Context, line budget.Line) (*PlanAnswer, error) {
	_, set, err := a.config.Forms.EventsAbout(ctx, []string{string(line.ID), string(line.Project)}, []events.Type{events.PlanSet{}.Type()}, projections.AsOf{})
	if err != nil {
		return nil, err
	}
	code, paid := string(line.ID), projections.Query{Year: line.Year, By: projections.ByMonth, Line: line.ID}
	plan := latestPlan(set, events.OfLine, code, line.Year)
	if plan == nil {
		code, paid.Line, paid.Project = string(line.Project), "", line.Project
		plan = latestPlan(set, events.OfProject, code, line.Year)
	}
	if plan == nil {
		return nil, nil
	}
	report, err := a.config.Reader.Execution(ctx, paid)
	if err != nil {
		return nil, err
	}
	return cumulate(*plan, code, report)
}

// latestPlan is the plan of a subject's year that was set last, or nil.
func latestPlan(set []events.Event, about events.Subject, code string, year fiscal.Year) *events.PlanSet {
	for _, event := range slices.Backward(set) {
		plan, ok := event.Data.(events.PlanSet)
		if ok && plan.Kind == about && event.Subject == code && plan.Year == year {
			return &plan
		}
	}
	return nil
}

// cumulate sets what is planned through each month beside what was paid by then.
func cumulate(plan events.PlanSet, code string, report projections.Report) (*PlanAnswer, error) {
	paid := map[string]money.Amount{}
	for _, row := range report.Rows {
		paid[row.Key] = row.Figures.Executed
	}
	answer := &PlanAnswer{Of: plan.Kind, Code: code, Months: make([]PlanMonthAnswer, len(plan.Months))}
	var through PlanMonthAnswer
	for i, planned := range plan.Months {
		var errs [3]error
		through.Month = i + 1
		through.Planned, errs[0] = through.Planned.Add(planned)
		through.Paid, errs[1] = through.Paid.Add(paid[fmt.Sprintf("%04d-%02d", int(plan.Year), i+1)])
		through.Left, errs[2] = through.Planned.Add(-through.Paid)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, err
		}
		answer.Months[i] = through
	}
	return answer, nil
}
