package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/examples/city"
)

var (
	writeTable  = flag.Bool("table", false, "write docs/benchmarks.md")
	benchEvents = flag.Int("events", 1_000_000, "events in the log when reads, start and memory are measured")
)

// Sizes of the load.
const (
	loadClients = 256
	loadLines   = 512
	loadFor     = 5 * time.Second
	hotBudget   = 1500 // payments of one yuan that the hot line can bear
	visibleRate = 2000
	maxFaults   = 20
)

// figure is one line of the table.
type figure struct{ what, target, floor, measured, ratio, verdict string }

// table measures Outturn as it runs on one machine: log, database, server and
// load on the same cores.
type table struct {
	b      *testing.B
	data   string
	server *exec.Cmd
	contact
	floor *floor
	ids   atomic.Int64
	// faults counts answers that should not be; a few are reported.
	faults atomic.Int64
	rows   []figure
}

// BenchmarkTable measures everything once: go test -run '^$' -bench Table
// -benchtime 1x ./cmd/outturn -args -table.
func BenchmarkTable(b *testing.B) {
	for b.Loop() {
		t := &table{b: b, data: b.TempDir()}
		t.start()
		t.floor = openFloor(b, t.NATSURL)
		t.registers()
		t.oneClient()
		t.manyClients()
		t.hotLine()
		t.bulk()
		t.visible()
		t.fill()
		t.reads()
		t.restart()
		t.projector()
		t.stop()
		t.print()
	}
}

// start runs "outturn dev" as a process of its own.
func (t *table) start() {
	t.server = exec.Command(os.Args[0], "dev", "--data", t.data, "--demo", "none", "--listen", "127.0.0.1:0", "--json")
	t.server.Env = append(os.Environ(), asProgram+"=1")
	t.server.Stderr = os.Stderr
	out, err := t.server.StdoutPipe()
	if err != nil {
		t.b.Fatal(err)
	}
	if err := t.server.Start(); err != nil {
		t.b.Fatal(err)
	}
	t.b.Cleanup(func() { _ = t.server.Process.Kill() }) // it has ended, if all went well
	var ready struct{ Address string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		t.b.Fatalf("the server did not get ready: %v", err)
	}
	if t.contact, err = readContact(t.data); err != nil {
		t.b.Fatal(err)
	}
}

func (t *table) stop() {
	_ = t.server.Process.Signal(syscall.SIGTERM)
	if err := t.server.Wait(); err != nil {
		t.b.Errorf("the server ended with %v", err)
	}
}

// event writes an event of a new id.
func (t *table) event(noun, subject, data string) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":"b-%d","source":"/bench","type":"outturn.%s.v1","subject":%q,"data":%s}`,
		t.ids.Add(1), noun, subject, data)
}

// pay is a payment as an office writes it.
func (t *table) pay(line string, yuan int) []byte {
	return t.event("disbursement.paid", line, fmt.Sprintf(
		`{"amount":"%d.00","date":"2023-06-15","document":"国库集中支付凭证 00231","payee":"某某培训有限公司","purpose":"中小企业经营管理人员培训讲课费"}`, yuan))
}

const (
	mediaOne  = "application/cloudevents+json"
	mediaMany = "application/x-ndjson"
)

// post posts lines of NDJSON and expects all to be accepted.
func (t *table) post(lines [][]byte) {
	c := dial(t.b, t.Address, t.Token)
	for part := range slices.Chunk(lines, 1000) {
		status, answer, err := c.call(http.MethodPost, "/v1/events", mediaMany, bytes.Join(part, []byte("\n")))
		if err != nil || status != http.StatusOK || !bytes.Contains(answer, fmt.Appendf(nil, `"accepted":%d,`, len(part))) {
			t.b.Fatalf("post: %v %d %.500s", err, status, answer)
		}
	}
}

func loadLine(i int) string { return fmt.Sprintf("BENCH-%03d", i) }

func (t *table) registers() {
	lines := [][]byte{
		t.event("unit.registered", "BENCH", `{"name":"测试局"}`),
		t.event("project.registered", "BENCHP", `{"unit":"BENCH","year":2023,"name":"测试项目","kind":"project"}`),
	}
	open := func(id string, yuan int) {
		lines = append(lines,
			t.event("line.opened", id, `{"year":2023,"unit":"BENCH","project":"BENCHP","name":"指标","fund":"general_public","vintage":2023,"function_class":"2150501","economic_class":"302"}`),
			t.event("budget.allocated", id, fmt.Sprintf(`{"amount":"%d.00","date":"2023-01-05","document":"财预〔2023〕1号"}`, yuan)))
	}
	for i := range loadLines {
		open(loadLine(i), 1_000_000_000)
	}
	open("HOT", hotBudget)
	t.post(lines)
}

