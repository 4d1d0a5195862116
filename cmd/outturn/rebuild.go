package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"

	"github.com/outturn/outturn/deploy/local"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/projections"
)

type rebuildCommand struct {
	Data        string `env:"OUTTURN_DATA" default:"data" placeholder:"DIR" help:"Folder of an \"outturn dev\", running or not; used when no URLs are given."`
	DatabaseURL string `env:"DATABASE_URL" placeholder:"URL" help:"Postgres of the projection."`
	NATSURL     string `name:"nats-url" env:"NATS_URL" placeholder:"URL" help:"NATS of the log."`
	Stream      string `env:"OUTTURN_STREAM" default:"OUTTURN" help:"Name of the log's stream."`
	JSON        bool   `name:"json" help:"Print JSON."`
}

func (r rebuildCommand) Run(ctx context.Context, c console) error {
	logger := slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if (r.DatabaseURL == "") != (r.NATSURL == "") {
		return misuse{errors.New("DATABASE_URL and NATS_URL go together: the projection, and the log that it is derived from")}
	}
	if r.DatabaseURL != "" {
		return r.rebuild(ctx, c, logger)
	}
	services, err := startServices(ctx, r.Data, logger)
	if errors.Is(err, local.ErrInUse) {
		at, err := readContact(r.Data)
		if err != nil {
			return err
		}
		r.DatabaseURL, r.NATSURL = at.DatabaseURL, at.NATSURL
		return r.rebuild(ctx, c, logger)
	}
	if err != nil {
		return err
	}
	defer services.stop()
	r.DatabaseURL, r.NATSURL = services.databaseURL(), services.nats.URL()
	return r.rebuild(ctx, c, logger)
}

func (r rebuildCommand) rebuild(ctx context.Context, c console, logger *slog.Logger) error {
	conn, err := nats.Connect(r.NATSURL, nats.Name("outturn rebuild"))
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	log, err := eventlog.OpenJetStream(ctx, conn, eventlog.Config{Stream: r.Stream})
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	bar := progress(c, "rebuild", 0)
	var events uint64
	err = projections.Rebuild(ctx, r.DatabaseURL, log, projections.RebuildOptions{Logger: logger, Progress: func(done, total uint64) {
		events = done
		bar.resize(int64(total))
		bar.to(int64(done))
	}})
	bar.stop()
	if err != nil {
		return fmt.Errorf("rebuild: %w\nThe live projection is as it was", err)
	}
	if r.JSON {
		return json.NewEncoder(c.out).Encode(map[string]uint64{"events": events})
	}
	_, err = fmt.Fprintf(c.out, "rebuilt from %d events\n", events)
	return err
}
