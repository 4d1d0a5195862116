package notify_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/notify"
)

// mailbox is a small mail server: SMTP with STARTTLS and a password. It fails the
// first mails of its life as often as refuse says.
type mailbox struct {
	listener net.Listener
	config   *tls.Config
	roots    *x509.CertPool

	mu     sync.Mutex
	refuse int
	mails  []received
}

type received struct {
	secure, entered bool
	from            string
	to              []string
	text            string
}

func newMailbox(t *testing.T, refuse int) *mailbox {
	t.Helper()
	// The certificate of a test's HTTPS server is for 127.0.0.1.
	https := httptest.NewTLSServer(http.NotFoundHandler())
	https.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailbox{listener: listener, config: &tls.Config{Certificates: https.TLS.Certificates, MinVersion: tls.VersionTLS12}, roots: x509.NewCertPool(), refuse: refuse}
	m.roots.AddCert(https.Certificate())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { m.serve(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return m
}

func (m *mailbox) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	var r received
	say("220 mail.test ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, rest, _ := strings.Cut(strings.TrimSpace(line), " "); strings.ToUpper(verb) {
		case "EHLO":
			if r.secure {
				say("250-mail.test\r\n250 AUTH PLAIN")
			} else {
				say("250-mail.test\r\n250 STARTTLS")
			}
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, m.config)
			in, r.secure = bufio.NewReader(conn), true
		case "AUTH":
			r.entered = rest == "PLAIN AG1lAHB3" // \0me\0pw
			say(map[bool]string{true: "235 ok", false: "535 no"}[r.entered])
		case "MAIL":
			r.from = rest
			say("250 ok")
		case "RCPT":
			r.to = append(r.to, rest)
			say("250 ok")
		case "DATA":
			say("354 go on")
			if r.text, err = readText(in); err != nil {
				return
			}
			say(m.take(r))
		case "QUIT":
			say("221 bye")
			return
		default:
			say("500 what?")
		}
	}
}

// readText reads up to the line of a dot.
func readText(in *bufio.Reader) (string, error) {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return text.String(), err
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
}

func (m *mailbox) take(r received) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse > 0 {
		m.refuse--
		return "451 try again later"
	}
	m.mails = append(m.mails, r)
	return "250 taken"
}

func (m *mailbox) got() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

func TestMailsAreSentInBothLanguages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eventlog.NewMemory())
	box := newMailbox(t, 2)
	config := w.config(eventlog.NewMemoryCursors(), notify.Subscriber{Name: "desk", MailTo: []string{"a@example.org", "b@example.org"}})
	config.Settings.Mail = &notify.MailServer{Server: box.listener.Addr().String(), From: "outturn@example.org", User: "me", Password: "pw"}
	config.Roots = box.roots
	n, _ := start(t, config)
	held(t, n)
	w.raise(1, "L-school")
	w.close(1, "L-school")
	eventually(t, "two mails", func() bool { return len(box.got()) == 2 })
	first := box.got()[0]
	if !first.secure || !first.entered || first.from != "FROM:<outturn@example.org>" || !slices.Equal(first.to, []string{"TO:<a@example.org>", "TO:<b@example.org>"}) {
		t.Errorf("it was sent as %+v", first)
	}
	parsed, err := mail.ReadMessage(strings.NewReader(first.text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, first.text)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil || subject != "预警 · Alert raised: L-school 课桌" {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	if id := parsed.Header.Get("Message-ID"); !strings.HasSuffix(id, "@example.org>") || strings.Contains(box.got()[1].text, id) {
		t.Errorf("its id is %q", id)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(parsed.Body))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"执行进度滞后", "预算指标: L-school 课桌", "预算单位: school", "执行率（%）: 20.00", "序时进度（%）: 58.33", "答复期限: 2023-08-14", "详情: 第一行\r\n    second line",
		"Execution lags behind", "Budget line: L-school 课桌", "Execution rate (%): 20.00", "Answer by: 2023-08-14", "Alert: A1",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if status := n.Status()[0]; status.Failed != 2 {
		t.Errorf("%d attempts failed, want 2", status.Failed)
	}
}

// TestMailIsNotSentInTheClear to a server whose certificate is nobody's.
func TestMailIsNotSentInTheClear(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eventlog.NewMemory())
	box := newMailbox(t, 0)
	config := w.config(eventlog.NewMemoryCursors(), notify.Subscriber{Name: "desk", MailTo: []string{"a@example.org"}})
	config.Settings.Mail = &notify.MailServer{Server: box.listener.Addr().String(), From: "outturn@example.org"}
	n, _ := start(t, config)
	held(t, n)
	w.raise(1, "L-school")
	eventually(t, "a problem", func() bool { return strings.Contains(n.Status()[0].Problem, "cannot be secured") })
	if len(box.got()) != 0 {
		t.Error("it was sent")
	}
}