// callers dials one connection for each client.
func (t *table) callers(n int) []*caller {
	all := make([]*caller, n)
	for i := range all {
		all[i] = dial(t.b, t.Address, t.Token)
	}
	return all
}

// expect reports an answer of another status than wanted.
func (t *table) expect(status int, err error, want ...int) {
	if (err != nil || !slices.Contains(want, status)) && t.faults.Add(1) <= maxFaults {
		t.b.Errorf("answer %d: %v", status, err)
	}
}

func (t *table) oneClient() {
	body := t.pay(loadLine(0), 1)
	raw, _ := spread(1, loadFor, func(client, _ int) { t.floor.publish(t.b, client, body) })
	c := t.callers(1)[0]
	ours, _ := spread(1, loadFor, func(int, int) {
		status, _, err := c.call(http.MethodPost, "/v1/events", mediaOne, t.pay(loadLine(0), 1))
		t.expect(status, err, http.StatusCreated)
	})
	t.compareTimes("one client, one event a request, p50", "≤ 3 × raw synced publish", raw.at(50), ours.at(50), 3)
}

func (t *table) manyClients() {
	body := t.pay(loadLine(0), 1)
	raw, rawTime := spread(loadClients, loadFor, func(client, _ int) { t.floor.publish(t.b, client, body) })
	all := t.callers(loadClients)
	ours, oursTime := spread(loadClients, loadFor, func(client, i int) {
		status, _, err := all[client].call(http.MethodPost, "/v1/events", mediaOne, t.pay(loadLine((client+i*loadClients)%loadLines), 1))
		t.expect(status, err, http.StatusCreated)
	})
	t.compareRates("256 clients, one event a request, different lines", "≥ 4 × raw synced publishes (≥ 8,000/s)",
		perSecond(len(raw), rawTime), perSecond(len(ours), oursTime), 4, 8000)
}

// hotLine: most are refused, and what is accepted is the budget to the fen.
func (t *table) hotLine() {
	body := t.pay("HOT", 1)
	raw, rawTime := spread(loadClients, loadFor, func(client, _ int) { t.floor.publish(t.b, client, body) })
	all := t.callers(loadClients)
	var accepted atomic.Int64
	ours, oursTime := spread(loadClients, loadFor, func(client, _ int) {
		status, _, err := all[client].call(http.MethodPost, "/v1/events", mediaOne, t.pay("HOT", 1))
		t.expect(status, err, http.StatusCreated, http.StatusUnprocessableEntity)
		if status == http.StatusCreated {
			accepted.Add(1)
		}
	})
	if accepted.Load() != hotBudget {
		t.b.Errorf("the hot line took %d payments of 1.00 on %d.00", accepted.Load(), hotBudget)
	}
	t.compareRates("256 clients on one hot line with little left", "≥ 2 × the same floor, never 1 fen overspent",
		perSecond(len(raw), rawTime), perSecond(len(ours), oursTime), 2, 0)
}

// bulk: four clients, a thousand events a request.
func (t *table) bulk() {
	const clients, each = 4, 1000
	bodies := func(client int) [][]byte {
		lines := make([][]byte, each)
		for i := range lines {
			lines[i] = t.pay(loadLine((client+4*i)%loadLines), 1)
		}
		return lines
	}
	prepared := bodies(0)
	raw, rawTime := spread(clients, loadFor, func(client, _ int) { t.floor.batch(t.b, client, prepared) })
	all := t.callers(clients)
	ours, oursTime := spread(clients, loadFor, func(client, _ int) {
		status, answer, err := all[client].call(http.MethodPost, "/v1/events", mediaMany, bytes.Join(bodies(client), []byte("\n")))
		t.expect(status, err, http.StatusOK)
		if !bytes.Contains(answer, []byte(`"accepted":1000,`)) {
			t.b.Errorf("bulk: %.300s", answer)
		}
	})
	t.compareRates("4 clients, 1,000 events a request", "≥ 0.5 × raw atomic batches (≥ 20,000/s)",
		perSecond(each*len(raw), rawTime), perSecond(each*len(ours), oursTime), 0.5, 20_000)
}

