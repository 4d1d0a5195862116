package api_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/projections"
)

// reader is a projection in memory. It moves only when somebody waits for it,
// so that a read that does not wait is found out.
type reader struct {
	projections.Reader // what the API does not use

	log *eventlog.Memory
	// waiting is told each sequence that somebody begins to wait for.
	waiting chan uint64

	mu     sync.Mutex
	books  *budget.Books
	views  []projections.EventView // by sequence, from 1 on
	stuck  bool                    // the projection does not move
	fault  error                   // what every read returns
	report projections.Report      // what Execution returns, with the query that it was asked
	asked  projections.AsOf        // what Line was asked
}

func newReader(log *eventlog.Memory) *reader {
	return &reader{log: log, books: budget.NewBooks(), waiting: make(chan uint64, 100)}
}

var errReached = errors.New("reached")

func (r *reader) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *reader) position() (at uint64, stuck bool, fault error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return uint64(len(r.views)), r.stuck, r.fault
}

func (r *reader) WaitFor(ctx context.Context, sequence uint64) error {
	select {
	case r.waiting <- sequence:
	default:
	}
	at, stuck, fault := r.position()
	switch {
	case fault != nil:
		return fault
	case at >= sequence:
		return nil
	case stuck:
		return projections.ErrBehind // at once: nothing will come before ctx ends
	}
	err := r.log.Follow(ctx, at+1, func(records []eventlog.Record) error {
		return r.take(records, sequence)
	})
	switch {
	case errors.Is(err, errReached):
		return nil
	case ctx.Err() != nil, errors.Is(err, eventlog.ErrGap):
		return projections.ErrBehind
	}
	return err
}

// take puts records on the books; errReached when the sequence is among them.
func (r *reader) take(records []eventlog.Record, sequence uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range records {
		if record.Sequence != uint64(len(r.views))+1 {
			continue // another waiter was here
		}
		event, err := events.Decode(record.Body)
		if err != nil {
			return err
		}
		postings, err := budget.Evolve(r.books, event)
		if err != nil {
			return err
		}
		r.views = append(r.views, projections.EventView{Event: event, Hash: event.Hash(), Postings: postings})
	}
	if uint64(len(r.views)) >= sequence {
		return errReached
	}
	return nil
}

func (r *reader) Execution(_ context.Context, q projections.Query) (projections.Report, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Query, r.report.Sequence = q, uint64(len(r.views))
	return r.report, r.fault
}

func (r *reader) Line(_ context.Context, id events.LineID, at projections.AsOf) (projections.LineView, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = at
	line, ok := r.books.Line(id)
	if !ok {
		return projections.LineView{}, projections.ErrNotFound
	}
	unit, _ := r.books.Unit(line.Unit)
	project, _ := r.books.Project(budget.ProjectKey{ID: line.Project, Year: line.Year})
	figures, err := line.Sums.Figures()
	return projections.LineView{
		Line: line, UnitName: unit.Name, ProjectName: project.Name, ProjectKind: project.Kind,
		Figures: figures, Sequence: uint64(len(r.views)),
	}, errors.Join(err, r.fault)
}

func (r *reader) LineEvents(_ context.Context, id events.LineID, before uint64, limit int) (projections.EventsPage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	page := projections.EventsPage{Sequence: uint64(len(r.views))}
	if _, ok := r.books.Line(id); !ok {
		return page, projections.ErrNotFound
	}
	for _, view := range slices.Backward(r.views) {
		about := view.Event.About() == events.OfLine && view.Event.Subject == string(id)
		posted := slices.ContainsFunc(view.Postings, func(p budget.Posting) bool { return p.Line == id })
		if before != 0 && view.Event.Sequence >= before || !about && !posted {
			continue
		}
		if len(page.Events) == limit {
			page.More = true
			break
		}
		page.Events = append(page.Events, view)
	}
	return page, r.fault
}

func (r *reader) Event(_ context.Context, sequence uint64) (projections.EventView, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if sequence == 0 || sequence > uint64(len(r.views)) {
		return projections.EventView{}, projections.ErrNotFound
	}
	return r.views[sequence-1], r.fault
}
