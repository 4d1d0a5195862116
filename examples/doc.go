// Package examples carries whole years of real budget execution as Outturn
// events, so that a fresh installation has something true to show.
//
// Each example is a folder with a README.md that states its source and its
// rules, the figures it is made from, and events.ndjson: one CloudEvent a line,
// in an order in which every event can be accepted. The file is compiled in:
//
//	body, err := examples.Events("yueyang-2023") // application/x-ndjson
//
// Posting it twice changes nothing, because the events carry fixed ids.
//
// The files are generated; after a change of a generator or of its figures run
// go generate in this folder.
package examples

//go:generate go run ./yueyang-2023/generate -dir yueyang-2023
