// Command outturn is the whole of Outturn in one binary: the server, the tools
// that talk to it, and a private set-up of everything it needs for one machine.
// Run "outturn --help" for what it does.
//
// This package is wiring only: it reads settings, puts the parts of events,
// projections, handlers and deploy/local together, and stops them in order.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes of every command.
const (
	exitFine   = 0
	exitWrong  = 1 // something was found to be wrong, or went wrong
	exitMisuse = 2 // the command line does not make sense
)

type commandLine struct {
	Dev       devCommand       `cmd:"" help:"Run everything on this machine: log, database, server and the 2023 example. Example: outturn dev --data ./data"`
	Serve     serveCommand     `cmd:"" help:"Run the server against a NATS and a Postgres of yours. Example: DATABASE_URL=… NATS_URL=… OUTTURN_TOKEN_FILE=… outturn serve"`
	Post      postCommand      `cmd:"" help:"Post events or a table. Example: outturn post payments.ndjson --dry-run"`
	Form      formCommand      `cmd:"" help:"Derive a self-evaluation form. Example: outturn form 2023 yueyang-2023-04 --format docx --output form.docx"`
	Audit     auditCommand     `cmd:"" help:"Audit forms that others typed: JSON, Word, Excel or text. Example: outturn audit forms.docx --json"`
	Declare   declareCommand   `cmd:"" help:"Read published forms into declared-form JSON. Example: outturn declare report.docx > forms.json"`
	Snapshot  snapshotCommand  `cmd:"" help:"Seal a unit's forms, check and compare what was sealed. Example: outturn snapshot verify 2023.zip"`
	Dataset   datasetCommand   `cmd:"" help:"Write a unit's execution as open data. Example: outturn dataset 2023 YYGX --license CC-BY-4.0 --output 2023.zip"`
	Lagging   laggingCommand   `cmd:"" help:"Print who is behind, worst first; exits with 1 if something is far behind. Example: outturn lagging 2023 --as-of 2023-10-31"`
	Rebuild   rebuildCommand   `cmd:"" help:"Derive the whole projection again from the log, beside the live one, and swap. Example: outturn rebuild --data ./data"`
	Token     tokenCommand     `cmd:"" help:"Make tokens, list and revoke them. Example: outturn token create"`
	User      userCommand      `cmd:"" help:"Say who may do what. Example: outturn user grant cashier-1 poster --unit U1"`
	Proposals proposalsCommand `cmd:"" help:"Approve or decline what waits for a second person. Example: outturn proposals list"`
	Version   versionCommand   `cmd:"" help:"Print the version. Example: outturn version --json"`
}

// console is where a command prints: results to out, everything else to err.
type console struct {
	out, err io.Writer
}

func main() { os.Exit(run()) }

// run is main, for tests to call.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return execute(ctx, os.Args[1:], console{os.Stdout, os.Stderr})
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, c console) int {
	var line commandLine
	exited := -1
	parser, err := kong.New(&line,
		kong.Name("outturn"),
		kong.Description("Event-sourced budget execution tracker. Every number opens to the events under it."),
		kong.UsageOnError(), kong.Writers(c.out, c.err), kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c))
	if err != nil {
		fmt.Fprintln(c.err, "outturn:", err)
		return exitMisuse
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintln(c.err, "outturn:", err)
		fmt.Fprintln(c.err, "See: outturn --help")
		return exitMisuse
	}
	return codeOf(parsed.Run(), c)
}

// misuse marks an error in how a command was called.
type misuse struct{ error }

// foundWrong says that a command did its work and reported what is wrong.
var foundWrong = errors.New("something is wrong")

func codeOf(err error, c console) int {
	var used misuse
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return exitFine
	case errors.Is(err, foundWrong):
		return exitWrong
	case errors.As(err, &used):
		fmt.Fprintln(c.err, "outturn:", err)
		return exitMisuse
	}
	fmt.Fprintln(c.err, "outturn:", err)
	return exitWrong
}