// settle waits until the projection has caught up and Postgres' own upkeep after
// the load has ended, which would be measured otherwise.
func (t *table) settle() {
	t.position(dial(t.b, t.Address, t.Token))
	conn, err := pgx.Connect(t.b.Context(), t.DatabaseURL)
	if err != nil {
		t.b.Fatal(err)
	}
	defer conn.Close(t.b.Context())
	const upkeep = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
	for quiet, deadline := 0, time.Now().Add(2*time.Minute); quiet < 8 && time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		var workers int
		if err := conn.QueryRow(t.b.Context(), upkeep).Scan(&workers); err != nil {
			t.b.Fatal(err)
		}
		if quiet++; workers > 0 {
			quiet = 0
		}
	}
}

// visible posts at an even rate and asks, for one in twenty, for the execution
// that contains it.
func (t *table) visible() {
	t.settle()
	const every, clients = 20, 64
	all, readers := t.callers(clients), t.callers(clients)
	var group sync.WaitGroup
	times := make([]took, clients)
	for client := range clients {
		group.Go(func() {
			pause := time.Second * clients / visibleRate
			next := time.Now().Add(pause * time.Duration(client) / clients)
			for i := range int(loadFor / pause) {
				time.Sleep(time.Until(next))
				next = next.Add(pause)
				status, _, err := all[client].call(http.MethodPost, "/v1/events", mediaOne, t.pay(loadLine(client), 1))
				t.expect(status, err, http.StatusCreated)
				if i%every == 0 {
					posted := time.Now()
					status, _, err := readers[client].call(http.MethodGet, "/v1/execution?year=2023&by=project&unit=BENCH", "", nil)
					t.expect(status, err, http.StatusOK)
					times[client] = append(times[client], time.Since(posted))
				}
			}
		})
	}
	group.Wait()
	t.limit(fmt.Sprintf("posted → visible in /v1/execution, at %d/s, p99", visibleRate), "< 100 ms", slices.Concat(times...).at(99), 100*time.Millisecond)
}

// fill posts a made-up city until the log has as many events as asked for.
func (t *table) fill() {
	next, done := make(chan [][]byte, 8), make(chan struct{})
	go func() {
		defer close(done)
		for part := range next {
			t.post(part)
		}
	}()
	var part [][]byte
	left := *benchEvents - t.position(dial(t.b, t.Address, t.Token))
	for posted := range city.Large(1).All() {
		if left--; left < 0 {
			break
		}
		if part = append(part, posted.JSON()); len(part) == 10_000 {
			next <- part
			part = nil
		}
	}
	next <- part
	close(next)
	<-done
}

// position is the last sequence of the log, once the projection is there.
func (t *table) position(c *caller) int {
	for deadline := time.Now().Add(time.Minute); ; {
		status, answer, err := c.call(http.MethodGet, "/v1/execution?year=2023&by=fund", "", nil)
		var at struct {
			Through int `json:"through_sequence"`
		}
		if err == nil && status == http.StatusOK && json.Unmarshal(answer, &at) == nil {
			return at.Through
		}
		if time.Now().After(deadline) {
			t.b.Fatalf("the projection does not get there: %d %v", status, err)
		}
	}
}

// reads asks for the execution by project now, on random days, and as it was
// known at random positions.
func (t *table) reads() {
	c := dial(t.b, t.Address, t.Token)
	ask := func(query string) time.Duration {
		began := time.Now()
		status, _, err := c.call(http.MethodGet, "/v1/execution?year=2023&by=project"+query, "", nil)
		t.expect(status, err, http.StatusOK)
		return time.Since(began)
	}
	t.settle()
	random := rand.New(rand.NewPCG(1, 1))
	last := t.position(c) // waits until the projection is there
	var now, asOf, known took
	for range 200 {
		now = append(now, ask(""))
		asOf = append(asOf, ask(fmt.Sprintf("&as_of=2023-%02d-%02d", 1+random.IntN(12), 1+random.IntN(28))))
		known = append(known, ask(fmt.Sprintf("&through=%d", 1+random.IntN(last))))
	}
	at := fmt.Sprintf("at %s events, 10,000 lines, p99", thousands(*benchEvents))
	t.limit("/v1/execution by project "+at, "< 10 ms", now.at(99), 10*time.Millisecond)
	t.limit("… as of any date", "< 100 ms", asOf.at(99), 100*time.Millisecond)
	t.limit("… as known at any position", "< 100 ms", known.at(99), 100*time.Millisecond)
}

