package monitoring_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// promtool runs promtool in deploy/prometheus.
func promtool(t *testing.T, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), installed(t, "promtool"), arguments...)
	command.Dir = prometheusDir
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

func in(dir string, paths []string) []string {
	relative := make([]string, len(paths))
	for i, path := range paths {
		relative[i] = strings.TrimPrefix(path, dir+"/")
	}
	return relative
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	t.Parallel()
	promtool(t, append([]string{"check", "rules"}, in(prometheusDir, glob(t, prometheusDir+"/rules/*.yml"))...)...)
}

func TestAlertsFireWhenTheyShouldAndNotBefore(t *testing.T) {
	t.Parallel()
	promtool(t, append([]string{"test", "rules"}, in(prometheusDir, glob(t, prometheusDir+"/tests/*.yml"))...)...)
}

func TestPromtoolAcceptsTheConfiguration(t *testing.T) {
	t.Parallel()
	promtool(t, "check", "config", configuration(t, "127.0.0.1:8080"))
}

var alertName = regexp.MustCompile(`(?m)^ +- alert: (\w+)$`)

func TestEveryAlertIsTestedAndHasARunbook(t *testing.T) {
	t.Parallel()
	runbook := readFile(t, monitoringFile)
	for _, path := range glob(t, prometheusDir+"/rules/*.yml") {
		rules, tests := readFile(t, path), readFile(t, filepath.Join(prometheusDir, "tests", filepath.Base(path)))
		for _, found := range alertName.FindAllStringSubmatch(rules, -1) {
			name := found[1]
			if !strings.Contains(rules, "runbook: docs/monitoring.md#"+strings.ToLower(name)+"\n") || !strings.Contains(runbook, "\n### "+name+"\n") {
				t.Errorf("%s has no runbook: it should name docs/monitoring.md#%s", name, strings.ToLower(name))
			}
			fires := regexp.MustCompile(`alertname: ` + name + `\n +exp_alerts:`)
			named := regexp.MustCompile(`alertname: ` + name + `\n`)
			if total, firing := len(named.FindAllString(tests, -1)), len(fires.FindAllString(tests, -1)); firing == 0 || firing == total {
				t.Errorf("of %d tests of %s %d see it fire; some should and some should not", total, name, firing)
			}
		}
	}
}

// configuration copies deploy/prometheus to a folder, with that target and an
// impatient pace, and returns the path of prometheus.yml.
func configuration(t *testing.T, target string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(prometheusDir)); err != nil {
		t.Fatal(err)
	}
	interval := regexp.MustCompile(`(scrape|evaluation)_interval: \S+`)
	config := interval.ReplaceAllString(readFile(t, prometheusDir+"/prometheus.yml"), "${1}_interval: 500ms")
	config = strings.ReplaceAll(config, "127.0.0.1:8080", target)
	path := filepath.Join(dir, "prometheus.yml")
	for name, content := range map[string]string{path: config, filepath.Join(dir, "outturn-token"): token + "\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// prometheus is a running Prometheus.
type prometheus struct{ address string }

// scrapes starts a Prometheus with the configuration of deploy/prometheus.
func (p *program) scrapes(t *testing.T) *prometheus {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	command := exec.Command(installed(t, "prometheus"), "--config.file="+configuration(t, p.server.Listener.Addr().String()),
		"--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+address, "--log.level=warn")
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("Prometheus has ended: %v", err)
		}
		if err := command.Wait(); err != nil || t.Failed() {
			t.Logf("Prometheus ended with %v and said:\n%s", err, said.String())
		}
	})
	return &prometheus{address: "http://" + address}
}

func body(t *testing.T, answer *http.Response) string {
	t.Helper()
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// ask calls Prometheus and decodes the data of its answer.
func (p *prometheus) ask(t *testing.T, path string, parameters url.Values, data any) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.address+path+"?"+parameters.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	text := body(t, answer)
	var decoded struct {
		Error string
		Data  json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &decoded); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", answer.Status, decoded.Error)
	}
	return json.Unmarshal(decoded.Data, data)
}

