package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/outturn/outturn/deploy/local"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/examples"
	"github.com/outturn/outturn/handlers"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/projections"
)

// stream is the log's name on a machine of one's own.
const stream = "OUTTURN"

type devCommand struct {
	Data     string     `env:"OUTTURN_DATA" default:"data" placeholder:"DIR" help:"Folder that keeps everything: log, database, token."`
	Listen   string     `env:"OUTTURN_LISTEN" default:"127.0.0.1:8080" help:"Address to serve on; port 0 takes a free one."`
	Demo     string     `default:"yueyang-2023" enum:"yueyang-2023,none" help:"Example to load once: yueyang-2023 or none."`
	JSON     bool       `name:"json" help:"Print one line of JSON with the address and the token once ready."`
	LogLevel slog.Level `env:"OUTTURN_LOG_LEVEL" default:"WARN" help:"DEBUG, INFO, WARN or ERROR."`
	templates
}

func (d devCommand) Run(ctx context.Context, c console) error {
	catalogue, err := d.open()
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: d.LogLevel}))
	services, err := startServices(ctx, d.Data, logger)
	if err != nil {
		return err
	}
	defer services.stop()
	token, err := keptToken(d.Data)
	if err != nil {
		return err
	}
	key, err := keptKey(d.Data)
	if err != nil {
		return err
	}
	if err := services.renew(ctx, logger); err != nil {
		return err
	}
	server, err := boot(ctx, settings{
		conn: services.conn, stream: stream, databaseURL: services.databaseURL(), listen: d.Listen,
		token: token, signingKey: key, templates: catalogue, pages: handlers.Everybody, logger: logger,
	})
	if err != nil {
		return err
	}
	return server.run(ctx, func(ctx context.Context) error {
		if err := load(ctx, server, d.Demo, logger); err != nil {
			return err
		}
		at := contact{Address: server.address(), Token: token, NATSURL: services.nats.URL(), DatabaseURL: services.databaseURL()}
		if err := at.write(d.Data); err != nil {
			return err
		}
		return d.greet(c, at)
	})
}

// greet says where the server is and what lets one in.
func (d devCommand) greet(c console, at contact) error {
	if d.JSON {
		return json.NewEncoder(c.out).Encode(map[string]string{"address": at.Address, "token": at.Token})
	}
	_, err := fmt.Fprintf(c.out, "\n  Outturn is at  %s\n  Admin's token  %s\n  Everything is kept in %s; stop with Ctrl-C.\n\n", at.Address, at.Token, d.Data)
	return err
}

// load records an example's events. Those that are recorded already are
// repeats, so an example is loaded once however often this is called.
func load(ctx context.Context, s *server, name string, logger *slog.Logger) error {
	if name == "none" {
		return nil
	}
	file, err := examples.Events(name)
	if err != nil {
		return err
	}
	submission := commands.Submission{By: access.Principal{Name: "demo", Root: true}}
	for line := range bytes.Lines(file) {
		event, err := events.Parse(line)
		if err != nil {
			return fmt.Errorf("example %s: %w", name, err)
		}
		submission.Items = append(submission.Items, commands.Item{Event: event})
	}
	results, err := s.recorder.Submit(ctx, submission)
	if err != nil {
		return fmt.Errorf("load the example %s: %w", name, err)
	}
	for i, result := range results {
		if result.Status == commands.Rejected {
			logger.WarnContext(ctx, "an event of the example was refused", "id", submission.Items[i].Event.ID, "refusal", result.Refusal)
		}
	}
	return s.store.WaitFor(ctx, s.recorder.Position())
}

// keptToken is the admin's token of a data folder, made at the first start.
func keptToken(data string) (string, error) {
	file := filepath.Join(data, "token")
	raw, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		token := auth.NewToken()
		return token, os.WriteFile(file, []byte(token+"\n"), 0o600)
	}
	return strings.TrimSpace(string(raw)), err
}

// keptKey is the key of a data folder that snapshots are signed with, made at the
// first start.
func keptKey(data string) (ed25519.PrivateKey, error) {
	file := filepath.Join(data, "signing-key.pem")
	key, err := snapshots.LoadKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		return snapshots.NewKey(file)
	}
	return key, err
}

// services are the log's and the projection's servers, run privately under a
// data folder.
type services struct {
	nats     *local.NATS
	postgres *local.Postgres
	conn     *nats.Conn
}

func startServices(ctx context.Context, data string, logger *slog.Logger) (s *services, err error) {
	s = &services{}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	if s.nats, err = local.StartNATS(ctx, local.NATSOptions{Dir: filepath.Join(data, "nats"), Logger: logger}); err != nil {
		return s, err
	}
	if s.postgres, err = local.StartPostgres(ctx, local.PostgresOptions{Dir: filepath.Join(data, "postgres"), Logger: logger}); err != nil {
		return s, err
	}
	s.conn, err = s.nats.Connect(nats.ReconnectBufSize(-1))
	return s, err
}

// renew derives the projection again if another version of the program made it.
func (s *services) renew(ctx context.Context, logger *slog.Logger) error {
	store, err := projections.Open(ctx, s.databaseURL(), projections.Options{Logger: logger})
	if err == nil {
		store.Close()
	}
	if !errors.Is(err, projections.ErrOldLayout) {
		return err
	}
	logger.WarnContext(ctx, "another version of the program made the projection; deriving it again from the log")
	log, err := eventlog.OpenJetStream(ctx, s.conn, eventlog.Config{Stream: stream})
	if err != nil {
		return err
	}
	return projections.Rebuild(ctx, s.databaseURL(), log, projections.RebuildOptions{Logger: logger})
}

func (s *services) databaseURL() string { return s.postgres.DSN(local.DatabaseName) }

// stop stops what was started, in the opposite order.
func (s *services) stop() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.postgres != nil {
		_ = s.postgres.Stop() // it dies with this process in any case
	}
	if s.nats != nil {
		s.nats.Stop()
	}
}
