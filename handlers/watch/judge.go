package watch

import (
	"context"
	"fmt"
	"iter"
	"math/big"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/events/performance"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// subject names what is judged.
type subject struct {
	about events.Subject
	code  string
	year  fiscal.Year
}

// finding is how a subject stands.
type finding struct {
	rule     pace.Rule
	standing pace.Standing
	status   pace.Status
	goalGap  *big.Rat // in points; nil if there is nothing to compare
	apart    bool
	same     bool // is the same money as a project that is judged, too
}

// judged is how everything stands on a day.
type judged struct {
	sequence uint64
	subjects map[subject]finding
}

// judge reads and judges the years, all at one sequence.
func (w *Watcher) judge(ctx context.Context, day fiscal.Date, years []fiscal.Year) (judged, error) {
	j := judged{subjects: make(map[subject]finding)}
	var err error
	if j.sequence, _, err = w.config.Reader.Position(ctx); err != nil || j.sequence == 0 {
		return j, err
	}
	rules, err := w.config.Reader.Rules(ctx, j.sequence)
	if err != nil {
		return j, err
	}
	upwards, err := w.tree(ctx)
	if err != nil {
		return j, err
	}
	for _, year := range years {
		y := &judgedYear{judged: j, year: year, day: day, rules: rules, upwards: upwards}
		if err := w.judgeYear(ctx, y); err != nil {
			return j, err
		}
	}
	return j, nil
}

// tree reads the tree of units.
func (w *Watcher) tree(ctx context.Context) (func(events.UnitID) iter.Seq[events.UnitID], error) {
	units, err := w.config.Reader.Units(ctx)
	if err != nil {
		return nil, err
	}
	parents := make(map[events.UnitID]events.UnitID, len(units))
	for _, unit := range units {
		parents[unit.ID] = unit.Parent
	}
	return func(unit events.UnitID) iter.Seq[events.UnitID] {
		return func(yield func(events.UnitID) bool) {
			for at := unit; at != "" && yield(at); at = parents[at] {
			}
		}
	}, nil
}

// judgedYear is the judgement of one year.
type judgedYear struct {
	judged
	year     fiscal.Year
	day      fiscal.Date
	rules    *pace.Rules
	upwards  func(events.UnitID) iter.Seq[events.UnitID]
	attained map[string]*big.Rat // by project
	lines    map[events.ProjectID]int
}

// rowsOf are the rows of a report by kind of subject.
var rowsOf = map[events.Subject]projections.By{
	events.OfLine: projections.ByLine, events.OfProject: projections.ByProject, events.OfUnit: projections.ByUnit,
}

func (w *Watcher) judgeYear(ctx context.Context, y *judgedYear) error {
	series := make(map[events.Subject][]projections.Series)
	for _, about := range w.config.About {
		rows, err := w.config.Reader.Months(ctx, projections.Query{
			Year: y.year, By: rowsOf[about], AsOf: projections.AsOf{Date: y.day, Through: y.sequence},
		})
		if err != nil {
			return err
		}
		series[about] = rows
	}
	y.lines = make(map[events.ProjectID]int)
	for _, line := range series[events.OfLine] {
		y.lines[line.Covered.Project]++
	}
	if err := w.readGoals(ctx, y, series[events.OfProject]); err != nil {
		return err
	}
	for about, rows := range series {
		for _, row := range rows {
			f := y.find(about, row)
			f.same = slices.Contains(w.config.About, events.OfProject) && y.isProject(about, row)
			y.subjects[subject{about, row.Key, y.year}] = f
		}
	}
	return nil
}

// find judges a row.
func (y *judgedYear) find(about events.Subject, row projections.Series) finding {
	on := y.day
	if last := y.year.Last(); on.Compare(last) > 0 {
		on = last
	}
	f := finding{rule: y.rules.For(row.Covered, y.upwards(row.Unit))}
	f.standing = row.Standing(y.year, on, f.rule)
	f.status = f.standing.Status(f.rule)
	if attained := y.attained[row.Key]; about == events.OfProject && attained != nil {
		f.goalGap = f.standing.GoalGap(attained)
		f.apart = f.rule.Apart(f.goalGap)
	}
	return f
}

// isProject says whether a line or a unit has the same money as a project: it is
// all lines of it, or has no other one.
func (y *judgedYear) isProject(about events.Subject, row projections.Series) bool {
	switch about {
	case events.OfLine:
		return y.lines[row.Covered.Project] == 1
	case events.OfUnit:
		return row.Covered.Project != ""
	}
	return false
}

// readGoals reads how far the projects' goals are attained by the day.
func (w *Watcher) readGoals(ctx context.Context, y *judgedYear, projects []projections.Series) error {
	if len(projects) == 0 {
		return nil
	}
	codes := make([]string, len(projects))
	for i, project := range projects {
		codes[i] = project.Key
	}
	types := []events.Type{events.IndicatorSet{}.Type(), events.IndicatorReported{}.Type(), events.IndicatorScored{}.Type()}
	_, all, err := w.config.Reader.EventsAbout(ctx, codes, types, projections.AsOf{Date: y.day, Through: y.sequence})
	if err != nil {
		return err
	}
	records, err := performance.Fold(all)
	if err != nil {
		return fmt.Errorf("the goals of %d: %w", y.year, err)
	}
	y.attained = make(map[string]*big.Rat)
	for key, record := range records {
		if key.Kind == events.OfProject && key.Year == y.year {
			y.attained[key.ID] = attainedBy(record)
		}
	}
	return nil
}

// attainedBy is the share of the weights that an indicator's points make up, over
// those that have any; nil if none has. Indicators that are computed from the
// money say nothing about goals.
func attainedBy(record *performance.Record) *big.Rat {
	rules := performance.Default()
	points, weights := new(big.Rat), new(big.Rat)
	for _, row := range record.Rows(performance.Facts{}) {
		if result := rules.Score(row); !row.IsComputed && result.Points != nil {
			points.Add(points, result.Points)
			weights.Add(weights, row.Weight)
		}
	}
	if weights.Sign() == 0 {
		return nil
	}
	return points.Quo(points, weights)
}

// lags says whether the money asks for a case.
func (f finding) lags() bool { return f.status == pace.FarBehind || f.status == pace.Stalled }

// isBack says whether the money asks for none any more.
func (f finding) isBack() bool { return !f.lags() && f.status != pace.Behind }

// rate and progress are as they are printed, in percent.
func (f finding) rate() events.Percent {
	if !f.standing.Rated() {
		return ""
	}
	return events.Percent(f.standing.Figures.Rate().Percent(pace.Digits, money.HalfUp))
}

func (f finding) progress() events.Percent {
	percent := new(big.Rat).Mul(f.standing.Progress, big.NewRat(100, 1))
	return events.Percent(money.Print(percent, pace.Digits, money.HalfUp))
}

// deadline is the last day to answer.
func (w *Watcher) deadline(rule pace.Rule, day fiscal.Date) *fiscal.Date {
	due := w.config.Calendar.AddWorkingDays(day, rule.AnswerDays)
	return &due
}
