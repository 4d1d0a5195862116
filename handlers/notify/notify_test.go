package notify_test

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/outturn/outturn/deploy/local"
	"github.com/outturn/outturn/deploy/local/localtest"
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/handlers/notify"
)

// TestAWebhookIsTheEventSigned: the body is the event as it stands in the log, and
// the example of docs/cases.md says that its signature is right.
func TestAWebhookIsTheEventSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eventlog.NewMemory())
	at := receive(t, httptest.NewTLSServer, nil)
	config := w.config(eventlog.NewMemoryCursors(), at.subscriber("finance"))
	config.Roots = x509.NewCertPool()
	config.Roots.AddCert(at.Certificate())
	now := time.Date(2023, 7, 31, 9, 0, 0, 0, time.UTC)
	config.Now = func() time.Time { return now }
	n, _ := start(t, config)
	held(t, n)
	w.plan("L-school")
	sequence := w.raise(1, "L-school")
	at.gets(t, sequence)

	request, body := at.requests[0], at.bodies[0]
	if body != w.raw(sequence) {
		t.Errorf("the body is %s", body)
	}
	if got := request.Header.Get("Content-Type"); got != "application/cloudevents+json; charset=utf-8" {
		t.Errorf("the content type is %q", got)
	}
	if got := request.Header.Get("webhook-id"); got != events.KeyOf("/test", "e2").String() {
		t.Errorf("the id is %q", got)
	}
	if err := verify(secret, request.Header, []byte(body), now); err != nil {
		t.Errorf("the signature: %v", err)
	}
	for name, spoil := range map[string]func(*http.Request) (string, string, time.Time){
		"another body":   func(*http.Request) (string, string, time.Time) { return secret, body + " ", now },
		"another secret": func(*http.Request) (string, string, time.Time) { return "whsec_AAAA", body, now },
		"too late":       func(*http.Request) (string, string, time.Time) { return secret, body, now.Add(6 * time.Minute) },
		"another id": func(r *http.Request) (string, string, time.Time) {
			r.Header.Set("webhook-id", "x")
			return secret, body, now
		},
		"another time": func(r *http.Request) (string, string, time.Time) {
			r.Header.Set("webhook-timestamp", fmt.Sprint(now.Unix()+1))
			return secret, body, now
		},
	} {
		spoiled := request.Clone(t.Context())
		key, body, at := spoil(spoiled)
		if verify(key, spoiled.Header, []byte(body), at) == nil {
			t.Errorf("%s passes for the right one", name)
		}
	}
}

// TestTheDocumentShowsTheExample: docs/cases.md has the code that the tests check
// signatures with, to the letter.
func TestTheDocumentShowsTheExample(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../docs/cases.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(source), "\n)\n\n")
	if len(example) < 500 || !strings.Contains(string(document), "```go\n"+example+"```") {
		t.Errorf("docs/cases.md does not show:\n%s", example)
	}
	_, settings, found := strings.Cut(string(document), "```json\n")
	settings, _, _ = strings.Cut(settings, "```")
	if parsed, err := notify.ParseSettings([]byte(settings)); !found || err != nil || len(parsed.Subscribers) < 2 {
		t.Errorf("the settings of docs/cases.md: %v\n%s", err, settings)
	}
	for _, kind := range notify.Kinds() {
		if !strings.Contains(string(document), kind) {
			t.Errorf("docs/cases.md does not name %s", kind)
		}
	}
}

// unreliable fails most attempts, in every way that there is.
func unreliable(w http.ResponseWriter, r *http.Request, attempt int) bool {
	switch attempt % 6 {
	case 0:
		http.Error(w, "no", http.StatusInternalServerError)
	case 1:
		<-r.Context().Done() // until the sender gives up
	case 2:
		panic(http.ErrAbortHandler) // the connection breaks
	case 3:
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	case 4:
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		return true
	}
	return false
}

// TestNothingIsLostNorOutOfOrder: over failures of every kind and restarts in the
// middle a subscriber gets each event, in order, and again only what it may have
// missed.
func TestNothingIsLostNorOutOfOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eventlog.NewMemory())
	at := receive(t, httptest.NewServer, unreliable)
	config := w.config(eventlog.NewMemoryCursors(), at.subscriber("finance"))
	config.Timeout = 50 * time.Millisecond
	n, stop := start(t, config)
	held(t, n)
	var want []uint64
	for round := range 5 {
		for i := range 4 {
			w.plan("L-school")
			want = append(want, w.raise(round*4+i, "L-school"))
		}
		tried := at.tried()
		eventually(t, "an attempt", func() bool { return at.tried() > tried+round })
		stop() // wherever it is
		n, stop = start(t, config)
	}
	at.gets(t, want[len(want)-1])
	if got := slices.Compact(at.taken()); !slices.Equal(got, want) {
		t.Errorf("it got %v, want %v", got, want)
	}
	if status := n.Status()[0]; status.Failed == 0 || status.Name != "finance" {
		t.Errorf("the status is %+v", status)
	}
}

