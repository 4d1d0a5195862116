// Package eventlog is the log: the one place where facts are kept, in order,
// for ever. Everything else that Outturn stores can be made again from it.
//
// [Log] is small: append a batch if the log still stands where the caller
// thinks it does, and read in order. It has two adapters, [JetStream] for real
// use and [Memory] for tests and probes; package logtest holds the one suite of
// tests that both pass, which is the definition of what a log promises.
//
// # Why one guard over the whole log
//
// JetStream can guard a message by the last sequence of its own subject, but a
// decision rests on more than one subject: a payment on its line and on its
// unit's year, a transfer on two lines. So a batch is guarded by the last
// sequence of the stream: it was decided against exactly the state that it
// lands on. The sequence of each event is then known before it is appended and
// stands in the event's own bytes.
//
// # How a writer goes on after an error
//
// After [ErrConflict] it catches up and decides again. After [ErrUnavailable]
// nothing was appended, and it may try again. After [ErrUncertain] it catches up
// and looks for its keys: if they are there it is done; if not, the doubt ends
// when the log has moved on past where the batch would have been, which trying
// the same batch again brings about.
//
// # How a writer keeps the log busy
//
// While one append is being synced the next can be sent: see [Staged]. Only its
// commit waits.
//
// # What a reader must know
//
// A reader of JetStream gets a record when it is stored, which may be a moment
// before it is synced to disk. After a power cut a projection can therefore be
// ahead of the log. [Log].Follow ends with [ErrGap] if the log is then too short;
// whether the record at the checkpoint is still the same one is for the reader
// to check.
package eventlog
