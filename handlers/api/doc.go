// Package api is Outturn's HTTP API under /v1: JSON, CloudEvents in, problems as
// RFC 9457. Its contract is openapi.json beside this file, served at
// /openapi.json; a test holds every route and every answer to it. It is written by
// hand but for the event types and the problem codes, which go test -update keeps
// in step with the code.
//
// Amounts are decimal strings in yuan, rates decimal strings in percent with
// two digits, rounded half up once from the exact fraction, or null where there
// is nothing to divide by.
package api
