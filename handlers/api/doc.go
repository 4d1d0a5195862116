// Package api is Outturn's HTTP API under /v1: JSON, CloudEvents in, problems as
// RFC 9457. Its contract is openapi.json beside this file, served at
// /openapi.json; a test holds every route and every answer to it. It is written by
// hand but for the event types and the problem codes, which go test -update keeps
// in step with the code.
//
// A call is let in by its rule: the table of routes has one for each, of who may make it and
// of what keeps the answer to what he may read. Who that is the middleware before
// it says (package auth); which roles he has the recorder's view says, at that
// moment. What somebody may not read is not in lists and sums, and is refused as
// forbidden where a call names it.
//
// Amounts are decimal strings in yuan, rates decimal strings in percent with
// two digits, rounded half up once from the exact fraction, or null where there
// is nothing to divide by.
package api
