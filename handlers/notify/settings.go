package notify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
)

// Limits of the settings.
const (
	MaxSubscribers  = 20 // each reads the log
	MaxAddresses    = 50 // of one subscriber's mail
	maxSettings     = 1 << 20
	minSecret       = 24 // bytes of a signing key, as Standard Webhooks asks
	maxSecret       = 64
	secretPrefix    = "whsec_"
	maxNameOfServer = 255
)

// Settings say who is told what.
type Settings struct {
	// AllowNetworks are networks that are not public and yet may be called, such as
	// "10.20.0.0/16". Defaults to none.
	AllowNetworks []netip.Prefix `json:"allow_networks"`
	// Mail is the server that mails are handed to; nil if there is none.
	Mail        *MailServer  `json:"mail"`
	Subscribers []Subscriber `json:"subscribers"`
}

// Subscriber is told of cases, by URL or by mail.
type Subscriber struct {
	// Name is a code. The cursor is kept under it: renamed, a subscriber is new.
	Name string `json:"name"`
	// URL takes webhooks. http is taken only into AllowNetworks.
	URL string `json:"url"`
	// Secret signs them: "whsec_" and 24 to 64 bytes in base64.
	Secret Secret `json:"secret"`
	// MailTo are the addresses of a subscriber by mail.
	MailTo []string `json:"mail_to"`
	// Units keeps the cases of these units and all under them; empty keeps all.
	Units []events.UnitID `json:"units"`
	// Kinds keeps the events of these types, such as "alert.raised"; empty keeps all.
	Kinds []string `json:"kinds"`
}

// MailServer takes mail to be sent (RFC 6409).
type MailServer struct {
	// Server is a host and a port, such as "mail.example.org:587".
	Server string `json:"server"`
	From   string `json:"from"`
	// User signs in with Password; empty does not sign in.
	User     string `json:"user"`
	Password Secret `json:"password"`
	// Security is "starttls" (the default) or "none", which sends in the clear and
	// never signs in.
	Security Security `json:"security"`
}

// Security is how the way to a mail server is secured.
type Security string

// The securities.
const (
	StartTLS Security = "starttls"
	NoTLS    Security = "none"
)

// Secret is a string that is not printed.
type Secret string

// String hides the secret.
func (Secret) String() string { return "(hidden)" }

// GoString hides the secret, too.
func (Secret) GoString() string { return "(hidden)" }

// ParseSettings reads the settings' JSON. Errors name the place.
func ParseSettings(raw []byte) (Settings, error) {
	var s Settings
	if len(raw) > maxSettings {
		return s, fmt.Errorf("the settings of notifications have at most %d bytes, these have %d", maxSettings, len(raw))
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, fmt.Errorf("the settings of notifications, at byte %d: %w", decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return s, fmt.Errorf("the settings of notifications, at byte %d: something follows their end", decoder.InputOffset())
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("the settings of notifications, %w", err)
	}
	return s, nil
}

func (s *Settings) check() error {
	if len(s.Subscribers) > MaxSubscribers {
		return fmt.Errorf("subscribers: there are %d, at most %d are read for", len(s.Subscribers), MaxSubscribers)
	}
	if s.Mail != nil {
		if err := s.Mail.check(); err != nil {
			return fmt.Errorf("mail.%w", err)
		}
	}
	names := make(map[string]bool)
	for i, one := range s.Subscribers {
		err := one.check(s.Mail != nil)
		if names[one.Name] {
			err = fmt.Errorf("name: %q is the name of another one, too", one.Name)
		}
		if err != nil {
			return fmt.Errorf("subscribers[%d].%w", i, err)
		}
		names[one.Name] = true
	}
	return nil
}

func (m *MailServer) check() error {
	if host, port, err := net.SplitHostPort(m.Server); err != nil || host == "" || port == "" || len(m.Server) > maxNameOfServer {
		return fmt.Errorf("server: %q must be a host and a port, such as mail.example.org:587", m.Server)
	}
	if err := isAddress(m.From); err != nil {
		return fmt.Errorf("from: %w", err)
	}
	switch {
	case m.Security == "":
		m.Security = StartTLS
	case m.Security != StartTLS && m.Security != NoTLS:
		return fmt.Errorf("security: must be %q or %q, and is %q", StartTLS, NoTLS, m.Security)
	}
	if m.Security == NoTLS && m.User != "" {
		return errors.New(`user: a password is not sent in the clear; set security to "starttls" or leave the user out`)
	}
	return nil
}

func (s Subscriber) check(mail bool) error {
	if s.Name == "" || len(s.Name) > events.MaxCode || strings.ContainsFunc(s.Name, notCode) {
		return fmt.Errorf("name: %q must be a code: 1 to %d of A-Z a-z 0-9 _ -", s.Name, events.MaxCode)
	}
	for i, kind := range s.Kinds {
		if !slices.Contains(Kinds(), kind) {
			return fmt.Errorf("kinds[%d]: must be one of %s, and is %q", i, strings.Join(Kinds(), ", "), kind)
		}
	}
	switch {
	case s.URL != "" && len(s.MailTo) > 0:
		return errors.New("url: a subscriber has a url or mail_to; make two of it")
	case s.URL != "":
		return s.checkURL()
	case len(s.MailTo) == 0:
		return errors.New("url: is missing; a subscriber has a url or mail_to")
	case !mail:
		return errors.New("mail_to: there is no mail server; add mail to the settings")
	case len(s.MailTo) > MaxAddresses:
		return fmt.Errorf("mail_to: there are %d addresses, at most %d fit", len(s.MailTo), MaxAddresses)
	}
	for i, address := range s.MailTo {
		if err := isAddress(address); err != nil {
			return fmt.Errorf("mail_to[%d]: %w", i, err)
		}
	}
	return nil
}

func (s Subscriber) checkURL() error {
	at, err := url.Parse(s.URL)
	if err != nil || at.Host == "" || at.User != nil || at.Scheme != "https" && at.Scheme != "http" {
		return errors.New("url: must be an address such as https://example.org/hooks, without a user in it")
	}
	if _, err := s.Secret.key(); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	return nil
}

// key is the signing key that a secret holds.
func (s Secret) key() ([]byte, error) {
	coded, ok := strings.CutPrefix(string(s), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(coded)
	if !ok || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, fmt.Errorf("must be %s and %d to %d bytes in base64", secretPrefix, minSecret, maxSecret)
	}
	return key, nil
}

func isAddress(text string) error {
	if parsed, err := mail.ParseAddress(text); err != nil || parsed.Address != text {
		return fmt.Errorf("%q must be a mail address such as desk@example.org", text)
	}
	return nil
}

func notCode(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
}

// Kinds lists the types of events that subscribers may be told of.
func Kinds() []string {
	return []string{
		events.AlertRaised{}.Type().Noun(), events.AlertAnswered{}.Type().Noun(),
		events.AlertEscalated{}.Type().Noun(), events.AlertClosed{}.Type().Noun(),
	}
}
