package intake

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/projections"
)

// How imports are submitted.
const (
	// Piece is how many events are recorded at once.
	Piece = 1_000
	// maxTries is how often a piece is submitted, with a pause before each but
	// the first that doubles from firstPause up to longestPause.
	maxTries     = 8
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
)

// run decides a job and, unless it is a dry run, records it.
func (d *Desk) run(ctx context.Context, j *job) error {
	for i := range j.entries {
		j.entries[i].reset()
	}
	if err := d.resolve(ctx, j); err != nil {
		return err
	}
	whole := j.options.Mode == commands.AllOrNothing
	if j.options.DryRun || whole || j.hasPlaced() {
		if err := d.decide(ctx, j); err != nil {
			return err
		}
	}
	switch {
	case j.options.DryRun:
		j.count()
		return nil
	case whole && j.withhold():
		j.count()
		return nil
	}
	return d.record(ctx, j)
}

func (j *job) hasPlaced() bool {
	for i := range j.entries {
		if j.entries[i].isFit() && j.entries[i].isPlaced() {
			return true
		}
	}
	return false
}

func (d *Desk) resolve(ctx context.Context, j *job) error {
	return newResolver(d.config.Reader, j.options.Within).resolve(ctx, j.entries, j.name)
}

// decide tries everything at once, so that each row sees those above it. What
// an earlier run has recorded is in the balances already: if there is any, rows
// without a line are resolved again without it.
func (d *Desk) decide(ctx context.Context, j *job) error {
	recorded, err := d.try(ctx, j)
	if err != nil || !recorded || !j.hasPlaced() {
		return err
	}
	for i := range j.entries {
		if !j.entries[i].recorded {
			j.entries[i].reset()
		}
	}
	if err := d.resolve(ctx, j); err != nil {
		return err
	}
	_, err = d.try(ctx, j)
	return err
}

// try submits a dry run of all rows that are not known to be recorded.
func (d *Desk) try(ctx context.Context, j *job) (recorded bool, err error) {
	var items []commands.Item
	var waiting []*entry
	for i := range j.entries {
		if e := &j.entries[i]; e.isFit() && !e.recorded {
			items = append(items, e.items(j.options.Source, j.name)...)
			waiting = append(waiting, e)
		}
	}
	results, err := d.submit(ctx, commands.Submission{By: j.by, Items: items, DryRun: true})
	if err != nil {
		return false, err
	}
	for _, e := range waiting {
		if err := d.take(ctx, j, e, results[:len(e.portions)]); err != nil {
			return false, err
		}
		results = results[len(e.portions):]
		e.recorded = e.Status == commands.Duplicate
		recorded = recorded || e.recorded
	}
	j.update(func(p *Progress) { p.Handled = len(j.entries) })
	return recorded, nil
}

// withhold marks what holds in a job that stands or falls as a whole, and says
// whether it falls.
func (j *job) withhold() bool {
	falls := false
	for i := range j.entries {
		falls = falls || j.entries[i].Status == commands.Rejected
	}
	for i := range j.entries {
		if e := &j.entries[i]; falls && (e.Status == commands.Accepted || e.Status == commands.Proposed) {
			e.Status = commands.Withheld
		}
	}
	return falls
}

// record records what holds, in pieces in the order of the file. A row with
// several portions is recorded whole or not at all; so is a job that stands or
// falls as a whole, if one piece holds it.
func (d *Desk) record(ctx context.Context, j *job) error {
	var waiting []*entry
	events := 0
	for i := range j.entries {
		if e := &j.entries[i]; e.isFit() && !e.recorded {
			e.Status = ""
			waiting = append(waiting, e)
			events += len(e.portions)
		}
	}
	j.count()
	j.update(func(p *Progress) { p.Stage = Recording })
	if j.options.Mode == commands.AllOrNothing && events <= commands.MaxAtomic {
		return d.piece(ctx, j, waiting, commands.AllOrNothing)
	}
	for len(waiting) > 0 {
		n, mode := 1, commands.AllOrNothing
		if len(waiting[0].portions) == 1 {
			mode = commands.EachAlone
			for n < min(Piece, len(waiting)) && len(waiting[n].portions) == 1 {
				n++
			}
		}
		if err := d.piece(ctx, j, waiting[:n], mode); err != nil {
			return err
		}
		waiting = waiting[n:]
	}
	return nil
}

// piece records some rows.
func (d *Desk) piece(ctx context.Context, j *job, waiting []*entry, mode commands.Mode) error {
	var items []commands.Item
	for _, e := range waiting {
		items = append(items, e.items(j.options.Source, j.name)...)
	}
	results, err := d.submit(ctx, commands.Submission{By: j.by, Items: items, Mode: mode})
	if err != nil {
		return err
	}
	for _, e := range waiting {
		if err := d.take(ctx, j, e, results[:len(e.portions)]); err != nil {
			return err
		}
		results = results[len(e.portions):]
	}
	j.count()
	return nil
}

