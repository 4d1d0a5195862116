// Package budget knows the rules of money on budget lines. It is pure: no
// clock, no I/O, no randomness; the same events give the same books for ever.
//
// [Books] is the state. [Decide] says whether an event may be recorded on it,
// [Evolve] records it and returns the event's [Posting]s, the normal form of
// every figure. Both sides of the log use them: the command side keeps books in
// memory to decide on, the projector evolves the few entries that a batch
// touches ([Touch]) and writes what changed ([Books.Changes]).
//
//	if err := budget.Decide(books, event); err != nil { … } // a *events.Refusal
//	postings, err := budget.Evolve(books, recorded)
//
// # One rule about money
//
// Every event that takes money (a payment, a commitment, a reduction, a
// transfer, a freeze, …) is held to the same rule: it may not make the
// available balance of a line fall below zero, where
//
//	full_year = initial + supplement − reduction + transfer_in − transfer_out + carryover_in − recalled
//	executed  = paid − refunded
//	available = full_year − frozen − committed − executed − carryover_out − returned
//
// An event is refused if a line's available balance would fall by it and end
// negative; one that makes a negative balance less negative is taken. [Holds] is
// all rules but this one, and [Effects] is what this one is decided by, for
// package control, which decides where availability is controlled otherwise.
//
// # Carryover from line to line
//
// Carried over, money keeps its fund and its vintage. An event of either end may
// name the line of the other end, and the two are then held together: what the
// final accounts confirm is what the other line sent (so it is sent first; what
// is received before is an estimate and may differ), and once both ends agree
// nothing more is sent but what was first received beside it. These rules read
// the sums of the two lines and no state of their own, so they are for a line that
// goes on as one line: carryover that is split over lines, or joined from several,
// names none and is held to its years only.
//
// [Spend] is the order that money is spent in by default, and [Line.Lapses] the
// last day on which it may be.
package budget
