package projections

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
)

// batch is what one transaction writes.
type batch struct {
	events   []events.Event
	postings []budget.Posting
	books    *budget.Books // a fork: its changes are the events'
}

// measures are those that a batch posts, in their order.
func (b batch) measures() []budget.Measure {
	var posted [len(budget.Sums{})]bool
	for i := range b.postings {
		posted[b.postings[i].Measure] = true
	}
	return slices.DeleteFunc(budget.Measures(), func(m budget.Measure) bool { return !posted[m] })
}

// applyAll applies events and moves at. If one of them cannot be applied, those
// before it are, and its problem is returned. What Go takes and Postgres does
// not, it finds by halves.
func (p *Projector) applyAll(ctx context.Context, at *checkpoint, all []events.Event) error {
	if len(all) == 0 {
		return nil
	}
	err := p.applyAtOnce(ctx, at, all)
	var refused *pgconn.PgError
	if len(all) == 1 || !errors.As(err, &refused) || errors.Is(err, ErrUnavailable) {
		return err
	}
	half := len(all) / 2
	if err := p.applyAll(ctx, at, all[:half]); err != nil {
		return err
	}
	return p.applyAll(ctx, at, all[half:])
}

// applyAtOnce applies events in one transaction.
func (p *Projector) applyAtOnce(ctx context.Context, at *checkpoint, all []events.Event) error {
	started := time.Now()
	books, err := p.books(ctx, *at, all)
	if err != nil {
		return err
	}
	b, problem := evolve(books, all)
	if problem != nil {
		// The fork is half changed by the event that failed.
		b, _ = evolve(books, all[:len(b.events)])
	}
	if len(b.events) > 0 {
		if err := p.store.write(ctx, at, b); err != nil {
			p.kept = kept{} // it may have been read after another projector wrote
			return err
		}
		b.books.Merge()
		p.kept.at = *at
		p.applied(b, time.Since(started))
	}
	return problem
}

// maxKept bounds the entries that a projector keeps in memory.
const maxKept = 50_000

// kept is what a projector read and wrote lately, as it was at a checkpoint:
// most events are about the lines of the events before.
type kept struct {
	at    checkpoint
	books *budget.Books
}

// books hold what events rest on, as it was at a checkpoint.
func (p *Projector) books(ctx context.Context, at checkpoint, all []events.Event) (*budget.Books, error) {
	if !p.kept.fits(at) {
		p.kept = kept{at, budget.NewBooks()}
	}
	return p.kept.books, p.store.load(ctx, all, p.kept.books)
}

func (k kept) fits(at checkpoint) bool {
	if k.books == nil || k.at.sequence != at.sequence || !bytes.Equal(k.at.hash, at.hash) {
		return false
	}
	entries := k.books.Changes()
	return len(entries.Lines)+len(entries.Payments)+len(entries.Commitments) <= maxKept
}

func (p *Projector) applied(b batch, took time.Duration) {
	last := b.events[len(b.events)-1]
	p.store.moved.wake()
	p.note(func(s *Status) { s.Sequence = last.Sequence })
	p.observe(Applied{
		Events: len(b.events), Postings: len(b.postings),
		Sequence: last.Sequence, Recorded: last.RecordedTime, Took: took,
	})
}

// evolve folds events on top of what is stored. Its events are those before the
// first that cannot be applied.
func evolve(stored *budget.Books, all []events.Event) (batch, error) {
	b := batch{postings: make([]budget.Posting, 0, len(all)), books: stored.Fork()}
	for i, event := range all {
		posted, err := budget.Evolve(b.books, event)
		if err != nil {
			b.events = all[:i]
			return b, fmt.Errorf("apply event %d (%s about %s): %w", event.Sequence, event.Type, event.Subject, err)
		}
		b.postings = append(b.postings, posted...)
	}
	b.events = all
	return b, nil
}
