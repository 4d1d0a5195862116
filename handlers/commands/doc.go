// Package commands takes what people want to record, decides it and appends it
// to the log. It is the only writer.
//
// One goroutine, the [Recorder]'s, holds in memory what decisions rest on and
// owns it. It takes the submissions that wait (group commit), decides each event
// in turn on a fork of its state, stamps those that hold, and appends them as one
// batch that is guarded by the log's last sequence. So every decision rests on
// exactly the state that its event lands on, also when several servers write to
// one log: the one that comes second gets a conflict, reads what it missed and
// decides again.
//
//	accept ─▶ recall what memory lacks ─▶ decide on a fork ─▶ append if the log still ends there ─▶ merge, answer
//	                                        ▲                       │ conflict
//	                                        └───── catch up ◀───────┘
//
// A lone command is appended at once. While a batch is being synced the next one
// is decided on top of it and sent ahead; only its commit waits for the first.
// When many wait they share a batch and its one sync to disk. A long submission
// is taken in parts of [MaxPart], and single events go before them.
//
// An event is decided in this order: a repeat gets the first answer; one that
// waits as a proposal waits; then comes whether its poster has the role, then the
// rules of people, of reviews, of money under its control, of performance; and if
// a second person has to see it, a proposal is recorded in its place. An approval
// and the event that it lets through are recorded together or not at all.
//
// # Memory
//
// The recorder keeps all units, projects, lines, controls, people and open
// proposals. Of payments, commitments, performance records and the keys of
// events it keeps those of late, in two generations, and recalls others from the
// projection ([Past]) before it decides. An entry is dropped only when the
// projection has it. What is recalled stands at a sequence P, and is taken only if
// nothing that was dropped changed after P, and if the recorder itself has come to
// P: else an event would count not at all or twice. A filter of fixed size knows
// most new keys for new, so that a payment needs no look-up.
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
//   - Memory is bounded. When the queue is full the caller gets [ErrOverloaded],
//     when the projection is too far behind [ErrPastBehind].
package commands
