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
// negative; one that makes a negative balance less negative is taken.
package budget
