// Package localtest gives tests the real services that Outturn stands on.
//
//	pool, err := pgxpool.New(t.Context(), localtest.Postgres(t)) // an empty database of its own
//	conn, err := localtest.NATS(t).Connect()                     // a NATS of its own
//
// A test process starts PostgreSQL at most once, with the first test that asks for it, and gives each test
// a fresh database in it; the server ends with the process. A NATS starts within milliseconds, so each test
// has its own. Nothing is skipped: when the machine lacks something, the test fails and names the command
// that installs it.
//
// A package that checks for leaked goroutines starts PostgreSQL first and ignores what runs then
// (goleak.IgnoreCurrent): the server's two goroutines live as long as the process.
package localtest
