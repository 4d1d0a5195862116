package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/metrics"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// Limits of the HTTP server.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 2 * time.Minute
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	stopTimeout       = 10 * time.Second
)

// settings are what a server stands on.
type settings struct {
	conn        *nats.Conn
	stream      string
	databaseURL string
	listen      string
	token       string             // lets an admin in
	signingKey  ed25519.PrivateKey // of snapshots; nil seals none
	templates   forms.Catalogue
	pages       handlers.Access
	logger      *slog.Logger
}

// server is a running Outturn: the recorder, the projector and HTTP.
type server struct {
	settings
	log       *eventlog.JetStream
	store     *projections.Store
	recorder  *commands.Recorder
	projector *projections.Projector
	listener  net.Listener
	http      *http.Server
	closing   chan struct{} // closed when HTTP begins to stop
}

// boot puts a server together and reads the log into its books. It does not
// serve yet; see run.
func boot(ctx context.Context, s settings) (_ *server, err error) {
	b := &server{settings: s, closing: make(chan struct{})}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	keyring := &auth.Keyring{}
	if err := keyring.Add("admin", s.token); err != nil {
		return nil, err
	}
	// Listen first: a port that is taken should be said before anything is made.
	if b.listener, err = net.Listen("tcp", s.listen); err != nil {
		return nil, fmt.Errorf("%w\nChoose another address with --listen, such as --listen 127.0.0.1:8081", err)
	}
	if b.log, err = eventlog.OpenJetStream(ctx, s.conn, eventlog.Config{Stream: s.stream}); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	if b.store, err = projections.Open(ctx, s.databaseURL, projections.Options{Logger: s.logger}); err != nil {
		return nil, fmt.Errorf("open the projection: %w", err)
	}
	b.projector = projections.NewProjector(b.store, b.log, projections.ProjectorOptions{Logger: s.logger})
	measured := metrics.New(metrics.Positions{
		Log:        func() uint64 { return b.recorder.Position() },
		Projection: func() uint64 { return b.projector.Status().Sequence },
		Stopped:    func() bool { return b.projector.Status().Problem != nil },
	})
	if b.recorder, err = commands.Open(ctx, commands.Config{Log: b.log, Observer: measured, Logger: s.logger}); err != nil {
		return nil, err
	}
	var sealer api.Snapshots
	if s.signingKey != nil {
		sealer = &snapshots.Sealer{Reader: b.store, Recorder: b.recorder, Key: s.signingKey, Template: s.templates.Find}
	}
	b.http = &http.Server{
		Handler: handlers.New(handlers.Config{
			Recorder: b.recorder, Reader: b.store, Forms: b.store, Templates: s.templates, Snapshots: sealer, Log: b.log, Keyring: keyring, Metrics: measured,
			ProjectionProblem: func() error { return b.projector.Status().Problem },
			Pages:             s.pages, Now: time.Now, Logger: s.logger, Closing: b.closing,
		}),
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	b.http.RegisterOnShutdown(func() { close(b.closing) })
	return b, nil
}

// address is where the server listens, as a URL.
func (b *server) address() string { return "http://" + b.listener.Addr().String() }

// run serves until ctx ends, then stops in order: HTTP first, so that nothing
// new comes in, then the recorder, then the projector. Ready is called once the
// recorder and the projector run.
func (b *server) run(ctx context.Context, ready func(context.Context) error) error {
	defer b.close()
	// Each part has a context of its own, ended when its turn comes.
	recording, stopRecording := context.WithCancel(context.WithoutCancel(ctx))
	projecting, stopProjecting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRecording()
	defer stopProjecting()
	recorded, projected := make(chan error, 1), make(chan error, 1)
	go func() { recorded <- b.recorder.Run(recording) }()
	go func() { projected <- b.projector.Run(projecting) }()

	group, serving := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := b.http.Serve(b.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error { return ready(serving) })
	group.Go(func() error {
		<-serving.Done()
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return b.http.Shutdown(bounded)
	})
	err := group.Wait()
	stopRecording()
	<-recorded
	stopProjecting()
	<-projected
	return err
}

func (b *server) close() {
	if b.listener != nil {
		b.listener.Close() // closed already, if it served
	}
	if b.store != nil {
		b.store.Close()
	}
}
