package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/outturn/outturn/handlers"
	"github.com/outturn/outturn/handlers/snapshots"
)

type serveCommand struct {
	DatabaseURL string     `env:"DATABASE_URL" required:"" placeholder:"URL" help:"Postgres for the projection; its schema outturn is ours. Example: postgres://outturn@db/outturn"`
	NATSURL     string     `name:"nats-url" env:"NATS_URL" required:"" placeholder:"URL" help:"NATS with JetStream for the log. It must sync before it answers (sync_interval: always)."`
	Stream      string     `env:"OUTTURN_STREAM" default:"OUTTURN" help:"Name of the log's stream."`
	Listen      string     `env:"OUTTURN_LISTEN" default:"127.0.0.1:8080" help:"Address to serve on."`
	Token       string     `env:"OUTTURN_TOKEN" placeholder:"TOKEN" help:"The admin's token. Better: --token-file."`
	TokenFile   string     `env:"OUTTURN_TOKEN_FILE" placeholder:"FILE" help:"File that holds the admin's token."`
	SigningKey  string     `name:"signing-key-file" env:"OUTTURN_SIGNING_KEY_FILE" placeholder:"FILE" help:"Private key (ed25519, PEM) that snapshots are signed with. Without it nothing is sealed."`
	OpenPages   bool       `env:"OUTTURN_OPEN_PAGES" help:"Show the pages without signing in. Only behind something that keeps strangers out."`
	LogLevel    slog.Level `env:"OUTTURN_LOG_LEVEL" default:"INFO" help:"DEBUG, INFO, WARN or ERROR."`
	templates
}

func (s serveCommand) Run(ctx context.Context, c console) error {
	token, err := s.token()
	if err != nil {
		return misuse{err}
	}
	key, err := s.signingKey()
	if err != nil {
		return misuse{err}
	}
	catalogue, err := s.open()
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewJSONHandler(c.err, &slog.HandlerOptions{Level: s.LogLevel}))
	conn, err := nats.Connect(s.NATSURL, nats.Name("outturn"), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1))
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	pages := handlers.SignedIn
	if s.OpenPages {
		pages = handlers.Everybody
	}
	server, err := boot(ctx, settings{
		conn: conn, stream: s.Stream, databaseURL: s.DatabaseURL, listen: s.Listen,
		token: token, signingKey: key, templates: catalogue, pages: pages, logger: logger,
	})
	if err != nil {
		return err
	}
	return server.run(ctx, func(context.Context) error {
		logger.InfoContext(ctx, "serving", "address", server.address(), "sequence", server.recorder.Position(), "version", version)
		return nil
	})
}

// signingKey reads the key that snapshots are signed with; nil if none is set.
func (s serveCommand) signingKey() (ed25519.PrivateKey, error) {
	if s.SigningKey == "" {
		return nil, nil
	}
	return snapshots.LoadKey(s.SigningKey)
}

// token reads the admin's token from where the settings say.
func (s serveCommand) token() (string, error) {
	switch {
	case s.TokenFile != "":
		raw, err := os.ReadFile(s.TokenFile)
		return strings.TrimSpace(string(raw)), err
	case s.Token != "":
		return s.Token, nil
	}
	return "", fmt.Errorf("the admin needs a token: set OUTTURN_TOKEN_FILE or OUTTURN_TOKEN")
}
