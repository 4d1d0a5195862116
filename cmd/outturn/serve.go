package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers"
	"github.com/outturn/outturn/handlers/auth/oidc"
	"github.com/outturn/outturn/handlers/notify"
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
	Proxies     []string   `name:"trusted-proxies" env:"OUTTURN_TRUSTED_PROXIES" placeholder:"CIDR" help:"Networks of the proxies before the server, whose X-Forwarded-For is believed. Example: 10.0.0.0/8"`
	Notify      string     `name:"notifications-file" env:"OUTTURN_NOTIFICATIONS_FILE" placeholder:"FILE" help:"Who is told of cases, by webhook or mail (JSON, see docs/cases.md)."`
	Calendar    string     `name:"calendar-file" env:"OUTTURN_CALENDAR_FILE" placeholder:"FILE" help:"Holidays and working days in place of the built-in ones (JSON, see docs/cases.md)."`
	OIDC        oidcFlags  `embed:"" prefix:"oidc-"`
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
	proxies, err := s.proxies()
	if err != nil {
		return misuse{err}
	}
	provider, err := s.OIDC.config()
	if err != nil {
		return misuse{err}
	}
	subscribers, calendar, err := s.monitoring()
	if err != nil {
		return misuse{err}
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
		token: token, signingKey: key, templates: catalogue, pages: pages, oidc: provider, proxies: proxies,
		subscribers: subscribers, calendar: calendar, logger: logger,
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

// monitoring reads who is told of cases, and the calendar that they are answered
// by; nil is the built-in one.
func (s serveCommand) monitoring() (subscribers notify.Settings, calendar *fiscal.Calendar, err error) {
	if s.Notify != "" {
		raw, err := os.ReadFile(s.Notify)
		if err != nil {
			return subscribers, nil, err
		}
		if subscribers, err = notify.ParseSettings(raw); err != nil {
			return subscribers, nil, fmt.Errorf("%s: %w", s.Notify, err)
		}
	}
	if s.Calendar == "" {
		return subscribers, nil, nil
	}
	raw, err := os.ReadFile(s.Calendar)
	if err != nil {
		return subscribers, nil, err
	}
	if calendar, err = fiscal.ParseCalendar(raw); err != nil {
		return subscribers, nil, fmt.Errorf("%s: %w", s.Calendar, err)
	}
	return subscribers, calendar, nil
}

// proxies reads the networks of the proxies.
func (s serveCommand) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range s.Proxies {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies: %q is no network such as 10.0.0.0/8", text)
		}
		all = append(all, network)
	}
	return all, nil
}

// oidcFlags are the settings of an identity provider.
type oidcFlags struct {
	Issuer           string `env:"OUTTURN_OIDC_ISSUER" placeholder:"URL" help:"Identity provider (OpenID Connect) that people sign in at. Without it they sign in with tokens."`
	ClientID         string `name:"client-id" env:"OUTTURN_OIDC_CLIENT_ID" placeholder:"ID" help:"What the provider calls Outturn."`
	ClientSecretFile string `env:"OUTTURN_OIDC_CLIENT_SECRET_FILE" placeholder:"FILE" help:"File that holds the secret which the provider gave to Outturn."`
	RedirectURL      string `name:"redirect-url" env:"OUTTURN_OIDC_REDIRECT_URL" placeholder:"URL" help:"Where the provider sends people back: this server's address as browsers see it, and /signin/oidc/callback."`
	Claim            string `env:"OUTTURN_OIDC_CLAIM" default:"preferred_username" help:"Claim that names the user's code in Outturn."`
}

// config is nil where no provider is set.
func (f oidcFlags) config() (*oidc.Config, error) {
	if f.Issuer == "" {
		return nil, nil
	}
	c := &oidc.Config{Issuer: f.Issuer, ClientID: f.ClientID, RedirectURL: f.RedirectURL, Claim: f.Claim}
	if f.ClientSecretFile != "" {
		secret, err := os.ReadFile(f.ClientSecretFile)
		if err != nil {
			return nil, err
		}
		c.ClientSecret = strings.TrimSpace(string(secret))
	}
	return c, nil
}
