// Package local runs the two services that Outturn stands on, NATS and PostgreSQL, privately on one
// machine: for `outturn dev`, and for the tests of every other package (see package localtest).
//
//	bus, err := local.StartNATS(ctx, local.NATSOptions{Dir: "data/nats"})
//	if err != nil { … }
//	defer bus.Stop()
//	log, err := bus.Connect() // within the process, no socket
//
//	database, err := local.StartPostgres(ctx, local.PostgresOptions{Dir: "data/postgres"})
//	if err != nil { … }
//	defer database.Stop()
//	pool, err := pgxpool.New(ctx, database.DSN(local.DatabaseName))
//
// NATS runs inside the process, with JetStream on disk and an fsync before every acknowledgement.
// PostgreSQL runs as a child process: found on the machine (`deploy/local/ensure postgres` installs
// it), as an unprivileged user when root starts it, and stopped with its parent even when the parent
// is killed. Both listen on a random port of 127.0.0.1 with a random password, so that URL and DSN work
// from another process too, and only for those who were told them.
//
// A folder has one owner. A second start on the same folder is refused at once and says who has it.
// The log in the NATS folder is the truth; everything in the PostgreSQL folder can be derived from it again.
//
// The package is for Linux: the promise that PostgreSQL ends with its parent rests on
// prctl(PR_SET_PDEATHSIG), and finding a former server rests on /proc. It imports nothing of Outturn's.
package local