// restart stops the server and starts it on the full log; its log is in the same
// process.
func (t *table) restart() {
	t.memory("server memory after the load (log included)", "< 512 MB")
	t.stop()
	began := time.Now()
	t.start()
	t.limit(fmt.Sprintf("start on %s events (NATS and Postgres included)", thousands(*benchEvents)), "< 5 s", time.Since(began), 5*time.Second)
	c := dial(t.b, t.Address, t.Token)
	status, _, err := c.call(http.MethodPost, "/v1/events", mediaOne, t.pay(loadLine(0), 1))
	t.expect(status, err, http.StatusCreated)
	t.memory("server memory after that start", "< 512 MB")
}

// memory reads the process's resident set.
func (t *table) memory(what, target string) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.server.Process.Pid))
	if err != nil {
		t.b.Fatal(err)
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(raw)
	kilobytes, _ := strconv.Atoi(string(found[1]))
	t.add(figure{what, target, "", fmt.Sprintf("%d MB", kilobytes>>10), "", verdict(kilobytes>>10 < 512)})
}

// projector runs the benchmark of the projections, which makes its own floor.
func (t *table) projector() {
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkProjector$", "-benchtime", "1x", "-timeout", "30m", "../../projections")
	cmd.Env = append(os.Environ(), fmt.Sprintf("OUTTURN_BENCH_PAYMENTS=%d", *benchEvents))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.b.Errorf("projections: %v\n%s", err, out)
		return
	}
	value := func(pattern string) float64 {
		found := regexp.MustCompile(pattern).FindSubmatch(out)
		if found == nil {
			t.b.Errorf("no %s in\n%s", pattern, out)
			return 1
		}
		number, _ := strconv.ParseFloat(string(found[1]), 64)
		return number
	}
	caughtUp := value(`CatchUp\S*\s.* ([0-9.]+) events/s`)
	t.compareRates("projector catching up "+thousands(*benchEvents)+" events", "≥ 60,000/s, ≥ 0.4 × raw COPY and folded upsert",
		value(`Floor\S*\s.* ([0-9.]+) events/s`), caughtUp, 0.4, 60_000)
}

func (t *table) add(r figure) {
	t.rows = append(t.rows, r)
	fmt.Printf("%-62s %-12s %-12s %-7s %s\n", r.what, r.floor, r.measured, r.ratio, r.verdict)
}

func (t *table) compareTimes(what, target string, floor, ours time.Duration, atMost float64) {
	ratio := float64(ours) / float64(floor)
	t.add(figure{what, target, fmt.Sprintf("%.2f ms", ms(floor)), fmt.Sprintf("%.2f ms", ms(ours)), fmt.Sprintf("%.2f ×", ratio), verdict(ratio <= atMost)})
}

// compareRates holds a rate against its floor and, where the target names one,
// against a figure of its own.
func (t *table) compareRates(what, target string, floor, ours, atLeast, least float64) {
	words := verdict(ours/floor >= atLeast)
	if least > 0 {
		words = fmt.Sprintf("%s; of %s/s: %s", words, thousands(int(least)), verdict(ours >= least))
	}
	t.add(figure{what, target, thousands(int(floor)) + "/s", thousands(int(ours)) + "/s", fmt.Sprintf("%.2f ×", ours/floor), words})
}

func (t *table) limit(what, target string, measured, below time.Duration) {
	t.add(figure{what, target, "", fmt.Sprintf("%.1f ms", ms(measured)), "", verdict(measured < below)})
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}

// thousands writes 12,345.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// print writes the table where it is asked for.
func (t *table) print() {
	var page strings.Builder
	fmt.Fprintf(&page, `# Benchmarks

Written by `+"`make bench`"+` on %s: %d cores, %s, %s. Load, server, log and database share the machine, and every
answer waits for a sync of the log to disk. A floor is measured in the same run: the same messages published to the same
NATS server without any program of ours between, or the same rows copied into the same Postgres. Figures of two
machines cannot be compared; the ratios can. Reads are measured after Postgres has
ended its own upkeep (autovacuum) after the load.

| what | target | floor | measured | ratio | |
|---|---|---|---|---|---|
`, time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOARCH, runtime.Version())
	for _, r := range t.rows {
		fmt.Fprintf(&page, "| %s | %s | %s | %s | %s | %s |\n", r.what, r.target, r.floor, r.measured, r.ratio, r.verdict)
	}
	if !*writeTable {
		return
	}
	if err := os.WriteFile(filepath.Join("..", "..", "docs", "benchmarks.md"), []byte(page.String()), 0o644); err != nil {
		t.b.Fatal(err)
	}
}
