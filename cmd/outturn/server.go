package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers"
	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/auth/oidc"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/metrics"
	"github.com/outturn/outturn/handlers/notify"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/handlers/watch"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
	"github.com/outturn/outturn/projections/pace"
)

// Limits of the HTTP server.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 2 * time.Minute
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	stopTimeout       = 10 * time.Second
)

// softMemory is what a server tries to stay below where GOMEMLIMIT does not say
// otherwise: near it garbage is collected more often. What is kept for 100,000
// budget lines fits in well.
const softMemory = 448 << 20

// limitMemory sets the limit, unless the environment does.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
}

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
	oidc        *oidc.Config   // nil without an identity provider
	proxies     []netip.Prefix // that are believed
	calendar    *fiscal.Calendar
	subscribers notify.Settings // of cases
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
	imports   *intake.Desk
	watcher   *watch.Watcher
	notifier  *notify.Notifier
	lag       *metrics.Lag
	figures   *metrics.Subject
	closing   chan struct{} // closed when HTTP begins to stop
	// stopProjecting ends the projector, which projected then tells of.
	stopProjecting context.CancelFunc
	projected      chan error
}

// boot puts a server together and reads the log into its books. It does not
// serve yet; see run.
func boot(ctx context.Context, s settings) (_ *server, err error) {
	limitMemory()
	b := &server{settings: s, closing: make(chan struct{})}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	keyring := &auth.Keyring{}
	if err := keyring.Add(handlers.Operator, s.token); err != nil {
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
	b.project(ctx)
	at := metrics.Positions{
		Log:        func() uint64 { return b.recorder.Position() },
		Projection: func() uint64 { return b.projector.Status().Sequence },
		Stopped:    func() bool { return b.projector.Status().Problem != nil },
		Proposals:  func() int { return len(b.recorder.View().Proposals) },
	}
	measured := metrics.New(at)
	b.lag = metrics.NewLag(at, time.Now)
	measured.Register(b.lag)
	b.figures = metrics.NewSubject(metrics.SubjectConfig{Reader: b.store, Now: time.Now, Logger: s.logger, Rule: b.paceOf})
	if b.recorder, err = commands.Open(ctx, commands.Config{Log: b.log, Past: b.store, Observer: measured, Logger: s.logger}); err != nil {
		return nil, err
	}
	b.imports = intake.New(intake.Config{Recorder: b.recorder, Reader: b.store, Now: time.Now, Logger: s.logger, Observe: measured.Imported})
	if err := b.monitor(ctx); err != nil {
		return nil, err
	}
	handler, err := b.handler(keyring, measured)
	if err != nil {
		return nil, misuse{err}
	}
	b.http = &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	b.http.RegisterOnShutdown(func() { close(b.closing) })
	return b, nil
}

// project starts the projector, before the recorder that waits for it.
func (b *server) project(ctx context.Context) {
	b.projector = projections.NewProjector(b.store, b.log, projections.ProjectorOptions{Logger: b.logger})
	ctx, b.stopProjecting = context.WithCancel(context.WithoutCancel(ctx))
	b.projected = make(chan error, 1)
	go func() { b.projected <- b.projector.Run(ctx) }()
}

// paceOf is the rule by which something of a unit is judged.
func (b *server) paceOf(covered pace.Covered, unit events.UnitID) pace.Rule {
	view := b.recorder.View()
	return view.Paces.For(covered, view.Upwards(unit))
}

// monitor makes what watches execution and tells of cases.
func (b *server) monitor(ctx context.Context) error {
	b.watcher = watch.New(watch.Config{
		Reader: b.store, Recorder: b.recorder, Calendar: b.calendar, Logger: b.logger,
		Open: func() []alert.Case { return b.recorder.View().Alerts.Open() },
	})
	cursors, err := b.log.Cursors(ctx)
	if err != nil {
		return fmt.Errorf("open the cursors of notifications: %w", err)
	}
	b.notifier, err = notify.New(notify.Config{
		Settings: b.subscribers, Log: b.log, Cursors: cursors, Logger: b.logger,
		View: func() notify.View {
			view := b.recorder.View()
			return notify.View{Sequence: view.Sequence, Cases: view.Alerts, Upwards: view.Upwards}
		},
	})
	return err
}

// handler makes what answers requests.
func (b *server) handler(keyring *auth.Keyring, measured *metrics.Metrics) (http.Handler, error) {
	var sealer api.Snapshots
	if b.signingKey != nil {
		sealer = &snapshots.Sealer{Reader: b.store, Recorder: b.recorder, Key: b.signingKey, Template: b.templates.Find}
	}
	return handlers.New(handlers.Config{
		Recorder: b.recorder, Reader: b.store, Forms: b.store, Imports: b.imports, Templates: b.templates, Snapshots: sealer, Log: b.log,
		Tokens:  auth.Tokens{Keyring: keyring, Directory: func() auth.Directory { return b.recorder.View().Access }, Now: time.Now},
		Metrics: measured, Figures: b.figures,
		ProjectionProblem: func() error { return b.projector.Status().Problem },
		Pages:             b.pages, Listen: b.listen, Calendar: b.calendar, OIDC: b.oidc, Proxies: b.proxies, Now: time.Now, Logger: b.logger, Closing: b.closing,
	})
}

// address is where the server listens, as a URL.
func (b *server) address() string { return "http://" + b.listener.Addr().String() }

// run serves until ctx ends, then stops in order: HTTP first, so that nothing
// new comes in, then the imports and the recorder, then the projector. Ready is
// called once the recorder runs.
func (b *server) run(ctx context.Context, ready func(context.Context) error) error {
	defer b.close()
	recording, stopRecording := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRecording()
	recorded := make(chan error, 1)
	go func() { recorded <- b.recorder.Run(recording) }()
	stopOthers := b.beside(ctx)

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
	stopOthers()
	stopRecording()
	<-recorded
	return err
}

// beside runs what stands on the recorder and the projection, until stop is
// called.
func (b *server) beside(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var parts sync.WaitGroup
	for _, run := range []func(context.Context) error{b.imports.Run, b.watcher.Run, b.notifier.Run, b.lag.Run, b.figures.Run} {
		parts.Go(func() { _ = run(ctx) }) // it ends with the context and with nothing else
	}
	return func() {
		cancel()
		parts.Wait()
	}
}

func (b *server) close() {
	if b.listener != nil {
		b.listener.Close() // closed already, if it served
	}
	if b.projected != nil {
		b.stopProjecting()
		<-b.projected
	}
	if b.store != nil {
		b.store.Close()
	}
}
