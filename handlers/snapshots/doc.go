// Package snapshots seals what a unit's forms say on a day, so that anybody can
// check it later without this installation.
//
// A snapshot is a unit's year at a position of the log: its forms, the postings
// and events under them, the templates that they were derived with, a manifest
// and a signature, all in one zip, the bundle. docs/snapshots.md describes the
// file for whoever wants to check it with other tools.
//
//	sealer := &snapshots.Sealer{Reader: store, Recorder: recorder, Key: key}
//	sealed, snapshot, err := sealer.Seal(ctx, snapshots.Request{Unit: "YYGX", Year: 2023, Set: set, By: by})
//	sealed, snapshot, err = sealer.Find(ctx, sealed.ID) // the same bytes, made again
//
//	report := snapshots.Verify(file, size, snapshots.Options{TrustedKey: key}) // needs nothing but the file
//	differences := snapshots.Compare(before, after)                           // with the events that explain them
//
// # How it holds
//
// [Sealer.Seal] records an event form.issued with the digest, so that the log itself
// says what was sealed, and a bundle is never stored: the events up to the
// position give the same bytes whenever they are asked for. If they ever do not,
// [Sealer.Find] says so and serves nothing.
//
// [Verify] does not trust the forms in a bundle: it applies the bundle's events
// to empty books ([FromEvents]), derives every form with the templates in the
// bundle by the code that derives them from the database, and compares cell by
// cell.
package snapshots