// TestADeadSubscriberHoldsUpNobody: and gets everything once it lives.
func TestADeadSubscriberHoldsUpNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eventlog.NewMemory())
	alive := make(chan struct{})
	dead := receive(t, httptest.NewServer, func(rw http.ResponseWriter, _ *http.Request, _ int) bool {
		select {
		case <-alive:
			return true
		default:
			rw.WriteHeader(http.StatusServiceUnavailable)
			return false
		}
	})
	well := receive(t, httptest.NewServer, nil)
	n, _ := start(t, w.config(eventlog.NewMemoryCursors(), dead.subscriber("dead"), well.subscriber("well")))
	held(t, n)
	var want []uint64
	for i := range 10 {
		want = append(want, w.raise(i, "L-school"))
	}
	well.gets(t, want[9])
	eventually(t, "a problem with the dead one", func() bool { return strings.Contains(n.Status()[0].Problem, "503") })
	if got := dead.taken(); len(got) != 0 {
		t.Errorf("the dead one took %v", got)
	}
	close(alive)
	dead.gets(t, want[9])
	if got := dead.taken(); !slices.Equal(got, want) {
		t.Errorf("it got %v, want %v", got, want)
	}
	eventually(t, "no problem any more", func() bool { return n.Status()[0].Problem == "" })
}

func TestSubscribersGetWhatTheyAskFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eventlog.NewMemory())
	subscribe := func(units []events.UnitID, kinds ...string) *receiver { return receive(t, httptest.NewServer, nil) }
	all, city, school, closings := subscribe(nil), subscribe(nil), subscribe(nil), subscribe(nil)
	of := func(r *receiver, name string, units []events.UnitID, kinds ...string) notify.Subscriber {
		s := r.subscriber(name)
		s.Units, s.Kinds = units, kinds
		return s
	}
	w.raise(0, "L-school") // before they subscribed
	n, _ := start(t, w.config(eventlog.NewMemoryCursors(),
		of(all, "all", nil), of(city, "city", []events.UnitID{"city"}), of(school, "school", []events.UnitID{"moon", "school"}),
		of(closings, "closings", []events.UnitID{"office"}, "alert.closed")))
	held(t, n)
	inSchool, inOffice, nowhere := w.raise(1, "L-school"), w.raise(2, "L-office"), w.raise(3, "L-moon")
	closedSchool, closedOffice := w.close(1, "L-school"), w.close(2, "L-office")
	for name, c := range map[string]struct {
		of   *receiver
		want []uint64
	}{
		"all": {all, []uint64{inSchool, inOffice, nowhere, closedSchool, closedOffice}}, "city": {city, []uint64{inSchool, inOffice, closedSchool, closedOffice}},
		"school": {school, []uint64{inSchool, closedSchool}}, "closings": {closings, []uint64{closedOffice}},
	} {
		c.of.gets(t, c.want[len(c.want)-1])
		if got := c.of.taken(); !slices.Equal(got, c.want) {
			t.Errorf("%s got %v, want %v", name, got, c.want)
		}
	}
	eventually(t, "the log's end", func() bool {
		return !slices.ContainsFunc(n.Status(), func(s notify.Status) bool { return s.Sequence != closedOffice })
	})
}

// TestOfSeveralServersOneSends: an event comes once, and when the one that sends
// stops, another goes on.
func TestOfSeveralServersOneSends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eventlog.NewMemory())
	at := receive(t, httptest.NewServer, nil)
	config := w.config(eventlog.NewMemoryCursors(), at.subscriber("finance"))
	first, stop := start(t, config)
	held(t, first)
	second, _ := start(t, config)
	want := []uint64{w.raise(1, "L-school"), w.raise(2, "L-school")}
	at.gets(t, want[1])
	if second.Status()[0].Held {
		t.Error("both send")
	}
	stop()
	held(t, second)
	want = append(want, w.raise(3, "L-school"))
	at.gets(t, want[2])
	if got := at.taken(); !slices.Equal(got, want) {
		t.Errorf("it got %v, want %v", got, want)
	}
}

