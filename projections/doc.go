// Package projections knows WHAT IT MEANS: it derives tables in Postgres from
// the log, keeps them at it, and answers every question about figures.
//
//	store, err := projections.Open(ctx, dsn, projections.Options{})
//	projector := projections.NewProjector(store, log, projections.ProjectorOptions{})
//	go projector.Run(ctx) // follows the log until ctx ends
//
//	err = store.WaitFor(ctx, sequence) // read your own writes
//	report, err := store.Execution(ctx, projections.Query{Year: 2023, By: projections.ByProject})
//
// # What is stored
//
// An event yields postings, and every figure is a sum over them. The tables
// balance, month_total and balance_then are caches of such sums:
// [Store.CheckSums] proves it.
// Everything lives in one schema and can be dropped at any time: [Rebuild]
// derives it again beside the live one and swaps the two.
//
// # What keeps it right
//
// The [Projector] takes whole batches from the log, folds them in Go by the
// rules of package budget (the same code that decided the events), and writes
// rows and checkpoint in one transaction. The checkpoint is moved first, and
// only from where this projector left it, so two projectors on one database
// never apply an event twice: the slower one finds that the checkpoint has
// moved (it is fenced), rolls back and goes on from there. The swap of a
// rebuild is the same to it.
//
// An event that cannot be read or applied stops the projection exactly before
// it: nothing is ever skipped. The problem stands in the checkpoint and in
// [Projector.Status]. A log that is not the one that the tables came from, or
// that ends before them (it lost acknowledged events in a power cut), stops it
// as well. A Postgres that is gone does not: the projector tries again until it
// is back.
//
// # What may be read
//
// Programs read by [Reader], and finance desks by [DeskReader] too. Each call is
// one transaction on one snapshot, so all that it returns stands at one sequence.
// People's own tools read the views execution_by_line, execution_by_project, …
// which docs/sql-views.md describes.
//
// # What a writer needs
//
// Whoever decides events need not read the log from its beginning: [Store.Start]
// is what to hold in memory, [Store.Known] are the keys of all that was there, to
// tell what is certainly new, and [Store.Recall] finds the rest on demand. From
// the sequence that they stand at, the log goes on.
package projections