// series are the label sets of a query's rows that hold a number.
func (p *prometheus) series(t *testing.T, expression string) ([]map[string]string, error) {
	t.Helper()
	var found struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	if err := p.ask(t, "/api/v1/query", url.Values{"query": {expression}}, &found); err != nil {
		return nil, err
	}
	var rows []map[string]string
	for _, row := range found.Result {
		if row.Value[1] != "NaN" {
			rows = append(rows, row.Metric)
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("no rows: %s", expression)
	}
	return rows, nil
}

// rule is a rule as Prometheus has loaded it.
type rule struct{ Name, Type, Query, Health, LastError string }

func (p *prometheus) rules(t *testing.T) ([]rule, error) {
	t.Helper()
	var loaded struct{ Groups []struct{ Rules []rule } }
	err := p.ask(t, "/api/v1/rules", nil, &loaded)
	var all []rule
	for _, group := range loaded.Groups {
		all = append(all, group.Rules...)
	}
	return all, err
}

// rulesHold checks that every rule is evaluated and every recording has rows.
func (p *prometheus) rulesHold(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		rules, err := p.rules(t)
		if err != nil {
			return err
		}
		if len(rules) == 0 {
			return fmt.Errorf("no rules are loaded")
		}
		for _, rule := range rules {
			if rule.Health != "ok" {
				return fmt.Errorf("%s is %s: %s", rule.Name, rule.Health, rule.LastError)
			}
			if rule.Type != "recording" {
				continue
			}
			if _, err := p.series(t, rule.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

// pending are the values of a label of those that an alert is about.
func (p *prometheus) pending(t *testing.T, alert, by string) (values []string) {
	t.Helper()
	eventually(t, func() error {
		found, err := p.series(t, fmt.Sprintf("ALERTS{alertname=%q}", alert))
		values = nil
		for _, one := range found {
			values = append(values, one[by])
		}
		return err
	})
	slices.Sort(values)
	return values
}

var recording = regexp.MustCompile(`(?m)^ +- record: (\S+)$`)

// recorded are the names that rules record.
func recorded(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, path := range glob(t, prometheusDir+"/rules/*.yml") {
		for _, found := range recording.FindAllStringSubmatch(readFile(t, path), -1) {
			names[found[1]] = true
		}
	}
	return names
}

var (
	comment    = regexp.MustCompile(`(?m)^ *#.*$`)
	annotation = regexp.MustCompile(`(?m)^ +(summary|description|runbook|alertname|- name):.*$`)
	testSeries = regexp.MustCompile(`series: '(\w+)\{(.*)\}'`)
)

// onlyServed checks that rules and their tests name nothing that is not served.
func (c catalogue) onlyServed(t *testing.T) {
	t.Helper()
	names := recorded(t)
	for _, path := range append(glob(t, prometheusDir+"/rules/*.yml"), glob(t, prometheusDir+"/tests/*.yml")...) {
		text := annotation.ReplaceAllString(comment.ReplaceAllString(readFile(t, path), ""), "")
		for _, name := range c.unserved(strings.ReplaceAll(text, "'", " "), names) {
			t.Errorf("%s names %s, which the program does not serve", path, name)
		}
		for _, found := range testSeries.FindAllStringSubmatch(text, -1) {
			for _, pair := range label.FindAllStringSubmatch(found[2], -1) {
				if c[found[1]] != nil && !c[found[1]][pair[1]] {
					t.Errorf("%s gives %s the label %s, which it does not have", path, found[1], pair[1])
				}
			}
		}
	}
}

// lint lets promtool look at what is served.
func lint(t *testing.T, scraped string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), installed(t, "promtool"), "check", "metrics")
	command.Stdin = strings.NewReader(scraped)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