// TestAServerThatDiedIsReplaced when its time is over, where it was.
func TestAServerThatDiedIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eventlog.NewMemory())
	at := receive(t, httptest.NewServer, nil)
	told, untold := w.raise(1, "L-school"), w.raise(2, "L-school")
	cursors := eventlog.NewMemoryCursors()
	died := time.Now()
	if _, err := cursors.Store(t.Context(), "finance", eventlog.Cursor{Sequence: told, Holder: "dead", Until: died.Add(notify.HoldTime)}); err != nil {
		t.Fatal(err)
	}
	config := w.config(cursors, at.subscriber("finance"))
	config.Now = func() time.Time { return died }
	n, stop := start(t, config)
	eventually(t, "a look at the cursor", func() bool { return !n.Status()[0].Held })
	stop()
	if at.tried() != 0 {
		t.Error("it sends while another one may")
	}
	config.Now = func() time.Time { return died.Add(notify.HoldTime) }
	start(t, config)
	at.gets(t, untold)
	if got := at.taken(); !slices.Equal(got, []uint64{untold}) {
		t.Errorf("it got %v, want %d", got, untold)
	}
}

// TestCursorsOutliveEverything: the log's server and Outturn both go down with a
// subscriber in the middle, and come back.
func TestCursorsOutliveEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func(server *local.NATS) (*eventlog.JetStream, eventlog.Cursors) {
		t.Helper()
		conn, err := server.Connect(nats.ReconnectBufSize(-1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		log, err := eventlog.OpenJetStream(t.Context(), conn, eventlog.Config{Stream: "LOG"})
		if err != nil {
			t.Fatal(err)
		}
		cursors, err := log.Cursors(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return log, cursors
	}
	server := localtest.NATSDir(t, dir)
	log, cursors := open(server)
	w := newWorld(t, log)
	at := receive(t, httptest.NewServer, nil)
	n, stop := start(t, w.config(cursors, at.subscriber("finance")))
	held(t, n)
	want := []uint64{w.raise(1, "L-school"), w.raise(2, "L-school")}
	at.gets(t, want[1])
	eventually(t, "the delivery on record", func() bool { return n.Status()[0].Sequence == want[1] })
	stop()
	want = append(want, w.raise(3, "L-school"))
	server.Stop()

	w.log, cursors = open(localtest.NATSDir(t, dir))
	start(t, w.config(cursors, at.subscriber("finance")))
	want = append(want, w.raise(4, "L-school"))
	at.gets(t, want[3])
	if got := slices.Compact(at.taken()); !slices.Equal(got, want) {
		t.Errorf("it got %v, want %v", got, want)
	}
}

// TestPrivateAddressesAreNotCalled, unless the settings allow them; whatever they
// are called.
func TestPrivateAddressesAreNotCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eventlog.NewMemory())
	at := receive(t, httptest.NewTLSServer, nil)
	config := w.config(eventlog.NewMemoryCursors(), at.subscriber("address"), at.subscriber("name"))
	config.Settings.AllowNetworks = nil
	config.Settings.Subscribers[1].URL = strings.Replace(at.URL, "127.0.0.1", "localhost", 1)
	n, _ := start(t, config)
	held(t, n)
	w.raise(1, "L-school")
	for i := range 2 {
		eventually(t, "a refusal to call", func() bool { return strings.Contains(n.Status()[i].Problem, "allow_networks") })
	}
	if at.tried() != 0 {
		t.Error("it was called")
	}
}

func TestWhichAddressesMayBeCalled(t *testing.T) {
	t.Parallel()
	network := netip.MustParsePrefix("10.20.0.0/16")
	for ip, want := range map[string][3]bool{ // https, https with the network allowed, http with it
		"93.184.215.14": {true, true, false}, "2606:2800:21f::1": {true, true, false},
		"10.20.3.4": {false, true, true}, "::ffff:10.20.3.4": {false, true, true}, "10.21.0.1": {},
		"127.0.0.1": {}, "::1": {}, "0.0.0.0": {}, "::": {}, "::ffff:127.0.0.1": {}, "192.168.1.1": {}, "172.16.0.1": {}, "169.254.169.254": {},
		"fe80::1": {}, "fd00::1": {}, "100.64.0.1": {}, "224.0.0.1": {}, "255.255.255.255": {}, "64:ff9b::7f00:1": {}, "2002:7f00:1::": {}, "198.18.0.1": {},
	} {
		got := [3]bool{notify.Judge(ip, false) == nil, notify.Judge(ip, false, network) == nil, notify.Judge(ip, true, network) == nil}
		if got != want {
			t.Errorf("%s may be called: %v, want %v", ip, got, want)
		}
	}
}

