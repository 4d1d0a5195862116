package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks 1.0.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

const (
	maxResponse = 4 << 10 // bytes that are read of an answer
	contentType = "application/cloudevents+json; charset=utf-8"
)

// webhook posts notifications to a URL.
type webhook struct {
	url    string
	key    []byte
	client *http.Client
	now    func() time.Time
}

func newWebhook(s Subscriber, c Config) (*webhook, error) {
	key, err := s.Secret.key()
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	through := gate{allowed: c.Settings.AllowNetworks, plain: at.Scheme != "https"}
	return &webhook{url: s.URL, key: key, now: c.Now, client: &http.Client{
		Transport: &http.Transport{ // without a proxy: it would connect to where this may not
			DialContext: through.dial, TLSClientConfig: tlsConfig(c.Roots), ForceAttemptHTTP2: true,
			MaxIdleConns: 1, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func tlsConfig(roots *x509.CertPool) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
}

// send posts a notification, signed.
func (w *webhook) send(ctx context.Context, n notification) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(n.body()))
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(w.now().Unix(), 10)
	request.Header = http.Header{
		"Content-Type": {contentType}, "User-Agent": {"outturn"},
		http.CanonicalHeaderKey(HeaderID):        {n.id()},
		http.CanonicalHeaderKey(HeaderTimestamp): {stamp},
		http.CanonicalHeaderKey(HeaderSignature): {sign(w.key, n.id(), stamp, n.body())},
	}
	response, err := w.client.Do(request)
	if err != nil {
		return withoutURL(err)
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the subscriber answered %d: %q", response.StatusCode, firstLine(said))
	}
	return nil
}

func (w *webhook) close() { w.client.CloseIdleConnections() }

// withoutURL takes the address out of an error: it may hold what only the
// subscriber is to know.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// firstLine is what an answer says, for the program's own log.
func firstLine(said []byte) string {
	const enough = 200
	line, _, _ := strings.Cut(strings.TrimSpace(string(said)), "\n")
	return line[:min(len(line), enough)]
}

// sign is the signature of a notification: HMAC-SHA256 over id.timestamp.body.
func sign(key []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
