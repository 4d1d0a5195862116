// Package commands takes what people want to record, decides it and appends it
// to the log. It is the only writer.
//
// One goroutine, the [Recorder]'s, holds the books in memory and owns them. It
// takes a submission and whatever else waits (group commit), decides each event
// in turn on a fork of the books, stamps those that hold, and appends them as
// one batch that is guarded by the log's last sequence. So every decision rests
// on exactly the state that its event lands on, also when several servers write
// to one log: the one that comes second gets a conflict, reads what it missed
// and decides again.
//
//	accept ─▶ decide on a fork ─▶ append if the log still ends there ─▶ merge, answer
//	             ▲                          │ conflict
//	             └──────── catch up ◀───────┘
//
// A lone command is appended at once; when many wait they share a batch and its
// one sync to disk.
//
// # What is promised
//
//   - An answer "accepted" is given after the log has synced the event to disk.
//   - An answer "rejected" rests on the log's end at that moment, not on a stale
//     memory of it.
//   - The same source and id is recorded once, for ever. A repeat with the same
//     content gets the first one's sequence, a repeat with other content is
//     refused ([events.CodeIDReused]).
//   - When the log does not answer, the caller gets [ErrOutcomeUnknown]; to send
//     the same event again is always safe.
package commands