// TestPausesGrow from a second to ten minutes, never all at the same time.
func TestPausesGrow(t *testing.T) {
	t.Parallel()
	longest := notify.FirstPause
	for failed := 1; failed < 2000; failed++ {
		if got := notify.Pause(failed); got < longest/2 || got > longest {
			t.Fatalf("after %d failures the pause is %s, want %s to %s", failed, got, longest/2, longest)
		}
		longest = min(2*longest, notify.MaxPause)
	}
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[notify.Pause(10)] = true
	}
	if len(seen) < 50 {
		t.Errorf("of 100 pauses %d differ", len(seen))
	}
}

func TestSettingsNameThePlace(t *testing.T) {
	t.Parallel()
	mail := `"mail": {"server": "mail.example.org:587", "from": "outturn@example.org"}`
	for name, c := range map[string]struct{ settings, want string }{
		"nothing":                 {``, "at byte 0"},
		"more than one":           {`{} {}`, "follows their end"},
		"an unknown member":       {`{"subscriber": []}`, `unknown field "subscriber"`},
		"a network":               {`{"allow_networks": ["10.0.0.1"]}`, "10.0.0.1"},
		"no name":                 {`{"subscribers": [{"url": "https://x.org", "secret": "` + secret + `"}]}`, `subscribers[0].name: ""`},
		"a name twice":            {`{"subscribers": [{"name": "a", "url": "https://x.org", "secret": "` + secret + `"}, {"name": "a", "url": "https://x.org", "secret": "` + secret + `"}]}`, "subscribers[1].name"},
		"nowhere to go":           {`{"subscribers": [{"name": "a"}]}`, "subscribers[0].url: is missing"},
		"another scheme":          {`{"subscribers": [{"name": "a", "url": "ftp://x.org"}]}`, "subscribers[0].url: must be"},
		"a user in it":            {`{"subscribers": [{"name": "a", "url": "https://me:pw@x.org"}]}`, "without a user"},
		"no secret":               {`{"subscribers": [{"name": "a", "url": "https://x.org"}]}`, "subscribers[0].secret: must be whsec_"},
		"a short secret":          {`{"subscribers": [{"name": "a", "url": "https://x.org", "secret": "whsec_AAAA"}]}`, "24 to 64 bytes"},
		"both":                    {`{"subscribers": [{"name": "a", "url": "https://x.org", "mail_to": ["a@b.org"]}]}`, "make two of it"},
		"an unknown kind":         {`{"subscribers": [{"name": "a", "kinds": ["alert.made"]}]}`, "subscribers[0].kinds[0]: must be one of alert.raised"},
		"mail without a server":   {`{"subscribers": [{"name": "a", "mail_to": ["a@b.org"]}]}`, "add mail to the settings"},
		"no mail address":         {`{` + mail + `, "subscribers": [{"name": "a", "mail_to": ["a"]}]}`, "subscribers[0].mail_to[0]"},
		"a header in one":         {`{` + mail + `, "subscribers": [{"name": "a", "mail_to": ["a@b.org\r\nBcc: x@y.org"]}]}`, "mail_to[0]"},
		"no port":                 {`{"mail": {"server": "mail", "from": "a@b.org"}}`, "mail.server"},
		"no sender":               {`{"mail": {"server": "mail:25"}}`, "mail.from"},
		"another security":        {`{"mail": {"server": "mail:25", "from": "a@b.org", "security": "tls"}}`, "mail.security"},
		"a password in the clear": {`{"mail": {"server": "mail:25", "from": "a@b.org", "security": "none", "user": "u"}}`, "mail.user"},
	} {
		if _, err := notify.ParseSettings([]byte(c.settings)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
	many := `{"subscribers": [` + strings.Repeat(`{},`, notify.MaxSubscribers) + `{}]}`
	if _, err := notify.ParseSettings([]byte(many)); err == nil || !strings.Contains(err.Error(), "at most 20") {
		t.Errorf("too many: %v", err)
	}
	if got := fmt.Sprintf("%v %+v %#v", notify.Secret("x"), notify.Subscriber{Secret: "hush"}, notify.Subscriber{Secret: "hush"}); strings.Contains(got, "hush") {
		t.Errorf("a secret shows: %s", got)
	}
}
