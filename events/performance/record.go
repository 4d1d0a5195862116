package performance

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
)

// Key names what has goals and indicators: a unit or a project, in a year.
type Key struct {
	Kind events.Subject // events.OfUnit or events.OfProject
	ID   string
	Year fiscal.Year
}

// KeyOf is the key of the record that an event belongs to; ok is false for
// events that are not about goals or indicators.
func KeyOf(e events.Event) (key Key, ok bool) {
	key = Key{ID: e.Subject}
	switch data := e.Data.(type) {
	case events.GoalSet:
		key.Kind, key.Year = data.Kind, data.Year
	case events.GoalReported:
		key.Kind, key.Year = data.Kind, data.Year
	case events.IndicatorSet:
		key.Kind, key.Year = data.Kind, data.Year
	case events.IndicatorReported:
		key.Kind, key.Year = data.Kind, data.Year
	case events.IndicatorScored:
		key.Kind, key.Year = data.Kind, data.Year
	default:
		return Key{}, false
	}
	return key, true
}

// Record is what the log says of one subject's performance in a year.
type Record struct {
	Key Key
	// Expected (预期目标) and Actual (实际完成情况) are the goal and how far it is
	// reached; nil if nobody said so.
	Expected, Actual *Statement
	// Indicators stand in the order in which they were first set.
	Indicators []Indicator
	// Unset are the sequences of events about indicators that were never set.
	// [Decide] refuses such events; an older log may hold some.
	Unset []uint64

	last uint64 // the sequence of the event that came last
}

// Statement is a goal, or how far it is reached, in words.
type Statement struct {
	Text events.Note
	Date fiscal.Date
	// Sequence is that of the event that says so, Earlier are those of the
	// events that it took the place of.
	Sequence uint64
	Earlier  []uint64
}

// Indicator is an indicator with all that was said of it.
type Indicator struct {
	// Definition is the one that counts, the latest.
	Definition events.IndicatorSet
	// Sets are the sequences of all its definitions. Changed is the one that last
	// changed what a score rests on: operator, target, unit, weight, names.
	Sets    []uint64
	Changed uint64
	// Reports stand by date, those of one date in the order of the log.
	Reports []Report
	// Score is the latest; nil if nobody gave one. Superseded are the sequences of
	// the scores before it.
	Score      *Given
	Superseded []uint64
}

// Report is an indicator's value on a date.
type Report struct {
	Actual   events.Text
	Note     events.Note
	Date     fiscal.Date
	Sequence uint64
}

// Given is a score that somebody gave.
type Given struct {
	Points   events.Points
	Grade    events.Text
	Reason   events.Note
	Date     fiscal.Date
	Sequence uint64
	// Outdated says that the definition changed after the score was given: it was
	// given to something else and no longer counts.
	Outdated bool
}

// EffectiveTarget is the adjusted target, or the target if it was not adjusted.
func (i Indicator) EffectiveTarget() events.Text {
	return cmp.Or(i.Definition.AdjustedTarget, i.Definition.Target)
}

// Latest is the report of the latest date, or nil.
func (i Indicator) Latest() *Report {
	if len(i.Reports) == 0 {
		return nil
	}
	return &i.Reports[len(i.Reports)-1]
}

// Sequences are those of every event about the indicator, in log order.
func (i Indicator) Sequences() []uint64 {
	all := slices.Concat(i.Sets, i.Superseded)
	for _, report := range i.Reports {
		all = append(all, report.Sequence)
	}
	if i.Score != nil {
		all = append(all, i.Score.Sequence)
	}
	slices.Sort(all)
	return all
}

// Indicator finds an indicator by its code, or returns nil; also of a nil
// record.
func (r *Record) Indicator(id events.IndicatorID) *Indicator {
	if r == nil {
		return nil
	}
	for i := range r.Indicators {
		if r.Indicators[i].Definition.Indicator == id {
			return &r.Indicators[i]
		}
	}
	return nil
}

// Clone returns a record that can evolve without changing r; of a nil record,
// nil.
func (r *Record) Clone() *Record {
	if r == nil {
		return nil
	}
	clone := *r
	clone.Indicators, clone.Unset = slices.Clone(r.Indicators), slices.Clone(r.Unset)
	for i := range clone.Indicators {
		indicator := &clone.Indicators[i]
		indicator.Sets, indicator.Superseded = slices.Clone(indicator.Sets), slices.Clone(indicator.Superseded)
		indicator.Reports = slices.Clone(indicator.Reports)
		if indicator.Score != nil {
			score := *indicator.Score
			indicator.Score = &score
		}
	}
	return &clone
}