// count counts what became of the rows so far.
func (j *job) count() {
	var p Progress
	for i := range j.entries {
		e := &j.entries[i]
		switch e.Status {
		case commands.Accepted:
			p.Accepted++
			p.Sum += e.Amount
		case commands.Duplicate:
			p.Duplicates++
		case commands.Rejected:
			p.Rejected++
		case commands.Proposed:
			p.Proposed++
		case commands.Withheld:
		default:
			continue
		}
		p.Handled++
	}
	j.update(func(to *Progress) {
		to.Handled, to.Accepted, to.Duplicates, to.Rejected, to.Proposed, to.Sum = p.Handled, p.Accepted, p.Duplicates, p.Rejected, p.Proposed, p.Sum
	})
}

// isPassing says whether what went wrong may go right when it is tried again,
// which is always safe.
func isPassing(err error) bool {
	return commands.Refusal(err) != nil && !errors.Is(err, commands.ErrStopped)
}

// submit submits, again and again with growing pauses where that may help.
func (d *Desk) submit(ctx context.Context, s commands.Submission) ([]commands.Result, error) {
	if len(s.Items) == 0 {
		return nil, nil
	}
	pause := firstPause
	for try := 1; ; try++ {
		results, err := d.config.Recorder.Submit(ctx, s)
		if err == nil || !isPassing(err) || try == maxTries {
			return results, err
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, longestPause)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take notes what became of a row.
func (d *Desk) take(ctx context.Context, j *job, e *entry, results []commands.Result) error {
	e.Status, e.Sequence, e.Proposal = results[0].Status, results[0].Sequence, results[0].Proposal
	for _, result := range results {
		for _, warning := range result.Warnings {
			e.Warnings = append(e.Warnings, j.place(e, warning))
		}
		if result.Status == commands.Proposed {
			e.Status, e.Proposal = result.Status, result.Proposal
		}
	}
	known, err := d.isKnown(ctx, e, results[0])
	if err != nil || known {
		return err
	}
	for _, result := range results {
		if result.Status == commands.Rejected {
			e.refuse(j.place(e, result.Refusal))
		}
	}
	return nil
}

// isKnown recognises a row without a line that an earlier run recorded on other
// lines: its id is used, and by the same row.
func (d *Desk) isKnown(ctx context.Context, e *entry, first commands.Result) (bool, error) {
	if first.Status != commands.Rejected || first.Refusal.Reason != events.ReasonIDReused || !e.isPlaced() {
		return first.Status == commands.Duplicate, nil
	}
	sequence, err := strconv.ParseUint(first.Refusal.Params["sequence"], 10, 64)
	if err != nil {
		return false, nil
	}
	if e.ownID {
		view, err := d.config.Reader.Event(ctx, sequence)
		if errors.Is(err, projections.ErrNotFound) {
			return false, nil // the projection is not there yet
		}
		if err != nil {
			return false, err
		}
		if !strings.Contains(string(view.Event.Raw()), `"`+extension+`":"`+e.digest+`"`) {
			return false, nil
		}
	}
	e.Status, e.Sequence = commands.Duplicate, sequence
	return true, nil
}

// place puts a refusal of an event where the row says what it is about.
func (l *layout) place(e *entry, refusal *events.Refusal) Problem {
	placed := *refusal
	placed.Where, placed.Params = "", make(map[string]string, len(refusal.Params))
	for name, value := range refusal.Params {
		placed.Params[name] = value
	}
	p := Problem{Refusal: &placed}
	member, isData := strings.CutPrefix(refusal.Where, "/data/")
	k, ok := keyOf(e, member)
	switch {
	case refusal.Where == "/subject":
		k, ok = keyLine, true
		if e.isPlaced() {
			k = keyProject
		}
	case refusal.Where == "/id":
		k, ok = keyID, true
	case !isData:
		return p
	}
	if !ok {
		return p
	}
	p.Column = l.name(k)
	if at := l.at[k]; at >= 0 && at < len(e.Cells) {
		p.Value = e.Cells[at]
	}
	if placed.Params["field"] == member {
		placed.Params["field"] = p.Column
	}
	return p
}

// keyOf is the column that a member of the event's data comes from.
func keyOf(e *entry, member string) (key, bool) {
	for _, k := range e.kind.takes {
		if e.kind.member(k) == member {
			return k, true
		}
	}
	return 0, false
}
