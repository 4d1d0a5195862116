// Package events knows WHAT HAPPENED: the facts that finance posts, how they
// are written, and nothing of what they add up to.
//
// A fact is an [Event]: a CloudEvents 1.0 envelope in structured JSON mode
// around the [Data] of one type, such as [DisbursementPaid]. [Parse] reads one
// from a client and refuses, with a [Refusal], everything that is not exactly
// an event: unknown types, unknown or missing fields, amounts that are not
// decimal strings, dates that do not exist. [Event.Record] stamps a parsed
// event with what the log adds (sequence, recorded time, actor, hash of the
// event before it on its subject) and gives the bytes that are stored for ever;
// [Decode] reads those back, in every version that was ever written.
//
//	event, err := events.Parse(body)                   // from outside
//	stored := event.Record(events.Stamp{Sequence: 7, …}) // to the log
//	event, err = events.Decode(stored)                 // from the log
//
// Bytes are canonical (RFC 8785: sorted keys, no space, one way to write a
// string), so that a hash over them means something and a repeat can be told
// from a different event under the same id.
//
// Each type has a file of its own, named as the type is. To add one: write the
// file, add its line to the registry, and run the tests with -update; they
// write its golden file, its JSON Schema and its row in docs/events.
//
// The packages below: money (amounts, ratios, rounding), fiscal (dates, years,
// time progress), budget (the rules: Decide and Evolve), eventlog (the log).
package events