// Fold gathers the goal and indicator events of a log; others are ignored. For
// an as-of or as-known record, leave out the events that do not count. The
// events come in log order: one that does not, or was never recorded, is an
// error.
func Fold(all []events.Event) (map[Key]*Record, error) {
	records := map[Key]*Record{}
	for _, e := range all {
		key, ok := KeyOf(e)
		if !ok {
			continue
		}
		if records[key] == nil {
			records[key] = &Record{Key: key}
		}
		if err := Evolve(records[key], e); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// Evolve adds an event to the record that its [KeyOf] names. An error says that
// the event belongs to another record or does not follow the last one; the
// record is then as it was.
func Evolve(r *Record, e events.Event) error {
	if key, ok := KeyOf(e); !ok || key != r.Key {
		return fmt.Errorf("event %d (%s of %s) does not belong to the record of %s %s in %d", e.Sequence, e.Type, e.Subject, r.Key.Kind, r.Key.ID, r.Key.Year)
	}
	if e.Sequence <= r.last {
		return fmt.Errorf("event %d (%s of %s) comes after event %d: give recorded events in log order", e.Sequence, e.Type, e.Subject, r.last)
	}
	if err := readable(e); err != nil {
		return err
	}
	r.last = e.Sequence
	switch data := e.Data.(type) {
	case events.GoalSet:
		r.Expected = r.Expected.followedBy(Statement{Text: data.Goal, Date: data.Date, Sequence: e.Sequence})
	case events.GoalReported:
		r.Actual = r.Actual.followedBy(Statement{Text: data.Actual, Date: data.Date, Sequence: e.Sequence})
	case events.IndicatorSet:
		r.define(data, e.Sequence)
	case events.IndicatorReported:
		r.report(data, e.Sequence)
	case events.IndicatorScored:
		r.score(data, e.Sequence)
	}
	return nil
}

// readable says whether an event's points are decimals, as every parsed event's
// are.
func readable(e events.Event) error {
	points := events.Points("0")
	switch data := e.Data.(type) {
	case events.IndicatorSet:
		points = data.Weight
	case events.IndicatorScored:
		points = data.Score
	}
	if !decimal.MatchString(string(points)) {
		return fmt.Errorf("event %d (%s of %s): %q are no points", e.Sequence, e.Type, e.Subject, points)
	}
	return nil
}

// followedBy is the statement that counts of two: the one of the later date or,
// on one date, the one that was recorded later.
func (s *Statement) followedBy(next Statement) *Statement {
	if s == nil {
		return &next
	}
	if next.Date.Compare(s.Date) < 0 {
		s.Earlier = append(s.Earlier, next.Sequence)
		return s
	}
	next.Earlier = append(s.Earlier, s.Sequence)
	return &next
}

func (r *Record) define(data events.IndicatorSet, sequence uint64) {
	i := r.Indicator(data.Indicator)
	if i == nil {
		r.Indicators = append(r.Indicators, Indicator{Definition: data, Sets: []uint64{sequence}, Changed: sequence})
		return
	}
	if changes(i.Definition, data) {
		i.Changed = sequence
		if i.Score != nil {
			i.Score.Outdated = true
		}
	}
	i.Definition = data
	i.Sets = append(i.Sets, sequence)
}

// changes says whether a definition differs from the one before it in more than
// its date, its remark and whether it is a core indicator.
func changes(before, after events.IndicatorSet) bool {
	after.Date, after.Memo, after.Core = before.Date, before.Memo, before.Core
	return after != before
}

func (r *Record) report(data events.IndicatorReported, sequence uint64) {
	i := r.Indicator(data.Indicator)
	if i == nil {
		r.Unset = append(r.Unset, sequence)
		return
	}
	i.Reports = append(i.Reports, Report{Actual: data.Actual, Note: data.Note, Date: data.Date, Sequence: sequence})
	slices.SortStableFunc(i.Reports, func(a, b Report) int {
		return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(a.Sequence, b.Sequence))
	})
}

func (r *Record) score(data events.IndicatorScored, sequence uint64) {
	i := r.Indicator(data.Indicator)
	if i == nil {
		r.Unset = append(r.Unset, sequence)
		return
	}
	if i.Score != nil {
		i.Superseded = append(i.Superseded, i.Score.Sequence)
	}
	i.Score = &Given{Points: data.Score, Grade: data.Grade, Reason: data.Reason, Date: data.Date, Sequence: sequence}
}
