package notify

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/smtp"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/language"
)

// mailer hands mails to a server: one for each event, to all addresses of the
// subscriber, as plain text in both languages.
type mailer struct {
	server MailServer
	to     []string
	roots  *x509.CertPool
	now    func() time.Time
}

// send hands over a mail. It is sent when the server took its text: what goes
// wrong after that is no failure, or it would be sent twice.
func (m *mailer) send(ctx context.Context, n notification) error {
	host, _, err := net.SplitHostPort(m.server.Server)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.server.Server)
	if err != nil {
		return fmt.Errorf("the mail server cannot be reached: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("the mail server does not greet: %w", err)
	}
	if err := m.enter(client, host); err != nil {
		return err
	}
	if err := m.hand(client, n); err != nil {
		return fmt.Errorf("the mail server does not take the mail: %w", err)
	}
	_ = client.Quit()
	return nil
}

// enter secures the connection and signs in.
func (m *mailer) enter(client *smtp.Client, host string) error {
	if m.server.Security == NoTLS {
		return nil
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return errors.New(`the mail server does not offer STARTTLS; if it may be talked to in the clear, set security to "none"`)
	}
	config := tlsConfig(m.roots)
	config.ServerName = host
	if err := client.StartTLS(config); err != nil {
		return fmt.Errorf("the connection to the mail server cannot be secured: %w", err)
	}
	if m.server.User == "" {
		return nil
	}
	if err := client.Auth(smtp.PlainAuth("", m.server.User, string(m.server.Password), host)); err != nil {
		return fmt.Errorf("the mail server does not let the user in: %w", err)
	}
	return nil
}

func (m *mailer) hand(client *smtp.Client, n notification) error {
	if err := client.Mail(m.server.From); err != nil {
		return err
	}
	for _, to := range m.to {
		if err := client.Rcpt(to); err != nil {
			return err
		}
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := body.Write(m.compose(n)); err != nil {
		return err
	}
	return body.Close()
}

func (*mailer) close() {}

// compose writes the mail. Its Message-ID is the event's, so that one that is sent
// twice is known for the same.
func (m *mailer) compose(n notification) []byte {
	var b bytes.Buffer
	for _, header := range [][2]string{
		{"From", m.server.From}, {"To", strings.Join(m.to, ", ")},
		{"Subject", mime.QEncoding.Encode("utf-8", subjectOf(n))},
		{"Date", m.now().In(fiscal.Zone).Format(time.RFC1123Z)},
		{"Message-ID", "<" + n.id() + "@" + m.server.From[strings.LastIndexByte(m.server.From, '@')+1:] + ">"},
		{"Auto-Submitted", "auto-generated"}, {"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", header[0], header[1])
	}
	b.WriteString("\r\n")
	text := quotedprintable.NewWriter(&b)
	for i, tag := range language.Tags() {
		if i > 0 {
			_, _ = io.WriteString(text, "\r\n--------\r\n\r\n") // to memory: does not fail
		}
		_, _ = io.WriteString(text, textOf(n, language.In(tag)))
	}
	_ = text.Close()
	return b.Bytes()
}

// subjectOf is the mail's subject in both languages.
func subjectOf(n notification) string {
	var titles []string
	for _, tag := range language.Tags() {
		titles = append(titles, language.In(tag).Type(n.event.Type))
	}
	return strings.TrimSpace(strings.Join(titles, " · ") + ": " + n.event.Subject + " " + string(n.of.Name))
}

// textOf is what a mail says in one language: a sentence, and what is known of
// the case.
func textOf(n notification, p language.Printer) string {
	var b strings.Builder
	b.WriteString(p.Text("mail."+n.event.Type.Noun()) + "\r\n\r\n")
	for _, row := range rowsOf(n, p) {
		if row[1] != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", row[0], strings.ReplaceAll(row[1], "\n", "\r\n    "))
		}
	}
	return b.String()
}

// rowsOf are the rows of a mail: a name and a value, empty for what is not known.
func rowsOf(n notification, p language.Printer) [][2]string {
	about := strings.TrimSpace(n.event.Subject + " " + string(n.of.Name))
	year := ""
	if n.of.Year != 0 {
		year = fmt.Sprint(int(n.of.Year))
	}
	rows := [][2]string{
		{p.Text("about." + string(n.event.About())), about}, {p.Member("unit"), string(n.of.Unit)}, {p.Member("year"), year},
		{p.Member("rate"), string(n.of.Rate)}, {p.Member("progress"), string(n.of.Progress)}, {p.Member("due"), day(n.of.Due)},
	}
	switch data := n.event.Data.(type) {
	case events.AlertRaised:
		rows = append(rows, [2]string{p.Member("detail"), string(data.Detail)})
	case events.AlertAnswered:
		rows = append(rows, [2]string{p.Member("answer"), p.Text("answer." + string(data.Answer))}, [2]string{p.Member("reason"), string(data.Reason)})
	case events.AlertEscalated:
		rows = append(rows, [2]string{p.Member("reason"), string(data.Reason)})
	case events.AlertClosed:
		rows = append(rows, [2]string{p.Member("reason"), string(data.Reason)})
	}
	if date, ok := n.event.On(); ok {
		rows = append(rows, [2]string{p.Member("date"), day(date)})
	}
	id, _ := caseOf(n.event.Data)
	return append(rows, [2]string{p.Member("rule"), string(n.of.Rule)}, [2]string{p.Member("alert"), string(id)})
}

func day(date fiscal.Date) string {
	if date.IsZero() {
		return ""
	}
	return date.String()
}
